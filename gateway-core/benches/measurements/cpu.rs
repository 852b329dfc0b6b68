//! What a call costs: processor seconds a second, with no, one, two and eight calls on a box with eight ports.

use std::time::{Duration, Instant};

use gateway_core::dsp::babble::Babble;
use gateway_core::dsp::{FRAME_SAMPLES, Frame};
use gateway_core::rng::Rng;

use super::caller::Caller;
use super::gateway::{Gateway, SOON, SimulatedBox};
use super::place::trunk_settings;
use super::processor::Usage;
use super::program::Program;
use super::table::Table;
use super::talk::{FRAME, Stream, paced};

/// Ports of the box, and the most calls.
const PORTS: u16 = 8;

/// Frames for which each number of calls is measured: 5 s.
const FRAMES: usize = 250;

/// Speech of the callers, on average, in dBm0.
const SPEECH_DBM0: f32 = -20.0;

pub fn measure(table: &mut Table) {
    let simulated = SimulatedBox::start(PORTS);
    let nobody = ([127, 0, 0, 1], 9).into();
    let gateway = Gateway::start(trunk_settings(PORTS, nobody), &simulated.pty);
    let mut calls: Vec<(Caller, Stream)> = Vec::new();
    let mut idle = None;
    for wanted in [0, 1, 2, usize::from(PORTS)] {
        while calls.len() < wanted {
            let caller = gateway.answered_call();
            let stream = Stream::with_whom_speaks_first(&caller.rtp, SOON);
            calls.push((caller, stream));
        }
        let before = [&gateway.program, &simulated.program].map(Program::processor);
        let began = Instant::now();
        speak(&mut calls);
        let wall = began.elapsed();
        let after = [&gateway.program, &simulated.program].map(Program::processor);
        let used: Vec<Option<f64>> = after.into_iter().zip(before).map(|(after, before)| share(after, before, wall)).collect();
        let [Some(own), Some(of_box)] = used[..] else { return table.skipped("this system does not tell what a process has used") };
        let idle = *idle.get_or_insert(own);
        let what = format!("{wanted} calls on {PORTS} ports");
        let a_call = if wanted > 0 { format!(", {:.2} % a call", (own - idle) * 100.0 / wanted as f64) } else { String::new() };
        let figure = format!("{:.2} % of a processor{a_call}", own * 100.0);
        table.row(&what, figure, format!("idle {:.2} %; the simulated box {:.2} %", idle * 100.0, of_box * 100.0), own / idle);
    }
    for (caller, _) in &mut calls {
        caller.bye();
    }
}

fn share(after: Option<Usage>, before: Option<Usage>, wall: Duration) -> Option<f64> {
    after.zip(before).map(|(after, before)| after.since(&before).as_secs_f64() / wall.as_secs_f64())
}

/// Everybody speaks, and hears.
fn speak(calls: &mut [(Caller, Stream)]) {
    let mut babble = Babble::new(Rng::from_seed(3), SPEECH_DBM0);
    let mut frame = Frame([0; FRAME_SAMPLES]);
    paced(FRAMES, |_| {
        babble.fill(&mut frame.0);
        for (_, stream) in calls.iter_mut() {
            stream.send(&frame.0);
            stream.drain();
        }
    });
    std::thread::sleep(FRAME);
}
