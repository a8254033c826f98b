//! The command line of `pennyblack-server`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::approval::cli::{AdminCommand, ConsentArguments};
use super::bank::cli::AccountBankCommand;
use super::epoch::cli::EpochCommand;
use super::lines::CallsBy;
use super::money::cli::{
    AccountMoneyCommand, RefundCommand, ScanCommand, StationMoneyCommand, StopListCommand,
};
use super::repository::cli::RepositoryCommand;
use super::software::cli::SoftwareCommand;
use super::statement::StatementCommand;
use super::tree::TreeCommand;

/// The heading of what every command takes: its own options come first.
const COMMON: &str = "Options of every command";

/// Runs a Pennyblack data center: it holds the accounts, grants refills to postal printing
/// stations, and publishes postal rates.
///
/// Begin with `init`, then `serve`. The other commands work beside a running `serve` and without
/// it. Exit codes: 0 done, 1 broken, 2 wrong usage, 3 refused, 5 not known whether it was done,
/// 6 damaged data.
#[derive(Debug, Parser)]
#[command(name = "pennyblack-server", version, max_term_width = 100)]
pub struct Cli {
    /// The data center's folder [default: the platform's folder for application data].
    #[arg(long, global = true, help_heading = COMMON, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Write JSON for machines: one object, or one per line for lists; refusals to standard error.
    #[arg(long, global = true, help_heading = COMMON)]
    pub json: bool,
    /// A file whose first line is the PIN of the PKCS #11 token that holds the data center's keys;
    /// without it the environment variable PENNYBLACK_TOKEN_PIN is used.
    #[arg(long, global = true, help_heading = COMMON, value_name = "PATH")]
    pub pin_file: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What an admin can ask for.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a new data center in an empty folder: authorities, keys, repository, database.
    Init(Init),
    /// Answer stations until stopped with ctrl-c or SIGTERM.
    Serve(Serve),
    /// Customers and their payments.
    #[command(subcommand)]
    Account(AccountCommand),
    /// Offices, departments, stations and cost centres of an account.
    #[command(subcommand)]
    Tree(TreeCommand),
    /// Claims for spoiled pieces.
    #[command(subcommand)]
    Refund(RefundCommand),
    /// Pieces seen in the mail.
    #[command(subcommand)]
    Scan(ScanCommand),
    /// Pieces that must not be accepted.
    #[command(subcommand)]
    StopList(StopListCommand),
    /// Keys of admins, and what two of them approve.
    #[command(subcommand)]
    Admin(AdminCommand),
    /// Postal printing stations and their enrolment codes.
    #[command(subcommand)]
    Station(StationCommand),
    /// Editions of postal rates.
    #[command(subcommand)]
    Rates(RatesCommand),
    /// The signed repository that `init` made: its roles, and new keys for them.
    #[command(subcommand)]
    Repository(RepositoryCommand),
    /// Pieces counted, and held against the registers.
    #[command(subcommand)]
    Statistics(StatisticsCommand),
    /// The double-entry book and its journal.
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// The data center's own keys and CAs: how old they are, and their successors.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// What stations and strangers were refused since `serve` began, by code
    Refusals,
    /// What the telephone lines of `serve --modem` do, and how many calls came over each
    Lines,
    /// Calls that the telephone lines took, the newest first, or counted
    Calls(Calls),
    /// Write a backup into one new file. It holds private keys, but never the offline root.
    Backup {
        /// The new file.
        file: PathBuf,
    },
    /// Make a data center from a backup: a new epoch, with refills locked until reconciled.
    Restore {
        /// The backup.
        file: PathBuf,
        /// The least number of the new epoch: above that of every earlier restore of this backup.
        #[arg(long, value_name = "NUMBER")]
        epoch: Option<u32>,
    },
    /// What happens after a restore: see it, and sign the new epoch.
    #[command(subcommand)]
    Epoch(EpochCommand),
    /// Releases of the stations' program, and who runs what.
    #[command(subcommand)]
    Software(SoftwareCommand),
}

