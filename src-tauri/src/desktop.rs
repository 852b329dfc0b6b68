//! What is known of the desktop, and what a person wants of this window on this computer.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::preferences::{Preferences, PreferencesFile, Unkept};
use crate::tray;
use crate::words::{Language, Words};

/// What is known of the desktop, and what a person wants of this window.
pub(crate) struct Desktop {
    data_dir: PathBuf,
    file: Mutex<PreferencesFile>,
    damaged: bool,
    preferences: watch::Sender<Preferences>,
    words: watch::Sender<Arc<Words>>,
    /// The tray could be loaded; whether it is seen is asked anew each time, for it may come later than the program.
    tray_loaded: bool,
}

impl Desktop {
    /// Reads what is kept in the data folder.
    pub(crate) fn new(data_dir: PathBuf, tray_loaded: bool) -> Self {
        let (file, preferences, damaged) = PreferencesFile::read(&data_dir);
        let words = Arc::new(Words::of(Language::of_system()));
        Desktop {
            data_dir,
            file: Mutex::new(file),
            damaged,
            preferences: watch::Sender::new(preferences),
            words: watch::Sender::new(words),
            tray_loaded,
        }
    }

    /// Where everything lies.
    pub(crate) fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The file of the preferences was damaged when the program started.
    pub(crate) fn was_damaged(&self) -> bool {
        self.damaged
    }

    /// What a person wants now.
    pub(crate) fn preferences(&self) -> Preferences {
        self.preferences.borrow().clone()
    }

    /// Keeps preferences; they hold at once.
    pub(crate) fn keep(&self, preferences: Preferences) -> Result<(), Unkept> {
        self.file.lock().unwrap_or_else(PoisonError::into_inner).write(&preferences)?;
        self.preferences.send_replace(preferences);
        Ok(())
    }

    /// The language from now on.
    pub(crate) fn speak(&self, language: Language) {
        self.words.send_replace(Arc::new(Words::of(language)));
    }

    /// The words of that language.
    pub(crate) fn words(&self) -> Arc<Words> {
        Arc::clone(&self.words.borrow())
    }

    /// Tells each time a person wants something else.
    pub(crate) fn wanted(&self) -> watch::Receiver<Preferences> {
        self.preferences.subscribe()
    }

    /// Tells each time the language changes.
    pub(crate) fn spoken(&self) -> watch::Receiver<Arc<Words>> {
        self.words.subscribe()
    }

    /// The desktop shows the tray icon.
    pub(crate) fn has_tray(&self) -> bool {
        self.tray_loaded && tray::is_shown()
    }

    /// A closed window can be had back.
    pub(crate) fn returns(&self) -> bool {
        self.has_tray() || tray::session_answers()
    }

    /// Whether closing the window leaves the program running. A window that could not come back is never closed that way.
    pub(crate) fn closes_to_tray(&self) -> bool {
        match self.preferences().close_to_tray {
            Some(wanted) => wanted && self.returns(),
            None => self.has_tray(),
        }
    }
}
