//! The operator tests a line, by a call or by measuring it.

use super::call::{Call, CallFacts, LineTest, TestCall};
use super::callers::facts;
use super::io::Action;
use super::notice::{NoticeCode, Severity};
use super::record::CallDirection;
use super::{Gateway, Orders, bridge, plan};
use crate::config::PortId;
use crate::config::dialling::{self, Dialling};
use crate::fxo::line::LineState;
use crate::time::Moment;

impl Gateway {
    /// Calls a number on an idle line; a busy one is left alone and the operator is told.
    pub(super) fn test_call(&mut self, id: PortId, number: Option<&str>, now: Moment, out: &mut Vec<Action>) {
        if !self.may_test(id, |state| state == LineState::Idle, now, out) {
            return;
        }
        let asked = number.filter(|number| !number.trim().is_empty());
        let number = match asked.map(|asked| dialling::decide(asked, &self.settings.gateway)) {
            None => None,
            Some(Dialling::Allowed { dialled, .. }) => Some(dialled),
            Some(Dialling::Denied { .. } | Dialling::NoNumber) => {
                return out.push(self.notice(Severity::Warning, NoticeCode::TestNumberRefused, Some(id), &[], now));
            }
        };
        let facts = self.test_facts(id, number.clone().unwrap_or_default(), now);
        self.begin_test(id, now, out, |bridge| Call::TestCall(TestCall::begin(facts, number, bridge)));
    }

    /// Measures a line that nobody uses here. One without battery, or with a parallel telephone off hook, is measured as far as that
    /// goes: why it cannot be used is what the operator wants to know.
    pub(super) fn test_line(&mut self, id: PortId, now: Moment, out: &mut Vec<Action>) {
        let on_hook = |state| matches!(state, LineState::Idle | LineState::NoBattery | LineState::InUse);
        if !self.may_test(id, on_hook, now, out) {
            return;
        }
        let facts = self.test_facts(id, String::new(), now);
        let port = &self.ports[id.index()];
        let dial_hz = plan::media_config(&port.settings, self.country).tones.dial.frequencies_hz;
        let model = self.device.as_ref().map(|device| device.model.clone()).unwrap_or_default();
        let names = [port.settings.name.clone(), model];
        self.begin_test(id, now, out, |bridge| Call::LineTest(LineTest::begin(facts, names, dial_hz, bridge)));
    }

    /// Whether a test may begin; if not, the operator is told.
    fn may_test(&self, id: PortId, is_free: impl Fn(LineState) -> bool, now: Moment, out: &mut Vec<Action>) -> bool {
        let Some(port) = self.ports.get(id.index()).filter(|port| port.id.index() < self.settings.ports.len()) else { return false };
        let may = port.call.is_none() && is_free(port.line.state()) && !self.takes_no_calls();
        if !may {
            out.push(self.notice(Severity::Warning, NoticeCode::TestRefused, Some(id), &[], now));
        }
        may
    }

    fn test_facts(&mut self, id: PortId, to: String, now: Moment) -> CallFacts {
        facts(&mut self.rng, id, CallDirection::Test, String::new(), to, now)
    }

    fn begin_test(&mut self, id: PortId, now: Moment, out: &mut Vec<Action>, begin: impl FnOnce(&mut super::call::Bridge<'_>) -> Call) {
        let port = &mut self.ports[id.index()];
        let settings = port.settings.line.clone();
        let mut bridge = bridge(&mut self.agent, &mut self.pending.sip, &self.sessions, &settings, now);
        port.call = Some(begin(&mut bridge));
        let orders = Orders::of(bridge);
        self.carry_out(id, orders, now, out);
    }
}
