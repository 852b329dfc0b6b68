use super::*;
use crate::dsp::level::dbm0_of;
use crate::fxo::simulator::act::{IncomingCall, Sound};

const PORT: PortId = PortId(0);

struct Hall {
    exchange: Exchange,
    now: Moment,
    out: Vec<ExchangeOutput>,
}

impl Hall {
    fn new() -> Self {
        let config = ExchangeConfig { hybrid_loss_db: None, noise_dbm0: None, ..ExchangeConfig::brazil(1) };
        Hall { exchange: Exchange::new(config, Rng::from_seed(1)), now: Moment::from_secs(10), out: Vec::new() }
    }

    fn off_hook() -> Self {
        let mut hall = Hall::new();
        hall.relay(true);
        hall.wait_ms(300);
        assert_eq!(hall.exchange.sound(PORT), LineSound::DialTone);
        hall
    }

    fn relay(&mut self, closed: bool) {
        self.exchange.relay(PORT, closed, self.now, &mut self.out);
    }

    fn act(&mut self, act: LineAct) {
        self.exchange.act(PORT, act, self.now, &mut self.out);
    }

    fn dial(&mut self, digits: &str) {
        self.exchange.dial(PORT, digits, self.now, &mut self.out);
    }

    fn wait_ms(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while let Some(due) = self.exchange.deadline().filter(|due| *due <= end) {
            assert!(due >= self.now);
            self.now = due;
            self.exchange.handle_timeout(due, &mut self.out);
            assert!(self.exchange.deadline().is_none_or(|next| next > due), "a timer that does not move");
        }
        self.now = end;
    }

    fn noticed(&self) -> Vec<ExchangeEvent> {
        let events = self.out.iter().filter_map(|output| match output {
            ExchangeOutput::Event(_, event) => Some(event.clone()),
            ExchangeOutput::Electrical(..) | ExchangeOutput::Sound(..) => None,
        });
        events.collect()
    }

    fn electrical(&self) -> Vec<LineEvent> {
        let events = self.out.iter().filter_map(|output| match output {
            ExchangeOutput::Electrical(_, event) => Some(event.clone()),
            ExchangeOutput::Event(..) | ExchangeOutput::Sound(..) => None,
        });
        events.collect()
    }
}

fn call() -> IncomingCall {
    IncomingCall { from: Some("12345678".to_owned()), caller_id: Some(CallerIdSending::Never), ..IncomingCall::default() }
}

#[test]
fn every_line_is_told_its_battery_at_the_first_look() {
    let mut out = Vec::new();
    Hall::new().exchange.look(&mut out);
    assert_eq!(out, [ExchangeOutput::Electrical(PORT, LineEvent::BatteryUp { millivolts: Some(48_000) })]);
}

#[test]
fn ringing_follows_the_cadence_and_a_caller_does_not_ring_for_ever() {
    let mut hall = Hall::new();
    hall.act(LineAct::Ring(call()));
    hall.wait_ms(10_500);
    let on = LineEvent::RingOn { frequency_hz: 25 };
    let off = LineEvent::RingOff { on: Duration::from_secs(1) };
    assert_eq!(hall.electrical(), [on.clone(), off.clone(), on.clone(), off, on]);
    hall.wait_ms(300_000);
    assert!(hall.noticed().contains(&ExchangeEvent::RingingStopped));
    assert_eq!(hall.exchange.deadline(), None);
}

#[test]
fn a_short_grasp_is_no_answer_and_a_longer_one_is() {
    let mut hall = Hall::new();
    hall.act(LineAct::Ring(call()));
    hall.wait_ms(500);
    hall.relay(true);
    hall.wait_ms(100);
    hall.relay(false);
    hall.wait_ms(2000);
    assert!(!hall.noticed().contains(&ExchangeEvent::Connected));
    hall.relay(true);
    hall.wait_ms(200);
    assert!(hall.noticed().contains(&ExchangeEvent::Connected));
    hall.relay(false);
    hall.wait_ms(1900);
    assert!(!hall.noticed().contains(&ExchangeEvent::Released), "a called subscriber may lift again");
    hall.wait_ms(200);
    assert!(hall.noticed().contains(&ExchangeEvent::Released));
}

#[test]
fn a_line_that_never_dials_gets_congestion_and_one_without_dial_tone_gets_nothing() {
    let mut hall = Hall::off_hook();
    hall.wait_ms(20_000);
    assert_eq!(hall.exchange.sound(PORT), LineSound::Congestion);
    let mut hall = Hall::new();
    hall.act(LineAct::DialTone { present: false });
    hall.relay(true);
    hall.wait_ms(5000);
    assert_eq!(hall.exchange.sound(PORT), LineSound::Quiet);
    hall.dial("100");
    assert!(hall.noticed().contains(&ExchangeEvent::Dialed { number: "100".to_owned() }));
}

