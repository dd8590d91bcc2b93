//! Bounds on what one client does.

use std::time::Duration;

/// Bounds on what one client does.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Maximum wait for a connection, including the name lookup.
    pub connect: Duration,
    /// Maximum wait for a login on a connection, including the Kerberos servers.
    pub login: Duration,
    /// Operation timeout sent to the server for a message that only reads. A lost message or answer shows only as silence, so
    /// a caller that retries reads should leave time for another one.
    pub read: Duration,
    /// Operation timeout for a message that changes something: a client that gives up early does not know the result.
    pub change: Duration,
    /// How much longer than the operation timeout the client waits, so that the server can report the timeout itself.
    pub lateness: Duration,
    /// Maximum time for a whole call with all its messages: a server that hands out items one by one, slowly, must not hold
    /// it forever.
    pub call: Duration,
    /// Maximum size of an answer, in bytes.
    pub body: usize,
    /// Maximum number of concurrent connections.
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
    /// Limits the wait for one answer to a read to `whole`, for callers that retry reads. The operation timeout is two thirds
    /// of it, and at most the one set before.
    #[must_use]
    pub fn reading_within(self, whole: Duration) -> Self {
        let lateness = (whole / 3).min(self.lateness);
        Self { read: whole.saturating_sub(lateness).min(self.read), lateness, ..self }
    }
}
