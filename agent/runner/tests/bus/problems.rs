//! The names of errors that callers see.

use dillinger_runner::session::problems;
use dillinger_runner_core::problem::{ProblemClass, Problems};

/// Each class with its error; a new class does not compile until it stands here.
fn name(class: ProblemClass) -> &'static str {
    match class {
        ProblemClass::Invalid => "InvalidRequest",
        ProblemClass::UnknownKey => "UnknownKey",
        ProblemClass::LimitExceeded => "LimitExceeded",
        ProblemClass::Unsupported => "Unsupported",
        ProblemClass::LibraryUnavailable => "LibraryUnavailable",
        ProblemClass::ImageMissing => "ImageMissing",
    }
}

const PRECEDENCE: [ProblemClass; 6] = [
    ProblemClass::Invalid,
    ProblemClass::UnknownKey,
    ProblemClass::LimitExceeded,
    ProblemClass::Unsupported,
    ProblemClass::LibraryUnavailable,
    ProblemClass::ImageMissing,
];

#[test]
fn every_class_has_its_error() {
    for class in PRECEDENCE {
        let error = problems(&Problems::one(class, "Key", "is wrong"));
        assert_eq!(error.full_name(), format!("org.dillinger.Runner1.Error.{}", name(class)));
        assert_eq!(error.message(), "Key: is wrong");
    }
}

#[test]
fn the_first_in_precedence_names_the_whole_and_all_are_told() {
    for (at, first) in PRECEDENCE.into_iter().enumerate() {
        for second in &PRECEDENCE[at..] {
            let mut found = Problems::one(*second, "B", "is late");
            found.push(first, "A", "is early");
            let error = problems(&found);
            assert_eq!(error.short_name(), name(first));
            assert_eq!(error.message(), "B: is late; A: is early");
        }
    }
}
