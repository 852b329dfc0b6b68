//! The task that keeps call records, their sounds and line tests: it writes new ones and forgets old ones, a little at a time.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, broadcast, mpsc};
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::clock::Clock;
use super::handle::Update;
use super::store::{RecordDirection, Retention, Store, StoreError, StoredLineTest, StoredMark, StoredRecord};
use crate::code;
use crate::gateway::line_test::{LineTestReport, Verdict};
use crate::gateway::mark::Mark;
use crate::gateway::record::{CallDirection, CallRecord};
use crate::media::CallSound;
use crate::time::Moment;

/// Records that may wait for the database: an hour of busy lines.
const RECORDS: usize = 1024;

/// Records that are forgotten in one step; new ones are written in between.
const STEP: u32 = 200;

/// The pause between two steps while there is more to forget.
const BETWEEN_STEPS: Duration = Duration::from_millis(50);

/// How often it is looked for records that have become too old.
const LOOK: Duration = Duration::from_secs(60 * 60);

/// Pauses before what could not be written is tried again.
const AGAIN_MS: [u64; 3] = [50, 200, 1000];

/// Which records are kept. What is deleted never returns, so while settings are on probation everything is kept that they or those
/// before them want. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct KeptCalls(Arc<(Mutex<Retention>, Notify)>);

impl KeptCalls {
    pub(crate) fn new(retention: Retention) -> Self {
        KeptCalls(Arc::new((Mutex::new(retention), Notify::new())))
    }

    pub(crate) fn get(&self) -> Retention {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set(&self, retention: Retention) {
        *self.0.0.lock().unwrap_or_else(PoisonError::into_inner) = retention;
        self.0.1.notify_one();
    }
}

/// What is to be kept, in the order in which it came about: whoever hears of a record can read what came before it.
#[derive(Debug)]
pub(crate) enum ToKeep {
    /// A call is over.
    Call(Box<CallRecord>),
    /// A line test is over.
    LineTest(Box<LineTestReport>),
    /// What was last heard on the line of a call that was told before.
    Sound(CallSound),
}

/// What the task works with.
pub(crate) struct Keeper {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) kept: KeptCalls,
    pub(crate) updates: broadcast::Sender<Update>,
}

impl Keeper {
    /// Starts the task. Records go in at the one end; the other ends when the last of them is written.
    pub(crate) fn start(self) -> (mpsc::Sender<ToKeep>, JoinHandle<()>) {
        let (records, inbox) = mpsc::channel(RECORDS);
        (records, tokio::spawn(self.keep(inbox)))
    }

    /// Works until the brain is gone and its last record is written.
    async fn keep(self, mut records: mpsc::Receiver<ToKeep>) {
        let mut due = Instant::now();
        loop {
            tokio::select! {
                biased;
                record = records.recv() => match record {
                    Some(ToKeep::Call(record)) => {
                        self.write(&record).await;
                        due = Instant::now();
                    }
                    Some(ToKeep::LineTest(report)) => self.write_line_test(&report).await,
                    Some(ToKeep::Sound(sound)) => {
                        self.write_sound(&sound).await;
                        due = Instant::now();
                    }
                    None => return,
                },
                // Whoever wants less kept does not wait for an hour.
                () = self.kept.0.1.notified() => due = Instant::now(),
                () = tokio::time::sleep_until(due) => due = Instant::now() + self.forget_some().await,
            }
        }
    }

    /// Writes a record and tells.
    async fn write(&self, record: &CallRecord) {
        let record = stored_record(record, self.clock);
        match persistently(|| self.store.append_record(&record)).await {
            // Nobody listening is fine.
            Ok(()) => _ = self.updates.send(Update::Kept(record.id)),
            Err(error) => tracing::error!(code = StoreError::code(&error), "a call record could not be written"),
        }
    }

    async fn write_line_test(&self, report: &LineTestReport) {
        let test = stored_line_test(report, self.clock);
        if let Err(error) = persistently(|| self.store.append_line_test(&test)).await {
            tracing::error!(code = StoreError::code(&error), "a line test could not be written");
        }
    }

    async fn write_sound(&self, sound: &CallSound) {
        if let Err(error) = persistently(|| self.store.keep_sound(sound)).await {
            tracing::error!(code = StoreError::code(&error), "the sound of a call could not be written");
        }
    }

    /// Forgets a few records that are not to be kept, and answers when to look again.
    async fn forget_some(&self) -> Duration {
        match self.store.prune_calls(self.kept.get(), self.clock.epoch_ms(self.clock.now()), STEP).await {
            Ok(STEP..) => BETWEEN_STEPS,
            Ok(_) => LOOK,
            Err(error) => {
                tracing::warn!(code = error.code(), "old call records could not be deleted");
                LOOK
            }
        }
    }
}

/// Writes, and where that fails tries again a few times; the database keeps the same thing once only.
async fn persistently<Written>(write: impl Fn() -> Written) -> Result<(), StoreError>
where
    Written: Future<Output = Result<(), StoreError>>,
{
    for pause_ms in AGAIN_MS {
        if write().await.is_ok() {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
    }
    write().await
}

/// As a line test is stored, and handed over.
pub(super) fn stored_line_test(report: &LineTestReport, clock: Clock) -> StoredLineTest {
    let at = |ms: u64| clock.epoch_ms(Moment::from_millis(ms));
    StoredLineTest {
        id: report.id.clone(),
        port: report.port,
        name: report.name.clone(),
        device: report.device.clone(),
        started_at_ms: at(report.started_ms),
        ended_at_ms: at(report.ended_ms.unwrap_or(report.started_ms)),
        verdict: report.verdict.unwrap_or(Verdict::NotMeasured),
        cause: report.end.map(|cause| code::of(&cause)).unwrap_or_default(),
        results: report.results.clone(),
    }
}

fn stored_record(record: &CallRecord, clock: Clock) -> StoredRecord {
    let at = |ms: u64| clock.epoch_ms(Moment::from_millis(ms));
    StoredRecord {
        id: record.id.clone(),
        port: record.port,
        direction: match record.direction {
            CallDirection::SipToFxo => RecordDirection::SipToFxo,
            CallDirection::FxoToSip => RecordDirection::FxoToSip,
            CallDirection::Test => RecordDirection::Test,
        },
        from: record.from.clone(),
        to: record.to.clone(),
        started_at_ms: at(record.started_ms),
        answered_at_ms: record.answered_ms.map(at),
        ended_at_ms: at(record.ended_ms),
        cause: code::of(&record.cause),
        evidence: record.evidence.clone(),
        sip_status: record.sip_status,
        timeline: record.timeline.iter().map(|mark| stored_mark(mark, record.started_ms)).collect(),
        damaged: false,
    }
}

fn stored_mark(mark: &Mark, started_ms: u64) -> StoredMark {
    let signed = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
    StoredMark { after_ms: signed(mark.at_ms).saturating_sub(signed(started_ms)), what: Some(mark.what.clone()) }
}

#[cfg(test)]
mod tests;
