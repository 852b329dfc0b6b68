use std::collections::BTreeMap;

use super::*;
use crate::dsp::FRAME_SAMPLES;
use crate::dsp::callerid::{CallerId, CallerIdSource, Presentation};
use crate::dsp::g711::{ULAW_SILENCE, ulaw_decode};
use crate::fxo::Identity;

/// A modem that answers from a list, and OK to everything else.
struct Script {
    now: Moment,
    driver: ModemDriver,
    answers: BTreeMap<&'static str, &'static str>,
    /// Commands that are not answered.
    deaf_to: Vec<&'static str>,
    asked: Vec<String>,
    /// What else was written: samples and marks.
    raw: Vec<u8>,
    told: Vec<DeviceOutput>,
    typed: Vec<u8>,
    sounding: bool,
    leaves_on: &'static [u8],
}

const CONEXANT_ANSWERS: [(&str, &str); 7] = [
    ("ATI0", "56000"),
    ("ATI3", "CX93001-EIS_V0.2013-V92"),
    ("AT+GMI9", "CONEXANT ACF"),
    ("AT+FCLASS=?", "0,1,1.0,2,8"),
    ("AT+VSM=?", "1,\"UNSIGNED PCM\",8,0,8000,0,0\r\n131,\"ULAW\",8,0,8000,0,0"),
    ("AT+GCI=?", "(00,07,16,B5)"),
    ("AT-TRV", "48.1"),
];

const ROBOTICS_ANSWERS: [(&str, &str); 5] = [
    ("ATI0", "5601"),
    ("ATI3", "U.S. Robotics 56K FAX USB V1.2.23"),
    ("AT+FCLASS=?", "0,1,2.0,8"),
    ("AT+VSM=?", "128,\"8-BIT LINEAR\",(7200,8000,11025)\r\n131,\"8-BIT ULAW\",(8000)"),
    ("AT+GCI=?", "(B5)"),
];

impl Script {
    fn new(answers: &[(&'static str, &'static str)], leaves_on: &'static [u8]) -> Self {
        Script {
            now: Moment::from_secs(1),
            driver: ModemDriver::new(ModemOptions { country: Some(0x16) }),
            answers: answers.iter().copied().collect(),
            deaf_to: Vec::new(),
            asked: Vec::new(),
            raw: Vec::new(),
            told: Vec::new(),
            typed: Vec::new(),
            sounding: false,
            leaves_on,
        }
    }

    fn conexant() -> Self {
        let mut script = Script::new(&CONEXANT_ANSWERS, &[0x10, b'^']);
        script.open();
        script
    }

    fn robotics() -> Self {
        let mut script = Script::new(&ROBOTICS_ANSWERS, &[0x10, 0x03]);
        script.open();
        script
    }

    fn open(&mut self) {
        let mut out = Vec::new();
        self.driver.open(self.now, &mut out);
        self.carry_out(out);
        self.run_ms(2000);
    }

    fn forget(&mut self) {
        self.asked.clear();
        self.told.clear();
        self.raw.clear();
    }

    fn order(&mut self, command: LineCommand) {
        let mut out = Vec::new();
        self.driver.command(PORT, command, self.now, &mut out);
        self.carry_out(out);
    }

    fn says(&mut self, bytes: &[u8]) {
        let mut out = Vec::new();
        self.driver.receive(bytes, self.now, &mut out);
        self.carry_out(out);
    }

    fn run_ms(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while let Some(due) = self.driver.deadline().filter(|due| *due <= end) {
            self.now = due.max(self.now);
            let mut out = Vec::new();
            self.driver.handle_timeout(self.now, &mut out);
            self.carry_out(out);
        }
        self.now = end;
    }

    fn carry_out(&mut self, out: Vec<DeviceOutput>) {
        for output in out {
            match output {
                DeviceOutput::Write(bytes) => self.written(&bytes),
                other => self.told.push(other),
            }
        }
    }

