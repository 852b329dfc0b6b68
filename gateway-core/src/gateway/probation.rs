//! Probation of new settings: never worse than before.
//!
//! After Apply, whatever was healthy before it, and is still wanted, has to be healthy again within a bound; else the settings
//! before come back. Only what the change reaches is watched, because nothing else can be its fault:
//!
//! - **Registration** (client mode): it was registered, the new settings still want it, and one of the settings it is made from
//!   changed. One that failed before is not waited for: it cannot get worse. In single-user mode there is one for all ports.
//! - **Line**: it was neither absent nor in fault, and the country or one of the line's own settings changed. A port with a call is
//!   healthy, and so is a line without battery: a cable is no setting. What a line makes of new settings is not to be seen in the
//!   first picture after Apply, where it still stands as it stood before: it has to be well when they had time to arrive. Which
//!   box is used is no setting either: while the box that was there before does not answer, or another one does, a line proves
//!   nothing, and at the bound it is not held against the settings.
//! - In server and trunk mode nothing has to be waited for: who registers here decides that alone.
//!
//! As soon as everything is back the probation is over. A registrar that refuses what was changed (401, 403, 404, 407) has said
//! all there is to say, so that answer is not waited out; every other failure may still mend until the bound.
//!
//! A second Apply during probation starts the time anew and is measured against the same [`Baseline`]: the last settings that
//! are known to have worked.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::callers::is_used;
use super::view::{PortState, PortView, RegistrationView, Snapshot};
use crate::config::PortId;
use crate::config::diff::diff;
use crate::config::settings::{Mode, Settings};
use crate::fxo::Identity;
use crate::time::Moment;

/// How long settings take to reach a line, with a box that is opened anew for them. Shorter than any `gateway.rollback_after_s`.
const LINE_SETTLES: Duration = Duration::from_secs(3);

/// Nobody answered in time (RFC 3261 §21.4.9).
const REQUEST_TIMEOUT: u16 = 408;

/// Settings that are known to have worked, and what was to be seen while they did.
#[derive(Clone, Debug)]
pub struct Baseline {
    /// The settings.
    pub settings: Settings,
    /// The picture just before they were replaced.
    pub picture: Snapshot,
}

/// What can be healthy about a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum Vital {
    /// It is registered at the remote server.
    Registration,
    /// Its line can be used.
    Line,
}

/// Something that was healthy and is not yet again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Missing {
    /// Whose; `None` for the one registration of single-user mode.
    pub port: Option<PortId>,
    /// What.
    pub what: Vital,
}

/// Why settings were taken back, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum RollbackCause {
    /// The server refused the new secret.
    SecretRefused,
    /// The server refused the new user.
    UserRefused,
    /// The server refused the registration.
    RegistrationRefused,
    /// The server did not answer.
    ServerSilent,
    /// The name of the server does not resolve.
    ServerUnknown,
    /// The line cannot be used any more.
    LineLost,
}

/// Why settings were taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct RollbackReason {
    /// The port; `None` for the one registration of single-user mode.
    pub port: Option<PortId>,
    /// In one word.
    pub cause: RollbackCause,
    /// The SIP status of a registration; 408 when nobody answered.
    pub status: Option<u16>,
    /// What the server said with it.
    pub phrase: String,
    /// Path of the changed setting that it most likely hangs on.
    pub setting: String,
}

/// How a probation ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Everything that was healthy is healthy.
    Proven,
    /// The settings before have to return; at least one reason.
    RollBack(Vec<RollbackReason>),
}

/// A probation that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probation {
    expected: Vec<Expected>,
    device: Option<Identity>,
    /// From when on a line shows what the new settings made of it.
    lines_settled: Moment,
    until: Moment,
    missing: Vec<Missing>,
}

/// One thing that has to be healthy again.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Expected {
    what: Vital,
    /// The port that shows it.
    shown_at: PortId,
    /// It is there once for all ports.
    shared: bool,
    /// The settings that changed and that it is made from.
    suspects: Vec<String>,
}

/// How an expected thing stands.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Standing {
    Healthy,
    Open,
    /// It cannot be told, and would be nothing that the settings did.
    Unjudged,
    Failed {
        status: u16,
        phrase: String,
    },
}

