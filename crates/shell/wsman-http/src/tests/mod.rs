//! The client against a server that follows a script, with every way in which HTTP goes wrong.

mod addresses;
mod faults;
mod hostile;
mod sockets;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cim::{CallError, ErrorKind, Hint, Name, ObjectPath, Reached, Reply, Request, wql};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::{Client, Endpoint, Limits, Login, Scheme};

/// What the server does on one connection, in this order; then it closes the connection.
pub(crate) type Scene = Vec<Turn>;

/// One thing that the server does.
#[derive(Clone, Debug)]
pub(crate) enum Turn {
    /// Reads a request and answers with these bytes.
    Answer(Vec<u8>),
    /// The same, a byte at a time.
    Trickle(Vec<u8>),
    /// Reads a request and says nothing, until the client goes.
    Hang,
    /// Reads a request and closes.
    Hear,
    /// Waits until the client goes.
    Stay,
    /// Answers this request and every further one with these bytes.
    Always(Vec<u8>),
    /// Reads a request, answers with the first bytes and then with the second, again and again, until the client goes.
    Flood(Vec<u8>, Vec<u8>),
    /// Reads a request and answers with these bytes, one at each tick of a clock.
    Drip(Vec<u8>, Duration),
    /// Hears whatever comes and says this, and nothing more, until the client goes.
    Mumble(Vec<u8>),
}

/// A server on loopback, and what it heard: which connection, and the request.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    heard: Arc<Mutex<Vec<(usize, String)>>>,
    flooded: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) async fn new(scenes: Vec<Scene>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let flooded = Arc::new(AtomicUsize::new(0));
        let (log, floods) = (Arc::clone(&heard), Arc::clone(&flooded));
        tokio::spawn(async move {
            for (number, scene) in scenes.into_iter().enumerate() {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(play(stream, number, scene, Arc::clone(&log), Arc::clone(&floods)));
            }
        });
        Self { address, heard, flooded }
    }

    pub(crate) fn client(&self, limits: Limits) -> Client {
        client(&format!("http://{}/wsman", self.address), limits)
    }

    pub(crate) fn heard(&self) -> Vec<(usize, String)> {
        self.heard.lock().unwrap().clone()
    }

    /// How many bytes the client let come in floods.
    fn flooded(&self) -> usize {
        self.flooded.load(Ordering::Relaxed)
    }

    /// On which connection each request came.
    pub(crate) fn connections(&self) -> Vec<usize> {
        self.heard().iter().map(|(connection, _)| *connection).collect()
    }
}

async fn play(
    mut stream: TcpStream,
    number: usize,
    scene: Scene,
    log: Arc<Mutex<Vec<(usize, String)>>>,
    flooded: Arc<AtomicUsize>,
) {
    for turn in scene {
        loop {
            if !matches!(turn, Turn::Stay | Turn::Mumble(_)) {
                let Some(request) = hear(&mut stream).await else { return };
                log.lock().unwrap().push((number, request));
            }
            let sent = match &turn {
                Turn::Answer(bytes) | Turn::Always(bytes) => stream.write_all(bytes).await,
                Turn::Trickle(bytes) => trickle(&mut stream, bytes).await,
                Turn::Hear => return,
                Turn::Hang | Turn::Stay => stream.read(&mut [0]).await.map(drop),
                Turn::Flood(first, again) => flood(&mut stream, first, again, &flooded).await,
                Turn::Drip(bytes, tick) => drip(&mut stream, bytes, *tick).await,
                Turn::Mumble(bytes) => mumble(&mut stream, bytes).await,
            };
            if sent.is_err() {
                return;
            }
            if !matches!(turn, Turn::Always(_)) {
                break;
            }
        }
    }
}

async fn flood(stream: &mut TcpStream, first: &[u8], again: &[u8], flooded: &AtomicUsize) -> std::io::Result<()> {
    stream.write_all(first).await?;
    loop {
        stream.write_all(again).await?;
        flooded.fetch_add(again.len(), Ordering::Relaxed);
    }
}

async fn drip(stream: &mut TcpStream, bytes: &[u8], tick: Duration) -> std::io::Result<()> {
    let mut clock = tokio::time::interval(tick);
    for byte in bytes {
        clock.tick().await;
        stream.write_all(&[*byte]).await?;
    }
    Ok(())
}

async fn mumble(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    stream.write_all(bytes).await?;
    let mut heard = [0; 4_096];
    while stream.read(&mut heard).await? > 0 {}
    Ok(())
}

