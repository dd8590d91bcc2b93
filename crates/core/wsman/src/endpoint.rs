//! The address of a service: the parts of its URL. It never holds a login.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

/// The port of WinRM over HTTP.
const HTTP_PORT: u16 = 5985;
/// The path of WinRM.
const PATH: &str = "/wsman";
/// The port of WinRM over HTTPS.
const HTTPS_PORT: u16 = 5986;

/// How an address is written.
const FORM: &str = "http[s]://HOST[:PORT]/wsman";

/// What stands before the zone of a link-local address.
const ZONE: char = '%';

/// The address of a WS-Management service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    secure: bool,
    host: String,
    port: u16,
    path: String,
}

/// The text is not an address of a service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{shown}` is not a WS-Management address: {problem} (expected {expected})")]
pub struct EndpointError {
    /// What was read, without a login that stands in it.
    shown: String,
    /// The address that was probably meant, else the general form of one.
    pub expected: String,
    /// What is wrong with it.
    pub problem: EndpointProblem,
}

/// What is wrong with a text that should be an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointProblem {
    /// It holds a user name or a password, which everyone who sees the address could read.
    #[error("it holds a login, which must be given separately")]
    Login,
    /// It does not say `http://` or `https://`.
    #[error("it has no scheme")]
    NoScheme,
    /// Its scheme is neither of these.
    #[error("its scheme is neither http nor https")]
    Scheme,
    /// It is an IPv6 address without brackets, so that its port is ambiguous.
    #[error("an IPv6 address must be in brackets")]
    Brackets,
    /// The zone of an IPv6 address is missing after its `%`, or the address is not link-local and so has none.
    #[error("only a link-local IPv6 address (fe80::/10) has a zone, and after `%` one must follow")]
    Zone,
    /// The port is not a valid port number.
    #[error("its port is not a number from 1 to 65535")]
    Port,
    /// The host is missing, or is neither a name nor an address.
    #[error("its host is missing or has characters that a host name cannot have")]
    Host,
    /// It has another path than `/wsman`, a query or a fragment.
    #[error("its path is not /wsman")]
    Path,
}

impl Endpoint {
    /// Reads `http[s]://HOST[:PORT][/wsman]`. Ports 5985 and 5986, and the path `/wsman`, may be left out.
    ///
    /// # Errors
    /// [`EndpointError`] says what is wrong. It never repeats a login that stands in the text.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let text = text.trim();
        Self::read(text).map_err(|problem| {
            let meant = meant(text, problem).and_then(|meant| Self::read(&meant).ok());
            let expected = meant.map_or_else(|| FORM.to_owned(), |meant| meant.to_string());
            EndpointError { shown: shown(text), expected, problem }
        })
    }

    fn read(text: &str) -> Result<Self, EndpointProblem> {
        if end_of_login(text).is_some() {
            return Err(EndpointProblem::Login);
        }
        let (scheme, rest) = text.split_once("://").ok_or(EndpointProblem::NoScheme)?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(EndpointProblem::Scheme),
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let (host, port) = split_port(authority)?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | ZONE);
        // Only an address in brackets has a zone, and that has been read.
        let is_name = !host.contains(':');
        if host.is_empty() || !host.chars().all(allowed) || (is_name && host.contains(ZONE)) {
            return Err(EndpointProblem::Host);
        }
        let is_service = ["", "/", PATH, "/wsman/"].iter().any(|known| path.eq_ignore_ascii_case(known));
        if !is_service {
            return Err(EndpointProblem::Path);
        }
        let path = PATH.to_owned();
        Ok(Self { secure, host, port: port.unwrap_or(if secure { HTTPS_PORT } else { HTTP_PORT }), path })
    }

    /// The host, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The same service on another host.
    #[must_use]
    pub fn with_host(&self, host: &str) -> Self {
        Self { host: host.to_owned(), ..self.clone() }
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The path, from its first slash.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether it is HTTPS.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether the host is given by an address rather than a name.
    pub fn is_address(&self) -> bool {
        self.host_without_zone().parse::<IpAddr>().is_ok()
    }

    /// The host without the zone of a link-local address, which means something on this computer only (RFC 6874, 1).
    pub fn host_without_zone(&self) -> &str {
        self.host.split_once(ZONE).map_or(self.host.as_str(), |(address, _)| address)
    }

    /// `HOST:PORT`, as messages want it.
    pub fn authority(&self) -> String {
        self.with_port(&self.host)
    }

    /// The value of the Host header: `HOST:PORT` without a zone.
    pub fn host_header(&self) -> String {
        self.with_port(self.host_without_zone())
    }

    fn with_port(&self, host: &str) -> String {
        if host.contains(':') { format!("[{host}]:{}", self.port) } else { format!("{host}:{}", self.port) }
    }
}

