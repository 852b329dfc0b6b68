//! Names: looked up beside the brain, a bounded number at a time, each for a bounded time.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};

use crate::gateway::io::Event;

/// Look-ups that may run at the same time; a further one is answered at once as "cannot be resolved".
const AT_ONCE: usize = 32;

/// The longest a look-up may take.
const LONGEST: Duration = Duration::from_secs(5);

/// Addresses that are passed on of one name.
const ADDRESSES: usize = 16;

/// Looks names up for the brain.
#[derive(Clone, Debug)]
pub(crate) struct Resolver {
    slots: Arc<Semaphore>,
    brain: mpsc::Sender<Event>,
}

impl Resolver {
    pub(crate) fn new(brain: mpsc::Sender<Event>) -> Self {
        Resolver { slots: Arc::new(Semaphore::new(AT_ONCE)), brain }
    }

    /// Looks `host` up and tells the brain; the answer always comes, with no addresses when there are none.
    pub(crate) fn resolve(&self, host: String) {
        let (slots, brain) = (Arc::clone(&self.slots), self.brain.clone());
        tokio::spawn(async move {
            let addresses = match slots.try_acquire() {
                Ok(_slot) => tokio::time::timeout(LONGEST, look_up(&host)).await.unwrap_or_default(),
                Err(_) => Vec::new(),
            };
            // The brain is gone only when the gateway stops; then nobody waits for the answer.
            let _ = brain.send(Event::Resolved { host, addresses }).await;
        });
    }
}

async fn look_up(host: &str) -> Vec<IpAddr> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let Ok(found) = tokio::net::lookup_host((bare, 0)).await else {
        return Vec::new();
    };
    let mut addresses: Vec<IpAddr> = Vec::new();
    for ip in found.map(|address| address.ip()) {
        if addresses.len() < ADDRESSES && !addresses.contains(&ip) {
            addresses.push(ip);
        }
    }
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn answer_for(host: &str) -> Vec<IpAddr> {
        let (brain, mut inbox) = mpsc::channel(1);
        Resolver::new(brain).resolve(host.to_owned());
        match tokio::time::timeout(Duration::from_secs(10), inbox.recv()).await {
            Ok(Some(Event::Resolved { host: asked, addresses })) if asked == host => addresses,
            other => panic!("no answer: {other:?}"),
        }
    }

    #[tokio::test]
    async fn a_name_gets_its_addresses_and_nonsense_gets_none() {
        let loopback: IpAddr = "127.0.0.1".parse().unwrap();
        assert!(answer_for("localhost").await.iter().any(IpAddr::is_loopback));
        assert_eq!(answer_for("127.0.0.1").await, [loopback]);
        assert!(answer_for("no such name.invalid").await.is_empty());
    }
}
