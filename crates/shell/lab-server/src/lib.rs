//! The lab on loopback: WS-Management endpoints and a control API.
