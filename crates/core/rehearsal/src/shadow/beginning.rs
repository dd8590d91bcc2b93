//! How the pause of one sender on one host began.

/// What is known of how the pause of a sender on one host began, if it is paused.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is seen by itself, in any order")]
pub(super) struct Beginning {
    /// How often its host had booted when it was last seen not paused, in this life of the run or in one that remembers it.
    pub(super) ran: Option<u32>,
    /// It was paused when it was first seen, or after a boot since it was seen otherwise.
    pub(super) unseen: bool,
    /// It was seen paused after it had run, with no boot in between.
    pub(super) seen: bool,
    /// The same, but for the boot: the look could not say how often its host had booted.
    pub(super) perhaps_seen: bool,
    /// It was shown not paused by what does not say how often its host had booted by then: the read before an act, or a look that
    /// could not read the system. Or nobody knows whether that was our own act's doing.
    pub(super) found_running: bool,
    /// The latest look at its host does not show it.
    pub(super) gone: bool,
}
