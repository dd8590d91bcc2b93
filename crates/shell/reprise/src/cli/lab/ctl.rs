//! `lab ctl`: sends one request to a lab's control API.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use clap::Args;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use wsman_http::Endpoint;

use crate::client::escaped;
use crate::console::{complain, print};
use crate::exit;
use crate::render::Terminal;
use crate::usage::Usage;

/// Width of the methods' column.
const METHOD: usize = 13;
/// Maximum wait for the control API.
const CONTROL_WAIT: Duration = Duration::from_secs(30);

/// Control a lab: GET for /world and /routes, POST for everything else.
#[derive(Args)]
#[command(after_help = "Example:\n  reprise lab ctl --endpoints lab.json /hosts/hv01.lab.test/shutdown in_flight=all")]
pub(super) struct Arguments {
    /// Route of the control API, such as /world
    path: String,
    /// Parameters of the request
    #[arg(value_name = "KEY=VALUE")]
    parameters: Vec<String>,
    /// File that `lab up --endpoints` wrote
    #[arg(long, value_name = "FILE", required_unless_present = "control")]
    endpoints: Option<PathBuf>,
    /// Address of the control API
    #[arg(long, value_name = "URL", conflicts_with = "endpoints")]
    control: Option<String>,
    /// Send DELETE instead of POST
    #[arg(long)]
    delete: bool,
}

pub(super) async fn ctl(arguments: Arguments) -> Result<ExitCode, Usage> {
    let cannot = |why: String, next: &str| Usage::new("cannot control the lab", why, next);
    let control = match (&arguments.control, &arguments.endpoints) {
        (Some(control), _) => control.clone(),
        (None, Some(path)) => {
            control_of(path).map_err(|why| cannot(why, "name the file that `lab up --endpoints FILE` wrote"))?
        }
        (None, None) => return Err(cannot("no address is given".to_owned(), "add --endpoints FILE")),
    };
    let control = Endpoint::parse(&control)
        .map_err(|error| cannot(error.to_string(), "name the address that `lab up` shows as `control`"))?;
    let mut query = Vec::new();
    for parameter in &arguments.parameters {
        let (key, value) = parameter
            .split_once('=')
            .ok_or_else(|| cannot(format!("`{parameter}` is not KEY=VALUE"), "write parameters as key=value"))?;
        query.push(format!("{}={}", escaped(key), escaped(value)));
    }
    let path = arguments.path.trim_start_matches('/').split('/').map(escaped).collect::<Vec<_>>().join("/");
    let method = match path.as_str() {
        "world" | "routes" => Method::GET,
        _ if arguments.delete => Method::DELETE,
        _ => Method::POST,
    };
    let route = if query.is_empty() { format!("/{path}") } else { format!("/{path}?{}", query.join("&")) };
    let asked = tokio::time::timeout(CONTROL_WAIT, ask(&control, method, &route)).await;
    Ok(show(&control, &route, asked.unwrap_or_else(|_| Err(format!("no answer within {} s", CONTROL_WAIT.as_secs())))))
}

fn show(control: &Endpoint, route: &str, asked: Result<(StatusCode, String), String>) -> ExitCode {
    let printed = match asked {
        Ok((status, body)) if status.is_success() => {
            let table = Some(route).filter(|route| *route == "/routes" && std::io::stdout().is_terminal());
            let text = table
                .and_then(|_| routes(&body, Terminal::here().width))
                .unwrap_or_else(|| format!("{}\n", body.trim_end()));
            print(&text).is_no_failure()
        }
        Ok((status, body)) => {
            complain(&format!(
                "the lab refused {route}\n  why:  {status}: {body}\n  next: see `reprise lab ctl --control http://{} /routes`",
                control.authority()
            ));
            false
        }
        Err(why) => {
            complain(&format!(
                "cannot reach the lab at {}\n  why:  {why}\n  next: start it with `reprise lab up`",
                control.authority()
            ));
            false
        }
    };
    ExitCode::from(if printed { exit::OK } else { exit::FAILED })
}

/// The routes as a table for people.
fn routes(body: &str, width: Option<usize>) -> Option<String> {
    let document: serde_json::Value = serde_json::from_str(body).ok()?;
    let texts = |key: &str| document.get(key)?.as_array().map(|list| list.iter().filter_map(|text| text.as_str()));
    let mut table = "METHOD       ROUTE\n".to_owned();
    for (method, route) in texts("routes")?.filter_map(|route| route.split_once(' ')) {
        let lines = wrapped(route, width.map_or(usize::MAX, |width| width.saturating_sub(METHOD)));
        let _infallible = writeln!(table, "{method:<11}  {}", lines.join(&format!("\n{}", " ".repeat(METHOD))));
    }
    table.push_str("\nFAULT                PARAMETERS (POST or DELETE /faults/FAULT)\n");
    for (fault, parameters) in texts("faults")?.filter_map(|fault| fault.split_once(": ")) {
        let _infallible = writeln!(table, "{fault:<19}  {parameters}");
    }
    Some(table)
}

/// Wraps a route before what separates its parameters and their values.
fn wrapped(route: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let mut rest = route;
    while let Some(first) = rest.chars().next() {
        let end = rest.char_indices().skip(1).find(|(_, c)| "[&|".contains(*c)).map_or(rest.len(), |(at, _)| at);
        let (piece, more) = rest.split_at(end.max(first.len_utf8()));
        match lines.last_mut().filter(|line| line.is_empty() || line.len() + piece.len() <= width) {
            Some(line) => line.push_str(piece),
            None => lines.push(piece.to_owned()),
        }
        rest = more;
    }
    lines
}

fn control_of(path: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let document: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    let control = document.get("control").and_then(serde_json::Value::as_str);
    control.map(ToOwned::to_owned).ok_or_else(|| format!("{} has no key `control`", path.display()))
}

async fn ask(control: &Endpoint, method: Method, route: &str) -> Result<(StatusCode, String), String> {
    let authority = control.authority();
    let stream = TcpStream::connect(&authority).await.map_err(|error| error.to_string())?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    let connection = tokio::spawn(connection);
    let request = Request::builder().method(method).uri(route).header("host", &authority).body(Empty::<Bytes>::new());
    let request = request.map_err(|error| error.to_string())?;
    let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
    let status = response.status();
    let body = response.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
    connection.abort();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_route_is_wrapped_before_a_parameter_and_nothing_of_it_is_lost() {
        let route = "/vms/{id}/set?[leg=&side=&]state|mode|running|enabled|provider|failed_over_type|auto_resync";
        let body = serde_json::json!({"routes": [format!("POST {route}")], "faults": []}).to_string();
        let table = super::routes(&body, Some(64)).unwrap();
        assert!(table.lines().all(|line| line.len() <= 64), "{table}");
        assert!(table.contains("|running\n             |enabled|provider|"), "{table}");
        assert!(table.split_whitespace().collect::<String>().contains(route), "{table}");
    }

    #[test]
    fn the_routes_are_a_table_for_people() {
        let body = r#"{"routes": ["GET /world", "POST|DELETE /faults/{kind}"], "faults": ["busy: host, count"]}"#;
        let expected = "METHOD       ROUTE\nGET          /world\nPOST|DELETE  /faults/{kind}\n\n\
                        FAULT                PARAMETERS (POST or DELETE /faults/FAULT)\nbusy                 host, count\n";
        assert_eq!(super::routes(body, None).as_deref(), Some(expected));
        assert_eq!(super::routes("[]", None), None);
    }
}
