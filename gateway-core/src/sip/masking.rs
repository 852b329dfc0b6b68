//! Masks what proves or is a secret in the bytes of a message, before anybody keeps or shows them.
//!
//! A digest response lets whoever reads it try secrets at leisure (RFC 7616 §5.6), so it counts as one. Only bytes inside values
//! are overwritten, each by a star: the message keeps its length and its shape, and a broken one stays as broken as it was.
//! Masked are
//!
//! - in Authorization and Proxy-Authorization, everything but the parameters of [`HARMLESS`] (RFC 3261 §22.4),
//! - `response` and `rspauth` wherever they stand, whatever header or body that is,
//! - the password of a SIP URI (RFC 3261 §19.1.1),
//! - keys in session descriptions: `k=` (RFC 4566 §5.12), `inline:` of `a=crypto` (RFC 4568 §9.1), `a=ice-pwd` (RFC 8839 §5.4),
//!   `a=key-mgmt` (RFC 4567 §3.1),
//! - the token in the Contact of a registration of ours, which opens our door to whoever knows it.

use std::ops::Range;

use super::header::grammar::is_token_byte;

/// What stands in the place of each byte that is masked.
pub const MASK: u8 = b'*';

/// Headers that carry credentials (RFC 3261 §20.7, §20.28).
const CREDENTIALS: [&[u8]; 2] = [b"Authorization", b"Proxy-Authorization"];

/// Parameters of digest credentials that prove nothing by themselves.
const HARMLESS: [&[u8]; 9] = [b"username", b"realm", b"nonce", b"uri", b"algorithm", b"qop", b"nc", b"cnonce", b"opaque"];

/// Parameters that prove a secret, in credentials and in Authentication-Info.
const PROOFS: [&[u8]; 2] = [b"response", b"rspauth"];

/// Beginnings of lines of a session description whose rest is a key.
const KEY_LINES: [&[u8]; 3] = [b"k=", b"a=ice-pwd:", b"a=key-mgmt:"];

/// Before a key in a line of a session description; the key ends at `|` or white space.
const INLINE_KEY: &[u8] = b"inline:";

/// What the user part of our Contact at a registrar begins with; the token follows, in hexadecimal digits.
pub const TOKEN_MARK: &str = "gw-";

/// Masks every secret in a message, in place. Any bytes are taken, and no byte that is not part of a secret changes.
pub fn mask(message: &mut [u8]) {
    let mut secrets = Vec::new();
    // All are looked for in the message as it came: what hides one secret must not hide the mark of another.
    for find in [credentials, proofs, passwords, keys, tokens] {
        find(message, &mut secrets);
    }
    secrets.into_iter().for_each(|secret| cover(message, secret));
}

