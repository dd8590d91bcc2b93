//! What any bytes must not break, as bodies of fuzz targets; the replay of what they were fed before.

pub use crate::auth::fuzz::{login_client, login_library};

#[cfg(test)]
#[path = "../../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replay;

    #[test]
    fn every_kept_input_passes_its_target() {
        replay(&[("login_client", super::login_client), ("login_library", super::login_library)]);
    }
}
