//! Messages about events, written.

use std::fmt::Write as _;
use std::time::Duration;

use cim::event::Bookmark;

use super::{Content, EVENT, EVENT_QUERY, Eventing, EventingResponse, StartAt, SubscriptionOptions};
use crate::namespace::{self as ns, MODE_PULL};
use crate::xml;

/// What a request's header holds besides the usual.
pub(crate) fn header_parts(operation: &Eventing) -> String {
    match operation {
        Eventing::Subscribe(subscribe) => write_options(subscribe.options()),
        Eventing::Pull { options, .. } => options.map_or_else(String::new, write_options),
        Eventing::Indications(_) => String::new(),
        Eventing::Unsubscribe { identifier, .. } => {
            format!(r#"<e:Identifier xmlns:e="{}">{}</e:Identifier>"#, ns::EVENTING, xml::escape(identifier))
        }
    }
}

fn write_options(options: SubscriptionOptions) -> String {
    let content = match options.content {
        Content::Raw => "Raw",
        Content::RenderedText => "RenderedText",
    };
    let ignore = if options.ignore_channel_errors {
        format!(r#"<w:Option xmlns:xsi="{}" Name="IgnoreChannelError" xsi:nil="true"/>"#, ns::XSI)
    } else {
        String::new()
    };
    format!(
        concat!(
            r#"<w:OptionSet><w:Option Name="ContentFormat">{}</w:Option>"#,
            r#"<w:Option Name="ReadExistingEvents">{}</w:Option>{}</w:OptionSet>"#
        ),
        content, options.existing, ignore
    )
}

/// The body of a request.
pub(crate) fn request_body(operation: &Eventing) -> String {
    match operation {
        Eventing::Subscribe(subscribe) => {
            let bookmark = match &subscribe.from {
                // The option ReadExistingEvents tells these two apart.
                StartAt::New | StartAt::Existing => String::new(),
                // As the host wrote it: XML, not text.
                StartAt::After(bookmark) => format!("<w:Bookmark>{}</w:Bookmark>", bookmark.as_str()),
            };
            let send = if subscribe.send_bookmarks { "<w:SendBookmarks/>" } else { "" };
            let lasts = (subscribe.heartbeats, subscribe.expires);
            subscription(lasts, (EVENT_QUERY, &subscribe.query.write()), &format!("{bookmark}{send}"))
        }
        Eventing::Indications(wish) => {
            subscription((wish.heartbeats, wish.expires), (ns::WQL, &xml::escape(&wish.indication.query)), "")
        }
        Eventing::Pull { context, max_elements, .. } => {
            let most = max_elements.map_or_else(String::new, |n| format!("<n:MaxElements>{n}</n:MaxElements>"));
            let context = xml::escape(context);
            format!("<n:Pull><n:EnumerationContext>{context}</n:EnumerationContext>{most}</n:Pull>")
        }
        Eventing::Unsubscribe { .. } => format!(r#"<e:Unsubscribe xmlns:e="{}"/>"#, ns::EVENTING),
    }
}

/// In the order that the schema wants: Delivery, Expires, Filter, and what `behind` holds of Bookmark and `SendBookmarks`.
fn subscription(
    (heartbeats, expires): (Option<Duration>, Option<Duration>),
    (dialect, filter): (&str, &str),
    behind: &str,
) -> String {
    let heartbeats =
        heartbeats.map_or_else(String::new, |every| format!("<w:Heartbeats>{}</w:Heartbeats>", duration(every)));
    let expires = expires.map_or_else(String::new, |after| format!("<e:Expires>{}</e:Expires>", duration(after)));
    format!(
        concat!(
            r#"<e:Subscribe xmlns:e="{}"><e:Delivery Mode="{}">{}"#,
            r#"<w:Locale xml:lang="en-US" s:mustUnderstand="false"/><p:DataLocale xml:lang="en-US" s:mustUnderstand="false"/>"#,
            "<w:ContentEncoding>UTF-8</w:ContentEncoding></e:Delivery>{}",
            r#"<w:Filter Dialect="{}">{}</w:Filter>{}</e:Subscribe>"#
        ),
        ns::EVENTING,
        MODE_PULL,
        heartbeats,
        expires,
        dialect,
        filter,
        behind
    )
}

fn duration(length: Duration) -> String {
    format!("PT{}.{:03}S", length.as_secs(), length.subsec_millis())
}

/// The body of an answer.
pub(crate) fn response_body(response: &EventingResponse) -> String {
    match response {
        EventingResponse::Subscribed { identifier, context, expires, resource } => format!(
            concat!(
                r#"<e:SubscribeResponse xmlns:e="{}"><e:SubscriptionManager><a:Address>{}</a:Address><a:ReferenceProperties>"#,
                "<w:ResourceURI>{}</w:ResourceURI><e:Identifier>{}</e:Identifier></a:ReferenceProperties></e:SubscriptionManager>",
                "<e:Expires>{}</e:Expires><n:EnumerationContext>{}</n:EnumerationContext></e:SubscribeResponse>"
            ),
            ns::EVENTING,
            ns::ANONYMOUS,
            xml::escape(resource),
            xml::escape(identifier),
            duration(expires.unwrap_or_default()),
            xml::escape(context)
        ),
        EventingResponse::Events { events, dropped, context, .. } => {
            let context = context.as_ref().map_or_else(String::new, |context| {
                format!("<n:EnumerationContext>{}</n:EnumerationContext>", xml::escape(context))
            });
            let mut items = String::new();
            if *dropped > 0 {
                let _infallible = write!(items, r#"<w:DroppedEvents Action="{EVENT}">{dropped}</w:DroppedEvents>"#);
            }
            items.push_str(&events.concat());
            format!("<n:PullResponse>{context}<n:Items>{items}</n:Items></n:PullResponse>")
        }
        EventingResponse::Heartbeat | EventingResponse::Unsubscribed => String::new(),
        EventingResponse::Ended { status, reason } => format!(
            r#"<e:SubscriptionEnd xmlns:e="{0}"><e:Status>{0}/{1}</e:Status><e:Reason xml:lang="en-US">{2}</e:Reason></e:SubscriptionEnd>"#,
            ns::EVENTING,
            xml::escape(status),
            xml::escape(reason)
        ),
    }
}

/// The header that names the place behind an answer's last event.
pub(crate) fn bookmark_header(bookmark: &Bookmark) -> String {
    format!("<w:Bookmark>{}</w:Bookmark>", bookmark.as_str())
}

/// A bookmark as Windows writes it: the number of the last record of each log; the current one is the last event's.
pub(crate) fn bookmark_list<'a>(places: impl Iterator<Item = (&'a str, u64)>, current: &str) -> Bookmark {
    let mut text = String::from("<BookmarkList>");
    for (channel, number) in places.filter(|(_, number)| *number > 0) {
        let is_current = if channel == current { r#" IsCurrent="true""# } else { "" };
        let _infallible =
            write!(text, r#"<Bookmark Channel="{}" RecordId="{number}"{is_current}/>"#, xml::escape(channel));
    }
    text.push_str("</BookmarkList>");
    Bookmark::new(text)
}