impl Probation {
    /// Begins when `after` has just replaced settings; `None` when nothing that was healthy hangs on what changed, or when the
    /// new settings want no probation.
    #[must_use]
    pub fn begin(before: &Baseline, after: &Settings, now: Moment) -> Option<Probation> {
        let patience = Duration::from_secs(u64::from(after.gateway.rollback_after_s));
        if patience.is_zero() {
            return None;
        }
        let changed: Vec<String> = diff(&before.settings, after).into_iter().map(|change| change.path).collect();
        let mut expected = registrations(before, after, &changed);
        expected.extend(lines(before, after, &changed));
        let missing = expected.iter().map(Expected::missing).collect();
        let device = before.picture.device.clone();
        let (lines_settled, until) = (now + LINE_SETTLES, now + patience);
        (!expected.is_empty()).then_some(Probation { expected, device, lines_settled, until, missing })
    }

    /// When everything has to be healthy at the latest.
    #[must_use]
    pub fn deadline(&self) -> Moment {
        self.until
    }

    /// What was healthy and is not yet again.
    #[must_use]
    pub fn missing(&self) -> &[Missing] {
        &self.missing
    }

    /// Looks at a picture that was made under the new settings; the verdict, as soon as there is one.
    pub fn handle(&mut self, picture: &Snapshot, now: Moment) -> Option<Verdict> {
        let standings: Vec<Standing> = self.expected.iter().map(|expected| self.standing(expected, picture, now)).collect();
        let open = || self.expected.iter().zip(&standings).filter(|(_, standing)| **standing != Standing::Healthy);
        let missing = open().map(|(expected, _)| expected.missing()).collect();
        let overdue = now >= self.until;
        let guilty: Vec<RollbackReason> = open()
            .filter(|(_, standing)| if overdue { **standing != Standing::Unjudged } else { standing.is_final() })
            .map(|(expected, standing)| expected.reason(standing))
            .collect();
        let verdict = if !guilty.is_empty() {
            Some(Verdict::RollBack(guilty))
        } else if overdue || open().next().is_none() {
            Some(Verdict::Proven)
        } else {
            None
        };
        self.missing = missing;
        verdict
    }

    fn standing(&self, expected: &Expected, picture: &Snapshot, now: Moment) -> Standing {
        let view = picture.ports.iter().find(|view| view.port == expected.shown_at);
        match expected.what {
            Vital::Registration => match view.map(|view| &view.registration) {
                Some(RegistrationView::Registered { .. }) => Standing::Healthy,
                Some(RegistrationView::Failed { status, reason, .. }) => Standing::Failed { status: *status, phrase: reason.clone() },
                Some(RegistrationView::None { .. } | RegistrationView::Trying | RegistrationView::Server { .. }) | None => Standing::Open,
            },
            Vital::Line if picture.device.is_none() || picture.device != self.device => Standing::Unjudged,
            Vital::Line if now >= self.lines_settled && view.is_some_and(is_usable) => Standing::Healthy,
            Vital::Line => Standing::Open,
        }
    }
}

impl Standing {
    /// The server has said all there is to say.
    fn is_final(&self) -> bool {
        match self {
            Standing::Failed { status, .. } => matches!(status, 401 | 403 | 404 | 407),
            Standing::Healthy | Standing::Open | Standing::Unjudged => false,
        }
    }
}

impl Expected {
    fn missing(&self) -> Missing {
        Missing { port: self.port(), what: self.what }
    }

    fn port(&self) -> Option<PortId> {
        (!self.shared).then_some(self.shown_at)
    }

