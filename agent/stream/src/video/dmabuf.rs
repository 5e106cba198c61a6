//! Pictures that stay on the graphics card. Not tried on hardware.
//!
//! The compositor copies into a buffer that is allocated on the card, and VA-API converts and encodes from it.

use crate::sys;
use anyhow::Context;
use gbm::{BufferObjectFlags, Device, Format, Modifier};
use gstreamer::Buffer;
use gstreamer_video::{VideoFormat, VideoFrameFlags, VideoMeta};
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::SeekFrom;
use rustix::io::retry_on_intr;
use std::fmt;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// The kinds of pixels that are taken, the best first.
const FORMATS: [Format; 4] = [Format::Xrgb8888, Format::Xbgr8888, Format::Argb8888, Format::Abgr8888];

/// Where rows begin is said for these pixels, and never for those of the caps.
///
/// `GStreamer` copies a picture that it cannot import as if it lay in memory row after row, and that would show nonsense.
/// It refuses to where the two differ, so that not being imported is an error. An import does not look at them.
const OPAQUE: VideoFormat = VideoFormat::Gray8;

/// For the card to draw what the compositor told it to.
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 500_000_000 };

/// How pixels lie in a buffer of a graphics card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DrmFormat {
    /// Of `drm_fourcc.h`.
    pub(crate) fourcc: u32,
    /// The same; 0 is row after row.
    pub(crate) modifier: u64,
}

/// As in `GStreamer`'s caps, such as `XR24:0x0100000000000002`; row after row without the number.
impl fmt::Display for DrmFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self.fourcc.to_le_bytes();
        let code = String::from_utf8_lossy(&code);
        if self.modifier == 0 { f.write_str(&code) } else { write!(f, "{code}:0x{:016x}", self.modifier) }
    }
}

impl FromStr for DrmFormat {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (code, modifier) = text.split_once(':').unwrap_or((text, "0x0"));
        let code: [u8; 4] = code.as_bytes().try_into().with_context(|| format!("{text:?} has no code of 4 letters"))?;
        let digits = modifier.strip_prefix("0x").with_context(|| format!("{text:?} has no modifier"))?;
        Ok(Self { fourcc: u32::from_le_bytes(code), modifier: u64::from_str_radix(digits, 16)? })
    }
}

/// What is offered and taken: the pixels and their possible places. `wanted`: such pixels only; 0: any. `plain`: not
/// in several planes, as compressed pixels are, which the import into VA-API does not know.
///
/// Without those whose place only the driver knows, as another driver would have to guess it.
fn common(
    offered: &[DrmFormat],
    taken: &[DrmFormat],
    wanted: u32,
    plain: impl Fn(Format, u64) -> bool,
) -> Option<(Format, Vec<u64>)> {
    let invalid = u64::from(Modifier::Invalid);
    let modifiers = |format: Format| {
        let same = |drm: &&DrmFormat| drm.fourcc == format as u32 && drm.modifier != invalid && taken.contains(drm);
        let found = offered.iter().filter(same).map(|drm| drm.modifier);
        found.filter(|modifier| plain(format, *modifier)).collect::<Vec<_>>()
    };
    let formats = FORMATS.into_iter().filter(|format| wanted == 0 || wanted == *format as u32);
    formats.map(|format| (format, modifiers(format))).find(|(_, found)| !found.is_empty())
}

/// A picture on the graphics card.
#[derive(Debug)]
pub(crate) struct GpuPicture {
    /// Its memory is always the same for the same buffer: what the driver makes of it is kept there.
    pub(crate) buffer: Buffer,
    pub(crate) drm: DrmFormat,
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Bytes from the begin of the memory.
    pub(crate) offset: u32,
    /// Bytes from row to row.
    pub(crate) stride: u32,
    pub(crate) fd: OwnedFd,
}

