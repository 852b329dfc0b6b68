//! Caller ID over a faulty line: whole messages, as both modems and as digits send them.

use gateway_core::dsp::callerid::fsk::{FskShape, FskStandard, FskTransmitter};
use gateway_core::dsp::callerid::mdmf::{CallData, DateTime};
use gateway_core::dsp::callerid::{CallerId, CallerIdReceiver, CallerIdSource, Presentation, dtmf};
use gateway_core::dsp::level::dbm0_of;
use gateway_core::dsp::line_model::{Clicks, Companding, Dropouts, Hum, Impairments, LineModel};
use gateway_core::dsp::{FRAME_SAMPLES, Frame};
use gateway_core::rng::Rng;

use super::context::Context;
use super::report::{Limit, Report, Table};
use super::sound::{self, DigitShape};
use super::tally::{Tally, Wanted};

/// Messages at a point in a whole run.
const MESSAGES: usize = 320;

const NAMES: [&str; 8] =
    ["PADARIA CENTRAL", "JOAO", "MARIA DA SILVA", "WIRELESS CALLER", "O'NEIL & SONS", "SMITH,JOHN", "Dr. Weber", "ACME 24H"];

/// What is heard before or over the beginning of a message.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Before {
    Silence,
    /// A polarity reversal whose jump decays, so many ms before the beginning.
    Reversal(f64),
    /// A ring that ends so many ms before the beginning.
    Ring(f64),
    /// The first 60 ms fade in.
    FadeIn,
    /// A click within the first tone, so many ms after its beginning.
    Click(f64),
    /// The first so many ms are missing.
    Cut(f64),
    /// The converter is at its end for so many ms from the beginning on, as after a large jump.
    Overload(f64),
}

/// A condition under which messages are sent.
#[derive(Clone, Copy, Debug)]
struct Trial {
    /// Of the whole signal in dBm0.
    level_dbm0: f32,
    snr_db: f32,
    /// Mark over space, or low over high tone, in dB.
    twist_db: f32,
    bit_rate: f32,
    /// Ones before the message, where it is FSK.
    mark_bits: u32,
    seizure_bits: u32,
    on_off_ms: (f64, f64),
    line: Impairments,
    before: Before,
}

impl Default for Trial {
    fn default() -> Self {
        Trial {
            level_dbm0: -15.0,
            snr_db: 25.0,
            twist_db: 0.0,
            bit_rate: 1200.0,
            mark_bits: 180,
            seizure_bits: 300,
            on_off_ms: (60.0, 60.0),
            line: Impairments::default(),
            before: Before::Silence,
        }
    }
}

/// A way to send caller ID, with what spandsp calls it.
#[derive(Clone, Copy)]
struct Way {
    name: &'static str,
    source: CallerIdSource,
    standard: &'static str,
}

const WAYS: [Way; 3] = [
    Way { name: "Bell 202", source: CallerIdSource::Bell202, standard: "class" },
    Way { name: "V.23", source: CallerIdSource::V23, standard: "clip" },
    Way { name: "DTMF caller ID", source: CallerIdSource::Dtmf, standard: "clip-dtmf" },
];

/// Who calls: mostly a number, for FSK often with a name, sometimes neither.
fn caller(rng: &mut Rng, source: CallerIdSource) -> CallerId {
    let presentation = match rng.below(10) {
        0 => Presentation::Private,
        1 => Presentation::Unavailable,
        _ => Presentation::Allowed,
    };
    let digits = 8 + rng.below(5);
    let number: String = (0..digits).map(|_| char::from(b'0' + u8::try_from(rng.below(10)).unwrap())).collect();
    let name = NAMES[usize::try_from(rng.below(8)).unwrap()];
    let has_name = source != CallerIdSource::Dtmf && rng.chance(600);
    CallerId {
        number: (presentation == Presentation::Allowed).then_some(number),
        name: has_name.then(|| name.to_owned()),
        presentation,
        category: None,
        source,
    }
}

