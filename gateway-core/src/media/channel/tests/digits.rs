//! Digits: each heard once, wherever it comes from, and nothing of it in the audio when it is sent as an event.

use std::time::Duration;

use super::world::*;
use crate::config::settings::DtmfToSip;
use crate::dsp::babble::Babble;
use crate::dsp::{FRAME_SAMPLES, Frame};
use crate::media::{MediaCommand, MediaConfig, MediaEvent, MediaPlan};
use crate::rng::Rng;
use crate::rtp::event::Payload;
use crate::sdp::Agreed;

const ALL: &str = "0123456789*#ABCD";

fn with(dtmf_to_sip: DtmfToSip) -> [MediaConfig; 2] {
    [MediaConfig { dtmf_to_sip, ..config() }, MediaConfig { dtmf_to_sip, ..config() }]
}

/// Enough for digits that are played on slower (100 ms and 100 ms) than they came.
fn frames_of(signal: &[i16]) -> usize {
    2 * signal.len().div_ceil(FRAME_SAMPLES)
}

#[test]
fn digits_of_one_line_are_heard_once_on_the_other_and_never_in_the_audio() {
    let mut longest_leak = 0;
    for phase in (3..160).step_by(13) {
        let said = keys(ALL, 60, 60, 8000 + phase);
        let mut world = World::pair();
        let [_, heard] = world.play([&said, &[]], frames_of(&said));
        assert_eq!(line_digits(&world.events[A]), ALL, "phase {phase}");
        assert_eq!(net_digits(&world.events[B]), ALL, "phase {phase}");
        assert_eq!(digits_in(&heard), ALL, "phase {phase}");
        let audio = audio_of(&world.sent[A]);
        assert_eq!(digits_in(&audio), "", "phase {phase}");
        longest_leak = longest_leak.max(audio.iter().filter(|s| s.abs() > 100).count());
    }
    assert_eq!(longest_leak, 0);
}

#[test]
fn digits_in_noise_do_not_leak_so_much_that_they_could_be_counted() {
    let mut noise = crate::dsp::babble::WhiteNoise::new(Rng::from_seed(8), -34.0);
    for phase in (0..160).step_by(32) {
        let mut said = keys(ALL, 60, 60, 8000 + phase);
        noise.mix_into(&mut said);
        let mut world = World::pair();
        let [_, heard] = world.play([&said, &[]], frames_of(&said));
        assert_eq!(digits_in(&heard), ALL, "phase {phase}");
        let audio = audio_of(&world.sent[A]);
        assert_eq!(digits_in(&audio), "", "phase {phase}");
        let leak = audio.iter().filter(|s| s.abs() > 4000).count();
        assert!(leak < 16 * 8, "{leak} samples of 16 digits at phase {phase}");
    }
}

#[test]
fn digits_are_heard_once_under_loss_jitter_and_duplicates_in_both_ways_at_once() {
    for seed in 0..12 {
        let (a, b) = (keys("1234567890*#", 70, 70, 4000), keys("AABBCCDDAABBCC", 60, 60, 4321));
        let mut world = World::new(seed, [config(), config()], [plan(A), plan(B)]);
        (world.loss_per_mille, world.jitter_ms, world.twice_per_mille) = (50, 30, 30);
        let mut heard = world.play([&a, &b], frames_of(&a).max(frames_of(&b)) + 100);
        for heard in &mut heard {
            heard.resize(heard.len() + 1600, 0);
        }
        assert_eq!(digits_in(&heard[B]), "1234567890*#", "seed {seed}");
        assert_eq!(digits_in(&heard[A]), "AABBCCDDAABBCC", "seed {seed}");
    }
}

#[test]
fn an_event_has_its_form_on_the_wire() {
    let said = keys("5", 100, 100, 8000);
    let mut world = World::pair();
    world.play([&said, &[]], frames_of(&said));
    let events: Vec<_> = parsed(&world.sent[A]).filter(|p| p.header.payload_type == 101).collect();
    let payloads: Vec<Payload> = events.iter().map(|p| Payload::read(p.payload).unwrap()).collect();
    assert!(events.iter().enumerate().all(|(n, p)| p.header.marker == (n == 0)));
    assert!(events.iter().all(|p| p.header.timestamp == events[0].header.timestamp));
    assert_eq!(payloads.iter().filter(|p| p.end).count(), 3);
    let (updates, ends) = payloads.split_at(payloads.len() - 3);
    assert!(ends.iter().all(|p| p.end && p.duration == updates[updates.len() - 1].duration));
    assert!(updates.windows(2).all(|w| w[1].duration == w[0].duration + 160));
    let duration_ms = ends[0].duration / 8;
    assert!((80..=140).contains(&duration_ms), "{duration_ms} ms");
    // The digit begins at sample 8000 of the line, whose first sample leaves one frame late.
    let onset = events[0].header.timestamp.wrapping_sub(plan(A).first_timestamp).abs_diff(8000 + 160);
    assert!(onset <= 80, "{onset} samples off");
    let audio: Vec<_> = parsed(&world.sent[A]).filter(|p| p.header.payload_type == 8).collect();
    assert_eq!(audio.iter().filter(|p| p.header.marker).count(), 2, "at the start and after the event");
    assert!(!audio.iter().any(|p| {
        let into = p.header.timestamp.wrapping_sub(events[0].header.timestamp);
        (80..u32::from(ends[0].duration) - 160).contains(&into)
    }));
}

