//! What a service offers, and what is made of it.

use std::collections::BTreeSet;

use cim::{CallError, ErrorKind, Hint, Reached};

use crate::endpoint::Endpoint;
use crate::login::{Credential, Login, Scheme};
use crate::way::Transport;

/// A way to log in, ready to be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    /// The password on each request.
    Basic,
    /// The certificate that TLS has shown.
    Certificate,
    /// Tokens under an HTTP scheme, once a connection.
    Tokens {
        /// The scheme's name in the headers.
        scheme: &'static str,
        /// What makes the tokens.
        mechanism: Mechanism,
    },
}

impl Method {
    /// What people call it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Basic => "Basic",
            Self::Certificate => "a certificate",
            Self::Tokens { mechanism, .. } => mechanism.label(),
        }
    }
}

/// What makes the tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mechanism {
    /// Bare NTLM.
    Ntlm,
    /// NTLM within SPNEGO.
    SpnegoNtlm,
    /// Kerberos within SPNEGO.
    SpnegoKerberos,
    /// Bare Kerberos.
    Kerberos,
    /// Kerberos or NTLM, as Windows chooses: for the account that this process runs as.
    Negotiate,
}

impl Mechanism {
    /// Whether the login library makes its tokens by Kerberos, with SPNEGO around them or without.
    pub(crate) fn is_kerberos(self) -> bool {
        match self {
            Self::Ntlm | Self::SpnegoNtlm | Self::Negotiate => false,
            Self::SpnegoKerberos | Self::Kerberos => true,
        }
    }

    /// What people call it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Ntlm | Self::SpnegoNtlm => "NTLM",
            Self::SpnegoKerberos | Self::Kerberos => "Kerberos",
            Self::Negotiate => "Negotiate",
        }
    }
}

/// The schemes that the headers WWW-Authenticate name, in lower case. Each value is one challenge, as Windows writes it, or
/// several with commas between them (RFC 9110 11.6.1).
fn schemes(challenges: &[String]) -> BTreeSet<String> {
    let parts = challenges.iter().flat_map(|challenge| challenge.split(','));
    parts.filter_map(|part| part.split_whitespace().next()).map(str::to_ascii_lowercase).collect()
}

/// The names of the offered schemes as the service writes them, each once, for people.
pub(crate) fn scheme_names(challenges: &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for part in challenges.iter().flat_map(|challenge| challenge.split(',')) {
        let Some(name) = part.split_whitespace().next() else { continue };
        // What follows a comma may be a part of the challenge before it.
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if is_name && !names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            names.push(name.to_owned());
        }
    }
    names
}

/// What proves the account that this process runs as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum System {
    /// Windows itself, by Kerberos or NTLM.
    Windows,
    /// Kerberos tickets.
    Unix,
}

impl System {
    const OURS: Self = if cfg!(windows) { Self::Windows } else { Self::Unix };
}

/// The methods to try, best first. A later one is for where an earlier one cannot judge the user at all.
pub(crate) fn choose(
    login: &Login,
    endpoint: &Endpoint,
    way: &Transport,
    challenges: &[String],
) -> Result<Vec<Method>, CallError> {
    choose_on(System::OURS, login, endpoint, way, challenges)
}

