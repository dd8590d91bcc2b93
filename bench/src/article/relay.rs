//! A relay between a client and the lab that counts the bytes of the hosts' replies.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// Size of the buffer in bytes.
const CHUNK: usize = 64 * 1024;

/// A relay in front of each host, until the runtime ends.
pub(super) struct Relay {
    /// The hosts' addresses as clients of the relay see them, in the lab's order.
    pub(super) urls: Vec<String>,
    answered: Arc<AtomicU64>,
}

impl Relay {
    pub(super) async fn start(urls: &[String]) -> Result<Self> {
        let answered = Arc::new(AtomicU64::new(0));
        let mut own = Vec::new();
        for url in urls {
            let rest = url.strip_prefix("http://").context("a host's address is not http")?;
            let (authority, path) = rest.split_once('/').context("a host's address has no path")?;
            let target: SocketAddr = authority.parse().context("a host's address is not an IP address and port")?;
            let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
            own.push(format!("http://{}/{path}", listener.local_addr()?));
            tokio::spawn(accept(listener, target, Arc::clone(&answered)));
        }
        Ok(Self { urls: own, answered })
    }

    /// Returns how many bytes the hosts have sent.
    pub(super) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }
}

async fn accept(listener: TcpListener, target: SocketAddr, answered: Arc<AtomicU64>) {
    while let Ok((client, _)) = listener.accept().await {
        let answered = Arc::clone(&answered);
        tokio::spawn(async move {
            let Ok(host) = TcpStream::connect(target).await else { return };
            // Small messages must not be delayed.
            if client.set_nodelay(true).and(host.set_nodelay(true)).is_err() {
                return;
            }
            let (from_client, to_client) = client.into_split();
            let (from_host, to_host) = host.into_split();
            tokio::join!(carry(from_client, to_host, None), carry(from_host, to_client, Some(&answered)));
        });
    }
}

/// Copies bytes until either end closes the connection.
async fn carry(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, count: Option<&AtomicU64>) {
    let mut chunk = vec![0; CHUNK];
    while let Ok(length) = from.read(&mut chunk).await {
        let Some(bytes) = chunk.get(..length).filter(|bytes| !bytes.is_empty()) else { break };
        if let Some(count) = count {
            count.fetch_add(u64::try_from(length).unwrap_or(0), Ordering::Relaxed);
        }
        if to.write_all(bytes).await.is_err() {
            break;
        }
    }
    // Signals the end to the other side. An error means that it has already closed the connection.
    let _gone = to.shutdown().await;
}
