//! Session-Expires (RFC 4028 §4).

use std::fmt;

use super::{HeaderError, Params, grammar};

/// A side of the transaction that carries the header; not of the dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Whoever sent the request.
    Uac,
    /// Whoever answers it.
    Uas,
}

/// How long a session lives without a refresh, and who refreshes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionExpires {
    /// The interval in seconds; one too large for 32 bits counts as the largest that fits.
    pub seconds: u32,
    /// Who refreshes, where it is said.
    pub refresher: Option<Side>,
}

impl SessionExpires {
    /// Reads `seconds *(;param)`. Parameters that mean nothing here, and a refresher that is neither side, are left out.
    ///
    /// # Errors
    /// When it does not begin with a number, or a parameter is broken.
    pub fn parse(text: &str) -> Result<Self, HeaderError> {
        let broken = HeaderError::Malformed("Session-Expires");
        let (seconds, params) = text.split_at_checked(text.find(';').unwrap_or(text.len())).ok_or(broken)?;
        let seconds = seconds.trim();
        if seconds.is_empty() || !seconds.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(broken);
        }
        let params = Params::parse(params).ok_or(broken)?;
        let refresher = match params.value("refresher") {
            Some(side) if side.eq_ignore_ascii_case("uac") => Some(Side::Uac),
            Some(side) if side.eq_ignore_ascii_case("uas") => Some(Side::Uas),
            Some(_) | None => None,
        };
        Ok(SessionExpires { seconds: grammar::decimal(seconds).unwrap_or(u32::MAX), refresher })
    }
}

impl fmt::Display for SessionExpires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.seconds)?;
        match self.refresher {
            Some(Side::Uac) => f.write_str(";refresher=uac"),
            Some(Side::Uas) => f.write_str(";refresher=uas"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_the_same() {
        for text in ["1800", "90;refresher=uac", "4000;refresher=uas"] {
            assert_eq!(SessionExpires::parse(text).unwrap().to_string(), text);
        }
        let odd = SessionExpires::parse(" 99999999999 ; x=y;Refresher=UAS").unwrap();
        assert_eq!(odd, SessionExpires { seconds: u32::MAX, refresher: Some(Side::Uas) });
        assert_eq!(SessionExpires::parse("60;refresher=proxy").unwrap().refresher, None);
        for bad in ["", ";refresher=uac", "-1", "soon", "90;=x"] {
            assert!(SessionExpires::parse(bad).is_err(), "{bad}");
        }
    }
}
