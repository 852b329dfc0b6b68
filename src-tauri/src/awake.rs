//! Keeps the computer from falling asleep while there are calls to take.

use crate::words::Words;

/// The promise of the system not to fall asleep, while it is held.
#[derive(Debug, Default)]
pub(crate) struct Awake {
    held: Option<Inhibitor>,
    /// The system refused once; it is not asked again.
    refused: bool,
}

impl Awake {
    /// Holds the promise, or gives it back. A system that gives none is told of once, in the log.
    pub(crate) async fn keep(&mut self, keep: bool, words: &Words) {
        if !keep {
            self.held = None;
        } else if self.held.is_none() && !self.refused {
            match Inhibitor::take(&words.say("alarm.awake_why", &[])).await {
                Ok(held) => self.held = Some(held),
                Err(error) => {
                    self.refused = true;
                    tracing::warn!(%error, "this system cannot be kept awake");
                }
            }
        }
    }
}

/// A lock of systemd-logind (`org.freedesktop.login1.Manager.Inhibit`): it holds as long as the descriptor is open.
#[cfg(target_os = "linux")]
#[derive(Debug)]
struct Inhibitor(#[allow(dead_code, reason = "the lock is held by the open descriptor")] zbus::zvariant::OwnedFd);

#[cfg(target_os = "linux")]
impl Inhibitor {
    async fn take(why: &str) -> zbus::Result<Self> {
        let system = zbus::Connection::system().await?;
        let manager =
            zbus::Proxy::new(&system, "org.freedesktop.login1", "/org/freedesktop/login1", "org.freedesktop.login1.Manager").await?;
        Ok(Inhibitor(manager.call("Inhibit", &("sleep:idle", "Loopstart", why, "block")).await?))
    }
}

/// Not known on this system: the window warns that a sleeping computer takes no calls.
#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
struct Inhibitor;

#[cfg(not(target_os = "linux"))]
impl Inhibitor {
    async fn take(_why: &str) -> std::io::Result<Self> {
        Err(std::io::ErrorKind::Unsupported.into())
    }
}
