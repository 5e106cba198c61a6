//! The synopsis of org.dillinger.Runner1(5) against the interface files.

use anyhow::{Context, Result};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use zbus_xml::{ArgDirection, Interface, Node};

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// `(in s id, out o session)`; arguments of signals have no direction.
fn arguments(args: &[zbus_xml::Arg]) -> String {
    let shown = args.iter().map(|arg| {
        let direction = match arg.direction() {
            Some(ArgDirection::In) => "in ",
            Some(ArgDirection::Out) => "out ",
            None => "",
        };
        format!("{direction}{} {}", arg.ty(), arg.name().unwrap_or("?"))
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn synopsis(interface: &Interface<'_>) -> Result<String> {
    let mut text = format!("interface {} {{\n", interface.name());
    for method in interface.methods() {
        writeln!(text, "  method {}({})", method.name(), arguments(method.args()))?;
    }
    for signal in interface.signals() {
        writeln!(text, "  signal {}({})", signal.name(), arguments(signal.args()))?;
    }
    for property in interface.properties() {
        writeln!(text, "  property {} {}", property.ty(), property.name())?;
    }
    text.push_str("}\n");
    Ok(text)
}

#[test]
fn the_manual_lists_every_member_of_every_interface() -> Result<()> {
    let page = fs::read_to_string(top().join("agent/doc/man/org.dillinger.Runner1.5"))?;
    let (_, after) = page.split_once(".SH SYNOPSIS\n.nf\n").context("no synopsis")?;
    let (listed, _) = after.split_once(".fi\n").context("the synopsis does not end")?;
    let listed = listed.replace("\\-", "-");

    let mut found = 0;
    for file in fs::read_dir(top().join("agent/api/dbus"))? {
        let path = file?.path();
        let text = fs::read_to_string(&path)?;
        let node: Node<'_> = text.as_str().try_into().with_context(|| path.display().to_string())?;
        for interface in node.interfaces() {
            let expected = synopsis(interface)?;
            assert!(listed.contains(&expected), "{} should be listed as\n{expected}", interface.name());
            found += 1;
        }
    }
    assert_eq!(listed.matches("interface ").count(), found, "the manual lists an interface that does not exist");
    Ok(())
}

#[test]
fn the_manual_lists_every_error() -> Result<()> {
    let page = fs::read_to_string(top().join("agent/doc/man/org.dillinger.Runner1.5"))?;
    let (_, errors) = page.split_once(".SH ERRORS\n").context("no errors")?;
    let (errors, _) = errors.split_once(".SH ").context("the errors do not end")?;
    let listed: Vec<&str> = errors.lines().filter_map(|line| line.strip_prefix(".B ")).collect();

    let manager = fs::read_to_string(top().join("agent/api/dbus/org.dillinger.Runner1.Manager.xml"))?;
    let (_, named) =
        manager.split_once("Errors have names below org.dillinger.Runner1.Error: ").context("no errors")?;
    let (named, _) = named.split_once(". ").context("the list does not end")?;
    let named = named.replace(" and ", ", ");
    let named: Vec<&str> = named.split(',').map(str::trim).collect();
    assert_eq!(listed, named);
    Ok(())
}
