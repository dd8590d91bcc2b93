//! What `Resume-VMReplication -VMName NAME -ComputerName HOST` does: every VM of that name there, one after the other.

use std::time::Duration;

use cim::{Argument, CallError, ErrorKind, Name, ObjectPath, Output, Reached, Reply, Request, Row, Value, wql};
use wsman_http::Client;

use super::listing::{VIRTUALIZATION, rows};
use super::session::{Cmdlet, Session};

/// Return values of replication methods: done, job started.
const DONE: u32 = 0;
const JOB_STARTED: u32 = 4_096;
/// `JobState`: done, and done with warnings.
const JOB_GOOD: [u16; 2] = [7, 32_768];
/// `JobState` of a running job.
const JOB_RUNNING: std::ops::RangeInclusive<u16> = 2..=6;
/// WMI states that the cmdlet resumes from; it refuses the others itself.
const RESUMABLE: [u16; 5] = [7, 8, 9, 11, 16];
/// How often the cmdlet polls a job that it waits for.
const JOB_LOOK: Duration = Duration::from_millis(250);

/// Resumes replication. An error becomes the session's last error and is returned as `$Err`.
pub(super) async fn resume(session: &mut Session, host: &str, name: &str) -> Option<String> {
    let select = wql::Select::all("Msvm_ComputerSystem").filter(wql::Condition::equals("ElementName", name));
    let found = match session.client(host) {
        Ok(client) => rows(client, select).await,
        Err(error) => Err(error),
    };
    let vms = match found {
        Ok(vms) => vms,
        Err(error) => return Some(session.failed(&error)),
    };
    let mut refusal = None;
    for vm in vms {
        if let Err(error) = resume_one(session, host, &vm).await {
            refusal = Some(session.failed(&error));
        }
    }
    refusal
}

async fn resume_one(session: &mut Session, host: &str, vm: &Row) -> Result<(), CallError> {
    let unreadable = |error: cim::PropertyError| CallError::malformed(error.to_string());
    let id: String = vm.get("Name").map_err(unreadable)?;
    let name: String = vm.get("ElementName").map_err(unreadable)?;
    let client = session.client(host)?;
    let relationship = ObjectPath::new(VIRTUALIZATION, "Msvm_ReplicationRelationship")
        .with("InstanceID", format!(r"Microsoft:{id}\HVR\0"));
    let state: u16 = get(client, relationship).await?.get("ReplicationState").map_err(unreadable)?;
    if !RESUMABLE.contains(&state) {
        return Err(refused(format!("{name} is not in a valid replication state for the operation")));
    }
    let path = ObjectPath::new(VIRTUALIZATION, "Msvm_ComputerSystem")
        .with("CreationClassName", "Msvm_ComputerSystem")
        .with("Name", id);
    // A failed update is resumed with another number.
    let requested = if state == 16 { 15 } else { 3 };
    let output = invoke(client, path, requested).await?;
    match output.return_value().map_err(unreadable)? {
        Some(DONE) => Ok(()),
        Some(JOB_STARTED) if session.pace.cmdlet == Cmdlet::Returns => Ok(()),
        Some(JOB_STARTED) => {
            let job: Option<ObjectPath> = output.get_opt("Job").map_err(unreadable)?;
            wait(session, host, job).await
        }
        other => Err(refused(format!(
            "the replication state of {name} could not be changed ({})",
            other.unwrap_or_default()
        ))),
    }
}

async fn wait(session: &mut Session, host: &str, job: Option<ObjectPath>) -> Result<(), CallError> {
    let unreadable = |error: cim::PropertyError| CallError::malformed(error.to_string());
    let job = job.ok_or_else(|| CallError::malformed("a job was started, but not named"))?;
    loop {
        session.sleep(JOB_LOOK).await;
        let row = get(session.client(host)?, job.clone()).await?;
        let state: u16 = row.get("JobState").map_err(unreadable)?;
        if JOB_GOOD.contains(&state) {
            return Ok(());
        }
        if !JOB_RUNNING.contains(&state) {
            let why: Option<String> = row.get_opt("ErrorDescription").map_err(unreadable)?;
            return Err(refused(why.unwrap_or_else(|| format!("the job ended in state {state}"))));
        }
    }
}

fn refused(why: String) -> CallError {
    CallError::new(ErrorKind::Refused, Reached::Yes, why)
}

async fn get(client: &Client, path: ObjectPath) -> Result<Row, CallError> {
    match client.call(Request::Get { path }).await? {
        Reply::Instance(row) => Ok(row),
        Reply::Rows(_) | Reply::Output(_) => Err(CallError::malformed("the host answered with something else")),
    }
}

/// The method without a relationship, which acts on the VM's first one, as the cmdlet does if none is named.
async fn invoke(client: &Client, path: ObjectPath, requested: u16) -> Result<Output, CallError> {
    let method = Name::new("RequestReplicationStateChange");
    let arguments = vec![Argument::new("RequestedState", Value::Uint16(requested))];
    match client.call(Request::Invoke { path, method, arguments }).await? {
        Reply::Output(output) => Ok(output),
        Reply::Instance(_) | Reply::Rows(_) => Err(CallError::malformed("the host answered with something else")),
    }
}
