//! A recording of what hosts were asked and answered, to be given to others: names, users, addresses, identifiers and certificates
//! are replaced before anything is written ([`Redactor`]). One JSON object a line; `docs/doctor.md` has the format.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use cim::{CallError, Key, ObjectPath, Properties, Reply, Request, Value};
use reprise_hyperv::events::{SYSTEM_LOG, VMMS_LOGS};
use serde_json::{Map, Value as Json, json};
use wsman::redact::{Redactor, Vocabulary};
use wsman_http::{Exchange, Tap};

use crate::usage::Usage;

/// Maximum size of a message that is recorded, in bytes: twice what a host is asked for.
const MESSAGE_MAX: usize = 1024 * 1024;
/// The version of the format.
const VERSION: u32 = 1;

/// Values that are the same in every installation, and names that no table of properties has.
const WORDS: [&str; 7] = [
    "Running Stopped Start Pending Stop Paused Auto Manual Disabled Boot OK vmms Winmgmt vmms exe Startup Reprise C Windows system32",
    "GetSystemCertificates EncodedCertificates CreationClassName SystemCreationClassName SystemName InstanceID",
    "Microsoft-Windows-Hyper-V-VMMS Admin User32 Microsoft-Windows-User32 EventLog Microsoft-Windows-Kernel-Power",
    "VmlEventLog VmId VmName ErrorCode ErrorMessage Parameter0 Parameter1 Parameter2 Parameter3 Parameter4 Parameter5",
    "param1 param2 param3 param4 param5 param6 param7 Negotiate Kerberos NTLM Basic CredSSP Digest",
    "HVR replicasvc",
    "StdRegProv default GetStringValue hDefKey sSubKeyName sValueName sValue CustomSD ChannelAccess Policies SYSTEM SOFTWARE CurrentControlSet \
     Services Microsoft CurrentVersion WINEVT Channels",
];

/// Properties whose values identify an installation, whatever their words.
const PRIVATE: [&str; 15] = [
    "ElementName",
    "DNSHostName",
    "Domain",
    "CSName",
    "SystemName",
    "PrimaryHostSystem",
    "PrimaryConnectionPoint",
    "RecoveryHostSystem",
    "RecoveryConnectionPoint",
    "AllowedPrimaryHostSystem",
    "StatusDescriptions",
    "CertificateThumbPrint",
    "EncodedCertificates",
    "VmName",
    "Data",
];

/// A recording in progress.
pub(crate) struct Recording(Mutex<Inner>);

struct Inner {
    file: BufWriter<File>,
    redactor: Redactor,
    done: Recorded,
    /// The first error of the file: nothing is written after it.
    error: Option<io::Error>,
}

/// What was recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recorded {
    pub(crate) exchanges: usize,
    /// How many messages were left out, since they could not be read or might say too much.
    pub(crate) left_out: usize,
}

/// The recording of one host.
#[derive(Clone)]
pub(crate) struct HostRecording {
    recording: Arc<Recording>,
    host: usize,
}

impl Recording {
    /// Makes the file, which only its owner may read; one that is there is kept.
    pub(crate) fn create(path: &Path) -> Result<Arc<Self>, Usage> {
        let failed = |error: io::Error| {
            let what = format!("cannot make the recording {}", path.display());
            if error.kind() == io::ErrorKind::AlreadyExists {
                return Usage::new(
                    what,
                    "a file of this name is there, and is kept",
                    "name another file, or remove this one",
                );
            }
            Usage::new(
                what,
                error.to_string(),
                "name a file in a folder that exists and that this account can write to",
            )
        };
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options.open(path).map(Self::on).map_err(failed)
    }

    /// A recording in this file.
    fn on(file: File) -> Arc<Self> {
        let redactor = Redactor::new(vocabulary());
        let inner = Inner { file: BufWriter::new(file), redactor, done: Recorded::default(), error: None };
        let recording = Self(Mutex::new(inner));
        let program = format!("reprise {}", env!("CARGO_PKG_VERSION"));
        recording.with(|inner| inner.write(&json!({ "recording": VERSION, "program": program })));
        Arc::new(recording)
    }

