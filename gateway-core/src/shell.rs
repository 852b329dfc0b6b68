//! (shell)
#![allow(clippy::disallowed_methods)]

pub mod store;
