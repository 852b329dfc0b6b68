//! Secrets at rest: no row, no free page and no write-ahead log holds one in the clear.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use sqlx::Row as _;

use super::key::{Key, KeyFault, KeyRack};
use super::revision::FORMAT;
use super::{Store, StoreError};
use crate::config::fields;
use crate::config::profile::Secrets;
use crate::config::profile::secrets::leave_out;
use crate::config::settings::Settings;
use crate::shell::keyring::Keyring;

/// `user_version` of a database whose free pages were cleaned after its rows were sealed.
const CLEANED: i64 = 1;

/// Settings as they go into a row.
pub(super) struct Sealed {
    /// The settings without secrets, as JSON.
    pub(super) document: String,
    /// The secrets; `None` where there are none.
    pub(super) secrets: Option<Vec<u8>>,
}

/// The key of the folder, or why it is missing.
#[derive(Debug)]
pub(super) struct Keys {
    rack: Arc<KeyRack>,
    state: Mutex<State>,
}

#[derive(Clone, Debug, Default)]
struct State {
    key: Option<Key>,
    /// Why the key that sealed the secrets before is not at hand.
    fault: Option<KeyFault>,
    /// Secrets of the settings in force are sealed and cannot be opened.
    incomplete: bool,
}

impl Keys {
    pub(super) async fn find(dir: &Path, keyring: Option<Arc<dyn Keyring>>) -> Result<Keys, StoreError> {
        let rack = Arc::new(KeyRack::of(dir, keyring));
        let found = on_a_thread(&rack, KeyRack::find).await?;
        let state = match found {
            Ok(key) => State { key, ..State::default() },
            Err(fault) => State { fault: Some(fault), ..State::default() },
        };
        Ok(Keys { rack, state: Mutex::new(state) })
    }

    fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Settings ready for a row. Makes the key when there is none at hand: a key that is out of reach is not waited for, because
    /// what a person applies now must be there at the next start, whoever starts it.
    pub(super) async fn seal(&self, settings: &Settings) -> Result<Sealed, StoreError> {
        let secrets = Secrets::of(settings);
        let mut document = fields::document(settings);
        leave_out(&mut document);
        let secrets = if secrets.is_empty() { None } else { Some(self.key().await?.seal(&secrets.to_json())?) };
        Ok(Sealed { document: document.to_string(), secrets })
    }

    async fn key(&self) -> Result<Key, StoreError> {
        let state = self.state();
        let key = match (state.key, state.fault) {
            (Some(key), _) => return Ok(key),
            (None, None) => on_a_thread(&self.rack, KeyRack::make).await?,
            (None, Some(_)) => on_a_thread(&self.rack, KeyRack::make_in_folder).await?,
        };
        self.change(|state| state.key = Some(key.clone()));
        Ok(key)
    }

    /// Looks once more for the key of a folder that had none: another program may have made it since.
    pub(super) async fn look(&self) -> Result<(), StoreError> {
        let state = self.state();
        if state.key.is_none() && state.fault.is_none() {
            match on_a_thread(&self.rack, KeyRack::find).await? {
                Ok(key) => self.change(|state| state.key = key),
                Err(fault) => self.change(|state| state.fault = Some(fault)),
            }
        }
        Ok(())
    }

    /// Puts the secrets of a row into its settings, and answers whether they could be opened.
    pub(super) fn open_into(&self, sealed: &[u8], settings: &mut Settings) -> bool {
        let opened = self.open(sealed, settings);
        let whole = opened.is_some();
        if let Some(secrets) = opened {
            secrets.restore(settings);
        }
        whole
    }

    fn open(&self, sealed: &[u8], settings: &Settings) -> Option<Secrets> {
        let json = self.state().key?.open(sealed)?;
        Secrets::from_json(&json, settings).ok()
    }

    /// New settings hold, with all their secrets where they are `whole`.
    pub(super) fn settings_in_force(&self, whole: bool) {
        self.change(|state| state.incomplete = !whole);
    }
}

