use super::proof::{CorpusKind, alerts, spoils, would_end};
use super::*;
use crate::config::country::country;
use crate::dsp::babble::{Babble, WhiteNoise};
use crate::dsp::g711::{alaw_decode, alaw_encode};
use crate::dsp::progress::{FurtherTone, ProgressTone, TonePlan};
use crate::dsp::tone::ToneGenerator;
use crate::rng::Rng;

/// Talk, and then the tone until the end, over a line with 25 dB of signal to noise, as it is kept: in A-law.
fn call_with(spec: &ToneSpec, talk_ms: usize, tone_ms: usize, seed: u64) -> Vec<i16> {
    let mut samples = vec![0; talk_ms * 8];
    Babble::new(Rng::from_seed(seed), -20.0).fill(&mut samples);
    let mut tone = vec![0; tone_ms * 8];
    ToneGenerator::new(spec).fill(&mut tone);
    samples.extend(tone);
    WhiteNoise::new(Rng::from_seed(seed), spec.level_dbm0 - 25.0).mix_into(&mut samples);
    samples.iter().map(|&sample| alaw_decode(alaw_encode(sample))).collect()
}

fn spec(frequencies_hz: &[f32], cadence_ms: &[u32]) -> ToneSpec {
    ToneSpec { frequencies_hz: frequencies_hz.to_vec(), level_dbm0: -20.0, cadence_ms: cadence_ms.to_vec() }
}

#[track_caller]
fn is_learned(spec: &ToneSpec) {
    for seed in 0..4 {
        let heard = call_with(spec, 6000, 11_000, seed);
        let learned = learn(&heard).unwrap_or_else(|fault| panic!("{spec:?} seed {seed}: {fault}"));
        let near = |a: u32, b: f32| (a as f32 - b).abs() <= 2.0;
        let hz = spec.frequencies_hz.iter().zip(&learned.frequencies_hz).all(|(&hz, &found)| near(found, hz));
        assert!(hz && learned.frequencies_hz.len() == spec.frequencies_hz.len(), "{spec:?} seed {seed}: {learned:?}");
        let ms = spec.cadence_ms.iter().zip(&learned.cadence_ms).all(|(&ms, &found)| ms.abs_diff(found) <= 20);
        assert!(ms && learned.cadence_ms.len() == spec.cadence_ms.len(), "{spec:?} seed {seed}: {learned:?}");
        assert!((learned.level_dbm0 + 20.0).abs() < 1.0 && learned.deviation_ms <= 25, "{learned:?}");
        assert!((5900..9000).contains(&learned.from_ms) && learned.until_ms > 13_000, "{learned:?}");
    }
}

#[test]
fn one_frequency_with_even_and_uneven_cadences() {
    is_learned(&spec(&[425.0], &[250, 250]));
    is_learned(&spec(&[450.0], &[350, 350]));
    is_learned(&spec(&[1004.0], &[500, 200]));
    is_learned(&spec(&[620.0], &[100, 900]));
}

#[test]
fn two_frequencies_far_apart_and_near() {
    is_learned(&spec(&[480.0, 620.0], &[500, 500]));
    is_learned(&spec(&[350.0, 440.0], &[250, 250]));
    is_learned(&spec(&[400.0, 450.0], &[400, 400]));
    is_learned(&spec(&[413.0, 438.0], &[500, 500]));
}

#[test]
fn cadences_of_several_bursts() {
    is_learned(&spec(&[400.0], &[400, 350, 225, 525]));
    is_learned(&spec(&[425.0], &[200, 200, 200, 600]));
    is_learned(&spec(&[425.0], &[100, 100, 100, 100, 100, 500]));
}

#[test]
fn a_tone_without_a_cadence() {
    let learned = learn(&call_with(&spec(&[425.0], &[]), 6000, 11_000, 1)).unwrap();
    assert_eq!((learned.cadence_ms.as_slice(), learned.bursts), ([].as_slice(), 1));
    assert!(learned.frequencies_hz.len() == 1 && learned.frequencies_hz[0].abs_diff(425) <= 1, "{learned:?}");
}

#[test]
fn the_tone_that_comes_last_is_the_one() {
    let ringback = call_with(&spec(&[425.0], &[1000, 4000]), 0, 16_000, 1);
    let busy = call_with(&spec(&[480.0], &[300, 300]), 3000, 6000, 2);
    let learned = learn(&[ringback, busy].concat()).unwrap();
    assert_eq!(learned.frequencies_hz, [480]);
    assert!(learned.cadence_ms.len() == 2 && learned.cadence_ms.iter().all(|ms| ms.abs_diff(300) <= 20), "{learned:?}");
}

