//! What an enumeration may ask for: queries, associations, selectors; what arrives behind the server, what is refused.

use std::time::Duration;

use cim::wql::{Condition, Related, Select, Sought};
use cim::{ErrorKind, ObjectPath, Reply, Request, Row, Value};
use proptest::prelude::*;

use super::strategy::related;
use super::{converse, server, settings};
use crate::client;
use crate::fault::{SoapFault, code};
use crate::message::{Enumerate, Filter, Mode, Operation};
use crate::namespace as ns;
use crate::resource::{ALL_CLASSES, Resource};
use crate::xml;

const V2: &str = "root/virtualization/v2";

fn vm() -> ObjectPath {
    ObjectPath::new(V2, "Msvm_ComputerSystem").with("CreationClassName", "Msvm_ComputerSystem").with("Name", "6F0C")
}

/// What is asked behind the server of a filter that stands so in the request; or the code of the refusal.
fn asked(class: &str, dialect: &str, filter: &str) -> Result<Request, Option<u32>> {
    let enumerate = Enumerate {
        resource: Resource::new(V2, class),
        filter: Some(Filter::Wql("FILTER".to_owned())),
        mode: Mode::Object,
        optimize: true,
        max_elements: None,
    };
    let text = Operation::Enumerate(enumerate).write(&client::header(&settings(512_000), "uuid:1"));
    let text = text.replace(ns::WQL, dialect).replace("FILTER", filter);
    let mut seen = None;
    let answer = server().handle(Duration::ZERO, text.as_bytes(), None, &mut |request| {
        seen = Some(request);
        Ok(Reply::Rows(Vec::new()))
    });
    let Some(request) = seen else {
        let document = xml::parse(&answer.body).unwrap();
        let body = xml::child(document.root_element(), ns::SOAP, "Body").unwrap();
        return Err(SoapFault::read(body).unwrap().code);
    };
    Ok(request)
}

/// An object in a filter, as a widely used client writes it: without the selector of its namespace.
fn object(namespace: &str) -> String {
    let uri = Resource::new(namespace, "Msvm_ComputerSystem").uri();
    format!(
        concat!(
            "<b:Object><a:Address>{}</a:Address><a:ReferenceParameters><w:ResourceURI>{}</w:ResourceURI><w:SelectorSet>",
            r#"<w:Selector Name="name">6f0c</w:Selector>"#,
            r#"<w:Selector Name="CreationClassName">Msvm_ComputerSystem</w:Selector>"#,
            "</w:SelectorSet></a:ReferenceParameters></b:Object>"
        ),
        ns::ANONYMOUS,
        uri
    )
}

