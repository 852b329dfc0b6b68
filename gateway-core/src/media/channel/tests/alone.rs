//! One channel by itself: timeouts, hold, detaching, strangers and rubbish.

use std::time::Duration;

use super::world::*;
use crate::dsp::Frame;
use crate::media::{Channel, Ear, MediaCommand, MediaConfig, MediaEvent, MediaOutput, MediaPlan, Refused, RtpRefusal};
use crate::rng::Rng;
use crate::rtp::packet::{Header, write};
use crate::rtp::rtcp;
use crate::sdp::{Agreed, Direction};
use crate::time::Moment;

/// A channel with its own clock.
struct Alone {
    channel: Channel,
    now: Moment,
    out: Vec<MediaOutput>,
}

impl Alone {
    fn new(config: MediaConfig) -> Self {
        Alone { channel: Channel::new(config), now: Moment::from_millis(20), out: Vec::new() }
    }

    fn attached() -> Self {
        let mut alone = Alone::new(config());
        alone.command(MediaCommand::Listen(Ear::OffHook));
        alone.command(MediaCommand::Attach(Box::new(plan(A))));
        alone
    }

    fn command(&mut self, command: MediaCommand) {
        self.channel.command(command, self.now, &mut self.out);
    }

    /// Frames of silence on the line; answers what is heard there.
    fn frames(&mut self, count: usize) -> Vec<i16> {
        self.say(&Frame::SILENCE, count)
    }

    fn say(&mut self, frame: &Frame, count: usize) -> Vec<i16> {
        let mut heard = Vec::new();
        for _ in 0..count {
            self.channel.line_frame(frame, self.now, &mut self.out);
            heard.extend(self.channel.to_line(self.now).0);
            self.now = self.now + FRAME;
        }
        heard
    }

    fn rtp(&mut self, n: u16, level: u8) {
        let header = Header { payload_type: 8, marker: false, sequence: n, timestamp: u32::from(n) * 160, ssrc: 9 };
        self.channel.packet(&write(header, &[level; 160]), address(B, false), self.now, &mut self.out);
    }

    fn events(&mut self) -> Vec<MediaEvent> {
        let events = self.out.drain(..).filter_map(|o| if let MediaOutput::Event(event) = o { Some(event) } else { None });
        events.filter(|event| !matches!(event, MediaEvent::Meter(_))).collect()
    }

    fn sent(&self) -> (usize, usize) {
        let rtp = self.out.iter().filter(|o| matches!(o, MediaOutput::Rtp { .. })).count();
        (rtp, self.out.iter().filter(|o| matches!(o, MediaOutput::Rtcp { .. })).count())
    }
}

#[test]
fn missing_rtp_is_told_after_its_time_and_again_each_time_it_has_passed() {
    let mut alone = Alone::attached();
    for n in 0..50 {
        alone.rtp(n, 0xd5);
        alone.frames(1);
    }
    assert_eq!(alone.events(), [MediaEvent::RtpStarted { from: address(B, false) }]);
    alone.frames(1499);
    assert_eq!(alone.events(), []);
    alone.frames(1);
    assert_eq!(alone.events(), [MediaEvent::RtpLost { for_ms: 30_000 }]);
    alone.frames(1500);
    let events = alone.events();
    assert!(events.contains(&MediaEvent::RtpLost { for_ms: 60_000 }), "{events:?}");
    alone.rtp(4000, 0xd5);
    alone.frames(1400);
    assert_eq!(alone.events(), []);
}

#[test]
fn rtp_that_never_comes_is_missing_too() {
    let mut alone = Alone::attached();
    alone.frames(100);
    assert_eq!(alone.events(), []);
    alone.frames(1);
    let missing = MediaEvent::RtpMissing { expected: address(B, false), refused: None };
    assert_eq!(alone.events(), std::slice::from_ref(&missing), "after two seconds");
    alone.frames(1400);
    let events = alone.events();
    assert_eq!(events.iter().filter(|event| **event == missing).count(), 14, "and each two seconds");
    assert!(events.contains(&MediaEvent::RtpLost { for_ms: 30_000 }), "{events:?}");
}

