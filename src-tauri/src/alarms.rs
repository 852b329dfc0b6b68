//! Which troubles the desktop is told, and when: a pure machine. A trouble has to last before it is told, several of a kind are told as
//! one, what flaps is told once in a while, and what was told and is over is told to be over.

use std::collections::BTreeMap;
use std::time::Duration;

use gateway_core::config::PortId;
use gateway_core::gateway::notice::{Notice, NoticeCode};
use gateway_core::time::Moment;

/// What lasts shorter is no trouble: a registration is refused and tried again, a cable is moved to another socket.
const LASTS: Duration = Duration::from_secs(5);

/// The same trouble is not told again sooner than this.
const QUIET: Duration = Duration::from_secs(600);

/// What kind of trouble it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// The box is gone.
    Device,
    /// A line does not let itself be released.
    Stuck,
    /// A line has no battery.
    Line,
    /// A registration was lost.
    Registration,
}

/// What happened to a trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AlarmEvent {
    /// It is there. Hearing it again changes nothing.
    Began(Kind, Option<PortId>),
    /// It is over.
    Ended(Kind, Option<PortId>),
    /// What was wrong of this kind is wrong no more, for nothing asks for it any more.
    Forgotten(Kind),
}

impl AlarmEvent {
    /// What a notice says of a trouble; nothing when it is about none.
    pub(crate) fn of(notice: &Notice) -> Option<Self> {
        match notice.code {
            NoticeCode::DeviceGone => Some(AlarmEvent::Began(Kind::Device, None)),
            NoticeCode::DeviceUp => Some(AlarmEvent::Ended(Kind::Device, None)),
            NoticeCode::PortGone => Some(AlarmEvent::Began(Kind::Device, notice.port)),
            NoticeCode::PortUp => Some(AlarmEvent::Ended(Kind::Device, notice.port)),
            NoticeCode::StuckOffHook => Some(AlarmEvent::Began(Kind::Stuck, notice.port)),
            NoticeCode::LineDisconnected => Some(AlarmEvent::Began(Kind::Line, notice.port)),
            NoticeCode::LineConnected => Some(AlarmEvent::Ended(Kind::Line, notice.port)),
            NoticeCode::RegistrationFailed => Some(AlarmEvent::Began(Kind::Registration, notice.port)),
            NoticeCode::Registered => Some(AlarmEvent::Ended(Kind::Registration, notice.port)),
            // Accounts that are no more never say that they are registered.
            NoticeCode::SettingsApplied => Some(AlarmEvent::Forgotten(Kind::Registration)),
            // Everything else belongs to the window alone.
            _ => None,
        }
    }
}

/// What the desktop is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AlarmAction {
    /// This is wrong.
    Tell(Kind, Vec<PortId>),
    /// This was told to be wrong, and is over.
    TellBack(Kind, Vec<PortId>),
}

/// One trouble of one port, or of the gateway.
#[derive(Clone, Copy, Debug, Default)]
struct Trouble {
    wrong: bool,
    told: bool,
    /// When it is looked at next.
    due: Option<Moment>,
    /// It may be told again from then on.
    quiet_until: Moment,
}

impl Trouble {
    fn began(&mut self, now: Moment) {
        if self.wrong {
            return;
        }
        self.wrong = true;
        self.due = (!self.told).then(|| (now + LASTS).max(self.quiet_until));
    }

    fn ended(&mut self, now: Moment) {
        if !self.wrong {
            return;
        }
        self.wrong = false;
        self.due = self.told.then(|| now + LASTS);
    }

    /// Nothing is left to remember.
    fn is_over(&self, now: Moment) -> bool {
        !self.wrong && !self.told && self.quiet_until <= now
    }
}

/// All troubles. There are at most four a port, so the table is as long as the gateway has ports.
#[derive(Debug, Default)]
pub(crate) struct Alarms {
    troubles: BTreeMap<(Kind, Option<PortId>), Trouble>,
}

impl Alarms {
    /// Takes note of what happened.
    pub(crate) fn handle(&mut self, event: AlarmEvent, now: Moment) {
        match event {
            AlarmEvent::Began(kind, port) => {
                if kind == Kind::Device {
                    // The lines of a box that is gone are no trouble of their own; it tells of them when it is back.
                    self.troubles.retain(|(kind, _), trouble| trouble.told || !matches!(kind, Kind::Line | Kind::Stuck));
                } else if matches!(kind, Kind::Line | Kind::Stuck) && self.is_wrong(Kind::Device) {
                    return;
                }
                self.troubles.entry((kind, port)).or_default().began(now);
            }
            AlarmEvent::Ended(kind, port) => {
                if let Some(trouble) = self.troubles.get_mut(&(kind, port)) {
                    trouble.ended(now);
                }
            }
            AlarmEvent::Forgotten(kind) => {
                for (_, trouble) in self.troubles.iter_mut().filter(|(key, _)| key.0 == kind) {
                    *trouble = Trouble { quiet_until: trouble.quiet_until, ..Trouble::default() };
                }
            }
        }
        self.troubles.retain(|_, trouble| !trouble.is_over(now));
    }

    /// When [`Alarms::handle_timeout`] is to be called.
    pub(crate) fn deadline(&self) -> Option<Moment> {
        self.troubles.values().filter_map(|trouble| trouble.due).min()
    }

    /// Tells what is due, and what of its kind would be due soon.
    pub(crate) fn handle_timeout(&mut self, now: Moment, out: &mut Vec<AlarmAction>) {
        for kind in [Kind::Device, Kind::Stuck, Kind::Line, Kind::Registration] {
            for wrong in [true, false] {
                let concerned = |key: &(Kind, Option<PortId>), trouble: &Trouble| key.0 == kind && trouble.wrong == wrong;
                let due = |trouble: &Trouble, by: Moment| trouble.due.is_some_and(|due| due <= by);
                if !self.troubles.iter().any(|(key, trouble)| concerned(key, trouble) && due(trouble, now)) {
                    continue;
                }
                let mut ports = Vec::new();
                for (key, trouble) in &mut self.troubles {
                    if concerned(key, trouble) && due(trouble, now + LASTS) {
                        trouble.told = wrong;
                        trouble.due = None;
                        if wrong {
                            trouble.quiet_until = now + QUIET;
                        }
                        ports.extend(key.1);
                    }
                }
                out.push(if wrong { AlarmAction::Tell(kind, ports) } else { AlarmAction::TellBack(kind, ports) });
            }
        }
    }

    fn is_wrong(&self, kind: Kind) -> bool {
        self.troubles.iter().any(|(key, trouble)| key.0 == kind && trouble.wrong)
    }
}

#[cfg(test)]
mod tests;
