//! A proxy in front of a host that truncates, delays, duplicates and loses bytes, at moments that a seed chooses.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The most of a direction's bytes that are moved at once.
const PIECE: usize = 16 * 1024;
/// A pass is over after some eighty pieces: so the ways go wrong in all of its parts.
const CALM_MAX: u64 = 60;

/// Chance from a seed (`SplitMix64`).
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }
}

/// The proxy in front of one host.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    state: Arc<State>,
}

/// What all connections of a way share.
struct State {
    to: SocketAddr,
    seed: u64,
    /// How many pieces pass before it goes wrong for the first time.
    calm: AtomicU64,
    /// How often it may still go wrong; afterwards the way is good.
    faults: AtomicU64,
    /// How many pieces were doubled on their way to the host.
    doubled: AtomicU64,
    /// What was sent to the host, by connection.
    sent: Mutex<Vec<Vec<u8>>>,
    over: AtomicBool,
}

/// Takes one away, if there is one.
fn take_one(number: &AtomicU64) -> bool {
    number.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok()
}

impl Proxy {
    /// A way to `to` that goes wrong at most so many times.
    pub(crate) fn new(to: SocketAddr, seed: u64, faults: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let calm = AtomicU64::new(Chance::new(seed).below(CALM_MAX));
        let (faults, doubled, over) = (AtomicU64::new(faults), AtomicU64::new(0), AtomicBool::new(false));
        let state = Arc::new(State { to, seed, calm, faults, doubled, sent: Mutex::default(), over });
        let own = Arc::clone(&state);
        std::thread::spawn(move || accept(&listener, &own));
        Self { address, state }
    }

    /// What was sent to the host, by connection.
    pub(crate) fn sent(&self) -> Vec<Vec<u8>> {
        self.state.sent.lock().unwrap().clone()
    }

    pub(crate) fn doubled(&self) -> u64 {
        self.state.doubled.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.over.store(true, Ordering::SeqCst);
        // Wakes the listener, which sees that it is over.
        let _woken = TcpStream::connect(self.address);
    }
}

fn accept(listener: &TcpListener, state: &Arc<State>) {
    for number in 0_usize.. {
        let Ok((near, _)) = listener.accept() else { return };
        if state.over.load(Ordering::SeqCst) {
            return;
        }
        state.sent.lock().unwrap().push(Vec::new());
        let Ok(far) = TcpStream::connect(state.to) else { continue };
        for upwards in [true, false] {
            let (from, to) = if upwards { (&near, &far) } else { (&far, &near) };
            let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
            let direction = u64::try_from(number * 2).unwrap() + u64::from(upwards);
            let chance = Chance::new(state.seed ^ direction.wrapping_mul(0xD6E8_FEB8_6659_FD93));
            let state = Arc::clone(state);
            std::thread::spawn(move || {
                // However it ends, so does the connection.
                let _broken = carry(&from, &to, upwards.then_some(number), chance, &state);
                let _closed = (from.shutdown(Shutdown::Both), to.shutdown(Shutdown::Both));
            });
        }
    }
}

/// Moves bytes until one side ends, or the way is cut. `up` is the connection's number on the way to the host.
fn carry(
    mut from: &TcpStream,
    mut to: &TcpStream,
    up: Option<usize>,
    mut chance: Chance,
    state: &State,
) -> std::io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let length = from.read(&mut piece)?;
        if length == 0 {
            return Ok(());
        }
        let whole = &piece[..length];
        if let Some(number) = up {
            state.sent.lock().unwrap()[number].extend_from_slice(whole);
        }
        let part = &whole[..usize::try_from(chance.below(u64::try_from(length).unwrap())).unwrap()];
        let kind = chance.below(30);
        let goes_wrong = !take_one(&state.calm) && kind < 8 && take_one(&state.faults);
        match kind {
            0 | 1 if goes_wrong => {
                to.write_all(part)?;
                return Ok(());
            }
            // Everything is lost, and the connection with it.
            2 if goes_wrong => return Ok(()),
            3 | 4 if goes_wrong => {
                // Being late is the fault.
                std::thread::sleep(Duration::from_millis([20, 200, 2_000][usize::try_from(chance.below(3)).unwrap()]));
                to.write_all(whole)?;
            }
            5 | 6 if goes_wrong => {
                state.doubled.fetch_add(u64::from(up.is_some()), Ordering::SeqCst);
                to.write_all(whole)?;
                to.write_all(whole)?;
            }
            7 if goes_wrong => to.write_all(part)?,
            _ => to.write_all(whole)?,
        }
    }
}
