//! Talking with a Kerberos server: over TCP, within bounds.

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use sspi::generator::NetworkRequest;
use sspi::network_client::NetworkClient;

use crate::files;
use crate::login::Login;

/// The port of Kerberos (RFC 4120 7.2.2).
const PORT: u16 = 88;
/// Maximum size of an answer: a ticket with every group that Windows allows is less than a tenth of this.
const ANSWER_LENGTH_MAX: usize = 1024 * 1024;

/// The way to Kerberos servers, for one login.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kdc {
    /// When the login gives up.
    pub(crate) until: Instant,
    /// Maximum wait for a connection.
    pub(crate) connect: Duration,
}

/// Where the server of a user's realm is. In Active Directory the realm's own name leads to its domain controllers, so no
/// service records need be looked up.
pub(super) fn address(login: &Login) -> String {
    let realm = login.realm().unwrap_or_default();
    if let Some(kdc) = &login.kdc {
        return format!("tcp://{}", with_port(kdc));
    }
    sspi::detect_kdc_url(&realm.to_uppercase())
        .map_or_else(|| format!("tcp://{}", with_port(realm)), |url| url.to_string())
}

fn with_port(kdc: &str) -> String {
    let has_port = kdc.rsplit_once(':').is_some_and(|(host, _)| !host.contains(':') || host.ends_with(']'));
    if has_port { kdc.to_owned() } else { format!("{kdc}:{PORT}") }
}

impl Kdc {
    fn left(&self) -> std::io::Result<Duration> {
        self.until
            .checked_duration_since(Instant::now())
            .filter(|left| !left.is_zero())
            .ok_or_else(|| std::io::Error::from(std::io::ErrorKind::TimedOut))
    }

    fn connect(&self, host: &str, port: u16) -> std::io::Result<TcpStream> {
        let mut last = std::io::Error::new(std::io::ErrorKind::NotFound, "its name has no address");
        for address in (host, port).to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, self.connect.min(self.left()?)) {
                Ok(stream) => return Ok(stream),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Sends a request, which already has its length before it, and gives the answer with its own (RFC 4120 7.2.2).
    fn exchange(&self, host: &str, port: u16, request: &[u8]) -> std::io::Result<Vec<u8>> {
        let mut stream = self.connect(host, port)?;
        stream.set_write_timeout(Some(self.left()?))?;
        stream.write_all(request)?;
        let mut answer = vec![0; 4];
        self.fill(&mut stream, &mut answer)?;
        let length = answer.first_chunk().map_or(0, |length| u32::from_be_bytes(*length));
        let length = usize::try_from(length).ok().filter(|length| *length <= ANSWER_LENGTH_MAX);
        let length = length.ok_or_else(|| std::io::Error::new(std::io::ErrorKind::InvalidData, "it is too long"))?;
        let mut body = vec![0; length];
        self.fill(&mut stream, &mut body)?;
        answer.extend(body);
        Ok(answer)
    }

    fn fill(&self, stream: &mut TcpStream, mut bytes: &mut [u8]) -> std::io::Result<()> {
        while !bytes.is_empty() {
            stream.set_read_timeout(Some(self.left()?))?;
            let length = stream.read(bytes)?;
            if length == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            bytes = bytes.get_mut(length..).unwrap_or_default();
        }
        Ok(())
    }
}

impl NetworkClient for Kdc {
    fn send(&self, request: &NetworkRequest) -> sspi::Result<Vec<u8>> {
        let host = request.url.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = request.url.port().unwrap_or(PORT);
        self.exchange(host, port, &request.data).map_err(|error| {
            let why = files::exhausted(&error).unwrap_or_else(|| error.to_string());
            sspi::Error::new(sspi::ErrorKind::NoAuthenticatingAuthority, format!("{host}:{port}: {why}"))
        })
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;
    use crate::Scheme;

    fn kdc() -> Kdc {
        Kdc { until: Instant::now() + Duration::from_millis(300), connect: Duration::from_millis(300) }
    }

    /// What one exchange comes to with a server that answers with these bytes.
    fn with(answer: &'static [u8], stays: bool) -> std::io::Result<Vec<u8>> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            stream.read_exact(&mut [0; 5]).unwrap();
            stream.write_all(answer).unwrap();
            if stays {
                // Until the client goes.
                let _gone = stream.read(&mut [0]);
            }
        });
        let answered = kdc().exchange("127.0.0.1", port, b"\0\0\0\x01x");
        server.join().unwrap();
        answered
    }

    #[test]
    fn an_answer_comes_with_its_length_and_neither_too_long_nor_too_late() {
        assert_eq!(with(b"\0\0\0\x02abrest", false).unwrap(), b"\0\0\0\x02ab");
        assert_eq!(with(b"\0\0\0\x05ab", false).unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
        assert_eq!(with(b"\xff\xff\xff\xff", true).unwrap_err().kind(), std::io::ErrorKind::InvalidData);
        let late = with(b"\0\0\0\x05ab", true).unwrap_err().kind();
        assert!(matches!(late, std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut), "{late}");
    }

    #[test]
    fn a_named_server_needs_no_port() {
        for (kdc, url) in [
            ("dc01.lab.test", "tcp://dc01.lab.test:88"),
            ("127.0.0.1:4088", "tcp://127.0.0.1:4088"),
            ("[::1]:4088", "tcp://[::1]:4088"),
            ("[::1]", "tcp://[::1]:88"),
        ] {
            assert_eq!(address(&Login::new(Scheme::Kerberos, "svc@lab.test", "x").with_kdc(kdc)), url);
        }
    }
}
