use super::*;
use crate::dsp::callerid::{CallerIdSource, Presentation};
use crate::dsp::progress::ProgressTone;
use crate::rng::Rng;

fn config() -> LineConfig {
    LineConfig {
        ring_validation: Duration::from_millis(200),
        ring_timeout: Duration::from_millis(5500),
        caller_id_wait: Duration::from_secs(2),
        loop_interruption: Some(Duration::from_millis(100)),
        end_on_polarity_reversal: true,
        disconnect_tone_cycles: Some(3),
        end_on_dial_tone: true,
        guard: Duration::from_secs(1),
    }
}

/// A line in virtual time; every step checks that a state that must not last has a timer.
struct Story {
    line: Line,
    now: Moment,
}

impl Story {
    fn new() -> Self {
        Story { line: Line::new(config()), now: Moment::from_secs(100) }
    }

    /// A line that is idle on a healthy device.
    fn idle() -> Self {
        let mut story = Story::new();
        story.tell(LineInput::DeviceUp);
        story.hook(false);
        let out = story.driver(LineEvent::BatteryUp { millivolts: None });
        assert_eq!(out, [told(LineReport::Available), told(LineReport::State(LineState::Idle))]);
        story
    }

    fn off_hook() -> Self {
        let mut story = Story::idle();
        assert_eq!(story.order(LineOrder::Seize), [ordered(LineCommand::Seize), state(LineState::Seizing)]);
        assert_eq!(story.hook(true), [told(LineReport::Seized), state(LineState::OffHook)]);
        story
    }

    /// A call that was made and answered, long enough ago that the loop current has settled.
    fn supervised() -> Self {
        let mut story = Story::off_hook();
        assert_eq!(story.order(LineOrder::Supervise), []);
        story.wait_ms(1000);
        story
    }

    fn ringing() -> Self {
        let mut story = Story::idle();
        assert_eq!(story.driver(LineEvent::RingOn { frequency_hz: 25 }), []);
        let out = story.wait_ms(200);
        assert_eq!(out, [told(LineReport::Ringing), state(LineState::Ringing)]);
        story
    }

    fn tell(&mut self, input: LineInput) -> Vec<LineOutput> {
        let mut out = Vec::new();
        self.line.handle(input, self.now, &mut out);
        self.check();
        out
    }

    fn driver(&mut self, event: LineEvent) -> Vec<LineOutput> {
        self.tell(LineInput::Driver(event))
    }

    fn order(&mut self, order: LineOrder) -> Vec<LineOutput> {
        self.tell(LineInput::Order(order))
    }

    fn hook(&mut self, off_hook: bool) -> Vec<LineOutput> {
        self.driver(LineEvent::Hook { off_hook })
    }

    fn heard(&mut self, tone: ProgressTone, cycles: u32) -> Vec<LineOutput> {
        self.tell(LineInput::Heard(heard(tone, cycles)))
    }

    fn wait_ms(&mut self, ms: u64) -> Vec<LineOutput> {
        let (end, mut out) = (self.now + Duration::from_millis(ms), Vec::new());
        while let Some(due) = self.line.deadline().filter(|due| *due <= end) {
            assert!(due >= self.now, "a deadline in the past");
            self.now = due;
            self.line.handle_timeout(due, &mut out);
            self.check();
            assert!(self.line.deadline().is_none_or(|next| next > due), "a timer that does not move");
        }
        self.now = end;
        out
    }

    fn check(&self) {
        let may_rest = match &self.line.state {
            State::Absent | State::Idle => true,
            State::NoBattery
            | State::InUse
            | State::OutOfService
            | State::OffHook(_)
            | State::Alerting { .. }
            | State::Ringing(_)
            | State::Seizing(_)
            | State::Releasing(_)
            | State::Guard
            | State::Fault(_) => false,
        };
        assert!(may_rest || self.line.deadline().is_some(), "{:?} waits for ever", self.line.state);
    }
}

fn told(report: LineReport) -> LineOutput {
    LineOutput::Report(report)
}

fn ordered(command: LineCommand) -> LineOutput {
    LineOutput::Command(command)
}

fn state(state: LineState) -> LineOutput {
    told(LineReport::State(state))
}

/// A tone is sure with its third cycle, a continuous one at once.
fn confidence_of(tone: ProgressTone, cycles: u32) -> f32 {
    if tone == ProgressTone::Dial { 1.0 } else { (cycles as f32 / 3.0).min(1.0) }
}

