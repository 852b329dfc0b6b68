//! A second caller in a call: the exchange announces him, is asked who he is, and a hook flash takes him. All with real sound.

use gateway_core::config::PortId;
use gateway_core::dsp::callerid::{CallerIdBurst, CallerIdSource};
use gateway_core::fxo::simulator::act::{CallerIdSending, ExchangeEvent, HangUpHow, IncomingCall, LineAct, Sound};
use gateway_core::gateway::io::Event;
use gateway_core::gateway::mark::MarkKind;
use gateway_core::gateway::record::EndCause;
use gateway_core::gateway::view::PortState;
use gateway_core::media::MediaEvent;
use gateway_core::sim::World;
use gateway_core::sim::party::Habits;
use gateway_core::sim::telephone::Telephone;

use super::cast::*;

/// A talk with a far end that says nothing, on a line that announces second callers.
fn talking(asks: bool) -> World {
    let settings = with(server(), |settings| {
        settings.ports.truncate(1);
        settings.ports[0].line.waiting_caller_id = asks;
    });
    let mut world = World::with_sound(settings, 1);
    world.add_party(Habits::default());
    world.parties[0].telephone = Some(Telephone::default());
    world.register(0, "p1", "secret1");
    world.act(0, LineAct::CallWaiting { present: true });
    talk(&mut world, "100");
    world.act(0, LineAct::Speak { sound: Sound::Silence });
    world.run_for(s(2));
    world
}

fn second_call(source: CallerIdSource) -> LineAct {
    LineAct::Ring(IncomingCall {
        from: Some("1144445555".to_owned()),
        name: Some("Ana".to_owned()),
        caller_id: Some(CallerIdSending::AfterRing { source }),
        sound: Some(Sound::Milliwatt),
        ..IncomingCall::default()
    })
}

/// How loud the loudest of mark and space was that the telephone heard while this time passed, in dBm0 over a second.
fn loudest_bits_dbm0(world: &mut World, ms: u64) -> f32 {
    let hears = |world: &World| {
        let telephone = world.parties[0].telephone.as_ref().unwrap();
        [1200.0, 1300.0, 2100.0, 2200.0].map(|hz| telephone.level_at_dbm0(hz)).into_iter().fold(f32::MIN, f32::max)
    };
    (0..ms / 100).fold(f32::MIN, |loudest, _| {
        world.run_for(std::time::Duration::from_millis(100));
        loudest.max(hears(world))
    })
}

fn has_asked(world: &World) -> bool {
    world.lines.noted.iter().any(|(_, _, event)| *event == ExchangeEvent::Digit { digit: 'D' })
}

/// What was told of second callers in the only call.
fn told(world: &World) -> Vec<Option<Box<CallerIdBurst>>> {
    let told = |mark: &MarkKind| if let MarkKind::WaitingCaller { burst } = mark { Some(burst.clone()) } else { None };
    only_record(world).timeline.iter().filter_map(|mark| told(&mark.what)).collect()
}

#[test]
fn who_waits_is_asked_for_without_a_sound_for_the_telephone_and_taken_by_a_flash() {
    for source in [CallerIdSource::Bell202, CallerIdSource::V23] {
        let mut world = talking(true);
        world.act(0, second_call(source));
        let loudest_dbm0 = loudest_bits_dbm0(&mut world, 2500);
        assert!(loudest_dbm0 < -60.0, "{source:?}: bits at {loudest_dbm0} dBm0 in the ear");
        assert!(has_asked(&world), "{:?}", world.lines.noted);
        world.tell(Event::Media { port: PortId(0), event: MediaEvent::Flash });
        world.run_for(s(3));
        assert!(world.parties[0].telephone.as_ref().unwrap().level_at_dbm0(1004.0) > -20.0, "the second caller is heard");
        assert_eq!(world.port(0).state, PortState::Talking);
        end_well(&mut world);
        let told = told(&world);
        let [Some(burst)] = &told[..] else { panic!("{told:?}") };
        let caller = burst.caller().unwrap_or_else(|| panic!("{burst:?}"));
        assert_eq!((caller.number.as_deref(), caller.name.as_deref(), caller.source), (Some("1144445555"), Some("Ana"), source));
        assert!((-25.0..-5.0).contains(&burst.level_dbm0), "{burst:?}");
    }
}

#[test]
fn nobody_is_asked_unless_it_is_wanted() {
    let mut world = talking(false);
    world.act(0, second_call(CallerIdSource::Bell202));
    world.run_for(s(3));
    assert!(!has_asked(&world), "{:?}", world.lines.noted);
    end_well(&mut world);
    assert_eq!(told(&world), []);
}

#[test]
fn a_call_that_ends_while_the_exchange_tells_ends_as_ever_and_the_next_is_whole() {
    for after_ms in [350, 500, 700, 900] {
        let mut world = talking(true);
        world.act(0, second_call(CallerIdSource::Bell202));
        world.run_for(std::time::Duration::from_millis(after_ms));
        world.act(0, LineAct::HangUp { how: Some(HangUpHow::BusyTone) });
        assert!(world.run_until(s(6), |world| !world.records.is_empty()), "{after_ms} ms: {:?}", world.port(0));
        assert_eq!(only_record(&world).cause, EndCause::LineHungUp);
        assert!(world.run_until_port(0, PortState::Idle, s(5)));
        talk(&mut world, "107");
        assert!(world.parties[0].telephone.as_ref().unwrap().level_dbm0() > -40.0, "speech is heard");
        end_well(&mut world);
    }
}

#[test]
fn keys_that_are_pressed_while_the_exchange_is_asked_reach_the_line_afterwards() {
    let mut world = talking(true);
    world.act(0, second_call(CallerIdSource::V23));
    world.run_for(std::time::Duration::from_millis(450));
    world.parties[0].telephone.as_mut().unwrap().press("27");
    world.run_for(s(4));
    let digit = |event: &ExchangeEvent| if let ExchangeEvent::Digit { digit } = event { Some(*digit) } else { None };
    let digits: String = world.lines.noted.iter().filter_map(|(_, _, event)| digit(event)).collect();
    assert_eq!(digits, "100D27");
    end_well(&mut world);
    assert!(matches!(&told(&world)[..], [Some(burst)] if burst.caller().is_some()));
}
