//! What a streamer tells, cut down to what the agent believes of it: it ends in logs, on the bus, in terminals and
//! pages of browsers.

use std::net::SocketAddr;

/// Longest text that is passed on, in characters.
pub(super) const TEXT: usize = 300;
/// Longest word.
const WORD: usize = 32;
/// Longest answer to an offer, in bytes. It has the sections of the offer, and our candidates.
const ANSWER: usize = 96 * 1024;
/// Longest time of a figure, one hour in µs.
const LONGEST: u64 = 3_600_000_000;
/// Most bits a second of a figure.
const FASTEST: u64 = 1_000_000_000_000;
/// Most frames a second of a figure.
const FRAMES: f64 = 1000.0;
/// Most that is counted: the largest whole number that JSON's readers have for sure.
const MOST: u64 = (1 << 53) - 1;
/// The end of the year 9999, in µs since 1970 UTC.
const LAST_YEAR: u64 = 253_402_300_799_999_999;

/// One line of bounded length that shows what it is.
pub(super) fn clipped(text: &str) -> String {
    text.chars().map(|c| if is_hidden(c) { char::REPLACEMENT_CHARACTER } else { c }).take(TEXT).collect()
}

/// A character that ends a line, commands a terminal, or makes a text read as another.
fn is_hidden(c: char) -> bool {
    let is_format = matches!(c, '\u{ad}' | '\u{61c}' | '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    c.is_control() || is_format
}

/// The name of an encoder or a codec.
pub(super) fn word(text: String) -> Option<String> {
    let fits = text.len() <= WORD && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    fits.then_some(text)
}

/// One of the words that there are, or else the first of them.
pub(super) fn one_of(text: &str, words: [&str; 2]) -> String {
    let [usual, other] = words;
    (if text == other { other } else { usual }).to_owned()
}

/// The node of a controller.
pub(super) fn is_node(text: &str) -> bool {
    let number = text.strip_prefix("/dev/input/event");
    number.is_some_and(|number| (1..=5).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Where a viewer is; empty for what is no address.
pub(super) fn address(text: &str) -> String {
    text.parse::<SocketAddr>().map(|address| address.to_string()).unwrap_or_default()
}

/// An answer to an offer: SDP has lines of text, and nothing else.
pub(super) fn is_answer(text: &str) -> bool {
    text.len() <= ANSWER && !text.chars().any(|c| c.is_control() && !"\r\n\t".contains(c))
}

/// A number from 0 to `most`; JSON has no others than finite ones.
fn up_to(number: f64, most: f64) -> f64 {
    if number.is_finite() { number.clamp(0.0, most) } else { 0.0 }
}

/// Frames a second.
pub(super) fn frames(number: f64) -> f64 {
    up_to(number, FRAMES)
}

/// A part of the whole.
pub(super) fn fraction(number: f64) -> f64 {
    up_to(number, 1.0)
}

/// A time in µs.
pub(super) fn usec(number: u64) -> u64 {
    number.min(LONGEST)
}

/// Bits a second.
pub(super) fn bitrate(number: u64) -> u64 {
    number.min(FASTEST)
}

/// A count.
pub(super) fn count(number: u64) -> u64 {
    number.min(MOST)
}

/// A moment in µs since 1970 UTC; 0 for what is none.
pub(super) fn moment(number: u64) -> u64 {
    if number > LAST_YEAR { 0 } else { number }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_one_line_that_shows_what_it_is() {
        assert_eq!(clipped("Zoë – 10 µs, 家"), "Zoë – 10 µs, 家");
        let sly = "a\nb\r\x1b[2J\x07\0\u{85}\u{2028}\u{2029}\u{202e}\u{2066}\u{feff}\u{200b}\u{e0041}\u{7f}z";
        let shown = clipped(sly);
        assert!(shown.starts_with('a') && shown.ends_with('z'));
        assert_eq!(shown.chars().filter(|c| *c != '\u{fffd}').collect::<String>(), "ab[2Jz");
        assert_eq!(clipped(&"é\n".repeat(1 << 16)).chars().count(), TEXT);
    }

    #[test]
    fn words_nodes_and_addresses_look_like_what_they_are() {
        assert_eq!(word("openh264".to_owned()).as_deref(), Some("openh264"));
        for bad in ["x 264", "x\n", "é", &"x".repeat(33)] {
            assert_eq!(word(bad.to_owned()), None, "{bad:?}");
        }
        for (node, good) in [
            ("/dev/input/event7", true),
            ("/dev/input/event12345", true),
            ("/dev/input/event", false),
            ("/dev/input/event123456", false),
            ("/dev/input/event7 /dev/sda", false),
            ("/dev/input/../sda", false),
            ("/dev/input/event٧", false),
            ("failed: no", false),
        ] {
            assert_eq!(is_node(node), good, "{node}");
        }
        assert_eq!((address("192.0.2.1:5"), address("[::1]:7")), ("192.0.2.1:5".to_owned(), "[::1]:7".to_owned()));
        assert_eq!(address("192.0.2.1:5\n"), "");
        assert_eq!(one_of("spectator", ["player", "spectator"]), "spectator");
        assert_eq!(one_of("admin", ["player", "spectator"]), "player");
    }

    #[test]
    fn an_answer_is_text_of_bounded_length() {
        assert!(is_answer("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n") && is_answer(&"x".repeat(ANSWER)));
        assert!(!is_answer("v=0\x1b[2J") && !is_answer(&"x".repeat(ANSWER + 1)));
    }

    #[test]
    #[allow(clippy::float_cmp, reason = "the very numbers")]
    fn numbers_that_make_no_sense_are_none() {
        for (told, believed) in [(59.5, 59.5), (f64::NAN, 0.0), (f64::INFINITY, 0.0), (-1.0, 0.0), (1e300, FRAMES)] {
            assert_eq!(frames(told), believed, "{told}");
        }
        assert_eq!((fraction(2.0), fraction(f64::NAN), fraction(0.25)), (1.0, 0.0, 0.25));
        assert_eq!((usec(u64::MAX), bitrate(u64::MAX), count(u64::MAX)), (LONGEST, FASTEST, MOST));
        assert_eq!((moment(u64::MAX), moment(1_700_000_000_000_000)), (0, 1_700_000_000_000_000));
    }
}
