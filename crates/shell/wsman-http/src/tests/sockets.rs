//! Many hosts and few connections.

use std::sync::Arc;
use std::time::Duration;

use cim::{CallError, ErrorKind, Reached, Reply};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::{Server, Turn, client, get, hear, instance};
use crate::budget::Budget;
use crate::{Client, Limits, Sockets};

/// Maximum wait for anything: far above what a loaded machine takes.
const PATIENCE: Duration = Duration::from_secs(30);

fn sharing(server: &Server, sockets: &Sockets) -> Client {
    server.client(Limits::default()).sharing(sockets)
}

async fn calls(client: &Client) {
    let answer = client.call(get()).await;
    assert!(matches!(answer, Ok(Reply::Instance(_))), "{answer:?}");
}

/// Hosts that answer one request for each permit; the number of requests that all of them have not answered, now and at most.
struct Holding {
    answers: Arc<Semaphore>,
    held: watch::Receiver<(usize, usize)>,
    urls: Vec<String>,
}

impl Holding {
    async fn new(hosts: usize) -> Self {
        let answers = Arc::new(Semaphore::new(0));
        let (count, held) = watch::channel((0, 0));
        let count = Arc::new(count);
        let Turn::Answer(answer) = instance() else { unreachable!("it answers") };
        let mut urls = Vec::new();
        for _ in 0..hosts {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            urls.push(format!("http://{}/wsman", listener.local_addr().unwrap()));
            let (answers, count, answer) = (Arc::clone(&answers), Arc::clone(&count), answer.clone());
            tokio::spawn(async move {
                let (mut stream, _) = listener.accept().await.unwrap();
                while hear(&mut stream).await.is_some() {
                    count.send_modify(|(now, most)| {
                        *now += 1;
                        *most = (*most).max(*now);
                    });
                    answers.acquire().await.unwrap().forget();
                    count.send_modify(|(now, _)| *now -= 1);
                    stream.write_all(&answer).await.unwrap();
                }
            });
        }
        Self { answers, held, urls }
    }
}

#[tokio::test]
async fn many_hosts_are_asked_within_the_budget_and_each_gets_its_turn() {
    const HOSTS: usize = 12;
    let mut hosts = Holding::new(HOSTS).await;
    let sockets = Sockets::at_most(3);
    let mut asked = JoinSet::new();
    for url in &hosts.urls {
        let client = client(url, Limits::default()).sharing(&sockets);
        asked.spawn(async move { calls(&client).await });
    }
    for answered in 0..HOSTS {
        let left = HOSTS - answered;
        let wait = hosts.held.wait_for(|(now, _)| *now >= left.min(3));
        timeout(PATIENCE, wait).await.expect("as many as may be are asked").unwrap();
        hosts.answers.add_permits(1);
        asked.join_next().await.unwrap().unwrap();
    }
    assert_eq!(*hosts.held.borrow(), (0, 3));
}

#[tokio::test]
async fn the_connection_that_was_idle_for_longest_makes_room() {
    let scene = || vec![vec![instance(), instance(), instance()], vec![instance()]];
    let servers = [Server::new(scene()).await, Server::new(scene()).await, Server::new(scene()).await];
    let sockets = Sockets::at_most(2);
    let [first, second, third] = &servers;
    let clients = servers.each_ref().map(|server| sharing(server, &sockets));
    for at in [0, 1, 2, 1, 0, 1] {
        calls(&clients[at]).await;
    }
    // The third host's call closed the first one's connection, and the first one's second call closed the third's.
    assert_eq!((first.connections(), second.connections(), third.connections()), (vec![0, 1], vec![0, 0, 0], vec![0]));
}

/// A host that answers one request and then tells when the connection is closed.
async fn answers_once() -> (String, oneshot::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/wsman", listener.local_addr().unwrap());
    let (tell, closed) = oneshot::channel();
    let Turn::Answer(answer) = instance() else { unreachable!("it answers") };
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        hear(&mut stream).await.unwrap();
        stream.write_all(&answer).await.unwrap();
        assert!(hear(&mut stream).await.is_none(), "nothing more is asked");
        tell.send(()).unwrap();
    });
    (url, closed)
}

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_time() {
    let (url, closed) = answers_once().await;
    let sockets = Sockets::new(Budget::of(4, 4), Duration::from_millis(20));
    let client = client(&url, Limits::default()).sharing(&sockets);
    calls(&client).await;
    timeout(PATIENCE, closed).await.expect("it is closed while the client lives").unwrap();
    drop(client);
}

#[tokio::test]
async fn the_connections_of_a_client_that_is_gone_are_closed() {
    let (url, closed) = answers_once().await;
    let sockets = Sockets::at_most(4);
    let client = client(&url, Limits::default()).sharing(&sockets);
    calls(&client).await;
    drop(client);
    timeout(PATIENCE, closed).await.expect("it is closed at once").unwrap();
    drop(sockets);
}

#[tokio::test]
async fn whoever_waits_for_a_turn_in_vain_is_told_the_limit() {
    let hosts = Holding::new(1).await;
    let sockets = Sockets::new(Budget::within(Some(12)), PATIENCE);
    let holder = client(&hosts.urls[0], Limits::default()).sharing(&sockets);
    let holding = tokio::spawn(async move { calls(&holder).await });
    timeout(PATIENCE, hosts.held.clone().wait_for(|(now, _)| *now == 1)).await.unwrap().unwrap();
    let server = Server::new(Vec::new()).await;
    let limits = Limits { login: Duration::from_millis(20), ..Limits::default() };
    let CallError { kind, reached, message, .. } =
        server.client(limits).sharing(&sockets).call(get()).await.unwrap_err();
    assert_eq!((kind, reached), (ErrorKind::TimedOut, Reached::No), "{message}");
    assert!(message.contains("was not asked") && message.contains("1 connections that may be open"), "{message}");
    assert!(message.contains("this process may have 12 files open") && message.contains("ulimit -n"), "{message}");
    hosts.answers.add_permits(1);
    holding.await.unwrap();
}
