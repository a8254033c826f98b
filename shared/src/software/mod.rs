//! Software of stations: which release a station takes, when it installs it, how a package comes
//! over a line that breaks, and what happens to a release that does not start.
//!
//! What is published for one platform and channel is one small document, the [`Rollout`]. A station
//! chooses from it ([`Rollout::choose`]), fetches the package piece by piece ([`Download`]), installs
//! it while nobody is served ([`Moment::allows`]), and tries it ([`Trial`]): one that does not prove
//! itself is replaced by the release before it and never tried again.

mod download;
mod hours;
mod identity;
mod release;
mod rollout;
mod trial;
mod version;
mod window;

pub use download::{CHUNK_FIRST, CHUNK_LEAST, CHUNK_MOST, Download, Piece, TookFault};
pub use hours::{NotHours, OpeningHours, SPANS_MAX};
pub use identity::{Channel, NotKnown, Platform};
pub use release::{
    GROUP_MAX_CHARS, PACKAGE_MAX_BYTES, Release, ReleaseState, Sha256Hex, Taker, is_group,
};
pub use rollout::{Choice, NotARollout, PublishRefusal, RELEASES_MAX, ROLLOUT_MAX_BYTES, Rollout};
pub use trial::{ATTEMPTS_MAX, AtStart, PROOF_SECONDS, Trial, TrialState};
pub use version::{NotAVersion, Version};
pub use window::{Belief, Busy, Hold, Moment};

#[cfg(test)]
mod tests;
