//! From settings and country to what a line and a channel need to know.

use std::time::Duration;

use crate::config::country::{self, Country};
use crate::config::learned_tone;
use crate::config::settings::{GatewaySettings, LineSettings, Mode, PortSettings, Secret, Settings};
use crate::dsp::callerid::dtmf::CategoryDigit;
use crate::dsp::progress::TonePlan;
use crate::fxo::line::LineConfig;
use crate::media::MediaConfig;

/// The line profile of a country; Brazil's where the code is none we know (the checker refuses such a code, an old database may hold one).
#[must_use]
pub fn country(code: &str) -> &'static Country {
    country::country(code).unwrap_or_else(country::brazil)
}

/// The interval of session timers, in seconds; `None`: they are off.
#[must_use]
pub fn session_expires(gateway: &GatewaySettings) -> Option<u32> {
    (gateway.session_expires_s > 0).then_some(gateway.session_expires_s)
}

/// How often peers are asked whether they are there; `None`: never.
#[must_use]
pub fn qualify(gateway: &GatewaySettings) -> Option<Duration> {
    (gateway.qualify_s > 0).then(|| Duration::from_secs(gateway.qualify_s.into()))
}

/// Users that may register here, with their secrets: none but in server mode.
#[must_use]
pub fn registering_users(settings: &Settings) -> Vec<(String, Secret)> {
    let gateway = &settings.gateway;
    match (gateway.mode, gateway.single_user) {
        (Mode::SipServer, true) => vec![(gateway.user.clone(), gateway.secret.clone())],
        (Mode::SipServer, false) => settings.ports.iter().map(|port| (port.user.clone(), port.secret.clone())).collect(),
        (Mode::SipClient | Mode::SipTrunk, _) => Vec::new(),
    }
}

/// What the line machine of a port needs to know.
#[must_use]
pub fn line_config(port: &PortSettings, country: &Country) -> LineConfig {
    let line = &port.line;
    LineConfig {
        ring_validation: ms(country.ring_validation_ms),
        ring_timeout: ms(country.ring_timeout_ms()),
        caller_id_wait: ms(line.caller_id_wait_ms),
        loop_interruption: line.end_on_loop_interruption.then(|| ms(line.loop_interruption_ms)),
        end_on_polarity_reversal: line.end_on_polarity_reversal,
        disconnect_tone_cycles: line.end_on_disconnect_tone.then_some(line.disconnect_tone_cycles),
        end_on_dial_tone: line.end_on_dial_tone,
        guard: ms(line.guard_ms),
    }
}

/// What the channel of a port needs to know.
#[must_use]
pub fn media_config(port: &PortSettings, country: &Country) -> MediaConfig {
    let line = &port.line;
    MediaConfig {
        tones: tone_plan(line, country),
        waiting_caller_id: line.waiting_caller_id,
        dtmf_to_sip: line.dtmf_to_sip,
        dtmf_on: ms(line.dtmf_on_ms),
        dtmf_off: ms(line.dtmf_off_ms),
        rtp_timeout: seconds_or_never(line.rtp_timeout_s),
        silence_timeout: seconds_or_never(line.silence_timeout_s),
        category_digit: if country.caller_id_category { CategoryDigit::Brazil } else { CategoryDigit::Never },
    }
}

/// The tones of the country, and those that were learned on the line.
#[must_use]
pub fn tone_plan(line: &LineSettings, country: &Country) -> TonePlan {
    let mut plan = country.tone_plan();
    plan.further.extend(line.learned_tones.iter().filter_map(|text| learned_tone::parse(text).ok()));
    plan
}

/// A bound in seconds, where 0 means that it is off.
#[must_use]
pub fn seconds_or_never(seconds: u32) -> Option<Duration> {
    (seconds > 0).then(|| Duration::from_secs(u64::from(seconds)))
}

/// No call is longer than this, even where the setting for the longest call is off: a peer that puts the call on hold and dies
/// gives no other evidence, and no line stays seized without a bound.
const CEILING: Duration = Duration::from_secs(24 * 3600);

/// The longest call on a line.
#[must_use]
pub fn longest_call(line: &LineSettings) -> Duration {
    seconds_or_never(line.longest_call_s).map_or(CEILING, |longest| longest.min(CEILING))
}

/// Milliseconds from a setting.
#[must_use]
pub fn ms(millis: u32) -> Duration {
    Duration::from_millis(u64::from(millis))
}
