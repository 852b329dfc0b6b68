//! Revisions of the settings: one is in force, the last ones can be restored.

use std::fmt;

use serde::{Deserialize, Serialize};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::{Store, StoreError};
use crate::config::profile::secrets::stay_sealed;
use crate::config::settings::Settings;

/// How many revisions are kept; older ones are forgotten.
pub const KEPT_REVISIONS: u32 = 20;

/// Version of the form in which settings stand in a revision: 2 has the secrets sealed beside the document, 1 had them in it.
pub(super) const FORMAT: i64 = 2;

/// Number of one revision; later ones are higher, and no number is used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(transparent)]
pub struct RevisionId(pub u32);

impl fmt::Display for RevisionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How a revision came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum RevisionKind {
    /// What a gateway begins with that was never configured.
    First,
    /// A person applied what they edited.
    Apply,
    /// A person went back to an earlier revision.
    Restore,
    /// The program went back by itself, because the settings after it did not work.
    Rollback,
    /// A profile was imported.
    Import,
}

impl RevisionKind {
    const ALL: [RevisionKind; 5] =
        [RevisionKind::First, RevisionKind::Apply, RevisionKind::Restore, RevisionKind::Rollback, RevisionKind::Import];

    /// Its code, as stored and in the language files.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            RevisionKind::First => "first",
            RevisionKind::Apply => "apply",
            RevisionKind::Restore => "restore",
            RevisionKind::Rollback => "rollback",
            RevisionKind::Import => "import",
        }
    }
}

/// Who made a revision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct Author {
    /// The user of this computer; empty where the system does not say.
    pub user: String,
    /// The program: `loopstart`, `loopstartd`.
    pub program: String,
}

impl Author {
    /// The user that runs this program, and the program.
    #[must_use]
    pub fn here() -> Author {
        let set = |name: &&str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let program = std::env::current_exe().ok().and_then(|path| Some(path.file_stem()?.to_string_lossy().into_owned()));
        Author { user: ["USER", "LOGNAME", "USERNAME"].iter().find_map(set).unwrap_or_default(), program: program.unwrap_or_default() }
    }
}

/// What the list of revisions tells of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Its number.
    pub id: RevisionId,
    /// When it was committed, in milliseconds since 1970-01-01 UTC.
    pub created_at_ms: u64,
    /// How it came about.
    pub kind: RevisionKind,
    /// Who made it; blank for one of an older program.
    pub author: Author,
    /// It is in force.
    pub current: bool,
}

/// A stored row, read.
struct Row {
    id: RevisionId,
    settings: Settings,
    /// No secret is missing.
    whole: bool,
}

