//! The inbox of a thread: two bounded lanes, one for orders and one for audio, with a rule for each when it is full.
//!
//! Orders are never dropped: a sender that finds the lane full waits no longer than it said, and is then told
//! [`SendFailure::Stuck`], upon which it gives the receiver up and leaves it word of that ([`Outbox::give_up`]). Audio is
//! perishable: the oldest frame goes, and is counted.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Why an order did not arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SendFailure {
    /// The lane stayed full: the receiver does not do its work.
    Stuck,
    /// The receiver is gone.
    Closed,
}

/// What a receiver got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received<O, A> {
    /// An order.
    Order(O),
    /// Audio.
    Audio(A),
    /// The deadline passed.
    DeadlinePassed,
    /// Every sender is gone and both lanes are empty.
    Closed,
}

struct Lanes<O, A> {
    orders: VecDeque<O>,
    audio: VecDeque<A>,
    audio_dropped: u64,
    given_up: bool,
    senders: usize,
    receiver_alive: bool,
}

struct Shared<O, A> {
    lanes: Mutex<Lanes<O, A>>,
    filled: Condvar,
    drained: Condvar,
    order_capacity: usize,
    audio_capacity: usize,
}

impl<O, A> Shared<O, A> {
    /// The lanes; a panic elsewhere while they were locked leaves them usable, because no step leaves them half done.
    fn lock(&self) -> MutexGuard<'_, Lanes<O, A>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The receiving end; it belongs to one thread.
pub(crate) struct Inbox<O, A> {
    shared: Arc<Shared<O, A>>,
}

/// A sending end.
pub(crate) struct Outbox<O, A> {
    shared: Arc<Shared<O, A>>,
}

/// Both ends of an inbox with room for so many orders and so many pieces of audio.
#[must_use]
pub(crate) fn inbox<O, A>(order_capacity: usize, audio_capacity: usize) -> (Outbox<O, A>, Inbox<O, A>) {
    let lanes = Lanes {
        orders: VecDeque::with_capacity(order_capacity.min(64)),
        audio: VecDeque::with_capacity(audio_capacity),
        audio_dropped: 0,
        given_up: false,
        senders: 1,
        receiver_alive: true,
    };
    let shared =
        Arc::new(Shared { lanes: Mutex::new(lanes), filled: Condvar::new(), drained: Condvar::new(), order_capacity, audio_capacity });
    (Outbox { shared: Arc::clone(&shared) }, Inbox { shared })
}

impl<O, A> Outbox<O, A> {
    /// Sends an order, waiting at most `patience` while the lane is full.
    ///
    /// # Errors
    /// [`SendFailure::Stuck`] when the lane stayed full, [`SendFailure::Closed`] when the receiver is gone.
    pub(crate) fn send(&self, order: O, patience: Duration) -> Result<(), SendFailure> {
        let give_up = Instant::now() + patience;
        let mut lanes = self.shared.lock();
        loop {
            if !lanes.receiver_alive {
                return Err(SendFailure::Closed);
            }
            if lanes.orders.len() < self.shared.order_capacity {
                lanes.orders.push_back(order);
                self.shared.filled.notify_one();
                return Ok(());
            }
            let left = give_up.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(SendFailure::Stuck);
            }
            lanes = self.shared.drained.wait_timeout(lanes, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Leaves word that the receiver was given up: an order did not reach it, and whoever sent it now reckons without it. It is
    /// no order, so that it arrives when orders do not.
    pub(crate) fn give_up(&self) {
        self.shared.lock().given_up = true;
        self.shared.filled.notify_one();
    }

    /// Sends audio; when the lane is full the oldest piece goes and is counted. Audio for a receiver that is gone vanishes.
    pub(crate) fn play(&self, audio: A) {
        let mut lanes = self.shared.lock();
        if !lanes.receiver_alive {
            return;
        }
        if lanes.audio.len() >= self.shared.audio_capacity {
            lanes.audio.pop_front();
            lanes.audio_dropped += 1;
        }
        lanes.audio.push_back(audio);
        self.shared.filled.notify_one();
    }
}

impl<O, A> Inbox<O, A> {
    /// The next order, else the next piece of audio, waiting until `deadline` (for ever when there is none).
    pub(crate) fn receive(&self, deadline: Option<Instant>) -> Received<O, A> {
        let mut lanes = self.shared.lock();
        loop {
            if let Some(order) = lanes.orders.pop_front() {
                self.shared.drained.notify_one();
                return Received::Order(order);
            }
            if let Some(audio) = lanes.audio.pop_front() {
                return Received::Audio(audio);
            }
            if lanes.senders == 0 {
                return Received::Closed;
            }
            lanes = match deadline {
                None => self.shared.filled.wait(lanes).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Received::DeadlinePassed;
                    }
                    self.shared.filled.wait_timeout(lanes, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Whether a sender gave this receiver up since this was last asked.
    pub(crate) fn take_given_up(&self) -> bool {
        std::mem::take(&mut self.shared.lock().given_up)
    }

    /// How many pieces of audio were dropped because this receiver was late.
    #[must_use]
    pub(crate) fn audio_dropped(&self) -> u64 {
        self.shared.lock().audio_dropped
    }
}

impl<O, A> Clone for Outbox<O, A> {
    fn clone(&self) -> Self {
        self.shared.lock().senders += 1;
        Outbox { shared: Arc::clone(&self.shared) }
    }
}

impl<O, A> Drop for Outbox<O, A> {
    fn drop(&mut self) {
        self.shared.lock().senders -= 1;
        self.shared.filled.notify_all();
    }
}

impl<O, A> Drop for Inbox<O, A> {
    fn drop(&mut self) {
        let mut lanes = self.shared.lock();
        lanes.receiver_alive = false;
        lanes.orders.clear();
        lanes.audio.clear();
        self.shared.drained.notify_all();
    }
}

impl<O, A> std::fmt::Debug for Outbox<O, A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outbox").finish_non_exhaustive()
    }
}

impl<O, A> std::fmt::Debug for Inbox<O, A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inbox").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT_ONCE: Duration = Duration::ZERO;

    fn now() -> Option<Instant> {
        Some(Instant::now())
    }

    #[test]
    fn late_audio_loses_its_oldest_pieces_and_they_are_counted() {
        let (outbox, inbox) = inbox::<(), u8>(1, 2);
        for piece in 1..=5 {
            outbox.play(piece);
        }
        assert_eq!(inbox.audio_dropped(), 3);
        assert_eq!(inbox.receive(now()), Received::Audio(4));
        assert_eq!(inbox.receive(now()), Received::Audio(5));
        assert_eq!(inbox.receive(now()), Received::DeadlinePassed);
    }

    #[test]
    fn orders_come_first_in_their_order_and_are_never_dropped() {
        let (outbox, inbox) = inbox::<u8, u8>(2, 2);
        outbox.play(9);
        assert_eq!(outbox.send(1, AT_ONCE), Ok(()));
        assert_eq!(outbox.send(2, AT_ONCE), Ok(()));
        assert_eq!(outbox.send(3, Duration::from_millis(5)), Err(SendFailure::Stuck));
        assert_eq!(inbox.receive(None), Received::Order(1));
        assert_eq!(outbox.send(3, AT_ONCE), Ok(()));
        assert_eq!(inbox.receive(None), Received::Order(2));
        assert_eq!(inbox.receive(None), Received::Order(3));
        assert_eq!(inbox.receive(None), Received::Audio(9));
    }

    #[test]
    fn a_receiver_that_was_given_up_learns_it_once_although_its_lane_is_full() {
        let (outbox, inbox) = inbox::<u8, ()>(1, 1);
        assert_eq!(outbox.send(1, AT_ONCE), Ok(()));
        assert_eq!(outbox.send(2, AT_ONCE), Err(SendFailure::Stuck));
        assert!(!inbox.take_given_up());
        outbox.give_up();
        assert!(inbox.take_given_up());
        assert!(!inbox.take_given_up());
        assert_eq!(inbox.receive(None), Received::Order(1));
    }

    #[test]
    fn a_sender_waits_for_room_and_a_receiver_for_work() {
        let (outbox, inbox) = inbox::<u32, ()>(1, 1);
        let sender = std::thread::spawn(move || (0..100).all(|n| outbox.send(n, Duration::from_secs(10)).is_ok()));
        for n in 0..100 {
            assert_eq!(inbox.receive(Some(Instant::now() + Duration::from_secs(10))), Received::Order(n));
        }
        assert!(sender.join().unwrap());
        assert_eq!(inbox.receive(None), Received::Closed);
    }

    #[test]
    fn each_end_learns_that_the_other_is_gone() {
        let (outbox, inbox) = inbox::<u8, u8>(1, 1);
        let second = outbox.clone();
        drop(outbox);
        assert_eq!(second.send(1, AT_ONCE), Ok(()));
        drop(inbox);
        assert_eq!(second.send(2, AT_ONCE), Err(SendFailure::Closed));
        second.play(1);
    }
}
