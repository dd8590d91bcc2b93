//! Hosts' event logs behind their services: what a subscription reads.

use std::cell::RefCell;

use cim::event::EventQuery;
use cim::wql::Select;
use cim::{CallError, Namespace, Reply, Request, Row};
use reprise_lab::World;
use wsman::eventing::{Content, EventLogs, LogRecord, Positions, Scanned};

/// One host's logs.
pub(crate) struct Logs<'c, 'w> {
    pub(crate) world: &'c RefCell<&'w mut World>,
    pub(crate) host: usize,
}

impl EventLogs for Logs<'_, '_> {
    fn newest(&mut self, channel: &str) -> Result<(String, u64), CallError> {
        self.world.borrow_mut().newest_record(self.host, channel).map(|(name, number)| (name.to_owned(), number))
    }

    fn scan(
        &mut self,
        query: &EventQuery,
        content: Content,
        after: &mut Positions,
        most: usize,
    ) -> Result<Scanned, CallError> {
        let rendered = content == Content::RenderedText;
        let (records, dropped) = self.world.borrow_mut().scan_records(self.host, query, rendered, after, most);
        let record = |record: reprise_lab::Recorded| LogRecord {
            channel: record.channel.to_owned(),
            number: record.number,
            xml: record.xml,
        };
        Ok(Scanned { records: records.into_iter().map(record).collect(), dropped })
    }

    fn instances(&mut self, namespace: &Namespace, select: &Select) -> Result<(Vec<Row>, u64), CallError> {
        let mut world = self.world.borrow_mut();
        let time = world.host_time(self.host).filetime();
        match world.answer(self.host, &Request::Query { namespace: namespace.clone(), select: select.clone() })? {
            Reply::Rows(rows) => Ok((rows, time)),
            Reply::Instance(_) | Reply::Output(_) => Err(CallError::malformed("the answer is none to a query")),
        }
    }
}
