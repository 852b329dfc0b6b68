//! (shell)
#![allow(clippy::disallowed_methods)]
