//! What a station tells its window by itself.

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::{PieceState, ScaleView};

/// What changed: station → window. The window asks again for what it shows.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// Registers, state, keys, line or services changed.
    Status,
    /// A piece changed its state.
    Piece {
        /// Its serial.
        serial: String,
        /// Its state now.
        state: PieceState,
    },
    /// A service went on in the contact that is going on.
    Service {
        /// The service's identity, for example `funds`.
        service: String,
        /// `running`, or how it came to rest: `served`, `nothing`, `deferred`, `refused`, `failed`.
        stage: String,
    },
    /// The scale shows something else.
    Scale {
        /// What it shows.
        scale: Box<ScaleView>,
    },
    /// A batch went on.
    Batch {
        /// Rows done.
        done: u32,
        /// Rows in all.
        rows: u32,
    },
}