fn heard(tone: ProgressTone, cycles: u32) -> HeardTone {
    HeardTone { tone, frequency_hz: 425.0, level_dbm0: -20.0, cycles, confidence: confidence_of(tone, cycles) }
}

fn caller() -> CallerId {
    CallerId {
        number: Some("1137077801".to_owned()),
        name: None,
        presentation: Presentation::Allowed,
        category: None,
        source: CallerIdSource::Dtmf,
    }
}

fn reports(out: &[LineOutput]) -> Vec<LineReport> {
    let report = |output: &LineOutput| match output {
        LineOutput::Report(report) => Some(report.clone()),
        LineOutput::Command(_) => None,
    };
    out.iter().filter_map(report).collect()
}

#[test]
fn after_our_own_restart_the_line_is_released_before_it_is_used() {
    let mut story = Story::new();
    let out = story.tell(LineInput::DeviceUp);
    assert_eq!(out, [ordered(LineCommand::Release), ordered(LineCommand::Measure), state(LineState::Releasing)]);
    assert_eq!(story.driver(LineEvent::BatteryUp { millivolts: Some(48_000) }), []);
    assert_eq!(story.order(LineOrder::Seize), [told(LineReport::SeizeFailed(SeizeFailure::NotIdle))]);
    assert_eq!(story.hook(false), [told(LineReport::Available), state(LineState::Idle)]);
}

#[test]
fn a_line_without_battery_is_dead_until_it_comes_or_is_measured() {
    let mut story = Story::idle();
    assert_eq!(story.driver(LineEvent::BatteryDown), [state(LineState::NoBattery)]);
    assert_eq!(story.order(LineOrder::Seize), [told(LineReport::SeizeFailed(SeizeFailure::Dead))]);
    assert_eq!(story.wait_ms(5000), [ordered(LineCommand::Measure)]);
    let out = story.driver(LineEvent::Measured { millivolts: -47_000, microamps: Some(0), off_hook: false });
    assert_eq!(out, [told(LineReport::Available), state(LineState::Idle)]);
}

#[test]
fn a_burst_shorter_than_the_validation_is_no_ring() {
    let mut story = Story::idle();
    story.driver(LineEvent::RingOn { frequency_hz: 25 });
    story.wait_ms(100);
    let out = story.driver(LineEvent::RingOff { on: Duration::from_millis(100) });
    assert!(!reports(&out).contains(&LineReport::Ringing));
    assert_eq!(story.wait_ms(10_000), []);
    assert_eq!(story.line.state(), LineState::Idle);
}

#[test]
fn a_ring_whose_beginning_was_lost_counts_by_its_length() {
    let mut story = Story::idle();
    let out = story.driver(LineEvent::RingOff { on: Duration::from_secs(1) });
    assert_eq!(out, [told(LineReport::Ringing), state(LineState::Ringing)]);
}

#[test]
fn without_caller_id_the_wait_ends_after_the_first_burst_and_is_told_once() {
    let mut story = Story::ringing();
    story.wait_ms(800);
    assert_eq!(story.driver(LineEvent::RingOff { on: Duration::from_secs(1) }), []);
    assert_eq!(story.wait_ms(1999), []);
    assert_eq!(story.wait_ms(1), [told(LineReport::Caller(None))]);
    assert_eq!(story.tell(LineInput::CallerId(caller())), []);
    story.wait_ms(2000);
    story.driver(LineEvent::RingOn { frequency_hz: 25 });
    story.wait_ms(1000);
    story.driver(LineEvent::RingOff { on: Duration::from_secs(1) });
    assert_eq!(story.wait_ms(5499), []);
    let ended = [told(LineReport::RingingEnded), told(LineReport::Available), state(LineState::Idle)];
    assert_eq!(story.wait_ms(1), ended);
}

#[test]
fn caller_id_between_the_rings_is_told_at_once_and_only_once() {
    let mut story = Story::ringing();
    story.driver(LineEvent::RingOff { on: Duration::from_secs(1) });
    assert_eq!(story.driver(LineEvent::CallerId(caller())), [told(LineReport::Caller(Some(caller())))]);
    assert_eq!(story.tell(LineInput::CallerId(caller())), []);
    assert_eq!(reports(&story.wait_ms(4000)), []);
}

