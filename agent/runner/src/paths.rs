//! Where the agent's files are.

use anyhow::{Context, Result, ensure};
use dillinger_runner_core::plan::WINE_DIRECTORY;
use std::env;
use std::path::{Path, PathBuf};

/// Where the agent finds what it reads and writes.
#[derive(Debug, Clone)]
pub struct Paths {
    /// The root of the file system below which the host is looked at: `/`.
    pub root: PathBuf,
    /// `$XDG_RUNTIME_DIR`.
    pub runtime: PathBuf,
    /// `$XDG_STATE_HOME/dillinger-runner`.
    pub state: PathBuf,
    /// Directories with settings, the weakest first.
    pub settings: Vec<PathBuf>,
    /// Directories with Wine and Proton builds, the user's own first.
    pub builds: Vec<PathBuf>,
    /// The agent's own executable.
    pub agent: PathBuf,
    /// Podman's generator (`$QUADLET`); `None` looks in the usual places.
    pub generator: Option<PathBuf>,
}

impl Paths {
    /// The paths of this user, from the environment
    /// (XDG Base Directory Specification).
    ///
    /// # Errors
    /// `$XDG_RUNTIME_DIR` or `$HOME` is missing or not absolute.
    pub fn from_environment() -> Result<Self> {
        let home = absolute("HOME")?;
        let or_home = |name: &str, below: &str| absolute(name).unwrap_or_else(|_| home.join(below));
        let agent = env::current_exe().context("finding the agent's own executable")?;
        Ok(Self {
            root: PathBuf::from("/"),
            runtime: absolute("XDG_RUNTIME_DIR")?,
            state: or_home("XDG_STATE_HOME", ".local/state").join("dillinger-runner"),
            settings: vec![
                share(&agent).join("dillinger"),
                PathBuf::from("/etc/dillinger"),
                or_home("XDG_CONFIG_HOME", ".config").join("dillinger"),
            ],
            builds: [or_home("XDG_DATA_HOME", ".local/share"), share(&agent)]
                .into_iter()
                .chain(["/usr/local/share", "/usr/share"].map(PathBuf::from))
                .map(|data| data.join("dillinger/builds"))
                .collect(),
            agent,
            generator: env::var_os("QUADLET").map(PathBuf::from),
        })
    }

    /// Directory of the seccomp profiles, below the prefix of the installation.
    pub fn seccomp(&self) -> PathBuf {
        share(&self.agent).join("dillinger/seccomp")
    }

    /// Private directory of one session, gone after a logout.
    pub fn session(&self, id: impl std::fmt::Display) -> PathBuf {
        self.sessions().join(id.to_string())
    }

    /// What a Windows session shares with its supervisor.
    pub fn windows(&self, id: impl std::fmt::Display) -> PathBuf {
        self.all_windows().join(id.to_string())
    }

    /// Where what Windows sessions share with their supervisors is.
    pub fn all_windows(&self) -> PathBuf {
        self.state.join(WINE_DIRECTORY)
    }

    /// Where the private directories of sessions are.
    pub fn sessions(&self) -> PathBuf {
        self.runtime.join("dillinger/sessions")
    }

    /// Where systemd reads unit files that last until the logout
    /// (systemd.unit(5), "User Unit Search Path").
    pub fn units(&self) -> PathBuf {
        self.runtime.join("systemd/user")
    }

    /// Where `SetUnitProperties` keeps its drop-ins until the logout.
    pub fn control(&self) -> PathBuf {
        self.runtime.join("systemd/user.control")
    }

    /// Where Podman's tools look for Quadlets that last until the logout.
    pub fn quadlets(&self) -> PathBuf {
        self.runtime.join("containers/systemd")
    }

    /// Where the saves of games without a `Saves` key are.
    pub fn saves(&self) -> PathBuf {
        self.state.join("saves")
    }
}

fn absolute(name: &str) -> Result<PathBuf> {
    let value = env::var_os(name).with_context(|| format!("${name} is not set"))?;
    let path = PathBuf::from(value);
    ensure!(path.is_absolute(), "${name} is {}, expected an absolute path", path.display());
    Ok(path)
}

/// The data installed with this executable:
/// `<prefix>/libexec/dillinger-runner/dillinger-runner` has it in
/// `<prefix>/share`.
fn share(agent: &Path) -> PathBuf {
    agent.ancestors().nth(3).unwrap_or(Path::new("/usr")).join("share")
}