#[test]
fn with_info_the_digit_is_told_and_silenced_but_not_sent() {
    let said = keys(ALL, 60, 60, 8000);
    let mut world = World::new(1, with(DtmfToSip::Info), [plan(A), plan(B)]);
    let [_, heard] = world.play([&said, &[]], frames_of(&said));
    assert_eq!(line_digits(&world.events[A]), ALL);
    assert_eq!(digits_in(&heard), "");
    assert!(parsed(&world.sent[A]).all(|p| p.header.payload_type == 8));
}

#[test]
fn in_band_digits_are_left_alone_and_so_are_all_without_an_agreed_telephone_event() {
    let said = keys(ALL, 60, 60, 8000);
    let no_events = |side| {
        let plan = plan(side);
        MediaPlan { agreed: Agreed { telephone_event: None, ..plan.agreed }, ..plan }
    };
    for (configs, plans) in [(with(DtmfToSip::InBand), [plan(A), plan(B)]), (with(DtmfToSip::Rfc4733), [no_events(A), no_events(B)])] {
        let mut world = World::new(1, configs, plans);
        let [_, heard] = world.play([&said, &[]], frames_of(&said));
        assert_eq!(digits_in(&heard), ALL, "once, as sound");
        assert_eq!(net_digits(&world.events[B]), "");
        assert!(parsed(&world.sent[A]).all(|p| p.header.payload_type == 8));
    }
}

#[test]
fn the_echo_of_digits_put_on_the_line_is_not_sent_back() {
    let mut world = World::pair();
    world.command(A, MediaCommand::Dial("123".to_owned()));
    // The line of A echoes everything, 12 dB weaker and 20 ms later.
    let mut echo = Frame::SILENCE;
    for n in 0..200 {
        if n == 60 {
            world.command(A, MediaCommand::Digit { digit: '7', duration: Duration::from_millis(200) });
        }
        let [heard, _] = world.step([&echo, &Frame::SILENCE]);
        echo = Frame(heard.0.map(|s| s / 4));
    }
    assert_eq!(line_digits(&world.events[A]), "");
    assert_eq!(net_digits(&world.events[B]), "");
}

#[test]
fn info_digits_sound_once_and_for_their_time() {
    let mut world = World::pair();
    let mut heard = Vec::new();
    for n in 0..150 {
        if n % 40 == 10 {
            world.command(A, MediaCommand::Digit { digit: '8', duration: Duration::from_millis(160) });
        }
        heard.extend(world.step([&Frame::SILENCE, &Frame::SILENCE])[A].0);
    }
    assert_eq!(digits_in(&heard), "8888");
    assert_eq!(heard.iter().filter(|s| s.abs() > 100).count() / 1280, 3, "4 digits of 160 ms, but for zero crossings");
}

#[test]
fn a_key_that_comes_as_event_and_as_info_is_one_digit() {
    let said = keys("42", 100, 200, 1600);
    let mut world = World::pair();
    let mut heard = Vec::new();
    for n in 0..80 {
        heard.extend(world.step([&frame_of(&said, n), &Frame::SILENCE])[B].0);
        if let Some(digit) = [(20, '4'), (34, '2')].iter().find_map(|(at, digit)| (n == *at).then_some(*digit)) {
            world.command(B, MediaCommand::Digit { digit, duration: Duration::from_millis(100) });
        }
    }
    assert_eq!(digits_in(&heard), "42");
}

