//! Opens a device without a gateway and tells what goes over its wires, as a technician at a terminal wants to see it.

use std::ops::ControlFlow;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot, watch};

use super::choice::{DeviceChoice, DeviceStatus};
use super::chosen::Chosen;
use super::supervisor::{BoxOrder, Reports, start};
use super::trace::{DeviceTrace, TraceQuery};
use crate::config::settings::GatewaySettings;
use crate::gateway::plan;
use crate::shell::clock::Clock;

/// How often it is looked what is new.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Events that may wait for a brain that is none: they are thrown away at each look.
const EVENTS: usize = 4096;

/// How long an order may wait for the box thread.
const PATIENCE: Duration = Duration::from_secs(2);

/// Opens `choice` and serves it as a gateway does that never takes a line, and tells what is new in the trace, until `tell`
/// breaks; then the device is closed. `tell` also gets the zero of all times, in ms since 1970 (UTC). Nobody else may use the
/// device meanwhile.
///
/// # Errors
/// The system gave no thread, or the thread ended by itself.
pub fn listen(choice: DeviceChoice, sound: bool, tell: &mut dyn FnMut(&DeviceTrace, u64) -> ControlFlow<()>) -> std::io::Result<()> {
    let (brain, mut events) = mpsc::channel(EVENTS);
    let (status, _) = watch::channel(DeviceStatus::default());
    let (updates, _) = broadcast::channel(1);
    let clock = Clock::start();
    let country = plan::country(&GatewaySettings::default().country);
    let (boxes, thread) = start(Chosen::for_this_run(choice), country, Vec::new(), clock, Reports { brain, status, updates })?;
    let ended = || std::io::Error::from(std::io::ErrorKind::BrokenPipe);
    let mut after = None;
    loop {
        while events.try_recv().is_ok() {}
        let (answer, answered) = oneshot::channel();
        boxes.send(BoxOrder::Trace { query: TraceQuery { after, sound }, answer }, PATIENCE).map_err(|_| ended())?;
        let trace = answered.blocking_recv().map_err(|_| ended())?.decoded();
        if let Some(newest) = trace.lines.last() {
            after = Some(newest.number);
            if tell(&trace, clock.started_epoch_ms()).is_break() {
                break;
            }
        }
        std::thread::sleep(LOOK_EVERY);
    }
    let (done, stopped) = oneshot::channel();
    boxes.send(BoxOrder::Stop { done }, PATIENCE).map_err(|_| ended())?;
    // It ends although nobody waits for its last word.
    let _ = stopped.blocking_recv();
    let _ = thread.join();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::trace::TraceEntry;
    use super::*;

    #[test]
    fn a_device_is_listened_to_until_somebody_has_enough() {
        let (mut heard, mut numbers) = (Vec::new(), Vec::new());
        listen(DeviceChoice::Virtual { ports: 1 }, false, &mut |trace, _| {
            for line in &trace.lines {
                numbers.push(line.number);
                if let TraceEntry::Piece { text, .. } = &line.what {
                    heard.push(text.clone());
                }
            }
            if heard.iter().any(|text| text.starts_with("response PING")) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
        assert!(heard[0].starts_with("request HELLO"), "{heard:?}");
        assert!(numbers.is_sorted_by(|earlier, later| earlier < later));
    }
}
