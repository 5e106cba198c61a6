//! Values of unit file keys.

use super::word::{Reader, check, check_length, check_line_ends, generated_length, is_noncharacter, join};
use super::{ARGUMENT_MAX, DESCRIPTION_MAX, EscapeError};

/// What stands after `=`: one line that does not end in a backslash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    text: String,
    /// Most bytes of `ExecStart=` that come of it.
    generated: usize,
}

impl Value {
    /// The product's own text, written as it is. What it says about `%`, `$` and
    /// quotes is meant. Line breaks become spaces; spaces and backslashes at the end
    /// are left out.
    pub fn constant(text: &'static str) -> Self {
        Self::of_text(without_continuation(&text.replace(['\n', '\r'], " ")).to_owned())
    }

    /// A number.
    pub fn number(number: u64) -> Self {
        Self::of_text(number.to_string())
    }

    /// `true` or `false`.
    pub fn bool(value: bool) -> Self {
        Self::of_text(value.to_string())
    }

    /// A number of bytes, of tasks, or of another resource; `u64::MAX` is
    /// `infinity` (systemd.resource-control(5)).
    pub fn limit(number: u64) -> Self {
        Self::of_text(or_infinity(number, ""))
    }

    /// A time span in µs; `u64::MAX` is `infinity` (systemd.time(7)).
    pub fn usec(usec: u64) -> Self {
        Self::of_text(or_infinity(usec, "us"))
    }

    /// `CPUQuota=` for µs of CPU time per second: a percentage, rounded up to the
    /// 0.01 % that systemd knows, since the quota of 0 does not exist. `u64::MAX`
    /// is no quota.
    pub fn cpu_quota(usec_per_sec: u64) -> Self {
        if usec_per_sec == u64::MAX {
            return Self::of_text(String::new());
        }
        let hundredths = usec_per_sec.div_ceil(100).max(1);
        Self::of_text(format!("{}.{:02}%", hundredths / 100, hundredths % 100))
    }

    /// Free text for `Description=`, shown to people: line breaks, other control
    /// characters and noncharacters become spaces, spaces and backslashes at the
    /// end are left out, and what exceeds [`DESCRIPTION_MAX`] bytes is cut.
    pub fn description(text: &str) -> Self {
        let visible = |c: char| if c.is_control() || is_line_end(c) || is_noncharacter(c) { ' ' } else { c };
        let mut shown = String::new();
        for character in text.chars().map(visible) {
            if shown.len() + character.len_utf8() > DESCRIPTION_MAX {
                break;
            }
            shown.push(character);
        }
        Self::of_text(without_continuation(shown.trim_start()).replace('%', "%%"))
    }

    /// A single token: an image, a name, a device, a set of CPUs.
    ///
    /// # Errors
    /// Anything but ASCII letters, digits and `. _ - / : @ = + , ~`, nothing at
    /// all, and a dash at the start, which would make an option of it.
    pub fn word(text: &str) -> Result<Self, EscapeError> {
        let expected = "letters, digits and . _ - / : @ = + , ~, not beginning with -";
        if text.is_empty() || text.starts_with('-') {
            return Err(EscapeError::Form { what: "a word", expected });
        }
        check_length("a word", text.len(), ARGUMENT_MAX)?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || "._-/:@=+,~".contains(c);
        match text.char_indices().find(|(_, character)| !allowed(*character)) {
            Some((offset, character)) => Err(EscapeError::Character {
                offset,
                character,
                reason: "a word has letters, digits and . _ - / : @ = + , ~",
            }),
            None => Ok(Self::of_text(text.to_owned())),
        }
    }

    /// A container image for Quadlet's `Image=`.
    ///
    /// # Errors
    /// What is not a [word](Self::word), and a name that ends in `.image` or
    /// `.build`, which Quadlet takes for another of its files.
    pub fn image(reference: &str) -> Result<Self, EscapeError> {
        if QUADLET_ENDINGS.iter().any(|ending| reference.ends_with(ending)) {
            return Err(EscapeError::Form {
                what: "an image whose name ends in .image or .build",
                expected: "given with a tag, such as :latest",
            });
        }
        Self::word(reference)
    }

