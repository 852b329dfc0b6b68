//! Files that hold a secret: new, whole, and for this user alone.

use std::io::{self, Write as _};
use std::path::Path;

/// Makes a new file, whole and for this user alone.
///
/// # Errors
/// `AlreadyExists` where there is one: it is left as it is.
pub(crate) fn publish(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = file.with_extension(format!("new-{}", std::process::id()));
    let _ = std::fs::remove_file(&fresh);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(&fresh).and_then(|mut open| {
        open.write_all(bytes)?;
        open.sync_all()
    });
    // A link, unlike a renaming, never replaces. Where the file system has none, the short window of the copy is accepted.
    let linked = written.and_then(|()| match std::fs::hard_link(&fresh, file) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => new_copy(file, bytes),
        done => done,
    });
    let _ = std::fs::remove_file(&fresh);
    linked.and_then(|()| keep_name(file))
}

/// A name, too, must survive a power cut: what the key seals is written right after it.
#[cfg(unix)]
fn keep_name(file: &Path) -> io::Result<()> {
    file.parent().map_or(Ok(()), |folder| std::fs::File::open(folder)?.sync_all())
}

/// Other systems keep names in a journal, and let no folder be opened.
#[cfg(not(unix))]
fn keep_name(_file: &Path) -> io::Result<()> {
    Ok(())
}

fn new_copy(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut open = options.open(file)?;
    open.write_all(bytes)?;
    open.sync_all()
}
