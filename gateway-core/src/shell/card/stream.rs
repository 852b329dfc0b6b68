//! One direction of a card: the form of its samples, and the calls of the system.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::Thread;

use cpal::traits::DeviceTrait as _;
use cpal::{BufferSize, Device, Error, ErrorKind, FromSample, Sample, SampleFormat, SizedSample, Stream, StreamConfig};
use rtrb::Producer;

use super::lane::Tail;
use super::{CardFault, Shared};

/// Rates that are wanted, the best first: the line's own, then those from which it is made most easily.
const RATES_HZ: [u32; 6] = [8_000, 16_000, 48_000, 32_000, 96_000, 44_100];

/// Samples that are understood, the best first.
const FORMATS: [SampleFormat; 5] = [SampleFormat::F32, SampleFormat::I32, SampleFormat::I24, SampleFormat::I16, SampleFormat::U8];

/// Portions a second that are asked for: 10 ms each from the hardware itself, which waits for nobody, and 5 ms from a sound server,
/// which has a buffer of its own. The system may well choose others.
const HARDWARE_PORTIONS_PER_S: u32 = 100;
const SERVER_PORTIONS_PER_S: u32 = 200;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Capture,
    Playback,
}

/// How a direction of a card is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Form {
    config: StreamConfig,
    format: SampleFormat,
}

impl Form {
    /// The best form that has so many channels, at the wanted rate where there is one.
    pub(super) fn choose(device: &Device, direction: Direction, channels: u16, wanted_hz: Option<u32>) -> Result<Self, CardFault> {
        let ranges: Vec<_> = match direction {
            Direction::Capture => device.supported_input_configs().map_err(|error| fault(&error))?.collect(),
            Direction::Playback => device.supported_output_configs().map_err(|error| fault(&error))?.collect(),
        };
        let mut best = None;
        for range in ranges {
            let rate = RATES_HZ.iter().position(|rate| range.contains_rate(*rate) && wanted_hz.is_none_or(|wanted| wanted == *rate));
            let format = FORMATS.iter().position(|format| *format == range.sample_format());
            let (Some(rate), Some(format)) = (rate, format) else { continue };
            if range.channels() < channels {
                continue;
            }
            let rank = (rate, range.channels(), format);
            if best.is_none_or(|best| rank < best) {
                best = Some(rank);
            }
        }
        let (rate, channels, format) = best.ok_or(CardFault::Unfit)?;
        let (sample_rate, format) = (RATES_HZ[rate], FORMATS[format]);
        let portions_per_s = if is_hardware(device) { HARDWARE_PORTIONS_PER_S } else { SERVER_PORTIONS_PER_S };
        let buffer_size = BufferSize::Fixed(sample_rate / portions_per_s);
        Ok(Form { config: StreamConfig { channels, sample_rate, buffer_size }, format })
    }

    pub(super) fn rate_hz(self) -> u32 {
        self.config.sample_rate
    }

    pub(super) fn channels(self) -> u16 {
        self.config.channels
    }
}

/// Whether nothing is between us and the card; where that cannot be told, it is taken to be so.
fn is_hardware(device: &Device) -> bool {
    !cfg!(target_os = "linux") || device.id().is_ok_and(|id| id.id().starts_with("hw:") || id.id().starts_with("plughw:"))
}

/// One direction, to be opened with whatever samples the card has.
pub(super) trait Open {
    fn open<T>(self, device: &Device, config: StreamConfig) -> Result<Stream, Error>
    where
        T: SizedSample + FromSample<f32>,
        f32: FromSample<T>;
}

/// Opens a direction in this form.
pub(super) fn open(direction: impl Open, device: &Device, form: Form) -> Result<Stream, CardFault> {
    let opened = match form.format {
        SampleFormat::F32 => direction.open::<f32>(device, form.config),
        SampleFormat::I32 => direction.open::<i32>(device, form.config),
        SampleFormat::I24 => direction.open::<cpal::I24>(device, form.config),
        SampleFormat::I16 => direction.open::<i16>(device, form.config),
        SampleFormat::U8 => direction.open::<u8>(device, form.config),
        _ => return Err(CardFault::Unfit),
    };
    opened.map_err(|error| fault(&error))
}

