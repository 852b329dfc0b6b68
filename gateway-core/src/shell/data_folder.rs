//! A data folder on which no gateway runs: its settings, and Apply without anything to switch over.

use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::claim::{self, Claim};
use super::handle::{Applied, ApplyError, StoreFault, allow, with_secrets_given_up};
use super::keyring::Keyring;
use super::store::{KeyFault, RevisionId, RevisionKind, Store};
use crate::config::check::check;
use crate::config::diff::{Change, diff};
use crate::config::profile::Imported;
use crate::config::settings::Settings;

/// A data folder that is ours as long as this lives.
#[derive(Debug)]
pub struct DataFolder {
    store: Store,
    _claim: Claim,
}

/// A profile that was applied.
#[derive(Debug)]
pub struct Taken {
    /// The new revision.
    pub applied: Applied,
    /// What it changed; nothing where there were no settings before.
    pub changes: Vec<Change>,
    /// Paths of the secrets that neither the profile nor the folder has.
    pub secrets_missing: Vec<String>,
}

impl DataFolder {
    /// Claims the folder and opens what is in it.
    ///
    /// # Errors
    /// `data_dir_in_use` while a gateway runs on it; else as [`Store::open_with`].
    pub async fn open(dir: &Path, keyring: Option<Arc<dyn Keyring>>) -> Result<DataFolder, StoreFault> {
        let claim = Claim::on(dir)?;
        let store = Store::open_with(dir, keyring).await?;
        Ok(DataFolder { store, _claim: claim })
    }

    /// The settings that a gateway would start with; `None` in a fresh folder.
    ///
    /// # Errors
    /// See [`super::store::StoreError`].
    pub async fn settings(&self) -> Result<Option<Settings>, StoreFault> {
        Ok(self.store.load().await?.map(|(_, settings)| settings))
    }

    /// Why those settings lack secrets.
    #[must_use]
    pub fn key_fault(&self) -> Option<KeyFault> {
        self.store.key_fault()
    }

    /// Makes a profile the settings of the next start. Secrets that it leaves out are kept where they go to the same place.
    ///
    /// # Errors
    /// Why nothing changed.
    pub async fn apply(&self, mut profile: Imported, confirmed: bool) -> Result<Taken, ApplyError> {
        let current = self.settings().await.map_err(|error| ApplyError::Store { error })?;
        if let Some(current) = &current {
            profile.keep_secrets_of(current);
        }
        let problems = check(&profile.settings, None);
        let problems = match &current {
            Some(current) => with_secrets_given_up(problems, &self.store, current, &profile.settings),
            None => problems,
        };
        allow(problems, confirmed)?;
        let at_epoch_ms = now_epoch_ms();
        let revision = self.store.commit(&profile.settings, RevisionKind::Import, at_epoch_ms).await?;
        let changes = current.map_or_else(Vec::new, |current| diff(&current, &profile.settings));
        Ok(Taken { applied: Applied { revision, at_epoch_ms }, changes, secrets_missing: profile.secrets_missing })
    }

    /// Makes the settings of an earlier revision those of the next start; `None` when it is not kept.
    ///
    /// # Errors
    /// See [`super::store::StoreError`]: also where its secrets cannot be opened. Then nothing has changed.
    pub async fn restore(&self, revision: RevisionId) -> Result<Option<Applied>, StoreFault> {
        let Some(settings) = self.store.whole_revision(revision).await? else { return Ok(None) };
        let at_epoch_ms = now_epoch_ms();
        let revision = self.store.commit(&settings, RevisionKind::Restore, at_epoch_ms).await?;
        Ok(Some(Applied { revision, at_epoch_ms }))
    }

    /// Closes the folder.
    pub async fn close(self) {
        self.store.close().await;
    }
}

/// Opens the database of a folder to read it, also while a gateway runs on it. Where there is none yet, or where it has to be brought
/// up to date first, that is done if the folder is free.
///
/// # Errors
/// `database_needs_update` while another program has a folder whose database would have to be changed; else as [`Store::open_with`].
pub async fn open_to_read(dir: &Path, keyring: Option<Arc<dyn Keyring>>) -> Result<Store, StoreFault> {
    if let Some(store) = Store::open_as_it_is(dir, keyring.clone()).await? {
        return Ok(store);
    }
    let claim = Claim::on(dir).map_err(|fault| match fault.code.as_str() {
        claim::IN_USE => StoreFault { code: "database_needs_update".to_owned(), ..fault },
        _ => fault,
    })?;
    let store = Store::open_with(dir, keyring).await?;
    // Reading needs no claim, and must not keep a gateway from starting.
    drop(claim);
    Ok(store)
}

/// The wall clock, in ms since 1970 (UTC).
fn now_epoch_ms() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::settings::GatewaySettings;
    use crate::shell::store::tests::{Scratch, first_version, is_first_version};

    #[tokio::test]
    async fn a_reader_brings_no_database_up_to_date_that_another_program_uses() {
        let scratch = Scratch::new("reader-old");
        first_version(&scratch.0).await;
        let gateway = Claim::on(&scratch.0).unwrap();
        assert_eq!(open_to_read(&scratch.0, None).await.unwrap_err().code, "database_needs_update");
        assert!(is_first_version(&scratch.0).await);
        drop(gateway);
        let store = open_to_read(&scratch.0, None).await.unwrap();
        assert_eq!(store.records(10, None).await, Ok(vec![]));
        assert!(Claim::on(&scratch.0).is_ok(), "a gateway may start while it is read");
        store.close().await;
    }

    #[tokio::test]
    async fn a_database_that_is_up_to_date_is_read_beside_the_gateway_that_uses_it() {
        let scratch = Scratch::new("reader-new");
        let _gateway = Claim::on(&scratch.0).unwrap();
        assert_eq!(open_to_read(&scratch.0, None).await.unwrap_err().code, "database_needs_update", "there is none yet");
        let running = Store::open(&scratch.0).await.unwrap();
        let settings = Settings { gateway: GatewaySettings::default(), ports: Vec::new() };
        let id = running.commit(&settings, RevisionKind::Apply, 1).await.unwrap();
        let reader = open_to_read(&scratch.0, None).await.unwrap();
        assert_eq!(reader.load().await, Ok(Some((id, settings))));
        reader.close().await;
        running.close().await;
    }
}