fn is_break(byte: u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

fn is_blank(byte: u8) -> bool {
    byte.is_ascii_whitespace()
}

/// Overwrites a part of a message but for its line ends: a masked header stays folded as it was.
fn cover(message: &mut [u8], secret: Range<usize>) {
    for byte in message.iter_mut().take(secret.end).skip(secret.start).filter(|byte| !is_break(**byte)) {
        *byte = MASK;
    }
}

/// The first place from `from` on whose byte is wanted, or the end.
fn find(message: &[u8], from: usize, wanted: impl Fn(u8) -> bool) -> usize {
    message.iter().skip(from).position(|byte| wanted(*byte)).map_or(message.len(), |after| from + after)
}

/// Whether a header ends at this place: a line does, and the next one is not folded (RFC 3261 §7.3.1).
fn ends_header(message: &[u8], at: usize) -> bool {
    message.get(at) == Some(&b'\n') && !matches!(message.get(at + 1), Some(b' ' | b'\t'))
}

fn end_of_header(message: &[u8], from: usize) -> usize {
    (from..message.len()).find(|at| ends_header(message, *at)).unwrap_or(message.len())
}

/// What stands between the quotes of a quoted string that begins at `from`. One that is not closed ends with its header.
fn quoted(message: &[u8], from: usize) -> Range<usize> {
    let mut at = from + 1;
    while let Some(&byte) = message.get(at) {
        match byte {
            b'"' => break,
            _ if ends_header(message, at) => break,
            b'\\' if !message.get(at + 1).copied().is_some_and(is_break) => at += 2,
            _ => at += 1,
        }
    }
    from + 1..at.min(message.len())
}

/// The value that begins behind an equals sign, without its quotes.
fn value(message: &[u8], behind: usize) -> Range<usize> {
    let start = find(message, behind, |byte| !is_blank(byte));
    if message.get(start) == Some(&b'"') {
        return quoted(message, start);
    }
    start..find(message, start, |byte| is_blank(byte) || matches!(byte, b',' | b';'))
}

/// The token that ends at `end`, white space behind it left out.
fn token_before(message: &[u8], end: usize) -> &[u8] {
    let text = message.get(..end).unwrap_or_default().trim_ascii_end();
    let length = text.iter().rev().take_while(|byte| is_token_byte(**byte)).count();
    text.get(text.len() - length..).unwrap_or_default()
}

fn is_one_of(name: &[u8], names: &[&[u8]]) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn proofs(message: &[u8], secrets: &mut Vec<Range<usize>>) {
    let mut end = 0;
    for (equals, _) in message.iter().enumerate().filter(|(_, byte)| **byte == b'=') {
        if !is_one_of(token_before(message, equals), &PROOFS) {
            continue;
        }
        // A value without quotes inside another one ends with it: looking at each would let a stranger buy much time with few bytes.
        let start = find(message, equals + 1, |byte| !is_blank(byte));
        if start >= end || message.get(start) == Some(&b'"') {
            let secret = value(message, start);
            end = end.max(secret.end);
            secrets.push(secret);
        }
    }
}

/// Where each line begins. A lone carriage return counts as the end of one, because some peer may take it so.
fn line_starts(message: &[u8]) -> Vec<usize> {
    let behind = message.iter().enumerate().filter(|(_, byte)| is_break(**byte)).map(|(at, _)| at + 1);
    std::iter::once(0).chain(behind).collect()
}

fn credentials(message: &[u8], secrets: &mut Vec<Range<usize>>) {
    let mut done = 0;
    for start in line_starts(message) {
        let colon = find(message, start, |byte| byte == b':' || is_break(byte));
        // Lines inside a header that was looked at already.
        if start < done {
            continue;
        }
        if message.get(colon) != Some(&b':') || !is_one_of(message.get(start..colon).unwrap_or_default().trim_ascii(), &CREDENTIALS) {
            continue;
        }
        done = end_of_header(message, colon);
        let header = message.get(..done).unwrap_or_default();
        let mut part = colon + 1;
        while part < done {
            part = credential(header, part, secrets);
        }
    }
}

/// Looks at one of the parts between commas, and answers where the next one begins.
fn credential(header: &[u8], from: usize, secrets: &mut Vec<Range<usize>>) -> usize {
    let comma = |from: usize| find(header, from, |byte| byte == b',');
    let start = find(header, from, |byte| !is_blank(byte));
    let sign = find(header, start, |byte| matches!(byte, b'=' | b','));
    let words = header.get(start..sign).unwrap_or_default();
    let scheme_bytes = words.iter().take_while(|byte| !is_blank(**byte)).count();
    let is_digest = words.get(..scheme_bytes).unwrap_or_default().eq_ignore_ascii_case(b"Digest");
    let is_alone = scheme_bytes == words.trim_ascii_end().len();
    if !is_alone && !is_digest {
        let end = comma(start);
        secrets.push(find(header, start + scheme_bytes, |byte| !is_blank(byte))..end);
        return end + 1;
    }
    if header.get(sign) != Some(&b'=') {
        if !is_digest {
            secrets.push(start..sign);
        }
        return sign + 1;
    }
    let value = value(header, sign + 1);
    let (behind, text) = (value.end + usize::from(header.get(value.end) == Some(&b'"')), header.get(value.clone()).unwrap_or_default());
    if !is_one_of(token_before(words, words.len()), &HARMLESS) || has_lone_break(text) {
        secrets.push(value);
    }
    // Whatever else stands before the comma is no part of a value that is known to be harmless.
    let end = comma(behind);
    secrets.push(find(header, behind, |byte| !is_blank(byte)).min(end)..end);
    end + 1
}

/// Whether a line ends inside that some peer may take for the end of the header.
fn has_lone_break(text: &[u8]) -> bool {
    text.windows(2).any(|pair| pair[0] == b'\r' && pair[1] != b'\n')
}

fn passwords(message: &[u8], secrets: &mut Vec<Range<usize>>) {
    let mut at = 0;
    while at < message.len() {
        let colon = find(message, at, |byte| byte == b':');
        at = colon + 1;
        let scheme = token_before(message, colon);
        if !is_one_of(scheme, &[b"sip", b"sips"]) {
            continue;
        }
        let end = find(message, at, |byte| is_blank(byte) || matches!(byte, b'@' | b'<' | b'>' | b'"'));
        let password = find(message, at, |byte| byte == b':') + 1;
        if message.get(end) == Some(&b'@') && password <= end {
            secrets.push(password..end);
        }
        // Another URI that begins before this end would have the same one.
        at = end;
    }
}

fn tokens(message: &[u8], secrets: &mut Vec<Range<usize>>) {
    let begin = [b"sip:", TOKEN_MARK.as_bytes()].concat();
    let starts = message.windows(begin.len()).enumerate().filter(|(_, word)| *word == begin).map(|(at, _)| at + begin.len());
    for start in starts {
        let end = find(message, start, |byte| !byte.is_ascii_hexdigit());
        if message.get(end) == Some(&b'@') {
            secrets.push(start..end);
        }
    }
}

fn keys(message: &[u8], secrets: &mut Vec<Range<usize>>) {
    for start in line_starts(message) {
        let end = find(message, start, is_break);
        let line = message.get(start..end).unwrap_or_default();
        if let Some(known) = KEY_LINES.iter().find(|known| line.starts_with(known)) {
            secrets.push(start + known.len()..end);
        } else if line.starts_with(b"a=crypto:") {
            let mut at = start;
            while let Some(before) =
                message.get(at..end).and_then(|rest| rest.windows(INLINE_KEY.len()).position(|word| word == INLINE_KEY))
            {
                let key = at + before + INLINE_KEY.len();
                at = find(message, key, |byte| is_blank(byte) || byte == b'|').min(end);
                secrets.push(key..at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        mask(&mut bytes);
        assert_eq!(bytes.len(), text.len());
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn of_digest_credentials_only_what_proves_nothing_is_left() {
        let text = "Authorization: Digest username=\"line1\", realm=\"a, b\", nonce=\"n\", uri=\"sip:x\",\r\n response=\"0123456789abcdef\", \
                    nc=00000001, cnonce=\"c\", qop=auth, algorithm=MD5, auth-param=\"who knows\"\r\nContact: <sip:a@b>\r\n";
        let expected = text.replace("0123456789abcdef", &"*".repeat(16)).replace("who knows", "*********");
        assert_eq!(masked(text), expected);
    }

    #[test]
    fn of_credentials_of_another_scheme_nothing_is_left() {
        assert_eq!(masked("proxy-authorization : Basic YWxpOnNlY3JldA==\r\n"), "proxy-authorization : Basic ****************\r\n");
        assert_eq!(masked("Authorization: Bearer abc.def, Basic eA\r\n"), "Authorization: Bearer *******, Basic **\r\n");
        assert_eq!(masked("Authorization: NTLM\r\n TlRMTVNT\r\nX: y\r\n"), "Authorization: NTLM\r\n ********\r\nX: y\r\n");
    }

    #[test]
    fn a_proof_is_masked_wherever_it_stands_and_however_broken_it_is() {
        for (text, expected) in [
            ("Authentication-Info: rspauth=\"abc\", nc=1", "Authentication-Info: rspauth=\"***\", nc=1"),
            ("X: 1\rAuthorization: Digest RESPONSE = abc,x", "X: 1\rAuthorization: Digest RESPONSE = ***,*"),
            ("Authorization: Digest a=b,\rresponse=\"abc", "Authorization: Digest a=*,\rresponse=\"***"),
            ("Content-Type: message/sipfrag\r\n\r\nresponse=\"a\\\"b\";q", "Content-Type: message/sipfrag\r\n\r\nresponse=\"****\";q"),
            ("response=", "response="),
            ("my-response=abc", "my-response=abc"),
            ("X: response=\"open\r\nAuthentication-Info: rspauth=\"abc\"", "X: response=\"****\r\nAuthentication-Info: rspauth=\"***\""),
            ("Authorization: Digest x=\"open, response=\"abc\"", "Authorization: Digest x=\"***************\"****"),
            (
                "Authorization: Digest realm=\"open\rAuthorization: Basic abc",
                "Authorization: Digest realm=\"****\r************************",
            ),
            ("Authorization: Digest realm=\"x\" abc, nc=1 abc", "Authorization: Digest realm=\"x\" ***, nc=1 ***"),
            ("response=response=\"a b\" rspauth=c", "response=*************\" rspauth=*"),
        ] {
            assert_eq!(masked(text), expected);
        }
    }

    #[test]
    fn a_password_in_a_uri_is_masked_and_a_port_is_none() {
        assert_eq!(masked("REGISTER sips:pbx.example:5061 SIP/2.0"), "REGISTER sips:pbx.example:5061 SIP/2.0");
        assert_eq!(masked("From: <sip:ana:pa:ss@b:5060>;x=y@z"), "From: <sip:ana:*****@b:5060>;x=y@z");
        assert_eq!(masked("Contact: SIP:ana@b:5060, \"c:d\" <sip:a:p@c>"), "Contact: SIP:ana@b:5060, \"c:d\" <sip:a:*@c>");
    }

    #[test]
    fn keys_of_a_session_description_are_masked() {
        let body = "v=0\r\nk=base64:a2V5\r\na=ice-pwd:secret\r\na=crypto:1 AES inline:a2V5|2^20;inline:b2s=|1\r\na=ptime:20\r\n";
        let expected = "v=0\r\nk=***********\r\na=ice-pwd:******\r\na=crypto:1 AES inline:****|2^20;inline:****|1\r\na=ptime:20\r\n";
        assert_eq!(masked(body), expected);
    }

    #[test]
    fn the_token_of_our_contact_is_masked_wherever_it_stands() {
        let text = "INVITE sip:gw-0123456789ab@192.0.2.1 SIP/2.0\r\nContact: <sip:gw-ff@192.0.2.1>, <sip:gw-desk@a>\r\n";
        let expected = "INVITE sip:gw-************@192.0.2.1 SIP/2.0\r\nContact: <sip:gw-**@192.0.2.1>, <sip:gw-desk@a>\r\n";
        assert_eq!(masked(text), expected);
    }

    #[test]
    fn nothing_breaks_it() {
        let pieces: [&[u8]; 12] =
            [b"Authorization:", b"Digest ", b"response=", b"\"", b"\\", b"\r\n", b" ", b"=", b",", b"sip:a:b@", b"inline:", b"\xff"];
        let mut rng = crate::rng::Rng::from_seed(7);
        for _ in 0..20_000 {
            let mut message: Vec<u8> = Vec::new();
            for _ in 0..rng.below(12) {
                message.extend_from_slice(pieces[usize::try_from(rng.below(12)).unwrap()]);
            }
            let before = message.clone();
            mask(&mut message);
            assert_eq!(message.len(), before.len());
            let changed = message.iter().zip(&before).filter(|(after, before)| after != before);
            assert!(changed.into_iter().all(|(after, _)| *after == MASK));
        }
    }
}
