//! The checker: everything that is wrong with settings, at once, each with its field.

pub mod secret;
mod tls;
pub mod value;

use std::collections::BTreeMap;

pub use super::problem::{Problem, ProblemCode, Severity, forbids};

use super::fields::{self, MAX_PORTS};
use super::hosts::HostList;
use super::settings::{AnswerMode, GatewaySettings, Mode, PortSettings, Settings};
use super::target;

/// Checks settings as a whole. `ports_available` is the number of ports that the connected devices have, when that is known.
///
/// The problems come in the order of the pages: the gateway, then port by port.
#[must_use]
pub fn check(settings: &Settings, ports_available: Option<u16>) -> Vec<Problem> {
    let document = fields::document(settings);
    let mut problems: Vec<Problem> = fields::placed(&document).iter().flat_map(value::check_placed).collect();
    check_addresses(settings, &mut problems);
    tls::check_tls(&settings.gateway, &mut problems);
    check_registrar(&settings.gateway, &mut problems);
    check_credentials(settings, &mut problems);
    check_port_count(settings, ports_available, &mut problems);
    for (index, port) in settings.ports.iter().enumerate().take(usize::from(MAX_PORTS)) {
        check_port(&settings.gateway, port, &format!("ports[{index}]"), &mut problems);
    }
    in_page_order(problems)
}

/// Whether calls use this port at all.
fn in_use(port: &PortSettings) -> bool {
    port.sip_to_fxo || port.fxo_to_sip
}

fn check_addresses(settings: &Settings, problems: &mut Vec<Problem>) {
    let gateway = &settings.gateway;
    if gateway.mode != Mode::SipServer && gateway.remote_server.trim().is_empty() {
        problems.push(Problem::error("gateway.remote_server", ProblemCode::RemoteServerMissing));
    }
    let first = u32::from(gateway.rtp_port_first);
    if !first.is_multiple_of(2) {
        problems.push(Problem::error("gateway.rtp_port_first", ProblemCode::RtpPortOdd));
    }
    // Two ports each: RTP and, one above, RTCP.
    let ports = u32::try_from(settings.ports.len()).unwrap_or(u32::MAX).clamp(1, u32::from(MAX_PORTS));
    let last = first + 2 * ports - 1;
    if last > u32::from(u16::MAX) {
        problems.push(Problem::error("gateway.rtp_port_first", ProblemCode::RtpPortsBeyondRange).with("last", last));
    }
    if (first..=last).contains(&u32::from(gateway.sip_port)) {
        let problem = Problem::error("gateway.sip_port", ProblemCode::SipPortAmongRtpPorts);
        problems.push(problem.with("first", first).with("last", last));
    }
}

fn check_registrar(gateway: &GatewaySettings, problems: &mut Vec<Problem>) {
    let (minimum, maximum) = (gateway.min_expires_s, gateway.max_expires_s);
    if minimum > maximum {
        let problem = Problem::error("gateway.min_expires_s", ProblemCode::ExpiresOrder);
        problems.push(problem.with("minimum", minimum).with("maximum", maximum));
    }
}

fn check_port_count(settings: &Settings, available: Option<u16>, problems: &mut Vec<Problem>) {
    let found = settings.ports.len();
    if found > usize::from(MAX_PORTS) {
        problems.push(Problem::error("ports", ProblemCode::TooManyPorts).with("maximum", MAX_PORTS).with("found", found));
    } else if let Some(available) = available.filter(|available| found > usize::from(*available)) {
        let problem = Problem::confirm("ports", ProblemCode::PortsWithoutDevice);
        problems.push(problem.with("available", available).with("found", found));
    }
}

