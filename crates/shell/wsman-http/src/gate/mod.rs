//! One gate per credential: decides which logins may be tried now, so that a wrong or rotated password does not lock the
//! account.
//!
//! A domain controller counts the failed logons of an account in a row, whichever host passes them on, and locks the account
//! at a limit that is often 5 or 10. So all logins with one credential pass one gate:
//!
//! - While the credential is in doubt, logins go one at a time. It is in doubt until a host has accepted it, a minute after the
//!   last time that one did, and after a refusal. Otherwise logins go in parallel.
//! - A host that has refused the credential is not tried again with it, unless another host accepted it within the last minute:
//!   then the host may still be starting, and is tried at most [`RETRIES_MAX`] times more, [`RETRY_GAP`] apart.
//! - When the Kerberos server refuses the credential, or several hosts in a row do ([`REFUSALS_MAX`]), the gate closes for good:
//!   a changed secret is another credential, with a gate of its own.
//! - A single host never closes it, since its refusal may be its own fault, or a lie.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cim::{CallError, ErrorKind, Reached};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

/// This long after a host accepted a credential, logins with it go in parallel, and a refusal by another host is more likely
/// that host's own fault than a changed password.
const TRUSTED_FOR: Duration = Duration::from_mins(1);
/// This long a login that goes alone holds up the others. A login takes three round trips and a domain controller's answer,
/// much less than this; a host that does not finish one must not hold up the rest of the fleet.
const ALONE_MAX: Duration = Duration::from_secs(2);
/// The number of hosts that refuse a credential in a row before it is tried no more. One is too few, since a single host may be
/// at fault; the strictest account policies in use lock at three.
const REFUSALS_MAX: usize = 2;
/// The same, if another host accepted the credential within the last minute.
const REFUSALS_MAX_TRUSTED: usize = 4;

/// How often a host that has refused a credential is tried again if another host has just accepted it. An account that locks
/// after three failed logons is not locked by one host: its own first refusal and these are three, and the other host's
/// acceptance came in between.
const RETRIES_MAX: u32 = 2;
/// The shortest time from a refusal to the next try at the same host.
const RETRY_GAP: Duration = Duration::from_secs(10);

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What tells one credential from another: the user and a hash of the secret.
type Key = (String, Option<[u8; 32]>);

/// The gates of all credentials of a process. Clients whose logins share it ([`Login::sharing`](crate::Login::sharing)) do not
/// try a wrong password once per host.
#[derive(Clone, Default)]
pub struct Gates(Arc<Mutex<BTreeMap<Key, Arc<Gate>>>>);

impl fmt::Debug for Gates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The keys hold hashes that a password could be guessed from.
        f.debug_struct("Gates").finish_non_exhaustive()
    }
}

impl Gates {
    /// The gate of a credential: the one that another login with the same user and secret has, or a new one.
    pub(crate) fn of(&self, user: &str, secret: Option<[u8; 32]>) -> Arc<Gate> {
        let mut gates = locked(&self.0);
        let gate = gates.entry((user.to_lowercase(), secret)).or_insert_with(|| Arc::new(Gate::new(user)));
        Arc::clone(gate)
    }
}

/// The gate of one credential.
#[derive(Debug)]
pub(crate) struct Gate {
    state: Mutex<State>,
    /// A login has ended.
    changed: Notify,
}

/// Who refused a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RefusedBy {
    /// The host that was logged in to. The account may not log on there, the password may be wrong, or the host lies.
    Host,
    /// The Kerberos server, which keeps the account.
    Accounts,
}

/// Whether a login may be tried.
#[derive(Debug, PartialEq, Eq)]
enum Admission {
    /// Yes; with a number if it goes alone.
    Now(Option<u64>),
    /// Not before another login has ended, or until then.
    After(Instant),
    /// No, and why not.
    Never(String),
}

/// The refusals of one host.
#[derive(Debug)]
struct Refused {
    why: String,
    times: u32,
    latest: Instant,
}

#[derive(Debug, Default)]
struct State {
    user: String,
    /// The login that goes alone, by its number, and when it began.
    alone: Option<(u64, Instant)>,
    /// The number of logins that went alone.
    begun: u64,
    /// The host that last accepted the credential, and when.
    accepted: Option<(String, Instant)>,
    /// A host has refused since one last accepted.
    doubted: bool,
    /// The hosts that refused a login that went alone, since a host last accepted one.
    in_a_row: Vec<String>,
    /// What each host that refused has said.
    refused: BTreeMap<String, Refused>,
    /// Who refused, if nothing is tried any more.
    closed: Option<String>,
}

impl State {
    fn admit(&mut self, at: &str, now: Instant) -> Admission {
        if let Some(why) = self.forbids(at, now) {
            return Admission::Never(why);
        }
        let is_recent = self.accepted.as_ref().is_some_and(|(_, when)| now.duration_since(*when) < TRUSTED_FOR);
        if is_recent && !self.doubted {
            return Admission::Now(None);
        }
        if let Some((_, began)) = self.alone
            && now < began + ALONE_MAX
        {
            return Admission::After(began + ALONE_MAX);
        }
        self.begun += 1;
        self.alone = Some((self.begun, now));
        Admission::Now(Some(self.begun))
    }

