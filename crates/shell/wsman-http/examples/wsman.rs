//! Asks a WS-Management service from the command line and prints one JSON object an instance.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, bail};
use cim::{Argument, Name, ObjectPath, Reply, Request, Row, Value};
use clap::{Parser, ValueEnum};
use serde_json::{Map, json};
use wsman::Resource;
use wsman::message::{Enumerate, Filter, Mode};
use wsman_http::{Client, Endpoint, Limits, Login, Scheme, Trust};

/// Asks a WS-Management service and prints one JSON object an instance.
#[derive(Parser)]
#[command(after_help = "Example:
  wsman enumerate http://hv01 --auth negotiate --user 'LAB\\svc' --password-file ./password \\
    http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2/Win32_OperatingSystem")]
struct Arguments {
    /// What to do
    action: Action,
    /// Where the service is: http[s]://HOST[:PORT][/wsman]
    url: String,
    /// The class: `http://schemas.microsoft.com/wbem/wsman/1/wmi/NAMESPACE/CLASS`, or `*` for the class with --wql
    resource: Option<String>,
    /// The method to invoke
    #[arg(long)]
    method: Option<String>,
    /// How to log in
    #[arg(long, default_value = "auto")]
    auth: Auth,
    /// The user: NAME, DOMAIN\NAME or NAME@REALM
    #[arg(long)]
    user: String,
    /// The password is the first line of this file
    #[arg(long)]
    password_file: PathBuf,
    /// The Kerberos server: HOST[:PORT]
    #[arg(long)]
    kdc: Option<String>,
    /// Believe certificates of the authorities in this PEM file
    #[arg(long)]
    ca: Option<PathBuf>,
    /// Believe the certificate with this SHA-256 fingerprint
    #[arg(long)]
    tls_fingerprint: Option<String>,
    /// Believe any certificate: whoever stands on the way can pretend to be the host
    #[arg(long)]
    insecure_no_tls_verification: bool,
    /// Enumerate what this query selects
    #[arg(long)]
    wql: Option<String>,
    /// A key of the instance: NAME=VALUE (repeatable)
    #[arg(long, value_parser = pair)]
    selector: Vec<(String, String)>,
    /// An argument of the method, in the order of its definition: NAME=VALUE (repeatable)
    #[arg(long, value_parser = pair)]
    arg: Vec<(String, String)>,
    /// Most items in one answer
    #[arg(long, default_value_t = 1_000)]
    batch: u32,
    /// Print each instance's reference too, as `__path`
    #[arg(long)]
    epr: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum Action {
    Identify,
    Enumerate,
    Get,
    Invoke,
}

#[derive(Clone, Copy, ValueEnum)]
enum Auth {
    Auto,
    Basic,
    Ntlm,
    Negotiate,
    Kerberos,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("NAME=VALUE is expected")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _lost = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<()> {
    let client = client(&arguments)?;
    match arguments.action {
        Action::Identify => {
            let identity = client.identify().await?;
            print(&json!({
                "protocol": identity.protocol, "vendor": identity.vendor, "version": identity.version,
                "profiles": identity.profiles
            }))
        }
        Action::Enumerate => {
            let resource = resource(&arguments)?;
            let enumerate = Enumerate {
                resource,
                filter: arguments.wql.map(Filter::Wql),
                mode: if arguments.epr { Mode::ObjectAndReference } else { Mode::Object },
                optimize: true,
                max_elements: Some(arguments.batch),
            };
            client.enumerate(enumerate).await?.iter().try_for_each(|row| print(&instance(row)))
        }
        Action::Get => match client.call(Request::Get { path: path(&arguments)? }).await? {
            Reply::Instance(row) => print(&instance(&Row { path: row.path.clone().filter(|_| arguments.epr), ..row })),
            Reply::Rows(_) | Reply::Output(_) => bail!("the answer is none to Get"),
        },
        Action::Invoke => {
            let path = path(&arguments)?;
            let method = Name::new(arguments.method.as_deref().context("--method NAME is missing")?);
            let inputs =
                arguments.arg.iter().map(|(name, text)| Argument::new(name.as_str(), Value::String(text.clone())));
            match client.call(Request::Invoke { path, method, arguments: inputs.collect() }).await? {
                Reply::Output(output) => print(&members(output.parameters.iter())),
                Reply::Instance(_) | Reply::Rows(_) => bail!("the answer is none to a method"),
            }
        }
    }
}

fn client(arguments: &Arguments) -> Result<Client> {
    let scheme = match arguments.auth {
        Auth::Auto => Scheme::Auto,
        Auth::Basic => Scheme::Basic,
        Auth::Ntlm => Scheme::Ntlm,
        Auth::Negotiate => Scheme::Negotiate,
        Auth::Kerberos => Scheme::Kerberos,
    };
    let file = &arguments.password_file;
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let password = text.lines().next().unwrap_or_default();
    let mut login = Login::new(scheme, arguments.user.as_str(), password);
    if let Some(kdc) = &arguments.kdc {
        login = login.with_kdc(kdc.as_str());
    }
    let endpoint = Endpoint::parse(&arguments.url)?;
    let secure = endpoint.is_secure();
    let client = Client::new(endpoint, login, Limits::default());
    Ok(if secure { client.with_trust(trust(arguments)?) } else { client })
}

fn trust(arguments: &Arguments) -> Result<Trust> {
    if arguments.insecure_no_tls_verification {
        let _lost = writeln!(std::io::stderr(), "note: the host's certificate is not verified");
        return Ok(Trust::anybody()?);
    }
    if let Some(fingerprint) = &arguments.tls_fingerprint {
        return Ok(Trust::fingerprint(fingerprint)?);
    }
    match &arguments.ca {
        Some(file) => {
            let pem = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            Ok(Trust::authorities(&pem)?)
        }
        None => Ok(Trust::system()?),
    }
}

fn resource(arguments: &Arguments) -> Result<Resource> {
    let uri = arguments.resource.as_deref().context("a RESOURCE is missing")?;
    Resource::parse(uri).with_context(|| format!("`{uri}` is not the resource URI of a WMI class"))
}

fn path(arguments: &Arguments) -> Result<ObjectPath> {
    let Resource { namespace, class } = resource(arguments)?;
    let begin = ObjectPath::new(namespace, class);
    Ok(arguments.selector.iter().fold(begin, |path, (name, value)| path.with(name.as_str(), value.as_str())))
}

fn instance(row: &Row) -> serde_json::Value {
    let mut object = members(row.properties.iter());
    if let Some(object) = object.as_object_mut() {
        if !row.class.as_str().is_empty() {
            object.insert("__class".to_owned(), row.class.as_str().into());
        }
        if let Some(path) = &row.path {
            object.insert("__path".to_owned(), path.to_string().into());
        }
    }
    object
}

fn members<'v>(values: impl Iterator<Item = (&'v Name, &'v Value)>) -> serde_json::Value {
    let members: BTreeMap<String, serde_json::Value> =
        values.map(|(name, value)| (name.as_str().to_owned(), json(value))).collect();
    serde_json::Value::Object(members.into_iter().collect::<Map<_, _>>())
}

/// WS-Management carries no types: a value without structure is its text.
fn json(value: &Value) -> serde_json::Value {
    #[expect(clippy::wildcard_enum_match_arm, reason = "every other value has a text")]
    match value {
        Value::Nil => serde_json::Value::Null,
        Value::Boolean(yes) => (*yes).into(),
        Value::List(values) => values.iter().map(json).collect(),
        Value::Object(row) => instance(row),
        Value::Reference(path) => path.to_string().into(),
        other => other.lexical().into(),
    }
}

fn print(value: &serde_json::Value) -> Result<()> {
    writeln!(std::io::stdout(), "{value}").context("cannot write to standard output")
}
