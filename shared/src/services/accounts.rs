//! Postal account management: the tree of an account, its budgets, and what was spent where.
//!
//! Called by the monitor in a contact. Level L2: the tree tells who works where, and nothing in it
//! moves money; value moves only at L3. The tree comes like an edition: the station names the
//! version it has and gets what changed since. What the station reports are sums since its first
//! piece, so that saying them twice changes nothing.

mod month;

use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};

pub use month::{Month, NotAMonth, Period};

use super::{Request, ServiceId};
use crate::clock::UnixSeconds;
use crate::ids::NodeId;
use crate::money::Mills;
use crate::security::Level;

/// The layout version of both messages.
pub const VERSION: u8 = 1;

/// The longest name of a node or of a cost centre, characters.
pub const MAX_NAME_CHARS: usize = 64;

/// The longest reason of an override, characters.
pub const MAX_REASON_CHARS: usize = 160;

/// Sums of cost centres in one request: at their longest they still fit into 16 KiB.
pub const USAGE_MAX: usize = 32;

/// Overrides in one request.
pub const OVERRIDES_MAX: usize = 4;

/// Changes of the tree, and sums of other stations, in one reply.
pub const CHANGES_MAX: usize = 200;

/// What a node of the tree is. The organisation itself is the account, and no node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "kebab-case")]
#[cbor(index_only)]
pub enum NodeKind {
    /// A place with stations and people.
    #[n(1)]
    Office,
    /// A part of an organisation or office.
    #[n(2)]
    Department,
    /// A printing station; its node has the station's own number.
    #[n(3)]
    Station,
    /// What pieces are booked on.
    #[n(4)]
    CostCentre,
}

impl NodeKind {
    /// All kinds, the outermost first.
    pub const ALL: [Self; 4] = [
        Self::Office,
        Self::Department,
        Self::Station,
        Self::CostCentre,
    ];

    /// The kind's number: in tables.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Office => 1,
            Self::Department => 2,
            Self::Station => 3,
            Self::CostCentre => 4,
        }
    }

    /// The kind with this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// The kind as a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Office => "office",
            Self::Department => "department",
            Self::Station => "station",
            Self::CostCentre => "cost centre",
        }
    }

    /// Whether a node of this kind may lie below one of kind `parent`; `None` is the organisation.
    #[must_use]
    pub const fn lies_below(self, parent: Option<Self>) -> bool {
        match (self, parent) {
            (_, None) => true,
            (_, Some(Self::CostCentre)) => false,
            (Self::Office, Some(Self::Office)) => true,
            (Self::Office, Some(Self::Department | Self::Station)) => false,
            (Self::Department | Self::Station, Some(Self::Office | Self::Department)) => true,
            (Self::Department | Self::Station, Some(Self::Station)) => false,
            (Self::CostCentre, Some(Self::Office | Self::Department | Self::Station)) => true,
        }
    }
}

/// The most that may be spent on a cost centre; each is a hard stop where it is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct Budgets {
    /// In a calendar month, mills.
    #[n(1)]
    pub month: Option<Mills>,
    /// In a calendar quarter, mills.
    #[n(2)]
    pub quarter: Option<Mills>,
    /// In a calendar year, mills.
    #[n(3)]
    pub year: Option<Mills>,
}

/// A budget that a piece would overrun. Nothing was booked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the budget of this {} is {budget}, {spent} are spent", period.word())]
pub struct BudgetSpent {
    /// Which budget.
    pub period: Period,
    /// What it allows.
    pub budget: Mills,
    /// What is spent of it already.
    pub spent: Mills,
    /// By how much the piece goes over.
    pub over: Mills,
}

impl Budgets {
    /// The budget of a period.
    #[must_use]
    pub const fn of(&self, period: Period) -> Option<Mills> {
        match period {
            Period::Month => self.month,
            Period::Quarter => self.quarter,
            Period::Year => self.year,
        }
    }

    /// Whether there is any.
    #[must_use]
    pub const fn is_any(&self) -> bool {
        self.month.is_some() || self.quarter.is_some() || self.year.is_some()
    }

