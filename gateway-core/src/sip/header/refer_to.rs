//! Refer-To (RFC 3515 §2.1), Refer-Sub (RFC 4488 §4) and Referred-By (RFC 3892 §3): where a peer sends a call.

use super::{HeaderError, NameAddr, Replaces};
use crate::sip::message::Headers;
use crate::sip::uri::{Uri, unescape};

/// The longest Referred-By that is handed on, in bytes.
const LONGEST_REFERRER: usize = 256;

/// Where a REFER sends the call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referral {
    /// The URI to call, without headers and without `method`.
    pub target: String,
    /// The dialog to take the place of there: an attended transfer (RFC 3891).
    pub replaces: Option<Replaces>,
    /// Who is called has to understand Replaces: the referrer says so.
    pub requires_replaces: bool,
    /// Who refers, to be told to whom is called (RFC 3892 §2.1).
    pub referred_by: Option<String>,
}

impl Referral {
    /// Reads the Refer-To of a REFER, and what goes with it.
    ///
    /// # Errors
    /// When there is none or there are several (RFC 3515 §2.4.1), when it is broken, or asks for another request than an INVITE.
    pub fn of(headers: &Headers) -> Result<Self, HeaderError> {
        let mut all = headers.all("Refer-To");
        let text = match (all.next(), all.next()) {
            (Some(text), None) => text,
            (None, _) => return Err(HeaderError::Missing("Refer-To")),
            (Some(_), Some(_)) => return Err(HeaderError::Malformed("Refer-To")),
        };
        let broken = HeaderError::Malformed("Refer-To");
        let mut uri = Uri::parse(&NameAddr::parse(text, "Refer-To")?.uri).map_err(|_| broken)?;
        let method = uri.params.remove("method").flatten();
        if method.is_some_and(|method| !method.eq_ignore_ascii_case("INVITE")) {
            return Err(broken);
        }
        let carried = uri.headers.take().unwrap_or_default();
        let value = |wanted: &str| {
            let mut pairs = carried.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| unescape(value).ok_or(broken)).transpose()
        };
        let replaces = value("Replaces")?.map(|text| Replaces::parse(&text)).transpose()?;
        let requires_replaces =
            value("Require")?.is_some_and(|tags| tags.split(',').any(|tag| tag.trim().eq_ignore_ascii_case("replaces")));
        let referred_by = headers.get("Referred-By").filter(|text| text.len() <= LONGEST_REFERRER);
        let referred_by = referred_by.and_then(|text| NameAddr::parse(text, "Referred-By").ok()).map(|address| address.to_string());
        Ok(Referral { target: uri.to_string(), replaces, requires_replaces, referred_by })
    }

    /// What the INVITE that follows it carries.
    #[must_use]
    pub fn headers(&self) -> Vec<(String, String)> {
        let mut headers = Vec::new();
        let mut push = |name: &str, value: Option<String>| headers.extend(value.map(|value| (name.to_owned(), value)));
        push("Referred-By", self.referred_by.clone());
        push("Replaces", self.replaces.as_ref().map(Replaces::to_string));
        push("Require", (self.replaces.is_some() && self.requires_replaces).then(|| "replaces".to_owned()));
        headers
    }
}

/// Whether the referrer wants no word of what becomes of it (RFC 4488 §4).
#[must_use]
pub fn wants_no_word(headers: &Headers) -> bool {
    headers.get("Refer-Sub").is_some_and(|text| text.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("false"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn referral(lines: &[(&str, &str)]) -> Result<Referral, HeaderError> {
        let mut headers = Headers::new();
        for (name, value) in lines {
            headers.push(name, *value);
        }
        Referral::of(&headers)
    }

    #[test]
    fn a_blind_transfer_names_a_uri() {
        let found = referral(&[("Refer-To", "\"Ana\" <sips:ana@192.0.2.8:5071;method=INVITE;transport=tcp>")]).unwrap();
        assert_eq!((found.target.as_str(), found.replaces.as_ref()), ("sips:ana@192.0.2.8:5071;transport=tcp", None));
        assert!(found.headers().is_empty());
        assert_eq!(referral(&[("Refer-To", "sip:ana@192.0.2.8")]).unwrap().target, "sip:ana@192.0.2.8");
    }

    #[test]
    fn an_attended_one_carries_the_dialog_to_replace() {
        let to = "<sip:ana@192.0.2.8?Replaces=90a1%40phone%3Bto-tag%3D7%3Bfrom-tag%3D8&Require=replaces>";
        let found = referral(&[("Refer-To", to), ("Referred-By", "<sip:bob@192.0.2.7>")]).unwrap();
        assert_eq!(found.target, "sip:ana@192.0.2.8");
        let headers = found.headers();
        let expected = [("Referred-By", "<sip:bob@192.0.2.7>"), ("Replaces", "90a1@phone;to-tag=7;from-tag=8"), ("Require", "replaces")];
        assert_eq!(headers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }

    #[test]
    fn what_is_no_call_to_one_place_is_refused() {
        assert_eq!(referral(&[]), Err(HeaderError::Missing("Refer-To")));
        assert!(referral(&[("Refer-To", "<sip:a@b>"), ("Refer-To", "<sip:c@d>")]).is_err());
        for bad in ["<sip:a@b;method=BYE>", "<sip:a@b?Replaces=%zz>", "<sip:a@b?Replaces=x>", "<nothing>", ""] {
            assert!(referral(&[("Refer-To", bad)]).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_line_break_that_hides_in_an_escape_goes_no_further() {
        let to = "<sip:ana@192.0.2.8?Replaces=a%0d%0aX%3A1%3Bto-tag%3D7%3Bfrom-tag%3D8>";
        assert!(referral(&[("Refer-To", to)]).is_err());
    }

    #[test]
    fn whoever_wants_no_word_says_so() {
        let mut headers = Headers::new();
        assert!(!wants_no_word(&headers));
        headers.push("Refer-Sub", "False ; x");
        assert!(wants_no_word(&headers));
    }
}
