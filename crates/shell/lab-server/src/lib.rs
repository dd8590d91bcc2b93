//! The lab on loopback: a WS-Management endpoint per simulated host, and an HTTP API to control the site.
//!
//! The simulated hosts are the `lab` crate's; the messages are the `wsman` crate's. This crate binds ports, keeps real time
//! and counts requests. It never binds anything but loopback.
//!
//! Start with [`Lab::start`], which makes the listeners; `listener` is a host's port, which closes and opens as the host goes off
//! and on; `site` is what all parts share; `control` has the routes.

mod attack;
mod broken;
mod control;
mod count;
mod endpoint;
mod entrance;
mod event_logs;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod listener;
mod options;
mod pulls;
mod site;
mod strike;
mod wmi_form;
mod world_json;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reprise_lab::{Action, ActionError, Spec, SpecError, World, view};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use entrance::Entrances;
use listener::HostListener;
pub use options::LabOptions;
pub use site::HostAddress;
use site::Site;
pub use wsman::ElementForm;
use wsman_acceptor::{Certificate, CertificateError};
pub use wsman_acceptor::{Schemes, ServiceKey};

/// Why a lab could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The spec cannot be met.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// A port could not be bound.
    #[error("cannot listen on loopback")]
    Listen(#[source] std::io::Error),
    /// There is no certificate for HTTPS.
    #[error("cannot speak HTTPS")]
    Certificate(#[source] CertificateError),
}

/// A running lab. Dropping it ends it.
pub struct Lab {
    site: Arc<Site>,
    control: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Lab {
    /// Starts a lab; when this returns, every host responds.
    ///
    /// # Errors
    /// [`StartError`] if the spec cannot be met, loopback has no port left, or no certificate can be made.
    pub async fn start(spec: &Spec, options: LabOptions) -> Result<Self, StartError> {
        let world = World::new(spec)?;
        let mut tasks = JoinSet::new();
        let names: Vec<String> =
            (0..world.host_count()).filter_map(|host| world.host_name(host)).map(str::to_owned).collect();
        let entrances = Entrances::new(&options, &names).map_err(StartError::Certificate)?;
        let mut listeners = Vec::new();
        let mut ports = Vec::new();
        let loopback = if options.ipv6 { IpAddr::from(Ipv6Addr::LOCALHOST) } else { Ipv4Addr::LOCALHOST.into() };
        for host in 0..names.len() {
            let (listener, port) = HostListener::bind(host, world.face(host), loopback).map_err(StartError::Listen)?;
            listeners.push(listener);
            ports.push(port);
        }
        let site = Site::new(world, options, entrances, names.into_iter().zip(ports));
        for listener in listeners {
            tasks.spawn(listener.keep(Arc::clone(&site)));
        }
        site.settle().await;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(StartError::Listen)?;
        let control = listener.local_addr().map_err(StartError::Listen)?;
        let router = control::router(Arc::clone(&site));
        tasks.spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the lab's control API ended");
            }
        });
        Ok(Self { site, control, _tasks: tasks })
    }

    /// The address of the control API.
    pub fn control_url(&self) -> String {
        format!("http://{}", self.control)
    }

    /// Carries out an action; returns when its effect can be seen.
    ///
    /// # Errors
    /// [`ActionError`] if it is not possible now.
    pub async fn carry_out(&self, action: &Action) -> Result<(), ActionError> {
        self.site.carry_out(action).await
    }

    /// The state of the whole lab.
    pub fn view(&self) -> view::WorldView {
        self.site.with_world(|world| world.view())
    }

    /// The certificate that the hosts present, if they use HTTPS.
    pub fn certificate(&self) -> Option<&Certificate> {
        self.site.entrances.certificate()
    }

    /// The certificate that the user may log in with, if the hosts accept certificates.
    pub fn client_certificate(&self) -> Option<&Certificate> {
        self.site.entrances.client_certificate()
    }

    /// Every host's name and address, in order.
    pub fn hosts(&self) -> Vec<HostAddress> {
        self.site.addresses()
    }
}
