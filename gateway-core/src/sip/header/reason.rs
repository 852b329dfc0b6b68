//! Reason (RFC 3326): why a BYE, a CANCEL or a refusal was sent.

use super::{Params, grammar};
use crate::sip::message::Headers;

/// The Q.850 cause for legs that another one was faster than: non-selected user clearing.
const ANSWERED_ELSEWHERE: u8 = 26;

/// A Q.850 cause as a value (RFC 3326 §2).
#[must_use]
pub fn q850(cause: u8) -> String {
    format!("Q.850;cause={cause}")
}

/// The values that tell this Q.850 cause. A leg that another one was faster than is told so in the words that keep telephones from
/// listing a missed call.
#[must_use]
pub fn of_cause(cause: u8) -> Vec<String> {
    let mut values = vec![q850(cause)];
    if cause == ANSWERED_ELSEWHERE {
        values.push("SIP;cause=200;text=\"Call completed elsewhere\"".to_owned());
    }
    values
}

/// The Q.850 cause that a message tells, if any: 1–127.
#[must_use]
pub fn q850_in(headers: &Headers) -> Option<u8> {
    headers.list("Reason").find_map(read)
}

fn read(value: &str) -> Option<u8> {
    let (protocol, params) = value.split_once(';')?;
    if !protocol.trim().eq_ignore_ascii_case("Q.850") {
        return None;
    }
    let params = Params::parse(&format!(";{params}"))?;
    grammar::decimal(params.value("cause")?).filter(|cause| (1..128).contains(cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(values: &[&str]) -> Option<u8> {
        let mut headers = Headers::new();
        values.iter().for_each(|value| headers.push("Reason", *value));
        q850_in(&headers)
    }

    #[test]
    fn the_q850_cause_is_found_among_other_reasons() {
        assert_eq!(told(&["Q.850;cause=16"]), Some(16));
        assert_eq!(told(&["SIP ;cause=200 ;text=\"Call completed; elsewhere\", q.850 ; cause=26 ; text=\"x\""]), Some(26));
        assert_eq!(told(&["SIP;cause=486", "Q.850;cause=17;text=\"User busy\""]), Some(17));
        for none in ["SIP;cause=487", "Q.850", "Q.850;cause=0", "Q.850;cause=300", "Q.850;text=\"16\"", ""] {
            assert_eq!(told(&[none]), None, "{none}");
        }
        assert_eq!(told(&of_cause(26).iter().map(String::as_str).collect::<Vec<_>>()), Some(26));
    }
}
