//! The table `[stream]`.

use super::fragment::Value;
use super::value::{count, text_of};
use super::{Addresses, Settings};
use std::net::IpAddr;
use std::ops::RangeInclusive;

/// Ports that need no privilege.
const PORTS: RangeInclusive<u16> = 1024..=u16::MAX;
/// Most addresses; each is a candidate that every viewer tries.
const ADDRESSES: usize = 24;
/// Bits per second.
const BITRATE: RangeInclusive<u64> = 100_000..=1_000_000_000;
/// Most virtual controllers of one session.
const GAMEPADS: RangeInclusive<u64> = 0..=8;
/// The streamer's words.
const ENCODERS: [&str; 6] = ["auto", "nvenc", "vaapi", "x264", "openh264", "vp8"];

/// Takes over one key.
pub(super) fn apply(settings: &mut Settings, key: &str, value: &Value) -> Result<(), String> {
    let (stream, policy) = (&mut settings.stream, &mut settings.policy.stream);
    match key {
        "Ports" => stream.ports = ports(value)?,
        "Addresses" => stream.addresses = addresses(value)?,
        "PublicAddress" => stream.public_address = public_address(value)?,
        "MaxBitrate" => policy.max_bitrate = bitrate(value)?,
        "Encoder" => policy.encoder = encoder(value)?,
        _ => policy.gamepads = u32::try_from(count(value, &GAMEPADS)?).unwrap_or_default(),
    }
    Ok(())
}

fn ports(value: &Value) -> Result<Option<RangeInclusive<u16>>, String> {
    let text = match value {
        Value::Integer(number) => number.to_string(),
        other => text_of(other)?,
    };
    if text.is_empty() {
        return Ok(None);
    }
    let (first, last) = text.split_once('-').unwrap_or((&text, &text));
    let port = |text: &str| text.trim().parse::<u16>().ok().filter(|port| PORTS.contains(port));
    match (port(first), port(last)) {
        (Some(first), Some(last)) if first <= last => Ok(Some(first..=last)),
        _ => Err(format!(
            "{text:?} is no range of ports, expected such as \"40000-40100\" within {} to {}",
            PORTS.start(),
            PORTS.end()
        )),
    }
}

fn addresses(value: &Value) -> Result<Addresses, String> {
    let Value::List(list) = value else {
        return Err(format!("is {}, expected an array of strings such as [\"auto\"]", value.kind()));
    };
    let words: Vec<String> = list.iter().map(text_of).collect::<Result<_, _>>()?;
    match words.as_slice() {
        [] => Err("is empty, expected [\"auto\"] or addresses of this host".to_owned()),
        [word] if word == "auto" => Ok(Addresses::Auto),
        words if words.len() > ADDRESSES => Err(format!("has {} entries, expected at most {ADDRESSES}", words.len())),
        words => words.iter().map(|word| address(word)).collect::<Result<_, _>>().map(Addresses::These),
    }
}

fn address(text: &str) -> Result<IpAddr, String> {
    let address: IpAddr =
        text.parse().map_err(|_| format!("{text:?} is no IP address, expected such as \"192.0.2.7\""))?;
    if address.is_unspecified() || address.is_multicast() {
        return Err(format!("{text:?} is no address of a host"));
    }
    Ok(address)
}

fn public_address(value: &Value) -> Result<Option<IpAddr>, String> {
    let text = text_of(value)?;
    if text.is_empty() {
        return Ok(None);
    }
    let address = address(&text)?;
    if address.is_loopback() {
        return Err(format!("{text:?} is the loopback address, expected the one that others reach this host at"));
    }
    Ok(Some(address))
}

/// Bits per second, with the suffixes K, M and G (base 1000) of `BitsPerSecond=` in systemd.network(5).
fn bitrate(value: &Value) -> Result<Option<u64>, String> {
    let text = match value {
        Value::Integer(number) => number.to_string(),
        other => text_of(other)?,
    };
    if text.is_empty() {
        return Ok(None);
    }
    let (digits, factor) = match text.strip_suffix(['K', 'M', 'G']) {
        Some(digits) if text.ends_with('K') => (digits, 1_000),
        Some(digits) if text.ends_with('M') => (digits, 1_000_000),
        Some(digits) => (digits, 1_000_000_000),
        None => (text.as_str(), 1),
    };
    let bits = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(factor));
    let expected = || {
        format!("{text:?} is no bit rate, expected such as \"20M\" within {} and {}", BITRATE.start(), BITRATE.end())
    };
    bits.filter(|bits| BITRATE.contains(bits)).map(Some).ok_or_else(expected)
}

fn encoder(value: &Value) -> Result<String, String> {
    let word = text_of(value)?;
    if ENCODERS.contains(&word.as_str()) {
        return Ok(word);
    }
    Err(format!("{word:?} is none of {}", ENCODERS.join(", ")))
}