/// Users and secrets, where the mode reads them: not in trunk mode, and one pair for all in single-user mode.
fn check_credentials(settings: &Settings, problems: &mut Vec<Problem>) {
    let gateway = &settings.gateway;
    match (gateway.mode, gateway.single_user) {
        (Mode::SipTrunk, _) => {}
        (mode @ (Mode::SipServer | Mode::SipClient), true) => {
            if settings.ports.iter().any(in_use) {
                check_pair(mode, "gateway", &gateway.user, &gateway.secret.0, problems);
            }
        }
        (mode @ (Mode::SipServer | Mode::SipClient), false) => {
            for (index, port) in settings.ports.iter().enumerate().filter(|(_, port)| in_use(port)) {
                check_pair(mode, &format!("ports[{index}]"), &port.user, &port.secret.0, problems);
            }
            check_duplicate_users(mode, &settings.ports, problems);
        }
    }
}

fn check_pair(mode: Mode, place: &str, user: &str, secret: &str, problems: &mut Vec<Problem>) {
    if user.is_empty() {
        problems.push(Problem::error(format!("{place}.user"), ProblemCode::UserMissing));
    }
    if secret.is_empty() {
        problems.push(Problem::error(format!("{place}.secret"), ProblemCode::SecretMissing));
    } else if mode == Mode::SipServer && secret::is_weak(secret, user) {
        // In client mode the other side chose the secret; here it guards our own door.
        problems.push(Problem::confirm(format!("{place}.secret"), ProblemCode::SecretWeak));
    }
}

fn check_duplicate_users(mode: Mode, ports: &[PortSettings], problems: &mut Vec<Problem>) {
    let mut owners: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, port) in ports.iter().enumerate().filter(|(_, port)| in_use(port) && !port.user.is_empty()) {
        let owner = *owners.entry(&port.user).or_insert(index);
        if owner != index {
            let path = format!("ports[{index}].user");
            // Here the user chooses the port, so it must name one. At a remote server two registrations of one user are
            // legal, but every call to it then rings at both ports.
            let problem = match mode {
                Mode::SipServer => Problem::error(path, ProblemCode::DuplicateUser),
                Mode::SipClient | Mode::SipTrunk => Problem::confirm(path, ProblemCode::DuplicateUser),
            };
            problems.push(problem.with("port", owner + 1));
        }
    }
}

fn check_port(gateway: &GatewaySettings, port: &PortSettings, place: &str, problems: &mut Vec<Problem>) {
    let line = &port.line;
    if line.rtp_timeout_s == 0 && line.silence_timeout_s == 0 && line.longest_call_s == 0 {
        problems.push(Problem::error(format!("{place}.line.longest_call_s"), ProblemCode::NoBoundOnSeizedLine));
    }
    if line.answer_mode == AnswerMode::FirstOf && line.answer_limit_s > line.no_answer_s {
        let problem = Problem::confirm(format!("{place}.line.answer_limit_s"), ProblemCode::AnswerLimitBeyondNoAnswer);
        problems.push(problem.with("limit", line.answer_limit_s).with("no_answer", line.no_answer_s));
    }
    tls::check_targets(gateway, port, place, problems);
    if port.fxo_to_sip
        && let Ok(exact) = target::exact_uri(&port.target, gateway.mode, &gateway.remote_server)
        && exact.blank
    {
        problems.push(Problem::confirm(format!("{place}.target"), ProblemCode::TargetBlank).with("uri", exact.uri));
    }
    let open = HostList::parse(&port.only_from_host).is_ok_and(|hosts| hosts.is_open());
    if gateway.mode == Mode::SipTrunk && port.sip_to_fxo && open {
        problems.push(Problem::confirm(format!("{place}.only_from_host"), ProblemCode::AnyoneMayCall));
    }
}

/// The gateway first, then port by port, in the order of the table; problems of one field stay as they came.
fn in_page_order(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort_by_key(|problem| {
        let port = problem.path.strip_prefix("ports[").and_then(|rest| rest.split_once(']'));
        let port = port.and_then(|(index, _)| index.parse::<u32>().ok()).map_or(0, |index| index.saturating_add(1));
        let row =
            fields::Field::of(&problem.path).map_or(usize::MAX, |row| fields::FIELDS.iter().take_while(|f| f.path != row.path).count());
        (port, row)
    });
    problems
}

#[cfg(test)]
mod tests;
