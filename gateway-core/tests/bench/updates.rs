//! Updates of a gateway, waited for in whatever order they come.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    dead_code,
    reason = "tests stop at the first surprise, and each uses a part of this"
)]

use std::time::Duration;

use gateway_core::shell::{GatewayHandle, Update};
use tokio::sync::broadcast::Receiver;

const SOON: Duration = Duration::from_secs(20);

/// Updates, and those that nobody has asked for yet.
pub(crate) struct Updates {
    receiver: Receiver<Update>,
    kept: Vec<Update>,
}

impl Updates {
    pub(crate) fn of(gateway: &GatewayHandle) -> Self {
        Updates { receiver: gateway.subscribe(), kept: Vec::new() }
    }

    /// Forgets what came and nobody asked for.
    pub(crate) fn forget(&mut self) {
        self.kept.clear();
    }

    /// Waits for an update that `wanted` takes.
    pub(crate) async fn wait<T>(&mut self, mut wanted: impl FnMut(&Update) -> Option<T>) -> T {
        for index in 0..self.kept.len() {
            if let Some(found) = wanted(&self.kept[index]) {
                self.kept.remove(index);
                return found;
            }
        }
        let found = async {
            loop {
                let update = self.receiver.recv().await.unwrap();
                if let Some(found) = wanted(&update) {
                    return found;
                }
                // Pictures go out of date.
                if !matches!(update, Update::Snapshot(_)) {
                    self.kept.push(update);
                }
            }
        };
        tokio::time::timeout(SOON, found).await.unwrap()
    }
}
