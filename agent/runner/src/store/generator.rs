//! Podman's own Quadlet generator, run on one session's Quadlets alone.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// A generator that takes longer than this hangs; it needs milliseconds.
const DEADLINE: Duration = Duration::from_secs(20);
/// The most of its messages that an error repeats, in bytes.
const MESSAGE_MAX: usize = 2000;

/// Where an administrator puts drop-ins for all containers of all users
/// (podman-systemd.unit(5), "Podman rootless unit search path").
const ADMIN_DIRECTORIES: [&str; 2] = ["/etc/containers/systemd/users", "/usr/share/containers/systemd/users"];

/// Why unit files could not be generated.
#[derive(Debug, thiserror::Error)]
pub enum GeneratorError {
    /// It could not be run.
    #[error("Podman's generator {} could not be run: {error}", program.display())]
    NotRun {
        /// Its path.
        program: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// It did not end.
    #[error("Podman's generator {} did not end within {DEADLINE:?}", .0.display())]
    Hangs(PathBuf),
    /// It made no unit of the Quadlet; its messages say why.
    #[error("Podman's generator made no {unit}: {messages}")]
    NoUnit {
        /// The unit that is missing.
        unit: String,
        /// What it printed.
        messages: String,
    },
}

/// The generator's program.
#[derive(Debug, Clone)]
pub struct Generator {
    program: PathBuf,
}

impl Generator {
    /// A generator at this path.
    pub fn new(program: PathBuf) -> Self {
        Self { program }
    }

    /// Converts the Quadlets in `quadlets` into unit files in `output`, with
    /// the administrator's drop-ins applied, and checks that every unit of
    /// `units` was made.
    ///
    /// # Errors
    /// The generator did not run, or left a unit out.
    pub async fn generate(&self, quadlets: &Path, output: &Path, units: &[String]) -> Result<(), GeneratorError> {
        let child = Command::new(&self.program)
            .args(["-user", "-no-kmsg-log"])
            .arg(output)
            .env("QUADLET_UNIT_DIRS", search_path(quadlets))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .output();
        let done = match tokio::time::timeout(DEADLINE, child).await {
            Err(_) => return Err(GeneratorError::Hangs(self.program.clone())),
            Ok(Err(error)) => return Err(GeneratorError::NotRun { program: self.program.clone(), error }),
            Ok(Ok(done)) => done,
        };
        // Its status also tells of the administrator's own Quadlets, which are
        // none of ours: only our units count.
        match units.iter().find(|unit| !output.join(unit).is_file()) {
            None => Ok(()),
            Some(unit) => Err(GeneratorError::NoUnit { unit: unit.clone(), messages: messages(&done.stderr) }),
        }
    }
}

fn search_path(quadlets: &Path) -> OsString {
    let mut path = quadlets.as_os_str().to_owned();
    for directory in ADMIN_DIRECTORIES.iter().filter(|directory| Path::new(directory).is_dir()) {
        path.push(":");
        path.push(directory);
    }
    path
}

fn messages(stderr: &[u8]) -> String {
    let end = stderr.len().min(MESSAGE_MAX);
    let text = String::from_utf8_lossy(stderr.get(..end).unwrap_or_default()).into_owned();
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if lines.is_empty() { "it printed nothing".to_owned() } else { lines.join("; ") }
}