impl Store {
    /// The settings in force; `None` in a fresh database.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn load(&self) -> Result<Option<(RevisionId, Settings)>, StoreError> {
        let row =
            sqlx::query("SELECT r.id, r.format, r.document, r.sealed FROM revisions r JOIN current_revision c ON c.revision_id = r.id")
                .fetch_optional(&self.pool)
                .await?;
        self.keys.look().await?;
        Ok(row.as_ref().map(|row| self.settings_of(row)).transpose()?.map(|row| (row.id, row.settings)))
    }

    /// Makes settings the ones in force, as a new revision, and forgets the oldest ones: all of it in one transaction, so that
    /// a crash leaves either the settings before or these. When it returns, the new ones are on the disk. Secrets in force that
    /// cannot be opened now stay as they are sealed, where the new settings leave them their places ([`stay_sealed`]).
    ///
    /// # Errors
    /// See [`StoreError`]; then nothing has changed.
    pub async fn commit(&self, settings: &Settings, kind: RevisionKind, now_epoch_ms: u64) -> Result<RevisionId, StoreError> {
        let author = Author::here();
        let sealed = self.keys.seal(settings).await?;
        let unopened = self.what_stays_sealed(settings, kind).await?;
        let whole = unopened.is_none();
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let id: i64 = sqlx::query_scalar(
            "INSERT INTO revisions (created_at_ms, kind, os_user, program, format, document, sealed) \
             VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
        )
        .bind(i64::try_from(now_epoch_ms).unwrap_or(i64::MAX))
        .bind(kind.code())
        .bind(author.user)
        .bind(author.program)
        .bind(FORMAT)
        .bind(sealed.document)
        .bind(unopened.or(sealed.secrets))
        .fetch_one(&mut *transaction)
        .await?;
        sqlx::query(
            "INSERT INTO current_revision (only_row, revision_id) VALUES (1, ?) \
             ON CONFLICT (only_row) DO UPDATE SET revision_id = excluded.revision_id",
        )
        .bind(id)
        .execute(&mut *transaction)
        .await?;
        sqlx::query("DELETE FROM revisions WHERE id NOT IN (SELECT id FROM revisions ORDER BY id DESC LIMIT ?)")
            .bind(KEPT_REVISIONS)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        self.keys.settings_in_force(whole);
        revision_id(id)
    }

    /// Sealed secrets that cannot be opened and belong to `settings` all the same: those in force, where nothing takes their places, and
    /// those that settings had which come back by themselves.
    async fn what_stays_sealed(&self, settings: &Settings, kind: RevisionKind) -> Result<Option<Vec<u8>>, StoreError> {
        let returns = kind == RevisionKind::Rollback;
        if !returns && self.key_fault().is_none() {
            return Ok(None);
        }
        let rows = sqlx::query(
            "SELECT r.id, r.format, r.document, r.sealed, c.revision_id IS NOT NULL AS current \
             FROM revisions r LEFT JOIN current_revision c ON c.revision_id = r.id ORDER BY r.id DESC",
        )
        .fetch_all(&self.pool)
        .await?;
        for row in rows {
            // A row that cannot be read has nothing to keep.
            let Ok(before) = self.settings_of(&row) else { continue };
            let current: bool = row.try_get("current")?;
            let fits = if returns { before.settings == *settings } else { current && stay_sealed(&before.settings, settings) };
            if fits {
                return Ok(if before.whole { None } else { row.try_get("sealed")? });
            }
        }
        Ok(None)
    }

    /// The revisions that are kept, newest first.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn revisions(&self) -> Result<Vec<Revision>, StoreError> {
        let rows = sqlx::query(
            "SELECT r.id, r.created_at_ms, r.kind, r.os_user, r.program, c.revision_id IS NOT NULL AS current \
             FROM revisions r LEFT JOIN current_revision c ON c.revision_id = r.id ORDER BY r.id DESC",
        )
        .fetch_all(&self.pool)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Revision {
                    id: revision_id(row.try_get("id")?)?,
                    created_at_ms: u64::try_from(row.try_get::<i64, _>("created_at_ms")?).unwrap_or(0),
                    kind: kind_of(&row.try_get::<String, _>("kind")?)?,
                    author: Author { user: row.try_get("os_user")?, program: row.try_get("program")? },
                    current: row.try_get("current")?,
                })
            })
            .collect()
    }

    /// The settings of one revision, to look at: secrets that cannot be opened are blank. `None` when it is forgotten or never was.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn revision(&self, id: RevisionId) -> Result<Option<Settings>, StoreError> {
        Ok(self.row(id).await?.map(|row| row.settings))
    }

    /// The settings of one revision with every secret they had, to be used again; `None` when it is forgotten or never was.
    ///
    /// # Errors
    /// [`StoreError::SecretsSealed`] where a secret cannot be opened, and see [`StoreError`].
    pub async fn whole_revision(&self, id: RevisionId) -> Result<Option<Settings>, StoreError> {
        let Some(row) = self.row(id).await? else { return Ok(None) };
        if row.whole { Ok(Some(row.settings)) } else { Err(StoreError::SecretsSealed { revision: id.0 }) }
    }

    async fn row(&self, id: RevisionId) -> Result<Option<Row>, StoreError> {
        let row = sqlx::query("SELECT id, format, document, sealed FROM revisions WHERE id = ?");
        let row = row.bind(id.0).fetch_optional(&self.pool).await?;
        self.keys.look().await?;
        row.as_ref().map(|row| self.settings_of(row)).transpose()
    }

    /// Secrets that cannot be opened are blank; [`Store::key_fault`] tells of those in force.
    fn settings_of(&self, row: &SqliteRow) -> Result<Row, StoreError> {
        let id = revision_id(row.try_get("id")?)?;
        let format: i64 = row.try_get("format")?;
        if format > FORMAT {
            return Err(StoreError::DatabaseFromNewerVersion { found: format, newest: FORMAT });
        }
        let document: String = row.try_get("document")?;
        // Keys of settings that came later are missing in an old document and get their defaults.
        let mut settings = serde_json::from_str(&document).map_err(|_| StoreError::UnreadableSettings { revision: id.0 })?;
        let sealed: Option<Vec<u8>> = row.try_get("sealed")?;
        let whole = sealed.is_none_or(|sealed| self.keys.open_into(&sealed, &mut settings));
        Ok(Row { id, settings, whole })
    }
}

/// The table admits no other words.
fn kind_of(code: &str) -> Result<RevisionKind, StoreError> {
    RevisionKind::ALL.into_iter().find(|kind| kind.code() == code).ok_or(StoreError::Damaged)
}

fn revision_id(id: i64) -> Result<RevisionId, StoreError> {
    u32::try_from(id).map(RevisionId).map_err(|_| StoreError::Damaged)
}
