//! Enumerations: opened by a query, pulled from, ended by the last item, a Release or silence.

use std::collections::VecDeque;
use std::time::Duration;

use cim::{Reply, Request, wql};

use super::Ask;
use super::state::{Context, ENVELOPE_FRAME, Server};
use crate::client::every;
use crate::fault::{SoapFault, code};
use crate::message::{Batch, Enumerate, FilterQuery, ItemWriter, Mode, Response};
use crate::provider;
use crate::resource::Resource;

/// Maximum number of items in one batch (MaxBatchItems).
const BATCH_MAX: usize = 32_000;
/// Maximum number of enumerations open at once (`MaxConcurrentOperationsPerUser`).
const CONTEXTS_MAX: usize = 1_500;

impl Server {
    pub(super) fn enumerate(
        &mut self,
        now: Duration,
        enumerate: &Enumerate,
        room: usize,
        ask: &mut Ask<'_>,
    ) -> Result<(Response, Vec<String>), SoapFault> {
        let asked = match &enumerate.filter {
            Some(filter) => filter.asked(&enumerate.resource)?,
            None => FilterQuery::Select(every(&enumerate.resource.class)),
        };
        let fragments = matches!(&asked, FilterQuery::Select(select) if select.columns != wql::Columns::All);
        if fragments && enumerate.mode != Mode::Object {
            return Err(SoapFault::new(code::ENUMERATION_MODE, "rows of a column list have no references"));
        }
        if self.contexts.len() >= CONTEXTS_MAX {
            return Err(SoapFault::new(code::QUOTA, "too many enumerations are open"));
        }
        let request = match asked {
            FilterQuery::Select(select) => Request::Query { namespace: enumerate.resource.namespace.clone(), select },
            FilterQuery::Related(related) => Request::Related { related },
        };
        let rows = match ask(request).map_err(|error| provider::fault(&error, self.shape))? {
            Reply::Rows(rows) => rows,
            Reply::Instance(_) | Reply::Output(_) => {
                return Err(SoapFault::new(code::INTERNAL, "the provider answered with something else"));
            }
        };
        let fragments = fragments.then_some(self.fragments);
        let writer = ItemWriter { resource: enumerate.resource.clone(), mode: enumerate.mode, fragments };
        let mut items: VecDeque<String> = rows.iter().map(|row| writer.item(row)).collect();
        let first = if enumerate.optimize { batch(&mut items, enumerate.max_elements, room)? } else { Vec::new() };
        let end = enumerate.optimize && items.is_empty();
        let context = (!end).then(|| self.open(now, enumerate.resource.clone(), items));
        Ok((Response::Enumeration(Batch { rows: Vec::new(), context, end }), first))
    }

    pub(super) fn pull(
        &mut self,
        now: Duration,
        resource: &Resource,
        context: &str,
        max_elements: Option<u32>,
        room: usize,
    ) -> Result<(Response, Vec<String>), SoapFault> {
        if self.contexts.get(context).is_some_and(|open| !resource.may_pull_from(&open.resource)) {
            return Err(SoapFault::new(2_150_859_181, "the Pull is for another resource than the Enumerate"));
        }
        let mut under_way = self.contexts.remove(context).ok_or_else(no_such_context)?;
        let items = batch(&mut under_way.items, max_elements, room)?;
        let end = under_way.items.is_empty();
        // The context changes in every answer.
        let context = (!end).then(|| self.open(now, under_way.resource, under_way.items));
        Ok((Response::Items(Batch { rows: Vec::new(), context, end }), items))
    }

    fn open(&mut self, now: Duration, resource: Resource, items: VecDeque<String>) -> String {
        let id = self.next_id();
        self.contexts.insert(id.clone(), Context { resource, items, used: now });
        id
    }
}

/// Takes items from the front while they fit; at least one, or a fault if not even one does.
fn batch(items: &mut VecDeque<String>, most: Option<u32>, room: usize) -> Result<Vec<String>, SoapFault> {
    let most = most.and_then(|n| usize::try_from(n).ok()).unwrap_or(1).min(BATCH_MAX);
    let mut left = room.saturating_sub(ENVELOPE_FRAME);
    let mut taken = Vec::new();
    while taken.len() < most {
        match items.front() {
            Some(item) if item.len() <= left => left -= item.len(),
            Some(_) if taken.is_empty() => {
                let fault = SoapFault::new(code::ANSWER_TOO_LARGE, "one item is larger than MaxEnvelopeSize");
                return Err(fault.with_detail("MaxEnvelopeSizeExceeded"));
            }
            Some(_) | None => break,
        }
        taken.extend(items.pop_front());
    }
    Ok(taken)
}

pub(super) fn no_such_context() -> SoapFault {
    SoapFault::new(code::INVALID_CONTEXT, "the enumeration context is unknown or has expired")
}
