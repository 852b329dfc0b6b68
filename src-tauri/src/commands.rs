//! What the window can ask: one file a page, each command a few lines that forward.

pub(crate) mod calls;
pub(crate) mod exchange;
pub(crate) mod overview;
pub(crate) mod scope;
pub(crate) mod users_and_ports;
pub(crate) mod window;
