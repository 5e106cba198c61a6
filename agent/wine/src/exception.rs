//! Exceptions that end Windows programs: their exit code is then the exception's.

/// The codes that are known as exceptions, with what a player may be told.
///
/// A program may end with any number, so only these count. Sources: `ntstatus.h` of the Windows SDK; for C++ and .NET
/// the documentation of Microsoft's run-time libraries; for Wine's own its `include/wine/exception.h`.
const EXCEPTIONS: &[(u32, &str)] = &[
    (0x4000_0015, "the program aborted"),
    (0x8000_0001, "guard page"),
    (0x8000_0002, "misaligned data"),
    (0x8000_0003, "breakpoint"),
    (0x8000_0004, "single step"),
    (0x8000_0100, "a function that Wine does not have"),
    (0x8000_0101, "an assertion of Wine failed"),
    (0xC000_0005, "access violation"),
    (0xC000_0006, "a page could not be read"),
    (0xC000_0017, "no memory"),
    (0xC000_001D, "illegal instruction"),
    (0xC000_0025, "noncontinuable exception"),
    (0xC000_0026, "invalid disposition of an exception"),
    (0xC000_007B, "a library is of the wrong format, such as 32 bits in a program of 64"),
    (0xC000_008C, "array bounds exceeded"),
    (0xC000_008D, "denormal floating-point operand"),
    (0xC000_008E, "floating-point division by zero"),
    (0xC000_008F, "inexact floating-point result"),
    (0xC000_0090, "invalid floating-point operation"),
    (0xC000_0091, "floating-point overflow"),
    (0xC000_0092, "floating-point stack check"),
    (0xC000_0093, "floating-point underflow"),
    (0xC000_0094, "integer division by zero"),
    (0xC000_0095, "integer overflow"),
    (0xC000_0096, "privileged instruction"),
    (0xC000_00FD, "stack overflow"),
    (0xC000_0135, "a library was not found"),
    (0xC000_0138, "an ordinal was not found in a library"),
    (0xC000_0139, "an entry point was not found in a library"),
    (0xC000_0142, "a library could not be initialised"),
    (0xC000_0194, "deadlock"),
    (0xC000_0374, "heap corruption"),
    (0xC000_0409, "fail fast or stack buffer overrun"),
    (0xC000_0417, "invalid parameter of a C library function"),
    (0xC000_0420, "assertion failure"),
    (0xC06D_007E, "a library that is loaded on demand was not found"),
    (0xC06D_007F, "a function of a library that is loaded on demand was not found"),
    (0xE043_4352, ".NET exception"),
    (0xE06D_7363, "C++ exception"),
];

/// What `code` means if it is an exception's.
pub fn name(code: u32) -> Option<&'static str> {
    EXCEPTIONS.iter().find(|(known, _)| *known == code).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_says_each_code_once() {
        assert!(EXCEPTIONS.is_sorted_by(|(left, _), (right, _)| left < right));
    }

    #[test]
    fn only_known_codes_are_exceptions() {
        assert_eq!(name(0xC000_0005), Some("access violation"));
        assert_eq!(name(0xE06D_7363), Some("C++ exception"));
        for code in [0, 1, 255, 0xFFFF_FFFF, 0xC000_013A, 0xC000_9999] {
            assert_eq!(name(code), None, "{code:#x}");
        }
    }
}
