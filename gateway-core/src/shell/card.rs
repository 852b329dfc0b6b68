//! A sound card that carries the voice of lines: opened by its id, never as the system's default.
//!
//! The system calls back on threads of its own, which neither wait nor allocate: they move samples through rings. A thread of
//! ours makes frames of what was recorded, whose pace is the clock of everything else.

mod lane;
mod list;
mod stream;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use cpal::traits::StreamTrait as _;
use rtrb::{Consumer, RingBuffer};
use serde::{Deserialize, Serialize};

use self::lane::Lane;
pub use self::list::{CardEntry, beside, cards};
use self::stream::{Direction, Form, Playing, Recording};
use crate::config::PortId;
use crate::dsp::Frame;
use crate::fxo::card::{Capture, ChannelMap};

/// How long the thread sleeps when the card records nothing; the card wakes it.
const NAP: Duration = Duration::from_millis(50);

/// A card that recorded nothing, or played nothing, for this long is as good as gone.
const DEAF: Duration = Duration::from_secs(2);

/// Room for what was recorded and not yet taken: half a second.
const RECORDED_PER_S: usize = 2;

/// A sound card by the ids that the system gives its two directions; they are the same where a card has one id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct CardId {
    /// What records.
    pub capture: String,
    /// What plays.
    pub playback: String,
    /// Samples a second, for a card that does not do well what it says that it can; `None`: the best that it says.
    #[serde(default)]
    pub rate_hz: Option<u32>,
}

impl CardId {
    /// A card with one id for both directions.
    #[must_use]
    pub fn of_both(id: impl Into<String>) -> Self {
        let capture = id.into();
        CardId { playback: capture.clone(), capture, rate_hz: None }
    }
}

/// Why a card cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CardFault {
    /// There is none with this id.
    #[error("no_card")]
    NotFound,
    /// Another program uses it.
    #[error("card_busy")]
    Busy,
    /// This user may not.
    #[error("denied")]
    Denied,
    /// It has no form that a line fits in, such as too few channels.
    #[error("card_unfit")]
    Unfit,
    /// The system failed otherwise.
    #[error("failed")]
    Failed,
}

/// What a card tells.
#[derive(Clone, Debug, PartialEq)]
pub enum CardSaid {
    /// 20 ms of a port.
    Heard(PortId, Frame),
    /// It was unplugged, or fell silent; nothing more comes.
    Lost,
}

/// What went wrong on a card since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CardCounters {
    /// Times it had nothing to play.
    pub underruns: u32,
    /// Times what it recorded was lost.
    pub overruns: u32,
    /// Frames left out because too much waited to be played.
    pub skipped: u32,
}

/// What the threads of a card share.
#[derive(Debug, Default)]
struct Shared {
    ended: AtomicBool,
    /// A stream said that it is over.
    lost: AtomicBool,
    /// Portions that the card took to play, silence too.
    portions: AtomicU32,
    underruns: AtomicU32,
    overruns: AtomicU32,
}

/// An open card. Dropping it closes it.
pub struct Card {
    lanes: Vec<(PortId, Lane)>,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
    /// Kept for what they do; the one that records goes first.
    _capture: cpal::Stream,
    _playback: cpal::Stream,
}

