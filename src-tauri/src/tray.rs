//! The icon in the tray: a lamp, a line a port, and the way back to the window. Its words are those of the window.

mod lamp;
mod watcher;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use gateway_core::code;
use gateway_core::config::PortId;
use gateway_core::gateway::view::{PortState, PortView, Snapshot};
use tauri::image::Image;
use tauri::menu::{CheckMenuItem, Menu, MenuEvent, MenuItem, PredefinedMenuItem, Submenu};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Runtime};

use crate::words::Words;
use lamp::{Lamp, SIDE};
pub(crate) use watcher::{is_shown, session_answers};

/// Ports with a line of their own in the menu; of the others only the number is told.
const MOST_LINES: usize = 16;

const SHOW: &str = "show";
const QUIT: &str = "quit";
const HOLD: &str = "hold:";

/// What a click in the menu asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// The window.
    Show,
    /// The end of the program.
    Quit,
    /// Hold a port out of service, or put it back.
    Hold(PortId),
}

impl Asked {
    fn of(id: &str) -> Option<Self> {
        match id {
            SHOW => Some(Asked::Show),
            QUIT => Some(Asked::Quit),
            _ => id.strip_prefix(HOLD)?.parse().ok().map(|port| Asked::Hold(PortId(port))),
        }
    }
}

/// The line of one port.
struct Line<R: Runtime> {
    state: Submenu<R>,
    hold: CheckMenuItem<R>,
}

/// Where the icon is kept while gateways come and go; empty where there is none.
pub(crate) struct Seat<R: Runtime>(Mutex<Option<Tray<R>>>);

impl<R: Runtime> Seat<R> {
    /// A place for this icon.
    pub(crate) fn new(tray: Option<Tray<R>>) -> Self {
        Seat(Mutex::new(tray))
    }

    /// Shows a picture of the gateway, in these words.
    pub(crate) fn show(&self, app: &AppHandle<R>, snapshot: &Snapshot, words: &Words) {
        if let Some(tray) = &mut *self.0.lock().unwrap_or_else(PoisonError::into_inner)
            && let Err(error) = tray.show(app, snapshot, words)
        {
            tracing::debug!(%error, "the tray was not told");
        }
    }
}

/// The icon in the tray.
pub(crate) struct Tray<R: Runtime> {
    icon: TrayIcon<R>,
    show: MenuItem<R>,
    said: MenuItem<R>,
    quit: MenuItem<R>,
    lines: Vec<Line<R>>,
    more: usize,
    lamp: Lamp,
    /// What stands in the menu now, so that only what changes is drawn again.
    shown: Vec<String>,
}

