//! Telephones that are kept for the next run.

use super::*;

fn binding(contact: &str, expires_at_ms: u64) -> StoredBinding {
    StoredBinding {
        contact: contact.to_owned(),
        source: "[2001:db8::7]:40000".parse().unwrap(),
        expires_at_ms,
        call_id: "call".to_owned(),
        cseq: u32::MAX,
        q_per_mille: 500,
        user_agent: None,
        path: Vec::new(),
    }
}

async fn keep(store: &Store, user: &str, bindings: Vec<StoredBinding>) {
    store.keep_bindings([(&user.to_owned(), &bindings)].into_iter()).await.unwrap();
}

async fn contacts(store: &Store, now_ms: u64) -> Vec<(String, String)> {
    let kept = store.bindings(now_ms).await.unwrap().into_iter();
    kept.map(|(user, binding)| (user, binding.contact)).collect()
}

#[tokio::test]
async fn bindings_are_there_after_reopening_until_they_end() {
    let scratch = Scratch::new("bindings");
    let store = Store::open(&scratch.0).await.unwrap();
    let desk = StoredBinding {
        user_agent: Some("Toy/1".to_owned()),
        path: vec!["<sip:192.0.2.1;lr>".to_owned()],
        ..binding("sip:101@192.0.2.7", 5000)
    };
    keep(&store, "101", vec![desk.clone(), binding("sip:101@192.0.2.8", 3000)]).await;
    keep(&store, "102", vec![binding("sip:102@192.0.2.9", 5000)]).await;
    store.close().await;
    let store = Store::open(&scratch.0).await.unwrap();
    assert_eq!(store.bindings(2999).await.unwrap()[0], ("101".to_owned(), desk));
    assert_eq!(contacts(&store, 2999).await.len(), 3);
    assert_eq!(contacts(&store, 3000).await.len(), 2);
    // What has ended is gone, whatever the clock says later.
    assert_eq!(contacts(&store, 0).await.len(), 2);
}

#[tokio::test]
async fn what_is_kept_of_a_user_takes_the_place_of_what_was() {
    let scratch = Scratch::new("bindings-replaced");
    let store = Store::open(&scratch.0).await.unwrap();
    keep(&store, "101", vec![binding("sip:a@192.0.2.7", 5000), binding("sip:b@192.0.2.7", 5000)]).await;
    keep(&store, "102", vec![binding("sip:c@192.0.2.7", 5000)]).await;
    keep(&store, "101", vec![binding("sip:b@192.0.2.7", 9000)]).await;
    let both = [("101".to_owned(), "sip:b@192.0.2.7".to_owned()), ("102".to_owned(), "sip:c@192.0.2.7".to_owned())];
    assert_eq!(contacts(&store, 0).await, both);
    keep(&store, "101", Vec::new()).await;
    assert_eq!(contacts(&store, 0).await, both[1..]);
}

#[tokio::test]
async fn a_binding_that_cannot_be_read_costs_no_other_one() {
    let scratch = Scratch::new("bindings-newer");
    let store = Store::open(&scratch.0).await.unwrap();
    keep(&store, "101", vec![binding("sip:a@192.0.2.7", 5000), binding("sip:b@192.0.2.7", 5000)]).await;
    store.pool.execute("UPDATE bindings SET source = 'somewhere' WHERE position = 0").await.unwrap();
    assert_eq!(contacts(&store, 0).await, [("101".to_owned(), "sip:b@192.0.2.7".to_owned())]);
}
