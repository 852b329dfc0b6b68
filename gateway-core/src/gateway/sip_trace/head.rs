//! Headers of a message that need not be one: found by their names, whatever else is wrong.

use std::ops::Range;

/// Where the value of the first header of this name stands, without white space around it. A compact name (RFC 3261 §7.3.3) is
/// understood; of a value that is folded, the line it begins in.
pub(super) fn value(message: &[u8], name: &str) -> Option<Range<usize>> {
    let mut start = 0;
    while let Some(length) = message.get(start..)?.iter().position(|byte| *byte == b'\n') {
        let next = start + length + 1;
        let line = message.get(start..next)?;
        if line.trim_ascii().is_empty() && start > 0 {
            return None;
        }
        if let Some(colon) = line.iter().position(|byte| *byte == b':')
            && is_named(line.get(..colon)?.trim_ascii_end(), name)
        {
            let inside = line.get(colon + 1..)?;
            let (from, inside) = if inside.trim_ascii().is_empty() && matches!(message.get(next), Some(b' ' | b'\t')) {
                let folded = message.get(next..)?;
                (next, folded.split(|byte| *byte == b'\n').next()?)
            } else {
                (start + colon + 1, inside)
            };
            let from = from + (inside.len() - inside.trim_ascii_start().len());
            return Some(from..from + inside.trim_ascii().len());
        }
        start = next;
    }
    None
}

/// As [`value`], as text.
pub(super) fn text(message: &[u8], name: &str) -> String {
    value(message, name).and_then(|place| message.get(place)).map(plain).unwrap_or_default()
}

/// UTF-8, or else Latin-1, where every byte is a character.
pub(super) fn plain(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().copied().map(char::from).collect(), str::to_owned)
}

fn is_named(found: &[u8], name: &str) -> bool {
    let compact: &[u8] = match name {
        "Call-ID" => b"i",
        "From" => b"f",
        "To" => b"t",
        _ => b"",
    };
    found.eq_ignore_ascii_case(name.as_bytes()) || (!compact.is_empty() && found.eq_ignore_ascii_case(compact))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_found_by_either_name_and_never_in_the_body() {
        let message =
            b"INVITE sip:a SIP/2.0\r\nf: <sip:b>\r\nCALL-ID :  x@y \r\nTo:\r\n  <sip:c>\r\nX: \xe9\r\n\r\nFrom: nobody\r\nSubject: no\r\n";
        let found = ["From", "Call-ID", "To", "X", "Subject", "CSeq"].map(|name| text(message, name));
        assert_eq!(found, ["<sip:b>", "x@y", "<sip:c>", "é", "", ""]);
    }

    #[test]
    fn what_is_no_message_has_no_headers() {
        for junk in [&b""[..], b"\n", b"\r\n\r\nCall-ID: x\r\n", b"::::", b"Call-ID: x", b"Call-ID:\n"] {
            assert_eq!(text(junk, "Call-ID"), "", "{junk:?}");
        }
    }
}
