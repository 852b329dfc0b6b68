//! What a query finds, in which order, and through which window.

use super::*;
use crate::shell::store::calls::facts_statement;

/// A call that began `minute` minutes after the first.
fn call(id: &str, minute: u64) -> StoredRecord {
    let began = 1_790_000_000_000 + minute * 60_000;
    StoredRecord { started_at_ms: began, answered_at_ms: Some(began + 4000), ended_at_ms: began + 34_000, ..record(id) }
}

async fn store_with(scratch: &Scratch, records: &[StoredRecord]) -> Store {
    let store = Store::open(&scratch.0).await.unwrap();
    for record in records {
        store.append_record(record).await.unwrap();
    }
    store
}

async fn found(store: &Store, query: &CallQuery) -> Vec<String> {
    let window = store.calls(query, None, 0, 1000).await.unwrap();
    assert_eq!(usize::try_from(window.total).unwrap(), window.calls.len());
    window.calls.into_iter().map(|call| call.id).collect()
}

fn text(text: &str) -> CallQuery {
    CallQuery { text: text.to_owned(), ..CallQuery::default() }
}

#[tokio::test]
async fn a_number_is_found_however_it_is_written() {
    let scratch = Scratch::new("calls-text");
    let calls = [
        call("reception", 0),
        StoredRecord { from: "+55 (21) 2555-9876".to_owned(), to: "sip:231@pbx.example".to_owned(), ..call("rio", 1) },
        StoredRecord { from: "sip:Front.Desk-7@192.0.2.33:5062".to_owned(), to: "08007701234".to_owned(), ..call("desk", 2) },
        StoredRecord { from: String::new(), to: "sip:100%_\"x@pbx.example".to_owned(), ..call("odd", 3) },
    ];
    let store = store_with(&scratch, &calls).await;
    for (typed, expected) in [
        ("1133334444", &["reception"][..]),
        ("(11) 3333-4444", &["reception"]),
        ("33334444", &["reception"]),
        ("3333.4444", &["reception"]),
        ("+1133334444", &["reception"]),
        ("44", &["reception"]),
        ("5521 2555", &["rio"]),
        ("+55 21", &["rio"]),
        ("FRONT.DESK7", &["desk"]),
        ("front.desk-7@192.0.2.33", &["desk"]),
        ("192.0.2", &["desk"]),
        ("1920", &[]),
        ("0800 770", &["desk"]),
        ("pbx.example", &["odd", "rio", "reception"]),
        ("PB", &["odd", "rio", "reception"]),
        ("%_\"x", &["odd"]),
        ("%_", &["odd"]),
        ("\"", &["odd"]),
        ("* OR pbx", &[]),
        ("   ", &["odd", "desk", "rio", "reception"]),
        ("\0\n", &["odd", "desk", "rio", "reception"]),
        // The end of one party and the beginning of the other are no number.
        ("4444sip", &[]),
    ] {
        assert_eq!(found(&store, &text(typed)).await, expected, "{typed:?}");
    }
    let endless = "9".repeat(10_000);
    assert_eq!(found(&store, &text(&endless)).await, [""; 0]);
}

#[tokio::test]
async fn every_filter_narrows_and_all_of_them_hold_together() {
    let scratch = Scratch::new("calls-filters");
    let calls = [
        call("plain", 0),
        StoredRecord { port: PortId(3), ..call("port", 1) },
        StoredRecord { direction: RecordDirection::SipToFxo, ..call("out", 2) },
        StoredRecord { answered_at_ms: None, cause: "caller_gave_up".to_owned(), ..call("missed", 3) },
        StoredRecord { ended_at_ms: call("long", 4).started_at_ms + 4000 + 60_000, ..call("long", 4) },
    ];
    let store = store_with(&scratch, &calls).await;
    let all = CallQuery::default();
    let minute = |minute: u64| Some(1_790_000_000_000 + minute * 60_000);
    for (query, expected) in [
        (all.clone(), &["long", "missed", "out", "port", "plain"][..]),
        (CallQuery { ports: vec![PortId(3)], ..all.clone() }, &["port"]),
        (CallQuery { ports: vec![PortId(3), PortId(1)], ..all.clone() }, &["long", "missed", "out", "port", "plain"]),
        (CallQuery { direction: Some(RecordDirection::SipToFxo), ..all.clone() }, &["out"]),
        (CallQuery { answered: Some(false), ..all.clone() }, &["missed"]),
        (CallQuery { answered: Some(true), ..all.clone() }, &["long", "out", "port", "plain"]),
        (CallQuery { causes: vec!["caller_gave_up".to_owned(), "busy".to_owned()], ..all.clone() }, &["missed"]),
        (CallQuery { from_epoch_ms: minute(3), ..all.clone() }, &["long", "missed"]),
        (CallQuery { until_epoch_ms: minute(1), ..all.clone() }, &["plain"]),
        (CallQuery { longer_than_s: Some(60), ..all.clone() }, &["long"]),
        (CallQuery { longer_than_s: Some(0), ..all.clone() }, &["long", "out", "port", "plain"]),
        (CallQuery { answered: Some(true), ports: vec![PortId(1)], ..text("3333") }, &["long", "out", "plain"]),
        (CallQuery { answered: Some(false), ..text("33") }, &["missed"]),
        (CallQuery { answered: Some(false), ..text("5555") }, &[]),
    ] {
        assert_eq!(found(&store, &query).await, expected, "{query:?}");
    }
}

