//! Settings and worlds that the stories start from, and the words they are told in.

use std::net::SocketAddr;
use std::time::Duration;

use gateway_core::config::settings::{AnswerMode, GatewaySettings, Mode, PortSettings, Secret, Settings};
use gateway_core::fxo::simulator::act::{IncomingCall, LineAct};
use gateway_core::gateway::notice::NoticeCode;
use gateway_core::gateway::record::CallRecord;
use gateway_core::gateway::view::{PortState, RegistrationView};
use gateway_core::rng::Rng;
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;
use gateway_core::sim::world::credentials;
use gateway_core::sip::agent::SessionId;
use gateway_core::sip::message::{Method, Request, Response};
use gateway_core::sip::registrar::Limits;

/// Seconds, for a story.
pub fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Milliseconds, for a story.
pub fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Server mode, two ports: users `p1` and `p2`, secrets `secret1` and `secret2`, each its own target.
pub fn server() -> Settings {
    let port = |n: usize| PortSettings {
        name: format!("Line {n}"),
        user: format!("p{n}"),
        secret: Secret(format!("secret{n}")),
        target: format!("p{n}"),
        ..PortSettings::default()
    };
    // Nobody is asked whether it is there, unless the story is about that.
    let gateway = GatewaySettings { mode: Mode::SipServer, qualify_s: 0, ..GatewaySettings::default() };
    Settings { gateway, ports: vec![port(1), port(2)] }
}

/// Trunk mode, two ports, the peer is the first party.
pub fn trunk() -> Settings {
    let mut settings = server();
    settings.gateway.mode = Mode::SipTrunk;
    settings.gateway.remote_server = "127.0.0.1:20000".to_owned();
    settings
}

/// Client mode, two ports, the registrar is the first party.
pub fn client() -> Settings {
    let mut settings = trunk();
    settings.gateway.mode = Mode::SipClient;
    settings
}

/// The same settings, changed.
pub fn with(mut settings: Settings, change: impl FnOnce(&mut Settings)) -> Settings {
    change(&mut settings);
    settings
}

/// The same settings with another answer mode on every port.
pub fn answering(settings: Settings, mode: AnswerMode) -> Settings {
    with(settings, |settings| settings.ports.iter_mut().for_each(|port| port.line.answer_mode = mode))
}

/// One user for all ports: `all`, `secret of all`.
pub fn single(settings: Settings) -> Settings {
    with(settings, |settings| {
        settings.gateway.single_user = true;
        settings.gateway.user = "all".to_owned();
        settings.gateway.secret = Secret("secret of all".to_owned());
    })
}

/// A phone that lets it ring.
pub fn lets_it_ring() -> Habits {
    Habits { answers_after: None, ..Habits::default() }
}

/// A world in server mode whose first party is registered as `p1`.
pub fn server_with_phone(habits: Habits) -> World {
    phone_with(server(), habits)
}

/// A world in server mode with settings of its own, whose first party is registered as `p1`.
pub fn phone_with(settings: Settings, habits: Habits) -> World {
    let mut world = World::new(settings, 1);
    let phone = world.add_party(habits);
    world.register(phone, "p1", "secret1");
    world
}

/// A world in trunk mode with its peer.
pub fn trunk_with(settings: Settings, habits: Habits) -> World {
    let mut world = World::new(settings, 1);
    world.add_party(habits);
    world
}

/// A world in client mode with its registrar; every port that wants to is registered.
pub fn client_with(settings: Settings, habits: Habits) -> World {
    let mut world = World::new(settings, 1);
    let office = world.add_party(habits);
    let accounts = vec![credentials("p1", "secret1"), credentials("p2", "secret2"), credentials("all", "secret of all")];
    world.parties[office].open_office(accounts, Limits::default(), &mut Rng::from_seed(2));
    assert!(world.run_until(s(20), |world| matches!(world.port(0).registration, RegistrationView::Registered { .. })));
    world.run_for(s(1));
    world
}

/// The first party calls as `p1`.
pub fn call(world: &mut World, number: &str) -> SessionId {
    world.call(0, number, Some(credentials("p1", "secret1")))
}

/// The first party calls and talks.
pub fn talk(world: &mut World, number: &str) -> SessionId {
    let session = call(world, number);
    assert!(world.run_until_port(0, PortState::Talking, s(20)), "{:?}", world.port(0));
    world.run_for(s(5));
    session
}

/// Line 1 rings, the first party answers, both talk.
pub fn answer_a_ring(world: &mut World) {
    world.act(0, ring("1133334444"));
    assert!(world.run_until_port(0, PortState::Talking, s(15)), "{:?}", world.port(0));
    world.run_for(s(2));
}

/// Somebody calls a line.
pub fn ring(from: &str) -> LineAct {
    LineAct::Ring(IncomingCall { from: Some(from.to_owned()), ..IncomingCall::default() })
}

/// Every final answer to the INVITEs of a party but challenges, oldest first, each once.
pub fn finals(world: &World, party: usize) -> Vec<Response> {
    let to = world.parties[party].address;
    let mut seen = Vec::new();
    let responses = world.tap.responses(to, &Method::Invite).filter(|response| response.status() >= 200 && response.status() != 401);
    responses
        .filter(|response| {
            let key = (response.call_id().unwrap().to_owned(), response.cseq().unwrap().number);
            let new = !seen.contains(&key);
            seen.push(key);
            new
        })
        .collect()
}

/// The newest INVITE that the gateway sent to a party.
pub fn invite_to(world: &World, party: usize) -> Request {
    world.tap.requests(world.parties[party].address, &Method::Invite).last().expect("an INVITE was sent")
}

/// INVITEs that the gateway sent to an address, without repetitions.
pub fn invites_sent(world: &World, to: SocketAddr) -> usize {
    let mut calls: Vec<_> = world.tap.requests(to, &Method::Invite).map(|request| request.call_id().unwrap().to_owned()).collect();
    calls.dedup();
    calls.len()
}

/// The last call of a party was refused with this status and Q.850 cause, and the line was not touched for it.
pub fn assert_refused(world: &World, party: usize, status: u16, cause: Option<u8>) -> Response {
    let last = finals(world, party).pop().expect("a final answer was sent");
    assert_eq!(last.status(), status, "{:?}", last.headers().get("Reason"));
    assert_eq!(last.headers().get("Reason").map(str::to_owned), cause.map(|cause| format!("Q.850;cause={cause}")));
    last
}

/// The gateway has met this source with silence.
pub fn assert_silence(world: &World, to: SocketAddr) {
    assert_eq!(world.tap.datagrams().filter(|datagram| datagram.to == to).count(), 0);
}

/// The only record.
pub fn only_record(world: &World) -> &CallRecord {
    assert_eq!(world.records.len(), 1, "{:?}", world.records);
    &world.records[0]
}

/// The setting that a notice names.
pub fn setting_of(world: &World, code: NoticeCode) -> Option<String> {
    world.notices.iter().find(|notice| notice.code == code).unwrap_or_else(|| panic!("no {code:?}")).setting.clone()
}

/// The story is over: nothing is wrong after healing.
pub fn end_well(world: &mut World) {
    let wrong = world.heal();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// As [`end_well`], for a story in which somebody was rightly met with silence.
pub fn end_in_silence(world: &mut World) {
    world.checks.silence_is_right = true;
    end_well(world);
}
