//! "On FXO ring, call": from what a person typed to the exact URI that will be called.

use std::fmt;

use serde::Serialize;

use super::host::{HostFault, HostPort};
use super::settings::Mode;
use super::transport::Transport;

/// User part that a blank target calls.
pub const BLANK_USER: &str = "unknown";

/// Stands for the host of the contact that will have registered, in a URI that is shown before anyone has (server mode).
pub const CONTACT_PLACEHOLDER: &str = "*";

/// What is wrong with a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "fault", content = "host", rename_all = "snake_case")]
pub enum TargetFault {
    /// A character that the user part of a SIP URI cannot have (RFC 3261 §25.1).
    BadUser,
    /// Nothing before the `@`.
    UserMissing,
    /// A scheme other than `sip` and `sips`.
    BadScheme,
    /// A password in the URI.
    PasswordInUri,
    /// URI parameters with characters they cannot have, or headers (`?`), which a Request-URI never has (RFC 3261 §19.1.1).
    BadParameters,
    /// The host part is wrong.
    Host(HostFault),
    /// The target names no host, and there is no remote server to take it from.
    ServerMissing,
    /// More than 255 characters.
    TooLong,
}

impl TargetFault {
    /// Its word, as serialised; for the host part, the word of the host's fault.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            TargetFault::BadUser => "bad_user",
            TargetFault::UserMissing => "user_missing",
            TargetFault::BadScheme => "bad_scheme",
            TargetFault::PasswordInUri => "password_in_uri",
            TargetFault::BadParameters => "bad_parameters",
            TargetFault::Host(fault) => fault.word(),
            TargetFault::ServerMissing => "server_missing",
            TargetFault::TooLong => "too_long",
        }
    }
}

/// A target as typed, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Nothing was typed.
    pub blank: bool,
    /// `sips:` was typed.
    pub secure: bool,
    /// User part, escaped as a URI needs it. Empty only in a full URI without one.
    pub user: String,
    /// Host and port, when typed.
    pub host: Option<HostPort>,
    /// URI parameters with their leading semicolon, as typed in a full URI.
    pub parameters: String,
}

/// A target with its host: what stands in the request line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetUri {
    /// The whole URI.
    pub uri: String,
    /// User part, escaped; empty where a full URI has none.
    pub user: String,
    /// Host without brackets, as a resolver wants it.
    pub host: String,
    /// Port, when one is given.
    pub port: Option<u16>,
    /// `sips:`.
    pub secure: bool,
}

/// What the window shows under a target.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ExactUri {
    /// The URI that will be called.
    pub uri: String,
    /// Nothing was typed: it calls [`BLANK_USER`].
    pub blank: bool,
    /// The host is [`CONTACT_PLACEHOLDER`] and will be the one of the contact that registered.
    pub host_from_contact: bool,
}

impl Target {
    /// Reads `user`, `user@host[:port]`, a `sip:`/`sips:` URI, or nothing.
    ///
    /// # Errors
    /// The first thing that is wrong, read from the left.
    pub fn parse(text: &str) -> Result<Target, TargetFault> {
        let text = text.trim();
        if text.len() > 255 {
            return Err(TargetFault::TooLong);
        }
        if text.is_empty() {
            return Ok(Target { blank: true, secure: false, user: BLANK_USER.to_owned(), host: None, parameters: String::new() });
        }
        match scheme(text) {
            Some(("sip", rest)) => Target::parse_uri(rest, false),
            Some(("sips", rest)) => Target::parse_uri(rest, true),
            Some(_) => Err(TargetFault::BadScheme),
            None => Target::parse_short(text),
        }
    }

    /// What it is called over, where it says so itself (RFC 3261 §19.1.1, §26.2.2).
    #[must_use]
    pub fn transport(&self) -> Option<Transport> {
        let named = || {
            let mut parameters = self.parameters.split(';').filter_map(|parameter| parameter.split_once('='));
            let (_, name) = parameters.find(|(name, _)| name.eq_ignore_ascii_case("transport"))?;
            Transport::named(name)
        };
        if self.secure { Some(Transport::Tls) } else { named() }
    }

    /// The URI with its own host, else with the given one.
    fn with_host(&self, fallback: &str) -> String {
        let scheme = if self.secure { "sips" } else { "sip" };
        let at = if self.user.is_empty() { "" } else { "@" };
        let host = self.host.as_ref().map_or_else(|| fallback.to_owned(), HostPort::to_string);
        format!("{scheme}:{}{at}{host}{}", self.user, self.parameters)
    }

    /// `user` or `user@host[:port]`.
    fn parse_short(text: &str) -> Result<Target, TargetFault> {
        let (user, host) = match text.rsplit_once('@') {
            Some((user, host)) => (user, Some(HostPort::parse(host).map_err(TargetFault::Host)?)),
            None => (text, None),
        };
        if user.is_empty() {
            return Err(TargetFault::UserMissing);
        }
        // Telephone people dial `#`; a URI needs it escaped (RFC 3261 §25.1).
        let user = user.replace('#', "%23");
        if !is_user(&user) {
            return Err(TargetFault::BadUser);
        }
        Ok(Target { blank: false, secure: false, user, host, parameters: String::new() })
    }

