//! What a line tells: tones, voices, caller ID, and the echo that is none of them.

use super::world::*;
use crate::config::country::country;
use crate::dsp::babble::{Babble, WhiteNoise};
use crate::dsp::callerid::dtmf::to_digits;
use crate::dsp::callerid::fsk::{FskShape, FskStandard, FskTransmitter};
use crate::dsp::callerid::mdmf::CallData;
use crate::dsp::callerid::{BurstContent, BurstFault, BurstReading, CallerId, CallerIdSource, Checksum, Presentation};
use crate::dsp::progress::{HeardTone, ProgressTone};
use crate::dsp::tone::{ToneGenerator, ToneSpec};
use crate::dsp::{FRAME_SAMPLES, Frame};
use crate::media::{Analysis, Ear, MediaCommand, MediaConfig, MediaEvent};
use crate::rng::Rng;

fn sound(spec: &ToneSpec, seconds: usize) -> Vec<i16> {
    let mut samples = vec![0; 8000 * seconds];
    ToneGenerator::new(spec).fill(&mut samples);
    samples
}

fn speech(seed: u64, level_dbm0: f32, seconds: usize) -> Vec<i16> {
    let mut babble = Babble::new(Rng::from_seed(seed), level_dbm0);
    (0..50 * seconds).flat_map(|_| babble.next_frame().0).collect()
}

fn tones(events: &[MediaEvent]) -> Vec<(ProgressTone, u32)> {
    let tone = |event: &MediaEvent| match event {
        MediaEvent::Tone(HeardTone { tone, cycles, .. }) => Some((*tone, *cycles)),
        _ => None,
    };
    events.iter().filter_map(tone).collect()
}

fn voices(events: &[MediaEvent]) -> usize {
    events.iter().filter(|event| **event == MediaEvent::Voice).count()
}

/// The line of A sends back everything it hears, `loss` times weaker, 20 ms later; the line of B says `from_b`.
fn with_echo(world: &mut World, loss: i16, from_a: &[i16], from_b: &[i16]) {
    let mut echo = Frame::SILENCE;
    for n in 0..from_b.len() / FRAME_SAMPLES {
        let mut line_a = frame_of(from_a, n);
        line_a.0.iter_mut().zip(echo.0).for_each(|(s, e)| *s = s.saturating_add(e));
        let [heard, _] = world.step([&line_a, &frame_of(from_b, n)]);
        echo = Frame(heard.0.map(|s| s / loss));
    }
}

#[test]
fn supervisory_tones_are_told_off_hook_and_no_voice_with_them() {
    let MediaConfig { tones: plan, .. } = config();
    let cases = [(plan.dial, ProgressTone::Dial, 1), (plan.busy, ProgressTone::Busy, 4), (plan.ringback, ProgressTone::Ringback, 1)];
    for (spec, expected, at_least) in cases {
        let said = sound(&spec, 8);
        let mut world = World::pair();
        world.command(A, MediaCommand::Dial("1".to_owned()));
        world.play([&[], &[]], 20);
        world.play([&said, &[]], 400);
        let heard = tones(&world.events[A]);
        assert!(heard.len() >= at_least && heard.iter().all(|(tone, _)| *tone == expected), "{expected:?}: {heard:?}");
        assert_eq!(voices(&world.events[A]), 0, "{expected:?}");
        assert_eq!(tones(&world.events[B]), [], "the other line hears it from SIP");
    }
}

#[test]
fn a_closed_ear_hears_nothing() {
    for ear in [Ear::Closed, Ear::OnHook] {
        let mut world = World::pair();
        world.command(A, MediaCommand::Listen(ear));
        let mut said = sound(&config().tones.busy, 4);
        said.extend(speech(1, -18.0, 4));
        said.extend(keys("123", 100, 100, 0));
        world.play([&said, &[]], 500);
        let told: Vec<_> = world.events[A]
            .iter()
            .filter(|event| matches!(event, MediaEvent::Tone(_) | MediaEvent::Voice | MediaEvent::LineDigit(_)))
            .collect();
        assert!(told.is_empty(), "{ear:?}: {told:?}");
    }
}

