//! Profiles as files: read with a bound, written whole or not at all.

use std::io::{self, Read, Write as _};
use std::path::Path;

use crate::config::problem::{Problem, ProblemCode};
use crate::config::profile::{self, MAX_BYTES, Unopened};

/// Why a profile could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The file is wrong; every mistake.
    #[error("the profile is wrong")]
    Problems(Vec<Problem>),
}

/// Reads a profile from a file. One that is too large is refused by its size, before it is read.
///
/// # Errors
/// See [`ReadError`].
pub fn read(path: &Path) -> Result<Unopened, ReadError> {
    let file = std::fs::File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
    }
    if metadata.len() > bound() {
        return Err(too_large());
    }
    read_from(file)
}

/// Reads a profile from anything that can be read, and no more of it than a profile may be long.
///
/// # Errors
/// See [`ReadError`].
pub fn read_from(source: impl Read) -> Result<Unopened, ReadError> {
    let mut bytes = Vec::new();
    // One byte more than a profile may have: what has it is too large, however much would follow.
    source.take(bound() + 1).read_to_end(&mut bytes)?;
    if bytes.len() > MAX_BYTES {
        return Err(too_large());
    }
    let text = String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = good.iter().filter(|byte| **byte == b'\n').count() + 1;
        let column = good.iter().rev().take_while(|byte| **byte != b'\n').count() + 1;
        ReadError::Problems(vec![Problem::error("", ProblemCode::NotJson).with("line", line).with("column", column)])
    })?;
    profile::read(&text).map_err(ReadError::Problems)
}

/// Writes a profile beside its place and moves it there, so that a full disk or a crash leaves the file as it was.
///
/// # Errors
/// What the system said.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidFilename))?.to_owned();
    name.push(format!(".new-{}", std::process::id()));
    let fresh = path.with_file_name(name);
    let written = std::fs::File::create(&fresh).and_then(|mut file| {
        file.write_all(text.as_bytes())?;
        file.sync_all()
    });
    let moved = written.and_then(|()| std::fs::rename(&fresh, path));
    if moved.is_err() {
        let _ = std::fs::remove_file(&fresh);
    }
    moved
}

fn bound() -> u64 {
    u64::try_from(MAX_BYTES).unwrap_or(u64::MAX)
}

fn too_large() -> ReadError {
    ReadError::Problems(vec![Problem::error("", ProblemCode::ProfileTooLarge).with("maximum", MAX_BYTES)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(result: Result<Unopened, ReadError>) -> ProblemCode {
        match result {
            Err(ReadError::Problems(problems)) => problems[0].code,
            other => panic!("{other:?}"),
        }
    }

    /// Counts what is read of an endless file.
    struct Endless(u64);

    impl Read for &mut Endless {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            buffer.fill(b' ');
            self.0 += buffer.len() as u64;
            Ok(buffer.len())
        }
    }

    #[test]
    fn of_a_file_that_is_too_large_no_more_is_read_than_shows_it() {
        let path = std::env::temp_dir().join(format!("loopstart-large-{}.json", std::process::id()));
        std::fs::File::create(&path).unwrap().set_len(50_000_000).unwrap();
        assert_eq!(code(read(&path)), ProblemCode::ProfileTooLarge);
        std::fs::remove_file(&path).unwrap();
        let mut endless = Endless(0);
        assert_eq!(code(read_from(&mut endless)), ProblemCode::ProfileTooLarge);
        assert!(endless.0 <= bound() + 1, "{}", endless.0);
    }

    #[test]
    fn what_is_no_text_is_told_with_its_place() {
        let Err(ReadError::Problems(problems)) = read_from(&b"{\n  \"form\xff"[..]) else { panic!() };
        assert_eq!(problems[0].code, ProblemCode::NotJson);
        assert_eq!((problems[0].args["line"].as_str(), problems[0].args["column"].as_str()), ("2", "8"));
    }

    #[test]
    fn a_file_is_replaced_as_a_whole_or_left_as_it_was() {
        let dir = std::env::temp_dir().join(format!("loopstart-write-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let path = dir.join("a.json");
        write(&path, "old").unwrap();
        write(&path, "new").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new");
        std::fs::create_dir(dir.join("folder.json")).unwrap();
        std::fs::write(dir.join("folder.json/inside"), "").unwrap();
        assert!(write(&dir.join("folder.json"), "text").is_err());
        assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 2, "nothing is left behind");
        assert!(matches!(read(&dir), Err(ReadError::Io(_))));
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
