//! The keys of a request are the same wherever they are written down.

use dillinger_runner_api::keys;
use dillinger_runner_core::limits::Limit;
use dillinger_runner_core::request::KEYS;

#[test]
fn the_core_has_the_keys_of_the_contract() {
    let contract: Vec<(&str, &str)> = keys::ALL.iter().map(|key| (key.name, key.signature)).collect();
    assert_eq!(KEYS, contract);
}

#[test]
fn the_core_has_the_limits_of_the_contract() {
    let contract: Vec<&str> = keys::ALL.iter().filter(|key| key.limit).map(|key| key.name).collect();
    let core: Vec<&str> = Limit::ALL.iter().map(|limit| limit.key()).chain(["AllowedCPUs"]).collect();
    assert_eq!(core, contract);
}
