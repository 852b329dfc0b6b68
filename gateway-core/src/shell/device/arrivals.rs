//! Word of the system that something was plugged in: a box that is looked for is found at once instead of at the next look.
//!
//! That a box is gone needs no word: its wire ends.

use std::future::poll_fn;
use std::pin::Pin;
use std::time::Duration;

use futures_core::Stream as _;
use nusb::hotplug::HotplugEvent;
use tokio::task::AbortHandle;

use super::supervisor::{BoxOrder, BoxOutbox};
use crate::shell::inbox::SendFailure;

/// Watches until it is dropped.
#[derive(Debug)]
pub(crate) struct Arrivals(Option<AbortHandle>);

impl Arrivals {
    /// Tells the box thread of everything that is plugged in. A system that tells nothing is no fault: boxes are looked for all the
    /// same, a few seconds later.
    pub(crate) fn watch(boxes: BoxOutbox) -> Self {
        let watch = nusb::watch_devices().inspect_err(|error| tracing::info!(%error, "this system does not tell what is plugged in"));
        Arrivals(watch.ok().map(|watch| tokio::spawn(tell(watch, boxes)).abort_handle()))
    }
}

impl Drop for Arrivals {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

async fn tell(mut watch: nusb::hotplug::HotplugWatch, boxes: BoxOutbox) {
    while let Some(event) = poll_fn(|context| Pin::new(&mut watch).poll_next(context)).await {
        match event {
            // A box thread that is full of orders looks again by itself.
            HotplugEvent::Connected(_) => match boxes.send(BoxOrder::Plugged, Duration::ZERO) {
                Ok(()) | Err(SendFailure::Stuck) => {}
                Err(SendFailure::Closed) => return,
            },
            HotplugEvent::Disconnected(_) => {}
        }
    }
}
