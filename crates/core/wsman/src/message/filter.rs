//! What an enumeration asks for: a query in WQL, selectors, or what one instance is related to (MS-WSMV 3.1.4.1.13,
//! DSP0226 8.2.1, DSP0227 8.2).

use std::fmt::Write as _;

use cim::Name;
use cim::wql::{self, Related, Sought};
use roxmltree::Node;

use crate::fault::{SoapFault, code};
use crate::namespace as ns;
use crate::resource::{self, Resource};
use crate::xml;

/// What is enumerated of a resource.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// A query in WQL, sent to all classes.
    Wql(String),
    /// What one instance is related to, sent to all classes.
    Related(Related),
    /// The instances of one class whose properties have these values.
    Selectors(Vec<(Name, String)>),
}

/// What a filter asks of whatever stands behind the server.
pub(crate) enum FilterQuery {
    Select(wql::Select),
    Related(Related),
}

impl Filter {
    /// Writes the element.
    pub(crate) fn write(&self) -> String {
        let (dialect, content) = match self {
            Self::Wql(query) => (ns::WQL, xml::escape(query).into_owned()),
            Self::Related(related) => (ns::ASSOCIATION_FILTER, write_related(related)),
            Self::Selectors(selectors) => (ns::SELECTOR_FILTER, write_selectors(selectors)),
        };
        format!(r#"<w:Filter Dialect="{dialect}">{content}</w:Filter>"#)
    }

    /// Reads the element of a request to a resource.
    pub(crate) fn read(filter: Node<'_, '_>, resource: &Resource) -> Result<Self, SoapFault> {
        let dialect = filter.attribute("Dialect").unwrap_or_default().trim();
        let read = if dialect.eq_ignore_ascii_case(ns::WQL) {
            Self::Wql(xml::text(filter))
        } else if dialect.eq_ignore_ascii_case(ns::ASSOCIATION_FILTER) {
            Self::Related(read_related(filter)?)
        } else if dialect.eq_ignore_ascii_case(ns::SELECTOR_FILTER) {
            Self::Selectors(read_selectors(filter)?)
        } else {
            return Err(SoapFault::new(code::FILTER_DIALECT, "the filter's dialect is none that is spoken here"));
        };
        match &read {
            Self::Wql(_) | Self::Related(_) if !resource.is_all() => {
                let reason = "a query or an association filter must be sent to the resource of all classes";
                Err(SoapFault::new(code::QUERY_NEEDS_ALL_CLASSES, reason))
            }
            Self::Selectors(_) if resource.is_all() => {
                Err(unprocessable("selectors filter the instances of one class"))
            }
            Self::Wql(_) | Self::Related(_) | Self::Selectors(_) => Ok(read),
        }
    }

    /// What it asks for.
    pub(crate) fn asked(&self, resource: &Resource) -> Result<FilterQuery, SoapFault> {
        let query = match self {
            Self::Wql(query) => wql::Query::parse(query, &resource.namespace)
                .map_err(|error| SoapFault::new(code::CANNOT_PROCESS_FILTER, error.to_string()))?,
            Self::Related(related) => wql::Query::Related(related.clone()),
            Self::Selectors(selectors) => wql::Query::Select(wql::Select {
                condition: selectors
                    .iter()
                    .map(|(name, value)| wql::Condition::equals(name.clone(), value.as_str()))
                    .reduce(wql::Condition::and),
                ..wql::Select::all(resource.class.clone())
            }),
        };
        match query {
            wql::Query::Select(select) => Ok(FilterQuery::Select(select)),
            wql::Query::Related(related) if related.object.namespace == resource.namespace => {
                Ok(FilterQuery::Related(related))
            }
            wql::Query::Related(_) => Err(unprocessable("the object lies in another namespace than the resource")),
        }
    }
}

fn unprocessable(reason: &str) -> SoapFault {
    SoapFault::new(code::CANNOT_PROCESS_FILTER, reason)
}

fn write_related(related: &Related) -> String {
    let (element, terms) = match &related.sought {
        Sought::Associations => {
            ("AssociationInstances", vec![("ResultClassName", &related.association), ("Role", &related.role)])
        }
        Sought::Instances { class, role } => (
            "AssociatedInstances",
            vec![
                ("AssociationClassName", &related.association),
                ("ResultClassName", class),
                ("Role", &related.role),
                ("ResultRole", role),
            ],
        ),
    };
    let mut text = format!(
        r#"<b:{element} xmlns:b="{}"><b:Object>{}</b:Object>"#,
        ns::CIM_BINDING,
        resource::reference(&related.object)
    );
    for (term, name) in terms {
        if let Some(name) = name {
            let _infallible = write!(text, "<b:{term}>{}</b:{term}>", xml::escape(name.as_str()));
        }
    }
    let _infallible = write!(text, "</b:{element}>");
    text
}

/// Reads the terms in any order: clients differ in it. An empty one stands for none.
fn read_related(filter: Node<'_, '_>) -> Result<Related, SoapFault> {
    let (node, returns_instances) = match (
        xml::child(filter, ns::CIM_BINDING, "AssociatedInstances"),
        xml::child(filter, ns::CIM_BINDING, "AssociationInstances"),
    ) {
        (Some(node), None) => (node, true),
        (None, Some(node)) => (node, false),
        (Some(_), Some(_)) | (None, None) => {
            return Err(unprocessable("the filter holds neither AssociatedInstances nor AssociationInstances alone"));
        }
    };
    if xml::child(node, ns::CIM_BINDING, "IncludeResultProperty").is_some() {
        return Err(unprocessable("IncludeResultProperty is not supported: whole instances are returned"));
    }
    let object = xml::child(node, ns::CIM_BINDING, "Object")
        .and_then(|object| resource::read_reference(object, 0))
        .ok_or_else(|| unprocessable("the filter names no object"))?;
    let term = |local: &str| {
        xml::child(node, ns::CIM_BINDING, local).map(xml::token).filter(|text| !text.is_empty()).map(Name::new)
    };
    let (association, sought) = if returns_instances {
        let sought = Sought::Instances { class: term("ResultClassName"), role: term("ResultRole") };
        (term("AssociationClassName"), sought)
    } else {
        (term("ResultClassName"), Sought::Associations)
    };
    Ok(Related { object, association, role: term("Role"), sought })
}

fn write_selectors(selectors: &[(Name, String)]) -> String {
    let mut text = String::from("<w:SelectorSet>");
    for (name, value) in selectors {
        let (name, value) = (xml::escape(name.as_str()), xml::escape(value));
        let _infallible = write!(text, r#"<w:Selector Name="{name}">{value}</w:Selector>"#);
    }
    text.push_str("</w:SelectorSet>");
    text
}

/// Reads property names and values. References cannot be compared so, and quotation marks not be said (MS-WSMV
/// 3.1.4.1.13).
fn read_selectors(filter: Node<'_, '_>) -> Result<Vec<(Name, String)>, SoapFault> {
    let set =
        xml::child(filter, ns::WSMAN, "SelectorSet").ok_or_else(|| unprocessable("the filter has no selectors"))?;
    let selectors = xml::elements(set).filter(|node| xml::is(*node, ns::WSMAN, "Selector"));
    selectors
        .map(|selector| match (selector.attribute("Name"), xml::text(selector)) {
            (Some(_), value) if value.contains(['\'', '"']) => {
                Err(unprocessable("a selector's value holds a quotation mark: ask for it by a query"))
            }
            (Some(name), value) if xml::elements(selector).next().is_none() => Ok((Name::new(name), value)),
            (Some(_) | None, _) => Err(unprocessable("a selector has no name, or a value that is no text")),
        })
        .collect()
}
