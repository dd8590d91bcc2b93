//! A file that is checked.

/// One file: its path below the checkout's top, with `/`, and its text.
pub(super) struct File {
    pub(super) path: String,
    pub(super) text: String,
}
