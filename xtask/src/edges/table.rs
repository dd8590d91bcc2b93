//! The table itself. A new edge is a decision: it comes with an ADR.

use std::fmt;

/// Packages of ours that a crate may use.
#[derive(Debug, Clone, Copy)]
pub(super) enum May {
    /// These and no others.
    Only(&'static [&'static str]),
    /// Everything that the table knows, less these.
    AllBut(&'static [&'static str]),
}

impl fmt::Display for May {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Only([]) => f.write_str("nothing of ours"),
            Self::Only(names) => write!(f, "only {}", names.join(", ")),
            Self::AllBut(names) => write!(f, "all but {}", names.join(", ")),
        }
    }
}

/// What one package may and may not have.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) package: &'static str,
    pub(super) may_use: May,
    /// Packages from outside that it must never have directly, each with all its sisters (`tokio` bans `tokio-util`).
    pub(super) never: &'static [&'static str],
    /// The reason that a finding gives.
    pub(super) why: &'static str,
}

const fn row(package: &'static str, may_use: May, never: &'static [&'static str], why: &'static str) -> Row {
    Row { package, may_use, never, why }
}

/// Messages know nothing of how they are sent.
const WSMAN_NEVER: &[&str] =
    &["tokio", "rustls", "native-tls", "openssl", "schannel", "security-framework", "ring", "aws-lc-rs", "boring"];

/// What the tests of a package may use besides: package and neighbour.
pub(super) const IN_TESTS: &[(&str, &str)] = &[("wsman-http", "wsman-acceptor")];

pub(super) const TABLE: &[Row] = &[
    row(
        "reprise-model",
        May::Only(&[]),
        &["serde", "tokio"],
        "the domain's words depend on nobody and are stored by nobody",
    ),
    row(
        "cim-types",
        May::Only(&[]),
        &["serde", "tokio"],
        "values and the port stand alone, so that any transport can meet there",
    ),
    row(
        "reprise-engine",
        May::Only(&["reprise-model"]),
        &["tokio", "serde"],
        "the engine decides and cannot reach a host, not even by mistake",
    ),
    row(
        "reprise-config",
        May::Only(&["reprise-model", "wsman"]),
        &["tokio"],
        "configuration is text in, policy and addresses out",
    ),
    row(
        "reprise-hyperv",
        May::Only(&["reprise-model", "cim-types"]),
        &["tokio"],
        "procedures know Hyper-V and no transport; they wait through the port alone",
    ),
    row(
        "wsman",
        May::Only(&["cim-types"]),
        WSMAN_NEVER,
        "messages are for anybody: no I/O, no TLS, no word of Hyper-V",
    ),
    row(
        "reprise-lab",
        May::Only(&["cim-types"]),
        &["tokio"],
        "the lab is a second reading of the reference and must not see the first",
    ),
    row(
        "reprise-rehearsal",
        May::Only(&["reprise-model", "reprise-engine", "cim-types", "reprise-hyperv", "reprise-lab"]),
        &["tokio", "sqlx"],
        "a rehearsal runs on virtual time, without a runtime or a store",
    ),
    row("wsman-http", May::Only(&["wsman", "cim-types"]), &[], "the transport carries any class and decides nothing"),
    row(
        "wsman-acceptor",
        May::Only(&["wsman", "cim-types"]),
        &["hyper", "axum"],
        "the acceptor's half of a login must not share code with the client's half, against which it is tested",
    ),
    row(
        "reprise-lab-server",
        May::Only(&["reprise-lab", "cim-types", "wsman", "wsman-acceptor"]),
        &[],
        "the lab's front stays independent of the client side that it tests",
    ),
    row("reprise-wmi", May::Only(&["cim-types"]), &[], "local WMI is one more transport behind the port"),
    row("reprise-store", May::Only(&["reprise-model"]), &[], "the store keeps what happened and decides nothing"),
    row("reprise-notify", May::Only(&["reprise-model"]), &[], "alerts are sent, not decided, here"),
    row("reprise-platform", May::Only(&[]), &[], "the platform's services are used by us and know nothing of us"),
    row("reprise-wmi-standin", May::Only(&[]), &[], "the stand-in must not share code with what it tests"),
    row("xtask", May::Only(&[]), &[], "the checks must run while the rest does not compile"),
    row("reprise", May::AllBut(&["reprise-wmi-standin"]), &[], "the stand-in is for tests and must not ship"),
    row("reprise-bench", May::AllBut(&["reprise-wmi-standin"]), &[], "the stand-in is for tests and must not ship"),
];
