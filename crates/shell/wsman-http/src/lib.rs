//! WS-Management over HTTP: a tokio client.