fn choose_on(
    system: System,
    login: &Login,
    endpoint: &Endpoint,
    way: &Transport,
    challenges: &[String],
) -> Result<Vec<Method>, CallError> {
    let offers = schemes(challenges);
    let offered = |scheme| offers.contains(scheme);
    let by_name = !endpoint.is_address() && !endpoint.host().eq_ignore_ascii_case("localhost");
    let named = by_name || login.spn.is_some();
    let kerberos = named && (login.realm().is_some() || (login.kdc.is_some() && login.has_domain()));
    let tokens = |on: bool, scheme, mechanism| on.then_some(Method::Tokens { scheme, mechanism });
    let spnego_kerberos = tokens(offered("negotiate"), "Negotiate", Mechanism::SpnegoKerberos);
    let bare_kerberos = tokens(offered("kerberos"), "Kerberos", Mechanism::Kerberos);
    let spnego_ntlm = tokens(offered("negotiate"), "Negotiate", Mechanism::SpnegoNtlm);
    let old_ntlm = tokens(offered("ntlm"), "NTLM", Mechanism::Ntlm);
    let basic = (offered("basic") && way.may_show_a_password()).then_some(Method::Basic);
    let by_system = matches!(login.identity, Credential::CurrentUser).then_some(system);
    let by_windows = by_system == Some(System::Windows);
    let wanted = match login.scheme {
        Scheme::Basic => vec![Some(Method::Basic)],
        Scheme::Certificate => vec![Some(Method::Certificate)],
        Scheme::Ntlm => vec![tokens(offered("negotiate"), "Negotiate", Mechanism::Ntlm).or(old_ntlm)],
        Scheme::Kerberos if endpoint.is_address() && login.spn.is_none() => return Err(needs_a_name(endpoint)),
        Scheme::Kerberos if by_system.is_none() && login.realm().is_none() && login.kdc.is_none() => {
            return Err(needs_a_realm(login, endpoint));
        }
        Scheme::Kerberos | Scheme::Negotiate | Scheme::Auto if by_system == Some(System::Unix) => {
            if endpoint.is_address() && login.spn.is_none() {
                return Err(needs_a_name(endpoint));
            }
            let bare_first = login.scheme != Scheme::Negotiate;
            vec![if bare_first { bare_kerberos.or(spnego_kerberos) } else { spnego_kerberos.or(bare_kerberos) }]
        }
        // Windows wraps Kerberos into SPNEGO only where it may choose NTLM too; hosts take it bare under either scheme.
        Scheme::Kerberos if by_windows => {
            vec![bare_kerberos.or(tokens(offered("negotiate"), "Negotiate", Mechanism::Kerberos))]
        }
        Scheme::Kerberos => vec![bare_kerberos.or(spnego_kerberos)],
        Scheme::Negotiate | Scheme::Auto if by_windows => {
            let windows = tokens(offered("negotiate"), "Negotiate", Mechanism::Negotiate);
            if windows.is_some() { vec![windows] } else { vec![bare_kerberos.filter(|_| named), old_ntlm] }
        }
        Scheme::Negotiate | Scheme::Auto => {
            let first = spnego_kerberos.or(bare_kerberos).filter(|_| kerberos);
            vec![first, spnego_ntlm.or(old_ntlm), basic.filter(|_| login.scheme == Scheme::Auto)]
        }
    };
    let wanted: Vec<Method> = wanted.into_iter().flatten().collect();
    if wanted.is_empty() {
        return Err(nothing_fits(login, endpoint, &offers, challenges));
    }
    Ok(wanted)
}

fn needs_a_name(endpoint: &Endpoint) -> CallError {
    let message = format!(
        "cannot log in to {endpoint}: Kerberos knows hosts by name; write the host's full DNS name, or name its account with --spn"
    );
    CallError::new(ErrorKind::Unsupported, Reached::No, message)
}

fn needs_a_realm(login: &Login, endpoint: &Endpoint) -> CallError {
    let message = format!(
        "cannot log in to {endpoint}: Kerberos needs the user's realm, and `{}` names none: write user@realm, with the realm's full DNS \
         name, or name a Kerberos server",
        login.user()
    );
    CallError::new(ErrorKind::Unsupported, Reached::No, message)
}

