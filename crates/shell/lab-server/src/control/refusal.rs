//! Why a request to the control API was not carried out.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use reprise_lab::ActionError;
use serde_json::json;

/// Why a request to the control API was not carried out.
pub(super) enum Refusal {
    /// 404
    Unknown(String),
    /// 409
    NotNow(String),
    /// 400
    Bad(String),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, error) = match self {
            Self::Unknown(error) => (StatusCode::NOT_FOUND, error),
            Self::NotNow(error) => (StatusCode::CONFLICT, error),
            Self::Bad(error) => (StatusCode::BAD_REQUEST, error),
        };
        (status, Json(json!({ "error": error }))).into_response()
    }
}

impl From<ActionError> for Refusal {
    fn from(error: ActionError) -> Self {
        match &error {
            ActionError::Unknown(_) => Self::Unknown(error.to_string()),
            ActionError::NotUnique(_) | ActionError::NotNow(_) => Self::NotNow(error.to_string()),
        }
    }
}
