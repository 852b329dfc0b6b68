//! What the window can ask: one file a page, each command a few lines that forward.

pub(crate) mod apply;
pub(crate) mod calls;
pub(crate) mod country_test;
pub(crate) mod desk;
pub(crate) mod devices;
pub(crate) mod diagnostics;
pub(crate) mod exchange;
pub(crate) mod guard;
pub(crate) mod line_tests;
pub(crate) mod overview;
pub(crate) mod profiles;
mod save_dialog;
pub(crate) mod scope;
pub(crate) mod settings;
pub(crate) mod sip_trace;
pub(crate) mod sounds;
pub(crate) mod users_and_ports;
pub(crate) mod window;
