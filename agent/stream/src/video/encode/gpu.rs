//! From a picture on the graphics card to what VA-API encodes. Not tried on hardware.

use super::pipeline::Format;
use crate::video::dmabuf::DrmFormat;
use anyhow::{Context, anyhow};
use gstreamer::glib::Value;
use gstreamer::prelude::*;
use gstreamer::{Caps, Element, ElementFactory, Fraction, List, State};
use std::path::PathBuf;

const CONVERTER: &str = "vapostproc";
const DMABUF: &str = "memory:DMABuf";

/// Which graphics card it is that encodes, and the pictures that it takes without a way through memory.
pub(super) fn takes() -> anyhow::Result<(PathBuf, Vec<DrmFormat>)> {
    let converter = converter()?;
    // What the driver takes is known when its device is open.
    let opened = converter.set_state(State::Ready);
    let caps = converter.static_pad("sink").map(|pad| pad.query_caps(None));
    let node = converter.find_property("device-path").map(|_| converter.property::<Option<String>>("device-path"));
    let _ = converter.set_state(State::Null);
    opened.map_err(|_| anyhow!("{CONVERTER} does not open the graphics card"))?;
    let node = node.flatten().with_context(|| format!("{CONVERTER} names no graphics card"))?;
    let taken = formats(&caps.with_context(|| format!("{CONVERTER} has no input"))?);
    anyhow::ensure!(!taken.is_empty(), "{CONVERTER} takes no dmabuf");
    Ok((node.into(), taken))
}

fn converter() -> anyhow::Result<Element> {
    ElementFactory::make(CONVERTER).build().map_err(|_| anyhow!("{CONVERTER} is not installed"))
}

/// The kinds of dmabuf in the caps.
fn formats(caps: &Caps) -> Vec<DrmFormat> {
    let one = |value: &Value| value.get::<&str>().ok().and_then(|text| text.parse().ok());
    let dmabufs = caps.iter_with_features().filter(|(_, features)| features.contains(DMABUF));
    let values = dmabufs.filter_map(|(structure, _)| structure.value("drm-format").ok());
    let each = values.flat_map(|value| match value.get::<List>() {
        Ok(list) => list.iter().filter_map(|value| one(value)).collect(),
        Err(_) => one(value).into_iter().collect::<Vec<_>>(),
    });
    each.collect()
}

/// Of the pictures that come.
pub(super) fn caps(drm: DrmFormat, format: Format) -> Caps {
    Caps::builder("video/x-raw")
        .features([DMABUF])
        .field("format", "DMA_DRM")
        .field("drm-format", drm.to_string())
        .field("width", format.width.cast_signed())
        .field("height", format.height.cast_signed())
        .field("framerate", Fraction::new(format.frame_rate.max(1).cast_signed(), 1))
        .build()
}

/// To the colours of a video, on the graphics card.
pub(super) fn conversion() -> anyhow::Result<[Element; 2]> {
    let converted = Caps::builder("video/x-raw")
        .features(["memory:VAMemory"])
        .field("format", "NV12")
        .field("colorimetry", "bt709")
        .build();
    Ok([converter()?, ElementFactory::make("capsfilter").property("caps", converted).build()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_name_the_place_of_the_pixels() {
        gstreamer::init().unwrap();
        let drm = "XR24:0x0100000000000002".parse().unwrap();
        let caps = caps(drm, Format { width: 1280, height: 720, frame_rate: 60, drm: Some(drm) });
        let written = "video/x-raw(memory:DMABuf), format=(string)DMA_DRM, drm-format=(string)XR24:0x0100000000000002, \
                       width=(int)1280, height=(int)720, framerate=(fraction)60/1";
        assert_eq!(caps.to_string(), written);
        assert_eq!(formats(&caps), [drm]);
    }

    #[test]
    fn what_the_driver_takes_is_read_from_the_caps() {
        gstreamer::init().unwrap();
        let caps: Caps = "video/x-raw(memory:VAMemory), format=NV12; \
                          video/x-raw(memory:DMABuf), format=DMA_DRM, drm-format={ XR24:0x0100000000000002, AR24, odd }; \
                          video/x-raw, format=NV12"
            .parse()
            .unwrap();
        let texts: Vec<_> = formats(&caps).iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["XR24:0x0100000000000002", "AR24"]);
    }
}
