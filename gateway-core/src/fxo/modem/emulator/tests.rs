use super::*;

struct Desk {
    modem: Modem,
    now: Moment,
    line: LineStatus,
    sent: Vec<u8>,
    relays: Vec<bool>,
    sounded: Vec<Frame>,
    due: usize,
}

impl Desk {
    fn new(traits: ModemTraits) -> Self {
        let line = LineStatus { millivolts: 48_100, ..LineStatus::default() };
        Desk {
            modem: Modem::new(traits),
            now: Moment::from_secs(1),
            line,
            sent: Vec::new(),
            relays: Vec::new(),
            sounded: Vec::new(),
            due: 0,
        }
    }

    fn with(&mut self, act: impl FnOnce(&mut Modem, Moment, &mut Vec<ModemOutput>)) {
        let mut out = Vec::new();
        act(&mut self.modem, self.now, &mut out);
        for output in out {
            match output {
                ModemOutput::Write(bytes) => self.sent.extend(bytes),
                ModemOutput::Relay(closed) => self.relays.push(closed),
                ModemOutput::Sounded(frame) => self.sounded.push(frame),
                ModemOutput::FrameDue => {
                    self.due += 1;
                    let mut heard = Vec::new();
                    self.modem.heard(&Frame::SILENCE, &mut heard);
                    for output in heard {
                        if let ModemOutput::Write(bytes) = output {
                            self.sent.extend(bytes);
                        }
                    }
                }
            }
        }
    }

    fn type_bytes(&mut self, bytes: &[u8]) {
        let line = self.line;
        self.with(|modem, now, out| modem.receive(bytes, &line, now, out));
    }

    fn run_ms(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while let Some(due) = self.modem.deadline().filter(|due| *due <= end) {
            self.now = due.max(self.now);
            self.with(|modem, now, out| modem.handle_timeout(now, out));
        }
        self.now = end;
    }

    /// A command line and what comes of it within five seconds.
    fn ask(&mut self, command: &str) -> String {
        self.sent.clear();
        self.type_bytes(format!("{command}\r").as_bytes());
        self.run_ms(5_000);
        String::from_utf8_lossy(&self.sent).replace("\r\n", "|").replace("||", "|")
    }

    /// Off hook, samples both ways.
    fn talking(traits: ModemTraits) -> Self {
        let mut desk = Desk::new(traits);
        for command in ["ATE0", "AT+FCLASS=8", "AT+VSM=131,8000", "AT+VLS=1"] {
            assert!(desk.ask(command).ends_with("|OK|"), "{command}");
        }
        desk.sent.clear();
        desk.type_bytes(b"AT+VTR\r");
        assert_eq!(desk.sent, b"\r\nCONNECT\r\n");
        desk.sent.clear();
        desk
    }
}

const CONEXANT: ModemModel = ModemModel::Conexant;
const ROBOTICS: ModemModel = ModemModel::UsRobotics;

/// Commands and answers as the manuals have them.
const DIALOGUE: &[(ModemModel, &str, &str)] = &[
    (CONEXANT, "ATI0", "|56000|OK|"),
    (ROBOTICS, "ATI0", "|5601|OK|"),
    (CONEXANT, "at i3", "|CX93001-EIS_V0.2013-V92|OK|"),
    (CONEXANT, "AT+GMI9", "|CONEXANT ACF|OK|"),
    (ROBOTICS, "AT+GMI9", "|ERROR|"),
    (CONEXANT, "AT+FCLASS=?", "|0,1,1.0,2,8|OK|"),
    (CONEXANT, "AT+FCLASS?", "|0|OK|"),
    (CONEXANT, "AT+FCLASS=8;+VSM=131,8000;+FCLASS?", "|8|OK|"),
    (CONEXANT, "ATM0X3&K3S0=0", "|OK|"),
    (CONEXANT, "AT-TRV", "|48.1|OK|"),
    (ROBOTICS, "AT-TRV", "|ERROR|"),
    (CONEXANT, "AT-STE=7", "|OK|"),
    (ROBOTICS, "AT-STE=7", "|ERROR|"),
    (CONEXANT, "AT+GCI=16", "|OK|"),
    (CONEXANT, "AT+GCI=99", "|ERROR|"),
    (CONEXANT, "AT+VTR=?", "|ERROR|"),
    (CONEXANT, "AT+VTR", "|ERROR|"),
    (CONEXANT, "AT+VLS=1", "|ERROR|"),
    (CONEXANT, "AT+VSM=131,7200", "|ERROR|"),
    (CONEXANT, "AT+NONSENSE", "|ERROR|"),
    (CONEXANT, "noise ATI0", "|56000|OK|"),
    (CONEXANT, "no command", ""),
];

