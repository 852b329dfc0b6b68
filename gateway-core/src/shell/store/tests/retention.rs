//! What is forgotten by itself.

use super::*;
use crate::media::CallSound;

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
    let retention = Retention { days: 0, records: 5, sounds: 3 };
    // A few in each step, the oldest first.
    assert_eq!(store.prune_calls(retention, NOW, 2).await, Ok(2));
    assert_eq!(kept(&store).await, ["call-2", "call-3", "call-4", "call-5", "call-6", "call-7"]);
    assert_eq!(store.prune_calls(retention, NOW, 2).await, Ok(1));
    assert_eq!(store.prune_calls(retention, NOW, 2).await, Ok(0));
    assert_eq!(kept(&store).await, ["call-3", "call-4", "call-5", "call-6", "call-7"]);
}

#[test]
fn two_wishes_together_keep_what_either_keeps() {
    let (few, old) = (Retention { days: 90, records: 100, sounds: 3 }, Retention { days: 365, records: 50, sounds: 9 });
    assert_eq!(few.or(old), Retention { days: 365, records: 100, sounds: 9 });
    let ever = Retention { days: 0, records: 7, sounds: 0 };
    assert_eq!(few.or(ever), Retention { days: 0, records: 100, sounds: 3 }, "0 is however long ago");
}

#[tokio::test]
async fn gaps_in_the_numbers_are_no_calls() {
    let scratch = Scratch::new("retention-gaps");
    let store = store_with_calls_of_days_ago(&scratch, &[6, 5, 4, 3, 2]).await;
    store.pool.execute("DELETE FROM call_records WHERE id IN ('call-1', 'call-2', 'call-3')").await.unwrap();
    assert_eq!(store.prune_calls(Retention { days: 0, records: 2, sounds: 3 }, NOW, 100).await, Ok(0));
    assert_eq!(kept(&store).await, ["call-0", "call-4"]);
}

#[tokio::test]
async fn calls_older_than_wanted_go_whatever_their_number_and_place() {
    let scratch = Scratch::new("retention-age");
    // The clock of the computer stood wrong once.
    let store = store_with_calls_of_days_ago(&scratch, &[40, 20, 400, 10]).await;
    let query = CallQuery::default();
    assert_eq!(store.calls(&query, None, 0, 10).await.unwrap().total, 4);
    assert_eq!(store.prune_calls(Retention { days: 0, records: 100, sounds: 3 }, NOW, 100).await, Ok(0));
    assert_eq!(store.prune_calls(Retention { days: 30, records: 100, sounds: 3 }, NOW, 1).await, Ok(1));
    assert_eq!(kept(&store).await, ["call-0", "call-1", "call-3"]);
    assert_eq!(store.prune_calls(Retention { days: 30, records: 100, sounds: 3 }, NOW, 100).await, Ok(1));
    assert_eq!(kept(&store).await, ["call-1", "call-3"]);
    assert_eq!(store.calls(&query, None, 0, 10).await.unwrap().total, 2, "a list that names them is out of date");
}

#[tokio::test]
async fn a_sound_is_kept_with_its_call_and_only_the_newest_are() {
    let scratch = Scratch::new("retention-sounds");
    let store = Store::open(&scratch.0).await.unwrap();
    for n in 0..4 {
        let id = format!("call-{n}");
        store.append_record(&record(&id)).await.unwrap();
        store.keep_sound(&CallSound { call: id.clone(), alaw: vec![n + 1; 4] }).await.unwrap();
        store.keep_sound(&CallSound { call: id, alaw: vec![99] }).await.unwrap();
    }
    store.keep_sound(&CallSound { call: "of no call".to_owned(), alaw: vec![1] }).await.unwrap();
    assert_eq!(store.sound("call-2").await, Ok(Some(vec![3; 4])));
    assert_eq!(store.sound("of no call").await, Ok(None));
    let of_port = store.calls_with_sound(record("").port).await.unwrap();
    assert_eq!(of_port, ["call-3", "call-2", "call-1", "call-0"]);
    store.prune_calls(Retention { days: 0, records: 100, sounds: 3 }, NOW, 100).await.unwrap();
    assert_eq!((store.sound("call-0").await, store.sound("call-1").await), (Ok(None), Ok(Some(vec![2; 4]))));
    store.prune_calls(Retention { days: 0, records: 2, sounds: 3 }, NOW, 100).await.unwrap();
    assert_eq!(store.calls_with_sound(record("").port).await.unwrap(), ["call-3", "call-2"]);
    assert_eq!(store.sound("call-1").await, Ok(None), "no sound outlives its call");
    store.prune_calls(Retention { days: 0, records: 2, sounds: 0 }, NOW, 100).await.unwrap();
    assert_eq!(store.sound("call-3").await, Ok(None));
    store.close().await;
}
