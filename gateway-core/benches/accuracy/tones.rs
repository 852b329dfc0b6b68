//! The tones of exchanges: how soon a call may be ended on them, and over which faults of a line.

use gateway_core::config::country::{Country, country};
use gateway_core::dsp::babble::Babble;
use gateway_core::dsp::line_model::{Impairments, LineModel};
use gateway_core::dsp::progress::{HeardTone, ProgressDetector, ProgressTone};
use gateway_core::dsp::tone::{ToneGenerator, ToneSpec};
use gateway_core::dsp::{FRAME_SAMPLES, Frame};
use gateway_core::rng::Rng;

use super::context::Context;
use super::report::{Limit, Report, Table};
use super::tally::{Ahead, Tally, Wanted};

/// Countries whose busy tones are timed: every cadence and pair of frequencies that is common.
pub const TIMED: [&str; 8] = ["BR", "US", "GB", "DE", "FR", "JP", "AU", "IN"];

/// Tones of one country in a whole run.
const TRIALS: usize = 400;

/// Tones of one condition in a whole run.
const CLIPS: usize = 160;

/// A tone that is not sure by then is missed.
const PATIENCE_MS: f64 = 3000.0;

/// The far end speaks for so long before it hangs up, and is silent for 100 to 600 ms.
const SPEECH_SAMPLES: usize = 2 * 8000;

pub fn run(context: &mut Context, report: &mut Report) {
    report.text("## Tones that end calls");
    report.text(
        "The far end speaks for two seconds, hangs up, and after 0.1 to 0.6 s of silence the exchange plays its tone from the beginning of a \
         burst. A tone counts when a call may be ended on it: ours when its confidence is 1, spandsp's (super_tone_rx, with cadences ±20 % of \
         busy, congestion, ringback and dial tone of the country) when it is told. Times run from the first sample of the tone.",
    );
    timed(context, report);
    let brazil = country("BR").expect("it is there");
    let states = country("US").expect("it is there");
    for (name, country) in [("Brazil", brazil), ("the United States", states)] {
        over_faults(context, report, name, country);
    }
    report
        .text("Under a voice a burst is worth less, so that a tone takes longer to be sure: that is what keeps voices from ending calls.");
    rejected(context, report, brazil);
}

/// What happens to the tone on its way.
#[derive(Clone, Copy)]
struct Fault {
    level_dbm0: f32,
    snr_db: f32,
    detune: f32,
    stretch: f32,
    speech_dbm0: Option<f32>,
    line: Impairments,
}

impl Default for Fault {
    fn default() -> Self {
        Fault { level_dbm0: -20.0, snr_db: 30.0, detune: 1.0, stretch: 1.0, speech_dbm0: None, line: Impairments::default() }
    }
}

fn timed(context: &Context, report: &mut Report) {
    let fault = Fault { level_dbm0: -30.0, snr_db: 20.0, ..Fault::default() };
    let (mut rows, mut limits) = (Vec::new(), Vec::new());
    for code in TIMED {
        let country = country(code).expect("it is there");
        let (ours, rival) = times_of(context, country, &country.busy.spec(), fault, context.trials(TRIALS));
        let (p95, p99) = (quantile(&ours, 0.95), quantile(&ours, 0.99));
        let who = rival.as_ref().map_or(Ahead::Nobody, |rival| sooner(p95, quantile(rival, 0.95)));
        let cadence = format!("{:?} Hz, {:?} ms", country.busy.frequencies_hz, country.busy.cadence_ms);
        rows.push((code.to_owned(), cadence, shown(&ours), rival.as_deref().map_or("–".to_owned(), shown), who));
        let within = |p95: f64, p99: f64| (p95 <= 2000.0 && p99 <= 3000.0, format!("{} and {} s", seconds(p95), seconds(p99)));
        limits.push(Limit {
            what: format!("{code}: 95 % within 2.0 s, 99 % within 3.0 s"),
            source: "ours",
            ours: within(p95, p99),
            rival: rival.as_ref().map(|rival| within(quantile(rival, 0.95), quantile(rival, 0.99))),
        });
    }
    report.counts("Seconds until a busy tone is sure, at −30 dBm0 and 20 dB: 50 %, 95 %, 99 %, all", ["country", "tone"], &rows);
    report.text(
        "Where spandsp is sooner it is content with less: it tells a cadence after one cycle, whatever the burst sounds like. What that costs \
         is below, in the section on what is no tone.",
    );
    report.limits("Bounds of the release", "At −30 dBm0 with 20 dB of signal to noise.", &limits);
}