async fn trickle(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    for byte in bytes {
        stream.write_all(&[*byte]).await?;
        stream.flush().await?;
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// One whole request; `None` if the client went.
pub(crate) async fn hear(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 4_096];
        let length = stream.read(&mut part).await.ok().filter(|length| *length > 0)?;
        bytes.extend_from_slice(&part[..length]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let line = head.lines().find(|line| line.to_ascii_lowercase().starts_with("content-length:"))?;
        if body.len() >= line.rsplit(':').next()?.trim().parse().ok()? {
            return Some(text.into_owned());
        }
    }
}

/// An address that answers no connection: a queue of one, from which nobody takes.
pub(crate) struct BlackHole {
    pub(crate) address: SocketAddr,
    _socket: socket2::Socket,
    _queue: Vec<TcpStream>,
}

impl BlackHole {
    pub(crate) async fn at(address: &str) -> Self {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&address.parse::<SocketAddr>().unwrap().into()).unwrap();
        socket.listen(0).unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        let mut queue = Vec::new();
        while let Ok(Ok(stream)) = tokio::time::timeout(short().connect, TcpStream::connect(address)).await {
            queue.push(stream);
            assert!(queue.len() < 16, "the queue does not fill");
        }
        Self { address, _socket: socket, _queue: queue }
    }
}

fn client(url: &str, limits: Limits) -> Client {
    let login = Login::new(Scheme::Basic, "admin", "pa:ss");
    Client::new(Endpoint::parse(url).unwrap(), login, limits)
}

/// Limits under which a test that waits for one ends soon.
pub(crate) fn short() -> Limits {
    let tick = Duration::from_millis(150);
    Limits { connect: tick, login: tick, read: tick, change: tick, lateness: Duration::ZERO, ..Limits::default() }
}