#[test]
fn speech_noise_silence_and_a_single_burst_teach_nothing() {
    let mut speech = vec![0; 20 * 8000];
    Babble::new(Rng::from_seed(5), -20.0).fill(&mut speech);
    assert_eq!(learn(&speech), Err(LearningFault::NotRepeated));
    let mut noise = vec![0; 20 * 8000];
    WhiteNoise::new(Rng::from_seed(5), -30.0).mix_into(&mut noise);
    assert_eq!(learn(&noise), Err(LearningFault::NoTone));
    assert_eq!(
        (learn(&[0; 160_000]), learn(&[]), learn(&[7; 399])),
        (Err(LearningFault::NoTone), Err(LearningFault::NoTone), Err(LearningFault::NoTone))
    );
    assert_eq!(learn(&call_with(&spec(&[425.0], &[500, 9000]), 100, 2000, 1)), Err(LearningFault::NotRepeated));
}

#[test]
fn any_sound_teaches_something_or_nothing_and_never_panics() {
    let mut rng = Rng::from_seed(9);
    for _ in 0..30 {
        let length = usize::try_from(rng.below(20_000)).unwrap();
        let wild: Vec<i16> = (0..length).map(|n| if n / 700 % 2 == 0 { rng.next_u32() as i16 } else { i16::MAX }).collect();
        if let Ok(learned) = learn(&wild) {
            assert!(learned.cadence_ms.iter().all(|&ms| ms > 0), "{learned:?}");
        }
    }
}

/// Brazil with a tone more.
fn plan_with(learned: &LearnedTone) -> TonePlan {
    let mut plan = country("BR").unwrap().tone_plan();
    plan.further.push(FurtherTone { tone: ProgressTone::Busy, spec: learned.spec() });
    plan
}

#[test]
fn what_was_learned_ends_the_next_call_and_no_speech() {
    let foreign = spec(&[450.0], &[350, 350]);
    let plan = country("BR").unwrap().tone_plan();
    let call = call_with(&foreign, 6000, 6000, 1);
    assert_eq!(would_end(&plan, &call), []);
    let plan = plan_with(&learn(&call).unwrap());
    let again = would_end(&plan, &call_with(&foreign, 6000, 6000, 2));
    assert!(
        matches!(again[..], [end] if end.tone == ProgressTone::Busy && !end.speaks_on && (6000..8500).contains(&end.at_ms)),
        "{again:?}"
    );
    let minute = &CorpusKind::Speech.clip(1)[..60 * 8000];
    assert_eq!(would_end(&plan, minute), []);
}

#[test]
fn ringback_is_known_as_such() {
    let plan = country("BR").unwrap().tone_plan();
    let ringing = call_with(&spec(&[425.0], &[1000, 4000]), 500, 17_000, 1);
    assert!(learn(&ringing).is_ok() && alerts(&plan, &ringing, 500));
    assert!(!alerts(&plan, &call_with(&spec(&[425.0], &[250, 250]), 2000, 8000, 1), 0));
}

#[test]
fn what_is_too_near_to_a_tone_of_the_plan_spoils_it() {
    let plan = country("BR").unwrap().tone_plan();
    let with = |frequencies_hz: &[f32], cadence_ms: &[u32]| {
        let mut with = plan.clone();
        with.further.push(FurtherTone { tone: ProgressTone::Busy, spec: spec(frequencies_hz, cadence_ms) });
        with
    };
    assert!(!spoils(&plan, &with(&[480.0], &[350, 300])));
    assert!(!spoils(&plan, &with(&[425.0], &[350, 350])));
    assert!(spoils(&plan, &with(&[425.0], &[1010, 3990])), "ringback is told as such no longer");
}

#[test]
fn whoever_speaks_on_has_not_hung_up() {
    let busy = spec(&[425.0], &[250, 250]);
    let plan = country("BR").unwrap().tone_plan();
    let then_speech = [call_with(&busy, 2000, 4000, 1), call_with(&busy, 6000, 0, 2)].concat();
    assert!(matches!(would_end(&plan, &then_speech)[..], [end] if end.speaks_on));
}

#[test]
fn the_corpus_is_the_same_every_time_and_of_three_kinds() {
    let clips = CorpusKind::ALL.map(|kind| kind.clip(3)[..8000 * 5].to_vec());
    assert!(clips[0] != clips[1] && clips[1] != clips[2]);
    assert_eq!(clips[0], CorpusKind::Speech.clip(3)[..8000 * 5]);
}
