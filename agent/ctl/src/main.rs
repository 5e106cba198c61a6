//! `dillingerctl`, see dillingerctl(1).

use std::process::ExitCode;

fn main() -> ExitCode {
    dillingerctl::main()
}