    fn written(&mut self, bytes: &[u8]) {
        if self.sounding {
            self.raw.extend(bytes);
            if bytes == self.leaves_on {
                self.sounding = false;
                self.says(b"\x10\x03\r\nOK\r\n");
            }
            return;
        }
        for byte in bytes {
            if *byte != b'\r' {
                self.typed.push(*byte);
                continue;
            }
            let command = String::from_utf8_lossy(&std::mem::take(&mut self.typed)).into_owned();
            let Some(at) = command.find("AT") else { continue };
            self.answer(&command[at..]);
        }
    }

    fn answer(&mut self, command: &str) {
        self.asked.push(command.to_owned());
        if self.deaf_to.contains(&command) {
            return;
        }
        let answer = match self.answers.get(command) {
            Some(verdict @ (&"ERROR" | &"VCON")) => format!("\r\n{verdict}\r\n"),
            Some(lines) => format!("\r\n{lines}\r\n\r\nOK\r\n"),
            None if command == "AT+VTR" => {
                self.sounding = true;
                "\r\nCONNECT\r\n".to_owned()
            }
            None => "\r\nOK\r\n".to_owned(),
        };
        self.says(answer.as_bytes());
    }

    fn lines(&self) -> Vec<LineEvent> {
        let event = |output: &DeviceOutput| match output {
            DeviceOutput::Line(_, event) => Some(event.clone()),
            _ => None,
        };
        self.told.iter().filter_map(event).collect()
    }

    fn is_silent(&self) -> bool {
        self.told.contains(&DeviceOutput::Silent)
    }

    fn seized() -> Self {
        let mut script = Script::conexant();
        script.order(LineCommand::Seize);
        assert!(script.lines().contains(&LineEvent::Hook { off_hook: true }));
        script.forget();
        script
    }
}

#[test]
fn a_modem_is_asked_what_it_is_and_set_up_to_wait() {
    let script = Script::conexant();
    let identity =
        Identity { model: "CX93001".to_owned(), serial: String::new(), firmware: "CX93001-EIS_V0.2013-V92".to_owned(), ports: 1 };
    assert!(script.told.contains(&DeviceOutput::Up(identity)));
    let lines = script.lines();
    assert!(lines.contains(&LineEvent::BatteryUp { millivolts: Some(48_100) }), "{lines:?}");
    let setting_up = ["AT+GCI=16", "ATM0X3", "AT-STE=7", "AT-SCID=1", "AT+FCLASS=0", "AT+VDR=1,0", "AT+VCID=1", "AT-TRV"];
    assert!(script.asked.ends_with(&setting_up.map(str::to_owned)), "{:?}", script.asked);
}

#[test]
fn a_modem_that_measures_nothing_is_not_asked_to() {
    let mut script = Script::robotics();
    assert!(script.lines().contains(&LineEvent::BatteryUp { millivolts: None }));
    assert!(!script.asked.iter().any(|asked| asked.contains("-TRV") || asked.contains("-STE") || asked.contains("GCI=16")));
    script.forget();
    script.run_ms(60_000);
    assert_eq!(script.asked, vec!["AT"; 20]);
}

#[test]
fn a_modem_without_voice_or_without_a_coding_of_ours_is_unfit() {
    for (question, answer) in [("AT+FCLASS=?", "0,1,1.0,2"), ("AT+VSM=?", "140,\"2 BIT ADPCM\",2,0,8000,0,0")] {
        let mut script = Script::new(&CONEXANT_ANSWERS, &[]);
        script.answers.insert(question, answer);
        script.open();
        assert!(script.told.contains(&DeviceOutput::Unfit), "{:?}", script.told);
        assert!(script.driver.deadline().is_none());
    }
}

#[test]
fn a_ringing_line_is_told_with_its_caller() {
    let mut script = Script::conexant();
    script.forget();
    script.says(b"\r\nRING\r\n");
    script.run_ms(900);
    script.says(b"\r\nDRON=10\r\n");
    script.run_ms(600);
    script.says(b"\r\nDATE = 1126\r\n\r\nTIME = 1640\r\n\r\nNMBR = 1133334444\r\n\r\nNAME = MARIA\r\n");
    script.run_ms(3500);
    script.says(b"\r\nDROF=40\r\n\r\nDRON=10\r\n\r\nRING\r\n");
    let caller = CallerId {
        number: Some("1133334444".to_owned()),
        name: Some("MARIA".to_owned()),
        presentation: Presentation::Allowed,
        category: None,
        source: CallerIdSource::Device,
    };
    let on = Duration::from_secs(1);
    let ring = [LineEvent::RingOn { frequency_hz: 0 }, LineEvent::RingOff { on }];
    assert_eq!(script.lines(), [&ring[..], &[LineEvent::CallerId(caller)], &ring].concat());
    assert!(script.asked.is_empty(), "a ringing line is left alone");
    script.run_ms(6000);
    assert_eq!(script.asked, ["AT-TRV"]);
}

