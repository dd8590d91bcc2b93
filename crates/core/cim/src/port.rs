//! The port through which a procedure calls one host.

use std::future::Future;
use std::time::Duration;

use crate::{Argument, CallError, Name, Namespace, ObjectPath, Output, Reply, Request, Row, wql};

/// One host, as a procedure sees it: it can be called, and time can pass.
///
/// A procedure is an `async fn` over `&impl Port` that awaits nothing else, so that tokio can drive it, and
/// [`crate::stepped`] too, and it may be dropped at any await.
pub trait Port: Sync {
    /// Calls the host. The transport bounds the time.
    fn call(&self, request: Request) -> impl Future<Output = Result<Reply, CallError>> + Send;

    /// Lets at least `length` pass.
    fn pause(&self, length: Duration) -> impl Future<Output = ()> + Send;

    /// Time since the procedure began.
    fn elapsed(&self) -> Duration;

    /// Names what the procedure does now, for people who watch.
    fn note(&self, phase: &'static str);
}

fn unexpected(wanted: &str) -> CallError {
    CallError::malformed(format!("the transport answered with something other than {wanted}"))
}

/// Gets one whole instance.
///
/// # Errors
/// The call's own, or `Malformed` if the transport answered another kind of reply.
pub async fn get(port: &impl Port, path: ObjectPath) -> Result<Row, CallError> {
    match port.call(Request::Get { path }).await? {
        Reply::Instance(row) => Ok(row),
        Reply::Rows(_) | Reply::Output(_) => Err(unexpected("an instance")),
    }
}

/// Gets the rows of a query.
///
/// # Errors
/// The call's own, or `Malformed` if the transport answered another kind of reply.
pub async fn query(port: &impl Port, namespace: &str, select: wql::Select) -> Result<Vec<Row>, CallError> {
    match port.call(Request::Query { namespace: Namespace::new(namespace), select }).await? {
        Reply::Rows(rows) => Ok(rows),
        Reply::Instance(_) | Reply::Output(_) => Err(unexpected("rows")),
    }
}

/// Gets what one instance is related to.
///
/// # Errors
/// The call's own, or `Malformed` if the transport answered another kind of reply.
pub async fn related(port: &impl Port, related: wql::Related) -> Result<Vec<Row>, CallError> {
    match port.call(Request::Related { related }).await? {
        Reply::Rows(rows) => Ok(rows),
        Reply::Instance(_) | Reply::Output(_) => Err(unexpected("rows")),
    }
}

/// Calls a method.
///
/// # Errors
/// The call's own, or `Malformed` if the transport answered another kind of reply. See the invariant of [`CallError`].
pub async fn invoke(
    port: &impl Port,
    path: ObjectPath,
    method: &str,
    arguments: Vec<Argument>,
) -> Result<Output, CallError> {
    match port.call(Request::Invoke { path, method: Name::new(method), arguments }).await? {
        Reply::Output(output) => Ok(output),
        Reply::Instance(_) | Reply::Rows(_) => Err(unexpected("a method's output")),
    }
}
