//! Whole conversations with the gateway: any datagrams of a telephone or server that it knows, of another on the same host and of a
//! stranger, while its lines ring and are hung up. What the random worlds of `seeds.rs` look at is looked at here too.
//!
//! The first byte chooses the mode: `s` SIP server, `c` client, `t` trunk. In a piece, `p` is a datagram of the first party, `q` one of
//! another port of its host, `z` one of a stranger, `l` something on a line. A datagram may repeat a header of what the gateway sent to
//! the same address, as in `Call-ID: {Call-ID}`; see [`script`].

mod answers;
mod script;

use std::net::SocketAddr;
use std::time::Duration;

use gateway_core::config::PortId;
use gateway_core::config::settings::{GatewaySettings, LineSettings, Mode, PortSettings, Secret, Settings};
use gateway_core::fxo::simulator::act::{IncomingCall, LineAct};
use gateway_core::gateway::io::Command;
use gateway_core::rng::Rng;
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;
use gateway_core::sim::world::credentials;
use gateway_core::sip::registrar::Limits;

use self::answers::Answers;
use super::pieces::{Piece, pieces};

/// The first party: a telephone, the registrar, or the peer of the trunk.
const PARTY: ([u8; 4], u16) = ([127, 0, 0, 1], 20_000);

/// Somebody else on its host.
const OTHER: ([u8; 4], u16) = ([127, 0, 0, 1], 20_002);

/// A stranger.
const STRANGER: ([u8; 4], u16) = ([127, 0, 0, 9], 5060);

/// How long it is waited after a piece, in ms.
const WAITS_MS: [u64; 8] = [0, 1, 20, 600, 2_000, 5_000, 12_000, 40_000];

pub fn holds(bytes: &[u8]) {
    let Some((mode, script)) = bytes.split_first() else { return };
    let mut world = world(match mode {
        b'c' => Mode::SipClient,
        b't' => Mode::SipTrunk,
        _ => Mode::SipServer,
    });
    let mut answers = Answers::default();
    for piece in pieces(script) {
        match piece.what {
            b'p' => inject(&mut world, PARTY.into(), piece.bytes, &mut answers),
            b'q' => inject(&mut world, OTHER.into(), piece.bytes, &mut answers),
            b'z' => inject(&mut world, STRANGER.into(), piece.bytes, &mut answers),
            b'l' => act(&mut world, piece),
            _ => {}
        }
        world.run_for(Duration::from_millis(WAITS_MS[piece.wait]));
    }
    let mut wrong = world.heal();
    wrong.extend(answers.wrong(&world));
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A gateway with two lines, and its first party, registered here or there.
fn world(mode: Mode) -> World {
    let SocketAddr::V4(server) = PARTY.into() else { unreachable!("it is one of IPv4") };
    let gateway = GatewaySettings { mode, qualify_s: 0, remote_server: server.to_string(), ..GatewaySettings::default() };
    // What peers leave behind must end within the minute of healing.
    let line = LineSettings { no_answer_s: 20, rtp_timeout_s: 30, longest_call_s: 60, ..LineSettings::default() };
    let port = |n: usize| PortSettings {
        user: format!("p{n}"),
        secret: Secret(format!("secret{n}")),
        target: format!("p{n}"),
        line: line.clone(),
        ..PortSettings::default()
    };
    let mut world = World::new(Settings { gateway, ports: vec![port(1), port(2)] }, 1);
    world.checks.silence_is_right = true;
    world.checks.branches_repeat = true;
    let party = world.add_party_at(PARTY.into(), Habits::default());
    match mode {
        Mode::SipServer => world.register(party, "p1", "secret1"),
        Mode::SipClient => {
            let accounts = vec![credentials("p1", "secret1"), credentials("p2", "secret2")];
            world.parties[party].open_office(accounts, Limits::default(), &mut Rng::from_seed(2));
            world.run_for(Duration::from_secs(10));
        }
        Mode::SipTrunk => {}
    }
    world
}

fn inject(world: &mut World, from: SocketAddr, text: &[u8], answers: &mut Answers) {
    let bytes = script::filled_in(world, from, text);
    answers.came(&bytes);
    world.inject(from, &bytes);
}

/// `r` a line rings, `s` it stops, `a` the far end answers, `h` it hangs up, `o` and `i` the cable, `e` another telephone is lifted,
/// `u` and `d` the box, `k` the operator hangs up; behind it the number of the line.
fn act(world: &mut World, piece: Piece<'_>) {
    let [what, rest @ ..] = piece.bytes else { return };
    let port = u16::from(rest.first() == Some(&b'1'));
    let act = match what {
        b'r' => LineAct::Ring(IncomingCall { from: Some("1133334444".to_owned()), ..IncomingCall::default() }),
        b's' => LineAct::StopRinging,
        b'a' => LineAct::Answer { polarity: port == 1 },
        b'h' => LineAct::HangUp { how: None },
        b'o' => LineAct::CableOut,
        b'i' => LineAct::CableIn,
        b'e' => LineAct::Extension { off_hook: true },
        b'u' => return world.unplug(),
        b'd' => return world.plug_in(),
        b'k' => return world.command(Command::HangUp { port: PortId(port) }),
        _ => return,
    };
    world.act(port, act);
}
