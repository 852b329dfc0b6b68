use std::path::PathBuf;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::*;
use crate::config::PortId;
use crate::dsp::progress::ProgressTone;
use crate::shell::store::RecordDirection;

/// A directory of its own, removed at the end of the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let dir = std::env::temp_dir().join(format!("loopstart-csv-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        Scratch(dir)
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            std::fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.retain(|name| !name.starts_with("loopstart.sqlite3"));
        names.sort();
        names
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn call(n: u64) -> StoredRecord {
    let began = 1_790_000_000_000 + n * 60_000;
    StoredRecord {
        id: format!("call-{n}"),
        port: PortId(1),
        direction: RecordDirection::FxoToSip,
        from: "1133334444".to_owned(),
        to: "sip:200@pbx.example".to_owned(),
        started_at_ms: began,
        answered_at_ms: Some(began + 4000),
        ended_at_ms: began + 45_000,
        cause: "line_hung_up".to_owned(),
        evidence: Some(HangUpEvidence::DisconnectTone(HeardTone {
            tone: ProgressTone::Busy,
            frequency_hz: 425.3,
            level_dbm0: -18.0,
            cycles: 3,
            confidence: 1.0,
        })),
        sip_status: Some(200),
        timeline: vec![],
        damaged: false,
    }
}

async fn store_with(scratch: &Scratch, calls: &[StoredRecord]) -> Store {
    let store = Store::open(&scratch.0).await.unwrap();
    for call in calls {
        store.append_record(call).await.unwrap();
    }
    store
}

fn go_on(_: ExportProgress) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

