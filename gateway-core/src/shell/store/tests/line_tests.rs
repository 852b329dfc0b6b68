//! Line tests that are kept.

use super::*;
use crate::gateway::line_test::{CheckResult, LineCheck, Verdict};

fn result(check: LineCheck, value: Option<f32>, verdict: Verdict) -> CheckResult {
    CheckResult { check, value, unit: check.unit(), limits: check.limits(425.0), verdict }
}

fn line_test(id: &str, port: u16) -> StoredLineTest {
    StoredLineTest {
        id: id.to_owned(),
        port: PortId(port),
        name: "Reception".to_owned(),
        device: "Toy box".to_owned(),
        started_at_ms: 1_790_000_000_000,
        ended_at_ms: 1_790_000_014_000,
        verdict: Verdict::Warn,
        cause: "test_over".to_owned(),
        results: vec![
            result(LineCheck::OnHookVoltage, Some(48.2), Verdict::Pass),
            result(LineCheck::LoopCurrent, None, Verdict::NotMeasured),
            result(LineCheck::EchoReturnLoss, Some(8.5), Verdict::Warn),
        ],
    }
}

#[tokio::test]
async fn a_line_test_is_there_after_reopening_and_is_kept_once() {
    let scratch = Scratch::new("line-test");
    let store = Store::open(&scratch.0).await.unwrap();
    let test = line_test("a", 1);
    store.append_line_test(&test).await.unwrap();
    store.append_line_test(&StoredLineTest { verdict: Verdict::Fail, ..test.clone() }).await.unwrap();
    store.append_line_test(&line_test("b", 0)).await.unwrap();
    store.close().await;
    let store = Store::open(&scratch.0).await.unwrap();
    assert_eq!(store.line_tests(PortId(1), 10).await, Ok(vec![test.clone()]));
    assert_eq!(store.line_test("a").await, Ok(Some(test)));
    assert_eq!(store.line_test("c").await, Ok(None));
    assert_eq!(store.line_tests(PortId(2), 10).await, Ok(vec![]));
}

#[tokio::test]
async fn the_newest_of_each_port_are_kept() {
    let scratch = Scratch::new("line-tests-kept");
    let store = Store::open(&scratch.0).await.unwrap();
    store.append_line_test(&line_test("other", 7)).await.unwrap();
    for n in 0..KEPT_LINE_TESTS + 5 {
        store.append_line_test(&line_test(&n.to_string(), 1)).await.unwrap();
    }
    let kept = store.line_tests(PortId(1), 1000).await.unwrap();
    assert_eq!((kept.len(), kept[0].id.as_str(), kept.last().unwrap().id.as_str()), (100, "104", "5"));
    assert_eq!(store.line_tests(PortId(1), 2).await.unwrap().len(), 2);
    assert_eq!(store.line_tests(PortId(7), 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_row_of_a_newer_program_costs_no_other_one() {
    let scratch = Scratch::new("line-test-newer");
    let store = Store::open(&scratch.0).await.unwrap();
    for id in ["old", "new"] {
        store.append_line_test(&line_test(id, 1)).await.unwrap();
    }
    store
        .pool
        .execute("UPDATE line_tests SET results = replace(results, 'loop_current', 'longitudinal_balance') WHERE id = 'new'")
        .await
        .unwrap();
    let read: Vec<_> = store.line_tests(PortId(1), 10).await.unwrap().into_iter().map(|test| test.id).collect();
    assert_eq!(read, ["old"]);
    assert!(store.pool.execute("UPDATE line_tests SET verdict = 'fine'").await.is_err());
}
