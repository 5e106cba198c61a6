//! How programs are run with the image's Wine, a Wine build of the host or a Proton build of the host.

use anyhow::Context;
use dillinger_runner_core::wine::{BUILD_DIRECTORY, Launch, PREFIX_DIRECTORY, Tool};
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The image's own Wine.
const IMAGE_LOADER: &str = "/usr/bin/wine";
/// Would put the programs of the prefix into a menu that nobody sees.
const MENUS: (&str, &str) = ("winemenubuilder.exe", "d");
/// Libraries that ask in a dialog whether Mono or Gecko should be downloaded, where a build does not have it there.
const DOWNLOADS: [(&str, &str); 2] = [("mscoree", "share/wine/mono"), ("mshtml", "share/wine/gecko")];
/// What DXVK replaces.
pub(crate) const DXVK: [&str; 5] = ["d3d8", "d3d9", "d3d10core", "d3d11", "dxgi"];

/// What runs Windows programs, in one prefix.
#[derive(Debug, Clone)]
pub struct Wine {
    tool: Tool,
    /// Wine's own loader or Proton's script.
    program: PathBuf,
    /// The build of the host, if it is one.
    build: Option<PathBuf>,
    prefix: PathBuf,
}

impl Wine {
    /// Finds the program.
    ///
    /// # Errors
    ///
    /// A build without it.
    pub fn find(launch: &Launch) -> anyhow::Result<Self> {
        let build = launch.host_build.then(|| PathBuf::from(BUILD_DIRECTORY));
        let candidates = match (launch.tool, &build) {
            (Tool::Proton, _) => vec![Path::new(BUILD_DIRECTORY).join("proton")],
            // In builds with two loaders `wine` is the one that needs libraries of 32 bits.
            (Tool::Wine, Some(build)) => vec![build.join("bin/wine64"), build.join("bin/wine")],
            (Tool::Wine, None) => vec![PathBuf::from(IMAGE_LOADER)],
        };
        let program = candidates.iter().find(|path| path.is_file()).cloned();
        let program = program.with_context(|| {
            let names: Vec<_> = candidates.iter().map(|path| path.display().to_string()).collect();
            format!("there is no {}", names.join(" and no "))
        })?;
        let prefix = match launch.tool {
            Tool::Wine => env::var_os("WINEPREFIX").map_or_else(|| PREFIX_DIRECTORY.into(), PathBuf::from),
            Tool::Proton => {
                let data = env::var_os("STEAM_COMPAT_DATA_PATH");
                data.map_or_else(|| PREFIX_DIRECTORY.into(), PathBuf::from).join("pfx")
            }
        };
        Ok(Self { tool: launch.tool, program, build, prefix })
    }

    /// The Wine prefix: the directory that has `drive_c`.
    pub fn prefix(&self) -> &Path {
        &self.prefix
    }

    /// Whether this is Proton, which makes and migrates its prefix by itself and has its own DXVK.
    pub fn is_proton(&self) -> bool {
        self.tool == Tool::Proton
    }

    /// A program of Windows that prepares the prefix. Its output is not the game's.
    pub fn command<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> Command {
        let mut command = self.base("run");
        command.args(arguments).stdin(Stdio::null());
        let missing = DOWNLOADS.iter().filter(|(_, directory)| self.file(&[directory]).is_none());
        let disabled = missing.map(|(library, _)| (*library, "d")).chain([MENUS]);
        command.env("WINEDLLOVERRIDES", overrides(env::var_os("WINEDLLOVERRIDES"), disabled));
        command
    }

    /// The program that starts the game, in a prefix that has DXVK or not.
    pub fn session<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>, dxvk: bool) -> Command {
        let mut command = self.base("waitforexitandrun");
        command.args(arguments).stdin(Stdio::piped());
        let libraries = DXVK.iter().filter(|_| dxvk && !self.is_proton()).map(|name| (*name, "n,b"));
        command.env("WINEDLLOVERRIDES", overrides(env::var_os("WINEDLLOVERRIDES"), libraries.chain([MENUS])));
        command
    }

    fn base(&self, verb: &str) -> Command {
        let mut command = Command::new(&self.program);
        match self.tool {
            Tool::Proton => {
                command.arg(verb);
            }
            Tool::Wine => {
                command.env("WINEPREFIX", &self.prefix);
            }
        }
        command
    }

    /// Wine's own files below a directory that differs between builds, such as `share/wine/wine.inf`.
    pub fn file(&self, candidates: &[&str]) -> Option<PathBuf> {
        let roots = match &self.build {
            Some(build) => vec![build.clone(), build.join("files"), build.join("dist")],
            None => vec![PathBuf::from("/usr")],
        };
        let paths = roots.iter().flat_map(|root| candidates.iter().map(|candidate| root.join(candidate)));
        paths.into_iter().find(|path| path.exists())
    }

    /// `winetricks`, with this Wine.
    ///
    /// # Errors
    ///
    /// A build whose loader and server are not where winetricks could be told.
    pub fn winetricks(&self) -> anyhow::Result<Command> {
        let mut command = Command::new("winetricks");
        if self.build.is_some() {
            let loader = self.file(&["bin/wine64", "bin/wine"]).context("the build has no bin/wine for winetricks")?;
            let server = self.file(&["bin/wineserver"]).context("the build has no bin/wineserver for winetricks")?;
            command.env("WINE", loader).env("WINESERVER", server);
        }
        command.env("WINEPREFIX", &self.prefix).env("WINETRICKS_LATEST_VERSION_CHECK", "disabled");
        command.env("WINEDLLOVERRIDES", overrides(env::var_os("WINEDLLOVERRIDES"), [MENUS]));
        command.stdin(Stdio::null());
        Ok(command)
    }
}

/// `WINEDLLOVERRIDES` with these names and load orders, unless it says something of them already.
fn overrides<'a>(given: Option<OsString>, more: impl IntoIterator<Item = (&'a str, &'a str)>) -> OsString {
    let mut value = given.unwrap_or_default();
    let said = value.to_string_lossy().to_lowercase();
    let named = |name: &str| {
        let groups = said.split(';').filter_map(|group| group.split('=').next());
        groups.flat_map(|names| names.split(',')).any(|other| other.trim() == name)
    };
    for (name, order) in more.into_iter().filter(|(name, _)| !named(name)) {
        if !value.is_empty() {
            value.push(";");
        }
        value.push(format!("{name}={order}"));
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_player_says_of_a_library_stays() {
        let with = |given: &str| overrides(Some(given.into()), [("mscoree", "d"), MENUS]);
        assert_eq!(overrides(None, [("a", "n,b"), ("b", "d")]), "a=n,b;b=d");
        assert_eq!(with("d3d9=n,b"), "d3d9=n,b;mscoree=d;winemenubuilder.exe=d");
        assert_eq!(with("x,MSCoree=n"), "x,MSCoree=n;winemenubuilder.exe=d");
        assert_eq!(with("winemenubuilder.exe=b;mscoree=n"), "winemenubuilder.exe=b;mscoree=n");
    }
}