#[test]
fn a_withheld_number_is_told_as_such_and_a_date_alone_as_nothing() {
    let mut script = Script::conexant();
    script.forget();
    script.says(b"\r\nDATE=1126\r\n\r\nTIME=1640\r\n");
    script.run_ms(600);
    assert!(script.lines().is_empty());
    script.says(b"\r\nNMBR = P\r\n");
    script.run_ms(600);
    let lines: Vec<_> = script.lines().into_iter().filter(|event| !matches!(event, LineEvent::Measured { .. })).collect();
    assert!(matches!(&lines[..], [LineEvent::CallerId(CallerId { number: None, presentation: Presentation::Private, .. })]), "{lines:?}");
}

#[test]
fn a_seized_line_carries_sound_both_ways() {
    let mut script = Script::conexant();
    script.forget();
    script.order(LineCommand::Seize);
    let seizing = ["AT+FCLASS=8", "AT+VSM=131,8000", "AT+VSD=0,0", "AT+VIT=0", "AT+VNH=1", "AT+VGT=128", "AT+VLS=1", "AT+VTR"];
    assert_eq!(script.asked, seizing);
    assert_eq!(script.lines(), [LineEvent::Hook { off_hook: true }]);
    assert_eq!(script.raw, [ULAW_SILENCE; 2 * FRAME_SAMPLES], "two frames ahead");
    script.forget();

    // Every code comes through, and the loud one that looks like a mark.
    let mut wire = Vec::new();
    for code in 0..=255_u8 {
        wire.extend(if code == 0x10 { vec![0x10, 0x10] } else { vec![code] });
    }
    wire.extend([0x10, 0x1A]);
    wire.extend([ULAW_SILENCE; 62]);
    script.says(&wire);
    let heard: Vec<i16> = script
        .told
        .iter()
        .flat_map(|told| match told {
            DeviceOutput::Audio(_, frame) => frame.0.to_vec(),
            _ => Vec::new(),
        })
        .collect();
    let expected = (0..=255).chain([0x10, 0x10]).chain([ULAW_SILENCE; 62]).map(ulaw_decode);
    assert_eq!(heard, expected.collect::<Vec<_>>());

    let mut out = Vec::new();
    let loud = Frame([ulaw_decode(0x10); FRAME_SAMPLES]);
    script.driver.play(PORT, &loud, script.now, &mut out);
    assert_eq!(out, [DeviceOutput::Write([0x10; 2 * FRAME_SAMPLES].to_vec())]);
}

#[test]
fn what_happens_on_the_line_stands_between_the_samples() {
    let mut script = Script::seized();
    script.says(b"\x10l\x10P\x10p\x10b\x10u");
    assert_eq!(
        script.lines(),
        [LineEvent::LoopInterruption { duration: LOOP_INTERRUPTION }, LineEvent::ExtensionPickup, LineEvent::ExtensionRelease]
    );
    assert_eq!(script.raw, [ULAW_SILENCE; 2 * FRAME_SAMPLES], "it ran dry, and gets something ahead again");
    assert_eq!(script.driver.counters().underruns, 1);
}

#[test]
fn a_release_ends_the_samples_first_and_then_waits_for_calls() {
    let mut script = Script::seized();
    script.order(LineCommand::Release);
    assert_eq!(script.raw, [0x10, b'^']);
    assert_eq!(script.asked, ["AT+VLS=0", "ATH", "AT+FCLASS=0", "AT+VDR=1,0", "AT+VCID=1", "AT-TRV"]);
    let lines = script.lines();
    assert_eq!(lines[0], LineEvent::Hook { off_hook: false });
    assert!(matches!(lines.last(), Some(LineEvent::Measured { off_hook: false, .. })));
    script.forget();
    script.order(LineCommand::Release);
    assert_eq!(script.lines(), [LineEvent::Hook { off_hook: false }], "a second order is confirmed at once");
}

