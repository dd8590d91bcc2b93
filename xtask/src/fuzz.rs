//! `fuzz`: every target of `fuzz/` for its share of some minutes, with inputs that grow by what they reach in the code; and
//! for `ci` a short round from a fixed seed.
//!
//! An input that breaks a target is put among the kept ones, so that `cargo test` is red from then on until it is fixed.

use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::{Outcome, command};

/// An input that takes longer than this is a find, in seconds.
const INPUT_MAX_S: u32 = 20;
/// More memory than this is a find.
const MEMORY_MAX_MB: u32 = 2_048;
/// Lines of a target's own output that are shown with a find.
const SHOWN_MAX: usize = 40;
/// Targets that also begin with the messages written by hand for the `wsman` crate.
const MESSAGES: &[&str] = &["request", "answer"];

/// Inputs of each target in a round of `ci`.
const CHECKED: u32 = 5_000;

/// How much is tried on one target.
#[derive(Clone, Copy)]
enum Effort {
    /// For so many seconds, going on from what earlier rounds grew.
    Seconds(u64),
    /// So many inputs, by a fixed seed from the kept ones alone.
    Inputs(u32),
}

/// What became of one target.
#[derive(Debug, Default, PartialEq, Eq)]
struct FuzzRun {
    executions: u64,
    /// Branches that were reached.
    reached: u64,
    /// Where the input is that broke it.
    find: Option<String>,
}

/// Runs all targets for `minutes` together. The last line is `N targets, N executions, N finds`.
pub(crate) fn run(minutes: &str) -> Result<Outcome> {
    let minutes: u64 = minutes.parse().context("minutes are a number")?;
    all(|targets| Effort::Seconds((minutes * 60 / targets.max(1)).max(1)))
}

/// Runs all targets on a few inputs each.
pub(crate) fn check() -> Result<Outcome> {
    all(|_| Effort::Inputs(CHECKED))
}

/// Runs all targets, one after the other. `effort` gets their number.
fn all(effort: impl FnOnce(u64) -> Effort) -> Result<Outcome> {
    let root = command::root()?;
    let targets = targets(&root.join("fuzz/targets"))?;
    let effort = effort(u64::try_from(targets.len())?);
    build()?;
    let mut all = Vec::new();
    for target in targets {
        let told = one(&root, &target, effort)?;
        let FuzzRun { executions, reached, find } = &told;
        println!("{target:<13} {executions:>10} executions  {reached:>6} branches");
        if let Some(path) = find {
            println!("{target:<13} broke on {path}; `cargo test` feeds it again");
        }
        all.push(told);
    }
    let executions: u64 = all.iter().map(|told| told.executions).sum();
    let finds = all.iter().filter(|told| told.find.is_some()).count();
    println!("{} targets, {executions} executions, {finds} finds", all.len());
    Ok(if finds == 0 { Outcome::Green } else { Outcome::Red })
}

fn targets(folder: &Path) -> Result<Vec<String>> {
    let files = std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut names = Vec::new();
    for file in files {
        let name = file?.file_name().to_string_lossy().into_owned();
        names.extend(name.strip_suffix(".rs").map(ToOwned::to_owned));
    }
    ensure!(!names.is_empty(), "{} holds no targets", folder.display());
    names.sort();
    Ok(names)
}

/// cargo-fuzz, from `ci/tools.txt`. No sanitizer: those need another compiler, and safe code gains little by them.
fn cargo_fuzz(arguments: &str) -> std::process::Command {
    command::script(&format!("bin=$(bash ci/tools.sh); PATH=$bin:$PATH exec cargo fuzz {arguments}"))
}

fn build() -> Result<()> {
    command::run(&mut cargo_fuzz("build --sanitizer none"))
}

fn one(root: &Path, target: &str, effort: Effort) -> Result<FuzzRun> {
    let built = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
    let (folder, limit) = match effort {
        Effort::Seconds(seconds) => ("fuzz-corpus", format!("-max_total_time={seconds}")),
        Effort::Inputs(inputs) => ("fuzz-check", format!("-runs={inputs} -seed=1")),
    };
    let grown = root.join(built).join(folder).join(target);
    if matches!(effort, Effort::Inputs(_)) && grown.exists() {
        std::fs::remove_dir_all(&grown).with_context(|| format!("cannot empty {}", grown.display()))?;
    }
    std::fs::create_dir_all(&grown).with_context(|| format!("cannot make {}", grown.display()))?;
    let kept = format!("fuzz/corpus/{target}");
    let more = if MESSAGES.contains(&target) { "crates/core/wsman/corpus" } else { "" };
    let output = cargo_fuzz(&format!(
        "run --sanitizer none {target} '{}' {kept} {more} -- {limit} -timeout={INPUT_MAX_S} \
         -rss_limit_mb={MEMORY_MAX_MB} -print_final_stats=1 -artifact_prefix={kept}/",
        grown.display()
    ))
    .current_dir(root)
    .output()
    .context("cannot start bash")?;
    let text = String::from_utf8_lossy(&output.stderr);
    let told = read(&text);
    if told.find.is_some() || !output.status.success() {
        let lines: Vec<&str> = text.lines().collect();
        eprintln!("{}", lines.get(lines.len().saturating_sub(SHOWN_MAX)..).unwrap_or_default().join("\n"));
    }
    if told.find.is_none() && !output.status.success() {
        bail!("the target {target} ended with {}; its messages are above", output.status);
    }
    Ok(told)
}

/// Reads what libFuzzer says at the end.
fn read(text: &str) -> FuzzRun {
    let number = |line: &str, before: &str| -> Option<u64> {
        line.split_once(before)?.1.split_whitespace().next()?.parse().ok()
    };
    let mut told = FuzzRun::default();
    for line in text.lines() {
        told.executions = number(line, "stat::number_of_executed_units:").unwrap_or(told.executions);
        told.reached = number(line, " cov: ").unwrap_or(told.reached);
        let found = line.split_once("Test unit written to ").map(|(_, path)| path.trim().to_owned());
        // A slow input is reported too, and breaks nothing.
        told.find = found.filter(|path| !path.contains("/slow-unit-")).or(told.find);
    }
    told
}

#[cfg(test)]
mod tests {
    use super::{FuzzRun, read};

    #[test]
    fn counts_and_the_place_of_a_find_are_read() {
        let text = "INFO: Seed: 1\n#64\tREDUCE cov: 511 ft: 700 corp: 60/3Kb\nartifact_prefix='x'; Test unit written to fuzz/corpus/wql/slow-unit-1\n\
            #99\tDONE   cov: 530 ft: 710\nTest unit written to fuzz/corpus/wql/crash-2a\nstat::number_of_executed_units: 99\n";
        let find = Some("fuzz/corpus/wql/crash-2a".to_owned());
        assert_eq!(read(text), FuzzRun { executions: 99, reached: 530, find });
        assert_eq!(read("cannot build"), FuzzRun::default());
    }
}
