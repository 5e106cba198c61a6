//! Podman's own generator makes of every unit file exactly what was put in.
//!
//! Needs the generators that `DILLINGER_QUADLET` names, separated by colons.
//! `DILLINGER_SEED` (64 hexadecimal digits) replaces the fixed seed.

#[path = "generator/batch.rs"]
mod batch;
#[path = "generator/container.rs"]
mod container;
#[path = "generator/request.rs"]
mod request;
#[path = "generator/text.rs"]
mod text;

use anyhow::{Context as _, anyhow};
use container::Container;
use dillinger_runner_tests::generator::{Generator, generators};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

const BATCH: usize = 200;
const SEED: [u8; 32] = *b"Dillinger Runner: unit files \x01\x02\x03";

/// Checks `batches` batches of `BATCH` cases. Of a batch that fails, the first
/// case that fails alone is made as simple as it can be and shown with the seed.
fn property<S: Strategy>(
    batches: usize,
    strategy: &S,
    check: impl Fn(&[S::Value]) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let seed = text::seed(SEED).context("DILLINGER_SEED is not 64 hexadecimal digits")?;
    let generator = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), generator);
    for _ in 0..batches {
        let trees: Result<Vec<S::Tree>, _> = (0..BATCH).map(|_| strategy.new_tree(&mut runner)).collect();
        let trees = trees.map_err(|reason| anyhow!("no case: {reason}"))?;
        let cases: Vec<S::Value> = trees.iter().map(ValueTree::current).collect();
        if let Err(failure) = check(&cases) {
            let alone = trees.into_iter().find(|tree| check(&[tree.current()]).is_err());
            let simplest = alone.map_or(failure, |tree| simplify(tree, &check));
            return Err(simplest.context(format!("DILLINGER_SEED={}", text::hexadecimal(&seed))));
        }
    }
    Ok(())
}

/// The failure of the simplest case that fails as this one does.
fn simplify<T: ValueTree>(mut tree: T, check: impl Fn(&[T::Value]) -> anyhow::Result<()>) -> anyhow::Error {
    let mut failure = anyhow!("it fails only now and then");
    for _ in 0..1000 {
        let moved = match check(&[tree.current()]) {
            Err(simpler) => {
                failure = simpler;
                tree.simplify()
            }
            Ok(()) => tree.complicate(),
        };
        if !moved {
            break;
        }
    }
    failure
}

/// Checks containers against the harmless one.
fn check(cases: &[Container], generators: &[Generator]) -> anyhow::Result<()> {
    let cases: anyhow::Result<Vec<_>> = cases.iter().map(Container::write).collect();
    batch::check(&container::harmless()?, &cases?, generators)
}

#[test]
fn every_value_arrives_as_it_was_given() {
    let generators = generators().unwrap();
    if !generators.is_empty() {
        property(25, &container::any(), |cases| check(cases, &generators)).unwrap();
    }
}

#[test]
fn every_request_arrives_as_it_was_made_or_is_refused_by_the_name_of_its_key() {
    let generators = generators().unwrap();
    if !generators.is_empty() {
        property(50, &request::any(), |cases| request::check(cases, &generators)).unwrap();
    }
}

#[test]
fn texts_that_broke_other_writers_arrive() {
    let generators = generators().unwrap();
    let cases: Vec<Container> = text::NASTY.iter().map(|text| container::everywhere(text)).collect();
    check(&cases, &generators).unwrap();
    let carried = text::NASTY.iter().filter(|text| !text.contains("\r\n"));
    let requests: Vec<_> = carried.map(|text| request::everywhere(text)).collect();
    request::check(&requests, &generators).unwrap();
}

#[test]
fn the_longest_texts_arrive() {
    let generators = generators().unwrap();
    let filled = |character: &str| character.repeat(131_068 / character.len());
    let characters = ["a", " ", "\u{1}", "\"", "%", "$", "\u{e9}", "\u{1f47e}"];
    let mut cases: Vec<Container> = characters.iter().map(|c| container::of_arguments(vec![filled(c)])).collect();
    cases.push(container::of_arguments(vec!["a".repeat(131_071); 7]));
    check(&cases, &generators).unwrap();
}

#[test]
fn a_command_line_that_systemd_would_not_read_is_refused() {
    for text in ["a", "\u{1}", "\u{1f47e}"] {
        let refused = container::of_arguments(vec![text.repeat(65_536 / text.len()); 20]).write();
        assert!(refused.is_err_and(|error| error.to_string().contains("at most 1048575")), "{text:?}");
    }
}