    /// The arguments after the image: Quadlet's `Exec=`.
    ///
    /// # Errors
    /// No argument at all, and what [the module](super) lists.
    pub fn exec(arguments: &[String]) -> Result<Self, EscapeError> {
        if arguments.is_empty() {
            return Err(EscapeError::Form { what: "a command", expected: "at least one argument" });
        }
        for argument in arguments {
            check(argument, Reader::Quadlet)?;
        }
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        Ok(Self::words(&words, &words))
    }

    /// One variable of the container: Quadlet's `Environment=` in `[Container]`.
    ///
    /// # Errors
    /// A name that is empty, has `=` in it or begins with a space or a tab, which
    /// Podman removes, a carriage return before a line feed, which Podman makes a
    /// line feed, and what [the module](super) lists.
    pub fn environment(name: &str, value: &str) -> Result<Self, EscapeError> {
        if name.is_empty() || name.contains('=') || name.starts_with([' ', '\t']) {
            return Err(EscapeError::Form {
                what: "the name of a variable",
                expected: "not empty, without = and without a blank at the start",
            });
        }
        let assignment = format!("{name}={value}");
        check(&assignment, Reader::Quadlet)?;
        check_line_ends(&assignment)?;
        Ok(Self::words(&[&assignment], &["--env", &assignment]))
    }

    /// Options of `podman run` that Quadlet has no key for: `PodmanArgs=`.
    ///
    /// # Errors
    /// Anything but `--name` or `--name=value` with a name of lower case letters
    /// and dashes: another word could be taken for the image. And what
    /// [the module](super) lists.
    pub fn podman_args(options: &[String]) -> Result<Self, EscapeError> {
        for option in options {
            let name = option.split('=').next().unwrap_or_default().strip_prefix("--").unwrap_or_default();
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') {
                return Err(EscapeError::Form { what: "an option of Podman", expected: "--name or --name=value" });
            }
            check(option, Reader::Quadlet)?;
        }
        let words: Vec<&str> = options.iter().map(String::as_str).collect();
        Ok(Self::words(&words, &words))
    }

    /// A command of `[Service]`, such as `ExecStopPost=`, that systemd runs
    /// itself. Its failure is noted and changes nothing (systemd.service(5),
    /// prefix `-`): what runs beside a service must not decide about it.
    ///
    /// # Errors
    /// A program that is not an absolute path, has a control character, a quote, a
    /// backslash or `$` in it or ends in `/`, and what [the module](super) lists.
    pub fn service_exec(arguments: &[String]) -> Result<Self, EscapeError> {
        let program = arguments.first().map(String::as_str).unwrap_or_default();
        let forbidden = |c: char| c.is_control() || matches!(c, '"' | '\'' | '\\' | '$');
        if !program.starts_with('/') || program.ends_with('/') || program.contains(forbidden) {
            return Err(EscapeError::Form {
                what: "the program of a command",
                expected: "an absolute path of a file without control characters, quotes, backslashes and $",
            });
        }
        for argument in arguments {
            check(argument, Reader::Systemd)?;
        }
        let words = arguments.iter().map(String::as_str);
        Ok(Self { text: format!("-{}", join(words, Reader::Systemd)), generated: 0 })
    }

    /// The text after `=`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Words for the generator, which makes the arguments `generated` of them.
    pub(super) fn words(words: &[&str], generated: &[&str]) -> Self {
        let length = generated.iter().map(|word| generated_length(word)).sum();
        Self { text: join(words.iter().copied(), Reader::Quadlet), generated: length }
    }

    pub(super) fn generated(&self) -> usize {
        self.generated
    }

    fn of_text(text: String) -> Self {
        let generated = generated_length(&text);
        Self { text, generated }
    }
}

/// Without the end that would join the next line to this one: a backslash, also
/// one before spaces, which the generator removes first.
fn without_continuation(text: &str) -> &str {
    text.trim_end_matches(|c: char| c == '\\' || c.is_whitespace())
}

/// Endings by which Quadlet takes an image for one of its own files.
const QUADLET_ENDINGS: [&str; 2] = [".image", ".build"];

fn or_infinity(number: u64, unit: &str) -> String {
    if number == u64::MAX { "infinity".to_owned() } else { format!("{number}{unit}") }
}

/// Line ends that are not control characters.
fn is_line_end(character: char) -> bool {
    matches!(character, '\u{2028}' | '\u{2029}')
}
