//! What is asked of the displays of streamed sessions.

use clap::{Args, ValueHint};
use std::path::PathBuf;

/// Arguments of `watch`.
#[derive(Debug, Args)]
pub struct WatchArgs {
    /// The session
    pub id: String,
    /// Only look: input is ignored
    #[arg(long)]
    pub spectator: bool,
    /// Keyboard layout that the page begins with, as xkb names it: us, de, "us(intl)"
    #[arg(long, value_name = "LAYOUT")]
    pub keyboard_layout: Option<String>,
    /// Only print the link
    #[arg(long)]
    pub no_browser: bool,
    /// TCP port of the page; 0 takes a free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub port: u16,
}

/// Arguments of `viewers`.
#[derive(Debug, Args)]
pub struct ViewersArgs {
    /// The session
    pub id: String,
    /// Print ids of viewers only
    #[arg(long, short)]
    pub quiet: bool,
    /// Print ids in full
    #[arg(long)]
    pub no_trunc: bool,
}

/// Arguments of `disconnect`.
#[derive(Debug, Args)]
pub struct DisconnectArgs {
    /// The session
    pub id: String,
    /// The viewers, by their ids or unique beginnings of them
    #[arg(required_unless_present = "all", value_name = "VIEWER")]
    pub viewers: Vec<String>,
    /// All viewers
    #[arg(long, short, conflicts_with = "viewers")]
    pub all: bool,
}

/// Arguments of `resize`.
#[derive(Debug, Args)]
pub struct ResizeArgs {
    /// The session
    pub id: String,
    /// The size in pixels, with or without a refresh rate in Hz: 1280x720, 1920x1080@30
    #[arg(value_name = "WIDTHxHEIGHT[@HZ]")]
    pub mode: String,
}

/// Arguments of `screenshot`.
#[derive(Debug, Args)]
pub struct ScreenshotArgs {
    /// The session
    pub id: String,
    /// Where to save it; "-" writes it to standard output, if that is no terminal
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
}
