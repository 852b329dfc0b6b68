//! DTMF digits over a faulty line.

use gateway_core::dsp::dtmf::{DtmfEvent, DtmfReceiver};
use gateway_core::dsp::line_model::{Clicks, Companding, Dropouts, Hum, Impairments, LineModel};
use gateway_core::dsp::{FRAME_SAMPLES, Frame};
use gateway_core::rng::Rng;

use super::context::Context;
use super::report::{Limit, Report, Table};
use super::sound::{self, DigitShape};
use super::tally::{Tally, Wanted};

/// Clips at a point in a whole run; each has all sixteen digits.
const CLIPS: usize = 40;

type Both = (Tally, Option<Tally>);

/// A condition under which digits are sent.
#[derive(Clone, Copy, Debug)]
struct Trial {
    shape: DigitShape,
    line: Impairments,
    /// Each digit so often in a row.
    times: usize,
    /// An echo 10 dB below, so many ms late.
    echo_ms: f64,
}

impl Default for Trial {
    fn default() -> Self {
        // A line that is not quite silent, as none is.
        let line = Impairments { noise_dbm0: Some(-65.0), ..Impairments::default() };
        Trial { shape: DigitShape::default(), line, times: 1, echo_ms: 0.0 }
    }
}

impl Trial {
    fn of_shape(shape: DigitShape) -> Self {
        Trial { shape, ..Trial::default() }
    }

    fn on_line(line: Impairments) -> Self {
        Trial { line: Impairments { noise_dbm0: line.noise_dbm0.or(Some(-65.0)), ..line }, ..Trial::default() }
    }

    fn at_snr(snr_db: f32) -> Self {
        let shape = DigitShape::default();
        Trial::on_line(Impairments { noise_dbm0: Some(shape.total_dbm0() - snr_db), ..Impairments::default() })
    }
}

/// The digits that our receiver tells of a clip.
pub fn heard_by_us(samples: &[i16]) -> Vec<char> {
    let (mut receiver, mut events) = (DtmfReceiver::new(), Vec::new());
    for piece in samples.chunks(FRAME_SAMPLES) {
        let mut frame = Frame::SILENCE;
        frame.0[..piece.len()].copy_from_slice(piece);
        receiver.process(&frame, &mut events);
    }
    let begun = |event: &DtmfEvent| match *event {
        DtmfEvent::Begin { digit, .. } => Some(digit),
        DtmfEvent::End { .. } => None,
    };
    events.iter().filter_map(begun).collect()
}

/// The digits of a line that the rival wrote.
pub fn heard_by_rival(line: &str) -> Vec<char> {
    line.split_whitespace().filter_map(|word| word.chars().next()).collect()
}

/// How much of what was sent was heard, in its order.
fn compare(sent: &[char], heard: &[char]) -> Tally {
    let mut common = vec![0; heard.len() + 1];
    for &digit in sent {
        let mut diagonal = 0;
        for (n, &other) in heard.iter().enumerate() {
            let above = common[n + 1];
            common[n + 1] = if digit == other { diagonal + 1 } else { above.max(common[n]) };
            diagonal = above;
        }
    }
    let right = common[heard.len()];
    Tally { right, of: sent.len(), extra: heard.len() - right }
}

fn measure(context: &Context, trial: &Trial) -> Both {
    let mut listener = context.listen(&["dtmf"]);
    let (mut ours, mut sent) = (Tally::default(), Vec::new());
    for seed in 0..context.trials(CLIPS) as u64 {
        let mut rng = Rng::from_seed(seed);
        let digits = sound::shuffled(&mut rng, trial.times);
        let (mut samples, _) = sound::digits(&mut rng, &trial.shape, &digits);
        if trial.echo_ms > 0.0 {
            let direct: Vec<f64> = samples.iter().map(|&sample| f64::from(sample) * 10f64.powf(-0.5)).collect();
            sound::mix(&mut samples, sound::samples_of(trial.echo_ms), direct.into_iter());
        }
        LineModel::new(trial.line, rng).process(&mut samples);
        if let Some(listener) = &mut listener {
            listener.hear(&samples);
        }
        ours.add(compare(&digits, &heard_by_us(&samples)));
        sent.push(digits);
    }
    (ours, listener.map(|listener| told_of(&sent, &listener.finish())))
}

