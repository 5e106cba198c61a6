//! Sizes in bytes, base 1024.

use super::{INFINITY, TextError, digits};

const SUFFIXES: [(char, u32); 6] = [('K', 10), ('M', 20), ('G', 30), ('T', 40), ('P', 50), ('E', 60)];

/// Bytes from `4096`, `512M`, `1.5G` (base 1024) or `infinity`.
///
/// # Errors
/// The text is none of them, or the size does not fit 64 bits.
pub fn parse_size(text: &str) -> Result<u64, TextError> {
    if text == "infinity" {
        return Ok(INFINITY);
    }
    let expected = "a size, expected bytes with K, M, G, T such as 512M or 2G, or infinity";
    let bare = text.strip_suffix('B').unwrap_or(text);
    let (number, shift) = SUFFIXES
        .iter()
        .find_map(|(suffix, shift)| text.strip_suffix(*suffix).map(|number| (number, *shift)))
        .unwrap_or((bare, 0));
    scaled(number, 1 << shift).map_err(|error| error.about(text, expected))
}

/// Why a number times a unit is no value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unscalable {
    NoNumber,
    TooLarge,
}

impl Unscalable {
    /// The error for the whole text.
    pub(super) fn about(self, text: &str, expected: &str) -> TextError {
        match self {
            Self::NoNumber => TextError::not(text, expected),
            Self::TooLarge => TextError::TooLarge(text.to_owned()),
        }
    }
}

/// A decimal number with an optional fraction times `unit`, rounded down.
pub(super) fn scaled(number: &str, unit: u64) -> Result<u64, Unscalable> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    let (Some(whole), Some(fraction)) = (digits(whole), digits(fraction)) else {
        return Err(Unscalable::NoNumber);
    };
    // More digits than this are far below one unit.
    let fraction: String = fraction.chars().take(15).collect();
    let divisor = 10u128.pow(u32::try_from(fraction.len()).unwrap_or(15));
    let unit = u128::from(unit);
    let whole: u128 = whole.parse().map_err(|_| Unscalable::TooLarge)?;
    let fraction: u128 = fraction.parse().map_err(|_| Unscalable::NoNumber)?;
    let part = fraction * unit / divisor;
    let sum = whole.checked_mul(unit).and_then(|product| product.checked_add(part));
    // The largest value means "no limit" and is no size.
    let fits = sum.and_then(|sum| u64::try_from(sum).ok()).filter(|sum| *sum != INFINITY);
    fits.ok_or(Unscalable::TooLarge)
}

/// Bytes for people: `1.5G`, `512M`, `0B`; `infinity` for the largest number.
#[must_use]
pub fn format_bytes(bytes: u64) -> String {
    if bytes == INFINITY {
        return "infinity".to_owned();
    }
    let found = SUFFIXES.iter().rev().find(|(_, shift)| bytes >> shift != 0);
    let Some((suffix, shift)) = found else { return format!("{bytes}B") };
    let unit = 1u128 << shift;
    let tenths = u128::from(bytes) * 10 / unit;
    match (tenths / 10, tenths % 10) {
        (whole, 0) => format!("{whole}{suffix}"),
        (whole, tenth) => format!("{whole}.{tenth}{suffix}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, bytes) in
            [("0", 0), ("4096", 4096), ("4096B", 4096), ("1K", 1024), ("1.5G", 3 << 29), ("15E", 15 << 60)]
        {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in ["16E", "18446744073709551615", "99999999999999999999999999999999999999999E"] {
            assert_eq!(parse_size(text), Err(TextError::TooLarge(text.to_owned())));
        }
        for text in ["", "G", "1g", "1 G", "-1", "1.G", ".5G", "1GB", "50%", "1e3", "٣"] {
            assert!(matches!(parse_size(text), Err(TextError::Not { .. })), "{text}");
        }
    }

    #[test]
    fn sizes_for_people() {
        for (bytes, text) in [
            (0, "0B"),
            (1023, "1023B"),
            (1024, "1K"),
            (1536, "1.5K"),
            (2 << 30, "2G"),
            (u64::MAX - 1, "15.9E"),
            (u64::MAX, "infinity"),
        ] {
            assert_eq!(format_bytes(bytes), text);
        }
    }
}
