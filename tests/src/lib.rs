//! What the tests of Dillinger Runner share.

pub mod generator;
