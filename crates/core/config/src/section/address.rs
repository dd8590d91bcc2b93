//! The address of a service.

use wsman::{Endpoint, EndpointProblem};

use crate::table::Findings;

/// Parses the address of a service. The error does not repeat a login in it.
pub(crate) fn address(at: usize, key: String, text: &str, found: &mut Findings<'_>) -> Option<Endpoint> {
    Endpoint::parse(text)
        .map_err(|error| {
            let next = match error.problem {
                EndpointProblem::Login => "; use user and password_file",
                EndpointProblem::NoScheme
                | EndpointProblem::Scheme
                | EndpointProblem::Brackets
                | EndpointProblem::Zone
                | EndpointProblem::Port
                | EndpointProblem::Host
                | EndpointProblem::Path => "",
            };
            found.add(at, key, format!("{error}{next}"));
        })
        .ok()
}
