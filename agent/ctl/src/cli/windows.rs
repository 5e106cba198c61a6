//! What is asked of Windows games.

use clap::Args;

/// The keys of Windows games.
#[derive(Debug, Args, Default)]
#[command(next_help_heading = "Windows games")]
pub struct WindowsArgs {
    /// What runs the game: native, wine or proton
    #[arg(long, value_name = "RUNNER")]
    pub runner: Option<String>,
    /// A Wine or Proton build of this host, see "dillingerctl runners"
    #[arg(long, value_name = "BUILD")]
    pub runner_version: Option<String>,
    /// The Windows program: below the library, D:\\… for the library, C:\\… for the prefix; what follows -- are then
    /// its arguments, and the runner is wine if none is named
    #[arg(long, short = 'x', value_name = "PROGRAM")]
    pub executable: Option<String>,
    /// Host directory of the prefix; by default one per game id
    #[arg(long, value_name = "DIRECTORY")]
    pub prefix: Option<String>,
    /// Host directory of the saves; by default one per game id
    #[arg(long, value_name = "DIRECTORY")]
    pub saves: Option<String>,
    /// game, or install for a setup program
    #[arg(long)]
    pub kind: Option<String>,
    /// Directory below the library that a setup program may write
    #[arg(long, value_name = "DIRECTORY")]
    pub install_directory: Option<String>,
    /// Version that Windows claims to be: win10, win7, winxp64
    #[arg(long, value_name = "VERSION")]
    pub windows_version: Option<String>,
    /// A virtual desktop of this size holds all windows
    #[arg(long, value_name = "WIDTHxHEIGHT")]
    pub virtual_desktop: Option<String>,
    /// Load order of a DLL: n,b b,n n b or nothing for none
    #[arg(long, value_name = "NAME=ORDER")]
    pub dll_override: Vec<String>,
    /// Value of the registry; the name @ is the key's default
    #[arg(long, value_name = "KEY\\NAME=DATA")]
    pub registry: Vec<String>,
    /// Direct3D 8 to 11 through DXVK: auto, on or off
    #[arg(long, value_name = "SWITCH")]
    pub dxvk: Option<String>,
    /// Verb of winetricks, applied once
    #[arg(long, value_name = "VERB")]
    pub winetricks: Vec<String>,
    /// Locale of the game: de_DE.UTF-8
    #[arg(long)]
    pub locale: Option<String>,
    /// Copy the prefix before the session
    #[arg(long)]
    pub snapshot: bool,
}
