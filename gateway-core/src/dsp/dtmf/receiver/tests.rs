use std::time::Duration;

use super::*;
use crate::dsp::FRAME_SAMPLES;
use crate::dsp::babble::{Babble, WhiteNoise};
use crate::dsp::dtmf::{DtmfGenerator, DtmfLevels, frequencies_of};
use crate::dsp::line_model::{Impairments, LineModel};
use crate::dsp::music::Music;
use crate::dsp::tone::{Oscillators, ToneGenerator, ToneSpec};
use crate::rng::Rng;

const DIGITS: &str = "1234567890*#ABCD";

/// Runs the receiver over samples and says which digits it told, checking that begin and end alternate.
fn digits_in(samples: &[i16]) -> String {
    let (mut receiver, mut events) = (DtmfReceiver::new(), Vec::new());
    for piece in samples.chunks(FRAME_SAMPLES) {
        let mut frame = Frame::SILENCE;
        frame.0[..piece.len()].copy_from_slice(piece);
        receiver.process(&frame, &mut events);
    }
    for _ in 0..5 {
        receiver.process(&Frame::SILENCE, &mut events);
    }
    assert_eq!(receiver.sounding(), None);
    let mut digits = String::new();
    for pair in events.chunks(2) {
        match *pair {
            [DtmfEvent::Begin { digit, .. }, DtmfEvent::End { digit: ended, .. }] if digit == ended => digits.push(digit),
            _ => panic!("begin and end do not alternate: {events:?}"),
        }
    }
    digits
}

/// A digit between two silences, `lead` samples into the first frame.
fn burst(digit: char, levels: DtmfLevels, detune: (f32, f32), on_ms: usize, lead: usize) -> Vec<i16> {
    let (low_hz, high_hz) = frequencies_of(digit).unwrap();
    let mut tones = Oscillators::of_levels([(low_hz * detune.0, levels.low_dbm0), (high_hz * detune.1, levels.high_dbm0)]);
    let mut samples = vec![0; 400 + lead];
    samples.extend((0..on_ms * 8).map(|_| tones.next()));
    samples.extend([0; 800]);
    samples
}

fn flat(level_dbm0: f32) -> DtmfLevels {
    DtmfLevels { low_dbm0: level_dbm0, high_dbm0: level_dbm0 }
}

#[test]
fn every_digit_is_heard_at_every_level() {
    for digit in DIGITS.chars() {
        for level_dbm0 in [-1.0, -5.0, -10.0, -20.0, -30.0, -38.0, -42.0] {
            let samples = burst(digit, flat(level_dbm0), (1.0, 1.0), 40, 37);
            assert_eq!(digits_in(&samples), digit.to_string(), "at {level_dbm0} dBm0");
        }
    }
}

#[test]
fn forty_ms_are_enough_at_every_alignment_and_twenty_five_never() {
    for digit in ['1', '5', '0', 'D'] {
        for lead in 0..80 {
            let (long, short) = (burst(digit, flat(-15.0), (1.0, 1.0), 40, lead * 2), burst(digit, flat(-15.0), (1.0, 1.0), 23, lead * 2));
            assert_eq!(digits_in(&long), digit.to_string(), "lead {lead}");
            assert_eq!(digits_in(&short), "", "lead {lead}");
        }
    }
}

#[test]
fn one_and_a_half_per_cent_off_is_accepted_three_and_a_half_rejected() {
    for digit in DIGITS.chars() {
        for (off, heard) in [(0.015, true), (-0.015, true), (0.035, false), (-0.035, false)] {
            for detune in [(1.0 + off, 1.0), (1.0, 1.0 + off), (1.0 + off, 1.0 + off), (1.0 + off, 1.0 - off)] {
                let samples = burst(digit, flat(-15.0), detune, 45, 11);
                let expected = if heard { digit.to_string() } else { String::new() };
                assert_eq!(digits_in(&samples), expected, "{digit} detuned by {detune:?}");
            }
        }
    }
}

#[test]
fn eight_db_of_normal_and_four_of_reverse_twist_are_accepted_twelve_and_ten_are_not() {
    for digit in DIGITS.chars() {
        for (twist_db, heard) in [(8.0, true), (-4.0, true), (12.0, false), (-10.0, false)] {
            let levels = DtmfLevels { low_dbm0: -14.0, high_dbm0: -14.0 - twist_db };
            for off in [-0.015, 0.0, 0.015] {
                let samples = burst(digit, levels, (1.0 + off, 1.0 - off), 45, 90);
                assert_eq!(digits_in(&samples), if heard { digit.to_string() } else { String::new() }, "{digit} {twist_db} dB {off}");
            }
        }
    }
}

