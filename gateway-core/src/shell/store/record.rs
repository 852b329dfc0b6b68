//! Call records: one row for each call that is over.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Store, StoreError};
use crate::config::PortId;
use crate::fxo::line::HangUpEvidence;
use crate::gateway::mark::MarkKind;

/// Most records that one query returns.
pub(super) const MAX_PAGE: u32 = 1000;

/// No call lasts longer, in ms; a little more, for what came before its answer.
const LONGEST_CALL_MS: i64 = 25 * 3600 * 1000;

/// What a record is read from.
pub(super) const COLUMNS: &str =
    "seq, id, port, direction, caller, callee, started_at_ms, answered_at_ms, ended_at_ms, cause, evidence, sip_status, timeline";

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

/// One step of a call: what was seen or done, and when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct StoredMark {
    /// In ms after the first sign of the call; what announced the call (a ring burst, caller ID) stands before it.
    pub after_ms: i64,
    /// What; `None` for a kind of mark that only a newer program knows.
    #[serde(deserialize_with = "known_kind")]
    #[cfg_attr(feature = "specta", specta(type = Option<MarkKind>))]
    pub what: Option<MarkKind>,
}

/// A kind of mark that this program does not know is no mistake: a newer program wrote the row.
fn known_kind<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<MarkKind>, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    Ok(serde_json::from_value(value).ok())
}

/// A call record as it is stored. Times are milliseconds since 1970-01-01 UTC.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
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
    /// Code of why it ended; a newer program may have written one that this one does not know.
    pub cause: String,
    /// How the line showed that its far end was gone.
    pub evidence: Option<HangUpEvidence>,
    /// Final SIP status, where there was one.
    pub sip_status: Option<u16>,
    /// What happened, oldest first.
    pub timeline: Vec<StoredMark>,
    /// A part of the row cannot be read: it is left out here, or stands at its zero.
    pub damaged: bool,
}

impl Store {
    /// Keeps a record. Doing it twice with the same id is doing it once: the first one stays.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn append_record(&self, record: &StoredRecord) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO call_records \
             (id, port, direction, caller, callee, started_at_ms, answered_at_ms, ended_at_ms, cause, evidence, sip_status, timeline) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
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
        .bind(json(&record.evidence)?)
        .bind(record.sip_status)
        .bind(json(&record.timeline)?)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// The newest records first, at most `limit` (and 1000); `before` is the id of the last record of the page before. An id
    /// that is not kept any more has nothing before it.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn records(&self, limit: u32, before: Option<&str>) -> Result<Vec<StoredRecord>, StoreError> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!(
            "SELECT {COLUMNS} FROM call_records \
             WHERE ?1 IS NULL OR seq < (SELECT seq FROM call_records WHERE id = ?1) ORDER BY seq DESC LIMIT ?2",
        )))
        .bind(before)
        .bind(limit.min(MAX_PAGE))
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(record_of).collect()
    }

    /// For how long answered calls from SIP have used each port since a moment, in ms since 1970 (UTC).
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn outgoing_since(&self, since_epoch_ms: u64) -> Result<Vec<(PortId, Duration)>, StoreError> {
        let since = stored_time(since_epoch_ms);
        let rows: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT port, SUM(ended_at_ms - MAX(answered_at_ms, ?1)) FROM call_records \
             WHERE started_at_ms > ?1 - ?2 AND direction = 'sip_to_fxo' AND answered_at_ms IS NOT NULL AND ended_at_ms > ?1 GROUP BY port",
        )
        .bind(since)
        .bind(LONGEST_CALL_MS)
        .fetch_all(&self.pool)
        .await?;
        let of_port = |(port, ms): (i64, i64)| Some((PortId(u16::try_from(port).ok()?), Duration::from_millis(u64::try_from(ms).ok()?)));
        Ok(rows.into_iter().filter_map(of_port).collect())
    }

    /// The record with this id; `None` when it is not kept any more.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn record(&self, id: &str) -> Result<Option<StoredRecord>, StoreError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM call_records WHERE id = ?")))
            .bind(id)
            .fetch_optional(&self.pool)
            .await?;
        row.as_ref().map(record_of).transpose()
    }
}

/// Reads one row. What a row of ours cannot hold (another program wrote it, or the disk lost a bit) marks that record and
/// costs no other one.
pub(super) fn record_of(row: &SqliteRow) -> Result<StoredRecord, StoreError> {
    let time = |column: &str| -> Result<u64, StoreError> { Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0)) };
    let answered: Option<i64> = row.try_get("answered_at_ms")?;
    let port = u16::try_from(row.try_get::<i64, _>("port")?);
    let direction = row.try_get("direction").ok().and_then(direction);
    let evidence = typed::<Option<HangUpEvidence>>(row, "evidence");
    let timeline = typed(row, "timeline");
    let texts = ["id", "caller", "callee", "cause"].map(|column| row.try_get::<String, _>(column));
    let damaged = port.is_err() || direction.is_none() || evidence.is_none() || timeline.is_none() || texts.iter().any(Result::is_err);
    // What is no UTF-8 any more is lost; the rest of the record is not.
    let [id, from, to, cause] = texts.map(Result::unwrap_or_default);
    Ok(StoredRecord {
        id,
        port: PortId(port.unwrap_or(0)),
        direction: direction.unwrap_or(RecordDirection::SipToFxo),
        from,
        to,
        started_at_ms: time("started_at_ms")?,
        answered_at_ms: answered.map(|at| u64::try_from(at).unwrap_or(0)),
        ended_at_ms: time("ended_at_ms")?,
        cause,
        evidence: evidence.flatten(),
        sip_status: row.try_get("sip_status")?,
        timeline: timeline.unwrap_or_default(),
        damaged,
    })
}

/// A column of JSON; `None` where it is not what it should be.
fn typed<T: DeserializeOwned>(row: &SqliteRow, column: &str) -> Option<T> {
    let text: &str = row.try_get(column).ok()?;
    serde_json::from_str(text).ok()
}

fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Other(error.to_string()))
}

pub(super) fn word(direction: RecordDirection) -> &'static str {
    match direction {
        RecordDirection::SipToFxo => "sip_to_fxo",
        RecordDirection::FxoToSip => "fxo_to_sip",
        RecordDirection::Test => "test",
    }
}

fn direction(word: &str) -> Option<RecordDirection> {
    match word {
        "sip_to_fxo" => Some(RecordDirection::SipToFxo),
        "fxo_to_sip" => Some(RecordDirection::FxoToSip),
        "test" => Some(RecordDirection::Test),
        _ => None,
    }
}

/// SQLite's integers are signed.
pub(super) fn stored_time(epoch_ms: u64) -> i64 {
    i64::try_from(epoch_ms).unwrap_or(i64::MAX)
}
