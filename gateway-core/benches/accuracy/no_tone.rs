//! What is no tone: hours of speech, music and modems, in which no call may be ended.

use gateway_core::config::country::{Country, countries, country};
use gateway_core::dsp::learning::proof::CorpusKind;
use gateway_core::dsp::progress::ProgressDetector;
use gateway_core::dsp::{FRAME_SAMPLES, Frame};

use super::context::Context;
use super::recordings;
use super::report::Report;
use super::tally::{Ahead, fewer};
use super::tones::{TIMED, is_sure, spec_of, told_by_rival};

/// Clips of ten minutes of each synthetic kind in a whole run: 50, 40 and 14 hours.
const CLIPS: [usize; 3] = [300, 240, 84];

/// After an end nothing is counted for this long: the call is over.
const CALL_OVER_SAMPLES: usize = 10 * 8000;

/// Thresholds of the confidence at which the false ends are counted besides.
const THRESHOLDS: [f32; 5] = [0.4, 0.6, 0.8, 0.9, 1.0];

pub fn run(context: &mut Context, report: &mut Report) {
    report.text("## What is no tone");
    report.text(
        "Sound in which no call may be ended, heard with the tones of Brazil, the United States, the United Kingdom, Germany, France, Japan, \
         Australia and India in turn, ten minutes each, and the recordings with the tones of every country. Counted is what would have ended \
         a call: busy, congestion or dial tone that is sure; after each, ten seconds are left out. The music is made to be taken for tones: pure \
         timbres, notes and rests as long as those of busy tones. One thing is left out of it: a pure note again and again that neither fades nor \
         trembles, because that is a busy tone.",
    );
    let (mut rows, mut roc) = (Vec::new(), [0_usize; THRESHOLDS.len()]);
    let mut samples_heard = 0;
    for (kind, name) in ["synthetic speech", "synthetic music", "fax, modems and hold tones"].into_iter().enumerate() {
        let mut count = Count::default();
        for (n, code) in (0..context.trials(CLIPS[kind])).zip(TIMED.iter().cycle()) {
            let country = country(code).expect("it is there");
            count.hear(context, country, &CorpusKind::ALL[kind].clip(5000 + n as u64));
        }
        samples_heard += count.samples;
        roc.iter_mut().zip(count.over).for_each(|(sum, over)| *sum += over);
        rows.push(count.row(name));
    }
    for collection in recordings::installed(if context.quick { 16 } else { 1 }) {
        let mut count = Count::default();
        let all: Vec<i16> = collection.clips.concat();
        for country in countries().step_by(if context.quick { 8 } else { 1 }) {
            count.hear(context, country, &all);
        }
        rows.push(count.row(&format!("{}, all countries", collection.name)));
    }
    report.counts("Calls that would have been ended", ["sound", "hours"], &rows);
    let hours = samples_heard as f64 / 8000.0 / 3600.0;
    let mut text = format!(
        "### What the confidence is for\n\nCalls that would have been ended in these {hours:.0} synthetic hours, were the far end taken to be gone \
         at another confidence than 1:\n\n| confidence | ends |\n|---|---|\n"
    );
    for (threshold, over) in THRESHOLDS.iter().zip(roc) {
        text.push_str(&format!("| {threshold} | {over} |\n"));
    }
    report.text(text.trim_end());
}

#[derive(Default)]
struct Count {
    samples: usize,
    /// Ends at each of the thresholds.
    over: [usize; THRESHOLDS.len()],
    rival: Option<usize>,
}

impl Count {
    fn hear(&mut self, context: &Context, country: &Country, samples: &[i16]) {
        self.samples += samples.len();
        let plan = country.tone_plan();
        let mut detector = ProgressDetector::new(&plan);
        detector.dialed();
        let (mut heard, mut quiet_until) = (Vec::new(), [0; THRESHOLDS.len()]);
        for (n, piece) in samples.chunks_exact(FRAME_SAMPLES).enumerate() {
            detector.process(&Frame(piece.try_into().expect("a frame")), &mut heard);
            for mut tone in heard.drain(..) {
                let confidence = tone.confidence;
                tone.confidence = 1.0;
                for (place, threshold) in THRESHOLDS.iter().enumerate() {
                    if is_sure(&tone) && confidence >= *threshold && n * FRAME_SAMPLES >= quiet_until[place] {
                        self.over[place] += 1;
                        quiet_until[place] = n * FRAME_SAMPLES + CALL_OVER_SAMPLES;
                    }
                }
            }
        }
        let specs: Vec<String> = [&plan.busy, &plan.congestion, &plan.ringback, &plan.dial].map(spec_of).into();
        let args: Vec<&str> = std::iter::once("tones").chain(specs.iter().map(String::as_str)).collect();
        if let Some(mut listener) = context.listen(&args) {
            // The rival takes clips of at most an hour.
            for part in samples.chunks(3600 * 8000) {
                listener.hear(part);
            }
            let told: usize = listener.finish().iter().map(|line| ends_of_rival(line)).sum();
            self.rival = Some(self.rival.unwrap_or(0) + told);
        }
    }

    fn row(&self, name: &str) -> (String, String, String, String, Ahead) {
        let hours = self.samples as f64 / 8000.0 / 3600.0;
        let ours = self.over[THRESHOLDS.len() - 1];
        let who = self.rival.map_or(Ahead::Nobody, |rival| fewer(ours as f64, rival as f64, self.samples as f64 / 8000.0));
        (name.to_owned(), format!("{hours:.1}"), ours.to_string(), self.rival.map_or("–".to_owned(), |rival| rival.to_string()), who)
    }
}

fn ends_of_rival(line: &str) -> usize {
    let (mut from, mut ends) = (0, 0);
    while let Some(at) = told_by_rival(line, from) {
        ends += 1;
        from = at + CALL_OVER_SAMPLES;
    }
    ends
}
