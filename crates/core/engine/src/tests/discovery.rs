//! Hosts that only a relationship speaks of.

use super::*;

/// The sender's host alone is asked.
fn sender_alone(discover: bool) -> Setup {
    let mut pass = Setup { discover, ..setup(2) };
    pass.hosts.truncate(1);
    pass
}

#[test]
fn a_peer_that_a_relationship_names_is_asked_too_and_seen_before_anything_is_resumed() {
    let hosts = vec![look(0, &[S::Error]), look(1, &[S::FailedOverWaitingCompletion])];
    let mut drive = Drive::new(sender_alone(true), hosts);
    assert_eq!(drive.asked, [(HostId(1), "hv02.lab.test".to_owned(), HostId(0))], "once, and at once");
    drive.run_to(60.0);
    assert!(drive.acts.is_empty());
    assert_eq!(drive.leg().reason, Reason::FailoverInForce);
    assert_eq!(drive.report.as_ref().unwrap().hosts.len(), 2);
}

#[test]
fn a_peer_that_is_named_in_full_and_by_its_label_is_asked_once_and_by_its_full_name() {
    let mut sender = look(0, &[S::Error, S::Error]);
    let Seen::Seen(replication) = &mut sender.replication else { panic!("it is seen") };
    let Seen::Seen(settings) = &mut replication.objects.values_mut().next().unwrap().settings else { panic!() };
    settings.recovery_host = reprise_model::HostName::new("HV02");
    let drive = Drive::new(sender_alone(true), vec![sender, look(1, &[S::Replicating, S::Replicating])]);
    assert_eq!(drive.asked, [(HostId(1), "hv02.lab.test".to_owned(), HostId(0))]);
}

#[test]
fn without_discovery_nobody_else_is_asked() {
    let mut drive = Drive::new(sender_alone(false), pair(&[S::Error]));
    drive.run_to(1.5);
    assert!(drive.asked.is_empty());
    assert_eq!(drive.acts.len(), 1, "the article's way: the receiver refuses if a failover is in force");
}

#[test]
fn the_primary_of_a_replica_is_found_and_served() {
    let mut replica_alone = Setup { discover: true, ..setup(2) };
    replica_alone.hosts.remove(0);
    // The discovered host gets the next id, so its looks stand third.
    let hosts = vec![look(0, &[]), look(1, &[S::Replicating]), look(0, &[S::Error])];
    let mut drive = Drive::new(replica_alone, hosts);
    drive.run_to(3.0);
    assert_eq!(drive.asked, [(HostId(2), "hv01.lab.test".to_owned(), HostId(1))]);
    assert_eq!(drive.acts.iter().map(|act| act.host).collect::<Vec<_>>(), [HostId(2)]);
}

#[test]
fn a_name_that_can_be_no_address_is_never_asked() {
    let mut hosts = pair(&[S::Error]);
    let Seen::Seen(replication) = &mut hosts[0].replication else { panic!() };
    for object in replication.objects.values_mut() {
        let Seen::Seen(settings) = &mut object.settings else { panic!() };
        settings.recovery_host = reprise_model::HostName::new("hv02/../@evil test");
    }
    let mut drive = Drive::new(sender_alone(true), hosts);
    drive.run_to(1.5);
    assert!(drive.asked.is_empty());
}

#[test]
fn a_peer_without_a_host_name_is_known_by_its_connection_point() {
    let mut hosts = pair(&[S::Error]);
    let Seen::Seen(replication) = &mut hosts[0].replication else { panic!() };
    for object in replication.objects.values_mut() {
        let Seen::Seen(settings) = &mut object.settings else { panic!() };
        settings.recovery_host = None;
    }
    let drive = Drive::new(sender_alone(true), hosts);
    assert_eq!(drive.asked.len(), 1);
}

#[test]
fn a_discovered_peer_that_never_answers_has_its_own_time_and_then_fails_the_leg() {
    let mut hosts = pair(&[S::Error]);
    hosts[1] = unreachable();
    let mut drive = Drive::new(sender_alone(true), hosts);
    drive.run_to(200.0);
    assert_eq!((drive.leg().result, drive.leg().reason), (LegResult::Failed, Reason::PeerNotSeen));
    assert_eq!(drive.report.as_ref().unwrap().outcome, goal::PassOutcome::Partial);
}

/// As with an address under `[discover] resolve` that is wrong, or an old record in DNS.
#[test]
fn a_peer_whose_name_leads_back_to_the_host_that_names_it_is_no_peer_and_that_is_said() {
    let mut drive = Drive::new(sender_alone(true), vec![look(0, &[S::Error]), look(0, &[S::Error])]);
    drive.run_to(200.0);
    assert_eq!(drive.acts.len(), 0);
    let leg = drive.leg();
    assert_eq!((leg.result, leg.reason), (LegResult::Failed, Reason::PeerNotSeen));
    assert_eq!((leg.primary.as_deref(), leg.replica.as_deref()), (Some("hv01.lab.test"), Some("hv02.lab.test")));
    assert!(format!("{:?}", leg.cause()).contains("leads to hv01.lab.test"), "{:?}", leg.cause());
}
