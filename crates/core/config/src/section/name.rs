//! Names of VMs and hosts, as people write them.

use reprise_model::{HostName, VmSelector, folded_name, is_invisible};

/// Reads a VM's name or GUID.
///
/// # Errors
/// Says why no VM can be meant: a name of blanks, or the `*` by which somebody may have meant all VMs.
pub fn vm(text: &str) -> Result<VmSelector, &'static str> {
    if text != text.trim() {
        return Err("it has blanks at an end; remove them");
    }
    match folded_name(text).as_str() {
        "" => Err("it has no visible character; give the name or the GUID of a VM"),
        "*" => Err("`*` stands for no other name; give each VM by its name or GUID, or use a hold with all = true"),
        _ => Ok(VmSelector::parse(text)),
    }
}

/// Reads the address of a Kerberos server.
///
/// # Errors
/// Says why it is none. It may hold a login, so it is not repeated.
pub fn kdc(text: &str) -> Result<String, &'static str> {
    if text.is_empty()
        || text.contains(['@', '%', '?', '#'])
        || text.chars().any(|c| c.is_whitespace() || is_invisible(c))
    {
        return Err("expected the Kerberos server as HOST[:PORT], without a user or a password");
    }
    Ok(text.to_owned())
}

/// Reads a host's name.
///
/// # Errors
/// Says why no host can be meant.
pub(crate) fn host_name(text: &str) -> Result<HostName, &'static str> {
    if text.chars().any(|c| c.is_whitespace() || is_invisible(c)) {
        return Err("expected a host name, which has no blanks and no invisible characters");
    }
    if text.contains(['/', '\\', '@', '*', '?', '#', '%']) {
        // It may be an address with a login in it, so it is not repeated.
        return Err("expected a host name such as hv01.lab.test, without a scheme, a path or a user");
    }
    HostName::new(text).ok_or("expected a host name")
}