fn sound_of(rng: &mut Rng, way: Way, caller: &CallerId, trial: &Trial) -> (Vec<i16>, usize) {
    let high_share = 10.0 * (1.0 + 10f32.powf(trial.twist_db / 10.0)).log10();
    let standard = match way.source {
        CallerIdSource::Bell202 => FskStandard::Bell202,
        CallerIdSource::V23 => FskStandard::V23,
        CallerIdSource::Dtmf | CallerIdSource::Device => {
            let (on_ms, off_ms) = trial.on_off_ms;
            let high_dbm0 = trial.level_dbm0 - high_share;
            let shape = DigitShape { low_dbm0: high_dbm0 + trial.twist_db, high_dbm0, on_ms, off_ms, ..DigitShape::default() };
            let digits: Vec<char> = dtmf::to_digits(caller).chars().collect();
            return sound::digits(rng, &shape, &digits);
        }
    };
    // Marks and spaces are as many: their mean power is that of the level.
    let space_dbm0 = trial.level_dbm0 - high_share + 3.01;
    let shape = FskShape {
        mark_dbm0: space_dbm0 + trial.twist_db,
        space_dbm0,
        bit_rate: trial.bit_rate,
        mark_bits: trial.mark_bits,
        seizure_bits: trial.seizure_bits,
        ..FskShape::of(standard)
    };
    let date_time = rng.chance(500).then_some(DateTime { month: 11, day: 28, hour: 14, minute: 5 });
    let message = CallData { date_time, ..CallData::of_caller_id(caller) }.to_mdmf();
    let mut samples = vec![0; 480 + usize::try_from(rng.below(640)).unwrap()];
    let onset = samples.len();
    let mut transmitter = FskTransmitter::new(shape, &message);
    let mut frame = Frame::SILENCE;
    while !transmitter.is_done() {
        transmitter.fill(&mut frame);
        samples.extend_from_slice(&frame.0);
    }
    samples.resize(samples.len() + 1200, 0);
    (samples, onset)
}

fn begin(rng: &mut Rng, samples: &mut [i16], onset: usize, before: Before) {
    let early = |ms: f64| if ms < 0.0 { onset + sound::samples_of(-ms) } else { onset - sound::samples_of(ms) };
    match before {
        Before::Silence => {}
        Before::Reversal(ms) => sound::mix(samples, early(ms), sound::reversal(rng, 20_000.0, 10.0)),
        Before::Ring(ms) => {
            // The ring began before the clip does.
            let ring: Vec<f64> = sound::ring_end(400.0).collect();
            let heard = early(ms).min(ring.len());
            sound::mix(samples, early(ms) - heard, ring[ring.len() - heard..].iter().copied());
        }
        Before::FadeIn => {
            for (n, sample) in samples.iter_mut().skip(onset).take(480).enumerate() {
                *sample = (f64::from(*sample) * n as f64 / 480.0).round() as i16;
            }
        }
        Before::Click(ms) => sound::mix(samples, onset + sound::samples_of(ms), sound::reversal(rng, 8000.0, 1.0)),
        Before::Overload(ms) => samples[onset - 80..onset + sound::samples_of(ms)].fill(i16::MAX),
        Before::Cut(ms) => samples[onset..onset + sound::samples_of(ms)].fill(0),
    }
}

fn heard_by_us(samples: &[i16]) -> Vec<CallerId> {
    let (mut receiver, mut out) = (CallerIdReceiver::new(dtmf::CategoryDigit::Never), Vec::new());
    for piece in samples.chunks(FRAME_SAMPLES) {
        let mut frame = Frame::SILENCE;
        frame.0[..piece.len()].copy_from_slice(piece);
        receiver.process(&frame, &mut out);
    }
    // The line stays quiet after it: a string without a stop sign ends there.
    for _ in 0..40 {
        receiver.process(&Frame::SILENCE, &mut out);
    }
    out
}

/// The messages of a line that the rival wrote.
fn heard_by_rival(line: &str, source: CallerIdSource) -> Vec<CallerId> {
    line.split('|').filter(|group| !group.is_empty()).map(|group| message_of(group, source)).collect()
}

fn message_of(group: &str, source: CallerIdSource) -> CallerId {
    let mut heard = CallerId { number: None, name: None, presentation: Presentation::Unavailable, category: None, source };
    for field in group.split_whitespace().skip(1) {
        let (kind, body) = field.split_once('=').expect("a field");
        let bytes = (0..body.len() / 2).map(|n| u8::from_str_radix(&body[2 * n..2 * n + 2], 16).expect("hexadecimal"));
        let text: String = bytes.map(char::from).collect();
        match (kind, source == CallerIdSource::Dtmf) {
            ("2", false) | ("65", true) => (heard.number, heard.presentation) = (Some(text), Presentation::Allowed),
            ("7", false) => heard.name = Some(text),
            ("4", false) if text == "P" => heard.presentation = Presentation::Private,
            ("66", true) if text == "10" => heard.presentation = Presentation::Private,
            _ => {}
        }
    }
    heard
}

