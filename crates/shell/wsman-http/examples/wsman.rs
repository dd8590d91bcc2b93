//! Asks a WS-Management service from the command line and prints one JSON object an instance, an event, or a change.

use std::collections::BTreeMap;
use std::io::{Error, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, bail};
use cim::event::{EventPort as _, EventQuery, EventSelect, Record};
use cim::{Argument, DateTime, Name, ObjectPath, Reply, Request, Row, Value};
use clap::{Parser, ValueEnum};
use serde_json::{Map, json};
use wsman::eventing::EVENT_LOG;
use wsman::message::{Enumerate, Filter, Mode};
use wsman::{ALL_CLASSES, Resource};
use wsman_http::{
    Change, Changes, Client, ClientCertificate, Endpoint, Events, HeardBy, Keytab, Limits, Login, Scheme, Trust, Watch,
    What,
};

/// How long a host holds a Pull in which nothing comes; less than the minute that it allows.
const PATIENCE: Duration = Duration::from_secs(30);
/// Maximum time to close a subscription.
const LEAVING_MAX: Duration = Duration::from_secs(2);

/// Asks a WS-Management service and prints one JSON object an instance, an event, or a change.
#[derive(Parser)]
#[command(after_help = "Examples, of which W is http://schemas.microsoft.com/wbem/wsman/1/wmi/root/cimv2:
  wsman identify  http://hv01 --user 'LAB\\svc' --password-file ./password
  wsman enumerate http://hv01 W/Win32_OperatingSystem --user 'LAB\\svc' --password-file ./password
  wsman enumerate http://hv01 'W/*' --wql \"SELECT Name, State FROM Win32_Service WHERE State = 'Running'\" …
  wsman get       http://hv01 W/Win32_Service --selector Name=vmms …
  wsman invoke    http://hv01 W/Win32_Service --method StopService --selector Name=Spooler …
  wsman subscribe http://hv01 --log System --xpath '*[System[(EventID=1074)]]' --existing …
  wsman subscribe http://hv01 W/Win32_Service --by Name --column State …")]
