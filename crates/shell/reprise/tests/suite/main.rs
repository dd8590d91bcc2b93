//! The built program against simulated hosts on loopback. One binary, since linking is dear.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test that fails is to say so at once")]

mod article;
mod bad_way;
mod bad_ways;
mod by_hand;
mod changes;
mod configuration;
mod discovery;
mod doctor;
mod drill;
mod envelopes;
mod evidence;
mod faults;
mod holds;
mod host_faults;
mod hostile_clients;
mod hostile_hosts;
mod jobs;
mod lab;
mod loading;
mod login_matrix;
mod logins;
mod manual;
mod matrix;
mod meanwhile;
mod open_files;
mod outcomes;
mod outside;
mod requests;
mod rights;
mod roles;
mod routes;
mod schema;
#[cfg(unix)]
mod serve;
#[cfg(unix)]
mod sinks;
mod status;
mod strict;
mod systems;
#[cfg(unix)]
mod typing;
#[cfg(unix)]
mod watch;
mod way_in;
mod wire_faults;
mod workgroup;
mod wrong_address;
