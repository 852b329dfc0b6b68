use super::*;

const READ_ID: Message = Message { kind: Kind::ReadDevice, port: 0, register: 0, value: 0 };

fn pack(packer: &mut Packer, frames: usize, sample: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    (0..frames).for_each(|_| packer.frame([[sample; GROUPS], [!sample; GROUPS]], &mut bytes));
    bytes
}

fn unpacked(unpacker: &mut Unpacker, bytes: &[u8]) -> Vec<Millisecond> {
    let mut frames = Vec::new();
    unpacker.push(bytes, |frame| frames.push(frame));
    frames
}

#[test]
fn an_idle_group_is_the_one_of_the_documents() {
    let mut bytes = Vec::new();
    Packer::default().frame([[0xF7; GROUPS], [0xEF; GROUPS]], &mut bytes);
    assert_eq!(bytes[..4], [0x77, 0xCF, 0xCF, 0x8E]);
    assert_eq!(bytes[4..8], [0x57, 0xCF, 0xCF, 0x8E], "the other groups have no start of frame");
    assert_eq!(bytes.len(), 32);
}

#[test]
fn samples_and_messages_come_out_as_they_went_in() {
    let mut packer = Packer::default();
    packer.say(READ_ID);
    packer.say(Message { kind: Kind::WriteLine, port: 1, register: 5, value: 0x09 });
    let bytes = pack(&mut packer, 5, 0x3C);
    let frames = unpacked(&mut Unpacker::default(), &bytes);
    assert_eq!(frames.len(), 4, "the last one waits for the beginning of the next");
    assert!(frames.iter().all(|frame| frame.samples == [[0x3C; GROUPS], [0xC3; GROUPS]] && !frame.host_in_sync));
    let mut reader = Reader::default();
    let mut found = Vec::new();
    frames.iter().enumerate().for_each(|(at, frame)| reader.push(frame, |message| found.push((at, message))));
    assert_eq!(found, [(0, READ_ID), (2, Message { kind: Kind::WriteLine, port: 1, register: 5, value: 0x09 })]);
}

#[test]
fn the_rhythm_is_found_in_any_noise_and_found_again() {
    let mut unpacker = Unpacker::default();
    let good = pack(&mut Packer::default(), 10, 0xFF);
    // Something that begins like a frame and is none.
    let mut bytes = vec![0x77, 0xCF, 0xCF, 0x8E, 0x30, 0xFF, 0x00];
    bytes.extend(&good);
    assert_eq!(unpacked(&mut unpacker, &bytes).len(), 9);
    assert!(unpacker.is_synced());
    // Three bytes are lost in the middle of the next frame.
    let torn: Vec<u8> = good[..40].iter().chain(&good[43..]).copied().collect();
    assert!(unpacked(&mut unpacker, &torn).len() >= 8);
    assert_eq!((unpacker.losses, unpacker.is_synced()), (1, true));
}

#[test]
fn a_message_with_the_idle_byte_in_it_is_cut_and_cut_ones_are_dropped() {
    let mut packer = Packer::default();
    packer.say(Message { kind: Kind::WriteLine, port: 0, register: 29, value: 0x7E });
    packer.say(READ_ID);
    let frames = unpacked(&mut Unpacker::default(), &pack(&mut packer, 5, 0xFF));
    let mut found = Vec::new();
    let mut reader = Reader::default();
    frames.iter().for_each(|frame| reader.push(frame, |message| found.push(message)));
    assert_eq!(found, [READ_ID]);
}

#[test]
fn whatever_comes_is_read_without_harm() {
    let mut rng = crate::rng::Rng::from_seed(11);
    let (mut unpacker, mut reader) = (Unpacker::default(), Reader::default());
    for _ in 0..200 {
        let noise: Vec<u8> = (0..rng.below(200)).map(|_| rng.next_u32().to_le_bytes()[0]).collect();
        unpacker.push(&noise, |frame| reader.push(&frame, |_| {}));
        assert!(unpacker.bytes.len() < FRAME_BYTES + GROUP && reader.message.len() <= LONGEST_MESSAGE + 1);
    }
}
