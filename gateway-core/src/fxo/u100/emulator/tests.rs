pub(in crate::fxo) mod host;

use self::host::{Ear, chunk, group, read_cpu, read_fxo, write_cpu, write_fxo};
use super::*;
use crate::dsp::g711::{alaw_encode, ulaw_encode};
use crate::rng::Rng;

const SILENT: [u8; 2] = [0xFF, 0xFF];

/// A device on a desk: its lines are what the test says.
struct Desk {
    device: U100,
    now: Moment,
    lines: [LineStatus; 2],
    heard: [Frame; 2],
    /// All that it sent.
    sent: Vec<u8>,
    ear: Ear,
    relays: Vec<(PortId, bool)>,
    sounded: [Vec<i16>; 2],
}

impl Desk {
    fn with_traits(traits: U100Traits) -> Self {
        let mut desk = Desk {
            device: U100::new(traits, Moment::from_secs(1)),
            now: Moment::from_secs(1),
            lines: [LineStatus { millivolts: 48_000, forward: true, ..LineStatus::default() }; 2],
            heard: [Frame::SILENCE; 2],
            sent: Vec::new(),
            ear: Ear::default(),
            relays: Vec::new(),
            sounded: [Vec::new(), Vec::new()],
        };
        desk.sense();
        desk
    }

    fn new() -> Self {
        Desk::with_traits(U100Traits::default())
    }

    /// Both line sides have power, the codecs run with µ-law, events are wanted, and nothing is left of how it came to that.
    fn ready() -> Self {
        let mut desk = Desk::new();
        for port in 0..2 {
            desk.order(&write_fxo(port, 6, 0));
            desk.order(&write_fxo(port, 33, 0x28));
        }
        desk.order(&write_cpu(3, 0x03));
        desk.run_ms(60);
        desk.ear.messages.clear();
        desk
    }

    fn sense(&mut self) {
        for (port, line) in [PortId(0), PortId(1)].into_iter().zip(self.lines) {
            self.device.sense(port, &line, self.now);
        }
    }

    fn with(&mut self, act: impl FnOnce(&mut U100, Moment, &mut Vec<U100Output>)) {
        let mut out = Vec::new();
        act(&mut self.device, self.now, &mut out);
        while !out.is_empty() {
            let mut more = Vec::new();
            for output in out {
                match output {
                    U100Output::Write(bytes) => {
                        self.ear.hear(&bytes);
                        self.sent.extend(bytes);
                    }
                    U100Output::Relay(port, closed) => self.relays.push((port, closed)),
                    U100Output::Sounded(port, frame) => self.sounded[port.index()].extend(frame.0),
                    U100Output::FramesDue(from) => self.device.heard(&self.heard, from, &mut more),
                }
            }
            out = more;
        }
    }

    fn receive(&mut self, bytes: &[u8]) {
        self.with(|device, now, out| device.receive(bytes, now, out));
    }

    fn order(&mut self, command: &[u8]) {
        self.receive(&chunk(command, || SILENT));
    }

    fn run_ms(&mut self, ms: u64) {
        let end = self.now + Duration::from_millis(ms);
        while let Some(due) = self.device.deadline().filter(|due| *due <= end) {
            self.now = due.max(self.now);
            self.with(U100::handle_timeout);
        }
        self.now = end;
    }

    /// What a read answers, if it answers.
    fn ask(&mut self, command: &[u8]) -> Option<u8> {
        let before = self.ear.messages.len();
        self.order(command);
        self.run_ms(20);
        let answers = self.ear.messages.iter().skip(before);
        answers.filter(|message| message[..2] == command[..2]).map(|message| message[2]).next()
    }
}

