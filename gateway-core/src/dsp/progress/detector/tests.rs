use super::*;
use crate::dsp::FRAME_SAMPLES;
use crate::dsp::babble::{Babble, WhiteNoise};
use crate::dsp::progress::FurtherTone;
use crate::dsp::tone::{ToneGenerator, ToneSequence, ToneSpec};
use crate::rng::Rng;

fn spec(frequencies_hz: &[f32], cadence_ms: &[u32]) -> ToneSpec {
    ToneSpec { frequencies_hz: frequencies_hz.to_vec(), level_dbm0: -15.0, cadence_ms: cadence_ms.to_vec() }
}

fn brazil() -> TonePlan {
    TonePlan {
        dial: spec(&[425.0], &[]),
        ringback: spec(&[425.0], &[1000, 4000]),
        busy: spec(&[425.0], &[250, 250]),
        congestion: spec(&[425.0], &[250, 250, 750, 250]),
        further: vec![],
    }
}

fn united_states() -> TonePlan {
    TonePlan {
        dial: spec(&[350.0, 440.0], &[]),
        ringback: spec(&[440.0, 480.0], &[2000, 4000]),
        busy: spec(&[480.0, 620.0], &[500, 500]),
        congestion: spec(&[480.0, 620.0], &[250, 250]),
        further: vec![],
    }
}

fn united_kingdom() -> TonePlan {
    TonePlan {
        dial: spec(&[350.0, 440.0], &[]),
        ringback: spec(&[400.0, 450.0], &[400, 200, 400, 2000]),
        busy: spec(&[400.0], &[375, 375]),
        congestion: spec(&[400.0], &[400, 350, 225, 525]),
        further: vec![],
    }
}

fn japan() -> TonePlan {
    TonePlan {
        dial: spec(&[400.0], &[]),
        ringback: spec(&[384.0, 416.0], &[1000, 2000]),
        busy: spec(&[400.0], &[500, 500]),
        congestion: spec(&[400.0], &[500, 500]),
        further: vec![],
    }
}

/// A plan whose busy and congestion tones are the same.
fn twins() -> TonePlan {
    TonePlan { busy: spec(&[425.0], &[500, 500]), congestion: spec(&[425.0], &[500, 500]), ..brazil() }
}

/// What is told of these samples, with the time in ms.
fn told(detector: &mut ProgressDetector, samples: &[i16]) -> Vec<(u32, HeardTone)> {
    let (mut all, mut out) = (Vec::new(), Vec::new());
    for (n, piece) in samples.chunks(FRAME_SAMPLES).enumerate() {
        let mut frame = Frame::SILENCE;
        frame.0[..piece.len()].copy_from_slice(piece);
        detector.process(&frame, &mut out);
        all.extend(out.drain(..).map(|heard| ((n as u32 + 1) * 20, heard)));
    }
    all
}

fn sounded(spec: &ToneSpec, ms: usize) -> Vec<i16> {
    let mut samples = vec![0; ms * 8];
    ToneGenerator::new(spec).fill(&mut samples);
    samples
}

/// The names and cycles, in order; that one of them is sure now is no news.
fn names(told: &[(u32, HeardTone)]) -> Vec<(ProgressTone, u32)> {
    let mut names: Vec<_> = told.iter().map(|(_, heard)| (heard.tone, heard.cycles)).collect();
    names.dedup();
    names
}

/// When it was told that a tone is sure, in ms.
fn sure_ms(told: &[(u32, HeardTone)]) -> Option<u32> {
    told.iter().find(|(_, heard)| heard.confidence >= 1.0).map(|&(ms, _)| ms)
}

fn first_ms(told: &[(u32, HeardTone)]) -> u32 {
    told.first().map_or(u32::MAX, |&(ms, _)| ms)
}

