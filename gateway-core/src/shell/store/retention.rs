//! How long call records are kept.

use super::record::stored_time;
use super::{Store, StoreError};
use crate::config::settings::GatewaySettings;

/// A day in ms.
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Which records are kept: as many as `records`, and none older than `days`; and the sound of the newest `sounds` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Days since the call began; 0: however long ago.
    pub days: u32,
    /// Most records.
    pub records: u32,
    /// Most sounds.
    pub sounds: u32,
}

impl Retention {
    /// What keeps every record that one of the two keeps.
    #[must_use]
    pub fn or(self, other: Retention) -> Retention {
        let days = if self.days == 0 || other.days == 0 { 0 } else { self.days.max(other.days) };
        Retention { days, records: self.records.max(other.records), sounds: self.sounds.max(other.sounds) }
    }
}

impl From<&GatewaySettings> for Retention {
    fn from(settings: &GatewaySettings) -> Self {
        Retention { days: settings.keep_calls_days, records: settings.keep_calls_max, sounds: settings.keep_sounds_max }
    }
}

impl Store {
    /// Deletes records that are not to be kept, the oldest first, at most `at_most`, and every sound that is not. Answers how many
    /// records: fewer than `at_most` means that none is left to delete.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn prune_calls(&self, retention: Retention, now_epoch_ms: u64, at_most: u32) -> Result<u32, StoreError> {
        let mut deleted = 0;
        if retention.days > 0 {
            let oldest = now_epoch_ms.saturating_sub(u64::from(retention.days) * DAY_MS);
            let statement = "DELETE FROM call_records WHERE seq IN \
                             (SELECT seq FROM call_records WHERE started_at_ms < ? ORDER BY started_at_ms LIMIT ?)";
            deleted += sqlx::query(statement).bind(stored_time(oldest)).bind(at_most).execute(&self.pool).await?.rows_affected();
        }
        let room = u64::from(at_most).saturating_sub(deleted);
        let excess = self.excess(retention.records).await?.min(room);
        if excess > 0 {
            let statement = "DELETE FROM call_records WHERE seq IN (SELECT seq FROM call_records ORDER BY seq LIMIT ?)";
            let excess = i64::try_from(excess).unwrap_or(i64::MAX);
            deleted += sqlx::query(statement).bind(excess).execute(&self.pool).await?.rows_affected();
        }
        self.prune_sounds(retention.sounds).await?;
        if deleted > 0 {
            self.lists.clear();
        }
        Ok(u32::try_from(deleted).unwrap_or(u32::MAX))
    }

    /// How many records there are beyond `kept`.
    async fn excess(&self, kept: u32) -> Result<u64, StoreError> {
        // Numbers grow by one: while they span no more than what is kept, nobody has to count.
        let span: i64 =
            sqlx::query_scalar("SELECT coalesce((SELECT max(seq) FROM call_records) - (SELECT min(seq) FROM call_records) + 1, 0)")
                .fetch_one(&self.pool)
                .await?;
        if span <= i64::from(kept) {
            return Ok(0);
        }
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM call_records").fetch_one(&self.pool).await?;
        Ok(u64::try_from(count - i64::from(kept)).unwrap_or(0))
    }
}
