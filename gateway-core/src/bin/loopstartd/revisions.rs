//! `loopstartd revisions`: what is kept, what changed, and the way back.

use clap::Subcommand;
use gateway_core::config::diff::{Change, diff};
use gateway_core::config::fields::FieldValue;
use gateway_core::config::settings::Settings;
use gateway_core::shell::claim::Claim;
use gateway_core::shell::handle::history;
use gateway_core::shell::store::{RevisionId, RevisionKind, Store};

use super::DataDir;
use super::exit::Exit;
use super::{output, profile};

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
    let entries = history::entries(&store).await.map_err(|error| Exit::Store(error.to_string()))?;
    store.close().await;
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
    let changes = diff(&current, &wanted);
    let _ = if json { output::json(&changes) } else { changes.iter().try_for_each(|change| output::line(&line(change))) };
    Ok(())
}

async fn restore(revision: RevisionId, data_dir: DataDir) -> Result<(), Exit> {
    let dir = data_dir.path()?;
    // A gateway that runs would not notice, and the next Apply in its window would undo it.
    let claim = Claim::on(&dir).map_err(|error| Exit::Store(error.to_string()))?;
    let store = Store::open(&dir).await.map_err(|error| Exit::Store(error.to_string()))?;
    let settings = settings_of(&store, revision).await?;
    let restored =
        store.commit(&settings, RevisionKind::Restore, profile::now_epoch_ms()).await.map_err(|error| Exit::Store(error.to_string()))?;
    store.close().await;
    drop(claim);
    let _ = output::json(&serde_json::json!({ "revision": restored }));
    Ok(())
}

async fn open(data_dir: DataDir) -> Result<Store, Exit> {
    Store::open(&data_dir.path()?).await.map_err(|error| Exit::Store(error.to_string()))
}

async fn settings_of(store: &Store, revision: RevisionId) -> Result<Settings, Exit> {
    let found = store.revision(revision).await.map_err(|error| Exit::Store(error.to_string()))?;
    found.ok_or_else(|| Exit::Store(format!("no_such_revision: {revision}")))
}

async fn current(store: &Store) -> Result<Settings, Exit> {
    let found = store.load().await.map_err(|error| Exit::Store(error.to_string()))?;
    found.map(|(_, settings)| settings).ok_or_else(|| Exit::Store("no_settings".to_owned()))
}

/// `ports[0].target: 200 → 300`.
fn line(change: &Change) -> String {
    let shown = |value: &Option<FieldValue>| match value {
        None => String::from("–"),
        Some(FieldValue::Flag(on)) => on.to_string(),
        Some(FieldValue::Integer(number)) => number.to_string(),
        Some(FieldValue::Word(text) | FieldValue::Text(text)) => text.clone(),
        Some(FieldValue::List(items)) => items.join(", "),
        Some(FieldValue::Secret(set)) => String::from(if *set { "••••••" } else { "–" }),
    };
    format!("{}: {} → {}", change.path, shown(&change.before), shown(&change.after))
}
