//! The form of single values. Each function returns the value or a message
//! that says what would be right.

use super::{IdleAction, Library, MountRequest, Network, Runner, Variable};
use crate::limits::INFINITY;
use crate::problem::quoted;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;

/// Longest single text in bytes: the kernel's bound of one argv or environment
/// string (`MAX_ARG_STRLEN`, execve(2)), less its NUL.
pub(super) const TEXT_MAX: usize = 131_071;
/// Longest list, and its bytes all together. A unit file's line ends at 1 MiB
/// (systemd's `LONG_LINE_MAX`), and escaping may make text four times as long.
const LIST_MAX: usize = 4096;
const LIST_BYTES_MAX: usize = 192 << 10;
/// Longest path, see `PATH_MAX` in `path_resolution(7)`.
pub(super) const PATH_MAX: usize = 4095;

pub(super) fn bounded(text: &str, max: usize) -> Result<(), String> {
    if text.contains('\0') {
        return Err("contains a NUL character, which no argument can carry".to_owned());
    }
    if text.len() > max {
        return Err(format!("is {} bytes long, expected at most {max}", text.len()));
    }
    Ok(())
}

pub(super) fn bounded_list(list: &[String]) -> Result<(), String> {
    if list.len() > LIST_MAX {
        return Err(format!("has {} entries, expected at most {LIST_MAX}", list.len()));
    }
    let bytes: usize = list.iter().map(String::len).sum();
    if bytes > LIST_BYTES_MAX {
        return Err(format!("is {bytes} bytes long together, expected at most {LIST_BYTES_MAX}"));
    }
    list.iter()
        .enumerate()
        .try_for_each(|(at, text)| bounded(text, TEXT_MAX).map_err(|why| format!("entry {at} {why}")))
}

pub(super) fn not_empty(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("is empty".to_owned()) } else { Ok(text.to_owned()) }
}

pub(super) fn word(text: &str, words: &[&str]) -> Result<String, String> {
    if words.contains(&text) {
        return Ok(text.to_owned());
    }
    Err(format!("{} is none of {}", quoted(text), words.join(", ")))
}

pub(super) fn runner(text: &str) -> Result<Runner, String> {
    match word(text, &["native", "wine", "proton"])?.as_str() {
        "wine" => Ok(Runner::Wine),
        "proton" => Ok(Runner::Proton),
        _ => Ok(Runner::Native),
    }
}

pub(super) fn idle_action(text: &str) -> Result<IdleAction, String> {
    match word(text, &["keep", "pause", "stop"])?.as_str() {
        "pause" => Ok(IdleAction::Pause),
        "stop" => Ok(IdleAction::Stop),
        _ => Ok(IdleAction::Keep),
    }
}

pub(super) fn network(text: &str) -> Result<Network, String> {
    match word(text, &["private", "none", "host"])?.as_str() {
        "none" => Ok(Network::None),
        "host" => Ok(Network::Host),
        _ => Ok(Network::Private),
    }
}

pub(super) fn within(number: u32, range: RangeInclusive<u32>) -> Result<u32, String> {
    if range.contains(&number) {
        return Ok(number);
    }
    Err(format!("{number} is out of range, expected {} to {}", range.start(), range.end()))
}

/// Of pictures: chroma is stored for two by two pixels.
pub(super) fn even_within(number: u32, range: RangeInclusive<u32>) -> Result<u32, String> {
    let number = within(number, range)?;
    if number.is_multiple_of(2) { Ok(number) } else { Err(format!("{number} is odd, expected an even number")) }
}

/// A time span in µs of at least `least`; zero means no bound, as in
/// systemd.service(5).
pub(super) fn span(usec: u64, least: u64) -> Result<u64, String> {
    match usec {
        0 | INFINITY => Ok(INFINITY),
        usec if usec < least => {
            Err(format!("{usec} is too short, expected at least {least} µs, or {INFINITY} for no bound"))
        }
        usec => Ok(usec),
    }
}

/// Longest stop time-out: an hour.
const STOP_MAX_USEC: u64 = 3_600_000_000;

pub(super) fn stop_timeout(usec: u64) -> Result<u64, String> {
    if (1_000_000..=STOP_MAX_USEC).contains(&usec) {
        return Ok(usec);
    }
    Err(format!("{usec} is out of range, expected 1000000 to {STOP_MAX_USEC} µs"))
}

/// An image name as Podman takes it: `[REGISTRY/]NAME[:TAG][@DIGEST]` or an
/// id. Empty means the default image.
pub(super) fn image(text: &str) -> Result<Option<String>, String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/:@".contains(&byte);
    let starts_well = text.bytes().next().is_none_or(|byte| byte.is_ascii_alphanumeric());
    if !starts_well || text.len() > 512 || !text.bytes().all(allowed) {
        return Err(format!("{} is not an image name, expected such as localhost/dillinger/base:latest", quoted(text)));
    }
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

/// Name of a directory of builds; empty means the default.
pub(super) fn build(text: &str) -> Result<Option<String>, String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._+-".contains(&byte);
    let starts_well = text.bytes().next().is_none_or(|byte| byte.is_ascii_alphanumeric());
    if !starts_well || text.len() > 128 || !text.bytes().all(allowed) {
        return Err(format!("{} is not the name of a build, expected such as GE-Proton9-20", quoted(text)));
    }
    Ok(Some(text.to_owned()).filter(|text| !text.is_empty()))
}

