use super::*;
use crate::dsp::babble::{Babble, WhiteNoise};
use crate::dsp::g711::{alaw_decode, alaw_encode};
use crate::dsp::hybrid::ECHO_PATHS;
use crate::rng::Rng;

const SECONDS: usize = 12;

/// Where the near end talks, in seconds.
const DOUBLE_TALK: std::ops::Range<usize> = 6..8;

#[derive(Clone, Copy)]
enum Far {
    Noise,
    Speech,
}

/// What is to be cancelled.
#[derive(Clone, Copy)]
struct Line {
    far: Far,
    has_double_talk: bool,
    /// In dBm0.
    noise: f32,
    /// Both ways go through A-law.
    is_companded: bool,
}

fn fill(far: Far, seed: u64, level_dbm0: f32, samples: &mut [i16]) {
    match far {
        Far::Noise => WhiteNoise::new(Rng::from_seed(seed), level_dbm0).mix_into(samples),
        Far::Speech => Babble::new(Rng::from_seed(seed), level_dbm0).fill(samples),
    }
}

/// The echo return loss enhancement of each second in dB: echo over what is left of it, with the near end taken out.
fn enhancement_db(response: &[f32], line: Line) -> [f32; SECONDS] {
    let length = SECONDS * 8000;
    let mut far = vec![0_i16; length];
    fill(line.far, 5, -16.0, &mut far);
    let compand = |sample: i16| if line.is_companded { alaw_decode(alaw_encode(sample)) } else { sample };
    far.iter_mut().for_each(|sample| *sample = compand(*sample));
    let (mut near, mut noise) = (vec![0_i16; length], vec![0_i16; length]);
    if line.has_double_talk {
        fill(Far::Speech, 9, -19.0, &mut near[DOUBLE_TALK.start * 8000..DOUBLE_TALK.end * 8000]);
    }
    WhiteNoise::new(Rng::from_seed(7), line.noise).mix_into(&mut noise);
    let echo: Vec<f32> =
        (0..length).map(|n| response.iter().enumerate().take(n + 1).map(|(k, tap)| tap * f32::from(far[n - k])).sum()).collect();
    let mut canceller = EchoCanceller::new();
    let (mut came, mut left) = ([1e-9_f32; SECONDS], [1e-9_f32; SECONDS]);
    for start in (0..length).step_by(FRAME_SAMPLES) {
        let frame = |samples: &[i16]| Frame(samples[start..start + FRAME_SAMPLES].try_into().unwrap());
        let heard: Vec<i16> =
            (start..start + FRAME_SAMPLES).map(|n| compand((echo[n] + f32::from(near[n]) + f32::from(noise[n])).round() as i16)).collect();
        let out = canceller.cancel(&frame(&far), &Frame(heard.try_into().unwrap()));
        for n in 0..FRAME_SAMPLES {
            let second = (start + n) / 8000;
            came[second] += echo[start + n].powi(2);
            left[second] += (f32::from(out.0[n]) - f32::from(near[start + n])).powi(2);
        }
    }
    std::array::from_fn(|second| 10.0 * (came[second] / left[second]).log10())
}

#[test]
fn every_hybrid_is_learned_soon_and_better_later() {
    for path in ECHO_PATHS {
        // Speech has pauses, and little of what the longer hybrids are to be learned by.
        for (far, second, early_db, late_db) in [(Far::Noise, 1, 30.0, 33.0), (Far::Speech, 2, 20.0, 24.0)] {
            let line = Line { far, has_double_talk: false, noise: -62.0, is_companded: false };
            let found = enhancement_db(&path.with_loss(6.0), line);
            assert!(found[second] >= early_db && found[8..].iter().all(|db| *db >= late_db), "{} {found:.0?}", path.name);
        }
    }
}

#[test]
fn who_talks_into_it_leads_it_astray_in_no_hybrid() {
    for path in ECHO_PATHS {
        let line = Line { far: Far::Speech, has_double_talk: true, noise: -55.0, is_companded: true };
        let found = enhancement_db(&path.with_loss(6.0), line);
        let talks = &found[DOUBLE_TALK];
        assert!(talks.iter().all(|db| *db >= 10.0) && found[DOUBLE_TALK.end + 1] >= 20.0, "{} {found:.0?}", path.name);
    }
}

#[test]
fn what_is_no_echo_passes_and_wild_sound_does_no_harm() {
    let mut canceller = EchoCanceller::new();
    let mut near = Frame::SILENCE;
    Babble::new(Rng::from_seed(1), -16.0).fill(&mut near.0);
    assert_eq!(canceller.cancel(&Frame::SILENCE, &near), near, "nothing went out");
    let mut rng = Rng::from_seed(2);
    for n in 0..500 {
        let mut wild = || Frame(std::array::from_fn(|_| if rng.chance(500) { i16::MAX } else { i16::MIN }));
        let far = if n % 50 < 10 { Frame::SILENCE } else { wild() };
        let _ = canceller.cancel(&far, &wild());
    }
    for _ in 0..100 {
        let _ = canceller.cancel(&Frame::SILENCE, &Frame::SILENCE);
    }
    assert_eq!(canceller.cancel(&Frame::SILENCE, &near), near, "it is quiet after a storm");
}

#[test]
fn a_path_that_changes_is_learned_anew() {
    let response: Vec<Vec<f32>> = [0, 7].map(|n| ECHO_PATHS[n].with_loss(9.0)).to_vec();
    let mut canceller = EchoCanceller::new();
    let mut far = vec![0_i16; 8 * 8000];
    fill(Far::Noise, 3, -18.0, &mut far);
    let mut left_db = Vec::new();
    for start in (0..far.len()).step_by(FRAME_SAMPLES) {
        let path = &response[usize::from(start >= 4 * 8000)];
        let echo = |n: usize| path.iter().enumerate().take(n + 1).map(|(k, tap)| tap * f32::from(far[n - k])).sum::<f32>();
        let near = Frame(std::array::from_fn(|n| echo(start + n).round() as i16));
        let out = canceller.cancel(&Frame(far[start..start + FRAME_SAMPLES].try_into().unwrap()), &near);
        let energy = |frame: &Frame| frame.0.iter().map(|sample| f32::from(*sample).powi(2)).sum::<f32>();
        left_db.push(10.0 * (energy(&near) / energy(&out).max(1.0)).log10());
    }
    let least = |second: usize| left_db[second * 50..(second + 1) * 50].iter().copied().fold(f32::MAX, f32::min);
    assert!(least(3) > 25.0 && least(7) > 20.0, "{} and {}", least(3), least(7));
}
