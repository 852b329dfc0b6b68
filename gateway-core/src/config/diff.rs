//! What changes between two sets of settings, what each change costs, and which ports it touches.

use serde::Serialize;
use serde_json::Value;

use super::PortId;
use super::fields::{self, Field, FieldValue, Grade, Placed};
use super::settings::{Mode, Settings};

/// One setting that changes.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Change {
    /// Which: `gateway.sip_port`, `ports[1].target`; `ports[2]` for a port that comes or goes.
    pub path: String,
    /// Before; `None` for a port that comes. Secrets tell only whether they are set.
    pub before: Option<FieldValue>,
    /// After; `None` for a port that goes.
    pub after: Option<FieldValue>,
    /// When it takes effect, in the mode that will be.
    pub grade: Grade,
    /// The ports whose registration, calls or sockets it reaches. Empty where no port notices.
    pub touches: Vec<PortId>,
}

/// Every difference, in the order of the pages; none when nothing changes.
#[must_use]
pub fn diff(old: &Settings, new: &Settings) -> Vec<Change> {
    let (old_document, new_document) = (fields::document(old), fields::document(new));
    let (before, after) = (fields::placed(&old_document), fields::placed(&new_document));
    let scene = Scene { old, new };
    // Both begin with the gateway and go on port by port, so the same place is at the same position as long as both have the port.
    let mut changes: Vec<Change> = before.iter().zip(&after).filter_map(|(was, now)| scene.change(was, now)).collect();
    changes.extend(scene.ports_that_come_or_go());
    changes
}

/// The dearest grade among changes; `None` for no change.
#[must_use]
pub fn dearest(changes: &[Change]) -> Option<Grade> {
    changes.iter().map(|change| change.grade).max()
}

/// The settings before and after, which decide what a change costs.
struct Scene<'a> {
    old: &'a Settings,
    new: &'a Settings,
}

impl Scene<'_> {
    fn change(&self, was: &Placed<'_>, now: &Placed<'_>) -> Option<Change> {
        if was.value == now.value {
            return None;
        }
        let shown = |value: Option<&Value>| value.and_then(|value| FieldValue::of_json(now.field, value));
        let grade = self.grade(now.field);
        Some(Change {
            path: now.path.clone(),
            before: shown(was.value),
            after: shown(now.value),
            grade,
            touches: self.touches(now.port, grade),
        })
    }

    /// The grade of the row, except where the modes before and after both leave the setting unread.
    fn grade(&self, field: &Field) -> Grade {
        let modes = [self.old.gateway.mode, self.new.gateway.mode];
        let single = [self.old.gateway.single_user, self.new.gateway.single_user];
        let registers = modes.iter().any(|mode| *mode != Mode::SipTrunk);
        let read = match field.path {
            "gateway.single_user" => registers,
            "gateway.user" | "gateway.secret" => registers && single.contains(&true),
            "ports[].user" | "ports[].secret" => registers && single.contains(&false),
            "gateway.register_expires_s" => modes.contains(&Mode::SipClient),
            path if is_way_to_server(path) && modes.contains(&Mode::SipClient) => true,
            // A trunk has no registration to start over: its next call goes to the new peer.
            path if is_way_to_server(path) && modes.contains(&Mode::SipTrunk) => return Grade::NextCall,
            path if is_way_to_server(path) => false,
            _ => true,
        };
        if read { field.grade } else { Grade::Now }
    }

    /// A port's own setting touches that port; one of the gateway touches all ports, unless nothing of theirs is renewed.
    fn touches(&self, port: Option<PortId>, grade: Grade) -> Vec<PortId> {
        match (port, grade) {
            (Some(port), _) => vec![port],
            (None, Grade::Now) => Vec::new(),
            (None, Grade::NextCall | Grade::WhenIdle | Grade::RegistersAgain | Grade::Rebind) => port_ids(0, self.new.ports.len()),
        }
    }

    fn ports_that_come_or_go(&self) -> Vec<Change> {
        let (old, new) = (&self.old.ports, &self.new.ports);
        let name =
            |ports: &[super::settings::PortSettings], port: PortId| ports.get(port.index()).map(|port| FieldValue::Text(port.name.clone()));
        port_ids(old.len().min(new.len()), old.len().max(new.len()))
            .into_iter()
            .map(|port| Change {
                path: format!("ports[{}]", port.0),
                before: name(old, port),
                after: name(new, port),
                // A port that goes lets its call end first.
                grade: if port.index() < new.len() { Grade::Now } else { Grade::WhenIdle },
                touches: vec![port],
            })
            .collect()
    }
}

/// Whether a setting says where the remote server is, or how it is reached.
fn is_way_to_server(path: &str) -> bool {
    matches!(path, "gateway.remote_server" | "gateway.remote_transport" | "gateway.outbound_proxy" | "gateway.dns_server")
}

/// The ports from `first` up to, and without, `end`.
fn port_ids(first: usize, end: usize) -> Vec<PortId> {
    (first..end).filter_map(|index| u16::try_from(index).ok().map(PortId)).collect()
}

#[cfg(test)]
mod tests;
