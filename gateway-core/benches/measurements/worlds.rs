//! The random worlds of the tests, to be measured.
#![allow(dead_code, clippy::print_stdout, reason = "written for tests")]

#[path = "../../tests/seeds/acts.rs"]
mod acts;
#[path = "../../tests/seeds/history.rs"]
pub mod history;
#[path = "../../tests/seeds/settings.rs"]
mod settings;