#[test]
fn a_voice_is_told_soon_and_each_second_while_it_goes_on() {
    let said = speech(5, -20.0, 5);
    let mut world = World::pair();
    world.play([&said, &[]], 50);
    assert!(voices(&world.events[A]) >= 1);
    world.play([&said, &[]], 250);
    assert!((3..=12).contains(&voices(&world.events[A])), "{}", voices(&world.events[A]));
}

#[test]
fn the_echo_of_the_other_sides_voice_is_no_voice_but_one_that_answers_is() {
    let from_b = speech(6, -18.0, 10);
    let mut world = World::pair();
    with_echo(&mut world, 4, &[], &from_b);
    assert_eq!(voices(&world.events[A]), 0);
    with_echo(&mut world, 4, &speech(7, -14.0, 5), &vec![0; 8000 * 5]);
    assert!(voices(&world.events[A]) >= 1);
}

#[test]
fn the_echo_of_a_tone_from_sip_does_not_end_the_call_but_the_tone_of_the_exchange_does() {
    let busy = sound(&config().tones.busy, 6);
    let mut world = World::pair();
    with_echo(&mut world, 4, &[], &busy);
    assert_eq!(tones(&world.events[A]), []);
    world.play([&[], &[]], 350);
    world.play([&busy, &[]], 300);
    assert!(tones(&world.events[A]).iter().any(|(tone, cycles)| *tone == ProgressTone::Busy && *cycles >= 3));
}

#[test]
fn caller_id_is_told_on_hook_once_and_only_there() {
    let caller = CallerId {
        number: Some("1133334444".to_owned()),
        name: None,
        presentation: Presentation::Allowed,
        category: Some('1'),
        source: CallerIdSource::Dtmf,
    };
    let said = keys(&to_digits(&caller), 70, 70, 1600);
    for (ear, expected) in [(Ear::OnHook, vec![MediaEvent::CallerId(caller.clone())]), (Ear::OffHook, vec![]), (Ear::Closed, vec![])] {
        let mut world = World::pair();
        world.command(A, MediaCommand::Listen(ear));
        world.play([&said, &[]], 150);
        let told: Vec<_> = world.events[A].iter().filter(|event| matches!(event, MediaEvent::CallerId(_))).cloned().collect();
        assert_eq!(told, expected, "{ear:?}");
        let bursts = world.events[A].iter().filter(|event| matches!(event, MediaEvent::CallerIdBurst(_))).count();
        assert_eq!(bursts, expected.len(), "{ear:?}");
        assert_eq!(net_digits(&world.events[B]).is_empty(), ear != Ear::OffHook, "{ear:?}");
    }
}

#[test]
fn a_burst_is_evidence_whether_it_was_understood_or_not_and_noise_is_none() {
    let caller = CallerId {
        number: Some("1133334444".to_owned()),
        name: Some("PADARIA CENTRAL".to_owned()),
        presentation: Presentation::Allowed,
        category: None,
        source: CallerIdSource::V23,
    };
    let message = CallData::of_caller_id(&caller).to_mdmf();
    let mut corrupted = message.clone();
    corrupted[5] ^= 4;
    let burst = |message: &[u8]| {
        let mut transmitter = FskTransmitter::new(FskShape::of(FskStandard::V23), message);
        let (mut samples, mut frame) = (vec![0_i16; 1600], Frame::SILENCE);
        while !transmitter.fill(&mut frame) {
            samples.extend_from_slice(&frame.0);
        }
        samples.extend_from_slice(&frame.0);
        samples.extend([0; 4000]);
        WhiteNoise::new(Rng::from_seed(2), -48.0).mix_into(&mut samples);
        samples
    };
    let mut noise = vec![0_i16; 16_000];
    WhiteNoise::new(Rng::from_seed(3), -20.0).mix_into(&mut noise);
    let cases = [
        (burst(&message), Some((Checksum::Good, None))),
        (burst(&corrupted), Some((Checksum::Bad, Some(BurstFault::Checksum)))),
        (burst(&message[..15]), Some((Checksum::Missing, Some(BurstFault::CutShort)))),
        (noise, None),
    ];
    for (samples, expected) in cases {
        let mut world = World::pair();
        world.command(A, MediaCommand::Listen(Ear::OnHook));
        world.play([&samples, &[]], samples.len() / FRAME_SAMPLES + 20);
        let told: Vec<_> = world.events[A]
            .iter()
            .filter_map(|event| if let MediaEvent::CallerIdBurst(burst) = event { Some(burst) } else { None })
            .collect();
        assert_eq!(told.len(), usize::from(expected.is_some()), "{expected:?}: {told:?}");
        let callers: Vec<_> = world.events[A].iter().filter(|event| **event == MediaEvent::CallerId(caller.clone())).collect();
        assert_eq!(callers.len(), usize::from(expected == Some((Checksum::Good, None))));
        let (Some(burst), Some((sum, why))) = (told.first(), expected) else { continue };
        let BurstContent::Fsk { bytes, checksum, .. } = &burst.content else { panic!("{burst:?}") };
        let fault = if let BurstReading::NotUnderstood { fault } = &burst.reading { Some(*fault) } else { None };
        assert_eq!((*checksum, fault), (sum, why));
        assert!(bytes.len() >= 15 && bytes.len() <= message.len());
        assert!((burst.level_dbm0 + 13.5).abs() < 1.0 && burst.snr_db.is_some_and(|snr_db| (28.0..40.0).contains(&snr_db)), "{burst:?}");
    }
}

