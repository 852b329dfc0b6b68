//! Dual-tone multi-frequency digits (ITU-T Q.23, Q.24): their exact generation and their recognition.

mod generator;
mod receiver;

pub use generator::{DtmfError, DtmfGenerator, DtmfLevels};
pub use receiver::{DtmfEvent, DtmfReceiver};

/// The low group, one frequency a row of the keypad, in Hz (ITU-T Q.23).
pub const LOW_GROUP_HZ: [f32; 4] = [697.0, 770.0, 852.0, 941.0];

/// The high group, one frequency a column of the keypad, in Hz (ITU-T Q.23).
pub const HIGH_GROUP_HZ: [f32; 4] = [1209.0, 1336.0, 1477.0, 1633.0];

/// The sixteen digits by row and column.
pub const KEYPAD: [[char; 4]; 4] = [['1', '2', '3', 'A'], ['4', '5', '6', 'B'], ['7', '8', '9', 'C'], ['*', '0', '#', 'D']];

/// The low and the high frequency of a digit in Hz; `None` when `digit` is none. `a`–`d` count as `A`–`D`.
#[must_use]
pub fn frequencies_of(digit: char) -> Option<(f32, f32)> {
    let digit = digit.to_ascii_uppercase();
    KEYPAD
        .iter()
        .zip(LOW_GROUP_HZ)
        .find_map(|(row, low_hz)| row.iter().zip(HIGH_GROUP_HZ).find_map(|(&key, high_hz)| (key == digit).then_some((low_hz, high_hz))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_have_the_frequencies_of_q23() {
        assert_eq!(frequencies_of('1'), Some((697.0, 1209.0)));
        assert_eq!(frequencies_of('#'), Some((941.0, 1477.0)));
        assert_eq!(frequencies_of('d'), Some((941.0, 1633.0)));
        assert_eq!(frequencies_of('8'), Some((852.0, 1336.0)));
        assert_eq!((frequencies_of('x'), frequencies_of('é')), (None, None));
    }
}