    /// Checks a piece of `postage` booked in `month`; `spent` tells what is spent from one month to
    /// another, both included.
    ///
    /// # Errors
    /// [`BudgetSpent`], wrapped in what `spent` may answer.
    pub fn check<E>(
        &self,
        month: Month,
        postage: Mills,
        mut spent: impl FnMut(Month, Month) -> Result<Mills, E>,
    ) -> Result<Result<(), BudgetSpent>, E> {
        for period in Period::ALL {
            let Some(budget) = self.of(period) else {
                continue;
            };
            let (first, last) = period.around(month);
            let spent = spent(first, last)?;
            // A sum that no register holds is over every budget.
            let after = spent.plus(postage).ok();
            if after.is_none_or(|after| after > budget) {
                let over = after.and_then(|after| after.minus(budget).ok());
                return Ok(Err(BudgetSpent {
                    period,
                    budget,
                    spent,
                    over: over.unwrap_or(postage),
                }));
            }
        }
        Ok(Ok(()))
    }
}

/// One node of an account's tree, as it is now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct Node {
    /// Its number.
    #[n(1)]
    pub id: NodeId,
    /// What it lies below; nothing for what lies directly below the organisation.
    #[n(2)]
    pub parent: Option<NodeId>,
    /// What it is.
    #[n(3)]
    pub kind: NodeKind,
    /// What people call it; unique among an account's open cost centres.
    #[n(4)]
    pub name: String,
    /// Whether nothing is booked on it any more.
    #[n(5)]
    pub closed: bool,
    /// What may be spent on a cost centre.
    #[n(6)]
    pub budgets: Budgets,
}

/// What one station has printed for one cost centre in one month, since its first piece.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct Usage {
    /// The cost centre's number as text; the clerk's own words where the account has no cost
    /// centres; empty for pieces booked on none.
    #[n(1)]
    pub centre: String,
    /// The month they were booked in, by the station's calendar.
    #[n(2)]
    pub month: Month,
    /// How many.
    #[n(3)]
    pub pieces: u64,
    /// Their postage, mills.
    #[n(4)]
    pub postage: Mills,
}

/// A piece that a supervisor let pass a spent budget.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(map)]
pub struct Override {
    /// The piece's counter.
    #[n(1)]
    pub counter: u32,
    /// The cost centre's number as text.
    #[n(2)]
    pub centre: String,
    /// The supervisor.
    #[n(3)]
    pub user: String,
    /// Why.
    #[n(4)]
    pub reason: String,
    /// By how much the budget is overrun, mills.
    #[n(5)]
    pub over: Mills,
    /// When, by the station's clock.
    #[n(6)]
    pub at: UnixSeconds,
}

/// Asks for what changed in the account, and reports what was spent.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AccountsRequest {
    /// The layout version, 1.
    #[n(1)]
    pub version: u8,
    /// The version of the account that the station has; 0 for none.
    #[n(2)]
    pub known: u64,
    /// Sums that changed since the last report, oldest change first; at most [`USAGE_MAX`].
    #[n(3)]
    pub usage: Vec<Usage>,
    /// The journal number of the last change among them; comes back as taken.
    #[n(4)]
    pub upto: u64,
    /// Overrides that were not reported yet, by counter; at most [`OVERRIDES_MAX`].
    #[n(5)]
    pub overrides: Vec<Override>,
}

impl AccountsRequest {
    /// Both sides are authenticated.
    pub const LEVEL: Level = Level::L2;
}

impl Request for AccountsRequest {
    const SERVICE: ServiceId = ServiceId::Accounts;
    const LEVEL: Level = Self::LEVEL;
    type Reply = AccountsReply;
}

/// What changed in the account since the version asked with.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AccountsReply {
    /// The layout version, 1.
    #[n(1)]
    pub version: u8,
    /// The account's version with these changes.
    #[n(2)]
    pub account_version: u64,
    /// Whether more changes wait behind these.
    #[n(3)]
    pub more: bool,
    /// Nodes that are new or changed.
    #[n(4)]
    pub nodes: Vec<Node>,
    /// What the account's other stations have together spent on cost centres with a budget.
    #[n(5)]
    pub elsewhere: Vec<Usage>,
    /// The journal number up to which the report was taken.
    #[n(6)]
    pub taken: u64,
    /// Pieces of this station that the data center knows, by all reports together.
    #[n(7)]
    pub pieces: u64,
    /// The highest counter among the overrides it knows of this station.
    #[n(8)]
    pub overrides: u32,
    /// Whether these are changes since nothing: what the station had is to be forgotten.
    #[n(9)]
    pub anew: bool,
}

#[cfg(test)]
mod tests;
