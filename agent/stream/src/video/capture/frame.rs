//! A picture that was taken.

use dillinger_ring::planes::Planes;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

/// The memory of a picture, which is not written to while somebody holds it.
pub(crate) trait Pixels: AsRef<[u8]> + Debug + Send + Sync {
    /// Where its planes are.
    fn planes(&self) -> Planes;
}

/// A picture that was taken.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) pixels: Arc<dyn Pixels>,
    /// When the game committed it.
    pub(crate) taken: Duration,
}
