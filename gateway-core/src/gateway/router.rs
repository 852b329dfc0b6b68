//! Which port takes a SIP caller: a pure function over what is known of the ports at that moment.

use std::net::IpAddr;

use super::budget::Allowance;
use super::notice::NoticeCode;
use crate::config::PortId;
use crate::config::dialling::Bar;
use crate::fxo::line::LineState;
use crate::time::Moment;

/// What the router knows of one port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The port.
    pub port: PortId,
    /// State of its line.
    pub line: LineState,
    /// A call owns the port, or its last one is still being put away.
    pub busy: bool,
    /// SIP→FXO is enabled.
    pub enabled: bool,
    /// "Only from host" admits the caller.
    pub admitted: bool,
    /// Its hours and its minutes of the day.
    pub allowance: Allowance,
    /// When the port last carried a call.
    pub last_used: Option<Moment>,
}

/// Which ports may serve a caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// This one only: the caller named it by its user or contact.
    Port(PortId),
    /// Any that admits the caller (single user, trunk).
    Any,
}

/// Why no port takes the call, in the order in which the reasons are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// "Only from host" of the port does not admit the caller.
    HostNotAdmitted,
    /// SIP→FXO is off.
    Disabled,
    /// The dialling rules refuse the number; the rule that fits it, counted from 1.
    NumberBlocked {
        /// Why.
        why: Bar,
        /// Which rule fits; `None`: none.
        rule: Option<u32>,
    },
    /// A number is needed and there is none.
    NumberMissing,
    /// Not at this time of the day.
    OutOfHours,
    /// The minutes of the day are spent.
    BudgetSpent,
    /// No battery, no box, or held out of service.
    Dead,
    /// The port named is busy.
    Busy,
    /// All admissible ports are busy.
    AllBusy,
    /// No codec in common.
    NoCommonCodec,
    /// The offer is secured otherwise than the settings want it.
    NotSecured,
    /// The offer makes no sense.
    MalformedOffer,
}

/// What a denied caller gets, and what the operator reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// SIP status.
    pub status: u16,
    /// Q.850 cause for the `Reason` header.
    pub cause: Option<u8>,
    /// Seconds for `Retry-After`.
    pub retry_after_s: Option<u32>,
    /// The notice.
    pub notice: NoticeCode,
    /// The setting that caused it, relative to the port or the gateway.
    pub setting: Option<&'static str>,
}

/// Seconds after which a caller may find a free port: a guess that keeps a PBX from hammering.
const RETRY_AFTER_S: u32 = 10;

impl Denial {
    /// The row of the table "What a SIP caller gets".
    #[must_use]
    pub fn answer(self) -> Answer {
        let row = |status, cause, retry_after_s, notice, setting| Answer { status, cause, retry_after_s, notice, setting };
        match self {
            Denial::HostNotAdmitted => row(403, Some(21), None, NoticeCode::HostNotAdmitted, Some("only_from_host")),
            Denial::Disabled => row(403, Some(21), None, NoticeCode::SipToFxoDisabled, Some("sip_to_fxo")),
            Denial::NumberBlocked { why, .. } => row(403, Some(21), None, NoticeCode::of_bar(why), Some(why.setting())),
            Denial::OutOfHours => row(403, Some(21), None, NoticeCode::OutOfHours, Some("outgoing_hours")),
            Denial::BudgetSpent => row(403, Some(21), None, NoticeCode::BudgetRefused, Some("outgoing_budget_min")),
            Denial::NumberMissing => row(484, Some(28), None, NoticeCode::NumberMissing, None),
            Denial::Dead => row(503, Some(27), None, NoticeCode::LineDead, None),
            Denial::Busy => row(486, Some(17), None, NoticeCode::PortBusy, None),
            Denial::AllBusy => row(503, Some(34), Some(RETRY_AFTER_S), NoticeCode::AllPortsBusy, None),
            Denial::NoCommonCodec => row(488, Some(65), None, NoticeCode::NoCommonCodec, Some("gateway.codecs")),
            Denial::NotSecured => row(488, Some(65), None, NoticeCode::NotSecured, Some("gateway.srtp")),
            Denial::MalformedOffer => row(400, Some(95), None, NoticeCode::MalformedSdp, None),
        }
    }
}