/// The check value of the document: the nibbles are 7, F, F, E, so port 0 is at F7 and port 1 at EF, two small steps above
/// zero of µ-law. Zero itself makes `7F CF CF 8F`.
#[test]
fn the_idle_group_is_the_check_value_of_the_document() {
    let mut desk = Desk::ready();
    for port in 0..2 {
        desk.order(&write_fxo(port, 5, 0x01));
    }
    desk.run_ms(20);
    let constant = |value| Frame([value; FRAME_SAMPLES]);
    desk.heard = [constant(64), constant(132)];
    // A host that is not followed is told nothing else in the first group.
    desk.receive(&[0; 40]);
    desk.run_ms(40);
    desk.sent.clear();
    desk.run_ms(20);
    assert_eq!(desk.sent.len(), 640);
    assert_eq!(desk.sent[..8], [0x77, 0xCF, 0xCF, 0x8E, 0x57, 0xCF, 0xCF, 0x8E]);
    desk.order(&[]);
    desk.sent.clear();
    desk.run_ms(20);
    assert_eq!(desk.sent[..8], [0x77, 0xEF, 0xCF, 0x8E, 0x57, 0xCF, 0xCF, 0x8E]);
    for frame in desk.sent.chunks(32) {
        assert_eq!(frame, &desk.sent[..32]);
    }
}

#[test]
fn zero_is_another_idle_group() {
    let mut desk = Desk::new();
    desk.run_ms(20);
    assert_eq!(desk.sent[..12], [0x7F, 0xCF, 0xCF, 0x8F, 0x5F, 0xCF, 0xCF, 0x8F, 0x5F, 0xCF, 0xCF, 0x8F]);
    assert_eq!(group(0x7E, SILENT, true), [0x7F, 0xCF, 0xCF, 0x8F]);
    assert_eq!(group(0x7E, [0xF7, 0xEF], true), [0x77, 0xCF, 0xCF, 0x8E]);
}

/// 64 bytes of a host, with three control bytes in groups 1 to 3 of the first frame.
fn by_hand(groups: [[u8; 4]; 3]) -> Vec<u8> {
    let idle = [0x5F, 0xCF, 0xCF, 0x8F];
    let first = [0x7F, 0xCF, 0xCF, 0x8F];
    let mut bytes = Vec::from(first);
    bytes.extend(groups.concat());
    bytes.extend(idle.repeat(4));
    bytes.extend(first);
    bytes.extend(idle.repeat(7));
    assert_eq!(bytes.len(), 64);
    bytes
}

const ZERO: [u8; 4] = [0x1F, 0x0F, 0x0F, 0x0F];

#[test]
fn the_bring_up_in_bytes() {
    let mut desk = Desk::with_traits(U100Traits { hardware_version: 2, firmware_version: 0x21, ..U100Traits::default() });
    // READ_CPU 0: 10 00, and a third byte. The answer is 10 00 55.
    desk.receive(&by_hand([[0x1F, 0x4F, 0x0F, 0x0F], ZERO, ZERO]));
    desk.run_ms(20);
    assert_eq!(desk.sent[..4], [0x7F, 0xEF, 0xCF, 0x8F]);
    assert_eq!(desk.sent[4..16], [[0x1F, 0x4F, 0x0F, 0x0F], ZERO, [0x5F, 0x4F, 0x4F, 0x4F]].concat());
    assert_eq!(desk.sent[16..20], [0x5F, 0xCF, 0xCF, 0x8F]);
    // The versions: 10 01 02 and 10 02 21.
    for (register, value) in [([0x1F, 0x0F, 0x0F, 0x4F], [0x1F, 0x0F, 0x0F, 0x8F]), ([0x1F, 0x0F, 0x0F, 0x8F], [0x1F, 0x8F, 0x0F, 0x4F])] {
        desk.sent.clear();
        desk.receive(&by_hand([[0x1F, 0x4F, 0x0F, 0x0F], register, ZERO]));
        desk.run_ms(20);
        assert_eq!(desk.sent[4..16], [[0x1F, 0x4F, 0x0F, 0x0F], register, value].concat());
    }
    // WRITE_CPU CTRL = 0x80: 14 03 80. It is not answered.
    desk.sent.clear();
    desk.receive(&by_hand([[0x1F, 0x4F, 0x4F, 0x0F], [0x1F, 0x0F, 0x0F, 0xCF], [0x9F, 0x0F, 0x0F, 0x0F]]));
    desk.run_ms(20);
    assert_eq!(desk.sent[4..8], [0x5F, 0xCF, 0xCF, 0x8F]);
    for register in [3, 4, 5, 6] {
        let status = desk.ask(&read_cpu(register)).unwrap();
        assert!(status == 0 || register == 4, "{register}: {status}");
    }
    assert_eq!(desk.ask(&read_cpu(9)), Some(2));
    // Brazil, on port 0; the line side answers a little after it got power.
    assert_eq!(desk.ask(&read_fxo(0, 11)), Some(0));
    desk.order(&write_fxo(0, 6, 0));
    desk.run_ms(40);
    assert_ne!(desk.ask(&read_fxo(0, 11)).unwrap() & 0xF0, 0);
    for (register, value) in [(16, 0), (26, 0x30), (30, 0), (31, 0x20), (18, 2), (3, 1), (4, 0), (33, 0x28)] {
        desk.order(&write_fxo(0, register, value));
        assert_eq!(desk.ask(&read_fxo(0, register)), Some(value), "{register}");
    }
    desk.order(&write_cpu(3, 0x03));
    assert_eq!(desk.ask(&read_cpu(3)), Some(0x03));
    let watched = [5, 29, 34, 4].map(|register| desk.ask(&read_fxo(0, register)));
    assert_eq!(watched, [Some(0), Some(48), Some(0), Some(0)]);
    // Port 1 was never powered.
    assert_eq!(desk.ask(&read_fxo(1, 29)), Some(0));
    assert_eq!(desk.ear.shorts, Vec::<Vec<u8>>::new());
}