/// Which calls, and how.
#[derive(Debug, Args)]
pub struct Calls {
    /// How many days back; calls are kept for 400.
    #[arg(long, value_name = "DAYS", default_value_t = 30,
        value_parser = clap::value_parser!(u32).range(1..=400))]
    pub days: u32,
    /// Only those of this station: its number or PSD number.
    #[arg(long, value_name = "STATION", conflicts_with = "by")]
    pub station: Option<String>,
    /// Count them instead of showing each.
    #[arg(long, value_name = "WHAT", value_enum)]
    pub by: Option<CallsBy>,
}

/// How to make a data center.
#[derive(Debug, Args)]
pub struct Init {
    /// A file whose first line is the passphrase of the offline root key. Without it one is made
    /// and shown once.
    #[arg(long, value_name = "PATH")]
    pub root_passphrase_file: Option<PathBuf>,
    /// A file whose first line is the passphrase of the keys that publish rates and software. Without
    /// it one is made and left in the folder `offline`, to be moved away.
    #[arg(long, value_name = "PATH")]
    pub publish_passphrase_file: Option<PathBuf>,
    /// Whom a clerk should ring when a station is frozen, for example a telephone number.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub support_contact: String,
    /// A host name or address under which stations reach the data center, beside localhost; may
    /// be given several times.
    #[arg(long = "name", value_name = "HOST")]
    pub names: Vec<String>,
    /// The library of a PKCS #11 token on which the keys for replies and of the CAs are made, instead
    /// of in the folder.
    #[arg(long, value_name = "LIBRARY", requires = "token")]
    pub pkcs11: Option<PathBuf>,
    /// The label of that token.
    #[arg(long, value_name = "LABEL", requires = "pkcs11")]
    pub token: Option<String>,
}

/// How to serve.
#[derive(Debug, Args)]
pub struct Serve {
    /// The address to listen on; port 0 takes any that is free.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7443")]
    pub listen: SocketAddr,
    /// The address of the admin console: not in this build.
    #[arg(long, value_name = "ADDR", hide = true)]
    pub console: Option<SocketAddr>,
    /// A serial port with a modem whose calls are answered, such as /dev/ttyS0 or COM3; may be given
    /// several times. Callers reach nothing but this data center.
    #[arg(long, value_name = "DEVICE")]
    pub modem: Vec<String>,
    /// How fast the modems are spoken to, bits per second; faster than their telephone lines.
    #[arg(
        long,
        value_name = "BPS",
        default_value_t = 115_200,
        requires = "modem"
    )]
    pub modem_speed: u32,
}

/// Customers.
#[derive(Debug, Subcommand)]
pub enum AccountCommand {
    /// Open an account.
    New {
        /// What people call it; no two accounts have the same name.
        name: String,
    },
    /// Book a payment. The same reference is booked once, however often it is given.
    Deposit {
        /// Name or number of the account.
        account: String,
        /// How much, for example 250.00.
        amount: String,
        /// The bank's reference of the payment.
        #[arg(long, value_name = "TEXT")]
        reference: String,
    },
    /// Show one account, or all.
    Show {
        /// Name or number of the account.
        account: Option<String>,
    },
    /// Show all accounts.
    List,
    /// What happens to money beside deposits.
    #[command(flatten)]
    Money(AccountMoneyCommand),
    /// Payments that come in by bank.
    #[command(flatten)]
    Bank(AccountBankCommand),
    /// Make the statement of a month.
    Statement(StatementCommand),
}

