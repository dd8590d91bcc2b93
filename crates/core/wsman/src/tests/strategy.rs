//! Anything that can be said, for properties; and how the other side hears it.

use std::collections::BTreeMap;
use std::time::Duration;

use cim::event::{Bookmark, EventCondition, EventQuery, EventSelect};
use cim::wql::{Related, Sought};
use cim::{Argument, CimTimestamp, DateTime, Interval, Key, Name, ObjectPath, Properties, Row, Value};
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use crate::eventing::{Content, Eventing, StartAt, Subscribe, SubscriptionOptions};
use crate::message::Filter;

/// Text that XML can carry. Control characters have a test of their own.
pub(super) fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[^\u{0}-\u{8}\u{b}\u{c}\u{e}-\u{1f}\u{fffe}\u{ffff}]{0,24}",
        Just("a < b && c > \"d\" ]]> 'e' <!-- -->".to_owned()),
        Just("\t two\r\nlines \u{202e}rtl \u{1f5a5}".to_owned()),
    ]
}

pub(super) fn identifier() -> impl Strategy<Value = String> {
    "[A-Za-z_][A-Za-z0-9_]{0,12}"
}

fn namespace() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("root/virtualization/v2".to_owned()),
        Just("root/cimv2".to_owned()),
        "root(/[a-z][a-z0-9]{0,6}){1,3}"
    ]
}

pub(super) fn path() -> impl Strategy<Value = ObjectPath> {
    flat_path().prop_recursive(2, 6, 2, |inner| {
        (flat_path(), identifier(), inner).prop_map(|(mut path, name, key)| {
            path.keys.insert(Name::new(name), Key::Path(Box::new(key)));
            path
        })
    })
}

fn flat_path() -> impl Strategy<Value = ObjectPath> {
    (namespace(), identifier(), btree_map(identifier(), text(), 0..4)).prop_map(|(namespace, class, keys)| {
        keys.into_iter().fold(ObjectPath::new(namespace, class), |path, (name, value)| path.with(name, value))
    })
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        text().prop_map(Value::String),
        any::<bool>().prop_map(Value::Boolean),
        any::<u8>().prop_map(Value::Uint8),
        any::<u16>().prop_map(Value::Uint16),
        any::<u32>().prop_map(Value::Uint32),
        any::<u64>().prop_map(Value::Uint64),
        any::<i64>().prop_map(Value::Sint64),
        (-1.0e12..1.0e12).prop_map(Value::Real64),
        (0..4_000_000_000_000_000_i64, -720..720_i16).prop_map(|(micros, offset)| {
            Value::DateTime(DateTime::Timestamp(CimTimestamp::from_unix_us(micros).with_offset_minutes(offset)))
        }),
        (0..8_000_000_000_000_u64).prop_map(|us| Value::DateTime(DateTime::Interval(Interval::from_micros(us)))),
        path().prop_map(|path| Value::Reference(Box::new(path))),
    ]
}

pub(super) fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![4 => scalar(), 1 => Just(Value::Nil), 1 => vec(scalar(), 0..4).prop_map(Value::List)];
    leaf.prop_recursive(2, 12, 3, |inner| {
        (identifier(), scalar(), btree_map(identifier(), inner, 0..3)).prop_map(|(class, first, more)| {
            // An object of which nothing is sent cannot be distinguished from empty text.
            let mut properties: Properties = more.into_iter().map(|(name, value)| (Name::new(name), value)).collect();
            properties.set("AlwaysThere", first);
            Value::Object(Box::new(Row { class: Name::new(class), path: None, properties }))
        })
    })
}

pub(super) fn properties() -> impl Strategy<Value = Properties> {
    btree_map(identifier(), value(), 0..6).prop_map(|map| map.into_iter().map(|(n, v)| (Name::new(n), v)).collect())
}

/// A row with where it is.
pub(super) fn row() -> impl Strategy<Value = Row> {
    (path(), properties()).prop_map(|(path, properties)| Row {
        class: path.class.clone(),
        path: Some(path),
        properties,
    })
}

pub(super) fn arguments() -> impl Strategy<Value = Vec<Argument>> {
    properties().prop_map(|all| all.into_iter().map(|(name, value)| Argument { name, value }).collect())
}

/// What an enumeration asks of a resource; its class then is the one that takes such a filter.
pub(super) fn filter() -> impl Strategy<Value = Filter> {
    prop_oneof![
        text().prop_map(Filter::Wql),
        related().prop_map(Filter::Related),
        vec((identifier().prop_map(Name::new), text().prop_map(|text| text.replace(['\'', '"'], ""))), 0..3)
            .prop_map(Filter::Selectors),
    ]
}