#[test]
fn digits_stop_the_dial_tone_and_a_hash_completes_a_number() {
    let mut hall = Hall::off_hook();
    hall.dial("5,5");
    assert_eq!(hall.exchange.sound(PORT), LineSound::Quiet);
    hall.dial("#");
    assert!(hall.noticed().contains(&ExchangeEvent::Dialed { number: "55".to_owned() }));
    hall.dial("99");
    let dialed = hall.noticed().into_iter().filter(|event| matches!(event, ExchangeEvent::Dialed { .. })).count();
    assert_eq!(dialed, 1, "digits after the number are only heard");
}

#[test]
fn a_number_may_have_a_script_of_its_own() {
    let mut hall = Hall::new();
    hall.exchange.config.numbers.insert("190".to_owned(), Script::Busy);
    hall.relay(true);
    hall.wait_ms(300);
    hall.dial("190");
    hall.wait_ms(600);
    assert_eq!(hall.exchange.sound(PORT), LineSound::Busy);
}

#[test]
fn a_person_answers_hangs_up_and_the_line_says_how() {
    use HangUpHow::{BusyTone, CongestionTone, DialTone, Interruption, Polarity, Silent};
    let interruption = Interruption { ms: 400 };
    for how in [BusyTone, CongestionTone, DialTone, Silent, Polarity, interruption] {
        let mut hall = Hall::off_hook();
        hall.dial("102");
        hall.wait_ms(600);
        hall.act(LineAct::Answer { polarity: true });
        assert!(hall.electrical().contains(&LineEvent::Polarity { forward: false }));
        hall.out.clear();
        hall.act(LineAct::HangUp { how: Some(how) });
        assert_eq!(hall.noticed(), [ExchangeEvent::FarEndHungUp]);
        let cut = hall.exchange.line_status(PORT).tenths_ma == 0;
        assert_eq!(cut, how == interruption);
        hall.wait_ms(1000);
        let sound = match how {
            BusyTone | HangUpHow::InterruptionAndBusyTone { .. } => LineSound::Busy,
            CongestionTone => LineSound::Congestion,
            DialTone => LineSound::DialTone,
            Silent | Polarity | Interruption { .. } => LineSound::Quiet,
        };
        assert_eq!(hall.exchange.sound(PORT), sound);
        let told: Vec<LineEvent> = match how {
            Polarity => vec![LineEvent::Polarity { forward: true }],
            Interruption { .. } => vec![LineEvent::LoopOpened, LineEvent::LoopInterruption { duration: Duration::from_millis(400) }],
            _ => Vec::new(),
        };
        assert_eq!(hall.electrical(), told);
        hall.relay(false);
        hall.wait_ms(900);
        assert!(hall.exchange.line_status(PORT).forward, "the polarity is as it was");
    }
}

#[test]
fn a_cable_that_is_out_carries_no_ringing_and_no_sound() {
    let mut hall = Hall::new();
    hall.act(LineAct::Ring(call()));
    hall.wait_ms(500);
    hall.act(LineAct::CableOut);
    let cut_short = LineEvent::RingOff { on: Duration::from_millis(500) };
    assert!(hall.electrical().contains(&cut_short));
    hall.out.clear();
    hall.wait_ms(10_000);
    assert_eq!(hall.electrical(), []);
    assert_eq!(hall.exchange.line_status(PORT).millivolts, 0);
    hall.act(LineAct::CableIn);
    hall.wait_ms(5000);
    assert!(hall.electrical().contains(&LineEvent::RingOn { frequency_hz: 25 }));
}

#[test]
fn a_line_without_current_is_quiet_and_sounds_again_when_it_is_back() {
    let mut hall = Hall::off_hook();
    let loudest = |hall: &mut Hall| (0..12).flat_map(|_| hall.exchange.line_frame(PORT).0).max();
    assert!(loudest(&mut hall) > Some(1000));
    hall.act(LineAct::Interrupt { ms: 100 });
    assert_eq!(loudest(&mut hall), Some(0));
    hall.wait_ms(100);
    assert!(loudest(&mut hall) > Some(1000));
}

