//! The last seconds heard on the line, kept with the newest calls.

use super::{Store, StoreError};
use crate::config::PortId;
use crate::media::CallSound;

impl Store {
    /// Keeps the sound of a call; of a call that is not kept, or whose sound is kept already, nothing.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn keep_sound(&self, sound: &CallSound) -> Result<(), StoreError> {
        let statement = "INSERT INTO call_sounds (id, alaw) SELECT id, ? FROM call_records WHERE id = ? ON CONFLICT (id) DO NOTHING";
        sqlx::query(statement).bind(&sound.alaw).bind(&sound.call).execute(&self.pool).await?;
        Ok(())
    }

    /// The sound of a call in A-law at 8 kHz, oldest first; `None`: none is kept.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn sound(&self, call: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(sqlx::query_scalar("SELECT alaw FROM call_sounds WHERE id = ?").bind(call).fetch_optional(&self.pool).await?)
    }

    /// The names of the answered calls of a port whose sound is kept, newest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn calls_with_sound(&self, port: PortId) -> Result<Vec<String>, StoreError> {
        let statement = "SELECT id FROM call_sounds JOIN call_records USING (id) \
                         WHERE port = ? AND answered_at_ms IS NOT NULL ORDER BY call_sounds.seq DESC";
        Ok(sqlx::query_scalar(statement).bind(port.0).fetch_all(&self.pool).await?)
    }

    /// Forgets the oldest sounds beyond `kept`.
    pub(super) async fn prune_sounds(&self, kept: u32) -> Result<(), StoreError> {
        let statement = "DELETE FROM call_sounds WHERE seq NOT IN (SELECT seq FROM call_sounds ORDER BY seq DESC LIMIT ?)";
        sqlx::query(statement).bind(kept).execute(&self.pool).await?;
        Ok(())
    }
}
