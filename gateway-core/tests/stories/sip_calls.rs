//! SIP→FXO: what a SIP caller gets.

use gateway_core::gateway::record::EndCause;
use gateway_core::gateway::view::PortState;
use gateway_core::sim::party::Habits;
use gateway_core::sim::world::credentials;

use super::cast::{end_well, s, server_with_phone};

#[test]
fn a_caller_with_the_right_secret_reaches_the_number_and_hangs_up() {
    let mut world = server_with_phone(Habits { hangs_up_after: Some(s(5)), ..Habits::default() });
    let session = world.call(0, "100", Some(credentials("p1", "secret1")));
    assert!(world.run_until_port(0, PortState::Dialing, s(1)), "{:?}", world.port(0));
    assert!(world.run_until_port(0, PortState::Talking, s(6)), "{:?} {:?}", world.port(0), world.parties[0].leg(session));
    assert_eq!(world.digits_at_exchange(0), "100");
    assert!(world.run_until(s(1), |world| world.parties[0].leg(session).unwrap().progress.contains(&183)));
    assert!(world.run_until_port(0, PortState::Idle, s(12)), "{:?}", world.port(0));
    assert_eq!(world.records[0].cause, EndCause::SipHungUp);
    end_well(&mut world);
}

#[test]
fn a_wrong_secret_is_challenged_again_and_then_refused() {
    let mut world = server_with_phone(Habits::default());
    let session = world.call(0, "100", Some(credentials("p1", "wrong")));
    world.run_for(s(5));
    assert!(matches!(world.parties[0].leg(session).unwrap().refused, Some(401 | 403)));
    assert!(world.records.is_empty());
    assert!(world.exchange_off_hook().is_empty());
    end_well(&mut world);
}
