//! Processor time, as a ratio: both receivers on the same sound in the same run.

use std::time::{Duration, Instant};

use gateway_core::dsp::babble::Babble;
use gateway_core::dsp::callerid::CallerIdReceiver;
use gateway_core::dsp::callerid::fsk::FskReceiver;
use gateway_core::dsp::dtmf::DtmfReceiver;
use gateway_core::dsp::{FRAME_SAMPLES, Frame};
use gateway_core::rng::Rng;

use super::context::Context;
use super::report::Report;
use super::tally::Ahead;

pub fn run(context: &mut Context, report: &mut Report) {
    report.text("## Processor time");
    report.text(
        "For a frame of 20 ms of speech, as a multiple of what spandsp's receiver of the same kind needs; how much that is, is printed. The \
         receiver of all kinds of caller ID at once is compared to spandsp's for one kind.\n\nspandsp looks at each sample once. Ours looks at \
         it three times, in windows of 16 ms each 5 ms, and measures each frequency by the turn of its phase: that is how the limits above are \
         kept. Caller ID is summed anew at each sample, so that no rounding error stays. Each is a few hundredths of a per cent of a core.",
    );
    let mut babble = Babble::new(Rng::from_seed(1), -15.0);
    let frames: Vec<Frame> = (0..50 * 60).map(|_| babble.next_frame()).collect();
    let (mut digits, mut events) = (DtmfReceiver::new(), Vec::new());
    let dtmf = time_of(&frames, |frame| {
        events.clear();
        digits.process(frame, &mut events);
    });
    let (mut modem, mut bursts) = (FskReceiver::new(), Vec::new());
    let fsk = time_of(&frames, |frame| modem.process(frame, &mut bursts));
    let (mut every, mut callers) = (CallerIdReceiver::default(), Vec::new());
    let caller_id = time_of(&frames, |frame| every.process(frame, &mut callers));
    let rows: Vec<_> = [("DTMF", "dtmf", dtmf), ("caller ID by FSK", "caller-id", fsk), ("every caller ID", "caller-id", caller_id)]
        .into_iter()
        .map(|(name, mode, ours_ns)| {
            let rival_ns = rival_time(context, mode, &frames);
            println!("{name}: {ours_ns:.0} ns a frame, {:.3} % of a core", ours_ns / 20e6 * 100.0);
            let rival_name = if mode == "dtmf" { "dtmf_rx" } else { "adsi_rx, CLASS" };
            let who = rival_ns.map_or(Ahead::Nobody, |rival_ns| match ours_ns / rival_ns {
                ratio if ratio > 1.1 => Ahead::Rival,
                ratio if ratio < 0.9 => Ahead::Ours,
                _ => Ahead::Even,
            });
            let ours = rival_ns.map_or("–".to_owned(), |rival_ns| format!("{:.1} ×", ours_ns / rival_ns));
            (name.to_owned(), rival_name.to_owned(), ours, rival_ns.map_or("–".to_owned(), |_| "1 ×".to_owned()), who)
        })
        .collect();
    report.counts("Time for a frame", ["receiver", "beside"], &rows);
}

/// Nanoseconds a frame: the best of five rounds, as whatever else the machine does only makes them longer.
fn time_of(frames: &[Frame], mut process: impl FnMut(&Frame)) -> f64 {
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let began = Instant::now();
        frames.iter().for_each(&mut process);
        best = best.min(began.elapsed());
    }
    best.as_nanos() as f64 / frames.len() as f64
}

fn rival_time(context: &Context, mode: &str, frames: &[Frame]) -> Option<f64> {
    let samples: Vec<i16> = frames.iter().flat_map(|frame| frame.0).collect();
    assert_eq!(samples.len(), frames.len() * FRAME_SAMPLES);
    let mut listener = context.listen(&["cycles", mode])?;
    listener.hear(&samples);
    listener.finish().first()?.parse().ok()
}
