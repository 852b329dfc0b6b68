//! Word of the system that something was plugged in: a box that is looked for is found at once instead of at the next look.
//!
//! That a box is gone needs no word: its wire ends.

use std::time::Duration;

use crate::shell::device::{BoxOrder, BoxOutbox};
use crate::shell::inbox::SendFailure;
use futures_lite::StreamExt as _;
use nusb::hotplug::HotplugEvent;

/// Tells the box thread of everything that is plugged in, as long as the system does.
pub(super) async fn tell(boxes: BoxOutbox) {
    let mut watch = match nusb::watch_devices() {
        Ok(watch) => watch,
        Err(error) => return tracing::info!(%error, "this system does not tell what is plugged in"),
    };
    while let Some(event) = watch.next().await {
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