#[test]
fn the_four_tones_of_three_countries_are_told_in_time_and_as_nothing_else() {
    for (country, plan, busy_ms, congestion_ms, ringback_ms) in
        [("BR", brazil(), 840, 1600, 1600), ("US", united_states(), 1600, 840, 3100), ("GB", united_kingdom(), 1240, 1600, 2150)]
    {
        let cases = [
            (ProgressTone::Dial, &plan.dial, 480, 1),
            (ProgressTone::Busy, &plan.busy, busy_ms, 4),
            (ProgressTone::Congestion, &plan.congestion, congestion_ms, 4),
            (ProgressTone::Ringback, &plan.ringback, ringback_ms, 2),
        ];
        for (tone, spec, within_ms, least_cycles) in cases {
            let mut detector = ProgressDetector::new(&plan);
            if tone != ProgressTone::Dial {
                detector.dialed();
            }
            told(&mut detector, &[0; 800]);
            let heard = told(&mut detector, &sounded(spec, 12_000));
            assert!(heard.iter().all(|(_, heard)| heard.tone == tone), "{country} {tone:?}: {heard:?}");
            assert!(first_ms(&heard) <= within_ms, "{country} {tone:?} after {} ms", first_ms(&heard));
            let cycles: Vec<u32> = names(&heard).iter().map(|&(_, cycles)| cycles).collect();
            assert_eq!(cycles, (1..=cycles.len() as u32).collect::<Vec<_>>(), "{country} {tone:?}");
            assert!(cycles.len() >= least_cycles, "{country} {tone:?}: {heard:?}");
            for (_, heard) in &heard {
                assert!((heard.level_dbm0 + 15.0).abs() < 1.5, "{heard:?}");
                assert!(spec.frequencies_hz.iter().any(|hz| (heard.frequency_hz - hz).abs() < 3.0), "{heard:?}");
            }
        }
    }
}

#[test]
fn three_cycles_of_busy_are_told_within_two_seconds_in_brazil() {
    let mut detector = ProgressDetector::new(&brazil());
    told(&mut detector, &[0; 800]);
    let heard = told(&mut detector, &sounded(&brazil().busy, 3000));
    let third = heard.iter().find(|(_, heard)| heard.cycles == 3).unwrap();
    assert!(third.0 <= 1640, "{third:?}");
}

#[test]
fn a_tone_that_is_heard_from_its_middle_is_told_too() {
    for plan in [brazil(), united_states()] {
        for (tone, spec) in [(ProgressTone::Busy, &plan.busy), (ProgressTone::Congestion, &plan.congestion)] {
            for skip_ms in (0..1500).step_by(70) {
                let mut detector = ProgressDetector::new(&plan);
                detector.dialed();
                let heard = told(&mut detector, &sounded(spec, 7000)[skip_ms * 8..]);
                assert!(!heard.is_empty() && heard.iter().all(|(_, heard)| heard.tone == tone), "{tone:?} {skip_ms}: {heard:?}");
                assert!(first_ms(&heard) <= 2400, "{tone:?} {skip_ms}: {heard:?}");
            }
        }
    }
}

#[test]
fn level_frequency_cadence_and_noise_may_deviate() {
    let mut noise_seed = 0;
    for level_dbm0 in [-3.0, -20.0, -35.0] {
        for detune in [0.972, 1.0, 1.028] {
            for stretch in [0.9, 1.0, 1.1] {
                for (tone, spec) in [
                    (ProgressTone::Busy, brazil().busy),
                    (ProgressTone::Congestion, brazil().congestion),
                    (ProgressTone::Ringback, brazil().ringback),
                ] {
                    let varied = ToneSpec {
                        frequencies_hz: vec![425.0 * detune],
                        level_dbm0,
                        cadence_ms: spec.cadence_ms.iter().map(|&ms| (ms as f32 * stretch) as u32).collect(),
                    };
                    noise_seed += 1;
                    let mut samples = vec![0; 800];
                    samples.extend(sounded(&varied, 6000));
                    WhiteNoise::new(Rng::from_seed(noise_seed), level_dbm0 - 12.0).mix_into(&mut samples);
                    let mut detector = ProgressDetector::new(&brazil());
                    detector.dialed();
                    let heard = told(&mut detector, &samples);
                    let right = !heard.is_empty() && heard.iter().all(|(_, heard)| heard.tone == tone);
                    assert!(right, "{tone:?} {level_dbm0} dBm0 x{detune} x{stretch}: {heard:?}");
                }
            }
        }
    }
}

