//! A line whose exchange plays a tone that its country does not know: its sound is kept, the tone is learned, and the next call ends.

use gateway_core::config::settings::Settings;
use gateway_core::config::{PortId, learned_tone};
use gateway_core::dsp::g711::alaw_decode;
use gateway_core::dsp::learning::learn;
use gateway_core::dsp::progress::ProgressTone;
use gateway_core::dsp::tone::ToneSpec;
use gateway_core::fxo::line::HangUpEvidence;
use gateway_core::fxo::simulator::act::{HangUpHow, LineAct};
use gateway_core::fxo::simulator::exchange::ExchangeConfig;
use gateway_core::gateway::io::{Command, Event};
use gateway_core::gateway::record::EndCause;
use gateway_core::gateway::view::PortState;
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;
use gateway_core::sim::telephone::Telephone;

use super::cast::*;

/// A line at an exchange that says "hung up" in a way of its own, and a telephone that is registered as `p1`.
fn at_a_foreign_exchange(settings: Settings) -> World {
    let mut exchange = ExchangeConfig::brazil(1);
    exchange.tones.busy = ToneSpec { frequencies_hz: vec![480.0], level_dbm0: -20.0, cadence_ms: vec![350, 300] };
    let mut world = World::at_exchange(with(settings, |settings| settings.ports.truncate(1)), exchange, 1);
    world.add_party(Habits::default());
    world.parties[0].telephone = Some(Telephone::default());
    world.register(0, "p1", "secret1");
    world
}

/// A talk whose far end hangs up with the tone of the exchange.
fn left_alone(world: &mut World) {
    talk(world, "100");
    world.act(0, LineAct::HangUp { how: Some(HangUpHow::BusyTone) });
    world.run_for(s(8));
}

#[test]
fn a_tone_that_nobody_knew_is_learned_from_the_call_that_it_did_not_end() {
    let mut world = at_a_foreign_exchange(server());
    left_alone(&mut world);
    assert_eq!(world.port(0).state, PortState::Talking, "nobody knows the tone");
    world.command(Command::HangUp { port: PortId(0) });
    assert!(world.run_until(s(3), |world| !world.sounds.is_empty()));
    let sound = world.sounds.pop_back().unwrap();
    assert_eq!(sound.call, only_record(&world).id);
    assert_eq!(only_record(&world).cause, EndCause::Operator);
    end_well(&mut world);

    let samples: Vec<i16> = sound.alaw.iter().map(|&code| alaw_decode(code)).collect();
    let learned = learn(&samples).unwrap();
    assert_eq!(learned.frequencies_hz, [480], "{learned:?}");
    let text = learned_tone::text_of(ProgressTone::Busy, &learned.frequencies_hz, &learned.cadence_ms).unwrap();

    let taught = with(server(), |settings| settings.ports.iter_mut().for_each(|port| port.line.learned_tones = vec![text.clone()]));
    let mut world = at_a_foreign_exchange(taught);
    talk(&mut world, "100");
    world.act(0, LineAct::HangUp { how: Some(HangUpHow::BusyTone) });
    assert!(world.run_until(s(4), |world| !world.records.is_empty()), "{:?}", world.port(0));
    let record = only_record(&world);
    assert_eq!(record.cause, EndCause::LineHungUp);
    assert!(matches!(&record.evidence, Some(HangUpEvidence::DisconnectTone(heard)) if heard.tone == ProgressTone::Busy), "{record:?}");
    end_well(&mut world);
}

#[test]
fn the_sound_of_a_call_is_never_that_of_the_next() {
    // A talk of which no sound was wanted, and then a call that nobody answers, while sounds are wanted.
    let unwanted = with(server(), |settings| settings.gateway.keep_sounds_max = 0);
    for settings in [server(), unwanted] {
        let mut world = at_a_foreign_exchange(settings);
        talk(&mut world, "100");
        world.command(Command::HangUp { port: PortId(0) });
        world.run_for(s(5));
        let wanted = with(server(), |settings| settings.ports.truncate(1));
        world.tell(Event::Apply(Box::new(wanted)));
        world.sounds.clear();
        world.parties[0].habits = lets_it_ring();
        world.act(0, ring("1133334444"));
        world.run_for(s(12));
        world.act(0, LineAct::HangUp { how: Some(HangUpHow::Silent) });
        assert!(world.run_until(s(20), |world| world.records.len() == 2));
        world.run_for(s(2));
        assert!(world.sounds.is_empty(), "what was heard before it was no part of it");
        end_well(&mut world);
    }
}

#[test]
fn no_sound_is_kept_where_nobody_wants_it_or_nothing_was_heard() {
    let mut world = at_a_foreign_exchange(with(server(), |settings| settings.gateway.keep_sounds_max = 0));
    left_alone(&mut world);
    world.command(Command::HangUp { port: PortId(0) });
    world.run_for(s(5));
    assert!(world.sounds.is_empty() && world.records.len() == 1);
    end_well(&mut world);

    let mut world = at_a_foreign_exchange(server());
    world.parties[0].habits = lets_it_ring();
    world.act(0, ring("1133334444"));
    world.run_for(s(12));
    world.act(0, LineAct::HangUp { how: Some(HangUpHow::Silent) });
    assert!(world.run_until(s(20), |world| !world.records.is_empty()));
    assert!(world.sounds.is_empty(), "nobody took the line off hook");
    end_well(&mut world);
}
