//! The sleep of the computer, as far as the system tells of it beforehand: calls end and lines are let go before it.

use tokio::sync::mpsc;

use crate::shell::control::Order;

/// Tells of sleep as long as the system does.
#[cfg(target_os = "linux")]
pub(super) async fn tell(orders: mpsc::WeakSender<Order>) {
    logind::tell(zbus::Connection::system().await, &orders).await;
}

/// Not told here beforehand: after a sleep the clocks show it.
#[cfg(not(target_os = "linux"))]
pub(super) async fn tell(_orders: mpsc::WeakSender<Order>) {}

/// systemd-logind: `PrepareForSleep` before and after, and a lock of the kind "delay" that holds the sleep back in between, for
/// five seconds at most (`InhibitDelayMaxSec`).
#[cfg(target_os = "linux")]
mod logind {
    use std::time::Duration;

    use futures_lite::StreamExt as _;
    use tokio::sync::{mpsc, oneshot};
    use zbus::zvariant::OwnedFd;

    use super::Order;

    /// How long the calls get to end and the lines to be let go.
    const LET_GO_WITHIN: Duration = Duration::from_secs(3);

    #[zbus::proxy(
        interface = "org.freedesktop.login1.Manager",
        default_service = "org.freedesktop.login1",
        default_path = "/org/freedesktop/login1"
    )]
    trait Login {
        fn inhibit(&self, what: &str, who: &str, why: &str, mode: &str) -> zbus::Result<OwnedFd>;

        #[zbus(signal)]
        fn prepare_for_sleep(&self, begins: bool) -> zbus::Result<()>;
    }

    pub(super) async fn tell(bus: zbus::Result<zbus::Connection>, orders: &mpsc::WeakSender<Order>) {
        let mut asleep = false;
        let told = match bus {
            Ok(bus) => on(&bus, orders, &mut asleep).await,
            Err(error) => Err(error),
        };
        match told {
            Ok(()) => tracing::info!("this system tells no more before it sleeps"),
            Err(error) => tracing::info!(%error, "this system does not tell before it sleeps"),
        }
        // One that told of a sleep and then nothing more must not leave the gateway asleep.
        if asleep {
            send(orders, Order::Awake).await;
        }
    }

    /// Tells of sleep until the bus or the listener ends; `asleep` is whether a sleep was told and its end was not.
    async fn on(bus: &zbus::Connection, orders: &mpsc::WeakSender<Order>, asleep: &mut bool) -> zbus::Result<()> {
        let login = LoginProxy::new(bus).await?;
        let mut signals = login.receive_prepare_for_sleep().await?;
        let mut lock = delay(&login).await;
        while let Some(signal) = signals.next().await {
            *asleep = signal.args()?.begins;
            if *asleep {
                let (done, let_go) = oneshot::channel();
                if !send(orders, Order::AboutToSleep { done }).await {
                    return Ok(());
                }
                if !matches!(tokio::time::timeout(LET_GO_WITHIN, let_go).await, Ok(Ok(()))) {
                    tracing::warn!("the computer sleeps before every line is let go; the watchdog of the box lets go of them");
                }
                lock = None;
            } else {
                if !send(orders, Order::Awake).await {
                    return Ok(());
                }
                lock = delay(&login).await;
            }
        }
        drop(lock);
        Ok(())
    }

    /// Whether there is anybody to tell.
    async fn send(orders: &mpsc::WeakSender<Order>, order: Order) -> bool {
        match orders.upgrade() {
            Some(orders) => orders.send(order).await.is_ok(),
            None => false,
        }
    }

    /// Holds the next sleep back until it is dropped. Without it calls end all the same, as far as the time suffices.
    async fn delay(login: &LoginProxy<'_>) -> Option<OwnedFd> {
        let lock = login.inhibit("sleep", "Loopstart", "Calls end, lines go on hook", "delay").await;
        lock.inspect_err(|error| tracing::warn!(%error, "this system does not wait for us before it sleeps")).ok()
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests;