#[tokio::test]
async fn windows_join_up_and_what_comes_later_moves_nothing() {
    let scratch = Scratch::new("calls-windows");
    let calls: Vec<StoredRecord> = (0..25).map(|n| call(&format!("call-{n:02}"), n)).collect();
    let store = store_with(&scratch, &calls).await;
    let query = text("3333");
    let head = store.calls(&query, None, 0, 10).await.unwrap();
    assert_eq!((head.total, head.first, head.calls.len()), (25, 0, 10));
    store.append_record(&call("later", 99)).await.unwrap();
    let mut seen = head.calls;
    for first in [10, 20, 30] {
        let window = store.calls(&query, Some(head.newest), first, 10).await.unwrap();
        assert_eq!((window.total, window.newest, window.first), (25, head.newest, first));
        seen.extend(window.calls);
    }
    assert_eq!(seen, calls.iter().rev().cloned().collect::<Vec<_>>());
    let now = store.calls(&query, None, 0, 1).await.unwrap();
    assert_eq!((now.total, now.calls[0].id.as_str()), (26, "later"));
    assert_eq!(store.record("call-07").await, Ok(Some(calls[7].clone())));
    assert_eq!(store.record("call-77").await, Ok(None));
    let beyond = store.calls(&query, None, u32::MAX, u32::MAX).await.unwrap();
    assert_eq!((beyond.total, beyond.calls), (26, vec![]));
}