#[test]
fn caller_id_before_the_ring_is_kept_for_six_seconds() {
    for (pause_ms, known) in [(5_900, true), (6_200, false)] {
        let mut story = Story::idle();
        assert_eq!(story.tell(LineInput::CallerId(caller())), []);
        story.wait_ms(pause_ms);
        story.driver(LineEvent::RingOn { frequency_hz: 25 });
        let out = reports(&story.wait_ms(200));
        assert_eq!(out.contains(&LineReport::Caller(Some(caller()))), known, "{pause_ms}");
        assert_eq!(out[0], LineReport::Ringing);
    }
}

#[test]
fn a_ringing_line_is_answered_by_a_seizure_and_more_ringing_is_no_glare() {
    let mut story = Story::ringing();
    assert_eq!(story.order(LineOrder::Seize), [ordered(LineCommand::Seize), state(LineState::Seizing)]);
    assert_eq!(story.driver(LineEvent::RingOff { on: Duration::from_millis(300) }), []);
    assert_eq!(story.driver(LineEvent::RingOn { frequency_hz: 25 }), []);
    assert_eq!(story.hook(true), [told(LineReport::Seized), state(LineState::OffHook)]);
}

#[test]
fn glare_releases_the_line_and_lets_it_ring() {
    let mut story = Story::idle();
    story.order(LineOrder::Seize);
    story.wait_ms(20);
    let out = story.driver(LineEvent::RingOn { frequency_hz: 25 });
    let glare = [told(LineReport::SeizeFailed(SeizeFailure::Glare)), ordered(LineCommand::Release), state(LineState::Releasing)];
    assert_eq!(out, glare);
    story.wait_ms(20);
    // The seizure was on its way already.
    assert_eq!(story.hook(true), []);
    assert_eq!(reports(&story.hook(false)), [LineReport::State(LineState::Idle)]);
    assert_eq!(story.wait_ms(180), [told(LineReport::Ringing), state(LineState::Ringing)]);
}

#[test]
fn an_unvalidated_burst_refuses_a_seizure() {
    let mut story = Story::idle();
    story.driver(LineEvent::RingOn { frequency_hz: 25 });
    assert_eq!(story.order(LineOrder::Seize), [told(LineReport::SeizeFailed(SeizeFailure::Glare))]);
}

#[test]
fn an_unconfirmed_seizure_is_repeated_once_and_then_released() {
    let mut story = Story::idle();
    story.order(LineOrder::Seize);
    assert_eq!(story.wait_ms(1500), [ordered(LineCommand::Seize)]);
    let out = story.wait_ms(1500);
    let failed = told(LineReport::SeizeFailed(SeizeFailure::Timeout));
    assert_eq!(out, [failed, ordered(LineCommand::Release), state(LineState::Releasing)]);
    assert_eq!(reports(&story.hook(false)), [LineReport::State(LineState::Guard)]);
    assert_eq!(reports(&story.wait_ms(1000)), [LineReport::Available, LineReport::State(LineState::Idle)]);
}

#[test]
fn a_released_line_guards_and_is_available_again() {
    let mut story = Story::off_hook();
    assert_eq!(story.order(LineOrder::Release), [ordered(LineCommand::Release), state(LineState::Releasing)]);
    let out = story.hook(false);
    assert_eq!(out, [told(LineReport::Released), ordered(LineCommand::Measure), state(LineState::Guard)]);
    assert_eq!(story.order(LineOrder::Seize), [told(LineReport::SeizeFailed(SeizeFailure::NotIdle))]);
    assert_eq!(story.wait_ms(1000), [told(LineReport::Available), state(LineState::Idle)]);
}

#[test]
fn a_cancelled_seizure_is_released_and_told_so() {
    let mut story = Story::idle();
    story.order(LineOrder::Seize);
    story.order(LineOrder::Release);
    assert_eq!(story.hook(true), []);
    assert_eq!(reports(&story.hook(false)), [LineReport::Released, LineReport::State(LineState::Guard)]);
}

