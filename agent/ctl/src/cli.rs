//! The command line.

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;

mod prefix;
mod saves;
mod stream;
mod windows;

pub use prefix::{
    ExportArgs, ImportArgs, PrefixArgs, PrefixCommand, PrefixListArgs, RemoveArgs, RollbackArgs, SnapshotArgs,
};
pub use saves::{SavesCommand, SavesListArgs};
pub use stream::{DisconnectArgs, ResizeArgs, ScreenshotArgs, ViewersArgs, WatchArgs};
pub use windows::WindowsArgs;

/// Starts and controls game sessions of Dillinger Runner.
///
/// A session is one game in a rootless container, supervised by the user's systemd. ID is the id of a
/// session, or as many of its first digits as make it unique, four at least.
#[derive(Debug, Parser)]
#[command(name = "dillingerctl", version, max_term_width = 100, subcommand_required = true)]
pub struct Cli {
    /// Write JSON: one document, or one per line where output goes on
    #[arg(long, global = true)]
    pub json: bool,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The command with all its arguments, for completions and manual pages.
#[must_use]
pub fn command() -> clap::Command {
    Cli::command()
}

/// The sub-commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a game and print the id of its session
    Start(StartArgs),
    /// Start a game, show what it writes, and exit as it does
    ///
    /// The first interrupt (Ctrl-C) stops the game, the second kills it.
    Run(RunArgs),
    /// List sessions
    List(ListArgs),
    /// Show a session
    Show(ShowArgs),
    /// Stop sessions and wait for their end
    Stop(StopArgs),
    /// Send a signal to the game
    Kill(KillArgs),
    /// Freeze sessions
    Pause(IdsArgs),
    /// Thaw paused sessions
    Resume(IdsArgs),
    /// Change limits of a session that lives
    SetLimits(SetLimitsArgs),
    /// Show what a game wrote
    Logs(LogsArgs),
    /// Show what sessions use, again and again
    Top(TopArgs),
    /// Show a streamed session in a browser and play there
    ///
    /// Serves the player page on 127.0.0.1 until the session ends or an interrupt (Ctrl-C), and opens it. The link that
    /// is printed works once, in one browser of this user. The game goes on without it.
    Watch(WatchArgs),
    /// List the viewers of a streamed session
    Viewers(ViewersArgs),
    /// Cut viewers of a streamed session off
    Disconnect(DisconnectArgs),
    /// Give the display of a streamed session another mode
    Resize(ResizeArgs),
    /// Save what the display of a streamed session shows, as PNG
    Screenshot(ScreenshotArgs),
    /// Show what happens, as it happens
    Events,
    /// Show what start would do, and the exact units
    Explain(RequestArgs),
    /// List sessions that have ended
    Ended(EndedArgs),
    /// Work with the prefixes of Windows games
    #[command(subcommand)]
    Prefix(PrefixCommand),
    /// Work with saved games
    #[command(subcommand)]
    Saves(SavesCommand),
    /// List the Wine and Proton builds of this host
    Runners,
    /// Work with container images
    #[command(subcommand)]
    Images(ImagesCommand),
    /// Check what games need of this host
    ///
    /// The exit status is 1 if a check found an error. Podman is started if it
    /// does not run, and waited for up to 90 seconds; a check that gets no
    /// answer in time is unknown.
    Doctor,
    /// Show what this host can do
    Capabilities,
}

