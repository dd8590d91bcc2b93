//! Messages about events, read: strictly by a server, with patience by a client.

use std::time::Duration;

use cim::DateTime;
use cim::event::{Bookmark, EventQuery, QueryError};
use roxmltree::Node;

use super::{
    Content, EARLIEST, EVENT_LOG, EVENT_QUERY, Eventing, EventingResponse, Indication, Indications, MODES_BACK,
    StartAt, Subscribe, SubscriptionOptions, action,
};
use crate::fault::{SoapFault, code};
use crate::header::Received;
use crate::namespace::{self as ns, MODE_PULL};
use crate::resource::Resource;
use crate::xml;

/// Reads a request to the event logs.
pub(crate) fn read(received: &Received<'_, '_>, body: Node<'_, '_>) -> Result<Eventing, SoapFault> {
    match received.action.as_str() {
        action::SUBSCRIBE => Ok(Eventing::Subscribe(Box::new(subscribe(received, body)?))),
        crate::message::action::PULL => {
            let pull = xml::child(body, ns::ENUMERATION, "Pull").ok_or_else(|| lacks("Pull"))?;
            let context = xml::child(pull, ns::ENUMERATION, "EnumerationContext").map(xml::token).unwrap_or_default();
            if context.is_empty() {
                return Err(SoapFault::new(code::INVALID_CONTEXT, "the enumeration context is missing"));
            }
            let most = xml::child(pull, ns::ENUMERATION, "MaxElements").map(xml::token);
            let max_elements = most.map(|most| {
                most.parse()
                    .ok()
                    .filter(|most| *most > 0)
                    .ok_or_else(|| SoapFault::new(code::SCHEMA, "MaxElements is not a positive number"))
            });
            let resource = EVENT_LOG.to_owned();
            let options = received.options.map(|set| options(Some(set))).transpose()?;
            Ok(Eventing::Pull { resource, context, max_elements: max_elements.transpose()?, options })
        }
        _ => match of_a_manager(received, body)? {
            Some(eventing) => Ok(eventing),
            None => Err(SoapFault::new(code::ACTION_NOT_SUPPORTED, "the action is none that event logs support")),
        },
    }
}

/// Reads a request about events of CIM classes; `None` if its action has nothing to do with events. A Pull looks like any
/// other.
pub(crate) fn read_of_class(
    received: &Received<'_, '_>,
    resource: &Resource,
    body: Node<'_, '_>,
) -> Result<Option<Eventing>, SoapFault> {
    if received.action != action::SUBSCRIBE {
        return of_a_manager(received, body);
    }
    let node = xml::child(body, ns::EVENTING, "Subscribe").ok_or_else(|| lacks("Subscribe"))?;
    let heartbeats = delivery(node)?;
    if ["Bookmark", "SendBookmarks"].iter().any(|local| xml::child(node, ns::WSMAN, local).is_some()) {
        let fault = SoapFault::new(code::UNSUPPORTED_FEATURE, "events of CIM classes have no bookmarks");
        return Err(fault.with_detail("Bookmarks"));
    }
    let filter = filter(node)?;
    if !filter.attribute("Dialect").unwrap_or_default().trim().eq_ignore_ascii_case(ns::WQL) {
        return Err(SoapFault::new(code::EVENT_FILTER, "the filter's dialect is none that is spoken here"));
    }
    let indication = Indication::read(&xml::text(filter), resource)?;
    let expires = expires(xml::child(node, ns::EVENTING, "Expires"))?;
    Ok(Some(Eventing::Indications(Box::new(Indications { indication, heartbeats, expires }))))
}

/// What goes to the manager of a subscription.
fn of_a_manager(received: &Received<'_, '_>, body: Node<'_, '_>) -> Result<Option<Eventing>, SoapFault> {
    match received.action.as_str() {
        action::UNSUBSCRIBE => {
            xml::child(body, ns::EVENTING, "Unsubscribe").ok_or_else(|| lacks("Unsubscribe"))?;
            let identifier = received.identifier.clone().unwrap_or_default();
            if identifier.is_empty() {
                return Err(SoapFault::new(code::HEADER_REQUIRED, "the header Identifier is missing"));
            }
            let resource = received.resource_uri.trim().to_owned();
            Ok(Some(Eventing::Unsubscribe { resource, identifier }))
        }
        action::RENEW => Err(SoapFault::new(code::UNABLE_TO_RENEW, "subscriptions are not renewed: subscribe again")),
        _ => Ok(None),
    }
}

/// How events are delivered: by Pull, and with which heartbeat.
fn delivery(subscribe: Node<'_, '_>) -> Result<Option<Duration>, SoapFault> {
    let delivery = xml::child(subscribe, ns::EVENTING, "Delivery").ok_or_else(|| lacks("Delivery"))?;
    pulled(delivery.attribute("Mode").unwrap_or_default().trim())?;
    xml::child(delivery, ns::WSMAN, "Heartbeats").map(|node| length(node, code::INVALID_PARAMETER)).transpose()
}