#[test]
fn noise_of_15_db_below_costs_no_digit() {
    let mut noise = WhiteNoise::new(Rng::from_seed(11), -22.0 - 15.0 + 3.0);
    for round in 0..20 {
        for digit in DIGITS.chars() {
            let mut samples = burst(digit, flat(-22.0), (1.01, 0.99), 45, round * 8);
            noise.mix_into(&mut samples);
            assert_eq!(digits_in(&samples), digit.to_string(), "round {round}");
        }
    }
}

#[test]
fn noise_of_7_db_below_costs_no_digit_and_one_of_6_db_hardly_any() {
    for (snr_db, most_lost) in [(7.0, 0), (6.0, 4)] {
        let mut lost = 0;
        for round in 0..20 {
            for digit in DIGITS.chars() {
                let mut samples = burst(digit, flat(-15.0), (1.0, 1.0), 50, round * 8);
                let line = Impairments { noise_dbm0: Some(-12.0 - snr_db), ..Impairments::default() };
                LineModel::new(line, Rng::from_seed(round as u64)).process(&mut samples);
                lost += usize::from(digits_in(&samples) != digit.to_string());
            }
        }
        assert!(lost <= most_lost, "{lost} of 320 at {snr_db} dB");
    }
}

#[test]
fn a_clipped_digit_is_heard() {
    for digit in DIGITS.chars() {
        for lead in [0, 33, 66] {
            let mut samples = burst(digit, flat(-15.0), (1.0, 1.0), 50, lead);
            let line = Impairments { clip_dbm0: Some(-21.0), noise_dbm0: Some(-65.0), ..Impairments::default() };
            LineModel::new(line, Rng::from_seed(2)).process(&mut samples);
            assert_eq!(digits_in(&samples), digit.to_string());
        }
    }
}

#[test]
fn an_echo_10_db_below_costs_no_digit() {
    for digit in DIGITS.chars() {
        for late in [24, 40, 80, 120, 160] {
            let direct = burst(digit, flat(-15.0), (1.0, 1.0), 50, 5);
            let mut samples = direct.clone();
            for (sample, echo) in samples[late..].iter_mut().zip(&direct) {
                *sample += (f32::from(*echo) * 0.316) as i16;
            }
            assert_eq!(digits_in(&samples), digit.to_string(), "{late} samples late");
        }
    }
}

#[test]
fn two_tones_that_glide_are_no_digit() {
    for digit in DIGITS.chars() {
        let (low_hz, high_hz) = frequencies_of(digit).unwrap();
        for glide_hz_a_ms in [-1.5, 1.5_f64] {
            let mut samples = vec![0; 400];
            let mut phases = [0.0_f64; 2];
            for n in 0..60 * 8 {
                let beside_hz = glide_hz_a_ms * (f64::from(n) / 8.0 - 30.0);
                for (phase, hz) in phases.iter_mut().zip([low_hz, high_hz]) {
                    *phase += (f64::from(hz) + beside_hz) / 8000.0 * std::f64::consts::TAU;
                }
                samples.push((3000.0 * (phases[0].sin() + phases[1].sin())) as i16);
            }
            samples.resize(samples.len() + 800, 0);
            assert_eq!(digits_in(&samples), "", "{digit} {glide_hz_a_ms}");
        }
    }
}

#[test]
fn music_holds_hardly_any_digit() {
    // Notes of the equal-tempered scale lie within 1.5 % of some tones of Q.23, so that a chord can be a digit indeed.
    let mut digits = 0;
    for seed in 0..10 {
        let mut music = Music::new(Rng::from_seed(seed), -15.0);
        let (mut receiver, mut events) = (DtmfReceiver::new(), Vec::new());
        for _ in 0..50 * 90 {
            receiver.process(&music.next_frame(), &mut events);
        }
        digits += events.iter().filter(|event| matches!(event, DtmfEvent::Begin { .. })).count();
    }
    assert!(digits <= 2, "{digits}");
}

#[test]
fn ten_digits_a_second_come_through_each_once() {
    for (on_ms, off_ms) in [(50, 50), (40, 40), (45, 55), (100, 100), (300, 60)] {
        let mut generator = DtmfGenerator::default();
        let dialed: String = DIGITS.repeat(4).chars().chain("11223344550000".chars()).collect();
        generator.push(&dialed, Duration::from_millis(on_ms), Duration::from_millis(off_ms)).unwrap();
        let mut samples = Vec::new();
        let mut frame = Frame::SILENCE;
        while !generator.fill(&mut frame) {
            samples.extend_from_slice(&frame.0);
        }
        samples.extend_from_slice(&frame.0);
        assert_eq!(digits_in(&samples), dialed, "{on_ms}/{off_ms}");
    }
}

#[test]
fn a_short_dropout_does_not_split_a_digit() {
    for at in 0..40 {
        let mut samples = burst('7', flat(-12.0), (1.0, 1.0), 200, 3);
        samples[1000 + at * 4..1000 + at * 4 + 80].fill(0);
        assert_eq!(digits_in(&samples), "7", "dropout at {at}");
    }
}

