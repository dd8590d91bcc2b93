//! What a person does next about something that failed. Whoever meets the failure chooses the remedy, since the class of a
//! failure alone does not say what it needs: a class, an instance and a namespace that are not there are three errands.

macro_rules! remedies {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// What a person does next.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Remedy {
            $($(#[$doc])* $variant,)*
        }

        impl Remedy {
            /// Every remedy.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The sentence that a person reads: lower case, no full stop. Commands can be pasted into PowerShell.
            pub fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }
        }
    };
}

remedies! {
    /// Nobody answers at the address.
    Reach = "check that the host is up, that its name resolves, and that WinRM listens there (`winrm quickconfig` on the host)",
    /// The host's certificate is not trusted.
    Trust = "compare the certificate's fingerprint with the one that the host itself shows (`Get-ChildItem Cert:\\LocalMachine\\My`). If it is the host's, trust it with --tls-fingerprint HEX, or trust its authority with --ca FILE (no authority can vouch for a certificate of X.509 version 1); if it is not, an on-path attacker may be answering",
    /// The login was refused, or was not tried.
    LogIn = "read the reason; then check the user, the password, keytab or certificate, the way to log in (--auth), and that the account is in Remote Management Users on the host",
    /// The account has no rights on `root\virtualization\v2`.
    GrantHyperV = "on the host, put the account into Hyper-V Administrators and Remote Management Users; if that is not enough, allow it Enable Account, Execute Methods and Remote Enable on root\\virtualization\\v2 (`wmimgmt.msc`, Properties, Security)",
    /// The account has no rights on `root\cimv2`.
    GrantWindows = "on the host, allow the account Enable Account and Remote Enable on root\\cimv2 (`wmimgmt.msc`, Properties, Security)",
    /// The account may not read event logs.
    GrantEventLog = "on the host, put the account into Event Log Readers",
    /// The log is not there.
    FindLog = "check that the Hyper-V role is installed and that the log is there (`Get-WinEvent -ListLog *Hyper-V-VMMS*` on the host)",
    /// The namespace of Hyper-V is not there.
    InstallHyperV = "install the Hyper-V role on the host (`Install-WindowsFeature Hyper-V -IncludeManagementTools`), or leave this host out",
    /// A class or a property of Hyper-V is not there.
    RegisterHyperV = "wait a minute if the host or its service vmms has just started; if it lasts, register the classes of Hyper-V again on the host (`mofcomp C:\\Windows\\System32\\WindowsVirtualization.V2.mof`) and restart vmms",
    /// It cannot be told whether relationships are to be expected: the version is not known.
    ShowVersion = "wait a minute if the host or its service vmms has just started; on Server 2012, allow the account Enable Account and Remote Enable on root\\cimv2 (`wmimgmt.msc`, Properties, Security), so that the version can be read",
    /// Windows' own namespace or one of its classes is not there, or holds nothing.
    RepairWmi = "check WMI on the host (`winmgmt /verifyrepository`)",
    /// VMMS shows nothing of itself.
    StartVmms = "check that the service vmms runs (`Get-Service vmms` on the host); it may still be starting. If it runs, the account may not see Hyper-V: put it into Hyper-V Administrators on the host",
    /// The service vmms is not listed.
    SeeServices = "nothing, as long as Hyper-V answers: only administrators see services over the network. Else check that the Hyper-V role is installed (`Get-Service vmms` on the host)",
    /// An object is gone, or rows of one object are missing.
    LookAgain = "run again: the VM or its replication was removed, moved or changed meanwhile, or the host is still loading its VMs. If it stays so, look at the VM in Hyper-V Manager on that host",
    /// What was asked for may have been done, and nobody can follow it any more.
    SeeWhatCame = "look at the VM's replication in Hyper-V Manager on that host, or run again: it may have been done",
    /// A value of a row is not what the documentation says.
    ReportRow = "look at the VM in Hyper-V Manager on that host; if all is well there, report this as a bug, with the host's version of Windows",
    /// The host has too much to do, or is starting.
    Wait = "wait: the host is busy or starting; if it lasts, look for other programs that use WinRM heavily",
    /// No answer in time.
    CheckLoad = "check the load of the host and the network between; then run again",
    /// The host says why.
    ReadReason = "read the host's reason and look at the VM in Hyper-V Manager",
    /// What answers does not speak WS-Management as a host does.
    CheckEndpoint = "check that the address is a WinRM endpoint and that no proxy stands between",
    /// A message is larger than the host allows.
    RaiseEnvelope = "allow larger messages on the host (`Set-Item WSMan:\\localhost\\MaxEnvelopeSizekb 8192`)",
    /// This Windows has no Hyper-V Replica.
    UpgradeWindows = "leave this host out: Hyper-V Replica exists since Windows Server 2012",
    /// The host or we cannot do what the reason names.
    ChangeWhatIsNamed = "change what the reason names; if it names nothing, check that the host is Windows Server 2012 or later with the Hyper-V role",
    /// It cannot have come from a host.
    ReportBug = "report this as a bug",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remedy_is_one_sentence_without_a_full_stop_and_no_two_are_alike() {
        let texts: std::collections::BTreeSet<&str> = Remedy::ALL.iter().map(|remedy| remedy.text()).collect();
        assert_eq!(texts.len(), Remedy::ALL.len());
        for text in texts {
            assert!(text.starts_with(char::is_lowercase) && !text.ends_with('.'), "{text}");
            assert_eq!(text.matches('`').count() % 2, 0, "{text}");
        }
    }
}