#[test]
fn a_stuck_line_is_released_again_then_reset_then_alarmed_and_never_forgotten() {
    let mut story = Story::off_hook();
    story.order(LineOrder::Release);
    for _ in 0..3 {
        assert_eq!(story.wait_ms(500), [ordered(LineCommand::Release)]);
    }
    assert_eq!(story.wait_ms(500), [ordered(LineCommand::Reset), ordered(LineCommand::Release)]);
    assert_eq!(story.wait_ms(500), [told(LineReport::StuckOffHook), state(LineState::Fault)]);
    for _ in 0..10 {
        assert_eq!(story.wait_ms(5000), [ordered(LineCommand::Reset), ordered(LineCommand::Release)]);
    }
    assert_eq!(reports(&story.hook(false)), [LineReport::Released, LineReport::State(LineState::Guard)]);
}

#[test]
fn a_measurement_beats_a_confirmed_release_until_it_agrees() {
    let mut story = Story::off_hook();
    story.order(LineOrder::Release);
    story.hook(false);
    let flowing = LineEvent::Measured { millivolts: 7000, microamps: Some(23_000), off_hook: true };
    let out = story.driver(flowing.clone());
    assert_eq!(out, [ordered(LineCommand::Release), ordered(LineCommand::Measure), state(LineState::Releasing)]);
    // The relay says it let go, the current says it did not.
    for _ in 0..20 {
        story.hook(false);
        story.driver(flowing.clone());
        story.wait_ms(500);
    }
    assert_eq!(story.line.state(), LineState::Fault);
    let out = story.driver(LineEvent::Measured { millivolts: 48_000, microamps: Some(0), off_hook: false });
    assert_eq!(reports(&out), [LineReport::Available, LineReport::State(LineState::Idle)]);
}

#[test]
fn before_supervision_tones_and_reversal_tell_how_the_call_goes() {
    let mut story = Story::off_hook();
    let busy = heard(ProgressTone::Busy, 5);
    let out = story.heard(ProgressTone::Busy, 5);
    assert_eq!(out, [told(LineReport::Progress(LineProgress::Tone(busy)))]);
    let out = story.driver(LineEvent::Polarity { forward: false });
    assert_eq!(out, [told(LineReport::Progress(LineProgress::PolarityReversal))]);
}

#[test]
fn disconnect_tones_end_an_answered_call_when_enough_cycles_were_heard() {
    let mut story = Story::supervised();
    assert_eq!(story.heard(ProgressTone::Busy, 2), []);
    assert_eq!(story.heard(ProgressTone::Ringback, 9), []);
    let evidence = HangUpEvidence::DisconnectTone(heard(ProgressTone::Busy, 3));
    assert_eq!(story.heard(ProgressTone::Busy, 3), [told(LineReport::HungUp(evidence))]);
    assert_eq!(story.heard(ProgressTone::Busy, 4), [], "told once");
    assert_eq!(story.driver(LineEvent::LoopInterruption { duration: Duration::from_millis(500) }), []);

    let mut story = Story::supervised();
    let evidence = HangUpEvidence::DialTone(heard(ProgressTone::Dial, 1));
    assert_eq!(story.heard(ProgressTone::Dial, 1), [told(LineReport::HungUp(evidence))]);
}

#[test]
fn evidence_that_is_turned_off_ends_nothing() {
    let mut story = Story::supervised();
    story.line.configure(LineConfig {
        loop_interruption: None,
        end_on_polarity_reversal: false,
        disconnect_tone_cycles: None,
        end_on_dial_tone: false,
        ..config()
    });
    for tone in [ProgressTone::Busy, ProgressTone::Congestion, ProgressTone::Dial] {
        assert_eq!(story.heard(tone, 9), []);
    }
    assert_eq!(story.driver(LineEvent::LoopInterruption { duration: Duration::from_secs(2) }), []);
    for forward in [false, true, false] {
        assert_eq!(story.driver(LineEvent::Polarity { forward }), []);
    }
}

#[test]
fn a_loop_interruption_ends_a_call_when_it_is_long_enough() {
    let mut story = Story::supervised();
    assert_eq!(story.driver(LineEvent::LoopInterruption { duration: Duration::from_millis(99) }), []);
    let out = story.driver(LineEvent::LoopInterruption { duration: Duration::from_millis(500) });
    assert_eq!(out, [told(LineReport::HungUp(HangUpEvidence::LoopInterruption { duration_ms: 500 }))]);
}

