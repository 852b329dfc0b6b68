//! The key that seals secrets at rest: where it is kept, how it is found again, and what happens when it is not.
//!
//! A folder has one key, an X25519 identity of age. It lies in `secrets.key` (0600) or in the keyring of the operating system;
//! `secrets.json` remembers which. A `secrets.key` that is there is always the one in use: whoever restores a folder from a copy
//! puts the file in, and that is all.

use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;
use std::sync::Arc;

use age::secrecy::ExposeSecret as _;
use age::x25519::Identity;
use serde::{Deserialize, Serialize};

use super::StoreError;
use crate::shell::keyring::Keyring;
use crate::shell::private_file::publish;

/// The key itself, where the folder keeps it.
pub(super) const KEY_FILE: &str = "secrets.key";

/// Where the key is, when it is not in the folder.
pub(super) const PLACE_FILE: &str = "secrets.json";

/// What is remembered of a key in the keyring. The public half names the entry and tells whether what is found there fits.
#[derive(Debug, Serialize, Deserialize)]
struct Place {
    keyring: String,
}

/// Why stored secrets cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
#[serde(rename_all = "snake_case")]
pub enum KeyFault {
    /// The key is in a keyring that does not answer: locked, or not there in this session.
    KeyringLocked,
    /// The key is gone from its place, or what lies there is not the one that sealed.
    KeyLost,
}

/// The keys of one data folder.
#[derive(Debug)]
pub(super) struct KeyRack {
    dir: PathBuf,
    keyring: Option<Arc<dyn Keyring>>,
}

/// A key at hand.
#[derive(Clone)]
pub(super) struct Key(Arc<Identity>);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Key({})", self.0.to_public())
    }
}

impl Key {
    /// Seals a text.
    ///
    /// # Errors
    /// What the library said, for the log.
    pub(super) fn seal(&self, text: &str) -> Result<Vec<u8>, StoreError> {
        age::encrypt(&self.0.to_public(), text.as_bytes()).map_err(|error| StoreError::Other(error.to_string()))
    }

    /// Opens what this key sealed; `None` for anything else.
    pub(super) fn open(&self, sealed: &[u8]) -> Option<String> {
        age::decrypt(&*self.0, sealed).ok().and_then(|text| String::from_utf8(text).ok())
    }

    fn of(text: &str) -> Option<Key> {
        // The file is one that the age program reads too: comments begin with a number sign.
        let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'))?;
        Identity::from_str(line).ok().map(|identity| Key(Arc::new(identity)))
    }
}

impl KeyRack {
    pub(super) fn of(dir: &Path, keyring: Option<Arc<dyn Keyring>>) -> KeyRack {
        KeyRack { dir: dir.to_owned(), keyring }
    }

    /// The key of the folder; `Ok(None)` when it never had one.
    ///
    /// # Errors
    /// The inner fault: there was a key, and it cannot be had. The outer one: the folder cannot be read.
    pub(super) fn find(&self) -> Result<Result<Option<Key>, KeyFault>, StoreError> {
        if let Some(text) = read(&self.dir.join(KEY_FILE))? {
            return Ok(Key::of(&text).map(Some).ok_or(KeyFault::KeyLost));
        }
        let Some(text) = read(&self.dir.join(PLACE_FILE))? else { return Ok(Ok(None)) };
        let Ok(place) = serde_json::from_str::<Place>(&text) else { return Ok(Err(KeyFault::KeyLost)) };
        let Some(keyring) = &self.keyring else { return Ok(Err(KeyFault::KeyringLocked)) };
        Ok(match keyring.get(&place.keyring) {
            Ok(Some(text)) => {
                Key::of(&text).filter(|key| key.0.to_public().to_string() == place.keyring).map(Some).ok_or(KeyFault::KeyLost)
            }
            Ok(None) => Err(KeyFault::KeyLost),
            Err(error) => {
                tracing::warn!(%error, "the key of the stored secrets is out of reach");
                Err(KeyFault::KeyringLocked)
            }
        })
    }

    /// Makes the first key of a folder: in the keyring where it takes and gives back what it is given, else in the folder.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub(super) fn make(&self) -> Result<Key, StoreError> {
        match self.make_in_keyring() {
            Some(key) => Ok(key),
            None => self.make_in_folder(),
        }
    }

    /// Makes a key in the folder, because that is the place that is always at hand. A key that another program made in this very
    /// moment is taken instead; one that cannot be read is moved aside, never overwritten.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub(super) fn make_in_folder(&self) -> Result<Key, StoreError> {
        let file = self.dir.join(KEY_FILE);
        let identity = Identity::generate();
        let text = format!("# public key: {}\n{}\n", identity.to_public(), identity.to_string().expose_secret());
        // Written aside and linked into place: whole or not there, whatever happens in between.
        for _ in 0..2 {
            match publish(&file, text.as_bytes()) {
                Ok(()) => return Ok(Key(Arc::new(identity))),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    if let Some(key) = read(&file)?.as_deref().and_then(Key::of) {
                        return Ok(key);
                    }
                    set_aside(&file)?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Other("the key file keeps coming back".to_owned()))
    }

    fn make_in_keyring(&self) -> Option<Key> {
        let keyring = self.keyring.as_ref()?;
        let identity = Identity::generate();
        let name = identity.to_public().to_string();
        let text = identity.to_string();
        let kept = keyring.set(&name, text.expose_secret()).and_then(|()| keyring.get(&name));
        match kept {
            Ok(Some(back)) if back == text.expose_secret() => {}
            Ok(_) => return None,
            Err(error) => {
                tracing::info!(%error, "the key of the stored secrets goes into the data folder");
                return None;
            }
        }
        let place = serde_json::to_vec(&Place { keyring: name }).ok()?;
        match publish(&self.dir.join(PLACE_FILE), &place) {
            Ok(()) => Some(Key(Arc::new(identity))),
            // Another program was faster; its key is the one of the folder.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.find().ok()?.ok()?,
            // Not remembered is not kept: the folder gets its key by itself.
            Err(error) => {
                tracing::warn!(%error, "the place of the key could not be remembered");
                None
            }
        }
    }
}

/// The text of a small file; `None` where there is none.
fn read(file: &Path) -> Result<Option<String>, StoreError> {
    match std::fs::read(file) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Renames a file to the first free name beside it.
fn set_aside(file: &Path) -> Result<(), StoreError> {
    for number in 1..100 {
        let aside = file.with_extension(format!("key.unreadable-{number}"));
        if !aside.exists() {
            return std::fs::rename(file, aside).map_err(StoreError::from);
        }
    }
    Err(StoreError::Other("too many unreadable keys lie in the folder".to_owned()))
}

#[cfg(test)]
mod tests;