#[test]
fn it_is_silent_and_deaf_until_it_has_started() {
    let mut desk = Desk::with_traits(U100Traits { start: Duration::from_secs(5), ..U100Traits::default() });
    desk.order(&read_cpu(0));
    desk.run_ms(5_000);
    assert!(desk.sent.is_empty() && !desk.device.is_in_sync());
    desk.run_ms(20);
    assert_eq!((desk.sent.len(), desk.ear.followed), (640, false));
    assert!(desk.ear.messages.is_empty());
    assert_eq!(desk.ask(&read_cpu(0)), Some(0x55));
}

#[test]
fn old_firmware_does_not_tell_whether_it_follows() {
    let mut desk = Desk::with_traits(U100Traits { firmware_version: 0x1F, ..U100Traits::default() });
    assert_eq!(desk.ask(&read_cpu(2)), Some(0x1F));
    assert!(desk.device.is_in_sync() && !desk.ear.followed);
}

#[test]
fn the_hook_is_a_register_and_moves_the_relay() {
    let mut desk = Desk::ready();
    desk.order(&write_fxo(1, 5, 0x01));
    assert_eq!(desk.relays, [(PortId(1), true)]);
    assert!(desk.device.is_off_hook(PortId(1)) && !desk.device.is_off_hook(PortId(0)) && !desk.device.is_off_hook(PortId(7)));
    desk.lines[1] = LineStatus { millivolts: 7_200, tenths_ma: 230, forward: true, off_hook: true, ..LineStatus::default() };
    desk.sense();
    desk.run_ms(20);
    assert_eq!((desk.ear.events(1, 5), desk.ear.events(1, 29)), (vec![0x01], vec![7]));
    assert_eq!(desk.ask(&read_fxo(1, 28)), Some(21));
    assert_eq!(desk.ask(&read_fxo(1, 12)), Some(0x47));
    desk.order(&write_fxo(1, 5, 0x08));
    assert_eq!(desk.relays, [(PortId(1), true), (PortId(1), false)]);
    // A line side without power holds nothing, and measures nothing.
    desk.order(&write_fxo(1, 5, 0x01));
    desk.order(&write_fxo(1, 6, 0x10));
    assert!(!desk.device.is_off_hook(PortId(1)));
    assert_eq!([11, 12, 28, 29].map(|register| desk.ask(&read_fxo(1, register))), [Some(0); 4]);
}

