//! Caller ID as an exchange sends it by FSK at 1200 bit/s: seizure, mark, and one MDMF message (ETSI EN 300 659-3,
//! Telcordia GR-30). It is written apart from the receiver in the DSP floor, so that one checks the other.

use std::f32::consts::TAU;
use std::time::Duration;

use crate::dsp::SAMPLE_RATE_HZ;
use crate::dsp::callerid::{CallerId, Presentation};
use crate::dsp::level::amplitude_of_dbm0;

/// The frequencies of mark (1) and space (0) in Hz.
#[derive(Clone, Copy, Debug)]
pub(super) struct Modem {
    mark_hz: f32,
    space_hz: f32,
}

/// Bell 202.
pub(super) const BELL_202: Modem = Modem { mark_hz: 1200.0, space_hz: 2200.0 };

/// ITU-T V.23, the forward channel.
pub(super) const V23: Modem = Modem { mark_hz: 1300.0, space_hz: 2100.0 };

const BITS_PER_SECOND: u32 = 1200;
const LEVEL_DBM0: f32 = -13.5;

/// Alternating bits that wake the receiver, then mark bits that calm it.
const SEIZURE_BITS: usize = 300;
const MARK_BITS: usize = 180;

/// Mark bits after the message, so that its last bit is whole.
const TAIL_BITS: usize = 10;

const MDMF: u8 = 0x80;
const DATE_AND_TIME: u8 = 0x01;
const NUMBER: u8 = 0x02;
const NO_NUMBER: u8 = 0x04;
const NAME: u8 = 0x07;
const NO_NAME: u8 = 0x08;

/// Longest name and number that are sent.
const MOST_TEXT: usize = 32;

/// The samples of the whole burst.
pub(super) fn burst(caller: &CallerId, modem: Modem) -> Vec<i16> {
    let bits = bits(caller);
    let count = bits.len() * SAMPLE_RATE_HZ as usize / BITS_PER_SECOND as usize;
    let amplitude = amplitude_of_dbm0(LEVEL_DBM0);
    let mut phase = 0f32;
    let sample = |at: usize| {
        let bit = bits.get(at * BITS_PER_SECOND as usize / SAMPLE_RATE_HZ as usize).copied().unwrap_or(true);
        phase = (phase + TAU * if bit { modem.mark_hz } else { modem.space_hz } / SAMPLE_RATE_HZ as f32) % TAU;
        (phase.sin() * amplitude) as i16
    };
    (0..count).map(sample).collect()
}

/// How long the burst sounds.
pub(super) fn duration(caller: &CallerId) -> Duration {
    let bits = u32::try_from(bits(caller).len()).unwrap_or(0);
    Duration::from_secs(1) * bits / BITS_PER_SECOND
}

fn bits(caller: &CallerId) -> Vec<bool> {
    let mut bits: Vec<bool> = (0..SEIZURE_BITS).map(|at| at % 2 == 1).collect();
    bits.extend([true; MARK_BITS]);
    for byte in message(caller) {
        bits.push(false);
        bits.extend((0..8).map(|bit| byte >> bit & 1 == 1));
        bits.push(true);
    }
    bits.extend([true; TAIL_BITS]);
    bits
}

/// Type, length, parameters, and the byte that makes the sum zero.
fn message(caller: &CallerId) -> Vec<u8> {
    let reason: &[u8] = if caller.presentation == Presentation::Private { b"P" } else { b"O" };
    let mut parameters = Vec::new();
    put(&mut parameters, DATE_AND_TIME, b"01011200");
    match &caller.number {
        Some(number) => put(&mut parameters, NUMBER, number.as_bytes()),
        None => put(&mut parameters, NO_NUMBER, reason),
    }
    match &caller.name {
        Some(name) => put(&mut parameters, NAME, &latin(name)),
        None => put(&mut parameters, NO_NAME, reason),
    }
    let mut message = vec![MDMF, u8::try_from(parameters.len()).unwrap_or(u8::MAX)];
    message.extend(parameters);
    let sum = message.iter().fold(0u8, |sum, byte| sum.wrapping_add(*byte));
    message.push(sum.wrapping_neg());
    message
}

fn put(parameters: &mut Vec<u8>, kind: u8, text: &[u8]) {
    let text = &text[..text.len().min(MOST_TEXT)];
    parameters.extend([kind, u8::try_from(text.len()).unwrap_or(0)]);
    parameters.extend_from_slice(text);
}

/// Names travel in ISO 8859-1; what it lacks becomes a question mark.
fn latin(name: &str) -> Vec<u8> {
    name.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?')).collect()
}