impl GpuPicture {
    pub(crate) fn new(
        fd: OwnedFd,
        drm: DrmFormat,
        [width, height]: [u32; 2],
        [offset, stride]: [u32; 2],
    ) -> anyhow::Result<Self> {
        let bytes = usize::try_from(rustix::fs::seek(&fd, SeekFrom::End(0)).context("the buffer has no size")?)?;
        let mut buffer = Buffer::new();
        let writable = buffer.get_mut().context("the buffer is in use")?;
        writable.append_memory(sys::gpu_memory(fd.try_clone().context("no descriptor")?, bytes)?);
        let (from, row) = (usize::try_from(offset)?, i32::try_from(stride)?);
        VideoMeta::add_full(writable, VideoFrameFlags::empty(), OPAQUE, width, height, &[from], &[row])?;
        Ok(Self { buffer, drm, width, height, offset, stride, fd })
    }

    /// Waits until the card has drawn it. Not every driver does that by itself before it encodes.
    pub(crate) fn drawn(&self) -> anyhow::Result<()> {
        let mut fds = [PollFd::new(&self.fd, PollFlags::IN)];
        let ready = retry_on_intr(|| rustix::event::poll(&mut fds, Some(&PATIENCE))).context("no events")?;
        anyhow::ensure!(ready == 1, "the graphics card does not finish the picture");
        Ok(())
    }
}

/// The graphics card on which buffers are allocated.
#[derive(Debug)]
pub(crate) struct Card {
    device: Device<File>,
    /// What the encoder takes.
    taken: Vec<DrmFormat>,
}

impl Card {
    pub(crate) fn open(node: &Path, taken: Vec<DrmFormat>) -> anyhow::Result<Self> {
        let file = open(node).with_context(|| node.display().to_string())?;
        Ok(Self { device: Device::new(file).context("no buffers on the graphics card")?, taken })
    }

    /// A buffer such as the compositor offers to fill.
    pub(crate) fn allocate(&self, offered: &[DrmFormat], wanted: u32, sides: [u32; 2]) -> anyhow::Result<GpuPicture> {
        let plain = |format, modifier: u64| self.device.format_modifier_plane_count(format, modifier.into()) == Some(1);
        let common = common(offered, &self.taken, wanted, plain);
        let (format, modifiers) = common.context("the compositor offers no pixels that the encoder takes")?;
        let modifiers = modifiers.into_iter().map(Modifier::from);
        let [width, height] = sides;
        let usage = BufferObjectFlags::RENDERING;
        let object = self.device.create_buffer_object_with_modifiers2::<()>(width, height, format, modifiers, usage);
        let object = object.context("no buffer on the graphics card")?;
        let [offset, stride] = [object.offset(0), object.stride()];
        // Not every version of GStreamer imports rows from where they begin.
        anyhow::ensure!(offset == 0 && Some(stride) == width.checked_mul(4), "the card pads rows of {width} pixels");
        let drm = DrmFormat { fourcc: format as u32, modifier: object.modifier().into() };
        // The descriptor keeps the memory; so no other thread calls the library.
        let fd = object.fd().context("the buffer cannot be passed on")?;
        GpuPicture::new(fd, drm, sides, [offset, stride])
    }
}

fn open(node: &Path) -> std::io::Result<File> {
    File::options().read(true).write(true).open(node)
}