#[test]
fn a_reset_of_the_chip_or_of_the_device_releases_the_line() {
    for (reset, stays) in [(write_fxo(0, 1, 0x80).to_vec(), 0x28), (write_cpu(3, 0x80).to_vec(), 0)] {
        let mut desk = Desk::ready();
        for port in 0..2 {
            desk.order(&write_fxo(port, 5, 0x01));
        }
        desk.order(&reset);
        assert!(!desk.device.is_off_hook(PortId(0)));
        assert_eq!(desk.device.is_off_hook(PortId(1)), stays != 0);
        assert_eq!(desk.ask(&read_fxo(0, 33)), Some(0));
        assert_eq!(desk.ask(&read_fxo(1, 33)), Some(stays));
    }
}

#[test]
fn the_voltage_has_the_sign_of_the_polarity_and_ends_at_3_volts() {
    let mut desk = Desk::ready();
    for (millivolts, volts) in [(48_000, 48), (-48_000, 0xD0), (2_999, 0), (-2_999, 0), (3_000, 3), (-7_200, 0xF9), (200_000, 127), (0, 0)]
    {
        desk.lines[0].millivolts = millivolts;
        desk.sense();
        assert_eq!(desk.ask(&read_fxo(0, 29)), Some(volts), "{millivolts} mV");
    }
}

#[test]
fn latched_bits_stay_until_they_are_written_as_0() {
    let mut desk = Desk::ready();
    desk.lines[0] = LineStatus { millivolts: -48_000, ..desk.lines[0] };
    desk.sense();
    desk.lines[0].millivolts = 48_000;
    desk.sense();
    assert_eq!(desk.ask(&read_fxo(0, 4)), Some(0x01), "polarity");
    desk.order(&write_fxo(0, 4, 0xFF));
    assert_eq!(desk.ask(&read_fxo(0, 4)), Some(0x01));
    desk.order(&write_fxo(0, 4, 0x00));
    assert_eq!(desk.ask(&read_fxo(0, 4)), Some(0x00));
    desk.order(&write_fxo(0, 5, 0x01));
    desk.lines[0] = LineStatus { millivolts: 7_200, tenths_ma: 1300, ..desk.lines[0] };
    desk.sense();
    desk.lines[0] = LineStatus { millivolts: 0, tenths_ma: 0, ..desk.lines[0] };
    desk.sense();
    assert_eq!(desk.ask(&read_fxo(0, 4)), Some(0x0C), "too much current, then none");
    assert_eq!(desk.ask(&read_fxo(1, 4)), Some(0x00));
    desk.run_ms(20);
    assert_eq!(desk.ear.events(0, 4), [0x01, 0x00, 0x0C]);
}

#[test]
fn ringing_alternates_between_the_half_cycles() {
    let mut desk = Desk::ready();
    desk.device.report(PortId(0), &LineEvent::RingOn { frequency_hz: 20 });
    desk.lines[0].ringing = true;
    desk.sense();
    desk.run_ms(400);
    let halves = desk.ear.events(0, 5);
    // 20 Hz: a half cycle is 25 ms, and after 200 ms the ringing is believed.
    assert_eq!(halves[..8], [0x20, 0x40, 0x20, 0x40, 0x20, 0x40, 0x20, 0x40]);
    assert_eq!(halves[8..], [0x24, 0x44, 0x24, 0x44, 0x24, 0x44, 0x24, 0x44]);
    assert_eq!(desk.ear.events(0, 4), [0x80]);
    assert!(desk.ear.events(1, 5).is_empty());
    desk.lines[0].ringing = false;
    desk.sense();
    desk.run_ms(20);
    assert_eq!(desk.ear.events(0, 5).last(), Some(&0));
    // Off hook no ringing is seen.
    desk.order(&write_fxo(0, 5, 0x01));
    desk.lines[0].ringing = true;
    desk.sense();
    assert_eq!(desk.ask(&read_fxo(0, 5)), Some(0x01));
}

