//! Line tests: one row for each that is over, the newest of each port.

use serde::Serialize;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::record::stored_time;
use super::{Store, StoreError};
use crate::config::PortId;
use crate::gateway::line_test::{CheckResult, Verdict};

/// Line tests that are kept of one port: years of care for a line. They name nobody.
pub const KEPT_LINE_TESTS: u32 = 100;

/// What a line test is read from.
const COLUMNS: &str = "id, port, started_at_ms, ended_at_ms, verdict, cause, name, device, results";

/// A line test as it is stored. Times are milliseconds since 1970-01-01 UTC.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct StoredLineTest {
    /// Unique: that of its call record.
    pub id: String,
    /// The port.
    pub port: PortId,
    /// Its name at that time.
    pub name: String,
    /// The model of the device, as it named itself.
    pub device: String,
    /// When it began.
    pub started_at_ms: u64,
    /// When it was over.
    pub ended_at_ms: u64,
    /// What it comes to.
    pub verdict: Verdict,
    /// Code of why it ended; a newer program may have written one that this one does not know.
    pub cause: String,
    /// The checks that were made, in the order of the test.
    pub results: Vec<CheckResult>,
}

impl Store {
    /// Keeps a line test, and forgets the oldest of its port beyond [`KEPT_LINE_TESTS`]. Doing it twice with the same id is doing it
    /// once: the first one stays.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn append_line_test(&self, test: &StoredLineTest) -> Result<(), StoreError> {
        let results = serde_json::to_string(&test.results).map_err(|error| StoreError::Other(error.to_string()))?;
        let mut transaction = self.pool.begin().await?;
        sqlx::query(
            "INSERT INTO line_tests (id, port, started_at_ms, ended_at_ms, verdict, cause, name, device, results) \
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
        )
        .bind(&test.id)
        .bind(test.port.0)
        .bind(stored_time(test.started_at_ms))
        .bind(stored_time(test.ended_at_ms))
        .bind(word(test.verdict))
        .bind(&test.cause)
        .bind(&test.name)
        .bind(&test.device)
        .bind(results)
        .execute(&mut *transaction)
        .await?;
        let beyond = "DELETE FROM line_tests WHERE port = ?1 AND seq NOT IN \
                      (SELECT seq FROM line_tests WHERE port = ?1 ORDER BY seq DESC LIMIT ?2)";
        sqlx::query(beyond).bind(test.port.0).bind(KEPT_LINE_TESTS).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// The newest line tests of a port first, at most `limit`. A row that this program cannot read (a newer one wrote it, or the disk
    /// lost a bit) is left out.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn line_tests(&self, port: PortId, limit: u32) -> Result<Vec<StoredLineTest>, StoreError> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM line_tests WHERE port = ? ORDER BY seq DESC LIMIT ?")))
            .bind(port.0)
            .bind(limit.min(KEPT_LINE_TESTS))
            .fetch_all(&self.pool)
            .await?;
        Ok(rows.iter().filter_map(line_test_of).collect())
    }

    /// The line test with this id; `None` when it is not kept any more, or cannot be read.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn line_test(&self, id: &str) -> Result<Option<StoredLineTest>, StoreError> {
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("SELECT {COLUMNS} FROM line_tests WHERE id = ?")))
            .bind(id)
            .fetch_optional(&self.pool)
            .await?;
        Ok(row.as_ref().and_then(line_test_of))
    }
}

fn line_test_of(row: &SqliteRow) -> Option<StoredLineTest> {
    let time = |column: &str| -> Option<u64> { u64::try_from(row.try_get::<i64, _>(column).ok()?).ok() };
    let text = |column: &str| row.try_get::<String, _>(column).ok();
    Some(StoredLineTest {
        id: text("id")?,
        port: PortId(u16::try_from(row.try_get::<i64, _>("port").ok()?).ok()?),
        name: text("name")?,
        device: text("device")?,
        started_at_ms: time("started_at_ms")?,
        ended_at_ms: time("ended_at_ms")?,
        verdict: verdict(&text("verdict")?)?,
        cause: text("cause")?,
        results: serde_json::from_str(&text("results")?).ok()?,
    })
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Warn => "warn",
        Verdict::Fail => "fail",
        Verdict::NotMeasured => "not_measured",
    }
}

fn verdict(word: &str) -> Option<Verdict> {
    match word {
        "pass" => Some(Verdict::Pass),
        "warn" => Some(Verdict::Warn),
        "fail" => Some(Verdict::Fail),
        "not_measured" => Some(Verdict::NotMeasured),
        _ => None,
    }
}
