//! What the brain keeps of one port: its line, its call, its rules, and what the window shows of it.

use super::budget::{Budget, Ledger};
use super::call::Call;
use super::marking::Seen;
use super::plan;
use super::record::CallRecord;
use super::view::PortState;
use crate::config::PortId;
use crate::config::country::Country;
use crate::config::hosts::HostList;
use crate::config::hours::Hours;
use crate::config::settings::PortSettings;
use crate::fxo::line::{Line, LineState};
use crate::media::{Ear, MediaConfig, Meter};
use crate::time::Moment;

/// One port.
#[derive(Debug)]
pub(super) struct Port {
    /// Which one.
    pub id: PortId,
    /// Its settings in force.
    pub settings: PortSettings,
    /// "Only from host", parsed.
    pub hosts: HostList,
    /// When SIP callers may use it, parsed.
    pub hours: Hours,
    /// What SIP callers have used of its day.
    pub ledger: Ledger,
    /// The budget of the call that is up.
    pub budget: Option<Budget>,
    /// When the budget of its call is looked at again.
    pub budget_due: Option<Moment>,
    /// Its line.
    pub line: Line,
    /// The call that owns it.
    pub call: Option<Call>,
    /// The SDP offer of the caller, kept until the line is seized, so that glare can move the call.
    pub offer: Vec<u8>,
    /// When it last carried a call.
    pub last_used: Option<Moment>,
    /// The last call that ended, without its timeline.
    pub last: Option<CallRecord>,
    /// What the channel listens for, as last ordered.
    pub ear: Ear,
    /// What the channel was last configured with; configured again only when it differs.
    pub media: Option<MediaConfig>,
    /// Live numbers of the channel.
    pub meter: Option<Meter>,
    /// Line voltage in mV.
    pub millivolts: Option<i32>,
    /// Loop current in µA.
    pub microamps: Option<u32>,
    /// The state people see, and since when.
    pub shown: (PortState, Moment),
    /// Settings that wait until the port is idle.
    pub waiting: Option<(PortSettings, &'static Country)>,
    /// Target 0 or 1 is wanted, and its name is being resolved.
    pub locating: Option<usize>,
    /// Whether the line had battery when that was last seen; `None` until the box has told it once.
    pub had_battery: Option<bool>,
    /// Held by the operator.
    pub held: bool,
    /// What was last seen on its line.
    pub seen: Seen,
}

impl Port {
    /// A port without a device.
    #[must_use]
    pub(super) fn new(id: PortId, settings: PortSettings, country: &Country, now: Moment) -> Self {
        let line = Line::new(plan::line_config(&settings, country));
        let hosts = parse_hosts(&settings.only_from_host);
        let hours = parse_hours(&settings.outgoing_hours);
        Port {
            id,
            settings,
            hosts,
            hours,
            ledger: Ledger::default(),
            budget: None,
            budget_due: None,
            line,
            call: None,
            offer: Vec::new(),
            last_used: None,
            last: None,
            ear: Ear::Closed,
            media: None,
            meter: None,
            millivolts: None,
            microamps: None,
            shown: (PortState::Absent, now),
            waiting: None,
            locating: None,
            had_battery: None,
            held: false,
            seen: Seen::default(),
        }
    }

    /// What the port is doing, in one word.
    #[must_use]
    pub(super) fn state(&self) -> PortState {
        if let Some(call) = &self.call {
            return call.state();
        }
        match self.line.state() {
            LineState::Absent => PortState::Absent,
            LineState::NoBattery => PortState::NoBattery,
            LineState::Idle => PortState::Idle,
            LineState::Ringing => PortState::Ringing,
            LineState::InUse => PortState::InUse,
            LineState::Seizing => PortState::Dialing,
            LineState::OffHook | LineState::Releasing => PortState::Ending,
            LineState::Guard => PortState::Guard,
            LineState::OutOfService => PortState::OutOfService,
            LineState::Fault => PortState::Fault,
        }
    }

    /// What the channel should listen for in the present state of the line.
    #[must_use]
    pub(super) fn wanted_ear(&self) -> Ear {
        match self.line.state() {
            LineState::Absent | LineState::NoBattery | LineState::OutOfService | LineState::Fault => Ear::Closed,
            LineState::Idle | LineState::Ringing | LineState::InUse | LineState::Guard => Ear::OnHook,
            LineState::Seizing | LineState::OffHook | LineState::Releasing => Ear::OffHook,
        }
    }
}

/// When SIP callers may use the port. The checker lets nothing through that cannot be read; such a text bounds nothing.
#[must_use]
pub(super) fn parse_hours(text: &str) -> Hours {
    Hours::parse(text).unwrap_or_default()
}

/// "Only from host". What cannot be read admits nobody: a slip of the pen must not open the line to everyone.
#[must_use]
pub(super) fn parse_hosts(text: &str) -> HostList {
    HostList::parse(text).or_else(|_| HostList::parse("nobody.invalid")).unwrap_or_default()
}