#[test]
fn ringback_is_no_dial_tone_once_the_number_is_dialled() {
    let mut detector = ProgressDetector::new(&brazil());
    let mut samples = sounded(&brazil().dial, 2000);
    samples.extend([0; 8000]);
    assert_eq!(names(&told(&mut detector, &samples)), [(ProgressTone::Dial, 1)]);
    // The first tone is over, so this holds also without `dialed`.
    let heard = told(&mut detector, &sounded(&brazil().ringback, 12_000));
    assert_eq!(names(&heard), [(ProgressTone::Ringback, 1), (ProgressTone::Ringback, 2), (ProgressTone::Ringback, 3)]);
    samples.truncate(2000 * 8);
    let back = told(&mut detector, &samples);
    assert_eq!(names(&back), [(ProgressTone::Dial, 1)]);
    assert!(first_ms(&back) < 1400);
}

#[test]
fn a_ringback_that_beats_is_told_apart_from_busy_of_its_middle_frequency() {
    for (tone, spec) in [(ProgressTone::Dial, japan().dial), (ProgressTone::Ringback, japan().ringback), (ProgressTone::Busy, japan().busy)]
    {
        let heard = told(&mut ProgressDetector::new(&japan()), &[vec![0; 50_000], sounded(&spec, 6000)].concat());
        assert!(!heard.is_empty() && heard.iter().all(|(_, heard)| heard.tone == tone), "{tone:?}: {heard:?}");
    }
}

#[test]
fn equal_tones_are_told_as_busy() {
    let mut detector = ProgressDetector::new(&twins());
    detector.dialed();
    let heard = told(&mut detector, &sounded(&twins().busy, 5000));
    assert!(!heard.is_empty() && heard.iter().all(|(_, heard)| heard.tone == ProgressTone::Busy), "{heard:?}");
}

#[test]
fn busy_after_ringback_and_after_congestion_is_told() {
    let mut detector = ProgressDetector::new(&brazil());
    detector.dialed();
    let mut samples = sounded(&brazil().ringback, 6500);
    samples.extend(sounded(&brazil().busy, 3000));
    let heard = told(&mut detector, &samples);
    assert_eq!(heard.first().map(|(_, heard)| heard.tone), Some(ProgressTone::Ringback));
    assert_eq!(heard.last().map(|(_, heard)| (heard.tone, heard.cycles >= 5)), Some((ProgressTone::Busy, true)));
    let mut samples = sounded(&brazil().congestion, 4500);
    samples.extend(sounded(&brazil().busy, 3000));
    let heard = told(&mut detector, &samples);
    assert_eq!(heard.last().map(|(_, heard)| heard.tone), Some(ProgressTone::Busy));
}

#[test]
fn a_tone_that_stops_and_comes_again_counts_anew() {
    let mut detector = ProgressDetector::new(&brazil());
    let mut samples = sounded(&brazil().busy, 2000);
    samples.extend(vec![0; 6000 * 8]);
    samples.extend(sounded(&brazil().busy, 1000));
    let heard = names(&told(&mut detector, &samples));
    assert_eq!(heard, [2, 3, 1].map(|cycles| (ProgressTone::Busy, cycles)));
}

#[test]
fn the_special_information_tone_is_told_once() {
    for (plan, scale) in [(brazil(), 1.0), (united_states(), 0.98), (brazil(), 1.02)] {
        let mut sequence = ToneSequence::special_information(-14.0);
        let mut samples = vec![0; 2000 * 8];
        sequence.fill(&mut samples);
        if scale != 1.0 {
            let mut position = 0.0;
            let original = samples.clone();
            for sample in &mut samples {
                *sample = original.get(position as usize).copied().unwrap_or(0);
                position += scale;
            }
        }
        let heard = told(&mut ProgressDetector::new(&plan), &samples);
        assert_eq!(names(&heard), [(ProgressTone::SpecialInformation, 1)], "x{scale}");
        assert!((heard[0].1.frequency_hz - 1800.0 * scale as f32).abs() < 5.0);
    }
}

