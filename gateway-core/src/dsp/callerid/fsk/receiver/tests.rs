use super::*;
use crate::dsp::FRAME_SAMPLES;
use crate::dsp::babble::{Babble, WhiteNoise};
use crate::dsp::callerid::fsk::{FskShape, FskTransmitter};
use crate::dsp::callerid::mdmf::CallData;
use crate::dsp::callerid::{CallerId, CallerIdSource, Presentation};
use crate::dsp::music::Music;
use crate::dsp::tone::{ToneGenerator, ToneSpec};
use crate::rng::Rng;

const STANDARDS: [FskStandard; 2] = [FskStandard::Bell202, FskStandard::V23];

fn call(number: &str) -> CallData {
    CallData { number: Some(number.into()), name: Some("PADARIA CENTRAL".into()), ..CallData::default() }
}

fn sent(shape: FskShape, message: &[u8]) -> Vec<i16> {
    let mut transmitter = FskTransmitter::new(shape, message);
    let mut samples = vec![0; 800];
    let mut frame = Frame::SILENCE;
    loop {
        let done = transmitter.fill(&mut frame);
        samples.extend_from_slice(&frame.0);
        if done {
            samples.extend([0; 480]);
            return samples;
        }
    }
}

fn received(samples: &[i16]) -> Vec<CallerId> {
    bursts(samples).iter().filter_map(CallerIdBurst::caller).cloned().collect()
}

fn bursts(samples: &[i16]) -> Vec<CallerIdBurst> {
    let (mut receiver, mut out) = (FskReceiver::new(), Vec::new());
    for piece in samples.chunks(FRAME_SAMPLES) {
        let mut frame = Frame::SILENCE;
        frame.0[..piece.len()].copy_from_slice(piece);
        receiver.process(&frame, &mut out);
    }
    out
}

fn at_level(shape: FskShape, level_dbm0: f32) -> FskShape {
    FskShape { mark_dbm0: level_dbm0, space_dbm0: level_dbm0, ..shape }
}

#[test]
fn messages_of_both_standards_come_through_and_are_told_apart() {
    for standard in STANDARDS {
        let data = call("1133334444");
        let expected = [data.clone().into_caller_id(standard.source())];
        assert_eq!(received(&sent(FskShape::of(standard), &data.to_mdmf())), expected);
        let single = CallData { name: None, ..data.clone() };
        assert_eq!(received(&sent(FskShape::of(standard), &data.to_sdmf())), [single.into_caller_id(standard.source())]);
        let off_hook = FskShape { seizure_bits: 0, mark_bits: 55, ..FskShape::of(standard) };
        assert_eq!(received(&sent(off_hook, &data.to_mdmf())), expected);
        let stuffed = FskShape { stuffing_bits: 10, ..FskShape::of(standard) };
        assert_eq!(received(&sent(stuffed, &data.to_mdmf())), expected);
    }
}

#[test]
fn private_and_unavailable_callers_are_told() {
    for (absence, presentation) in
        [(mdmf::Absence::Private, Presentation::Private), (mdmf::Absence::Unavailable, Presentation::Unavailable)]
    {
        let data = CallData { number_absence: Some(absence), ..CallData::default() };
        let heard = received(&sent(FskShape::of(FskStandard::V23), &data.to_mdmf()));
        assert_eq!(heard, [CallerId { number: None, name: None, presentation, category: None, source: CallerIdSource::V23 }]);
    }
}

#[test]
fn every_level_from_minus_4_to_minus_36_comes_through_with_noise_of_25_db_below() {
    for standard in STANDARDS {
        for level in 4..=36_u16 {
            let level_dbm0 = -f32::from(level);
            for round in 0..4_u64 {
                let data = call(&format!("11{:08}", u64::from(level) * 1_234_567 + round));
                let mut samples = sent(at_level(FskShape::of(standard), level_dbm0), &data.to_mdmf());
                WhiteNoise::new(Rng::from_seed(round + u64::from(level) * 100), level_dbm0 - 25.0).mix_into(&mut samples);
                assert_eq!(received(&samples), [data.into_caller_id(standard.source())], "{standard:?} {level_dbm0} dBm0");
            }
        }
    }
}

