//! What station and data center agree on, service by service.

pub mod accounts;
pub mod directory;
pub mod funds;
pub mod journal;
pub mod keys;
pub mod rates;
pub mod reconcile;
pub mod repository;
pub mod requests;
pub mod software;
pub mod statistics;
pub mod witness;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

use self::witness::Witness;
use crate::security::Level;

/// The services that are built. A number is never used for anything else.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Encode, Decode,
)]
#[serde(rename_all = "lowercase")]
#[cbor(index_only)]
pub enum ServiceId {
    /// Key management.
    #[n(1)]
    Keys,
    /// Telemetering: refills of prepaid value.
    #[n(2)]
    Funds,
    /// Rate editions.
    #[n(3)]
    Rates,
    /// Postal account management.
    #[n(4)]
    Accounts,
    /// Statistics of pieces.
    #[n(5)]
    Statistics,
    /// Software of the stations.
    #[n(6)]
    Software,
}

impl ServiceId {
    /// All services that are built, in the order in which a contact serves them.
    pub const ALL: [Self; 6] = [
        Self::Keys,
        Self::Funds,
        Self::Rates,
        Self::Accounts,
        Self::Statistics,
        Self::Software,
    ];

    /// The service's name: its folder on every side.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Keys => "keys",
            Self::Funds => "funds",
            Self::Rates => "rates",
            Self::Accounts => "accounts",
            Self::Statistics => "statistics",
            Self::Software => "software",
        }
    }

    /// The service's number: in headers and tables.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Keys => 1,
            Self::Funds => 2,
            Self::Rates => 3,
            Self::Accounts => 4,
            Self::Statistics => 5,
            Self::Software => 6,
        }
    }

    /// The service with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.name() == name)
    }

    /// How early the service goes on a line that is too slow for all at once, from 0: funds and
    /// keys, because printing ends without them; then rates, statistics, accounts, software.
    #[must_use]
    pub const fn rank(self) -> u8 {
        match self {
            Self::Keys | Self::Funds => 0,
            Self::Rates => 1,
            Self::Statistics => 2,
            Self::Accounts => 3,
            Self::Software => 4,
        }
    }

    /// The level of the service's requests.
    #[must_use]
    pub const fn level(self) -> Level {
        match self {
            Self::Keys => keys::RenewRequest::LEVEL,
            Self::Funds => funds::RefillRequest::LEVEL,
            Self::Rates => rates::LEVEL,
            Self::Accounts => accounts::AccountsRequest::LEVEL,
            Self::Statistics => statistics::StatisticsPage::LEVEL,
            Self::Software => software::PackageRequest::LEVEL,
        }
    }
}

/// A request type: it belongs to one service and is worth one level. A handler is found by the
/// type, so a request cannot be served at a weaker level than its own.
pub trait Request {
    /// The service it belongs to.
    const SERVICE: ServiceId;
    /// The level it must arrive at.
    const LEVEL: Level;
    /// Whether it carries a register statement that a served request has accepted: such a message
    /// is kept as one half of the evidence against a later one.
    const STATES: bool = false;
    /// What it is answered with.
    type Reply;

    /// What it says of the data center's own journal, where it says something.
    fn witness(&self) -> Option<&Witness> {
        None
    }
}
