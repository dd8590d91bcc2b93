//! States of one end of a leg by WMI's numbers, as the machine uses them.

pub(crate) const DISABLED: u16 = 0;
pub(crate) const READY: u16 = 1;
pub(crate) const INITIAL: u16 = 2;
pub(crate) const REPLICATING: u16 = 3;
pub(crate) const PREPARED: u16 = 4;
pub(crate) const FAILED_OVER: u16 = 5;
pub(crate) const COMMITTED: u16 = 6;
pub(crate) const SUSPENDED: u16 = 7;
pub(crate) const ERROR: u16 = 8;
pub(crate) const RESYNC_REQUIRED: u16 = 9;
pub(crate) const RESYNCHRONIZING: u16 = 10;
pub(crate) const RESYNC_SUSPENDED: u16 = 11;
pub(crate) const UPDATING: u16 = 15;
pub(crate) const UPDATE_ERROR: u16 = 16;
