//! Which encoders there are, and how they are to be set for low delay.

use crate::args::Encoder;
use crate::media::VideoCodec;
use crate::video::convert::Layout;

/// One way of encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rung {
    /// The name in the property `Encoder`.
    pub name: &'static str,
    /// The `GStreamer` element.
    pub element: &'static str,
    /// What it makes.
    pub codec: VideoCodec,
    /// What it takes.
    pub layout: Layout,
    /// Its properties; those that a version does not have are left out.
    pub properties: &'static [(&'static str, &'static str)],
    /// The property for the bitrate, and how many bits its unit has.
    pub bitrate: (&'static str, u64),
    /// It reckons with the frame rate of the caps, whatever comes.
    pub counts_frames: bool,
    /// Its threads wait for each other without sleeping: with a game on all processors, two of them took 92 ms for a
    /// picture of 1280x720 for which one takes 5.5 ms.
    pub spins: bool,
}

/// A keyframe comes only when one is asked for, so the distance is as far as each takes it.
const NVENC: Rung = Rung {
    name: "nvenc",
    element: "nvh264enc",
    codec: VideoCodec::H264,
    layout: Layout::Nv12,
    properties: &[
        ("preset", "low-latency-hp"),
        ("preset", "p2"),
        ("tune", "ultra-low-latency"),
        ("zerolatency", "true"),
        ("zero-reorder-delay", "true"),
        ("rc-mode", "cbr"),
        ("gop-size", "-1"),
        ("bframes", "0"),
        ("b-frames", "0"),
        ("rc-lookahead", "0"),
        ("aud", "false"),
    ],
    bitrate: ("bitrate", 1000),
    counts_frames: true,
    spins: false,
};

const VAAPI: Rung = Rung {
    name: "vaapi",
    element: "vah264enc",
    codec: VideoCodec::H264,
    layout: Layout::Nv12,
    properties: &[
        ("rate-control", "cbr"),
        ("key-int-max", "1024"),
        ("b-frames", "0"),
        ("ref-frames", "1"),
        ("target-usage", "6"),
        ("cabac", "false"),
        ("dct8x8", "false"),
        ("aud", "false"),
    ],
    bitrate: ("bitrate", 1000),
    counts_frames: true,
    spins: false,
};

/// The same driver's smaller circuit, which some processors have alone.
const VAAPI_LOW_POWER: Rung = Rung { element: "vah264lpenc", ..VAAPI };

const X264: Rung = Rung {
    name: "x264",
    element: "x264enc",
    codec: VideoCodec::H264,
    layout: Layout::I420,
    properties: &[
        ("tune", "zerolatency"),
        ("speed-preset", "ultrafast"),
        ("key-int-max", "2147483647"),
        ("b-adapt", "false"),
        ("vbv-buf-capacity", "120"),
        ("sliced-threads", "true"),
        ("aud", "false"),
        ("byte-stream", "true"),
    ],
    bitrate: ("bitrate", 1000),
    counts_frames: true,
    spins: false,
};

const OPENH264: Rung = Rung {
    name: "openh264",
    element: "openh264enc",
    codec: VideoCodec::H264,
    layout: Layout::I420,
    properties: &[
        ("gop-size", "2147483647"),
        ("rate-control", "bitrate"),
        ("complexity", "low"),
        ("background-detection", "false"),
        ("scene-change-detection", "false"),
        ("usage-type", "screen"),
    ],
    bitrate: ("bitrate", 1),
    counts_frames: true,
    spins: false,
};

const VP8: Rung = Rung {
    name: "vp8",
    element: "vp8enc",
    codec: VideoCodec::Vp8,
    layout: Layout::I420,
    properties: &[
        ("deadline", "1"),
        ("cpu-used", "-16"),
        ("keyframe-max-dist", "2147483647"),
        ("end-usage", "cbr"),
        ("lag-in-frames", "0"),
        ("error-resilient", "0"),
        ("buffer-initial-size", "100"),
        ("buffer-optimal-size", "120"),
        ("buffer-size", "150"),
        ("static-threshold", "100"),
    ],
    bitrate: ("target-bitrate", 1),
    counts_frames: false,
    spins: true,
};

/// What is tried, in this order: hardware first, then what costs the processor least.
pub fn candidates(asked: Encoder) -> &'static [Rung] {
    match asked {
        Encoder::Auto => &[NVENC, VAAPI, VAAPI_LOW_POWER, X264, OPENH264, VP8],
        Encoder::Nvenc => &[NVENC],
        Encoder::Vaapi => &[VAAPI, VAAPI_LOW_POWER],
        Encoder::X264 => &[X264],
        Encoder::Openh264 => &[OPENH264],
        Encoder::Vp8 => &[VP8],
    }
}

/// What is tried for viewers that do not decode what `chosen` makes. Who asks for an encoder by name gets no other.
pub fn others(asked: Encoder, chosen: Rung) -> &'static [Rung] {
    match (asked, chosen.codec) {
        (Encoder::Auto, VideoCodec::H264) => &[VP8],
        _ => &[],
    }
}

/// The first that works, and why: what was tried before it, and with what result.
pub fn choose(
    candidates: &[Rung],
    mut works: impl FnMut(&Rung) -> Result<(), String>,
) -> Result<(Rung, String), String> {
    let mut failures = Vec::new();
    for rung in candidates {
        match works(rung) {
            Ok(()) => {
                let encoded = format!("{} encoded a test picture", rung.element);
                return Ok((*rung, [vec![encoded], failures].concat().join("; ")));
            }
            Err(reason) => failures.push(format!("{}: {reason}", rung.element)),
        }
    }
    Err(format!("no encoder works: {}", failures.join("; ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elements(asked: Encoder) -> Vec<&'static str> {
        candidates(asked).iter().map(|rung| rung.element).collect()
    }

    #[test]
    fn hardware_comes_first_and_vp8_last() {
        let all = ["nvh264enc", "vah264enc", "vah264lpenc", "x264enc", "openh264enc", "vp8enc"];
        assert_eq!(elements(Encoder::Auto), all);
        assert_eq!(elements(Encoder::Vaapi), ["vah264enc", "vah264lpenc"]);
        assert_eq!(elements(Encoder::X264), ["x264enc"]);
    }

    #[test]
    fn what_does_not_encode_is_passed_over_with_the_reason() {
        let (rung, reason) = choose(candidates(Encoder::Auto), |rung| match rung.name {
            "nvenc" => Err("not installed".to_owned()),
            "vaapi" => Err("no picture within 5 s".to_owned()),
            _ => Ok(()),
        })
        .unwrap();
        assert_eq!(rung.name, "x264");
        assert!(reason.contains("nvh264enc: not installed") && reason.contains("vah264enc: no picture"), "{reason}");
    }

    #[test]
    fn what_was_asked_for_is_not_replaced() {
        assert_eq!((others(Encoder::Auto, X264), others(Encoder::Auto, VP8)), (&[VP8][..], &[][..]));
        assert!(others(Encoder::X264, X264).is_empty());
        let error = choose(candidates(Encoder::Nvenc), |_| Err("not installed".to_owned())).unwrap_err();
        assert_eq!(error, "no encoder works: nvh264enc: not installed");
    }
}
