//! The house rules as a test: floors, sizes, names. A limit here is never loosened to pass.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::{Path, PathBuf};

/// Modules of `gateway-core`, lowest floor first. A file may use its own floor's neighbours only where it is listed in
/// [`NEIGHBOURS`], and everything below; a `use` that points up fails the test.
const FLOORS: &[&[&str]] =
    &[&["time", "rng", "code"], &["dsp"], &["sdp", "rtp"], &["config"], &["sip", "media", "fxo"], &["gateway"], &["sim", "shell"]];

/// Pairs on one floor that may know each other: (who uses, who is used).
const NEIGHBOURS: &[(&str, &str)] = &[("rng", "time")];

/// Lines of one file, without its tests.
const MOST_FILE_LINES: usize = 700;

/// Characters of one line of code.
const MOST_COLUMNS: usize = 140;

/// Words that say nothing about what a thing is. "Out of service" is a state of a line (ITU-T) and may be said.
const EMPTY_NAMES: &[&str] = &["manager", "service", "helper", "util", "common"];

/// Words that mark unfinished work.
const UNFINISHED: &[&str] = &["TODO", "FIXME", "XXX", "HACK"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_path_buf()
}

fn files_below(dir: &Path, extensions: &[&str], found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    let mut entries: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !["target", "node_modules", "dist", ".git", "gen", "screenshots", "artifacts", "corpus"].contains(&name.as_str()) {
                files_below(&path, extensions, found);
            }
        } else if path.extension().is_some_and(|ext| extensions.contains(&ext.to_string_lossy().as_ref())) {
            found.push(path);
        }
    }
}

fn sources(extensions: &[&str]) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for top in ["gateway-core", "src-tauri", "xtask", "ui", "fuzz"] {
        files_below(&root().join(top), extensions, &mut found);
    }
    assert!(!found.is_empty(), "no sources found below {}", root().display());
    found.into_iter().map(|path| (path.strip_prefix(root()).unwrap().to_path_buf(), fs::read_to_string(&path).unwrap())).collect()
}

/// The part of a Rust file before its tests.
fn without_tests(text: &str) -> &str {
    text.split("\n#[cfg(test)]").next().unwrap()
}

fn is_test_file(path: &Path) -> bool {
    path.components().any(|part| ["tests", "e2e", "benches"].contains(&part.as_os_str().to_string_lossy().as_ref()))
        || path.file_stem().is_some_and(|stem| stem == "tests")
        || path.to_string_lossy().contains(".test.")
        || path.to_string_lossy().contains(".spec.")
}

fn is_generated(text: &str) -> bool {
    text.lines().take(3).any(|line| line.contains("generated") || line.contains("Generated"))
}

fn fail_on(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn arrows_point_down_only() {
    let floor_of = |module: &str| FLOORS.iter().position(|floor| floor.contains(&module));
    let mut problems = Vec::new();
    for (path, text) in sources(&["rs"]) {
        let inside = path.strip_prefix("gateway-core/src").ok().and_then(|path| path.components().next());
        let Some(module) = inside.map(|part| part.as_os_str().to_string_lossy().trim_end_matches(".rs").to_owned()) else { continue };
        let Some(floor) = floor_of(&module) else { continue };
        let code = if is_test_file(&path) { "" } else { without_tests(&text) };
        for (number, line) in code.lines().enumerate() {
            let code = line.split("//").next().unwrap();
            for used in code.split("crate::").skip(1) {
                let used: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let Some(used_floor) = floor_of(&used) else { continue };
                let neighbour = NEIGHBOURS.contains(&(module.as_str(), used.as_str()));
                if used != module && used_floor >= floor && !neighbour {
                    problems.push(format!("{}:{}: {module} may not use {used}", path.display(), number + 1));
                }
            }
        }
    }
    fail_on(&problems);
}

#[test]
fn only_the_shell_touches_the_world() {
    let worldly = ["std::net::UdpSocket", "std::thread", "std::fs", "tokio::", "sqlx::", "serialport::", "Instant::now", "SystemTime"];
    let mut problems = Vec::new();
    for (path, text) in sources(&["rs"]) {
        let pure = path.starts_with("gateway-core/src")
            && !path.starts_with("gateway-core/src/shell")
            && !path.starts_with("gateway-core/src/bin");
        if !pure || path.ends_with("shell.rs") || is_test_file(&path) {
            continue;
        }
        for (number, line) in without_tests(&text).lines().enumerate() {
            let code = line.split("//").next().unwrap();
            for word in worldly.iter().filter(|word| code.contains(**word)) {
                problems.push(format!("{}:{}: {word} below the shell", path.display(), number + 1));
            }
        }
    }
    fail_on(&problems);
}

#[test]
fn sqlite_is_known_to_the_store_alone() {
    let mut problems = Vec::new();
    for (path, text) in sources(&["rs"]) {
        let store = path.starts_with("gateway-core/src/shell/store") || path.ends_with("shell/store.rs") || is_test_file(&path);
        if !store && text.lines().any(|line| line.split("//").next().unwrap().contains("sqlx::")) {
            problems.push(format!("{}: sqlx outside the store", path.display()));
        }
    }
    fail_on(&problems);
}

/// Messages and vectors in tests may be as long as they are on the wire.
fn code_or_nothing<'a>(path: &Path, code: &'a str) -> &'a str {
    if is_test_file(path) { "" } else { code }
}

