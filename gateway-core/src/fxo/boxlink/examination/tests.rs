use super::*;
use crate::config::PortId;
use crate::fxo::boxlink::frame::{Class, Deframer, Packet};
use crate::fxo::simulator::act::LineAct;
use crate::fxo::simulator::exchange::ExchangeConfig;
use crate::fxo::simulator::virtual_box::{BoxOutput, VirtualBox};
use crate::rng::Rng;
use crate::time::Moment;

/// What is wrong with a box: what it hears and what it says goes through here.
#[derive(Clone, Copy)]
struct Flaw {
    bytes: fn(&[u8]) -> Vec<u8>,
    hears: fn(Packet) -> Option<Packet>,
    says: fn(Packet) -> Vec<Packet>,
}

const fn bytes(bytes: fn(&[u8]) -> Vec<u8>) -> Flaw {
    Flaw { bytes, ..NONE }
}

const fn hears(hears: fn(Packet) -> Option<Packet>) -> Flaw {
    Flaw { hears, ..NONE }
}

const fn says(says: fn(Packet) -> Vec<Packet>) -> Flaw {
    Flaw { says, ..NONE }
}

const NONE: Flaw = Flaw { bytes: <[u8]>::to_vec, hears: Some, says: |packet| vec![packet] };

/// The simulated box with a flaw, in virtual time. Port 0 has battery, port 1 has none.
struct Flawed {
    inner: VirtualBox,
    flaw: Flaw,
    now: Moment,
    hears: Deframer,
    says: Deframer,
    to_host: Vec<u8>,
}

impl Flawed {
    fn new(flaw: Flaw) -> Self {
        let inner = VirtualBox::new(ExchangeConfig::brazil(2), "", Rng::from_seed(7), Moment::ZERO);
        let mut flawed = Flawed { inner, flaw, now: Moment::ZERO, hears: Deframer::new(), says: Deframer::new(), to_host: Vec::new() };
        let mut out = Vec::new();
        flawed.inner.act(PortId(1), LineAct::CableOut, Moment::ZERO, &mut out);
        flawed.said(out);
        flawed
    }

    fn said(&mut self, out: Vec<BoxOutput>) {
        let mut packets = Vec::new();
        for output in out {
            if let BoxOutput::Write(bytes) = output {
                self.says.push(&bytes, &mut packets);
            }
        }
        self.to_host.extend(packets.into_iter().flat_map(self.flaw.says).flat_map(|packet| packet.to_wire()));
    }
}

impl Wire for Flawed {
    fn send(&mut self, bytes: &[u8]) -> Result<(), WireGone> {
        let mut packets = Vec::new();
        self.hears.push(&(self.flaw.bytes)(bytes), &mut packets);
        for packet in packets.into_iter().filter_map(self.flaw.hears) {
            let mut out = Vec::new();
            self.inner.receive(&packet.to_wire(), self.now, &mut out);
            self.said(out);
        }
        Ok(())
    }

    fn listen(&mut self, span: Duration) -> Result<Vec<u8>, WireGone> {
        let end = self.now + span;
        while let Some(due) = self.inner.deadline().filter(|&due| due <= end) {
            self.now = self.now.max(due);
            let mut out = Vec::new();
            self.inner.handle_timeout(self.now, &mut out);
            self.said(out);
        }
        self.now = end;
        Ok(std::mem::take(&mut self.to_host))
    }
}

fn examined(flaw: Flaw, seize: bool) -> (Vec<Finding>, Option<Hello>) {
    let (mut flawed, mut findings) = (Flawed::new(flaw), Vec::new());
    let hello = examine(&mut flawed, seize, &mut |finding| findings.push(finding)).unwrap();
    for port in [PortId(0), PortId(1)] {
        assert!(!flawed.inner.is_off_hook(port), "the examination leaves {port:?} off hook");
    }
    (findings, hello)
}

fn broken(findings: &[Finding]) -> Vec<Rule> {
    let mut rules: Vec<_> =
        findings.iter().filter(|finding| matches!(finding.verdict, Verdict::Broken { .. })).map(|finding| finding.rule).collect();
    rules.sort();
    rules.dedup();
    rules
}

#[test]
fn the_simulated_box_keeps_every_rule() {
    let (findings, hello) = examined(NONE, true);
    assert_eq!(hello.map(|hello| hello.ports), Some(2));
    assert_eq!(broken(&findings), []);
    let held = |rule: Rule| findings.iter().any(|finding| finding.rule == rule && finding.verdict == Verdict::Held);
    for rule in Rule::ALL {
        assert!(held(rule), "{rule:?} was not looked at");
    }
}

#[test]
fn without_permission_no_line_is_seized() {
    let refused = Flaw { hears: |packet| (packet.port != 0 || packet.op != 0x20 || packet.payload != [1]).then_some(packet), ..NONE };
    let (findings, _) = examined(refused, false);
    assert_eq!(broken(&findings), []);
    let skipped = Finding { rule: Rule::Seize, port: Some(0), verdict: Verdict::Skipped { why: Missing::Permission } };
    assert!(findings.contains(&skipped));
}

/// A box whose responses to `op` with this status have another.
fn restated(packet: Packet, op: u8, from: u8, to: u8) -> Vec<Packet> {
    let matches = packet.class == Class::Response && packet.op == op && packet.payload.first() == Some(&from);
    let payload = if matches { vec![to] } else { packet.payload };
    vec![Packet { payload, ..packet }]
}

fn response(packet: &Packet, op: u8) -> bool {
    packet.class == Class::Response && packet.op == op && packet.payload.first() == Some(&0)
}

fn edited(mut packet: Packet, applies: fn(&Packet) -> bool, edit: fn(&mut Vec<u8>)) -> Packet {
    if applies(&packet) {
        edit(&mut packet.payload);
    }
    packet
}

