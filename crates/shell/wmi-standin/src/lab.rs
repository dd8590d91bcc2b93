//! Asks the lab over HTTP on loopback, with as few connections as there are calls at a time.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value as Json;

use crate::status::{FAILED, NOBODY, Status};

/// Where the host's WMI is.
const ADDRESS: &str = "REPRISE_STANDIN";
/// Longest wait for the lab: beyond every limit of a client, and short enough that no thread stays for good.
const WAIT_MAX: Duration = Duration::from_mins(3);
/// Maximum size of an answer, in bytes: a thousand VMs have a few million.
const ANSWER_MAX: usize = 64 * 1024 * 1024;

/// The host's WMI.
#[derive(Clone, Debug)]
pub(crate) struct Lab {
    authority: String,
    path: String,
    /// Connections that nobody uses now.
    idle: Arc<Mutex<Vec<BufReader<TcpStream>>>>,
}

impl Lab {
    /// The host that the environment names.
    pub(crate) fn named() -> Result<Self, Status> {
        let url = std::env::var(ADDRESS).map_err(|_| NOBODY)?;
        Self::at(&url).ok_or(NOBODY)
    }

    fn at(url: &str) -> Option<Self> {
        let (authority, path) = url.strip_prefix("http://")?.split_once('/')?;
        Some(Self { authority: authority.to_owned(), path: format!("/{path}"), idle: Arc::default() })
    }

    /// Asks, and gives the answer; the number of a failure if the host says one.
    pub(crate) fn ask(&self, asked: &Json) -> Result<Json, Status> {
        let (answer, connection) = self.exchange(asked).ok_or(NOBODY)?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        match answer.get("failed").and_then(Json::as_u64) {
            None => Ok(answer),
            Some(number) => Err(u32::try_from(number).map_or(FAILED, Status)),
        }
    }

    fn exchange(&self, asked: &Json) -> Option<(Json, BufReader<TcpStream>)> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => BufReader::new(TcpStream::connect(&self.authority).ok()?),
        };
        let stream = connection.get_mut();
        stream.set_read_timeout(Some(WAIT_MAX)).ok()?;
        stream.set_nodelay(true).ok()?;
        let (body, Self { authority, path, .. }) = (asked.to_string(), self);
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: {authority}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).ok()?;
        let body = read(&mut connection)?;
        Some((serde_json::from_slice(&body).ok()?, connection))
    }
}

/// The body of an answer, which must be a success.
fn read(connection: &mut BufReader<TcpStream>) -> Option<Vec<u8>> {
    let mut line = String::new();
    connection.read_line(&mut line).ok()?;
    let good = line.split(' ').nth(1) == Some("200");
    let mut length = 0;
    loop {
        line.clear();
        if connection.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().ok().filter(|length| *length <= ANSWER_MAX)?;
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).ok()?;
    good.then_some(body)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use serde_json::json;

    use super::*;

    #[test]
    fn one_connection_serves_call_after_call_and_a_failure_is_its_number() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hosts/hv01/wmi", listener.local_addr().unwrap());
        let serve = move || {
            let mut connection = BufReader::new(listener.accept().unwrap().0);
            for answer in [json!({ "objects": [] }), json!({ "failed": 0x8004_1002_u32 }), json!({ "class": {} })] {
                let mut line = String::new();
                while line.trim_end() != "" || line.is_empty() {
                    line.clear();
                    connection.read_line(&mut line).unwrap();
                }
                let mut body = [0; 16];
                connection.read_exact(&mut body).unwrap();
                assert_eq!(&body, br#"{"do":"connect"}"#);
                let text = answer.to_string();
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", text.len());
                connection.get_mut().write_all(format!("{head}{text}").as_bytes()).unwrap();
            }
        };
        let server = std::thread::spawn(serve);
        let lab = Lab::at(&url).unwrap();
        let asked = json!({ "do": "connect" });
        assert_eq!(lab.ask(&asked), Ok(json!({ "objects": [] })));
        assert_eq!(lab.ask(&asked), Err(Status(0x8004_1002)));
        assert_eq!(lab.ask(&asked), Ok(json!({ "class": {} })));
        server.join().unwrap();
        assert_eq!(lab.ask(&asked), Err(NOBODY), "the lab has gone");
        assert!(Lab::at("127.0.0.1").is_none());
    }
}
