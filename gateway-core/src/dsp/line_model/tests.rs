use super::*;
use crate::dsp::goertzel::power_at;
use crate::dsp::level::{dbm0_of, dbm0_of_power};
use crate::dsp::tone::{ToneGenerator, ToneSpec};

fn tone(frequencies_hz: &[f32], level_dbm0: f32, length: usize) -> Vec<i16> {
    let mut samples = vec![0; length];
    let spec = ToneSpec { frequencies_hz: frequencies_hz.to_vec(), level_dbm0, cadence_ms: vec![] };
    ToneGenerator::new(&spec).fill(&mut samples);
    samples
}

/// Through the line in odd pieces, so that their edges are of no account.
fn heard(impairments: Impairments, samples: &[i16]) -> Vec<i16> {
    let mut line = LineModel::new(impairments, Rng::from_seed(5));
    let mut samples = samples.to_vec();
    samples.chunks_mut(77).for_each(|piece| line.process(piece));
    samples
}

fn level_at(samples: &[i16], frequency_hz: f32) -> f32 {
    dbm0_of_power(power_at(samples, frequency_hz))
}

#[test]
fn a_line_without_faults_changes_nothing() {
    let samples: Vec<i16> = (i16::MIN..=i16::MAX).collect();
    assert_eq!(heard(Impairments::default(), &samples), samples);
}

#[test]
fn the_same_seed_gives_the_same_line_in_pieces_of_any_length() {
    let impairments = Impairments {
        offset_hz: 3.0,
        slope_db: 4.0,
        noise_dbm0: Some(-40.0),
        hum: Some(Hum { mains_hz: 50.0, level_dbm0: -35.0 }),
        clicks: Some(Clicks { peak_dbm0: -10.0, every_ms: 40.0 }),
        dropouts: Some(Dropouts { length_ms: 5.0, every_ms: 60.0 }),
        ..Impairments::default()
    };
    let samples = tone(&[1000.0], -10.0, 8000);
    let mut whole = samples.clone();
    LineModel::new(impairments, Rng::from_seed(5)).process(&mut whole);
    assert_eq!(heard(impairments, &samples), whole);
    let mut other = samples;
    LineModel::new(impairments, Rng::from_seed(6)).process(&mut other);
    assert_ne!(other, whole);
}

#[test]
fn loss_and_slope_are_as_asked() {
    for slope_db in [-12.0, -8.0, -1.0, 0.0, 2.0, 8.0, 12.0] {
        let impairments = Impairments { loss_db: 7.0, slope_db, ..Impairments::default() };
        let level = |frequency_hz: f32| level_at(&heard(impairments, &tone(&[frequency_hz], -10.0, 8000))[800..], frequency_hz);
        assert!((level(697.0) - level(1633.0) - slope_db).abs() < 0.1, "{slope_db}");
        assert!((level(1020.0) + 17.0).abs() < 0.1, "{slope_db}");
    }
}

#[test]
fn noise_and_hum_have_their_levels() {
    for level_dbm0 in [-20.0, -45.0, -60.0] {
        let silence = vec![0; 16_000];
        let noise = heard(Impairments { noise_dbm0: Some(level_dbm0), ..Impairments::default() }, &silence);
        assert!((dbm0_of(&noise) - level_dbm0).abs() < 0.3, "{level_dbm0}: {}", dbm0_of(&noise));
        for mains_hz in [50.0, 60.0] {
            let hum = heard(Impairments { hum: Some(Hum { mains_hz, level_dbm0 }), ..Impairments::default() }, &silence);
            assert!((dbm0_of(&hum) - level_dbm0).abs() < 0.3, "{level_dbm0}");
            let fundamental = level_at(&hum, mains_hz);
            assert!(fundamental < level_dbm0 - 1.0 && fundamental > level_dbm0 - 2.5, "{fundamental}");
            assert!((level_at(&hum, 3.0 * mains_hz) - fundamental + 6.0).abs() < 0.3);
        }
    }
}

