//! Instances and values on the wire: WS-CIM as Windows writes it (DSP0230, MS-WSMV 2.2.4).

use std::collections::BTreeMap;
use std::fmt::Write as _;

use roxmltree::Node;

use cim::{DateTime, Name, ObjectPath, Properties, Row, Value};

use crate::namespace as ns;
use crate::resource::{self, Resource};
use crate::xml;

/// Writes a whole instance. Its class element declares all it needs itself, except `a` and `w`, which the envelope does.
pub(crate) fn write(row: &Row, resource: &Resource) -> String {
    let class = xml::name(&row.class);
    // Windows repeats the URI as the request spelled it, and clients compare it so.
    let own_class = if row.class == resource.class { &resource.class } else { &row.class };
    let own = Resource { namespace: resource.namespace.clone(), class: own_class.clone() };
    let mut text = format!(
        r#"<p:{class} xmlns:xsi="{}" xmlns:p="{}" xmlns:cim="{}" xsi:type="p:{class}_Type">"#,
        ns::XSI,
        xml::escape(&own.uri()),
        ns::CIM
    );
    write_properties(&mut text, &row.properties, "p:", resource);
    let _infallible = write!(text, "</p:{class}>");
    text
}

/// Writes a row of a query with a column list: elements without a namespace (MS-WSMV 3.1.4.9).
pub(crate) fn write_fragment(row: &Row, resource: &Resource) -> String {
    let mut text = format!(r#"<w:XmlFragment xmlns:xsi="{}" xmlns:cim="{}">"#, ns::XSI, ns::CIM);
    write_properties(&mut text, &row.properties, "", resource);
    text.push_str("</w:XmlFragment>");
    text
}

/// Writes properties or parameters, each as an element with that prefix.
pub(crate) fn write_properties(text: &mut String, properties: &Properties, prefix: &str, resource: &Resource) {
    for (name, value) in properties.iter() {
        write_value(text, &xml::name(name), value, prefix, resource);
    }
}

/// Writes one value: an array as one element per item, so that an empty one is absent.
pub(crate) fn write_value(text: &mut String, name: &str, value: &Value, prefix: &str, resource: &Resource) {
    match value {
        Value::List(items) => {
            for item in items {
                write_value(text, name, item, prefix, resource);
            }
        }
        Value::Nil => {
            let _infallible = write!(text, r#"<{prefix}{name} xsi:nil="true"/>"#);
        }
        Value::Object(row) => {
            let class = xml::name(&row.class);
            let uri = Resource { namespace: resource.namespace.clone(), class: row.class.clone() }.uri();
            let uri = xml::escape(&uri).into_owned();
            let _infallible = write!(text, r#"<{prefix}{name} xmlns:p1="{uri}" xsi:type="p1:{class}_Type">"#);
            write_properties(text, &row.properties, "p1:", resource);
            let _infallible = write!(text, "</{prefix}{name}>");
        }
        Value::Reference(path) => {
            let _infallible = write!(text, "<{prefix}{name}>{}</{prefix}{name}>", resource::reference(path));
        }
        Value::DateTime(datetime) => {
            let kind = match datetime {
                DateTime::Timestamp(_) => "Datetime",
                DateTime::Interval(_) => "Interval",
            };
            let _infallible = write!(text, "<{prefix}{name}><cim:{kind}>{datetime}</cim:{kind}></{prefix}{name}>");
        }
        Value::Lexical(_)
        | Value::Boolean(_)
        | Value::Uint8(_)
        | Value::Uint16(_)
        | Value::Uint32(_)
        | Value::Uint64(_)
        | Value::Sint8(_)
        | Value::Sint16(_)
        | Value::Sint32(_)
        | Value::Sint64(_)
        | Value::Real64(_)
        | Value::Char16(_)
        | Value::String(_) => {
            let lexical = value.lexical().unwrap_or_default();
            let _infallible = write!(text, "<{prefix}{name}>{}</{prefix}{name}>", xml::escape_value(&lexical));
        }
    }
}

/// Reads an instance from its class element, or a query's row from its fragment. The class comes from the element, since
/// a base class's enumeration returns derived instances too.
pub(crate) fn read(node: Node<'_, '_>) -> Row {
    let fragment = xml::is(node, ns::WSMAN, "XmlFragment");
    let class = if fragment { Name::new("") } else { Name::new(node.tag_name().name()) };
    Row { class, path: None, properties: read_properties(node) }
}

/// Reads the element children as properties; an element that repeats is an array.
pub(crate) fn read_properties(node: Node<'_, '_>) -> Properties {
    let mut found: BTreeMap<Name, Vec<Value>> = BTreeMap::new();
    for element in xml::elements(node).filter(|n| !xml::is(*n, ns::CIM, "Location")) {
        found.entry(Name::new(element.tag_name().name())).or_default().push(read_value(element));
    }
    found.into_iter().map(|(name, values)| (name, joined(values))).collect()
}

/// One element is a scalar, or an array of one: only the schema knows. Several are an array, in which NULL cannot occur.
fn joined(mut values: Vec<Value>) -> Value {
    if values.len() > 1 {
        values.retain(|value| !value.is_nil());
        return Value::List(values);
    }
    values.pop().unwrap_or(Value::Nil)
}

fn read_value(node: Node<'_, '_>) -> Value {
    let nil = node.attribute((ns::XSI, "nil")).is_some_and(|nil| nil == "true" || nil == "1");
    if nil {
        return Value::Nil;
    }
    let Some(first) = xml::elements(node).next() else { return Value::Lexical(xml::text(node)) };
    // Embedded objects have properties with such names too: only the namespace tells. The DMTF form has it not always.
    let local = first.tag_name().name();
    let dated = ["Datetime", "Interval", "Date", "Time"].into_iter().any(|name| xml::is(first, ns::CIM, name));
    if dated || local == "CIM_DateTime" {
        return Value::Lexical(xml::token(first));
    }
    if let Some(path) = resource::read_reference(node, 0) {
        return Value::Reference(Box::new(path));
    }
    let declared = node.attribute((ns::XSI, "type")).unwrap_or_default();
    let local = declared.rsplit(':').next().unwrap_or_default();
    let class = Name::new(local.strip_suffix("_Type").unwrap_or(local));
    Value::Object(Box::new(Row { class, path: None, properties: read_properties(node) }))
}

/// Writes the endpoint reference of an instance, as an item of an enumeration.
pub(crate) fn write_epr(path: &ObjectPath) -> String {
    format!("<a:EndpointReference>{}</a:EndpointReference>", resource::reference(path))
}
