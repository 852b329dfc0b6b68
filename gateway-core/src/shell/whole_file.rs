//! Files that a person asked for: whole, or as they were before.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Writes a file whole or not at all, replacing what is there.
pub(super) async fn write_whole(path: &Path, content: impl AsRef<[u8]>) -> io::Result<()> {
    let part = beside(path);
    let written = match tokio::fs::write(&part, content).await {
        Ok(()) => tokio::fs::rename(&part, path).await,
        Err(error) => Err(error),
    };
    if written.is_err() {
        // It may never have been there.
        let _ = tokio::fs::remove_file(&part).await;
    }
    written
}

/// A file beside another that no other export writes: `calls.csv.<process>-<export>.part`.
pub(super) fn beside(path: &Path) -> PathBuf {
    static EXPORTS: AtomicU32 = AtomicU32::new(0);
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}-{}.part", std::process::id(), EXPORTS.fetch_add(1, Ordering::Relaxed)));
    PathBuf::from(name)
}
