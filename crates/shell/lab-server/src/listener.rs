//! A host's port: it accepts, refuses or swallows connections, and keeps its number over reboots.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use reprise_lab::Face;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::endpoint;
use crate::site::{Port, Site};

/// Connections that wait to be accepted: more than any client opens at once.
const BACKLOG: i32 = 1_024;

/// What listens on one host's port.
pub(crate) struct HostListener {
    host: usize,
    address: SocketAddr,
    /// Bound and never listening: it keeps the number while the host is off, and a connection to it is refused.
    _keeper: Socket,
    wanted: watch::Receiver<Face>,
    actual: watch::Sender<Face>,
}

fn bind(address: SocketAddr) -> std::io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Lets a listener share the number with the keeper, and come back while old connections linger.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

impl HostListener {
    /// Binds a port of a loopback address for a host that behaves like `face` at first. The other value is the site's handle to it.
    pub(crate) fn bind(host: usize, face: Face, loopback: IpAddr) -> std::io::Result<(Self, Port)> {
        let keeper = bind(SocketAddr::from((loopback, 0)))?;
        let address = keeper.local_addr()?.as_socket().ok_or(std::io::ErrorKind::AddrNotAvailable)?;
        let (ask, wanted) = watch::channel(face);
        let (actual, seen) = watch::channel(Face::Refuse);
        let port = Port { address, wanted: ask, actual: seen };
        Ok((Self { host, address, _keeper: keeper, wanted, actual }, port))
    }

    /// Follows the host for as long as the lab runs.
    pub(crate) async fn keep(mut self, site: Arc<Site>) {
        loop {
            let face = *self.wanted.borrow_and_update();
            let ended = match face {
                Face::Refuse => {
                    self.actual.send_replace(face);
                    self.wanted.changed().await.is_err()
                }
                Face::Open | Face::Swallow => self.listen(face, &site).await,
            };
            if ended {
                return;
            }
        }
    }

    /// Listens until the host behaves otherwise; true if the lab has ended. Leaving drops every connection.
    async fn listen(&mut self, face: Face, site: &Arc<Site>) -> bool {
        let listener = match self.open() {
            Ok(listener) => listener,
            Err(error) => {
                tracing::error!(%error, address = %self.address, "a port cannot be opened again");
                return self.wanted.changed().await.is_err();
            }
        };
        self.actual.send_replace(face);
        let mut connections: JoinSet<()> = JoinSet::new();
        loop {
            tokio::select! {
                changed = self.wanted.changed() => match changed {
                    Ok(()) if *self.wanted.borrow() == face => {}
                    Ok(()) => return false,
                    Err(_) => return true,
                },
                accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                    match face {
                        Face::Open => { connections.spawn(endpoint::serve(stream, self.host, Arc::clone(site))); }
                        Face::Swallow => { connections.spawn(swallow(stream)); }
                        Face::Refuse => {}
                    }
                },
                Some(_) = connections.join_next() => {}
            }
        }
    }

    fn open(&self) -> std::io::Result<TcpListener> {
        let socket = bind(self.address)?;
        socket.listen(BACKLOG)?;
        TcpListener::from_std(socket.into())
    }
}

/// Accepts connections and never answers; ends with the listener.
async fn swallow(stream: TcpStream) {
    let _held = stream;
    std::future::pending::<()>().await;
}
