//! Words for codes, from the same files as the window's. A code without words stands for itself, with its arguments.

use std::sync::OnceLock;

use serde_json::{Map, Value};

/// Languages by the beginning of a locale name; the first is for all others.
const LANGUAGES: &[(&str, &str)] = &[
    ("en", include_str!("../../../../ui/src/i18n/en.json")),
    ("pt", include_str!("../../../../ui/src/i18n/pt-BR.json")),
    ("es", include_str!("../../../../ui/src/i18n/es.json")),
];

/// The words of `code`, with `args` put in where the words have `{name}`.
pub(crate) fn of(code: &str, args: &[(&str, &str)]) -> String {
    match dictionary().get(code).and_then(Value::as_str) {
        Some(words) => args.iter().fold(words.to_owned(), |words, (name, value)| words.replace(&format!("{{{name}}}"), value)),
        None => args.iter().fold(code.to_owned(), |text, (name, value)| format!("{text} {name}={value}")),
    }
}

fn dictionary() -> &'static Map<String, Value> {
    static DICTIONARY: OnceLock<Map<String, Value>> = OnceLock::new();
    DICTIONARY.get_or_init(|| serde_json::from_str(language(&locale())).unwrap_or_default())
}

fn language(locale: &str) -> &'static str {
    LANGUAGES.iter().find(|(name, _)| locale.starts_with(name)).or(LANGUAGES.first()).map_or("{}", |(_, words)| *words)
}

/// What the environment says of the language (POSIX: the first of these that is set counts).
fn locale() -> String {
    let set = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().filter_map(|name| std::env::var(name).ok());
    set.into_iter().find(|value| !value.is_empty()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_has_words_for_every_end_of_the_program() {
        for (name, words) in LANGUAGES {
            let words: Map<String, Value> = serde_json::from_str(words).unwrap();
            for code in ["no_input", "unavailable", "software", "system", "cannot_create", "store", "config"] {
                assert!(words.contains_key(&format!("exit.{code}")), "{name}: exit.{code}");
            }
        }
    }

    #[test]
    fn a_locale_picks_its_language_and_others_get_english() {
        assert_eq!(language("pt_BR.UTF-8"), LANGUAGES[1].1);
        assert_eq!(language("de_DE"), LANGUAGES[0].1);
        assert_eq!(language(""), LANGUAGES[0].1);
    }
}
