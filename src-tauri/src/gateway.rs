//! The one gateway of the program: started when the window first asks, stopped once.

use std::sync::atomic::{AtomicBool, Ordering};

use gateway_core::shell::handle::{GatewayHandle, StartError, StartOptions};
use gateway_core::shell::keyring;
use tokio::sync::Mutex;

use crate::exchange::Board;
use crate::feed::{Feed, Picture};

/// A gateway that runs, and what the window keeps beside it.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    /// The door to it.
    pub(crate) handle: GatewayHandle,
    /// What the simulated exchange sees.
    pub(crate) board: Board,
    /// What waits for the window.
    pub(crate) feed: Feed,
}

impl Running {
    /// What there is to see now.
    pub(crate) fn picture(&self) -> Picture {
        let device = self.handle.device();
        let exchange = self.board.lines(&device.choice);
        Picture { snapshot: (*self.handle.snapshot()).clone(), exchange, device }
    }
}

/// The gateway, running or not.
#[derive(Debug)]
pub(crate) struct Gateway {
    options: StartOptions,
    running: Mutex<Option<Running>>,
    stopped: AtomicBool,
}

impl Gateway {
    /// A gateway that does not run yet.
    pub(crate) fn new(options: StartOptions) -> Self {
        Gateway { options, running: Mutex::new(None), stopped: AtomicBool::new(false) }
    }

    /// The running gateway; starts it when it does not run, so that asking again is trying again. `begin` is shown a fresh one before
    /// anything else is awaited.
    pub(crate) async fn start(&self, begin: impl FnOnce(&Running)) -> Result<Running, StartError> {
        let mut running = self.running.lock().await;
        if let Some(running) = &*running {
            return Ok(running.clone());
        }
        if self.has_stopped() {
            return Err(StartError::System { detail: "the program ends".to_owned() });
        }
        let handle = GatewayHandle::start_with(self.options.clone(), keyring::of_this_computer()).await?;
        let fresh = Running { handle, board: Board::default(), feed: Feed::default() };
        begin(&fresh);
        *running = Some(fresh.clone());
        Ok(fresh)
    }

    /// The running gateway, if it runs.
    pub(crate) async fn running(&self) -> Option<Running> {
        self.running.lock().await.clone()
    }

    /// Ends every call, releases every line and ends. Bounded, as [`GatewayHandle::stop`] is.
    pub(crate) async fn stop(&self) {
        // Held to the end: who asks a second time waits for the lines, too.
        let mut running = self.running.lock().await;
        if let Some(running) = running.take() {
            running.handle.stop().await;
        }
        self.stopped.store(true, Ordering::Release);
    }

    /// Whether it has stopped for good.
    pub(crate) fn has_stopped(&self) -> bool {
        self.stopped.load(Ordering::Acquire)
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "whether the port is free can only be seen from outside")]
mod tests {
    use std::net::UdpSocket;
    use std::sync::Arc;

    use gateway_core::shell::DeviceChoice;

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn who_asks_for_the_end_a_second_time_waits_for_the_lines_too() {
        let data_dir = std::env::temp_dir().join(format!("loopstart-twice-{}", std::process::id()));
        let device = Some(DeviceChoice::Virtual { ports: 2 });
        let options = StartOptions { data_dir: data_dir.clone(), device, profile: None, confirmed: false };
        let gateway = Arc::new(Gateway::new(options));
        let mut begun = 0;
        let running = gateway.start(|_| begun += 1).await.unwrap();
        gateway.start(|_| begun += 1).await.unwrap();
        assert_eq!(begun, 1, "asking again begins nothing");
        let sip_port = running.handle.settings().gateway.sip_port;
        assert!(UdpSocket::bind(("127.0.0.1", sip_port)).is_err());

        let stop = |gateway: Arc<Gateway>| async move { gateway.stop().await };
        let (mut first, mut second) = (tokio::spawn(stop(Arc::clone(&gateway))), tokio::spawn(stop(Arc::clone(&gateway))));
        // Whichever answers first: the gateway has given everything back by then.
        tokio::select! {
            done = &mut first => done.unwrap(),
            done = &mut second => done.unwrap(),
        }
        assert!(gateway.has_stopped() && UdpSocket::bind(("127.0.0.1", sip_port)).is_ok());
        assert!(gateway.start(|_| {}).await.is_err(), "a program that ends starts nothing");
        let _ = std::fs::remove_dir_all(data_dir);
    }
}