#[test]
fn events_are_told_only_of_ports_that_were_asked_for() {
    let mut desk = Desk::ready();
    desk.order(&write_cpu(3, 0x02));
    desk.run_ms(20);
    desk.order(&write_fxo(0, 34, 0x11));
    desk.order(&write_fxo(1, 34, 0x22));
    desk.run_ms(20);
    assert_eq!((desk.ear.events(0, 34), desk.ear.events(1, 34)), (vec![], vec![0x22]));
    desk.order(&write_cpu(3, 0x01));
    desk.run_ms(20);
    assert!(desk.ear.events(0, 34).is_empty(), "a change of before is not told later");
    desk.order(&write_fxo(0, 34, 0x33));
    desk.run_ms(20);
    assert_eq!(desk.ear.events(0, 34), [0x33]);
}

#[test]
fn sound_passes_off_hook_and_with_the_monitor_in_the_law_of_the_codec() {
    let mut desk = Desk::ready();
    desk.heard = [Frame([5_000; FRAME_SAMPLES]), Frame([-700; FRAME_SAMPLES])];
    let last = |desk: &mut Desk| {
        desk.run_ms(20);
        [0, 1].map(|port: usize| *desk.ear.samples[port].last().unwrap())
    };
    assert_eq!(last(&mut desk), [0xFF, 0xFF]);
    desk.order(&write_fxo(0, 5, 0x08));
    assert_eq!(last(&mut desk), [ulaw_encode(5_000), 0xFF]);
    desk.order(&write_fxo(1, 33, 0x20));
    assert_eq!(last(&mut desk), [ulaw_encode(5_000), 0xD5]);
    desk.order(&write_fxo(1, 5, 0x01));
    assert_eq!(last(&mut desk), [ulaw_encode(5_000), alaw_encode(-700)]);
    desk.order(&write_fxo(1, 33, 0x00));
    assert_eq!(last(&mut desk), [ulaw_encode(5_000), 0xFF]);
}

#[test]
fn samples_of_the_host_reach_their_own_line_while_it_is_off_hook() {
    let mut desk = Desk::ready();
    desk.order(&write_fxo(1, 33, 0x20));
    desk.order(&write_fxo(1, 5, 0x01));
    desk.run_ms(60);
    desk.sounded = [Vec::new(), Vec::new()];
    for n in 0..10u8 {
        desk.receive(&chunk(&[], || [0x80 + n, 0xA0 + n]));
    }
    desk.run_ms(20);
    let expected: Vec<i16> = (0..10u8).flat_map(|n| [crate::dsp::g711::alaw_decode(0xA0 + n); 16]).collect();
    assert_eq!(desk.sounded[1], expected);
    assert_eq!(desk.sounded[0], [0; FRAME_SAMPLES], "on hook nothing is sent");
}

#[test]
fn a_host_that_sends_too_little_or_too_much_finds_it_in_the_fifo_register() {
    let mut desk = Desk::ready();
    for _ in 0..10 {
        desk.order(&[]);
    }
    desk.run_ms(20);
    let before = desk.device.counters();
    desk.ask(&read_cpu(4));
    for _ in 0..9 {
        desk.order(&[]);
    }
    desk.ask(&read_cpu(4));
    for _ in 0..9 {
        desk.order(&[]);
    }
    assert_eq!(desk.ask(&read_cpu(4)), Some(0), "clean while there is enough");
    desk.run_ms(20);
    assert_eq!(desk.device.counters().underflows, before.underflows + 4);
    assert_eq!(desk.ask(&read_cpu(4)), Some(0xA0), "both ran dry");
    for _ in 0..60 {
        desk.order(&[]);
    }
    // Dry once more after the last reading, then full; and samples that come after this reading overflow for the next.
    assert_eq!([0, 1].map(|_| desk.ask(&read_cpu(4))), [Some(0xF0), Some(0x50)]);
    assert_eq!(desk.ask(&read_cpu(4)), Some(0));
    assert_eq!(desk.device.counters().overflows, 2 * (16 * 61 - 800));
}