#[test]
fn commands_are_answered_as_the_manuals_say() {
    for (model, command, answer) in DIALOGUE {
        let mut desk = Desk::new(ModemTraits::of(*model));
        desk.ask("ATE0");
        assert_eq!(desk.ask(command), *answer, "{model:?} {command}");
    }
}

#[test]
fn what_is_typed_comes_back_until_it_shall_not() {
    let mut desk = Desk::new(ModemTraits::of(CONEXANT));
    assert_eq!(desk.ask("ATE0"), "ATE0\r|OK|");
    assert_eq!(desk.ask("AT"), "|OK|");
    assert!(desk.ask("ATZ").ends_with("|OK|"));
    assert_eq!(desk.ask("AT"), "AT\r|OK|");
}

#[test]
fn a_ring_is_told_as_text_and_in_voice_as_a_mark() {
    let mut desk = Desk::new(ModemTraits::of(CONEXANT));
    desk.ask("ATE0+VDR=1,0;+VCID=1");
    desk.sent.clear();
    let id = CallerId {
        number: Some("1133334444".to_owned()),
        name: Some("MARIA".to_owned()),
        presentation: Presentation::Allowed,
        category: None,
        source: crate::dsp::callerid::CallerIdSource::Dtmf,
    };
    desk.with(|modem, now, out| modem.report(&LineEvent::RingOn { frequency_hz: 25 }, now, out));
    desk.with(|modem, now, out| modem.report(&LineEvent::RingOff { on: Duration::from_secs(1) }, now, out));
    desk.with(|modem, _, out| modem.caller(&id, out));
    let said = String::from_utf8(std::mem::take(&mut desk.sent)).unwrap();
    let lines: Vec<&str> = said.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines, ["RING", "DRON=10", "DATE = 1126", "TIME = 1640", "NMBR = 1133334444", "NAME = MARIA"]);
    desk.ask("AT+FCLASS=8");
    desk.sent.clear();
    desk.with(|modem, now, out| modem.report(&LineEvent::RingOn { frequency_hz: 25 }, now, out));
    assert_eq!(desk.sent, [0x10, b'R']);
}

#[test]
fn samples_flow_at_eight_thousand_a_second() {
    let mut desk = Desk::talking(ModemTraits::of(CONEXANT));
    desk.run_ms(60_000);
    assert_eq!((desk.due, desk.sent.len()), (3000, 480_000));
    assert_eq!(desk.sounded.len(), 3000);
}

#[test]
fn every_value_of_a_sample_goes_both_ways() {
    let mut desk = Desk::talking(ModemTraits::of(CONEXANT));
    let mut typed = Vec::new();
    for code in 0..=255_u8 {
        typed.extend(if code == 0x10 { vec![0x10, 0x10] } else { vec![code] });
    }
    typed.extend([0x10, 0x1A]);
    typed.extend([0xFF; 62]);
    desk.type_bytes(&typed);
    desk.run_ms(40);
    let heard: Vec<i16> = desk.sounded.iter().flat_map(|frame| frame.0).collect();
    let expected: Vec<i16> = (0..=255).chain([0x10, 0x10]).chain([0xFF; 62]).map(ulaw_decode).collect();
    assert_eq!(heard, expected);
    desk.sent.clear();
    desk.with(|modem, _, out| modem.heard(&Frame([ulaw_decode(0x10); FRAME_SAMPLES]), out));
    assert_eq!(desk.sent, [0x10; 2 * FRAME_SAMPLES]);
}