/// Chooses the port for a SIP caller: admitted, enabled, allowed now, alive and idle; the least recently used first. Who calls for
/// help is asked for neither hours nor minutes.
///
/// # Errors
/// The first [`Denial`] that leaves no port.
pub fn choose_port(candidates: &[Candidate], wanted: Wanted, emergency: bool) -> Result<PortId, Denial> {
    let wanted_only = |candidate: &&Candidate| match wanted {
        Wanted::Port(port) => candidate.port == port,
        Wanted::Any => true,
    };
    let admitted: Vec<_> = candidates.iter().filter(wanted_only).filter(|c| c.admitted).collect();
    if admitted.is_empty() {
        return Err(Denial::HostNotAdmitted);
    }
    let enabled: Vec<_> = admitted.into_iter().filter(|c| c.enabled).collect();
    if enabled.is_empty() {
        return Err(Denial::Disabled);
    }
    let out_of_hours = enabled.iter().all(|c| c.allowance == Allowance::OutOfHours);
    let allowed: Vec<_> = enabled.into_iter().filter(|c| emergency || c.allowance == Allowance::Open).collect();
    if allowed.is_empty() {
        return Err(if out_of_hours { Denial::OutOfHours } else { Denial::BudgetSpent });
    }
    let alive: Vec<_> = allowed.into_iter().filter(|c| is_alive(c.line)).collect();
    if alive.is_empty() {
        return Err(Denial::Dead);
    }
    let idle = alive.into_iter().filter(|c| !c.busy && c.line == LineState::Idle);
    idle.min_by_key(|c| (c.last_used, c.port)).map(|c| c.port).ok_or(match wanted {
        Wanted::Port(_) => Denial::Busy,
        Wanted::Any => Denial::AllBusy,
    })
}

fn is_alive(line: LineState) -> bool {
    match line {
        LineState::Absent | LineState::NoBattery | LineState::OutOfService | LineState::Fault => false,
        LineState::Idle
        | LineState::Ringing
        | LineState::InUse
        | LineState::Seizing
        | LineState::OffHook
        | LineState::Releasing
        | LineState::Guard => true,
    }
}

/// An IPv4 address that came over an IPv6 socket, as IPv4.
#[must_use]
pub fn plain_ip(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(port: u16) -> Candidate {
        Candidate {
            port: PortId(port),
            line: LineState::Idle,
            busy: false,
            enabled: true,
            admitted: true,
            allowance: Allowance::Open,
            last_used: None,
        }
    }

    #[test]
    fn the_least_recently_used_port_comes_first_and_a_never_used_one_before_all() {
        let mut ports = vec![candidate(0), candidate(1), candidate(2)];
        ports[0].last_used = Some(Moment::from_secs(9));
        ports[1].last_used = Some(Moment::from_secs(5));
        assert_eq!(choose_port(&ports, Wanted::Any, false), Ok(PortId(2)));
        ports[2].last_used = Some(Moment::from_secs(10));
        assert_eq!(choose_port(&ports, Wanted::Any, false), Ok(PortId(1)));
    }

    #[test]
    fn a_port_without_battery_is_never_given_a_call() {
        let mut ports = vec![candidate(0), candidate(1)];
        ports[0].line = LineState::NoBattery;
        assert_eq!(choose_port(&ports, Wanted::Any, false), Ok(PortId(1)));
        ports[1].busy = true;
        assert_eq!(choose_port(&ports, Wanted::Any, false), Err(Denial::AllBusy));
        assert_eq!(choose_port(&ports, Wanted::Port(PortId(0)), false), Err(Denial::Dead));
    }

    #[test]
    fn the_first_reason_that_leaves_no_port_is_told() {
        let mut port = candidate(0);
        let denial = |port: &Candidate| choose_port(std::slice::from_ref(port), Wanted::Port(PortId(0)), false);
        port.line = LineState::Ringing;
        assert_eq!(denial(&port), Err(Denial::Busy));
        port.line = LineState::Absent;
        assert_eq!(denial(&port), Err(Denial::Dead));
        port.enabled = false;
        assert_eq!(denial(&port), Err(Denial::Disabled));
        port.admitted = false;
        assert_eq!(denial(&port), Err(Denial::HostNotAdmitted));
    }

    #[test]
    fn a_port_without_minutes_or_out_of_hours_serves_only_who_calls_for_help() {
        let mut ports = vec![candidate(0), candidate(1)];
        ports[0].allowance = Allowance::Spent;
        assert_eq!(choose_port(&ports, Wanted::Any, false), Ok(PortId(1)));
        assert_eq!(choose_port(&ports, Wanted::Port(PortId(0)), false), Err(Denial::BudgetSpent));
        assert_eq!(choose_port(&ports, Wanted::Port(PortId(0)), true), Ok(PortId(0)));
        ports[1].allowance = Allowance::OutOfHours;
        assert_eq!(choose_port(&ports, Wanted::Any, false), Err(Denial::BudgetSpent));
        assert_eq!(choose_port(&ports, Wanted::Port(PortId(1)), false), Err(Denial::OutOfHours));
    }
}