#[test]
fn lines_stay_as_they_are_when_the_host_falls_silent_or_goes() {
    let mut desk = Desk::ready();
    desk.order(&write_fxo(0, 5, 0x01));
    let dry = desk.device.counters().underflows;
    desk.run_ms(60_000);
    desk.device.host_gone();
    desk.run_ms(60_000);
    assert!(desk.device.is_off_hook(PortId(0)));
    assert!(desk.device.counters().underflows > dry + 10_000);
    desk.with(U100::power_cycle);
    assert_eq!(desk.relays, [(PortId(0), true), (PortId(0), false)]);
    assert!(!desk.device.is_in_sync());
}

#[test]
fn garbage_costs_the_sync_and_it_is_found_again() {
    let mut desk = Desk::ready();
    desk.run_ms(20);
    assert!(desk.ear.followed);
    let whole = chunk(&read_cpu(0), || SILENT);
    // Three bytes are missing in the middle of a frame.
    desk.receive(&whole[..9]);
    desk.receive(&whole[12..]);
    assert!(!desk.device.is_in_sync());
    desk.run_ms(20);
    assert!(!desk.ear.followed);
    assert_eq!(desk.device.counters().sync_losses, 1);
    // A byte with both marks but another control byte, passed over with the three after it; then bytes without the marks.
    desk.receive(&[0x30, 0x7F, 0xCF, 0xCF, 0x0F, 0xD5, 0x00]);
    assert!(!desk.device.is_in_sync());
    assert_eq!(desk.ask(&read_cpu(0)), Some(0x55));
    assert!(desk.ear.followed);
    assert_eq!(desk.ask(&read_cpu(5)), Some(0x10));
    assert_eq!(desk.ask(&read_cpu(5)), Some(0));
}

#[test]
fn the_control_byte_of_a_frame_start_must_be_the_delimiter() {
    let mut desk = Desk::ready();
    let mut bytes = chunk(&[], || SILENT);
    bytes[32] ^= 0x80;
    desk.receive(&bytes[..36]);
    assert!(!desk.device.is_in_sync());
    desk.receive(&bytes[36..]);
    assert!(!desk.device.is_in_sync(), "no other group begins a frame");
    desk.order(&[]);
    assert!(desk.device.is_in_sync());
}

/// The stated weakness: nothing escapes a delimiter in the data.
#[test]
fn data_that_looks_like_the_delimiter_is_lost_in_both_directions() {
    let mut desk = Desk::ready();
    desk.order(&write_fxo(0, 45, 0x11));
    desk.order(&write_fxo(0, 45, 0x7E));
    assert_eq!(desk.device.counters().short_messages, 1);
    assert_eq!(desk.ask(&read_fxo(0, 45)), Some(0x11));
    desk.lines[0].millivolts = 126_000;
    desk.sense();
    assert_eq!(desk.ask(&read_fxo(0, 29)), None);
    assert!(desk.ear.shorts.contains(&vec![0b0000_0100, 29]), "the answer");
    assert!(desk.ear.shorts.contains(&vec![0b0000_1100, 29]), "the event");
    desk.lines[0].millivolts = 125_000;
    desk.sense();
    assert_eq!(desk.ask(&read_fxo(0, 29)), Some(125), "read again");
}

#[test]
fn messages_of_two_bytes_are_discarded_unless_reads_may_be_short() {
    for (short_reads, answer) in [(false, None), (true, Some(0x55))] {
        let mut desk = Desk::with_traits(U100Traits { short_reads, ..U100Traits::default() });
        assert_eq!(desk.ask(&[0b0001_0000, 0]), answer);
        assert_eq!(desk.ask(&[0b0000_1000, 5]), None);
        assert_eq!(desk.ask(&read_cpu(0)), Some(0x55), "three bytes do for both");
    }
}

