//! Peers are asked whether they are there: what is shown, what is told, and who is called meanwhile.

use std::time::Duration;

use gateway_core::config::settings::Settings;
use gateway_core::gateway::io::Event;
use gateway_core::gateway::notice::{NoticeCode, Severity};
use gateway_core::gateway::view::{PeerView, PortState, Reach, RegistrationView};
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;
use gateway_core::sip::message::Method;

use super::cast::*;

/// Within this time a peer that was asked every minute is known to be lost: a minute, three questions, two pauses.
const LOST_WITHIN: Duration = Duration::from_secs(60 + 3 * 6 + 2 * 5 + 1);

fn asking(settings: Settings) -> Settings {
    with(settings, |settings| settings.gateway.qualify_s = 60)
}

fn reaches(world: &World) -> Vec<Reach> {
    let RegistrationView::Server { contacts } = world.port(0).registration else { panic!("server mode") };
    contacts.iter().map(|contact| contact.peer.reach).collect()
}

fn told(world: &World, code: NoticeCode) -> usize {
    world.notices.iter().filter(|notice| notice.code == code).count()
}

fn questions(world: &World, party: usize) -> usize {
    world.tap.requests(world.parties[party].address, &Method::Options).count()
}

/// Two telephones of the user `p1`.
fn two_phones() -> World {
    let mut world = phone_with(asking(server()), Habits::default());
    let second = world.add_party(Habits::default());
    world.register(second, "p1", "secret1");
    world
}

#[test]
fn a_registered_telephone_is_asked_every_minute_and_its_round_trip_is_shown() {
    let mut world = phone_with(asking(server()), Habits::default());
    world.run_for(s(12));
    let RegistrationView::Server { contacts } = world.port(0).registration else { panic!("server mode") };
    assert_eq!(contacts[0].peer.reach, Reach::Reachable);
    assert!(contacts[0].peer.rtt_ms.is_some_and(|ms| ms < 500), "{contacts:?}");
    assert_eq!(questions(&world, 0), 1);
    world.run_for(s(120));
    assert_eq!(questions(&world, 0), 3);
    assert_eq!(told(&world, NoticeCode::PhoneReachable), 0, "nothing has changed");
}

#[test]
fn a_telephone_that_is_gone_is_told_once_and_left_alone_while_another_one_answers() {
    let mut world = two_phones();
    world.run_for(s(15));
    assert_eq!(reaches(&world), [Reach::Reachable, Reach::Reachable]);
    world.with_party(0, |party, _| party.crash());
    world.run_for(LOST_WITHIN);
    assert_eq!(told(&world, NoticeCode::PhoneUnreachable), 1);
    let lost = world.parties[0].address;
    answer_a_ring(&mut world);
    assert_eq!((invites_sent(&world, lost), invites_sent(&world, world.parties[1].address)), (0, 1));
    world.command(gateway_core::gateway::io::Command::HangUp { port: gateway_core::config::PortId(0) });
    world.run_for(s(70));
    assert_eq!(told(&world, NoticeCode::PhoneUnreachable), 1);
    world.with_party(0, |party, _| party.revive());
    world.run_for(s(70));
    assert_eq!(told(&world, NoticeCode::PhoneReachable), 1);
    assert_eq!(reaches(&world), [Reach::Reachable, Reach::Reachable]);
}

#[test]
fn the_only_telephone_is_called_although_it_did_not_answer() {
    let mut world = phone_with(asking(server()), Habits::default());
    world.with_party(0, |party, _| party.crash());
    world.run_for(LOST_WITHIN);
    assert_eq!(reaches(&world), [Reach::Unreachable]);
    world.with_party(0, |party, _| party.revive());
    answer_a_ring(&mut world);
}

#[test]
fn a_trunk_peer_that_is_gone_is_an_alarm_and_its_return_is_told() {
    let mut world = trunk_with(asking(trunk()), Habits::default());
    world.run_for(s(12));
    assert!(matches!(
        world.port(0).registration,
        RegistrationView::None { peer: Some(PeerView { reach: Reach::Reachable, rtt_ms: Some(_) }) }
    ));
    world.with_party(0, |party, _| party.crash());
    world.run_for(LOST_WITHIN);
    let alarm = world.notices.iter().find(|notice| notice.code == NoticeCode::ServerUnreachable).expect("it is told");
    assert_eq!((alarm.severity, alarm.args["server"].as_str()), (Severity::Alarm, "127.0.0.1:20000"));
    world.with_party(0, |party, _| party.revive());
    world.run_for(s(70));
    assert_eq!((told(&world, NoticeCode::ServerUnreachable), told(&world, NoticeCode::ServerReachable)), (1, 1));
}

#[test]
fn settings_turn_it_on_and_off() {
    let mut world = phone_with(server(), Habits::default());
    world.run_for(s(130));
    assert_eq!((questions(&world, 0), reaches(&world)), (0, vec![Reach::Unknown]));
    world.apply(asking(server()));
    world.run_for(s(12));
    assert_eq!((questions(&world, 0), reaches(&world)), (1, vec![Reach::Reachable]));
    world.apply(server());
    world.run_for(s(130));
    assert_eq!((questions(&world, 0), reaches(&world)), (1, vec![Reach::Unknown]));
}

#[test]
fn nobody_is_asked_while_the_gateway_stops() {
    let mut world = phone_with(asking(server()), lets_it_ring());
    world.act(0, ring("1133334444"));
    assert!(world.run_until_port(0, PortState::Calling, s(15)));
    let before = questions(&world, 0);
    world.with_party(0, |party, _| party.crash());
    world.tell(Event::AboutToSleep);
    world.run_for(s(130));
    assert_eq!(questions(&world, 0), before);
    world.with_party(0, |party, _| party.revive());
    world.tell(Event::Awake);
    world.run_for(s(12));
    assert_eq!(questions(&world, 0), before + 1);
}
