//! What a login mechanism must do, and where its work is done.

use super::error::AuthError;

/// One side of a login and, once it is done, of sealed messages.
pub(crate) trait Security: Send {
    /// Takes the other side's token, none at first, and gives the next one to send, which may be empty.
    ///
    /// May wait for a Kerberos server: it is called where waiting is allowed.
    fn step(&mut self, token: &[u8]) -> Result<Step, AuthError>;

    /// Seals a message: the length of the signature, the signature and the sealed data (MS-WSMV 2.2.9.1.2.1).
    fn seal(&mut self, message: &[u8]) -> Result<Vec<u8>, AuthError>;

    /// What [`Security::seal`] of the other side sealed.
    fn unseal(&mut self, sealed: &[u8]) -> Result<Vec<u8>, AuthError>;
}

/// What a step came to.
#[derive(Debug)]
pub(crate) struct Step {
    /// To be sent, if not empty.
    pub(crate) token: Vec<u8>,
    /// Whether this side asks for nothing more: the other has proved what it must.
    pub(crate) done: bool,
}

/// Maximum size of a message that is sealed or opened on the spot, in bytes: a few milliseconds of work. Windows' own limit
/// on a message is half of it (`MaxEnvelopeSizekb` 500).
const QUICK_MAX: usize = 1024 * 1024;

/// Whether sealing or opening a message of this size is quick.
pub(crate) fn is_quick(length: usize) -> bool {
    length <= QUICK_MAX
}

/// Works with a login. What is quick is done on the spot, since handing it to another thread costs more than most messages
/// and a fleet's answers would start hundreds of threads. The rest, which may wait for a Kerberos server, is done where it
/// holds up nobody else.
///
/// If it breaks, so does the login: what it was given is lost.
pub(crate) async fn without_blocking<T, F>(
    mut security: Box<dyn Security>,
    quick: bool,
    work: F,
) -> Result<(Box<dyn Security>, T), AuthError>
where
    T: Send + 'static,
    F: FnOnce(&mut dyn Security) -> Result<T, AuthError> + Send + 'static,
{
    let done = move || work(security.as_mut()).map(|done| (security, done));
    if quick {
        return done();
    }
    tokio::task::spawn_blocking(done).await.unwrap_or(Err(AuthError::Broken("do its work")))
}
