use super::*;
use crate::config::PortId;
use crate::gateway::mark::MarkKind;
use crate::gateway::record::EndCause;

/// Nothing here takes as long.
const SOON: Duration = Duration::from_secs(20);

fn record(id: &str) -> CallRecord {
    let mark = |at_ms, what| Mark { at_ms, port: PortId(0), what };
    CallRecord {
        id: id.to_owned(),
        port: PortId(0),
        direction: CallDirection::FxoToSip,
        from: "1133334444".to_owned(),
        to: "sip:200@pbx.example".to_owned(),
        started_ms: 1000,
        answered_ms: None,
        ended_ms: 9000,
        cause: EndCause::CallerGaveUp,
        evidence: None,
        sip_status: Some(487),
        timeline: vec![mark(700, MarkKind::RingOn { frequency_hz: None }), mark(9000, MarkKind::Ended { cause: EndCause::CallerGaveUp })],
    }
}

#[tokio::test]
async fn a_record_is_told_when_it_can_be_read_and_what_is_too_much_goes_by_itself() {
    let dir = std::env::temp_dir().join(format!("loopstart-keeper-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&dir);
    let store = Store::open(&dir).await.unwrap();
    let clock = Clock::start();
    for n in 0..5 {
        store.append_record(&stored_record(&record(&format!("old-{n}")), clock)).await.unwrap();
    }
    let (updates, mut told) = broadcast::channel(16);
    let kept = KeptCalls::new(Retention { days: 0, records: 2, sounds: 1 });
    let (records, inbox) = mpsc::channel(4);
    let keeper = tokio::spawn(Keeper { store: store.clone(), clock, kept, updates }.keep(inbox));

    let report = LineTestReport {
        id: "tested".to_owned(),
        port: PortId(1),
        name: "Reception".to_owned(),
        device: "Toy box".to_owned(),
        started_ms: 500,
        ended_ms: Some(900),
        underway: None,
        results: Vec::new(),
        verdict: Some(Verdict::NotMeasured),
        end: Some(EndCause::Glare),
    };
    records.send(ToKeep::LineTest(Box::new(report))).await.unwrap();
    records.send(ToKeep::Call(Box::new(record("new")))).await.unwrap();
    records.send(ToKeep::Sound(CallSound { call: "new".to_owned(), alaw: vec![7; 100] })).await.unwrap();
    let update = tokio::time::timeout(SOON, told.recv()).await.unwrap().unwrap();
    assert!(matches!(update, Update::Kept(id) if id == "new"));
    let test = store.line_test("tested").await.unwrap().expect("it was kept before the record was told");
    assert_eq!((test.ended_at_ms - test.started_at_ms, test.cause.as_str(), test.verdict), (400, "glare", Verdict::NotMeasured));
    let kept = store.record("new").await.unwrap().unwrap();
    assert_eq!(kept.timeline.iter().map(|mark| mark.after_ms).collect::<Vec<_>>(), [-300, 8000]);

    let forgotten = async {
        while store.records(10, None).await.unwrap().len() > 2 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(SOON, forgotten).await.unwrap();
    let left: Vec<_> = store.records(10, None).await.unwrap().into_iter().map(|record| record.id).collect();
    assert_eq!(left, ["new", "old-4"]);
    drop(records);
    tokio::time::timeout(SOON, keeper).await.unwrap().unwrap();
    assert_eq!(store.sound("new").await, Ok(Some(vec![7; 100])));
    store.close().await;
    let _ = std::fs::remove_dir_all(&dir);
}

#[tokio::test]
async fn what_cannot_be_written_is_tried_again_and_given_up_in_the_end() {
    let tried = |failing: u32| async move {
        let tries = std::cell::Cell::new(0);
        let written = persistently(|| async {
            tries.set(tries.get() + 1);
            if tries.get() > failing { Ok(()) } else { Err(StoreError::DiskFull) }
        });
        (written.await, tries.get())
    };
    let (twice, always) = tokio::join!(tried(2), tried(u32::MAX));
    assert!(matches!(twice, (Ok(()), 3)), "{twice:?}");
    assert!(matches!(always, (Err(StoreError::DiskFull), 4)), "{always:?}");
}
