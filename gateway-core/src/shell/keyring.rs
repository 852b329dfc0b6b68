//! The keyring of the operating system: Secret Service on Linux, Keychain on macOS, Credential Manager on Windows.

use std::fmt;
use std::sync::{Arc, mpsc};
use std::time::Duration;

/// The variable that keeps the keyring out of it, with the value `off`: for headless computers, packagers and tests.
pub const VARIABLE: &str = "LOOPSTART_KEYRING";

/// The name under which our entries stand in the keyring.
const PROGRAM: &str = "loopstart";

/// Why the keyring did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringFault {
    /// There is none, it is locked, or it refused.
    #[error("the keyring cannot be used: {0}")]
    Unusable(String),
    /// It did not answer in time; perhaps it waits for a person.
    #[error("the keyring did not answer in time")]
    TimedOut,
}

/// Where keys are kept beside the program's own files.
pub trait Keyring: fmt::Debug + Send + Sync {
    /// The text kept under a name; `None` when there is none.
    ///
    /// # Errors
    /// The keyring did not answer.
    fn get(&self, name: &str) -> Result<Option<String>, KeyringFault>;

    /// Keeps a text under a name.
    ///
    /// # Errors
    /// The keyring did not take it.
    fn set(&self, name: &str, text: &str) -> Result<(), KeyringFault>;
}

/// The keyring of this computer; `None` when the environment keeps it out.
#[must_use]
pub fn of_this_computer() -> Option<Arc<dyn Keyring>> {
    let off = std::env::var(VARIABLE).is_ok_and(|value| value.eq_ignore_ascii_case("off"));
    (!off).then(|| Arc::new(Bounded { keyring: Arc::new(SystemKeyring), patience: PATIENCE }) as Arc<dyn Keyring>)
}

/// How long the keyring may take. A person who is asked for its password may take longer, and is asked again at the next start;
/// telephones must not wait for them.
const PATIENCE: Duration = Duration::from_secs(5);

/// The system's own.
#[derive(Debug)]
struct SystemKeyring;

impl SystemKeyring {
    fn entry(name: &str) -> Result<keyring::v1::Entry, KeyringFault> {
        keyring::v1::Entry::new(PROGRAM, name).map_err(|error| match keyring::v1::Entry::store_status() {
            Err(reason) => KeyringFault::Unusable(reason.to_string()),
            Ok(()) => KeyringFault::Unusable(error.to_string()),
        })
    }
}

impl Keyring for SystemKeyring {
    fn get(&self, name: &str) -> Result<Option<String>, KeyringFault> {
        match Self::entry(name)?.get_password() {
            Ok(text) => Ok(Some(text)),
            Err(keyring::v1::Error::NoEntry) => Ok(None),
            Err(error) => Err(KeyringFault::Unusable(error.to_string())),
        }
    }

    fn set(&self, name: &str, text: &str) -> Result<(), KeyringFault> {
        Self::entry(name)?.set_password(text).map_err(|error| KeyringFault::Unusable(error.to_string()))
    }
}

/// A keyring that is waited for only so long: it is asked on a thread of its own, which is left behind when it does not answer.
#[derive(Debug)]
struct Bounded {
    keyring: Arc<dyn Keyring>,
    patience: Duration,
}

impl Bounded {
    fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&dyn Keyring) -> Result<T, KeyringFault> + Send + 'static,
    ) -> Result<T, KeyringFault> {
        let (answer, answered) = mpsc::sync_channel(1);
        let keyring = Arc::clone(&self.keyring);
        std::thread::Builder::new()
            .name("keyring".to_owned())
            // Nobody may be waiting any more.
            .spawn(move || drop(answer.send(question(&*keyring))))
            .map_err(|error| KeyringFault::Unusable(error.to_string()))?;
        answered.recv_timeout(self.patience).unwrap_or(Err(KeyringFault::TimedOut))
    }
}

impl Keyring for Bounded {
    fn get(&self, name: &str) -> Result<Option<String>, KeyringFault> {
        let name = name.to_owned();
        self.ask(move |keyring| keyring.get(&name))
    }

    fn set(&self, name: &str, text: &str) -> Result<(), KeyringFault> {
        let (name, text) = (name.to_owned(), text.to_owned());
        self.ask(move |keyring| keyring.set(&name, &text))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeMap;
    use std::sync::{Condvar, Mutex};

    use super::*;

    /// A keyring in memory that can be locked, as a person locks the real one.
    #[derive(Debug, Default)]
    pub(crate) struct ToyKeyring {
        pub(crate) entries: Mutex<BTreeMap<String, String>>,
        pub(crate) locked: Mutex<bool>,
    }

    impl ToyKeyring {
        fn usable(&self) -> Result<(), KeyringFault> {
            if *self.locked.lock().unwrap() { Err(KeyringFault::Unusable("locked".to_owned())) } else { Ok(()) }
        }
    }

    impl Keyring for ToyKeyring {
        fn get(&self, name: &str) -> Result<Option<String>, KeyringFault> {
            self.usable()?;
            Ok(self.entries.lock().unwrap().get(name).cloned())
        }

        fn set(&self, name: &str, text: &str) -> Result<(), KeyringFault> {
            self.usable()?;
            self.entries.lock().unwrap().insert(name.to_owned(), text.to_owned());
            Ok(())
        }
    }

    /// A keyring whose prompt nobody answers until the test is over.
    #[derive(Debug, Default)]
    struct Prompting {
        answered: Mutex<bool>,
        bell: Condvar,
    }

    impl Keyring for Prompting {
        fn get(&self, _: &str) -> Result<Option<String>, KeyringFault> {
            let answered = self.answered.lock().unwrap();
            let _answered = self.bell.wait_while(answered, |answered| !*answered).unwrap();
            Ok(None)
        }

        fn set(&self, name: &str, _: &str) -> Result<(), KeyringFault> {
            self.get(name).map(drop)
        }
    }

    #[test]
    fn a_keyring_that_waits_for_a_person_is_not_waited_for() {
        let prompting = Arc::new(Prompting::default());
        let bounded = Bounded { keyring: prompting.clone(), patience: Duration::from_millis(20) };
        assert_eq!(bounded.get("a"), Err(KeyringFault::TimedOut));
        assert_eq!(bounded.set("a", "b"), Err(KeyringFault::TimedOut));
        *prompting.answered.lock().unwrap() = true;
        prompting.bell.notify_all();
    }

    #[test]
    fn what_a_keyring_answers_in_time_is_passed_on() {
        let toy = Arc::new(ToyKeyring::default());
        let bounded = Bounded { keyring: toy.clone(), patience: Duration::from_secs(10) };
        assert_eq!(bounded.get("a"), Ok(None));
        assert_eq!(bounded.set("a", "b"), Ok(()));
        assert_eq!(bounded.get("a"), Ok(Some("b".to_owned())));
        *toy.locked.lock().unwrap() = true;
        assert_eq!(bounded.get("a"), Err(KeyringFault::Unusable("locked".to_owned())));
    }
}