/// What A told of the sound of its line since the last question.
fn analyses(world: &mut World) -> Vec<Analysis> {
    let analysis = |event: MediaEvent| if let MediaEvent::Analysis(analysis) = event { Some(*analysis) } else { None };
    world.events[A].drain(..).filter_map(analysis).collect()
}

/// The tone that leads, and how sure it is.
fn leads(analysis: &Analysis) -> Option<(ProgressTone, f32)> {
    let leading = analysis.belief.as_ref()?.leading.as_ref()?;
    Some((leading.tone, leading.confidence))
}

#[test]
fn who_looks_sees_busy_tone_grow_sure_and_nothing_is_told_to_nobody() {
    let plan = country("BR").unwrap().tone_plan();
    let said = sound(&plan.busy, 4);
    let mut world = World::pair();
    world.command(A, MediaCommand::Configure(Box::new(MediaConfig { tones: plan, ..config() })));
    world.play([&said, &[]], 200);
    assert_eq!(analyses(&mut world), [], "nobody looks");

    world.command(A, MediaCommand::Listen(Ear::OffHook));
    world.command(A, MediaCommand::Analyse);
    world.play([&[], &[]], 25);
    let silence = analyses(&mut world);
    assert!(silence.len() >= 3 && silence.iter().all(|one| leads(one).is_none() && one.peaks.is_empty()), "{silence:?}");

    world.play([&said, &[]], 120);
    let told = analyses(&mut world);
    assert_eq!(told.len(), 24, "ten a second");
    let sure: Vec<(ProgressTone, f32)> = told.iter().filter_map(leads).collect();
    assert!(sure.iter().all(|(tone, _)| *tone == ProgressTone::Busy), "{sure:?}");
    assert!(sure[0].1 < 0.6 && sure.last().unwrap().1 == 1.0 && sure.is_sorted_by(|a, b| a.1 <= b.1), "{sure:?}");
    let last = told.last().unwrap().belief.clone().unwrap();
    assert_eq!(last.leading.unwrap().expected_ms, [250, 250]);
    assert!(last.heard[..7].iter().all(|part| part.duration_ms.abs_diff(250) <= 20), "{:?}", last.heard);
    let sounding = told.iter().max_by(|a, b| a.level_dbm0.total_cmp(&b.level_dbm0)).unwrap();
    assert!((sounding.peaks[0].frequency_hz - 425.0).abs() < 2.0 && sounding.purity > 0.9, "{sounding:?}");

    world.play([&[], &[]], 200);
    assert_eq!(analyses(&mut world).len(), 1, "three seconds after the order nobody looks");
}

#[test]
fn on_hook_the_sound_is_told_and_no_tone_is_believed() {
    let said = sound(&config().tones.busy, 2);
    let mut world = World::pair();
    world.command(A, MediaCommand::Listen(Ear::OnHook));
    world.command(A, MediaCommand::Analyse);
    world.play([&said, &[]], 100);
    let told = analyses(&mut world);
    assert!(told.iter().all(|one| one.belief.is_none()) && told.iter().any(|one| !one.peaks.is_empty()), "{told:?}");
}