pub fn run(context: &mut Context, report: &mut Report) {
    report.text("## DTMF digits");
    report.text(
        "Unless said otherwise each tone has −15 dBm0, a digit lasts 50 ms with 50 ms of silence after it, and noise has −65 dBm0. All sixteen \
         digits come in random order, each in a random phase and at a random place in the frames. A level is that of each tone; signal to noise \
         is the power of both tones together over that of the noise in 0–4 kHz.",
    );
    limits(context, report);
    levels(context, report);
    twists(context, report);
    frequencies(context, report);
    times(context, report);
    noises(context, report);
    line_faults(context, report);
    sound_of_rival(context, report);
}

fn table(title: &str, note: &str) -> Table {
    Table::new(title, note, "digits too many")
}

fn levels(context: &Context, report: &mut Report) {
    let mut levels = table("DTMF over level", "").plotted("level of each tone in dBm0");
    for level_dbm0 in [-3.0, -6.0, -10.0, -15.0, -20.0, -25.0, -29.0, -32.0, -34.0, -36.0, -38.0, -40.0_f32] {
        let both = measure(context, &Trial::of_shape(flat(level_dbm0)));
        levels.row(&format!("−{:.0} dBm0", -level_dbm0), f64::from(level_dbm0), both, Wanted::More);
    }
    report.table(levels);
}

fn flat(level_dbm0: f32) -> DigitShape {
    DigitShape { low_dbm0: level_dbm0, high_dbm0: level_dbm0, ..DigitShape::default() }
}

/// The low group louder than the high one: positive, "normal" twist.
fn twisted(twist_db: f32) -> DigitShape {
    DigitShape { low_dbm0: -15.0 + twist_db / 2.0, high_dbm0: -15.0 - twist_db / 2.0, ..DigitShape::default() }
}

fn twists(context: &Context, report: &mut Report) {
    let note = "By how much the low tone is louder than the high one. Up to 8 dB, and 4 dB the other way, must be accepted; beyond, either is right.";
    let mut twists = table("DTMF over twist", note).plotted("normal twist in dB (negative: reverse)");
    for twist_db in -12_i8..=12 {
        let wanted = if (-4..=8).contains(&twist_db) { Wanted::More } else { Wanted::Free };
        let both = measure(context, &Trial::of_shape(twisted(f32::from(twist_db))));
        twists.row(&format!("{twist_db} dB").replace('-', "−"), f64::from(twist_db), both, wanted);
    }
    report.table(twists);
}

fn frequencies(context: &Context, report: &mut Report) {
    let note = "Both tones off by so much. Up to 1.5 % must be accepted, from 3.5 % on rejected.";
    let mut frequencies = table("DTMF over frequency deviation", note).plotted("deviation in %");
    for step in -8_i8..=8 {
        let percent = f64::from(step) / 2.0;
        let factor = 1.0 + percent / 100.0;
        let wanted = match step.abs() {
            0..=3 => Wanted::More,
            4..=6 => Wanted::Free,
            _ => Wanted::Less,
        };
        let both = measure(context, &Trial::of_shape(DigitShape { detune: (factor, factor), ..DigitShape::default() }));
        frequencies.row(&format!("{percent:+.1} %").replace('-', "−"), percent, both, wanted);
    }
    report.table(frequencies);
}

