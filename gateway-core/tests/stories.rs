//! Whole calls as stories in virtual time, through the unmodified brain: one at least for every rule of the behaviour.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod stories {
    pub mod cast;
    mod line_rings;
    mod sip_calls;
}
