//! The command line.

use clap::{Parser, ValueEnum};
use std::path::PathBuf;

/// The frame rate of a stream if nothing else is said: what browsers show on most screens.
const FRAME_RATE: u32 = 60;

/// Shows the display of a session to web browsers.
#[derive(Debug, Clone, Parser)]
#[command(name = "dillinger-stream", version)]
pub struct Args {
    /// Where the sockets are made for the agent, the display server (`display/socket`) and the sound server (`sound/socket`)
    #[arg(long, value_name = "DIRECTORY")]
    pub directory: PathBuf,
    /// Pixels; even
    #[arg(long, value_name = "PIXELS", value_parser = width)]
    pub width: u32,
    /// Pixels; even
    #[arg(long, value_name = "PIXELS", value_parser = height)]
    pub height: u32,
    /// How often the display shows a new picture
    #[arg(long, value_name = "HZ", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=240))]
    pub refresh_rate: u32,
    /// The most pictures a second that are sent, of those that the display shows
    #[arg(long, value_name = "FRAMES", default_value_t = FRAME_RATE, value_parser = clap::value_parser!(u32).range(1..=240))]
    pub frame_rate: u32,
    /// No sound server
    #[arg(long)]
    pub no_audio: bool,
    /// Text goes between the clipboards of players and game
    #[arg(long)]
    pub clipboard: bool,
    /// Instead of the best that works
    #[arg(long, value_enum, default_value_t = Encoder::Auto)]
    pub encoder: Encoder,
    /// Bits a second; by default fitting for size and frame rate
    #[arg(long, value_name = "BITS", value_parser = clap::value_parser!(u64).range(100_000..=1_000_000_000))]
    pub max_bitrate: Option<u64>,
}

/// What can be asked for with `--encoder`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Encoder {
    /// The first that really encodes.
    Auto,
    /// NVIDIA's.
    Nvenc,
    /// AMD's and Intel's.
    Vaapi,
    /// x264, on the processor.
    X264,
    /// Cisco's, on the processor.
    Openh264,
    /// libvpx, on the processor.
    Vp8,
}

fn width(text: &str) -> Result<u32, String> {
    pixels(text, 7680)
}

fn height(text: &str) -> Result<u32, String> {
    pixels(text, 4320)
}

/// A side of the display: the chroma planes have half of it.
fn pixels(text: &str, most: u32) -> Result<u32, String> {
    text.parse()
        .ok()
        .filter(|side: &u32| (16..=most).contains(side) && side.is_multiple_of(2))
        .ok_or_else(|| format!("not an even number from 16 to {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(more: &[&str]) -> Result<Args, clap::Error> {
        let base = ["dillinger-stream", "--directory", "/run/streamer", "--width", "1280", "--height", "720"];
        Args::try_parse_from(base.iter().chain(more))
    }

    #[test]
    fn what_is_left_out_has_a_default() {
        let args = parse(&[]).unwrap();
        assert_eq!((args.width, args.height, args.refresh_rate, args.frame_rate), (1280, 720, 60, 60));
        assert_eq!((args.encoder, args.max_bitrate), (Encoder::Auto, None));
        assert!(!args.no_audio && !args.clipboard);
    }

    #[test]
    fn all_that_the_agent_may_say() {
        let args = parse(&[
            "--refresh-rate",
            "120",
            "--no-audio",
            "--clipboard",
            "--encoder",
            "vp8",
            "--max-bitrate",
            "8000000",
        ])
        .unwrap();
        assert_eq!((args.refresh_rate, args.encoder, args.max_bitrate), (120, Encoder::Vp8, Some(8_000_000)));
        assert!(args.no_audio && args.clipboard);
    }

    #[test]
    fn a_display_that_cannot_be_is_refused() {
        for (name, value) in [
            ("--width", "1281"),
            ("--width", "14"),
            ("--width", "7682"),
            ("--height", "4322"),
            ("--height", "-2"),
            ("--refresh-rate", "0"),
            ("--refresh-rate", "241"),
            ("--encoder", "best"),
            ("--max-bitrate", "1"),
        ] {
            let base = ["dillinger-stream", "--directory", "/run/streamer"];
            let rest = [["--width", "1280"], ["--height", "720"]];
            let args = base.into_iter().chain(rest.into_iter().filter(|r| r[0] != name).flatten()).chain([name, value]);
            assert!(Args::try_parse_from(args).is_err(), "{name} {value}");
        }
    }
}
