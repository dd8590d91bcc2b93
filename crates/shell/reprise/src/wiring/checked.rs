//! The configuration as a run would use it, without asking any host.

use std::path::{Path, PathBuf};

use reprise_config::{Config, Endpoint};
use reprise_platform::paths;

use super::arguments::HostArguments;
use super::hosts::{Wanted, config, wanted};
use crate::login::Logins;
use crate::usage::{Reader, Usage};

/// A configuration, and the hosts that a run would ask.
pub(crate) struct Checked {
    pub(crate) path: PathBuf,
    pub(crate) config: Config,
    pub(crate) hosts: Vec<Wanted>,
    /// Why a run would not begin.
    pub(crate) errors: Vec<Usage>,
}

/// Reads and checks a configuration, with the logins of its hosts as far as that needs no password.
pub(crate) fn checked(file: Option<&Path>) -> Result<Checked, Usage> {
    let path = paths::config_file(file, paths::of_this_process).path().to_owned();
    let arguments =
        HostArguments { config: file.map(Path::to_owned), reader: Reader::File, ..HostArguments::default() };
    let Some(config) = config(&arguments)? else {
        let what = format!("there is no configuration {}", path.display());
        let next = "write one with `reprise config init`, or name another file with --config";
        return Err(Usage::new(what, "the file does not exist", next));
    };
    let hosts = wanted(&arguments, Some(&config))?;
    let logins = Logins::new(false, Reader::File);
    let errors = hosts.iter().filter_map(|host| match host {
        Wanted::Local(_) => None,
        Wanted::Remote(host) => logins.check(&host.url, &host.login).err().map(|error| error.of_file(&path)),
    });
    Ok(Checked { errors: errors.collect(), path, config, hosts })
}

impl Checked {
    /// Why this account cannot use the passwords, keys and certificates of the hosts.
    pub(crate) fn unusable(&self) -> Vec<Usage> {
        let mut logins = Logins::new(false, Reader::File);
        let finds_over_tls = self.config.discover.resolve.values().any(Endpoint::is_secure);
        let mut problems = Vec::new();
        for host in &self.hosts {
            let Wanted::Remote(host) = host else { continue };
            problems.extend(logins.login(&host.url, &host.login).err());
            if host.url.is_secure() || finds_over_tls {
                problems.extend(logins.trust(&host.url, &host.login).err());
            }
        }
        problems
    }
}