fn over_faults(context: &Context, report: &mut Report, name: &str, country: &Country) {
    let busy = country.busy.spec();
    let mut table = |title: &str, axis: &'static str, faults: &[(String, f64, Fault, Wanted)]| {
        let note = "Share of busy tones that are sure within 3 s. −20 dBm0 and 30 dB of signal to noise unless said otherwise.";
        let mut table = Table::new(&format!("Busy tone of {name} over {title}"), note, "wrong").plotted(axis);
        for (condition, x, fault, wanted) in faults {
            let (ours, rival) = times_of(context, country, &busy, *fault, context.trials(CLIPS));
            table.row(condition, *x, (tally(&ours), rival.as_deref().map(tally)), *wanted);
        }
        report.table(table);
    };
    let faults = |values: &[f32], wanted: fn(f32) -> Wanted, unit: &str, of: fn(f32) -> Fault| {
        let row = |&value: &f32| (format!("{value} {unit}").replace('-', "−"), f64::from(value), of(value), wanted(value));
        values.iter().map(row).collect::<Vec<_>>()
    };
    let levels = [-10.0, -20.0, -30.0, -34.0, -37.0, -40.0, -43.0];
    // Below −40 dBm0 a tone is fainter than many a line's noise.
    let wanted = |level: f32| if level >= -40.0 { Wanted::More } else { Wanted::Free };
    table("level", "dBm0", &faults(&levels, wanted, "dBm0", |level_dbm0| Fault { level_dbm0, snr_db: 20.0, ..Fault::default() }));
    let noises = [24.0, 20.0, 16.0, 12.0, 9.0, 6.0, 3.0];
    let wanted = |snr: f32| if snr >= 6.0 { Wanted::More } else { Wanted::Free };
    table("signal to noise", "dB", &faults(&noises, wanted, "dB", |snr_db| Fault { snr_db, ..Fault::default() }));
    let detunes = [-8.0, -5.0, -3.0, -1.5, 0.0, 1.5, 3.0, 5.0, 8.0];
    let wanted = |off: f32| if off.abs() <= 3.0 { Wanted::More } else { Wanted::Free };
    table("frequency", "%", &faults(&detunes, wanted, "%", |off| Fault { detune: 1.0 + off / 100.0, ..Fault::default() }));
    let stretches = [-40.0, -25.0, -15.0, -10.0, 0.0, 10.0, 15.0, 25.0, 40.0];
    let wanted = |off: f32| match off.abs() {
        size if size <= 15.0 => Wanted::More,
        _ if off >= 40.0 => Wanted::Less,
        // So much faster it is another tone of some countries.
        _ => Wanted::Free,
    };
    table("cadence", "%", &faults(&stretches, wanted, "%", |off| Fault { stretch: 1.0 + off / 100.0, ..Fault::default() }));
    let voices = [-50.0, -40.0, -34.0, -30.0, -26.0];
    let wanted = |_| Wanted::More;
    table("our own speech", "dBm0", &faults(&voices, wanted, "dBm0", |level| Fault { speech_dbm0: Some(level), ..Fault::default() }));
}

/// What no exchange of the country plays to end a call.
fn rejected(context: &Context, report: &mut Report, country: &Country) {
    let note = "Share of tones that were taken for busy, congestion or dial tone within 10 s.";
    let mut table = Table::new("What is no tone that ends a call in Brazil", note, "wrong");
    let spec = |frequencies_hz: &[f32], cadence_ms: &[u32]| ToneSpec {
        frequencies_hz: frequencies_hz.to_vec(),
        cadence_ms: cadence_ms.to_vec(),
        level_dbm0: -20.0,
    };
    let sounds = [
        ("ringback 425 Hz 1 s of 5", spec(&[425.0], &[1000, 4000])),
        ("call waiting 425 Hz 50/1000", spec(&[425.0], &[50, 1000])),
        ("busy tone of the United States", spec(&[480.0, 620.0], &[500, 500])),
        ("busy tone of Japan, 400 Hz", spec(&[400.0], &[500, 500])),
        ("425 Hz 100/100", spec(&[425.0], &[100, 100])),
        ("425 Hz 400/400", spec(&[425.0], &[400, 400])),
        ("500 Hz 250/250", spec(&[500.0], &[250, 250])),
        ("digit 1, 250/250", spec(&[697.0, 1209.0], &[250, 250])),
        ("calling fax", spec(&[1100.0], &[500, 3000])),
    ];
    for (n, (name, sound)) in (0..).zip(sounds) {
        let (ours, rival) = times_of(context, country, &sound, Fault::default(), context.trials(CLIPS));
        let share = |times: &[Option<f64>]| Tally { right: times.iter().flatten().count(), of: times.len(), extra: 0 };
        table.row(name, f64::from(n), (share(&ours), rival.as_deref().map(share)), Wanted::Less);
    }
    report.table(table);
}

/// When each of so many tones was sure, in ms from its first sample: ours and the rival's; `None`: not within ten seconds.
type Times = Vec<Option<f64>>;

