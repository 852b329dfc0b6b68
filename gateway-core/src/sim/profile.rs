//! The line profile of a country as an executable test: what it promises is tried at the simulated exchange of that country, with real
//! sound and the unmodified brain, and each promise passes or fails.
//!
//! A country's own exchange plays what its profile says, so a profile that passes can still be wrong about the world; one that fails can
//! never work: two of its tones cannot be told apart, its caller ID is not heard in time, its dial tone passes for the end of a call.

use std::time::Duration;

use serde::Serialize;

use super::World;
use super::party::Habits;
use super::telephone::Telephone;
use super::world::credentials;
use crate::config::PortId;
use crate::config::country::{CallerIdHabit, Country, ToneRow, Variant};
use crate::config::settings::{AnswerMode, DialMethod, GatewaySettings, Mode, PortSettings, Secret, Settings};
use crate::dsp::babble::Babble;
use crate::dsp::callerid::CallerIdSource;
use crate::dsp::progress::ProgressTone;
use crate::dsp::tone::ToneGenerator;
use crate::fxo::simulator::act::{CallerIdSending, ExchangeEvent, HangUpHow, IncomingCall, LineAct, LineSound, Sound};
use crate::fxo::simulator::exchange::ExchangeConfig;
use crate::gateway::mark::MarkKind;
use crate::gateway::record::{CallRecord, EndCause};
use crate::rng::Rng;
use crate::time::Moment;

/// Something that a line profile promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "check", rename_all = "snake_case")]
pub enum ProfileCheck {
    /// Dial tone is recognised.
    DialTone,
    /// Digits that are dialled by DTMF arrive, each once.
    DtmfDigits,
    /// Digits that are dialled by pulses arrive.
    PulseDigits,
    /// Ringback is recognised, and passes for no other tone.
    Ringback,
    /// A busy number is told to the SIP caller.
    Busy,
    /// A number without a way to it is told to the SIP caller.
    Congestion,
    /// The far end hangs up, the exchange plays a tone, and the line is let go.
    Disconnect {
        /// Which tone.
        tone: ProgressTone,
        /// Its form: 0 is the usual one, then the further ones of the profile.
        form: u16,
    },
    /// The far end hangs up, the exchange opens the loop, and the line is let go.
    LoopInterruption,
    /// A call rings, is answered, and the caller is known.
    CallerId {
        /// Modulation and time.
        habit: CallerIdHabit,
    },
    /// A caller who gives up is noticed.
    MissedCall,
    /// A conversation of a minute, with a call waiting tone where the country has one, ends when somebody hangs up and not before.
    Conversation,
}

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ProfileResult {
    /// What was tried.
    pub check: ProfileCheck,
    /// It is as promised.
    pub passed: bool,
    /// How long it took, in ms, where time matters; `None`: it did not come, or has no time.
    pub took_ms: Option<u32>,
    /// How long it may take, in ms.
    pub limit_ms: Option<u32>,
}

/// Dial tone is recognised within this, where it is continuous.
const DIAL_TONE_MS: u32 = 600;

/// Where it has a cadence, that has to be heard: as long as the gateway waits for it.
const CADENCED_DIAL_TONE_MS: u32 = 3000;

/// Ringback is recognised within this of the end of its first burst, or of the last burst before its long pause.
const RINGBACK_MS: u32 = 1500;

/// A tone that ends a call has done so within this, or within two of its cycles and a half second where those are longer.
const DISCONNECT_MS: u32 = 3000;

/// A loop interruption has ended the call within this of its threshold.
const INTERRUPTION_MS: u32 = 150;

/// Length of an interruption where the country's is not known.
const USUAL_INTERRUPTION_MS: u32 = 250;

/// All digits, none twice in a row and some twice; no number of it costs anything or calls for help.
const DIALLED: &str = "24681357902";

/// How loud the far end of a conversation speaks, in dBm0.
const SPEECH_DBM0: f32 = -18.0;

/// Who calls in these worlds.
const CALLER: &str = "2134567890";

/// The port of all checks.
const PORT: PortId = PortId(0);

/// The part that a tone plays when the far end has hung up.
enum Part {
    Busy,
    Congestion,
    Dial,
}

impl Part {
    /// What is none of the three plays the part of busy tone.
    fn of(tone: ProgressTone) -> Part {
        match tone {
            ProgressTone::Congestion => Part::Congestion,
            ProgressTone::Dial => Part::Dial,
            ProgressTone::Busy
            | ProgressTone::Ringback
            | ProgressTone::SpecialInformation
            | ProgressTone::CallWaiting
            | ProgressTone::FaxCalling
            | ProgressTone::FaxAnswering
            | ProgressTone::ModemAnswering => Part::Busy,
        }
    }
}

