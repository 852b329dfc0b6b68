//! What the detector believes before it tells anything.

use super::ProgressDetector;
use crate::dsp::progress::{CadencePart, LeadingTone, ToneBelief};

/// Parts of a cadence that are told, the one that goes on among them.
const PARTS: usize = 8;

impl ProgressDetector {
    /// What it believes now. Asking changes nothing, and what is not asked for is not computed.
    #[must_use]
    pub fn belief(&self) -> ToneBelief {
        let current = self.segmenter.current();
        if current.tone.is_none() && self.tone.is_none() {
            return ToneBelief::default();
        }
        // A burst of another tone begins a cadence of its own.
        let goes_on = current.tone.is_none() || current.tone == self.tone;
        let now = CadencePart { is_burst: current.tone.is_some(), duration_ms: current.duration_ms };
        let over = self.history.oldest_first().filter(|_| goes_on).map(|(is_burst, duration_ms)| CadencePart { is_burst, duration_ms });
        let mut heard: Vec<CadencePart> = over.chain([now]).collect();
        heard.drain(..heard.len().saturating_sub(PARTS));
        let pattern = self.leading_pattern().filter(|_| goes_on);
        let leading = pattern.or_else(|| self.leading_continuous().filter(|leading| leading.cycles > 0)).map(|leading| {
            let candidate = &self.candidates[leading.candidate];
            let (expected_ms, place) =
                candidate.pattern().map_or((Vec::new(), 0), |pattern| (pattern.durations_ms().to_vec(), pattern.place()));
            LeadingTone { tone: candidate.name, confidence: leading.confidence, cycles: leading.cycles, expected_ms, place }
        });
        ToneBelief { heard, leading }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dsp::progress::{ProgressTone, TonePlan};
    use crate::dsp::tone::{ToneGenerator, ToneSpec};
    use crate::dsp::{FRAME_SAMPLES, Frame};

    /// Brazil, where busy and congestion sound alike.
    fn brazil() -> TonePlan {
        let spec = |cadence_ms: &[u32]| ToneSpec { frequencies_hz: vec![425.0], level_dbm0: -15.0, cadence_ms: cadence_ms.to_vec() };
        let (busy, ringback) = (spec(&[250, 250]), spec(&[1000, 4000]));
        TonePlan { dial: spec(&[]), ringback, congestion: busy.clone(), busy, further: Vec::new() }
    }

    fn frames(samples: &[i16]) -> impl Iterator<Item = Frame> {
        samples.chunks_exact(FRAME_SAMPLES).map(|piece| {
            let mut frame = Frame::SILENCE;
            frame.0.copy_from_slice(piece);
            frame
        })
    }

    /// What is believed after each frame of 300 ms of silence and this tone.
    fn beliefs(detector: &mut ProgressDetector, spec: &ToneSpec, duration_ms: usize) -> Vec<ToneBelief> {
        let mut samples = vec![0; 8 * duration_ms];
        ToneGenerator::new(spec).fill(&mut samples[8 * 300..]);
        let mut told = Vec::new();
        frames(&samples)
            .map(|frame| {
                detector.process(&frame, &mut told);
                detector.belief()
            })
            .collect()
    }

    fn leads(belief: &ToneBelief) -> Option<(ProgressTone, f32)> {
        belief.leading.as_ref().map(|leading| (leading.tone, leading.confidence))
    }

    #[test]
    fn busy_leads_before_it_is_told_and_grows_sure_while_its_cadence_is_heard() {
        let plan = &brazil();
        let all = beliefs(&mut ProgressDetector::new(plan), &plan.busy, 4000);
        let sure: Vec<f32> = all.iter().filter_map(leads).filter(|(tone, _)| *tone == ProgressTone::Busy).map(|(_, sure)| sure).collect();
        assert!(sure[0] < 0.2 && sure.contains(&1.0), "{sure:?}");
        assert!(sure.windows(2).all(|two| two[1] >= two[0] - 0.05), "{sure:?}");
        let last = all.last().unwrap();
        let leading = last.leading.as_ref().unwrap();
        assert_eq!((leading.tone, leading.confidence, &leading.expected_ms[..]), (ProgressTone::Busy, 1.0, &[250, 250][..]));
        assert!(leading.cycles >= 6, "{}", leading.cycles);
        assert_eq!((last.heard.len(), last.heard.last().unwrap().is_burst), (PARTS, leading.place == 0));
        for part in &last.heard[..PARTS - 1] {
            assert!(part.duration_ms.abs_diff(250) <= 20, "{:?}", last.heard);
        }
        assert!(last.heard.windows(2).all(|two| two[0].is_burst != two[1].is_burst));
    }

    #[test]
    fn in_silence_and_long_after_a_tone_nothing_is_believed() {
        let plan = &brazil();
        let mut detector = ProgressDetector::new(plan);
        let mut told = Vec::new();
        for _ in 0..100 {
            detector.process(&Frame::SILENCE, &mut told);
            assert_eq!(detector.belief(), ToneBelief::default());
        }
        assert!(beliefs(&mut detector, &plan.busy, 2000).iter().any(|belief| leads(belief).is_some()));
        (0..500).for_each(|_| detector.process(&Frame::SILENCE, &mut told));
        assert_eq!(detector.belief(), ToneBelief::default());
    }

    #[test]
    fn dial_tone_leads_once_it_is_believed_and_has_no_cadence() {
        let plan = &brazil();
        let all = beliefs(&mut ProgressDetector::new(plan), &plan.dial, 3000);
        let first = all.iter().find_map(|belief| belief.leading.clone()).unwrap();
        assert_eq!((first.tone, first.cycles, first.expected_ms.len()), (ProgressTone::Dial, 1, 0));
        assert!((0.15..0.4).contains(&first.confidence), "{}", first.confidence);
        let last = all.last().unwrap();
        assert_eq!(leads(last), Some((ProgressTone::Dial, 1.0)));
        assert_eq!(last.heard.len(), 1);
    }

    #[test]
    fn asking_changes_nothing() {
        let plan = &brazil();
        let mut samples = vec![0; 8 * 6000];
        ToneGenerator::new(&plan.congestion).fill(&mut samples[8 * 300..]);
        let run = |asks: bool| {
            let (mut detector, mut told) = (ProgressDetector::new(plan), Vec::new());
            for frame in frames(&samples) {
                detector.process(&frame, &mut told);
                if asks {
                    let _ = detector.belief();
                }
            }
            told
        };
        assert_eq!(run(true), run(false));
    }
}