/// The packet with a sum that is right, whatever it came with.
fn summed_anew(bytes: &[u8]) -> Vec<u8> {
    let whole = bytes.strip_suffix(&[0]).and_then(|encoded| cobs::decode_vec(encoded).ok());
    match whole.as_deref() {
        Some([_, port, seq, op, payload @ .., _, _]) => {
            Packet { class: Class::Request, port: *port, seq: *seq, op: *op, payload: payload.to_vec() }.to_wire()
        }
        _ => bytes.to_vec(),
    }
}

#[test]
fn every_rule_can_be_broken_and_is_then_named() {
    use Rule::*;
    let flaws: [(Flaw, &[Rule]); 23] = [
        (says(|packet| if response(&packet, 0x01) { vec![] } else { vec![packet] }), &[Hello]),
        (bytes(summed_anew), &[Checksum]),
        (says(|packet| vec![edited(packet, |packet| response(packet, 0x02), |payload| payload[1..5].fill(0))]), &[Uptime]),
        (says(|packet| vec![edited(packet, |packet| response(packet, 0x01), |payload| payload.copy_within(15..19, 11))]), &[BootId]),
        (hears(|packet| Some(edited(packet, |packet| packet.op == 0x01, |payload| payload[0] = 1))), &[Version]),
        (says(|packet| restated(packet, 0x7F, 2, 3)), &[UnknownOperation]),
        (says(|packet| restated(packet, 0x21, 3, 2)), &[MissingField]),
        (hears(|packet| (packet.op != 0x02 || packet.payload.is_empty()).then_some(packet)), &[AppendedField]),
        (says(|packet| restated(packet, 0x26, 4, 3)), &[NoSuchPort]),
        (
            says(|packet| vec![edited(packet, |packet| response(packet, 0x26), |payload| payload[7] |= 4)]),
            &[StartsOnHook, Reset, Release, Watchdog],
        ),
        (says(|packet| vec![edited(packet, |packet| response(packet, 0x26), |payload| payload[7] &= !4)]), &[Seize, Flash]),
        (says(|packet| restated(packet, 0x20, 0, 6)), &[ReleaseAgain, Seize, Release]),
        (says(|packet| restated(packet, 0x21, 5, 0)), &[FlashOnHook]),
        (hears(|packet| (packet.op != 0x30).then_some(packet)), &[Reset]),
        (says(|packet| if packet.class == Class::Audio && packet.seq % 4 == 0 { vec![] } else { vec![packet] }), &[Sound, HalfPeriods]),
        (
            says(|packet| vec![edited(packet, |packet| packet.class == Class::Audio && packet.seq % 16 == 0, |payload| payload[0] ^= 1)]),
            &[Sound, HalfPeriods],
        ),
        (hears(|packet| Some(edited(packet, |packet| packet.op == 0x25, |payload| payload[0] = 1))), &[SoundStops, HalfPeriods]),
        // It says yes to 10 ms, and goes on by 20.
        (hears(|packet| Some(edited(packet, |packet| packet.op == 0x25, |payload| payload[2] = 20))), &[HalfPeriods]),
        (says(|packet| restated(packet, 0x20, 4, 0)), &[NoBattery]),
        (says(|packet| if packet.class == Class::Event && packet.op == 0x88 { vec![] } else { vec![packet] }), &[Seize, Repeated, Release]),
        (
            says(|packet| if packet.class == Class::Event && packet.op == 0x88 { vec![packet.clone(), packet] } else { vec![packet] }),
            &[Repeated, Release],
        ),
        (
            hears(|packet| Some(edited(packet, |packet| packet.op == 0x21 && packet.payload.len() == 2, |payload| *payload = vec![40, 0]))),
            &[Flash],
        ),
        (says(|packet| if packet.op == 0x8F { vec![] } else { vec![packet] }), &[Watchdog]),
    ];
    for (number, (flaw, expected)) in flaws.into_iter().enumerate() {
        let (findings, hello) = examined(flaw, true);
        assert_eq!(broken(&findings), expected, "flaw {number}");
        assert_eq!(hello.is_some(), !expected.contains(&Hello), "flaw {number}");
    }
}

#[test]
fn a_box_without_packets_of_10_ms_keeps_the_rules_all_the_same() {
    let refused = hears(|packet| Some(edited(packet, |packet| packet.op == 0x25 && packet.payload[2] == 10, |payload| payload[2] = 7)));
    let (findings, _) = examined(refused, false);
    assert_eq!(broken(&findings), []);
    let skipped = Finding { rule: Rule::HalfPeriods, port: Some(0), verdict: Verdict::Skipped { why: Missing::HalfPeriods } };
    assert!(findings.contains(&skipped), "{findings:?}");
}

#[test]
fn a_box_that_needs_a_clean_start_is_told_so() {
    let flooded = bytes(|bytes| if bytes.starts_with(&[0x55]) { vec![0x55; 3_000] } else { bytes.to_vec() });
    // What the box heard of the garbage runs into the next packet: it lost its feet.
    let glued = bytes(|bytes| if bytes == [0, 0] { vec![] } else { bytes.to_vec() });
    assert_eq!(broken(&examined(flooded, false).0), []);
    assert_eq!(broken(&examined(glued, false).0), [Rule::FreshStart]);
}

#[test]
fn a_wire_that_goes_away_ends_the_examination() {
    struct Gone;
    impl Wire for Gone {
        fn send(&mut self, _bytes: &[u8]) -> Result<(), WireGone> {
            Ok(())
        }
        fn listen(&mut self, _span: Duration) -> Result<Vec<u8>, WireGone> {
            Err(WireGone)
        }
    }
    assert_eq!(examine(&mut Gone, true, &mut |_| {}), Err(WireGone));
}
