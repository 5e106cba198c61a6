//! One encoder with its settings: pictures go in, access units come out.

use super::ladder::Rung;
use crate::media::VideoCodec;
use crate::video::convert::Layout;
use anyhow::{Context, anyhow, bail};
use gstreamer::glib;
use gstreamer::prelude::*;
use gstreamer::{Buffer, BufferFlags, Caps, ClockTime, Element, ElementFactory, Fraction, Pipeline, Sample, State};
use gstreamer_app::{AppSink, AppSrc};
use gstreamer_video::{UpstreamForceKeyUnitEvent, VideoColorimetry, VideoFormat, VideoInfo};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// More threads than this make a small picture no faster.
const THREADS: usize = 4;

/// What a thread is worth that spins while it waits: as many as 1920x1080 has.
const PIXELS_A_THREAD: usize = 1920 * 1080;

/// What the pictures are like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Pictures a second, at most.
    pub(crate) frame_rate: u32,
}

/// What an encoder made of a picture.
#[derive(Debug, Clone)]
pub(crate) struct Unit {
    pub(crate) data: Arc<[u8]>,
    pub(crate) keyframe: bool,
    /// When the picture was taken; always later than that of the one before.
    pub(crate) taken: Duration,
}

/// A running encoder.
#[derive(Debug)]
pub(crate) struct Encoding {
    pipeline: Pipeline,
    source: AppSrc,
    sink: AppSink,
    encoder: Element,
    rung: Rung,
    format: Format,
    /// In the unit of the encoder's property.
    bitrate: u64,
    first: Option<Duration>,
    previous: Duration,
    /// When the pictures were taken of which the encoder has made nothing yet.
    owed: VecDeque<Duration>,
}

impl Encoding {
    /// Starts the encoder. `bitrate`: bits a second.
    pub(crate) fn new(rung: Rung, format: Format, bitrate: u64) -> anyhow::Result<Self> {
        let encoder = ElementFactory::make(rung.element).build().map_err(|_| anyhow!("not installed"))?;
        for (name, value) in rung.properties {
            set(&encoder, name, value);
        }
        let threads = threads(rung, format).to_string();
        set(&encoder, "threads", &threads);
        set(&encoder, "multi-thread", &threads);
        let caps = caps(rung.layout, format)?;
        let source = AppSrc::builder().caps(&caps).format(gstreamer::Format::Time).is_live(true).build();
        let sink = AppSink::builder().sync(false).max_buffers(8).build();
        let pipeline = Pipeline::new();
        let mut chain = vec![source.clone().upcast::<Element>(), encoder.clone()];
        if rung.codec == VideoCodec::H264 {
            chain.extend(h264_tail()?);
        }
        chain.push(sink.clone().upcast());
        pipeline.add_many(&chain)?;
        Element::link_many(&chain).context("it does not take the pictures")?;
        pipeline.use_clock(None::<&gstreamer::Clock>);
        let (first, previous, owed) = (None, Duration::ZERO, VecDeque::new());
        let mut this = Self { pipeline, source, sink, encoder, rung, format, bitrate: 0, first, previous, owed };
        this.set_bitrate(bitrate);
        this.pipeline.set_state(State::Playing).map_err(|_| this.failure("it does not start"))?;
        Ok(this)
    }

    pub(crate) fn rung(&self) -> Rung {
        self.rung
    }

    /// Whether it is this encoder for such pictures.
    pub(crate) fn is(&self, rung: Rung, format: Format) -> bool {
        self.rung == rung && self.format == format
    }

    /// Bits a second, from the next picture on. `frame_rate`: as many come at most.
    pub(crate) fn set_rates(&mut self, bitrate: u64, frame_rate: u32) {
        let nominal = u64::from(self.format.frame_rate);
        let scaled = match u64::from(frame_rate) {
            rate if self.rung.counts_frames && rate > 0 && rate < nominal => bitrate * nominal / rate,
            _ => bitrate,
        };
        self.set_bitrate(scaled);
    }

    fn set_bitrate(&mut self, bits: u64) {
        let (name, unit) = self.rung.bitrate;
        let value = (bits / unit).max(1);
        if self.bitrate != value {
            self.bitrate = value;
            set(&self.encoder, name, &value.to_string());
        }
    }

    /// Encodes one picture. What comes are the units of this one and of those before it that came too late for their
    /// own call; nothing, if the encoder has made none within `patience`.
    pub(crate) fn encode(
        &mut self,
        mut picture: Buffer,
        taken: Duration,
        keyframe: bool,
        patience: Duration,
    ) -> anyhow::Result<Vec<Unit>> {
        if keyframe {
            let event = UpstreamForceKeyUnitEvent::builder().all_headers(true).build();
            self.encoder.send_event(event);
        }
        // A picture that is encoded once more gets the time of that; the next may have been taken just before.
        let taken = taken.max(self.previous + Duration::from_micros(100));
        self.previous = taken;
        let first = *self.first.get_or_insert(taken);
        let time = ClockTime::try_from(taken.saturating_sub(first)).context("a time that cannot be")?;
        let buffer = picture.make_mut();
        buffer.set_pts(time);
        buffer.set_duration(ClockTime::SECOND / u64::from(self.format.frame_rate.max(1)));
        self.source.push_buffer(picture).map_err(|_| self.failure("it takes no picture"))?;
        self.owed.push_back(taken);
        let deadline = Instant::now() + patience;
        let mut units = Vec::new();
        while !self.owed.is_empty()
            && let Some(unit) = self.pull(deadline.saturating_duration_since(Instant::now()))?
        {
            units.push(unit);
        }
        Ok(units)
    }

