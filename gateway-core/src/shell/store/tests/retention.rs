//! What is forgotten by itself.

use super::*;

const DAY_MS: u64 = 86_400_000;
const NOW: u64 = 1_790_000_000_000;

async fn store_with_calls_of_days_ago(scratch: &Scratch, days: &[u64]) -> Store {
    let store = Store::open(&scratch.0).await.unwrap();
    for (n, days) in days.iter().enumerate() {
        let began = NOW - days * DAY_MS;
        let call = StoredRecord { started_at_ms: began, answered_at_ms: None, ended_at_ms: began + 1, ..record(&format!("call-{n}")) };
        store.append_record(&call).await.unwrap();
    }
    store
}

async fn kept(store: &Store) -> Vec<String> {
    store.records(1000, None).await.unwrap().into_iter().rev().map(|record| record.id).collect()
}

#[tokio::test]
async fn no_more_calls_are_kept_than_wanted() {
    let scratch = Scratch::new("retention-number");
    let store = store_with_calls_of_days_ago(&scratch, &[9, 8, 7, 6, 5, 4, 3, 2]).await;
    let retention = Retention { days: 0, records: 5 };
    // A few in each step, the oldest first.
    assert_eq!(store.prune_calls(retention, NOW, 2).await, Ok(2));
    assert_eq!(kept(&store).await, ["call-2", "call-3", "call-4", "call-5", "call-6", "call-7"]);
    assert_eq!(store.prune_calls(retention, NOW, 2).await, Ok(1));
    assert_eq!(store.prune_calls(retention, NOW, 2).await, Ok(0));
    assert_eq!(kept(&store).await, ["call-3", "call-4", "call-5", "call-6", "call-7"]);
}

#[test]
fn two_wishes_together_keep_what_either_keeps() {
    let (few, old) = (Retention { days: 90, records: 100 }, Retention { days: 365, records: 50 });
    assert_eq!(few.or(old), Retention { days: 365, records: 100 });
    assert_eq!(few.or(Retention { days: 0, records: 7 }), Retention { days: 0, records: 100 }, "0 is however long ago");
}

#[tokio::test]
async fn gaps_in_the_numbers_are_no_calls() {
    let scratch = Scratch::new("retention-gaps");
    let store = store_with_calls_of_days_ago(&scratch, &[6, 5, 4, 3, 2]).await;
    store.pool.execute("DELETE FROM call_records WHERE id IN ('call-1', 'call-2', 'call-3')").await.unwrap();
    assert_eq!(store.prune_calls(Retention { days: 0, records: 2 }, NOW, 100).await, Ok(0));
    assert_eq!(kept(&store).await, ["call-0", "call-4"]);
}

#[tokio::test]
async fn calls_older_than_wanted_go_whatever_their_number_and_place() {
    let scratch = Scratch::new("retention-age");
    // The clock of the computer stood wrong once.
    let store = store_with_calls_of_days_ago(&scratch, &[40, 20, 400, 10]).await;
    let query = CallQuery::default();
    assert_eq!(store.calls(&query, None, 0, 10).await.unwrap().total, 4);
    assert_eq!(store.prune_calls(Retention { days: 0, records: 100 }, NOW, 100).await, Ok(0));
    assert_eq!(store.prune_calls(Retention { days: 30, records: 100 }, NOW, 1).await, Ok(1));
    assert_eq!(kept(&store).await, ["call-0", "call-1", "call-3"]);
    assert_eq!(store.prune_calls(Retention { days: 30, records: 100 }, NOW, 100).await, Ok(1));
    assert_eq!(kept(&store).await, ["call-1", "call-3"]);
    assert_eq!(store.calls(&query, None, 0, 10).await.unwrap().total, 2, "a list that names them is out of date");
}
