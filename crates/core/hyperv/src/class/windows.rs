//! `Win32_ComputerSystem`, `Win32_OperatingSystem` and `Win32_Service`: who the host is, its clock, its service vmms.

use cim::{CimType as T, DateTime, PropertyError, Row, wql};
use reprise_model::{HostName, HostSystem, Problem, Remedy, ServiceState};

use super::{host_time, select};
use crate::problem::{self, hidden};

pub(crate) const COMPUTER: &str = "Win32_ComputerSystem";
pub(crate) const COMPUTER_COLUMNS: &[(&str, T)] =
    &[("DNSHostName", T::String), ("Domain", T::String), ("PartOfDomain", T::Boolean)];

pub(crate) const SYSTEM: &str = "Win32_OperatingSystem";
pub(crate) const SYSTEM_COLUMNS: &[(&str, T)] =
    &[("Version", T::String), ("LocalDateTime", T::DateTime), ("LastBootUpTime", T::DateTime)];

pub(crate) const SERVICE: &str = "Win32_Service";
pub(crate) const SERVICE_COLUMNS: &[(&str, T)] = &[("Name", T::String), ("State", T::String)];

/// The service whose state is read.
pub(crate) fn vmms() -> wql::Select {
    select(SERVICE, SERVICE_COLUMNS).filter(wql::Condition::equals("Name", "vmms"))
}

/// Returns the host's name: its DNS name, with the domain if the host is in one.
pub(crate) fn host_name(rows: &[Row], what: &str) -> Result<HostName, Problem> {
    let lacking = || hidden(what, "Win32_ComputerSystem has no instance with a name", Remedy::RepairWmi);
    let row = rows.first().ok_or_else(lacking)?;
    let read = || -> Result<Option<HostName>, PropertyError> {
        let label: String = row.get("DNSHostName")?;
        let in_domain = row.get_opt::<bool>("PartOfDomain")?.unwrap_or(false);
        let domain = row.get_opt::<String>("Domain")?.filter(|domain| in_domain && !domain.is_empty());
        Ok(HostName::new(&domain.map_or_else(|| label.clone(), |domain| format!("{label}.{domain}"))))
    };
    read().map_err(|error| problem::unreadable_host(&error, what))?.ok_or_else(lacking)
}

/// Returns the host's operating system and clock.
pub(crate) fn host_system(rows: &[Row], what: &str) -> Result<HostSystem, Problem> {
    let lacking = |why: &str| hidden(what, why, Remedy::RepairWmi);
    let row = rows.first().ok_or_else(|| lacking("Win32_OperatingSystem has no instance"))?;
    let time = |name: &str| match row.get::<DateTime>(name) {
        Ok(DateTime::Timestamp(at)) => Ok(host_time(at)),
        Ok(DateTime::Interval(_)) => Err(problem::odd(what, "a time of Win32_OperatingSystem is an interval")),
        Err(error) => Err(problem::unreadable_host(&error, what)),
    };
    let version = row.get("Version").map_err(|error| problem::unreadable_host(&error, what))?;
    Ok(HostSystem { version, clock: time("LocalDateTime")?, booted: time("LastBootUpTime")? })
}

/// Returns only the version, which is needed even if the clock cannot be read.
pub(crate) fn version(rows: &[Row]) -> Option<String> {
    rows.first()?.get("Version").ok()
}

/// Returns the state of vmms. "Not found" means "cannot see": a network logon without administrator rights cannot list
/// services.
pub(crate) fn service_state(rows: &[Row], what: &str) -> Result<ServiceState, Problem> {
    let why = "the service is not there, or the account may not see services";
    let row = rows.first().ok_or_else(|| hidden(what, why, Remedy::SeeServices))?;
    let state: String = row.get("State").map_err(|error| problem::unreadable_host(&error, what))?;
    Ok(state_of(state))
}

/// The state of a service, by Windows' word.
pub(crate) fn state_of(state: String) -> ServiceState {
    match state.as_str() {
        "Running" => ServiceState::Running,
        "Start Pending" => ServiceState::Starting,
        "Stop Pending" => ServiceState::Stopping,
        "Stopped" => ServiceState::Stopped,
        _ => ServiceState::Other(state),
    }
}
