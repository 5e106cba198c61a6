//! The whole program: reads what to do, does it, and reports.

use crate::command_line;
use crate::events::Outcome;
use crate::installed::Inventory;
use crate::prefix;
use crate::processes::Processes;
use crate::session::{self, Options};
use crate::stop::StopTimes;
use crate::whole;
use crate::wine::Wine;
use anyhow::Context;
use dillinger_runner_core::wine::{Launch, Program, REPORT_FILE, Report, exception_name};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Does what the file says and writes the report beside it. Gives the exit status.
pub fn run(file: &Path) -> u8 {
    let (report, program) = report(file);
    // A game has a say in what it is called, and in what is installed.
    let report = report.bounded();
    match (&report.error, report.exception, report.exit_code) {
        (Some(error), _, _) => eprintln!("dillinger-wine: {error}"),
        (None, Some(code), _) => {
            let name = report.program.as_deref().unwrap_or("the program");
            let what = exception_name(code).unwrap_or("exception");
            eprintln!("dillinger-wine: {name} was ended by an exception: {what} (0x{code:08X})");
        }
        _ => {}
    }
    if let Err(error) = write(&report, &file.with_file_name(REPORT_FILE)) {
        eprintln!("dillinger-wine: {error:#}");
        return 1;
    }
    status(&report, program)
}

/// The report, and whether a program was to be started.
fn report(file: &Path) -> (Report, bool) {
    let done = Processes::new().and_then(|processes| {
        let launch = read(file)?;
        processes.limit(StopTimes::new(Duration::from_micros(launch.close_usec)));
        Ok((execute(&launch, &processes)?, launch.program.is_some()))
    });
    done.unwrap_or_else(|error| (Report { error: Some(format!("{error:#}")), ..Report::default() }, true))
}

fn read(file: &Path) -> anyhow::Result<Launch> {
    let bytes = fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} is not what the agent writes", file.display()))
}

fn execute(launch: &Launch, processes: &Processes) -> anyhow::Result<Report> {
    let wine = Wine::find(launch)?;
    let mut report = Report::default();
    let done = session(launch, &wine, processes, &mut report);
    processes.end_all();
    report.error = done.err().map(|error| format!("{error:#}"));
    // Some may have been applied before one failed.
    report.verbs = prefix::verbs(wine.prefix());
    Ok(report)
}

fn session(launch: &Launch, wine: &Wine, processes: &Processes, report: &mut Report) -> anyhow::Result<()> {
    let start = |program: &Program| command_line::start(program, launch.install);
    // Before the prefix is touched: what is wrong with a command line needs no prefix.
    launch.program.as_ref().map(start).transpose()?;
    let drives = prefix::prepare(launch, wine, processes)?;
    let Some(program) = &launch.program else { return Ok(()) };
    let start = start(&drives.program(program)?)?;
    let inventory = || {
        let directory = launch.install_directory.as_deref().map(Path::new);
        // The registry is in files only when no wineserver has it.
        processes.end_all();
        Inventory::take(wine.prefix(), directory)
    };
    let before = launch.install.then(inventory).transpose()?;
    let options = Options { dxvk: launch.settings.dxvk, root: drives.have_root() };
    let events = session::run(&start, options, wine, processes)?;
    if let Some(Outcome { code, exception, name }) = events.outcome() {
        report.exit_code = Some(code);
        report.exception = exception.then_some(code);
        report.program = Some(name);
    }
    report.installed = before.map(|before| anyhow::Ok(inventory()?.added_since(&before, wine.prefix()))).transpose()?;
    Ok(())
}

/// The exit status for the container: one byte, of which Podman and systemd use some themselves.
fn status(report: &Report, program: bool) -> u8 {
    match report.exit_code.filter(|_| report.error.is_none()) {
        Some(_) if report.wants_restart() => 0,
        Some(code) => u8::try_from(code).ok().filter(|code| *code <= 125).unwrap_or(1),
        // What was to be started was not, or had to be killed.
        None => u8::from(program || report.error.is_some()),
    }
}

/// Whole or not at all, as the agent may read it at any time.
fn write(report: &Report, path: &Path) -> anyhow::Result<()> {
    whole::write(path, &serde_json::to_vec(report)?).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use dillinger_runner_core::wine::Installed;

    #[test]
    fn the_status_is_the_code_where_a_byte_holds_it() {
        let with = |exit_code| status(&Report { exit_code, ..Report::default() }, true);
        assert_eq!(with(Some(0)), 0);
        assert_eq!(with(Some(3)), 3);
        assert_eq!(with(Some(125)), 125);
        for code in [126, 137, 255, 256, 300, 0xC000_0005] {
            assert_eq!(with(Some(code)), 1, "{code}");
        }
        assert_eq!(with(None), 1);
        let setup = Report { exit_code: Some(3010), installed: Some(Installed::default()), ..Report::default() };
        assert_eq!(status(&setup, true), 0, "all is installed");
        assert_eq!(status(&Report::default(), false), 0, "the prefix was made");
        let failed = Report { error: Some("no prefix".to_owned()), ..Report::default() };
        assert_eq!((status(&failed, false), status(&failed, true)), (1, 1));
    }

    #[test]
    fn an_error_is_in_the_report() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("launch.json");
        fs::write(&file, "{}").unwrap();
        assert_eq!(run(&file), 1);
        let report: Report = serde_json::from_slice(&fs::read(directory.path().join(REPORT_FILE)).unwrap()).unwrap();
        assert!(report.error.unwrap().contains("launch.json is not what the agent writes"));
    }

    #[test]
    fn a_report_has_no_control_characters_and_is_bounded() {
        let directory = tempfile::tempdir().unwrap();
        let name = format!("{}\u{1b}[31m\n", "x".repeat(100));
        let file = directory.path().join(name.repeat(2)).join("launch.json");
        fs::create_dir(file.parent().unwrap()).unwrap();
        fs::write(&file, format!("{{\"{}\": 1}}", "y".repeat(10_000))).unwrap();
        assert_eq!(run(&file), 1);
        let report: Report = serde_json::from_slice(&fs::read(file.with_file_name(REPORT_FILE)).unwrap()).unwrap();
        let error = report.error.unwrap();
        assert!(error.contains("xxx") && !error.contains(char::is_control) && error.len() <= 4096, "{error:?}");
    }
}
