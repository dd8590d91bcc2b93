//! A stand-in for WMI, for tests under Wine: a COM DLL that takes the place of `WbemLocator`, and whose host is one of a
//! running lab's.
//!
//! It translates COM's calls into requests to the lab's control API, over loopback, and the answers back, and knows no class
//! of its own: that local WMI and WS-Management give the same is then a matter of the two clients alone. It is written from
//! the WMI documentation and shares no code with what it tests. It must never be shipped.
//!
//! `REPRISE_STANDIN` is the address of the host's WMI at the lab: `http://127.0.0.1:PORT/hosts/NAME/wmi`. Start with
//! `com/entry.rs`; `object` is what WMI's objects are here, `lab` asks the lab, and `pending` is a call that is under way.
#![cfg_attr(not(windows), expect(dead_code, reason = "only COM uses it"))]

mod lab;
mod object;
mod pending;
mod status;

#[cfg(windows)]
mod com;