    fn reason(&self, standing: &Standing) -> RollbackReason {
        let (status, phrase) = match (self.what, standing) {
            (Vital::Line, _) => {
                let setting = self.suspects.first().cloned().unwrap_or_default();
                return RollbackReason { port: self.port(), cause: RollbackCause::LineLost, status: None, phrase: String::new(), setting };
            }
            (Vital::Registration, Standing::Failed { status, phrase }) => (*status, phrase.clone()),
            (Vital::Registration, Standing::Open | Standing::Unjudged | Standing::Healthy) => (REQUEST_TIMEOUT, String::new()),
        };
        let setting = self.suspect(status);
        let cause = match status {
            REQUEST_TIMEOUT => RollbackCause::ServerSilent,
            // A name that does not resolve is told as a 503 that no server said.
            503 if phrase.is_empty() => RollbackCause::ServerUnknown,
            _ if setting.ends_with(".secret") => RollbackCause::SecretRefused,
            _ if setting.ends_with(".user") => RollbackCause::UserRefused,
            _ => RollbackCause::RegistrationRefused,
        };
        RollbackReason { port: self.port(), cause, status: Some(status), phrase, setting }
    }

    /// The changed setting that a status of the server points at.
    fn suspect(&self, status: u16) -> String {
        let likely: &[&str] = match status {
            401 | 403 | 407 => &[".secret", ".user", ".remote_server"],
            404 | 410 | 604 => &[".user", ".remote_server"],
            423 => &[".register_expires_s"],
            _ => &[".remote_server", ".bind_address", ".sip_port", ".user", ".secret"],
        };
        let found = likely.iter().find_map(|ending| self.suspects.iter().find(|path| path.ends_with(ending)));
        found.or_else(|| self.suspects.first()).cloned().unwrap_or_default()
    }
}

fn registrations(before: &Baseline, after: &Settings, changed: &[String]) -> Vec<Expected> {
    let gateway = &after.gateway;
    if gateway.mode != Mode::SipClient || before.settings.gateway.mode != Mode::SipClient {
        return Vec::new();
    }
    let was_registered = |view: &&PortView| matches!(view.registration, RegistrationView::Registered { .. });
    let registered: Vec<PortId> = before.picture.ports.iter().filter(was_registered).map(|view| view.port).collect();
    let wanted: Vec<PortId> = if gateway.single_user {
        // The first port shows the registration that is there for all.
        if registered.is_empty() || gateway.user.is_empty() { Vec::new() } else { vec![PortId(0)] }
    } else {
        let is_wanted = |port: &PortId| after.ports.get(port.index()).is_some_and(|port| is_used(port) && !port.user.is_empty());
        registered.into_iter().filter(is_wanted).collect()
    };
    let expected = wanted.into_iter().map(|port| Expected {
        what: Vital::Registration,
        shown_at: port,
        shared: gateway.single_user,
        suspects: changed.iter().filter(|path| makes_registration(path, port, gateway.single_user)).cloned().collect(),
    });
    expected.filter(|expected| !expected.suspects.is_empty()).collect()
}

/// Whether a registration is made from the setting at `path`.
fn makes_registration(path: &str, port: PortId, single_user: bool) -> bool {
    match path {
        "gateway.single_user" | "gateway.remote_server" | "gateway.register_expires_s" | "gateway.bind_address" | "gateway.sip_port" => {
            true
        }
        "gateway.user" | "gateway.secret" => single_user,
        _ => !single_user && below(path, port).is_some_and(|setting| setting == "user" || setting == "secret"),
    }
}

fn lines(before: &Baseline, after: &Settings, changed: &[String]) -> Vec<Expected> {
    let usable = before.picture.ports.iter().filter(|view| is_usable(view) && view.port.index() < after.ports.len());
    let expected = usable.map(|view| Expected {
        what: Vital::Line,
        shown_at: view.port,
        shared: false,
        suspects: changed.iter().filter(|path| shapes_line(path, view.port)).cloned().collect(),
    });
    expected.filter(|expected| !expected.suspects.is_empty()).collect()
}

/// Whether the line of a port obeys the setting at `path`.
fn shapes_line(path: &str, port: PortId) -> bool {
    path == "gateway.country" || below(path, port).is_some_and(|setting| setting.starts_with("line."))
}

/// The name of a setting of this port.
fn below(path: &str, port: PortId) -> Option<&str> {
    path.strip_prefix(&format!("ports[{}].", port.0))
}

fn is_usable(view: &PortView) -> bool {
    view.call.is_some() || !matches!(view.state, PortState::Absent | PortState::Fault)
}

#[cfg(test)]
mod tests;
