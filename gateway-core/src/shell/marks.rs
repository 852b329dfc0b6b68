//! The last marks of every port, so that a window that is opened late has a past to show.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use crate::config::PortId;
use crate::gateway::mark::Mark;

/// Marks that are kept of one port; the oldest goes first. A busy minute has some dozens.
const MARKS_KEPT: usize = 512;

/// The last marks. Clones are the same marks.
#[derive(Clone, Debug, Default)]
pub(crate) struct RecentMarks {
    ports: Arc<Mutex<BTreeMap<PortId, VecDeque<Mark>>>>,
}

impl RecentMarks {
    pub(crate) fn keep(&self, mark: Mark) {
        let mut ports = self.ports.lock().unwrap_or_else(PoisonError::into_inner);
        let marks = ports.entry(mark.port).or_default();
        if marks.len() >= MARKS_KEPT {
            marks.pop_front();
        }
        marks.push_back(mark);
    }

    /// The marks of a port, oldest first.
    pub(crate) fn of(&self, port: PortId) -> Vec<Mark> {
        let ports = self.ports.lock().unwrap_or_else(PoisonError::into_inner);
        ports.get(&port).into_iter().flatten().cloned().collect()
    }

    /// Ports from this number on are gone.
    pub(crate) fn forget_from(&self, ports: usize) {
        self.ports.lock().unwrap_or_else(PoisonError::into_inner).retain(|port, _| port.index() < ports);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::mark::MarkKind;

    #[test]
    fn each_port_has_its_own_past_and_the_oldest_goes_first() {
        let marks = RecentMarks::default();
        for at_ms in 0..600 {
            marks.keep(Mark { at_ms, port: PortId(0), what: MarkKind::Flash });
        }
        marks.keep(Mark { at_ms: 7, port: PortId(1), what: MarkKind::Voice });
        let first = marks.of(PortId(0));
        assert_eq!((first.len(), first[0].at_ms, first[MARKS_KEPT - 1].at_ms), (MARKS_KEPT, 88, 599));
        assert_eq!(marks.of(PortId(1)).len(), 1);
        marks.forget_from(1);
        assert!(marks.of(PortId(1)).is_empty());
        assert_eq!(marks.of(PortId(0)).len(), MARKS_KEPT);
    }
}
