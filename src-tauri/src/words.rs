//! Words for what this program says outside its window: in the tray and in notifications. They stand in the files of the window.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A language of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, specta::Type)]
pub(crate) enum Language {
    /// Portuguese of Brazil.
    #[serde(rename = "pt-BR")]
    Portuguese,
    /// English.
    #[serde(rename = "en")]
    English,
    /// Spanish.
    #[serde(rename = "es")]
    Spanish,
}

const PORTUGUESE: [&str; 2] = [include_str!("../../ui/src/i18n/pt-BR/codes.json"), include_str!("../../ui/src/i18n/pt-BR/desk.json")];
const ENGLISH: [&str; 2] = [include_str!("../../ui/src/i18n/en/codes.json"), include_str!("../../ui/src/i18n/en/desk.json")];
const SPANISH: [&str; 2] = [include_str!("../../ui/src/i18n/es/codes.json"), include_str!("../../ui/src/i18n/es/desk.json")];

impl Language {
    /// The language that the environment asks for, as POSIX orders its variables; English where it asks for one we do not speak.
    pub(crate) fn of_system() -> Self {
        let set = |name: &&str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self::asked_for(&["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(set).unwrap_or_default())
    }

    fn asked_for(tag: &str) -> Self {
        match tag.get(..2) {
            Some("pt") => Language::Portuguese,
            Some("es") => Language::Spanish,
            Some(_) | None => Language::English,
        }
    }

    fn files(self) -> [&'static str; 2] {
        match self {
            Language::Portuguese => PORTUGUESE,
            Language::English => ENGLISH,
            Language::Spanish => SPANISH,
        }
    }
}

/// The words of one language.
#[derive(Debug)]
pub(crate) struct Words {
    messages: BTreeMap<String, String>,
}

impl Words {
    /// The words of `language`.
    pub(crate) fn of(language: Language) -> Self {
        let one = |text: &str| serde_json::from_str::<BTreeMap<String, String>>(text).unwrap_or_default();
        Words { messages: language.files().into_iter().flat_map(one).collect() }
    }

    /// The words of `key`, with `args` put in. A key without words stands for itself.
    pub(crate) fn say(&self, key: &str, args: &[(&str, &str)]) -> String {
        let words = self.messages.get(key).cloned().unwrap_or_else(|| key.to_owned());
        args.iter().fold(words, |text, (name, value)| text.replace(&format!("{{{name}}}"), value))
    }

    /// The words of a counted key, with `{n}` and `args` put in.
    pub(crate) fn count(&self, key: &str, n: usize, args: &[(&str, &str)]) -> String {
        let form = if n == 1 { "one" } else { "other" };
        self.say(&format!("{key}.{form}"), &[args, &[("n", &n.to_string())]].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_chooses_the_language() {
        assert_eq!(Language::asked_for("pt_BR.UTF-8"), Language::Portuguese);
        assert_eq!(Language::asked_for("es"), Language::Spanish);
        for other in ["C", "", "de_DE", "é"] {
            assert_eq!(Language::asked_for(other), Language::English, "{other:?}");
        }
    }

    #[test]
    fn words_are_counted_and_take_their_arguments() {
        let words = Words::of(Language::English);
        assert_eq!(words.count("tray.call", 1, &[]), "1 call");
        assert_eq!(words.count("alarm.ports", 2, &[("ports", "1, 3")]), "Ports 1, 3");
        assert_eq!(words.say("state.idle", &[]), "idle");
        assert_eq!(words.say("no.such", &[]), "no.such");
    }

    #[test]
    fn every_language_can_be_read() {
        for language in [Language::Portuguese, Language::English, Language::Spanish] {
            assert_ne!(Words::of(language).say("tray.quit", &[]), "tray.quit", "{language:?}");
        }
    }
}