    /// Names what must not be given out: the parts of a host's name or of a user.
    pub(crate) fn beware(&self, secret: &str) {
        self.with(|inner| inner.redactor.beware(secret));
    }

    /// The recording of the host with this number.
    pub(crate) fn of_host(self: &Arc<Self>, host: usize) -> HostRecording {
        HostRecording { recording: Arc::clone(self), host }
    }

    /// Writes what is left. The error is the file's first.
    pub(crate) fn finish(&self) -> io::Result<Recorded> {
        self.with(|inner| {
            if let Some(error) = inner.error.take() {
                return Err(error);
            }
            inner.file.flush()?;
            inner.file.get_ref().sync_all()?;
            Ok(inner.done)
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Inner {
    fn write(&mut self, line: &Json) {
        if self.error.is_none() {
            self.error = writeln!(self.file, "{line}").err();
        }
    }

    /// A message, or its length if it is left out.
    fn message(&mut self, text: &str) -> Json {
        let fits = text.len() <= MESSAGE_MAX;
        match fits.then(|| self.redactor.message(text)).flatten() {
            Some(message) => message.into(),
            None if text.is_empty() => "".into(),
            None => {
                self.done.left_out += 1;
                json!({ "left_out": text.len() })
            }
        }
    }

    fn error(error: &CallError) -> Json {
        json!({ "kind": error.kind.to_string(), "code": error.status })
    }

    fn value(&mut self, name: &str, value: &Value) -> Json {
        if let Some(text) = value.lexical() {
            return self.text(name, &text);
        }
        if let Value::List(items) = value {
            return items.iter().map(|item| self.value(name, item)).collect();
        }
        if let Value::Reference(path) = value {
            return self.path(path);
        }
        if let Value::Object(row) = value { self.properties(&row.properties) } else { Json::Null }
    }

    /// A value's text, or its length if it is left out.
    fn text(&mut self, name: &str, text: &str) -> Json {
        if let Some(text) = self.redactor.value(name, text) {
            return text.into();
        }
        self.done.left_out += 1;
        json!({ "left_out": text.len() })
    }

    fn properties(&mut self, properties: &Properties) -> Json {
        let mut json = Map::new();
        for (name, value) in properties.iter() {
            let value = self.value(name.as_str(), value);
            json.insert(self.redactor.name(name.as_str()), value);
        }
        Json::Object(json)
    }

    fn path(&mut self, path: &ObjectPath) -> Json {
        let mut keys = Map::new();
        for (name, key) in &path.keys {
            let value = match key {
                Key::Text(text) => self.text(name.as_str(), text),
                Key::Path(inner) => self.path(inner),
            };
            keys.insert(self.redactor.name(name.as_str()), value);
        }
        json!({ "class": self.redactor.name(path.class.as_str()), "keys": keys })
    }

    /// A request to this computer's own WMI, as text.
    fn request(&mut self, request: &Request) -> Json {
        let text = |inner: &mut Self, text: String| inner.text("Query", &text);
        match request {
            Request::Query { namespace, select } => {
                json!({ "namespace": text(self, namespace.to_string()), "query": text(self, select.to_string()) })
            }
            Request::Related { related } => json!({ "related": text(self, related.to_string()) }),
            Request::Get { path } => json!({ "get": self.path(path) }),
            Request::Invoke { path, method, .. } => {
                json!({ "invoke": self.path(path), "method": self.redactor.name(method.as_str()) })
            }
        }
    }
}

impl HostRecording {
    /// Records which logins the host offers.
    pub(crate) fn offers(&self, schemes: &[String]) {
        self.recording.with(|inner| {
            let schemes: Json = schemes.iter().map(|scheme| inner.text("Scheme", scheme)).collect();
            inner.write(&json!({ "host": self.host, "offers": schemes }));
        });
    }

    /// Records a call of this computer's own WMI.
    pub(crate) fn called(&self, request: &Request, answer: &Result<Reply, CallError>) {
        self.recording.with(|inner| {
            let mut line = json!({ "host": self.host, "call": inner.request(request) });
            let (key, answer) = match answer {
                Ok(Reply::Rows(rows)) => ("rows", rows.iter().map(|row| inner.properties(&row.properties)).collect()),
                Ok(Reply::Instance(row)) => ("instance", inner.properties(&row.properties)),
                Ok(Reply::Output(output)) => ("output", inner.properties(&output.parameters)),
                Err(error) => ("error", Inner::error(error)),
            };
            if let Some(keys) = line.as_object_mut() {
                keys.insert(key.to_owned(), answer);
            }
            inner.done.exchanges += 1;
            inner.write(&line);
        });
    }
}

impl Tap for HostRecording {
    fn exchanged(&self, exchange: Exchange<'_>) {
        self.recording.with(|inner| {
            let request = inner.message(exchange.request);
            let line = match exchange.answer {
                Ok((status, text)) => {
                    json!({ "host": self.host, "request": request, "status": status, "reply": inner.message(text) })
                }
                Err(error) => json!({ "host": self.host, "request": request, "error": Inner::error(error) }),
            };
            inner.done.exchanges += 1;
            inner.write(&line);
        });
    }
}

fn vocabulary() -> Vocabulary {
    let mut properties = reprise_hyperv::class::properties();
    properties.extend(reprise_hyperv::examine::properties());
    let schema = properties.iter().flat_map(|used| [used.namespace, used.class, used.property]);
    let logs = VMMS_LOGS.into_iter().chain([SYSTEM_LOG]);
    Vocabulary::new(schema.chain(logs).chain(WORDS), PRIVATE)
}

#[cfg(test)]
mod tests {
    use cim::{ErrorKind, Reached, Row, wql};

    use super::*;

    fn query() -> Request {
        let select = wql::Select::columns("Msvm_ComputerSystem", &["Name", "ElementName"]);
        let select = select.filter(wql::Condition::equals("Name", "HV01"));
        Request::Query { namespace: "root/virtualization/v2".into(), select }
    }

    #[test]
    fn a_call_of_local_wmi_is_recorded_without_what_it_was_about() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let recording = Recording::on(file.reopen().unwrap());
        recording.beware(r"LAB\4711");
        let host = recording.of_host(1);
        let path = ObjectPath::new("root/virtualization/v2", "Msvm_ComputerSystem").with("Name", "HV01");
        let row = Row::new("Msvm_ComputerSystem")
            .with("Name", Value::String("hv01".to_owned()))
            .with("ElementName", Value::Nil)
            .with("OperationalStatus", Value::List(vec![Value::Uint16(2), Value::Uint16(4_711)]))
            .with("Antecedent", Value::Reference(Box::new(path)));
        host.called(&query(), &Ok(Reply::Rows(vec![row])));
        host.called(&query(), &Err(CallError::new(ErrorKind::Denied, Reached::Yes, "HV01 refused").with_status(5)));
        assert_eq!(recording.finish().unwrap(), Recorded { exchanges: 2, left_out: 1 });
        let text = std::fs::read_to_string(file.path()).unwrap();
        let lines: Vec<Json> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        // The name of a host has no place in a query that may stay.
        assert_eq!(lines[1]["call"]["namespace"], "root/virtualization/v2");
        let row = &lines[1]["rows"][0];
        assert_eq!((&row["ElementName"], &row["OperationalStatus"][1]), (&Json::Null, &json!({ "left_out": 4 })));
        assert!(row["Name"].as_str().unwrap().starts_with("name-") && lines[2]["rows"].is_null(), "{text}");
        assert_eq!(lines[2]["error"], json!({ "kind": "denied", "code": 5 }));
        assert!(!text.to_lowercase().contains("hv01") && !text.contains("4711"), "{text}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_an_error_of_the_recording() {
        let recording = Recording::on(std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap());
        let host = recording.of_host(1);
        for _ in 0..1_000 {
            host.called(&query(), &Ok(Reply::Rows(Vec::new())));
        }
        assert_eq!(recording.finish().unwrap_err().kind(), io::ErrorKind::StorageFull);
    }
}