#[test]
fn a_modem_that_runs_dry_says_so_once() {
    let mut desk = Desk::talking(ModemTraits::of(CONEXANT));
    desk.type_bytes(&[0x41; FRAME_SAMPLES]);
    desk.run_ms(200);
    assert_eq!(desk.sent.windows(2).filter(|pair| *pair == [0x10, b'u']).count(), 1);
}

#[test]
fn each_make_ends_its_samples_in_its_own_way() {
    let plain = ModemTraits::of(CONEXANT);
    let triple = ModemTraits { triple_dle: true, ..plain };
    let cases: [(ModemTraits, &[u8], bool); 6] = [
        (plain, &[0x10, b'^'], true),
        (plain, &[0x10, 0x03], false),
        (plain, &[0x10, 0x10, 0x10, b'^'], true),
        (triple, &[0x10, b'^'], false),
        (triple, &[0x10, 0x10, 0x10, b'^'], true),
        (ModemTraits::of(ROBOTICS), &[0x10, 0x03], true),
    ];
    for (traits, typed, ends) in cases {
        let mut desk = Desk::talking(traits);
        desk.type_bytes(typed);
        assert_eq!(desk.sent == b"\x10\x03\r\nOK\r\n", ends, "{traits:?} {typed:?}");
        assert!(desk.modem.is_off_hook());
    }
}

#[test]
fn the_line_is_let_go_by_every_command_that_says_so() {
    for command in ["AT+VLS=0", "ATH", "AT+FCLASS=0", "ATZ"] {
        let mut desk = Desk::talking(ModemTraits::of(CONEXANT));
        desk.type_bytes(&[0x10, b'^']);
        desk.ask(command);
        assert_eq!(desk.relays, [true, false], "{command}");
    }
    let mut desk = Desk::talking(ModemTraits::of(CONEXANT));
    desk.with(|modem, _, out| modem.drop_dtr(out));
    assert_eq!(desk.relays, [true, false]);
    assert_eq!(desk.ask("AT"), "|OK|");
}

#[test]
fn a_flash_and_pulses_move_the_contact_in_time() {
    let mut desk = Desk::talking(ModemTraits::of(CONEXANT));
    desk.type_bytes(&[0x10, b'^']);
    assert_eq!(desk.ask("AT+VTS={!,30}"), "|OK|");
    assert_eq!(desk.relays, [true, false, true]);
    desk.relays.clear();
    assert_eq!(desk.ask("ATDP3;"), "|VCON|");
    assert_eq!(desk.relays.iter().filter(|closed| !**closed).count(), 3);
    assert_eq!(desk.relays.last(), Some(&true));
}

#[test]
fn sound_in_one_direction_is_there_for_others() {
    let mut desk = Desk::new(ModemTraits::of(CONEXANT));
    for command in ["ATE0", "AT+FCLASS=8", "AT+VSM=131", "AT+VLS=1"] {
        desk.ask(command);
    }
    desk.sent.clear();
    desk.type_bytes(b"AT+VTX\r");
    desk.type_bytes(&[0x55; 320]);
    desk.run_ms(40);
    desk.type_bytes(&[0x10, 0x03]);
    assert_eq!((desk.due, desk.sounded.len()), (0, 2));
    desk.sent.clear();
    desk.type_bytes(b"AT+VRX\r");
    desk.run_ms(40);
    desk.type_bytes(&[0x10, b'!']);
    assert!(desk.sent.ends_with(b"\x10\x03\r\nOK\r\n"));
    assert_eq!(desk.due, 2);
}

#[test]
fn random_bytes_break_nothing_and_nothing_grows() {
    for seed in 0..200 {
        let mut rng = crate::rng::Rng::from_seed(seed);
        let mut desk = if seed % 2 == 0 { Desk::talking(ModemTraits::of(CONEXANT)) } else { Desk::new(ModemTraits::of(ROBOTICS)) };
        for _ in 0..200 {
            let bytes: Vec<u8> = (0..rng.below(256)).map(|_| rng.next_u32().to_le_bytes()[0]).collect();
            desk.type_bytes(&bytes);
            desk.run_ms(rng.below(50));
            assert!(desk.modem.playout.len() <= MOST_PLAYOUT && desk.modem.command.len() <= LONGEST_COMMAND);
            desk.sent.clear();
            desk.sounded.clear();
        }
    }
}