/// The direction that records: what it records goes to `sink`, and `woken` is woken for it.
pub(super) struct Recording {
    pub(super) sink: Producer<f32>,
    pub(super) shared: Arc<Shared>,
    pub(super) woken: Thread,
}

impl Open for Recording {
    fn open<T>(mut self, device: &Device, config: StreamConfig) -> Result<Stream, Error>
    where
        T: SizedSample + FromSample<f32>,
        f32: FromSample<T>,
    {
        let failed = failed(Direction::Capture, &self.shared, self.woken.clone());
        let take = move |samples: &[T], _: &cpal::InputCallbackInfo| {
            match self.sink.write_chunk_uninit(samples.len()) {
                Ok(room) => {
                    room.fill_from_iter(samples.iter().map(|sample| f32::from_sample(*sample)));
                }
                // Nobody took the samples for half a second: these are lost, all channels alike.
                Err(_) => count(&self.shared.overruns),
            }
            self.woken.unpark();
        };
        device.build_input_stream(config, take, failed, None)
    }
}

/// The direction that plays what lies at the tails.
pub(super) struct Playing {
    pub(super) tails: Vec<Tail>,
    pub(super) shared: Arc<Shared>,
    pub(super) woken: Thread,
}

impl Open for Playing {
    fn open<T>(mut self, device: &Device, config: StreamConfig) -> Result<Stream, Error>
    where
        T: SizedSample + FromSample<f32>,
        f32: FromSample<T>,
    {
        let failed = failed(Direction::Playback, &self.shared, self.woken);
        let channels = usize::from(config.channels);
        let give = move |samples: &mut [T], _: &cpal::OutputCallbackInfo| {
            count(&self.shared.portions);
            samples.fill(T::EQUILIBRIUM);
            for tail in &mut self.tails {
                if tail.take(samples, channels, T::from_sample) {
                    count(&self.shared.underruns);
                }
            }
        };
        device.build_output_stream(config, give, failed, None)
    }
}

/// What to do with what the system reports of a stream that runs.
fn failed(direction: Direction, shared: &Arc<Shared>, woken: Thread) -> impl FnMut(Error) + Send + 'static {
    let shared = Arc::clone(shared);
    move |error| match (error.kind(), direction) {
        (ErrorKind::Xrun, Direction::Capture) => count(&shared.overruns),
        (ErrorKind::Xrun, Direction::Playback) => count(&shared.underruns),
        // It goes on, perhaps with less ease.
        (ErrorKind::RealtimeDenied | ErrorKind::DeviceChanged | ErrorKind::DeviceBusy, _) => {}
        (ErrorKind::DeviceNotAvailable | ErrorKind::StreamInvalidated | ErrorKind::HostUnavailable, _) => {
            shared.lost.store(true, Ordering::Release);
            woken.unpark();
        }
        // One that cannot go on records or plays nothing any more, which is noticed.
        _ => count(&shared.overruns),
    }
}

fn count(counter: &std::sync::atomic::AtomicU32) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// What an error of the system means for a person.
pub(super) fn fault(error: &Error) -> CardFault {
    tracing::debug!(%error, "a sound card does not open");
    match error.kind() {
        ErrorKind::DeviceNotAvailable | ErrorKind::HostUnavailable => CardFault::NotFound,
        ErrorKind::DeviceBusy => CardFault::Busy,
        ErrorKind::PermissionDenied => CardFault::Denied,
        ErrorKind::UnsupportedConfig | ErrorKind::UnsupportedOperation => CardFault::Unfit,
        _ => CardFault::Failed,
    }
}
