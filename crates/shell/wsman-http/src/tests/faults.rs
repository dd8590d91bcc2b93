//! Faults that say what the next message is to be: the same Pull again, a new enumeration, a new login.

use cim::{ErrorKind, Reached, Reply, Request, wql};

use super::{Server, Turn, envelope, get, http, instance, invoke, output, short, soap};

/// A fault with that code, with the status that Windows gives it or with a good one.
fn fault(code: u32, status: &str) -> Turn {
    let namespace = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault";
    let detail = format!(
        r#"<f:WSManFault xmlns:f="{namespace}" Code="{code}" Machine="h"><f:Message>no</f:Message></f:WSManFault>"#
    );
    let code = "<s:Code><s:Value>s:Receiver</s:Value></s:Code>";
    let body = envelope(&format!("<s:Fault>{code}<s:Detail>{detail}</s:Detail></s:Fault>"));
    Turn::Answer(http(status, "", body.as_bytes()))
}

const STATUSES: [&str; 2] = ["500 Error", "200 OK"];

fn query() -> Request {
    Request::Query { namespace: "root/cimv2".into(), select: wql::Select::all("Win32_Service") }
}

fn opened(context: &str) -> Turn {
    soap(&format!("<n:EnumerateResponse><n:EnumerationContext>{context}</n:EnumerationContext></n:EnumerateResponse>"))
}

fn last() -> Turn {
    soap("<n:PullResponse><n:Items/><n:EndOfSequence/></n:PullResponse>")
}

/// What each request is: a Pull with its context, or anything else.
fn pulls(server: &Server) -> Vec<Option<String>> {
    let context = |request: &str| {
        let after = request.split("<n:Pull><n:EnumerationContext>").nth(1)?;
        Some(after.split('<').next().unwrap_or_default().to_owned())
    };
    server.heard().iter().map(|(_, request)| context(request)).collect()
}

#[tokio::test]
async fn a_pull_that_brought_nothing_in_time_is_sent_again_with_the_same_context() {
    for status in STATUSES {
        let nothing = || fault(2_150_858_780, status);
        let server = Server::new(vec![vec![opened("c"), nothing(), nothing(), last()]]).await;
        assert_eq!(server.client(short()).call(query()).await, Ok(Reply::Rows(vec![])), "{status}");
        let same = Some("c".to_owned());
        assert_eq!(pulls(&server), [None, same.clone(), same.clone(), same], "{status}");
        assert_eq!(server.connections(), [0; 4], "{status}");
        let mut scene = vec![opened("c")];
        scene.extend((0..100).map(|_| nothing()));
        let server = Server::new(vec![scene, vec![instance()]]).await;
        let error = server.client(short()).call(query()).await.unwrap_err();
        assert_eq!((error.kind, error.status), (ErrorKind::TimedOut, Some(2_150_858_780)), "{status}: {error}");
        assert!((4..20).contains(&server.heard().len()), "{status}: {} messages", server.heard().len());
    }
}

#[tokio::test]
async fn an_enumeration_that_the_host_has_lost_begins_anew_once() {
    for status in STATUSES {
        for code in [2_150_858_759, 2_150_858_779, 2_150_858_884] {
            let gone = || fault(code, status);
            let next = [opened("b"), last()];
            let mut first = vec![opened("a"), gone()];
            first.extend(next.clone());
            let server = Server::new(vec![first, next.to_vec()]).await;
            assert_eq!(server.client(short()).call(query()).await, Ok(Reply::Rows(vec![])), "{status} {code}");
            assert_eq!(pulls(&server), [None, Some("a".to_owned()), None, Some("b".to_owned())], "{status} {code}");
            let again = vec![opened("a"), gone(), opened("b"), gone(), last()];
            let server = Server::new(vec![again, vec![opened("b"), gone(), last()], vec![instance()]]).await;
            let error = server.client(short()).call(query()).await.unwrap_err();
            assert_eq!((error.kind, error.status), (ErrorKind::Busy, Some(code)), "{status}: once, and no oftener");
        }
    }
}

/// The service takes the authorization away from all that the user has open, so no connection is of use any more.
#[tokio::test]
async fn another_authorization_ends_every_connection_and_the_next_request_logs_in_anew() {
    for status in STATUSES {
        let another = || fault(2_150_859_177, status);
        let server = Server::new(vec![vec![another(), instance()], vec![instance()]]).await;
        let client = server.client(short());
        let error = client.call(get()).await.unwrap_err();
        assert_eq!((error.kind, error.reached), (ErrorKind::Busy, Reached::Yes), "{status}: {error}");
        client.call(get()).await.unwrap();
        assert_eq!(server.connections(), [0, 1], "{status}");

        // Both connections that are open then.
        let server = Server::new(vec![vec![instance(), another()], vec![instance(), another()], vec![output()]]).await;
        let client = server.client(short());
        let (one, two) = tokio::join!(client.call(get()), client.call(get()));
        assert!(one.is_ok() && two.is_ok());
        let error = client.call(invoke()).await.unwrap_err();
        assert_eq!((error.kind, error.reached), (ErrorKind::Busy, Reached::No), "{status}: it did not begin");
        client.call(invoke()).await.unwrap();
        assert_eq!(server.connections().last(), Some(&2), "{status}");
    }
}
