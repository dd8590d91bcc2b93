//! Instances and values on the wire: WS-CIM as Windows writes it (DSP0230, MS-WSMV 2.2.4).

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
            let _infallible = write!(text, "<{prefix}{name}>{}</{prefix}{name}>", xml::escape(&lexical));
        }
    }
}

/// Reads an instance from its class element, or a query's row from its fragment. The class comes from the element, since
/// a base class's enumeration returns derived instances too.
pub(crate) fn read(node: Node<'_, '_>) -> Row {
    read_like(node, None)
}

/// The same in a list, where most rows have the names of the row before and share them.
pub(crate) fn read_like(node: Node<'_, '_>, before: Option<&Row>) -> Row {
    let fragment = xml::is(node, ns::WSMAN, "XmlFragment");
    let class = if fragment { "" } else { node.tag_name().name() };
    let class = named(class, before.map(|row| &row.class));
    Row { class, path: None, properties: read_properties_like(node, before.map(|row| &row.properties)) }
}

fn named(name: &str, before: Option<&Name>) -> Name {
    before.filter(|before| before.as_str() == name).cloned().unwrap_or_else(|| Name::new(name))
}

/// Reads the element children as properties; an element that repeats is an array.
///
/// One element is a scalar, or an array of one: only the schema knows. Several are an array, in which NULL cannot occur.
pub(crate) fn read_properties(node: Node<'_, '_>) -> Properties {
    read_properties_like(node, None)
}

fn read_properties_like(node: Node<'_, '_>, before: Option<&Properties>) -> Properties {
    let mut before = before.into_iter().flat_map(Properties::iter).map(|(name, _)| name);
    let properties = xml::elements(node).filter(|n| !xml::is(*n, ns::CIM, "Location"));
    let mut found: Vec<(Name, Value)> =
        properties.map(|element| (named(element.tag_name().name(), before.next()), read_value(element))).collect();
    // The sort is stable: the items of an array stay in their order.
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut properties: Vec<(Name, Value)> = Vec::with_capacity(found.len());
    for (name, value) in found {
        match properties.last_mut() {
            Some((last, values)) if *last == name => append(values, value),
            Some(_) | None => properties.push((name, value)),
        }
    }
    properties.into_iter().collect()
}

/// Makes an array of a value, if it is none yet, and adds one more.
fn append(values: &mut Value, value: Value) {
    if !matches!(values, Value::List(_)) {
        let first = std::mem::replace(values, Value::Nil);
        *values = Value::List(Some(first).into_iter().filter(|first| !first.is_nil()).collect());
    }
    if let Value::List(items) = values
        && !value.is_nil()
    {
        items.push(value);
    }
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