fn nothing_fits(login: &Login, endpoint: &Endpoint, offers: &BTreeSet<String>, challenges: &[String]) -> CallError {
    let names: Vec<&str> =
        challenges.iter().map(|challenge| challenge.split_whitespace().next().unwrap_or_default()).collect();
    let offered = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
    let why = if offers.contains("basic") && login.scheme == Scheme::Auto && login.password().is_some() {
        ", and Basic would show the password to the network: it is used over verified TLS or to loopback only"
    } else {
        ""
    };
    let message = format!("{endpoint} offers no login that may be used here (it offers {offered}{why})");
    CallError::new(ErrorKind::Denied, Reached::No, message).with_hint(Hint::Schemes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::way::Tls;

    fn chosen(login: &Login, url: &str, verified: Option<bool>, challenges: &[&str]) -> Result<Vec<Method>, CallError> {
        chosen_on(System::Windows, login, url, verified, challenges)
    }

    fn chosen_on(
        system: System,
        login: &Login,
        url: &str,
        verified: Option<bool>,
        challenges: &[&str],
    ) -> Result<Vec<Method>, CallError> {
        let tls = verified.map(|verified| Tls { verified, certificate: Vec::new() });
        let way = Transport { loopback: url.contains("127."), tls };
        let challenges: Vec<String> = challenges.iter().map(ToString::to_string).collect();
        choose_on(system, login, &Endpoint::parse(url).unwrap(), &way, &challenges)
    }

    fn tokens(scheme: &'static str, mechanism: Mechanism) -> Method {
        Method::Tokens { scheme, mechanism }
    }

    const WINDOWS: &[&str] = &["Negotiate", "Kerberos", "Basic realm=\"WSMAN\""];

    #[test]
    fn auto_takes_the_strongest_that_can_work_and_basic_last() {
        let ntlm = tokens("Negotiate", Mechanism::SpnegoNtlm);
        let kerberos = tokens("Negotiate", Mechanism::SpnegoKerberos);
        let local = Login::new(Scheme::Auto, "admin", "x");
        let domain = Login::new(Scheme::Auto, "svc@lab.test", "x");
        assert_eq!(chosen(&domain, "http://hv01.lab.test", None, WINDOWS).unwrap(), [kerberos, ntlm]);
        assert_eq!(chosen(&domain, "http://10.0.0.1", None, WINDOWS).unwrap(), [ntlm]);
        let with_spn = domain.clone().with_spn("HTTP/hv01.lab.test");
        assert_eq!(chosen(&with_spn, "http://10.0.0.1", None, WINDOWS).unwrap(), [kerberos, ntlm]);
        let kerberos_alone = Login { scheme: Scheme::Kerberos, ..with_spn };
        assert_eq!(chosen(&kerberos_alone, "http://10.0.0.1", None, WINDOWS).unwrap().len(), 1);
        assert_eq!(chosen(&local, "http://hv01", None, WINDOWS).unwrap(), [ntlm]);
        assert_eq!(chosen(&local, "http://127.0.0.1", None, WINDOWS).unwrap(), [ntlm, Method::Basic]);
        assert_eq!(chosen(&local, "https://hv01", Some(true), &["Basic x"]).unwrap(), [Method::Basic]);
        assert_eq!(chosen(&local, "http://hv01", None, &["NTLM"]).unwrap(), [tokens("NTLM", Mechanism::Ntlm)]);
        let with_kdc = Login::new(Scheme::Auto, "LAB\\svc", "x").with_kdc("dc01");
        assert_eq!(chosen(&with_kdc, "http://hv01", None, &["negotiate, basic realm=x"]).unwrap(), [kerberos, ntlm]);
    }

    #[test]
    fn without_a_password_windows_chooses_and_basic_is_none() {
        let login = Login::current_user;
        let windows = [tokens("Negotiate", Mechanism::Negotiate)];
        let bare = [tokens("Kerberos", Mechanism::Kerberos)];
        let old = [tokens("NTLM", Mechanism::Ntlm)];
        let at = "http://hv01.lab.test";
        for scheme in [Scheme::Auto, Scheme::Negotiate] {
            assert_eq!(chosen(&login(scheme), at, None, WINDOWS).unwrap(), windows);
            assert_eq!(chosen(&login(scheme), "http://127.0.0.1", None, WINDOWS).unwrap(), windows);
            assert_eq!(chosen(&login(scheme), at, None, &["Kerberos", "NTLM"]).unwrap(), [bare, old].concat());
            assert_eq!(chosen(&login(scheme), "http://10.0.0.1", None, &["Kerberos", "NTLM"]).unwrap(), old);
            let error = chosen(&login(scheme), "https://hv01", Some(true), &["Basic"]).unwrap_err();
            assert!(error.message.contains("(it offers Basic)"), "{error}");
        }
        assert_eq!(chosen(&login(Scheme::Kerberos), at, None, WINDOWS).unwrap(), bare);
        let under_negotiate = [tokens("Negotiate", Mechanism::Kerberos)];
        assert_eq!(chosen(&login(Scheme::Kerberos), at, None, &["Negotiate"]).unwrap(), under_negotiate);
        assert_eq!(chosen(&login(Scheme::Ntlm), at, None, WINDOWS).unwrap(), [tokens("Negotiate", Mechanism::Ntlm)]);
    }

    #[test]
    fn the_offered_schemes_are_named_once_each() {
        let challenges = ["Negotiate", "Kerberos, NTLM", "negotiate", "Basic realm=\"a, b\""].map(str::to_owned);
        assert_eq!(scheme_names(&challenges), ["Negotiate", "Kerberos", "NTLM", "Basic"]);
    }

    #[test]
    fn a_ticket_means_kerberos_within_spnego_only_where_it_is_named_or_nothing_else_is_offered() {
        let at = "http://hv01.lab.test";
        let bare = tokens("Kerberos", Mechanism::Kerberos);
        let wrapped = tokens("Negotiate", Mechanism::SpnegoKerberos);
        for (scheme, first) in [(Scheme::Auto, bare), (Scheme::Negotiate, wrapped), (Scheme::Kerberos, bare)] {
            let chosen =
                |url, challenges| chosen_on(System::Unix, &Login::current_user(scheme), url, Some(true), challenges);
            assert_eq!(chosen(at, WINDOWS).unwrap(), [first]);
            assert_eq!(chosen(at, &["Negotiate", "NTLM"]).unwrap(), [wrapped]);
            assert_eq!(chosen(at, &["Kerberos"]).unwrap(), [bare]);
            assert!(chosen(at, &["NTLM", "Basic"]).unwrap_err().message.contains("(it offers NTLM, Basic)"));
            assert!(chosen("http://10.0.0.1", WINDOWS).unwrap_err().message.contains("by name"));
        }
    }

    #[test]
    fn basic_is_never_chosen_where_it_would_show_the_password() {
        let login = Login::new(Scheme::Auto, "admin", "x");
        for (url, verified) in [("http://hv01", None), ("https://hv01", Some(false))] {
            let error = chosen(&login, url, verified, &["Basic realm=\"WSMAN\""]).unwrap_err();
            assert_eq!((error.kind, error.reached), (ErrorKind::Denied, Reached::No));
            assert!(error.message.contains("(it offers Basic, and Basic would show"), "{error}");
        }
        let negotiate = Login::new(Scheme::Negotiate, "admin", "x");
        assert!(chosen(&negotiate, "http://127.0.0.1", None, &["Basic"]).is_err());
    }

    #[test]
    fn a_scheme_that_was_named_is_the_only_one() {
        let login = |scheme| Login::new(scheme, "svc@lab.test", "x");
        let at = "http://hv01.lab.test";
        assert_eq!(chosen(&login(Scheme::Ntlm), at, None, WINDOWS).unwrap(), [tokens("Negotiate", Mechanism::Ntlm)]);
        let kerberos = [tokens("Kerberos", Mechanism::Kerberos)];
        assert_eq!(chosen(&login(Scheme::Kerberos), at, None, WINDOWS).unwrap(), kerberos);
        let error = chosen(&login(Scheme::Kerberos), "http://10.0.0.1", None, WINDOWS).unwrap_err();
        assert!(error.message.contains("by name"), "{error}");
        assert!(chosen(&login(Scheme::Kerberos), at, None, &["Basic"]).is_err());
        let without_realm = |user| Login::new(Scheme::Kerberos, user, "x");
        let error = chosen(&without_realm("LAB\\svc"), at, None, WINDOWS).unwrap_err();
        assert!(error.kind == ErrorKind::Unsupported && error.message.contains("user's realm"), "{error}");
        assert_eq!(chosen(&without_realm("LAB\\svc").with_kdc("dc01"), at, None, WINDOWS).unwrap(), kerberos);
    }
}
