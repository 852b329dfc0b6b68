//! Whether the database could do its part at this moment.

use super::{Store, StoreError};

impl Store {
    /// Reads the whole file for damage and asks for the right to write, changing nothing. Answers the size of the file in bytes.
    ///
    /// # Errors
    /// What the next Apply would meet: a damaged file, a full or read-only disk, another process that holds it.
    pub async fn examine(&self) -> Result<u64, StoreError> {
        let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&self.pool).await?;
        if verdict != "ok" {
            return Err(StoreError::Damaged);
        }
        // `IMMEDIATE` takes the lock of a writer; rolled back, it leaves nothing.
        self.pool.begin_with("BEGIN IMMEDIATE").await?.rollback().await?;
        Ok(std::fs::metadata(self.file())?.len())
    }
}
