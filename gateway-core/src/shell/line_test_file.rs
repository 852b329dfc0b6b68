//! A line test on paper: a file that a technician can hand over, as text or as JSON.

use std::fmt::Write as _;
use std::path::Path;

use jiff::tz::TimeZone;

use super::calls_csv::{ExportError, local_time};
use super::store::StoredLineTest;
use super::whole_file::write_whole;
use crate::code;
use crate::gateway::line_test::{Bounds, CheckResult, CheckUnit, LineCheck};

/// Writes a line test to `path`, replacing what is there: as JSON where the name ends so, else as text. `words`: those of a code.
///
/// # Errors
/// See [`ExportError`]; nothing has changed at `path` then.
pub async fn export(test: &StoredLineTest, path: &Path, words: impl Fn(&str) -> String) -> Result<(), ExportError> {
    let is_json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
    let text = if is_json { json(test) } else { text(test, words, &TimeZone::system()) };
    Ok(write_whole(path, text).await?)
}

/// The whole test as JSON, with the codes that the program uses.
#[must_use]
pub fn json(test: &StoredLineTest) -> String {
    // Numbers and texts alone: it cannot fail.
    serde_json::to_string_pretty(test).unwrap_or_default() + "\n"
}

/// The test as lines of text, a check a line, with times in `zone`. `words` gives those of `line_check.*`, `verdict.*`, `cause.*` and
/// `line_test_file.*`.
#[must_use]
pub fn text(test: &StoredLineTest, words: impl Fn(&str) -> String, zone: &TimeZone) -> String {
    let port = u32::from(test.port.0) + 1;
    let name = if test.name.is_empty() { String::new() } else { format!(" · {}", test.name) };
    let verdict = |verdict| words(&format!("verdict.{}", code::of(&verdict)));
    let mut text = format!("{} {port}{name}\n", words("line_test_file.title"));
    let line = |text: &mut String, what: &str, value: &str| {
        // A text takes every line.
        let _ = writeln!(text, "{what}: {value}");
    };
    line(&mut text, &words("line_test_file.device"), &test.device);
    line(&mut text, &words("line_test_file.started"), &local_time(test.started_at_ms, zone));
    line(&mut text, &words("line_test_file.ended"), &local_time(test.ended_at_ms, zone));
    line(&mut text, &words("line_test_file.verdict"), &verdict(test.verdict));
    line(&mut text, &words("line_test_file.cause"), &words(&format!("cause.{}", test.cause)));
    text.push('\n');
    let rows = LineCheck::ALL.map(|check| {
        let name = words(&format!("line_check.{}", code::of(&check)));
        match test.results.iter().find(|result| result.check == check) {
            Some(result) => [name, value_words(result), limits_words(result), verdict(result.verdict)],
            None => [name, "–".to_owned(), String::new(), words("line_test_file.not_made")],
        }
    });
    let mut heads = vec!["check", "value", "limits", "verdict"].into_iter().map(|head| words(&format!("line_test_file.{head}")));
    let heads: [String; 4] = std::array::from_fn(|_| heads.next().unwrap_or_default());
    push_table(&mut text, std::iter::once(&heads).chain(&rows));
    text
}

/// Columns as wide as their widest cell.
fn push_table<'a>(text: &mut String, rows: impl Iterator<Item = &'a [String; 4]> + Clone) {
    let width = |column: usize| rows.clone().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 4] = std::array::from_fn(width);
    for row in rows {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
}

fn value_words(result: &CheckResult) -> String {
    result.value.map_or_else(|| "–".to_owned(), |value| format!("{} {}", number(value, result.unit), result.unit.sign()))
}

/// `40.0…60.0 V (20.0…80.0)`: what passes, and in brackets what is only to be looked at.
fn limits_words(result: &CheckResult) -> String {
    let range = |bounds: Bounds| match (bounds.least, bounds.most) {
        (Some(least), Some(most)) => format!("{}…{}", number(least, result.unit), number(most, result.unit)),
        (Some(least), None) => format!("≥ {}", number(least, result.unit)),
        (None, Some(most)) => format!("≤ {}", number(most, result.unit)),
        (None, None) => String::new(),
    };
    format!("{} {} ({})", range(result.limits.pass), result.unit.sign(), range(result.limits.warn))
}

/// With the minus of typography, so that it is not lost on paper.
fn number(value: f32, unit: CheckUnit) -> String {
    format!("{value:.*}", unit.decimals()).replace('-', "−")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::PortId;
    use crate::gateway::line_test::Verdict;

    fn test() -> StoredLineTest {
        let result =
            |check: LineCheck, value, verdict| CheckResult { check, value, unit: check.unit(), limits: check.limits(425.0), verdict };
        StoredLineTest {
            id: "0".repeat(32),
            port: PortId(1),
            name: "Recepção".to_owned(),
            device: "Toy box".to_owned(),
            started_at_ms: 1_790_000_000_000,
            ended_at_ms: 1_790_000_014_000,
            verdict: Verdict::Fail,
            cause: "test_over".to_owned(),
            results: vec![
                result(LineCheck::OnHookVoltage, Some(48.23), Verdict::Pass),
                result(LineCheck::LoopCurrent, None, Verdict::NotMeasured),
                result(LineCheck::Noise, Some(-30.04), Verdict::Fail),
            ],
        }
    }

    #[test]
    fn the_text_has_a_line_for_every_check_with_value_limits_and_verdict() {
        let text = text(&test(), |code| code.rsplit('.').next().unwrap().to_owned(), &TimeZone::UTC);
        let lines: Vec<String> = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(lines[0], "title 2 · Recepção");
        assert!(lines.contains(&"started: 2026-09-21T14:13:20.000+00:00".to_owned()), "{text}");
        assert!(lines.contains(&"on_hook_voltage 48.2 V 40.0…60.0 V (20.0…80.0) pass".to_owned()), "{text}");
        assert!(lines.contains(&"loop_current – 18.0…60.0 mA (10.0…120.0) not_measured".to_owned()), "{text}");
        assert!(lines.contains(&"noise −30.0 dBm0 ≤ −45.0 dBm0 (≤ −38.0) fail".to_owned()), "{text}");
        assert!(lines.contains(&"echo_return_loss – not_made".to_owned()), "{text}");
        assert_eq!(lines.len(), 6 + 1 + 1 + LineCheck::ALL.len());
    }

    #[tokio::test]
    async fn the_name_of_the_file_chooses_its_form_and_a_failure_leaves_nothing() {
        let dir = std::env::temp_dir().join(format!("loopstart-line-test-file-{}", std::process::id()));
        std::fs::create_dir_all(&dir).unwrap();
        let words = |code: &str| code.to_owned();
        export(&test(), &dir.join("a.JSON"), words).await.unwrap();
        let read: serde_json::Value = serde_json::from_slice(&std::fs::read(dir.join("a.JSON")).unwrap()).unwrap();
        assert_eq!((&read["verdict"], &read["results"][2]["limits"]["pass"]["most"]), (&"fail".into(), &(-45.0).into()));
        export(&test(), &dir.join("a.txt"), words).await.unwrap();
        assert!(std::fs::read_to_string(dir.join("a.txt")).unwrap().contains("line_check.noise"));
        assert!(matches!(export(&test(), &dir.join("missing/a.txt"), words).await, Err(ExportError::NotWritable { .. })));
        assert_eq!(std::fs::read_dir(&dir).unwrap().count(), 2, "no part is left");
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