#[test]
fn an_open_loop_ends_a_call_as_soon_as_it_has_lasted_and_not_before() {
    let mut story = Story::supervised();
    assert_eq!(story.driver(LineEvent::LoopOpened), []);
    assert_eq!(story.wait_ms(99), []);
    assert_eq!(story.wait_ms(1), [ordered(LineCommand::Measure)], "the device is asked");
    assert_eq!(story.driver(measured(0)), []);
    let out = story.wait_ms(40);
    assert_eq!(out, [told(LineReport::HungUp(HangUpEvidence::LoopInterruption { duration_ms: 140 }))]);
    assert_eq!(story.driver(LineEvent::LoopInterruption { duration: Duration::from_millis(500) }), [], "told once");
}

#[test]
fn a_loop_whose_end_got_lost_or_came_late_ends_no_call() {
    for current_is_back in [measured(23_000), LineEvent::LoopInterruption { duration: Duration::from_millis(90) }] {
        let mut story = Story::supervised();
        assert_eq!(story.driver(LineEvent::LoopOpened), []);
        assert_eq!(story.wait_ms(105), [ordered(LineCommand::Measure)]);
        assert_eq!(story.driver(current_is_back), []);
        assert!(story.wait_ms(3000).iter().all(|out| !matches!(out, LineOutput::Report(LineReport::HungUp(_)))));
    }
    let mut story = Story::supervised();
    assert_eq!(story.driver(LineEvent::LoopOpened), []);
    story.order(LineOrder::Flash(Duration::from_millis(100)));
    let out = story.wait_ms(90);
    assert!(out.iter().all(|out| !matches!(out, LineOutput::Report(_))), "a flash of ours opens the loop, too: {out:?}");
}

#[test]
fn half_an_interruption_and_half_a_tone_are_enough() {
    let mut story = Story::supervised();
    assert_eq!(story.driver(LineEvent::LoopInterruption { duration: Duration::from_millis(60) }), []);
    assert_eq!(story.wait_ms(1000), [], "half the length is half a clue");
    assert_eq!(story.heard(ProgressTone::Busy, 1), []);
    let busy = HangUpEvidence::DisconnectTone(heard(ProgressTone::Busy, 2));
    let clues = vec![HangUpEvidence::LoopInterruption { duration_ms: 60 }, busy];
    assert_eq!(story.heard(ProgressTone::Busy, 2), [told(LineReport::HungUp(HangUpEvidence::Together { clues }))]);
}

/// A seized line, measured.
fn measured(microamps: u32) -> LineEvent {
    LineEvent::Measured { millivolts: 8_000, microamps: Some(microamps), off_hook: true }
}

#[test]
fn while_the_loop_current_settles_only_a_long_interruption_ends_a_call() {
    let interrupted = |ms| LineEvent::LoopInterruption { duration: Duration::from_millis(ms) };
    let mut story = Story::idle();
    story.order(LineOrder::Seize);
    story.hook(true);
    story.order(LineOrder::Supervise);
    story.wait_ms(299);
    assert_eq!(story.driver(interrupted(299)), []);
    story.wait_ms(200);
    let out = story.driver(interrupted(300));
    assert_eq!(out, [told(LineReport::HungUp(HangUpEvidence::LoopInterruption { duration_ms: 300 }))]);
}

#[test]
fn the_first_reversal_of_an_outgoing_call_answers_and_the_second_releases() {
    let mut story = Story::idle();
    story.driver(LineEvent::Polarity { forward: true });
    story.order(LineOrder::Seize);
    story.hook(true);
    story.order(LineOrder::Supervise);
    assert_eq!(story.driver(LineEvent::Polarity { forward: true }), [], "no change");
    assert_eq!(story.driver(LineEvent::Polarity { forward: false }), []);
    let out = story.driver(LineEvent::Polarity { forward: true });
    assert_eq!(out, [told(LineReport::HungUp(HangUpEvidence::PolarityReversal))]);
}

#[test]
fn the_first_reversal_of_an_incoming_call_releases() {
    let mut story = Story::ringing();
    story.driver(LineEvent::Polarity { forward: true });
    story.order(LineOrder::Seize);
    story.hook(true);
    story.order(LineOrder::Supervise);
    let out = story.driver(LineEvent::Polarity { forward: false });
    assert_eq!(out, [told(LineReport::HungUp(HangUpEvidence::PolarityReversal))]);
}

