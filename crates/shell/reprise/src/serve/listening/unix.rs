//! A Unix socket. Who may write to the file may ask: its owner and its group.

use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::serve::IncomingStream;
use reprise_platform::{account_of, paths};
use tokio::net::UnixListener;

use super::Caller;
use crate::usage::Usage;

/// The rights on the socket.
const MODE: u32 = 0o660;

/// A socket that is open; its file is removed at the end.
pub(in crate::serve) struct Listening {
    listener: Option<UnixListener>,
    path: PathBuf,
}

impl Listening {
    /// Opens the socket. Only one daemon has it.
    pub(in crate::serve) fn open() -> Result<Self, Usage> {
        let path = paths::socket(paths::of_this_process);
        match std::os::unix::net::UnixStream::connect(&path) {
            Ok(_) => {
                let why = format!("another one answers at {}", path.display());
                return Err(Usage::new("cannot serve", why, "stop that one first, or use it"));
            }
            // One that ended without removing its file.
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => remove(&path),
            Err(_) => {}
        }
        let opened = Self::bind(&path);
        opened.map(|listener| Self { listener: Some(listener), path: path.clone() }).map_err(|error| {
            let what = format!("cannot listen at {}", path.display());
            Usage::new(
                what,
                error.to_string(),
                "make its folder for the account that serves, or name one in RUNTIME_DIRECTORY",
            )
        })
    }

    fn bind(path: &Path) -> io::Result<UnixListener> {
        if let Some(folder) = path.parent() {
            let _there_already = std::fs::create_dir(folder);
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(MODE))?;
        Ok(listener)
    }

    /// Its address, as others use it.
    pub(in crate::serve) fn address(&self) -> String {
        format!("unix:{}", self.path.display())
    }

    /// Answers until this is dropped.
    pub(in crate::serve) async fn serve(&mut self, router: Router) -> io::Result<()> {
        match self.listener.take() {
            Some(listener) => axum::serve(listener, router.into_make_service_with_connect_info::<Caller>()).await,
            None => Ok(()),
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// Removes a socket, and nothing else that may stand there.
fn remove(path: &Path) {
    if std::fs::symlink_metadata(path).is_ok_and(|found| found.file_type().is_socket()) {
        let _gone_already = std::fs::remove_file(path);
    }
}

impl Connected<IncomingStream<'_, UnixListener>> for Caller {
    fn connect_info(stream: IncomingStream<'_, UnixListener>) -> Self {
        let peer = stream.io().peer_cred();
        Self(peer.map_or_else(|_| "an unknown account".to_owned(), |peer| account_of(peer.uid())))
    }
}
