//! The claim on a data folder: two gateways must not share one, because each would take the other's ports and settings for its
//! own.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use super::handle::StoreFault;
use super::store::StoreError;

/// The file that is locked. It stays when nobody holds it: only the lock means anything, and it ends with the program,
/// however that ends.
const FILE_NAME: &str = "loopstart.lock";

/// The code of a refusal.
pub(super) const IN_USE: &str = "data_dir_in_use";

/// A data folder that belongs to one gateway as long as this lives.
#[derive(Debug)]
pub(super) struct Claim(#[allow(dead_code, reason = "the lock is held by the open file")] File);

impl Claim {
    /// Claims `dir`, making it where it is missing.
    ///
    /// # Errors
    /// `data_dir_in_use` when another gateway has it; else what the system said of the folder.
    pub(super) fn on(dir: &Path) -> Result<Self, StoreFault> {
        std::fs::create_dir_all(dir).map_err(StoreError::from)?;
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(dir.join(FILE_NAME)).map_err(StoreError::from)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(StoreFault { code: IN_USE.to_owned(), detail: dir.display().to_string() });
            }
            // A file system without locks: better a gateway without this protection than none.
            Err(TryLockError::Error(error)) => tracing::warn!(%error, "the data folder cannot be locked"),
        }
        Ok(Claim(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_has_one_owner_at_a_time() {
        let dir = std::env::temp_dir().join(format!("loopstart-claim-test-{}", std::process::id()));
        let claim = Claim::on(&dir).unwrap();
        assert_eq!(Claim::on(&dir).unwrap_err().code, "data_dir_in_use");
        drop(claim);
        assert!(Claim::on(&dir).is_ok());
        let _ = std::fs::remove_dir_all(dir);
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_told_as_the_database_tells_it() {
        let file = std::env::temp_dir().join(format!("loopstart-claim-file-{}", std::process::id()));
        std::fs::write(&file, "").unwrap();
        assert_eq!(Claim::on(&file).unwrap_err().code, "database_unreachable");
        let _ = std::fs::remove_file(file);
    }
}
