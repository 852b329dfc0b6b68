//! The guard of the door, through the door.

use tokio::sync::oneshot;

use super::{DeviceError, GatewayHandle};
use crate::gateway::guard::GuardView;
use crate::shell::control::Order;

impl GatewayHandle {
    /// Who is banned or slowed, and whose messages were dropped unread. A ban is lifted by
    /// [`Command::LiftBan`](crate::gateway::io::Command::LiftBan).
    ///
    /// # Errors
    /// The gateway has stopped.
    pub async fn guard(&self) -> Result<GuardView, DeviceError> {
        let (answer, answered) = oneshot::channel();
        self.inner.orders.send(Order::Guard { answer }).await.map_err(|_| DeviceError::Stopped)?;
        answered.await.map_err(|_| DeviceError::Stopped)
    }
}