/// Whether there is a graphics card that may be used.
pub(crate) fn present(nodes: &[PathBuf]) -> bool {
    nodes.iter().any(|node| open(node).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use gstreamer_allocators::DmaBufMemory;
    use gstreamer_video::{VideoFrameRef, VideoInfo};

    const TILED: u64 = 0x0100_0000_0000_0002;

    fn drm(text: &str) -> DrmFormat {
        text.parse().unwrap()
    }

    #[test]
    fn formats_are_written_as_gstreamer_does() {
        let tiled = DrmFormat { fourcc: Format::Xrgb8888 as u32, modifier: TILED };
        assert_eq!(tiled.to_string(), "XR24:0x0100000000000002");
        assert_eq!(drm("XR24:0x0100000000000002"), tiled);
        assert_eq!(drm("XR24"), DrmFormat { modifier: 0, ..tiled });
        assert_eq!(drm("XR24").to_string(), "XR24");
        for wrong in ["", "XR2", "XR24:", "XR24:1", "XR24:0xg", "NV12X"] {
            assert!(wrong.parse::<DrmFormat>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_both_know_is_taken() {
        let offered =
            ["AR24:0x0100000000000002", "XR24", "XR24:0x0100000000000002", "XR24:0x0100000000000004"].map(drm);
        let taken = ["NV12", "AR24:0x0100000000000002", "XR24:0x0100000000000002", "XR24"].map(drm);
        assert_eq!(common(&offered, &taken, 0, |_, _| true), Some((Format::Xrgb8888, vec![0, TILED])));
        assert_eq!(
            common(&offered, &taken, Format::Argb8888 as u32, |_, _| true),
            Some((Format::Argb8888, vec![TILED]))
        );
        assert_eq!(common(&offered, &taken, Format::Abgr8888 as u32, |_, _| true), None);
        assert_eq!(common(&offered, &taken, Format::Nv12 as u32, |_, _| true), None, "not for a display");
        assert_eq!(common(&offered, &[], 0, |_, _| true), None);
        let linear = common(&offered, &taken, 0, |_, modifier| modifier == 0);
        assert_eq!(linear, Some((Format::Xrgb8888, vec![0])), "no compressed pixels");
        let other = common(&offered, &taken, 0, |format, _| format == Format::Argb8888);
        assert_eq!(other, Some((Format::Argb8888, vec![TILED])));
    }

    #[test]
    fn a_place_that_only_the_driver_knows_is_not_taken() {
        let implicit = [DrmFormat { fourcc: Format::Xrgb8888 as u32, modifier: Modifier::Invalid.into() }];
        assert_eq!(common(&implicit, &implicit, 0, |_, _| true), None);
    }

    #[test]
    fn gstreamer_is_told_where_the_rows_are() {
        gstreamer::init().unwrap();
        let file = tempfile::tempfile().unwrap();
        file.set_len(64 * 1024).unwrap();
        let picture = GpuPicture::new(file.into(), drm("XR24"), [100, 60], [4096, 512]).unwrap();
        picture.drawn().unwrap();
        let copy = picture.buffer.copy();
        assert_eq!(copy.size(), 64 * 1024);
        let memory = copy.peek_memory(0);
        assert!(memory.downcast_memory_ref::<DmaBufMemory>().is_some());
        assert_eq!(memory.as_ptr(), picture.buffer.peek_memory(0).as_ptr(), "each picture has the same memory");
        let meta = copy.meta::<VideoMeta>().unwrap();
        assert_eq!((meta.width(), meta.height(), meta.offset(), meta.stride()), (100, 60, &[4096][..], &[512][..]));
    }

    /// `GStreamer` says that it refuses; this is no failure.
    #[test]
    fn a_picture_that_is_not_imported_is_not_copied_either() {
        gstreamer::init().unwrap();
        let file = tempfile::tempfile().unwrap();
        file.set_len(64 * 1024).unwrap();
        let picture = GpuPicture::new(file.into(), drm("XR24"), [64, 32], [0, 256]).unwrap();
        for (format, copied) in [(VideoFormat::Bgrx, false), (VideoFormat::Rgba, false), (OPAQUE, true)] {
            let info = VideoInfo::builder(format, 64, 32).build().unwrap();
            assert_eq!(VideoFrameRef::from_buffer_ref_readable(&picture.buffer, &info).is_ok(), copied, "{format:?}");
        }
    }

    #[test]
    fn a_card_that_cannot_be_opened_is_none() {
        assert!(!present(&[]) && !present(&[PathBuf::from("/nonexistent/renderD128")]));
        assert!(present(&[PathBuf::from("/dev/null")]));
        assert!(Card::open(Path::new("/nonexistent/renderD128"), Vec::new()).is_err());
    }
}