#[test]
fn a_peer_that_leaves_the_tone_in_the_audio_beside_the_event_is_heard_once() {
    // The audio of an in-band sender, and the events of another, mixed into one stream.
    let said = keys("159", 100, 150, 16_000);
    let frames = said.len() / FRAME_SAMPLES;
    let mut talker = World::new(1, with(DtmfToSip::InBand), [plan(A), plan(B)]);
    talker.play([&said, &[]], frames);
    let mut signaller = World::pair();
    signaller.play([&said, &[]], frames);
    let events = signaller.sent[A].iter().filter(|bytes| bytes[1] & 0x7f == 101);
    let mut stream: Vec<(usize, Vec<u8>)> = Vec::new();
    for (n, bytes) in talker.sent[A].iter().chain(events).enumerate() {
        let packet = crate::rtp::packet::read(bytes).unwrap();
        let start = packet.header.timestamp.wrapping_sub(plan(A).first_timestamp) as usize;
        let length = Payload::read(packet.payload).map_or(0, |payload| usize::from(payload.duration));
        let arrival = start / 160 + if packet.header.payload_type == 101 { length / 160 } else { 1 };
        // One packet comes 160 ms late, so that from then on the audio is heard long after the events.
        stream.push((arrival + if n == 20 { 8 } else { 0 }, bytes.clone()));
    }
    stream.sort_by_key(|(arrival, _)| *arrival);
    let mut listener = World::pair();
    let mut heard = Vec::new();
    for n in 0..frames + 20 {
        let now = listener.now;
        for (k, (_, bytes)) in stream.iter_mut().enumerate().filter(|(_, (arrival, _))| *arrival == n) {
            bytes[2..4].copy_from_slice(&u16::try_from(k).unwrap().to_be_bytes());
            listener.channels[B].packet(bytes, address(A, false), now, &mut Vec::new());
        }
        listener.channels[B].line_frame(&Frame::SILENCE, now, &mut Vec::new());
        heard.extend(listener.channels[B].to_line(now).0);
        assert!(n < 40 || n >= frames || listener.channels[B].meter().buffer_ms >= 120, "the audio is late");
        listener.now = now + FRAME;
    }
    assert_eq!(digits_in(&heard), "159");
}

#[test]
fn dialled_digits_come_first_and_digits_of_the_call_wait_for_them() {
    let mut world = World::pair();
    let mut heard = Vec::new();
    world.command(A, MediaCommand::Dial("+12-3".to_owned()));
    world.command(A, MediaCommand::Digit { digit: '9', duration: Duration::ZERO });
    for _ in 0..60 {
        heard.extend(world.step([&Frame::SILENCE, &Frame::SILENCE])[A].0);
    }
    assert_eq!(digits_in(&heard), "1239");
    let dialed = world.events[A].iter().filter(|event| **event == MediaEvent::Dialed).count();
    assert_eq!(dialed, 1);
}

#[test]
fn dialling_is_told_once_when_the_last_digit_is_out_even_when_there_was_none() {
    let mut world = World::pair();
    world.command(A, MediaCommand::Dial(String::new()));
    world.step([&Frame::SILENCE, &Frame::SILENCE]);
    world.step([&Frame::SILENCE, &Frame::SILENCE]);
    assert!(world.events[A].contains(&MediaEvent::Dialed));
    world.events[A].clear();
    world.command(A, MediaCommand::Dial("12".to_owned()));
    for n in 0..25 {
        world.step([&Frame::SILENCE, &Frame::SILENCE]);
        let told = world.events[A].contains(&MediaEvent::Dialed);
        assert_eq!(told, n >= 20, "two digits of 100 and 100 ms, told with the next line frame: {n}");
    }
}

#[test]
fn quiet_stops_digits_at_once_and_no_dialling_is_told() {
    let mut world = World::pair();
    world.command(A, MediaCommand::Dial("1".repeat(500)));
    world.command(A, MediaCommand::Digit { digit: '5', duration: Duration::from_secs(5) });
    world.step([&Frame::SILENCE, &Frame::SILENCE]);
    world.command(A, MediaCommand::Quiet);
    for _ in 0..50 {
        let heard = world.step([&Frame::SILENCE, &Frame::SILENCE])[A];
        assert!(heard.0.iter().all(|s| s.abs() <= 8), "nothing but A-law silence");
    }
    assert!(!world.events[A].contains(&MediaEvent::Dialed));
}

#[test]
fn a_flash_event_is_told_once_and_makes_no_sound() {
    let mut world = World::pair();
    let mut out = Vec::new();
    for n in 0..6_u16 {
        let payload = Payload { event: 16, end: n > 2, volume: 0, duration: 160 * n.min(3) };
        let header = crate::rtp::packet::Header { payload_type: 101, marker: n == 0, sequence: n, timestamp: 5000, ssrc: 3 };
        let now = world.now;
        world.channels[A].packet(&crate::rtp::packet::write(header, &payload.write()), address(B, false), now, &mut out);
        assert_eq!(world.channels[A].to_line(now), Frame::SILENCE);
    }
    let events: Vec<_> = out.into_iter().collect();
    assert_eq!(events.iter().filter(|o| matches!(o, crate::media::MediaOutput::Event(MediaEvent::Flash))).count(), 1);
}

#[test]
fn a_voice_on_the_line_is_hardly_ever_taken_for_the_beginning_of_a_digit() {
    let mut babble = Babble::new(Rng::from_seed(11), -18.0);
    let said: Vec<i16> = (0..3000).flat_map(|_| babble.next_frame().0).collect();
    let mut world = World::pair();
    world.play([&said, &[]], 3000);
    assert_eq!(line_digits(&world.events[A]), "");
    let audio = audio_of(&world.sent[A]);
    let silenced = audio[160..].iter().zip(&said).filter(|(out, said)| **out == 8 && said.abs() > 16).count();
    assert!(silenced < said.len() / 500, "{silenced}");
}
