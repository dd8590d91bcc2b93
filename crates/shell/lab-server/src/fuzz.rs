//! What any bytes must not break, as bodies of fuzz targets; the replay of what they were fed before.

pub use crate::control::fuzz::control;

#[cfg(test)]
#[path = "../../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    #[test]
    fn every_kept_input_passes_its_target() {
        for input in super::replay::inputs("control") {
            super::control(&input);
        }
    }
}
