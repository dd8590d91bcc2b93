//! One credential at many hosts: how often a wrong password is tried, and whose fault a refusal is.

use cim::{CallError, ErrorKind, Reached, Reply};
use tokio::task::JoinSet;

use super::host::{Host, Quirk, Settings};
use super::{BASIC, NEGOTIATE, endpoint, get};
use crate::{Client, Gates, Limits, Login, Scheme};
use wsman_acceptor::Schemes;

const HOSTS: usize = 50;

async fn hosts(count: usize, schemes: Schemes, password: &'static str) -> Vec<Host> {
    let mut hosts = Vec::new();
    for _ in 0..count {
        hosts.push(Host::new(Settings { schemes, password, ..Settings::new(Quirk::None) }).await);
    }
    hosts
}

/// A call to each host at once, with one login.
async fn call_all(hosts: &[Host], login: &Login) -> Vec<Result<Reply, CallError>> {
    let mut calls = JoinSet::new();
    for (index, host) in hosts.iter().enumerate() {
        let client = Client::new(endpoint(host, "http"), login.clone(), Limits::default());
        calls.spawn(async move { (index, client.call(get()).await) });
    }
    let mut done = calls.join_all().await;
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, answer)| answer).collect()
}

/// How many hosts saw a proof of the password.
fn shown(hosts: &[Host], scheme: Scheme) -> usize {
    // The first token of NTLM proves nothing.
    let least = if scheme == Scheme::Basic { 1 } else { 2 };
    hosts.iter().filter(|host| host.tokens() >= least).count()
}

#[tokio::test]
async fn a_wrong_password_reaches_two_of_fifty_hosts_and_each_other_one_says_why_it_was_not_tried() {
    for (scheme, schemes) in [(Scheme::Negotiate, NEGOTIATE), (Scheme::Ntlm, NEGOTIATE), (Scheme::Basic, BASIC)] {
        let hosts = hosts(HOSTS, schemes, "right horse").await;
        let login = Login::new(scheme, "LAB\\svc", "wrong horse");
        let errors: Vec<CallError> = call_all(&hosts, &login).await.into_iter().map(Result::unwrap_err).collect();
        assert!(errors.iter().all(|error| error.kind == ErrorKind::Denied && error.reached == Reached::No));
        assert_eq!(shown(&hosts, scheme), 2, "{scheme:?}");
        let untried: Vec<&CallError> = errors.iter().filter(|error| error.message.contains("not tried")).collect();
        assert_eq!(untried.len(), HOSTS - 2, "{scheme:?}");
        for error in untried {
            assert!(error.message.contains("refused LAB\\svc") && error.message.contains("lock"), "{error}");
            assert!(!error.message.contains("wrong horse"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_host_that_refuses_for_its_own_reasons_is_tried_once_and_stops_nobody_else() {
    for (scheme, schemes) in [(Scheme::Negotiate, NEGOTIATE), (Scheme::Basic, BASIC)] {
        let mut hosts = hosts(10, schemes, "right horse").await;
        hosts.insert(0, Host::new(Settings { schemes, password: "another", ..Settings::new(Quirk::None) }).await);
        let login = Login::new(scheme, "LAB\\svc", "right horse");
        let first = Client::new(endpoint(&hosts[0], "http"), login.clone(), Limits::default());
        first.call(get()).await.unwrap_err();
        let before = hosts[0].tokens();
        let answers = call_all(&hosts, &login).await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 10, "{scheme:?}");
        let error = answers[0].as_ref().unwrap_err();
        assert!(error.message.ends_with("; it is not tried again"), "{error}");
        assert_eq!(hosts[0].tokens(), before, "{scheme:?}");
    }
}

#[tokio::test]
async fn a_password_that_was_changed_after_it_was_accepted_is_tried_a_handful_of_times() {
    for scheme in [Scheme::Negotiate, Scheme::Basic] {
        let schemes = if scheme == Scheme::Basic { BASIC } else { NEGOTIATE };
        // At once, one host after the other: one login that need not wait, and four that go alone.
        let accepting = hosts(1, schemes, "old horse").await;
        let changed = hosts(HOSTS, schemes, "new horse").await;
        let login = Login::new(scheme, "LAB\\svc", "old horse");
        assert!(call_all(&accepting, &login).await[0].is_ok());
        for host in &changed {
            assert!(call_all(std::slice::from_ref(host), &login).await[0].is_err());
        }
        assert_eq!(shown(&changed, scheme), 5, "{scheme:?}");
        // A minute later, all hosts together.
        let changed = hosts(HOSTS, schemes, "new horse").await;
        let login = Login::new(scheme, "LAB\\svc", "old horse");
        assert!(call_all(&accepting, &login).await[0].is_ok());
        tokio::time::pause();
        tokio::time::advance(std::time::Duration::from_secs(61)).await;
        tokio::time::resume();
        assert!(call_all(&changed, &login).await.iter().all(Result::is_err));
        assert_eq!(shown(&changed, scheme), 2, "{scheme:?}");
    }
}

#[tokio::test]
async fn logins_that_are_made_apart_share_what_is_known_of_a_password() {
    let hosts = hosts(5, NEGOTIATE, "right horse").await;
    let gates = Gates::default();
    let login = |user, password| Login::new(Scheme::Negotiate, user, password).sharing(&gates);
    for (index, host) in hosts.iter().enumerate() {
        let client = Client::new(endpoint(host, "http"), login("LAB\\svc", "wrong horse"), Limits::default());
        client.call(get()).await.unwrap_err();
        assert_eq!(host.tokens() > 0, index < 2, "{index}");
    }
    let answers = call_all(&hosts, &login("LAB\\svc", "right horse")).await;
    assert!(answers.iter().all(Result::is_ok), "a changed password is another credential");
}

/// Its upper case is another on Windows, so each login would count as one with a wrong password.
#[tokio::test]
async fn no_token_is_sent_for_a_name_that_ntlm_cannot_write_in_upper_case() {
    for scheme in [Scheme::Ntlm, Scheme::Negotiate] {
        let hosts = hosts(1, NEGOTIATE, "right horse").await;
        let login = Login::new(scheme, ".\\groß", "right horse");
        let error = Client::new(endpoint(&hosts[0], "http"), login, Limits::default()).call(get()).await.unwrap_err();
        assert_eq!((error.kind, error.reached), (ErrorKind::Denied, Reached::No), "{error}");
        assert!(error.message.contains("`ß`") && error.message.contains("use Kerberos"), "{error}");
        assert_eq!(hosts[0].tokens(), 0);
    }
}

/// The host's refusal of the login that is left says nothing of why the better one was not used.
#[tokio::test]
async fn a_refusal_of_basic_names_what_made_ntlm_impossible() {
    let both = Schemes { negotiate: true, ntlm: true, basic: true, certificate: false };
    let hosts = hosts(1, both, "right horse").await;
    let login = Login::new(Scheme::Auto, ".\\groß", "right horse");
    let client = Client::new(endpoint(&hosts[0], "http"), login, Limits::default());
    for _ in 0..2 {
        let error = client.call(get()).await.unwrap_err();
        assert!(
            error.message.contains("refused the login") && error.message.contains("NTLM is not possible"),
            "{error}"
        );
        assert!(error.message.contains("`ß`") && error.hint.is_none(), "{error}");
    }
}
