//! What the administrator does next about a failure. The code that detects the failure chooses the remedy: the class of
//! failure alone does not decide it, since a missing class, instance and namespace each need something else.

macro_rules! remedies {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// What the administrator does next.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Remedy {
            $($(#[$doc])* $variant,)*
        }

        impl Remedy {
            /// Every remedy.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Returns the sentence for the user: lower case, no full stop. Commands can be pasted into PowerShell.
            pub fn text(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Returns the name under which it is written down.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => stringify!($variant),)* }
            }
        }
    };
}

remedies! {
    /// Nothing answers at the address.
    Reach = "check that the host is up, that its name resolves, and that WinRM listens there (`winrm quickconfig` on the host)",
    /// The host's certificate is not trusted.
    Trust = "compare the certificate's fingerprint with the one that the host itself shows (`Get-ChildItem Cert:\\LocalMachine\\My | ForEach-Object { $_.Subject; [BitConverter]::ToString([Security.Cryptography.SHA256]::Create().ComputeHash($_.RawData)) }` prints them; the thumbprint is another hash). If it is the host's, trust it with --tls-fingerprint HEX, or trust its authority with --ca FILE (a certificate of X.509 version 1 cannot be verified by an authority); if it is not, an on-path attacker may be answering",
    /// The login was refused, or was not tried.
    LogIn = "read the reason; then check the user, the password, keytab or certificate, the authentication scheme (--auth), and that the account is in Remote Management Users on the host",
    /// This host refused a login that another host accepts.
    LetStart = "wait a few minutes and run again: a host that has just booted refuses logins until Netlogon runs and a domain controller responds. If it goes on, check that the account is in Remote Management Users on this host, and that the same account and password are valid there",
    /// The account has no rights on `root\virtualization\v2`.
    GrantHyperV = "on the host, add the account to Hyper-V Administrators and Remote Management Users; if that is not enough, allow it Enable Account, Execute Methods and Remote Enable on root\\virtualization\\v2 (`wmimgmt.msc`, Properties, Security)",
    /// The account has no rights on `root\cimv2`.
    GrantWindows = "on the host, allow the account Enable Account and Remote Enable on root\\cimv2 (`wmimgmt.msc`, Properties, Security)",
    /// The account has no rights on this computer's own WMI.
    GrantHere = "the account that runs this has no rights on Hyper-V here: add it to Hyper-V Administrators on this computer (it counts from the next logon on), or run this elevated (`Run as administrator`)",
    /// The account may not read event logs.
    GrantEventLog = "on the host, add the account to Event Log Readers",
    /// The account may not read this computer's own event logs.
    GrantLogHere = "the account that runs this may not read the event logs here: add it to Event Log Readers on this computer (it counts from the next logon on), or run this elevated (`Run as administrator`)",
    /// The account may call a method of Hyper-V, which then refuses to do this for it.
    GrantChange = "on that host, add the account to Hyper-V Administrators (it counts from the next logon on)",
    /// The event log does not exist.
    FindLog = "check that the Hyper-V role is installed and that the log exists (`Get-WinEvent -ListLog *Hyper-V-VMMS*` on the host)",
    /// Hyper-V's namespace does not exist.
    InstallHyperV = "install the Hyper-V role, which this host does not have (`Install-WindowsFeature Hyper-V -IncludeManagementTools`), or remove this host from the list",
    /// A class or a property of Hyper-V does not exist.
    RegisterHyperV = "wait a minute if the host or its service vmms has just started; if the error remains, register the classes of Hyper-V again on the host (`mofcomp C:\\Windows\\System32\\WindowsVirtualization.V2.mof`) and restart vmms",
    /// The version of Windows is unknown, and so whether the host should have relationships.
    ShowVersion = "wait a minute if the host or its service vmms has just started; on Server 2012, allow the account Enable Account and Remote Enable on root\\cimv2 (`wmimgmt.msc`, Properties, Security), so that the version can be read",
    /// Windows' own namespace or one of its classes does not exist or is empty.
    RepairWmi = "check WMI on the host (`winmgmt /verifyrepository`)",
    /// VMMS shows none of its own objects.
    StartVmms = "check that the service vmms runs (`Get-Service vmms` on the host); it may still be starting. If it runs, the account may lack rights on Hyper-V: add it to Hyper-V Administrators on the host",
    /// The service vmms is not listed.
    SeeServices = "nothing, as long as Hyper-V answers: only administrators can see services over the network. Otherwise, check that the Hyper-V role is installed (`Get-Service vmms` on the host)",
    /// An object no longer exists, or some of its rows are missing.
    LookAgain = "run again: the VM or its replication was removed, moved or changed meanwhile, or the host is still loading its VMs. If the error remains, check the VM in Hyper-V Manager on that host",
    /// The operation may have been carried out, and its result is unknown.
    SeeWhatCame = "check the VM's replication in Hyper-V Manager on that host, or run again: the operation may have been carried out",
    /// A value in a row is not one that the documentation allows.
    ReportRow = "check the VM in Hyper-V Manager on that host; if it looks right there, report this as a bug, with the host's version of Windows",
    /// The host is overloaded or starting.
    Wait = "wait: the host is busy or starting; if the error remains, look for other programs that use WinRM heavily",
    /// This computer's own WMI or VMMS is starting, stopping or overloaded.
    WaitHere = "wait: WMI or VMMS on this computer is starting, stopping or busy; if the error remains, look at both services (`Get-Service winmgmt, vmms`) and at their event logs",
    /// This computer's own event logs cannot be read now.
    CheckLogHere = "run again: the service EventLog on this computer may be starting, stopping or busy. If the error remains, check the service and whether Windows itself can read its logs (`Get-Service EventLog`, `Get-WinEvent -LogName System -MaxEvents 1`)",
    /// The host has been seen, and shows more VMs from look to look.
    LetSettle = "run again in a few minutes, or give the host longer with --timeout: it may still be loading its VMs",
    /// The host may still be loading its VMs.
    LetLoad = "run again in a few minutes, or give the host longer with --timeout; if it still shows none then, check the VMs in Hyper-V Manager on that host",
    /// It is not clear which host a name stands for.
    NameHosts = "check which machine responds at each address, and give each host its own full name in the URLs or the configuration",
    /// The run was interrupted while it still waited for the host.
    RunAgain = "run again: nothing is known to be wrong with this host",
    /// No answer in time.
    CheckLoad = "check the load of the host and the network to it; then run again",
    /// The host says why.
    ReadReason = "read the host's reason and check the VM in Hyper-V Manager",
    /// The responses are not WS-Management as a host sends it.
    CheckEndpoint = "check that the address is a WinRM endpoint and that no proxy is in between",
    /// A message is larger than the host allows.
    RaiseEnvelope = "read the host's limit (`Get-Item -Path 'WSMan:\\localhost\\MaxEnvelopeSizekb'` on the host, in KiB). Reprise accepts 500: if the limit is lower, raise it (`Set-Item -Path 'WSMan:\\localhost\\MaxEnvelopeSizekb' -Value 500`); if it is not, one item is larger than that, so report this as a bug",
    /// The host sends more than any host with Hyper-V needs.
    FindWhoAnswers = "find out what answers at this address, and whether somebody has taken over the host: no host with Hyper-V sends that much",
    /// The address leads to something else than WinRM.
    CorrectAddress = "correct the address: WinRM answers at http://HOST:5985/wsman and, if it has a listener for it, https://HOST:5986/wsman (`winrm enumerate winrm/config/listener` on the host)",
    /// The host accepts only encrypted messages.
    Encrypt = "use --auth negotiate or --auth kerberos, which encrypt every message over http://, or an https:// address",
    /// The host offers no login scheme that may be used.
    OfferLogin = "let the host offer Negotiate (`Set-Item -Path 'WSMan:\\localhost\\Service\\Auth\\Negotiate' -Value $true` on the host). Reprise does not use CredSSP, which hands the password to the host, nor Basic where others could read it",
    /// The host refused a login by Basic.
    CheckBasic = "check the user and the password. Basic accepts only accounts of the host itself, and only if it is switched on there: for an account of a domain use --auth negotiate or --auth kerberos",
    /// The host refused a login by NTLM.
    CheckNtlm = "check the user and the password, and whether the account is locked. If they are right, NTLM may be restricted (policy `Network security: Restrict NTLM` of the host or of its domain; members of Protected Users cannot use it): use --auth kerberos with the host's full DNS name and the user as USER@REALM",
    /// Kerberos failed.
    CheckKerberos = "check the user and the password or keytab, that the realm's Kerberos server (a domain controller) answers, that the clocks agree, and that the address has the host's full DNS name (`setspn -Q HTTP/HOST` finds its account)",
    /// The host refused a client certificate.
    CheckClientCertificate = "on the host, map the certificate to an account (`Get-ChildItem 'WSMan:\\localhost\\ClientCertificate'`) and allow such logins (`Set-Item -Path 'WSMan:\\localhost\\Service\\Auth\\Certificate' -Value $true`)",
    /// An account of the host itself has no rights there over the network.
    GrantLocalAccount = "the account is one of the host itself. Over the network Windows removes its administrative rights: add it to Hyper-V Administrators, Remote Management Users and Event Log Readers on the host, or let it keep them (`New-ItemProperty -Path HKLM:\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Policies\\System -Name LocalAccountTokenFilterPolicy -Value 1 -PropertyType DWord -Force`)",
    /// The account has as many operations under way as the host allows one user.
    RaiseQuota = "wait, and look for other programs that use the same account; if the error remains, raise the host's limit (`Set-Item -Path 'WSMan:\\localhost\\Service\\MaxConcurrentOperationsPerUser' -Value 4000` on the host; the default is 1500, and 15 on Server 2008 R2), or use an account of Reprise's own",
    /// This Windows has no Hyper-V Replica.
    UpgradeWindows = "remove this host from the list: Hyper-V Replica needs Windows Server 2012 or later",
    /// The host or Reprise does not support what the reason names.
    ChangeWhatIsNamed = "change what the reason names; if it names nothing, check that the host is Windows Server 2012 or later with the Hyper-V role",
    /// A failure that no host can cause.
    ReportBug = "report this as a bug",
    /// Something that is about no VM cannot be read.
    ReportHost = "report this as a bug, with the host's version of Windows",
}

impl Remedy {
    /// Whether the account was let in and lacks rights, rather than refused at the login.
    pub fn is_about_rights(self) -> bool {
        matches!(
            self,
            Self::GrantHyperV
                | Self::GrantWindows
                | Self::GrantHere
                | Self::GrantEventLog
                | Self::GrantLogHere
                | Self::GrantChange
                | Self::GrantLocalAccount
        )
    }
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
            // PowerShell reads the path of a drive up to a blank, a `$` or a bracket; the quotes keep it whole when it is pasted
            // into another shell too.
            assert_eq!(text.matches("WSMan:").count(), text.matches("'WSMan:").count(), "{text}");
        }
    }
}