/// What to start.
#[derive(Debug, Args, Default)]
pub struct RequestArgs {
    /// Request file in TOML; "-" reads it from standard input. Options and COMMAND go over it
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,
    /// Id of the session, 32 hexadecimal digits or a UUID; the same request again then starts nothing
    #[arg(long)]
    pub id: Option<String>,
    /// Title of the game
    #[arg(long)]
    pub title: Option<String>,
    /// The caller's own name of the game
    #[arg(long)]
    pub game_id: Option<String>,
    /// Container image
    #[arg(long)]
    pub image: Option<String>,
    /// Podman volume, or host directory if it has a slash; the game finds it at /library
    #[arg(long, value_name = "VOLUME|DIRECTORY", value_hint = ValueHint::DirPath)]
    pub library: Option<String>,
    /// Environment variable; NAME alone takes the value of dillingerctl's own
    #[arg(long, short, value_name = "NAME[=VALUE]")]
    pub env: Vec<String>,
    /// Host path that the game sees; read-only unless rw
    #[arg(long, value_name = "SOURCE:TARGET[:ro|rw]")]
    pub mount: Vec<String>,
    /// What of the network the game sees: private, none or host
    #[arg(long)]
    pub network: Option<String>,
    /// Whether the game may make user namespaces, for a sandbox of its own: yes or no
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "yes", require_equals = true)]
    pub user_namespaces: Option<String>,
    /// Working directory in the container
    #[arg(long, short = 'w', value_name = "DIRECTORY")]
    pub cwd: Option<String>,
    /// Where the game shows: none, or stream for a display of its own that browsers show
    #[arg(long)]
    pub display: Option<String>,
    /// Width of that display in pixels
    #[arg(long, value_name = "PIXELS")]
    pub width: Option<u32>,
    /// Height of that display in pixels
    #[arg(long, value_name = "PIXELS")]
    pub height: Option<u32>,
    /// Frames per second of that display
    #[arg(long, value_name = "HZ")]
    pub refresh_rate: Option<u32>,
    /// Where the game sounds: auto or none
    #[arg(long)]
    pub audio: Option<String>,
    /// Whether the game has controllers that those of the viewers act on: yes or no
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "yes", require_equals = true)]
    pub gamepads: Option<String>,
    /// Whether viewers share the text of their clipboard with the game: yes or no
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "yes", require_equals = true)]
    pub clipboard: Option<String>,
    /// Whether a key or button lets the game draw at once, not at the display's next tick: yes or no
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "yes", require_equals = true)]
    pub frame_on_input: Option<String>,
    /// Whether a game's only window is the whole picture where it is smaller than the display: yes or no
    #[arg(long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "yes", require_equals = true)]
    pub fill_display: Option<String>,
    /// What happens to a streamed session that nobody watches: keep, pause or stop
    #[arg(long, value_name = "ACTION")]
    pub idle_action: Option<String>,
    /// Time without a viewer before that: 5min, 90s, infinity
    #[arg(long, value_name = "SPAN")]
    pub idle_timeout: Option<String>,
    /// The keys of Windows games.
    #[command(flatten)]
    pub windows: WindowsArgs,
    /// Any key of a request, with its value as in unit files: MemoryMax=2G, CPUQuota=150%,
    /// RuntimeMaxSec=1h
    #[arg(long, short, value_name = "KEY=VALUE")]
    pub property: Vec<String>,
    /// The program and its arguments; with --executable its arguments alone
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

/// Arguments of `start`.
#[derive(Debug, Args)]
pub struct StartArgs {
    /// Wait for the end of the session, and exit as the game does
    #[arg(long)]
    pub wait: bool,
    /// What to start.
    #[command(flatten)]
    pub request: RequestArgs,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Print neither the id nor how the game ended
    #[arg(long, short)]
    pub quiet: bool,
    /// What to start.
    #[command(flatten)]
    pub request: RequestArgs,
}

/// Arguments of `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Also those that have ended and are still kept
    #[arg(long, short)]
    pub all: bool,
    /// Print ids only
    #[arg(long, short)]
    pub quiet: bool,
    /// Print ids in full
    #[arg(long)]
    pub no_trunc: bool,
}

/// Arguments of `show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The session
    pub id: String,
    /// Print this property as NAME=value; may be given several times
    #[arg(long, short, value_name = "NAME", value_delimiter = ',')]
    pub property: Vec<String>,
    /// Print all properties as NAME=value
    #[arg(long, short, conflicts_with = "property")]
    pub all: bool,
    /// Print values without their names
    #[arg(long)]
    pub value: bool,
}

