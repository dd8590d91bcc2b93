//! Instances and values on the wire: WS-CIM as Windows writes it (DSP0230, MS-WSMV 2.2.4).

use std::fmt::Write as _;

use roxmltree::Node;

use cim::{DateTime, Name, ObjectPath, Properties, Row, Value};

use crate::namespace as ns;
use crate::resource::{self, Resource, UriForm};
use crate::xml::{self, ElementForm};

/// Writes a whole instance. Its class element declares all it needs itself, except `a` and `w`, which the envelope does.
pub(crate) fn write(row: &Row, resource: &Resource) -> String {
    let class = xml::name(&row.class);
    // Windows repeats the URI as the request spelled it, and clients compare it so.
    let own_class = if row.class == resource.class { &resource.class } else { &row.class };
    let own = resource.sibling(own_class);
    let mut text = format!(
        r#"<p:{class} xmlns:xsi="{}" xmlns:p="{}" xmlns:cim="{}" xsi:type="p:{class}_Type">"#,
        ns::XSI,
        xml::escape(&own.uri()),
        ns::CIM
    );
    write_properties(&mut text, &row.properties, INSTANCE, resource);
    let _infallible = write!(text, "</p:{class}>");
    text
}

/// Writes a row of a query with a column list. Its property elements have no namespace (MS-WSMV 3.1.4.9); `form` says
/// whether the parts of dates and references have one. Windows leaves it out (MS-WSMV 3.1.4.1.13, Windows behaviour).
pub(crate) fn write_fragment(row: &Row, resource: &Resource, form: ElementForm) -> String {
    let declared = match form {
        ElementForm::Unqualified => String::new(),
        ElementForm::Qualified => format!(r#" xmlns:cim="{}""#, ns::CIM),
    };
    let mut text = format!(r#"<w:XmlFragment xmlns:xsi="{}"{declared}>"#, ns::XSI);
    write_properties(&mut text, &row.properties, WriteOptions { prefix: "", form, ..INSTANCE }, resource);
    text.push_str("</w:XmlFragment>");
    text
}

/// How the elements of properties and parameters are written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WriteOptions<'a> {
    /// The prefix of the property's own element, with its colon.
    prefix: &'a str,
    /// Whether the elements within a date or a reference have their namespaces.
    form: ElementForm,
    direction: Direction,
}

/// Which way a value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Direction {
    /// From a client to a host. References name their namespace, as those that a host returns beside an instance; what XML 1.0 cannot
    /// carry becomes `?` (MS-WSMV 2.2.4).
    Request,
    /// From a host to a client. References within an instance do not name it, and what XML 1.0 cannot carry is written as a character
    /// reference that it forbids.
    Response,
}

/// In whole instances and in the outputs of methods.
pub(crate) const INSTANCE: WriteOptions<'static> =
    WriteOptions { prefix: "p:", form: ElementForm::Qualified, direction: Direction::Response };
/// In the inputs of methods.
pub(crate) const INPUT: WriteOptions<'static> = WriteOptions { direction: Direction::Request, ..INSTANCE };

impl<'a> WriteOptions<'a> {
    /// Sets the prefix.
    fn within(self, prefix: &'a str) -> Self {
        Self { prefix, ..self }
    }
}

/// Writes properties or parameters.
pub(crate) fn write_properties(
    text: &mut String,
    properties: &Properties,
    options: WriteOptions<'_>,
    resource: &Resource,
) {
    for (name, value) in properties.iter() {
        write_value(text, &xml::name(name), value, options, resource);
    }
}

