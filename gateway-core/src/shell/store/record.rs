//! Call records: one row for each call that is over.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Store, StoreError};
use crate::config::PortId;

/// How many call records are kept; the oldest ones go when newer ones come.
pub const MAX_RECORDS: u32 = 100_000;

/// Most records that one query returns.
const MAX_PAGE: u32 = 1000;

/// Which side called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum RecordDirection {
    /// A SIP caller went out on the line.
    SipToFxo,
    /// The line rang and SIP was called.
    FxoToSip,
    /// The operator tested the line.
    Test,
}

/// A call record as it is stored. Times are milliseconds since 1970-01-01 UTC.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRecord {
    /// Unique; a record with an id that is stored already changes nothing.
    pub id: String,
    /// The port.
    pub port: PortId,
    /// Which side called.
    pub direction: RecordDirection,
    /// Who called.
    pub from: String,
    /// Who was called.
    pub to: String,
    /// First sign of the call.
    pub started_at_ms: u64,
    /// When it was answered, if it was.
    pub answered_at_ms: Option<u64>,
    /// When it was over.
    pub ended_at_ms: u64,
    /// Code of why it ended.
    pub cause: String,
    /// What showed it.
    pub evidence: Value,
    /// Final SIP status, where there was one.
    pub sip_status: Option<u16>,
}

impl Store {
    /// Keeps a record. Doing it twice with the same id is doing it once: the first one stays.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn append_record(&self, record: &StoredRecord) -> Result<(), StoreError> {
        self.append_bounded(record, MAX_RECORDS).await
    }

    /// Appends and forgets what is older than the newest `kept` records.
    pub(super) async fn append_bounded(&self, record: &StoredRecord, kept: u32) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query(
            "INSERT INTO call_records \
             (id, port, direction, caller, callee, started_at_ms, answered_at_ms, ended_at_ms, cause, evidence, sip_status) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
        )
        .bind(&record.id)
        .bind(record.port.0)
        .bind(word(record.direction))
        .bind(&record.from)
        .bind(&record.to)
        .bind(stored_time(record.started_at_ms))
        .bind(record.answered_at_ms.map(stored_time))
        .bind(stored_time(record.ended_at_ms))
        .bind(&record.cause)
        .bind(record.evidence.to_string())
        .bind(record.sip_status)
        .execute(&mut *transaction)
        .await?;
        sqlx::query("DELETE FROM call_records WHERE seq <= (SELECT max(seq) FROM call_records) - ?")
            .bind(kept)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The newest records first, at most `limit` (and 1000); `before` is the id of the last record of the page before. An id
    /// that is not kept any more has nothing before it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn records(&self, limit: u32, before: Option<&str>) -> Result<Vec<StoredRecord>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, port, direction, caller, callee, started_at_ms, answered_at_ms, ended_at_ms, cause, evidence, sip_status \
             FROM call_records WHERE ?1 IS NULL OR seq < (SELECT seq FROM call_records WHERE id = ?1) ORDER BY seq DESC LIMIT ?2",
        )
        .bind(before)
        .bind(limit.min(MAX_PAGE))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(record_of).collect()
    }
}

fn record_of(row: &SqliteRow) -> Result<StoredRecord, StoreError> {
    let time = |column: &str| -> Result<u64, StoreError> { Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0)) };
    let answered: Option<i64> = row.try_get("answered_at_ms")?;
    let evidence: String = row.try_get("evidence")?;
    Ok(StoredRecord {
        id: row.try_get("id")?,
        port: PortId(row.try_get("port")?),
        direction: direction(row.try_get("direction")?)?,
        from: row.try_get("caller")?,
        to: row.try_get("callee")?,
        started_at_ms: time("started_at_ms")?,
        answered_at_ms: answered.map(|at| u64::try_from(at).unwrap_or(0)),
        ended_at_ms: time("ended_at_ms")?,
        cause: row.try_get("cause")?,
        evidence: serde_json::from_str(&evidence).map_err(|_| StoreError::Damaged)?,
        sip_status: row.try_get("sip_status")?,
    })
}

fn word(direction: RecordDirection) -> &'static str {
    match direction {
        RecordDirection::SipToFxo => "sip_to_fxo",
        RecordDirection::FxoToSip => "fxo_to_sip",
        RecordDirection::Test => "test",
    }
}

fn direction(word: &str) -> Result<RecordDirection, StoreError> {
    match word {
        "sip_to_fxo" => Ok(RecordDirection::SipToFxo),
        "fxo_to_sip" => Ok(RecordDirection::FxoToSip),
        "test" => Ok(RecordDirection::Test),
        _ => Err(StoreError::Damaged),
    }
}

/// SQLite's integers are signed.
fn stored_time(epoch_ms: u64) -> i64 {
    i64::try_from(epoch_ms).unwrap_or(i64::MAX)
}