/// What is asked about events.
pub(super) fn eventing() -> impl Strategy<Value = Eventing> {
    let name = || "[A-Za-z<&\"-][A-Za-z /<&\"-]{0,14}[A-Za-z]";
    let millis = |most: u64| (1..most).prop_map(Duration::from_millis);
    let condition = prop_oneof![
        Just(EventCondition::any()),
        (vec(any::<u32>(), 1..4), millis(1 << 40)).prop_map(|(ids, age)| EventCondition::recent(&ids, age)),
    ];
    let select = (name(), condition).prop_map(|(channel, condition)| EventSelect { channel, condition });
    let query = (vec(select.clone(), 1..4), vec(select, 0..2))
        .prop_map(|(selects, suppresses)| EventQuery { selects, suppresses });
    let mark = (name(), any::<u64>()).prop_map(|(channel, number)| {
        let places = [(channel.as_str(), number.max(1))];
        StartAt::After(crate::eventing::bookmark_list(places.into_iter(), &channel))
    });
    let from = prop_oneof![Just(StartAt::New), Just(StartAt::Existing), mark];
    let content = prop_oneof![Just(Content::Raw), Just(Content::RenderedText)];
    let lasting = || proptest::option::of(millis(100_000_000));
    let subscribe = (query, from, lasting(), lasting(), any::<bool>(), content, any::<bool>()).prop_map(
        |(query, from, heartbeats, expires, send_bookmarks, content, ignore_channel_errors)| {
            Eventing::Subscribe(Box::new(Subscribe {
                query,
                from,
                heartbeats,
                expires,
                send_bookmarks,
                content,
                ignore_channel_errors,
            }))
        },
    );
    let content = prop_oneof![Just(Content::Raw), Just(Content::RenderedText)];
    let options = (content, any::<bool>(), any::<bool>()).prop_map(|(content, existing, ignore_channel_errors)| {
        SubscriptionOptions { content, existing, ignore_channel_errors }
    });
    let id = || "[A-Za-z0-9:<&-]{1,40}";
    let log = || crate::eventing::EVENT_LOG.to_owned();
    prop_oneof![
        subscribe,
        (id(), proptest::option::of(1..40_000_u32), proptest::option::of(options)).prop_map(
            move |(context, max_elements, options)| Eventing::Pull { resource: log(), context, max_elements, options }
        ),
        id().prop_map(move |identifier| Eventing::Unsubscribe { resource: log(), identifier }),
    ]
}

/// What is answered about events, in the shape in which it arrives.
pub(super) fn event_xml() -> impl Strategy<Value = String> {
    (identifier(), text()).prop_map(|(name, text)| {
        let text = crate::xml::escape(&text).into_owned();
        let inner =
            if text.is_empty() { format!("<{name}/>") } else { format!("<{name} Name=\"{text}\">{text}</{name}>") };
        format!(r#"<Event xmlns="urn:event"><Data xmlns="urn:data">{inner}</Data></Event>"#)
    })
}

/// A place in the logs.
pub(super) fn bookmark() -> impl Strategy<Value = Bookmark> {
    ("[A-Za-z]{1,9}", 1..u64::MAX).prop_map(|(channel, number)| {
        crate::eventing::bookmark_list([(channel.as_str(), number)].into_iter(), &channel)
    })
}

pub(super) fn related() -> impl Strategy<Value = Related> {
    let name = || proptest::option::of(identifier().prop_map(Name::new));
    let sought = prop_oneof![
        Just(Sought::Associations),
        (name(), name()).prop_map(|(class, role)| Sought::Instances { class, role })
    ];
    (path(), name(), name(), sought).prop_map(|(object, association, role, sought)| Related {
        object,
        association,
        role,
        sought,
    })
}

/// What a reader gets of a value: text without a type, an array of one as its element, nothing of an empty array.
#[expect(clippy::wildcard_enum_match_arm, reason = "every scalar is read alike")]
pub(super) fn heard(value: &Value) -> Option<Value> {
    match value {
        Value::List(items) => {
            let mut heard: Vec<Value> = items.iter().filter_map(self::heard).collect();
            if heard.len() == 1 { heard.pop() } else { Some(heard).filter(|h| !h.is_empty()).map(Value::List) }
        }
        Value::Nil => Some(Value::Nil),
        Value::Object(row) => Some(Value::Object(Box::new(Row {
            class: row.class.clone(),
            path: None,
            properties: heard_properties(&row.properties),
        }))),
        Value::Reference(path) => Some(Value::Reference(path.clone())),
        scalar => scalar.lexical().map(Value::Lexical),
    }
}

pub(super) fn heard_properties(properties: &Properties) -> Properties {
    properties.iter().filter_map(|(name, value)| Some((name.clone(), heard(value)?))).collect()
}

pub(super) fn heard_arguments(arguments: &[Argument]) -> BTreeMap<Name, Value> {
    let present = arguments.iter().filter(|argument| !argument.value.is_nil());
    present.filter_map(|argument| Some((argument.name.clone(), heard(&argument.value)?))).collect()
}
