//! A reader for the WAV files that the simulated exchange can play: RIFF, PCM, 16 bit, 8 kHz, one channel.

use std::io::Read as _;
use std::path::Path;

use crate::exit::Exit;

/// The largest file that is read: ten minutes.
const MAX_BYTES: u64 = 8000 * 2 * 600;

/// The samples of a file.
pub(super) fn read(path: &Path) -> Result<Vec<i16>, Exit> {
    let unreadable = |error: std::io::Error| Exit::NoInput { path: path.display().to_string(), detail: error.to_string() };
    let mut bytes = Vec::new();
    std::fs::File::open(path).map_err(unreadable)?.take(MAX_BYTES).read_to_end(&mut bytes).map_err(unreadable)?;
    samples(&bytes).ok_or_else(|| Exit::NoInput { path: path.display().to_string(), detail: "not_8khz_16bit_mono_pcm_wav".to_owned() })
}

/// The samples of a RIFF file, if it is of the one kind that is understood. A data chunk cut short gives what is there.
fn samples(bytes: &[u8]) -> Option<Vec<i16>> {
    if bytes.get(..4)? != b"RIFF" || bytes.get(8..12)? != b"WAVE" {
        return None;
    }
    let mut rest = bytes.get(12..)?;
    let mut understood = false;
    loop {
        let name = rest.get(..4)?;
        let size = usize::try_from(u32::from_le_bytes(rest.get(4..8)?.try_into().ok()?)).ok()?;
        let body = rest.get(8..)?;
        let chunk = body.get(..size.min(body.len()))?;
        match name {
            b"fmt " => understood = is_telephone_pcm(chunk)?,
            b"data" if understood => {
                return Some(chunk.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect());
            }
            b"data" => return None,
            _ => {}
        }
        // Chunks lie at even places.
        rest = body.get(size.checked_add(size % 2)?..)?;
    }
}

fn is_telephone_pcm(format: &[u8]) -> Option<bool> {
    let word = |at: usize| Some(u16::from_le_bytes(format.get(at..at + 2)?.try_into().ok()?));
    let rate = u32::from_le_bytes(format.get(4..8)?.try_into().ok()?);
    Some(word(0)? == 1 && word(2)? == 1 && rate == 8000 && word(14)? == 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(rate: u32, data: &[i16]) -> Vec<u8> {
        let mut format = Vec::new();
        format.extend([1_u16, 1].iter().flat_map(|word| word.to_le_bytes()));
        format.extend([rate, rate * 2].iter().flat_map(|word| word.to_le_bytes()));
        format.extend([2_u16, 16].iter().flat_map(|word| word.to_le_bytes()));
        let mut bytes = b"RIFF\0\0\0\0WAVE".to_vec();
        let data: Vec<u8> = data.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        for (name, body) in [(b"fmt ", &format), (b"LIST", &b"odd".to_vec()), (b"data", &data)] {
            bytes.extend(name);
            bytes.extend(u32::try_from(body.len()).unwrap().to_le_bytes());
            bytes.extend(body);
            bytes.resize(bytes.len().next_multiple_of(2), 0);
        }
        bytes
    }

    #[test]
    fn a_telephone_recording_is_read_past_chunks_that_mean_nothing_here() {
        assert_eq!(samples(&file(8000, &[1, -2, 3])), Some(vec![1, -2, 3]));
        assert_eq!(samples(&file(44_100, &[1])), None);
    }

    #[test]
    fn no_piece_and_no_damage_of_a_file_stops_the_reader() {
        let whole = file(8000, &[7; 40]);
        for end in 0..whole.len() {
            let _ = samples(&whole[..end]);
        }
        let mut rng = gateway_core::rng::Rng::from_seed(1);
        for _ in 0..2000 {
            let mut damaged = whole.clone();
            let at = usize::try_from(rng.below(damaged.len() as u64)).unwrap();
            damaged[at] = u8::try_from(rng.below(256)).unwrap();
            let _ = samples(&damaged);
        }
    }
}
