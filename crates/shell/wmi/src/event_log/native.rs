//! The calls of Windows' event log: pull subscriptions, rendered records and bookmarks.
//!
//! Sources: Windows Event Log reference, `EvtSubscribe`, `EvtNext`, `EvtRender`, `EvtCreateBookmark`. All are older than Server
//! 2012.

#![expect(unsafe_code, reason = "the functions of Windows are C")]

use std::time::Duration;

use cim::event::Bookmark;
use windows::Win32::Foundation::{
    CloseHandle, E_FAIL, ERROR_INSUFFICIENT_BUFFER, ERROR_NO_MORE_ITEMS, ERROR_TIMEOUT, HANDLE, S_OK, WIN32_ERROR,
};
use windows::Win32::System::EventLog::{
    EVT_HANDLE, EVT_RENDER_FLAGS, EvtClose, EvtCreateBookmark, EvtNext, EvtRender, EvtRenderBookmark,
    EvtRenderEventXml, EvtSubscribe, EvtSubscribeStartAfterBookmark, EvtSubscribeStartAtOldestRecord,
    EvtSubscribeStrict, EvtUpdateBookmark,
};
use windows::Win32::System::Threading::{CreateEventW, WaitForSingleObject};
use windows::core::{Error, PCWSTR};

use super::reader::{Begin, Subscriber, Subscription};

/// Maximum size of a rendered record or bookmark. A record holds 64 KiB, and its text in XML is a few times longer.
const BYTES_MAX: u32 = 4 * 1024 * 1024;
/// Room for most records.
const BYTES_FIRST: u32 = 16 * 1024;

/// Windows on this computer.
pub(super) struct Native;

/// A handle of the event log. Closed on drop.
struct Handle(EVT_HANDLE);

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle is ours and is closed here alone.
        let _closed = unsafe { EvtClose(self.0) };
    }
}

/// What Windows sets when records have come. Closed on drop.
struct Signal(HANDLE);

impl Drop for Signal {
    fn drop(&mut self) {
        // SAFETY: the handle is ours and is closed here alone.
        let _closed = unsafe { CloseHandle(self.0) };
    }
}

/// A subscription. It is closed before its signal.
pub(super) struct Open {
    subscription: Handle,
    bookmark: Handle,
    signal: Signal,
}

impl Subscriber for Native {
    type Subscription = Open;

    fn subscribe(&self, query: &str, begin: &Begin) -> Result<Open, u32> {
        // SAFETY: no preconditions; it resets itself and is not set.
        let signal = Signal(unsafe { CreateEventW(None, false, false, PCWSTR::null()) }.map_err(code)?);
        let (bookmark, flags) = match begin {
            Begin::Oldest => (None, EvtSubscribeStartAtOldestRecord),
            Begin::After(place) => (Some(bookmark_at(Some(place))?), EvtSubscribeStartAfterBookmark),
        };
        let query = wide(query);
        // SAFETY: the query ends with a zero; everything outlives the call, the signal the subscription too.
        let subscription = unsafe {
            EvtSubscribe(
                None,
                Some(signal.0),
                PCWSTR::null(),
                PCWSTR(query.as_ptr()),
                bookmark.as_ref().map(|bookmark| bookmark.0),
                None,
                None,
                flags.0 | EvtSubscribeStrict.0,
            )
        };
        let subscription = Handle(subscription.map_err(code)?);
        let bookmark = bookmark.map_or_else(|| bookmark_at(None), Ok)?;
        Ok(Open { subscription, bookmark, signal })
    }
}

/// A bookmark at a place, or at none yet.
fn bookmark_at(place: Option<&Bookmark>) -> Result<Handle, u32> {
    let text = place.map(|place| wide(place.as_str()));
    let text = text.as_ref().map_or(PCWSTR::null(), |text| PCWSTR(text.as_ptr()));
    // SAFETY: the text is absent or ends with a zero, and outlives the call.
    unsafe { EvtCreateBookmark(text) }.map(Handle).map_err(code)
}

impl Subscription for Open {
    fn next(&mut self, at_most: u32, wait: Duration) -> Result<Option<(Vec<String>, Bookmark)>, u32> {
        if let Some(found) = self.fetch(at_most)? {
            return Ok(Some(found));
        }
        let milliseconds = u32::try_from(wait.as_millis()).unwrap_or(u32::MAX);
        // SAFETY: the handle is alive. Whatever ends the wait, the log is asked again.
        let _ended = unsafe { WaitForSingleObject(self.signal.0, milliseconds) };
        self.fetch(at_most)
    }
}

impl Open {
    /// What is there now.
    fn fetch(&mut self, at_most: u32) -> Result<Option<(Vec<String>, Bookmark)>, u32> {
        let mut handles = vec![0_isize; usize::try_from(at_most).unwrap_or_default()];
        let mut count = 0;
        // SAFETY: there is room for as many handles as the slice has; what is pointed to outlives the call.
        match unsafe { EvtNext(self.subscription.0, &mut handles, 0, 0, &raw mut count) } {
            Err(error) if is(&error, ERROR_NO_MORE_ITEMS) || is(&error, ERROR_TIMEOUT) => return Ok(None),
            result => result.map_err(code)?,
        }
        let count = usize::try_from(count).unwrap_or_default();
        let records: Vec<Handle> = handles.into_iter().take(count).map(|handle| Handle(EVT_HANDLE(handle))).collect();
        let Some(last) = records.last() else { return Ok(None) };
        // SAFETY: both handles are ours and alive.
        unsafe { EvtUpdateBookmark(self.bookmark.0, last.0) }.map_err(code)?;
        let place = Bookmark::new(render(&self.bookmark, EvtRenderBookmark)?);
        // A record that cannot be rendered is passed on as one that cannot be read.
        let texts = records.iter().map(|record| render(record, EvtRenderEventXml).unwrap_or_default()).collect();
        Ok(Some((texts, place)))
    }
}

/// The XML of a record or a bookmark.
fn render(what: &Handle, flags: EVT_RENDER_FLAGS) -> Result<String, u32> {
    let mut bytes = BYTES_FIRST;
    loop {
        let mut units = vec![0_u16; usize::try_from(bytes / 2).unwrap_or_default()];
        let (mut used, mut properties) = (0, 0);
        let room = Some(units.as_mut_ptr().cast());
        // SAFETY: there is as much room as is said; what is pointed to outlives the call.
        match unsafe { EvtRender(None, what.0, flags.0, bytes, room, &raw mut used, &raw mut properties) } {
            Ok(()) => {
                let text = units.split(|unit| *unit == 0).next().unwrap_or_default();
                return Ok(String::from_utf16_lossy(text));
            }
            Err(error) if is(&error, ERROR_INSUFFICIENT_BUFFER) && used > bytes && used <= BYTES_MAX => bytes = used,
            Err(error) => return Err(code(error)),
        }
    }
}

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

fn is(error: &Error, number: WIN32_ERROR) -> bool {
    error.code() == number.to_hresult()
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn code(error: Error) -> u32 {
    // Wine fails without a reason.
    if error.code() == S_OK { E_FAIL.0.cast_unsigned() } else { error.code().0.cast_unsigned() }
}
