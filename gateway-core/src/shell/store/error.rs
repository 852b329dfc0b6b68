//! Why the store could not do what it was asked, in codes that people's words are found by.

use std::io;

use sqlx::migrate::MigrateError;

/// Why the store failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// A newer version of this program has written the database.
    #[error("the database has schema {found}, this program knows up to {newest}")]
    DatabaseFromNewerVersion {
        /// Its schema or document version.
        found: i64,
        /// The newest that this program knows.
        newest: i64,
    },
    /// The file is no SQLite database, or is damaged.
    #[error("the database is damaged")]
    Damaged,
    /// The tables are not those that this program made.
    #[error("the database does not have the tables of its schema version")]
    ForeignSchema,
    /// A revision holds no settings that this program can read.
    #[error("revision {revision} cannot be read")]
    UnreadableSettings {
        /// Its number.
        revision: u32,
    },
    /// A revision has secrets that no key here opens; without them it is not what it was.
    #[error("the secrets of revision {revision} cannot be opened")]
    SecretsSealed {
        /// Its number.
        revision: u32,
    },
    /// Another process holds the database.
    #[error("the database is locked by another process")]
    Locked,
    /// No space left.
    #[error("the disk is full")]
    DiskFull,
    /// The file, its directory or its disk cannot be written.
    #[error("the database cannot be written")]
    ReadOnly,
    /// The directory or the file cannot be opened or read.
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    /// Anything else; the text is for the log.
    #[error("the database failed: {0}")]
    Other(String),
}

impl StoreError {
    /// Its code, stable for the language files.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            StoreError::DatabaseFromNewerVersion { .. } => "database_from_newer_version",
            StoreError::Damaged => "database_damaged",
            StoreError::ForeignSchema => "database_foreign_schema",
            StoreError::UnreadableSettings { .. } => "settings_unreadable",
            StoreError::SecretsSealed { .. } => "secrets_sealed",
            StoreError::Locked => "database_locked",
            StoreError::DiskFull => "disk_full",
            StoreError::ReadOnly => "database_read_only",
            StoreError::Unreachable(_) => "database_unreachable",
            StoreError::Other(_) => "database_failed",
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(inner) => of_result_code(inner.code().and_then(|code| code.parse().ok()), &error),
            // The only connection stayed taken all that time.
            sqlx::Error::PoolTimedOut => StoreError::Locked,
            sqlx::Error::Io(inner) => of_io(inner),
            _ => StoreError::Other(error.to_string()),
        }
    }
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(inner) | MigrateError::ExecuteMigration(inner, _) => inner.into(),
            MigrateError::VersionMissing(_) | MigrateError::VersionMismatch(_) | MigrateError::Dirty(_) => StoreError::ForeignSchema,
            other => StoreError::Other(other.to_string()),
        }
    }
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        of_io(&error)
    }
}

fn of_io(error: &io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::DiskFull,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly,
        _ => StoreError::Unreachable(error.to_string()),
    }
}

/// SQLite's primary result code is the low byte of the extended one.
fn of_result_code(code: Option<i32>, error: &sqlx::Error) -> StoreError {
    match code.map(|code| code & 0xff) {
        // BUSY, LOCKED
        Some(5 | 6) => StoreError::Locked,
        // PERM, READONLY
        Some(3 | 8) => StoreError::ReadOnly,
        // CORRUPT, NOTADB
        Some(11 | 26) => StoreError::Damaged,
        // FULL
        Some(13) => StoreError::DiskFull,
        // IOERR, CANTOPEN
        Some(10 | 14) => StoreError::Unreachable(error.to_string()),
        // Everything else, such as a statement that does not fit the tables (ERROR) or a broken rule (CONSTRAINT).
        Some(_) | None => StoreError::Other(error.to_string()),
    }
}
