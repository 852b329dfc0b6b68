//! Secrets of a profile under a passphrase, as an age file (age-encryption.org/v1, scrypt recipient) in ASCII armour.
//!
//! Sealing throws dice and both ways are slow by design, so neither is done on a thread that has calls to carry.

use std::fmt;
use std::io::{Read as _, Write as _};
use std::iter;

use age::armor::{ArmoredReader, ArmoredWriter, Format};
use age::secrecy::SecretString;
use age::{DecryptError, Decryptor, Encryptor};

use crate::config::problem::{Problem, ProblemCode};
use crate::config::profile::{self, Imported, MAX_BYTES, SEALED_SECRETS, Secrets, SecretsPolicy, Unopened};
use crate::config::settings::Settings;

/// Work of one try with our own seals: 2^16 rounds of scrypt, 64 MB and about a fifth of a second.
const WORK: u8 = 16;

/// The most work that a file may ask for: four times ours, as much as the age program itself asks for. What asks for more is
/// refused before any of it is done.
const MOST_WORK: u8 = 18;

/// A passphrase as a person typed it. `Debug` does not show it, and its memory is wiped.
#[derive(Clone)]
pub struct Passphrase(SecretString);

impl Passphrase {
    /// Takes a passphrase; `None` for a blank one.
    #[must_use]
    pub fn new(text: String) -> Option<Passphrase> {
        (!text.is_empty()).then(|| Passphrase(SecretString::from(text)))
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

/// Writes settings as a profile: with the secrets sealed where there is a passphrase, without them where there is none.
///
/// # Errors
/// The seal could not be made, which the text tells for the log.
pub fn export(settings: &Settings, passphrase: Option<&Passphrase>) -> Result<String, String> {
    match passphrase {
        None => Ok(profile::export(settings, SecretsPolicy::LeftOut)),
        Some(passphrase) => {
            let sealed = seal(&Secrets::of(settings).to_json(), passphrase, WORK).map_err(|error| error.to_string())?;
            Ok(profile::export(settings, SecretsPolicy::Sealed(&sealed)))
        }
    }
}

/// Takes a profile with its sealed secrets, if it has any. Slow when it has.
///
/// # Errors
/// Why nothing of the profile is taken: no passphrase, a wrong one, or a seal that is damaged, too costly or does not fit.
pub fn open(unopened: Unopened, passphrase: Option<&Passphrase>) -> Result<Imported, Vec<Problem>> {
    match (&unopened.sealed, passphrase) {
        (None, _) => Ok(unopened.imported),
        (Some(_), None) => Err(vec![Problem::error(SEALED_SECRETS, ProblemCode::PassphraseNeeded)]),
        (Some(sealed), Some(passphrase)) => {
            let json = unseal(sealed, passphrase).map_err(|problem| vec![problem])?;
            unopened.with_secrets(&json)
        }
    }
}

fn seal(text: &str, passphrase: &Passphrase, work: u8) -> std::io::Result<String> {
    let mut recipient = age::scrypt::Recipient::new(passphrase.0.clone());
    recipient.set_work_factor(work);
    let encryptor = Encryptor::with_recipients(iter::once(&recipient as _)).map_err(std::io::Error::other)?;
    let mut sealed = Vec::new();
    let mut writer = encryptor.wrap_output(ArmoredWriter::wrap_output(&mut sealed, Format::AsciiArmor)?)?;
    writer.write_all(text.as_bytes())?;
    writer.finish()?.finish()?;
    String::from_utf8(sealed).map_err(std::io::Error::other)
}

fn unseal(sealed: &str, passphrase: &Passphrase) -> Result<String, Problem> {
    let damaged = || Problem::error(SEALED_SECRETS, ProblemCode::SealDamaged);
    let decryptor = Decryptor::new_buffered(ArmoredReader::new(sealed.as_bytes())).map_err(|_| damaged())?;
    if !decryptor.is_scrypt() {
        return Err(damaged());
    }
    let mut identity = age::scrypt::Identity::new(passphrase.0.clone());
    identity.set_max_work_factor(MOST_WORK);
    let inside = decryptor.decrypt(iter::once(&identity as _)).map_err(|error| match error {
        DecryptError::ExcessiveWork { required, .. } => {
            Problem::error(SEALED_SECRETS, ProblemCode::SealTooCostly).with("found", required).with("maximum", MOST_WORK)
        }
        // The passphrase is tried on the key of the file, before anything else can be told of it.
        DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed | DecryptError::NoMatchingKeys => {
            Problem::error(SEALED_SECRETS, ProblemCode::WrongPassphrase)
        }
        _ => damaged(),
    })?;
    // The armour is no longer than a profile may be, so what is inside has that bound too.
    let most = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX);
    let mut text = Vec::new();
    inside.take(most).read_to_end(&mut text).map_err(|_| damaged())?;
    String::from_utf8(text).map_err(|_| Problem::error(SEALED_SECRETS, ProblemCode::SealWithoutSecrets))
}

#[cfg(test)]
mod tests;
