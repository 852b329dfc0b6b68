//! `loopstartd calls`: look through the call history and export it.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use gateway_core::config::PortId;
use gateway_core::shell::calls_csv::{self, CsvOptions, ExportError, local_time};
use gateway_core::shell::data_folder::open_to_read;
use gateway_core::shell::keyring;
use gateway_core::shell::store::{CallQuery, RecordDirection, Store, StoreError, StoredRecord};
use jiff::Zoned;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::DataDir;
use super::exit::Exit;
use super::{output, profile, words};

/// Calls that are read at a time.
const AT_ONCE: u32 = 500;

#[derive(Debug, Subcommand)]
pub(crate) enum CallsTask {
    /// List calls, the newest first.
    List {
        #[command(flatten)]
        filters: Filters,
        /// Most calls to list.
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
        /// Print NDJSON.
        #[arg(long)]
        json: bool,
    },
    /// Write calls to a CSV file.
    Export {
        /// Where to; `-` for standard output.
        file: PathBuf,
        #[command(flatten)]
        filters: Filters,
        /// Begin with a byte order mark, for spreadsheets.
        #[arg(long)]
        bom: bool,
    },
}

/// What to look for; everything that is given must hold.
#[derive(Args, Debug)]
pub(crate) struct Filters {
    #[command(flatten)]
    data_dir: DataDir,
    /// Part of a number, SIP user or host of either party.
    #[arg(long, value_name = "TEXT", default_value = "")]
    text: String,
    /// Calls of this direction.
    #[arg(long, value_name = "DIRECTION", value_parser = ["sip_to_fxo", "fxo_to_sip", "test"])]
    direction: Option<String>,
    /// Calls of this port, counted from 1; may be given again.
    #[arg(long = "port", value_name = "N", value_parser = clap::value_parser!(u16).range(1..=64))]
    ports: Vec<u16>,
    /// Only calls that were answered.
    #[arg(long, conflicts_with = "unanswered")]
    answered: bool,
    /// Only calls that nobody answered.
    #[arg(long)]
    unanswered: bool,
    /// Calls that ended for this cause, such as `busy`; may be given again.
    #[arg(long = "cause", value_name = "CODE")]
    causes: Vec<String>,
    /// Calls that began at this moment or later: `2026-11-25` or `2026-11-25T14:05`, on this computer's clock.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    from: Option<DateTime>,
    /// Calls that began before this moment.
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<DateTime>,
    /// Calls with at least this many seconds of talk.
    #[arg(long, value_name = "SECONDS")]
    longer_than: Option<u32>,
}

/// A day without a time begins at midnight.
fn moment(text: &str) -> Result<DateTime, jiff::Error> {
    text.parse()
}

impl Filters {
    async fn open(self) -> Result<(Store, CallQuery), Exit> {
        // No call is older than 1970.
        let epoch_ms = |moment: DateTime| -> Result<u64, Exit> {
            let zoned: Zoned = moment.to_zoned(TimeZone::system()).map_err(|error| Exit::System(error.to_string()))?;
            Ok(u64::try_from(zoned.timestamp().as_millisecond()).unwrap_or(0))
        };
        let query = CallQuery {
            text: self.text,
            direction: self.direction.map(|word| match word.as_str() {
                "sip_to_fxo" => RecordDirection::SipToFxo,
                "test" => RecordDirection::Test,
                _ => RecordDirection::FxoToSip,
            }),
            ports: self.ports.into_iter().map(|port| PortId(port - 1)).collect(),
            answered: (self.answered || self.unanswered).then_some(self.answered),
            causes: self.causes,
            from_epoch_ms: self.from.map(epoch_ms).transpose()?,
            until_epoch_ms: self.until.map(epoch_ms).transpose()?,
            longer_than_s: self.longer_than,
        };
        let store = open_to_read(&self.data_dir.path()?, keyring::of_this_computer()).await.map_err(profile::store)?;
        Ok((store, query))
    }
}

fn refused(error: StoreError) -> Exit {
    Exit::Store(format!("{} ({error})", error.code()))
}

pub(crate) async fn calls(task: CallsTask) -> Result<(), Exit> {
    match task {
        CallsTask::List { filters, limit, json } => {
            let (store, query) = filters.open().await?;
            let listed = list(&store, &query, limit, json).await;
            store.close().await;
            listed
        }
        CallsTask::Export { file, filters, bom } => {
            let (store, query) = filters.open().await?;
            let exported = export(&store, &query, &file, bom).await;
            store.close().await;
            exported
        }
    }
}

async fn list(store: &Store, query: &CallQuery, limit: u32, json: bool) -> Result<(), Exit> {
    let (mut listed, mut from) = (0, None);
    while listed < limit {
        let page = store.page(query, from, AT_ONCE.min(limit - listed)).await.map_err(refused)?;
        for call in &page.calls {
            let said = if json { output::json(call) } else { output::line(&line(call)) };
            if said.is_err() {
                // Nobody reads on.
                return Ok(());
            }
        }
        listed += u32::try_from(page.calls.len()).unwrap_or(u32::MAX);
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    Ok(())
}

/// `2026-11-25T14:05:11.250-03:00  port 1  1133334444 -> sip:200@pbx.example  41 s  busy tone`
fn line(call: &StoredRecord) -> String {
    let talk = match call.answered_at_ms {
        Some(answered) => format!("{} s", call.ended_at_ms.saturating_sub(answered) / 1000),
        None => "-".to_owned(),
    };
    let began = local_time(call.started_at_ms, &TimeZone::system());
    let reason = words::of(&format!("cause.{}", call.cause), &[]);
    format!("{began}\t{}\t{} -> {}\t{talk}\t{reason}", u32::from(call.port.0) + 1, call.from, call.to)
}

async fn export(store: &Store, query: &CallQuery, file: &Path, bom: bool) -> Result<(), Exit> {
    let options = CsvOptions { byte_order_mark: bom, words: words::family("cause") };
    let go_on = |_| ControlFlow::Continue(());
    let written = if file.as_os_str() == "-" {
        calls_csv::write(store, query, &mut tokio::io::stdout(), &options, &TimeZone::system(), go_on).await
    } else {
        calls_csv::export(store, query, file, &options, go_on).await
    };
    match written {
        Ok(count) if file.as_os_str() != "-" => {
            let _ = output::json(&serde_json::json!({ "calls": count }));
            Ok(())
        }
        Ok(_) => Ok(()),
        Err(ExportError::Store { error }) => Err(Exit::Store(error.to_string())),
        Err(error) => Err(Exit::CannotCreate { path: file.display().to_string(), detail: error.to_string() }),
    }
}