    /// What follows `sip:` or `sips:`; nothing is escaped or added.
    fn parse_uri(rest: &str, secure: bool) -> Result<Target, TargetFault> {
        let (user, rest) = match rest.split_once('@') {
            Some(("", _)) => return Err(TargetFault::UserMissing),
            Some((user, rest)) => (user, rest),
            None => ("", rest),
        };
        if user.contains(':') {
            return Err(TargetFault::PasswordInUri);
        }
        if !is_user(user) {
            return Err(TargetFault::BadUser);
        }
        let end = rest.find([';', '?']).unwrap_or(rest.len());
        let (host, parameters) = rest.split_at(end);
        let host = HostPort::parse(host).map_err(TargetFault::Host)?;
        if !are_parameters(parameters) {
            return Err(TargetFault::BadParameters);
        }
        Ok(Target { blank: false, secure, user: user.to_owned(), host: Some(host), parameters: parameters.to_owned() })
    }
}

impl fmt::Display for Target {
    /// The URI, with [`CONTACT_PLACEHOLDER`] where no host was typed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.with_host(CONTACT_PLACEHOLDER))
    }
}

/// The URI that a target calls; a blank one calls `unknown@<remote server>`. `remote_server` is `host[:port]`: the setting in
/// client and trunk mode, the host of the registered contact in server mode.
///
/// # Errors
/// A target that cannot be read, or one without a host where `remote_server` is blank or bad.
pub fn resolve_target(target: &str, remote_server: &str) -> Result<TargetUri, TargetFault> {
    let mut target = Target::parse(target)?;
    let host = match target.host.take() {
        Some(host) => host,
        None if remote_server.trim().is_empty() => return Err(TargetFault::ServerMissing),
        None => HostPort::parse(remote_server.trim()).map_err(TargetFault::Host)?,
    };
    target.host = Some(host.clone());
    let uri = target.with_host("");
    Ok(TargetUri { uri, user: target.user, host: host.host.bare(), port: host.port, secure: target.secure })
}

/// The URI to show under a target, before any call: in server mode the host may still be unknown.
///
/// # Errors
/// As [`resolve_target`].
pub fn exact_uri(target: &str, mode: Mode, remote_server: &str) -> Result<ExactUri, TargetFault> {
    let parsed = Target::parse(target)?;
    let host_from_contact = mode == Mode::SipServer && parsed.host.is_none();
    let uri = if host_from_contact { parsed.to_string() } else { resolve_target(target, remote_server)?.uri };
    Ok(ExactUri { uri, blank: parsed.blank, host_from_contact })
}

/// Whether a text may be a user part as typed in a user field: unreserved and user-unreserved characters, no escapes.
#[must_use]
pub fn is_plain_user(text: &str) -> bool {
    text.chars().all(is_user_character)
}

/// `user = 1*( unreserved / escaped / user-unreserved )` (RFC 3261 §25.1); the empty text passes too.
fn is_user(text: &str) -> bool {
    are_escaped(text, is_user_character)
}

fn is_user_character(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_.!~*'()&=+$,;?/".contains(c)
}

/// URI parameters: `;name[=value]`, each character a `paramchar` (RFC 3261 §25.1).
fn are_parameters(text: &str) -> bool {
    let is_character = |c: char| c.is_ascii_alphanumeric() || "-_.!~*'()[]/:&+$".contains(c);
    text.is_empty()
        || text.strip_prefix(';').is_some_and(|list| {
            list.split(';').all(|parameter| {
                let (name, value) = parameter.split_once('=').map_or((parameter, None), |(name, value)| (name, Some(value)));
                !name.is_empty() && are_escaped(name, is_character) && value != Some("") && are_escaped(value.unwrap_or(""), is_character)
            })
        })
}

/// True when every character is allowed or part of a `%HH` escape.
fn are_escaped(text: &str, allowed: impl Fn(char) -> bool) -> bool {
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        let escaped = || c == '%';
        if !(allowed(c) || escaped() && is_hex(rest.next()) && is_hex(rest.next())) {
            return false;
        }
    }
    true
}

fn is_hex(c: Option<char>) -> bool {
    c.is_some_and(|c| c.is_ascii_hexdigit())
}

/// The scheme in lower case and what follows it, when the text begins with letters and a colon. A `user@host:port` or a
/// `host:port` has digits after its colon, a URI has not; `sip:` and `sips:` always count.
fn scheme(text: &str) -> Option<(&'static str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    if scheme.eq_ignore_ascii_case("sip") {
        Some(("sip", rest))
    } else if scheme.eq_ignore_ascii_case("sips") {
        Some(("sips", rest))
    } else if !scheme.contains('@') {
        Some(("", rest))
    } else {
        None
    }
}

#[cfg(test)]
mod tests;
