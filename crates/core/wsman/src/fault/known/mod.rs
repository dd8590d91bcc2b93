//! Every code that a fault may bear, as far as it is known: the whole range of WS-Management's own (`wsmerror.h`), and
//! those of WMI, COM, RPC and Windows that come through it.

mod range_000;
mod range_080;
mod range_100;
mod range_180;
mod windows;

use super::{Known, Meaning};

/// The first of WS-Management's own codes.
const FIRST: u32 = 0x8033_8000;

/// WS-Management's own codes, one range after the other.
const OWN: [&[Known; 128]; 4] = [&range_000::ROWS, &range_080::ROWS, &range_100::ROWS, &range_180::ROWS];

/// All of them: first WS-Management's own in their order, then those of Windows.
pub fn all() -> impl Iterator<Item = Known> {
    OWN.into_iter().flatten().copied().chain(cim::Status::all().iter().copied().map(Known::from))
}

impl Meaning {
    /// What a code says; of one that is not known, only that it is a fault.
    pub fn of(code: u32) -> Self {
        of(code).map_or(Self::Unexpected, |known| known.meaning)
    }
}

/// What is known of a code. A plain number of Win32 and the HRESULT that carries it are the same.
pub fn of(code: u32) -> Option<Known> {
    let by_place = code.checked_sub(FIRST).and_then(|place| usize::try_from(place).ok());
    let own = by_place.and_then(|place| OWN.get(place / 128)?.get(place % 128));
    own.copied().or_else(|| cim::Status::of(code).copied().map(Known::from))
}
