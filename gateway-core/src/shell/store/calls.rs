//! The call history as it is looked through: a query, and windows into what it finds.
//!
//! A query is answered once, as the list of the records it finds, newest first; windows are cut out of that list. So the
//! hundred-thousandth record costs as much as the first, and a new call moves nothing that is being read. Lists are kept for
//! the few queries asked last and made anew when they are missed: whoever asks does not notice.
//!
//! A window is a place in the list, for a table that jumps anywhere in it. Whoever reads all of it goes by pages: a page begins
//! below the number of the last record of the one before, so records that are deleted meanwhile move no other one out of it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sqlx::{QueryBuilder, Sqlite};

use super::record::{COLUMNS, MAX_PAGE, record_of, stored_time, word};
use super::{RecordDirection, Store, StoreError, StoredRecord};
use crate::config::PortId;
use crate::config::fields::MAX_PORTS;

/// Lists that are kept: each takes at most 800 KB at a hundred thousand records.
const KEPT_LISTS: usize = 4;

/// Characters of a text that are looked for.
const MAX_TEXT: usize = 100;

/// Causes that one query may name.
const MAX_CAUSES: usize = 64;

/// The shortest text that the index of trigrams finds.
const TRIGRAM: usize = 3;

/// Records that are deleted in one transaction.
const DELETED_AT_ONCE: usize = 500;

/// What to look for. Everything that is given must hold; a query that gives nothing finds every call.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct CallQuery {
    /// Part of a number, SIP user or host of either party; spaces, brackets and hyphens between digits do not matter.
    pub text: String,
    /// Which side called.
    pub direction: Option<RecordDirection>,
    /// One of these ports; none given: any.
    pub ports: Vec<PortId>,
    /// Whether it was answered.
    pub answered: Option<bool>,
    /// Ended for one of these causes (codes of `EndCause`); none given: any.
    pub causes: Vec<String>,
    /// Began at this moment or later, in ms since 1970 (UTC).
    pub from_epoch_ms: Option<u64>,
    /// Began before this moment, in ms since 1970 (UTC).
    pub until_epoch_ms: Option<u64>,
    /// Was answered and lasted at least this long from then on, in seconds.
    pub longer_than_s: Option<u32>,
}

/// A window into what a query finds.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "specta", derive(specta::Type))]
pub struct CallWindow {
    /// How many calls the query finds.
    pub total: u32,
    /// The number of the newest record that was looked at. Given back as `up_to`, the next windows see the same calls even
    /// when new ones come.
    pub newest: u64,
    /// Place of the first of `calls`, counted from the newest call found.
    pub first: u32,
    /// The calls, newest first.
    pub calls: Vec<StoredRecord>,
}

/// A place in what a query finds, between two calls. Neither calls that come nor calls that are deleted move it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallPlace {
    newest: i64,
    below: i64,
}

/// A part of what a query finds, for whoever reads all of it in order.
#[derive(Clone, Debug, PartialEq)]
pub struct CallPage {
    /// The calls, newest first. Fewer than were asked for also when some were deleted at this very moment.
    pub calls: Vec<StoredRecord>,
    /// How many come after these.
    pub left: u32,
    /// Where the next page begins; `None` after the last one.
    pub next: Option<CallPlace>,
}

/// Numbers of records, newest first.
type CallList = Arc<Vec<i64>>;

/// The lists of the queries that were asked last, the latest at the end.
#[derive(Clone, Debug, Default)]
pub(super) struct KnownLists(Arc<Mutex<VecDeque<(CallQuery, i64, CallList)>>>);

impl KnownLists {
    fn get(&self, query: &CallQuery, newest: i64) -> Option<CallList> {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let place = lists.iter().position(|(asked, up_to, _)| asked == query && *up_to == newest)?;
        let known = lists.remove(place)?;
        let list = Arc::clone(&known.2);
        lists.push_back(known);
        Some(list)
    }

    fn put(&self, query: &CallQuery, newest: i64, list: &CallList) {
        let mut lists = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while lists.len() >= KEPT_LISTS {
            lists.pop_front();
        }
        lists.push_back((query.clone(), newest, Arc::clone(list)));
    }

