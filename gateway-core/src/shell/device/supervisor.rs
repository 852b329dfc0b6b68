//! interim
use super::choice::DeviceFault;
use crate::shell::inbox::Outbox;
pub(crate) enum BoxOrder { Bytes { link: u64, bytes: Vec<u8> }, WireLost { link: u64, fault: DeviceFault } }
pub(crate) type BoxOutbox = Outbox<BoxOrder, ()>;
