use super::*;
use crate::rng::Rng;

/// The packets of one digit of `updates` × 20 ms.
fn digit(sender: &mut Sender, event: u8, timestamp: u32, updates: usize) -> Vec<Outgoing> {
    let mut packets = Vec::new();
    sender.start(event, timestamp, |packet| packets.push(packet));
    for _ in 0..updates {
        packets.extend(sender.step(160));
    }
    sender.stop();
    packets.extend(std::iter::from_fn(|| sender.step(160)));
    packets
}

fn hear(receiver: &mut Receiver, packets: impl IntoIterator<Item = Outgoing>) -> Vec<Heard> {
    let mut all = Vec::new();
    for (n, packet) in packets.into_iter().enumerate() {
        let now = Moment::from_millis(20 * n as u64);
        receiver.packet(packet.timestamp, packet.payload, now, |heard| all.push(heard));
    }
    all
}

fn began(heard: &[Heard]) -> Vec<u8> {
    heard.iter().filter_map(|h| if let Heard::Began { event, .. } = h { Some(*event) } else { None }).collect()
}

fn ended(heard: &[Heard]) -> Vec<(u8, u16)> {
    heard.iter().filter_map(|h| if let Heard::Ended { event, duration, .. } = h { Some((*event, *duration)) } else { None }).collect()
}

#[test]
fn every_digit_has_a_code_and_every_code_its_digit() {
    for (code, digit) in "0123456789*#ABCD".chars().enumerate() {
        let code = u8::try_from(code).unwrap();
        assert_eq!(code_of(digit), Some(code));
        assert_eq!(digit_of(code), Some(digit));
    }
    assert_eq!((code_of('x'), code_of('E'), digit_of(FLASH)), (None, None, None));
}

#[test]
fn a_digit_goes_out_with_one_marker_one_timestamp_growing_duration_and_three_ends() {
    let packets = digit(&mut Sender::default(), 5, 1000, 4);
    assert_eq!(packets.iter().map(|p| p.marker).collect::<Vec<_>>(), [true, false, false, false, false, false, false]);
    assert!(packets.iter().all(|p| p.timestamp == 1000 && p.payload.event == 5));
    assert_eq!(packets.iter().map(|p| p.payload.duration).collect::<Vec<_>>(), [160, 320, 480, 640, 640, 640, 640]);
    assert_eq!(packets.iter().map(|p| p.payload.end).collect::<Vec<_>>(), [false, false, false, false, true, true, true]);
}

#[test]
fn a_new_digit_sends_the_ends_of_the_old_one_first() {
    let mut sender = Sender::default();
    sender.start(1, 1000, |_| panic!("nothing is open"));
    sender.step(160);
    let mut flushed = Vec::new();
    sender.start(2, 2000, |packet| flushed.push(packet));
    assert_eq!(flushed.len(), 3);
    assert!(flushed.iter().all(|p| p.payload.end && p.timestamp == 1000));
    assert_eq!(sender.step(160).map(|p| (p.timestamp, p.marker)), Some((2000, true)));
}

#[test]
fn a_key_that_sticks_is_let_go_after_eight_seconds() {
    let mut sender = Sender::default();
    sender.start(1, 0, |_| {});
    let packets: Vec<_> = std::iter::from_fn(|| sender.step(160)).take(1000).collect();
    assert_eq!(packets.len(), 403);
    assert_eq!(packets.last().map(|p| (p.payload.end, p.payload.duration)), Some((true, 64_000)));
}

#[test]
fn payloads_are_read_as_written_and_short_ones_refused() {
    let payload = Payload { event: 11, end: true, volume: 63, duration: 0xabcd };
    assert_eq!(Payload::read(&payload.write()), Ok(payload));
    assert_eq!(Payload::read(&[1, 2, 3]), Err(TooShort));
}

#[test]
fn each_digit_is_heard_once_whatever_part_of_it_is_lost() {
    for lost in 0..(1_u32 << 7) - 1 {
        let packets = digit(&mut Sender::default(), 7, 500, 4);
        let mut receiver = Receiver::default();
        let kept: Vec<_> = packets.into_iter().enumerate().filter(|(n, _)| lost & (1 << n) == 0).map(|(_, p)| p).collect();
        let mut heard = hear(&mut receiver, kept);
        receiver.timeout(Moment::from_secs(1), |h| heard.push(h));
        assert_eq!(began(&heard), [7], "lost {lost:07b}");
        assert_eq!(ended(&heard).len(), 1, "lost {lost:07b}");
    }
}

#[test]
fn the_same_digit_twice_is_two_digits_even_without_markers_and_ends() {
    let mut sender = Sender::default();
    let mut packets = digit(&mut sender, 7, 500, 4);
    packets.extend(digit(&mut sender, 7, 500 + 1600, 4));
    let kept = packets.into_iter().filter(|p| !p.marker && !p.payload.end);
    let mut receiver = Receiver::default();
    let mut heard = hear(&mut receiver, kept);
    receiver.timeout(Moment::from_secs(1), |h| heard.push(h));
    assert_eq!(began(&heard), [7, 7]);
    assert_eq!(ended(&heard), [(7, 640), (7, 640)]);
}

#[test]
fn late_and_repeated_packets_are_not_heard_again() {
    let mut sender = Sender::default();
    let first = digit(&mut sender, 1, 1000, 4);
    let second = digit(&mut sender, 2, 3000, 4);
    let mut receiver = Receiver::default();
    let heard = hear(&mut receiver, first.iter().chain(&second).chain(&first).chain(&second).copied());
    assert_eq!(began(&heard), [1, 2]);
}

#[test]
fn digits_are_heard_once_over_a_network_that_shuffles_repeats_and_loses() {
    let mut rng = Rng::from_seed(4);
    for _ in 0..500 {
        let mut sender = Sender::default();
        let mut on_the_way: Vec<(u64, Outgoing)> = Vec::new();
        for n in 0..20_u32 {
            let packets = digit(&mut sender, u8::try_from(n % 10).unwrap(), n.wrapping_mul(1600).wrapping_sub(9000), 5);
            for (k, packet) in packets.into_iter().enumerate() {
                let sent_ms = u64::from(n) * 200 + 20 * k as u64;
                for _ in 0..=u32::from(rng.chance(50)) {
                    if !rng.chance(50) {
                        on_the_way.push((sent_ms + rng.below(35), packet));
                    }
                }
            }
        }
        on_the_way.sort_by_key(|(at, _)| *at);
        let mut receiver = Receiver::default();
        let mut heard = Vec::new();
        for (at, packet) in on_the_way {
            let now = Moment::from_millis(at);
            receiver.timeout(now, |h| heard.push(h));
            receiver.packet(packet.timestamp, packet.payload, now, |h| heard.push(h));
        }
        receiver.timeout(Moment::from_secs(60), |h| heard.push(h));
        assert_eq!(began(&heard), (0..20).map(|n| n % 10).collect::<Vec<u8>>());
        assert_eq!(ended(&heard).len(), 20);
    }
}

#[test]
fn one_long_event_in_segments_is_one_press() {
    let mut receiver = Receiver::default();
    let mut heard = Vec::new();
    for (timestamp, duration, end) in [(0, 65_000, false), (0, 65_535, false), (65_535, 400, false), (65_535, 800, true)] {
        let payload = Payload { event: 3, end, volume: 10, duration };
        receiver.packet(timestamp, payload, Moment::ZERO, |h| heard.push(h));
    }
    assert_eq!(began(&heard), [3]);
    assert_eq!(ended(&heard), [(3, 800)]);
}
