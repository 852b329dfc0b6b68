//! Simulated calls a second: how fast the whole brain turns over calls in virtual time, SIP parsing and all.
//!
//! `cargo bench -p gateway-core --bench calls`; the number of calls may be given as an argument.
#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)]

use std::time::{Duration, Instant};

use gateway_core::config::settings::{GatewaySettings, Mode, PortSettings, Secret, Settings};
use gateway_core::fxo::simulator::act::{IncomingCall, LineAct};
use gateway_core::gateway::view::PortState;
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;
use gateway_core::sim::world::credentials;

/// Lines of the world.
const PORTS: u16 = 4;

/// Calls when no argument says otherwise.
const CALLS: u32 = 4_000;

fn settings() -> Settings {
    let port = |number: u16| PortSettings {
        user: format!("p{number}"),
        secret: Secret(format!("secret of {number}")),
        target: format!("p{number}"),
        ..PortSettings::default()
    };
    Settings { gateway: GatewaySettings { mode: Mode::SipServer, ..GatewaySettings::default() }, ports: (0..PORTS).map(port).collect() }
}

/// One call on every line: out on the even ones, in on the odd ones; everybody hangs up after 10 s.
fn round(world: &mut World) {
    for port in 0..PORTS {
        if port % 2 == 0 {
            let account = credentials(&format!("p{port}"), &format!("secret of {port}"));
            world.call(usize::from(port), "100", Some(account));
        } else {
            world.act(port, LineAct::Ring(IncomingCall { from: Some("1133334444".to_owned()), ..IncomingCall::default() }));
        }
    }
    world.run_for(Duration::from_secs(5));
    let idle = |world: &World| world.gateway.port_states().all(|(_, state, _, _)| state == PortState::Idle);
    assert!(world.run_until(Duration::from_secs(60), idle), "a call does not end");
    // An exchange gives a called subscriber a moment to lift again before the line is free.
    world.run_for(Duration::from_secs(2));
}

fn main() {
    let wanted = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(CALLS);
    let mut world = World::new(settings(), 1);
    for port in 0..PORTS {
        let habits = Habits { hangs_up_after: Some(Duration::from_secs(10)), ..Habits::default() };
        let party = world.add_party(habits);
        world.register(party, &format!("p{port}"), &format!("secret of {port}"));
    }
    let (began, started) = (Instant::now(), world.now());
    let mut calls = 0;
    while calls < wanted {
        round(&mut world);
        calls += u32::from(PORTS);
    }
    let took = began.elapsed();
    assert_eq!(world.records.len(), usize::try_from(calls).unwrap(), "every call has its record");
    assert!(world.records.iter().all(|record| record.answered_ms.is_some()), "every call was answered");
    let simulated = world.now().since(started);
    println!(
        "{calls} calls in {:.2} s: {:.0} calls a second, {:.0} steps a second, {:.1} simulated hours, {:.0} times real time",
        took.as_secs_f64(),
        f64::from(calls) / took.as_secs_f64(),
        world.steps as f64 / took.as_secs_f64(),
        simulated.as_secs_f64() / 3600.0,
        simulated.as_secs_f64() / took.as_secs_f64()
    );
}
