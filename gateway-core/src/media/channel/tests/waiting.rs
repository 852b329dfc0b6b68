//! A second caller in a call: whatever ends the question, the two sides hear one another again at once.

use super::world::*;
use crate::dsp::callerid::{ALERTING_HZ, ALERTING_MS};
use crate::dsp::tone::{ToneGenerator, ToneSpec};
use crate::dsp::{FRAME_SAMPLES, Frame};
use crate::media::{Ear, MediaCommand, MediaConfig, MediaEvent};
use crate::sdp::Direction;

fn asking() -> MediaConfig {
    MediaConfig { waiting_caller_id: true, ..config() }
}

/// The alerting signal, at the beginning of a frame.
fn alerting() -> Vec<i16> {
    let mut samples = vec![0; usize::try_from(ALERTING_MS).unwrap() * 8];
    ToneGenerator::new(&ToneSpec { frequencies_hz: ALERTING_HZ.to_vec(), level_dbm0: -16.0, cadence_ms: vec![] }).fill(&mut samples);
    samples
}

const LOUD: Frame = Frame([5000; FRAME_SAMPLES]);

/// A call in which the exchange of A has just been asked who waits.
fn asked() -> World {
    let mut world = World::new(1, [asking(), config()], [plan(A), plan(B)]);
    let tone = alerting();
    world.play([&[], &[]], 10);
    for n in 0..6 {
        world.step([&frame_of(&tone, n), &LOUD]);
    }
    world
}

/// Whether each line still hears the other, after time for what is under way.
fn hear_one_another(world: &mut World) -> [bool; 2] {
    let mut heard = [false; 2];
    for n in 0..30 {
        let frames = world.step([&LOUD, &LOUD]);
        for side in [A, B] {
            heard[side] |= n >= 20 && frames[side].0.iter().any(|sample| sample.abs() > 3000);
        }
    }
    heard
}

#[test]
fn both_sides_are_apart_while_the_exchange_is_asked() {
    let mut world = World::new(1, [asking(), config()], [plan(A), plan(B)]);
    world.play([&[], &[]], 10);
    let tone = alerting();
    let mut answer = Vec::new();
    for n in 0..40 {
        let from_a = if n < 4 { frame_of(&tone, n) } else { LOUD };
        let [to_a, to_b] = world.step([&from_a, &LOUD]);
        if n >= 6 {
            answer.extend(to_a.0);
        }
        assert!(n < 16 || to_b.0.iter().all(|sample| sample.abs() < 100), "frame {n} of A's line reaches B");
    }
    assert!(answer.iter().skip(800).all(|sample| sample.abs() < 100), "B is not heard on A's line");
    assert!(answer.iter().any(|sample| sample.abs() > 1000), "the exchange is answered");
}

#[test]
fn whatever_ends_the_question_both_hear_one_another_again() {
    let held = direction(plan(A), Direction::Sendrecv);
    let ways: [(&str, Vec<MediaCommand>); 5] = [
        ("the ear begins anew", vec![MediaCommand::Listen(Ear::OffHook)]),
        ("another call", vec![MediaCommand::Detach, MediaCommand::Attach(Box::new(plan(A)))]),
        ("no longer wanted", vec![MediaCommand::Configure(Box::new(config()))]),
        ("nothing comes", vec![]),
        ("attached again", vec![MediaCommand::Attach(Box::new(held))]),
    ];
    for (way, commands) in ways {
        let mut world = asked();
        let by_itself = commands.is_empty() || way == "attached again";
        commands.into_iter().for_each(|command| world.command(A, command));
        if by_itself {
            world.play([&[], &[]], 50);
        }
        assert_eq!(hear_one_another(&mut world), [true; 2], "{way}");
        let told = world.events[A].iter().filter(|event| **event == MediaEvent::WaitingCaller(None)).count();
        assert_eq!(told, usize::from(by_itself), "{way}");
    }
}

#[test]
fn a_signal_that_the_other_side_plays_comes_back_as_no_second_caller() {
    let mut world = World::new(1, [asking(), config()], [plan(A), plan(B)]);
    let tone = alerting();
    let mut echo = Frame::SILENCE;
    for n in 0..60_usize {
        let from_b = n.checked_sub(10).map_or(Frame::SILENCE, |n| frame_of(&tone, n));
        let [heard, _] = world.step([&echo, &from_b]);
        echo = Frame(heard.0.map(|sample| sample / 4));
        assert!(!digits_in(&heard.0).contains('D'), "frame {n}");
    }
    world.play([&[], &[]], 60);
    assert!(!world.events[A].iter().any(|event| matches!(event, MediaEvent::WaitingCaller(_))));
}
