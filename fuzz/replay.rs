//! The replay of what targets were fed before; each crate with targets includes this in its tests.

use std::path::Path;

/// The body of a target: it panics if what must hold does not.
pub(crate) type Target = fn(&[u8]);

/// Feeds each target what its folder holds: inputs written by hand, and those that once broke something.
pub(crate) fn replay(targets: &[(&str, Target)]) {
    for (name, target) in targets {
        for input in inputs(name) {
            target(&input);
        }
    }
}

/// Every kept input of a target.
fn inputs(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../fuzz/corpus").join(target);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}
