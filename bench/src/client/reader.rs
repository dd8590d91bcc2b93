//! One reader, as its own process: `reprise-bench read HOW TIMES URL USER PASSWORD-FILE`.

use std::time::Instant;

use anyhow::{Context, Result, bail};
use cim::{Reply, Request, wql};
use wsman_http::{Client, Endpoint, Limits, Login, Scheme};

use super::bare;

/// The rows that are read.
const NAMESPACE: &str = "root/virtualization/v2";
const CLASS: &str = "Msvm_ReplicationRelationship";

/// Reads, and returns one line: rows of the last time, processor seconds, peak megabytes, wall seconds.
pub(crate) fn read(words: &[String]) -> Result<String> {
    let [how, times, url, user, password] = words else { bail!("only `client` uses this") };
    let (times, password) = (times.parse::<u32>()?, std::fs::read_to_string(password)?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let began = Instant::now();
    let mut rows = 0;
    runtime.block_on(async {
        let login = |scheme| Login::new(scheme, user.as_str(), password.as_str());
        let client = |scheme| anyhow::Ok(Client::new(Endpoint::parse(url)?, login(scheme), Limits::default()));
        match how.as_str() {
            "bare" => rows = bare::read(url, user, &password, times).await?,
            "basic" => rows = enumerate(&client(Scheme::Basic)?, times).await?,
            "ntlm" => rows = enumerate(&client(Scheme::Ntlm)?, times).await?,
            "logins" => {
                for _ in 0..times {
                    let select = wql::Select::columns("Win32_OperatingSystem", &["Caption"]);
                    client(Scheme::Negotiate)?.call(Request::Query { namespace: "root/cimv2".into(), select }).await?;
                }
            }
            other => bail!("there is no reader {other}"),
        }
        Ok(())
    })?;
    let wall = began.elapsed().as_secs_f64();
    // Of all threads: logins and sealing run on other threads.
    let (seconds, memory) = crate::fleet::figures(std::process::id())
        .context("this system does not provide the figures of a process (Linux does)")?;
    Ok(format!("{rows} {seconds} {memory} {wall}"))
}

async fn enumerate(client: &Client, times: u32) -> Result<usize> {
    let mut count = 0;
    for _ in 0..times {
        let request = Request::Query { namespace: NAMESPACE.into(), select: wql::Select::all(CLASS) };
        let Reply::Rows(rows) = client.call(request).await? else { bail!("no rows") };
        count = rows.len();
    }
    Ok(count)
}