/// An absolute path without `.` and `..`; empty means the default.
pub(super) fn directory(text: &str) -> Result<Option<String>, String> {
    if text.is_empty() { Ok(None) } else { path(text).map(Some) }
}

fn path(text: &str) -> Result<String, String> {
    if !text.starts_with('/') {
        return Err(format!("{} is not an absolute path", quoted(text)));
    }
    if text.len() > PATH_MAX {
        return Err(format!("is {} bytes long, expected at most {PATH_MAX}", text.len()));
    }
    let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).collect();
    if parts.iter().any(|part| matches!(*part, "." | "..")) {
        return Err(format!("{} contains . or .., expected a plain absolute path", quoted(text)));
    }
    Ok(format!("/{}", parts.join("/")))
}

/// A volume name as podman-volume-create(1) takes it, an absolute path, or
/// nothing for no library.
pub(super) fn library(text: &str) -> Result<Library, String> {
    if text.is_empty() {
        return Ok(Library::None);
    }
    if text.starts_with('/') {
        return path(text).map(Library::Directory);
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
    let starts_well = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    if starts_well && text.len() <= 255 && text.bytes().all(allowed) {
        return Ok(Library::Volume(text.to_owned()));
    }
    Err(format!("{} is neither an absolute path nor a volume name such as dillinger_library", quoted(text)))
}

pub(super) fn command(list: &[String]) -> Result<Vec<String>, String> {
    match list.first() {
        None => Err("is empty, expected the program and its arguments".to_owned()),
        Some(program) if program.is_empty() => Err("its first entry is empty, expected the program".to_owned()),
        Some(_) => Ok(list.to_vec()),
    }
}

pub(super) fn environment(list: &[String]) -> Result<Vec<Variable>, String> {
    let mut names = BTreeSet::new();
    list.iter().map(|entry| variable(entry, &mut names)).collect()
}

fn variable<'a>(entry: &'a str, names: &mut BTreeSet<&'a str>) -> Result<Variable, String> {
    let (name, value) =
        entry.split_once('=').ok_or_else(|| format!("{} has no =, expected NAME=value", quoted(entry)))?;
    let allowed = |c: char| !(c.is_whitespace() || c.is_control());
    if name.is_empty() || name.len() > 255 || !name.chars().all(allowed) {
        return Err(format!("{} is not a name of a variable", quoted(name)));
    }
    if !names.insert(name) {
        return Err(format!("{} stands twice", quoted(name)));
    }
    Ok(Variable { name: name.to_owned(), value: value.to_owned() })
}

/// `auto`, `none`, or fully qualified CDI names (`vendor.com/class=name`).
pub(super) fn gpus(list: &[String]) -> Result<Vec<String>, String> {
    let single = matches!(list, [only] if matches!(only.as_str(), "auto" | "none"));
    if single || list.iter().all(|name| is_cdi_name(name)) {
        return Ok(list.to_vec());
    }
    Err("expected auto, none, or CDI names such as nvidia.com/gpu=0".to_owned())
}

fn is_cdi_name(name: &str) -> bool {
    let plain = |text: &str, more: &[u8]| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    };
    let parts = name
        .split_once('=')
        .and_then(|(kind, device)| kind.split_once('/').map(|(vendor, class)| (vendor, class, device)));
    name.len() <= 255
        && parts.is_some_and(|(vendor, class, device)| {
            plain(vendor, b"._-") && plain(class, b"_-") && plain(device, b"._:-")
        })
}

/// Places in the container that a mount may not cover: the container's own
/// file systems, and the paths the runner itself uses.
const RESERVED: [&str; 6] = ["/proc", "/sys", "/dev", "/run", "/library", "/saves"];

pub(super) fn mounts(list: &[(String, String, String)]) -> Result<Vec<MountRequest>, String> {
    if list.len() > 256 {
        return Err(format!("has {} entries, expected at most 256", list.len()));
    }
    let mounts: Vec<MountRequest> = list.iter().map(mount).collect::<Result<_, _>>()?;
    let mut targets = BTreeSet::new();
    for mount in &mounts {
        if !targets.insert(&mount.target) {
            return Err(format!("target {} stands twice", quoted(&mount.target)));
        }
    }
    Ok(mounts)
}

fn mount((source, target, options): &(String, String, String)) -> Result<MountRequest, String> {
    for text in [source, target, options] {
        bounded(text, PATH_MAX)?;
    }
    let source = path(source).map_err(|why| format!("source {why}"))?;
    let target = path(target).map_err(|why| format!("target {why}"))?;
    let reserved = RESERVED
        .iter()
        .find(|place| target.strip_prefix(**place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
    if target == "/" || reserved.is_some() {
        return Err(format!("target {} is taken by the container itself", quoted(&target)));
    }
    let read_only = match options.as_str() {
        "" | "ro" => true,
        "rw" => false,
        other => return Err(format!("options {} are none of ro, rw", quoted(other))),
    };
    Ok(MountRequest { source, target, read_only })
}
