//! The operator tests a line.

use super::call::{Call, LineTest};
use super::callers::facts;
use super::io::Action;
use super::notice::{NoticeCode, Severity};
use super::record::CallDirection;
use super::router;
use super::{Gateway, Orders, bridge};
use crate::config::PortId;
use crate::fxo::line::LineState;
use crate::time::Moment;

impl Gateway {
    /// Tests an idle line; a busy one is left alone and the operator is told.
    pub(super) fn test_line(&mut self, id: PortId, number: Option<&str>, now: Moment, out: &mut Vec<Action>) {
        let Some(port) = self.ports.get(id.index()).filter(|port| port.id.index() < self.settings.ports.len()) else { return };
        if port.call.is_some() || port.line.state() != LineState::Idle || self.takes_no_calls() {
            return out.push(self.notice(Severity::Warning, NoticeCode::TestRefused, Some(id), &[], now));
        }
        let number = number.map(router::dialled_digits).filter(|digits| !digits.is_empty());
        if let Some(digits) = &number
            && router::check_number(digits, &self.settings.gateway.blocked_prefixes).is_err()
        {
            return out.push(self.notice(Severity::Warning, NoticeCode::TestNumberRefused, Some(id), &[], now));
        }
        let to = number.clone().unwrap_or_default();
        let facts = facts(&mut self.rng, id, CallDirection::Test, String::new(), to, now);
        let port = &mut self.ports[id.index()];
        let settings = port.settings.line.clone();
        let mut bridge = bridge(&mut self.agent, &mut self.pending.sip, &self.sessions, &settings, now);
        port.call = Some(Call::Test(LineTest::begin(facts, number, &mut bridge)));
        let orders = Orders::of(bridge);
        self.carry_out(id, orders, now, out);
    }
}
