//! Audio from line to line.

use super::world::*;
use crate::config::settings::DtmfToSip;
use crate::dsp::g711::{alaw_decode, alaw_encode, ulaw_decode, ulaw_encode};
use crate::media::{MediaConfig, MediaEvent, MediaPlan};
use crate::rng::Rng;
use crate::sdp::{Agreed, Codec};

/// A signal that is nowhere like itself: loud noise.
fn marker(seed: u64, samples: usize) -> Vec<i16> {
    let mut rng = Rng::from_seed(seed);
    (0..samples).map(|_| i16::try_from(rng.below(16_000)).unwrap() - 8000).collect()
}

fn through_alaw(signal: &[i16]) -> Vec<i16> {
    signal.iter().map(|&s| alaw_decode(alaw_encode(s))).collect()
}

fn through_ulaw(signal: &[i16]) -> Vec<i16> {
    signal.iter().map(|&s| ulaw_decode(ulaw_encode(s))).collect()
}

/// By how many samples `heard` is later than `said`, when all of it from 1 s on is the same.
fn delay_of(heard: &[i16], said: &[i16]) -> Option<usize> {
    let probe = &said[8000..8160];
    let delay = heard.windows(160).position(|window| window == probe)?.checked_sub(8000)?;
    let same = heard[delay..].iter().zip(said).all(|(h, s)| h == s);
    same.then_some(delay)
}

#[test]
fn speech_comes_out_sample_exact_after_25_ms_in_both_ways() {
    let (from_a, from_b) = (marker(1, 160 * 500), marker(2, 160 * 500));
    let mut world = World::pair();
    let [at_a, at_b] = world.play([&from_a, &from_b], 500);
    let delays = [delay_of(&at_b, &through_alaw(&from_a)), delay_of(&at_a, &through_alaw(&from_b))];
    assert_eq!(delays, [Some(160 + 40); 2], "20 ms for digits, 5 ms jitter buffer; with the frame itself 45 ms");
    assert_eq!(world.channels[A].meter().lost, 0);
    assert_eq!(world.channels[A].meter().jitter_ms, 0.0);
}

#[test]
fn line_to_rtp_takes_one_frame_with_events_and_none_in_band() {
    for (dtmf_to_sip, delay) in [(DtmfToSip::Rfc4733, 160), (DtmfToSip::Info, 160), (DtmfToSip::InBand, 0)] {
        let config = MediaConfig { dtmf_to_sip, ..config() };
        let mut world = World::new(1, [config.clone(), config], [plan(A), plan(B)]);
        let said = marker(3, 160 * 100);
        world.play([&said, &[]], 100);
        assert_eq!(delay_of(&audio_of(&world.sent[A]), &through_alaw(&said)), Some(delay), "{dtmf_to_sip:?}");
    }
}

#[test]
fn each_packet_time_and_codec_is_sample_exact() {
    for (ptime_ms, packet) in [(10, 80), (20, 160), (30, 240), (40, 320), (0, 80), (60, 320)] {
        for (codec, payload_type) in [(Codec::Pcma, 8), (Codec::Pcmu, 0)] {
            let plan = |side| {
                let plan = plan(side);
                MediaPlan { agreed: Agreed { codec, payload_type, ptime_ms, ..plan.agreed }, ..plan }
            };
            let mut world = World::new(1, [config(), config()], [plan(A), plan(B)]);
            let said = marker(4, 160 * 200);
            let [_, heard] = world.play([&said, &[]], 200);
            let expected = if codec == Codec::Pcma { through_alaw(&said) } else { through_ulaw(&said) };
            let delay = delay_of(&heard, &expected);
            assert!(delay.is_some_and(|delay| delay <= 5 * 160), "{ptime_ms} ms, {codec:?}: {delay:?}");
            assert!(parsed(&world.sent[A]).all(|p| p.payload.len() == packet && p.header.payload_type == payload_type));
        }
    }
}

#[test]
fn the_first_packet_and_no_other_has_the_marker_and_numbers_run_on() {
    let mut world = World::pair();
    world.play([&[], &[]], 100);
    let headers: Vec<_> = parsed(&world.sent[A]).map(|packet| packet.header).collect();
    assert_eq!(headers.len(), 100);
    assert!(headers.iter().enumerate().all(|(n, header)| header.marker == (n == 0)));
    assert!(headers.windows(2).all(|w| w[1].sequence == w[0].sequence.wrapping_add(1)));
    assert!(headers.windows(2).all(|w| w[1].timestamp == w[0].timestamp.wrapping_add(160)));
    assert_eq!((headers[0].sequence, headers[0].timestamp, headers[0].ssrc), (65_500, 0xffff_f000, 0x1000));
}

#[test]
fn loss_and_jitter_cost_little_more_than_what_was_lost() {
    let said = marker(5, 160 * 3000);
    let mut world = World::pair();
    (world.loss_per_mille, world.jitter_ms, world.twice_per_mille) = (50, 40, 20);
    let [_, heard] = world.play([&said, &[]], 3000);
    let expected = through_alaw(&said);
    // The delay may have changed on the way: count frames that are somewhere near their place.
    let exact = (100..2900).filter(|n| {
        let frame = &heard[n * 160..(n + 1) * 160];
        let earliest = (n * 160_usize).saturating_sub(2400);
        expected[earliest..n * 160].windows(160).any(|window| window == frame)
    });
    let exact = exact.count();
    assert!(exact > 2800 * 85 / 100, "{exact}");
    let meter = world.channels[B].meter();
    assert!((60..200).contains(&meter.lost), "{meter:?}");
    assert!((5.0..25.0).contains(&meter.jitter_ms), "{meter:?}");
    assert!(meter.buffer_ms <= 200, "{meter:?}");
}

#[test]
fn the_meter_is_told_five_times_a_second() {
    let said = vec![8000; 160 * 100];
    let mut world = World::pair();
    world.play([&said, &[]], 100);
    let meters: Vec<_> = world.events[A].iter().filter_map(|e| if let MediaEvent::Meter(m) = e { Some(*m) } else { None }).collect();
    assert_eq!(meters.len(), 10);
    let last = meters[9];
    assert!((last.rx_dbm0 + 6.1).abs() < 0.5, "{last:?}");
    assert!(last.tx_dbm0 < -60.0, "{last:?}");
    assert_eq!((last.sent, last.lost), (100, 0));
}
