//! The revisions: what is kept, and what changed between any two.

use serde::Serialize;

use super::{GatewayHandle, StoreFault};
use crate::config::diff::{Change, diff};
use crate::config::settings::Settings;
use crate::shell::store::{Author, RevisionId, RevisionKind, Store, StoreError};

/// One line of the list of revisions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct RevisionEntry {
    /// Its number.
    pub revision: RevisionId,
    /// When it was committed, in ms since 1970 (UTC).
    pub at_epoch_ms: u64,
    /// How it came about.
    pub kind: RevisionKind,
    /// Who made it.
    pub author: Author,
    /// It is in force.
    pub current: bool,
    /// How many settings differ from the revision before; `None` for the oldest that is kept, and where one of the two cannot be read.
    pub changes: Option<u32>,
}

/// Why a revision cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum RevisionError {
    /// It is older than those that are kept, or never was.
    #[error("forgotten")]
    Forgotten,
    /// The database could not be read.
    #[error("store: {error}")]
    Store {
        /// Why.
        error: StoreFault,
    },
    /// The gateway has stopped.
    #[error("stopped")]
    Stopped,
}

impl From<StoreError> for RevisionError {
    fn from(error: StoreError) -> Self {
        RevisionError::Store { error: error.into() }
    }
}

impl GatewayHandle {
    /// The revisions that are kept, newest first.
    ///
    /// # Errors
    /// The database could not be read.
    pub async fn revisions(&self) -> Result<Vec<RevisionEntry>, RevisionError> {
        Ok(entries(self.store()).await?)
    }

    /// The settings of one revision, secrets in the clear: they go through Apply again.
    ///
    /// # Errors
    /// It is not kept any more, or cannot be read.
    pub async fn revision_settings(&self, revision: RevisionId) -> Result<Settings, RevisionError> {
        self.store().revision(revision).await?.ok_or(RevisionError::Forgotten)
    }

    /// What changed from one revision to another, or to `draft` where there is none.
    ///
    /// # Errors
    /// One of them is not kept any more, or cannot be read.
    pub async fn changes_between(
        &self,
        before: RevisionId,
        after: Option<RevisionId>,
        draft: Settings,
    ) -> Result<Vec<Change>, RevisionError> {
        let before = self.revision_settings(before).await?;
        let after = match after {
            Some(after) => self.revision_settings(after).await?,
            None => draft,
        };
        Ok(diff(&before, &after))
    }
}

/// The list of revisions of a database, newest first. One that cannot be read is listed all the same.
///
/// # Errors
/// The database could not be read.
pub async fn entries(store: &Store) -> Result<Vec<RevisionEntry>, StoreError> {
    let revisions = store.revisions().await?;
    let mut entries = Vec::with_capacity(revisions.len());
    let mut before: Option<Settings> = None;
    for revision in revisions.into_iter().rev() {
        let settings = match store.revision(revision.id).await {
            Ok(settings) => settings,
            Err(StoreError::UnreadableSettings { .. } | StoreError::DatabaseFromNewerVersion { .. }) => None,
            Err(error) => return Err(error),
        };
        let changes = before.as_ref().zip(settings.as_ref()).map(|(before, after)| diff(before, after).len());
        entries.push(RevisionEntry {
            revision: revision.id,
            at_epoch_ms: revision.created_at_ms,
            kind: revision.kind,
            author: revision.author,
            current: revision.current,
            changes: changes.and_then(|count| u32::try_from(count).ok()),
        });
        before = settings;
    }
    entries.reverse();
    Ok(entries)
}
