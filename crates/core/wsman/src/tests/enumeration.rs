//! Enumerations: batches, contexts that change and expire, releases.

use std::time::Duration;

use cim::{Name, ObjectPath, Properties, Reply, Row, Value};

use super::server;
use crate::fault::{SoapFault, code};
use crate::header::Header;
use crate::message::{Batch, Enumerate, Filter, Mode, Operation, Response, read_response};
use crate::namespace as ns;
use crate::resource::{ALL_CLASSES, Resource};
use crate::server::Server;
use crate::xml;

const CLASS: &str = "Win32_Service";

fn resource() -> Resource {
    Resource::new("root/cimv2", CLASS)
}

fn rows(count: usize) -> Vec<Row> {
    let row = |n: usize| {
        let name = format!("service {n}");
        let path = ObjectPath::new("root/cimv2", CLASS).with("Name", name.clone());
        let properties = Properties::new().with("Name", Value::String(name)).with("State", Value::Nil);
        Row { class: Name::new(CLASS), path: Some(path), properties }
    };
    (0..count).map(row).collect()
}

fn enumerate(optimize: bool, max_elements: Option<u32>) -> Operation {
    let (resource, mode) = (resource(), Mode::Object);
    Operation::Enumerate(Enumerate { resource, filter: None, mode, optimize, max_elements })
}

fn pull(context: &str, max_elements: Option<u32>) -> Operation {
    Operation::Pull { resource: resource(), context: context.to_owned(), max_elements }
}

/// Asks a server that has seven services. An answer, or the code of its fault.
fn ask(server: &mut Server, at: u64, operation: &Operation) -> Result<Batch, u32> {
    let header = Header {
        to: "http://hv01/wsman".to_owned(),
        message_id: "uuid:1".to_owned(),
        max_envelope_size: Some(512_000),
        operation_timeout: None,
    };
    let request = operation.write(&header);
    let now = Duration::from_secs(at);
    let answer = server.handle(now, request.as_bytes(), None, &mut |_| Ok(Reply::Rows(rows(7))));
    let document = xml::parse(&answer.body).unwrap();
    let body = xml::child(document.root_element(), ns::SOAP, "Body").unwrap();
    if let Some(fault) = SoapFault::read(body) {
        return Err(fault.code.unwrap());
    }
    match read_response(body, operation).unwrap() {
        Response::Enumeration(batch) | Response::Items(batch) => Ok(batch),
        Response::Released => Ok(Batch::default()),
        Response::Identity(_) | Response::Instance(_) | Response::Output(_) => panic!("an answer to something else"),
    }
}

fn names(batch: &Batch) -> Vec<String> {
    batch.rows.iter().map(|row| row.properties.get("Name").unwrap()).collect()
}

#[test]
fn without_optimizing_the_first_answer_is_a_context_alone() {
    let mut server = server();
    let begun = ask(&mut server, 0, &enumerate(false, Some(100))).unwrap();
    assert!(begun.rows.is_empty() && !begun.end);
    let all = ask(&mut server, 0, &pull(&begun.context.unwrap(), Some(100))).unwrap();
    assert_eq!(all.rows.len(), 7);
    assert!(all.end);
    assert_eq!(all.context, None);
}

/// Some clients look for the element without asking whether it is there.
#[test]
fn a_pull_always_holds_items_of_which_there_may_be_none() {
    let mut server = server();
    let handle = |server: &mut Server, operation: &Operation| {
        let request = operation.write(&super::round_trip::plain_header());
        server.handle(Duration::ZERO, request.as_bytes(), None, &mut |_| Ok(Reply::Rows(Vec::new()))).body
    };
    let begun = handle(&mut server, &enumerate(false, None));
    let context = begun.split_once("<n:EnumerationContext>").unwrap().1.split_once('<').unwrap().0.to_owned();
    let ended = handle(&mut server, &pull(&context, None));
    assert!(ended.contains("<n:PullResponse><n:Items></n:Items><n:EndOfSequence/></n:PullResponse>"), "{ended}");
}

#[test]
fn everything_at_once_if_it_fits() {
    let all = ask(&mut server(), 0, &enumerate(true, Some(100))).unwrap();
    assert_eq!((all.rows.len(), all.end, all.context), (7, true, None));
}

#[test]
fn one_item_an_answer_where_no_number_is_asked() {
    let mut server = server();
    let mut batch = ask(&mut server, 0, &enumerate(true, None)).unwrap();
    let mut got = Vec::new();
    let mut contexts = Vec::new();
    loop {
        assert_eq!(batch.rows.len(), 1);
        got.extend(names(&batch));
        let Some(context) = batch.context else { break };
        assert!(!batch.end && !contexts.contains(&context), "the context changes in every answer");
        batch = ask(&mut server, 0, &pull(&context, None)).unwrap();
        contexts.push(context);
    }
    assert!(batch.end);
    assert_eq!(got, rows(7).iter().map(|row| row.properties.get::<String>("Name").unwrap()).collect::<Vec<_>>());
    assert_eq!(contexts.len(), 6);
}