fn compare(sent: &CallerId, heard: &[CallerId]) -> Tally {
    let same = |other: &&CallerId| (&other.number, &other.name, other.presentation) == (&sent.number, &sent.name, sent.presentation);
    let right = heard.iter().filter(same).count().min(1);
    Tally { right, of: 1, extra: heard.len() - right }
}

fn measure(context: &Context, way: Way, trial: &Trial) -> (Tally, Option<Tally>) {
    let mut listener = context.listen(&["caller-id", way.standard]);
    let (mut ours, mut sent) = (Tally::default(), Vec::new());
    for seed in 0..context.trials(MESSAGES) as u64 {
        let mut rng = Rng::from_seed(seed);
        let caller = caller(&mut rng, way.source);
        let (mut samples, onset) = sound_of(&mut rng, way, &caller, trial);
        begin(&mut rng, &mut samples, onset, trial.before);
        let noise_dbm0 = Some(trial.level_dbm0 - trial.snr_db);
        LineModel::new(Impairments { noise_dbm0, ..trial.line }, rng).process(&mut samples);
        if let Some(listener) = &mut listener {
            listener.hear(&samples);
        }
        ours.add(compare(&caller, &heard_by_us(&samples)));
        sent.push(caller);
    }
    (ours, listener.map(|listener| told_of(&sent, &listener.finish(), way.source)))
}

pub fn run(context: &mut Context, report: &mut Report) {
    report.text("## Caller ID");
    report.text(
        "A message is right when number, name and presentation are what was sent; they vary from message to message. Ours is the receiver of all \
         kinds at once, spandsp's is set to the one that is sent. Unless said otherwise the level is −15 dBm0 and signal to noise 25 dB, which is the \
         power of the signal over that of the noise in 0–4 kHz; in 300–3400 Hz it is 1.1 dB better. FSK begins with 300 bits of seizure and 180 of \
         mark, DTMF has 60 ms tones and pauses. With its default settings spandsp's modem takes nothing below about −30 dBm0 for a carrier.",
    );
    limits(context, report);
    sound_of_rival(context, report);
    for way in WAYS {
        levels(context, report, way);
        noises(context, report, way);
        twists(context, report, way);
        if way.source == CallerIdSource::Dtmf {
            timings(context, report, way);
        } else {
            rates(context, report, way);
        }
        beginnings(context, report, way);
        line_faults(context, report, way);
    }
}

fn table(way: Way, over: &str, note: &str) -> Table {
    Table::new(&format!("{} over {over}", way.name), note, "wrong messages")
}

fn limits(context: &Context, report: &mut Report) {
    let mut limits = Vec::new();
    for way in WAYS {
        for (snr_db, least) in [(25.0, 1.0), (20.0, 0.995)] {
            let (ours, rival) = measure(context, way, &Trial { level_dbm0: -36.0, snr_db, ..Trial::default() });
            let judged = |tally: Tally| (tally.share() >= least && tally.extra == 0, format!("{} right", tally.percent()));
            let what = format!("{}: {} % at −36 dBm0 and {snr_db} dB", way.name, least * 100.0);
            limits.push(Limit { what, source: "own", ours: judged(ours), rival: rival.map(judged) });
        }
    }
    report.limits(
        "Limits of caller ID",
        "At the lowest level that the standards demand (EN 300 659-1; Telcordia SR-TSV-002476 has −34.5 dBm).",
        &limits,
    );
}

fn levels(context: &Context, report: &mut Report, way: Way) {
    let mut levels = table(way, "level", "").plotted("level in dBm0");
    for level_dbm0 in [-6.0, -12.0, -18.0, -24.0, -30.0, -33.0, -36.0, -38.0, -40.0, -42.0_f32] {
        let both = measure(context, way, &Trial { level_dbm0, ..Trial::default() });
        levels.row(&format!("−{:.0} dBm0", -level_dbm0), f64::from(level_dbm0), both, Wanted::More);
    }
    report.table(levels);
}

fn noises(context: &Context, report: &mut Report, way: Way) {
    for level_dbm0 in [-15.0, -36.0_f32] {
        let mut noises = table(way, &format!("noise at −{:.0} dBm0", -level_dbm0), "").plotted("signal to noise in dB");
        for snr_db in [30.0, 25.0, 20.0, 18.0, 16.0, 14.0, 13.0, 12.0, 11.0, 10.0, 8.0, 6.0_f32] {
            let both = measure(context, way, &Trial { level_dbm0, snr_db, ..Trial::default() });
            noises.row(&format!("{snr_db} dB"), f64::from(snr_db), both, Wanted::More);
        }
        report.table(noises);
    }
}

