//! Profiles at the door: export, import into a draft, comparison.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{GatewayHandle, Review, StoreFault};
use crate::config::compare::{Compared, compare};
use crate::config::problem::Problem;
use crate::config::profile::Imported;
use crate::config::settings::Settings;
use crate::shell::profile_file::{self, ReadError};
use crate::shell::seal::{self, Passphrase};
use crate::shell::store::{RevisionId, StoreError};

/// Why a profile was not written or not taken.
#[derive(Debug, thiserror::Error, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ProfileFault {
    /// The profile is wrong, or its seal does not open; every problem. Nothing is taken.
    #[error("problems")]
    Problems {
        /// What is wrong.
        problems: Vec<Problem>,
    },
    /// The file cannot be read.
    #[error("unreadable: {detail}")]
    Unreadable {
        /// What the system said.
        detail: String,
    },
    /// The file cannot be written; what was there before is still there.
    #[error("unwritable: {detail}")]
    Unwritable {
        /// What the system said.
        detail: String,
    },
    /// The database did not give the revision.
    #[error("store: {error}")]
    Store {
        /// Why.
        error: StoreFault,
    },
    /// The revision is forgotten.
    #[error("no_such_revision")]
    NoSuchRevision,
    /// The gateway has stopped.
    #[error("stopped")]
    Stopped,
}

/// A profile that may become the draft.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct ProfileRead {
    /// Its settings, with the secrets that it leaves out kept where they go to the same place.
    pub settings: Settings,
    /// Paths of the secrets that are still missing.
    pub secrets_missing: Vec<String>,
    /// Its secrets were sealed.
    pub sealed: bool,
    /// What Apply would do with it.
    pub review: Review,
}

/// One of two settings that are compared.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Side {
    /// The settings in force.
    InForce,
    /// A revision.
    Revision {
        /// Its number.
        id: RevisionId,
    },
    /// A profile. Sealed secrets count as missing: whether two are equal is told of what lies in the clear.
    File {
        /// Where it is.
        path: PathBuf,
    },
}

impl From<ReadError> for ProfileFault {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Io(error) => ProfileFault::Unreadable { detail: error.to_string() },
            ReadError::Problems(problems) => ProfileFault::Problems { problems },
        }
    }
}

impl From<StoreFault> for ProfileFault {
    fn from(error: StoreFault) -> Self {
        ProfileFault::Store { error }
    }
}

impl GatewayHandle {
    /// Writes the settings in force, or a revision, as a profile: secrets sealed where there is a passphrase, else left out.
    ///
    /// # Errors
    /// Why there is no new file.
    pub async fn export_profile(
        &self,
        path: PathBuf,
        revision: Option<RevisionId>,
        passphrase: Option<Passphrase>,
    ) -> Result<(), ProfileFault> {
        let settings = match revision {
            // Sealed secrets that are not there would be missed where they are needed.
            Some(id) if passphrase.is_some() => {
                let whole = self.store().whole_revision(id).await.map_err(StoreFault::from)?;
                whole.ok_or(ProfileFault::NoSuchRevision)?
            }
            Some(id) => self.side(Side::Revision { id }).await?,
            None if passphrase.is_some() && self.store().key_fault().is_some() => {
                let revision = self.apply_progress().applied.revision.0;
                return Err(StoreFault::from(StoreError::SecretsSealed { revision }).into());
            }
            None => self.settings(),
        };
        let write = move || {
            let text = seal::export(&settings, passphrase.as_ref()).map_err(|detail| ProfileFault::Unwritable { detail })?;
            profile_file::write(&path, &text).map_err(|error| ProfileFault::Unwritable { detail: error.to_string() })
        };
        apart(write).await
    }

    /// Reads a profile and checks everything. Nothing changes: what comes back is for the draft, and takes effect by Apply.
    ///
    /// # Errors
    /// Why the profile cannot become the draft; `passphrase_needed` among the problems asks for a passphrase.
    pub async fn read_profile(&self, path: PathBuf, passphrase: Option<Passphrase>) -> Result<ProfileRead, ProfileFault> {
        let read = move || open_file(&path, passphrase.as_ref());
        let (mut imported, sealed) = apart(read).await?;
        imported.keep_secrets_of(&self.settings_in_force());
        let review = self.review(&imported.settings);
        Ok(ProfileRead { settings: imported.settings, secrets_missing: imported.secrets_missing, sealed, review })
    }

    /// Two settings side by side.
    ///
    /// # Errors
    /// Why one of them cannot be had.
    pub async fn side_by_side(&self, left: Side, right: Side) -> Result<Vec<Compared>, ProfileFault> {
        Ok(compare(&self.side(left).await?, &self.side(right).await?))
    }

    async fn side(&self, side: Side) -> Result<Settings, ProfileFault> {
        match side {
            Side::InForce => Ok(self.settings()),
            Side::Revision { id } => {
                let settings = self.store().revision(id).await.map_err(StoreFault::from)?;
                settings.ok_or(ProfileFault::NoSuchRevision)
            }
            Side::File { path } => Ok(apart(move || Ok(profile_file::read(&path)?)).await?.imported.settings),
        }
    }

    /// Ports of the box, when there is one.
    pub(super) fn ports_available(&self) -> Option<u16> {
        self.snapshot().device.as_ref().map(|device| device.ports)
    }
}

fn open_file(path: &Path, passphrase: Option<&Passphrase>) -> Result<(Imported, bool), ProfileFault> {
    let unopened = profile_file::read(path)?;
    let sealed = unopened.sealed.is_some();
    let imported = seal::open(unopened, passphrase).map_err(|problems| ProfileFault::Problems { problems })?;
    Ok((imported, sealed))
}

/// Files and passphrases are slow: they wait where waiting is allowed.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T, ProfileFault> + Send + 'static) -> Result<T, ProfileFault> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ProfileFault::Stopped)?
}