fn filter<'a, 'i>(subscribe: Node<'a, 'i>) -> Result<Node<'a, 'i>, SoapFault> {
    let filter = xml::child(subscribe, ns::WSMAN, "Filter").or_else(|| xml::child(subscribe, ns::EVENTING, "Filter"));
    filter.ok_or_else(|| unusable("there is no filter"))
}

fn lacks(local: &str) -> SoapFault {
    SoapFault::new(code::SCHEMA, format!("the body does not hold {local}"))
}

fn subscribe(received: &Received<'_, '_>, body: Node<'_, '_>) -> Result<Subscribe, SoapFault> {
    let node = xml::child(body, ns::EVENTING, "Subscribe").ok_or_else(|| lacks("Subscribe"))?;
    let heartbeats = delivery(node)?;
    let options = options(received.options)?;
    let from = match xml::child(node, ns::WSMAN, "Bookmark") {
        Some(bookmark) => start(bookmark)?,
        None if options.existing => StartAt::Existing,
        None => StartAt::New,
    };
    Ok(Subscribe {
        query: query(filter(node)?)?,
        from,
        heartbeats,
        expires: expires(xml::child(node, ns::EVENTING, "Expires"))?,
        send_bookmarks: xml::child(node, ns::WSMAN, "SendBookmarks").is_some(),
        content: options.content,
        ignore_channel_errors: options.ignore_channel_errors,
    })
}

/// Only Pull needs no connection back. WS-Eventing takes Push where no mode is named.
fn pulled(mode: &str) -> Result<(), SoapFault> {
    let reason = match mode {
        MODE_PULL => return Ok(()),
        "" => "events are delivered by Pull alone, and Push is wanted where no mode is named",
        back if MODES_BACK.contains(&back) => {
            "events are delivered by Pull alone: nothing is sent over a connection back to the subscriber"
        }
        _ => "events are delivered by Pull alone, and there is no such mode",
    };
    Err(SoapFault::new(code::DELIVERY_MODE, reason))
}

/// The filter holds exactly one list, as XML.
fn query(filter: Node<'_, '_>) -> Result<EventQuery, SoapFault> {
    if !filter.attribute("Dialect").unwrap_or_default().trim().eq_ignore_ascii_case(EVENT_QUERY) {
        return Err(SoapFault::new(code::EVENT_FILTER, "the filter's dialect is none that is spoken here"));
    }
    let mut lists = xml::elements(filter);
    let (Some(list), None) = (lists.next(), lists.next()) else {
        return Err(unusable("the filter does not hold one QueryList alone"));
    };
    EventQuery::read(&xml::outer(list)).map_err(|error| match error {
        QueryError::Schema(what) => unusable(&what),
        QueryError::Condition(error) => unusable(&error.to_string()),
    })
}

fn unusable(why: &str) -> SoapFault {
    SoapFault::new(code::EVENT_FILTER, format!("the event query cannot be used: {why}"))
}

fn start(bookmark: Node<'_, '_>) -> Result<StartAt, SoapFault> {
    if xml::token(bookmark) == EARLIEST {
        return Ok(StartAt::Existing);
    }
    match xml::elements(bookmark).next() {
        Some(list) if list.tag_name().name() == "BookmarkList" => Ok(StartAt::After(Bookmark::new(xml::outer(list)))),
        Some(_) | None => Err(SoapFault::new(code::INVALID_BOOKMARK, "the bookmark is none of this source")),
    }
}

/// A length of time. None of zero length makes sense here.
fn length(node: Node<'_, '_>, code: u32) -> Result<Duration, SoapFault> {
    let name = node.tag_name().name();
    match DateTime::parse(&xml::token(node)) {
        Ok(DateTime::Interval(length)) if length.micros() > 0 => Ok(Duration::from_micros(length.micros())),
        Ok(_) | Err(_) => Err(SoapFault::new(code, format!("{name} is no length of time"))),
    }
}

fn expires(node: Option<Node<'_, '_>>) -> Result<Option<Duration>, SoapFault> {
    let Some(node) = node else { return Ok(None) };
    if matches!(DateTime::parse(&xml::token(node)), Ok(DateTime::Timestamp(_))) {
        return Err(SoapFault::new(code::EXPIRATION_TYPE, "Expires is a point in time: give a length of time"));
    }
    length(node, code::INVALID_EXPIRATION).map(Some)
}

