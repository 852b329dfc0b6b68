//! What outlives the program: revisions of the settings, call records with their sounds, line tests and registered telephones, in one
//! SQLite file.
//!
//! Nothing above this module sees a row or a statement.

mod bindings;
mod calls;
mod error;
mod examine;
mod key;
mod line_tests;
mod record;
mod retention;
mod revision;
mod sealed;
mod sounds;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions as _, migrate::Migrator};

pub use bindings::StoredBinding;
pub use calls::{CallPage, CallPlace, CallQuery, CallWindow};
pub use error::StoreError;
pub use key::KeyFault;
pub use line_tests::{KEPT_LINE_TESTS, StoredLineTest};
pub use record::{RecordDirection, StoredMark, StoredRecord};
pub use retention::Retention;
pub use revision::{Author, KEPT_REVISIONS, Revision, RevisionId, RevisionKind};

use crate::shell::keyring::Keyring;

/// Name of the file inside the directory of the store.
pub const FILE_NAME: &str = "loopstart.sqlite3";

/// How long a statement waits for another process that writes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

static MIGRATIONS: Migrator = sqlx::migrate!("../migrations");

/// The open database. Clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    pool: SqlitePool,
    file: PathBuf,
    lists: calls::KnownLists,
    keys: Arc<sealed::Keys>,
}

impl Store {
    /// The folder that it is in, with everything else that the gateway keeps.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.file.parent().unwrap_or(Path::new(""))
    }

    /// As [`Store::open_with`], without a keyring: the key of the secrets lies in the folder.
    ///
    /// # Errors
    /// See [`StoreError`]; a database of a newer version is left as it is.
    pub async fn open(dir: &Path) -> Result<Store, StoreError> {
        Store::open_with(dir, None).await
    }

    /// Opens the database in `dir`, making both where they are missing, and brings its tables up to date. Secrets in it are sealed
    /// with a key from `keyring`, or from a file in the folder where there is none; [`Store::key_fault`] tells when the key is
    /// missing.
    ///
    /// # Errors
    /// See [`StoreError`]; a database of a newer version is left as it is.
    pub async fn open_with(dir: &Path, keyring: Option<Arc<dyn Keyring>>) -> Result<Store, StoreError> {
        make_private(dir)?;
        let file = dir.join(FILE_NAME);
        let keys = Arc::new(sealed::Keys::find(dir, keyring).await?);
        let pool = connect(&file).await?;
        let store = Store { pool, file, lists: calls::KnownLists::default(), keys };
        match store.prepare().await {
            Ok(()) => Ok(store),
            Err(error) => {
                store.close().await;
                Err(error)
            }
        }
    }

    /// Opens the database in `dir` as it is and changes nothing in it; `None` where there is none yet, or where its tables or rows
    /// have to be brought up to date first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub(super) async fn open_as_it_is(dir: &Path, keyring: Option<Arc<dyn Keyring>>) -> Result<Option<Store>, StoreError> {
        let file = dir.join(FILE_NAME);
        if !file.exists() {
            return Ok(None);
        }
        let keys = Arc::new(sealed::Keys::find(dir, keyring).await?);
        let pool = connect(&file).await?;
        let store = Store { pool, file, lists: calls::KnownLists::default(), keys };
        match store.is_up_to_date().await {
            Ok(true) => Ok(Some(store)),
            other => {
                store.close().await;
                other.map(|_| None)
            }
        }
    }

    /// Where the database is.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Waits for what is under way, folds the write-ahead log into the file and closes it.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Everything that must hold before the first query: whole, not newer than this program, and up to date.
    async fn prepare(&self) -> Result<(), StoreError> {
        self.refuse_damaged().await?;
        self.refuse_newer().await?;
        MIGRATIONS.run(&self.pool).await?;
        self.seal_what_is_clear().await?;
        self.look_at_the_secrets_in_force().await
    }

    /// Whether nothing is left for [`Store::prepare`] that the first query would miss.
    async fn is_up_to_date(&self) -> Result<bool, StoreError> {
        self.refuse_damaged().await?;
        self.refuse_newer().await?;
        if !self.has_migrations().await? {
            return Ok(false);
        }
        let rows = sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations WHERE success ORDER BY version");
        let made: Vec<(i64, Vec<u8>)> = rows.fetch_all(&self.pool).await?;
        let ours = MIGRATIONS.iter().map(|migration| (migration.version, migration.checksum.to_vec()));
        if !ours.eq(made) || self.has_clear_rows().await? {
            return Ok(false);
        }
        self.look_at_the_secrets_in_force().await?;
        Ok(true)
    }

    async fn refuse_damaged(&self) -> Result<(), StoreError> {
        let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&self.pool).await?;
        if verdict == "ok" { Ok(()) } else { Err(StoreError::Damaged) }
    }

    async fn has_migrations(&self) -> Result<bool, StoreError> {
        let table = "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_sqlx_migrations')";
        Ok(sqlx::query_scalar(table).fetch_one(&self.pool).await?)
    }

    /// A database of a newer program may hold what this one would destroy.
    async fn refuse_newer(&self) -> Result<(), StoreError> {
        if !self.has_migrations().await? {
            return Ok(());
        }
        let found: Option<i64> = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(&self.pool).await?;
        let newest = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0);
        match found {
            Some(found) if found > newest => Err(StoreError::DatabaseFromNewerVersion { found, newest }),
            Some(_) | None => Ok(()),
        }
    }
}

async fn connect(file: &Path) -> Result<SqlitePool, StoreError> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        // The file was made already, with its permissions.
        .create_if_missing(false)
        // Readers never wait for the writer, and a commit is one append.
        .journal_mode(SqliteJournalMode::Wal)
        // In WAL mode NORMAL may lose the last commits when power fails; "applied" must mean kept, and a few fsyncs a minute
        // cost nothing.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        // What is deleted or replaced is overwritten: numbers that were forgotten must not be found in free pages.
        .pragma("secure_delete", "ON")
        .busy_timeout(BUSY_TIMEOUT)
        // Statements are fixed texts, but their tracing would still tell a log how many calls there are.
        .disable_statement_logging();
    // One writer at a time is all that SQLite has; one connection makes waiting for it fair and `SQLITE_BUSY` a matter of
    // other processes alone.
    let pool = SqlitePoolOptions::new().max_connections(1).acquire_timeout(BUSY_TIMEOUT * 2).connect_with(options).await?;
    Ok(pool)
}

/// Makes the directory and an empty database file that only this user may read: the file holds who called whom. SQLite gives its
/// `-wal` and `-shm` files the permissions of the database.
fn make_private(dir: &Path) -> Result<(), StoreError> {
    std::fs::create_dir_all(dir)?;
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // Counterpart on Windows: a new file inherits the access list of its directory, and the data directory lies in the user's
    // profile, which other users cannot read.
    let file = options.open(dir.join(FILE_NAME))?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    drop(file);
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests;