#[test]
fn a_modem_that_wants_the_mark_three_times_gets_it() {
    let mut script = Script::seized();
    script.leaves_on = &[0x10, 0x10, 0x10, b'^'];
    script.order(LineCommand::Release);
    assert!(script.lines().is_empty());
    script.run_ms(500);
    assert_eq!(script.raw, [0x10, b'^', 0x10, 0x10, 0x10, b'^']);
    assert!(script.lines().contains(&LineEvent::Hook { off_hook: false }));
}

#[test]
fn a_swallowed_ok_holds_nothing_up() {
    let mut script = Script::seized();
    script.leaves_on = &[];
    script.order(LineCommand::Release);
    script.sounding = false;
    script.says(b"\x10\x03");
    script.run_ms(500);
    assert!(script.lines().contains(&LineEvent::Hook { off_hook: false }));
}

#[test]
fn a_modem_that_never_leaves_is_given_up_so_that_its_port_is_closed() {
    let mut script = Script::seized();
    script.leaves_on = &[];
    script.order(LineCommand::Release);
    script.run_ms(1400);
    assert!(!script.is_silent());
    script.run_ms(200);
    assert!(script.is_silent());
}

#[test]
fn a_release_on_the_way_off_hook_is_obeyed_wherever_it_comes() {
    for deaf in ["AT+FCLASS=8", "AT+VIT=0", "AT+VLS=1", "AT+VTR"] {
        let mut script = Script::conexant();
        script.deaf_to = vec![deaf];
        script.forget();
        script.order(LineCommand::Seize);
        script.order(LineCommand::Release);
        script.deaf_to.clear();
        assert!(script.lines().is_empty(), "{deaf}");
        if deaf == "AT+VTR" {
            script.sounding = true;
            script.says(b"\r\nCONNECT\r\n");
        } else {
            script.says(b"\r\nOK\r\n");
        }
        script.run_ms(100);
        assert!(!script.lines().contains(&LineEvent::Hook { off_hook: true }), "{deaf}");
        assert!(script.lines().contains(&LineEvent::Hook { off_hook: false }), "{deaf}: {:?}", script.lines());
        assert!(!script.sounding, "{deaf}");
        assert!(script.asked.contains(&"AT+VCID=1".to_owned()), "{deaf}: {:?}", script.asked);
    }
}

#[test]
fn a_line_wanted_again_while_it_is_released_is_taken_when_that_is_done() {
    let mut script = Script::seized();
    script.deaf_to = vec!["ATH"];
    script.order(LineCommand::Release);
    script.order(LineCommand::Seize);
    script.deaf_to.clear();
    script.forget();
    script.says(b"\r\nOK\r\n");
    assert!(script.lines().contains(&LineEvent::Hook { off_hook: true }), "{:?}", script.asked);
}

#[test]
fn a_refused_seizure_is_told_and_released() {
    for refused in ["AT+FCLASS=8", "AT+VSM=131,8000", "AT+VLS=1", "AT+VTR"] {
        let mut script = Script::conexant();
        script.answers.insert(refused, "ERROR");
        script.forget();
        script.order(LineCommand::Seize);
        let lines = script.lines();
        assert_eq!(lines[..2], [LineEvent::CommandFailed { status: REFUSED }, LineEvent::Hook { off_hook: false }], "{refused}");
        assert!(!script.asked.contains(&"AT+VTR".to_owned()) || refused == "AT+VTR", "{refused}: {:?}", script.asked);
    }
}

#[test]
fn a_flash_and_pulse_digits_pause_the_sound() {
    let mut script = Script::seized();
    script.order(LineCommand::Flash { duration: Duration::from_millis(305) });
    assert_eq!(script.asked, ["AT+VTS={!,31}", "AT+VTR"]);
    assert_eq!(script.lines(), [LineEvent::SignalDone]);
    script.forget();
    script.answers.insert("ATDP0123;", "VCON");
    script.order(LineCommand::DialPulse { digits: "0123".to_owned() });
    assert_eq!(script.asked, ["AT+VRN=0", "ATDP0123;", "AT+VTR"]);
    assert_eq!(script.lines(), [LineEvent::SignalDone]);
    assert!(script.sounding);
}

