//! Stand-ins for the floors that land later; this file goes away when they do.
use serde::{Deserialize, Serialize};

use crate::config::PortId;

/// Stand-in for `config::check::Problem`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Problem {
    /// Path of the setting.
    pub path: String,
    /// Code.
    pub code: String,
}

/// Stand-in for `config::diff::Change`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Change {
    /// Path of the setting.
    pub path: String,
}

/// Stand-in for `fxo::simulator` acts.
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
use crate::time::Moment;
#[allow(missing_docs)]
impl VirtualBox {
    pub fn new(_ports: u16) -> Self { VirtualBox }
    pub fn deadline(&self) -> Option<Moment> { None }
    pub fn receive(&mut self, _b: &[u8], _now: Moment, _out: &mut Vec<VirtualBoxOutput>) {}
    pub fn act(&mut self, _p: PortId, _a: LineAct, _now: Moment, _out: &mut Vec<VirtualBoxOutput>) {}
    pub fn handle_timeout(&mut self, _now: Moment, _out: &mut Vec<VirtualBoxOutput>) {}
}
/// Stand-in.
pub struct Channel;
use crate::dsp::Frame;
use crate::media::{MediaCommand, MediaOutput};
use std::net::SocketAddr;
#[allow(missing_docs)]
impl Channel {
    pub fn new() -> Self { Channel }
    pub fn command(&mut self, _c: MediaCommand, _n: Moment, _o: &mut Vec<MediaOutput>) {}
    pub fn line_frame(&mut self, _f: &Frame, _n: Moment, _o: &mut Vec<MediaOutput>) {}
    pub fn packet(&mut self, _s: SocketAddr, _b: &[u8], _n: Moment, _o: &mut Vec<MediaOutput>) {}
    pub fn control_packet(&mut self, _s: SocketAddr, _b: &[u8], _n: Moment, _o: &mut Vec<MediaOutput>) {}
    pub fn to_line(&mut self, _n: Moment, _o: &mut Vec<MediaOutput>) -> Frame { Frame::SILENCE }
}
/// Stand-in.
#[derive(Default)]
pub struct BoxDriver;
use crate::fxo::{Device, DeviceOutput, LineCommand, LinkCounters};
impl Device for BoxDriver {
    fn open(&mut self, _n: Moment, _o: &mut Vec<DeviceOutput>) {}
    fn receive(&mut self, _b: &[u8], _n: Moment, _o: &mut Vec<DeviceOutput>) {}
    fn command(&mut self, _p: PortId, _c: LineCommand, _n: Moment, _o: &mut Vec<DeviceOutput>) {}
    fn play(&mut self, _p: PortId, _f: &Frame, _n: Moment, _o: &mut Vec<DeviceOutput>) {}
    fn deadline(&self) -> Option<Moment> { None }
    fn handle_timeout(&mut self, _n: Moment, _o: &mut Vec<DeviceOutput>) {}
    fn counters(&self) -> LinkCounters { LinkCounters::default() }
}