fn times_of(context: &Context, country: &Country, tone: &ToneSpec, fault: Fault, trials: usize) -> (Times, Option<Times>) {
    let plan = country.tone_plan();
    let specs: Vec<String> = [&plan.busy, &plan.congestion, &plan.ringback, &plan.dial].map(spec_of).into();
    let args: Vec<&str> = std::iter::once("tones").chain(specs.iter().map(String::as_str)).collect();
    let mut listener = context.listen(&args);
    let (mut ours, mut onsets) = (Vec::new(), Vec::new());
    for seed in 0..trials as u64 {
        let (samples, onset) = clip(tone, fault, Rng::from_seed(seed));
        let mut detector = ProgressDetector::new(&plan);
        detector.dialed();
        ours.push(first_sure(&mut detector, &samples[onset.min(SPEECH_SAMPLES)..]).map(|ms| ms - (onset - SPEECH_SAMPLES) as f64 / 8.0));
        onsets.push(onset);
        if let Some(listener) = &mut listener {
            listener.hear(&samples);
        }
    }
    let rival = listener.map(|listener| {
        let lines = listener.finish();
        lines.iter().zip(&onsets).map(|(line, &onset)| told_by_rival(line, onset).map(|at| (at - onset) as f64 / 8.0)).collect()
    });
    (ours, rival)
}

fn clip(tone: &ToneSpec, fault: Fault, mut rng: Rng) -> (Vec<i16>, usize) {
    let onset = SPEECH_SAMPLES + 800 + usize::try_from(rng.below(4000)).expect("a small number");
    let mut samples = vec![0; onset];
    Babble::new(rng.fork(), -20.0).fill(&mut samples[..SPEECH_SAMPLES]);
    let spec = ToneSpec {
        frequencies_hz: tone.frequencies_hz.iter().map(|hz| hz * fault.detune).collect(),
        cadence_ms: tone.cadence_ms.iter().map(|ms| (*ms as f32 * fault.stretch) as u32).collect(),
        level_dbm0: fault.level_dbm0,
    };
    let mut sound = vec![0; 8 * 10_000];
    ToneGenerator::new(&spec).fill(&mut sound);
    samples.extend(sound);
    if let Some(level_dbm0) = fault.speech_dbm0 {
        let mut own = vec![0; samples.len()];
        Babble::new(rng.fork(), level_dbm0).fill(&mut own);
        samples.iter_mut().zip(own).for_each(|(sample, own)| *sample = sample.saturating_add(own));
    }
    let noise_dbm0 = Some(fault.level_dbm0 - fault.snr_db);
    LineModel::new(Impairments { noise_dbm0, ..fault.line }, rng.fork()).process(&mut samples);
    (samples, onset)
}

/// When a call could be ended, in ms.
pub fn first_sure(detector: &mut ProgressDetector, samples: &[i16]) -> Option<f64> {
    let (mut heard, mut frames) = (Vec::new(), samples.chunks_exact(FRAME_SAMPLES).enumerate());
    frames.find_map(|(n, piece)| {
        detector.process(&Frame(piece.try_into().expect("a frame")), &mut heard);
        heard.drain(..).any(|heard| is_sure(&heard)).then_some((n as f64 + 1.0) * 20.0)
    })
}

pub fn is_sure(heard: &HeardTone) -> bool {
    heard.confidence >= 1.0 && matches!(heard.tone, ProgressTone::Busy | ProgressTone::Congestion | ProgressTone::Dial)
}

/// The first sample after `from` at which the rival told busy (0), congestion (1) or dial tone (3).
pub fn told_by_rival(line: &str, from: usize) -> Option<usize> {
    let told = line.split_whitespace().filter_map(|word| word.split_once('@'));
    told.filter(|(code, _)| ["0", "1", "3"].contains(code)).map(|(_, at)| at.parse().expect("a position")).find(|at| *at > from)
}

/// A tone as the rival takes it.
pub fn spec_of(spec: &ToneSpec) -> String {
    let hz = |n: usize| spec.frequencies_hz.get(n).map_or(0, |hz| hz.round() as u32);
    if spec.cadence_ms.is_empty() {
        return format!("{},{},2000,0", hz(0), hz(1));
    }
    let step = |(n, ms): (usize, &u32)| {
        let (f1, f2) = if n % 2 == 0 { (hz(0), hz(1)) } else { (0, 0) };
        format!("{f1},{f2},{},{}", ms * 4 / 5, ms * 6 / 5)
    };
    spec.cadence_ms.iter().enumerate().map(step).collect::<Vec<_>>().join(";")
}

fn tally(times: &[Option<f64>]) -> Tally {
    let in_time = times.iter().flatten().filter(|ms| **ms <= PATIENCE_MS).count();
    Tally { right: in_time, of: times.len(), extra: 0 }
}

/// Of times of which those that never came are the longest.
fn quantile(times: &[Option<f64>], part: f64) -> f64 {
    let mut sorted: Vec<f64> = times.iter().map(|time| time.unwrap_or(f64::INFINITY)).collect();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() - 1) as f64 * part).ceil() as usize]
}

fn sooner(ours: f64, rival: f64) -> Ahead {
    match ours - rival {
        // A frame more or less is none.
        difference if difference.abs() <= 20.0 || difference.is_nan() => Ahead::Even,
        difference if difference < 0.0 => Ahead::Ours,
        _ => Ahead::Rival,
    }
}

fn shown(times: &[Option<f64>]) -> String {
    [0.5, 0.95, 0.99, 1.0].map(|part| seconds(quantile(times, part))).join(" · ")
}

fn seconds(ms: f64) -> String {
    if ms.is_finite() { format!("{:.2}", ms / 1000.0) } else { "never".to_owned() }
}
