//! `loopstartd revisions`: what is kept, what changed, and the way back.

use clap::Subcommand;
use gateway_core::config::diff::diff;
use gateway_core::config::settings::Settings;
use gateway_core::shell::data_folder::{DataFolder, open_to_read};
use gateway_core::shell::handle::{StoreFault, history};
use gateway_core::shell::keyring;
use gateway_core::shell::store::{RevisionId, Store};

use super::DataDir;
use super::exit::Exit;
use super::{changes, output, profile};

#[derive(Debug, Subcommand)]
pub(crate) enum RevisionsTask {
    /// List the revisions that are kept, newest first.
    List {
        #[command(flatten)]
        data_dir: DataDir,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Tell what differs between a revision and the settings in force, without secrets.
    Show {
        /// Its number.
        revision: u32,
        #[command(flatten)]
        data_dir: DataDir,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make the settings of a revision hold again, as a new revision, from the next start on.
    Restore {
        /// Its number.
        revision: u32,
        #[command(flatten)]
        data_dir: DataDir,
    },
}

pub(crate) async fn revisions(task: RevisionsTask) -> Result<(), Exit> {
    match task {
        RevisionsTask::List { data_dir, json } => list(data_dir, json).await,
        RevisionsTask::Show { revision, data_dir, json } => show(RevisionId(revision), data_dir, json).await,
        RevisionsTask::Restore { revision, data_dir } => restore(RevisionId(revision), data_dir).await,
    }
}

async fn list(data_dir: DataDir, json: bool) -> Result<(), Exit> {
    let store = open(data_dir).await?;
    let entries = history::entries(&store).await.map_err(|error| Exit::Store(error.to_string()));
    store.close().await;
    let entries = entries?;
    // Nobody reads the answer: then there is nobody to tell.
    let _ = if json {
        output::json(&entries)
    } else {
        entries.iter().try_for_each(|entry| {
            let in_force = if entry.current { "*" } else { " " };
            let at = i64::try_from(entry.at_epoch_ms).ok().and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
            let at = at.map(|at| at.to_zoned(jiff::tz::TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string());
            let changes = entry.changes.map_or_else(|| "-".to_owned(), |changes| changes.to_string());
            let (at, kind, author) = (at.unwrap_or_default(), entry.kind.code(), &entry.author);
            output::line(&format!("{in_force}{:>5}  {at}  {kind:<8}  {changes:>4}  {} {}", entry.revision.0, author.user, author.program))
        })
    };
    Ok(())
}

async fn show(revision: RevisionId, data_dir: DataDir, json: bool) -> Result<(), Exit> {
    let store = open(data_dir).await?;
    let (wanted, current) = (settings_of(&store, revision).await?, current(&store).await?);
    store.close().await;
    let found = diff(&current, &wanted);
    let _ = if json { output::json(&found) } else { found.iter().try_for_each(|change| output::line(&changes::line(change))) };
    Ok(())
}

async fn restore(revision: RevisionId, data_dir: DataDir) -> Result<(), Exit> {
    // A gateway that runs would not notice, and the next Apply in its window would undo it: the folder must be free.
    let folder = DataFolder::open(&data_dir.path()?, keyring::of_this_computer()).await.map_err(profile::store)?;
    profile::tell_key_fault(folder.key_fault());
    let restored = folder.restore(revision).await;
    folder.close().await;
    let restored = restored.map_err(profile::store)?.ok_or_else(|| no_such(revision))?;
    let _ = output::json(&serde_json::json!({ "revision": restored.revision }));
    Ok(())
}

async fn open(data_dir: DataDir) -> Result<Store, Exit> {
    open_to_read(&data_dir.path()?, keyring::of_this_computer()).await.map_err(profile::store)
}

async fn settings_of(store: &Store, revision: RevisionId) -> Result<Settings, Exit> {
    let found = store.revision(revision).await.map_err(|error| profile::store(StoreFault::from(error)))?;
    found.ok_or_else(|| no_such(revision))
}

async fn current(store: &Store) -> Result<Settings, Exit> {
    let found = store.load().await.map_err(|error| profile::store(StoreFault::from(error)))?;
    found.map(|(_, settings)| settings).ok_or_else(|| Exit::Store("no_settings".to_owned()))
}

fn no_such(revision: RevisionId) -> Exit {
    Exit::Store(format!("no_such_revision: {revision}"))
}