    fn pull(&mut self, patience: Duration) -> anyhow::Result<Option<Unit>> {
        let Some(sample) = self.sink.try_pull_sample(ClockTime::try_from(patience).ok()) else {
            return match self.error() {
                Some(error) => Err(error),
                None if self.sink.is_eos() => bail!("it stopped"),
                None => Ok(None),
            };
        };
        let buffer = sample.buffer().context("an access unit without bytes")?;
        let keyframe = !buffer.flags().contains(BufferFlags::DELTA_UNIT);
        let bytes = buffer.map_readable().context("an access unit that cannot be read")?;
        let taken = self.taken(running_time(&sample)).context("an access unit of no picture")?;
        Ok(Some(Unit { data: Arc::from(bytes.as_slice()), keyframe, taken }))
    }

    /// When the picture of a unit was taken. A picture that is owed from before it was left out by the encoder.
    fn taken(&mut self, running_time: Option<ClockTime>) -> Option<Duration> {
        let taken = self.first.zip(running_time).map(|(first, time)| first + Duration::from(time));
        let before = self.owed.iter().position(|owed| Some(*owed) == taken).unwrap_or(0);
        self.owed.drain(..before);
        self.owed.pop_front()
    }

    fn failure(&self, otherwise: &'static str) -> anyhow::Error {
        self.error().unwrap_or_else(|| anyhow!(otherwise))
    }

    /// What an element said.
    fn error(&self) -> Option<anyhow::Error> {
        let message = self.pipeline.bus()?.pop_filtered(&[gstreamer::MessageType::Error])?;
        match message.view() {
            gstreamer::MessageView::Error(error) => Some(anyhow!("{}", error.error())),
            _ => None,
        }
    }
}

impl Drop for Encoding {
    fn drop(&mut self) {
        let _ = self.pipeline.set_state(State::Null);
    }
}

/// Since the first picture.
fn running_time(sample: &Sample) -> Option<ClockTime> {
    let segment = sample.segment()?.downcast_ref::<ClockTime>()?;
    segment.to_running_time(sample.buffer()?.pts()?)
}

/// How many threads encode such a picture.
fn threads(rung: Rung, format: Format) -> usize {
    let most = std::thread::available_parallelism().map_or(1, usize::from).min(THREADS);
    let large = format.width as usize * format.height as usize / PIXELS_A_THREAD;
    if rung.spins { large.clamp(1, most) } else { most }
}

/// What decoders are promised, and each keyframe with all that it needs.
fn h264_tail() -> anyhow::Result<[Element; 3]> {
    let filter = |fields: &str| -> anyhow::Result<Element> {
        let caps: Caps = format!("video/x-h264,{fields}").parse()?;
        Ok(ElementFactory::make("capsfilter").property("caps", caps).build()?)
    };
    let parser = ElementFactory::make("h264parse").property("config-interval", -1).build();
    let parser = parser.map_err(|_| anyhow!("h264parse is not installed"))?;
    Ok([filter("profile=constrained-baseline")?, parser, filter("stream-format=byte-stream,alignment=au")?])
}

fn caps(layout: Layout, format: Format) -> anyhow::Result<Caps> {
    let pixels = match layout {
        Layout::I420 => VideoFormat::I420,
        Layout::Nv12 => VideoFormat::Nv12,
    };
    let info = VideoInfo::builder(pixels, format.width, format.height)
        .fps(Fraction::new(format.frame_rate.max(1).cast_signed(), 1))
        .colorimetry(&"bt709".parse::<VideoColorimetry>()?)
        .build()?;
    Ok(info.to_caps()?)
}

/// Sets a property if this version of the element has it and knows the value.
fn set(element: &Element, name: &str, value: &str) {
    if let Some(property) = element.find_property(name)
        && property.flags().contains(glib::ParamFlags::WRITABLE)
        && let Ok(value) = glib::Value::deserialize_with_pspec(value, &property)
    {
        element.set_property_from_value(name, &value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes 50 ms for a picture, which comes out as it is.
    const SLOW: Rung = Rung {
        name: "slow",
        element: "identity",
        codec: VideoCodec::Vp8,
        layout: Layout::I420,
        properties: &[("sleep-time", "50000")],
        bitrate: ("bitrate", 1),
        counts_frames: false,
        spins: false,
    };

    fn slow() -> Encoding {
        gstreamer::init().unwrap();
        Encoding::new(SLOW, Format { width: 16, height: 16, frame_rate: 60 }, 1).unwrap()
    }

    #[test]
    fn a_unit_that_comes_too_late_keeps_its_time_and_delays_no_other() {
        let mut encoding = slow();
        let mut encode = |number: u8, patience| {
            let taken = Duration::from_millis(20 * u64::from(number));
            let units = encoding.encode(Buffer::from_slice(vec![number; 384]), taken, false, patience).unwrap();
            units.iter().map(|unit| (unit.data[0], unit.taken.as_millis())).collect::<Vec<_>>()
        };
        let long = Duration::from_mins(1);
        assert_eq!(encode(1, long), [(1, 20)]);
        assert_eq!(encode(2, Duration::ZERO), [], "no time to answer");
        assert_eq!(encode(3, long), [(2, 40), (3, 60)]);
        assert_eq!(encode(4, long), [(4, 80)]);
    }

    #[test]
    fn a_picture_that_is_left_out_is_not_waited_for() {
        let mut encoding = slow();
        let at = Duration::from_millis;
        encoding.first = Some(at(5));
        encoding.owed.extend([at(5), at(25), at(45)]);
        assert_eq!(encoding.taken(Some(ClockTime::from_mseconds(20))), Some(at(25)));
        assert_eq!(encoding.owed, [at(45)]);
        assert_eq!(encoding.taken(None), Some(at(45)), "without a time it is the oldest");
    }
}
