//! Why a login is refused.

/// Why a login was refused. The client learns none of it; it is for the host's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoginError {
    /// The token is not what it should be.
    #[error("the token is not well formed")]
    Malformed,
    /// Nothing is offered that this host speaks.
    #[error("the client wants a mechanism that is not spoken here")]
    Mechanism,
    /// The client speaks older versions only: LM, NTLM before its second version, or no session security.
    #[error("the client does not speak NTLMv2 with session security")]
    TooOld,
    /// There is no such account.
    #[error("there is no such user")]
    UnknownUser,
    /// The password does not fit.
    #[error("the password is wrong")]
    WrongPassword,
    /// The ticket is for no service whose key is here.
    #[error("the ticket is for another service, or an outdated key")]
    NotForUs,
    /// The ticket has expired, or the clocks differ.
    #[error("the ticket has expired, or the clocks differ too much")]
    TooLate,
    /// The client means another TLS connection, or none.
    #[error("the login is bound to another channel")]
    WrongChannel,
    /// Messages were changed in transit.
    #[error("the messages of the login were altered")]
    Altered,
}
