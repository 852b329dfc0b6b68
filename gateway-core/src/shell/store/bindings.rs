//! Telephones that registered here, for the next run of the program.

use std::net::SocketAddr;

use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::record::stored_time;
use super::{Store, StoreError};

/// Most rows that are read back: beyond them the database was not written by this program.
const MOST_BINDINGS: u32 = 10_000;

/// A place where a user is reached over UDP, as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBinding {
    /// The Contact URI.
    pub contact: String,
    /// Where the REGISTER came from.
    pub source: SocketAddr,
    /// When it ends, in ms since 1970-01-01 UTC.
    pub expires_at_ms: u64,
    /// Call-ID of the REGISTER.
    pub call_id: String,
    /// CSeq number of the REGISTER.
    pub cseq: u32,
    /// Preference, 0–1000.
    pub q_per_mille: u16,
    /// `User-Agent` of the REGISTER.
    pub user_agent: Option<String>,
    /// Proxies to go through.
    pub path: Vec<String>,
}

impl Store {
    /// Keeps for each of these users the bindings beside it in place of what was kept of it; all of them or none.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn keep_bindings<'a>(&self, changes: impl Iterator<Item = (&'a String, &'a Vec<StoredBinding>)>) -> Result<(), StoreError> {
        let mut transaction = self.pool.begin().await?;
        for (user, bindings) in changes {
            sqlx::query("DELETE FROM bindings WHERE user = ?").bind(user).execute(&mut *transaction).await?;
            for (position, binding) in (0_i64..).zip(bindings) {
                sqlx::query(
                    "INSERT INTO bindings (user, position, contact, source, expires_at_ms, call_id, cseq, q_per_mille, user_agent, path) \
                     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                )
                .bind(user)
                .bind(position)
                .bind(&binding.contact)
                .bind(binding.source.to_string())
                .bind(stored_time(binding.expires_at_ms))
                .bind(&binding.call_id)
                .bind(binding.cseq)
                .bind(binding.q_per_mille)
                .bind(&binding.user_agent)
                .bind(serde_json::to_string(&binding.path).map_err(|error| StoreError::Other(error.to_string()))?)
                .execute(&mut *transaction)
                .await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Deletes the bindings that have ended, and answers the others with their users. A row that this program cannot read is left out.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn bindings(&self, now_epoch_ms: u64) -> Result<Vec<(String, StoredBinding)>, StoreError> {
        sqlx::query("DELETE FROM bindings WHERE expires_at_ms <= ?").bind(stored_time(now_epoch_ms)).execute(&self.pool).await?;
        let columns = "SELECT user, contact, source, expires_at_ms, call_id, cseq, q_per_mille, user_agent, path FROM bindings \
                       ORDER BY user, position LIMIT ?";
        let rows = sqlx::query(columns).bind(MOST_BINDINGS).fetch_all(&self.pool).await?;
        Ok(rows.iter().filter_map(binding_of).collect())
    }
}

fn binding_of(row: &SqliteRow) -> Option<(String, StoredBinding)> {
    let text = |column: &str| row.try_get::<String, _>(column).ok();
    let number = |column: &str| row.try_get::<i64, _>(column).ok();
    let binding = StoredBinding {
        contact: text("contact")?,
        source: text("source")?.parse().ok()?,
        expires_at_ms: u64::try_from(number("expires_at_ms")?).ok()?,
        call_id: text("call_id")?,
        cseq: u32::try_from(number("cseq")?).ok()?,
        q_per_mille: u16::try_from(number("q_per_mille")?).ok()?,
        user_agent: row.try_get("user_agent").ok()?,
        path: serde_json::from_str(&text("path")?).ok()?,
    };
    Some((text("user")?, binding))
}
