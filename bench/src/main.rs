//! Benchmarks with limits: time to protection and requests, with the program and the lab in the same run.
//!
//! `cargo build --profile dist && cargo run --profile dist -p reprise-bench [-- NAME… [--broken] [--minutes=N] [--seed=N]]`,
//! where a name is `protection`, `fleet`, `client`, `article`, `hostile` or `kills`. With `--broken`, `fleet` has legs to
//! resume; `hostile` runs for `--minutes` (1); `kills` kills 200 runs at instants drawn from `--seed` (1), and fails if one
//! of them leaves something undone or done twice. Without a name it runs the first two: `article` takes ten minutes, since
//! the script that it compares with sleeps (`protection` runs it too, for two small sizes). Each figure is printed next to
//! its reference; no figure fails a build.

mod article;
mod client;
mod control;
mod fleet;
mod hostile;
mod kills;
mod protection;

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};

fn main() -> Result<()> {
    let mut names: Vec<String> = std::env::args().skip(1).collect();
    if let [word, words @ ..] = names.as_slice()
        && word == "read"
    {
        return print(&client::read(words)?);
    }
    let broken = names.iter().any(|name| name == "--broken");
    let minutes = names.iter().find_map(|name| name.strip_prefix("--minutes=")).map_or(Ok(1), str::parse::<u64>)?;
    let seed = names.iter().find_map(|name| name.strip_prefix("--seed=")).map_or(Ok(1), str::parse::<u64>)?;
    names.retain(|name| name != "--broken" && !["--minutes=", "--seed="].iter().any(|flag| name.starts_with(flag)));
    if names.is_empty() {
        names = vec!["protection".to_owned(), "fleet".to_owned()];
    }
    let program = program()?;
    for name in names {
        let text = match name.as_str() {
            "protection" => protection::measure(&program)?,
            "client" => client::measure(&program)?,
            "fleet" => fleet::measure(&program, broken)?,
            "article" => article::measure(&program)?,
            "hostile" => hostile::measure(&program, minutes)?,
            "kills" => kills::measure(&program, seed)?,
            other => bail!("there is no measurement {other}: use protection, fleet, client, article, hostile or kills"),
        };
        print(&text)?;
    }
    Ok(())
}

fn print(text: &str) -> Result<()> {
    let mut out = std::io::stdout().lock();
    std::io::Write::write_all(&mut out, format!("{text}\n").as_bytes()).context("cannot write the result")
}

/// Returns the path of the program, which is in the same folder as this one.
fn program() -> Result<PathBuf> {
    let own = std::env::current_exe().context("cannot find this program")?;
    let program = own.with_file_name(format!("reprise{}", std::env::consts::EXE_SUFFIX));
    ensure!(program.exists(), "{} does not exist: run `cargo build --profile dist` first", program.display());
    Ok(program)
}
