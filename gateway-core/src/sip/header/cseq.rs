//! CSeq (RFC 3261 §20.16).

use std::fmt;

use super::{HeaderError, grammar};
use crate::sip::message::Method;

/// A sequence number and the method it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CSeq {
    /// Below 2³¹ (RFC 3261 §8.1.1.5).
    pub number: u32,
    /// The method, case-sensitive.
    pub method: Method,
}

impl CSeq {
    /// Reads `number LWS method`.
    ///
    /// # Errors
    /// When either part is missing or broken, or the number is 2³¹ or more.
    pub fn parse(text: &str) -> Result<Self, HeaderError> {
        let mut words = text.split_ascii_whitespace();
        let (Some(number), Some(method), None) = (words.next(), words.next(), words.next()) else {
            return Err(HeaderError::Malformed("CSeq"));
        };
        let number = grammar::decimal::<u32>(number).filter(|n| *n < 1 << 31).ok_or(HeaderError::Malformed("CSeq"))?;
        let method = Method::from_token(method).ok_or(HeaderError::Malformed("CSeq"))?;
        Ok(CSeq { number, method })
    }
}

impl fmt::Display for CSeq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.number, self.method)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_two_to_the_31_and_above_are_refused() {
        assert_eq!(CSeq::parse("0009  INVITE").unwrap(), CSeq { number: 9, method: Method::Invite });
        assert_eq!(CSeq::parse("2147483647 FOO").unwrap().to_string(), "2147483647 FOO");
        for bad in ["2147483648 INVITE", "INVITE", "1", "", "-1 BYE", "1 A B", "1 <x>"] {
            assert!(CSeq::parse(bad).is_err(), "{bad}");
        }
    }
}