#[test]
fn what_was_left_in_the_modem_is_ended_before_it_is_spoken_to() {
    let mut script = Script::new(&CONEXANT_ANSWERS, &[]);
    let mut out = Vec::new();
    script.driver.open(script.now, &mut out);
    script.carry_out(out);
    // Samples of the last owner's call, with something in them that looks like the beginning of a packet.
    script.says(&[0x7F, 0x10, b'X', 0x33, 0x10, 0x10, 0xFF]);
    script.says(b"\x10\x03\r\nOK\r\n");
    script.typed.clear();
    script.run_ms(2000);
    assert!(script.told.iter().any(|told| matches!(told, DeviceOutput::Up(_))), "{:?}", script.told);
}

#[test]
fn a_modem_that_thinks_it_carries_data_is_called_back() {
    let mut script = Script::new(&CONEXANT_ANSWERS, &[]);
    script.deaf_to = vec!["AT"];
    let mut out = Vec::new();
    script.driver.open(script.now, &mut out);
    script.carry_out(out);
    script.run_ms(2_500);
    assert!(script.typed.ends_with(b"+++"), "{:?}", script.typed);
    script.typed.clear();
    script.deaf_to.clear();
    script.run_ms(2_000);
    assert!(script.told.iter().any(|told| matches!(told, DeviceOutput::Up(_))), "{:?}", script.told);
}

#[test]
fn a_modem_that_says_nothing_is_given_up_within_eight_seconds() {
    let mut script = Script::new(&CONEXANT_ANSWERS, &[]);
    script.deaf_to = vec!["AT"];
    script.open();
    script.run_ms(6_000);
    assert!(script.is_silent());
    assert_eq!(script.driver.deadline(), None);
}

#[test]
fn a_modem_that_stops_answering_is_given_up() {
    let mut script = Script::conexant();
    script.deaf_to = vec!["AT-TRV"];
    script.run_ms(5_000);
    assert!(!script.is_silent());
    script.run_ms(2_000);
    assert!(script.is_silent());
    assert_eq!((script.driver.counters().retries, script.driver.counters().timeouts), (1, 1));
}

#[test]
fn the_line_voltage_tells_of_the_cable_and_of_a_parallel_telephone() {
    let mut script = Script::conexant();
    script.forget();
    for volts in ["1.4", "48.0", "8.2", "-47.9"] {
        script.answers.insert("AT-TRV", volts);
        script.run_ms(3_000);
    }
    let news: Vec<_> = script.lines().into_iter().filter(|event| !matches!(event, LineEvent::Measured { .. })).collect();
    assert_eq!(
        news,
        [
            LineEvent::BatteryDown,
            LineEvent::BatteryUp { millivolts: Some(48_000) },
            LineEvent::ExtensionPickup,
            LineEvent::ExtensionRelease
        ]
    );
}

#[test]
fn a_reset_begins_from_nothing_and_ends_on_hook() {
    let mut script = Script::seized();
    script.sounding = false;
    script.order(LineCommand::Reset);
    script.run_ms(2_000);
    assert!(script.lines().contains(&LineEvent::Hook { off_hook: false }));
    assert!(!script.told.iter().any(|told| matches!(told, DeviceOutput::Up(_))), "it is known already");
}

#[test]
fn random_bytes_break_nothing() {
    for seed in 0..200 {
        let mut rng = crate::rng::Rng::from_seed(seed);
        let mut script = if seed % 2 == 0 { Script::seized() } else { Script::conexant() };
        for _ in 0..50 {
            let bytes: Vec<u8> = (0..rng.below(64)).map(|_| rng.next_u32().to_le_bytes()[0]).collect();
            script.says(&bytes);
            let order = match rng.below(6) {
                0 => LineCommand::Seize,
                1 => LineCommand::Release,
                2 => LineCommand::Measure,
                3 => LineCommand::Flash { duration: Duration::from_millis(300) },
                _ => continue,
            };
            script.order(order);
            script.run_ms(rng.below(3_000));
        }
        script.told.clear();
    }
}
