//! The exceptions that end Windows programs, as exit codes.

/// `NTSTATUS` values (\[MS-ERREF\] 2.3.1) that a process has as its exit code when an
/// exception ended it, and the names for people.
const EXCEPTIONS: [(u32, &str); 30] = [
    (0x4000_0015, "fatal application exit"),
    (0x8000_0002, "misaligned data"),
    (0x8000_0003, "breakpoint"),
    (0x8000_0004, "single step"),
    // Wine's own (EXCEPTION_WINE_STUB, EXCEPTION_WINE_ASSERTION).
    (0x8000_0100, "a function that Wine lacks"),
    (0x8000_0101, "assertion failed"),
    (0xC000_0005, "access violation"),
    (0xC000_0006, "page could not be read"),
    (0xC000_0008, "invalid handle"),
    (0xC000_0017, "no memory"),
    (0xC000_001D, "illegal instruction"),
    (0xC000_0025, "noncontinuable exception"),
    (0xC000_0026, "invalid disposition"),
    (0xC000_007B, "not a program that can run here"),
    (0xC000_008C, "array bounds exceeded"),
    (0xC000_008E, "floating-point division by zero"),
    (0xC000_0090, "invalid floating-point operation"),
    (0xC000_0091, "floating-point overflow"),
    (0xC000_0094, "integer division by zero"),
    (0xC000_0095, "integer overflow"),
    (0xC000_0096, "privileged instruction"),
    (0xC000_00FD, "stack overflow"),
    (0xC000_0135, "a DLL that it needs was not found"),
    (0xC000_0139, "a function of a DLL was not found"),
    (0xC000_0142, "a DLL that it needs failed to start"),
    (0xC000_0374, "heap corruption"),
    (0xC000_0409, "fail fast"),
    (0xC000_0420, "assertion failed"),
    // Of compilers: Microsoft's C++ ("msc"), and .NET ("CCR").
    (0xE06D_7363, "C++ exception"),
    (0xE043_4352, ".NET exception"),
];

/// The name of the exception that an exit code stands for; nothing if it is a
/// program's own code.
pub fn exception_name(code: u32) -> Option<&'static str> {
    EXCEPTIONS.iter().find(|(known, _)| *known == code).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exceptions_and_own_codes() {
        assert_eq!(exception_name(0xC000_0005), Some("access violation"));
        for own in [0, 1, 7, 256, u32::MAX, 0xC000_013A] {
            assert_eq!(exception_name(own), None, "{own:#x}");
        }
    }
}
