use super::*;
use crate::rng::Rng;

const PORT: PortId = PortId(0);

struct Voltage(i32);

impl Sense for Voltage {
    fn line_status(&self, _port: PortId) -> LineStatus {
        LineStatus { millivolts: self.0, forward: true, ..LineStatus::default() }
    }
}

fn firmware() -> Firmware {
    let about = BoxIdentity {
        card: false,
        identity: Identity { ports: 2, model: "Box".to_owned(), ..Identity::default() },
        capabilities: Capabilities::PULSE,
        formats: AudioFormats(0b001),
        periods: &[Period::Twenty, Period::Ten],
        boot_id: 1,
    };
    Firmware::new(about, Moment::ZERO)
}

fn ask(firmware: &mut Firmware, port: u8, seq: u8, request: &Request, now: Moment) -> Vec<FirmwareOutput> {
    let packet = Packet { class: Class::Request, port, seq, op: request.op(), payload: request.payload() };
    let mut out = Vec::new();
    firmware.receive(&packet.to_wire(), &Voltage(48_000), now, &mut out);
    out
}

fn packets(out: &[FirmwareOutput]) -> Vec<Packet> {
    let (mut packets, mut deframer) = (Vec::new(), Deframer::new());
    for output in out {
        if let FirmwareOutput::Write(bytes) = output {
            deframer.push(bytes, &mut packets);
        }
    }
    packets
}

fn status(out: &[FirmwareOutput]) -> u8 {
    let answers: Vec<_> = packets(out).into_iter().filter(|packet| packet.class == Class::Response).collect();
    assert_eq!(answers.len(), 1);
    answers[0].payload[0]
}

fn relays(out: &[FirmwareOutput]) -> Vec<bool> {
    let moved = out.iter().filter_map(|output| match output {
        FirmwareOutput::Relay(PORT, closed) => Some(*closed),
        _ => None,
    });
    moved.collect()
}

const SEIZE: Request = Request::Hook(HookPosition::Off);
const RELEASE: Request = Request::Hook(HookPosition::On);

#[test]
fn a_request_that_comes_again_is_answered_again_and_not_carried_out_again() {
    let mut firmware = firmware();
    let first = ask(&mut firmware, 0, 9, &SEIZE, Moment::ZERO);
    assert_eq!(relays(&first), [true]);
    assert_eq!(status(&first), 0);
    let again = ask(&mut firmware, 0, 9, &SEIZE, Moment::ZERO);
    assert!(relays(&again).is_empty());
    assert_eq!(packets(&again), [packets(&first).pop().unwrap()]);
}

#[test]
fn a_new_conversation_may_begin_with_any_number() {
    let mut firmware = firmware();
    ask(&mut firmware, 0, 2, &SEIZE, Moment::ZERO);
    ask(&mut firmware, 0, 3, &RELEASE, Moment::ZERO);
    ask(&mut firmware, WHOLE_BOX, 1, &Request::Hello { major: 1, minor: 0 }, Moment::ZERO);
    // The host may use number 3 for the same request again now.
    ask(&mut firmware, 0, 2, &SEIZE, Moment::ZERO);
    assert_eq!(relays(&ask(&mut firmware, 0, 3, &RELEASE, Moment::ZERO)), [false]);
}

#[test]
fn it_refuses_what_it_does_not_know_or_cannot_do() {
    let mut firmware = firmware();
    let now = Moment::ZERO;
    assert_eq!(status(&ask(&mut firmware, 0, 1, &Request::Flash { ms: 100 }, now)), 5, "a flash on hook");
    assert_eq!(status(&ask(&mut firmware, 9, 2, &SEIZE, now)), 4, "no such port");
    assert_eq!(status(&ask(&mut firmware, 0, 3, &Request::Tones(Vec::new()), now)), 2);
    assert_eq!(status(&ask(&mut firmware, WHOLE_BOX, 4, &Request::Hello { major: 9, minor: 0 }, now)), 3);
    let linear = Request::Audio { run: true, format: super::super::message::AudioFormat::Linear, frame_ms: 20 };
    assert_eq!(status(&ask(&mut firmware, 0, 5, &linear, now)), 3, "a coding it has not");
    let packet = Packet { class: Class::Request, port: 0, seq: 6, op: 0x7E, payload: Vec::new() };
    let mut out = Vec::new();
    firmware.receive(&packet.to_wire(), &Voltage(48_000), now, &mut out);
    assert_eq!(status(&out), 2, "an operation of the future");
    let packet = Packet { class: Class::Request, port: 0, seq: 7, op: SEIZE.op(), payload: SEIZE.payload() };
    let mut out = Vec::new();
    firmware.receive(&packet.to_wire(), &Voltage(0), now, &mut out);
    assert_eq!(status(&out), 4, "no battery, no seizure");
    assert!(relays(&out).is_empty());
}

