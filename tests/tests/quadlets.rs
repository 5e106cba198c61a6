//! The Quadlets that are shipped, as Podman's own generator reads them.
//!
//! Needs the generators that `DILLINGER_QUADLET` names, separated by colons.

use anyhow::{Context as _, Result, ensure};
use dillinger_runner_core::policy::{DEFAULT_DISPLAY_IMAGE, DEFAULT_IMAGE, DEFAULT_WINE_IMAGE, DISPLAY_INTERFACE};
use dillinger_runner_tests::generator::{ServiceFile, arguments, generators};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Where `make install PREFIX=/usr` lays what the images are built from.
const CONTEXTS: &str = "/usr/share/dillinger/images";
const IMAGES: [(&str, &str); 3] =
    [("base", DEFAULT_IMAGE), ("display", DEFAULT_DISPLAY_IMAGE), ("wine", DEFAULT_WINE_IMAGE)];

/// The shipped Quadlets as `make install PREFIX=/usr` fills them in, by file name.
fn shipped() -> Result<BTreeMap<String, String>> {
    let mut quadlets = BTreeMap::new();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../quadlet"))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            let text = fs::read_to_string(entry.path())?.replace("@datadir@", "/usr/share");
            quadlets.insert(entry.file_name().to_string_lossy().into_owned(), text);
        }
    }
    Ok(quadlets)
}

/// The labels of an image that is shipped.
fn labels(image: &str) -> Result<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../quadlet/images").join(image).join("Containerfile");
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    Ok(text.lines().filter_map(|line| line.strip_prefix("LABEL ")).map(str::to_owned).collect())
}

#[test]
fn images_have_the_labels_that_the_agent_reads() -> Result<()> {
    ensure!(labels("base")?.is_empty());
    assert_eq!(labels("display")?, [format!("org.dillinger.display={DISPLAY_INTERFACE}")]);
    assert_eq!(labels("wine")?, ["org.dillinger.runner=wine"]);
    Ok(())
}

/// `dillinger-base.build` becomes `dillinger-base-build.service`.
fn service_name(quadlet: &str) -> Result<String> {
    let (name, kind) = quadlet.rsplit_once('.').with_context(|| format!("{quadlet} has no kind"))?;
    Ok(format!("{name}-{kind}.service"))
}

#[test]
fn every_quadlet_becomes_its_service() -> Result<()> {
    let shipped = shipped()?;
    let mut expected = shipped.keys().map(|name| service_name(name)).collect::<Result<Vec<String>>>()?;
    expected.sort();
    ensure!(expected.len() > IMAGES.len(), "no Quadlets but those of images: {expected:?}");
    for generator in generators()? {
        let made = generator.generate(shipped.iter().map(|(name, text)| (name.clone(), text.as_str())))?;
        assert_eq!(made.keys().collect::<Vec<_>>(), expected.iter().collect::<Vec<_>>(), "{}", generator.version);
    }
    Ok(())
}

/// What is built is what a session takes that names no image, from the directory
/// of that image, and it waits for nothing.
#[test]
fn build_units_build_the_default_images() -> Result<()> {
    let shipped = shipped()?;
    for generator in generators()? {
        let made = generator.generate(shipped.iter().map(|(name, text)| (name.clone(), text.as_str())))?;
        for (name, image) in IMAGES {
            let service = format!("dillinger-{name}-build.service");
            let service = ServiceFile::parse(made.get(&service).with_context(|| format!("no {service}"))?)?;
            let command = arguments(service.value("Service", "ExecStart")?)?;
            assert_eq!(command, ["/usr/bin/podman", "build", "--tag", image, &format!("{CONTEXTS}/{name}")]);
            let no_values: [&str; 0] = [];
            assert_eq!(service.values("Unit", "After"), no_values, "{name} waits");
            assert_eq!(service.values("Unit", "Wants"), no_values, "{name} wants others");
        }
    }
    Ok(())
}