#[test]
fn who_sends_rtp_in_the_place_of_the_peer_is_told() {
    let mut alone = Alone::attached();
    let stranger = "198.51.100.7:4000".parse().unwrap();
    let header = Header { payload_type: 8, marker: false, sequence: 0, timestamp: 0, ssrc: 9 };
    alone.channel.packet(&write(header, &[0x2a; 160]), stranger, alone.now, &mut alone.out);
    alone.frames(101);
    let refused = Some(Refused { source: stranger, why: RtpRefusal::OtherHost });
    assert_eq!(alone.events(), [MediaEvent::RtpMissing { expected: address(B, false), refused }]);
    alone.rtp(0, 0xd5);
    alone.frames(200);
    assert_eq!(alone.events(), [MediaEvent::RtpStarted { from: address(B, false) }]);
}

#[test]
fn the_host_of_the_sip_messages_is_heard_where_sdp_names_another() {
    let mut alone = Alone::attached();
    let nat = "198.51.100.7:61000".parse().unwrap();
    alone.command(MediaCommand::Attach(Box::new(MediaPlan { signalling: Some(nat).map(|nat: std::net::SocketAddr| nat.ip()), ..plan(A) })));
    let header = Header { payload_type: 8, marker: false, sequence: 0, timestamp: 0, ssrc: 9 };
    alone.channel.packet(&write(header, &[0x2a; 160]), nat, alone.now, &mut alone.out);
    assert_eq!(alone.events(), [MediaEvent::RtpStarted { from: nat }]);
    alone.frames(1);
    assert!(alone.out.iter().any(|o| matches!(o, MediaOutput::Rtp { to, .. } if *to == nat)));
    assert_eq!(alone.channel.meter().received, 1);
}

#[test]
fn hold_is_neither_loss_nor_silence_and_sends_nothing() {
    for held in [Direction::Inactive, Direction::Recvonly] {
        let mut alone = Alone::attached();
        alone.rtp(0, 0xd5);
        alone.frames(10);
        alone.command(MediaCommand::Attach(Box::new(direction(plan(A), held))));
        alone.out.clear();
        alone.frames(10_000);
        assert_eq!(alone.sent().0, 0, "{held:?}");
        assert!(alone.sent().1 >= 39, "RTCP goes on");
        assert_eq!(alone.events(), [], "{held:?}");
        alone.command(MediaCommand::Attach(Box::new(plan(A))));
        alone.frames(1000);
        assert_eq!(alone.sent().0, 1000);
        let first = alone.out.iter().find_map(|o| if let MediaOutput::Rtp { bytes, .. } = o { Some(bytes.clone()) } else { None });
        let header = crate::rtp::packet::read(&first.unwrap()).unwrap().header;
        assert!(header.marker, "a new talk spurt");
        assert_eq!(header.sequence, plan(A).first_sequence.wrapping_add(10), "numbers run on");
        assert_eq!(header.timestamp, plan(A).first_timestamp.wrapping_add(10_010 * 160), "time runs on");
        assert_eq!(alone.events(), [], "and the time of hold counts for nothing");
    }
}

#[test]
fn a_held_peer_is_not_heard_and_what_waited_is_gone() {
    let mut alone = Alone::attached();
    for n in 0..10 {
        alone.rtp(n, 0x2a);
        alone.frames(1);
    }
    alone.command(MediaCommand::Attach(Box::new(direction(plan(A), Direction::Sendonly))));
    for n in 10..20 {
        alone.rtp(n, 0x2a);
        assert!(alone.frames(1).iter().all(|s| *s == 0));
    }
}

