//! Rate editions: published prices with their effective instant.
//!
//! Called by the monitor in every contact. Level L0: manifests are signed and editions are named
//! by their hash, so that any line may carry them and anyone may cache them. An edition never
//! comes in without its manifest's signature, and never an older one after a newer one.

use super::{Request, ServiceId};
use crate::security::Level;

/// Asks for the signed manifests of all published editions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EditionsRequest;

impl EditionsRequest {
    /// Public and signed.
    pub const LEVEL: Level = Level::L0;
}

impl Request for EditionsRequest {
    const SERVICE: ServiceId = ServiceId::Rates;
    const LEVEL: Level = Self::LEVEL;
    type Reply = Vec<Vec<u8>>;
}
