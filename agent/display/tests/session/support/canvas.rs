//! Pictures: what programs draw, and what arrives of it.

use dillinger_display::picture::convert::{Pixels, convert};
use dillinger_ring::planes::Planes;
use std::fmt;
use wayland_client::protocol::wl_shm::Format;

/// Blue, green, red, and premultiplied alpha.
pub(crate) type Pixel = [u8; 4];

pub(crate) const BLACK: Pixel = [0, 0, 0, 255];
pub(crate) const WHITE: Pixel = [255; 4];
pub(crate) const RED: Pixel = [0, 0, 255, 255];
pub(crate) const GREEN: Pixel = [0, 255, 0, 255];
pub(crate) const BLUE: Pixel = [255, 0, 0, 255];

/// Something drawn.
#[derive(Debug, Clone)]
pub(crate) struct Canvas {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pixels: Vec<Pixel>,
}

impl Canvas {
    /// All of one colour.
    pub(crate) fn of(pixel: Pixel, width: u32, height: u32) -> Self {
        Self { width, height, pixels: vec![pixel; (width * height) as usize] }
    }

    /// Of these pixels, row by row.
    pub(crate) fn from_pixels(width: u32, height: u32, pixels: Vec<Pixel>) -> Self {
        Self { width, height, pixels }
    }

    /// No two pixels beside each other are alike, right to the edges.
    pub(crate) fn noise(seed: u32, width: u32, height: u32) -> Self {
        let mut state = seed.wrapping_mul(2_654_435_761) | 1;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            let [blue, green, red, _] = state.to_le_bytes();
            [blue, green, red, 255]
        };
        Self { width, height, pixels: (0..width * height).map(|_| next()).collect() }
    }

    /// As another alpha has it.
    pub(crate) fn faded(mut self, alpha: u8) -> Self {
        for pixel in &mut self.pixels {
            *pixel = pixel.map(|channel| part(channel, alpha));
        }
        self
    }

    /// Another drawing over this one, with its corner there.
    pub(crate) fn over(mut self, top: &Self, (left, top_row): (i32, i32)) -> Self {
        for (index, ink) in (0u32..).zip(&top.pixels) {
            let place = [index % top.width, index / top.width].map(u32::cast_signed);
            let (x, y) = (left + place[0], top_row + place[1]);
            let inside = (0..self.width.cast_signed()).contains(&x) && (0..self.height.cast_signed()).contains(&y);
            if inside {
                let below = &mut self.pixels[(y.cast_unsigned() * self.width + x.cast_unsigned()) as usize];
                let kept = below.map(|channel| part(channel, 255 - ink[3]));
                *below = std::array::from_fn(|channel| ink[channel].saturating_add(kept[channel]));
            }
        }
        self
    }

    /// A part of it.
    pub(crate) fn part(&self, (left, top): (u32, u32), width: u32, height: u32) -> Self {
        let pixel = |index: u32| {
            let (x, y) = (left + index % width, top + index / width);
            self.pixels[(y * self.width + x) as usize]
        };
        Self { width, height, pixels: (0..width * height).map(pixel).collect() }
    }

    /// As a buffer has it, with rows of this many bytes.
    pub(crate) fn bytes(&self, format: Format, stride: u32) -> Vec<u8> {
        let red_first = matches!(format, Format::Xbgr8888 | Format::Abgr8888);
        // What is not to be looked at.
        let padding = vec![0x5a; (stride - self.width * 4) as usize];
        let mut bytes = Vec::with_capacity((stride * self.height) as usize);
        for row in self.pixels.chunks_exact(self.width as usize) {
            for [blue, green, red, alpha] in row.iter().copied() {
                bytes.extend(if red_first { [red, green, blue, alpha] } else { [blue, green, red, alpha] });
            }
            bytes.extend(&padding);
        }
        bytes
    }

    /// As the streamer has it.
    pub(crate) fn picture(&self) -> Picture {
        let planes = Planes::new(self.width, self.height).unwrap();
        let (stride, red_first) = (self.width * 4, false);
        let bytes = self.bytes(Format::Xrgb8888, stride);
        let pixels = Pixels { bytes: &bytes, width: self.width, height: self.height, stride, red_first };
        let mut picture = vec![0; planes.bytes()];
        convert(pixels, planes, &mut picture).unwrap();
        Picture { planes, bytes: picture, time: 0, slot: 0 }
    }
}

/// So much of a colour.
fn part(channel: u8, alpha: u8) -> u8 {
    u8::try_from((u16::from(channel) * u16::from(alpha) + 127) / 255).unwrap()
}

/// A picture as the streamer got it.
#[derive(Clone)]
pub(crate) struct Picture {
    pub(crate) planes: Planes,
    pub(crate) bytes: Vec<u8>,
    /// When the game committed it, nanoseconds.
    pub(crate) time: u64,
    pub(crate) slot: u32,
}

impl Picture {
    pub(crate) fn size(&self) -> (u32, u32) {
        (self.planes.width(), self.planes.height())
    }

    /// The first place where another picture differs by more than this.
    pub(crate) fn difference(&self, other: &Self, most: u8) -> Option<String> {
        self.difference_within(other, most, 0)
    }

    /// The same without so many pixels at each edge.
    pub(crate) fn difference_within(&self, other: &Self, most: u8, edge: usize) -> Option<String> {
        if self.size() != other.size() {
            return Some(format!("{:?} instead of {:?}", self.size(), other.size()));
        }
        let (width, half) = (self.planes.width(), self.planes.width() / 2);
        let (luma, chroma) = ((self.planes.luma_stride(), width), (self.planes.chroma_stride(), half));
        let ours = self.planes.split(&self.bytes).unwrap();
        let theirs = other.planes.split(&other.bytes).unwrap();
        for (plane, (stride, width)) in [luma, chroma, chroma].into_iter().enumerate() {
            let edge = if plane == 0 { edge } else { edge / 2 };
            let rows = ours[plane].chunks_exact(stride as usize).zip(theirs[plane].chunks_exact(stride as usize));
            let height = rows.len();
            for (y, (ours, theirs)) in rows.enumerate().take(height - edge).skip(edge) {
                let mut pairs = ours.iter().zip(theirs).enumerate().take(width as usize - edge).skip(edge);
                if let Some((x, _)) = pairs.find(|(_, (one, other))| one.abs_diff(**other) > most) {
                    let (is, was) = (ours[x], theirs[x]);
                    return Some(format!("plane {plane} at {x},{y} is {is} instead of {was}"));
                }
            }
        }
        None
    }

    /// Exactly this was drawn.
    pub(crate) fn is(&self, canvas: &Canvas) -> bool {
        self.difference(&canvas.picture(), 0).is_none()
    }
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let luma = self.planes.luma_stride();
        let (middle, u) = (luma * (self.planes.height() / 2) + self.planes.width() / 2, self.planes.ranges()[1].start);
        write!(f, "{:?} luma {} {} chroma {}", self.size(), self.bytes[0], self.bytes[middle as usize], self.bytes[u])
    }
}
