//! A lower bound for reading the same rows: hyper for the bytes, roxmltree for the text, and no stored results.

use anyhow::{Context, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

const ENUMERATION: &str = "http://schemas.xmlsoap.org/ws/2004/09/enumeration";

/// Reads the rows that many times. Returns how many there were the last time.
pub(super) async fn read(url: &str, user: &str, password: &str, times: u32) -> Result<usize> {
    let authority = url.strip_prefix("http://").and_then(|rest| rest.split('/').next()).context("no http address")?;
    let stream = TcpStream::connect(authority).await?;
    stream.set_nodelay(true)?;
    let (mut sender, driver) = http1::handshake(TokioIo::new(stream)).await?;
    let driver = tokio::spawn(driver);
    let authorization = format!("Basic {}", STANDARD.encode(format!("{user}:{password}")));
    let mut count = 0;
    for _ in 0..times {
        count = 0;
        let mut next = Some(enumerate());
        while let Some((action, body)) = next {
            let text = post(&mut sender, authority, &authorization, envelope(action, &body)).await?;
            #[expect(clippy::disallowed_methods, reason = "the lower bound, and the text is the lab's")]
            let document = roxmltree::Document::parse(str::from_utf8(&text)?)?;
            let named = |name| document.descendants().find(move |node| node.tag_name().name() == name);
            count += named("Items").map_or(0, |items| items.children().filter(roxmltree::Node::is_element).count());
            let context = named("EnumerationContext").and_then(|node| node.text()).filter(|text| !text.is_empty());
            next = context.filter(|_| named("EndOfSequence").is_none()).map(pull);
        }
    }
    driver.abort();
    Ok(count)
}

async fn post(
    sender: &mut SendRequest<Full<Bytes>>,
    authority: &str,
    authorization: &str,
    body: String,
) -> Result<Bytes> {
    let request = Request::builder()
        .method(Method::POST)
        .uri("/wsman")
        .header(HOST, authority)
        .header(AUTHORIZATION, authorization)
        .header(CONTENT_TYPE, "application/soap+xml;charset=UTF-8")
        .body(Full::new(Bytes::from(body)))?;
    let answer = sender.send_request(request).await?;
    ensure!(answer.status().is_success(), "HTTP status {}", answer.status());
    Ok(answer.into_body().collect().await?.to_bytes())
}

fn enumerate() -> (&'static str, String) {
    let body = "<n:Enumerate><w:OptimizeEnumeration/><w:MaxElements>32000</w:MaxElements><w:Filter \
                Dialect=\"http://schemas.microsoft.com/wbem/wsman/1/WQL\">SELECT * FROM Msvm_ReplicationRelationship\
                </w:Filter></n:Enumerate>";
    ("Enumerate", body.to_owned())
}

fn pull(context: &str) -> (&'static str, String) {
    let body = format!(
        "<n:Pull><n:EnumerationContext>{context}</n:EnumerationContext><n:MaxElements>32000</n:MaxElements></n:Pull>"
    );
    ("Pull", body)
}

fn envelope(action: &str, body: &str) -> String {
    format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" \
         xmlns:a=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\" \
         xmlns:w=\"http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd\" xmlns:n=\"{ENUMERATION}\"><s:Header>\
         <a:To>http://localhost/wsman</a:To><w:ResourceURI s:mustUnderstand=\"true\">\
         http://schemas.microsoft.com/wbem/wsman/1/wmi/root/virtualization/v2/*</w:ResourceURI><a:ReplyTo>\
         <a:Address s:mustUnderstand=\"true\">http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:Address>\
         </a:ReplyTo><a:Action s:mustUnderstand=\"true\">{ENUMERATION}/{action}</a:Action>\
         <w:MaxEnvelopeSize s:mustUnderstand=\"true\">512000</w:MaxEnvelopeSize>\
         <a:MessageID>uuid:11111111-2222-4333-8444-555555555555</a:MessageID>\
         <w:OperationTimeout>PT60S</w:OperationTimeout></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    )
}
