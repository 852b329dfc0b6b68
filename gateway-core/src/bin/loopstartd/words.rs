//! Words for codes, in the language of the environment: those of the window, and a few of the headless program's own.
//! A code without words stands for itself, with its arguments.

use std::collections::BTreeMap;
use std::sync::OnceLock;

/// The words of one language: the window's, then ours.
type Language = (&'static str, [&'static str; 2]);

const ENGLISH: Language = ("en", [include_str!("../../../../ui/src/i18n/en/codes.json"), include_str!("words/en.json")]);

const OTHERS: [Language; 2] = [
    ("pt", [include_str!("../../../../ui/src/i18n/pt-BR/codes.json"), include_str!("words/pt-BR.json")]),
    ("es", [include_str!("../../../../ui/src/i18n/es/codes.json"), include_str!("words/es.json")]),
];

/// The words of `code`, with `args` put in.
pub(crate) fn of(code: &str, args: &[(&str, &str)]) -> String {
    put_in(spoken().get(code).map(String::as_str), code, args)
}

/// The words of every code of a family, by the code alone.
pub(crate) fn family(name: &str) -> BTreeMap<String, String> {
    let of_family = |(code, words): (&String, &String)| Some((code.strip_prefix(name)?.strip_prefix('.')?.to_owned(), words.clone()));
    spoken().iter().filter_map(of_family).collect()
}

fn spoken() -> &'static BTreeMap<String, String> {
    static WORDS: OnceLock<BTreeMap<String, String>> = OnceLock::new();
    WORDS.get_or_init(|| read(&chosen(&environment())))
}

/// The language that the environment asks for, as POSIX orders its variables.
fn environment() -> String {
    let set = |name: &&str| std::env::var(name).ok().filter(|value| !value.is_empty());
    ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(set).unwrap_or_default()
}

fn chosen(environment: &str) -> Language {
    OTHERS.into_iter().find(|(prefix, _)| environment.starts_with(prefix)).unwrap_or(ENGLISH)
}

fn read(language: &Language) -> BTreeMap<String, String> {
    let one = |text: &&str| serde_json::from_str::<BTreeMap<String, String>>(text).unwrap_or_default();
    language.1.iter().flat_map(one).collect()
}

fn put_in(words: Option<&str>, code: &str, args: &[(&str, &str)]) -> String {
    match words {
        Some(words) => args.iter().fold(words.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value)),
        None => args.iter().fold(code.to_owned(), |text, (name, value)| text + " " + name + "=" + value),
    }
}

#[cfg(test)]
mod tests {
    use gateway_core::code;
    use gateway_core::fxo::boxlink::examination::{Missing, Rule, Seen};
    use gateway_core::fxo::line::LineState;
    use gateway_core::shell::handle::DeviceError;

    use super::super::line_test::Hindrance;
    use super::*;

    #[test]
    fn every_finding_of_an_examination_has_words() {
        let rules = Rule::ALL.iter().map(|rule| format!("rule.{}", code::of(rule)));
        let seen = [
            Seen::Nothing,
            Seen::Answer,
            Seen::Status { status: 0 },
            Seen::Unreadable,
            Seen::Value,
            Seen::OffHook,
            Seen::OnHook,
            Seen::Packets { count: 0 },
            Seen::Gap,
            Seen::Events { count: 0 },
            Seen::After { ms: 0 },
        ];
        let missing = [
            Missing::SoundInBand,
            Missing::Battery,
            Missing::LineWithoutBattery,
            Missing::Permission,
            Missing::PortNumber,
            Missing::Occasion,
        ];
        let seen = seen.iter().map(|seen| format!("seen.{}", serde_json::to_value(seen).unwrap()["seen"].as_str().unwrap()));
        let missing = missing.iter().map(|missing| format!("missing.{}", code::of(missing)));
        let words = read(&ENGLISH);
        for code in rules.chain(seen).chain(missing) {
            assert!(words.contains_key(&code), "{code}");
        }
    }

    #[test]
    fn every_reason_against_a_line_test_has_words() {
        let states = [
            LineState::Absent,
            LineState::NoBattery,
            LineState::Idle,
            LineState::Ringing,
            LineState::InUse,
            LineState::Seizing,
            LineState::OffHook,
            LineState::Releasing,
            LineState::Guard,
            LineState::OutOfService,
            LineState::Fault,
        ];
        let states = states.iter().map(|state| format!("line_state.{}", code::of(state)));
        let hindrances = Hindrance::ALL.iter().map(|hindrance| format!("line_test.{}", code::of(hindrance)));
        let stopped = format!("refusal.{}", code::of(&DeviceError::Stopped));
        for language in [ENGLISH].into_iter().chain(OTHERS) {
            let words = read(&language);
            for code in states.clone().chain(hindrances.clone()).chain([stopped.clone()]) {
                assert!(words.contains_key(&code), "{}: {code}", language.0);
            }
        }
    }

    #[test]
    fn every_language_has_every_word_of_the_headless_program() {
        let english: Vec<String> = serde_json::from_str::<BTreeMap<String, String>>(ENGLISH.1[1]).unwrap().into_keys().collect();
        for language in OTHERS {
            let words: Vec<String> = serde_json::from_str::<BTreeMap<String, String>>(language.1[1]).unwrap().into_keys().collect();
            assert_eq!(words, english, "{}", language.0);
        }
        assert!(read(&ENGLISH).contains_key("problem.below_minimum"));
    }

    #[test]
    fn the_environment_chooses_the_language() {
        assert_eq!(chosen("pt_BR.UTF-8").0, "pt");
        assert_eq!(chosen("es").0, "es");
        assert_eq!((chosen("C.UTF-8").0, chosen("").0), ("en", "en"));
    }

    #[test]
    fn a_code_without_words_stands_for_itself() {
        assert_eq!(put_in(Some("Use at least {minimum}."), "problem.below_minimum", &[("minimum", "5")]), "Use at least 5.");
        assert_eq!(put_in(None, "problem.new", &[("found", "x")]), "problem.new found=x");
    }
}
