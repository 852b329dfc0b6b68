//! What the desktop is told outside the window, as notifications.

use gateway_core::config::PortId;
use tauri::{AppHandle, Runtime};
use tauri_plugin_notification::NotificationExt as _;

use crate::alarms::Kind;
use crate::preferences::Notify;
use crate::words::Words;

/// Something that the desktop is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    /// A trouble, and the ports that have it.
    Began(Kind, Vec<PortId>),
    /// The trouble is over.
    Ended(Kind, Vec<PortId>),
    /// The computer has slept.
    Slept {
        /// For so long.
        minutes: String,
    },
    /// The window was closed, and the program goes on.
    Closed {
        /// The window comes back from the tray.
        tray: bool,
    },
}

impl Told {
    /// Whether a person wants to be told.
    pub(crate) fn is_wanted(&self, notify: Notify) -> bool {
        match self {
            Told::Began(kind, _) | Told::Ended(kind, _) => match kind {
                Kind::Device => notify.device,
                Kind::Stuck => notify.stuck,
                Kind::Line => notify.line,
                Kind::Registration => notify.registration,
            },
            Told::Slept { .. } => notify.asleep,
            Told::Closed { .. } => true,
        }
    }

    /// Title and text.
    fn say(&self, words: &Words) -> (String, String) {
        match self {
            Told::Began(kind, ports) => {
                let text = if *kind == Kind::Device { words.say("alarm.all_ports", &[]) } else { named(ports, words) };
                (words.say(&format!("alarm.{}", word(*kind)), &[]), text)
            }
            Told::Ended(kind, ports) => (words.say(&format!("alarm.{}_back", word(*kind)), &[]), named(ports, words)),
            Told::Slept { minutes } => (words.say("alarm.asleep", &[]), words.say("alarm.asleep_about", &[("minutes", minutes)])),
            Told::Closed { tray } => {
                let text = if *tray { "alarm.closed_tray" } else { "alarm.closed_no_tray" };
                (words.say("alarm.closed", &[]), words.say(text, &[]))
            }
        }
    }
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Device => "device",
        Kind::Stuck => "stuck",
        Kind::Line => "line",
        Kind::Registration => "registration",
    }
}

/// `Ports 1, 3`; nothing for none.
fn named(ports: &[PortId], words: &Words) -> String {
    if ports.is_empty() {
        return String::new();
    }
    let numbers: Vec<String> = ports.iter().map(|port| (u32::from(port.0) + 1).to_string()).collect();
    words.count("alarm.ports", ports.len(), &[("ports", &numbers.join(", "))])
}

/// Each kind has its number: the notification that a trouble is over takes the place of the one that it began.
fn number(told: &Told) -> i32 {
    match told {
        Told::Began(kind, _) | Told::Ended(kind, _) => 1 + *kind as i32,
        Told::Slept { .. } => 101,
        Told::Closed { .. } => 102,
    }
}

/// What a click on a notification does.
pub(crate) fn answer_clicks<R: Runtime>(app: &AppHandle<R>, answer: fn(&AppHandle<R>)) {
    let clicked = app.clone();
    let answered = app.notification().on_action(move |_| answer(&clicked));
    if let Err(error) = answered {
        tracing::warn!(%error, "clicks on notifications are not heard");
    }
}

/// Tells the desktop. One without a notification server hears nothing; the window shows all of it anyway.
pub(crate) fn show<R: Runtime>(app: &AppHandle<R>, words: &Words, told: &Told) {
    let (title, text) = told.say(words);
    let number = number(told);
    let shown = app
        .notification()
        .remove_active(vec![number])
        .and_then(|()| app.notification().builder().id(number).title(title).body(text).show());
    if let Err(error) = shown {
        tracing::warn!(%error, "the desktop was not told");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;

    #[test]
    fn troubles_are_told_with_their_ports() {
        let words = Words::of(Language::English);
        let told = Told::Began(Kind::Line, vec![PortId(0), PortId(2)]);
        assert_eq!(told.say(&words), ("Line unplugged".to_owned(), "Ports 1, 3".to_owned()));
        let back = Told::Ended(Kind::Registration, vec![PortId(1)]);
        assert_eq!(back.say(&words), ("Registration back".to_owned(), "Port 2".to_owned()));
        assert_eq!(number(&told), number(&Told::Ended(Kind::Line, vec![])));
    }

    #[test]
    fn every_telling_has_words_in_every_language() {
        for language in [Language::Portuguese, Language::English, Language::Spanish] {
            let words = Words::of(language);
            let kinds = [Kind::Device, Kind::Stuck, Kind::Line, Kind::Registration];
            let mut all = vec![Told::Slept { minutes: "68".to_owned() }, Told::Closed { tray: true }, Told::Closed { tray: false }];
            all.extend(kinds.map(|kind| Told::Began(kind, vec![PortId(0)])));
            all.extend(kinds.map(|kind| Told::Ended(kind, vec![PortId(0)])));
            for told in all {
                let (title, text) = told.say(&words);
                assert!(
                    !title.contains("alarm.") && !text.contains("alarm.") && !text.contains('{'),
                    "{language:?} {told:?}: {title} {text}"
                );
            }
        }
    }

    #[test]
    fn a_kind_that_is_switched_off_is_not_wanted() {
        let notify = Notify { line: false, ..Notify::default() };
        assert!(!Told::Began(Kind::Line, vec![]).is_wanted(notify));
        assert!(Told::Began(Kind::Stuck, vec![]).is_wanted(notify));
    }
}