fn times(context: &Context, report: &mut Report) {
    let note = "From 40 ms on a digit must be heard, up to 23 ms it must not (Q.24, AT&T). 60 ms of silence between digits.";
    let mut durations = table("DTMF over duration", note).plotted("duration in ms");
    for on_ms in [20.0, 23.0, 26.0, 28.0, 30.0, 32.0, 34.0, 36.0, 38.0, 40.0, 45.0, 50.0, 60.0] {
        let wanted = if on_ms >= 40.0 {
            Wanted::More
        } else if on_ms <= 23.0 {
            Wanted::Less
        } else {
            Wanted::Free
        };
        let both = measure(context, &Trial::of_shape(DigitShape { on_ms, off_ms: 60.0, ..DigitShape::default() }));
        durations.row(&format!("{on_ms} ms"), on_ms, both, wanted);
    }
    report.table(durations);
    let note =
        "Each digit twice in a row, of 50 ms each: two must be told. From 40 ms on they must be (Q.24, AT&T; 30 ms for NTT and Brazil).";
    let mut pauses = table("DTMF over pause", note).plotted("pause in ms");
    for off_ms in [10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0, 45.0, 50.0, 60.0] {
        let wanted = if off_ms >= 30.0 { Wanted::More } else { Wanted::Free };
        let shape = DigitShape { off_ms, ..DigitShape::default() };
        let both = measure(context, &Trial { times: 2, ..Trial::of_shape(shape) });
        pauses.row(&format!("{off_ms} ms"), off_ms, both, wanted);
    }
    report.table(pauses);
    let note = "Digits of 100 ms with one interruption in the middle of each: one digit must be told. Up to 10 ms that is demanded (Q.24).";
    let mut gaps = table("DTMF over interruption", note);
    for gap_ms in [2.0, 5.0, 8.0, 10.0, 12.0, 15.0, 20.0] {
        let wanted = if gap_ms <= 10.0 { Wanted::More } else { Wanted::Free };
        let both = measure(context, &Trial::of_shape(DigitShape { on_ms: 100.0, gap_ms, ..DigitShape::default() }));
        gaps.row(&format!("{gap_ms} ms"), gap_ms, both, wanted);
    }
    report.table(gaps);
}

fn noises(context: &Context, report: &mut Report) {
    let mut noises = table("DTMF over signal to noise", "").plotted("signal to noise in dB");
    for snr_db in [24.0, 21.0, 18.0, 15.0, 14.0, 13.0, 12.0, 11.0, 10.0, 9.0, 8.0, 7.0, 6.0_f32] {
        noises.row(&format!("{snr_db} dB"), f64::from(snr_db), measure(context, &Trial::at_snr(snr_db)), Wanted::More);
    }
    report.table(noises);
}

fn line_faults(context: &Context, report: &mut Report) {
    let clean = Impairments::default();
    let mut faults = table(
        "DTMF over other faults",
        "Interruptions, hum and clicks come at any time; hum and clicks are told beside the level of each tone.",
    );
    let mut rows: Vec<(String, Impairments)> = Vec::new();
    for (length_ms, every_ms) in [(3.0, 150.0), (5.0, 150.0), (8.0, 150.0)] {
        let dropouts = Some(Dropouts { length_ms, every_ms });
        rows.push((format!("interruptions of {length_ms} ms each {every_ms} ms"), Impairments { dropouts, ..clean }));
    }
    for (mains_hz, below_db) in [(50.0, 10.0), (50.0, 0.0), (50.0, -6.0), (60.0, 10.0), (60.0, 0.0), (60.0, -6.0_f32)] {
        let hum = Some(Hum { mains_hz, level_dbm0: -15.0 - below_db });
        let place = if below_db < 0.0 { "above" } else { "below" };
        rows.push((format!("hum of {mains_hz} Hz, {} dB {place}", below_db.abs()), Impairments { hum, ..clean }));
    }
    for over_db in [0.0, 3.0, 6.0_f32] {
        rows.push((format!("clipped {over_db} dB below the peak of one tone"), Impairments { clip_dbm0: Some(-15.0 - over_db), ..clean }));
    }
    for (peak_dbm0, every_ms) in [(-15.0, 100.0), (-5.0, 100.0), (0.0, 250.0_f32)] {
        let clicks = Some(Clicks { peak_dbm0, every_ms });
        rows.push((format!("clicks {:.0} dB above, each {every_ms} ms", peak_dbm0 + 15.0), Impairments { clicks, ..clean }));
    }
    for (slope_db, loss_db) in [(6.0, 15.0), (-3.0, 15.0)] {
        rows.push((
            format!("line with {loss_db} dB loss and {slope_db} dB slope").replace('-', "−"),
            Impairments { slope_db, loss_db, ..clean },
        ));
    }
    rows.push(("shifted by 5 Hz".to_owned(), Impairments { offset_hz: 5.0, ..clean }));
    for (name, companding) in [("A-law", Companding::ALaw), ("µ-law", Companding::MuLaw)] {
        rows.push((name.to_owned(), Impairments { companding: Some(companding), ..clean }));
        let far = Impairments { companding: Some(companding), loss_db: 20.0, ..clean };
        rows.push((format!("{name} after 20 dB of loss"), far));
    }
    for (n, (name, line)) in rows.into_iter().enumerate() {
        faults.row(&name, n as f64, measure(context, &Trial::on_line(line)), Wanted::More);
    }
    report.table(faults);
}