#[test]
fn digits_without_a_gap_are_both_heard() {
    let mut samples = burst('1', flat(-12.0), (1.0, 1.0), 100, 0);
    samples.truncate(400 + 800);
    samples.extend_from_slice(&burst('2', flat(-12.0), (1.0, 1.0), 100, 0)[400..]);
    assert_eq!(digits_in(&samples), "12");
}

#[test]
fn begin_is_early_and_times_are_true() {
    for lead in [0, 50, 100, 150] {
        let samples = burst('9', flat(-12.0), (1.0, 1.0), 100, lead);
        let (mut receiver, mut events, mut begin_ms, mut suspected_ms) = (DtmfReceiver::new(), Vec::new(), None, None);
        let onset_ms = (400 + lead) / 8;
        for (n, piece) in samples.chunks_exact(FRAME_SAMPLES).enumerate() {
            receiver.process(&Frame(piece.try_into().unwrap()), &mut events);
            let now_ms = (n + 1) * 20;
            if receiver.suspects() && suspected_ms.is_none() {
                suspected_ms = Some(now_ms - onset_ms);
            }
            if begin_ms.is_none() && !events.is_empty() {
                begin_ms = Some(now_ms - onset_ms);
            }
        }
        assert!(begin_ms.unwrap() <= 56, "begin after {begin_ms:?} ms");
        assert!(suspected_ms.is_none_or(|suspected| suspected <= 40), "{suspected_ms:?}");
        let [DtmfEvent::Begin { level_dbm0, since_ms, .. }, DtmfEvent::End { duration_ms, since_ms: over_ms, .. }] = events[..] else {
            panic!("{events:?}")
        };
        assert!((level_dbm0 + 9.0).abs() < 0.5, "{level_dbm0}");
        assert!(since_ms as usize <= 46 && since_ms >= 25, "{since_ms}");
        assert!(duration_ms.abs_diff(100) <= 10, "{duration_ms}");
        assert!((25..=45).contains(&over_ms), "{over_ms}");
    }
}

#[test]
fn twelve_minutes_of_babble_hold_no_digit() {
    // Ten speakers, 72 seconds each here; the long run is `an_hour_of_babble_for_each_of_ten_speakers`.
    assert_eq!(hits_in_babble(0..10, 72), 0);
}

#[test]
#[ignore = "takes minutes without optimisation"]
fn an_hour_of_babble_for_each_of_ten_speakers() {
    let hits = hits_in_babble(100..110, 3600);
    assert!(hits <= 1, "{hits}");
}

fn hits_in_babble(seeds: std::ops::Range<u64>, seconds: usize) -> usize {
    let mut hits = 0;
    for seed in seeds {
        let mut babble = Babble::new(Rng::from_seed(seed), -18.0);
        let (mut receiver, mut events) = (DtmfReceiver::new(), Vec::new());
        for _ in 0..seconds * 50 {
            receiver.process(&babble.next_frame(), &mut events);
        }
        hits += events.len();
    }
    hits
}

#[test]
fn tones_of_the_exchange_sweeps_and_noise_are_no_digits() {
    for frequencies_hz in [vec![425.0], vec![350.0, 440.0], vec![480.0, 620.0], vec![697.0], vec![1209.0, 1633.0], vec![770.0, 852.0]] {
        let mut samples = vec![0; 16000];
        ToneGenerator::new(&ToneSpec { frequencies_hz, level_dbm0: -8.0, cadence_ms: vec![250, 250] }).fill(&mut samples);
        assert_eq!(digits_in(&samples), "");
    }
    let mut samples = vec![0; 80_000];
    WhiteNoise::new(Rng::from_seed(5), -10.0).mix_into(&mut samples);
    assert_eq!(digits_in(&samples), "");
    let mut phase = 0.0_f64;
    for (n, sample) in samples.iter_mut().enumerate() {
        phase += (300.0 + 3000.0 * n as f64 / 80_000.0) / 8000.0;
        *sample = (9000.0 * (phase * std::f64::consts::TAU).sin()) as i16;
    }
    assert_eq!(digits_in(&samples), "");
}

#[test]
fn a_digit_is_heard_over_hum() {
    for digit in DIGITS.chars() {
        let mut samples = burst(digit, flat(-28.0), (1.0, 1.0), 50, 20);
        ToneGenerator::new(&ToneSpec { frequencies_hz: vec![60.0], level_dbm0: -25.0, cadence_ms: vec![] }).mix_into(&mut samples);
        assert_eq!(digits_in(&samples), digit.to_string());
    }
}

#[test]
fn any_samples_are_survived() {
    let mut rng = Rng::from_seed(1);
    let extremes = [i16::MIN, i16::MAX, 0];
    let samples: Vec<i16> = (0..8000).map(|_| extremes[usize::try_from(rng.below(3)).unwrap()]).collect();
    assert_eq!(digits_in(&samples), "");
}