#[test]
fn silence_both_ways_is_told_and_a_voice_one_way_is_no_silence() {
    let mut alone = Alone::attached();
    let mut n = 0;
    let mut call = |alone: &mut Alone, level: u8, line: &Frame, frames: usize| {
        for _ in 0..frames {
            alone.rtp(n, level);
            n = n.wrapping_add(1);
            alone.say(line, 1);
        }
    };
    call(&mut alone, 0xd5, &Frame::SILENCE, 2999);
    assert_eq!(alone.events(), [MediaEvent::RtpStarted { from: address(B, false) }]);
    call(&mut alone, 0xd5, &Frame::SILENCE, 2);
    assert_eq!(alone.events(), [MediaEvent::Silence { for_ms: 60_000 }]);
    let voice = Frame(std::array::from_fn(|n| if n % 16 < 8 { 3000 } else { -3000 }));
    call(&mut alone, 0xd5, &voice, 4000);
    assert!(!alone.events().iter().any(|e| matches!(e, MediaEvent::Silence { .. })));
    call(&mut alone, 0xd5, &Frame::SILENCE, 3001);
    assert_eq!(alone.events(), [MediaEvent::Silence { for_ms: 60_000 }]);
}

#[test]
fn after_detach_nothing_is_sent_but_a_goodbye() {
    let mut alone = Alone::attached();
    alone.frames(50);
    alone.out.clear();
    alone.command(MediaCommand::Detach);
    let [MediaOutput::Rtcp { to, bytes }] = &alone.out[..] else { panic!("{:?}", alone.out) };
    assert_eq!(*to, address(B, true));
    assert!(rtcp::read(bytes, 0).unwrap().bye);
    alone.out.clear();
    alone.rtp(0, 0x2a);
    let heard = alone.frames(1000);
    assert!(heard.iter().all(|s| *s == 0));
    assert_eq!(alone.sent(), (0, 0));
    assert_eq!(alone.events(), []);
    alone.command(MediaCommand::Detach);
    assert_eq!(alone.sent(), (0, 0), "once is enough");
}

#[test]
fn reports_go_out_every_five_seconds_with_what_was_sent_and_received() {
    let mut world = World::pair();
    world.play([&[], &[]], 1000);
    for side in [A, B] {
        assert_eq!(world.rtcp_sent[side].len(), 4, "20 s");
        let last = world.rtcp_sent[side].last().unwrap();
        let packets: Vec<_> = rtcp_types::Compound::parse(last).unwrap().map(Result::unwrap).collect();
        let rtcp_types::Packet::Sr(report) = &packets[0] else { panic!("{packets:?}") };
        assert!(report.packet_count() > 850);
        assert_eq!(report.octet_count(), report.packet_count() * 160);
        let block = report.report_blocks().next().unwrap();
        assert_eq!((block.ssrc(), block.cumulative_lost(), block.fraction_lost()), (plan(1 - side).ssrc, 0, 0));
        assert_ne!(block.last_sender_report_timestamp(), 0);
        assert!(block.delay_since_last_sender_report_timestamp() <= 5 << 16);
        let meter = world.channels[side].meter();
        assert_eq!(meter.peer_lost, Some(0));
        assert!(meter.round_trip_ms.is_some_and(|ms| ms < 200), "{:?}", meter.round_trip_ms);
    }
}

#[test]
fn strangers_are_not_heard_and_move_nothing() {
    let mut alone = Alone::attached();
    let header = Header { payload_type: 8, marker: false, sequence: 0, timestamp: 0, ssrc: 9 };
    let stranger = "198.51.100.7:4000".parse().unwrap();
    alone.channel.packet(&write(header, &[0x2a; 160]), stranger, alone.now, &mut alone.out);
    assert!(alone.frames(10).iter().all(|s| *s == 0));
    assert!(alone.out.iter().all(|o| !matches!(o, MediaOutput::Rtp { to, .. } if *to == stranger)));
    assert_eq!(alone.events(), []);
    assert_eq!(alone.channel.meter().received, 0);
}

