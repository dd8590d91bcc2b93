//! A named pipe. By Windows' own rule for pipes administrators, the system and the account that serves may write to it.

use std::io;

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use reprise_platform::paths::PIPE;
use tokio::net::windows::named_pipe::{NamedPipeServer, ServerOptions};

use super::Caller;
use crate::usage::Usage;

/// Wait before a pipe is made again that could not be.
const AGAIN: std::time::Duration = std::time::Duration::from_secs(1);

/// A pipe that is open.
pub(in crate::serve) struct Listening {
    pipe: Option<NamedPipeServer>,
    name: &'static str,
}

impl Listening {
    /// Opens the pipe. Only one daemon has it.
    pub(in crate::serve) fn open() -> Result<Self, Usage> {
        let opened = ServerOptions::new().first_pipe_instance(true).create(PIPE);
        opened.map(|pipe| Self { pipe: Some(pipe), name: PIPE }).map_err(|error| {
            Usage::new(
                format!("cannot listen at {PIPE}"),
                error.to_string(),
                "stop the other program that serves there",
            )
        })
    }

    /// Its address, as others use it.
    pub(in crate::serve) fn address(&self) -> String {
        format!("pipe:{}", self.name)
    }

    /// Answers until this is dropped.
    pub(in crate::serve) async fn serve(&mut self, router: Router) -> io::Result<()> {
        match self.pipe.take() {
            Some(pipe) => axum::serve(Pipes(Some(pipe)), router.into_make_service_with_connect_info::<Caller>()).await,
            None => Ok(()),
        }
    }
}

/// One pipe after the other, one for each who asks; the next one waits before the last one is given away.
struct Pipes(Option<NamedPipeServer>);

impl Listener for Pipes {
    type Io = NamedPipeServer;
    type Addr = ();

    async fn accept(&mut self) -> (NamedPipeServer, ()) {
        loop {
            let pipe = match self.0.take() {
                Some(pipe) => pipe,
                None => match ServerOptions::new().create(PIPE) {
                    Ok(pipe) => pipe,
                    Err(error) => {
                        tracing::warn!(%error, "cannot make a pipe");
                        tokio::time::sleep(AGAIN).await;
                        continue;
                    }
                },
            };
            if pipe.connect().await.is_ok() {
                self.0 = ServerOptions::new().create(PIPE).ok();
                return (pipe, ());
            }
        }
    }

    fn local_addr(&self) -> io::Result<()> {
        Ok(())
    }
}

impl Connected<IncomingStream<'_, Pipes>> for Caller {
    fn connect_info(_: IncomingStream<'_, Pipes>) -> Self {
        Self("a user of this computer".to_owned())
    }
}