#[test]
fn a_flash_puts_the_far_end_aside_and_the_next_one_brings_it_back() {
    let mut hall = Hall::off_hook();
    hall.dial("100");
    hall.wait_ms(3000);
    let flash = |hall: &mut Hall| {
        hall.relay(false);
        hall.wait_ms(300);
        hall.relay(true);
        hall.wait_ms(300);
    };
    flash(&mut hall);
    assert!(matches!(hall.exchange.sound(PORT), LineSound::FarEnd(_)), "an exchange without recall takes no notice");
    hall.act(LineAct::Recall { present: true });
    flash(&mut hall);
    assert_eq!(hall.exchange.sound(PORT), LineSound::DialTone);
    hall.dial("101");
    hall.wait_ms(600);
    assert_eq!(hall.exchange.sound(PORT), LineSound::Busy);
    flash(&mut hall);
    assert!(matches!(hall.exchange.sound(PORT), LineSound::FarEnd(_)));
    flash(&mut hall);
    hall.dial("102");
    hall.wait_ms(600);
    hall.relay(false);
    hall.wait_ms(1000);
    for wanted in [ExchangeEvent::Held, ExchangeEvent::Retrieved, ExchangeEvent::Transferred] {
        assert!(hall.noticed().contains(&wanted), "no {wanted:?}");
    }
}

#[test]
fn a_recording_is_repeated_and_what_the_far_end_says_can_change() {
    let mut hall = Hall::off_hook();
    hall.dial("100");
    hall.wait_ms(3000);
    let samples: Vec<i16> = (0..100).collect();
    hall.act(LineAct::Speak { sound: Sound::Recording { samples: samples.into() } });
    let frame = hall.exchange.line_frame(PORT);
    assert_eq!((frame.0[0], frame.0[99], frame.0[100], frame.0[159]), (0, 99, 0, 59));
    assert_eq!(hall.exchange.line_frame(PORT).0[0], 60);
    for (sound, dbm0) in [(Sound::Milliwatt, 0.0), (Sound::Tone { frequency_hz: 440.0, level_dbm0: -20.0 }, -20.0)] {
        hall.act(LineAct::Speak { sound });
        let samples: Vec<i16> = (0..50).flat_map(|_| hall.exchange.line_frame(PORT).0).collect();
        assert!((dbm0_of(&samples) - dbm0).abs() < 0.2);
    }
    hall.act(LineAct::Speak { sound: Sound::Speech });
    let samples: Vec<i16> = (0..250).flat_map(|_| hall.exchange.line_frame(PORT).0).collect();
    assert!((-35.0..-10.0).contains(&dbm0_of(&samples)));
    hall.act(LineAct::Speak { sound: Sound::Silence });
    assert_eq!(hall.exchange.line_frame(PORT), Frame::SILENCE);
    hall.act(LineAct::Speak { sound: Sound::Recording { samples: Vec::new().into() } });
    assert_eq!(hall.exchange.line_frame(PORT), Frame::SILENCE);
}

#[test]
fn any_acts_in_any_order_leave_a_line_that_can_be_given_back() {
    for seed in 0..200 {
        let mut rng = Rng::from_seed(seed);
        let mut hall = Hall::new();
        for _ in 0..100 {
            match rng.below(14) {
                0..=2 => hall.relay(rng.chance(500)),
                3 => hall.act(LineAct::Ring(IncomingCall { cadence_ms: Some(vec![]), ..call() })),
                4 => hall.act(LineAct::Ring(IncomingCall::default())),
                5 => hall.act(LineAct::StopRinging),
                6 => hall.act(LineAct::Answer { polarity: rng.chance(500) }),
                7 => hall.act(LineAct::HangUp { how: None }),
                8 => hall.act(if rng.chance(300) { LineAct::CableOut } else { LineAct::CableIn }),
                9 => hall.act(LineAct::Extension { off_hook: rng.chance(500) }),
                10 => hall.act(LineAct::Interrupt { ms: u32::try_from(rng.below(900)).unwrap() }),
                11 => hall.act(LineAct::Reverse),
                12 => hall.dial("10a"),
                _ => hall.dial(&rng.below(200).to_string()),
            }
            hall.exchange.line_frame(PORT);
            hall.wait_ms(rng.below(1500));
        }
        for act in [LineAct::CableIn, LineAct::Extension { off_hook: false }, LineAct::StopRinging] {
            hall.act(act);
        }
        hall.relay(false);
        hall.wait_ms(5000);
        assert_eq!(hall.exchange.sound(PORT), LineSound::Quiet, "seed {seed}");
        assert_eq!(hall.exchange.line_status(PORT).millivolts.abs(), 48_000, "seed {seed}");
        assert_eq!(hall.exchange.deadline(), None, "seed {seed}");
        hall.relay(true);
        hall.wait_ms(300);
    }
}