    /// Records were deleted: every list may name one of them.
    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl CallQuery {
    /// The text as the column `parties` has it.
    fn needle(&self) -> String {
        let text: String = self.text.chars().take(MAX_TEXT).filter(|c| !c.is_control() && !" ()-".contains(*c)).collect();
        let text = text.to_lowercase();
        let number = !text.is_empty() && text.chars().all(|c| c.is_ascii_digit() || "+.".contains(c));
        if !number {
            return text;
        }
        // Digits with full stops are a number written with separators, unless they can be part of an IPv4 address.
        let address = text.contains('.') && text.split('.').all(|part| part.len() <= 3);
        let digits = text.trim_start_matches('+');
        if address { digits.to_owned() } else { digits.replace('.', "") }
    }

    /// It asks for more than a text that the trigrams find.
    fn asks_for_facts(&self) -> bool {
        self.direction.is_some()
            || !self.ports.is_empty()
            || self.answered.is_some()
            || !self.causes.is_empty()
            || self.from_epoch_ms.is_some()
            || self.until_epoch_ms.is_some()
            || self.longer_than_s.is_some()
    }
}

impl Store {
    /// The calls from place `first` on, newest first, at most `count` (and 1000). `up_to`: only records up to this number, as
    /// [`CallWindow::newest`] of the first window told it; `None`: all.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn calls(&self, query: &CallQuery, up_to: Option<u64>, first: u32, count: u32) -> Result<CallWindow, StoreError> {
        let newest = match up_to {
            Some(up_to) => i64::try_from(up_to).unwrap_or(i64::MAX),
            None => self.newest().await?,
        };
        let mut list = self.list(query, newest).await?;
        let mut calls = self.fetch(window(&list, first, count)).await?;
        if calls.len() < window(&list, first, count).len() {
            // Another process has deleted some of them.
            self.lists.clear();
            list = self.list(query, newest).await?;
            calls = self.fetch(window(&list, first, count)).await?;
        }
        let total = u32::try_from(list.len()).unwrap_or(u32::MAX);
        Ok(CallWindow { total, newest: u64::try_from(newest).unwrap_or(0), first, calls })
    }

    /// The next calls of a query from a place on, newest first, at most `count` (and 1000). `None` begins with the newest call of
    /// now; calls that come later are on no page.
    ///
    /// # Errors
    /// See [`StoreError`].
    pub async fn page(&self, query: &CallQuery, from: Option<CallPlace>, count: u32) -> Result<CallPage, StoreError> {
        let newest = match from {
            Some(place) => place.newest,
            None => self.newest().await?,
        };
        let below = from.map_or(i64::MAX, |place| place.below);
        let list = self.list(query, newest).await?;
        let rest = &list[list.partition_point(|seq| *seq >= below)..];
        let part = window(rest, 0, count);
        let calls = self.fetch(part).await?;
        let left = rest.len() - part.len();
        let next = part.last().filter(|_| left > 0).map(|last| CallPlace { newest, below: *last });
        Ok(CallPage { calls, left: u32::try_from(left).unwrap_or(u32::MAX), next })
    }

    async fn newest(&self) -> Result<i64, StoreError> {
        Ok(sqlx::query_scalar("SELECT coalesce(max(seq), 0) FROM call_records").fetch_one(&self.pool).await?)
    }

    /// Deletes the calls that a query finds, up to the record `up_to`, and answers how many they were. Their bytes are
    /// overwritten in the file.
    ///
    /// # Errors
    /// See [`StoreError`]; some may be deleted already.
    pub async fn forget_calls(&self, query: &CallQuery, up_to: u64) -> Result<u32, StoreError> {
        let list = self.list(query, i64::try_from(up_to).unwrap_or(i64::MAX)).await?;
        let mut forgotten = 0_u64;
        for part in list.chunks(DELETED_AT_ONCE) {
            let deleted = sqlx::query("DELETE FROM call_records WHERE seq IN (SELECT value FROM json_each(?))")
                .bind(json_of(part))
                .execute(&self.pool)
                .await;
            self.lists.clear();
            forgotten += deleted?.rows_affected();
        }
        // The write-ahead log still holds the pages as they were.
        sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(&self.pool).await?;
        Ok(u32::try_from(forgotten).unwrap_or(u32::MAX))
    }

    async fn fetch(&self, part: &[i64]) -> Result<Vec<StoredRecord>, StoreError> {
        if part.is_empty() {
            return Ok(Vec::new());
        }
        let statement = format!("SELECT {COLUMNS} FROM call_records WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY seq DESC");
        let rows = sqlx::query(sqlx::AssertSqlSafe(statement)).bind(json_of(part)).fetch_all(&self.pool).await?;
        rows.iter().map(record_of).collect()
    }