struct Arguments {
    /// What to do
    action: Action,
    /// Where the service is: http[s]://HOST[:PORT][/wsman]
    url: String,
    /// The class: `http://schemas.microsoft.com/wbem/wsman/1/wmi/NAMESPACE/CLASS`, or `*` for the class with --wql;
    /// to invoke, `/METHOD` may stand behind it; to subscribe to event logs, it may be left out
    resource: Option<String>,
    /// The method to invoke, unless it stands behind the class
    #[arg(long)]
    method: Option<String>,
    /// How to log in
    #[arg(long, default_value = "auto")]
    auth: Auth,
    /// The user: NAME, DOMAIN\NAME or NAME@REALM; without one the account that runs this is logged in: on Windows by Windows,
    /// elsewhere with its Kerberos ticket, in a build with the feature kerberos-system
    #[arg(long)]
    user: Option<String>,
    /// The password is the first line of this file
    #[arg(long, requires = "user")]
    password_file: Option<PathBuf>,
    /// Log in by Kerberos with the user's key in this file
    #[arg(long, requires = "user", conflicts_with = "password_file")]
    keytab: Option<PathBuf>,
    /// Log in by the certificate in this PEM file (--auth certificate)
    #[arg(long, requires = "key")]
    certificate: Option<PathBuf>,
    /// The certificate's key, in PEM (PKCS#8)
    #[arg(long, requires = "certificate")]
    key: Option<PathBuf>,
    /// The Kerberos server: HOST[:PORT]
    #[arg(long, requires = "user")]
    kdc: Option<String>,
    /// Trust certificates of the authorities in this PEM file
    #[arg(long)]
    ca: Option<PathBuf>,
    /// Trust the certificate with this SHA-256 fingerprint
    #[arg(long)]
    tls_fingerprint: Option<String>,
    /// Trust any certificate: an on-path attacker can impersonate the host
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
    /// Maximum number of items in one answer to enumerate
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    batch: u32,
    /// Print each instance's reference too, as `__path`
    #[arg(long)]
    epr: bool,
    /// Subscribe to this event log: NAME (repeatable)
    #[arg(long, conflicts_with = "query")]
    log: Vec<String>,
    /// Which records of the logs, as Event Viewer writes it
    #[arg(long, default_value = "*", conflicts_with = "query")]
    xpath: String,
    /// Subscribe to what this `QueryList` selects: the XML itself, or a file that holds it
    #[arg(long)]
    query: Option<String>,
    /// Begin with the records that are in the logs, not with what comes
    #[arg(long)]
    existing: bool,
    /// Subscribe to a class: a property that tells its instances apart (repeatable)
    #[arg(long, conflicts_with_all = ["log", "query"])]
    by: Vec<String>,
    /// Only changes of this property of the class (repeatable)
    #[arg(long, requires = "by")]
    column: Vec<String>,
    /// Interval in seconds at which the host looks for changes of the class, or is polled if it does not
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    within: u64,
    /// End after this many events or changes
    #[arg(long)]
    count: Option<u64>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Action {
    Identify,
    Enumerate,
    Get,
    Invoke,
    Subscribe,
}

#[derive(Clone, Copy, ValueEnum)]
enum Auth {
    Auto,
    Basic,
    Ntlm,
    Negotiate,
    Kerberos,
    Certificate,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("NAME=VALUE is expected")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        // A reader that has gone away wants no more, and that is no error.
        Err(error) if error.downcast_ref().is_some_and(|error: &Error| error.kind() == ErrorKind::BrokenPipe) => {
            ExitCode::SUCCESS
        }
        Err(error) => {
            let _lost = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<()> {
    check(&arguments)?;
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
            let (path, method) = method(&arguments)?;
            let inputs =
                arguments.arg.iter().map(|(name, text)| Argument::new(name.as_str(), Value::String(text.clone())));
            match client.call(Request::Invoke { path, method, arguments: inputs.collect() }).await? {
                Reply::Output(output) => print(&members(output.parameters.iter())),
                Reply::Instance(_) | Reply::Rows(_) => bail!("the answer is none to a method"),
            }
        }
        Action::Subscribe if !arguments.by.is_empty() => {
            let mut changes = Changes::new(client, watch(&arguments)?, Duration::from_secs(arguments.within), PATIENCE);
            let ended = tokio::select! {
                ended = hear_changes(&mut changes, arguments.count, arguments.within) => ended,
                _ = tokio::signal::ctrl_c() => Ok(()),
            };
            let _left = tokio::time::timeout(LEAVING_MAX, changes.leave()).await;
            ended
        }
        Action::Subscribe => {
            let query = query(&arguments)?;
            let mut events = Events::new(client, query, arguments.existing, PATIENCE);
            let ended = tokio::select! {
                ended = hear(&mut events, arguments.count) => ended,
                _ = tokio::signal::ctrl_c() => Ok(()),
            };
            // Without it the host ends the subscription by itself, a little later.
            let _left = tokio::time::timeout(LEAVING_MAX, events.leave()).await;
            ended
        }
    }
}

/// Refuses arguments that the action does not use: ignoring them silently would mislead the user.
fn check(arguments: &Arguments) -> Result<()> {
    let given = [
        ("--method", arguments.method.is_some(), matches!(arguments.action, Action::Invoke)),
        ("--arg", !arguments.arg.is_empty(), matches!(arguments.action, Action::Invoke)),
        ("--wql", arguments.wql.is_some(), matches!(arguments.action, Action::Enumerate)),
        ("--selector", !arguments.selector.is_empty(), matches!(arguments.action, Action::Get | Action::Invoke)),
        ("--epr", arguments.epr, matches!(arguments.action, Action::Enumerate | Action::Get)),
        ("--log", !arguments.log.is_empty(), matches!(arguments.action, Action::Subscribe)),
        ("--query", arguments.query.is_some(), matches!(arguments.action, Action::Subscribe)),
        ("--existing", arguments.existing, matches!(arguments.action, Action::Subscribe)),
        ("--by", !arguments.by.is_empty(), matches!(arguments.action, Action::Subscribe)),
        ("--count", arguments.count.is_some(), matches!(arguments.action, Action::Subscribe)),
    ];
    match given.iter().find(|(_, is_given, is_right)| *is_given && !is_right) {
        Some((name, ..)) => bail!("{name} does not go with this action (see --help)"),
        None => Ok(()),
    }
}

/// Prints what comes, until there were so many.
async fn hear(events: &mut Events, count: Option<u64>) -> Result<()> {
    let (mut bookmark, mut left) = (None, count);
    loop {
        let batch = events.next(bookmark.as_ref()).await?;
        if batch.dropped > 0 {
            let _lost = writeln!(std::io::stderr(), "note: the host has lost {} events", batch.dropped);
        }
        bookmark = batch.bookmark;
        for xml in &batch.events {
            if left == Some(0) {
                return Ok(());
            }
            print(&event(xml))?;
            left = left.map(|left| left - 1);
        }
        if left == Some(0) {
            return Ok(());
        }
    }
}

/// Prints changes until there were `count`, and once that the host is polled, if it is.
async fn hear_changes(changes: &mut Changes, count: Option<u64>, within: u64) -> Result<()> {
    let (mut left, mut is_polled) = (count, false);
    while left != Some(0) {
        let heard = changes.next().await?;
        if let Some(why) = changes.refusal().filter(|_| !std::mem::replace(&mut is_polled, true)) {
            let _lost = writeln!(std::io::stderr(), "note: asking every {within} s, without a subscription: {why}");
        }
        for found in &heard.changes {
            if left == Some(0) {
                return Ok(());
            }
            print(&change(found, heard.by))?;
            left = left.map(|left| left - 1);
        }
    }
    Ok(())
}

/// A change as an object, with the instance as it was and as it is.
fn change(change: &Change, by: HeardBy) -> serde_json::Value {
    let (what, before, now) = match &change.what {
        What::Created { now } => ("created", None, Some(now)),
        What::Modified { before, now } => ("modified", before.as_ref(), Some(now)),
        What::Deleted { before } => ("deleted", Some(before), None),
    };
    let by = match by {
        HeardBy::Subscription => "subscription",
        HeardBy::Polling => "polling",
    };
    json!({
        "change": what, "heard_by": by, "time": change.time.map(|time| DateTime::Timestamp(time).to_string()),
        "before": before.map(instance), "now": now.map(instance)
    })
}

/// A record as an object; its XML besides, which says more.
fn event(xml: &str) -> serde_json::Value {
    let Ok(record) = Record::parse(xml) else { return json!({ "xml": xml }) };
    let data: Vec<serde_json::Value> =
        record.data.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
    json!({
        "time": DateTime::Timestamp(record.time).to_string(), "log": record.channel, "record": record.number, "id": record.id,
        "level": record.level, "provider": record.provider, "computer": record.computer, "data": data, "xml": xml
    })
}

fn watch(arguments: &Arguments) -> Result<Watch> {
    let Resource { namespace, class, .. } = resource(arguments)?;
    let names = |texts: &[String]| texts.iter().map(|text| Name::new(text.as_str())).collect::<Vec<_>>();
    let watch = Watch::new(namespace, class, names(&arguments.by));
    Ok(if arguments.column.is_empty() { watch } else { watch.only(names(&arguments.column)) })
}

fn query(arguments: &Arguments) -> Result<EventQuery> {
    if let Some(uri) = arguments.resource.as_deref().filter(|uri| !uri.eq_ignore_ascii_case(EVENT_LOG)) {
        if Resource::parse(uri).is_some() {
            bail!("--by NAME is missing: which property tells the instances of {uri} apart");
        }
        bail!("`{uri}` cannot be subscribed to: only classes and event logs can, which are {EVENT_LOG}");
    }
    let Some(given) = &arguments.query else {
        if arguments.log.is_empty() {
            bail!("--log NAME or --query LIST is missing");
        }
        let condition: cim::event::EventCondition = arguments.xpath.parse().context("--xpath cannot be used")?;
        let select = |channel: &String| EventSelect { channel: channel.clone(), condition: condition.clone() };
        return Ok(EventQuery::new(arguments.log.iter().map(select).collect()));
    };
    let text = if given.trim_start().starts_with('<') {
        given.clone()
    } else {
        std::fs::read_to_string(given).with_context(|| format!("cannot read {given}"))?
    };
    EventQuery::read(text.trim_start_matches('\u{feff}')).context("--query cannot be used")
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}

fn login(arguments: &Arguments) -> Result<Login> {
    let scheme = match arguments.auth {
        Auth::Auto => Scheme::Auto,
        Auth::Basic => Scheme::Basic,
        Auth::Ntlm => Scheme::Ntlm,
        Auth::Negotiate => Scheme::Negotiate,
        Auth::Kerberos => Scheme::Kerberos,
        Auth::Certificate => return Ok(Login::by_certificate()),
    };
    let Some(user) = arguments.user.as_deref() else { return Ok(Login::current_user(scheme)) };
    let login = match (&arguments.keytab, &arguments.password_file) {
        (Some(file), _) => {
            let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
            let keytab = Keytab::parse(&bytes).and_then(|keytab| Login::with_keytab(scheme, user, keytab));
            keytab.map_err(|error| anyhow!("{}: {error} ({})", file.display(), error.advice()))?
        }
        (None, Some(file)) => {
            let text = zeroize::Zeroizing::new(read(file)?);
            Login::new(scheme, user, text.lines().next().unwrap_or_default())
        }
        (None, None) => bail!("--password-file FILE or --keytab FILE is missing"),
    };
    Ok(if let Some(kdc) = &arguments.kdc { login.with_kdc(kdc.as_str()) } else { login })
}

fn client(arguments: &Arguments) -> Result<Client> {
    let endpoint = Endpoint::parse(&arguments.url)?;
    let secure = endpoint.is_secure();
    let client = Client::new(endpoint, login(arguments)?, Limits::default());
    if !secure {
        return Ok(client);
    }
    let trust = trust(arguments)?;
    Ok(client.with_trust(match arguments.certificate.as_deref().zip(arguments.key.as_deref()) {
        Some((certificate, key)) => {
            trust.showing(&ClientCertificate::from_pem(read(certificate)?.as_bytes(), &read(key)?.into())?)
        }
        None => trust,
    }))
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
        Some(file) => Ok(Trust::authorities(read(file)?.as_bytes())?),
        None => Ok(Trust::system()?),
    }
}