#[test]
fn noise_is_white() {
    let noise = heard(Impairments { noise_dbm0: Some(-20.0), ..Impairments::default() }, &vec![0; 80_000]);
    let band = |from: usize| {
        let lines = (from..from + 900).step_by(10);
        let sum: f32 = lines.map(|hz| noise.chunks_exact(800).map(|block| power_at(block, hz as f32)).sum::<f32>()).sum();
        10.0 * sum.log10()
    };
    let bands = [50, 1050, 2050, 3050].map(band);
    assert!(bands.iter().all(|level| (level - bands[0]).abs() < 0.3), "{bands:?}");
}

#[test]
fn an_offset_moves_every_frequency_and_leaves_no_mirror() {
    for (frequency_hz, offset_hz) in [(1000.0, 4.0), (300.0, -7.0), (3300.0, 10.0), (1500.0, 2.0)] {
        let moved = heard(Impairments { offset_hz, ..Impairments::default() }, &tone(&[frequency_hz], -10.0, 16_000));
        let settled = &moved[8000..];
        assert!((level_at(settled, frequency_hz + offset_hz) + 10.0).abs() < 0.1, "{frequency_hz}");
        assert!(level_at(settled, frequency_hz) < -50.0, "{frequency_hz}");
        assert!(level_at(settled, frequency_hz - offset_hz) < -50.0, "{frequency_hz}");
    }
}

#[test]
fn peaks_are_cut_off() {
    let clipped = heard(Impairments { clip_dbm0: Some(-16.0), ..Impairments::default() }, &tone(&[1000.0], -10.0, 8000));
    let peak = f32::from(clipped.iter().copied().max().unwrap());
    assert!((peak - amplitude_of_dbm0(-16.0)).abs() <= 1.0);
    // A clipped sine has a third harmonic; one that fits has none.
    assert!(level_at(&clipped, 3000.0) > -32.0);
    assert!(level_at(&tone(&[1000.0], -10.0, 8000), 3000.0) < -70.0);
}

#[test]
fn companding_leaves_its_noise_and_nothing_else() {
    for companding in [Companding::ALaw, Companding::MuLaw] {
        let clean = tone(&[1013.0], -10.0, 16_000);
        let companded = heard(Impairments { companding: Some(companding), ..Impairments::default() }, &clean);
        let difference: Vec<i16> = clean.iter().zip(&companded).map(|(a, b)| a - b).collect();
        let distance_db = dbm0_of(&clean) - dbm0_of(&difference);
        assert!((34.0..42.0).contains(&distance_db), "{companding:?} {distance_db}");
    }
}

#[test]
fn dropouts_are_as_long_and_as_many_as_asked() {
    let dropouts = Some(Dropouts { length_ms: 10.0, every_ms: 100.0 });
    let broken = heard(Impairments { dropouts, ..Impairments::default() }, &[1000; 80_000]);
    let silent = broken.iter().filter(|&&sample| sample == 0).count();
    assert!((7200..8800).contains(&silent), "{silent}");
    let gaps: Vec<usize> = broken.split(|&sample| sample != 0).map(<[i16]>::len).filter(|&length| length > 0).collect();
    assert!(gaps.iter().all(|&gap| gap == 80) && gaps.len() > 85, "{gaps:?}");
}

#[test]
fn clicks_have_their_peak_and_are_over_soon() {
    let clicks = Some(Clicks { peak_dbm0: -6.0, every_ms: 50.0 });
    let clicking = heard(Impairments { clicks, ..Impairments::default() }, &vec![0; 80_000]);
    let peak = amplitude_of_dbm0(-6.0).round() as i16;
    let peaks = clicking.iter().filter(|sample| sample.abs() == peak).count();
    assert!((180..220).contains(&peaks), "{peaks}");
    let loud = clicking.iter().filter(|sample| sample.abs() > peak / 10).count();
    assert!(loud <= peaks * 19, "{loud}");
}
