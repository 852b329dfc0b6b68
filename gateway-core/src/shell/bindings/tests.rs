use super::*;
use crate::config::settings::{GatewaySettings, PortSettings, Secret};
use crate::shell::store::tests::Scratch;

fn bound(contact: &str, left: Duration, clock: Clock) -> Binding {
    Binding {
        uri: contact.to_owned(),
        source: "192.0.2.7:40000".parse().unwrap(),
        expires_at: clock.now() + left,
        call_id: "call".to_owned(),
        cseq: 7,
        q_per_mille: 1000,
        user_agent: Some("Toy/1".to_owned()),
        path: vec!["<sip:192.0.2.1;lr>".to_owned()],
        since: clock.now(),
    }
}

fn settings(secrets: [&str; 2]) -> Settings {
    let port =
        |(user, secret): (&str, &str)| PortSettings { user: user.to_owned(), secret: Secret(secret.to_owned()), ..PortSettings::default() };
    Settings { gateway: GatewaySettings::default(), ports: ["101", "102"].into_iter().zip(secrets).map(port).collect() }
}

async fn told(store: &Store, clock: Clock, before: Option<&Settings>, settings: &Settings) -> Vec<(String, Vec<Binding>)> {
    let (brain, mut events) = mpsc::channel(8);
    tell_first(store, clock, before, settings, &brain).await.unwrap();
    drop(brain);
    let mut told = Vec::new();
    while let Some(event) = events.recv().await {
        let Event::BindingsKept { user, bindings } = event else { panic!("{event:?}") };
        told.push((user, bindings));
    }
    told
}

#[tokio::test]
async fn the_last_word_on_each_user_is_written_before_the_end_and_told_at_the_next_start() {
    let scratch = Scratch::new("bindings-task");
    let store = Store::open(&scratch.0).await.unwrap();
    let clock = Clock::start();
    let (inbox, task) = start(store.clone(), clock);
    let long = Duration::from_secs(600);
    inbox.put("101".to_owned(), &[bound("sip:a@192.0.2.7", long, clock)]);
    inbox.put("102".to_owned(), &[bound("sip:b@192.0.2.7", Duration::ZERO, clock)]);
    inbox.put("101".to_owned(), &[bound("sip:c@192.0.2.7", long, clock)]);
    drop(inbox);
    task.await.unwrap();

    let (clock, same) = (Clock::start(), settings(["one", "two"]));
    let news = told(&store, clock, Some(&same), &same).await;
    let [(user, bindings)] = &news[..] else { panic!("{news:?}") };
    let [kept] = &bindings[..] else { panic!("{bindings:?}") };
    assert_eq!((user.as_str(), kept.uri.as_str(), kept.cseq), ("101", "sip:c@192.0.2.7", 7));
    assert_eq!(kept.path, ["<sip:192.0.2.1;lr>"]);
    assert_eq!(kept.source, "192.0.2.7:40000".parse().unwrap());
    let left = kept.expires_at - clock.now();
    assert!(left <= long && left > long - Duration::from_secs(60), "{left:?}");

    // A secret that is another one now has to be proven anew: the user is told with nothing, so that it is forgotten.
    let changed = settings(["other", "two"]);
    assert_eq!(told(&store, clock, Some(&same), &changed).await, [("101".to_owned(), Vec::new())]);
}

#[tokio::test]
async fn what_could_not_be_written_waits_unless_something_newer_came() {
    let scratch = Scratch::new("bindings-failing");
    let store = Store::open(&scratch.0).await.unwrap();
    store.close().await;
    let clock = Clock::start();
    let stored = |contact: &str| vec![stored_binding(&bound(contact, Duration::from_secs(60), clock), clock)];
    let waiting = Waiting::default();
    waiting.lock().unwrap().insert("101".to_owned(), stored("sip:a@192.0.2.7"));
    assert!(write(&store, &waiting).await.is_err());
    assert_eq!(waiting.lock().unwrap()["101"][0].contact, "sip:a@192.0.2.7");

    let scratch = Scratch::new("bindings-mended");
    let store = Store::open(&scratch.0).await.unwrap();
    assert_eq!(write(&store, &waiting).await, Ok(()));
    assert!(waiting.lock().unwrap().is_empty());
    assert_eq!(store.bindings(0).await.unwrap().len(), 1);
}

#[tokio::test]
async fn users_beyond_the_bound_are_left_out_and_those_that_wait_stay() {
    let scratch = Scratch::new("bindings-bound");
    let store = Store::open(&scratch.0).await.unwrap();
    let (inbox, task) = start(store.clone(), Clock::start());
    // The task shares this thread and has not run yet.
    for user in 0..=USERS {
        inbox.put(user.to_string(), &[]);
    }
    inbox.put("0".to_owned(), &[bound("sip:a@192.0.2.7", Duration::from_secs(60), inbox.clock)]);
    let waiting: Vec<usize> = inbox.waiting.lock().unwrap().values().map(Vec::len).collect();
    assert_eq!((waiting.len(), waiting.iter().sum::<usize>()), (USERS, 1));
    drop(inbox);
    task.await.unwrap();
    assert_eq!(store.bindings(0).await.unwrap().len(), 1);
}