/// Stations.
#[derive(Debug, Subcommand)]
pub enum StationCommand {
    /// Show the evidence against a station: signed messages that contradict each other, with the
    /// certificates of their keys. `ledger verify --export` checks it anywhere.
    Evidence {
        /// Number or PSD number of the station.
        station: String,
        /// Write it into this new file.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Make a station known; prints the one-time code with which it enrols within 24 hours.
    New {
        /// Name or number of the account it refills from.
        #[arg(long)]
        account: String,
        /// The licence's ZIP code, five digits: where its mail begins. The default is the post's
        /// headquarters, so that a station can quote at once.
        #[arg(long, default_value = "20260")]
        zip: String,
    },
    /// Show the stations of one account, or all.
    List {
        /// Name or number of the account.
        #[arg(long)]
        account: Option<String>,
    },
    /// Show one station.
    Show {
        /// Number or PSD number of the station.
        station: String,
    },
    /// Refuse the station's refills until it is unlocked.
    Lock {
        /// Number or PSD number of the station.
        station: String,
    },
    /// Serve a locked station again.
    Unlock {
        /// Number or PSD number of the station.
        station: String,
    },
    /// End the station for good: at its next contact it states its registers a last time and
    /// destroys its key; at most 100.00 is credited at once, the rest is held until its last
    /// certificate is long over. For a station that never calls again see `lost`.
    Withdraw {
        /// Number or PSD number of the station.
        station: String,
    },
    /// Let a user of the station who has forgotten the PIN choose a new one: prints a one-time code,
    /// good for 7 days once the station has met the data center.
    ResetPin {
        /// Number or PSD number of the station.
        station: String,
        /// The user's name, as the station shows it.
        #[arg(long)]
        user: String,
    },
    /// What happens to the value of a station that never calls again.
    #[command(flatten)]
    Money(StationMoneyCommand),
}

/// Editions of rates.
#[derive(Debug, Subcommand)]
pub enum RatesCommand {
    /// Store an edition and say what should be looked at: its own JSON; a plan that names the post's
    /// price tables (CSV) and zone chart; or a list of prices in JSON.
    Import {
        /// An edition, a plan or a list of prices, each in JSON; a plan's tables and chart lie beside
        /// it.
        file: PathBuf,
        /// The edition whose rules, shapes and zones a plan or a list takes: a file beside it, a
        /// stored one, or us-2026-07-12, which comes with this program [default: the plan's; for a
        /// list the newest that is published or passes validation, else the program's].
        #[arg(long, value_name = "EDITION")]
        base: Option<String>,
        /// The name of an edition made of a list [default: us- and its first day].
        #[arg(long, value_name = "ID")]
        id: Option<String>,
    },
    /// Show what a coming edition changes for pieces like those that were printed: the biggest
    /// change first, and which of them lose their price.
    Rehearse {
        /// The edition's name [default: the next that comes].
        edition: Option<String>,
        /// Look at the pieces of so many days, up to 366.
        #[arg(long, default_value_t = 30)]
        days: u16,
    },
    /// Look through an edition for holes, prices that fall or jump, overlaps and impossible dates;
    /// without a name, through all that are not published. Ends with 3 when one fails.
    Validate {
        /// The edition's name, for example us-2026-07-12.
        edition: Option<String>,
    },
    /// Sign an edition and announce it to the stations; without a name, all that are not yet and
    /// pass validation. One that fails needs a reason and the approval of two admins.
    Publish {
        /// The edition's name, for example us-2026-07-12.
        edition: Option<String>,
        /// Why an edition that fails validation is right all the same; it stands in the journal.
        #[arg(long, value_name = "TEXT", requires = "edition")]
        reason: Option<String>,
        /// A file whose first line is the passphrase of the keys that publish [default: where `init`
        /// left it, until you move it away].
        #[arg(long, value_name = "PATH")]
        passphrase_file: Option<PathBuf>,
        /// How two admins approve it.
        #[command(flatten)]
        consent: ConsentArguments,
    },
    /// Take away an edition that is not published; its name is free again.
    Remove {
        /// The edition's name.
        edition: String,
    },
    /// Show all editions.
    List,
}

impl RatesCommand {
    /// How two admins approve it.
    pub(super) fn consent(&self) -> ConsentArguments {
        match self {
            Self::Publish { consent, .. } => consent.clone(),
            Self::Import { .. }
            | Self::Rehearse { .. }
            | Self::Validate { .. }
            | Self::Remove { .. }
            | Self::List => ConsentArguments::default(),
        }
    }
}

/// Statistics of pieces.
#[derive(Debug, Subcommand)]
pub enum StatisticsCommand {
    /// Count pieces and say where they do not add up to a register.
    Show {
        /// Which pieces, and by what.
        #[command(flatten)]
        count: CountArguments,
    },
    /// Count pieces and write them into files for spreadsheets.
    Export {
        /// Which pieces, and by what.
        #[command(flatten)]
        count: CountArguments,
        /// A new CSV file.
        #[arg(long, value_name = "FILE", required_unless_present = "xlsx")]
        csv: Option<PathBuf>,
        /// A new Excel file.
        #[arg(long, value_name = "FILE")]
        xlsx: Option<PathBuf>,
    },
}

/// Which pieces, and by what.
#[derive(Debug, Args)]
pub struct CountArguments {
    /// The first day they were booked on, ISO [default: 30 days up to the last].
    #[arg(long, value_name = "DAY")]
    pub from: Option<String>,
    /// The last day, ISO [default: today].
    #[arg(long, value_name = "DAY")]
    pub to: Option<String>,
    /// By what, separated by commas: day, month, class, shape, step, zone, edition, station,
    /// cost-centre, user.
    #[arg(long, value_name = "WHAT", default_value = "class,shape")]
    pub by: String,
    /// Only the stations of this account, by name or number.
    #[arg(long)]
    pub account: Option<String>,
    /// Only this station, by number or PSD number.
    #[arg(long)]
    pub station: Option<String>,
}

/// The data center's own keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Show every key and CA: its age, until when it is believed, and when the next takes over.
    List,
    /// Make successors. Signing keys are announced now and sign after 40 days, so that every
    /// station knows them by then; that also happens by itself once a year. CAs need the offline
    /// root; no station has to be touched.
    Rotate(Rotate),
    /// Make a new signing key in place of one that is lost or was stolen: the offline root names it
    /// to the stations. The data center must be stopped.
    Replace(Replace),
}

