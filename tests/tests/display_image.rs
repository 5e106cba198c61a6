//! What the display image keeps of the sound server: `quadlet/images/display/keep` on directories as an image has them.

use anyhow::{Context as _, Result, ensure};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

const LIST: &str = "# What is kept.\nlib/one.so\nlib/deep/two.so # loops\n\nmore/three.so\n";

/// A directory with the list, and with all files that it names below `root`.
fn image() -> Result<TempDir> {
    let image = tempfile::tempdir()?;
    fs::write(image.path().join("list"), LIST)?;
    for file in ["lib/one.so", "lib/deep/two.so", "more/three.so", "other/libc.so"] {
        put(&image, file)?;
    }
    Ok(image)
}

fn put(image: &TempDir, file: &str) -> Result<()> {
    let path = image.path().join("root").join(file);
    fs::create_dir_all(path.parent().context("no directory")?)?;
    Ok(fs::write(path, file)?)
}

/// Runs it; an error is what it said.
fn keep(image: &TempDir, options: &[&str]) -> Result<(), String> {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../quadlet/images/display/keep");
    let list = image.path().join("list");
    let ran = Command::new(program).args(options).arg(list).arg(image.path().join("root")).output();
    let ran = ran.map_err(|error| error.to_string())?;
    if ran.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&ran.stderr).into_owned()) }
}

#[test]
fn what_is_not_named_is_removed() -> Result<()> {
    let image = image()?;
    for file in ["lib/four.so", "lib/filter-graph/five.so", "lib/deep/a file", "more/one.so"] {
        put(&image, file)?;
    }
    let root = image.path().join("root");
    fs::create_dir_all(root.join("lib/empty/deep"))?;
    symlink("one.so", root.join("lib/link.so"))?;

    keep(&image, &[]).map_err(anyhow::Error::msg)?;
    keep(&image, &["--check"]).map_err(anyhow::Error::msg)?;
    for (directory, expected) in
        [("lib", ["deep", "one.so"].as_slice()), ("lib/deep", &["two.so"]), ("more", &["three.so"])]
    {
        let mut names: Vec<_> = fs::read_dir(root.join(directory))?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect::<Result<_>>()?;
        names.sort();
        assert_eq!(names, expected, "{directory}");
    }
    ensure!(root.join("other/libc.so").exists(), "a directory that the list does not name is not looked at");
    Ok(())
}

#[test]
fn the_check_names_what_is_there_and_should_not_be() -> Result<()> {
    let root = |image: &TempDir| image.path().join("root");
    keep(&image()?, &["--check"]).map_err(anyhow::Error::msg)?;

    let image_with_more = image()?;
    put(&image_with_more, "lib/filter-graph/four.so")?;
    let image_with_link = image()?;
    symlink("one.so", root(&image_with_link).join("lib/link.so"))?;
    let image_with_directory = image()?;
    fs::create_dir(root(&image_with_directory).join("more/empty"))?;
    for (image, name) in [
        (image_with_more, "lib/filter-graph/four.so"),
        (image_with_link, "lib/link.so"),
        (image_with_directory, "more/empty"),
    ] {
        let said = keep(&image, &["--check"]).err().with_context(|| format!("{name} is let through"))?;
        let expected = format!("{}/{name} must not be there: ", root(&image).display());
        ensure!(said.starts_with(&expected) && said.lines().count() == 1, "{said}");
    }
    Ok(())
}

#[test]
fn what_is_missing_is_named() -> Result<()> {
    for options in [[].as_slice(), &["--check"]] {
        let image = image()?;
        let missing = image.path().join("root/lib/deep/two.so");
        fs::remove_file(&missing)?;
        let said = keep(&image, options).err().with_context(|| format!("{options:?} says nothing"))?;
        ensure!(said.starts_with(&format!("{} is named in ", missing.display())), "{said}");

        // What a link leads to is not what is meant.
        symlink("../one.so", &missing)?;
        let said = keep(&image, options).err().with_context(|| format!("{options:?} takes a link"))?;
        ensure!(said.starts_with(&format!("{} is named in ", missing.display())), "{said}");
    }
    Ok(())
}
