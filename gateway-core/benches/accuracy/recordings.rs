//! Real speech and music: the recordings that Debian packages for Asterisk bring, 8 kHz and 16 bit.

use std::path::{Path, PathBuf};

pub struct Collection {
    pub name: &'static str,
    pub clips: Vec<Vec<i16>>,
}

/// Folders of the packages asterisk-core-sounds-{en,es,fr}-wav and asterisk-moh-opsound-wav.
const PLACES: [(&str, &str); 4] = [
    ("English prompts", "/usr/share/asterisk/sounds/en_US_f_Allison"),
    ("Spanish prompts", "/usr/share/asterisk/sounds/es_MX_f_Allison"),
    ("French prompts", "/usr/share/asterisk/sounds/fr_CA_f_June"),
    ("music on hold", "/usr/share/asterisk/moh"),
];

/// What of it is installed; every `one_in`th recording.
pub fn installed(one_in: usize) -> Vec<Collection> {
    let read = |(name, place): (&'static str, &str)| {
        let mut paths = Vec::new();
        recordings_below(Path::new(place), &mut paths);
        paths.sort();
        let clips: Vec<Vec<i16>> = paths.iter().step_by(one_in).filter_map(|path| samples_of(path)).collect();
        (!clips.is_empty()).then_some(Collection { name, clips })
    };
    PLACES.into_iter().filter_map(read).collect()
}

fn recordings_below(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.expect("a readable folder").path()) {
        if path.is_dir() {
            recordings_below(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "wav") {
            found.push(path);
        }
    }
}

fn samples_of(path: &Path) -> Option<Vec<i16>> {
    let reader = hound::WavReader::open(path).ok()?;
    let spec = reader.spec();
    if (spec.channels, spec.sample_rate, spec.bits_per_sample) != (1, 8000, 16) {
        return None;
    }
    reader.into_samples().collect::<Result<Vec<i16>, _>>().ok()
}
