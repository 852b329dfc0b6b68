//! Settings and worlds that the stories start from.

use std::time::Duration;

use gateway_core::config::settings::{AnswerMode, GatewaySettings, Mode, PortSettings, Secret, Settings};
use gateway_core::fxo::simulator::act::{IncomingCall, LineAct};
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;

/// Seconds, for a story.
pub fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
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
    Settings { gateway: GatewaySettings { mode: Mode::SipServer, ..GatewaySettings::default() }, ports: vec![port(1), port(2)] }
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

/// The same settings with another answer mode on every port.
pub fn answering(mut settings: Settings, mode: AnswerMode) -> Settings {
    for port in &mut settings.ports {
        port.line.answer_mode = mode;
    }
    settings
}

/// A world in server mode whose first party is registered as `p1`.
pub fn server_with_phone(habits: Habits) -> World {
    let mut world = World::new(server(), 1);
    let phone = world.add_party(habits);
    world.register(phone, "p1", "secret1");
    world
}

/// Somebody calls a line.
pub fn ring(from: &str) -> LineAct {
    LineAct::Ring(IncomingCall { from: Some(from.to_owned()), ..IncomingCall::default() })
}

/// The story is over: nothing is wrong after healing.
pub fn end_well(world: &mut World) {
    let wrong = world.heal();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
