//! Windows games on this host: what they find here, and what is made for them.
//!
//! ```text
//! request -> facts (looks only) -> plan -> prepare (locks and makes) -> launch.json -> … -> report.json -> settle
//! ```

mod facts;
mod layers;
mod prepare;
mod program;
mod work;

pub use facts::{Sources, facts};
pub use prepare::{Prepared, make_below, prepare, relock, settle};
pub use work::clear_work;

pub(crate) use prepare::AUTOMATIC_SNAPSHOTS;

use dillinger_runner_core::wine::{REPORT_FILE, REPORT_MAX, Report};
use nix::fcntl::OFlag;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// What the supervisor of a Windows game reported into the directory that they
/// share. The game may have made anything of the file: a link, a pipe that nobody
/// writes to, another text; only a file that holds a report is one, and what it says is
/// bounded.
pub fn report(directory: &Path) -> Option<Report> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits());
    let file = options.open(directory.join(REPORT_FILE)).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    let mut text = Vec::new();
    file.take(REPORT_MAX).read_to_end(&mut text).ok()?;
    serde_json::from_slice::<Report>(&text).ok().map(Report::bounded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_with_a_report_is_one() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join(REPORT_FILE);
        let kept = place.path().join("kept");
        let good = serde_json::to_vec(&Report { exit_code: Some(7), ..Report::default() }).unwrap();
        std::fs::write(&kept, &good).unwrap();
        assert_eq!(report(place.path()), None);
        std::os::unix::fs::symlink(&kept, &path).unwrap();
        assert_eq!(report(place.path()), None);
        std::fs::remove_file(&path).unwrap();
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(report(place.path()), None);
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert_eq!(report(place.path()), None);
        std::fs::remove_dir(&path).unwrap();
        std::fs::write(&path, &good).unwrap();
        assert_eq!(report(place.path()).unwrap().exit_code, Some(7));
    }
}