/// Files and keyrings are asked where waiting is allowed.
async fn on_a_thread<T: Send + 'static>(
    rack: &Arc<KeyRack>,
    ask: impl FnOnce(&KeyRack) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let rack = Arc::clone(rack);
    tokio::task::spawn_blocking(move || ask(&rack)).await.map_err(|error| StoreError::Other(error.to_string()))?
}

impl Store {
    /// Why the settings in force lack secrets that are stored; `None` when they lack none. What is sealed stays where it is, so a
    /// key that comes back brings the secrets back.
    #[must_use]
    pub fn key_fault(&self) -> Option<KeyFault> {
        let state = self.keys.state();
        state.incomplete.then(|| state.fault.unwrap_or(KeyFault::KeyLost))
    }

    /// Seals rows that an older program wrote in the clear, and cleans up behind them.
    pub(super) async fn seal_what_is_clear(&self) -> Result<(), StoreError> {
        self.seal_old_rows().await?;
        let cleaned: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&self.pool).await?;
        if cleaned < CLEANED
            && let Err(error) = self.clean_free_pages().await
        {
            // Settings hold all the same; the next start tries again.
            tracing::warn!(code = error.code(), "old pages of the database could not be cleaned yet");
        }
        Ok(())
    }

    /// Looks whether the secrets in force open.
    pub(super) async fn look_at_the_secrets_in_force(&self) -> Result<(), StoreError> {
        let current = "SELECT r.sealed, r.document FROM revisions r JOIN current_revision c ON c.revision_id = r.id";
        if let Some(row) = sqlx::query(current).fetch_optional(&self.pool).await?
            && let Some(sealed) = row.try_get::<Option<Vec<u8>>, _>("sealed")?
            && let Ok(settings) = serde_json::from_str(row.try_get("document")?)
        {
            let incomplete = self.keys.open(&sealed, &settings).is_none();
            self.keys.change(|state| state.incomplete = incomplete);
        }
        Ok(())
    }

    /// Whether an older program left secrets in the clear.
    pub(super) async fn has_clear_rows(&self) -> Result<bool, StoreError> {
        let old = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM revisions WHERE format < ?)");
        Ok(old.bind(FORMAT).fetch_one(&self.pool).await?)
    }

    async fn seal_old_rows(&self) -> Result<(), StoreError> {
        // Without a lock first: whoever only opens must not wait for whoever writes.
        if !self.has_clear_rows().await? {
            return Ok(());
        }
        let mut transaction = self.pool.begin_with("BEGIN IMMEDIATE").await?;
        let rows = sqlx::query("SELECT id, document FROM revisions WHERE format < ?").bind(FORMAT).fetch_all(&mut *transaction).await?;
        for row in rows {
            let (id, document): (i64, String) = (row.try_get("id")?, row.try_get("document")?);
            let (document, secrets) = match serde_json::from_str::<Settings>(&document) {
                Ok(settings) => {
                    let sealed = self.keys.seal(&settings).await?;
                    (sealed.document, sealed.secrets)
                }
                // No settings of ours; what looks like a secret in it goes all the same.
                Err(_) => {
                    let mut tree: Value = serde_json::from_str(&document).unwrap_or_default();
                    leave_out(&mut tree);
                    (tree.to_string(), None)
                }
            };
            let update = sqlx::query("UPDATE revisions SET document = ?, sealed = ?, format = ? WHERE id = ?");
            update.bind(document).bind(secrets).bind(FORMAT).bind(id).execute(&mut *transaction).await?;
        }
        Ok(transaction.commit().await?)
    }

    /// Rewrites the file, so that no free page keeps what was deleted or replaced, and empties the write-ahead log. Only then is it
    /// written down that this was done: a crash in between does it again.
    async fn clean_free_pages(&self) -> Result<(), StoreError> {
        sqlx::query("VACUUM").execute(&self.pool).await?;
        let busy: i64 = sqlx::query_scalar("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&self.pool).await?;
        if busy != 0 {
            return Err(StoreError::Locked);
        }
        sqlx::query("PRAGMA user_version = 1").execute(&self.pool).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