pub(crate) fn http(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut bytes = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{headers}\r\n").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

pub(crate) fn envelope(body: &str) -> String {
    format!(
        concat!(
            r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" "#,
            r#"xmlns:n="http://schemas.xmlsoap.org/ws/2004/09/enumeration" "#,
            r#"xmlns:w="http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd"><s:Header/><s:Body>{}</s:Body></s:Envelope>"#
        ),
        body
    )
}

pub(crate) fn soap(body: &str) -> Turn {
    let headers = "Content-Type: application/soap+xml;charset=UTF-8\r\n";
    Turn::Answer(http("200 OK", headers, envelope(body).as_bytes()))
}

fn instance() -> Turn {
    soap(r#"<p:Win32_Service xmlns:p="urn:x"><p:State>Running</p:State></p:Win32_Service>"#)
}

fn output() -> Turn {
    soap(r#"<p:StopService_OUTPUT xmlns:p="urn:x"><p:ReturnValue>0</p:ReturnValue></p:StopService_OUTPUT>"#)
}

fn path() -> ObjectPath {
    ObjectPath::new("root/cimv2", "Win32_Service").with("Name", "vmms")
}

fn get() -> Request {
    Request::Get { path: path() }
}

fn invoke() -> Request {
    Request::Invoke { path: path(), method: Name::new("StopService"), arguments: Vec::new() }
}

/// Makes one call that must fail.
async fn fails(scene: Scene, request: Request) -> CallError {
    let server = Server::new(vec![scene]).await;
    server.client(short()).call(request).await.unwrap_err()
}

#[tokio::test]
async fn a_call_of_several_messages_and_the_next_call_use_one_connection() {
    let more = "<n:EnumerateResponse><n:EnumerationContext>uuid:7</n:EnumerationContext></n:EnumerateResponse>";
    let last = r#"<n:PullResponse><n:Items><p:C xmlns:p="urn:c"/></n:Items><n:EndOfSequence/></n:PullResponse>"#;
    let server = Server::new(vec![vec![soap(more), soap(last), instance()]]).await;
    let client = server.client(short());
    let query = Request::Query { namespace: "root/cimv2".into(), select: wql::Select::all("C") };
    let Ok(Reply::Rows(rows)) = client.call(query).await else { panic!("no rows") };
    assert_eq!(rows.len(), 1);
    let Ok(Reply::Instance(row)) = client.call(get()).await else { panic!("no instance") };
    assert_eq!(row.properties.get::<String>("State").unwrap(), "Running");
    assert_eq!(server.connections(), [0, 0, 0]);
    let heard = server.heard();
    assert!(heard[1].1.contains("<n:EnumerationContext>uuid:7<"));
    for (_, request) in heard {
        assert!(request.starts_with("POST /wsman HTTP/1.1\r\n"), "{request}");
        let folded = request.to_ascii_lowercase();
        assert!(folded.contains("content-type: application/soap+xml;charset=utf-8\r\n"));
        assert!(folded.contains(&format!("host: {}\r\n", server.address)));
        assert!(request.contains("Basic YWRtaW46cGE6c3M=\r\n"), "{request}");
    }
}

#[tokio::test]
async fn an_enumeration_whose_next_items_are_lost_begins_anew_and_skips_nothing() {
    let open = soap("<n:EnumerateResponse><n:EnumerationContext>c</n:EnumerationContext></n:EnumerateResponse>");
    let last = soap("<n:PullResponse><n:Items/><n:EndOfSequence/></n:PullResponse>");
    let query = || Request::Query { namespace: "root/cimv2".into(), select: wql::Select::all("Win32_Service") };
    let server = Server::new(vec![vec![open.clone(), Turn::Hear], vec![open.clone(), last]]).await;
    assert_eq!(server.client(short()).call(query()).await, Ok(Reply::Rows(vec![])));
    let asked: Vec<bool> = server.heard().iter().map(|(_, request)| request.contains(":Pull>")).collect();
    assert_eq!((asked, server.connections()), (vec![false, true, false, true], vec![0, 0, 1, 1]));
    let server = Server::new(vec![vec![open.clone(), Turn::Hear], vec![open, Turn::Hear]]).await;
    let error = server.client(short()).call(query()).await.unwrap_err();
    assert_eq!((error.kind, server.connections().len()), (ErrorKind::Unreachable, 4), "once, and no oftener");
}

#[tokio::test]
async fn each_status_has_its_meaning() {
    let fault = envelope(concat!(
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code><s:Detail>",
        r#"<f:WSManFault xmlns:f="http://schemas.microsoft.com/wbem/wsman/1/wsmanfault" Code="5">"#,
        "<f:Message>Access is denied.</f:Message></f:WSManFault></s:Detail></s:Fault>"
    ));
    let offers = "WWW-Authenticate: Negotiate\r\nWWW-Authenticate: Kerberos\r\n";
    for (status, headers, body, kind, reached, words) in [
        ("401 No", offers, "", ErrorKind::Denied, Reached::No, "it offers Negotiate, Kerberos"),
        ("401 No", "", "", ErrorKind::Denied, Reached::No, "it offers nothing"),
        ("413 Much", "", "", ErrorKind::TooLarge, Reached::No, "larger than it accepts"),
        ("404 None", "", "", ErrorKind::Unsupported, Reached::No, "is this a WinRM address?"),
        ("503 Away", "", "<html>starting</html>", ErrorKind::Busy, Reached::No, "busy or starting"),
        ("503 Away", "", fault.as_str(), ErrorKind::Denied, Reached::Yes, "Access is denied."),
        ("500 Error", "", "", ErrorKind::Denied, Reached::No, "AllowUnencrypted"),
        ("500 Error", "", fault.as_str(), ErrorKind::Denied, Reached::Yes, "Access is denied."),
        ("400 Bad", "", fault.as_str(), ErrorKind::Denied, Reached::Yes, "Access is denied."),
        ("500 Error", "", "<html>oops</html>", ErrorKind::Malformed, Reached::Yes, "500"),
        ("302 Found", "Location: /\r\n", "", ErrorKind::Malformed, Reached::Yes, "302"),
        ("200 OK", "", "", ErrorKind::Malformed, Reached::Yes, "not well-formed"),
        ("200 OK", "", fault.as_str(), ErrorKind::Denied, Reached::Yes, "Access is denied."),
    ] {
        let error = fails(vec![Turn::Answer(http(status, headers, body.as_bytes()))], get()).await;
        assert_eq!((error.kind, error.reached), (kind, reached), "{status}: {error}");
        assert!(error.message.contains(words), "{status}: {error}");
        let hint = match status {
            "401 No" => Some(Hint::Basic),
            "404 None" => Some(Hint::Address),
            "500 Error" if body.is_empty() => Some(Hint::Encryption),
            _ if (kind, reached) == (ErrorKind::Denied, Reached::Yes) => Some(Hint::LocalAccount),
            _ => None,
        };
        assert_eq!(error.hint, hint, "{status}: {error}");
    }
}

#[tokio::test]
async fn a_connection_that_dies_unheard_is_replaced_for_a_read() {
    let server = Server::new(vec![vec![instance(), Turn::Hear], vec![instance()]]).await;
    let client = server.client(short());
    client.call(get()).await.unwrap();
    client.call(get()).await.unwrap();
    // The first two on the first connection, of which the second was lost; then again on a fresh one.
    assert_eq!(server.connections(), [0, 0, 1]);
}

#[tokio::test]
async fn an_invoke_is_never_sent_twice() {
    let server = Server::new(vec![vec![output(), Turn::Hear], vec![output()]]).await;
    let client = server.client(short());
    client.call(invoke()).await.unwrap();
    let error = client.call(invoke()).await.unwrap_err();
    assert_eq!((error.kind, error.reached), (ErrorKind::Unreachable, Reached::Perhaps));
    assert_eq!(server.connections(), [0, 0]);
    // The dead connection is not used again.
    client.call(invoke()).await.unwrap();
    assert_eq!(server.connections(), [0, 0, 1]);
}

#[tokio::test]
async fn a_fresh_connection_that_dies_is_not_tried_again() {
    let server = Server::new(vec![vec![Turn::Hear], vec![instance()]]).await;
    let error = server.client(short()).call(get()).await.unwrap_err();
    assert_eq!((error.kind, error.reached), (ErrorKind::Unreachable, Reached::Perhaps));
    assert!(error.message.contains(&server.address.to_string()), "{error}");
    assert_eq!(server.connections(), [0]);
}

#[tokio::test]
async fn half_an_answer_is_none() {
    let mut bytes = http("200 OK", "", envelope("").as_bytes());
    bytes.truncate(bytes.len() - 20);
    let error = fails(vec![Turn::Answer(bytes)], invoke()).await;
    assert_eq!((error.kind, error.reached), (ErrorKind::Unreachable, Reached::Perhaps));
    assert!(error.message.contains("in the middle of its answer"), "{error}");
    let error = fails(vec![Turn::Answer(b"HTTP/1.1 200 OK\r\nContent-Le".to_vec())], invoke()).await;
    assert_eq!((error.kind, error.reached), (ErrorKind::Unreachable, Reached::Perhaps));
}

#[tokio::test]
async fn what_is_no_http_is_an_error() {
    for bytes in [b"SSH-2.0-OpenSSH_9.6\r\n".to_vec(), vec![0; 2_000], vec![b'a'; 1_000_000]] {
        let error = fails(vec![Turn::Answer(bytes)], invoke()).await;
        assert_eq!((error.kind, error.reached), (ErrorKind::Malformed, Reached::Perhaps), "{error}");
    }
    let endless = format!("HTTP/1.1 200 OK\r\n{}", "X-Y: z\r\n".repeat(100_000));
    let error = fails(vec![Turn::Answer(endless.into_bytes())], get()).await;
    assert_eq!(error.kind, ErrorKind::Malformed);
}

#[tokio::test]
async fn silence_ends_and_leaves_open_whether_the_server_acted() {
    for scene in [vec![Turn::Hang], vec![Turn::Answer(b"HTTP/1.1 200 OK\r\n".to_vec()), Turn::Stay]] {
        let error = fails(scene, invoke()).await;
        assert_eq!((error.kind, error.reached), (ErrorKind::TimedOut, Reached::Perhaps));
    }
    let slow = http("200 OK", "Content-Length: 50\r\n", b"");
    let error = fails(vec![Turn::Answer(slow), Turn::Stay], get()).await;
    assert_eq!(error.kind, ErrorKind::Malformed, "two lengths are none: {error}");
}

#[tokio::test]
async fn a_slow_answer_is_read_to_its_end() {
    let Turn::Answer(bytes) = instance() else { panic!("no answer") };
    let server = Server::new(vec![vec![Turn::Trickle(bytes)]]).await;
    let client = server.client(Limits::default());
    assert!(matches!(client.call(get()).await, Ok(Reply::Instance(_))));
}

#[tokio::test]
async fn an_answer_may_be_in_chunks_and_in_utf16() {
    let text = envelope(r#"<p:Win32_Service xmlns:p="urn:x"><p:State>läuft</p:State></p:Win32_Service>"#);
    let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf16 = http("200 OK", "Content-Type: application/soap+xml; charset=\"UTF-16\"\r\n", &wide);
    let (head, tail) = text.split_at(40);
    let chunks = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{head}\r\n{:x}\r\n{tail}\r\n0\r\n\r\n",
        head.len(),
        tail.len()
    );
    for bytes in [utf16, chunks.into_bytes()] {
        let server = Server::new(vec![vec![Turn::Answer(bytes)]]).await;
        let Ok(Reply::Instance(row)) = server.client(short()).call(get()).await else { panic!("no instance") };
        assert_eq!(row.properties.get::<String>("State").unwrap(), "läuft");
    }
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_left() {
    let limits = Limits { body: 1_000, ..short() };
    let announced = http("200 OK", "", &[b'x'; 1_001]);
    let chunked = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        "400\r\n".to_owned() + &"x".repeat(0x400) + "\r\n400\r\n"
    );
    for bytes in [announced, chunked.into_bytes()] {
        let server = Server::new(vec![vec![Turn::Answer(bytes), Turn::Stay]]).await;
        let error = server.client(limits).call(invoke()).await.unwrap_err();
        assert_eq!((error.kind, error.reached), (ErrorKind::TooLarge, Reached::Yes), "{error}");
        assert!(error.message.contains("1000 bytes"), "{error}");
    }
}

#[tokio::test]
async fn whoever_reads_again_waits_less_and_tells_the_server_so() {
    let limits = Limits::default().reading_within(Duration::from_millis(300));
    let server = Server::new(vec![vec![Turn::Hang], vec![instance()], vec![Turn::Hang]]).await;
    let error = server.client(limits).call(get()).await.unwrap_err();
    assert_eq!((error.kind, error.reached), (ErrorKind::TimedOut, Reached::Perhaps), "{error}");
    assert!(error.message.contains("within 0.3 s"), "{error}");
    server.client(Limits { change: Duration::from_millis(150), ..limits }).call(get()).await.unwrap();
    let slower = Limits { change: Duration::from_millis(150), ..limits };
    let error = server.client(slower).call(invoke()).await.unwrap_err();
    assert!(error.message.contains("within 0.25 s"), "{error}");
    let told = |text: &str| text.split("OperationTimeout>").nth(1).unwrap().trim_end_matches("</w:").to_owned();
    let heard: Vec<String> = server.heard().iter().map(|(_, text)| told(text)).collect();
    assert_eq!(heard, ["PT0.200S", "PT0.200S", "PT0.150S"]);
    let most = Limits::default().reading_within(Duration::from_hours(1));
    assert_eq!((most.read, most.lateness), (Duration::from_mins(1), Duration::from_secs(10)));
}

#[tokio::test]
async fn nobody_there_is_told_with_the_address() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = client(&format!("http://{address}/wsman"), short()).call(invoke()).await.unwrap_err();
    assert_eq!((error.kind, error.reached), (ErrorKind::Unreachable, Reached::No));
    assert!(error.message.contains(&address.to_string()), "{error}");
}

#[tokio::test]
async fn a_host_that_swallows_connections_is_left() {
    let hole = BlackHole::at("127.0.0.1:0").await;
    let address = hole.address;
    let error = client(&format!("http://{address}/wsman"), short()).call(invoke()).await.unwrap_err();
    assert_eq!((error.kind, error.reached), (ErrorKind::Unreachable, Reached::No));
    assert!(error.message.contains("no answer to the connection within 0.15 s"), "{error}");
}

/// The address is one for documentation; nothing may be sent to it, and nothing is.
#[tokio::test]
async fn a_password_is_not_shown_to_the_network() {
    for url in ["http://192.0.2.1/wsman", "http://[2001:db8::1]/wsman", "http://0.0.0.0:5985/wsman"] {
        let error = client(url, Limits::default()).call(get()).await.unwrap_err();
        assert_eq!((error.kind, error.reached), (ErrorKind::Denied, Reached::No), "{error}");
        assert!(error.message.contains("loopback only"), "{error}");
        assert!(!format!("{error:?}").contains("pa:ss"));
    }
    let error = client("https://127.0.0.1/wsman", Limits::default()).call(get()).await.unwrap_err();
    assert_eq!((error.kind, error.reached), (ErrorKind::Unsupported, Reached::No));
}

#[tokio::test]
async fn there_are_no_more_connections_than_allowed() {
    let server = Server::new(vec![vec![instance(), instance(), instance()]]).await;
    let client = server.client(Limits { connections: 1, ..short() });
    let (a, b, c) = tokio::join!(client.call(get()), client.call(get()), client.call(get()));
    assert!(a.is_ok() && b.is_ok() && c.is_ok());
    assert_eq!(server.connections(), [0, 0, 0]);
}

#[tokio::test]
async fn a_call_that_is_given_up_takes_its_connection_with_it() {
    let server = Server::new(vec![vec![Turn::Hang, instance()], vec![instance()]]).await;
    let client = server.client(Limits::default());
    let given_up = tokio::time::timeout(Duration::from_millis(100), client.call(get())).await;
    assert!(given_up.is_err());
    client.call(get()).await.unwrap();
    assert_eq!(server.connections(), [0, 1]);
}

#[tokio::test]
async fn identify_says_who_is_there() {
    let identity = concat!(
        r#"<i:IdentifyResponse xmlns:i="http://schemas.dmtf.org/wbem/wsman/identity/1/wsmanidentity.xsd">"#,
        "<i:ProductVendor>Microsoft Corporation</i:ProductVendor></i:IdentifyResponse>"
    );
    let server = Server::new(vec![vec![soap(identity)]]).await;
    assert_eq!(server.client(short()).identify().await.unwrap().vendor, "Microsoft Corporation");
}

#[tokio::test]
async fn an_enumeration_that_goes_wrong_is_released() {
    let more = "<n:EnumerateResponse><n:EnumerationContext>uuid:7</n:EnumerationContext></n:EnumerateResponse>";
    let server = Server::new(vec![vec![soap(more), soap("<n:PullResponse/>"), soap("")]]).await;
    let query = Request::Query { namespace: "root/cimv2".into(), select: wql::Select::all("C") };
    let error = server.client(short()).call(query).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::Malformed);
    let heard = server.heard();
    assert_eq!(heard.len(), 3);
    assert!(heard[2].1.contains("<n:Release><n:EnumerationContext>uuid:7<"), "{}", heard[2].1);
}

#[tokio::test]
async fn what_a_service_offers_is_asked_without_a_login_and_anything_else_is_an_error() {
    let refusal = b"HTTP/1.1 401 \r\nWWW-Authenticate: Negotiate\r\nWWW-Authenticate: Basic realm=\"WSMAN\"\r\nContent-Length: 0\r\n\r\n";
    let server = Server::new(vec![vec![Turn::Answer(refusal.to_vec())]]).await;
    let client = server.client(Limits::default());
    assert_eq!(client.offers().await, Ok(vec!["Negotiate".to_owned(), "Basic".to_owned()]));
    assert_eq!(client.login_in_use(), None);
    let heard = server.heard();
    assert!(heard.len() == 1 && !heard[0].1.to_lowercase().contains("authorization"), "{heard:?}");
    let server = Server::new(vec![vec![Turn::Answer(b"HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n".to_vec())]]).await;
    let error = server.client(Limits::default()).offers().await.unwrap_err();
    assert_eq!((error.kind, error.hint), (ErrorKind::Unsupported, Some(Hint::Address)), "{error}");
}

/// The status and text of an answer, or why there was none.
type Shown = Result<(u16, String), ErrorKind>;

/// Keeps what it is shown.
#[derive(Default)]
struct Kept(Mutex<Vec<(String, Shown)>>);

impl crate::Tap for Kept {
    fn exchanged(&self, exchange: crate::Exchange<'_>) {
        let answer = exchange.answer.map(|(status, text)| (status, text.to_owned())).map_err(|error| error.kind);
        self.0.lock().unwrap().push((exchange.request.to_owned(), answer));
    }
}

#[tokio::test]
async fn a_tap_is_shown_each_message_with_its_answer_and_no_login() {
    let server = Server::new(vec![vec![instance(), Turn::Hear]]).await;
    let kept = Arc::new(Kept::default());
    let client = server.client(short()).tapped_by(Arc::<Kept>::clone(&kept));
    client.call(get()).await.unwrap();
    client.call(get()).await.unwrap_err();
    let shown = kept.0.lock().unwrap();
    assert!(shown.iter().all(|(request, _)| request.contains("Envelope") && !request.contains("Authorization")));
    assert!(matches!(&shown[0].1, Ok((200, text)) if text.contains("Envelope")), "{shown:?}");
    assert_eq!((shown.len(), shown[1].1.clone()), (2, Err(ErrorKind::Unreachable)), "{shown:?}");
}