#[test]
fn only_the_newest_context_counts() {
    let mut server = server();
    let first = ask(&mut server, 0, &enumerate(true, Some(2))).unwrap().context.unwrap();
    let second = ask(&mut server, 0, &pull(&first, Some(2))).unwrap().context.unwrap();
    assert_eq!(ask(&mut server, 0, &pull(&first, Some(2))), Err(code::INVALID_CONTEXT));
    assert_eq!(ask(&mut server, 0, &pull(&second, Some(2))).unwrap().rows.len(), 2);
    assert_eq!(ask(&mut server, 0, &pull("uuid:none", None)), Err(code::INVALID_CONTEXT));
}

#[test]
fn an_enumeration_that_nobody_pulls_from_ends_after_four_minutes() {
    let mut server = server();
    let context = ask(&mut server, 0, &enumerate(true, Some(2))).unwrap().context.unwrap();
    let later = ask(&mut server, 239, &pull(&context, Some(2))).unwrap().context.unwrap();
    assert_eq!(ask(&mut server, 239 + 240, &pull(&later, Some(2))), Err(code::INVALID_CONTEXT));
}

#[test]
fn a_released_enumeration_is_over() {
    let mut server = server();
    let context = ask(&mut server, 0, &enumerate(true, Some(2))).unwrap().context.unwrap();
    let release = Operation::Release { resource: resource(), context: context.clone() };
    ask(&mut server, 0, &release).unwrap();
    assert_eq!(ask(&mut server, 0, &release), Err(code::INVALID_CONTEXT));
    assert_eq!(ask(&mut server, 0, &pull(&context, None)), Err(code::INVALID_CONTEXT));
}

#[test]
fn a_pull_may_name_the_class_after_a_query_but_no_other_namespace() {
    let mut server = server();
    let query = Operation::Enumerate(Enumerate {
        resource: Resource::new("root/cimv2", ALL_CLASSES),
        filter: Some(Filter::Wql("SELECT * FROM Win32_Service".to_owned())),
        mode: Mode::Object,
        optimize: true,
        max_elements: Some(2),
    });
    let context = ask(&mut server, 0, &query).unwrap().context.unwrap();
    // A widely used client pulls so.
    let next = ask(&mut server, 0, &pull(&context, Some(2))).unwrap().context.unwrap();
    let elsewhere = Operation::Pull {
        resource: Resource::new("root/virtualization/v2", ALL_CLASSES),
        context: next.clone(),
        max_elements: None,
    };
    assert_eq!(ask(&mut server, 0, &elsewhere), Err(2_150_859_181));
    assert_eq!(ask(&mut server, 0, &pull(&next, Some(9))).unwrap().rows.len(), 3, "the mistake cost nothing");
}

/// The frame counts too, and the message's id in it, which may be longer than all the rest.
#[test]
fn no_answer_is_longer_than_asked_for_and_than_a_host_sends() {
    let wide = |length: usize| Row {
        class: Name::new(CLASS),
        path: None,
        properties: Properties::new().with("Name", Value::String("x".repeat(length))),
    };
    let get = Operation::Get(ObjectPath::new("root/cimv2", CLASS).with("Name", "x"));
    let query = enumerate(true, Some(32_000));
    for (asked, length_max) in [(8_192, 8_192), (40_000, 40_000), (u32::MAX, 512_000)] {
        let (mut whole, mut refused) = (0, 0);
        for id in ["uuid:1".to_owned(), "&".repeat(1_000)] {
            let header =
                Header { to: String::new(), message_id: id, max_envelope_size: Some(asked), operation_timeout: None };
            for length in (length_max - 7_000..length_max).step_by(701) {
                let request = get.write(&header);
                let one = server()
                    .handle(Duration::ZERO, request.as_bytes(), None, &mut |_| Ok(Reply::Instance(wide(length))));
                let request = query.write(&header);
                let many = server().handle(Duration::ZERO, request.as_bytes(), None, &mut |_| {
                    Ok(Reply::Rows(vec![wide(length / 40); 60]))
                });
                assert!(!many.fault, "items that fit are left for the next answer: {}", many.body);
                for answer in [one, many] {
                    assert!(answer.body.len() <= length_max, "{} for {asked}", answer.body.len());
                    whole += u32::from(!answer.fault);
                    refused += u32::from(answer.fault && answer.body.contains("MaxEnvelopeSizeExceeded"));
                }
            }
        }
        assert!(whole > 0 && refused > 0, "{whole} and {refused} of {asked}");
    }
}

#[test]
fn an_item_larger_than_the_envelope_is_refused() {
    let wide = Row {
        class: Name::new(CLASS),
        path: None,
        properties: Properties::new().with("Name", Value::String("x".repeat(9_000))),
    };
    let request = super::Request::Query { namespace: "root/cimv2".into(), select: cim::wql::Select::all(CLASS) };
    let (reply, _) =
        super::converse(&mut server(), request, &super::settings(8_192), &mut |_| Ok(Reply::Rows(vec![wide.clone()])));
    assert_eq!(reply.unwrap_err().kind, cim::ErrorKind::TooLarge);
}
