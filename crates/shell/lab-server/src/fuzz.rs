//! The bodies of fuzz targets, and the replay of their corpus as tests.

pub use crate::control::fuzz::control;

#[cfg(test)]
#[path = "../../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replay;

    #[test]
    fn every_kept_input_passes_its_target() {
        replay(&[("control", super::control)]);
    }
}
