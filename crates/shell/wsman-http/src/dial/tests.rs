//! The race of addresses on a clock that stands still, and at real sockets.

use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use tokio::net::TcpListener;

use super::*;

fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
    texts.iter().map(|text| text.parse().unwrap()).collect()
}

/// What becomes of an attempt, and after how long.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Accepted(u64),
    Refused(u64),
    Silence,
}

/// Who wins, when, and when each attempt started, in milliseconds.
async fn raced(fates: &[Fate]) -> (io::Result<u16>, u128, Vec<u128>) {
    let began = Instant::now();
    let starts = Arc::new(Mutex::new(Vec::new()));
    let fates = fates.to_vec();
    let addresses = (0..fates.len()).map(|index| SocketAddr::from(([10, 0, 0, 1], u16::try_from(index).unwrap())));
    let log = Arc::clone(&starts);
    let won = race(addresses.collect(), move |address| {
        log.lock().unwrap().push(began.elapsed().as_millis());
        let fate = fates[usize::from(address.port())];
        async move {
            match fate {
                Fate::Accepted(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
                Fate::Refused(ms) => {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    return Err(io::ErrorKind::ConnectionRefused.into());
                }
                Fate::Silence => std::future::pending().await,
            }
            Ok(address.port())
        }
    });
    let won = tokio::time::timeout(Duration::from_secs(5), won).await.unwrap_or(Err(io::ErrorKind::TimedOut.into()));
    let starts = starts.lock().unwrap().clone();
    (won, began.elapsed().as_millis(), starts)
}

#[tokio::test(start_paused = true)]
async fn attempts_start_a_quarter_of_a_second_apart_or_at_once_after_a_failure_and_the_first_connection_wins() {
    use Fate::{Accepted, Refused, Silence};
    for (fates, winner, took, started) in [
        (vec![Accepted(0), Accepted(0)], 0, 0, vec![0]),
        (vec![Silence, Accepted(10)], 1, 260, vec![0, 250]),
        (vec![Refused(0), Accepted(10)], 1, 10, vec![0, 0]),
        (vec![Refused(100), Refused(100), Accepted(10)], 2, 210, vec![0, 100, 200]),
        // A slow one that was begun first may still win.
        (vec![Accepted(400), Accepted(200)], 0, 400, vec![0, 250]),
        (vec![Silence, Silence, Refused(10), Accepted(10)], 3, 520, vec![0, 250, 500, 510]),
    ] {
        let (won, at, starts) = raced(&fates).await;
        assert_eq!((won.unwrap(), at, starts), (winner, took, started), "{fates:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_race_that_nobody_wins_ends_with_the_last_failure() {
    let (won, at, _) = raced(&[Fate::Refused(10), Fate::Refused(300)]).await;
    assert_eq!((won.unwrap_err().kind(), at), (io::ErrorKind::ConnectionRefused, 310));
    assert_eq!(raced(&[]).await.0.unwrap_err().to_string(), "its name has no address");
}

#[test]
fn families_take_turns_in_the_order_of_the_system() {
    for (given, order) in [
        (vec!["10.0.0.1:1", "10.0.0.2:1", "[::1]:1"], vec!["10.0.0.1:1", "[::1]:1", "10.0.0.2:1"]),
        (vec!["[::1]:1", "[::2]:1", "10.0.0.1:1"], vec!["[::1]:1", "10.0.0.1:1", "[::2]:1"]),
        (vec!["10.0.0.1:1"], vec!["10.0.0.1:1"]),
    ] {
        assert_eq!(in_turns(&addresses(&given)), addresses(&order));
    }
}

#[tokio::test]
async fn an_address_of_the_other_family_is_reached() {
    let listener = TcpListener::bind("[::1]:0").await.unwrap();
    let there = listener.local_addr().unwrap();
    let nobody = TcpListener::bind("127.0.0.2:0").await.unwrap().local_addr().unwrap();
    let stream = dial(&[nobody, there]).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), there);
}

proptest! {
    #[test]
    fn every_address_has_its_turn_once_up_to_the_bound(given in prop::collection::vec(any::<(bool, u16)>(), 0..40)) {
        let address = |(six, port)| if six { SocketAddr::from(([0; 16], port)) } else { SocketAddr::from(([10, 0, 0, 1], port)) };
        let given: Vec<SocketAddr> = given.into_iter().map(address).collect();
        let order = in_turns(&given);
        prop_assert_eq!(order.len(), given.len().min(ADDRESSES_MAX));
        prop_assert_eq!(order.first(), given.first());
        if given.len() <= ADDRESSES_MAX {
            let sorted = |mut all: Vec<SocketAddr>| { all.sort(); all };
            prop_assert_eq!(sorted(order), sorted(given));
        }
    }
}

#[cfg(unix)]
#[test]
fn that_no_more_files_can_be_opened_is_said_of_this_process_and_not_of_one_address() {
    let [one, other] = addresses(&["10.0.0.1:1", "10.0.0.2:1"])[..] else { unreachable!("there are two") };
    let failures =
        vec![(one, io::Error::from(io::ErrorKind::ConnectionRefused)), (other, io::Error::from_raw_os_error(24))];
    let endpoint = Endpoint::parse("http://hv01").unwrap();
    let message = not_connected(&endpoint, &all_failed(failures)).message;
    assert!(message.contains("too many open files") && !message.contains("cannot reach"), "{message}");
}