#[tokio::test]
async fn pages_join_up_while_calls_are_deleted_between_them() {
    let scratch = Scratch::new("calls-pages");
    let calls: Vec<StoredRecord> = (0..25).map(|n| call(&format!("call-{n:02}"), n)).collect();
    let store = store_with(&scratch, &calls).await;
    let other = Store::open(&scratch.0).await.unwrap();
    let query = text("3333");
    let first = store.page(&query, None, 10).await.unwrap();
    assert_eq!((first.calls.len(), first.left), (10, 15));
    // One of the first page goes, and one that is still to come, by this process and by another.
    let newest = store.calls(&query, None, 0, 1).await.unwrap().newest;
    let read = CallQuery { from_epoch_ms: Some(calls[24].started_at_ms), ..CallQuery::default() };
    assert_eq!(store.forget_calls(&read, newest).await, Ok(1));
    let second = store.page(&query, first.next, 5).await.unwrap();
    other.pool.execute("DELETE FROM call_records WHERE id IN ('call-20', 'call-08')").await.unwrap();
    store.append_record(&call("later", 99)).await.unwrap();
    let third = store.page(&query, second.next, 5).await.unwrap();
    assert_eq!((third.calls.len(), third.left), (4, 5), "a page that lost a call is not the last one");
    let last = store.page(&query, third.next, 100).await.unwrap();
    assert_eq!((last.left, last.next), (0, None));
    let seen: Vec<String> = [first, second, third, last].into_iter().flat_map(|page| page.calls).map(|call| call.id).collect();
    let expected: Vec<String> = (0..25).rev().filter(|n| *n != 8).map(|n| format!("call-{n:02}")).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn an_empty_history_has_an_empty_window() {
    let scratch = Scratch::new("calls-none");
    let store = Store::open(&scratch.0).await.unwrap();
    let window = store.calls(&CallQuery::default(), None, 0, 100).await.unwrap();
    assert_eq!(window, CallWindow { total: 0, newest: 0, first: 0, calls: vec![] });
}

#[tokio::test]
async fn what_another_process_deletes_is_missed_and_looked_for_anew() {
    let scratch = Scratch::new("calls-two");
    let store = store_with(&scratch, &(0..5).map(|n| call(&format!("call-{n}"), n)).collect::<Vec<_>>()).await;
    let head = store.calls(&CallQuery::default(), None, 0, 2).await.unwrap();
    let other = Store::open(&scratch.0).await.unwrap();
    other.pool.execute("DELETE FROM call_records WHERE id = 'call-1'").await.unwrap();
    let window = store.calls(&CallQuery::default(), Some(head.newest), 2, 10).await.unwrap();
    assert_eq!(window.total, 4);
    assert_eq!(window.calls.iter().map(|call| call.id.as_str()).collect::<Vec<_>>(), ["call-2", "call-0"]);
}

#[tokio::test]
async fn filters_read_the_index_and_not_the_long_rows() {
    let scratch = Scratch::new("calls-plan");
    let store = store_with(&scratch, &[call("a", 0)]).await;
    let everything = CallQuery {
        direction: Some(RecordDirection::SipToFxo),
        ports: vec![PortId(1)],
        answered: Some(true),
        causes: vec!["busy".to_owned()],
        longer_than_s: Some(1),
        ..CallQuery::default()
    };
    let between = CallQuery { from_epoch_ms: Some(1), until_epoch_ms: Some(2), ..everything.clone() };
    for query in [CallQuery::default(), everything, between] {
        let sql = facts_statement(&query, 1, "33");
        let explained = format!("EXPLAIN QUERY PLAN {}", sql.sql().as_str());
        // Parameters that are not bound count as NULL, and make no other plan.
        let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(sqlx::AssertSqlSafe(explained)).fetch_all(&store.pool).await.unwrap();
        assert!(plan.iter().all(|(.., step)| step.contains("COVERING INDEX call_records_facts")), "{query:?}: {plan:?}");
    }
}

#[tokio::test]
async fn one_damaged_row_is_marked_and_costs_no_other_one() {
    let scratch = Scratch::new("calls-damaged");
    let store = store_with(&scratch, &(0..7).map(|n| call(&format!("call-{n}"), n)).collect::<Vec<_>>()).await;
    store.pool.execute("PRAGMA ignore_check_constraints = 1").await.unwrap();
    for broken in [
        "UPDATE call_records SET evidence = '{\"kind\":' WHERE id = 'call-1'",
        "UPDATE call_records SET evidence = '{\"kind\":\"telepathy\"}' WHERE id = 'call-2'",
        "UPDATE call_records SET timeline = '[{' WHERE id = 'call-0'",
        "UPDATE call_records SET port = -7 WHERE id = 'call-3'",
        "UPDATE call_records SET direction = 'sideways' WHERE id = 'call-4'",
        "UPDATE call_records SET caller = CAST(x'31ff32' AS TEXT) WHERE id = 'call-6'",
    ] {
        store.pool.execute(broken).await.unwrap();
    }
    let page = store.records(100, None).await.unwrap();
    let window = store.calls(&CallQuery::default(), None, 0, 100).await.unwrap();
    assert_eq!(window.calls, page);
    let damaged: Vec<_> = page.iter().map(|call| (call.id.as_str(), call.damaged)).collect();
    let expected =
        [("call-6", true), ("call-5", false), ("call-4", true), ("call-3", true), ("call-2", true), ("call-1", true), ("call-0", true)];
    assert_eq!(damaged, expected);
    assert_eq!(page[6], StoredRecord { timeline: vec![], damaged: true, ..call("call-0", 0) });
    assert_eq!(page[5], StoredRecord { evidence: None, damaged: true, ..call("call-1", 1) });
}

#[tokio::test]
async fn a_timeline_of_a_newer_program_is_read_as_far_as_it_is_known() {
    let scratch = Scratch::new("calls-newer-marks");
    let store = store_with(&scratch, &[call("a", 0), call("b", 1)]).await;
    let timeline = r#"[{"after_ms":0,"what":{"kind":"teleported","to":"Mars"}},{"after_ms":7,"what":{"kind":"dialed"},"why":"new"}]"#;
    sqlx::query("UPDATE call_records SET timeline = ? WHERE id = 'a'").bind(timeline).execute(&store.pool).await.unwrap();
    store.pool.execute("UPDATE call_records SET timeline = '[7]' WHERE id = 'b'").await.unwrap();
    let [b, a] = &store.records(10, None).await.unwrap()[..] else { panic!("two records") };
    assert_eq!(a.timeline, [StoredMark { after_ms: 0, what: None }, StoredMark { after_ms: 7, what: Some(MarkKind::Dialed) }]);
    assert!(!a.damaged, "what is newer is no damage");
    assert!(b.damaged && b.timeline.is_empty());
}

#[tokio::test]
async fn a_database_of_the_first_version_is_searched_too() {
    let scratch = Scratch::new("calls-upgrade");
    let dir = &scratch.0;
    make_private(dir).unwrap();
    let pool = connect(&scratch.file()).await.unwrap();
    let first = sqlx::migrate::Migrator { migrations: MIGRATIONS.iter().take(1).cloned().collect(), ..Migrator::DEFAULT };
    first.run(&pool).await.unwrap();
    pool.execute(
        "INSERT INTO call_records (id, port, direction, caller, callee, started_at_ms, ended_at_ms, cause, evidence) \
         VALUES ('old', 1, 'fxo_to_sip', '(11) 3333-4444', 'sip:200@pbx.example', 1, 2, 'no_answer', 'null')",
    )
    .await
    .unwrap();
    pool.close().await;
    let store = Store::open(dir).await.unwrap();
    assert_eq!(found(&store, &text("33334444")).await, ["old"]);
    assert_eq!(found(&store, &text("33")).await, ["old"]);
}

#[tokio::test]
async fn what_is_forgotten_is_gone_from_the_list_the_search_and_the_file() {
    let scratch = Scratch::new("calls-forget");
    let secret = StoredRecord { from: "11977778888".to_owned(), ..call("secret", 1) };
    let store = store_with(&scratch, &[call("kept", 0), secret.clone()]).await;
    let query = text("97777-8888");
    let asked = store.calls(&query, None, 0, 10).await.unwrap();
    assert_eq!(asked.total, 1);
    // One that comes after the question is not deleted with the others.
    store.append_record(&StoredRecord { id: "later".to_owned(), ..secret }).await.unwrap();
    assert_eq!(store.forget_calls(&query, asked.newest).await, Ok(1));
    assert_eq!(found(&store, &query).await, ["later"]);
    assert_eq!(store.forget_calls(&query, u64::MAX).await, Ok(1));
    assert_eq!(found(&store, &CallQuery::default()).await, ["kept"]);
    for suffix in ["", "-wal"] {
        let bytes = std::fs::read(scratch.0.join(format!("{FILE_NAME}{suffix}"))).unwrap();
        assert!(!bytes.windows(11).any(|part| part == b"11977778888"), "{suffix}");
    }
    store.pool.execute("INSERT INTO call_parties (call_parties, rank) VALUES ('integrity-check', 1)").await.unwrap();
}

#[tokio::test]
async fn nothing_is_forgotten_in_a_database_that_cannot_be_written() {
    let scratch = Scratch::new("calls-read-only");
    let store = store_with(&scratch, &[call("kept", 0)]).await;
    store.pool.execute("PRAGMA query_only = 1").await.unwrap();
    assert_eq!(store.forget_calls(&CallQuery::default(), u64::MAX).await, Err(StoreError::ReadOnly));
    assert_eq!(found(&store, &CallQuery::default()).await, ["kept"]);
}

#[tokio::test]
async fn what_callers_from_sip_have_used_of_a_day_is_summed_port_by_port() {
    let scratch = Scratch::new("calls-outgoing");
    let midnight = 1_790_000_000_000 + 60 * 60_000;
    let out = |id: &str, minute: u64| StoredRecord { direction: RecordDirection::SipToFxo, port: PortId(0), ..call(id, minute) };
    let calls = [
        out("yesterday", 50),
        StoredRecord { ended_at_ms: midnight + 120_000, ..out("across midnight", 59) },
        out("today", 70),
        StoredRecord { port: PortId(3), ..out("another port", 75) },
        StoredRecord { answered_at_ms: None, ..out("unanswered", 80) },
        StoredRecord { direction: RecordDirection::FxoToSip, ..out("it rang", 85) },
    ];
    let store = store_with(&scratch, &calls).await;
    let spent = [(PortId(0), std::time::Duration::from_secs(150)), (PortId(3), std::time::Duration::from_secs(30))];
    assert_eq!(store.outgoing_since(midnight).await, Ok(spent.to_vec()));
}