/// What the profile of a country promises, in the order of a call.
#[must_use]
pub fn checks_of(country: &Country) -> Vec<ProfileCheck> {
    let mut checks = vec![
        ProfileCheck::DialTone,
        ProfileCheck::DtmfDigits,
        ProfileCheck::PulseDigits,
        ProfileCheck::Ringback,
        ProfileCheck::Busy,
        ProfileCheck::Congestion,
    ];
    for tone in [ProgressTone::Busy, ProgressTone::Congestion, ProgressTone::Dial] {
        let forms = u16::try_from(forms_of(country, tone).count()).unwrap_or(0);
        checks.extend((0..forms).map(|form| ProfileCheck::Disconnect { tone, form }));
    }
    checks.push(ProfileCheck::LoopInterruption);
    checks.extend(country.caller_id.iter().map(|habit| ProfileCheck::CallerId { habit: *habit }));
    checks.extend([ProfileCheck::MissedCall, ProfileCheck::Conversation]);
    checks
}

/// Tries one promise of a country; the same seed tells the same story.
#[must_use]
pub fn try_check(country: &Country, check: ProfileCheck, seed: u64) -> ProfileResult {
    match check {
        ProfileCheck::DialTone => dial_tone(country, seed),
        ProfileCheck::DtmfDigits => digits(country, check, DialMethod::Dtmf, seed),
        ProfileCheck::PulseDigits => digits(country, check, DialMethod::Pulse, seed),
        ProfileCheck::Ringback => ringback(country, seed),
        ProfileCheck::Busy => refused(country, check, "101", seed),
        ProfileCheck::Congestion => refused(country, check, "105", seed),
        ProfileCheck::Disconnect { tone, form } => disconnect(country, tone, form, seed),
        ProfileCheck::LoopInterruption => loop_interruption(country, seed),
        ProfileCheck::CallerId { habit } => caller_id(country, habit, seed),
        ProfileCheck::MissedCall => missed_call(country, seed),
        ProfileCheck::Conversation => conversation(country, seed),
    }
}

fn dial_tone(country: &Country, seed: u64) -> ProfileResult {
    let mut world = world_of(country, country.dial, ProgressTone::Dial, seed, |_| {});
    call(&mut world, "102");
    let began = when(&mut world, s(5), |world| world.lines.line_sound(PORT) == LineSound::DialTone);
    let heard = when(&mut world, s(6), |world| has_heard(world, ProgressTone::Dial));
    let limit_ms = if country.dial.cadence_ms.is_empty() { DIAL_TONE_MS } else { CADENCED_DIAL_TONE_MS };
    timed(ProfileCheck::DialTone, began, heard, limit_ms)
}

fn digits(country: &Country, check: ProfileCheck, method: DialMethod, seed: u64) -> ProfileResult {
    let mut world = usual_world(country, seed, |port| port.line.dial_method = method);
    call(&mut world, DIALLED);
    world.run_until(s(45), |world| noted(world, |event| matches!(event, ExchangeEvent::Dialed { .. })));
    plain(check, world.digits_at_exchange(0) == DIALLED)
}

fn ringback(country: &Country, seed: u64) -> ProfileResult {
    let mut world = usual_world(country, seed, |port| port.line.answer_mode = AnswerMode::Voice);
    call(&mut world, "102");
    let began = when(&mut world, s(12), |world| world.lines.line_sound(PORT) == LineSound::Ringback);
    let heard = when(&mut world, s(12), |world| has_heard(world, ProgressTone::Ringback));
    world.run_for(s(15));
    let as_another = [ProgressTone::Busy, ProgressTone::Congestion].into_iter().any(|tone| has_heard(&world, tone));
    let first_burst_ms: u32 = country.ringback.cadence_ms.iter().rev().skip(1).sum();
    let result = timed(ProfileCheck::Ringback, began, heard, first_burst_ms + RINGBACK_MS);
    ProfileResult { passed: result.passed && !as_another && world.records.is_empty(), ..result }
}

fn refused(country: &Country, check: ProfileCheck, number: &str, seed: u64) -> ProfileResult {
    let mut world = usual_world(country, seed, |port| port.line.answer_mode = AnswerMode::Voice);
    call(&mut world, number);
    let is_busy = check == ProfileCheck::Busy;
    let (row, sound) = if is_busy { (country.busy, LineSound::Busy) } else { (country.congestion, LineSound::Congestion) };
    let began = when(&mut world, s(12), |world| world.lines.line_sound(PORT) == sound);
    let ended = when(&mut world, s(10), |world| !world.records.is_empty());
    let sound_alike =
        country.busy.cadence_ms == country.congestion.cadence_ms && country.busy.frequencies_hz == country.congestion.frequencies_hz;
    let (wanted, other) = if is_busy { (EndCause::Busy, EndCause::Congestion) } else { (EndCause::Congestion, EndCause::Busy) };
    let right = world.records.first().is_some_and(|record| record.cause == wanted || (sound_alike && record.cause == other));
    let result = timed(check, began, ended, disconnect_limit_ms(row));
    ProfileResult { passed: result.passed && right, ..result }
}

