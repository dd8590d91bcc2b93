//! The address of a service.

use wsman::{Endpoint, EndpointProblem};

use crate::table::Findings;

/// The address of a service. A login that stands in it is not repeated.
pub(crate) fn address(at: usize, key: String, text: &str, found: &mut Findings<'_>) -> Option<Endpoint> {
    Endpoint::parse(text)
        .map_err(|error| {
            let next = match error.problem {
                EndpointProblem::Login => "; write the user under user, and name the password by password_file",
                EndpointProblem::NoScheme
                | EndpointProblem::Scheme
                | EndpointProblem::Brackets
                | EndpointProblem::Port
                | EndpointProblem::Host
                | EndpointProblem::Path => "",
            };
            found.add(at, key, format!("{error}{next}"));
        })
        .ok()
}
