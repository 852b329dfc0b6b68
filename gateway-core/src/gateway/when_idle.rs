//! Settings that wait until every port they touch is idle, so that no call sees them come.
//!
//! A port is idle when nothing of ours goes on at its line: no call, no ring, no seizure, and no rest after one. A telephone
//! beside ours on the line, a cable that is out, a box that is gone and a line that never lets itself be released all count as
//! idle: no setting of ours disturbs them, and some of them never end.

use super::view::PortState;
use super::view::{PortView, Snapshot};
use crate::config::PortId;
use crate::config::diff::Change;

/// Waits for the ports that some changes touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WhenIdle {
    touched: Vec<PortId>,
    busy: Vec<PortId>,
}

impl WhenIdle {
    /// Begins to wait for the ports that `changes` touch.
    #[must_use]
    pub fn new(changes: &[Change], picture: &Snapshot) -> Self {
        let mut touched: Vec<PortId> = changes.iter().flat_map(|change| change.touches.iter().copied()).collect();
        touched.sort_unstable();
        touched.dedup();
        let mut wait = WhenIdle { touched, busy: Vec::new() };
        wait.handle(picture);
        wait
    }

    /// Looks at a new picture; true when the ports it waits for are others than before.
    pub fn handle(&mut self, picture: &Snapshot) -> bool {
        let busy = picture.ports.iter().filter(|view| self.touched.contains(&view.port) && !is_idle(view)).map(|view| view.port);
        let before = std::mem::replace(&mut self.busy, busy.collect());
        before != self.busy
    }

    /// The ports that are not idle, in their order; none when the wait is over.
    #[must_use]
    pub fn busy(&self) -> &[PortId] {
        &self.busy
    }
}

fn is_idle(view: &PortView) -> bool {
    if view.call.is_some() {
        return false;
    }
    match view.state {
        PortState::Absent | PortState::NoBattery | PortState::Idle | PortState::InUse | PortState::OutOfService | PortState::Fault => true,
        PortState::Ringing
        | PortState::Calling
        | PortState::Dialing
        | PortState::Waiting
        | PortState::Talking
        | PortState::Ending
        | PortState::Guard => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::fields::Grade;
    use crate::config::settings::Mode;
    use crate::fxo::line::LineState;
    use crate::gateway::view::RegistrationView;

    fn picture(states: &[PortState]) -> Snapshot {
        let port = |(index, state): (usize, &PortState)| PortView {
            port: PortId(u16::try_from(index).unwrap()),
            name: String::new(),
            state: *state,
            since_ms: 0,
            line: LineState::Idle,
            call: None,
            registration: RegistrationView::None { peer: None },
            last: None,
            meter: None,
            millivolts: None,
            microamps: None,
        };
        Snapshot {
            now_ms: 0,
            mode: Mode::SipServer,
            sip_address: String::new(),
            public_address: None,
            remote_server: String::new(),
            device: None,
            ports: states.iter().enumerate().map(port).collect(),
        }
    }

    fn touching(ports: &[u16]) -> Vec<Change> {
        let change = |port: &u16| Change {
            path: format!("ports[{port}].target"),
            before: None,
            after: None,
            grade: Grade::NextCall,
            touches: vec![PortId(*port)],
        };
        ports.iter().map(change).collect()
    }

    #[test]
    fn ports_that_the_changes_do_not_touch_are_not_waited_for() {
        let picture = picture(&[PortState::Talking, PortState::Idle]);
        assert_eq!(WhenIdle::new(&touching(&[1]), &picture).busy(), []);
        assert_eq!(WhenIdle::new(&[], &picture).busy(), []);
    }

    #[test]
    fn all_touched_ports_have_to_be_idle_at_the_same_time() {
        let mut wait = WhenIdle::new(&touching(&[1, 0, 1]), &picture(&[PortState::Talking, PortState::Idle]));
        assert_eq!(wait.busy(), [PortId(0)]);
        assert!(!wait.handle(&picture(&[PortState::Ending, PortState::Idle])));
        assert!(wait.handle(&picture(&[PortState::Guard, PortState::Ringing])));
        assert_eq!(wait.busy(), [PortId(0), PortId(1)]);
        assert!(wait.handle(&picture(&[PortState::Idle, PortState::Ringing])));
        assert_eq!(wait.busy(), [PortId(1)]);
        assert!(wait.handle(&picture(&[PortState::Idle, PortState::Idle])));
        assert_eq!(wait.busy(), []);
    }

    #[test]
    fn what_may_never_end_is_not_waited_for() {
        for state in [PortState::Absent, PortState::NoBattery, PortState::InUse, PortState::OutOfService, PortState::Fault] {
            assert_eq!(WhenIdle::new(&touching(&[0]), &picture(&[state])).busy(), [], "{state:?}");
        }
    }

    #[test]
    fn a_port_that_is_still_to_come_has_nothing_to_end() {
        assert_eq!(WhenIdle::new(&touching(&[7]), &picture(&[PortState::Talking])).busy(), []);
    }
}
