//! The call history at its fullest: a hundred thousand records, each with a timeline, in a real database file.
//!
//! What the program does stands beside the plain way to do it: reading every row of the table.

use std::future::Future;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use gateway_core::shell::calls_csv::{self, CsvOptions};
use gateway_core::shell::store::{CallQuery, FILE_NAME, Retention, Store};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};

use super::place::Folder;
use super::processor::middle;
use super::table::Table;

/// Records in the database.
const RECORDS: u32 = 100_000;

/// Rows that the window asks for at once.
const WINDOW: u32 = 100;

/// How often each figure is measured.
const TIMES: usize = 7;

/// A timeline as a call of a minute has it.
const TIMELINE: &str = r#"[{"after_ms":-315,"what":{"kind":"caller_id","number":"1133334444","name":null,"presentation":"allowed","category":null,"source":"dtmf"}},{"after_ms":0,"what":{"kind":"ring_on","frequency_hz":25}},{"after_ms":200,"what":{"kind":"sip_out","message":"INVITE","peer":"sip:200@pbx.example"}},{"after_ms":212,"what":{"kind":"sip_in","message":"180","peer":"192.0.2.10"}},{"after_ms":1000,"what":{"kind":"ring_off","on_ms":1000}},{"after_ms":3200,"what":{"kind":"sip_in","message":"200","peer":"192.0.2.10"}},{"after_ms":3201,"what":{"kind":"seizing"}},{"after_ms":3216,"what":{"kind":"hook","off_hook":true}},{"after_ms":3216,"what":{"kind":"answered","by":"target"}},{"after_ms":60000,"what":{"kind":"ended","cause":"line_hung_up"}}]"#;

pub fn measure(table: &mut Table) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(measure_all(table));
}

async fn measure_all(table: &mut Table) {
    let folder = Folder::new();
    let began = Instant::now();
    let plain = fill(folder.path()).await;
    let size = std::fs::metadata(folder.path().join(FILE_NAME)).unwrap().len();
    table.count("records in the database", RECORDS.to_string(), format!("{} MB, made in {:.1?}", size / 1_000_000, began.elapsed()));

    let scan = spent(|| async {
        let statement = "SELECT count(*) FROM call_records WHERE caller LIKE '%33334444%' OR callee LIKE '%33334444%'";
        let _: i64 = sqlx::query_scalar(statement).fetch_one(&plain).await.unwrap();
    })
    .await;
    let against = format!("every row read {}", ms(scan));
    let began = Instant::now();
    let store = Store::open(folder.path()).await.unwrap();
    let opened = began.elapsed().as_secs_f64() * 1000.0;
    table.row("open and check the database", ms(opened), against.clone(), opened / scan);

    for (what, text) in [("no filter", ""), ("eight digits", "(11) 3333-4444"), ("two digits", "77"), ("a host all have", "pbx.example")] {
        let query = CallQuery { text: text.to_owned(), ..CallQuery::default() };
        let mut found = 0;
        let mut times = Vec::new();
        for up_to in 0..TIMES {
            // Each asks for other records, so that no list is known.
            let began = Instant::now();
            let window = store.calls(&query, Some(u64::from(RECORDS) - up_to as u64), 0, WINDOW).await.unwrap();
            times.push(began.elapsed().as_secs_f64() * 1000.0);
            found = window.total;
        }
        let first = middle(times);
        table.row(&format!("first window, {what}: {found} found"), ms(first), against.clone(), first / scan);
    }
    windows(table, &store, &plain).await;
    delete_and_export(table, &store, folder.path()).await;
    store.close().await;
}

/// Jumps in a list that is known.
async fn windows(table: &mut Table, store: &Store, plain: &SqlitePool) {
    let query = CallQuery::default();
    let newest = Some(u64::from(RECORDS));
    let offset = spent(|| async {
        let statement = "SELECT * FROM call_records ORDER BY seq DESC LIMIT 100 OFFSET 50000";
        assert_eq!(sqlx::query(statement).fetch_all(plain).await.unwrap().len(), 100);
    })
    .await;
    for (what, first) in [("the middle", RECORDS / 2), ("the end", RECORDS - WINDOW)] {
        let jump = spent(|| async {
            assert_eq!(store.calls(&query, newest, first, WINDOW).await.unwrap().calls.len(), 100);
        })
        .await;
        table.row(&format!("jump to {what}, {WINDOW} rows"), ms(jump), format!("OFFSET 50000 {}", ms(offset)), jump / offset);
    }
}

async fn delete_and_export(table: &mut Table, store: &Store, folder: &Path) {
    let path = folder.join("calls.csv");
    let began = Instant::now();
    let count =
        calls_csv::export(store, &CallQuery::default(), &path, &CsvOptions::default(), |_| ControlFlow::Continue(())).await.unwrap();
    let took = began.elapsed();
    let bytes = std::fs::metadata(&path).unwrap().len();
    let rate = f64::from(count) / took.as_secs_f64();
    table.count("export as CSV", format!("{rate:.0} calls a second"), format!("{count} calls, {:.1} MB in {took:.1?}", bytes as f64 / 1e6));
    let began = Instant::now();
    let deleted = store.prune_calls(Retention { days: 0, records: RECORDS - 200, sounds: 0 }, 0, 200).await.unwrap();
    table.count("forget the oldest, one step", format!("{:.1?}", began.elapsed()), format!("{deleted} records"));
}

/// Makes the records with plain SQL, in one transaction.
async fn fill(folder: &Path) -> SqlitePool {
    Store::open(folder).await.unwrap().close().await;
    let options = SqliteConnectOptions::new().filename(folder.join(FILE_NAME));
    let plain = SqlitePoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    let statement = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) \
         INSERT INTO call_records (id, port, direction, caller, callee, started_at_ms, answered_at_ms, ended_at_ms, cause, evidence, \
         sip_status, timeline) \
         SELECT printf('%032x', i), i % 8, iif(i % 3, 'fxo_to_sip', 'sip_to_fxo'), \
         iif(i % 1000, printf('11%08d', (i * 7919) % 100000000), '1133334444'), \
         printf('sip:%d@pbx.example', 200 + i % 40), 1790000000000 + i * 60000, iif(i % 4, 1790000004000 + i * 60000, NULL), \
         1790000050000 + i * 60000, iif(i % 4, 'line_hung_up', 'caller_gave_up'), 'null', 200, ?2 FROM n";
    sqlx::query(statement).bind(RECORDS).bind(TIMELINE).execute(&plain).await.unwrap();
    plain
}

/// What something takes, in ms.
async fn spent<F: Future<Output = ()>>(work: impl Fn() -> F) -> f64 {
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let began = Instant::now();
        work().await;
        times.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    middle(times)
}

fn ms(ms: f64) -> String {
    format!("{:.2?}", Duration::from_secs_f64(ms / 1000.0))
}
