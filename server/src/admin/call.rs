//! The calls of an admin: what the command line and the private socket carry.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use shared::money::Mills;
use shared::services::accounts::Month;
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::approval::ApprovalCall;
use super::bank::BankCall;
use super::epoch::EpochCall;
use super::keys::KeysCall;
use super::lines::CallsBy;
use super::money::MoneyCall;
use super::rates::RatesCall;
use super::refusal::AdminRefusal;
use super::repository::RepositoryCall;
use super::software::SoftwareCall;
use super::tree::TreeCall;
use super::view::AdminView;

/// The longest call, bytes as JSON: an edition of rates with every character escaped.
pub const CALL_MAX: usize = 32 * 1_024 * 1_024;

/// The longest view, bytes as JSON: two thousand groups of pieces with the longest names.
pub const VIEW_MAX: u64 = 16 * 1_024 * 1_024;

/// A passphrase on its way to what it opens.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
#[serde(transparent)]
pub struct Passphrase(String);

impl Passphrase {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Passphrase {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase")
    }
}

/// Something an admin wants done by whoever owns the data folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "kebab-case", deny_unknown_fields)]
pub enum AdminCall {
    /// Show what was refused since the data center began to serve.
    Refusals,
    /// Show what the telephone lines do.
    Lines,
    /// Show calls that the telephone lines took.
    Calls {
        /// How many days back.
        days: u32,
        /// Only those of this station, by number or PSD number.
        station: Option<String>,
        /// Count them by this instead of showing each.
        by: Option<CallsBy>,
    },
    /// Open a customer account.
    AccountNew {
        /// What people call it.
        name: String,
    },
    /// Book a payment of a customer.
    AccountDeposit {
        /// Name or number of the account.
        account: String,
        /// How much.
        amount: Mills,
        /// The bank's reference: the same twice is booked once.
        reference: String,
    },
    /// Show one account.
    AccountShow {
        /// Name or number of the account.
        account: String,
    },
    /// Show all accounts.
    AccountList,
    /// Look at or place payments that come in by bank.
    Bank {
        /// What is to be done.
        what: BankCall,
    },
    /// Make the statement of a month.
    AccountStatement {
        /// Name or number of the account.
        account: String,
        /// The month.
        month: Month,
    },
    /// Look at or change the tree of an account.
    Tree {
        /// What is to be done.
        what: TreeCall,
    },
    /// Make a station known and its one-time code.
    StationNew {
        /// Name or number of the account it refills from.
        account: String,
        /// The licence's ZIP code, five digits, or empty.
        zip: String,
    },
    /// Show the stations of one account or of all.
    StationList {
        /// Name or number of the account.
        account: Option<String>,
    },
    /// Show one station.
    StationShow {
        /// Number or PSD number.
        station: String,
    },
    /// Refuse a station's refills until it is unlocked.
    StationLock {
        /// Number or PSD number.
        station: String,
    },
    /// Serve a locked station again.
    StationUnlock {
        /// Number or PSD number.
        station: String,
    },
    /// Show the evidence against a station.
    StationEvidence {
        /// Number or PSD number.
        station: String,
    },
    /// End a station: its certificates are revoked.
    StationWithdraw {
        /// Number or PSD number.
        station: String,
    },
    /// Let a user of a station choose a new PIN.
    StationResetPin {
        /// Number or PSD number.
        station: String,
        /// The user's name.
        user: String,
    },
    /// Store an edition of rates.
    RatesImport {
        /// Its JSON source.
        source: String,
    },
    /// Sign and announce one edition, or all that are not yet.
    RatesPublish {
        /// Its name.
        edition: Option<String>,
        /// What opens the keys that publish; looked for where `init` left it when there is none.
        passphrase: Option<Passphrase>,
    },
    /// Show all editions.
    RatesList,
    /// Look through editions, or publish one that fails.
    Rates {
        /// What to do.
        rates: RatesCall,
    },
    /// See or sign the repository.
    Repository {
        /// What to do.
        what: RepositoryCall,
    },
    /// Publish releases, or show who runs what.
    Software {
        /// What is to be done.
        what: SoftwareCall,
    },
    /// Count pieces.
    Statistics(StatisticsAsked),
    /// Keys of the data center.
    Keys(KeysCall),
    /// Recompute the whole book.
    LedgerVerify,
    /// Write out the whole journal.
    LedgerExport,
    /// Move or hold money beside refills.
    Money {
        /// What to do.
        money: MoneyCall,
    },
    /// Make or end keys of admins.
    Approval {
        /// What to do.
        approval: ApprovalCall,
    },
    /// See or sign epochs.
    Epoch {
        /// What to do.
        epoch: EpochCall,
    },
    /// Write a backup.
    Backup {
        /// The new file, an absolute path.
        file: PathBuf,
    },
}

/// Which pieces to count, and by what.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatisticsAsked {
    /// The first day they were booked on, ISO.
    pub from: Option<String>,
    /// The last day, ISO.
    pub to: Option<String>,
    /// By what, in words.
    pub by: String,
    /// Name or number of the account.
    pub account: Option<String>,
    /// Number or PSD number of the station.
    pub station: Option<String>,
    /// Whether the groups are wanted one by one, up to a million, instead of all in one view.
    pub one_by_one: bool,
}

/// One line of the owner's answer: that it took the call, any number of views, then how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AdminAnswer {
    /// The call is read and is carried out now. Whoever has not heard this knows that it is not.
    Taken,
    /// One thing to show.
    View(Box<AdminView>),
    /// The call was carried out.
    Done,
    /// The call was not carried out.
    Refused(AdminRefusal),
}