/// What the other side's generator sends, so that a fault of ours in both directions cannot hide.
fn sound_of_rival(context: &Context, report: &mut Report) {
    let mut table = table("DTMF as spandsp sends it", "Its own generator with digits of 50 ms and pauses of 50 ms, unchanged.");
    for (n, (low_dbm0, twist_db)) in [("-10", "0"), ("-20", "2"), ("-35", "0"), ("-20", "-4")].into_iter().enumerate() {
        let mut listener = context.listen(&["dtmf"]);
        let (mut ours, mut sent) = (Tally::default(), Vec::new());
        for seed in 0..context.trials(CLIPS) as u64 {
            let mut rng = Rng::from_seed(seed);
            let digits = sound::shuffled(&mut rng, 1);
            let word: String = digits.iter().collect();
            let Some(made) = context.rival_sound(&["make-dtmf", &word, "50", "50", low_dbm0, twist_db]) else { return };
            let mut samples = vec![0; 400 + usize::try_from(rng.below(160)).unwrap()];
            samples.extend(made);
            samples.resize(samples.len() + 1200, 0);
            if let Some(listener) = &mut listener {
                listener.hear(&samples);
            }
            ours.add(compare(&digits, &heard_by_us(&samples)));
            sent.push(digits);
        }
        let rival = listener.map(|listener| told_of(&sent, &listener.finish()));
        let name = format!("{low_dbm0} dBm0, the high tone {twist_db} dB above").replace('-', "−");
        table.row(&name, n as f64, (ours, rival), Wanted::More);
    }
    report.table(table);
}

fn told_of(sent: &[Vec<char>], lines: &[String]) -> Tally {
    let mut tally = Tally::default();
    for (line, digits) in lines.iter().zip(sent) {
        tally.add(compare(digits, &heard_by_rival(line)));
    }
    tally
}

/// Conditions of one limit, all of which have to be kept.
struct Demand {
    what: &'static str,
    source: &'static str,
    wanted: Wanted,
    trials: Vec<Trial>,
}

fn limits(context: &Context, report: &mut Report) {
    let note = "As the columns of Q.24, Annex A, say for AT&T where nothing else is said; a limit is kept where every digit is heard once (or none, where \
                they are to be rejected). The share is that of the worst condition.";
    let limits: Vec<Limit> = demands()
        .iter()
        .map(|demand| {
            let both: Vec<Both> = demand.trials.iter().map(|trial| measure(context, trial)).collect();
            let ours: Vec<Tally> = both.iter().map(|both| both.0).collect();
            let rival: Option<Vec<Tally>> = both.iter().map(|both| both.1).collect();
            let rival = rival.map(|rival| kept(&rival, demand.wanted));
            Limit { what: demand.what.to_owned(), source: demand.source, ours: kept(&ours, demand.wanted), rival }
        })
        .collect();
    report.limits("Limits of DTMF receivers", note, &limits);
}

