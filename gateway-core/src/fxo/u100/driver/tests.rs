//! Driver, device, lines and exchange together, in virtual time.

use super::*;
use crate::dsp::callerid::CallerIdReceiver;
use crate::dsp::callerid::dtmf::CategoryDigit;
use crate::fxo::line::{HangUpEvidence, LineOrder, LineReport, LineState};
use crate::fxo::simulator::act::{ExchangeEvent, HangUpHow, IncomingCall, LineAct, Sound as Said};
use crate::fxo::simulator::exchange::ExchangeConfig;
use crate::fxo::simulator::story::{Plugged, START, Story};
use crate::fxo::simulator::virtual_box::BoxOutput;
use crate::fxo::simulator::virtual_u100::VirtualU100;
use crate::fxo::u100::emulator::U100Traits;
use crate::rng::Rng;

impl Plugged for VirtualU100 {
    fn receive(&mut self, bytes: &[u8], now: Moment, out: &mut Vec<BoxOutput>) {
        VirtualU100::receive(self, bytes, now, out);
    }

    fn act(&mut self, port: PortId, act: LineAct, now: Moment, out: &mut Vec<BoxOutput>) {
        VirtualU100::act(self, port, act, now, out);
    }

    fn deadline(&self) -> Option<Moment> {
        VirtualU100::deadline(self)
    }

    fn handle_timeout(&mut self, now: Moment, out: &mut Vec<BoxOutput>) {
        VirtualU100::handle_timeout(self, now, out);
    }
}

fn story(traits: U100Traits) -> Story<VirtualU100> {
    let device = VirtualU100::new(ExchangeConfig::brazil(2), traits, Rng::from_seed(7), START);
    Story::new(device, || Box::new(U100Driver::default()), PORTS)
}

fn idle() -> Story<VirtualU100> {
    let mut story = story(U100Traits::default());
    story.run_until_idle();
    let identity = story.identity.as_ref().map(|identity| (identity.ports, identity.firmware.as_str()));
    assert_eq!(identity, Some((2, "2.0")));
    story
}

fn seized() -> Story<VirtualU100> {
    let mut story = idle();
    story.seize(0);
    story
}

#[test]
fn it_comes_up_with_old_firmware_and_new_and_after_a_slow_start() {
    for traits in
        [U100Traits { start: Duration::from_secs(5), ..U100Traits::default() }, U100Traits { short_reads: true, ..U100Traits::default() }]
    {
        let mut story = story(traits);
        story.run_until_idle();
        assert!(story.now < Moment::from_secs(1) + ANSWERS_WITHIN);
        assert_eq!(story.driver.counters().timeouts, 0);
    }
}

#[test]
fn a_caller_rings_is_heard_and_hangs_up_beside_a_line_that_rests() {
    for index in [0, 1] {
        let mut story = idle();
        story.act(index, LineAct::Ring(IncomingCall { from: Some("1137077801".to_owned()), ..IncomingCall::default() }));
        story.run_until("it rings", |story| story.has_told(index, &LineReport::Ringing));
        story.run_ms(3_000);
        // The device decodes no caller ID: it is in what was heard on hook.
        let (mut receiver, mut callers) = (CallerIdReceiver::new(CategoryDigit::default()), Vec::new());
        story.sides[index].heard.iter().for_each(|frame| receiver.process(frame, &mut callers));
        let number = callers.first().and_then(|caller| caller.number.as_deref());
        assert_eq!(number, Some("1137077801"));
        story.order(index, LineOrder::Seize);
        story.run_until("answered", |story| story.has_told(index, &LineReport::Seized) && story.noticed(index, &ExchangeEvent::Connected));
        story.act(index, LineAct::Speak { sound: Said::Milliwatt });
        story.run_ms(2_000);
        assert!(story.loudness_dbm0(index) > -1.0, "{}", story.loudness_dbm0(index));
        assert!(story.loudness_dbm0(1 - index) < -40.0, "the other line hears nothing of it");
        story.order(index, LineOrder::Supervise);
        story.act(index, LineAct::HangUp { how: Some(HangUpHow::Interruption { ms: 500 }) });
        let evidence = |report: &LineReport| matches!(report, LineReport::HungUp(HangUpEvidence::LoopInterruption { .. }));
        story.run_until("the hang-up is seen", |story| story.sides[index].told.iter().any(evidence));
        story.order(index, LineOrder::Release);
        story.run_until("released", |story| story.has_told(index, &LineReport::Released));
        story.run_until("idle again", |story| story.state(index) == LineState::Idle);
        assert!(!story.plugged.is_off_hook(port_id(index)) && story.given_up.is_none());
        assert_eq!(
            story.sides[1 - index].told,
            story.sides[1 - index].told.iter().filter(|r| **r != LineReport::Ringing).cloned().collect::<Vec<_>>()
        );
    }
}

