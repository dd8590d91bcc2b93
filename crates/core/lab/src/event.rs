//! The events that a host writes into its event logs.

use std::time::Duration;

use uuid::Uuid;

/// One record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) number: u64,
    pub(crate) at: Duration,
    /// How long before that it was written, if that was before the lab began.
    pub(crate) earlier: Duration,
    pub(crate) channel: &'static str,
    pub(crate) id: u32,
    pub(crate) level: &'static str,
    pub(crate) vm: Option<Uuid>,
    pub(crate) code: Option<u32>,
    pub(crate) message: String,
    /// What it carries, in order: names and values.
    pub(crate) values: Vec<(&'static str, String)>,
}

pub(crate) const VMMS: &str = "Microsoft-Windows-Hyper-V-VMMS-Admin";
pub(crate) const SYSTEM: &str = "System";

/// The HRESULT of an aborted operation: the shutdown's mark.
pub(crate) const ABORTED: u32 = 0x8000_4004;
/// `WinHTTP`: cannot connect.
pub(crate) const CANNOT_CONNECT: u32 = 0x0000_2EFD;
/// Unspecified error.
pub(crate) const UNSPECIFIED: u32 = 0x8000_4005;
/// `WinHTTP`: the operation was cancelled.
pub(crate) const CANCELLED: u32 = 0x0000_2EF1;

/// What happened, before it has a number and a time.
#[derive(Clone, Debug)]
pub(crate) enum Happening<'a> {
    /// 32022: changes could not be sent.
    SendFailed { vm: Uuid, name: &'a str, code: u32 },
    /// 32086: replication suspended after a failure that VMMS treats as final.
    NonRecoverable { vm: Uuid, name: &'a str },
    /// 32315: will try again.
    WillRetry { vm: Uuid, name: &'a str, minutes: u64 },
    /// What a receiver writes of a replica VM that somebody holds: 32546, 19050, and 32056 or 32032 with 33680.
    AtReplica { vm: Uuid, name: &'a str, id: u32, code: Option<u32> },
    /// 29174: statistics of a monitoring window that has ended. Nobody needs them; a log of a host in use is full of such.
    Statistics,
    /// 1074: a restart or shutdown was requested.
    ShutdownAsked,
    /// 6006: the event log stops in order.
    LogStopped,
    /// 6005: the event log starts.
    LogStarted,
    /// 6008: the shutdown before was unexpected.
    UnexpectedShutdown,
    /// 41: the system rebooted without shutting down.
    KernelPower,
}

impl Happening<'_> {
    pub(crate) fn record(&self, number: u64, at: Duration) -> Record {
        let values = self.values();
        let (channel, id, level, vm, code, message) = match self {
            Self::SendFailed { vm, name, code } => {
                let why = if *code == ABORTED {
                    "The operation has been canceled"
                } else {
                    "The server could not be reached"
                };
                let text = format!("could not replicate changes for virtual machine '{name}': {why} (0x{code:08X}).");
                (VMMS, 32022, "Error", Some(*vm), Some(*code), text)
            }
            Self::NonRecoverable { vm, name } => {
                let text =
                    format!("suspended replication for virtual machine '{name}' due to a non-recoverable failure.");
                (VMMS, 32086, "Error", Some(*vm), None, text)
            }
            Self::WillRetry { vm, name, minutes } => {
                let text =
                    format!("failed to replicate virtual machine '{name}' and will retry after {minutes} minute(s).");
                (VMMS, 32315, "Warning", Some(*vm), None, text)
            }
            Self::AtReplica { vm, name, id, code } => {
                (VMMS, *id, "Error", Some(*vm), *code, format!("virtual machine '{name}' {}", at_replica(*id)))
            }
            Self::Statistics => (VMMS, 29174, "Information", None, None, "statistics of replication.".to_owned()),
            Self::ShutdownAsked => (SYSTEM, 1074, "Information", None, None, "A restart was initiated.".to_owned()),
            Self::LogStopped => {
                (SYSTEM, 6006, "Information", None, None, "The Event log service was stopped.".to_owned())
            }
            Self::LogStarted => {
                (SYSTEM, 6005, "Information", None, None, "The Event log service was started.".to_owned())
            }
            Self::UnexpectedShutdown => {
                (SYSTEM, 6008, "Error", None, None, "The previous system shutdown was unexpected.".to_owned())
            }
            Self::KernelPower => (
                SYSTEM,
                41,
                "Critical",
                None,
                None,
                "The system has rebooted without cleanly shutting down first.".to_owned(),
            ),
        };
        Record { number, at, earlier: Duration::ZERO, channel, id, level, vm, code, message, values }
    }

    /// What the record carries. A failed operation has named values; event 32315 has numbered ones, as VMMS writes where
    /// it gives no names. GUIDs are in upper case, and an error is named by its number for the message table.
    fn values(&self) -> Vec<(&'static str, String)> {
        let of = |vm: &Uuid, name: &str| [("VmName", name.to_owned()), ("VmId", vm.to_string().to_uppercase())];
        let error = |code: &u32| [("ErrorMessage", format!("%%{code}")), ("ErrorCode", format!("0x{code:08X}"))];
        match self {
            Self::SendFailed { vm, name, code } => of(vm, name).into_iter().chain(error(code)).collect(),
            Self::AtReplica { vm, name, code, .. } => {
                of(vm, name).into_iter().chain(code.iter().flat_map(error)).collect()
            }
            Self::NonRecoverable { vm, name } => of(vm, name).to_vec(),
            Self::WillRetry { vm, name, minutes } => vec![
                ("Parameter0", (*name).to_owned()),
                ("Parameter1", vm.to_string().to_uppercase()),
                ("Parameter2", minutes.to_string()),
            ],
            Self::ShutdownAsked => [
                ("param1", r"C:\Windows\system32\wininit.exe"),
                ("param3", "No title for this reason could be found"),
                ("param4", "0x500ff"),
                ("param5", "restart"),
                ("param6", ""),
                ("param7", r"NT AUTHORITY\SYSTEM"),
            ]
            .map(|(name, value)| (name, value.to_owned()))
            .to_vec(),
            Self::KernelPower => vec![("BugcheckCode", "0".to_owned()), ("PowerButtonTimestamp", "0".to_owned())],
            Self::Statistics | Self::LogStopped | Self::LogStarted | Self::UnexpectedShutdown => Vec::new(),
        }
    }
}

fn at_replica(id: u32) -> &'static str {
    match id {
        32_546 => "is not in a valid state for the operation.",
        19_050 => "failed to perform the operation. It is not in a valid state.",
        33_680 => "failed to complete a replication operation.",
        _ => "failed to apply the log: operation aborted (0x80004004).",
    }
}