/// Host and port, if one is given.
fn split_port(authority: &str) -> Result<(String, Option<u16>), EndpointProblem> {
    let number = |port: &str| port.parse().ok().filter(|port| *port > 0).ok_or(EndpointProblem::Port);
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']').ok_or(EndpointProblem::Host)?;
        let host = literal(host)?;
        let port = match after.strip_prefix(':') {
            Some(port) => Some(number(port)?),
            None if after.is_empty() => None,
            None => return Err(EndpointProblem::Port),
        };
        return Ok((host, port));
    }
    match authority.rsplit_once(':') {
        Some((host, _)) if host.contains(':') => Err(EndpointProblem::Brackets),
        Some((host, port)) => Ok((host.to_owned(), Some(number(port)?))),
        None => Ok((authority.to_owned(), None)),
    }
}

/// What was probably meant by a text that is not an address for want of a scheme or of brackets, or for a zone too many.
fn meant(text: &str, problem: EndpointProblem) -> Option<String> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    let authority = rest.split(['/', '?', '#']).next()?;
    let in_brackets = |host: &str| literal(host).ok().map(|_| format!("[{host}]"));
    let with_port = || {
        let (host, port) = authority.rsplit_once(':')?;
        Some((format!("{}:{port}", in_brackets(host)?), port))
    };
    let authority = match problem {
        EndpointProblem::NoScheme if !authority.contains("::") => authority.to_owned(),
        // The last group may be a port: it is if it is WinRM's, and if the address is none with it.
        EndpointProblem::NoScheme | EndpointProblem::Brackets => match with_port() {
            Some((address, "5985" | "5986")) => address,
            other => in_brackets(authority).or(other.map(|(address, _)| address))?,
        },
        EndpointProblem::Zone => {
            let (host, after) = authority.strip_prefix('[')?.split_once(']')?;
            let (address, _) = host.split_once(ZONE)?;
            format!("[{address}]{after}")
        }
        EndpointProblem::Login
        | EndpointProblem::Scheme
        | EndpointProblem::Port
        | EndpointProblem::Host
        | EndpointProblem::Path => return None,
    };
    Some(format!("{scheme}://{authority}"))
}