fn walk(element: &str, namespace: &str, terms: &str) -> String {
    format!(r#"<b:{element} xmlns:b="{}">{}{terms}</b:{element}>"#, ns::CIM_BINDING, object(namespace))
}

#[test]
fn a_walk_is_the_same_in_wql_and_as_an_association_filter() {
    let sought = Sought::Instances { class: Some("Msvm_X".into()), role: Some("Dependent".into()) };
    let related = Related { object: vm(), association: Some("Msvm_A".into()), role: Some("Antecedent".into()), sought };
    let expected = Ok(Request::Related { related });
    let query = "associators of {Msvm_ComputerSystem.CreationClassName='Msvm_ComputerSystem',Name='6F0C'} \
                 where Role = Antecedent ResultRole = Dependent AssocClass = Msvm_A ResultClass = Msvm_X";
    assert_eq!(asked(ALL_CLASSES, ns::WQL, query), expected);
    // Clients differ in the order of the terms, and in the dialect's capitals.
    let terms = "<b:Role>Antecedent</b:Role><b:AssociationClassName>Msvm_A</b:AssociationClassName>\
                 <b:ResultRole>Dependent</b:ResultRole><b:ResultClassName> Msvm_X </b:ResultClassName>";
    let dialect = ns::ASSOCIATION_FILTER.replace("association", "Association");
    assert_eq!(asked(ALL_CLASSES, &dialect, &walk("AssociatedInstances", V2, terms)), expected);

    let expected = Ok(Request::Related { related: Related::associations(vm()).over("Msvm_A") });
    let terms = "<b:ResultClassName>Msvm_A</b:ResultClassName><b:Role/>";
    assert_eq!(asked(ALL_CLASSES, ns::ASSOCIATION_FILTER, &walk("AssociationInstances", V2, terms)), expected);
}

#[test]
fn filters_go_where_they_belong() {
    let walk = |namespace| walk("AssociatedInstances", namespace, "");
    let elsewhere = r"ASSOCIATORS OF {\\.\root\cimv2:Win32_Service.Name='vmms'}";
    let selectors = "<w:SelectorSet><w:Selector Name=\"Name\">6F0C</w:Selector></w:SelectorSet>";
    for (class, dialect, filter, refusal) in [
        ("Msvm_ComputerSystem", ns::ASSOCIATION_FILTER, walk(V2), code::QUERY_NEEDS_ALL_CLASSES),
        (ALL_CLASSES, ns::ASSOCIATION_FILTER, walk("root/cimv2"), code::CANNOT_PROCESS_FILTER),
        (ALL_CLASSES, ns::ASSOCIATION_FILTER, String::new(), code::CANNOT_PROCESS_FILTER),
        (ALL_CLASSES, ns::ASSOCIATION_FILTER, walk(V2).replace("Name=\"name\"", ""), code::CANNOT_PROCESS_FILTER),
        (ALL_CLASSES, ns::ASSOCIATION_FILTER, walk(V2) + &walk(V2).replace("ted", "tion"), code::CANNOT_PROCESS_FILTER),
        (ALL_CLASSES, ns::WQL, elsewhere.to_owned(), code::CANNOT_PROCESS_FILTER),
        (ALL_CLASSES, ns::WQL, "ASSOCIATORS OF {x".to_owned(), code::CANNOT_PROCESS_FILTER),
        (ALL_CLASSES, ns::SELECTOR_FILTER, selectors.to_owned(), code::CANNOT_PROCESS_FILTER),
        ("Msvm_ComputerSystem", ns::SELECTOR_FILTER, String::new(), code::CANNOT_PROCESS_FILTER),
    ] {
        assert_eq!(asked(class, dialect, &filter), Err(Some(refusal)), "{class} {filter}");
    }
}

#[test]
fn selectors_ask_for_the_instances_with_these_values() {
    let filter = "<w:SelectorSet><w:Selector Name=\"ElementName\">its &lt;a&gt;</w:Selector>\
                  <w:Selector Name=\"EnabledState\">2</w:Selector></w:SelectorSet>";
    let condition = Condition::equals("ElementName", "its <a>").and(Condition::equals("EnabledState", "2"));
    let select = Select::all("Msvm_ComputerSystem").filter(condition);
    let expected = Ok(Request::Query { namespace: V2.into(), select });
    assert_eq!(asked("Msvm_ComputerSystem", ns::SELECTOR_FILTER, filter), expected);
    for mark in ["'", "&quot;"] {
        let quoted = filter.replace("&lt;", mark);
        let refusal = Err(Some(code::CANNOT_PROCESS_FILTER));
        assert_eq!(asked("Msvm_ComputerSystem", ns::SELECTOR_FILTER, &quoted), refusal, "{mark}");
    }
}

#[test]
fn a_class_that_is_not_there_keeps_its_number() {
    let request = Request::Related { related: Related::instances(vm()).over("Msvm_Nothing") };
    let (reply, _) = converse(&mut server(), request, &settings(512_000), &mut |_| {
        Err(cim::CallError::new(ErrorKind::NotThere, cim::Reached::Yes, "no such class").with_status(2_150_858_778))
    });
    let error = reply.unwrap_err();
    assert_eq!((error.kind, error.status), (ErrorKind::NotThere, Some(2_150_858_778)));
}

proptest! {
    #[test]
    fn a_walk_arrives_behind_the_server_and_its_rows_come_back(related in related(), count in 0..40_usize) {
        let request = Request::Related { related };
        let row = Row::new("Msvm_X").with("Text", Value::Lexical("x".repeat(500)));
        let rows = vec![row; count];
        let (reply, _) = converse(&mut server(), request.clone(), &settings(8_192), &mut |asked| {
            assert_eq!(asked, request);
            Ok(Reply::Rows(rows.clone()))
        });
        prop_assert_eq!(reply, Ok(Reply::Rows(rows)));
    }
}
