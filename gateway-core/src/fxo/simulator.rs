//! interim: replaced by the merge of branch fxo
use crate::config::PortId;
use crate::time::Moment;
use serde::{Deserialize, Serialize};
/// x
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum LineAct {
    /// Ring the line.
    Ring {
        /// Calling number.
        from: String,
    },
}

/// Stand-in for `fxo::simulator` events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ExchangeEvent {
    /// Which line.
    pub port: PortId,
}
/// Stand-in.
pub struct VirtualBox;
/// Stand-in.
pub enum VirtualBoxOutput {
    /// x
    Write(Vec<u8>),
    /// x
    Event(ExchangeEvent),
}
#[allow(missing_docs)]
impl VirtualBox {
    pub fn new(_ports: u16) -> Self {
        VirtualBox
    }
    pub fn deadline(&self) -> Option<Moment> {
        None
    }
    pub fn receive(&mut self, _b: &[u8], _now: Moment, _out: &mut Vec<VirtualBoxOutput>) {}
    pub fn act(&mut self, _p: PortId, _a: LineAct, _now: Moment, _out: &mut Vec<VirtualBoxOutput>) {}
    pub fn handle_timeout(&mut self, _now: Moment, _out: &mut Vec<VirtualBoxOutput>) {}
}
