//! Where a service is: the parts of its URL.

use std::fmt;
use std::net::IpAddr;

/// The port of WinRM over HTTP.
const HTTP_PORT: u16 = 5985;
/// The port of WinRM over HTTPS.
const HTTPS_PORT: u16 = 5986;

/// The address of a WS-Management service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    secure: bool,
    host: String,
    port: u16,
    path: String,
}

/// The text is no address of a service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a WS-Management address: {problem} (expected http[s]://HOST[:PORT]/wsman)")]
pub struct EndpointError {
    /// What was read.
    pub text: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl Endpoint {
    /// Reads `http[s]://HOST[:PORT][/wsman]`. Ports 5985 and 5986, and the path `/wsman`, may be left out.
    ///
    /// # Errors
    /// [`EndpointError`] says what is wrong.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let error = |problem| EndpointError { text: text.to_owned(), problem };
        let (scheme, rest) = text.trim().split_once("://").ok_or_else(|| error("it has no scheme"))?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(error("its scheme is neither http nor https")),
        };
        let (authority, path) = rest.split_once('/').map_or((rest, ""), |(authority, path)| (authority, path));
        if authority.contains('@') {
            return Err(error("it holds a user name; logins are given apart"));
        }
        let (host, port) = split_port(authority).ok_or_else(|| error("its port is not a number from 1 to 65535"))?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
        if host.is_empty() || !host.chars().all(allowed) {
            return Err(error("its host is missing or has characters that no host name has"));
        }
        if path.chars().any(|c| c.is_whitespace() || c.is_control() || !c.is_ascii()) {
            return Err(error("its path has characters that must be escaped"));
        }
        let path = if path.is_empty() { "/wsman".to_owned() } else { format!("/{path}") };
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
        self.host.parse::<IpAddr>().is_ok()
    }

    /// `HOST:PORT`, as the Host header and messages want it.
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// Host and port, if one is given; `None` if the port is none.
fn split_port(authority: &str) -> Option<(String, Option<u16>)> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        let port = match after.strip_prefix(':') {
            Some(port) => Some(port.parse().ok().filter(|p| *p > 0)?),
            None if after.is_empty() => None,
            None => return None,
        };
        return Some((host.to_owned(), port));
    }
    match authority.rsplit_once(':') {
        Some((host, port)) => Some((host.to_owned(), Some(port.parse().ok().filter(|p| *p > 0)?))),
        None => Some((authority.to_owned(), None)),
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", if self.secure { "https" } else { "http" }, self.authority(), self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_and_the_path_may_be_left_out() {
        for (text, written) in [
            ("http://hv01", "http://hv01:5985/wsman"),
            ("https://hv01.lab.test/wsman", "https://hv01.lab.test:5986/wsman"),
            ("http://127.0.0.1:4711/wsman", "http://127.0.0.1:4711/wsman"),
            ("HTTP://[::1]:80/x", "http://[::1]:80/x"),
        ] {
            assert_eq!(Endpoint::parse(text).unwrap().to_string(), written);
        }
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_reason() {
        for text in [
            "hv01",
            "ftp://hv01",
            "http://",
            "http://hv01:0",
            "http://hv01:x",
            "http://u:p@hv01",
            "http://hv 01",
            "http://h/\u{7f}",
        ] {
            let error = Endpoint::parse(text).unwrap_err();
            assert!(error.to_string().contains("expected http"), "{error}");
        }
    }
}
