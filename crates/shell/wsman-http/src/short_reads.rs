//! A stream that is read in pieces, so that a connection that waits keeps a small buffer.

use std::io::{Error, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::allowance::Allowance;

/// Maximum bytes of one read. hyper doubles a connection's buffer, up to its limit of a head, as long as reads fill it, and
/// keeps it while the connection waits: with a thousand hosts a hundred megabytes.
const READ_MAX: usize = 16 * 1024;

/// A stream that reads at most [`READ_MAX`] bytes at a time, and as many in all as it is allowed.
pub(crate) struct ShortReads<S>(pub(crate) S, pub(crate) Allowance);

impl<S: AsyncRead + Unpin> AsyncRead for ShortReads<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let length = buf.remaining().min(READ_MAX);
        let mut part = ReadBuf::new(buf.initialize_unfilled_to(length));
        let read = Pin::new(&mut self.0).poll_read(cx, &mut part);
        let length = part.filled().len();
        buf.advance(length);
        match read {
            Poll::Ready(Ok(())) => Poll::Ready(self.1.spend(length).map_err(Error::other)),
            Poll::Ready(Err(_)) | Poll::Pending => read,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ShortReads<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[tokio::test]
    async fn everything_arrives_in_pieces_of_a_bounded_length() {
        let sent: Vec<u8> = (0..=255).cycle().take(3 * READ_MAX + 7).collect();
        let (mut host, client) = tokio::io::duplex(sent.len());
        host.write_all(&sent).await.unwrap();
        let allowance = Allowance::new();
        allowance.set(sent.len());
        let mut client = ShortReads(client, allowance.clone());
        let mut room = vec![0; sent.len()];
        assert_eq!(client.read(&mut room).await.unwrap(), READ_MAX);
        client.read_exact(&mut room[READ_MAX..]).await.unwrap();
        assert_eq!(room, sent);
        client.write_all(b"answer").await.unwrap();
        host.read_exact(&mut room[..6]).await.unwrap();
        assert_eq!(&room[..6], b"answer");
        assert!(allowance.is_spent());
        host.write_all(b"!").await.unwrap();
        assert!(client.read(&mut room).await.unwrap_err().to_string().contains("more than HTTP needs"));
    }
}
