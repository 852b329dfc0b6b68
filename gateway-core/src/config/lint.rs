//! Advice beyond errors: settings that hold, and that a careful technician would still not leave so.

use std::collections::BTreeMap;

use serde::Serialize;

use super::bind_address::BindAddress;
use super::check::secret;
use super::country::numbering::numbering;
use super::dialling::rule::{Rule, RuleAction};
use super::host::Host;
use super::hosts::HostList;
use super::settings::{GatewaySettings, Mode, PortSettings, Settings};
use super::target;
use super::transport::RemoteTransport;
use crate::sdp::SrtpUse;

/// How much a piece of advice weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Weight {
    /// Somebody else can use the lines, or a line can stay seized.
    Danger,
    /// Something will not work as expected, or only just.
    Caution,
    /// Good to know.
    Hint,
}

/// One piece of advice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Advice {
    /// The setting to look at: `gateway.stealth`, `ports[1].only_from_host`.
    pub path: String,
    /// How much it weighs.
    pub weight: Weight,
    /// What it is.
    pub code: LintCode,
    /// What the words of `code` need, by name; never a secret.
    pub args: BTreeMap<String, String>,
}

/// What is advised against. The names in brackets are the arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum LintCode {
    /// Trunk mode, reachable from other computers, and the port admits any host: anyone places calls on the line.
    OpenToAnyone,
    /// Any host may try to register, and the secret that keeps it out is quickly guessed.
    WeakSecretReachable,
    /// Shorter than a secret should be (`minimum`, in characters).
    SecretShort,
    /// The same secret as another place (`port`, counted from 1; 0: the single user).
    SecretReused,
    /// Expensive numbers can be dialled by SIP callers (`prefixes`, `country`).
    CostlyPrefixesOpen,
    /// Expensive numbers can be dialled, and the minutes of the day are not bounded.
    BudgetOff,
    /// Strangers get an answer.
    StealthOff,
    /// Keys of encrypted audio go through the network in clear.
    SrtpKeysReadable,
    /// Only this computer reaches the gateway, and mode or hosts say that others should.
    OnlyThisComputer,
    /// The port admits hosts that cannot reach the address the gateway listens on.
    HostsOutOfReach,
    /// A ring calls the user "unknown" (`uri`).
    TargetBlank,
    /// Neither direction is enabled: the port does nothing.
    PortUnused,
    /// Lost network audio does not end the call.
    RtpTimeoutOff,
    /// Silence both ways does not end the call.
    SilenceTimeoutOff,
    /// A call may last until the ceiling of 24 hours.
    LongestCallOff,
    /// Nothing that the line shows ends a call: every call ends by a time limit or from the SIP side.
    LineNeverEndsCall,
}

/// Shortest secret that is not advised against, in characters: 64 bits, if it was made by dice.
const SECRET_CHARS: usize = 12;

/// All advice on these settings, heaviest first, then in the order of the pages.
#[must_use]
pub fn lint(settings: &Settings) -> Vec<Advice> {
    let mut advice = Vec::new();
    lint_gateway(settings, &mut advice);
    lint_secrets(settings, &mut advice);
    for (index, port) in settings.ports.iter().enumerate() {
        lint_port(&settings.gateway, port, &format!("ports[{index}]"), &mut advice);
    }
    // Stable: within a weight the gateway stays before its ports.
    advice.sort_by_key(|advice| advice.weight);
    advice
}

impl Advice {
    fn new(path: impl Into<String>, weight: Weight, code: LintCode) -> Advice {
        Advice { path: path.into(), weight, code, args: BTreeMap::new() }
    }

    fn with(mut self, name: &str, value: impl ToString) -> Advice {
        self.args.insert(name.to_owned(), value.to_string());
        self
    }
}

/// Whether other computers reach the gateway.
fn is_reachable(gateway: &GatewaySettings) -> bool {
    BindAddress::parse(&gateway.bind_address).is_some_and(|address| !address.is_loopback())
}

fn admits_anyone(port: &PortSettings) -> bool {
    HostList::parse(&port.only_from_host).is_ok_and(|hosts| hosts.is_open())
}

fn lint_gateway(settings: &Settings, advice: &mut Vec<Advice>) {
    let gateway = &settings.gateway;
    let reachable = is_reachable(gateway);
    if reachable && !gateway.stealth {
        advice.push(Advice::new("gateway.stealth", Weight::Caution, LintCode::StealthOff));
    }
    let sealed_signalling = match gateway.mode {
        Mode::SipServer => gateway.takes_tls(),
        Mode::SipClient | Mode::SipTrunk => gateway.remote_transport == RemoteTransport::Tls,
    };
    if reachable && gateway.srtp != SrtpUse::Off && !sealed_signalling {
        advice.push(Advice::new("gateway.srtp", Weight::Caution, LintCode::SrtpKeysReadable));
    }
    // A registrar elsewhere reaches us through the address we register; telephones have to find us by themselves.
    if !reachable && gateway.mode == Mode::SipServer {
        advice.push(Advice::new("gateway.bind_address", Weight::Hint, LintCode::OnlyThisComputer));
    }
    if reachable && settings.ports.iter().any(|port| port.sip_to_fxo) {
        lint_costly_numbers(gateway, advice);
    }
}

