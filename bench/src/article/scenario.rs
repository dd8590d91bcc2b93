//! One row of the second table: a fault in a lab, and both contenders against it, each with its own lab.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::runtime::Runtime;

use super::contest::{self, Done};
use super::outcome;
use super::session::{Cmdlet, Pace};
use crate::control::Lab;

/// Something that is done to a lab.
pub(super) type Step = fn(&Lab) -> Result<()>;

/// The lab's reply for a route that it does not have yet.
const NOT_YET: &str = "not yet";

/// One row.
#[derive(Clone, Copy)]
pub(super) struct Scenario {
    /// Which behaviours and faults of the article it shows.
    pub(super) rows: &'static str,
    pub(super) about: &'static str,
    pub(super) lab: &'static [&'static str],
    pub(super) prepare: Step,
    /// What happens while a contender runs, and how long after its start.
    pub(super) meanwhile: Option<(Duration, Step)>,
    /// The wait between a contender's end and reading the lab's states.
    pub(super) settle: Duration,
    /// The hosts that the script runs on.
    pub(super) on: &'static [usize],
    /// The speed of the script's lab; the program's lab uses real time.
    pub(super) speed: u32,
    pub(super) cmdlet: Cmdlet,
    /// The number of concurrent runs of the program.
    pub(super) copies: usize,
    /// The hosts that the program asks; all if empty.
    pub(super) asks: &'static [usize],
    pub(super) flags: &'static [&'static str],
    /// A configuration for the program.
    pub(super) config: Option<&'static str>,
}

/// The basic case, which the other rows modify: hv02 has restarted, and the script runs there.
pub(super) const PLAIN: Scenario = Scenario {
    rows: "",
    about: "",
    lab: &[],
    prepare: |_| Ok(()),
    meanwhile: None,
    settle: Duration::from_secs(1),
    on: &[1],
    speed: 1,
    cmdlet: Cmdlet::Returns,
    copies: 1,
    asks: &[],
    flags: &[],
    config: None,
};

impl Scenario {
    /// Runs both contenders and describes what they did.
    pub(super) fn text(&self, runtime: &Runtime, program: &Path) -> Result<String> {
        let heading = format!("{:<8} {}\n", self.rows, self.about);
        match self.both(runtime, program) {
            Ok(text) => Ok(heading + &text),
            Err(error) if format!("{error:#}").contains(NOT_YET) => {
                Ok(heading + "  not shown here: this lab does not have the route\n")
            }
            Err(error) => Err(error.context(format!("{}: {}", self.rows, self.about))),
        }
    }

    fn both(&self, runtime: &Runtime, program: &Path) -> Result<String> {
        let script = self.against(program, "script", self.speed, |lab| {
            let pace = Pace { speed: self.speed, cmdlet: self.cmdlet, ..Pace::default() };
            contest::script(runtime, lab, &lab.urls()?, self.on, pace)
        })?;
        let reprise = self.against(program, "reprise", 1, |lab| {
            let all = lab.urls()?;
            let asked = |(index, _): &(usize, String)| self.asks.is_empty() || self.asks.contains(index);
            let urls: Vec<String> = all.into_iter().enumerate().filter(asked).map(|(_, url)| url).collect();
            contest::reprise(program, lab, &urls, self.copies, &self.flags(lab)?)
        })?;
        Ok(script + &reprise)
    }

    fn flags(&self, lab: &Lab) -> Result<Vec<String>> {
        let mut flags: Vec<String> = self.flags.iter().map(|flag| (*flag).to_owned()).collect();
        if let Some(text) = self.config {
            let path = lab.file("reprise.toml");
            std::fs::write(&path, text)?;
            flags.extend(["--config".to_owned(), path.display().to_string()]);
        }
        Ok(flags)
    }

    fn against(
        &self,
        program: &Path,
        who: &str,
        speed: u32,
        contender: impl FnOnce(&Lab) -> Result<Done>,
    ) -> Result<String> {
        let mut arguments: Vec<String> = self.lab.iter().map(|argument| (*argument).to_owned()).collect();
        arguments.push(format!("--speed={speed}"));
        let lab = Lab::start(program, &arguments)?;
        (self.prepare)(&lab)?;
        let before = lab.senders()?;
        lab.http("POST", "/requests/reset")?;
        let done = std::thread::scope(|scope| {
            let meanwhile = self.meanwhile.map(|(after, step)| {
                let lab = &lab;
                scope.spawn(move || {
                    std::thread::sleep(after / speed);
                    step(lab)
                })
            });
            let done = contender(&lab)?;
            if let Some(thread) = meanwhile {
                thread.join().ok().context("the concurrent change of the lab failed")??;
            }
            anyhow::Ok(done)
        })?;
        std::thread::sleep(self.settle / speed);
        Ok(outcome::text(who, &done, lab.requests("invoke")?, &before, &lab.senders()?))
    }
}
