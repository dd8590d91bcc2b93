//! The JSON Schema of the configuration file, for editors and for checks elsewhere.
//!
//! These types describe the file and hold nothing: `check` reads it. The tests compare the keys and words of both.

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use wsman::Scheme;

/// The JSON Schema of a configuration (draft 7, which editors of TOML know).
pub fn schema() -> String {
    // The defaults of these types are not those of the settings.
    let settings = SchemaSettings::draft07()
        .with(|settings| settings.inline_subschemas = true)
        .with_transform(RecursiveTransform(|schema: &mut Schema| drop(schema.remove("default"))));
    format!("{:#}\n", settings.into_generator().into_root_schema_for::<Configuration>().to_value())
}

/// The configuration of Reprise.
#[derive(Default, JsonSchema)]
#[schemars(default, deny_unknown_fields, extend("required" = ["version"]))]
struct Configuration {
    /// The version of the format.
    #[schemars(extend("const" = 1))]
    version: u32,
    login: Login,
    host: Vec<Host>,
    run: Run,
    serve: Serve,
    policy: Policy,
    discover: Discover,
    hold: Vec<Hold>,
}

/// The login of every host that has none of its own.
#[derive(Default, JsonSchema)]
#[schemars(default, deny_unknown_fields)]
struct Login {
    /// The user: NAME, DOMAIN\NAME or NAME@REALM.
    user: String,
    /// A file with the password on its first line, which only its owner may read.
    password_file: String,
    /// The name under which the system keeps the password: Credential Manager on Windows, systemd on Linux.
    password_credential: String,
    /// A keytab with the account's keys, for Kerberos.
    keytab: String,
    /// The authentication scheme.
    #[schemars(extend("enum" = Scheme::ALL.map(Scheme::name)))]
    auth: String,
    /// The Kerberos server, if the system does not know it: HOST[:PORT].
    kdc: String,
    /// A PEM file with the authorities to trust over https://, instead of the system's.
    ca: String,
    /// The SHA-256 fingerprint of the one certificate to trust over https://.
    fingerprint: String,
    /// A PEM file with the client certificate, for auth = "certificate".
    certificate: String,
    /// A PEM file with the certificate's private key, which only its owner may read.
    key: String,
}

/// A host to manage, with its own login if it has one.
#[derive(Default, JsonSchema)]
#[schemars(default, deny_unknown_fields, transform = with_login, extend("oneOf" = [
    { "required": ["url"], "properties": { "local": { "const": false } } },
    { "required": ["local"], "properties": { "local": { "const": true }, "url": false } },
]))]
struct Host {
    /// The address of its WS-Management service: http[s]://HOST[:PORT]/wsman.
    url: String,
    /// The computer that Reprise runs on, asked through its own WMI (Windows alone).
    local: bool,
    /// Its name until the host has given its own.
    name: String,
    /// Its tier; hosts of lower tiers are served first.
    #[schemars(range(max = u32::MAX))]
    tier: u32,
    /// Its name in Kerberos, if it is not HTTP/ and the host of its address: CLASS/NAME.
    spn: String,
}

/// A host may have all that `[login]` may have.
fn with_login(schema: &mut Schema) {
    let login = Login::json_schema(&mut SchemaGenerator::default());
    let own = schema.get_mut("properties").and_then(|own| own.as_object_mut());
    if let (Some(own), Some(login)) = (own, login.get("properties").and_then(|login| login.as_object())) {
        own.extend(login.clone());
    }
}

/// Time limits, and how much is done at once.
#[derive(Default, JsonSchema)]
#[schemars(default, deny_unknown_fields)]
struct Run {
    /// Maximum wait for a host to become ready.
    #[schemars(schema_with = "length")]
    timeout: String,
    /// Maximum wait for VMMS, from the host's first answer.
    #[schemars(schema_with = "length")]
    vmms_timeout: String,
    /// How long to retry hosts that do not respond yet, and transient errors.
    #[schemars(schema_with = "length")]
    retry_for: String,
    /// How many acts run on one host at once, to begin with.
    #[schemars(range(min = 1, max = u32::MAX))]
    per_host: u32,
    /// How many acts run on one host at once, at most.
    #[schemars(range(min = 1, max = u32::MAX))]
    per_host_max: u32,
}

/// What the daemon does.
#[derive(Default, JsonSchema)]
#[schemars(default, deny_unknown_fields)]
struct Serve {
    /// How often a host is looked at that gives no sign.
    #[schemars(schema_with = "length")]
    interval: String,
}

/// A duration, as `parse_duration` reads it.
fn length(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": ["string", "integer"],
        "minimum": 0,
        "pattern": r"^\s*([0-9]+|[0-9]+h([0-9]+m)?([0-9]+s)?|[0-9]+m([0-9]+s)?|[0-9]+s)\s*$",
    })
}

/// What may be done without being asked.
#[derive(Default, JsonSchema)]
#[schemars(default, deny_unknown_fields)]
struct Policy {
    /// When a resynchronization is started: after an approval.
    #[schemars(extend("enum" = ["approve"]))]
    resync: String,
    /// What to do if a replica server that was asked is not seen.
    #[schemars(extend("enum" = ["wait", "resume"]))]
    peer_unseen: String,
    paused: Paused,
}

/// What to do with paused replication.
#[derive(Default, JsonSchema)]
#[schemars(default, deny_unknown_fields)]
struct Paused {
    /// If it is paused at the first look.
    #[schemars(extend("enum" = ["resume", "leave", "evidence"]))]
    at_boot: String,
    /// If it is paused while Reprise runs.
    #[schemars(extend("enum" = ["resume", "leave", "evidence"]))]
    while_running: String,
    /// If it is an initial replication.
    #[schemars(extend("enum" = ["leave", "resume"]))]
    initial: String,
}

/// Hosts that only replication relationships name.
#[derive(Default, JsonSchema)]
#[schemars(default, deny_unknown_fields)]
struct Discover {
    /// Whether they are asked too.
    peers: bool,
    /// The addresses of some of them, by their names.
    resolve: BTreeMap<String, String>,
}

/// What is left alone, and why.
#[derive(Default, JsonSchema)]
#[schemars(default, deny_unknown_fields, extend("required" = ["reason"], "oneOf" = [
    { "required": ["vm"] },
    { "required": ["host"] },
    { "required": ["all"] },
]))]
struct Hold {
    /// A VM, by its name or GUID.
    vm: String,
    /// A host: all replication from it and to it.
    host: String,
    /// Everything.
    #[schemars(extend("const" = true))]
    all: bool,
    /// Why it is held.
    reason: String,
    /// When the hold ends, such as 2026-11-30T22:00:00Z.
    #[schemars(extend("format" = "date-time"))]
    until: String,
}

#[cfg(test)]
mod tests;
