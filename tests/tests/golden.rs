//! Whole requests and the unit files that they become: the cases of `tests/golden`, one directory each.
//!
//! ```text
//! NN-name/request.toml     the request, keys as in the contract
//!         settings.toml    runner.toml, if the case needs one
//!         host.toml        how the host differs from the usual one, if it does
//!         expected/        the unit files, and decisions.txt: what was decided otherwise than by default, and warnings
//!         expected.err     instead: the name of the error, and its message
//! ```
//!
//! `UPDATE_GOLDEN=1` writes what is expected anew. With `DILLINGER_QUADLET` Podman's own generators judge the Quadlets.

#[path = "golden/case.rs"]
mod case;

use anyhow::{Context as _, Result, ensure};
use case::{Case, Outcome};
use dillinger_runner_tests::generator::{GENERATORS, Run, ServiceFile, arguments, generators};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

fn cases() -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("golden"))?;
    let mut cases: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    cases.sort();
    ensure!(!cases.is_empty(), "no cases");
    Ok(cases)
}

/// The files that a case is expected to give, by name.
fn expected(case: &Path) -> Result<BTreeMap<String, String>> {
    let read = |path: PathBuf| -> Result<(String, String)> {
        let name = path.file_name().context("a name")?.to_string_lossy().into_owned();
        Ok((name, fs::read_to_string(path)?))
    };
    let error = case.join("expected.err");
    if error.is_file() {
        return Ok(BTreeMap::from([read(error)?]));
    }
    fs::read_dir(case.join("expected"))?.map(|entry| read(entry?.path())).collect()
}

fn update(case: &Path, outcome: &Outcome) -> Result<()> {
    let directory = case.join("expected");
    for old in [fs::remove_dir_all(&directory), fs::remove_file(case.join("expected.err"))] {
        // Only one of them was there.
        drop(old);
    }
    match outcome {
        Outcome::Refused(text) => fs::write(case.join("expected.err"), text)?,
        Outcome::Made { files, .. } => {
            fs::create_dir(&directory)?;
            files.iter().try_for_each(|(name, text)| fs::write(directory.join(name), text))?;
        }
    }
    Ok(())
}

#[test]
fn requests_become_what_is_written_down() -> Result<()> {
    let updates = std::env::var("UPDATE_GOLDEN").is_ok_and(|value| value == "1");
    for path in cases()? {
        let name = path.display().to_string();
        let outcome = Case::read(&path).and_then(|case| case.outcome()).with_context(|| name.clone())?;
        if updates {
            update(&path, &outcome)?;
        }
        let expected = expected(&path).with_context(|| format!("{name}: UPDATE_GOLDEN=1 writes what is expected"))?;
        similar_asserts::assert_eq!(outcome.files(), expected, "{}", name);
    }
    Ok(())
}

#[test]
fn podman_makes_the_game_of_each_of_them() -> Result<()> {
    if std::env::var_os(GENERATORS).is_none() {
        return Ok(());
    }
    let generators = generators()?;
    for path in cases()? {
        let Outcome::Made { files, runs } = Case::read(&path)?.outcome()? else { continue };
        for (generator, (name, expected)) in generators.iter().flat_map(|one| runs.iter().map(move |run| (one, run))) {
            let quadlet = files.get(name).with_context(|| format!("no {name}"))?;
            let services = generator.convert(&[quadlet.as_str()]).with_context(|| path.display().to_string())?;
            let service = ServiceFile::parse(services.first().context("no service")?)?;
            let run = Run::parse(&arguments(service.value("Service", "ExecStart")?)?)?;
            assert_eq!(&(run.image, run.arguments), expected, "{} {}", path.display(), generator.version);
        }
    }
    Ok(())
}