fn twists(context: &Context, report: &mut Report, way: Way) {
    let is_fsk = way.source != CallerIdSource::Dtmf;
    let note = if is_fsk { "By how much mark is louder than space." } else { "By how much the low tone is louder than the high one." };
    let mut twists = table(way, "twist", note).plotted("twist in dB");
    let within = if is_fsk { -10..=10 } else { -4..=8 };
    for twist_db in (-12_i8..=12).step_by(2) {
        let both = measure(context, way, &Trial { twist_db: f32::from(twist_db), ..Trial::default() });
        let wanted = if within.contains(&twist_db) { Wanted::More } else { Wanted::Free };
        twists.row(&format!("{twist_db} dB").replace('-', "−"), f64::from(twist_db), both, wanted);
    }
    report.table(twists);
}

fn rates(context: &Context, report: &mut Report, way: Way) {
    let mut rates = table(way, "bit rate", "The standards allow 1 % (1188–1212 bit/s).").plotted("deviation in %");
    for step in -6_i8..=6 {
        let percent = f32::from(step) / 2.0;
        let both = measure(context, way, &Trial { bit_rate: 1200.0 * (1.0 + percent / 100.0), ..Trial::default() });
        rates.row(&format!("{percent:+.1} %").replace('-', "−"), f64::from(percent), both, Wanted::More);
    }
    report.table(rates);
}

fn timings(context: &Context, report: &mut Report, way: Way) {
    let mut timings = table(way, "tone and pause", "At −36 dBm0.");
    for (n, on_off_ms) in
        [(40.0, 40.0), (45.0, 45.0), (50.0, 50.0), (60.0, 60.0), (65.0, 65.0), (70.0, 70.0), (100.0, 100.0), (50.0, 100.0), (80.0, 40.0)]
            .into_iter()
            .enumerate()
    {
        let both = measure(context, way, &Trial { on_off_ms, level_dbm0: -36.0, ..Trial::default() });
        timings.row(&format!("{} ms tone, {} ms pause", on_off_ms.0, on_off_ms.1), n as f64, both, Wanted::More);
    }
    report.table(timings);
}

fn beginnings(context: &Context, report: &mut Report, way: Way) {
    let note = "What happens on a line when a caller is announced: the reversal jumps by 20000 sample steps and decays with 10 ms, the ring has 25 Hz \
                and is clipped. At −25 dBm0; DTMF with tones and pauses of 50 ms.";
    let mut table = table(way, "its beginning", note);
    let mut befores: Vec<(String, Before)> = Vec::new();
    let when = |ms: f64| if ms < 0.0 { format!("{} ms after it", -ms) } else { format!("{ms} ms before it") };
    befores.extend([40.0, 20.0, 10.0, 0.0, -5.0].map(|ms| (format!("reversal {}", when(ms)), Before::Reversal(ms))));
    befores.extend([50.0, 20.0, 0.0, -10.0].map(|ms| (format!("ring that ends {}", when(ms)), Before::Ring(ms))));
    befores.push(("the first 60 ms fade in".to_owned(), Before::FadeIn));
    befores.extend([5.0, 15.0, 30.0].map(|ms| (format!("click {}", when(-ms)), Before::Click(ms))));
    befores.extend([10.0, 20.0].map(|ms| (format!("the first {ms} ms are missing"), Before::Cut(ms))));
    befores.extend([5.0, 15.0].map(|ms| (format!("overloaded until {}", when(-ms)), Before::Overload(ms))));
    for (n, (name, before)) in befores.into_iter().enumerate() {
        let trial = Trial { before, level_dbm0: -25.0, on_off_ms: (50.0, 50.0), ..Trial::default() };
        table.row(&name, n as f64, measure(context, way, &trial), Wanted::More);
    }
    if way.source != CallerIdSource::Dtmf {
        for (name, seizure_bits, mark_bits) in [("no seizure, 80 bits of mark", 0, 80), ("100 bits of seizure, 55 of mark", 100, 55)] {
            let both = measure(context, way, &Trial { seizure_bits, mark_bits, level_dbm0: -25.0, ..Trial::default() });
            table.row(name, 99.0, both, Wanted::More);
        }
    }
    report.table(table);
}

