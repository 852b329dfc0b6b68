//! Register recall: the subscriber asks for dial tone in a call, and what becomes of the far end that waits.

use super::Telling;
use super::subscriber::{Clock, DIAL_TONE_DELAY, Stage, Subscriber};
use crate::fxo::simulator::act::{ExchangeEvent, LineSound};
use crate::time::Moment;

impl Subscriber {
    /// A hook flash. The first one puts the far end aside, the next one brings it back.
    pub(super) fn flashed(&mut self, now: Moment, telling: &mut Telling<'_>) {
        telling.event(ExchangeEvent::Flash);
        if self.take_waiting(telling) {
            return;
        }
        if let Some(held) = self.held.take() {
            self.retrieve(held, telling);
        } else if self.recalls && matches!(self.stage, Stage::Talking { .. }) {
            self.timers.clear(Clock::FarEndHangsUp);
            self.held = Some(std::mem::replace(&mut self.stage, Stage::Waiting));
            self.timers.set(Clock::DialTone, now + DIAL_TONE_DELAY);
            self.set_sound(LineSound::Quiet, telling);
            telling.event(ExchangeEvent::Held);
        }
    }

    fn retrieve(&mut self, held: Stage, telling: &mut Telling<'_>) {
        self.timers.clear_all();
        self.stage = held;
        telling.event(ExchangeEvent::Retrieved);
        self.hear_far_end(telling);
    }

    /// The subscriber hangs up while a far end waits: it goes on with the number that was dialled, or is lost.
    pub(super) fn leave_held(&mut self, telling: &mut Telling<'_>) {
        if self.held.take().is_none() {
            return;
        }
        match self.stage {
            Stage::Routing(_) | Stage::Alerting(_) | Stage::Talking { .. } => telling.event(ExchangeEvent::Transferred),
            Stage::OnHook | Stage::Ringing(..) | Stage::Waiting | Stage::DialTone | Stage::Collecting(_) | Stage::Over => {
                telling.event(ExchangeEvent::FarEndHungUp);
            }
        }
    }
}