#[test]
fn a_short_loss_of_battery_is_an_interruption_and_a_long_one_is_the_cable() {
    let mut story = Story::supervised();
    assert_eq!(story.driver(LineEvent::BatteryDown), []);
    story.wait_ms(300);
    let out = story.driver(LineEvent::BatteryUp { millivolts: None });
    assert_eq!(out, [told(LineReport::HungUp(HangUpEvidence::LoopInterruption { duration_ms: 300 }))]);

    let mut story = Story::supervised();
    story.driver(LineEvent::BatteryDown);
    assert_eq!(reports(&story.wait_ms(1000)), [LineReport::HungUp(HangUpEvidence::BatteryLost)]);
    story.order(LineOrder::Release);
    story.hook(false);
    assert_eq!(reports(&story.wait_ms(1000)), [LineReport::State(LineState::NoBattery)]);
}

#[test]
fn nobody_releases_after_hang_up_so_the_line_does_it() {
    let mut story = Story::supervised();
    story.heard(ProgressTone::Dial, 1);
    let out = story.wait_ms(10_000);
    assert!(out.contains(&ordered(LineCommand::Release)), "{out:?}");
}

#[test]
fn a_device_that_goes_takes_calls_and_ringing_with_it() {
    let mut story = Story::supervised();
    let gone = LineReport::HungUp(HangUpEvidence::DeviceGone);
    assert_eq!(story.tell(LineInput::DeviceGone), [told(gone), state(LineState::Absent)]);
    let mut story = Story::ringing();
    assert_eq!(story.tell(LineInput::DeviceGone), [told(LineReport::RingingEnded), state(LineState::Absent)]);
    let mut story = Story::idle();
    story.order(LineOrder::Seize);
    let out = story.tell(LineInput::DeviceGone);
    assert_eq!(out, [told(LineReport::SeizeFailed(SeizeFailure::Dead)), state(LineState::Absent)]);
}

#[test]
fn a_device_that_lets_go_by_itself_ends_the_call() {
    let mut story = Story::supervised();
    let out = reports(&story.hook(false));
    let dropped = [LineReport::HungUp(HangUpEvidence::DeviceGone), LineReport::Released, LineReport::State(LineState::Guard)];
    assert_eq!(out, dropped);
}

#[test]
fn a_parallel_telephone_takes_the_line_and_gives_it_back() {
    let mut story = Story::idle();
    assert_eq!(story.driver(LineEvent::ExtensionPickup), [state(LineState::InUse)]);
    assert_eq!(story.order(LineOrder::Seize), [told(LineReport::SeizeFailed(SeizeFailure::InUse))]);
    let out = story.driver(LineEvent::ExtensionRelease);
    assert_eq!(out, [told(LineReport::Available), state(LineState::Idle)]);
    let mut story = Story::ringing();
    let out = story.driver(LineEvent::ExtensionPickup);
    assert_eq!(out, [told(LineReport::RingingEnded), state(LineState::InUse)]);
    let mut story = Story::supervised();
    assert_eq!(story.driver(LineEvent::ExtensionPickup), [], "never ends a call");
}

#[test]
fn out_of_service_waits_for_the_call_to_end() {
    let mut story = Story::supervised();
    assert_eq!(story.order(LineOrder::OutOfService(true)), []);
    story.order(LineOrder::Release);
    story.hook(false);
    assert_eq!(reports(&story.wait_ms(1000)), [LineReport::State(LineState::OutOfService)]);
    assert_eq!(story.driver(LineEvent::RingOn { frequency_hz: 25 }), []);
    assert_eq!(story.order(LineOrder::Seize), [told(LineReport::SeizeFailed(SeizeFailure::NotIdle))]);
    let out = story.order(LineOrder::OutOfService(false));
    assert_eq!(out, [told(LineReport::Available), state(LineState::Idle)]);
}

#[test]
fn pulse_digits_are_told_when_the_device_is_done_and_end_the_call_when_it_fails() {
    let mut story = Story::off_hook();
    let dial = LineCommand::DialPulse { digits: "190".to_owned() };
    assert_eq!(story.order(LineOrder::DialPulse("1-9 0".to_owned())), [ordered(dial)]);
    assert_eq!(story.driver(LineEvent::LoopInterruption { duration: Duration::from_secs(1) }), [], "our own pulses");
    assert_eq!(story.driver(LineEvent::SignalDone), [told(LineReport::Dialed)]);
    assert_eq!(story.order(LineOrder::DialPulse(String::new())), [told(LineReport::Dialed)]);
    story.order(LineOrder::DialPulse("1".to_owned()));
    let out = story.driver(LineEvent::CommandFailed { status: 6 });
    assert_eq!(out, [told(LineReport::HungUp(HangUpEvidence::DeviceGone))]);
}