    /// Why a login at a host is not tried, if it is not.
    fn forbids(&self, at: &str, now: Instant) -> Option<String> {
        if let Some(refused) = self.refused.get(at).filter(|refused| !self.may_try_again(at, refused, now)) {
            return Some(format!("{}; it is not tried again", refused.why));
        }
        let (by, user) = (self.closed.as_ref()?, &self.user);
        Some(format!(
            "the login at {at} was not tried: {by} refused {user}, and more failed logons could lock the account (put the right \
             password or key in place, then start again)"
        ))
    }

    /// Whether a host that has refused may be tried again: it may still be starting.
    fn may_try_again(&self, at: &str, refused: &Refused, now: Instant) -> bool {
        refused.times <= RETRIES_MAX
            && now.duration_since(refused.latest) >= RETRY_GAP
            && self.is_trusted_beside(at, now)
    }

    /// Whether another host accepted the credential within the last minute.
    fn is_trusted_beside(&self, at: &str, now: Instant) -> bool {
        self.accepted.as_ref().is_some_and(|(host, when)| host != at && now.duration_since(*when) < TRUSTED_FOR)
    }

    fn accept(&mut self, at: &str, now: Instant) {
        self.accepted = Some((at.to_owned(), now));
        self.refused.remove(at);
        self.doubted = false;
        self.in_a_row.clear();
    }

    fn refuse(&mut self, at: &str, alone: bool, by: RefusedBy, why: &str, now: Instant) {
        self.doubted = true;
        if by == RefusedBy::Accounts {
            self.close("the Kerberos server");
            return;
        }
        let times = self.refused.get(at).map_or(0, |refused| refused.times).saturating_add(1);
        self.refused.insert(at.to_owned(), Refused { why: why.to_owned(), times, latest: now });
        // A login that went beside others began before anybody doubted the credential.
        if !alone {
            return;
        }
        self.in_a_row.push(at.to_owned());
        let most = if self.is_trusted_beside(at, now) { REFUSALS_MAX_TRUSTED } else { REFUSALS_MAX };
        let hosts: BTreeSet<&str> = self.in_a_row.iter().map(String::as_str).collect();
        if self.in_a_row.len() >= most && hosts.len() >= REFUSALS_MAX {
            let hosts = hosts.into_iter().collect::<Vec<_>>().join(" and ");
            self.close(&hosts);
        }
    }

    fn close(&mut self, by: &str) {
        self.closed.get_or_insert_with(|| by.to_owned());
    }

    fn end(&mut self, number: Option<u64>) {
        if number.is_some() && self.alone.map(|(own, _)| own) == number {
            self.alone = None;
        }
    }
}

impl Gate {
    pub(crate) fn new(user: &str) -> Self {
        let state = State { user: user.to_owned(), ..State::default() };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    /// Fails if a login at a host would not be tried, whenever its turn came.
    pub(crate) fn check(&self, at: &str) -> Result<(), CallError> {
        locked(&self.state).forbids(at, Instant::now()).map_or(Ok(()), |why| Err(never(why)))
    }

    /// Waits for a login's turn, for at most `patience`.
    pub(crate) async fn enter(self: &Arc<Self>, at: &str, patience: Duration) -> Result<Attempt, CallError> {
        let until = Instant::now() + patience;
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            let now = Instant::now();
            let admission = locked(&self.state).admit(at, now);
            match admission {
                Admission::Now(number) => return Ok(Attempt { gate: Arc::clone(self), at: at.to_owned(), number }),
                Admission::Never(why) => return Err(never(why)),
                Admission::After(_) if now >= until => return Err(late(at, patience)),
                Admission::After(next) => {
                    let _changed = timeout_at(next.min(until), changed).await;
                }
            }
        }
    }

    /// A further request that shows the secret on a connection that has been accepted: it waits only while somebody doubts the
    /// credential.
    pub(crate) async fn enter_again(self: &Arc<Self>, at: &str, patience: Duration) -> Result<Attempt, CallError> {
        let doubted = {
            let state = locked(&self.state);
            state.doubted || state.forbids(at, Instant::now()).is_some()
        };
        if doubted {
            return self.enter(at, patience).await;
        }
        Ok(Attempt { gate: Arc::clone(self), at: at.to_owned(), number: None })
    }
}

fn never(why: String) -> CallError {
    CallError::new(ErrorKind::Denied, Reached::No, why)
}

/// A login whose turn did not come: another host may finish its login later.
fn late(at: &str, patience: Duration) -> CallError {
    let seconds = patience.as_secs_f32();
    let message =
        format!("the login at {at} was not tried within {seconds} s: those at other hosts go first and do not finish");
    CallError::new(ErrorKind::TimedOut, Reached::No, message)
}

/// A login that may be tried. If it is dropped, nothing has become of it.
#[derive(Debug)]
pub(crate) struct Attempt {
    gate: Arc<Gate>,
    at: String,
    number: Option<u64>,
}

impl Attempt {
    /// The host accepted the credential.
    pub(crate) fn accepted(self) {
        locked(&self.gate.state).accept(&self.at, Instant::now());
    }

    /// The credential was refused.
    pub(crate) fn refused(self, by: RefusedBy, error: &CallError) {
        let alone = self.number.is_some();
        locked(&self.gate.state).refuse(&self.at, alone, by, &error.message, Instant::now());
    }

    /// Fails if the gate has closed meanwhile.
    pub(crate) fn check(&self) -> Result<(), CallError> {
        self.gate.check(&self.at)
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        locked(&self.gate.state).end(self.number);
        self.gate.changed.notify_waiters();
    }
}