fn options(set: Option<Node<'_, '_>>) -> Result<SubscriptionOptions, SoapFault> {
    let option = |name: &str| {
        let mut options = set.into_iter().flat_map(xml::elements);
        options.find(|node| node.attribute("Name").is_some_and(|own| own.eq_ignore_ascii_case(name)))
    };
    let text = |name: &str| option(name).map(xml::token);
    let content = match text("ContentFormat").as_deref() {
        None | Some("Raw") => Content::Raw,
        Some("RenderedText") => Content::RenderedText,
        Some(_) => {
            return Err(SoapFault::new(code::INVALID_PARAMETER, "ContentFormat is neither Raw nor RenderedText"));
        }
    };
    let existing = text("ReadExistingEvents").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    Ok(SubscriptionOptions { content, existing, ignore_channel_errors: option("IgnoreChannelError").is_some() })
}

/// Reads the answer to a request about events. `head` is the answer's header; `read` reads one event.
///
/// # Errors
/// In words, what it lacks.
pub(crate) fn response<E>(
    head: Option<Node<'_, '_>>,
    body: Node<'_, '_>,
    operation: &Eventing,
    read: impl Fn(Node<'_, '_>) -> Result<E, String>,
) -> Result<EventingResponse<E>, String> {
    if let Some(end) = xml::child(body, ns::EVENTING, "SubscriptionEnd") {
        let of = |local| xml::child(end, ns::EVENTING, local).map(xml::token).unwrap_or_default();
        let status = of("Status").rsplit('/').next().unwrap_or_default().to_owned();
        return Ok(EventingResponse::Ended { status, reason: of("Reason") });
    }
    match operation {
        Eventing::Subscribe(_) | Eventing::Indications(_) => subscribed(body),
        Eventing::Pull { .. } => events(head, body, read),
        Eventing::Unsubscribe { .. } => Ok(EventingResponse::Unsubscribed),
    }
}

fn subscribed<E>(body: Node<'_, '_>) -> Result<EventingResponse<E>, String> {
    let node = xml::child(body, ns::EVENTING, "SubscribeResponse").ok_or("the answer holds no SubscribeResponse")?;
    // The reference's properties, or its parameters since WS-Addressing was revised.
    let identifier = xml::child(node, ns::EVENTING, "SubscriptionManager")
        .and_then(|manager| manager.descendants().find(|part| xml::is(*part, ns::EVENTING, "Identifier")))
        .map(xml::token);
    let context = xml::child(node, ns::ENUMERATION, "EnumerationContext").map(xml::token).unwrap_or_default();
    if context.is_empty() {
        return Err("the answer to Subscribe has no context to pull from".to_owned());
    }
    // No time at all says that it has no end.
    let expires =
        xml::child(node, ns::EVENTING, "Expires").and_then(|node| length(node, code::INVALID_EXPIRATION).ok());
    let resource = node.descendants().find(|part| xml::is(*part, ns::WSMAN, "ResourceURI")).map(xml::token);
    let (identifier, resource) = (identifier.unwrap_or_default(), resource.unwrap_or_default());
    Ok(EventingResponse::Subscribed { identifier, context, expires, resource })
}

fn events<E>(
    head: Option<Node<'_, '_>>,
    body: Node<'_, '_>,
    read: impl Fn(Node<'_, '_>) -> Result<E, String>,
) -> Result<EventingResponse<E>, String> {
    let Some(node) = xml::child(body, ns::ENUMERATION, "PullResponse") else {
        // A sign of life has an empty body and is known by its action alone.
        let action = head.and_then(|head| xml::child(head, ns::ADDRESSING, "Action")).map(xml::token);
        let beats = action.is_some_and(|action| action.ends_with("/Heartbeat")) && xml::elements(body).next().is_none();
        return if beats {
            Ok(EventingResponse::Heartbeat)
        } else {
            Err("the answer holds no PullResponse".to_owned())
        };
    };
    let context = xml::child(node, ns::ENUMERATION, "EnumerationContext").map(xml::token).filter(|c| !c.is_empty());
    let over = xml::child(node, ns::ENUMERATION, "EndOfSequence").is_some();
    let (mut events, mut dropped) = (Vec::new(), 0_u64);
    for item in xml::child(node, ns::ENUMERATION, "Items").into_iter().flat_map(xml::elements) {
        if xml::is(item, ns::WSMAN, "DroppedEvents") {
            dropped = dropped.saturating_add(xml::token(item).parse().unwrap_or(1));
        } else {
            events.push(read(item)?);
        }
    }
    let bookmark = head.and_then(|head| xml::child(head, ns::WSMAN, "Bookmark"));
    let bookmark = bookmark.and_then(|node| xml::elements(node).next()).map(|list| Bookmark::new(xml::outer(list)));
    Ok(EventingResponse::Events { events, dropped, context: context.filter(|_| !over), bookmark })
}
