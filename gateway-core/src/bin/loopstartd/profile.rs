//! `loopstartd profile`: check, import, export, compare and advise.

mod passphrase;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use gateway_core::code;
use gateway_core::config::check::check;
use gateway_core::config::diff::diff;
use gateway_core::config::lint::{Advice, lint};
use gateway_core::config::problem::{Problem, Severity, forbids};
use gateway_core::config::profile::{Imported, Unopened};
use gateway_core::config::settings::Settings;
use gateway_core::shell::data_folder::{DataFolder, open_to_read};
use gateway_core::shell::handle::{ApplyError, StoreFault};
use gateway_core::shell::profile_file::{self, ReadError};
use gateway_core::shell::store::{KeyFault, StoreError};
use gateway_core::shell::{keyring, seal};
use serde_json::json;

pub(crate) use self::passphrase::PassphraseFrom;
use super::DataDir;
use super::exit::Exit;
use super::{changes, output, words};

#[derive(Debug, Subcommand)]
pub(crate) enum ProfileTask {
    /// Tell every mistake of a profile. Its sealed secrets are looked at when there is a passphrase.
    Validate {
        /// The profile; `-` for standard input.
        file: PathBuf,
        #[command(flatten)]
        passphrase: PassphraseFrom,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make a profile the settings of the gateway, from its next start on. Refused while a gateway runs on the folder.
    Import {
        /// The profile; `-` for standard input.
        file: PathBuf,
        #[command(flatten)]
        data_dir: DataDir,
        #[command(flatten)]
        passphrase: PassphraseFrom,
        /// Confirm what wants to be confirmed.
        #[arg(long, visible_alias = "confirmed")]
        yes: bool,
    },
    /// Write the settings of the gateway as a profile: secrets sealed when there is a passphrase, else left out.
    Export {
        /// Where to; `-` for standard output.
        file: PathBuf,
        #[command(flatten)]
        data_dir: DataDir,
        #[command(flatten)]
        passphrase: PassphraseFrom,
    },
    /// Tell what differs between two profiles, or between the settings of the gateway and a profile. Sealed secrets are not
    /// compared.
    Diff {
        /// The profile before; with one file alone, the settings of the gateway are before.
        before: PathBuf,
        /// The profile after.
        after: Option<PathBuf>,
        #[command(flatten)]
        data_dir: DataDir,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Advise on settings that hold and should still not stay so.
    Lint {
        /// The profile; without it, the settings of the gateway.
        file: Option<PathBuf>,
        #[command(flatten)]
        data_dir: DataDir,
        #[command(flatten)]
        passphrase: PassphraseFrom,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
}

pub(crate) async fn profile(task: ProfileTask) -> Result<(), Exit> {
    match task {
        ProfileTask::Validate { file, passphrase, json } => validate(&file, &passphrase, json),
        ProfileTask::Import { file, data_dir, passphrase, yes } => import(&file, &data_dir.path()?, &passphrase, yes).await,
        ProfileTask::Export { file, data_dir, passphrase } => export(&file, &data_dir.path()?, &passphrase).await,
        ProfileTask::Diff { before, after, data_dir, json } => compare(&before, after.as_deref(), data_dir, json).await,
        ProfileTask::Lint { file, data_dir, passphrase, json } => advise(file.as_deref(), data_dir, &passphrase, json).await,
    }
}

/// Reads a profile, or complains about each of its mistakes.
pub(crate) fn read(file: &Path, passphrase: &PassphraseFrom) -> Result<Imported, Exit> {
    let unopened = unopened(file)?.map_err(|problems| wrong(&problems))?;
    seal::open(unopened, passphrase.read()?.as_ref()).map_err(|problems| wrong(&problems))
}

/// Says every problem on standard error, one a line.
pub(crate) fn complain(problems: &[Problem]) {
    for problem in problems {
        output::complain(&line(problem));
    }
}

fn wrong(problems: &[Problem]) -> Exit {
    complain(problems);
    Exit::Data
}

fn validate(file: &Path, passphrase: &PassphraseFrom, json: bool) -> Result<(), Exit> {
    let passphrase = passphrase.read()?;
    let (sealed, opened) = match unopened(file)? {
        Err(problems) => (false, Err(problems)),
        Ok(unopened) => {
            let sealed = unopened.sealed.is_some();
            // Without a passphrase the rest can still be told; what is sealed counts as missing.
            (sealed, if passphrase.is_some() { seal::open(unopened, passphrase.as_ref()) } else { Ok(unopened.imported) })
        }
    };
    let (mut problems, secrets_missing) = match opened {
        Ok(imported) => (check(&imported.settings, None), imported.secrets_missing),
        Err(problems) => (problems, Vec::new()),
    };
    if sealed && passphrase.is_none() {
        problems.retain(|problem| !secrets_missing.contains(&problem.path));
    }
    let valid = !forbids(&problems);
    // Nobody reads the answer: the exit code still tells.
    let _ = if json {
        output::json(&json!({ "valid": valid, "problems": problems, "secrets_missing": secrets_missing, "sealed": sealed }))
    } else {
        problems.iter().try_for_each(|problem| output::line(&line(problem)))
    };
    if valid { Ok(()) } else { Err(Exit::Data) }
}

async fn import(file: &Path, data_dir: &Path, passphrase: &PassphraseFrom, yes: bool) -> Result<(), Exit> {
    let imported = read(file, passphrase)?;
    let folder = DataFolder::open(data_dir, keyring::of_this_computer()).await.map_err(store)?;
    tell_key_fault(folder.key_fault());
    let taken = folder.apply(imported, yes).await;
    folder.close().await;
    match taken {
        Ok(taken) => {
            let revision = taken.applied.revision;
            let _ = output::json(&json!({ "revision": revision, "changes": taken.changes, "secrets_missing": taken.secrets_missing }));
            Ok(())
        }
        Err(ApplyError::Problems { problems } | ApplyError::NeedsConfirmation { problems }) => {
            complain(&problems);
            Err(Exit::Config("profile".to_owned()))
        }
        Err(ApplyError::Store { error }) => Err(store(error)),
        Err(error) => Err(Exit::Config(error.to_string())),
    }
}

async fn export(file: &Path, data_dir: &Path, passphrase: &PassphraseFrom) -> Result<(), Exit> {
    let passphrase = passphrase.read()?;
    let (settings, sealed) = stored(data_dir).await?;
    // A profile that is sealed promises secrets; without a passphrase it leaves them out and says so.
    if let (Some(sealed), true) = (sealed, passphrase.is_some()) {
        return Err(store(sealed.into()));
    }
    let text = seal::export(&settings, passphrase.as_ref()).map_err(Exit::System)?;
    if file.as_os_str() == "-" {
        let _ = output::line(text.trim_end());
        return Ok(());
    }
    profile_file::write(file, &text).map_err(|error| Exit::CannotCreate { path: file.display().to_string(), detail: error.to_string() })
}

async fn compare(before: &Path, after: Option<&Path>, data_dir: DataDir, json: bool) -> Result<(), Exit> {
    let (before, after) = match after {
        Some(after) => (plain(before)?, plain(after)?),
        None => (in_force(&data_dir.path()?).await?, plain(before)?),
    };
    let found = diff(&before, &after);
    let _ = if json {
        output::json(&json!({ "changes": found }))
    } else {
        found.iter().try_for_each(|change| output::line(&changes::line(change)))
    };
    Ok(())
}

async fn advise(file: Option<&Path>, data_dir: DataDir, passphrase: &PassphraseFrom, json: bool) -> Result<(), Exit> {
    let settings = match file {
        // Without a passphrase the secrets alone are not judged.
        Some(file) => {
            let unopened = unopened(file)?.map_err(|problems| wrong(&problems))?;
            match passphrase.read()? {
                None => unopened.imported.settings,
                some => seal::open(unopened, some.as_ref()).map_err(|problems| wrong(&problems))?.settings,
            }
        }
        None => in_force(&data_dir.path()?).await?,
    };
    let advice = lint(&settings);
    let _ =
        if json { output::json(&json!({ "advice": advice })) } else { advice.iter().try_for_each(|one| output::line(&advice_line(one))) };
    Ok(())
}

/// The settings in a data folder. A gateway may be running on it: they are only read.
pub(crate) async fn in_force(data_dir: &Path) -> Result<Settings, Exit> {
    Ok(stored(data_dir).await?.0)
}

/// The settings in a data folder, and where their secrets cannot be opened, why they would not be exported with them.
async fn stored(data_dir: &Path) -> Result<(Settings, Option<StoreError>), Exit> {
    let opened = open_to_read(data_dir, keyring::of_this_computer()).await.map_err(store)?;
    let stored = opened.load().await.map_err(|error| store(StoreFault::from(error)));
    let fault = opened.key_fault();
    tell_key_fault(fault);
    opened.close().await;
    let (revision, settings) = stored?.ok_or_else(|| Exit::Store("no_settings".to_owned()))?;
    Ok((settings, fault.map(|_| StoreError::SecretsSealed { revision: revision.0 })))
}

pub(crate) fn tell_key_fault(fault: Option<KeyFault>) {
    match fault {
        None => {}
        Some(KeyFault::KeyringLocked) => output::complain(&words::of("notice.keyring_locked", &[])),
        Some(KeyFault::KeyLost) => output::complain(&words::of("notice.secrets_key_lost", &[])),
    }
}

/// What the database said, in words where there are any, with its code.
pub(crate) fn store(error: StoreFault) -> Exit {
    let code = format!("refusal.{}", error.code);
    let said = words::of(&code, &[]);
    Exit::Store(if said == code { error.to_string() } else { format!("{said} ({error})") })
}

/// The settings of a profile, without what is sealed.
pub(crate) fn plain(file: &Path) -> Result<Settings, Exit> {
    Ok(unopened(file)?.map_err(|problems| wrong(&problems))?.imported.settings)
}

/// The inner result: every mistake of the file.
fn unopened(file: &Path) -> Result<Result<Unopened, Vec<Problem>>, Exit> {
    let read = if file.as_os_str() == "-" { profile_file::read_from(std::io::stdin().lock()) } else { profile_file::read(file) };
    match read {
        Ok(unopened) => Ok(Ok(unopened)),
        Err(ReadError::Problems(problems)) => Ok(Err(problems)),
        Err(ReadError::Io(error)) => Err(Exit::NoInput { path: file.display().to_string(), detail: error.to_string() }),
    }
}

fn line(problem: &Problem) -> String {
    let severity = match problem.severity {
        Severity::Error => words::of("severity.error", &[]),
        Severity::Confirm => words::of("severity.confirm", &[]),
    };
    let args: Vec<(&str, &str)> = problem.args.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    format!("{severity} {}: {}", problem.path, words::of(&format!("problem.{}", code::of(&problem.code)), &args))
}

fn advice_line(advice: &Advice) -> String {
    let args: Vec<(&str, &str)> = advice.args.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let weight = words::of(&format!("weight.{}", code::of(&advice.weight)), &[]);
    format!("{weight} {}: {}", advice.path, words::of(&format!("lint.{}", code::of(&advice.code)), &args))
}
