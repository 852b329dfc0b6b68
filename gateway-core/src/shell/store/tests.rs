mod bindings;
mod calls;
mod line_tests;
mod retention;

use super::*;
use crate::config::PortId;
use crate::config::settings::{GatewaySettings, PortSettings, Secret, Settings};
use crate::dsp::progress::{HeardTone, ProgressTone};
use crate::fxo::line::HangUpEvidence;
use crate::gateway::mark::MarkKind;
use sqlx::Executor as _;

/// A directory of its own, removed at the end of the test.
pub(crate) struct Scratch(pub(crate) PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Scratch {
        let dir = std::env::temp_dir().join(format!("loopstart-store-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        Scratch(dir)
    }

    fn file(&self) -> PathBuf {
        self.0.join(FILE_NAME)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An empty database as the first version of this program left it.
pub(crate) async fn first_version(dir: &Path) {
    make_private(dir).unwrap();
    let pool = connect(&dir.join(FILE_NAME)).await.unwrap();
    let first = MIGRATIONS.iter().filter(|migration| migration.version == 1).cloned().collect();
    Migrator::with_migrations(first).run(&pool).await.unwrap();
    pool.close().await;
}

/// Nobody has brought the database up to date.
pub(crate) async fn is_first_version(dir: &Path) -> bool {
    let pool = connect(&dir.join(FILE_NAME)).await.unwrap();
    let newest: i64 = sqlx::query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(&pool).await.unwrap();
    pool.close().await;
    newest == 1
}

fn settings(sip_port: u16) -> Settings {
    let port = PortSettings { user: "line1".to_owned(), secret: Secret("x7kq-93ms-p2rt".to_owned()), ..PortSettings::default() };
    Settings { gateway: GatewaySettings { sip_port, ..GatewaySettings::default() }, ports: vec![port] }
}

fn busy_tone() -> HeardTone {
    HeardTone { tone: ProgressTone::Busy, frequency_hz: 425.0, level_dbm0: -18.0, cycles: 3, confidence: 1.0 }
}

fn record(id: &str) -> StoredRecord {
    StoredRecord {
        id: id.to_owned(),
        port: PortId(1),
        direction: RecordDirection::FxoToSip,
        from: "1133334444".to_owned(),
        to: "sip:200@pbx.example".to_owned(),
        started_at_ms: 1_790_000_000_000,
        answered_at_ms: Some(1_790_000_004_000),
        ended_at_ms: 1_790_000_060_000,
        cause: "disconnect_tone".to_owned(),
        evidence: Some(HangUpEvidence::DisconnectTone(busy_tone())),
        sip_status: Some(200),
        timeline: vec![
            StoredMark { after_ms: -900, what: Some(MarkKind::RingOn { frequency_hz: Some(25) }) },
            StoredMark {
                after_ms: 2100,
                what: Some(MarkKind::SipOut { message: "INVITE".to_owned(), peer: "sip:200@pbx.example".to_owned() }),
            },
            StoredMark { after_ms: 60_000, what: Some(MarkKind::Evidence { evidence: HangUpEvidence::DisconnectTone(busy_tone()) }) },
        ],
        damaged: false,
    }
}

#[tokio::test]
async fn a_fresh_store_is_empty_and_what_is_committed_is_there_after_reopening() {
    let scratch = Scratch::new("reopen");
    let store = Store::open(&scratch.0).await.unwrap();
    assert_eq!(store.load().await, Ok(None));
    assert_eq!(store.revisions().await, Ok(vec![]));
    let id = store.commit(&settings(5062), RevisionKind::First, 1_790_000_000_123).await.unwrap();
    assert_eq!(store.load().await, Ok(Some((id, settings(5062)))));
    store.close().await;
    let store = Store::open(&scratch.0).await.unwrap();
    assert_eq!(store.load().await, Ok(Some((id, settings(5062)))));
    assert_eq!(
        store.revisions().await,
        Ok(vec![Revision { id, created_at_ms: 1_790_000_000_123, kind: RevisionKind::First, author: Author::here(), current: true }])
    );
}

#[tokio::test]
async fn the_last_twenty_revisions_can_be_restored() {
    let scratch = Scratch::new("twenty");
    let store = Store::open(&scratch.0).await.unwrap();
    let mut ids = Vec::new();
    for n in 0..25u16 {
        ids.push(store.commit(&settings(6000 + n), RevisionKind::Apply, u64::from(n)).await.unwrap());
    }
    assert!(ids.is_sorted());
    let revisions = store.revisions().await.unwrap();
    assert_eq!(revisions.len(), 20);
    assert_eq!(revisions.iter().map(|revision| revision.id).collect::<Vec<_>>(), ids[5..].iter().rev().copied().collect::<Vec<_>>());
    assert_eq!(revisions.iter().map(|revision| revision.current).collect::<Vec<_>>(), [&[true][..], &[false; 19]].concat());
    assert_eq!(store.revision(ids[5]).await, Ok(Some(settings(6005))));
    assert_eq!(store.revision(ids[4]).await, Ok(None));
}

#[tokio::test]
async fn revisions_of_the_first_schema_are_kept_and_tell_how_they_came_about() {
    let scratch = Scratch::new("first-schema");
    make_private(&scratch.0).unwrap();
    let pool = connect(&scratch.file()).await.unwrap();
    let first = MIGRATIONS.iter().filter(|migration| migration.version == 1).cloned().collect();
    Migrator::with_migrations(first).run(&pool).await.unwrap();
    let document = serde_json::to_string(&settings(5065)).unwrap();
    for what in ["profile", "apply"] {
        let insert = "INSERT INTO revisions (created_at_ms, what, format, document) VALUES (7, ?, 1, ?)";
        sqlx::query(insert).bind(what).bind(&document).execute(&pool).await.unwrap();
    }
    pool.execute("INSERT INTO current_revision VALUES (1, 2)").await.unwrap();
    pool.close().await;
    let store = Store::open(&scratch.0).await.unwrap();
    let told = |id, kind, current| Revision { id: RevisionId(id), created_at_ms: 7, kind, author: Author::default(), current };
    let expected = vec![told(2, RevisionKind::Apply, true), told(1, RevisionKind::Import, false)];
    assert_eq!(store.revisions().await, Ok(expected));
    assert_eq!(store.load().await, Ok(Some((RevisionId(2), settings(5065)))));
}

#[tokio::test]
async fn prefixes_that_an_older_program_blocked_are_denied_by_rules() {
    let scratch = Scratch::new("blocked-prefixes");
    first_version(&scratch.0).await;
    let pool = connect(&scratch.file()).await.unwrap();
    let mut document = serde_json::to_value(settings(5065)).unwrap();
    let gateway = document["gateway"].as_object_mut().unwrap();
    gateway.remove("dial_rules");
    for blocked in [serde_json::json!(["00", "+55", "0+1"]), serde_json::json!([])] {
        document["gateway"]["blocked_prefixes"] = blocked;
        let insert = "INSERT INTO revisions (created_at_ms, what, format, document) VALUES (7, 'apply', 1, ?)";
        sqlx::query(insert).bind(document.to_string()).execute(&pool).await.unwrap();
    }
    pool.execute("INSERT INTO current_revision VALUES (1, 2)").await.unwrap();
    pool.close().await;
    let store = Store::open(&scratch.0).await.unwrap();
    let mut expected = settings(5065);
    assert_eq!(store.load().await, Ok(Some((RevisionId(2), expected.clone()))));
    expected.gateway.dial_rules = vec!["deny 00.".to_owned(), "deny +55.".to_owned()];
    assert_eq!(store.revision(RevisionId(1)).await, Ok(Some(expected)));
}

#[tokio::test]
async fn a_commit_that_is_cut_off_changes_nothing() {
    let scratch = Scratch::new("cut");
    let store = Store::open(&scratch.0).await.unwrap();
    let first = store.commit(&settings(5061), RevisionKind::Apply, 1).await.unwrap();
    // The last statement of the transaction fails, as a full disk would make it.
    store.pool.execute("CREATE TRIGGER fail BEFORE UPDATE ON current_revision BEGIN SELECT RAISE(ABORT, 'cut'); END").await.unwrap();
    assert!(store.commit(&settings(5062), RevisionKind::Apply, 2).await.is_err());
    assert_eq!(store.load().await, Ok(Some((first, settings(5061)))));
    assert_eq!(store.revisions().await.unwrap().len(), 1);
    store.pool.execute("DROP TRIGGER fail").await.unwrap();
    // A commit whose task is dropped half way, as a shutdown does it, rolls back or is whole, and the store stays usable.
    for steps in 0..12 {
        let before = store.load().await.unwrap();
        let whole = settings(6000 + steps);
        let commit = store.commit(&whole, RevisionKind::Apply, 3);
        let mut commit = Box::pin(commit);
        for _ in 0..steps {
            if futures_poll(&mut commit).await {
                break;
            }
        }
        drop(commit);
        let after = store.load().await.unwrap();
        assert!(after == before || after.map(|(_, settings)| settings) == Some(whole));
    }
    let last = store.commit(&settings(5063), RevisionKind::Apply, 4).await.unwrap();
    assert_eq!(store.load().await, Ok(Some((last, settings(5063)))));
}

/// Polls once, then lets the others run; true when it is done.
async fn futures_poll<F: Future + Unpin>(future: &mut F) -> bool {
    let done = std::future::poll_fn(|context| std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(context).is_ready())).await;
    tokio::task::yield_now().await;
    done
}

/// What a crash leaves is what is on the disk at that moment: the database and its write-ahead log, without a clean close.
#[tokio::test]
async fn what_was_committed_survives_a_crash() {
    let scratch = Scratch::new("crash");
    let crashed = Scratch::new("crash-copy");
    let store = Store::open(&scratch.0).await.unwrap();
    let id = store.commit(&settings(5064), RevisionKind::Apply, 1).await.unwrap();
    store.append_record(&record("a")).await.unwrap();
    std::fs::create_dir_all(&crashed.0).unwrap();
    std::fs::copy(scratch.0.join("secrets.key"), crashed.0.join("secrets.key")).unwrap();
    for suffix in ["", "-wal"] {
        let name = format!("{FILE_NAME}{suffix}");
        std::fs::copy(scratch.0.join(&name), crashed.0.join(&name)).unwrap();
    }
    let after = Store::open(&crashed.0).await.unwrap();
    assert_eq!(after.load().await, Ok(Some((id, settings(5064)))));
    assert_eq!(after.records(10, None).await, Ok(vec![record("a")]));
    after.close().await;
    // A log that was cut in the middle of its last write loses that write and nothing else.
    let wal = crashed.0.join(format!("{FILE_NAME}-wal"));
    std::fs::copy(scratch.file(), crashed.file()).unwrap();
    let log = std::fs::read(scratch.0.join(format!("{FILE_NAME}-wal"))).unwrap();
    std::fs::write(&wal, &log[..log.len() - 100]).unwrap();
    let after = Store::open(&crashed.0).await.unwrap();
    assert_eq!(after.load().await, Ok(Some((id, settings(5064)))));
    assert_eq!(after.records(10, None).await, Ok(vec![]));
}

#[tokio::test]
async fn records_are_kept_once_and_paged_newest_first() {
    let scratch = Scratch::new("records");
    let store = Store::open(&scratch.0).await.unwrap();
    for n in 0..5 {
        store.append_record(&record(&format!("call-{n}"))).await.unwrap();
    }
    let mut changed = record("call-2");
    changed.cause = "other".to_owned();
    store.append_record(&changed).await.unwrap();
    let unanswered =
        StoredRecord { answered_at_ms: None, sip_status: None, evidence: None, direction: RecordDirection::SipToFxo, ..record("call-5") };
    store.append_record(&unanswered).await.unwrap();
    let page = store.records(3, None).await.unwrap();
    assert_eq!(page, [unanswered, record("call-4"), record("call-3")]);
    let page = store.records(100, Some("call-3")).await.unwrap();
    assert_eq!(page, [record("call-2"), record("call-1"), record("call-0")]);
    assert_eq!(store.records(10, Some("call-0")).await, Ok(vec![]));
    assert_eq!(store.records(10, Some("never")).await, Ok(vec![]));
}

#[tokio::test]
async fn a_database_of_a_newer_version_is_refused_and_left_alone() {
    let scratch = Scratch::new("newer");
    let store = Store::open(&scratch.0).await.unwrap();
    let id = store.commit(&settings(5060), RevisionKind::Apply, 1).await.unwrap();
    let newest = MIGRATIONS.iter().map(|migration| migration.version).max().unwrap();
    store
        .pool
        .execute("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (999, 'from the future', 1, x'00', 0)")
        .await
        .unwrap();
    store.close().await;
    let before = std::fs::read(scratch.file()).unwrap();
    let refused = Store::open(&scratch.0).await.unwrap_err();
    assert_eq!(refused, StoreError::DatabaseFromNewerVersion { found: 999, newest });
    assert_eq!(refused.code(), "database_from_newer_version");
    assert_eq!(std::fs::read(scratch.file()).unwrap(), before);
    let _ = id;
}

#[tokio::test]
async fn settings_in_a_newer_form_are_refused() {
    let scratch = Scratch::new("newer-form");
    let store = Store::open(&scratch.0).await.unwrap();
    let id = store.commit(&settings(5060), RevisionKind::Apply, 1).await.unwrap();
    store.pool.execute("UPDATE revisions SET format = 3").await.unwrap();
    assert_eq!(store.load().await, Err(StoreError::DatabaseFromNewerVersion { found: 3, newest: 2 }));
    store.pool.execute(r#"UPDATE revisions SET format = 2, document = '{"gateway":7}'"#).await.unwrap();
    assert_eq!(store.load().await, Err(StoreError::UnreadableSettings { revision: id.0 }));
}

#[tokio::test]
async fn settings_of_an_older_program_get_defaults_for_what_came_later() {
    let scratch = Scratch::new("older");
    let store = Store::open(&scratch.0).await.unwrap();
    store.commit(&settings(5060), RevisionKind::Apply, 1).await.unwrap();
    store
        .pool
        .execute(r#"UPDATE revisions SET document = '{"gateway":{"sip_port":5070},"ports":[{"line":{"guard_ms":500}}]}'"#)
        .await
        .unwrap();
    let (_, loaded) = store.load().await.unwrap().unwrap();
    assert_eq!((loaded.gateway.sip_port, loaded.ports[0].line.guard_ms, loaded.ports[0].line.flash_ms), (5070, 500, 300));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_told_as_damaged() {
    let scratch = Scratch::new("damaged");
    std::fs::create_dir_all(&scratch.0).unwrap();
    std::fs::write(scratch.file(), b"this was never a database, however long it may be").unwrap();
    assert_eq!(Store::open(&scratch.0).await.unwrap_err(), StoreError::Damaged);
    assert!(std::fs::read(scratch.file()).unwrap().starts_with(b"this was never"), "it is evidence, not rubbish");
}

#[tokio::test]
async fn a_database_with_a_broken_page_is_told_as_damaged() {
    let scratch = Scratch::new("page");
    let store = Store::open(&scratch.0).await.unwrap();
    for n in 0..50 {
        store.append_record(&record(&format!("call-{n}"))).await.unwrap();
    }
    store.close().await;
    let mut bytes = std::fs::read(scratch.file()).unwrap();
    for page in bytes.chunks_mut(4096).skip(1) {
        page[..64].fill(0xA5);
    }
    std::fs::write(scratch.file(), bytes).unwrap();
    assert_eq!(Store::open(&scratch.0).await.unwrap_err(), StoreError::Damaged);
}

#[tokio::test]
async fn foreign_tables_under_our_version_are_told() {
    let scratch = Scratch::new("foreign");
    let store = Store::open(&scratch.0).await.unwrap();
    store.pool.execute("UPDATE _sqlx_migrations SET checksum = x'00'").await.unwrap();
    store.close().await;
    assert_eq!(Store::open(&scratch.0).await.unwrap_err(), StoreError::ForeignSchema);
}

#[tokio::test]
async fn a_directory_that_cannot_be_made_is_told() {
    let scratch = Scratch::new("no-dir");
    std::fs::create_dir_all(&scratch.0).unwrap();
    std::fs::write(scratch.0.join("file"), b"").unwrap();
    assert_eq!(Store::open(&scratch.0.join("file/below")).await.unwrap_err().code(), "database_unreachable");
}

#[tokio::test]
async fn two_programs_may_read_and_write_in_turn() {
    let scratch = Scratch::new("two");
    let (first, second) = (Store::open(&scratch.0).await.unwrap(), Store::open(&scratch.0).await.unwrap());
    let id = first.commit(&settings(5061), RevisionKind::Apply, 1).await.unwrap();
    assert_eq!(second.load().await, Ok(Some((id, settings(5061)))));
    let id = second.commit(&settings(5062), RevisionKind::Apply, 2).await.unwrap();
    assert_eq!(first.load().await, Ok(Some((id, settings(5062)))));
}

#[tokio::test]
async fn a_program_that_keeps_the_lock_is_told() {
    let scratch = Scratch::new("locked");
    let (first, second) = (Store::open(&scratch.0).await.unwrap(), Store::open(&scratch.0).await.unwrap());
    second.pool.execute("PRAGMA busy_timeout = 10").await.unwrap();
    let holding = first.pool.begin_with("BEGIN IMMEDIATE").await.unwrap();
    assert_eq!(second.commit(&settings(5060), RevisionKind::Apply, 1).await, Err(StoreError::Locked));
    drop(holding);
    assert!(second.commit(&settings(5060), RevisionKind::Apply, 1).await.is_ok());
}

#[tokio::test]
async fn a_full_disk_is_told_and_costs_nothing_that_was_kept() {
    let scratch = Scratch::new("full");
    let store = Store::open(&scratch.0).await.unwrap();
    let id = store.commit(&settings(5060), RevisionKind::Apply, 1).await.unwrap();
    store.pool.execute("PRAGMA max_page_count = 1").await.unwrap();
    let large = StoredRecord { to: "x".repeat(100_000), ..record("large") };
    assert_eq!(store.append_record(&large).await, Err(StoreError::DiskFull));
    assert_eq!(store.load().await, Ok(Some((id, settings(5060)))));
}

#[tokio::test]
async fn a_database_that_cannot_be_written_is_told() {
    let scratch = Scratch::new("read-only");
    let store = Store::open(&scratch.0).await.unwrap();
    store.pool.execute("PRAGMA query_only = 1").await.unwrap();
    assert_eq!(store.commit(&settings(5060), RevisionKind::Apply, 1).await, Err(StoreError::ReadOnly));
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_user_may_read_the_file() {
    use std::os::unix::fs::PermissionsExt;
    let scratch = Scratch::new("mode");
    std::fs::create_dir_all(&scratch.0).unwrap();
    std::fs::write(scratch.file(), b"").unwrap();
    std::fs::set_permissions(scratch.file(), PermissionsExt::from_mode(0o644)).unwrap();
    let store = Store::open(&scratch.0).await.unwrap();
    store.commit(&settings(5060), RevisionKind::Apply, 1).await.unwrap();
    for suffix in ["", "-wal", "-shm"] {
        let metadata = std::fs::metadata(scratch.0.join(format!("{FILE_NAME}{suffix}"))).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{suffix}");
    }
}

#[tokio::test]
async fn the_connection_keeps_what_it_commits_and_the_rules_between_tables() {
    let scratch = Scratch::new("pragmas");
    let store = Store::open(&scratch.0).await.unwrap();
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&store.pool).await.unwrap();
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&store.pool).await.unwrap();
    let foreign_keys: i64 = sqlx::query_scalar("PRAGMA foreign_keys").fetch_one(&store.pool).await.unwrap();
    assert_eq!((mode.as_str(), synchronous, foreign_keys), ("wal", 2, 1));
    store.commit(&settings(5060), RevisionKind::Apply, 1).await.unwrap();
    assert!(store.pool.execute("DELETE FROM revisions").await.is_err(), "the revision in force cannot be forgotten");
}

const CHILD_DIR: &str = "LOOPSTART_STORE_TEST_DIR";

/// The program that [`what_was_announced_as_committed_survives_a_kill`] kills.
#[tokio::test]
#[ignore = "runs only as the child of another test"]
async fn child_that_commits_until_it_is_killed() {
    use std::io::Write as _;
    let dir = PathBuf::from(std::env::var_os(CHILD_DIR).unwrap());
    let store = Store::open(&dir).await.unwrap();
    for n in 0..5000u16 {
        let id = store.commit(&settings(10_000 + n), RevisionKind::Apply, u64::from(n)).await.unwrap();
        store.append_record(&record(&format!("call-{n}"))).await.unwrap();
        writeln!(std::io::stdout(), "\ncommitted {id} {}", 10_000 + n).unwrap();
    }
}

#[tokio::test]
async fn what_was_announced_as_committed_survives_a_kill() {
    use std::io::BufRead as _;
    for announced in [1, 7, 40] {
        let scratch = Scratch::new(&format!("kill-{announced}"));
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", "shell::store::tests::child_that_commits_until_it_is_killed"])
            .env(CHILD_DIR, &scratch.0)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let output = std::io::BufReader::new(child.stdout.take().unwrap());
        let lines = output.lines().map_while(Result::ok).filter_map(|line| line.strip_prefix("committed ").map(str::to_owned));
        let last = lines.take(announced).last();
        child.kill().unwrap();
        child.wait().unwrap();
        let last = last.unwrap();
        let (id, sip_port) = last.split_once(' ').unwrap();
        let store = Store::open(&scratch.0).await.unwrap();
        let (kept, loaded) = store.load().await.unwrap().unwrap();
        assert!(kept.0 >= id.parse().unwrap() && loaded.gateway.sip_port >= sip_port.parse().unwrap());
        assert_eq!(kept.0 + 9_999, u32::from(loaded.gateway.sip_port), "the revision in force and its document belong together");
        let records = store.records(1000, None).await.unwrap();
        assert!(records.len() >= announced && records.len().abs_diff(usize::try_from(kept.0).unwrap()) <= 1);
    }
}

#[tokio::test]
async fn a_line_test_is_kept_beside_calls_and_no_other_direction_is() {
    let scratch = Scratch::new("directions");
    let store = Store::open(&scratch.0).await.unwrap();
    let directions = [RecordDirection::SipToFxo, RecordDirection::FxoToSip, RecordDirection::Test];
    for (id, direction) in ["a", "b", "c"].into_iter().zip(directions) {
        store.append_record(&StoredRecord { direction, ..record(id) }).await.unwrap();
    }
    let kept: Vec<_> = store.records(9, None).await.unwrap().into_iter().map(|record| record.direction).collect();
    assert_eq!(kept, directions.into_iter().rev().collect::<Vec<_>>());
    let wrong = sqlx::query("UPDATE call_records SET direction = 'sideways'").execute(&store.pool).await;
    assert!(wrong.unwrap_err().to_string().contains("CHECK"));
}