#[test]
fn packets_go_back_to_the_port_they_come_from() {
    let mut alone = Alone::attached();
    let header = Header { payload_type: 8, marker: false, sequence: 0, timestamp: 0, ssrc: 9 };
    let behind_nat = std::net::SocketAddr::new(address(B, false).ip(), 61_234);
    alone.channel.packet(&write(header, &[0xd5; 160]), behind_nat, alone.now, &mut alone.out);
    alone.out.clear();
    alone.frames(1);
    assert!(alone.out.iter().any(|o| matches!(o, MediaOutput::Rtp { to, .. } if *to == behind_nat)));
    let moved = MediaPlan { agreed: Agreed { remote: "192.0.2.99:7000".parse().unwrap(), ..plan(A).agreed }, ..plan(A) };
    alone.command(MediaCommand::Attach(Box::new(moved)));
    alone.out.clear();
    alone.frames(1);
    assert!(alone.out.iter().any(|o| matches!(o, MediaOutput::Rtp { to, .. } if *to == "192.0.2.99:7000".parse().unwrap())));
}

#[test]
fn a_new_source_is_heard_when_the_old_one_has_ended_and_not_before() {
    let mut alone = Alone::attached();
    for n in 0..20 {
        alone.rtp(n, 0x2a);
        let header = Header { payload_type: 8, marker: false, sequence: 7, timestamp: 77, ssrc: 1234 };
        alone.channel.packet(&write(header, &[0x55; 160]), address(B, false), alone.now, &mut alone.out);
        alone.frames(1);
    }
    assert_eq!(alone.channel.meter().received, 20);
    alone.frames(3);
    let header = Header { payload_type: 8, marker: true, sequence: 7, timestamp: 0x8000_0000, ssrc: 1234 };
    alone.channel.packet(&write(header, &[0x55; 160]), address(B, false), alone.now, &mut alone.out);
    let heard = alone.frames(10);
    let level = crate::dsp::g711::alaw_decode(0x55);
    assert!(heard.iter().filter(|s| **s == level).count() >= 100);
}

#[test]
fn a_digit_of_the_network_whose_end_is_lost_falls_silent_soon() {
    let mut alone = Alone::attached();
    let payload = crate::rtp::event::Payload { event: 4, end: false, volume: 10, duration: 160 };
    let header = Header { payload_type: 101, marker: true, sequence: 0, timestamp: 5000, ssrc: 9 };
    alone.channel.packet(&write(header, &payload.write()), address(B, false), alone.now, &mut alone.out);
    let heard = alone.frames(50);
    assert_eq!(digits_in(&heard), "4");
    assert!(heard[12 * 160..].iter().all(|s| *s == 0), "150 ms without a packet, and a frame");
}

#[test]
fn no_datagram_makes_the_channel_panic_or_grow() {
    let mut rng = Rng::from_seed(21);
    let mut alone = Alone::attached();
    for n in 0..20_000_u16 {
        let payload_type = if rng.chance(300) { 101 } else { 8 };
        let length = usize::try_from(rng.below(400)).unwrap();
        let ssrc = if rng.chance(20) { rng.next_u32() } else { 9 };
        let timestamp = if rng.chance(30) { rng.next_u32() } else { u32::from(n) * 80 };
        let header = Header { payload_type, marker: rng.chance(100), sequence: n, timestamp, ssrc };
        let mut bytes = write(header, &vec![0x2a; length]);
        for _ in 0..rng.below(4) {
            let at = usize::try_from(rng.below(bytes.len() as u64)).unwrap();
            bytes[at] = u8::try_from(rng.below(256)).unwrap();
        }
        if rng.chance(100) {
            bytes.truncate(usize::try_from(rng.below(bytes.len() as u64)).unwrap());
        }
        if rng.chance(100) {
            alone.channel.rtcp(&bytes, address(B, true), alone.now, &mut alone.out);
        } else {
            alone.channel.packet(&bytes, address(B, false), alone.now, &mut alone.out);
        }
        if rng.chance(500) {
            alone.frames(1);
            assert!(alone.channel.meter().buffer_ms <= 500);
        }
        alone.out.clear();
    }
    alone.now = alone.now + Duration::from_secs(20);
    assert!(alone.frames(1000).iter().skip(160 * 900).all(|s| *s == 0), "and it falls silent after all");
}
