//! The brain of Loopstart: a gateway between analog telephone lines (FXO ports) and SIP.
//!
//! Everything below [`shell`] is pure: an event and the [`time::Moment`] go in, actions come out. No clock, no socket, no
//! thread, no file and no dice inside, so a whole telephone call runs in virtual time from a seed.
//!
//! Reading order: [`time`], [`rng`], [`code`] · [`dsp`], [`sdp`], [`rtp`], [`config`] · [`sip`], [`media`], [`fxo`] (strangers to each
//! other) · [`gateway`] (where they meet) · [`sim`] (a toy world around the same brain) · [`shell`] (the real one).

pub mod time;

pub mod rng;

pub mod code;

pub mod dsp;

pub mod sdp;

pub mod rtp;

pub mod config;

pub mod sip;

pub mod media;

pub mod fxo;

pub mod gateway;

pub mod sim;

#[cfg(feature = "shell")]
pub mod shell;
