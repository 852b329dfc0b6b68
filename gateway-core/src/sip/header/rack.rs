//! RSeq and RAck (RFC 3262 §7.1, §7.2).

use std::fmt;

use super::{CSeq, HeaderError, grammar};
use crate::sip::message::Headers;

/// What a PRACK acknowledges.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RAck {
    /// The RSeq of the provisional response.
    pub rseq: u32,
    /// The CSeq of the request that it answers.
    pub cseq: CSeq,
}

impl RAck {
    /// Reads `rseq LWS number LWS method`.
    ///
    /// # Errors
    /// When a part is missing or broken.
    pub fn parse(text: &str) -> Result<Self, HeaderError> {
        let broken = HeaderError::Malformed("RAck");
        let (rseq, cseq) = text.trim().split_once(char::is_whitespace).ok_or(broken)?;
        Ok(RAck { rseq: grammar::decimal(rseq).ok_or(broken)?, cseq: CSeq::parse(cseq).map_err(|_| broken)? })
    }
}

impl fmt::Display for RAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.rseq, self.cseq)
    }
}

/// The RSeq of a provisional response that wants a PRACK; `None`: it wants none, or names no number.
#[must_use]
pub fn rseq_of(headers: &Headers) -> Option<u32> {
    grammar::decimal(headers.get("RSeq").filter(|_| headers.lists("Require", "100rel"))?.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_the_same() {
        assert_eq!(RAck::parse("776656  1 INVITE").unwrap().to_string(), "776656 1 INVITE");
        for bad in ["1 INVITE", "x 1 INVITE", "1", "", "1 2 3 INVITE", "4294967296 1 INVITE"] {
            assert!(RAck::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_number_counts_only_where_the_extension_is_required() {
        let mut headers = Headers::new();
        headers.push("RSeq", "7");
        assert_eq!(rseq_of(&headers), None);
        headers.push("Require", "100rel");
        assert_eq!(rseq_of(&headers), Some(7));
    }
}