impl<R: Runtime> Tray<R> {
    /// An icon that says nothing yet, and what becomes of what is asked for there; none where the system cannot show one, which is said
    /// once in the log. For the main thread.
    pub(crate) fn new(app: &AppHandle<R>, answer: fn(&AppHandle<R>, Asked)) -> Option<Self> {
        // The tray library is loaded at run time, and the crate that loads it panics where it is missing.
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| {}));
        let built = catch_unwind(AssertUnwindSafe(|| Self::build(app, answer)));
        std::panic::set_hook(hook);
        match built {
            Ok(Ok(tray)) => Some(tray),
            Ok(Err(error)) => {
                tracing::warn!(%error, "this system shows no tray icon; the program goes on without one");
                None
            }
            Err(_) => {
                tracing::warn!("libayatana-appindicator3 is not installed; the program goes on without a tray icon");
                None
            }
        }
    }

    fn build(app: &AppHandle<R>, answer: fn(&AppHandle<R>, Asked)) -> tauri::Result<Self> {
        let show = MenuItem::with_id(app, SHOW, "", true, None::<&str>)?;
        let said = MenuItem::new(app, "", false, None::<&str>)?;
        let quit = MenuItem::with_id(app, QUIT, "", true, None::<&str>)?;
        let icon = TrayIconBuilder::with_id("loopstart")
            .icon(picture(Lamp::NoDevice))
            .on_menu_event(move |app: &AppHandle<R>, event: MenuEvent| {
                if let Some(asked) = Asked::of(event.id().as_ref()) {
                    answer(app, asked);
                }
            })
            .on_tray_icon_event(move |tray, event| {
                if let TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. } = event {
                    answer(tray.app_handle(), Asked::Show);
                }
            })
            .show_menu_on_left_click(false)
            .build(app)?;
        Ok(Tray { icon, show, said, quit, lines: Vec::new(), more: 0, lamp: Lamp::NoDevice, shown: Vec::new() })
    }

    fn show(&mut self, app: &AppHandle<R>, snapshot: &Snapshot, words: &Words) -> tauri::Result<()> {
        let lamp = Lamp::of(snapshot);
        if std::mem::discriminant(&lamp) != std::mem::discriminant(&self.lamp) || self.shown.is_empty() {
            self.icon.set_icon(Some(picture(lamp)))?;
        }
        self.lamp = lamp;
        let ports = &snapshot.ports[..snapshot.ports.len().min(MOST_LINES)];
        let more = snapshot.ports.len() - ports.len();
        if ports.len() != self.lines.len() || more != self.more || self.shown.is_empty() {
            self.lines = ports.iter().map(|port| line(app, port, words)).collect::<tauri::Result<_>>()?;
            self.more = more;
            self.icon.set_menu(Some(self.menu(app, words)?))?;
            self.shown.clear();
        }
        let said = said(lamp, words);
        let mut wanted = vec![words.say("tray.show", &[]), said, words.say("tray.quit", &[])];
        wanted.extend(ports.iter().map(|port| port_words(port, words)));
        if wanted == self.shown {
            return Ok(());
        }
        self.icon.set_tooltip(Some(format!("Loopstart · {}", wanted[1])))?;
        self.show.set_text(&wanted[0])?;
        self.said.set_text(&wanted[1])?;
        self.quit.set_text(&wanted[2])?;
        for ((line, port), text) in self.lines.iter().zip(ports).zip(&wanted[3..]) {
            line.state.set_text(text)?;
            line.hold.set_text(words.say("tray.hold", &[]))?;
            line.hold.set_checked(port.state == PortState::OutOfService)?;
        }
        self.shown = wanted;
        Ok(())
    }

    fn menu(&self, app: &AppHandle<R>, words: &Words) -> tauri::Result<Menu<R>> {
        let menu = Menu::with_items(app, &[&self.show, &PredefinedMenuItem::separator(app)?, &self.said])?;
        for line in &self.lines {
            menu.append(&line.state)?;
        }
        if self.more > 0 {
            menu.append(&MenuItem::new(app, words.say("tray.more", &[("n", &self.more.to_string())]), false, None::<&str>)?)?;
        }
        menu.append_items(&[&PredefinedMenuItem::separator(app)?, &self.quit])?;
        Ok(menu)
    }
}

fn picture(lamp: Lamp) -> Image<'static> {
    Image::new_owned(lamp.drawing(), SIDE, SIDE)
}

fn line<R: Runtime>(app: &AppHandle<R>, port: &PortView, words: &Words) -> tauri::Result<Line<R>> {
    let held = port.state == PortState::OutOfService;
    let id = format!("{HOLD}{}", port.port.0);
    let hold = CheckMenuItem::with_id(app, id, words.say("tray.hold", &[]), true, held, None::<&str>)?;
    Ok(Line { state: Submenu::with_items(app, port_words(port, words), true, &[&hold])?, hold })
}

/// `Port 1 · Reception: idle`. Callers are left out: whoever passes by the screen would read them.
fn port_words(port: &PortView, words: &Words) -> String {
    let state = words.say(&format!("state.{}", code::of(&port.state)), &[]);
    let n = (u32::from(port.port.0) + 1).to_string();
    let key = if port.name.is_empty() { "tray.line" } else { "tray.line_named" };
    words.say(key, &[("n", &n), ("name", &port.name), ("state", &state)])
}

/// What the lamp says, in words.
fn said(lamp: Lamp, words: &Words) -> String {
    match lamp {
        Lamp::NoDevice => words.say("tray.no_device", &[]),
        Lamp::Trouble(ports) => words.count("tray.trouble", ports, &[]),
        Lamp::Call(calls) => words.count("tray.call", calls, &[]),
        Lamp::Idle => words.say("tray.idle", &[]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Language;

    #[test]
    fn a_click_asks_for_what_its_line_says() {
        assert_eq!(Asked::of(SHOW), Some(Asked::Show));
        assert_eq!(Asked::of("hold:12"), Some(Asked::Hold(PortId(12))));
        assert_eq!((Asked::of("hold:x"), Asked::of("7"), Asked::of("")), (None, None, None));
    }

    #[test]
    fn the_lamp_speaks() {
        let words = Words::of(Language::English);
        assert_eq!(said(Lamp::Call(2), &words), "2 calls");
        assert_eq!(said(Lamp::Trouble(1), &words), "1 port in trouble");
        assert_eq!(said(Lamp::NoDevice, &words), "no box");
    }
}
