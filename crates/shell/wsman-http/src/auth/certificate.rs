//! Login by the certificate that TLS has shown: a header on each request that says so.

/// The value of the header Authorization: the URI of the security profile `wsman:secprofile/https/mutual`
/// (DSP0226), which WinRM takes as the name of a scheme.
pub(crate) const AUTHORIZATION: &str = "http://schemas.dmtf.org/wbem/wsman/1/wsman/secprofile/https/mutual";