/// International and premium-rate numbers that are open and that no rule denies.
fn lint_costly_numbers(gateway: &GatewaySettings, advice: &mut Vec<Advice>) {
    let Some(numbering) = numbering(&gateway.country) else { return };
    let rules = gateway.dial_rules.iter().filter_map(|text| Rule::parse(text).ok());
    let denials: Vec<Rule> = rules.filter(|rule| rule.action() == RuleAction::Deny).collect();
    for (path, is_open, prefixes) in [
        ("gateway.dial_international", gateway.dial_international, numbering.international),
        ("gateway.dial_premium", gateway.dial_premium, numbering.premium),
    ] {
        let open: Vec<&str> = prefixes.iter().copied().filter(|prefix| !denials.iter().any(|rule| rule.covers(prefix))).collect();
        if is_open && !open.is_empty() {
            let found = Advice::new(path, Weight::Caution, LintCode::CostlyPrefixesOpen);
            advice.push(found.with("prefixes", open.join(", ")).with("country", &gateway.country));
        }
    }
}

/// Secrets that guard our own door; in client mode the other side chose them, and a trunk has none.
fn lint_secrets(settings: &Settings, advice: &mut Vec<Advice>) {
    let gateway = &settings.gateway;
    if gateway.mode == Mode::SipTrunk {
        return;
    }
    let single = gateway.single_user.then_some((0, "gateway.secret".to_owned(), &gateway.user, &gateway.secret, true));
    let of_ports = settings.ports.iter().enumerate().filter(|(_, port)| !gateway.single_user && (port.sip_to_fxo || port.fxo_to_sip));
    let of_ports =
        of_ports.map(|(index, port)| (index + 1, format!("ports[{index}].secret"), &port.user, &port.secret, admits_anyone(port)));
    let mut owners: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, path, user, secret, open) in single.into_iter().chain(of_ports).filter(|(.., secret, _)| !secret.0.is_empty()) {
        let owner = *owners.entry(&secret.0).or_insert(number);
        if owner != number {
            advice.push(Advice::new(path.clone(), Weight::Caution, LintCode::SecretReused).with("port", owner));
        }
        let ours = gateway.mode == Mode::SipServer;
        if ours && is_reachable(gateway) && open && secret::is_weak(&secret.0, user) {
            advice.push(Advice::new(path, Weight::Danger, LintCode::WeakSecretReachable));
        } else if ours && secret.0.chars().count() < SECRET_CHARS {
            advice.push(Advice::new(path, Weight::Hint, LintCode::SecretShort).with("minimum", SECRET_CHARS));
        }
    }
}

fn lint_port(gateway: &GatewaySettings, port: &PortSettings, place: &str, advice: &mut Vec<Advice>) {
    if !port.sip_to_fxo && !port.fxo_to_sip {
        advice.push(Advice::new(format!("{place}.sip_to_fxo"), Weight::Hint, LintCode::PortUnused));
        return;
    }
    if gateway.mode == Mode::SipTrunk && port.sip_to_fxo && admits_anyone(port) && is_reachable(gateway) {
        advice.push(Advice::new(format!("{place}.only_from_host"), Weight::Danger, LintCode::OpenToAnyone));
    }
    let costly = advice.iter().any(|advice| advice.code == LintCode::CostlyPrefixesOpen);
    if port.sip_to_fxo && costly && port.outgoing_budget_min == 0 {
        advice.push(Advice::new(format!("{place}.outgoing_budget_min"), Weight::Caution, LintCode::BudgetOff));
    }
    if port.sip_to_fxo && !is_reachable(gateway) && admits_only_others(port) {
        advice.push(Advice::new(format!("{place}.only_from_host"), Weight::Caution, LintCode::HostsOutOfReach));
    }
    if port.fxo_to_sip
        && let Ok(exact) = target::exact_uri(&port.target, gateway.mode, &gateway.remote_server)
        && exact.blank
    {
        advice.push(Advice::new(format!("{place}.target"), Weight::Caution, LintCode::TargetBlank).with("uri", exact.uri));
    }
    let line = &port.line;
    let line_is_deaf =
        !(line.end_on_loop_interruption || line.end_on_polarity_reversal || line.end_on_disconnect_tone || line.end_on_dial_tone);
    for (found, field, weight, code) in [
        (line_is_deaf, "end_on_disconnect_tone", Weight::Danger, LintCode::LineNeverEndsCall),
        (line.rtp_timeout_s == 0, "rtp_timeout_s", Weight::Caution, LintCode::RtpTimeoutOff),
        (line.silence_timeout_s == 0, "silence_timeout_s", Weight::Caution, LintCode::SilenceTimeoutOff),
        (line.longest_call_s == 0, "longest_call_s", Weight::Hint, LintCode::LongestCallOff),
    ] {
        if found {
            advice.push(Advice::new(format!("{place}.line.{field}"), weight, code));
        }
    }
}

/// Whether every entry is an address of another computer. Names and blocks may be this one, so they are left alone.
fn admits_only_others(port: &PortSettings) -> bool {
    let mut entries =
        port.only_from_host.split(|c: char| c == ',' || c == ';' || c.is_whitespace()).filter(|entry| !entry.is_empty()).peekable();
    entries.peek().is_some() && entries.all(|entry| matches!(Host::parse(entry), Ok(Host::Ip(ip)) if !ip.is_loopback()))
}

#[cfg(test)]
mod tests;