#[test]
fn speech_noise_digits_and_silence_are_no_tones() {
    for plan in [brazil(), united_states(), united_kingdom()] {
        let mut detector = ProgressDetector::new(&plan);
        assert_eq!(told(&mut detector, &vec![0; 40_000]), []);
        for seed in 0..6 {
            let mut samples = vec![0; 20 * 8000];
            Babble::new(Rng::from_seed(seed), -16.0).fill(&mut samples);
            assert_eq!(told(&mut detector, &samples), [], "seed {seed}");
        }
        let mut samples = vec![0; 80_000];
        WhiteNoise::new(Rng::from_seed(2), -15.0).mix_into(&mut samples);
        assert_eq!(told(&mut detector, &samples), []);
        for digit_hz in [[697.0, 1209.0], [941.0, 1336.0], [770.0, 1633.0]] {
            assert_eq!(told(&mut detector, &sounded(&spec(&digit_hz, &[100, 100]), 3000)), []);
            assert_eq!(told(&mut detector, &sounded(&spec(&digit_hz, &[250, 250]), 3000)), []);
        }
        for other_hz in [[1000.0], [550.0], [2100.0], [1150.0]] {
            assert_eq!(told(&mut detector, &sounded(&spec(&other_hz, &[500, 500]), 4000)), []);
        }
    }
}

#[test]
fn wrong_cadences_are_no_busy_tone() {
    for cadence_ms in [[100, 100], [250, 1000], [600, 250], [50, 1000], [400, 100]] {
        let mut detector = ProgressDetector::new(&brazil());
        detector.dialed();
        assert_eq!(told(&mut detector, &sounded(&spec(&[425.0], &cadence_ms), 8000)), [], "{cadence_ms:?}");
    }
}

#[test]
fn busy_is_heard_below_the_echo_of_our_own_speech() {
    let mut samples = sounded(&brazil().busy, 6000);
    let mut echo = vec![0; samples.len()];
    Babble::new(Rng::from_seed(77), -26.0).fill(&mut echo);
    samples.iter_mut().zip(echo).for_each(|(sample, echo)| *sample += echo);
    let heard = told(&mut ProgressDetector::new(&brazil()), &samples);
    assert!(heard.iter().any(|(_, heard)| heard.cycles >= 3), "{heard:?}");
    assert!(heard.iter().all(|(_, heard)| heard.tone == ProgressTone::Busy), "{heard:?}");
}

#[test]
fn a_plan_of_nonsense_hears_nothing_and_survives() {
    let empty = TonePlan {
        dial: spec(&[], &[]),
        ringback: spec(&[0.0, -5.0, 1e9], &[0, 0]),
        busy: spec(&[f32::NAN], &[250, 250]),
        congestion: spec(&[425.0; 9], &[1; 31]),
        further: vec![],
    };
    let mut samples = vec![0; 16_000];
    Babble::new(Rng::from_seed(1), -10.0).fill(&mut samples);
    samples.extend([i16::MIN; 2000]);
    assert_eq!(told(&mut ProgressDetector::new(&empty), &samples), []);
}

#[test]
#[ignore = "takes minutes without optimisation"]
fn an_hour_of_babble_in_each_country_holds_no_tone() {
    for plan in [brazil(), united_states(), united_kingdom()] {
        let (mut detector, mut out) = (ProgressDetector::new(&plan), Vec::new());
        for seed in 1000..1012 {
            let mut babble = Babble::new(Rng::from_seed(seed), -16.0);
            for _ in 0..300 * 50 {
                detector.process(&babble.next_frame(), &mut out);
            }
        }
        assert_eq!(out, []);
    }
}

#[test]
fn a_clean_busy_tone_is_sure_in_time_whatever_its_cadence() {
    for (busy_hz, cadence_ms, least_ms) in [
        (vec![425.0], [250, 250], 1200),
        (vec![480.0, 620.0], [500, 500], 1250),
        (vec![400.0], [375, 375], 1300),
        (vec![425.0], [480, 480], 1250),
        (vec![440.0], [500, 500], 1250),
        (vec![425.0], [375, 375], 1300),
        (vec![400.0], [750, 750], 1500),
        (vec![425.0], [200, 200], 1100),
    ] {
        let busy = ToneSpec { level_dbm0: -30.0, ..spec(&busy_hz, &cadence_ms) };
        let plan = TonePlan { busy: busy.clone(), congestion: spec(&busy_hz, &[100, 100]), ..brazil() };
        for seed in 0..20 {
            let mut samples = vec![0; 800];
            samples.extend(sounded(&busy, 4000));
            WhiteNoise::new(Rng::from_seed(seed), -50.0).mix_into(&mut samples);
            let heard = told(&mut ProgressDetector::new(&plan), &samples);
            let sure_ms = sure_ms(&heard).map(|ms| ms - 100);
            assert!(sure_ms.is_some_and(|ms| (least_ms..=1900).contains(&ms)), "{busy_hz:?} {cadence_ms:?} seed {seed}: {sure_ms:?}");
        }
    }
}