/// Writes one value: an array as one element per item, so that an empty one is absent.
pub(crate) fn write_value(
    text: &mut String,
    name: &str,
    value: &Value,
    options: WriteOptions<'_>,
    resource: &Resource,
) {
    let WriteOptions { prefix, form, direction } = options;
    match value {
        Value::List(items) => {
            for item in items {
                write_value(text, name, item, options, resource);
            }
        }
        Value::Nil => {
            let _infallible = write!(text, r#"<{prefix}{name} xsi:nil="true"/>"#);
        }
        Value::Object(row) => {
            let class = xml::name(&row.class);
            let uri = resource.sibling(&row.class).uri();
            let uri = xml::escape(&uri).into_owned();
            let _infallible = write!(text, r#"<{prefix}{name} xmlns:p1="{uri}" xsi:type="p1:{class}_Type">"#);
            let within = match form {
                ElementForm::Unqualified => "",
                ElementForm::Qualified => "p1:",
            };
            write_properties(text, &row.properties, options.within(within), resource);
            let _infallible = write!(text, "</{prefix}{name}>");
        }
        Value::Reference(path) => {
            let reference = match direction {
                Direction::Request => resource::reference(path),
                Direction::Response => resource::reference_in_instance(form, resource.uri_form, path),
            };
            let _infallible = write!(text, "<{prefix}{name}>{reference}</{prefix}{name}>");
        }
        Value::DateTime(datetime) => {
            let kind = match datetime {
                DateTime::Timestamp(_) => "Datetime",
                DateTime::Interval(_) => "Interval",
            };
            let cim = form.prefix("cim:");
            let _infallible = write!(text, "<{prefix}{name}><{cim}{kind}>{datetime}</{cim}{kind}></{prefix}{name}>");
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
            let escaped = match direction {
                Direction::Request => xml::escape(&lexical),
                Direction::Response => xml::escape_value(&lexical),
            };
            let _infallible = write!(text, "<{prefix}{name}>{escaped}</{prefix}{name}>");
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
    let (class, form) =
        if fragment { ("", ElementForm::Unqualified) } else { (node.tag_name().name(), ElementForm::Qualified) };
    let class = named(class, before.map(|row| &row.class));
    Row { class, path: None, properties: read_properties_like(node, form, before.map(|row| &row.properties)) }
}

fn named(name: &str, before: Option<&Name>) -> Name {
    before.filter(|before| before.as_str() == name).cloned().unwrap_or_else(|| Name::new(name))
}

/// Reads the element children as properties; an element that repeats is an array.
///
/// One element is a scalar, or an array of one: only the schema knows. Several are an array, in which NULL cannot occur.
pub(crate) fn read_properties(node: Node<'_, '_>, form: ElementForm) -> Properties {
    read_properties_like(node, form, None)
}

fn read_properties_like(node: Node<'_, '_>, form: ElementForm, before: Option<&Properties>) -> Properties {
    let mut found: Vec<(Name, Value)> = Vec::with_capacity(before.map_or(0, Properties::len));
    let mut before = before.into_iter().flat_map(Properties::iter).map(|(name, _)| name);
    let properties = xml::elements(node).filter(|n| !xml::is(*n, ns::CIM, "Location"));
    let property = |element: Node<'_, '_>| (named(element.tag_name().name(), before.next()), read_value(element, form));
    found.extend(properties.map(property));
    // Windows writes properties in their order, and most classes have no arrays: then they are kept as they were read.
    if found.windows(2).all(|pair| matches!(pair, [(a, _), (b, _)] if a < b)) {
        return found.into_iter().collect();
    }
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

fn read_value(node: Node<'_, '_>, form: ElementForm) -> Value {
    let nil = node.attribute((ns::XSI, "nil")).is_some_and(|nil| nil == "true" || nil == "1");
    if nil {
        return Value::Nil;
    }
    let Some(first) = xml::elements(node).next() else { return Value::Lexical(xml::text(node)) };
    if is_date(node, first, form) {
        return Value::Lexical(xml::token(first));
    }
    if let Some(path) = resource::read_reference_in(form, node, 0) {
        return Value::Reference(Box::new(path));
    }
    let declared = declared_type(node).unwrap_or_default();
    let local = declared.rsplit(':').next().unwrap_or_default();
    let class = Name::new(local.strip_suffix("_Type").unwrap_or(local));
    Value::Object(Box::new(Row { class, path: None, properties: read_properties(node, form) }))
}

/// The elements that hold a date or a length of time (DSP0230, 7.2.4.2).
const DATES: [&str; 4] = ["Datetime", "Interval", "Date", "Time"];

/// Whether a property's only element holds a date. Embedded objects have properties of such names too. In an instance the
/// namespace tells them apart; in a row of a column list there is none, but an object says its type.
fn is_date(node: Node<'_, '_>, only: Node<'_, '_>, form: ElementForm) -> bool {
    // Windows writes this one with any prefix, or with none.
    if only.tag_name().name() == "CIM_DateTime" {
        return true;
    }
    let may_be_object = declared_type(node).is_some() || xml::elements(node).nth(1).is_some();
    let qualified = DATES.into_iter().any(|name| xml::is(only, ns::CIM, name));
    qualified || (!may_be_object && DATES.into_iter().any(|name| form.is(only, ns::CIM, name)))
}

fn declared_type<'a>(node: Node<'a, '_>) -> Option<&'a str> {
    node.attribute((ns::XSI, "type"))
}

/// Writes the endpoint reference of an instance, as an item of an enumeration.
pub(crate) fn write_epr(path: &ObjectPath, uri_form: UriForm) -> String {
    let reference = resource::reference_as(uri_form, path);
    format!("<a:EndpointReference>{reference}</a:EndpointReference>")
}
