//! `loopstartd profile`: check, import and export.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Subcommand;
use gateway_core::config::check::check;
use gateway_core::config::problem::{Problem, Severity, forbids};
use gateway_core::config::profile::{self, Imported, MAX_BYTES, SecretsPolicy};
use gateway_core::shell::store::{RevisionKind, Store};

use super::DataDir;
use super::exit::Exit;
use super::{output, words};

#[derive(Debug, Subcommand)]
pub(crate) enum ProfileTask {
    /// Tell every mistake of a profile.
    Validate {
        /// The profile; `-` for standard input.
        file: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make a profile the settings of the gateway, from its next start on.
    Import {
        /// The profile; `-` for standard input.
        file: PathBuf,
        #[command(flatten)]
        data_dir: DataDir,
        /// Confirm what wants to be confirmed.
        #[arg(long)]
        yes: bool,
    },
    /// Write the settings of the gateway as a profile, without secrets.
    Export {
        /// Where to; `-` for standard output.
        file: PathBuf,
        #[command(flatten)]
        data_dir: DataDir,
    },
}

pub(crate) async fn profile(task: ProfileTask) -> Result<(), Exit> {
    match task {
        ProfileTask::Validate { file, json } => validate(&file, json),
        ProfileTask::Import { file, data_dir, yes } => import(&file, &data_dir.path()?, yes).await,
        ProfileTask::Export { file, data_dir } => export(&file, &data_dir.path()?).await,
    }
}

/// Reads a profile, or complains about each of its mistakes.
pub(crate) fn read(file: &Path) -> Result<Imported, Exit> {
    profile::import(&text_of(file)?).map_err(|problems| {
        complain(&problems);
        Exit::Data
    })
}

/// Says every problem on standard error, one a line.
pub(crate) fn complain(problems: &[Problem]) {
    for problem in problems {
        output::complain(&line(problem));
    }
}

fn validate(file: &Path, json: bool) -> Result<(), Exit> {
    let (problems, secrets_missing) = match profile::import(&text_of(file)?) {
        Ok(imported) => (check(&imported.settings, None), imported.secrets_missing),
        Err(problems) => (problems, Vec::new()),
    };
    let valid = !forbids(&problems);
    // Nobody reads the answer: the exit code still tells.
    let _ = if json {
        output::json(&serde_json::json!({ "valid": valid, "problems": problems, "secrets_missing": secrets_missing }))
    } else {
        problems.iter().try_for_each(|problem| output::line(&line(problem)))
    };
    if valid { Ok(()) } else { Err(Exit::Data) }
}

async fn import(file: &Path, data_dir: &Path, yes: bool) -> Result<(), Exit> {
    let mut imported = read(file)?;
    let store = Store::open(data_dir).await.map_err(|error| Exit::Store(error.to_string()))?;
    if let Some((_, current)) = store.load().await.map_err(|error| Exit::Store(error.to_string()))? {
        imported.keep_secrets_of(&current);
    }
    let problems = check(&imported.settings, None);
    complain(&problems);
    if forbids(&problems) || (!yes && problems.iter().any(|problem| problem.severity == Severity::Confirm)) {
        return Err(Exit::Config("profile".to_owned()));
    }
    let revision =
        store.commit(&imported.settings, RevisionKind::Import, now_epoch_ms()).await.map_err(|error| Exit::Store(error.to_string()))?;
    store.close().await;
    let _ = output::json(&serde_json::json!({ "revision": revision, "secrets_missing": imported.secrets_missing }));
    Ok(())
}

/// The wall clock, in ms since 1970 (UTC).
pub(crate) fn now_epoch_ms() -> u64 {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
}

async fn export(file: &Path, data_dir: &Path) -> Result<(), Exit> {
    let store = Store::open(data_dir).await.map_err(|error| Exit::Store(error.to_string()))?;
    let stored = store.load().await.map_err(|error| Exit::Store(error.to_string()))?;
    store.close().await;
    let (_, settings) = stored.ok_or_else(|| Exit::Store("no_settings".to_owned()))?;
    let text = profile::export(&settings, SecretsPolicy::LeftOut);
    if file.as_os_str() == "-" {
        let _ = output::line(text.trim_end());
        return Ok(());
    }
    std::fs::write(file, text).map_err(|error| Exit::CannotCreate { path: file.display().to_string(), detail: error.to_string() })
}

fn line(problem: &Problem) -> String {
    let code = serde_json::to_value(problem.code).ok().and_then(|code| code.as_str().map(str::to_owned)).unwrap_or_default();
    let args: Vec<(&str, &str)> = problem.args.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let severity = match problem.severity {
        Severity::Error => words::of("severity.error", &[]),
        Severity::Confirm => words::of("severity.confirm", &[]),
    };
    format!("{severity} {}: {}", problem.path, words::of(&format!("problem.{code}"), &args))
}

fn text_of(file: &Path) -> Result<String, Exit> {
    use std::io::Read as _;
    let unreadable = |error: std::io::Error| Exit::NoInput { path: file.display().to_string(), detail: error.to_string() };
    // One byte more than is read at all, so that a file too large is told as such, and never taken into memory as a whole.
    let limit = u64::try_from(MAX_BYTES).unwrap_or(u64::MAX) + 1;
    let mut text = String::new();
    if file.as_os_str() == "-" {
        std::io::stdin().lock().take(limit).read_to_string(&mut text).map_err(unreadable)?;
    } else {
        std::fs::File::open(file).map_err(unreadable)?.take(limit).read_to_string(&mut text).map_err(unreadable)?;
    }
    Ok(text)
}