#[test]
fn one_command_in_64_bytes_and_one_read_at_a_time() {
    let mut desk = Desk::ready();
    // Two in the 16 groups: the second is refused.
    let mut controls = write_fxo(0, 45, 0x11).to_vec();
    controls.push(0x7E);
    controls.extend(write_fxo(0, 46, 0x22));
    desk.order(&controls);
    let mut spread = vec![0x7E; 15];
    spread[..3].copy_from_slice(&write_fxo(0, 47, 0x33));
    spread[8..11].copy_from_slice(&write_fxo(0, 48, 0x44));
    desk.order(&spread);
    assert_eq!([45, 46, 47, 48].map(|register| desk.ask(&read_fxo(0, register))), [Some(0x11), Some(0), Some(0x33), Some(0)]);
    assert_eq!(desk.device.counters().refused_commands, 2);
    // The answer to a read is still to be sent when the next comes.
    desk.order(&read_cpu(1));
    assert_eq!(desk.ask(&read_cpu(0)), None);
    assert_eq!(desk.ask(&read_cpu(0)), Some(0x55));
    assert_eq!(desk.device.counters().refused_commands, 3);
}

#[test]
fn what_is_no_command_is_told_in_the_uart_register() {
    let mut desk = Desk::ready();
    for command in [[0xFC, 0, 0], [0b0000_1100, 5, 1], [0b0000_0110, 5, 0], [0b0000_1011, 5, 1]] {
        assert_eq!(desk.ask(&command), None);
        assert_eq!(desk.ask(&read_cpu(5)), Some(0x10), "{command:02X?}");
    }
    assert_eq!(desk.device.counters().unknown_commands, 4);
    assert!(desk.relays.is_empty());
}

#[test]
fn lamps_and_what_else_the_controller_keeps() {
    let mut desk = Desk::ready();
    desk.order(&write_cpu(7, 0xF6));
    assert_eq!((desk.device.leds(), desk.ask(&read_cpu(7))), (0x06, Some(0x06)));
    for (register, kept) in [(0x08, 0x5A), (0x0A, 0x5A), (0x00, 0x55), (0x06, 0), (0x40, 0)] {
        desk.order(&write_cpu(register, 0x5A));
        assert_eq!(desk.ask(&read_cpu(register)), Some(kept), "{register}");
    }
    desk.order(&write_cpu(3, 0x4F));
    assert_eq!(desk.ask(&read_cpu(3)), Some(0x0F));
}

#[test]
fn a_world_that_slept_is_not_made_up_for() {
    let mut desk = Desk::new();
    desk.now = desk.now + Duration::from_secs(10);
    desk.with(U100::handle_timeout);
    assert!(desk.sent.is_empty());
    desk.now = desk.now + Duration::from_millis(100);
    desk.with(U100::handle_timeout);
    assert_eq!(desk.sent.len(), 5 * 640);
}

#[test]
fn no_bytes_are_too_strange() {
    for seed in 0..40 {
        let mut rng = Rng::from_seed(seed);
        let mut desk = Desk::ready();
        for _ in 0..400 {
            let byte = |rng: &mut Rng| u8::try_from(rng.below(256)).unwrap();
            let length = usize::try_from(rng.below(7)).unwrap();
            match rng.below(4) {
                0 => {
                    let bytes: Vec<u8> = (0..length * 30).map(|_| byte(&mut rng)).collect();
                    desk.receive(&bytes);
                }
                1 => {
                    desk.lines[0].millivolts = i32::try_from(rng.below(400_000)).unwrap() - 200_000;
                    desk.lines[1].tenths_ma = u16::try_from(rng.below(65_536)).unwrap();
                    desk.lines[1].ringing = rng.chance(500);
                    desk.sense();
                }
                2 => desk.run_ms(rng.below(50)),
                _ => {
                    // Sound frames around random commands.
                    let head = u8::try_from(rng.below(24)).unwrap();
                    let controls: Vec<u8> = std::iter::once(head).chain((0..length).map(|_| byte(&mut rng))).collect();
                    let samples = [byte(&mut rng), byte(&mut rng)];
                    desk.receive(&chunk(&controls, || samples));
                }
            }
        }
        desk.order(&[]);
        desk.order(&write_cpu(3, 0x80));
        desk.order(&[]);
        desk.order(&write_cpu(3, 0x80));
        desk.run_ms(20);
        assert_eq!(desk.ask(&read_cpu(0)), Some(0x55), "seed {seed}");
        assert!(!desk.device.is_off_hook(PortId(0)) && !desk.device.is_off_hook(PortId(1)));
    }
}
