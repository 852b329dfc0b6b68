use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use gateway_core::config::PortId;
use gateway_core::config::settings::{GatewaySettings, PortSettings, Settings};
use gateway_core::gateway::mark::MarkKind;
use gateway_core::gateway::{Gateway, GatewayAddress};
use gateway_core::media::SPECTRUM_LINES;
use gateway_core::rng::Rng;
use gateway_core::shell::handle::Ended as GatewayEnded;
use gateway_core::time::Moment;
use tokio::sync::broadcast;

use super::*;

/// A port in this state.
fn snapshot(state: PortState) -> Snapshot {
    let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let address = GatewayAddress { sip: SocketAddr::new(ip, 5060), tls_port: 5061, rtp_ip: ip };
    let settings = Settings { gateway: GatewaySettings::default(), ports: vec![PortSettings::default()] };
    let mut snapshot = Gateway::new(settings, address, Rng::from_bytes([7; 32])).snapshot(Moment::ZERO);
    snapshot.ports[0].state = state;
    snapshot
}

fn picture(state: PortState) -> Picture {
    Picture { snapshot: snapshot(state), exchange: None, device: DeviceStatus::default() }
}

fn mark(at_ms: u64) -> Update {
    Update::Mark(Mark { at_ms, port: PortId(0), what: MarkKind::Voice })
}

/// A feed that is being filled, and who fills it.
fn feed() -> (Feed, broadcast::Sender<Update>) {
    let (updates, receiver) = broadcast::channel(16);
    let feed = Feed::default();
    tokio::spawn(feed.clone().fill(Board::default(), receiver));
    (feed, updates)
}

async fn ask(feed: &Feed, state: PortState) -> (Duration, News) {
    let asked = Instant::now();
    let news = feed.next(1, || picture(state)).await.unwrap().unwrap();
    (asked.elapsed(), news)
}

#[tokio::test(start_paused = true)]
async fn pictures_come_ten_times_a_second_and_a_changed_state_at_once() {
    let (feed, updates) = feed();
    let tell = |state| updates.send(Update::Snapshot(Arc::new(snapshot(state)))).unwrap();
    tell(PortState::Idle);
    let (waited, news) = ask(&feed, PortState::Idle).await;
    assert_eq!((waited, news.picture.is_some()), (Duration::ZERO, true), "the first one comes at once");

    tell(PortState::Idle);
    updates.send(mark(7)).unwrap();
    let (waited, news) = ask(&feed, PortState::Idle).await;
    assert_eq!((waited, news.marks.len(), news.picture.is_some()), (PICTURE_PACE, 1, true));

    tell(PortState::Ringing);
    let (waited, _) = ask(&feed, PortState::Ringing).await;
    assert_eq!(waited, CHANGE_PACE);
    tell(PortState::Ringing);
    assert_eq!(ask(&feed, PortState::Ringing).await.0, PICTURE_PACE, "that state is known");
}

#[tokio::test(start_paused = true)]
async fn a_question_to_which_there_is_no_news_is_answered_in_the_end() {
    let (feed, _updates) = feed();
    let (waited, news) = ask(&feed, PortState::Idle).await;
    assert_eq!(waited, LONGEST_WAIT);
    assert!(news.picture.is_none() && news.notices.is_empty() && !news.calls_kept);
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_loaded_anew_takes_the_place_of_the_one_before_and_loses_nothing() {
    let (feed, updates) = feed();
    let before = tokio::spawn({
        let feed = feed.clone();
        async move { feed.next(1, || picture(PortState::Idle)).await.map(|news| news.is_none()) }
    });
    tokio::task::yield_now().await;
    let after = tokio::spawn({
        let feed = feed.clone();
        async move { feed.next(2, || picture(PortState::Idle)).await.map(|news| news.unwrap().marks.len()) }
    });
    assert_eq!(before.await.unwrap(), Ok(true));
    updates.send(mark(1)).unwrap();
    assert_eq!(after.await.unwrap(), Ok(1));
}

#[tokio::test(start_paused = true)]
async fn what_nobody_asks_for_stays_bounded_and_what_is_known_is_forgotten() {
    let (feed, updates) = feed();
    for at_ms in 0..2 * MOST_MARKS as u64 {
        updates.send(mark(at_ms)).unwrap();
        tokio::task::yield_now().await;
    }
    let (_, news) = ask(&feed, PortState::Idle).await;
    assert_eq!(news.marks.len(), MOST_MARKS);
    assert_eq!(news.marks.last().unwrap().at_ms, 2 * MOST_MARKS as u64 - 1, "the newest are kept");

    updates.send(mark(0)).unwrap();
    tokio::task::yield_now().await;
    feed.forget();
    assert_eq!(ask(&feed, PortState::Idle).await.0, LONGEST_WAIT);
}

#[tokio::test(start_paused = true)]
async fn of_what_is_heard_on_a_line_the_newest_is_told_ten_times_a_second() {
    let (feed, updates) = feed();
    let tell = |port, at_ms| {
        let (spectrum_dbm0, peaks) = (vec![-99.0; SPECTRUM_LINES], Vec::new());
        let analysis = Analysis { at_ms, level_dbm0: -99.0, purity: 0.0, spectrum_dbm0, peaks, belief: None };
        updates.send(Update::Analysis { port: PortId(port), analysis: Box::new(analysis) }).unwrap();
    };
    tell(0, 1);
    assert_eq!(ask(&feed, PortState::Idle).await.1.analyses.len(), 1);
    for (port, at_ms) in [(1, 100), (0, 100), (1, 200)] {
        tell(port, at_ms);
    }
    let (waited, news) = ask(&feed, PortState::Idle).await;
    let told: Vec<(u16, u64)> = news.analyses.iter().map(|one| (one.port.0, one.analysis.at_ms)).collect();
    assert_eq!((waited, told), (PICTURE_PACE, vec![(0, 100), (1, 200)]));
    assert!(news.picture.is_none(), "the picture has not changed");
    feed.forget();
    assert_eq!(ask(&feed, PortState::Idle).await.0, LONGEST_WAIT);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_gateway_ends_the_questions() {
    let (feed, updates) = feed();
    updates.send(Update::Ended(GatewayEnded::Stopped)).unwrap();
    assert_eq!(feed.next(1, || picture(PortState::Idle)).await.map(|_| ()), Err(Ended));
}
