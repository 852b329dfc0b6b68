//! The alerting signal that announces a second caller: how well it is heard, and how often it is heard where there is none.

use std::f64::consts::TAU;
use std::fmt::Write;

use gateway_core::dsp::babble::Babble;
use gateway_core::dsp::callerid::{ALERTING_HZ, ALERTING_MS, AlertingReceiver};
use gateway_core::dsp::learning::proof::CorpusKind;
use gateway_core::dsp::level::amplitude_of_dbm0;
use gateway_core::dsp::line_model::{Companding, Impairments, LineModel};
use gateway_core::dsp::{FRAME_SAMPLES, Frame};
use gateway_core::rng::Rng;

use super::context::Context;
use super::recordings;
use super::report::Report;
use super::sound::samples_of;

/// Signals of a condition in a whole run.
const SIGNALS: usize = 1600;

/// Clips of ten minutes of each synthetic kind in a whole run: 50, 40 and 14 hours.
const CLIPS: [usize; 3] = [300, 240, 84];

#[derive(Clone, Copy)]
struct Trial {
    /// Of each tone, in dBm0.
    level_dbm0: f32,
    /// By how much the low tone is louder.
    twist_db: f32,
    detune: f64,
    ms: f64,
    /// Of both tones over the noise in 0–4 kHz.
    snr_db: f32,
    /// Level of the echo of our own speech in dBm0.
    echo_dbm0: Option<f32>,
}

const USUAL: Trial = Trial { level_dbm0: -20.0, twist_db: 0.0, detune: 1.0, ms: ALERTING_MS as f64, snr_db: 30.0, echo_dbm0: None };

pub fn run(context: &mut Context, report: &mut Report) {
    report.text("## Second callers");
    report.text(
        "The alerting signal (2130 and 2750 Hz, 75 to 85 ms; Telcordia GR-30, ETSI EN 300 659-2) that announces a second caller in a call. \
         spandsp has no receiver of it. Unless said otherwise each tone has −20 dBm0, signal to noise is 30 dB, and the line is companded by \
         A-law. Telcordia asks for −14 to −32 dBm, 6 dB of twist and 0.5 % beside the frequency, BT (SIN 227) for −37.8 dBm and 1.1 %.",
    );
    let mut text = "### Alerting signals heard\n\n| condition | heard | told twice |\n|---|---|---|\n".to_owned();
    for (name, trial) in conditions() {
        let (heard, twice, of) = heard(context, &trial);
        writeln!(text, "| {name} | {:.1} % | {twice} |", 100.0 * heard as f64 / of as f64).expect("memory");
    }
    write!(text, "\n{} to a row.", context.trials(SIGNALS)).expect("memory");
    report.text(&text);
    let mut text = "### Alerting signals that nobody sent\n\n| sound | hours | heard |\n|---|---|---|\n".to_owned();
    for (kind, name) in ["synthetic speech", "synthetic music", "fax, modems and hold tones"].into_iter().enumerate() {
        let clips = (0..context.trials(CLIPS[kind])).map(|n| CorpusKind::ALL[kind].clip(9000 + n as u64));
        text.push_str(&row(name, clips));
    }
    for collection in recordings::installed(if context.quick { 16 } else { 1 }) {
        text.push_str(&row(collection.name, collection.clips.into_iter()));
    }
    report.text(text.trim_end());
}

fn conditions() -> Vec<(String, Trial)> {
    let mut all = Vec::new();
    all.extend(
        [-10.0, -14.0, -20.0, -26.0, -32.0, -38.0, -44.0].map(|level_dbm0| (format!("{level_dbm0} dBm0"), Trial { level_dbm0, ..USUAL })),
    );
    all.extend([25.0, 20.0, 16.0, 12.0, 9.0].map(|snr_db| (format!("{snr_db} dB of signal to noise"), Trial { snr_db, ..USUAL })));
    all.extend([-8.0, -6.0, 6.0, 8.0].map(|twist_db| (format!("{twist_db:+} dB of twist"), Trial { twist_db, ..USUAL })));
    all.extend([70.0, 75.0, 85.0, 90.0, 110.0].map(|ms| (format!("{ms} ms"), Trial { ms, ..USUAL })));
    all.extend(
        [-2.5, -1.1, -0.5, 0.5, 1.1, 2.5].map(|per_cent| (format!("{per_cent:+} %"), Trial { detune: 1.0 + per_cent / 100.0, ..USUAL })),
    );
    all.extend(
        [-50.0, -40.0, -34.0, -28.0]
            .map(|echo| (format!("under the echo of our own speech, {echo} dBm0"), Trial { echo_dbm0: Some(echo), ..USUAL })),
    );
    all.into_iter().map(|(name, trial)| (name.replace('-', "−"), trial)).collect()
}

/// How many were heard, how many more than once, and of how many.
fn heard(context: &Context, trial: &Trial) -> (usize, usize, usize) {
    let of = context.trials(SIGNALS);
    let mut counts = (0, 0, of);
    for seed in 0..of as u64 {
        let told = told_of(&sound_of(&mut Rng::from_seed(400 + seed), trial));
        counts.0 += usize::from(told > 0);
        counts.1 += usize::from(told > 1);
    }
    counts
}

fn sound_of(rng: &mut Rng, trial: &Trial) -> Vec<i16> {
    let mut samples = vec![0; samples_of(300.0) + usize::try_from(rng.below(640)).unwrap()];
    let levels = [trial.level_dbm0, trial.level_dbm0 - trial.twist_db].map(|level| f64::from(amplitude_of_dbm0(level)));
    let phases: [f64; 2] = std::array::from_fn(|_| TAU * rng.below(1000) as f64 / 1000.0);
    samples.extend((0..samples_of(trial.ms)).map(|n| {
        let part =
            |tone: usize| levels[tone] * (phases[tone] + TAU * f64::from(ALERTING_HZ[tone]) * trial.detune * n as f64 / 8000.0).sin();
        (part(0) + part(1)).round() as i16
    }));
    samples.resize(samples.len().next_multiple_of(FRAME_SAMPLES) + 2 * FRAME_SAMPLES, 0);
    if let Some(level_dbm0) = trial.echo_dbm0 {
        let mut echo = vec![0; samples.len()];
        Babble::new(rng.fork(), level_dbm0).fill(&mut echo);
        samples.iter_mut().zip(echo).for_each(|(sample, added)| *sample = sample.saturating_add(added));
    }
    let noise_dbm0 = Some(trial.level_dbm0 + 3.0 - trial.snr_db);
    let line = Impairments { noise_dbm0, companding: Some(Companding::ALaw), ..Impairments::default() };
    LineModel::new(line, rng.fork()).process(&mut samples);
    samples
}

fn told_of(samples: &[i16]) -> usize {
    let mut receiver = AlertingReceiver::new();
    samples.chunks_exact(FRAME_SAMPLES).filter(|piece| receiver.process(&Frame((*piece).try_into().expect("a frame")))).count()
}

fn row(name: &str, clips: impl Iterator<Item = Vec<i16>>) -> String {
    let (mut told, mut samples) = (0, 0);
    for clip in clips {
        samples += clip.len();
        told += told_of(&clip);
    }
    format!("| {name} | {:.1} | {told} |\n", samples as f64 / 8000.0 / 3600.0)
}
