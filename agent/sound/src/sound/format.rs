//! How clients write samples.

use std::time::Duration;

/// How one sample is written. The numbers are the protocol's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the protocol's own names")]
#[repr(u8)]
pub enum Format {
    U8 = 0,
    ALaw = 1,
    ULaw = 2,
    S16Le = 3,
    S16Be = 4,
    F32Le = 5,
    F32Be = 6,
    S32Le = 7,
    S32Be = 8,
    S24Le = 9,
    S24Be = 10,
    S24In32Le = 11,
    S24In32Be = 12,
}

/// With the names that clients use.
const ALL: [(Format, &str); 13] = [
    (Format::U8, "u8"),
    (Format::ALaw, "aLaw"),
    (Format::ULaw, "uLaw"),
    (Format::S16Le, "s16le"),
    (Format::S16Be, "s16be"),
    (Format::F32Le, "float32le"),
    (Format::F32Be, "float32be"),
    (Format::S32Le, "s32le"),
    (Format::S32Be, "s32be"),
    (Format::S24Le, "s24le"),
    (Format::S24Be, "s24be"),
    (Format::S24In32Le, "s24-32le"),
    (Format::S24In32Be, "s24-32be"),
];
/// A sample that is louder than this, or no number at all, is a mistake that must not reach what others play.
const LOUDEST: f32 = 256.0;

impl Format {
    /// By the protocol's number.
    pub fn from_number(number: u8) -> Option<Self> {
        ALL.get(usize::from(number)).map(|(format, _)| *format)
    }

    /// By its name.
    pub fn from_name(name: &str) -> Option<Self> {
        ALL.iter().find(|(_, known)| name.eq_ignore_ascii_case(known)).map(|(format, _)| *format)
    }

    /// The protocol's number.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        ALL.get(usize::from(self.number())).map_or("", |(_, name)| name)
    }

    /// Bytes of a sample.
    pub fn bytes(self) -> u32 {
        match self {
            Self::U8 | Self::ALaw | Self::ULaw => 1,
            Self::S16Le | Self::S16Be => 2,
            Self::S24Le | Self::S24Be => 3,
            _ => 4,
        }
    }

    /// The byte of which silence is made.
    pub fn silence(self) -> u8 {
        match self {
            Self::U8 => 0x80,
            Self::ALaw => 0xd5,
            Self::ULaw => 0xff,
            _ => 0,
        }
    }

    /// Appends samples as numbers, of which the loudest are -1 and 1.
    pub fn decode(self, bytes: &[u8], samples: &mut Vec<f32>) {
        match self {
            Self::U8 => samples.extend(bytes.iter().map(|byte| (f32::from(*byte) - 128.0) / 128.0)),
            Self::ALaw => samples.extend(bytes.iter().map(|byte| of_i16(a_law(*byte)))),
            Self::ULaw => samples.extend(bytes.iter().map(|byte| of_i16(u_law(*byte)))),
            Self::S16Le => each(bytes, samples, |sample| of_i16(i16::from_le_bytes(sample))),
            Self::S16Be => each(bytes, samples, |sample| of_i16(i16::from_be_bytes(sample))),
            Self::F32Le => each(bytes, samples, |sample| sane(f32::from_le_bytes(sample))),
            Self::F32Be => each(bytes, samples, |sample| sane(f32::from_be_bytes(sample))),
            Self::S32Le => each(bytes, samples, |sample| of_i32(i32::from_le_bytes(sample))),
            Self::S32Be => each(bytes, samples, |sample| of_i32(i32::from_be_bytes(sample))),
            Self::S24Le => each(bytes, samples, |[a, b, c]| of_i32(i32::from_le_bytes([0, a, b, c]))),
            Self::S24Be => each(bytes, samples, |[a, b, c]| of_i32(i32::from_be_bytes([a, b, c, 0]))),
            Self::S24In32Le => each(bytes, samples, |[a, b, c, _]| of_i32(i32::from_le_bytes([0, a, b, c]))),
            Self::S24In32Be => each(bytes, samples, |[_, a, b, c]| of_i32(i32::from_be_bytes([a, b, c, 0]))),
        }
    }
}

fn each<const N: usize>(bytes: &[u8], samples: &mut Vec<f32>, decode: impl Fn([u8; N]) -> f32) {
    samples.extend(bytes.as_chunks().0.iter().map(|sample| decode(*sample)));
}

fn of_i16(sample: i16) -> f32 {
    f32::from(sample) / 32_768.0
}

#[allow(clippy::cast_precision_loss, reason = "24 bits are kept, more are not to be heard")]
fn of_i32(sample: i32) -> f32 {
    sample as f32 / 2_147_483_648.0
}

fn sane(sample: f32) -> f32 {
    if sample.is_nan() { 0.0 } else { sample.clamp(-LOUDEST, LOUDEST) }
}

/// ITU-T G.711, table 1a, scaled to 16 bits.
fn a_law(byte: u8) -> i16 {
    let code = byte ^ 0x55;
    let (exponent, mantissa) = ((code >> 4) & 7, i16::from(code & 0x0f) << 4);
    let magnitude = if exponent == 0 { mantissa + 8 } else { (mantissa + 0x108) << (exponent - 1) };
    if code & 0x80 == 0 { -magnitude } else { magnitude }
}