/// Arguments of `stop`.
#[derive(Debug, Args)]
pub struct StopArgs {
    /// The sessions
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<String>,
    /// Do not wait for the end
    #[arg(long)]
    pub no_block: bool,
}

/// Arguments of `kill`.
#[derive(Debug, Args)]
pub struct KillArgs {
    /// The sessions
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<String>,
    /// Name or number of the signal
    #[arg(long, short, default_value = "SIGTERM")]
    pub signal: String,
}

/// Arguments of commands that take sessions alone.
#[derive(Debug, Args)]
pub struct IdsArgs {
    /// The sessions
    #[arg(required = true, value_name = "ID")]
    pub ids: Vec<String>,
}

/// Arguments of `set-limits`.
#[derive(Debug, Args)]
pub struct SetLimitsArgs {
    /// The session
    pub id: String,
    /// Limits: MemoryMax=2G, CPUQuota=150%, TasksMax=100, AllowedCPUs=0-3; "infinity" takes one away
    #[arg(required = true, value_name = "KEY=VALUE")]
    pub limits: Vec<String>,
}

/// Arguments of `logs`.
#[derive(Debug, Args)]
pub struct LogsArgs {
    /// The session
    pub id: String,
    /// Go on with what is written from now, until the end of the session
    #[arg(long, short)]
    pub follow: bool,
    /// Begin with the last so many lines
    #[arg(long, short = 'n', value_name = "COUNT")]
    pub lines: Option<u32>,
    /// How lines look
    #[arg(long, short, value_enum, default_value_t)]
    pub output: LogFormat,
}

/// How lines of a log look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum LogFormat {
    /// With time and process, as journalctl
    #[default]
    Short,
    /// The text alone
    Cat,
    /// A JSON object per line
    Json,
}

/// Arguments of `top`.
#[derive(Debug, Args)]
pub struct TopArgs {
    /// Stop after so many tables
    #[arg(long, short = 'n', value_name = "COUNT")]
    pub count: Option<u64>,
    /// Time between two tables
    #[arg(long, short, value_name = "SPAN", default_value = "2s")]
    pub delay: String,
}

/// Arguments of `ended`.
#[derive(Debug, Args)]
pub struct EndedArgs {
    /// At most so many, the latest first
    #[arg(long, short = 'n', value_name = "COUNT")]
    pub lines: Option<u32>,
    /// Sessions of this game only
    #[arg(long)]
    pub game_id: Option<String>,
    /// Sessions that ended within this time only: 1h, 2d
    #[arg(long, value_name = "SPAN")]
    pub since: Option<String>,
    /// Print ids in full
    #[arg(long)]
    pub no_trunc: bool,
}

/// Sub-commands of `images`.
#[derive(Debug, Subcommand)]
pub enum ImagesCommand {
    /// Pull an image and prepare it for games, so that the first start takes no longer than others
    Prepare(PrepareArgs),
}

/// Arguments of `images prepare`.
#[derive(Debug, Args)]
pub struct PrepareArgs {
    /// Name of the image
    pub image: String,
    /// When to pull
    #[arg(long, value_enum, default_value_t)]
    pub pull: Pull,
    /// The Wine or Proton build of this host to make prefixes ready for, see "dillingerctl runners"; by default the Wine of
    /// the image
    #[arg(long, value_name = "BUILD")]
    pub runner_version: Option<String>,
}

/// When to pull an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Pull {
    /// If it is not there
    #[default]
    Missing,
    /// Even if it is there
    Always,
    /// Not at all
    Never,
}

impl Pull {
    /// The word of the contract.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Always => "always",
            Self::Never => "never",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        command().debug_assert();
    }

    #[test]
    fn json_may_stand_anywhere() {
        for args in [["dillingerctl", "--json", "list"], ["dillingerctl", "list", "--json"]] {
            assert!(Cli::try_parse_from(args).unwrap().json);
        }
        assert!(Cli::try_parse_from(["dillingerctl", "stop"]).is_err());
    }
}
