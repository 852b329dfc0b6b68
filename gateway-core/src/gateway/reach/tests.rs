use super::*;

const MINUTE: Duration = Duration::from_secs(60);

fn place(port: u16) -> Probe {
    Probe { destination: format!("192.0.2.7:{port}").parse().unwrap(), request_uri: format!("sip:101@192.0.2.7:{port}"), route: Vec::new() }
}

fn contact(uri: &str) -> Peer {
    Peer::Contact { user: "101".to_owned(), uri: uri.to_owned() }
}

/// A table with peers that are all asked every minute, and its dice.
fn roll(peers: u16) -> (Roll, Rng) {
    let (mut roll, mut rng) = (Roll::default(), Rng::from_seed(1));
    roll.set_interval(Some(MINUTE), Moment::ZERO, &mut rng);
    for n in 0..peers {
        roll.watch(contact(&n.to_string()), place(n), Moment::ZERO, &mut rng);
    }
    (roll, rng)
}

/// Goes to the next question of the only peer.
fn next_question(roll: &mut Roll) -> (ProbeId, Moment) {
    let at = roll.deadline().unwrap();
    let questions = roll.questions(at);
    assert_eq!(questions.len(), 1);
    (questions[0].0, at)
}

#[test]
fn first_questions_are_spread_and_the_next_come_an_interval_later() {
    let (mut roll, _) = roll(20);
    let mut firsts = Vec::new();
    while firsts.len() < 20 {
        let at = roll.deadline().unwrap();
        for (probe, _) in roll.questions(at) {
            roll.told(probe, true, at + Duration::from_millis(7));
            firsts.push(at);
        }
    }
    assert!(firsts[0] >= Moment::from_secs(1) && firsts[19] <= Moment::from_secs(11), "{firsts:?}");
    assert!(firsts[19] - firsts[0] > Duration::from_secs(5), "{firsts:?}");
    assert_eq!(roll.of(&contact("0")), (Reach::Reachable, Some(Duration::from_millis(7))));
    assert_eq!(roll.deadline(), Some(firsts[0] + MINUTE));
}

#[test]
fn three_questions_without_an_answer_make_a_peer_unreachable_once_and_one_answer_brings_it_back() {
    let (mut roll, _) = roll(1);
    let mut told = Vec::new();
    let mut moments = Vec::new();
    for answered in [true, false, false, true, false, false, false, false, true] {
        let (probe, at) = next_question(&mut roll);
        moments.push(at);
        let heard = if answered { at } else { at + PATIENCE };
        assert_eq!(roll.overdue(heard), if answered { vec![] } else { vec![probe] });
        told.push(roll.told(probe, answered, heard).map(|(_, turn)| turn));
    }
    assert_eq!(told, [None, None, None, None, None, None, Some(Turn::Lost), None, Some(Turn::Back)]);
    // A first miss is looked into soon; whoever is lost is asked at the usual pace.
    let gaps: Vec<u64> = moments.windows(2).map(|pair| (pair[1] - pair[0]).as_secs()).collect();
    assert_eq!(gaps, [60, 11, 11, 60, 11, 11, 66, 66]);
}

#[test]
fn a_crowd_is_asked_in_turns_and_want_of_room_is_no_miss() {
    let (mut roll, _) = roll(100);
    let now = Moment::from_secs(30);
    let first = roll.questions(now);
    assert_eq!(first.len(), AT_ONCE);
    assert!(roll.questions(now + CROWDED).is_empty());
    for (probe, _) in &first {
        roll.put_off(*probe, now);
        assert_eq!(roll.told(*probe, false, now), None);
    }
    let again = roll.questions(now + CROWDED);
    assert_eq!(again.len(), AT_ONCE);
    assert!(roll.peers.values().all(|watched| watched.missed == 0));
}

#[test]
fn another_place_is_another_matter_and_a_lost_peer_that_registers_again_is_asked_at_once() {
    let (mut roll, mut rng) = roll(1);
    let peer = contact("0");
    for _ in 0..3 {
        let (probe, at) = next_question(&mut roll);
        roll.told(probe, false, at + PATIENCE);
    }
    let now = Moment::from_secs(50);
    assert_eq!(roll.of(&peer).0, Reach::Unreachable);
    assert!(roll.deadline().unwrap() > now + FIRST_AFTER);
    roll.watch(peer.clone(), place(0), now, &mut rng);
    assert_eq!((roll.of(&peer).0, roll.deadline()), (Reach::Unreachable, Some(now + FIRST_AFTER)));
    let (probe, at) = next_question(&mut roll);
    roll.watch(peer.clone(), place(9), at, &mut rng);
    assert_eq!(roll.of(&peer).0, Reach::Unknown);
    assert_eq!(roll.told(probe, false, at), None, "the answer of the old place says nothing");
}

#[test]
fn nobody_is_asked_and_no_dice_are_thrown_while_it_is_off() {
    let (mut roll, mut rng) = roll(2);
    roll.set_interval(None, Moment::ZERO, &mut rng);
    let mut same = rng.clone();
    roll.watch(contact("new"), place(3), Moment::ZERO, &mut rng);
    roll.spread(Moment::ZERO, &mut rng);
    assert_eq!((roll.deadline(), roll.questions(Moment::from_secs(900)).len()), (None, 0));
    assert_eq!(rng.next_u64(), same.next_u64());
    roll.set_interval(Some(MINUTE), Moment::from_secs(900), &mut rng);
    assert!(roll.deadline().unwrap() >= Moment::from_secs(901));
}

#[test]
fn the_table_has_a_bound() {
    let (mut roll, mut rng) = roll(0);
    for n in 0..2000 {
        roll.watch(contact(&n.to_string()), place(1), Moment::ZERO, &mut rng);
    }
    assert_eq!(roll.peers.len(), MOST_PEERS);
    roll.retain(|peer| *peer == contact("7"));
    assert_eq!(roll.peers.len(), 1);
}