async fn written(store: &Store, options: &CsvOptions) -> String {
    let mut bytes = Vec::new();
    let zone = TimeZone::fixed(jiff::tz::offset(-3));
    write(store, &CallQuery::default(), &mut bytes, options, &zone, go_on).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_call_is_a_line_with_local_times_codes_and_words() {
    let scratch = Scratch::new("line");
    let missed = StoredRecord {
        answered_at_ms: None,
        cause: "caller_gave_up".to_owned(),
        evidence: Some(HangUpEvidence::LoopInterruption { duration_ms: 520 }),
        sip_status: None,
        direction: RecordDirection::SipToFxo,
        ..call(1)
    };
    let store = store_with(&scratch, &[call(0), missed]).await;
    let words = [("line_hung_up".to_owned(), "o lado da linha desligou".to_owned())].into();
    let text = written(&store, &CsvOptions { byte_order_mark: false, words }).await;
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(lines[0], COLUMNS.join(","));
    assert_eq!(
        lines[1],
        "2026-09-21T11:14:20.000-03:00,,2026-09-21T11:15:05.000-03:00,sip_to_fxo,2,1133334444,sip:200@pbx.example,,45,caller_gave_up,caller_gave_up,loop_interruption,520,,,,,call-1"
    );
    assert_eq!(
        lines[2],
        "2026-09-21T11:13:20.000-03:00,2026-09-21T11:13:24.000-03:00,2026-09-21T11:14:05.000-03:00,fxo_to_sip,2,1133334444,sip:200@pbx.example,41,45,line_hung_up,o lado da linha desligou,disconnect_tone,,busy,425,3,200,call-0"
    );
    assert_eq!(lines[3..], [""]);
}

#[tokio::test]
async fn no_cell_is_a_formula_and_none_breaks_its_line() {
    let scratch = Scratch::new("cells");
    for (cell, expected) in [
        ("", ""),
        ("plain", "plain"),
        ("a,b", "\"a,b\""),
        ("say \"a\"", "\"say \"\"a\"\"\""),
        ("two\r\nlines", "\"two\r\nlines\""),
        ("=1+1", "'=1+1"),
        ("+551133334444", "'+551133334444"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\tx", "'\tx"),
        ("=HYPERLINK(\"x\",1)", "\"'=HYPERLINK(\"\"x\"\",1)\""),
    ] {
        let mut text = String::new();
        push_cell(&mut text, cell);
        assert_eq!(text, expected);
    }
    let store = store_with(&scratch, &[StoredRecord { from: "=cmd|'/c calc'!A0".to_owned(), ..call(0) }]).await;
    let text = written(&store, &CsvOptions { byte_order_mark: true, ..CsvOptions::default() }).await;
    assert!(text.starts_with("\u{feff}started,") && text.contains(",'=cmd|'/c calc'!A0,"), "{text}");
}

#[tokio::test]
async fn a_file_of_many_windows_is_whole_and_tells_its_progress() {
    let scratch = Scratch::new("many");
    let calls: Vec<StoredRecord> = (0..1203).map(call).collect();
    let store = store_with(&scratch, &calls).await;
    let path = scratch.0.join("calls.csv");
    std::fs::write(&path, "an older file").unwrap();
    let mut told = Vec::new();
    let progress = |progress: ExportProgress| {
        told.push((progress.written, progress.total));
        ControlFlow::Continue(())
    };
    let count = export(&store, &CallQuery::default(), &path, &CsvOptions::default(), progress).await;
    assert_eq!(count, Ok(1203));
    assert_eq!(told, [(500, 1203), (1000, 1203), (1203, 1203)]);
    let text = std::fs::read_to_string(&path).unwrap();
    let ids: Vec<String> = text.lines().skip(1).map(|line| line.rsplit(',').next().unwrap().to_owned()).collect();
    assert_eq!(ids, calls.iter().rev().map(|call| call.id.clone()).collect::<Vec<_>>());
    assert_eq!(scratch.names(), ["calls.csv"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_that_are_deleted_while_a_file_is_written_take_no_other_ones_with_them() {
    let scratch = Scratch::new("deleted");
    let store = store_with(&scratch, &(0..1100).map(call).collect::<Vec<_>>()).await;
    let newest = CallQuery { from_epoch_ms: Some(call(1000).started_at_ms), ..CallQuery::default() };
    let forget = |progress: ExportProgress| {
        if progress.written == AT_ONCE {
            let forgotten = tokio::runtime::Handle::current().block_on(store.forget_calls(&newest, u64::MAX));
            assert_eq!(forgotten, Ok(100));
        }
        ControlFlow::Continue(())
    };
    let mut file = Vec::new();
    let progress = |told| tokio::task::block_in_place(|| forget(told));
    let written = write(&store, &CallQuery::default(), &mut file, &CsvOptions::default(), &TimeZone::UTC, progress).await;
    assert_eq!(written, Ok(1100));
    assert!(String::from_utf8(file).unwrap().trim_end().ends_with("call-0"));
}

#[tokio::test]
async fn an_export_that_is_cancelled_leaves_what_was_there() {
    let scratch = Scratch::new("cancel");
    let store = store_with(&scratch, &(0..600).map(call).collect::<Vec<_>>()).await;
    let path = scratch.0.join("calls.csv");
    std::fs::write(&path, "an older file").unwrap();
    let cancelled = export(&store, &CallQuery::default(), &path, &CsvOptions::default(), |_| ControlFlow::Break(())).await;
    assert_eq!(cancelled, Err(ExportError::Cancelled));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "an older file");
    assert_eq!(scratch.names(), ["calls.csv"]);
}

/// Takes a few bytes and then no more.
struct Full(usize);

impl AsyncWrite for Full {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        Poll::Ready(if taken == 0 { Err(io::ErrorKind::StorageFull.into()) } else { Ok(taken) })
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn what_a_damaged_record_does_not_know_is_empty() {
    let cells = cells(&StoredRecord { damaged: true, ..call(0) }, &CsvOptions::default(), &TimeZone::UTC);
    assert_eq!((cells[3].as_str(), cells[4].as_str(), cells[5].as_str()), ("", "", "1133334444"));
}

#[tokio::test]
async fn a_full_disk_is_told() {
    let scratch = Scratch::new("full");
    let store = store_with(&scratch, &[call(0)]).await;
    let refused = write(&store, &CallQuery::default(), &mut Full(100), &CsvOptions::default(), &TimeZone::UTC, go_on).await;
    assert_eq!(refused, Err(ExportError::DiskFull));
}

/// `/dev/full` is a disk without room.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_keeps_no_part_of_the_file() {
    let scratch = Scratch::new("dev-full");
    let store = store_with(&scratch, &[call(0)]).await;
    let (part, file) = (scratch.0.join("part"), scratch.0.join("calls.csv"));
    std::os::unix::fs::symlink("/dev/full", &part).unwrap();
    let refused = export_through(&part, &store, &CallQuery::default(), &file, &CsvOptions::default(), go_on).await;
    assert_eq!(refused, Err(ExportError::DiskFull));
    assert_eq!(scratch.names(), [""; 0]);
}

#[tokio::test]
async fn a_place_that_cannot_be_written_is_told() {
    let scratch = Scratch::new("no-place");
    let store = store_with(&scratch, &[call(0)]).await;
    std::fs::write(scratch.0.join("file"), "").unwrap();
    for place in ["no-such-folder/calls.csv", "file/calls.csv"] {
        let refused = export(&store, &CallQuery::default(), &scratch.0.join(place), &CsvOptions::default(), go_on).await;
        assert!(matches!(refused, Err(ExportError::NotWritable { .. })), "{refused:?}");
    }
    // A folder cannot be replaced by a file.
    std::fs::create_dir(scratch.0.join("folder")).unwrap();
    let refused = export(&store, &CallQuery::default(), &scratch.0.join("folder"), &CsvOptions::default(), go_on).await;
    assert!(matches!(refused, Err(ExportError::NotWritable { .. })), "{refused:?}");
    assert_eq!(scratch.names(), ["file", "folder"]);
}

#[test]
fn every_column_is_described() {
    let page = include_str!("../../../../docs/CALLS.md");
    for column in COLUMNS {
        assert!(page.contains(&format!("`{column}`")), "{column}");
    }
}