#[test]
fn frequency_rate_and_twist_may_deviate_as_the_standards_allow() {
    for standard in STANDARDS {
        // Bell 202: −6 to +10 dB of twist; V.23: ±6 dB.
        let most_twist_db = if standard == FskStandard::Bell202 { 10.0 } else { 6.0 };
        for (mark, space) in [(1.01, 0.99), (0.99, 1.01), (1.015, 1.015), (0.985, 0.985)] {
            for bit_rate in [1188.0, 1200.0, 1212.0] {
                for (mark_dbm0, space_dbm0) in [(-20.0, -20.0), (-14.0, -14.0 - most_twist_db), (-26.0, -20.0)] {
                    let plain = FskShape::of(standard);
                    let shape = FskShape {
                        mark_hz: plain.mark_hz * mark,
                        space_hz: plain.space_hz * space,
                        bit_rate,
                        mark_dbm0,
                        space_dbm0,
                        ..plain
                    };
                    let data = call("4832218855");
                    let mut samples = sent(shape, &data.to_mdmf());
                    WhiteNoise::new(Rng::from_seed(8), -20.0 - 27.0).mix_into(&mut samples);
                    assert_eq!(received(&samples), [data.into_caller_id(standard.source())], "{shape:?}");
                }
            }
        }
    }
}

#[test]
fn a_clock_3_per_cent_off_costs_no_message() {
    for standard in STANDARDS {
        for bit_rate in [1164.0, 1170.0, 1230.0, 1236.0] {
            for round in 0..20_u64 {
                let data = call(&format!("11{:08}", round * 1_234_567));
                let mut samples = sent(FskShape { bit_rate, ..FskShape::of(standard) }, &data.to_mdmf());
                WhiteNoise::new(Rng::from_seed(round), -13.5 - 25.0).mix_into(&mut samples);
                assert_eq!(received(&samples), [data.into_caller_id(standard.source())], "{standard:?} {bit_rate} bit/s");
            }
        }
    }
}

#[test]
fn noise_of_10_db_below_costs_no_message() {
    for standard in STANDARDS {
        let whole = (0..100_u64).filter(|round| {
            let data = call(&format!("11{:08}", round * 1_234_567));
            let mut samples = sent(FskShape::of(standard), &data.to_mdmf());
            WhiteNoise::new(Rng::from_seed(*round), -13.5 - 10.0).mix_into(&mut samples);
            received(&samples) == [data.into_caller_id(standard.source())]
        });
        assert_eq!(whole.count(), 100, "{standard:?}");
    }
}

#[test]
fn all_byte_values_come_through() {
    for start in (0..=255_u8).step_by(16) {
        let body: Vec<u8> = (start..=start + 15).collect();
        let mut message = vec![mdmf::MDMF, 18, 0x55, 16];
        message.extend(&body);
        let sum = message.iter().fold(0_u8, |sum, &byte| sum.wrapping_add(byte));
        message.push(sum.wrapping_neg());
        let heard = received(&sent(FskShape::of(FskStandard::Bell202), &message));
        // An unknown parameter: the message is understood, and says nothing.
        assert_eq!(heard.len(), 1, "{start:#x}");
    }
}

#[test]
fn hum_and_a_dc_offset_do_no_harm() {
    for standard in STANDARDS {
        let data = call("21987654321");
        let mut samples = sent(at_level(FskShape::of(standard), -24.0), &data.to_mdmf());
        let hum = ToneSpec { frequencies_hz: vec![60.0], level_dbm0: -22.0, cadence_ms: vec![] };
        ToneGenerator::new(&hum).mix_into(&mut samples);
        samples.iter_mut().for_each(|sample| *sample += 500);
        assert_eq!(received(&samples), [data.into_caller_id(standard.source())]);
    }
}

#[test]
fn a_broken_message_is_not_told_and_the_next_is() {
    let data = call("1144445555");
    let mut broken = data.to_mdmf();
    broken[5] ^= 0x10;
    for message in [broken, data.to_mdmf()[..12].to_vec(), vec![0x82, 1, 0, 0x7D]] {
        let mut samples = sent(FskShape::of(FskStandard::Bell202), &message);
        assert_eq!(received(&samples), []);
        samples.extend(sent(FskShape::of(FskStandard::Bell202), &data.to_mdmf()));
        assert_eq!(bursts(&samples).len(), 2);
        assert_eq!(received(&samples), [data.clone().into_caller_id(CallerIdSource::Bell202)]);
    }
}

#[test]
fn mutated_bytes_and_samples_never_panic_and_are_never_told_wrongly() {
    let mut rng = Rng::from_seed(31);
    let data = call("1144445555");
    let mut told = 0;
    for round in 0..150 {
        let mut message = data.to_mdmf();
        if round % 3 != 0 {
            for _ in 0..=rng.below(3) {
                let at = usize::try_from(rng.below(message.len() as u64)).unwrap();
                message[at] ^= 1 << rng.below(8);
            }
        }
        let shape = FskShape { seizure_bits: 30, mark_bits: 30, ..FskShape::of(FskStandard::V23) };
        let mut samples = sent(shape, &message);
        for _ in 0..rng.below(200) {
            let at = usize::try_from(rng.below(samples.len() as u64)).unwrap();
            samples[at] = rng.next_u32() as i16;
        }
        told += received(&samples).len();
    }
    assert!((1..120).contains(&told), "{told}");
}