#[test]
fn digits_as_sound_reach_the_exchange_and_the_far_end_echoes() {
    let mut story = seized();
    story.run_ms(1_000);
    assert!(story.loudness_dbm0(0) > -20.0, "dial tone: {}", story.loudness_dbm0(0));
    story.press(0, "100");
    story.run_until("answered", |story| story.noticed(0, &ExchangeEvent::Answered));
    assert_eq!(story.dialled(0), "100");
    story.run_ms(2_000);
    story.press(0, "5");
    story.run_ms(250);
    story.sides[0].heard.clear();
    story.run_ms(800);
    assert!(story.loudness_dbm0(0) > -30.0, "echo: {}", story.loudness_dbm0(0));
    assert_eq!(story.driver.counters().resyncs, 0);
}

#[test]
fn flashes_and_pulse_digits_are_timed_by_the_driver() {
    let mut story = seized();
    story.run_ms(1_000);
    story.order(0, LineOrder::DialPulse("31".to_owned()));
    story.run_until("dialled", |story| story.has_told(0, &LineReport::Dialed));
    assert_eq!(story.dialled(0), "31");
    story.run_ms(6_000);
    story.sides[0].events.clear();
    story.order(0, LineOrder::Flash(Duration::from_millis(300)));
    story.run_ms(2_500);
    assert!(story.noticed(0, &ExchangeEvent::Flash), "{:?}", story.sides[0].events);
    assert_eq!(story.state(0), LineState::OffHook);
    assert!(story.plugged.is_off_hook(PortId(0)));
}

#[test]
fn a_host_that_crashed_in_a_call_finds_the_line_and_gives_it_back() {
    let mut story = seized();
    story.run_ms(1_000);
    story.open_after_crash();
    story.run_until("released", |story| story.noticed(0, &ExchangeEvent::Released));
    story.run_until("idle", |story| story.state(0) == LineState::Idle);
    assert!(story.given_up.is_none());
}

#[test]
fn a_device_that_lost_its_power_in_a_call_is_noticed_and_comes_back() {
    let mut story = story(U100Traits { start: Duration::from_secs(5), ..U100Traits::default() });
    story.run_until("idle", |story| story.state(0) == LineState::Idle);
    story.seize(0);
    story.with_plugged(VirtualU100::power_cycle);
    story.run_until("given up", |story| story.given_up == Some(DeviceOutput::Silent));
    assert!(!story.plugged.is_off_hook(PortId(0)));
    story.open();
    story.run_until("idle", |story| story.state(0) == LineState::Idle);
}

#[test]
fn the_cable_a_reversal_and_a_parallel_telephone_are_seen() {
    let mut story = idle();
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
fn another_device_with_the_same_stream_is_refused() {
    let mut driver = U100Driver::default();
    let mut out = Vec::new();
    driver.open(Moment::ZERO, &mut out);
    driver.state = State::SettingUp(Setup::new());
    driver.set_up(Moment::ZERO);
    out.clear();
    driver.message(Message { kind: Kind::ReadDevice, port: 0, register: device::ID, value: 0x12 }, Moment::ZERO, &mut out);
    assert_eq!(out, [DeviceOutput::Unfit]);
}

/// Nothing that a wire can do to bytes leaves a line seized for good.
#[test]
fn a_bad_wire_never_keeps_a_line() {
    for seed in 0..30 {
        let mut rng = Rng::from_seed(seed);
        let mut story = idle();
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
        story.run_ms(10_000);
        if story.given_up.is_some() {
            // Whoever owns the port opens it anew.
            story.open();
            story.run_ms(10_000);
        }
        assert!(!story.plugged.is_off_hook(PortId(0)) && !story.plugged.is_off_hook(PortId(1)), "seed {seed}: {:?}", story.sides[0].told);
    }
}
