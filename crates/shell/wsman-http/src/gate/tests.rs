//! The gate on a clock that stands still until a test moves it.

use proptest::prelude::*;
use tokio::time::advance;

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

fn gate() -> Arc<Gate> {
    Arc::new(Gate::new("LAB\\svc"))
}

fn refusal(at: &str) -> CallError {
    CallError::new(ErrorKind::Denied, Reached::No, format!("{at} refused the user"))
}

async fn enter(gate: &Arc<Gate>, at: &str) -> Attempt {
    gate.enter(at, PATIENCE).await.unwrap()
}

async fn accept(gate: &Arc<Gate>, at: &str) {
    enter(gate, at).await.accepted();
}

async fn refuse(gate: &Arc<Gate>, at: &str) {
    enter(gate, at).await.refused(RefusedBy::Host, &refusal(at));
}

/// Whether a login is admitted at once.
async fn at_once(gate: &Arc<Gate>, at: &str) -> Option<Attempt> {
    let began = Instant::now();
    let attempt = gate.enter(at, PATIENCE).await.ok()?;
    (Instant::now() == began).then_some(attempt)
}

#[tokio::test(start_paused = true)]
async fn the_first_login_goes_alone_and_after_a_success_all_go_at_once() {
    let gate = gate();
    let first = at_once(&gate, "a").await.unwrap();
    let waiting = tokio::spawn({
        let gate = Arc::clone(&gate);
        async move { enter(&gate, "b").await }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    first.accepted();
    waiting.await.unwrap();
    let attempts = [at_once(&gate, "c").await, at_once(&gate, "d").await, at_once(&gate, "e").await];
    assert!(attempts.iter().all(Option::is_some));
    // A minute later the password may have been changed.
    advance(TRUSTED_FOR).await;
    let _alone = at_once(&gate, "f").await.unwrap();
    assert!(at_once(&gate, "g").await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_host_that_does_not_finish_a_login_holds_up_the_others_for_two_seconds() {
    let gate = gate();
    let began = Instant::now();
    let _never_ends = enter(&gate, "a").await;
    let _nor_this = enter(&gate, "b").await;
    assert_eq!(Instant::now() - began, ALONE_MAX);
    accept(&gate, "c").await;
    assert_eq!(Instant::now() - began, ALONE_MAX * 2);
    assert!(at_once(&gate, "d").await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_login_that_nothing_came_of_gives_its_turn_to_the_next() {
    let gate = gate();
    drop(enter(&gate, "a").await);
    assert!(at_once(&gate, "b").await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_turn_that_does_not_come_is_reported_in_time() {
    let gate = gate();
    let _first = enter(&gate, "a").await;
    let began = Instant::now();
    let error = gate.enter("b", ALONE_MAX / 2).await.unwrap_err();
    assert_eq!((error.kind, error.reached, Instant::now() - began), (ErrorKind::TimedOut, Reached::No, ALONE_MAX / 2));
}

#[tokio::test(start_paused = true)]
async fn two_hosts_that_refuse_in_a_row_close_the_gate_and_one_does_not() {
    let gate = gate();
    refuse(&gate, "a").await;
    let error = gate.enter("a", PATIENCE).await.unwrap_err();
    assert_eq!(error.message, "a refused the user; it is not tried again");
    refuse(&gate, "b").await;
    for error in [gate.check("c").unwrap_err(), gate.enter("c", PATIENCE).await.unwrap_err()] {
        assert_eq!((error.kind, error.reached), (ErrorKind::Denied, Reached::No));
        assert!(error.message.starts_with("the login at c was not tried: a and b refused LAB\\svc"), "{error}");
    }
    advance(Duration::from_hours(24)).await;
    assert!(gate.check("c").is_err(), "until the secret changes");
}

#[tokio::test(start_paused = true)]
async fn a_host_that_refuses_for_its_own_reasons_stops_nobody_else() {
    let gate = gate();
    for turn in 0..100 {
        refuse(&gate, &format!("refusing{turn}")).await;
        accept(&gate, &format!("accepting{turn}")).await;
    }
    assert!(gate.check("another").is_ok());
    assert!(gate.check("refusing7").is_err(), "which itself is not tried again");
}

#[tokio::test(start_paused = true)]
async fn after_another_host_accepted_it_within_a_minute_four_refusals_in_a_row_close_the_gate() {
    for (since, most) in [(Duration::from_secs(59), 4), (TRUSTED_FOR, 2)] {
        let gate = gate();
        accept(&gate, "accepting").await;
        // One that goes beside others began before anybody doubted the credential.
        enter(&gate, "first").await.refused(RefusedBy::Host, &refusal("first"));
        advance(since).await;
        let mut refusals = 0;
        while gate.check("another").is_ok() {
            refuse(&gate, &format!("host{refusals}")).await;
            refusals += 1;
        }
        assert_eq!(refusals, most, "{since:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_kerberos_server_s_refusal_closes_the_gate_at_once() {
    let gate = gate();
    accept(&gate, "a").await;
    enter(&gate, "b").await.refused(RefusedBy::Accounts, &refusal("b"));
    let error = gate.check("a").unwrap_err();
    assert!(error.message.contains("the Kerberos server refused LAB\\svc"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_shows_the_password_again_waits_only_in_doubt() {
    let gate = gate();
    accept(&gate, "a").await;
    advance(TRUSTED_FOR * 2).await;
    let _two = [gate.enter_again("a", PATIENCE).await.unwrap(), gate.enter_again("b", PATIENCE).await.unwrap()];
    gate.enter_again("c", PATIENCE).await.unwrap().refused(RefusedBy::Host, &refusal("c"));
    let _alone = gate.enter_again("a", PATIENCE).await.unwrap();
    assert!(gate.enter_again("b", ALONE_MAX / 2).await.is_err());
    assert!(gate.enter_again("c", PATIENCE).await.is_err());
}

#[test]
fn logins_share_a_gate_by_user_and_secret() {
    let gates = Gates::default();
    let gate = |user, secret| gates.of(user, Some([secret; 32]));
    assert!(Arc::ptr_eq(&gate("LAB\\svc", 1), &gate("lab\\SVC", 1)));
    assert!(!Arc::ptr_eq(&gate("LAB\\svc", 1), &gate("LAB\\svc", 2)), "a changed secret begins anew");
    assert!(!Arc::ptr_eq(&gate("LAB\\svc", 1), &gate("LAB\\other", 1)));
    assert!(!format!("{gates:?}").contains("[1, 1"), "no hash is shown");
}

proptest! {
    /// Whatever hosts do, in any order and however long it takes, a credential that nobody accepts is refused twice by logins
    /// that end in time.
    #[test]
    fn a_wrong_password_is_never_refused_more_than_twice(hosts in prop::collection::vec((0..20_u8, any::<bool>()), 1..60)) {
        let mut state = State::default();
        let now = Instant::now();
        let mut refusals = 0;
        for (host, ends_with_a_word) in hosts {
            let at = format!("host{host}");
            match state.admit(&at, now) {
                Admission::Now(number) => {
                    if ends_with_a_word {
                        state.refuse(&at, number.is_some(), RefusedBy::Host, "no", now);
                        refusals += 1;
                    }
                    state.end(number);
                }
                Admission::Never(_) => {}
                Admission::After(_) => prop_assert!(false, "nobody is under way"),
            }
        }
        prop_assert!(refusals <= REFUSALS_MAX);
    }
}

/// It may have booted just now, and has no domain controller yet.
#[tokio::test(start_paused = true)]
async fn a_host_that_refuses_what_another_has_just_accepted_is_tried_twice_more_and_no_more() {
    let gate = gate();
    accept(&gate, "a").await;
    refuse(&gate, "b").await;
    for _ in 0..2 {
        assert!(at_once(&gate, "b").await.is_none(), "not at once");
        advance(RETRY_GAP).await;
        refuse(&gate, "b").await;
    }
    advance(RETRY_GAP).await;
    assert!(at_once(&gate, "b").await.is_none(), "twice more is enough");
    assert!(gate.check("a").is_ok(), "one host does not close the gate");
}

#[tokio::test(start_paused = true)]
async fn a_host_that_refuses_is_not_tried_again_if_no_other_has_accepted_within_a_minute() {
    let gate = gate();
    refuse(&gate, "b").await;
    advance(RETRY_GAP).await;
    assert!(at_once(&gate, "b").await.is_none(), "nobody has accepted");
    accept(&gate, "a").await;
    advance(TRUSTED_FOR).await;
    assert!(at_once(&gate, "b").await.is_none(), "that was too long ago");
    accept(&gate, "a").await;
    at_once(&gate, "b").await.unwrap().accepted();
    assert!(at_once(&gate, "b").await.is_some());
}