#[test]
fn files_are_short_and_lines_fit() {
    let mut problems = Vec::new();
    for (path, text) in sources(&["rs", "ts", "svelte", "mjs"]) {
        if is_generated(&text) {
            continue;
        }
        let code = if is_test_file(&path) { text.as_str() } else { without_tests(&text) };
        let lines = code.lines().count();
        if lines > MOST_FILE_LINES && !is_test_file(&path) {
            problems.push(format!("{}: {lines} lines, the limit is {MOST_FILE_LINES}", path.display()));
        }
        if path.extension().is_some_and(|ext| ext == "rs") {
            for (number, line) in code_or_nothing(&path, code).lines().enumerate().filter(|(_, line)| line.chars().count() > MOST_COLUMNS) {
                problems.push(format!("{}:{}: {} columns", path.display(), number + 1, line.chars().count()));
            }
        }
    }
    fail_on(&problems);
}

#[test]
fn names_say_what_a_thing_is() {
    let mut problems = Vec::new();
    for (path, text) in sources(&["rs", "ts", "svelte"]) {
        let stem = path.file_stem().unwrap().to_string_lossy().to_lowercase();
        let parts = stem.split(['_', '-', '.']).any(|part| EMPTY_NAMES.contains(&part.trim_end_matches('s')));
        if parts {
            problems.push(format!("{}: an empty name", path.display()));
        }
        if path.file_name().unwrap() == "mod.rs" {
            problems.push(format!("{}: foo.rs beside foo/, not mod.rs", path.display()));
        }
        // The names of tests are sentences; only the names of things are judged.
        let judged = if is_test_file(&path) { "" } else { without_tests(&text) };
        for (number, line) in judged.lines().enumerate() {
            let declared = ["mod ", "struct ", "enum ", "trait ", "fn ", "class ", "interface "]
                .iter()
                .filter_map(|keyword| line.trim_start().trim_start_matches("pub ").trim_start_matches("pub(crate) ").strip_prefix(keyword))
                .flat_map(|rest| rest.split(|c: char| !c.is_alphanumeric() && c != '_').next())
                .map(|name| name.replace("out_of_service", "").replace("OutOfService", ""))
                .any(|name| EMPTY_NAMES.iter().any(|empty| words_of(&name).contains(&(*empty).to_owned())));
            if declared {
                problems.push(format!("{}:{}: an empty name: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    fail_on(&problems);
}

/// The words of a snake_case or CamelCase name, in lower case.
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for c in name.chars() {
        if c == '_' || c.is_uppercase() {
            words.push(String::new());
        }
        if c != '_' {
            words.last_mut().unwrap().extend(c.to_lowercase());
        }
    }
    words
}

#[test]
fn nothing_is_marked_unfinished() {
    let mut problems = Vec::new();
    for (path, text) in sources(&["rs", "ts", "svelte"]) {
        if path.ends_with("tests/tidy.rs") {
            continue;
        }
        for (number, line) in text.lines().enumerate() {
            let words = line.split(|c: char| !c.is_alphanumeric()).any(|word| UNFINISHED.contains(&word));
            if words || (line.contains("#[ignore") && !line.contains("#[ignore = \"")) {
                problems.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    fail_on(&problems);
}

#[test]
fn no_path_of_a_machine_stands_in_the_project() {
    let mut found = Vec::new();
    for top in ["gateway-core", "src-tauri", "xtask", "ui", "docs", "migrations", "fuzz"] {
        files_below(&root().join(top), &["rs", "ts", "svelte", "mjs", "md", "json", "toml", "sql", "html", "css"], &mut found);
    }
    found.extend(["README.md", "CHANGELOG.md", "Cargo.toml"].map(|name| root().join(name)));
    let mut problems = Vec::new();
    for path in found.into_iter().filter(|path| !path.ends_with("tests/tidy.rs")) {
        let Ok(text) = fs::read_to_string(&path) else { continue };
        for marker in ["/work/", "/root/", "/home/user"] {
            if text.contains(marker) {
                problems.push(format!("{}: {marker}", path.display()));
            }
        }
    }
    fail_on(&problems);
}
