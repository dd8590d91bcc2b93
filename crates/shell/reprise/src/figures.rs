//! How much data relationships have still to send: asked for those that are shown, after the looks and within a time limit.
//! Nothing is decided by it, and what has not been said in time is unknown.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reprise_engine::Controller;
use reprise_hyperv::Statistics;
use reprise_model::{HostId, Kept, LegId};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};

use crate::links::Links;
use crate::port::HostLink;

/// Maximum time for all hosts together: a person waits for it.
const TIME_MAX: Duration = Duration::from_secs(5);
/// Maximum number of hosts that are asked at once. Each needs a few connections.
const HOSTS_AT_ONCE: usize = 32;

/// An object to ask about.
struct Question {
    leg: LegId,
    vm_key: String,
    kept: Kept,
}

/// The objects to ask about, by host. In the order in which their legs were given.
#[derive(Default)]
pub(crate) struct Questions(BTreeMap<HostId, Vec<Question>>);

impl Questions {
    /// The senders of these legs that their hosts show.
    pub(crate) fn of(controller: &Controller, legs: impl IntoIterator<Item = LegId>) -> Self {
        let mut hosts: BTreeMap<HostId, Vec<Question>> = BTreeMap::new();
        for leg in legs {
            let Some(sender) = controller.sender(leg) else { continue };
            let question = Question { leg, vm_key: sender.vm.key.clone(), kept: sender.object.kept.clone() };
            hosts.entry(sender.host).or_default().push(question);
        }
        Self(hosts)
    }

    /// Asks each host. What this returns can be dropped at any time.
    pub(crate) fn ask(self, links: &Links) -> Answers {
        let places = Arc::new(Semaphore::new(HOSTS_AT_ONCE));
        let count = self.0.values().map(Vec::len).sum::<usize>().max(1);
        let (sender, receiver) = mpsc::channel(count);
        let mut asking = JoinSet::new();
        for (host, questions) in self.0 {
            let Some(link) = links.get(host).cloned() else { continue };
            let (places, sender) = (Arc::clone(&places), sender.clone());
            let ask = async move {
                let _place = places.acquire().await;
                ask_host(&link, questions, &sender).await;
            };
            asking.spawn_on(ask, &links.workers());
        }
        Answers { receiver, _asking: asking }
    }
}

/// What hosts say, as it comes.
pub(crate) struct Answers {
    receiver: mpsc::Receiver<(LegId, u64)>,
    /// Ends with this.
    _asking: JoinSet<()>,
}

impl Answers {
    /// All that is said within the time limit.
    pub(crate) async fn all(mut self) -> BTreeMap<LegId, u64> {
        let deadline = Instant::now() + TIME_MAX;
        let mut said = BTreeMap::new();
        while let Ok(Some((leg, amount))) = timeout_at(deadline, self.receiver.recv()).await {
            said.insert(leg, amount);
        }
        said
    }
}

/// Asks one host about some objects, a few at a time.
async fn ask_host(link: &Arc<HostLink>, questions: Vec<Question>, sender: &mpsc::Sender<(LegId, u64)>) {
    let port = link.port();
    let kept: Vec<Kept> = questions.iter().map(|question| question.kept.clone()).collect();
    let Some(statistics) = Statistics::prepare(&port, &kept).await else { return };
    let left = Mutex::new(questions.into_iter());
    let next = || left.lock().unwrap_or_else(PoisonError::into_inner).next();
    let lane = || async {
        while let Some(Question { leg, vm_key, kept }) = next() {
            if let Some(amount) = statistics.pending_bytes(&port, &vm_key, &kept).await
                && sender.send((leg, amount)).await.is_err()
            {
                return;
            }
        }
    };
    tokio::join!(Box::pin(lane()), Box::pin(lane()), Box::pin(lane()), Box::pin(lane()));
}