    async fn list(&self, query: &CallQuery, newest: i64) -> Result<CallList, StoreError> {
        if let Some(known) = self.lists.get(query, newest) {
            return Ok(known);
        }
        let needle = query.needle();
        let by_trigram = needle.chars().count() >= TRIGRAM;
        let mut list = if !by_trigram || query.asks_for_facts() {
            self.by_facts(query, newest, if by_trigram { "" } else { &needle }).await?
        } else {
            Vec::new()
        };
        if by_trigram {
            let found = self.by_text(&needle, newest).await?;
            if query.asks_for_facts() {
                list.retain(|seq| found.binary_search_by(|other| seq.cmp(other)).is_ok());
            } else {
                list = found;
            }
        }
        let list = Arc::new(list);
        self.lists.put(query, newest, &list);
        Ok(list)
    }

    async fn by_facts(&self, query: &CallQuery, newest: i64, needle: &str) -> Result<Vec<i64>, StoreError> {
        facts_statement(query, newest, needle)
            .build_query_scalar::<Option<String>>()
            .fetch_one(&self.pool)
            .await
            .map_err(StoreError::from)
            .and_then(numbers)
    }

    async fn by_text(&self, needle: &str, newest: i64) -> Result<Vec<i64>, StoreError> {
        // A phrase of FTS5: whatever stands between quotation marks is text.
        let phrase = format!("\"{}\"", needle.replace('"', "\"\""));
        let found: Option<String> =
            sqlx::query_scalar("SELECT group_concat(rowid, ' ') FROM call_parties WHERE call_parties MATCH ? AND rowid <= ?")
                .bind(phrase)
                .bind(newest)
                .fetch_one(&self.pool)
                .await?;
        numbers(found)
    }
}

/// The numbers of all records that hold what a query asks for beside a text of three characters or more.
///
/// One row with a hundred thousand numbers is read many times faster than as many rows. `+seq` keeps the statement to its index:
/// a search by number would read the long rows of the table.
pub(super) fn facts_statement(query: &CallQuery, newest: i64, needle: &str) -> QueryBuilder<Sqlite> {
    let mut sql = QueryBuilder::new("SELECT group_concat(seq, ' ') FROM call_records WHERE +seq <= ");
    sql.push_bind(newest);
    if let Some(direction) = query.direction {
        sql.push(" AND direction = ").push_bind(word(direction));
    }
    if !query.ports.is_empty() {
        sql.push(" AND port IN (");
        let mut ports = sql.separated(", ");
        for port in query.ports.iter().take(usize::from(MAX_PORTS)) {
            ports.push_bind(port.0);
        }
        sql.push(")");
    }
    match query.answered {
        Some(true) => _ = sql.push(" AND answered_at_ms IS NOT NULL"),
        Some(false) => _ = sql.push(" AND answered_at_ms IS NULL"),
        None => {}
    }
    if !query.causes.is_empty() {
        sql.push(" AND cause IN (");
        let mut causes = sql.separated(", ");
        for cause in query.causes.iter().take(MAX_CAUSES) {
            causes.push_bind(cause.clone());
        }
        sql.push(")");
    }
    if let Some(from) = query.from_epoch_ms {
        sql.push(" AND started_at_ms >= ").push_bind(stored_time(from));
    }
    if let Some(until) = query.until_epoch_ms {
        sql.push(" AND started_at_ms < ").push_bind(stored_time(until));
    }
    if let Some(seconds) = query.longer_than_s {
        sql.push(" AND ended_at_ms - answered_at_ms >= ").push_bind(i64::from(seconds) * 1000);
    }
    if !needle.is_empty() {
        sql.push(" AND instr(parties, ").push_bind(needle.to_owned()).push(") > 0");
    }
    sql
}

fn window(list: &[i64], first: u32, count: u32) -> &[i64] {
    let at = |place: u32| usize::try_from(place).unwrap_or(usize::MAX).min(list.len());
    &list[at(first)..at(first.saturating_add(count.min(MAX_PAGE)))]
}

/// Numbers that stand in one text, the highest first.
fn numbers(text: Option<String>) -> Result<Vec<i64>, StoreError> {
    let text = text.unwrap_or_default();
    let numbers: Result<Vec<i64>, _> = text.split_ascii_whitespace().map(str::parse).collect();
    let mut numbers = numbers.map_err(|_| StoreError::Damaged)?;
    numbers.sort_unstable_by(|a, b| b.cmp(a));
    Ok(numbers)
}

fn json_of(numbers: &[i64]) -> String {
    let texts: Vec<String> = numbers.iter().map(i64::to_string).collect();
    format!("[{}]", texts.join(","))
}