/// ITU-T G.711, table 2a, scaled to 16 bits.
fn u_law(byte: u8) -> i16 {
    let code = !byte;
    let magnitude = (((i16::from(code & 0x0f) << 3) + 0x84) << ((code >> 4) & 7)) - 0x84;
    if code & 0x80 == 0 { magnitude } else { -magnitude }
}

/// What a stream's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Of a sample.
    pub format: Format,
    /// 1 to 32.
    pub channels: u8,
    /// Samples a second of each channel.
    pub rate: u32,
}

impl Spec {
    /// What no stream is faster than.
    pub const FASTEST: u32 = 384_000;

    /// A spec, if there can be such a stream.
    pub fn new(format: Format, channels: u8, rate: u32) -> Option<Self> {
        let possible = (1..=32).contains(&channels) && (1..=Self::FASTEST).contains(&rate);
        possible.then_some(Self { format, channels, rate })
    }

    /// Bytes of a sample of each channel.
    pub fn frame(&self) -> u32 {
        self.format.bytes() * u32::from(self.channels)
    }

    /// Samples a second of all channels.
    pub fn load(&self) -> u64 {
        u64::from(self.rate) * u64::from(self.channels)
    }

    /// How long whole samples of so many bytes play.
    pub fn duration(&self, bytes: u64) -> Duration {
        let frames = bytes / u64::from(self.frame());
        Duration::from_micros(u64::try_from(u128::from(frames) * 1_000_000 / u128::from(self.rate)).unwrap_or(u64::MAX))
    }

    /// Whole samples that play at least so long.
    pub fn bytes(&self, duration: Duration) -> u32 {
        let frames = (duration.as_micros() * u128::from(self.rate)).div_ceil(1_000_000);
        u32::try_from(frames * u128::from(self.frame())).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(format: Format, bytes: &[u8]) -> Vec<f32> {
        let mut samples = Vec::new();
        format.decode(bytes, &mut samples);
        samples
    }

    #[test]
    fn a_half_is_a_half_in_every_format() {
        let float = 0.5_f32;
        let halves: [(Format, &[u8]); 11] = [
            (Format::U8, &[0xc0]),
            (Format::S16Le, &[0, 0x40]),
            (Format::S16Be, &[0x40, 0]),
            (Format::F32Le, &float.to_le_bytes()),
            (Format::F32Be, &float.to_be_bytes()),
            (Format::S32Le, &[0, 0, 0, 0x40]),
            (Format::S32Be, &[0x40, 0, 0, 0]),
            (Format::S24Le, &[0, 0, 0x40]),
            (Format::S24Be, &[0x40, 0, 0]),
            (Format::S24In32Le, &[0, 0, 0x40, 0xaa]),
            (Format::S24In32Be, &[0xaa, 0x40, 0, 0]),
        ];
        for (format, bytes) in halves {
            assert_eq!(decoded(format, bytes), [0.5], "{format:?}");
        }
    }

    #[test]
    fn the_laws_are_those_of_g_711() {
        let a_law = [(0xd5, 8), (0x55, -8), (0xaa, 32_256), (0x2a, -32_256), (0xc5, 264), (0x85, 4224)];
        for (byte, sample) in a_law {
            assert_eq!(super::a_law(byte), sample, "{byte:x}");
        }
        let u_law = [(0xff, 0), (0x7f, 0), (0x80, 32_124), (0x00, -32_124), (0xfe, 8), (0xef, 132)];
        for (byte, sample) in u_law {
            assert_eq!(super::u_law(byte), sample, "{byte:x}");
        }
    }

    #[test]
    fn silence_is_silent() {
        for (format, name) in ALL {
            let bytes = vec![format.silence(); usize::try_from(format.bytes()).unwrap()];
            assert!(decoded(format, &bytes).iter().all(|sample| sample.abs() < 0.001), "{name}");
        }
    }

    #[test]
    fn what_is_no_number_is_not_passed_on() {
        for wrong in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, f32::MAX] {
            assert!(decoded(Format::F32Le, &wrong.to_le_bytes()).iter().all(|sample| sample.abs() <= LOUDEST));
        }
    }

    #[test]
    fn names_and_numbers_go_both_ways() {
        for (format, name) in ALL {
            assert_eq!(Format::from_number(format.number()), Some(format));
            assert_eq!((Format::from_name(name), format.name()), (Some(format), name));
        }
        assert_eq!((Format::from_number(13), Format::from_name("s8")), (None, None));
    }

    #[test]
    fn bytes_and_durations_agree() {
        let spec = Spec::new(Format::S16Le, 2, 44_100).unwrap();
        assert_eq!(spec.bytes(Duration::from_millis(10)), 441 * 4);
        assert_eq!(spec.duration(441 * 4 + 3), Duration::from_millis(10));
        assert_eq!(spec.bytes(Duration::from_micros(1)), 4);
        assert_eq!(spec.bytes(Duration::MAX), u32::MAX);
        assert!(spec.duration(u64::MAX) > Duration::from_secs(1));
    }
}
