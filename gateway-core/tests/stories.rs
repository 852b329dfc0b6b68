//! Whole calls as stories in virtual time, through the unmodified brain: one at least for every rule of the behaviour.
#![allow(unreachable_pub, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod stories {
    mod admission;
    mod applying;
    mod budget;
    mod call_waiting;
    pub mod cast;
    mod dialling;
    mod digits;
    mod earlier_run;
    mod endings;
    mod guard;
    mod holding;
    mod learning;
    mod line_rings;
    mod line_test;
    mod modes;
    mod moving;
    mod order_of_work;
    mod places;
    mod public_address;
    mod reach;
    mod recall;
    mod session_timers;
    mod single_user;
    mod sip_calls;
    mod sip_trace;
    mod sound;
    mod stopping;
    mod targets;
    mod testing;
    mod timelines;
    mod transfers;
}
