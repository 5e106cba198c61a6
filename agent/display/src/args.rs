//! The command line.

use clap::Parser;
use clap::builder::TypedValueParser;
use dillinger_ring::planes::{HEIGHTS, REFRESH_RATES, WIDTHS};
use std::ops::RangeInclusive;
use std::path::PathBuf;

/// The display server of a session.
#[derive(Debug, Clone, Parser)]
#[command(name = "dillinger-display", version)]
pub struct Args {
    /// Where the socket `wayland-0` is made: the runtime directory of the session's programs
    #[arg(long, value_name = "DIRECTORY")]
    pub directory: PathBuf,
    /// The socket on which the streamer listens for this server
    #[arg(long, value_name = "SOCKET")]
    pub streamer: PathBuf,
    /// Pixels; even
    #[arg(long, value_name = "PIXELS", value_parser = side(WIDTHS))]
    pub width: u32,
    /// Pixels; even
    #[arg(long, value_name = "PIXELS", value_parser = side(HEIGHTS))]
    pub height: u32,
    /// How often programs are asked for a new picture
    #[arg(long, value_name = "HZ", default_value_t = 60, value_parser = range(REFRESH_RATES))]
    pub refresh_rate: u32,
    /// The number of the X display
    #[arg(long, value_name = "NUMBER", default_value_t = 0, hide = true)]
    pub x11_number: u32,
    /// Text goes between the clipboards of players and programs
    #[arg(long)]
    pub clipboard: bool,
    /// A key or a button does not let a game draw at once: its next picture waits for the display's next tick
    #[arg(long)]
    pub no_frame_on_input: bool,
    /// A lone window that is smaller than the display is shown in its middle, and is not the whole picture
    #[arg(long)]
    pub no_fill_display: bool,
}

/// A side of the display: the chroma planes have half of it.
fn side(sides: RangeInclusive<u32>) -> impl TypedValueParser<Value = u32> {
    range(sides).try_map(|side| if side.is_multiple_of(2) { Ok(side) } else { Err("not an even number") })
}

fn range(range: RangeInclusive<u32>) -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(i64::from(*range.start())..=i64::from(*range.end()))
}
