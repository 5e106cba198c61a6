//! A picture as a PNG file.

use super::capture::{Content, Frame};
use super::convert::{Order, Picture};
use anyhow::Context;
use png::{BitDepth, ColorType, Compression, Encoder};

/// The display's picture as PNG, 8 bits a colour, without transparency.
pub(super) fn png(frame: &Frame) -> anyhow::Result<Vec<u8>> {
    match frame.content() {
        Content::Memory(picture) => encode(picture),
        Content::Gpu(_) => anyhow::bail!("the picture is on the graphics card"),
    }
}

fn encode(picture: Picture<'_>) -> anyhow::Result<Vec<u8>> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, picture.width, picture.height);
    encoder.set_color(ColorType::Rgb);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::Fast);
    let mut writer = encoder.write_header().context("no PNG file")?;
    writer.write_image_data(&rgb(picture)?).context("no PNG file")?;
    writer.finish().context("no PNG file")?;
    Ok(file)
}

fn rgb(picture: Picture<'_>) -> anyhow::Result<Vec<u8>> {
    let (row, height) = (picture.width as usize * 4, picture.height as usize);
    let mut rgb = Vec::with_capacity(row / 4 * 3 * height);
    for line in picture.bytes.chunks(picture.stride as usize).take(height) {
        let line = line.get(..row).context("the picture has fewer pixels than it says")?;
        for pixel in line.chunks_exact(4) {
            if let [a, b, c, _] = *pixel {
                rgb.extend(match picture.order {
                    Order::Bgrx => [c, b, a],
                    Order::Rgbx => [a, b, c],
                });
            }
        }
    }
    Ok(rgb)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_colours_come_back() {
        let bytes = [0xff, 0x80, 0x10, 0, 1, 2, 3, 0, 9, 9, 9, 9, 4, 5, 6, 0, 7, 8, 9, 0, 9, 9, 9, 9];
        let picture = Picture { bytes: &bytes, width: 2, height: 2, stride: 12, order: Order::Bgrx };
        let file = encode(picture).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height, info.color_type), (2, 2, ColorType::Rgb));
        assert_eq!(pixels, [0x10, 0x80, 0xff, 3, 2, 1, 6, 5, 4, 9, 8, 7]);
    }

    #[test]
    fn a_picture_that_is_too_short_is_an_error() {
        let picture = Picture { bytes: &[0; 10], width: 4, height: 4, stride: 16, order: Order::Rgbx };
        assert!(encode(picture).is_err());
    }
}
