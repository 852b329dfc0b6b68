//! Calls that the subscriber makes, and how calls end.

use std::time::Duration;

use super::subscriber::{Clock, Stage, Subscriber};
use super::{ExchangeConfig, Telling};
use crate::fxo::simulator::act::{ExchangeEvent, HangUpHow, LineSound, Sound};
use crate::fxo::simulator::script::{Answer, Script, USUAL_ECHO};
use crate::time::Moment;

/// From the last digit to the first tone.
const POST_DIAL_DELAY: Duration = Duration::from_millis(500);

/// The exchange rings a called party no longer than this.
const LONGEST_RINGBACK: Duration = Duration::from_secs(90);

impl Subscriber {
    pub(super) fn number_complete(&mut self, now: Moment, telling: &mut Telling<'_>) {
        let Stage::Collecting(number) = &mut self.stage else { return };
        let number = std::mem::take(number);
        self.timers.clear(Clock::NextDigit);
        self.timers.set(Clock::Routed, now + POST_DIAL_DELAY);
        telling.event(ExchangeEvent::Dialed { number: number.clone() });
        self.stage = Stage::Routing(number);
    }

    pub(super) fn routed(&mut self, config: &ExchangeConfig, now: Moment, telling: &mut Telling<'_>) {
        let Stage::Routing(number) = &self.stage else { return };
        match config.script(number) {
            Script::Answers { ringback, answer } => self.alert(Some(answer.clone()), now + *ringback, telling),
            Script::NeverAnswers => self.alert(None, now + LONGEST_RINGBACK, telling),
            Script::Busy => {
                telling.event(ExchangeEvent::CalledBusy);
                self.over(LineSound::Busy, telling);
            }
            Script::Congestion => self.no_route(telling),
        }
    }

    fn alert(&mut self, answer: Option<Answer>, until: Moment, telling: &mut Telling<'_>) {
        self.stage = Stage::Alerting(answer);
        self.timers.set(Clock::CalledAnswers, until);
        telling.event(ExchangeEvent::Alerting);
        self.set_sound(LineSound::Ringback, telling);
    }

    /// The ringing of the called party is over, by its answer or because nobody is there.
    pub(super) fn called_answers(&mut self, config: &ExchangeConfig, now: Moment, telling: &mut Telling<'_>) {
        let Stage::Alerting(answer) = &mut self.stage else { return };
        match answer.take() {
            Some(answer) => self.connect(answer, config, now, telling),
            None => self.no_route(telling),
        }
    }

    /// A person answers for the called party.
    pub(super) fn answer_now(&mut self, polarity: bool, config: &ExchangeConfig, now: Moment, telling: &mut Telling<'_>) {
        let Stage::Alerting(answer) = &mut self.stage else { return };
        let usual = Answer { polarity: false, sound: USUAL_ECHO, hang_up: None };
        let mut answer = answer.take().unwrap_or(usual);
        answer.polarity |= polarity;
        self.connect(answer, config, now, telling);
    }

    fn connect(&mut self, answer: Answer, config: &ExchangeConfig, now: Moment, telling: &mut Telling<'_>) {
        self.timers.clear(Clock::CalledAnswers);
        if answer.polarity || config.reversal_on_answer {
            self.reverse(false, telling);
        }
        telling.event(ExchangeEvent::Answered);
        if let Some((after, _)) = answer.hang_up {
            self.timers.set(Clock::FarEndHangsUp, now + after);
        }
        let how = answer.hang_up.and_then(|(_, how)| how);
        self.stage = Stage::Talking { sound: answer.sound.clone(), how, incoming: false, collect: false };
        self.set_sound(LineSound::FarEnd(answer.sound), telling);
    }

    pub(super) fn scripted_hang_up(&mut self, config: &ExchangeConfig, now: Moment, telling: &mut Telling<'_>) {
        if let Stage::Talking { how, .. } = self.stage {
            self.far_end_hangs_up(how, config, now, telling);
        }
    }

    /// The far end hangs up, or gives up ringing.
    pub(super) fn far_end_hangs_up(&mut self, how: Option<HangUpHow>, config: &ExchangeConfig, now: Moment, telling: &mut Telling<'_>) {
        match self.stage {
            Stage::Ringing(..) => self.stop_ringing(now, telling),
            Stage::Talking { .. } => {
                self.timers.clear(Clock::FarEndHangsUp);
                self.forget_waiting();
                telling.event(ExchangeEvent::FarEndHungUp);
                self.tell_hang_up(how.unwrap_or(config.hang_up), now, telling);
            }
            Stage::OnHook
            | Stage::Waiting
            | Stage::DialTone
            | Stage::Collecting(_)
            | Stage::Routing(_)
            | Stage::Alerting(_)
            | Stage::Over => {}
        }
    }

    fn tell_hang_up(&mut self, how: HangUpHow, now: Moment, telling: &mut Telling<'_>) {
        match how {
            HangUpHow::Interruption { ms } => {
                self.cut_current(ms, now, telling);
                self.over(LineSound::Quiet, telling);
            }
            HangUpHow::BusyTone => self.over(LineSound::Busy, telling),
            HangUpHow::CongestionTone => self.over(LineSound::Congestion, telling),
            HangUpHow::DialTone => self.over(LineSound::DialTone, telling),
            HangUpHow::Polarity => {
                self.reverse(!self.wire.forward, telling);
                self.over(LineSound::Quiet, telling);
            }
            HangUpHow::InterruptionAndBusyTone { ms } => {
                self.cut_current(ms, now, telling);
                self.over(LineSound::Busy, telling);
            }
            HangUpHow::Silent => self.over(LineSound::Quiet, telling),
        }
    }

    pub(super) fn no_route(&mut self, telling: &mut Telling<'_>) {
        telling.event(ExchangeEvent::NoRoute);
        self.over(LineSound::Congestion, telling);
    }

    /// Nothing more happens until the subscriber hangs up.
    fn over(&mut self, sound: LineSound, telling: &mut Telling<'_>) {
        self.stage = Stage::Over;
        self.set_sound(sound, telling);
    }

    /// The far end is heard, or heard again.
    pub(super) fn hear_far_end(&mut self, telling: &mut Telling<'_>) {
        if let Stage::Talking { sound, .. } = &self.stage {
            let sound = LineSound::FarEnd(sound.clone());
            self.set_sound(sound, telling);
        }
    }

    pub(super) fn speak(&mut self, new: Sound, telling: &mut Telling<'_>) {
        if let Stage::Talking { sound, .. } = &mut self.stage {
            *sound = new;
            if !self.is_announcing() {
                self.hear_far_end(telling);
            }
        }
    }
}
