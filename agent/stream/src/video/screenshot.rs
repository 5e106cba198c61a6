//! A picture as a PNG file.

use super::capture::Frame;
use super::convert::pixels;
use anyhow::Context;
use png::{BitDepth, ColorType, Compression, Encoder};

/// The display's picture as PNG, 8 bits a colour, without transparency.
pub(super) fn png(frame: &Frame) -> anyhow::Result<Vec<u8>> {
    let planes = frame.pixels.planes();
    encode(&pixels((*frame.pixels).as_ref(), planes)?, planes.width(), planes.height())
}

fn encode(rgb: &[u8], width: u32, height: u32) -> anyhow::Result<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, width, height);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    let mut writer = encoder.write_header().context("no PNG file")?;
    writer.write_image_data(rgb).context("no PNG file")?;
    writer.finish().context("no PNG file")?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_colours_come_back() {
        let rgb = [0x10, 0x80, 0xff, 3, 2, 1, 6, 5, 4, 9, 8, 7];
        let file = encode(&rgb, 2, 2).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height, info.color_type), (2, 2, ColorType::Rgb));
        assert_eq!(pixels, rgb);
    }
}
