//! `ci`: every check but `cargo test`, each timed. All run, also after one has failed: one round shows everything.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::{Outcome, command, edges, exe, fuzz, golden, tidy};

/// A step: what the table of times calls it, and what it does.
type Step = (&'static str, fn() -> Result<Outcome>);

const STEPS: &[Step] = &[
    ("format", || cargo(&["fmt", "--all", "--check"])),
    ("clippy", || cargo(&["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"])),
    ("legacy-tls", || feature("legacy-tls", &["openssl-sys ", "native-tls "])),
    ("kerberos", || feature("kerberos-system", &["libgssapi ", "libgssapi-sys "])),
    ("edges", || edges::run(None)),
    ("tidy", tidy::run),
    ("golden", || golden::run(golden::Mode::Compare)),
    // Advisories need the outside network, which a check must not.
    // What is shipped has neither OpenSSL nor the system's Kerberos; a build with every feature may.
    ("deny", || {
        tool(
            "cargo-deny --locked check bans licenses sources; cargo-deny --locked --all-features check licenses sources",
        )
    }),
    // A dependency that no code uses costs every build, the newcomer's first one above all.
    ("unused", || tool("cargo-shear --locked --deny-warnings")),
    ("typos", || tool("typos")),
    ("peers", peers),
    ("fuzz", fuzz::check),
    ("win-clippy", exe::lint),
    ("win-test", exe::test),
    ("win-smoke", windows),
    ("win-wmi", local_wmi),
];

/// Runs all steps and prints their times.
pub(crate) fn run() -> Result<Outcome> {
    let mut rows: Vec<(&str, bool, Duration)> = Vec::new();
    for (name, step) in STEPS {
        eprintln!("== {name}");
        let start = Instant::now();
        let green = match step() {
            Ok(outcome) => outcome == Outcome::Green,
            Err(error) => {
                eprintln!("error: {error:#}");
                false
            }
        };
        rows.push((name, green, start.elapsed()));
    }
    println!("{}", table(&rows));
    let red: Vec<&str> = rows.iter().filter(|(_, green, _)| !green).map(|(name, _, _)| *name).collect();
    if !red.is_empty() {
        bail!("not green: {}; what each found stands above under its `==` line", red.join(", "));
    }
    Ok(Outcome::Green)
}

fn cargo(arguments: &[&str]) -> Result<Outcome> {
    command::run(command::cargo().args(arguments))?;
    Ok(Outcome::Green)
}

/// A feature of the program and its client, which brings these packages; and that a build without it has none of them.
fn feature(name: &str, brings: &[&str]) -> Result<Outcome> {
    let features = format!("reprise/{name},wsman-http/{name}");
    cargo(&[
        "clippy",
        "--locked",
        "--package",
        "reprise",
        "--package",
        "wsman-http",
        "--features",
        &features,
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ])?;
    let tree = command::read(command::cargo().args([
        "tree",
        "--locked",
        "--workspace",
        "--target",
        "all",
        "--prefix",
        "none",
    ]))?;
    match tree.lines().find(|line| brings.iter().any(|package| line.starts_with(package))) {
        Some(line) => bail!("a build without the feature {name} depends on {line}"),
        None => Ok(Outcome::Green),
    }
}

/// A program from `ci/tools.txt`, in the environment of its own that `ci/tools.sh` makes.
fn tool(line: &str) -> Result<Outcome> {
    command::run(&mut command::script(&format!("bin=$(bash ci/tools.sh); PATH=$bin:$PATH; {line}")))?;
    Ok(Outcome::Green)
}

/// Programs that others wrote, against simulated hosts.
fn peers() -> Result<Outcome> {
    command::run(std::process::Command::new("bash").args(["ci/peers.sh", &own_program()?]))?;
    Ok(Outcome::Green)
}

/// The program for this machine, built; its path.
fn own_program() -> Result<String> {
    cargo(&["build", "--locked", "--package", "reprise"])?;
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "target".to_owned());
    Ok(format!("{target}/debug/reprise"))
}

/// The program for Windows, built and then run under Wine.
fn windows() -> Result<Outcome> {
    let program = exe::build()?;
    command::run(std::process::Command::new("bash").args(["ci/win-smoke.sh", &program]))?;
    Ok(Outcome::Green)
}

/// Local WMI under Wine, with simulated hosts that this machine runs.
fn local_wmi() -> Result<Outcome> {
    command::run(&mut command::script(&format!("bash ci/win-standin.sh {}", own_program()?)))?;
    Ok(Outcome::Green)
}

fn table(rows: &[(&str, bool, Duration)]) -> String {
    let mut lines: Vec<String> = rows
        .iter()
        .map(|(name, green, time)| {
            format!("{name:<10} {:>7.1} s  {}", time.as_secs_f64(), if *green { "ok" } else { "FAILED" })
        })
        .collect();
    let total: Duration = rows.iter().map(|(_, _, time)| *time).sum();
    lines.push(format!("{:<10} {:>7.1} s", "all", total.as_secs_f64()));
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{Duration, table};

    #[test]
    fn the_table_names_every_step_its_time_and_which_failed() {
        let text = table(&[("edges", true, Duration::from_millis(1500)), ("tidy", false, Duration::from_millis(250))]);
        assert_eq!(text, "edges          1.5 s  ok\ntidy           0.2 s  FAILED\nall            1.8 s");
    }
}
