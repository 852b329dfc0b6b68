//! What a person wants of this window, kept as `window.json` in the data folder. It is no setting of the gateway: it is neither
//! applied nor exported, and two computers with one profile may differ in it.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The file in the data folder.
const FILE_NAME: &str = "window.json";

/// Longest file that is read; a longer one is no file of ours.
const MOST_BYTES: u64 = 65_536;

/// What a person wants of this window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(default)]
pub(crate) struct Preferences {
    /// Closing the window leaves the gateway running. Not chosen: wherever the closed window can be seen in a tray.
    pub(crate) close_to_tray: Option<bool>,
    /// The program starts without showing its window.
    pub(crate) start_hidden: bool,
    /// Which troubles the desktop tells.
    pub(crate) notify: Notify,
    /// When the computer is kept from falling asleep.
    pub(crate) keep_awake: KeepAwake,
    /// The first-run guide was finished or left.
    pub(crate) guide_done: bool,
    /// It was told once that the closed window leaves the gateway running.
    pub(crate) tray_told: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Preferences {
            close_to_tray: None,
            start_hidden: false,
            notify: Notify::default(),
            keep_awake: KeepAwake::DuringCalls,
            guide_done: false,
            tray_told: false,
        }
    }
}

/// Which troubles the desktop tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(default)]
pub(crate) struct Notify {
    /// A registration was lost.
    pub(crate) registration: bool,
    /// A line has no battery.
    pub(crate) line: bool,
    /// The box is gone.
    pub(crate) device: bool,
    /// A line does not let itself be released.
    pub(crate) stuck: bool,
    /// The computer has slept.
    pub(crate) asleep: bool,
}

impl Default for Notify {
    fn default() -> Self {
        Notify { registration: true, line: true, device: true, stuck: true, asleep: true }
    }
}

/// When the computer is kept from falling asleep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
#[serde(rename_all = "snake_case")]
pub(crate) enum KeepAwake {
    /// It sleeps when it wants to.
    Never,
    /// Not while a call is up.
    DuringCalls,
    /// Not while the gateway runs.
    Always,
}

/// Preferences that could not be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, specta::Type)]
pub(crate) struct Unkept {
    /// What the system said, for the log.
    detail: String,
}

/// The file, and what of it is ours.
#[derive(Debug)]
pub(crate) struct PreferencesFile {
    path: PathBuf,
    /// Everything that stands in the file: keys of newer versions survive a change by this one.
    all: Map<String, Value>,
}

impl PreferencesFile {
    /// Reads the preferences of a data folder; the defaults where there are none. The last answer is whether a file was damaged: it
    /// is set aside under another name, so that this is told once.
    pub(crate) fn read(data_dir: &Path) -> (Self, Preferences, bool) {
        let path = data_dir.join(FILE_NAME);
        let text = match bounded(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return (PreferencesFile { path, all: Map::new() }, Preferences::default(), false);
            }
            Err(error) => {
                tracing::warn!(%error, "the preferences of the window could not be read");
                return (PreferencesFile { path, all: Map::new() }, Preferences::default(), true);
            }
        };
        let all = serde_json::from_slice::<Map<String, Value>>(&text);
        let read = all.and_then(|all| Ok((serde_json::from_value(Value::Object(all.clone()))?, all)));
        match read {
            Ok((preferences, all)) => (PreferencesFile { path, all }, preferences, false),
            Err(error) => {
                tracing::warn!(%error, "the preferences of the window are damaged; the defaults hold");
                if let Err(error) = std::fs::rename(&path, path.with_extension("json.damaged")) {
                    tracing::warn!(%error, "the damaged preferences could not be set aside");
                }
                (PreferencesFile { path, all: Map::new() }, Preferences::default(), true)
            }
        }
    }

    /// Keeps preferences: the file is the old one or the new one, whole.
    pub(crate) fn write(&mut self, preferences: &Preferences) -> Result<(), Unkept> {
        self.replace(preferences).map_err(|error| {
            tracing::warn!(%error, "the preferences of the window could not be kept");
            Unkept { detail: error.to_string() }
        })
    }

    fn replace(&mut self, preferences: &Preferences) -> io::Result<()> {
        let Value::Object(ours) = serde_json::to_value(preferences)? else {
            return Err(io::Error::other("preferences are an object"));
        };
        self.all.extend(ours);
        let fresh = self.path.with_extension("json.new");
        if let Some(folder) = self.path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut file = std::fs::File::create(&fresh)?;
        io::Write::write_all(&mut file, &serde_json::to_vec_pretty(&self.all)?)?;
        file.sync_all()?;
        std::fs::rename(&fresh, &self.path)
    }
}

#[allow(clippy::disallowed_methods, reason = "this program is a shell; a file without end must not be read whole")]
fn bounded(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(std::fs::File::open(path)?, MOST_BYTES), &mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own for each test.
    fn folder(name: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("loopstart-preferences-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        dir
    }

    #[test]
    fn a_first_start_has_the_defaults_and_writes_nothing() {
        let dir = folder("first");
        let (_, preferences, damaged) = PreferencesFile::read(&dir);
        assert_eq!((preferences, damaged), (Preferences::default(), false));
        assert!(!dir.join(FILE_NAME).exists());
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn what_is_kept_is_read_again_and_keys_of_newer_versions_survive() {
        let dir = folder("kept");
        std::fs::write(dir.join(FILE_NAME), r#"{"start_hidden":true,"later":{"a":1},"notify":{"line":false}}"#).unwrap();
        let (mut file, mut preferences, damaged) = PreferencesFile::read(&dir);
        assert!(preferences.start_hidden && !preferences.notify.line && preferences.notify.stuck && !damaged);
        preferences.close_to_tray = Some(false);
        preferences.keep_awake = KeepAwake::Always;
        file.write(&preferences).unwrap();
        let text = std::fs::read_to_string(dir.join(FILE_NAME)).unwrap();
        assert!(text.contains(r#""later""#), "{text}");
        assert_eq!(PreferencesFile::read(&dir).1, preferences);
        std::fs::remove_dir_all(dir).unwrap();
    }

    #[test]
    fn a_damaged_file_gives_the_defaults_and_says_so_once() {
        for damage in ["", "{", "[]", r#"{"start_hidden":"yes"}"#, "\u{0}\u{0}"] {
            let dir = folder("damaged");
            std::fs::write(dir.join(FILE_NAME), damage).unwrap();
            let (_, preferences, damaged) = PreferencesFile::read(&dir);
            assert_eq!((preferences, damaged), (Preferences::default(), true), "{damage:?}");
            assert!(!PreferencesFile::read(&dir).2, "{damage:?}");
            assert_eq!(std::fs::read_to_string(dir.join("window.json.damaged")).unwrap(), damage);
            std::fs::remove_dir_all(dir).unwrap();
        }
    }

    #[test]
    fn a_folder_that_takes_nothing_keeps_the_old_preferences() {
        let dir = folder("denied");
        let (mut file, preferences, _) = PreferencesFile::read(&dir);
        std::fs::create_dir(dir.join("window.json.new")).unwrap();
        assert!(file.write(&preferences).is_err());
        assert!(!dir.join(FILE_NAME).exists());
        std::fs::remove_dir_all(dir).unwrap();
    }
}
