//! What every route has.

use axum::extract::FromRef;

use crate::journal::Current;
use crate::serve::desk::Door;

/// What every route has.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) door: Door,
    pub(super) store: Current,
}

impl FromRef<Shared> for Door {
    fn from_ref(shared: &Shared) -> Self {
        shared.door.clone()
    }
}
