//! The exceptions that end Windows programs, as exit codes.

/// The exit codes that are known as exceptions, with names for people.
///
/// A program may end with any number, so only these count. Sources: `NTSTATUS` values of \[MS-ERREF\] 2.3.1 (`ntstatus.h`
/// of the Windows SDK); Wine's own from its `include/wine/exception.h`; what loads on demand, C++ and .NET from
/// Microsoft's documentation of its linker and run-time libraries.
const EXCEPTIONS: [(u32, &str); 40] = [
    (0x4000_0015, "fatal application exit"),
    (0x8000_0001, "guard page"),
    (0x8000_0002, "misaligned data"),
    (0x8000_0003, "breakpoint"),
    (0x8000_0004, "single step"),
    // EXCEPTION_WINE_STUB and EXCEPTION_WINE_ASSERTION.
    (0x8000_0100, "a function that Wine lacks"),
    (0x8000_0101, "an assertion of Wine failed"),
    (0xC000_0005, "access violation"),
    (0xC000_0006, "page could not be read"),
    (0xC000_0008, "invalid handle"),
    (0xC000_0017, "no memory"),
    (0xC000_001D, "illegal instruction"),
    (0xC000_0025, "noncontinuable exception"),
    (0xC000_0026, "invalid disposition"),
    (0xC000_007B, "a file of the wrong format, such as a DLL of 32 bits in a program of 64"),
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
    (0xC000_0135, "a DLL that it needs was not found"),
    (0xC000_0138, "an ordinal of a DLL was not found"),
    (0xC000_0139, "a function of a DLL was not found"),
    (0xC000_0142, "a DLL that it needs failed to start"),
    (0xC000_0194, "deadlock"),
    (0xC000_0374, "heap corruption"),
    (0xC000_0409, "fail fast or stack buffer overrun"),
    (0xC000_0417, "invalid parameter of a C library function"),
    (0xC000_0420, "assertion failed"),
    (0xC06D_007E, "a DLL that is loaded on demand was not found"),
    (0xC06D_007F, "a function of a DLL that is loaded on demand was not found"),
    (0xE043_4352, ".NET exception"),
    (0xE06D_7363, "C++ exception"),
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
    fn the_table_is_in_order_and_says_each_code_once() {
        assert!(EXCEPTIONS.is_sorted_by(|(left, _), (right, _)| left < right));
    }

    #[test]
    fn exceptions_and_own_codes() {
        for (code, name) in [
            (0xC000_0005, "access violation"),
            (0xC000_0008, "invalid handle"),
            (0xC000_0194, "deadlock"),
            (0xE06D_7363, "C++ exception"),
        ] {
            assert_eq!(exception_name(code), Some(name), "{code:#x}");
        }
        for own in [0, 1, 7, 255, 256, u32::MAX, 0xC000_013A, 0xC000_9999] {
            assert_eq!(exception_name(own), None, "{own:#x}");
        }
    }
}
