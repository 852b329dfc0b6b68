//! Driver, modem, line and exchange together, in virtual time.

use std::time::Duration;

use super::*;
use crate::fxo::Device;
use crate::fxo::line::{HangUpEvidence, LineOrder, LineReport, LineState};
use crate::fxo::modem::driver::{ModemDriver, ModemOptions};
use crate::fxo::modem::emulator::ModemModel;
use crate::fxo::simulator::act::{ExchangeEvent, HangUpHow, IncomingCall, Sound};
use crate::fxo::simulator::story::{Plugged, Story};

impl Plugged for VirtualModem {
    fn receive(&mut self, bytes: &[u8], now: Moment, out: &mut Vec<BoxOutput>) {
        VirtualModem::receive(self, bytes, now, out);
    }

    fn act(&mut self, _port: PortId, act: LineAct, now: Moment, out: &mut Vec<BoxOutput>) {
        VirtualModem::act(self, act, now, out);
    }

    fn deadline(&self) -> Option<Moment> {
        VirtualModem::deadline(self)
    }

    fn handle_timeout(&mut self, now: Moment, out: &mut Vec<BoxOutput>) {
        VirtualModem::handle_timeout(self, now, out);
    }
}

fn story(traits: ModemTraits) -> Story<VirtualModem> {
    let make: fn() -> Box<dyn Device> = || Box::new(ModemDriver::new(ModemOptions { country: Some(0x16) }));
    Story::new(VirtualModem::new(ExchangeConfig::brazil(1), traits, Rng::from_seed(7)), make, 1)
}

fn idle(traits: ModemTraits) -> Story<VirtualModem> {
    let mut story = story(traits);
    story.run_until_idle();
    story
}

fn seized(traits: ModemTraits) -> Story<VirtualModem> {
    let mut story = idle(traits);
    story.seize(0);
    story
}

fn makes() -> [ModemTraits; 3] {
    let conexant = ModemTraits::of(ModemModel::Conexant);
    [
        conexant,
        ModemTraits { triple_dle: true, hook_delay: Duration::from_millis(1500), ..conexant },
        ModemTraits::of(ModemModel::UsRobotics),
    ]
}

fn ring() -> LineAct {
    LineAct::Ring(IncomingCall { from: Some("1137077801".to_owned()), ..IncomingCall::default() })
}

#[test]
fn a_caller_rings_is_known_is_heard_and_hangs_up() {
    for traits in makes() {
        let mut story = idle(traits);
        story.act(0, ring());
        let caller = |report: &LineReport| matches!(report, LineReport::Caller(Some(id)) if id.number.as_deref() == Some("1137077801"));
        story.run_until("the caller is known", |story| story.sides[0].told.iter().any(caller));
        assert!(story.has_told(0, &LineReport::Ringing));
        story.order(0, LineOrder::Seize);
        story.run_until("answered", |story| story.has_told(0, &LineReport::Seized) && story.noticed(0, &ExchangeEvent::Connected));
        story.act(0, LineAct::Speak { sound: Sound::Milliwatt });
        story.run_ms(2_000);
        assert!(story.loudness_dbm0(0) > -3.0, "{traits:?}: {}", story.loudness_dbm0(0));
        story.order(0, LineOrder::Supervise);
        story.act(0, LineAct::HangUp { how: Some(HangUpHow::Interruption { ms: 500 }) });
        if traits.model == ModemModel::Conexant {
            let evidence = |report: &LineReport| matches!(report, LineReport::HungUp(HangUpEvidence::LoopInterruption { .. }));
            story.run_until("the hang-up is seen", |story| story.sides[0].told.iter().any(evidence));
        }
        story.order(0, LineOrder::Release);
        story.run_until("released", |story| story.has_told(0, &LineReport::Released) && story.noticed(0, &ExchangeEvent::Released));
        story.run_until("idle again", |story| story.state(0) == LineState::Idle);
        assert!(!story.plugged.is_off_hook() && story.given_up.is_none());
    }
}

#[test]
fn digits_as_sound_reach_the_exchange_and_the_far_end_echoes() {
    for traits in makes() {
        let mut story = seized(traits);
        story.run_ms(1_000);
        assert!(story.loudness_dbm0(0) > -20.0, "dial tone: {}", story.loudness_dbm0(0));
        story.press(0, "100");
        story.run_until("answered", |story| story.noticed(0, &ExchangeEvent::Answered));
        assert_eq!(story.dialled(0), "100");
        story.run_ms(2_000);
        story.press(0, "5");
        story.run_ms(150);
        story.sides[0].heard.clear();
        story.run_ms(800);
        assert!(story.loudness_dbm0(0) > -30.0, "echo: {}", story.loudness_dbm0(0));
    }
}