#[test]
fn pulses_have_the_ordered_make_and_speed_and_are_answered_at_their_end() {
    let mut firmware = firmware();
    ask(&mut firmware, 0, 1, &SEIZE, Moment::ZERO);
    let dial = Request::DialPulse { make_pct: 33, pps: 10, digits: "20".to_owned() };
    let mut out = ask(&mut firmware, 0, 2, &dial, Moment::ZERO);
    let (mut moves, mut now) = (relays(&out).iter().map(|closed| (0, *closed)).collect::<Vec<_>>(), Moment::ZERO);
    out.clear();
    while packets(&out).iter().all(|packet| packet.class != Class::Response) {
        out.clear();
        now = now + Duration::from_millis(1);
        firmware.handle_timeout(now, &mut out);
        moves.extend(relays(&out).iter().map(|closed| (now.as_millis(), *closed)));
    }
    assert_eq!(moves[..4], [(0, false), (67, true), (100, false), (167, true)]);
    assert_eq!(moves.len(), 2 * 12);
    // Two pulses, the pause, ten pulses, the pause.
    assert_eq!(now.as_millis(), 200 + 800 + 1000 + 800);
    assert!(firmware.is_off_hook(PORT));
}

#[test]
fn a_release_ends_a_pulse_train_where_it_is() {
    let mut firmware = firmware();
    ask(&mut firmware, 0, 1, &SEIZE, Moment::ZERO);
    let dial = Request::DialPulse { make_pct: 33, pps: 10, digits: "0".to_owned() };
    ask(&mut firmware, 0, 2, &dial, Moment::ZERO);
    // The contact is open: the relay has nothing to do, but the line is on hook now.
    let out = ask(&mut firmware, 0, 3, &RELEASE, Moment::from_millis(30));
    assert_eq!(status(&out), 0);
    let mut later = Vec::new();
    firmware.handle_timeout(Moment::from_secs(2), &mut later);
    assert!(relays(&later).is_empty());
    assert!(!firmware.is_off_hook(PORT));
}

#[test]
fn without_a_host_every_line_is_released_after_five_seconds() {
    let mut firmware = firmware();
    ask(&mut firmware, 0, 1, &SEIZE, Moment::ZERO);
    ask(&mut firmware, WHOLE_BOX, 2, &Request::Ping, Moment::from_secs(3));
    let mut out = Vec::new();
    firmware.handle_timeout(Moment::from_millis(7999), &mut out);
    assert!(firmware.is_off_hook(PORT));
    assert_eq!(firmware.deadline(), Some(Moment::from_secs(8)));
    firmware.handle_timeout(Moment::from_secs(8), &mut out);
    assert_eq!(relays(&out), [false]);
    let heard = packets(&ask(&mut firmware, WHOLE_BOX, 3, &Request::Ping, Moment::from_secs(9)));
    assert_eq!(heard[0].op, BoxEvent::WatchdogTripped.op());
}

#[test]
fn damaged_packets_do_not_feed_the_watchdog() {
    let mut firmware = firmware();
    ask(&mut firmware, 0, 1, &SEIZE, Moment::ZERO);
    let mut out = Vec::new();
    for second in 1..8 {
        firmware.receive(&[7, 0x10, 0xFF, 3, 2, 0xF6, 0xF1, 0], &Voltage(48_000), Moment::from_secs(second), &mut out);
        firmware.handle_timeout(Moment::from_secs(second), &mut out);
    }
    assert!(!firmware.is_off_hook(PORT));
}

#[test]
fn sound_that_was_slept_through_is_dropped() {
    let mut firmware = firmware();
    let start = Request::Audio { run: true, format: super::super::message::AudioFormat::Ulaw, frame_ms: 20 };
    ask(&mut firmware, 0, 1, &start, Moment::ZERO);
    let mut out = Vec::new();
    firmware.handle_timeout(Moment::from_millis(100), &mut out);
    assert_eq!(out.len(), 5);
    out.clear();
    firmware.handle_timeout(Moment::from_millis(4000), &mut out);
    assert_eq!(out.len(), 1);
}

#[test]
fn no_bytes_make_it_panic_or_forget_its_watchdog() {
    let mut rng = Rng::from_seed(9);
    let mut firmware = firmware();
    let mut now = Moment::ZERO;
    for _ in 0..5000 {
        let mut byte = || rng.next_u32().to_le_bytes()[0];
        let packet = Packet {
            class: Class::Request,
            port: byte() % 3,
            seq: byte() % 4,
            op: [0x20, 0x21, 0x22, 0x25, 0x26, 0x30, byte(), byte()][usize::from(byte() % 8)],
            payload: (0..byte() % 6).map(|_| [0, 1, 20, 33, b'5'][usize::from(byte() % 5)]).collect(),
        };
        let mut out = Vec::new();
        firmware.receive(&packet.to_wire(), &Voltage(48_000), now, &mut out);
        now = now + Duration::from_millis(rng.below(300));
        firmware.handle_timeout(now, &mut out);
        assert!(firmware.deadline().is_none_or(|due| due > now));
    }
    firmware.handle_timeout(now + WATCHDOG, &mut Vec::new());
    assert!(!firmware.is_off_hook(PortId(0)) && !firmware.is_off_hook(PortId(1)));
}
