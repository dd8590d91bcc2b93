//! The form in which a host keeps replication. The version of Windows decides it, never a fault: a VMMS that is starting may
//! return "no such class" for a class that it will have a minute later.

use reprise_model::{Problem, ProblemKind, Remedy};

/// The version of Server 2012. The next version, 6.3 (2012 R2), introduced relationships.
const SERVER_2012: (u16, u16) = (6, 2);

/// How a host's Windows keeps replication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// In the VMs' rows: Server 2012.
    InVms,
    /// As relationships, each with its own row: Server 2012 R2 and later.
    Relationships {
        /// The version.
        version: String,
    },
    /// The version is unknown. The host is queried like most hosts; a host with Server 2012 stays "not ready" until its version
    /// can be read.
    Unknown,
}

impl Shape {
    /// Returns the shape for that version (`Win32_OperatingSystem.Version`: `6.3.9600`).
    ///
    /// # Errors
    /// Windows is older than Server 2012, which has a different namespace for Hyper-V.
    pub(crate) fn of(version: Option<&str>, what: &str) -> Result<Self, Problem> {
        let Some((version, numbers)) = version.and_then(|text| Some((text, numbers(text)?))) else {
            return Ok(Self::Unknown);
        };
        if numbers < SERVER_2012 {
            let why = format!("Windows {version} is older than Server 2012");
            return Err(Problem::new(ProblemKind::Unsupported, what, why).with_remedy(Remedy::UpgradeWindows));
        }
        let is_2012 = numbers == SERVER_2012;
        Ok(if is_2012 { Self::InVms } else { Self::Relationships { version: version.to_owned() } })
    }

    /// Explains that the class of relationships does not exist. It never means that nothing is replicated.
    pub(crate) fn no_such_class(&self, problem: Problem) -> Problem {
        let (means, remedy) = match self {
            Self::InVms => return problem,
            Self::Relationships { version } => {
                (format!("on Windows {version}, this means that VMMS is not ready yet"), problem.remedy)
            }
            Self::Unknown => {
                let means = "VMMS is not ready yet, or this is Server 2012, whose version could not be read";
                (means.to_owned(), Remedy::ShowVersion)
            }
        };
        Problem { why: format!("{}; {means}", problem.why), remedy, ..problem }
    }
}

/// Parses the first two numbers of a version.
fn numbers(version: &str) -> Option<(u16, u16)> {
    let mut parts = version.trim().split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}