#[test]
fn speech_noise_and_tones_are_no_message() {
    let (mut receiver, mut out) = (FskReceiver::new(), Vec::new());
    for seed in 0..6 {
        let mut babble = Babble::new(Rng::from_seed(seed), -15.0);
        for _ in 0..50 * 20 {
            receiver.process(&babble.next_frame(), &mut out);
        }
    }
    let mut noise = WhiteNoise::new(Rng::from_seed(3), -15.0);
    for _ in 0..50 * 60 {
        let mut frame = Frame::SILENCE;
        noise.mix_into(&mut frame.0);
        receiver.process(&frame, &mut out);
    }
    assert_eq!(out, []);
}

/// Bytes, twist, checksum and message type of the only burst.
fn content(samples: &[i16]) -> (Vec<u8>, Option<f32>, Checksum, Option<MessageType>) {
    match &bursts(samples)[..] {
        [CallerIdBurst { content: BurstContent::Fsk { bytes, twist_db, checksum, message_type, .. }, .. }] => {
            (bytes.clone(), *twist_db, *checksum, *message_type)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn level_noise_and_twist_are_measured() {
    for standard in STANDARDS {
        for level_dbm0 in [-4.0, -13.5, -24.0, -34.0] {
            for (twist_db, snr_db) in [(0.0, 12.0), (0.0, 20.0), (6.0, 25.0), (-6.0, 25.0), (3.0, 30.0)] {
                let data = call("1133334444");
                let shape = FskShape { mark_dbm0: level_dbm0, space_dbm0: level_dbm0 - twist_db, ..FskShape::of(standard) };
                let mut samples = sent(shape, &data.to_mdmf());
                WhiteNoise::new(Rng::from_seed(5), level_dbm0 - snr_db).mix_into(&mut samples);
                let told = bursts(&samples);
                let [
                    CallerIdBurst {
                        level_dbm0: level, snr_db: Some(snr), content: BurstContent::Fsk { twist_db: Some(twist), .. }, ..
                    },
                ] = told[..]
                else {
                    panic!("{told:?}")
                };
                let mean = 10.0 * ((1.0 + 10f32.powf(-twist_db / 10.0)) / 2.0).log10() + level_dbm0;
                let told = format!("{standard:?} {level_dbm0} dBm0, twist {twist_db}, S/N {snr_db}: {level} {twist} {snr}");
                assert!((level - mean).abs() < 0.8, "{told}");
                assert!((twist - twist_db).abs() < 1.0, "{told}");
                // What is below 400 Hz is not heard: 0.5 dB of white noise.
                assert!((snr - snr_db).abs() < 1.5, "{told}");
            }
        }
    }
}

#[test]
fn a_burst_tells_its_bytes_its_checksum_and_its_fields() {
    let date_time = Some(mdmf::DateTime { month: 11, day: 28, hour: 12, minute: 5 });
    let data = CallData { date_time, ..call("1133334444") };
    for (message, kind) in [(data.to_mdmf(), MessageType::Mdmf), (data.to_sdmf(), MessageType::Sdmf)] {
        let samples = sent(FskShape::of(FskStandard::V23), &message);
        let (bytes, twist_db, checksum, message_type) = content(&samples);
        assert_eq!((bytes, checksum, message_type), (message, Checksum::Good, Some(kind)));
        assert!(twist_db.unwrap().abs() < 0.5);
        let told = bursts(&samples);
        let BurstReading::Understood { caller, date_time: told_at } = &told[0].reading else { panic!("{told:?}") };
        assert_eq!((caller.number.as_deref(), *told_at), (Some("1133334444"), date_time));
    }
}

#[test]
fn what_is_broken_is_told_with_its_reason() {
    let fault = |samples: &[i16]| match &bursts(samples)[..] {
        [CallerIdBurst { reading: BurstReading::NotUnderstood { fault }, .. }] => *fault,
        other => panic!("{other:?}"),
    };
    for standard in STANDARDS {
        let shape = FskShape::of(standard);
        let message = call("1133334444").to_mdmf();
        let mut wrong = message.clone();
        wrong[6] ^= 1;
        let samples = sent(shape, &wrong);
        assert_eq!((content(&samples).2, fault(&samples)), (Checksum::Bad, BurstFault::Checksum));
        assert_eq!(content(&samples).0, wrong);
        // Cut by the sender, after a byte, and by the line, within one: 0.4 s of lead, 10 bits a byte.
        let sender = sent(shape, &message[..12]);
        let mut line = sent(shape, &message);
        line.truncate(800 + 3200 + 67 * 12 + 30);
        line.extend([0; 1600]);
        for samples in [sender, line] {
            let (bytes, _, checksum, message_type) = content(&samples);
            assert_eq!(fault(&samples), BurstFault::CutShort);
            assert_eq!((checksum, message_type), (Checksum::Missing, Some(MessageType::Mdmf)));
            assert!(bytes.len() >= 11 && message.starts_with(&bytes), "{bytes:?}");
        }
        // Nothing but the seizure, or the seizure and the mark.
        for lead in [1500, 3000] {
            let mut samples = sent(shape, &message);
            samples.truncate(800 + lead);
            samples.extend([0; 1600]);
            assert_eq!(fault(&samples), BurstFault::NoMessage);
            assert_eq!(bursts(&samples)[0].snr_db.is_some(), lead == 3000);
            assert!((bursts(&samples)[0].level_dbm0 + 13.5).abs() < 1.0, "{:?}", bursts(&samples));
        }
        // A message waiting indicator is no caller ID, and is shown.
        let waiting = [0x82, 3, 0x0B, 1, 0xFF, 0x70];
        assert_eq!((content(&sent(shape, &waiting)).3, fault(&sent(shape, &waiting))), (Some(MessageType::Other), BurstFault::Type));
        // Without seizure, as in a call, a mark and a byte are enough.
        let bare = FskShape { seizure_bits: 0, mark_bits: 80, ..shape };
        assert_eq!(fault(&sent(bare, &message[..6])), BurstFault::CutShort);
        // Random bits after a good beginning.
        let mut noisy = sent(shape, &message);
        let mut noise = WhiteNoise::new(Rng::from_seed(4), -8.0);
        noise.mix_into(&mut noisy[800 + 3200 + 67 * 8..]);
        assert!(matches!(fault(&noisy), BurstFault::Framing | BurstFault::CutShort | BurstFault::Checksum));
    }
}

#[test]
fn what_is_no_carrier_is_no_burst() {
    let (mut receiver, mut out) = (FskReceiver::new(), Vec::new());
    let mut frame = Frame::SILENCE;
    for seed in 0..4 {
        let (mut babble, mut music) = (Babble::new(Rng::from_seed(seed), -15.0), Music::new(Rng::from_seed(seed), -15.0));
        let mut noise = WhiteNoise::new(Rng::from_seed(seed), -10.0 - 10.0 * seed as f32);
        for _ in 0..50 * 30 {
            receiver.process(&babble.next_frame(), &mut out);
            receiver.process(&music.next_frame(), &mut out);
        }
        for _ in 0..50 * 60 {
            frame = Frame::SILENCE;
            noise.mix_into(&mut frame.0);
            receiver.process(&frame, &mut out);
        }
    }
    // Every pair of the keypad, dial tone, a milliwatt, and the mark itself.
    let keys = crate::dsp::dtmf::LOW_GROUP_HZ.iter().flat_map(|low| crate::dsp::dtmf::HIGH_GROUP_HZ.map(|high| vec![*low, high]));
    let plain = [vec![425.0], vec![350.0, 440.0], vec![1004.0], vec![1200.0], vec![1300.0], vec![587.0, 1174.0, 1761.0]];
    for frequencies_hz in keys.chain(plain) {
        let mut tone = ToneGenerator::new(&ToneSpec { frequencies_hz, level_dbm0: -10.0, cadence_ms: vec![300, 200] });
        for _ in 0..100 {
            tone.fill(&mut frame.0);
            receiver.process(&frame, &mut out);
        }
    }
    assert_eq!(out, []);
}

#[test]
#[ignore = "takes minutes without optimisation"]
fn an_hour_of_speech_and_one_of_music_hold_no_burst() {
    for speaker in 0..6 {
        let (mut receiver, mut out) = (FskReceiver::new(), Vec::new());
        let (mut babble, mut music) = (Babble::new(Rng::from_seed(speaker), -15.0), Music::new(Rng::from_seed(speaker), -15.0));
        for _ in 0..50 * 600 {
            receiver.process(&babble.next_frame(), &mut out);
        }
        for _ in 0..50 * 600 {
            receiver.process(&music.next_frame(), &mut out);
        }
        assert_eq!(out, [], "{speaker}");
    }
}