fn line_faults(context: &Context, report: &mut Report, way: Way) {
    let clean = Impairments::default();
    let mut rows: Vec<(String, Impairments)> = Vec::new();
    rows.extend([-20.0, -10.0, 10.0, 20.0_f32].map(|offset_hz| (format!("shifted by {offset_hz} Hz"), Impairments { offset_hz, ..clean })));
    for (name, companding) in [("A-law", Companding::ALaw), ("µ-law", Companding::MuLaw)] {
        rows.push((name.to_owned(), Impairments { companding: Some(companding), ..clean }));
    }
    for (mains_hz, level_dbm0) in [(50.0, -25.0), (50.0, -15.0), (60.0, -15.0_f32)] {
        let hum = Some(Hum { mains_hz, level_dbm0 });
        rows.push((format!("hum of {mains_hz} Hz, {} dB below", -15.0 - level_dbm0), Impairments { hum, ..clean }));
    }
    for over_db in [3.0, 6.0, 12.0_f32] {
        rows.push((format!("clipped {over_db} dB below its peak"), Impairments { clip_dbm0: Some(-15.0 - over_db), ..clean }));
    }
    let clicks = |peak_dbm0| Some(Clicks { peak_dbm0, every_ms: 500.0 });
    rows.extend(
        [-15.0, -5.0]
            .map(|peak| (format!("clicks {:.0} dB above each 500 ms", peak + 15.0), Impairments { clicks: clicks(peak), ..clean })),
    );
    let dropouts = Some(Dropouts { length_ms: 1.0, every_ms: 500.0 });
    rows.push(("interruptions of 1 ms each 500 ms".to_owned(), Impairments { dropouts, ..clean }));
    rows.extend([6.0, -6.0_f32].map(|slope_db| (format!("slope of {slope_db} dB"), Impairments { slope_db, ..clean })));
    let mut faults = table(way, "other faults", "");
    for (n, (name, line)) in rows.into_iter().enumerate() {
        // 20 Hz are 2.9 % of the lowest tone: between what must be accepted and rejected.
        let is_free = way.source == CallerIdSource::Dtmf && line.offset_hz.abs() >= 20.0;
        let wanted = if is_free { Wanted::Free } else { Wanted::More };
        faults.row(&name.replace(" -", " −"), n as f64, measure(context, way, &Trial { line, ..Trial::default() }), wanted);
    }
    report.table(faults);
}

/// What the other side's transmitter sends, so that a fault of ours in both directions cannot hide.
fn sound_of_rival(context: &Context, report: &mut Report) {
    let mut table =
        Table::new("Caller ID as spandsp sends it", "Its own transmitter, unchanged but for noise 25 dB below.", "wrong messages");
    for (n, way) in WAYS.into_iter().enumerate() {
        let mut listener = context.listen(&["caller-id", way.standard]);
        let (mut ours, mut sent) = (Tally::default(), Vec::new());
        for seed in 0..context.trials(64) as u64 {
            let mut rng = Rng::from_seed(seed);
            let mut caller = caller(&mut rng, way.source);
            let number = caller.number.get_or_insert_with(|| "1133334444".to_owned()).clone();
            caller.presentation = Presentation::Allowed;
            let mut args = vec!["make-caller-id", way.standard, &number];
            args.extend(caller.name.as_deref());
            let Some(made) = context.rival_sound(&args) else { return };
            let mut samples = vec![0; 400 + usize::try_from(rng.below(160)).unwrap()];
            samples.extend(&made);
            samples.resize(samples.len() + 1200, 0);
            let loud: Vec<i16> = made.into_iter().filter(|&sample| sample != 0).collect();
            let noise_dbm0 = Some(dbm0_of(&loud) - 25.0);
            LineModel::new(Impairments { noise_dbm0, ..Impairments::default() }, rng).process(&mut samples);
            if let Some(listener) = &mut listener {
                listener.hear(&samples);
            }
            ours.add(compare(&caller, &heard_by_us(&samples)));
            sent.push(caller);
        }
        let rival = listener.map(|listener| told_of(&sent, &listener.finish(), way.source));
        table.row(way.name, n as f64, (ours, rival), Wanted::More);
    }
    report.table(table);
}

fn told_of(sent: &[CallerId], lines: &[String], source: CallerIdSource) -> Tally {
    let mut tally = Tally::default();
    for (line, caller) in lines.iter().zip(sent) {
        tally.add(compare(caller, &heard_by_rival(line, source)));
    }
    tally
}