fn disconnect(country: &Country, tone: ProgressTone, form: u16, seed: u64) -> ProfileResult {
    let check = ProfileCheck::Disconnect { tone, form };
    let Some(row) = forms_of(country, tone).nth(usize::from(form)) else { return plain(check, false) };
    let mut world = world_of(country, row, tone, seed, |_| {});
    let how = match Part::of(tone) {
        Part::Busy => HangUpHow::BusyTone,
        Part::Congestion => HangUpHow::CongestionTone,
        Part::Dial => HangUpHow::DialTone,
    };
    let (began, ended) = hang_up(&mut world, how);
    let result = timed(check, began, ended, disconnect_limit_ms(row));
    ProfileResult { passed: result.passed && by_line(&world), ..result }
}

fn loop_interruption(country: &Country, seed: u64) -> ProfileResult {
    let mut world = usual_world(country, seed, |_| {});
    let ms = country.loop_interruption_ms.unwrap_or(USUAL_INTERRUPTION_MS);
    let (began, ended) = hang_up(&mut world, HangUpHow::Interruption { ms });
    let threshold_ms = PortSettings::default().line.loop_interruption_ms;
    let result = timed(ProfileCheck::LoopInterruption, began, ended, threshold_ms + INTERRUPTION_MS);
    ProfileResult { passed: result.passed && by_line(&world), ..result }
}

fn caller_id(country: &Country, habit: CallerIdHabit, seed: u64) -> ProfileResult {
    let check = ProfileCheck::CallerId { habit };
    let mut world = usual_world(country, seed, |_| {});
    let category = (country.caller_id_category && habit.source == CallerIdSource::Dtmf).then_some('1');
    let caller_id = Some(CallerIdSending::of(habit));
    world.act(0, LineAct::Ring(IncomingCall { from: Some(CALLER.to_owned()), category, caller_id, ..IncomingCall::default() }));
    let answered = when(&mut world, s(25), |world| has_mark(world, |what| matches!(what, MarkKind::Answered { .. })));
    world.with_party(0, |party, now| party.hang_up_all(now));
    world.run_until(s(5), |world| !world.records.is_empty());
    let known = world.records.first().is_some_and(|record| record.from == CALLER);
    plain(check, answered.is_some() && known)
}

fn missed_call(country: &Country, seed: u64) -> ProfileResult {
    let mut world = usual_world(country, seed, |_| {});
    world.with_party(0, |party, _| party.habits.answers_after = None);
    world.act(0, LineAct::Ring(IncomingCall { from: Some(CALLER.to_owned()), ..IncomingCall::default() }));
    world.run_until(s(15), |world| has_mark(world, |what| matches!(what, MarkKind::SipOut { .. })));
    world.run_for(s(10));
    let rings_on = world.records.is_empty();
    world.act(0, LineAct::StopRinging);
    let began = Some(world.now());
    let ended = when(&mut world, s(15), |world| !world.records.is_empty());
    let missed = world.records.first().is_some_and(|record| record.cause == EndCause::CallerGaveUp);
    let result = timed(ProfileCheck::MissedCall, began, ended, country.ring_timeout_ms() + INTERRUPTION_MS);
    ProfileResult { passed: result.passed && missed && rings_on, ..result }
}

fn conversation(country: &Country, seed: u64) -> ProfileResult {
    let mut world = usual_world(country, seed, |_| {});
    call(&mut world, "107");
    world.run_until(s(20), |world| noted(world, |event| *event == ExchangeEvent::Answered));
    let mut said = vec![0; 8 * 10_000];
    Babble::new(Rng::from_seed(seed), SPEECH_DBM0).fill(&mut said);
    if let Some(waiting) = country.call_waiting {
        ToneGenerator::new(&waiting.spec()).mix_into(&mut said);
    }
    world.act(0, LineAct::Speak { sound: Sound::Recording { samples: said.into() } });
    world.run_for(s(60));
    let goes_on = world.records.is_empty();
    world.with_party(0, |party, now| party.hang_up_all(now));
    world.run_until(s(5), |world| !world.records.is_empty());
    let by_hand = world.records.first().is_some_and(|record| record.cause == EndCause::SipHungUp);
    plain(ProfileCheck::Conversation, goes_on && by_hand)
}

