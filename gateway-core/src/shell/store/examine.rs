//! Whether the database could do its part at this moment.

use super::{Store, StoreError};

impl Store {
    /// Reads the whole file for damage and asks for the right to write, changing nothing. Answers the size of the file in bytes.
    ///
    /// # Errors
    /// What the next Apply would meet: a damaged file, a full or read-only disk, another process that holds it.
    pub async fn examine(&self) -> Result<u64, StoreError> {
        self.refuse_damaged().await?;
        // `IMMEDIATE` takes the lock of a writer; rolled back, it leaves nothing.
        self.pool.begin_with("BEGIN IMMEDIATE").await?.rollback().await?;
        Ok(std::fs::metadata(self.file())?.len())
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Executor as _;

    use super::*;

    #[tokio::test]
    async fn a_whole_database_tells_its_size_and_one_that_is_held_or_broken_tells_why() {
        let dir = std::env::temp_dir().join(format!("loopstart-examine-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        let store = Store::open(&dir).await.unwrap();
        let bytes = store.examine().await.unwrap();
        assert_eq!(bytes, std::fs::metadata(store.file()).unwrap().len());
        assert_eq!(store.revisions().await, Ok(vec![]), "the examination leaves nothing");

        let other = Store::open(&dir).await.unwrap();
        store.pool.execute("PRAGMA busy_timeout = 10").await.unwrap();
        let held = other.pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
        assert_eq!(store.examine().await, Err(StoreError::Locked));
        held.rollback().await.unwrap();
        assert!(store.examine().await.is_ok());

        // Two tables on the same page: one of them is damaged.
        other.pool.execute("PRAGMA writable_schema = ON").await.unwrap();
        let twice =
            "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'revisions') WHERE name = 'call_records'";
        other.pool.execute(twice).await.unwrap();
        other.pool.execute("PRAGMA schema_version = 999").await.unwrap();
        assert_eq!(store.examine().await, Err(StoreError::Damaged));
        other.close().await;
        store.close().await;
        let _ = std::fs::remove_dir_all(&dir);
    }
}
