//! Connects to a host by whichever of its addresses answers first (RFC 8305, Happy Eyeballs).
//!
//! A host with several networks has addresses that this computer cannot reach, and one that swallows packets must not hide the
//! others. So attempts start a quarter of a second apart, or at once when one has failed; the first connection wins, and the other
//! attempts are dropped.

#[cfg(test)]
mod tests;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use cim::{CallError, ErrorKind, Reached};
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::endpoint::Endpoint;
use crate::files;

/// Time between the starts of two attempts (RFC 8305, section 8: "Connection Attempt Delay").
const NEXT_AFTER: Duration = Duration::from_millis(250);
/// Maximum number of addresses that are tried: as many as start within the time that a connection has (5 s), with a second left
/// for the last one.
const ADDRESSES_MAX: usize = 16;

/// How a host's name becomes addresses.
#[derive(Clone, Debug, Default)]
pub(crate) enum Resolver {
    /// As the system has it.
    #[default]
    System,
    /// As a test has it.
    #[cfg(test)]
    Fixed(Vec<SocketAddr>),
}

impl Resolver {
    pub(crate) async fn addresses(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        match self {
            Self::System => Ok(lookup_host((host, port)).await?.collect()),
            #[cfg(test)]
            Self::Fixed(addresses) => Ok(addresses.clone()),
        }
    }
}

/// A TCP connection to one of a host's addresses.
pub(crate) async fn dial(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let stream = race(in_turns(addresses), TcpStream::connect).await?;
    // Small messages one after the other: waiting to fill packets would only delay them.
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The addresses in the order in which they are tried: the system's, but families take turns, so that one that leads nowhere
/// holds up the other by one attempt (RFC 8305, section 4).
fn in_turns(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let family = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let (mut first, mut second): (Vec<SocketAddr>, Vec<SocketAddr>) =
        addresses.iter().partition(|own| own.is_ipv6() == family);
    first.reverse();
    second.reverse();
    let mut order = Vec::with_capacity(addresses.len());
    while order.len() < ADDRESSES_MAX && !(first.is_empty() && second.is_empty()) {
        order.extend(first.pop());
        order.extend(second.pop());
    }
    order.truncate(ADDRESSES_MAX);
    order
}

/// The first connection of attempts that start one after the other.
async fn race<S, F>(addresses: Vec<SocketAddr>, connect: impl Fn(SocketAddr) -> F) -> io::Result<S>
where
    S: Send + 'static,
    F: Future<Output = io::Result<S>> + Send + 'static,
{
    let mut left = addresses.into_iter();
    // Dropping the set ends what is under way.
    let mut under_way = JoinSet::new();
    let mut failures = Vec::new();
    let mut start = |under_way: &mut JoinSet<_>| {
        let next = left.next();
        if let Some(address) = next {
            let attempt = connect(address);
            under_way.spawn(async move { (address, attempt.await) });
        }
        next.map(|_| Instant::now() + NEXT_AFTER)
    };
    let mut next_at = start(&mut under_way);
    loop {
        let ended = tokio::select! {
            ended = under_way.join_next() => ended,
            () = sleep_until(next_at.unwrap_or_else(Instant::now)), if next_at.is_some() => {
                next_at = start(&mut under_way);
                continue;
            }
        };
        match ended {
            Some(Ok((_, Ok(stream)))) => return Ok(stream),
            Some(Ok((address, Err(error)))) => failures.push((address, error)),
            Some(Err(error)) => tracing::error!(%error, "an attempt to connect broke; this is a bug"),
            None => return Err(all_failed(failures)),
        }
        next_at = start(&mut under_way);
    }
}

/// Why no address answers: of one its error alone, of several each with its own.
fn all_failed(mut failures: Vec<(SocketAddr, io::Error)>) -> io::Error {
    // That no more files can be opened is said of this process, not of the address.
    if let Some(own) = failures.iter().position(|(_, error)| files::exhausted(error).is_some()) {
        return failures.swap_remove(own).1;
    }
    match failures.len() {
        0 => io::Error::new(io::ErrorKind::NotFound, "its name has no address"),
        1 => failures.remove(0).1,
        count => {
            let kind = failures.first().map_or(io::ErrorKind::Other, |(_, error)| error.kind());
            let each: Vec<String> = failures.iter().map(|(address, error)| format!("{address}: {error}")).collect();
            io::Error::new(kind, format!("none of its {count} addresses accepts a connection ({})", each.join("; ")))
        }
    }
}

/// Why no connection to a host came about, from the system's error.
pub(crate) fn not_connected(endpoint: &Endpoint, error: &io::Error) -> CallError {
    match files::exhausted(error) {
        Some(why) => CallError::new(ErrorKind::Unreachable, Reached::No, format!("{endpoint} was not asked: {why}")),
        None => unreachable(endpoint, &error.to_string()),
    }
}

/// A host that is not reached, and why.
pub(crate) fn unreachable(endpoint: &Endpoint, why: &str) -> CallError {
    CallError::new(ErrorKind::Unreachable, Reached::No, format!("cannot reach {endpoint}: {why}"))
}