#[test]
fn a_busy_tone_under_our_own_speech_takes_longer_to_be_sure() {
    let mut samples = sounded(&brazil().busy, 8000);
    let mut echo = vec![0; samples.len()];
    Babble::new(Rng::from_seed(77), -24.0).fill(&mut echo);
    samples.iter_mut().zip(echo).for_each(|(sample, echo)| *sample += echo);
    let sure_ms = sure_ms(&told(&mut ProgressDetector::new(&brazil()), &samples));
    assert!(sure_ms.is_some_and(|ms| ms <= 4000), "{sure_ms:?}");
}

#[test]
fn notes_of_the_length_of_busy_tones_are_not_sure() {
    // A flute plays the A that is 440 Hz, in notes and rests of busy tone, with some vibrato; a string is plucked.
    for (vibrato_hz, decay_db_per_s) in [(6.0, 0.0), (0.0, 24.0), (4.0, 12.0)] {
        let mut samples = vec![0; 8000 * 2];
        let mut phase = 0.0_f32;
        for (n, sample) in samples.iter_mut().enumerate() {
            let (t, in_note) = (n as f32 / 8000.0, n % 4000);
            let frequency_hz = 437.0 + vibrato_hz * (std::f32::consts::TAU * 5.5 * t).sin();
            phase = (phase + frequency_hz / 8000.0).fract();
            let gain_db = -(decay_db_per_s * in_note as f32 / 8000.0);
            let gain = if in_note < 2000 { 8000.0 * 10f32.powf(gain_db / 20.0) } else { 0.0 };
            *sample = (gain * (std::f32::consts::TAU * phase).sin()) as i16;
        }
        let heard = told(&mut ProgressDetector::new(&brazil()), &samples);
        assert_eq!(sure_ms(&heard), None, "vibrato {vibrato_hz} Hz, {decay_db_per_s} dB/s: {heard:?}");
    }
}

#[test]
fn of_two_dial_tones_at_one_place_each_is_told_once_and_sure_once() {
    let steady = FurtherTone { tone: ProgressTone::Dial, spec: spec(&[400.0], &[]) };
    let plan = TonePlan { dial: spec(&[383.0, 417.0], &[]), further: vec![steady], ..united_kingdom() };
    for sounding in [&plan.dial, &plan.further[0].spec] {
        let mut samples = vec![0; 4000];
        samples.extend(sounded(sounding, 6000));
        samples.extend(vec![0; 8000]);
        WhiteNoise::new(Rng::from_seed(3), -50.0).mix_into(&mut samples);
        let told = told(&mut ProgressDetector::new(&plan), &samples);
        let sure: Vec<bool> = told.iter().map(|(_, heard)| heard.confidence >= 1.0).collect();
        assert_eq!((names(&told), sure), (vec![(ProgressTone::Dial, 1)], vec![false, true]), "{:?}", sounding.frequencies_hz);
    }
}

#[test]
fn a_tone_that_beats_is_sure_and_one_of_its_parts_alone_is_not() {
    // Nearer parts leave no burst that lasts.
    for apart_hz in [20.0, 25.0, 34.0] {
        let busy = spec(&[425.0 - apart_hz / 2.0, 425.0 + apart_hz / 2.0], &[500, 500]);
        let (dial, ringback) = (spec(&[600.0], &[]), spec(&[600.0], &[1000, 4000]));
        let plan = TonePlan { dial, ringback, busy: busy.clone(), congestion: busy.clone(), further: vec![] };
        let heard = told(&mut ProgressDetector::new(&plan), &sounded(&busy, 6000));
        assert!(sure_ms(&heard).is_some_and(|ms| ms <= 3000), "{apart_hz} Hz: {heard:?}");
        for note_hz in busy.frequencies_hz {
            let note = spec(&[note_hz], &[500, 500]);
            let heard = told(&mut ProgressDetector::new(&plan), &sounded(&note, 6000));
            assert_eq!(sure_ms(&heard), None, "{note_hz} Hz, {apart_hz} Hz apart: {heard:?}");
        }
    }
}
