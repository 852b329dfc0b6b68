//! Whether a secret is quickly guessed.

/// Shortest secret that is not weak by its length alone.
const MIN_CHARS: usize = 8;
/// A secret of digits alone needs this many: a guesser tries short numbers first.
const MIN_DIGITS: usize = 12;
/// Fewer different characters than this are weak.
const MIN_DIFFERENT: usize = 5;

/// What guessers try first, in lower case, and what such secrets are made of.
const KNOWN: &[&str] =
    &["password", "passwd", "senha", "secret", "asterisk", "qwerty", "admin", "12345678", "abcdefgh", "letmein", "welcome", "telefone"];

/// True for a secret that is short, made of few characters or of digits alone, built around the user's own name, a known word or
/// a run such as `12345678`.
#[must_use]
pub fn is_weak(secret: &str, user: &str) -> bool {
    let lower = secret.to_lowercase();
    let chars: Vec<char> = lower.chars().collect();
    let mut different = chars.clone();
    different.sort_unstable();
    different.dedup();
    chars.len() < MIN_CHARS
        || different.len() < MIN_DIFFERENT
        || chars.len() < MIN_DIGITS && chars.iter().all(char::is_ascii_digit)
        || is_run(&chars)
        || KNOWN.iter().any(|word| is_built_around(&lower, word))
        || is_built_around(&lower, &user.to_lowercase())
}

/// Each character one above, or one below, the one before.
fn is_run(chars: &[char]) -> bool {
    let step = |step: i64| chars.windows(2).all(|pair| i64::from(u32::from(pair[1])) - i64::from(u32::from(pair[0])) == step);
    chars.len() > 1 && (step(1) || step(-1))
}

/// Contains the word, and has too few characters besides.
fn is_built_around(secret: &str, word: &str) -> bool {
    !word.is_empty() && secret.contains(word) && secret.replace(word, "").chars().count() < MIN_CHARS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_guesser_tries_first_is_weak() {
        for weak in [
            "",
            "1234",
            "x7!kQ",
            "aaaaaaaaaaaa",
            "abababababab",
            "87654321",
            "20241123",
            "senha123",
            "Password1!",
            "abcdefghijkl",
            "porta1-2026",
            "porta1porta1",
        ] {
            assert!(is_weak(weak, "porta1"), "{weak}");
        }
    }

    #[test]
    fn long_mixed_and_generated_secrets_are_not_weak() {
        for strong in ["x7kq-93ms-p2rt", "correct horse battery", "8f14e45fceea167a", "739106284517", "ção-Ünïcode-9"] {
            assert!(!is_weak(strong, "porta1"), "{strong}");
        }
        assert!(!is_weak("x7kq-93ms-p2rt", ""));
    }
}
