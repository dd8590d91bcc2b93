//! Golden text: each message as it is written, so that a change of the wire is visible in review.

use std::time::Duration;

use cim::{
    Argument, CimTimestamp, DateTime, Interval, Key, ObjectPath, Output, Properties, Reply, Request, Row, Value, wql,
};

use super::{server, settings};
use crate::client::{self, Call};
use crate::fault::{SoapFault, code};
use crate::message::Operation;
use crate::resource::Resource;
use crate::server::Server;
use crate::xml::ElementForm;

/// One element a line.
fn lines(text: &str) -> String {
    text.replace("><", ">\n<")
}

fn service() -> ObjectPath {
    ObjectPath::new("root/cimv2", "Win32_Service").with("Name", "R&D \"vmms\"")
}

fn query() -> Request {
    let select =
        wql::Select::columns("Win32_Service", &["Name", "State"]).filter(wql::Condition::equals("Name", "it's"));
    Request::Query { namespace: "root/cimv2".into(), select }
}

fn related() -> wql::Related {
    let sought = wql::Sought::Instances { class: Some("Win32_Service".into()), role: Some("Dependent".into()) };
    wql::Related {
        object: service(),
        association: Some("Win32_DependentService".into()),
        role: Some("Antecedent".into()),
        sought,
    }
}

fn invoke() -> Request {
    let mut setting = ObjectPath::new("root/virtualization/v2", "Msvm_Setting");
    setting.keys.insert("System".into(), Key::Path(Box::new(service())));
    let moment = DateTime::Timestamp(CimTimestamp::from_unix_us(1_769_853_600_500_000));
    Request::Invoke {
        path: service(),
        method: "Change".into(),
        arguments: vec![
            Argument::new("Name", Value::String("<a>".to_owned())),
            Argument::new("Nothing", Value::Nil),
            Argument::new("Numbers", Value::List(vec![Value::Uint16(1), Value::Uint16(2)])),
            Argument::new("Setting", Value::Reference(Box::new(setting))),
            Argument::new("When", Value::DateTime(moment)),
        ],
    }
}

fn message(request: Request) -> String {
    Call::new(request).message(&settings(512_000), "uuid:0")
}

#[test]
fn what_the_client_writes() {
    let settings = settings(512_000);
    let pull = Operation::Pull {
        resource: Resource::new("root/cimv2", "*"),
        context: "uuid:7".to_owned(),
        max_elements: Some(32_000),
    };
    let release = Operation::Release { resource: Resource::new("root/cimv2", "*"), context: "uuid:7".to_owned() };
    let header = client::header(&settings, "uuid:0");
    let all = [
        ("Identify", client::identify()),
        ("Get", message(Request::Get { path: service() })),
        ("Enumerate", message(query())),
        ("Related instances", message(Request::Related { related: related() })),
        ("Associations", message(Request::Related { related: wql::Related::associations(service()).over("A") })),
        ("Pull", pull.write(&header)),
        ("Release", release.write(&header)),
        ("Invoke", message(invoke())),
    ];
    let text = all.map(|(name, text)| format!("{name}\n{}\n", lines(&text))).join("\n");
    insta::assert_snapshot!(text);
}

fn answer(server: &mut Server, request: Request, reply: &Reply) -> String {
    let request = message(request);
    let answer = server.handle(Duration::ZERO, request.as_bytes(), None, &mut |_| Ok(reply.clone()));
    assert_eq!(answer.status, 200);
    lines(&answer.body)
}

#[test]
fn what_the_server_writes() {
    let inner = Row {
        class: "Msvm_Inner".into(),
        path: None,
        properties: Properties::new().with("Name", Value::String("inner".to_owned())),
    };
    let properties = Properties::new()
        .with("Description", Value::String(String::new()))
        .with("Empty", Value::List(Vec::new()))
        .with("Identifiers", Value::Nil)
        .with("InstallDate", Value::DateTime(DateTime::Timestamp(CimTimestamp::from_unix_us(1_769_853_600_500_000))))
        .with("Lasting", Value::DateTime(DateTime::Interval(Interval::from_micros(100_000_000))))
        .with("OperationalStatus", Value::List(vec![Value::Uint16(2), Value::Uint16(32_768)]))
        .with("Started", Value::Boolean(true))
        .with("Target", Value::Object(Box::new(inner)))
        .with("Where", Value::Reference(Box::new(service())));
    let columns = ["InstallDate", "Lasting", "Target", "Where"];
    let columns = properties.iter().filter(|(name, _)| columns.iter().any(|column| *name == *column));
    let columns = columns.map(|(name, value)| (name.clone(), value.clone())).chain([("Name".into(), Value::Nil)]);
    let fragment = Row { properties: columns.collect(), ..Row::new("Win32_Service") };
    let row = Row { class: "Win32_Service".into(), path: Some(service()), properties };
    let output = Output { parameters: Properties::new().with("Job", Value::Nil).with("ReturnValue", Value::Uint32(0)) };
    let mut server = server();
    let mut parts = Vec::new();
    for (name, request, reply) in [
        ("Get", Request::Get { path: service() }, Reply::Instance(row)),
        ("Enumerate", query(), Reply::Rows(vec![fragment.clone()])),
        ("Invoke", invoke(), Reply::Output(output)),
    ] {
        parts.push(format!("{name}\n{}\n", answer(&mut server, request, &reply)));
    }
    let mut server = server.with_fragments(ElementForm::Qualified);
    let other = answer(&mut server, query(), &Reply::Rows(vec![fragment]));
    parts.push(format!("Enumerate, in the other form\n{other}\n"));
    let refused = SoapFault::new(code::UNEXPECTED_SELECTORS, "no key is named <X>").with_detail("UnexpectedSelectors");
    parts.push(format!("Fault\n{}\n", lines(&refused.write("hv01"))));
    insta::assert_snapshot!(parts.join("\n"));
}
