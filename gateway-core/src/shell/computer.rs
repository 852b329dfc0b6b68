//! What this computer tells of itself: that it is about to sleep, that it is awake again, that a network came or went, that something
//! was plugged in.
//!
//! A system that tells nothing of it is no fault: clocks are compared, the address is looked up and boxes are looked for all the same,
//! a few seconds later.

mod arrivals;
mod sleep;

use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::control::Order;
use super::device::BoxOutbox;

/// Tells of the computer until it is dropped.
pub(crate) struct Watch {
    tasks: [AbortHandle; 2],
    _networks: Option<netwatcher::WatchHandle>,
}

impl Watch {
    /// Begins to tell; call it inside the runtime. It keeps nobody who listens: a gateway that everybody else gave up ends.
    pub(crate) fn start(orders: &mpsc::Sender<Order>, boxes: BoxOutbox) -> Self {
        let orders = orders.downgrade();
        let tasks = [tokio::spawn(sleep::tell(orders.clone())), tokio::spawn(arrivals::tell(boxes))];
        let changed = move |_| {
            // When the task is far behind, it looks by itself before long.
            let _ = orders.upgrade().map(|orders| orders.try_send(Order::NetworkChanged));
        };
        let networks = netwatcher::watch_interfaces_with_callback(changed)
            .inspect_err(|error| tracing::info!(?error, "this system does not tell when its networks change"));
        Watch { tasks: tasks.map(|task| task.abort_handle()), _networks: networks.ok() }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}
