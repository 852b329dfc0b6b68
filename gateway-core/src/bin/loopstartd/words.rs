//! Words for codes. Without words for a code, the code itself with its arguments stands for them.

/// The words of `code`, with `args` put in.
pub(crate) fn of(code: &str, args: &[(&str, &str)]) -> String {
    let mut text = code.to_owned();
    for (name, value) in args {
        text.push_str(&format!(" {name}={value}"));
    }
    text
}