#[test]
fn a_flash_opens_the_loop_without_ending_the_call() {
    let mut story = Story::supervised();
    let duration = Duration::from_millis(300);
    assert_eq!(story.order(LineOrder::Flash(duration)), [ordered(LineCommand::Flash { duration })]);
    assert_eq!(story.hook(false), []);
    assert_eq!(story.driver(LineEvent::LoopInterruption { duration }), []);
    assert_eq!(story.hook(true), []);
    assert_eq!(story.driver(LineEvent::SignalDone), []);
    assert_eq!(story.line.state(), LineState::OffHook);
}

#[test]
fn after_a_recall_tones_are_told_and_only_after_supervision_they_are_evidence() {
    let mut story = Story::supervised();
    let duration = Duration::from_millis(300);
    assert_eq!(story.order(LineOrder::Recall(duration)), [ordered(LineCommand::Flash { duration })]);
    assert_eq!(story.driver(LineEvent::SignalDone), []);
    for tone in [ProgressTone::Dial, ProgressTone::Busy] {
        assert_eq!(story.heard(tone, 9), [told(LineReport::Progress(LineProgress::Tone(heard(tone, 9))))]);
    }
    assert_eq!(story.order(LineOrder::Supervise), []);
    let evidence = HangUpEvidence::DialTone(heard(ProgressTone::Dial, 1));
    assert_eq!(story.heard(ProgressTone::Dial, 1), [told(LineReport::HungUp(evidence))]);
}

#[test]
fn an_interrupted_loop_ends_a_call_also_after_a_recall() {
    let mut story = Story::supervised();
    story.order(LineOrder::Recall(Duration::from_millis(300)));
    story.driver(LineEvent::SignalDone);
    let out = story.driver(LineEvent::LoopInterruption { duration: Duration::from_millis(500) });
    assert_eq!(out, [told(LineReport::HungUp(HangUpEvidence::LoopInterruption { duration_ms: 500 }))]);
}

fn any_input(rng: &mut Rng) -> LineInput {
    let tone = [ProgressTone::Dial, ProgressTone::Ringback, ProgressTone::Busy, ProgressTone::Congestion];
    let event = |event| LineInput::Driver(event);
    let ms = Duration::from_millis(rng.below(1500));
    match rng.below(26) {
        0 => LineInput::DeviceUp,
        1 => LineInput::DeviceGone,
        2 => event(LineEvent::BatteryUp { millivolts: None }),
        3 => event(LineEvent::BatteryDown),
        4 => event(LineEvent::RingOn { frequency_hz: 25 }),
        5 => event(LineEvent::RingOff { on: ms }),
        6 | 7 => event(LineEvent::Hook { off_hook: rng.chance(500) }),
        8 => event(LineEvent::Polarity { forward: rng.chance(500) }),
        9 => event(LineEvent::LoopInterruption { duration: ms }),
        10 => event(LineEvent::ExtensionPickup),
        11 => event(LineEvent::ExtensionRelease),
        12 => {
            let off_hook = rng.chance(500);
            let microamps = if off_hook { 20_000 } else { 0 };
            event(LineEvent::Measured { millivolts: i32::from(rng.chance(700)) * 48_000, microamps: Some(microamps), off_hook })
        }
        13 => event(LineEvent::CallerId(caller())),
        14 => event(LineEvent::Tone(heard(tone[usize::try_from(rng.below(4)).unwrap()], 3))),
        15 => event(LineEvent::SignalDone),
        16 => event(LineEvent::CommandFailed { status: rng.next_u32().to_le_bytes()[0] % 7 }),
        17 => LineInput::Heard(heard(tone[usize::try_from(rng.below(4)).unwrap()], 4)),
        18 => LineInput::CallerId(caller()),
        19..=21 => LineInput::Order(LineOrder::Seize),
        22 => LineInput::Order(LineOrder::Release),
        23 => LineInput::Order(if rng.chance(500) { LineOrder::Flash(ms) } else { LineOrder::Recall(ms) }),
        24 => LineInput::Order(if rng.chance(500) { LineOrder::Supervise } else { LineOrder::DialPulse("19".to_owned()) }),
        _ => LineInput::Order(LineOrder::OutOfService(rng.chance(300))),
    }
}