fn resource(arguments: &Arguments) -> Result<Resource> {
    const SHAPE: &str = "http://schemas.microsoft.com/wbem/wsman/1/wmi/NAMESPACE/CLASS";
    let uri = arguments.resource.as_deref().with_context(|| format!("the resource is missing: {SHAPE}"))?;
    let resource = Resource::parse(uri);
    let resource = resource.with_context(|| format!("`{uri}` is not the resource of a WMI class: {SHAPE}"))?;
    match (arguments.wql.is_some(), resource.class == ALL_CLASSES) {
        (true, false) => bail!("a query goes to all classes: write {}", all(&resource)),
        (false, true) => bail!("all classes can be asked by a query only: --wql QUERY is missing"),
        (true, true) | (false, false) => Ok(resource),
    }
}

fn all(resource: &Resource) -> String {
    Resource::new(resource.namespace.clone(), ALL_CLASSES).uri()
}

fn path(arguments: &Arguments) -> Result<ObjectPath> {
    Ok(object(arguments, resource(arguments)?))
}

/// The instance and its method, which may stand behind the class as it does in the action's own URI.
fn method(arguments: &Arguments) -> Result<(ObjectPath, Name)> {
    let resource = resource(arguments)?;
    if let Some(method) = &arguments.method {
        return Ok((object(arguments, resource), Name::new(method.as_str())));
    }
    let uri = arguments.resource.as_deref().unwrap_or_default();
    let class = uri.trim().rsplit_once('/').and_then(|(class, _)| Resource::parse(class));
    let class = class.filter(|class| class.class.as_str().contains('_'));
    let class = class.context("the method is missing: --method NAME, or /NAME behind the class")?;
    Ok((object(arguments, class), resource.class))
}

fn object(arguments: &Arguments, Resource { namespace, class, .. }: Resource) -> ObjectPath {
    let begin = ObjectPath::new(namespace, class);
    arguments.selector.iter().fold(begin, |path, (name, value)| path.with(name.as_str(), value.as_str()))
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