#[test]
fn flashes_and_pulse_digits_are_timed_by_the_modem() {
    for traits in makes() {
        let mut story = seized(traits);
        story.run_ms(1_000);
        story.order(0, LineOrder::DialPulse("31".to_owned()));
        story.run_until("dialled", |story| story.has_told(0, &LineReport::Dialed));
        assert_eq!(story.dialled(0), "31");
        story.run_ms(6_000);
        story.sides[0].events.clear();
        story.order(0, LineOrder::Flash(Duration::from_millis(300)));
        story.run_ms(2_500);
        assert!(story.noticed(0, &ExchangeEvent::Flash), "{traits:?} {:?}", story.sides[0].events);
        assert_eq!(story.state(0), LineState::OffHook);
    }
}

#[test]
fn a_host_that_crashed_in_a_call_finds_the_line_and_gives_it_back() {
    for traits in makes() {
        let mut story = seized(traits);
        story.run_ms(1_000);
        story.open_after_crash();
        story.run_until("released", |story| story.noticed(0, &ExchangeEvent::Released));
        story.run_until("idle", |story| story.state(0) == LineState::Idle);
        assert!(story.given_up.is_none(), "{traits:?}");
    }
}

#[test]
fn a_modem_that_lost_its_power_in_a_call_is_noticed_and_comes_back() {
    let mut story = seized(ModemTraits::of(ModemModel::Conexant));
    story.with_plugged(VirtualModem::power_cycle);
    story.run_until("given up", |story| story.given_up.is_some());
    assert!(!story.plugged.is_off_hook());
    story.open();
    story.run_until("idle", |story| story.state(0) == LineState::Idle);
}

#[test]
fn the_cable_and_a_parallel_telephone_are_seen_at_rest() {
    let mut story = idle(ModemTraits::of(ModemModel::Conexant));
    story.act(0, LineAct::CableOut);
    story.run_until("no battery", |story| story.state(0) == LineState::NoBattery);
    story.act(0, LineAct::CableIn);
    story.run_until("idle", |story| story.state(0) == LineState::Idle);
    story.act(0, LineAct::Extension { off_hook: true });
    story.run_until("in use", |story| story.state(0) == LineState::InUse);
    story.act(0, LineAct::Extension { off_hook: false });
    story.run_until("idle", |story| story.state(0) == LineState::Idle);
}

#[test]
fn a_modem_without_duplex_refuses_and_lets_go() {
    let traits = ModemTraits { duplex: false, ..ModemTraits::of(ModemModel::UsRobotics) };
    let mut story = idle(traits);
    story.order(0, LineOrder::Seize);
    story.run_until("refused", |story| story.sides[0].told.iter().any(|report| matches!(report, LineReport::SeizeFailed(_))));
    story.run_until("idle", |story| story.state(0) == LineState::Idle);
    assert!(!story.plugged.is_off_hook());
}

/// Nothing that a wire can do to bytes leaves the line seized for good.
#[test]
fn a_bad_wire_never_keeps_the_line() {
    for seed in 0..60 {
        let mut rng = Rng::from_seed(seed);
        let mut story = idle(makes()[usize::try_from(seed % 3).unwrap()]);
        story.order(0, LineOrder::Seize);
        for _ in 0..40 {
            story.run_ms(rng.below(200));
            match rng.below(4) {
                0 => drop(story.wire.pop_front()),
                1 => {
                    if let Some((_, _, bytes)) = story.wire.front_mut()
                        && !bytes.is_empty()
                    {
                        let at = usize::try_from(rng.below(bytes.len() as u64)).unwrap();
                        bytes[at] ^= 1 << rng.below(8);
                    }
                }
                2 => story.order(0, if rng.below(2) == 0 { LineOrder::Seize } else { LineOrder::Release }),
                _ => {}
            }
        }
        story.order(0, LineOrder::Release);
        story.run_ms(30_000);
        if story.given_up.is_some() {
            // Whoever owns the port closes it, and opens it anew.
            story.with_plugged(VirtualModem::drop_dtr);
        }
        assert!(!story.plugged.is_off_hook(), "seed {seed}: {:?}", story.sides[0].told);
    }
}