/// Checks what the line promises to the gateway, over everything that it ever told.
#[derive(Default)]
struct Promises {
    ringing: bool,
    caller_told: bool,
    seized: bool,
    hung_up: bool,
    seizing: bool,
}

impl Promises {
    fn hear(&mut self, out: &[LineOutput]) {
        for report in reports(out) {
            match report {
                LineReport::Ringing => {
                    assert!(!self.ringing && !self.seized);
                    (self.ringing, self.caller_told) = (true, false);
                }
                LineReport::Caller(_) => {
                    assert!(self.ringing && !self.caller_told);
                    self.caller_told = true;
                }
                LineReport::RingingEnded => assert!(std::mem::take(&mut self.ringing)),
                LineReport::Seized => {
                    assert!(self.seizing && !self.seized);
                    (self.seized, self.hung_up, self.seizing) = (true, false, false);
                }
                LineReport::HungUp(_) => {
                    assert!(self.seized && !self.hung_up);
                    self.hung_up = true;
                }
                LineReport::Released => (self.seized, self.seizing) = (false, false),
                LineReport::State(LineState::Absent) => *self = Promises::default(),
                LineReport::State(LineState::Seizing) => (self.seizing, self.ringing) = (true, false),
                LineReport::Dialed | LineReport::Progress(_) => assert!(self.seized),
                LineReport::SeizeFailed(_) | LineReport::Available | LineReport::StuckOffHook | LineReport::State(_) => {}
            }
        }
    }
}

/// A device that carries out hook orders after a moment, and answers measurements truly.
fn obey(story: &mut Story, relay: &mut bool, out: Vec<LineOutput>) -> Vec<LineOutput> {
    let mut more = Vec::new();
    for output in out {
        let LineOutput::Command(command) = output else { continue };
        let event = match command {
            LineCommand::Seize => LineEvent::Hook { off_hook: true },
            LineCommand::Release | LineCommand::Reset => LineEvent::Hook { off_hook: false },
            LineCommand::Measure => {
                let (millivolts, microamps) = if *relay { (7_000, 20_000) } else { (48_000, 0) };
                LineEvent::Measured { millivolts, microamps: Some(microamps), off_hook: *relay }
            }
            LineCommand::Flash { .. } | LineCommand::DialPulse { .. } => LineEvent::SignalDone,
        };
        if let LineEvent::Hook { off_hook } = event {
            *relay = off_hook;
        }
        more.extend(story.driver(event));
    }
    more
}

fn obey_all(story: &mut Story, relay: &mut bool, mut out: Vec<LineOutput>, promises: &mut Promises) {
    for _ in 0..20 {
        promises.hear(&out);
        out = obey(story, relay, out);
    }
    assert!(out.is_empty(), "line and device never agree: {out:?}");
}

#[test]
fn any_input_in_any_state_keeps_the_line_alive_and_its_promises() {
    for seed in 0..300 {
        let mut rng = Rng::from_seed(seed);
        let (mut story, mut promises, mut relay) = (Story::new(), Promises::default(), false);
        for _ in 0..200 {
            let input = any_input(&mut rng);
            let out = story.tell(input);
            promises.hear(&out);
            if rng.chance(700) {
                let out = obey(&mut story, &mut relay, out);
                promises.hear(&out);
            }
            let pause_ms = if rng.chance(700) { rng.below(300) } else { rng.below(8000) };
            let out = story.wait_ms(pause_ms);
            promises.hear(&out);
        }
        heal(&mut story, &mut relay, &mut promises, seed);
    }
}

/// The device is there, obeys and has battery; nobody orders anything: within 60 s the line is idle.
fn heal(story: &mut Story, relay: &mut bool, promises: &mut Promises, seed: u64) {
    let inputs = [
        LineInput::DeviceUp,
        LineInput::Driver(LineEvent::BatteryUp { millivolts: Some(48_000) }),
        LineInput::Driver(LineEvent::ExtensionRelease),
        LineInput::Order(LineOrder::OutOfService(false)),
    ];
    for input in inputs {
        let out = story.tell(input);
        obey_all(story, relay, out, promises);
    }
    for _ in 0..600 {
        let out = story.wait_ms(100);
        obey_all(story, relay, out, promises);
    }
    assert_eq!(story.line.state(), LineState::Idle, "seed {seed}");
    assert!(!*relay, "seed {seed} left the line seized");
}
