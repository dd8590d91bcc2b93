//! One host as procedures see it: the client that calls it, shared reads, and waits aligned to a common beat.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use cim::{CallError, Port, Reply, Request};
use tokio::sync::{Mutex, OnceCell};
use tokio::time::Instant;

use crate::recording::HostRecording;

/// Waits on one host end on a common beat, so that equal reads of several procedures coincide and cost one request.
/// Shorter than any job, longer than a round trip within a site.
const BEAT: Duration = Duration::from_millis(50);

type Answer = Result<Reply, CallError>;

/// What calls a host. Nothing else knows how a host is called.
pub(crate) enum Transport {
    /// WS-Management, over the network.
    WsMan(Box<wsman_http::Client>),
    /// The WMI of this computer.
    Local(reprise_wmi::LocalWmi),
}

impl Transport {
    async fn call(&self, request: Request) -> Answer {
        match self {
            Self::WsMan(client) => client.call(request).await,
            Self::Local(client) => client.call(request).await,
        }
    }
}

/// The link to one host, shared by every procedure that uses it.
pub(crate) struct HostLink {
    transport: Transport,
    began: Instant,
    /// Reads in progress.
    reads: Mutex<Vec<(Request, Arc<OnceCell<Answer>>)>>,
    /// Where calls are recorded, if they are.
    recording: OnceLock<HostRecording>,
}

impl HostLink {
    pub(crate) fn new(transport: Transport) -> Arc<Self> {
        let reads = Mutex::new(Vec::new());
        Arc::new(Self { transport, began: Instant::now(), reads, recording: OnceLock::new() })
    }

    /// A link whose transport is recorded.
    pub(crate) fn recorded(transport: Transport, recording: HostRecording) -> Arc<Self> {
        let link = Self::new(transport);
        link.record(recording);
        link
    }

    /// Records from now on what this computer's own WMI is asked and answers, and the logins that a host offers. The messages of
    /// another host pass the tap of its client.
    pub(crate) fn record(&self, recording: HostRecording) {
        let _kept = self.recording.set(recording);
    }

    async fn call(&self, request: Request) -> Answer {
        let local = matches!(self.transport, Transport::Local(_));
        let Some(recording) = self.recording.get().filter(|_| local) else {
            return self.transport.call(request).await;
        };
        let answer = self.transport.call(request.clone()).await;
        recording.called(&request, &answer);
        answer
    }

    /// Asks which logins the host offers, without logging in. This computer needs none.
    pub(crate) async fn offers(&self) -> Result<Vec<String>, CallError> {
        match &self.transport {
            Transport::WsMan(client) => {
                let offers = client.offers().await;
                if let (Some(recording), Ok(offers)) = (self.recording.get(), &offers) {
                    recording.offers(offers);
                }
                offers
            }
            Transport::Local(_) => Ok(Vec::new()),
        }
    }

    /// The login that has worked, if one was needed.
    pub(crate) fn login_in_use(&self) -> Option<wsman_http::LoginInUse> {
        match &self.transport {
            Transport::WsMan(client) => client.login_in_use(),
            Transport::Local(_) => None,
        }
    }

    /// A port for one procedure, which starts now.
    pub(crate) fn port(self: &Arc<Self>) -> HostPort {
        HostPort { link: Arc::clone(self), began: Instant::now() }
    }

    /// Sends the read, or waits for the response if an equal read is in progress. If the caller that sent it is dropped, the
    /// next one that waits sends it again.
    async fn read(&self, request: Request) -> Answer {
        let cell = {
            let mut reads = self.reads.lock().await;
            if let Some((_, cell)) = reads.iter().find(|(asked, _)| *asked == request) {
                Arc::clone(cell)
            } else {
                let cell = Arc::new(OnceCell::new());
                reads.push((request.clone(), Arc::clone(&cell)));
                cell
            }
        };
        cell.get_or_init(|| self.call(request)).await;
        self.reads.lock().await.retain(|(_, under_way)| !Arc::ptr_eq(under_way, &cell));
        // The last caller gets the answer itself, the others get copies. Usually there is only one caller.
        let answer = Arc::try_unwrap(cell).map_or_else(|cell| cell.get().cloned(), OnceCell::into_inner);
        answer.expect("the answer has just been awaited")
    }
}

/// One procedure's port to one host.
pub(crate) struct HostPort {
    link: Arc<HostLink>,
    began: Instant,
}

impl Port for HostPort {
    async fn call(&self, request: Request) -> Answer {
        match request {
            Request::Query { .. } | Request::Related { .. } => self.link.read(request).await,
            Request::Get { .. } | Request::Invoke { .. } => self.link.call(request).await,
        }
    }

    async fn pause(&self, length: Duration) {
        let since = (Instant::now() + length).duration_since(self.link.began);
        let beats = since.as_nanos().div_ceil(BEAT.as_nanos());
        let until = BEAT.saturating_mul(u32::try_from(beats).unwrap_or(u32::MAX));
        tokio::time::sleep_until(self.link.began + until).await;
    }

    fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    fn note(&self, phase: &'static str) {
        tracing::debug!(phase);
    }
}
