//! What is no digit and no caller ID: speech, music, modems.

use gateway_core::dsp::babble::Babble;
use gateway_core::dsp::fax::Fax;
use gateway_core::dsp::music::Music;
use gateway_core::rng::Rng;

use super::context::Context;
use super::dtmf::{heard_by_rival, heard_by_us};
use super::recordings;
use super::report::Report;
use super::tally::{Ahead, fewer};

/// Sources of each synthetic kind in a whole run, four minutes each: four hours.
const SOURCES: usize = 60;

const SAMPLES_EACH: usize = 4 * 60 * 8000;

pub fn run(context: &mut Context, report: &mut Report) {
    report.text("## Digits in speech, music and modems");
    report.text(
        "Digits that were told though nobody sent one, an hour. Synthetic speech (`dsp/babble.rs`), music (`dsp/music.rs`) and modems \
         (`dsp/fax.rs`) are made from seeds; the recordings are those of the Debian packages asterisk-core-sounds and asterisk-moh-opsound.",
    );
    let mut rows = Vec::new();
    type Fill = Box<dyn FnMut(&mut [i16])>;
    type Source = fn(Rng) -> Fill;
    let sources: [(&str, Source); 3] = [
        ("synthetic speech", |rng| {
            let mut babble = Babble::new(rng, -15.0);
            Box::new(move |out| babble.fill(out))
        }),
        ("synthetic music", |rng| {
            let mut music = Music::new(rng, -15.0);
            Box::new(move |out| music.fill(out))
        }),
        ("modems and hold tones", |rng| {
            let mut fax = Fax::new(rng, -15.0);
            Box::new(move |out| fax.fill(out))
        }),
    ];
    for (name, source) in sources {
        let clips = (0..context.trials(SOURCES) as u64).map(|seed| {
            let mut samples = vec![0; SAMPLES_EACH];
            source(Rng::from_seed(1000 + seed))(&mut samples);
            samples
        });
        rows.push(row(context, name, clips));
    }
    for collection in recordings::installed(if context.quick { 8 } else { 1 }) {
        rows.push(row(context, collection.name, collection.clips.into_iter()));
    }
    report.counts("Digits that nobody sent", ["sound", "minutes"], &rows);
}

fn row(context: &Context, name: &str, clips: impl Iterator<Item = Vec<i16>>) -> (String, String, String, String, Ahead) {
    let mut listener = context.listen(&["dtmf"]);
    let (mut ours, mut samples) = (0, 0);
    for clip in clips {
        if let Some(listener) = &mut listener {
            listener.hear(&clip);
        }
        samples += clip.len();
        ours += heard_by_us(&clip).len();
    }
    let rival: Option<usize> = listener.map(|listener| listener.finish().iter().map(|line| heard_by_rival(line).len()).sum());
    let hours = samples as f64 / 8000.0 / 3600.0;
    let an_hour = |count: usize| format!("{:.1} an hour ({count})", count as f64 / hours);
    let who = rival.map_or(Ahead::Nobody, |rival| fewer(ours as f64, rival as f64, samples as f64 / 160.0));
    (name.to_owned(), format!("{:.0}", hours * 60.0), an_hour(ours), rival.map_or("–".to_owned(), an_hour), who)
}
