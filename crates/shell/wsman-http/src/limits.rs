//! Bounds on what one client does.

use std::time::Duration;

/// Bounds on what one client does.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Longest wait for a connection, name look-up included.
    pub connect: Duration,
    /// Longest wait for a login on a connection, Kerberos' own servers included.
    pub login: Duration,
    /// What the server is told as its time for one message that reads. A message or an answer that got lost is known by
    /// nothing but silence, so where reads are repeated this should leave time for another.
    pub read: Duration,
    /// The same for one that changes something: whoever gives up early does not know what has happened.
    pub change: Duration,
    /// So much longer than the server was told is its answer waited for: it can then say itself that it is late.
    pub lateness: Duration,
    /// Longest time for one whole call, all its messages together: a server that hands out items one by one, slowly, must
    /// not hold it for ever.
    pub call: Duration,
    /// Largest answer, in bytes.
    pub body: usize,
    /// Most connections at once.
    pub connections: usize,
}

impl Default for Limits {
    /// A connection within 5 s: hosts are near or gone. A login within 20 s: Kerberos asks for two tickets first, and a
    /// host may have to ask a domain controller. 60 s for an operation is Windows' own most (`MaxTimeoutms`), and
    /// 10 s more for the answer to arrive. Ten minutes for a call, since even a thousand VMs fit into a few dozen
    /// answers. Answers of at most 8 MiB: 500 KiB is usual, and a server may be set higher. Eight connections: six acts,
    /// a look and one to spare.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            login: Duration::from_secs(20),
            read: Duration::from_mins(1),
            change: Duration::from_mins(1),
            lateness: Duration::from_secs(10),
            call: Duration::from_mins(10),
            body: 8 * 1024 * 1024,
            connections: 8,
        }
    }
}

impl Limits {
    /// The same, for someone who reads again what does not come: the whole wait for one answer to a read is `whole`, of
    /// which the server is told two thirds. What Windows allows at most stays the most.
    #[must_use]
    pub fn reading_within(self, whole: Duration) -> Self {
        let lateness = (whole / 3).min(self.lateness);
        Self { read: whole.saturating_sub(lateness).min(self.read), lateness, ..self }
    }
}
