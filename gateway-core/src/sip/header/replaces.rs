//! Replaces (RFC 3891 §6.1): which dialog an INVITE takes the place of.

use std::fmt;

use super::{HeaderError, Params, grammar};
use crate::sip::message::Headers;

/// The longest value that is read, in bytes: a Call-ID and two tags.
const LONGEST: usize = 512;

/// A dialog, as the side that is asked to give it up knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replaces {
    /// Its Call-ID.
    pub call_id: String,
    /// The tag of the side that is asked.
    pub to_tag: String,
    /// The tag of its peer.
    pub from_tag: String,
    /// Only while nobody has answered.
    pub early_only: bool,
}

impl Replaces {
    /// Reads `call-id;to-tag=…;from-tag=…[;early-only]`.
    ///
    /// # Errors
    /// When a part is missing or broken, or the whole is too long to be one.
    pub fn parse(text: &str) -> Result<Self, HeaderError> {
        Self::read(text.trim()).ok_or(HeaderError::Malformed("Replaces"))
    }

    fn read(text: &str) -> Option<Self> {
        let (call_id, params) = text.split_at_checked(text.find(';')?)?;
        let (call_id, params) = (call_id.trim(), Params::parse(params)?);
        let broken = |c: char| c.is_whitespace() || c.is_control() || c == ',';
        if call_id.is_empty() || call_id.contains(broken) || text.len() > LONGEST {
            return None;
        }
        let tag = |name: &str| params.value(name).filter(|tag| grammar::is_token(tag)).map(str::to_owned);
        Some(Replaces {
            call_id: call_id.to_owned(),
            to_tag: tag("to-tag")?,
            from_tag: tag("from-tag")?,
            early_only: params.has("early-only"),
        })
    }

    /// The one of a message; `None`: it has none.
    ///
    /// # Errors
    /// When it is broken, or there are several (§3).
    pub fn of(headers: &Headers) -> Result<Option<Self>, HeaderError> {
        let mut all = headers.all("Replaces");
        match (all.next(), all.next()) {
            (None, _) => Ok(None),
            (Some(one), None) => Self::parse(one).map(Some),
            (Some(_), Some(_)) => Err(HeaderError::Malformed("Replaces")),
        }
    }
}

impl fmt::Display for Replaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{};to-tag={};from-tag={}", self.call_id, self.to_tag, self.from_tag)?;
        f.write_str(if self.early_only { ";early-only" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_the_same() {
        for text in ["12345@149.112.118.3;to-tag=12345;from-tag=5FFE-3994", "a;to-tag=b;from-tag=c;early-only"] {
            assert_eq!(Replaces::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Replaces::parse(" a ; from-tag = c ; to-tag = b").unwrap().to_string(), "a;to-tag=b;from-tag=c");
        for bad in ["", "a", ";to-tag=b;from-tag=c", "a;to-tag=b", "a;from-tag=b", "a b;to-tag=b;from-tag=c", "a,b;to-tag=b;from-tag=c"] {
            assert!(Replaces::parse(bad).is_err(), "{bad}");
        }
        assert!(Replaces::parse(&format!("{};to-tag=b;from-tag=c", "a".repeat(LONGEST))).is_err());
    }

    #[test]
    fn a_message_names_one_dialog_at_most() {
        let mut headers = Headers::new();
        assert_eq!(Replaces::of(&headers), Ok(None));
        headers.push("Replaces", "a;to-tag=b;from-tag=c");
        assert!(Replaces::of(&headers).unwrap().is_some());
        headers.push("Replaces", "d;to-tag=b;from-tag=c");
        assert!(Replaces::of(&headers).is_err());
    }
}