/// Talks, lets the far end hang up, and says when the line was told so and when the call was over.
fn hang_up(world: &mut World, how: HangUpHow) -> (Option<Moment>, Option<Moment>) {
    call(world, "100");
    world.run_until(s(20), |world| noted(world, |event| *event == ExchangeEvent::Answered));
    world.act(0, LineAct::Speak { sound: Sound::Speech });
    world.run_for(s(3));
    world.act(0, LineAct::Speak { sound: Sound::Silence });
    world.run_for(Duration::from_millis(300));
    let began = world.records.is_empty().then(|| world.now());
    world.act(0, LineAct::HangUp { how: Some(how) });
    let ended = when(world, s(10), |world| !world.records.is_empty());
    (began, ended)
}

/// The exchange of a country, a SIP telephone that is registered, and one line between them.
fn usual_world(country: &Country, seed: u64, change: impl FnOnce(&mut PortSettings)) -> World {
    world_of(country, country.busy, ProgressTone::Busy, seed, change)
}

/// The same where the exchange plays one of its tones in this form.
fn world_of(country: &Country, row: ToneRow, tone: ProgressTone, seed: u64, change: impl FnOnce(&mut PortSettings)) -> World {
    let mut exchange = ExchangeConfig::of(country, 1);
    match Part::of(tone) {
        Part::Busy => exchange.tones.busy = row.spec(),
        Part::Congestion => exchange.tones.congestion = row.spec(),
        Part::Dial => exchange.tones.dial = row.spec(),
    }
    let mut port =
        PortSettings { user: "p1".to_owned(), secret: Secret("secret1".to_owned()), target: "p1".to_owned(), ..PortSettings::default() };
    change(&mut port);
    let gateway = GatewaySettings {
        mode: Mode::SipServer,
        qualify_s: 0,
        country: country.code.to_owned(),
        dial_international: true,
        dial_premium: true,
        ..GatewaySettings::default()
    };
    let mut world = World::at_exchange(Settings { gateway, ports: vec![port] }, exchange, seed);
    world.add_party(Habits::default());
    if let Some(party) = world.parties.first_mut() {
        party.telephone = Some(Telephone::default());
    }
    world.register(0, "p1", "secret1");
    world
}

fn call(world: &mut World, number: &str) {
    world.call(0, number, Some(credentials("p1", "secret1")));
}

/// When something became true, if it did within the limit.
fn when(world: &mut World, limit: Duration, is_true: impl FnMut(&World) -> bool) -> Option<Moment> {
    world.run_until(limit, is_true).then(|| world.now())
}

fn timed(check: ProfileCheck, began: Option<Moment>, ended: Option<Moment>, limit_ms: u32) -> ProfileResult {
    let took = began.zip(ended).map(|(began, ended)| ended.since(began));
    let took_ms = took.map(|took| u32::try_from(took.as_millis()).unwrap_or(u32::MAX));
    ProfileResult { check, passed: took_ms.is_some_and(|took_ms| took_ms <= limit_ms), took_ms, limit_ms: Some(limit_ms) }
}

fn plain(check: ProfileCheck, passed: bool) -> ProfileResult {
    ProfileResult { check, passed, took_ms: None, limit_ms: None }
}

/// The usual form of a tone, and the further ones.
fn forms_of(country: &Country, tone: ProgressTone) -> impl Iterator<Item = ToneRow> {
    let usual = match Part::of(tone) {
        Part::Busy => country.busy,
        Part::Congestion => country.congestion,
        Part::Dial => country.dial,
    };
    let further = country.variants.iter().filter(move |variant: &&Variant| variant.tone == tone).map(|variant| variant.row);
    std::iter::once(usual).chain(further)
}

fn disconnect_limit_ms(row: ToneRow) -> u32 {
    (2 * row.cadence_ms.iter().sum::<u32>() + 500).max(DISCONNECT_MS)
}

fn by_line(world: &World) -> bool {
    let ended_by_line = |record: &CallRecord| record.cause == EndCause::LineHungUp && record.evidence.is_some();
    world.records.first().is_some_and(ended_by_line)
}

fn has_heard(world: &World, tone: ProgressTone) -> bool {
    has_mark(world, |what| matches!(what, MarkKind::Tone(heard) if heard.tone == tone))
}

fn has_mark(world: &World, is_it: impl Fn(&MarkKind) -> bool) -> bool {
    world.marks.iter().any(|mark| is_it(&mark.what))
}

fn noted(world: &World, is_it: impl Fn(&ExchangeEvent) -> bool) -> bool {
    world.lines.noted.iter().any(|(_, _, event)| is_it(event))
}

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
