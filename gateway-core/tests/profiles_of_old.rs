//! Profiles of every older version, as this program reads them: `tests/profiles/v1/*.json` → the same with `.expected`.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests stop at the first surprise")]

use std::path::{Path, PathBuf};

use gateway_core::config::problem::ProblemCode;
use gateway_core::config::profile::{SecretsPolicy, VERSION, export, import};

fn fixtures(version: u32) -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/profiles/v{version}"));
    let files = std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.filter(|path| !path.to_string_lossy().ends_with(".expected")).collect();
    files.sort();
    assert!(!files.is_empty(), "{}", dir.display());
    files
}

/// `UPDATE_FIXTURES=1` writes what is expected anew; look at every line of the difference before you keep it.
#[test]
fn a_profile_of_an_older_version_becomes_one_of_today() {
    for path in (1..VERSION).flat_map(fixtures) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let found = match import(&std::fs::read_to_string(&path).unwrap()) {
            Ok(imported) => {
                export(&imported.settings, SecretsPolicy::LeftOut) + &format!("secrets missing: {:?}\n", imported.secrets_missing)
            }
            Err(problems) => problems.iter().map(|problem| format!("{}: {:?}\n", problem.path, problem.code)).collect(),
        };
        let expected = path.with_extension("expected");
        if std::env::var_os("UPDATE_FIXTURES").is_some() {
            std::fs::write(&expected, &found).unwrap();
        }
        assert_eq!(found, std::fs::read_to_string(&expected).unwrap_or_default().replace("\r\n", "\n"), "{name}");
    }
}

#[test]
fn a_version_that_is_not_made_yet_is_refused_whatever_else_the_file_says() {
    for version in [VERSION + 1, 900, u32::MAX] {
        let text = format!(r#"{{"format":"loopstart-profile","version":{version},"settings":{{"gateway":7}},"new":1}}"#);
        let problems = import(&text).unwrap_err();
        assert_eq!(problems.len(), 1);
        assert_eq!((problems[0].path.as_str(), problems[0].code), ("version", ProblemCode::ProfileFromNewerVersion));
    }
}
