//! A host with several addresses, of which one accepts connections.

use cim::{ErrorKind, Reached, Reply};
use tokio::net::TcpListener;

use super::{BlackHole, Server, client, get, instance};
use crate::Limits;

/// An address at which nobody listens.
async fn refusing(host: &str) -> std::net::SocketAddr {
    TcpListener::bind((host, 0)).await.unwrap().local_addr().unwrap()
}

#[tokio::test]
async fn a_host_is_reached_whichever_of_its_addresses_answers() {
    let hole = BlackHole::at("127.0.0.2:0").await;
    let refusing = [refusing("127.0.0.3").await, refusing("127.0.0.4").await];
    for before in [vec![hole.address], refusing.to_vec(), vec![refusing[0], hole.address, hole.address, refusing[1]]] {
        let server = Server::new(vec![vec![instance()]]).await;
        let addresses = [before.clone(), vec![server.address]].concat();
        // The name does not resolve: a client that asked the system would fail.
        let client = client("http://hv01.invalid/wsman", Limits::default()).at_addresses(addresses);
        let answer = client.call(get()).await;
        assert!(matches!(answer, Ok(Reply::Instance(_))), "{before:?}: {answer:?}");
        assert_eq!(server.connections(), [0]);
    }
}

#[tokio::test]
async fn where_no_address_accepts_a_connection_each_is_named_with_its_reason() {
    let addresses = vec![refusing("127.0.0.3").await, refusing("127.0.0.4").await];
    let client = client("http://hv01.invalid/wsman", Limits::default()).at_addresses(addresses.clone());
    let error = client.call(get()).await.unwrap_err();
    assert_eq!((error.kind, error.reached), (ErrorKind::Unreachable, Reached::No));
    assert!(error.message.contains("none of its 2 addresses accepts a connection"), "{error}");
    assert!(addresses.iter().all(|address| error.message.contains(&address.to_string())), "{error}");
}
