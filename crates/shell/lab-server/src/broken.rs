//! Bodies that may be truncated, and connections that may be reset.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use socket2::{SockRef, Socket};
use tokio::net::TcpStream;
use tokio::time::{Interval, interval, sleep};

/// The announcement of an answer.
const ANNOUNCEMENT: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
/// How many of them are sent at a time.
const ANNOUNCEMENTS: usize = 256;
/// Wait for room in a socket's buffer.
const FULL_WAIT: Duration = Duration::from_millis(1);

/// A body that is sent whole, or whose second half never comes.
pub(crate) enum Sending {
    /// The rest of it.
    Whole(Option<Bytes>),
    /// The length that was promised, and the half that is sent.
    Half(u64, Option<Bytes>),
    /// The half has been handed over; it leaves before the next poll.
    Leaving(u64),
    /// Nothing more comes.
    Broken,
    /// Pieces of one byte without an end, at each tick of a clock if there is one.
    Endless(Option<Interval>),
}

/// Why an answer ends without having ended.
#[derive(Debug, thiserror::Error)]
#[error("the answer is cut off on purpose")]
pub(crate) struct CutOff;

impl Sending {
    pub(crate) fn whole(body: Bytes) -> Self {
        Self::Whole(Some(body).filter(|body| !body.is_empty()))
    }

    /// A body without an end, in pieces of one byte, each so long after the one before.
    pub(crate) fn endless(pace: Duration) -> Self {
        Self::Endless((!pace.is_zero()).then(|| interval(pace)))
    }

    pub(crate) fn half(body: &Bytes) -> Self {
        let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
        Self::Half(length, Some(body.slice(..body.len() / 2)))
    }
}

/// A second handle of a connection's socket, by which its end can be made a reset.
pub(crate) struct Resetter(Option<Socket>);

impl Resetter {
    pub(crate) fn new(stream: &TcpStream) -> Self {
        let socket = SockRef::from(stream).try_clone();
        Self(socket.inspect_err(|error| tracing::error!(%error, "a connection cannot be reset")).ok())
    }

    /// Announces an answer again and again, past the HTTP library, until the client goes. Only over plain HTTP.
    pub(crate) async fn announce_without_end(&self) {
        let Some(socket) = &self.0 else { return };
        let announcements = ANNOUNCEMENT.repeat(ANNOUNCEMENTS);
        loop {
            match socket.send(&announcements) {
                Ok(_) => tokio::task::yield_now().await,
                // The buffer is full.
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => sleep(FULL_WAIT).await,
                Err(_) => return,
            }
        }
    }

    /// From now on closing the connection resets it.
    pub(crate) fn reset_at_end(&self) {
        if let Some(socket) = &self.0
            && let Err(error) = socket.set_linger(Some(std::time::Duration::ZERO))
        {
            tracing::error!(%error, "a connection cannot be reset");
        }
    }
}

impl Body for Sending {
    type Data = Bytes;
    type Error = CutOff;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, CutOff>>> {
        match &mut *self {
            Self::Whole(body) => Poll::Ready(body.take().map(|body| Ok(Frame::data(body)))),
            Self::Half(length, half) => {
                let (length, half) = (*length, half.take());
                *self = Self::Leaving(length);
                Poll::Ready(half.map(|half| Ok(Frame::data(half))))
            }
            Self::Leaving(_) => {
                // What was handed over is written only when nothing more is ready.
                *self = Self::Broken;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Self::Broken => Poll::Ready(Some(Err(CutOff))),
            Self::Endless(clock) => {
                if let Some(clock) = clock {
                    ready!(clock.poll_tick(context));
                }
                Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b" ")))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => {
                SizeHint::with_exact(body.as_ref().map_or(0, |body| u64::try_from(body.len()).unwrap_or(u64::MAX)))
            }
            Self::Half(length, _) | Self::Leaving(length) => SizeHint::with_exact(*length),
            Self::Broken | Self::Endless(_) => SizeHint::default(),
        }
    }
}