impl Card {
    /// Opens a card whose channels are lines. `say` hears what it tells, on a thread of the card, and ends that by answering false.
    ///
    /// # Errors
    /// [`CardFault`]: it cannot be used.
    pub fn open(id: &CardId, map: &ChannelMap, say: impl FnMut(CardSaid) -> bool + Send + 'static) -> Result<Self, CardFault> {
        let recorder = list::device(&id.capture)?;
        let player = list::device(&id.playback)?;
        let recorded = Form::choose(&recorder, Direction::Capture, map.channels(), id.rate_hz)?;
        let played = Form::choose(&player, Direction::Playback, map.channels(), id.rate_hz)?;
        tracing::info!(?recorded, ?played, "a sound card is opened");
        let shared = Arc::new(Shared::default());
        let room = usize::try_from(recorded.rate_hz()).unwrap_or(0) * usize::from(recorded.channels()) / RECORDED_PER_S;
        let (sink, source) = RingBuffer::new(room);
        let frames = Capture::new(recorded.rate_hz(), recorded.channels(), map).map_err(|_| CardFault::Unfit)?;
        let (lanes, tails) = lane::lanes(played.rate_hz(), map).map_err(|_| CardFault::Unfit)?;
        let listener = start(source, frames, Arc::clone(&shared), say)?;
        let woken = listener.thread().clone();
        let mut opening = Opening { shared: Arc::clone(&shared), listener: Some(listener) };
        let recording = Recording { sink, shared: Arc::clone(&shared), woken: woken.clone() };
        let capture = stream::open(recording, &recorder, recorded)?;
        let playback = stream::open(Playing { tails, shared: Arc::clone(&shared), woken }, &player, played)?;
        playback.play().and_then(|()| capture.play()).map_err(|error| stream::fault(&error))?;
        Ok(Card { lanes, shared, listener: opening.listener.take(), _capture: capture, _playback: playback })
    }

    /// 20 ms to be heard on a port: one for each that was heard from it.
    pub fn play(&mut self, port: PortId, frame: &Frame) {
        if let Some((_, lane)) = self.lanes.iter_mut().find(|(of, _)| *of == port) {
            lane.play(frame);
        }
    }

    /// What went wrong so far.
    #[must_use]
    pub fn counters(&self) -> CardCounters {
        CardCounters {
            underruns: self.shared.underruns.load(Ordering::Relaxed),
            overruns: self.shared.overruns.load(Ordering::Relaxed),
            skipped: self.lanes.iter().map(|(_, lane)| lane.skipped()).fold(0, u32::saturating_add),
        }
    }
}

impl Drop for Card {
    fn drop(&mut self) {
        end(&self.shared, self.listener.take());
    }
}

impl std::fmt::Debug for Card {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Card").field("lanes", &self.lanes.len()).finish_non_exhaustive()
    }
}

/// A card whose streams may still fail to open: its thread ends with it.
struct Opening {
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

impl Drop for Opening {
    fn drop(&mut self) {
        if self.listener.is_some() {
            end(&self.shared, self.listener.take());
        }
    }
}

fn end(shared: &Shared, listener: Option<JoinHandle<()>>) {
    shared.ended.store(true, Ordering::Release);
    if let Some(listener) = listener {
        listener.thread().unpark();
        // A thread that panicked has nothing more to say.
        let _ = listener.join();
    }
}

/// Starts the thread that makes frames of what is recorded.
fn start(
    source: Consumer<f32>,
    frames: Capture,
    shared: Arc<Shared>,
    say: impl FnMut(CardSaid) -> bool + Send + 'static,
) -> Result<JoinHandle<()>, CardFault> {
    let work = move || listen(source, frames, &shared, say);
    std::thread::Builder::new().name("card".to_owned()).spawn(work).map_err(|_| CardFault::Failed)
}

fn listen(mut source: Consumer<f32>, mut frames: Capture, shared: &Shared, mut say: impl FnMut(CardSaid) -> bool) {
    let mut heard = Instant::now();
    let mut played = (0, heard);
    loop {
        if shared.ended.load(Ordering::Acquire) {
            return;
        }
        let mut wanted = true;
        if let Ok(recorded) = source.read_chunk(source.slots())
            && !recorded.is_empty()
        {
            heard = Instant::now();
            let (front, back) = recorded.as_slices();
            for piece in [front, back] {
                frames.push(piece, |port, frame| wanted &= say(CardSaid::Heard(port, frame)));
            }
            recorded.commit_all();
        } else {
            std::thread::park_timeout(NAP);
        }
        let portions = shared.portions.load(Ordering::Relaxed);
        if portions != played.0 {
            played = (portions, Instant::now());
        }
        if shared.lost.load(Ordering::Acquire) || heard.elapsed() > DEAF || played.1.elapsed() > DEAF {
            // Whoever listens closes the card for that.
            let _ = say(CardSaid::Lost);
            return;
        }
        if !wanted {
            return;
        }
    }
}