/// An IPv6 address that stands in brackets. Its zone may follow `%`, or `%25` as RFC 6874 has it.
fn literal(text: &str) -> Result<String, EndpointProblem> {
    let address = |text: &str| text.parse::<Ipv6Addr>().map_err(|_| EndpointProblem::Host);
    let Some((host, zone)) = text.split_once("%25").or_else(|| text.split_once(ZONE)) else {
        return address(text).map(|_| text.to_owned());
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let is_zone = !zone.is_empty() && zone.chars().all(allowed);
    if !is_zone || !address(host)?.is_unicast_link_local() {
        return Err(EndpointProblem::Zone);
    }
    Ok(format!("{host}{ZONE}{zone}"))
}

/// Where a login ends that stands in the text; the `@` behind it may be escaped. No address of a service has either.
fn end_of_login(text: &str) -> Option<usize> {
    let plain = text.rfind('@').map(|at| at + 1);
    plain.max(text.rfind("%40").map(|at| at + 3))
}

/// The text as it may be shown: without anything that may belong to a login.
fn shown(text: &str) -> String {
    // What stands behind a host may be a secret too, such as a token.
    let cut = |text: &str| match text.find(['?', '#']) {
        Some(at) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    };
    let Some(host) = end_of_login(text).and_then(|end| text.get(end..)) else { return cut(text) };
    let host = cut(host);
    let scheme = ["http://", "https://"].into_iter().find(|scheme| text.starts_with(scheme)).unwrap_or_default();
    format!("{scheme}…@{host}")
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", if self.secure { "https" } else { "http" }, self.authority(), self.path)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_expected_is_the_address_that_was_written_and_no_other() {
        for (text, expected) in [
            ("http://2001:db8::a", "http://[2001:db8::a]:5985/wsman"),
            ("https://2001:db8::a:5986/wsman", "https://[2001:db8::a]:5986/wsman"),
            ("http://2001:db8::a:b:47001", "http://[2001:db8::a:b]:47001/wsman"),
            ("http://fe80::1%eth0", "http://[fe80::1%eth0]:5985/wsman"),
            ("fe80::1%eth0", "http://[fe80::1%eth0]:5985/wsman"),
            ("http://[fd00::7%eth0]:47001", "http://[fd00::7]:47001/wsman"),
            ("hv03", "http://hv03:5985/wsman"),
            ("http://1:2:x", FORM),
            ("http://[fe80::1%]:x", FORM),
            ("http://svc:secret@fd00::1", FORM),
            ("ftp://hv01", FORM),
        ] {
            let error = Endpoint::parse(text).unwrap_err();
            assert_eq!(error.expected, expected, "{text}");
            assert!(!error.to_string().contains("fd00::1]"), "{error}");
        }
    }

    #[test]
    fn ports_and_the_path_may_be_left_out() {
        for (text, written) in [
            ("http://hv01", "http://hv01:5985/wsman"),
            ("https://hv01.lab.test/wsman", "https://hv01.lab.test:5986/wsman"),
            ("http://127.0.0.1:4711/wsman", "http://127.0.0.1:4711/wsman"),
            ("HTTP://[::1]:80/WSMan/", "http://[::1]:80/wsman"),
        ] {
            assert_eq!(Endpoint::parse(text).unwrap().to_string(), written);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_reason() {
        use EndpointProblem as P;
        for (text, problem) in [
            ("hv01", P::NoScheme),
            ("ftp://hv01", P::Scheme),
            ("http://", P::Host),
            ("http://hv01:0", P::Port),
            ("http://hv01:x", P::Port),
            ("http://[::1]x", P::Port),
            ("http://hv 01", P::Host),
            ("http://[hv01]", P::Host),
            ("http://[::1", P::Host),
            ("http://fd00::1:20", P::Brackets),
            ("http://h/\u{7f}", P::Path),
            ("http://h/other", P::Path),
            ("http://h/wsman/x", P::Path),
        ] {
            let error = Endpoint::parse(text).unwrap_err();
            assert_eq!(error.problem, problem, "{text}");
            assert!(error.to_string().contains("expected http") && error.to_string().contains(text), "{error}");
        }
    }

    #[test]
    fn a_link_local_address_has_a_zone_that_no_host_is_told() {
        for text in ["http://[fe80::1%eth0]:80/wsman", "http://[fe80::1%25eth0]:80"] {
            let endpoint = Endpoint::parse(text).unwrap();
            assert_eq!(endpoint.to_string(), "http://[fe80::1%eth0]:80/wsman");
            assert_eq!((endpoint.host(), endpoint.host_without_zone()), ("fe80::1%eth0", "fe80::1"));
            assert_eq!(endpoint.host_header(), "[fe80::1]:80");
            assert!(endpoint.is_address());
            assert_eq!(Endpoint::parse(&endpoint.to_string()).unwrap(), endpoint);
        }
        for (text, problem) in [
            ("http://[fe80::1%]", EndpointProblem::Zone),
            ("http://[fe80::1%e/0]", EndpointProblem::Host),
            ("http://[fd00::1%eth0]", EndpointProblem::Zone),
            ("http://fe80::1%eth0", EndpointProblem::Brackets),
            ("http://[fe80::x%eth0]", EndpointProblem::Host),
        ] {
            assert_eq!(Endpoint::parse(text).unwrap_err().problem, problem, "{text}");
        }
        // A name has none.
        assert!(Endpoint::parse("http://hv01%eth0").is_err());
    }

    #[test]
    fn what_stands_behind_the_path_is_refused_and_not_repeated() {
        for text in ["http://hv01/wsman?token=hunter2", "http://hv01/wsman#hunter2", "http://hv01#hunter2"] {
            let error = Endpoint::parse(text).unwrap_err();
            assert_eq!(error.problem, EndpointProblem::Path, "{text}");
            assert!(!error.to_string().contains("hunter2") && error.to_string().contains("hv01"), "{error}");
        }
    }

    #[test]
    fn a_login_in_an_address_is_refused_and_not_repeated() {
        for text in [
            "http://svc:hunter2@hv01:5985/wsman",
            "HTTP://svc:hunter2@hv01",
            "svc:hunter2@hv01",
            "http://svc:hun/ter2@hv01",
            "http://svc:hun@ter2@hv01",
            "http://svc:hun#ter2@hv01/wsman?a=ter2",
            "http://svc:hunter2%40hv01",
            "https://hunter2@hv01",
            "ftp://svc:hunter2@hv01:x",
        ] {
            let error = Endpoint::parse(text).unwrap_err();
            assert_eq!(error.problem, EndpointProblem::Login, "{text}");
            for told in [error.to_string(), format!("{error:?}")] {
                assert!(!told.contains("hun") && !told.contains("ter2") && !told.contains("svc"), "{told}");
                assert!(told.contains("@hv01"), "{told}");
            }
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_what_is_read_reads_back_the_same(text in "(https?://)?[a-z0-9:.@%/\\[\\]é -]{0,30}") {
            if let Ok(endpoint) = Endpoint::parse(&text) {
                prop_assert_eq!(Endpoint::parse(&endpoint.to_string()), Ok(endpoint));
            }
        }
    }
}