/// How to replace a signing key.
#[derive(Debug, Args)]
pub struct Replace {
    /// Which; may be given several times.
    #[arg(long = "what", value_name = "KEY", value_enum, required = true)]
    pub what: Vec<Replaced>,
    /// The file with the offline root [default: where `init` left it].
    #[arg(long, value_name = "PATH")]
    pub root: Option<PathBuf>,
    /// A file whose first line is the passphrase of the offline root.
    #[arg(long, value_name = "PATH")]
    pub root_passphrase_file: PathBuf,
    /// Somebody else has the earlier key: stations believe nothing more that it signs. A station that
    /// never got the answer to a refill it signed has to be enrolled anew.
    #[arg(long)]
    pub stolen: bool,
}

/// What can be replaced by the root's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Replaced {
    /// The key that signs replies, grants and receipts.
    Replies,
    /// The key that signs heads of the journal.
    Heads,
}

/// How to rotate.
#[derive(Debug, Args)]
pub struct Rotate {
    /// What; may be given several times. Without it all but the CAs.
    #[arg(long = "what", value_name = "KEY", value_enum)]
    pub what: Vec<Rotated>,
    /// The file with the offline root [default: where `init` left it].
    #[arg(long, value_name = "PATH")]
    pub root: Option<PathBuf>,
    /// A file whose first line is the passphrase of the offline root: needed for CAs.
    #[arg(long, value_name = "PATH")]
    pub root_passphrase_file: Option<PathBuf>,
    /// The file with the key of the repository's targets, which publishes new CAs [default: where
    /// `init` left it].
    #[arg(long, value_name = "PATH")]
    pub targets_key: Option<PathBuf>,
    /// A file whose first line is its passphrase [default: that of the offline root].
    #[arg(long, value_name = "PATH")]
    pub targets_passphrase_file: Option<PathBuf>,
    /// Let the successors take over now. Stations that do not know them yet learn them when they
    /// first meet what they signed.
    #[arg(long)]
    pub at_once: bool,
}

/// What can be rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Rotated {
    /// The key that signs replies, grants and receipts.
    Replies,
    /// The key that signs heads of the journal.
    Heads,
    /// The key that requests are sealed to.
    Sealing,
    /// The CAs for server, stations and indicia.
    Ca,
}

/// The book.
#[derive(Debug, Subcommand)]
pub enum LedgerCommand {
    /// Recompute every hash, every transfer and every balance.
    Verify {
        /// Check this file instead of the database: a written-out journal, or evidence against a
        /// station. It needs no data center.
        #[arg(long, value_name = "FILE")]
        export: Option<PathBuf>,
    },
    /// Write the whole journal as JSON Lines, enough to recompute every hash.
    Export,
}