fn kept(tallies: &[Tally], wanted: Wanted) -> (bool, String) {
    let rejects = wanted == Wanted::Less;
    let passed = tallies.iter().all(|tally| tally.right == if rejects { 0 } else { tally.of } && tally.extra == 0);
    let order = |tally: &&Tally| if rejects { tally.of + tally.extra - tally.right } else { tally.right.saturating_sub(tally.extra) };
    let worst = tallies.iter().min_by_key(order).copied().unwrap_or_default();
    let doubles = if worst.extra > 0 { format!(", {} too many", worst.extra) } else { String::new() };
    let right = if rejects { tallies.iter().map(|tally| tally.right).max().unwrap_or(0) } else { worst.right };
    (passed, format!("{} heard{doubles}", Tally { right, ..worst }.percent()))
}

fn demands() -> Vec<Demand> {
    let shape = DigitShape::default;
    let detuned = |percents: [(f64, f64); 4]| {
        let detune = |(low, high): (f64, f64)| (1.0 + low / 100.0, 1.0 + high / 100.0);
        percents.map(|percent| Trial::of_shape(DigitShape { detune: detune(percent), ..shape() })).to_vec()
    };
    let echo = |echo_ms: f64| Trial { echo_ms, ..Trial::default() };
    let one = |shape: DigitShape| vec![Trial::of_shape(shape)];
    let demand = |what, source, wanted, trials| Demand { what, source, wanted, trials };
    vec![
        demand("40 ms are a digit", "Q.24", Wanted::More, one(DigitShape { on_ms: 40.0, ..shape() })),
        demand("23 ms are none", "Q.24", Wanted::Less, one(DigitShape { on_ms: 23.0, ..shape() })),
        demand(
            "a pause of 40 ms parts two digits",
            "Q.24",
            Wanted::More,
            vec![Trial { times: 2, ..Trial::of_shape(DigitShape { off_ms: 40.0, ..shape() }) }],
        ),
        demand(
            "a pause of 30 ms parts two digits",
            "Q.24 (NTT, Brazil)",
            Wanted::More,
            vec![Trial { times: 2, ..Trial::of_shape(DigitShape { off_ms: 30.0, ..shape() }) }],
        ),
        demand("10 ms of interruption do not", "Q.24", Wanted::More, one(DigitShape { on_ms: 80.0, gap_ms: 10.0, ..shape() })),
        demand("a digit each 93 ms", "Q.24", Wanted::More, one(DigitShape { on_ms: 46.5, off_ms: 46.5, ..shape() })),
        demand("8 dB of normal twist", "Q.24", Wanted::More, one(twisted(8.0))),
        demand("4 dB of reverse twist", "Q.24", Wanted::More, one(twisted(-4.0))),
        demand("±1.5 % accepted", "Q.24", Wanted::More, detuned([(1.5, 1.5), (-1.5, -1.5), (1.5, -1.5), (-1.5, 1.5)])),
        demand("±3.5 % of one tone rejected", "Q.24", Wanted::Less, detuned([(3.5, 0.0), (-3.5, 0.0), (0.0, 3.5), (0.0, -3.5)])),
        demand(
            "0 dBm0 for both together, −25 dBm0 each",
            "Q.24",
            Wanted::More,
            vec![Trial::of_shape(flat(-3.1)), Trial::of_shape(flat(-25.0))],
        ),
        demand("26 dB of attenuation", "usual (from −3 dBm0 each)", Wanted::More, one(flat(-29.0))),
        demand("−55 dBm0 rejected", "Q.24", Wanted::Less, one(flat(-55.0))),
        demand("15 dB of signal to noise", "usual", Wanted::More, vec![Trial::at_snr(15.0)]),
        demand("echoes 10 dB below, up to 20 ms late", "Q.24", Wanted::More, vec![echo(5.0), echo(10.0), echo(20.0)]),
    ]
}
