//! What an admin is shown: one object each, as JSON or as text.

use std::fmt;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shared::clock::UnixSeconds;
use shared::ids::{AccountId, DataCenterId, PsdId, StationId, VaultId};
use shared::money::Mills;
use shared::rates::Report;
use shared::rates::rehearsal::Rehearsal;
use shared::statistics::Group;

use super::approval::ApprovalView;
use super::bank::BankView;
use super::check::Checked;
use super::epoch::EpochShown;
use super::keys::KeysView;
use super::lines::{CallView, CallsCountedView, LineView};
use super::money::MoneyView;
use super::pin_reset::PinResetView;
use super::repository::RepositoryView;
use super::software::{ReleaseView, StationSoftwareView};
use super::tree::{NodeView, OverrideView};
use crate::evidence::Evidence;
use crate::ledger::{AuditReport, ExportLine};
use crate::services::accounts::statement::Statement;
use crate::services::funds::held::End;
use crate::services::rates::store::StoredEdition;
use crate::services::statistics::count::Statistics;
use crate::services::statistics::standing::Standing;
use crate::stations::{Station, StationState};

/// One account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountView {
    /// Its number.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// What its payments should name: an ISO 11649 creditor reference.
    pub payment_reference: String,
    /// What it holds for refills, mills.
    pub balance: Mills,
    /// Granted to its stations and not yet stated as arrived, mills.
    pub in_transit: Mills,
    /// In its stations' vaults, as last stated, mills.
    pub vaults: Mills,
    /// Printed by its stations, as last stated, mills.
    pub printed: Mills,
    /// Held of its withdrawn and lost stations, mills.
    pub held: Mills,
    /// What it owes: it holds nothing then, mills.
    pub owed: Mills,
    /// What is still to be paid for returned payments; more than nothing locks it for refills.
    pub outstanding: Mills,
    /// How many stations it has.
    pub stations: usize,
    /// When it was opened.
    pub created: UnixSeconds,
}

/// How often something was refused since the data center began to serve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusalsView {
    /// The refusal's stable code.
    pub code: String,
    /// How often.
    pub count: u64,
    /// When it was last.
    pub last: UnixSeconds,
}

/// A payment that was booked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DepositView {
    /// The account.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// How much, mills.
    pub amount: Mills,
    /// The bank's reference.
    pub reference: String,
    /// What the account holds now, mills.
    pub balance: Mills,
    /// Whether it had been booked before.
    pub repeated: bool,
    /// Its record in the journal.
    pub sequence: u64,
}

/// A new station with its one-time code.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewStationView {
    /// Its number.
    pub station: StationId,
    /// The account it refills from.
    pub account: AccountId,
    /// Its PSD number.
    pub psd: PsdId,
    /// The one-time code; it is shown here and never again.
    pub code: String,
    /// Until when it can be used.
    pub expires: UnixSeconds,
}

impl fmt::Debug for NewStationView {
    /// Leaves out the code, which is as good as a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewStationView")
            .field("station", &self.station)
            .finish_non_exhaustive()
    }
}

/// One station.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StationView {
    /// Its number.
    pub station: StationId,
    /// The account it refills from.
    pub account: AccountId,
    /// Its vault.
    pub vault: VaultId,
    /// Its PSD number.
    pub psd: PsdId,
    /// The licence's ZIP code; empty when none was given.
    pub licence_zip: String,
    /// Where in its life it is.
    pub state: StationState,
    /// When it was made known.
    pub created: UnixSeconds,
    /// When it enrolled.
    pub enrolled: Option<UnixSeconds>,
    /// When it was last authenticated.
    pub last_contact: Option<UnixSeconds>,
    /// Until when its newest certificate is good.
    pub certificate_until: Option<UnixSeconds>,
    /// How its pieces stand to its register; only when one station is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statistics: Option<Standing>,
    /// How its vault ends, once that was ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawal: Option<EndView>,
}

/// The end of a station's vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndView {
    /// `ordered`, `held` or `released`.
    pub state: String,
    /// Whether the vault is lost: it stated no end.
    pub lost: bool,
    /// When it ended.
    pub ended: Option<UnixSeconds>,
    /// What it gave back, mills.
    pub returned: Mills,
    /// What of it the account had at once, for refills only, mills.
    pub credited: Mills,
    /// What is held now, mills.
    pub held: Mills,
    /// Until when.
    pub hold_until: Option<UnixSeconds>,
}

impl EndView {
    /// Shows the end of a vault of which `held` is held.
    #[must_use]
    pub fn of(end: &End, held: Mills) -> Self {
        Self {
            state: end.state.word().to_owned(),
            lost: end.lost,
            ended: end.ended,
            returned: end.returned,
            credited: end.credited,
            held,
            hold_until: end.hold_until,
        }
    }
}

impl StationView {
    /// Shows a station.
    #[must_use]
    pub fn of(station: Station, certificate_until: Option<UnixSeconds>) -> Self {
        Self {
            station: station.id,
            account: station.account,
            vault: station.vault,
            psd: station.psd,
            licence_zip: station.licence_zip,
            state: station.state,
            created: station.created,
            enrolled: station.enrolled,
            last_contact: station.last_contact,
            certificate_until,
            statistics: None,
            withdrawal: None,
        }
    }
}

/// One edition, with what should be looked at before it is published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EditionView {
    /// The edition.
    #[serde(flatten)]
    pub edition: StoredEdition,
    /// What looking through it came to; only when it was just imported or published despite it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub report: Option<Report>,
    /// What its files hold and was not read; only when it was just imported.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_read: Vec<String>,
    /// Whether it was there until now and is taken away.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
}

/// A new data center.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitView {
    /// The data center.
    pub data_center: DataCenterId,
    /// Where the offline keys lie.
    pub offline_root: PathBuf,
    /// The folder with the repository's offline keys, and the passphrase of those that publish.
    pub offline: PathBuf,
    /// The passphrase that was made for them; it is shown here and never again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub passphrase: Option<String>,
}

impl fmt::Debug for InitView {
    /// Leaves out the passphrase.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InitView")
            .field("data_center", &self.data_center)
            .finish_non_exhaustive()
    }
}

/// A backup that was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupView {
    /// The file.
    pub backup: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// How many private keys it does not hold, because they are on a PKCS #11 token.
    #[serde(default)]
    pub keys_on_token: usize,
}

/// A data center that was restored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestoreView {
    /// The data center.
    pub data_center: DataCenterId,
    /// Its new epoch.
    pub epoch: u32,
    /// Whether refills are locked; always.
    pub reconciling: bool,
    /// Journal records restored.
    pub journal_size: u64,
    /// Where what was in the folder before lies now, keys too.
    #[serde(default)]
    pub set_aside: Option<PathBuf>,
}

/// Anything that is shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AdminView {
    /// One account.
    Account(AccountView),
    /// A payment.
    Deposit(DepositView),
    /// Payments that come in by bank.
    Bank(BankView),
    /// The statement of a month.
    Statement(Box<Statement>),
    /// A node of an account's tree.
    Node(NodeView),
    /// An override of a budget.
    Override(OverrideView),
    /// A new station.
    NewStation(NewStationView),
    /// A code that lets a user choose a new PIN.
    PinReset(PinResetView),
    /// One station.
    Station(StationView),
    /// One edition.
    Edition(EditionView),
    /// What looking through an edition came to.
    RatesReport(Box<Report>),
    /// What a coming edition changes.
    Rehearsal(Box<Rehearsal>),
    /// One release of the stations' program.
    Release(ReleaseView),
    /// What a station runs.
    StationSoftware(StationSoftwareView),
    /// Pieces counted.
    Statistics(Box<Statistics>),
    /// One group of pieces.
    Group(Group),
    /// A key, or one to be certified.
    Keys(KeysView),
    /// What an audit found.
    Audit(AuditReport),
    /// One journal record.
    Record(ExportLine),
    /// Money moved or held beside refills.
    Money(MoneyView),
    /// Keys of admins and what they are to approve.
    Approval(ApprovalView),
    /// The repository.
    Repository(RepositoryView),
    /// How often something was refused.
    Refusals(RefusalsView),
    /// A telephone line.
    Line(LineView),
    /// A call that a telephone line took.
    Call(CallView),
    /// Such calls counted.
    CallsCounted(CallsCountedView),
    /// Evidence against a station.
    Evidence(Box<Evidence>),
    /// What checking a file came to.
    Checked(Checked),
    /// An epoch, or how far it has come.
    Epoch(EpochShown),
    /// A backup.
    Backup(BackupView),
    /// A new data center.
    Init(InitView),
    /// A restored data center.
    Restore(RestoreView),
}

impl AdminView {
    /// The object as one line of JSON.
    #[must_use]
    pub fn json(&self) -> String {
        let json = match self {
            Self::Account(view) => serde_json::to_string(view),
            Self::Deposit(view) => serde_json::to_string(view),
            Self::Bank(view) => view.json(),
            Self::Statement(view) => serde_json::to_string(view),
            Self::Node(view) => serde_json::to_string(view),
            Self::Override(view) => serde_json::to_string(view),
            Self::NewStation(view) => serde_json::to_string(view),
            Self::PinReset(view) => serde_json::to_string(view),
            Self::Station(view) => serde_json::to_string(view),
            Self::Edition(view) => serde_json::to_string(view),
            Self::RatesReport(view) => serde_json::to_string(view),
            Self::Rehearsal(view) => serde_json::to_string(view),
            Self::Release(view) => serde_json::to_string(view),
            Self::StationSoftware(view) => serde_json::to_string(view),
            Self::Statistics(view) => serde_json::to_string(view),
            Self::Group(view) => serde_json::to_string(view),
            Self::Keys(view) => serde_json::to_string(view),
            Self::Audit(view) => serde_json::to_string(view),
            Self::Record(view) => serde_json::to_string(view),
            Self::Money(view) => view.json(),
            Self::Approval(view) => view.json(),
            Self::Repository(view) => view.json(),
            Self::Refusals(view) => serde_json::to_string(view),
            Self::Line(view) => serde_json::to_string(view),
            Self::Call(view) => serde_json::to_string(view),
            Self::CallsCounted(view) => serde_json::to_string(view),
            Self::Evidence(view) => serde_json::to_string(view),
            Self::Checked(view) => view.json(),
            Self::Epoch(view) => view.json(),
            Self::Backup(view) => serde_json::to_string(view),
            Self::Init(view) => serde_json::to_string(view),
            Self::Restore(view) => serde_json::to_string(view),
        };
        json.expect("views have only texts and numbers")
    }
}

impl fmt::Display for AdminView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Account(view) => account(f, view),
            Self::Deposit(view) => deposit(f, view),
            Self::Bank(view) => view.fmt(f),
            Self::Statement(view) => super::statement::text(f, view),
            Self::Node(view) => view.fmt(f),
            Self::Override(view) => view.fmt(f),
            Self::NewStation(view) => new_station(f, view),
            Self::PinReset(view) => view.fmt(f),
            Self::Station(view) => station(f, view),
            Self::Edition(view) => edition(f, view),
            Self::RatesReport(view) => view.fmt(f),
            Self::Rehearsal(view) => view.fmt(f),
            Self::Release(view) => view.fmt(f),
            Self::StationSoftware(view) => view.fmt(f),
            Self::Statistics(view) => super::statistics::text(f, view),
            Self::Keys(view) => super::keys::text(f, view),
            Self::Audit(view) => audit(f, view),
            Self::Money(view) => view.fmt(f),
            Self::Approval(view) => view.fmt(f),
            Self::Repository(view) => view.fmt(f),
            Self::Refusals(view) => write!(
                f,
                "{:<24} {:>8}  last {}",
                view.code,
                view.count,
                time(view.last)
            ),
            Self::Line(view) => view.fmt(f),
            Self::Call(view) => view.fmt(f),
            Self::CallsCounted(view) => view.fmt(f),
            Self::Checked(view) => view.fmt(f),
            Self::Epoch(view) => view.fmt(f),
            // The journal and single groups are for machines in either form.
            Self::Record(_) | Self::Group(_) | Self::Evidence(_) => f.write_str(&self.json()),
            Self::Backup(view) => backup(f, view),
            Self::Init(view) => init(f, view),
            Self::Restore(view) => restore(f, view),
        }
    }
}

fn restore(f: &mut fmt::Formatter<'_>, view: &RestoreView) -> fmt::Result {
    write!(
        f,
        "Restored data center {} with {} journal records as epoch {}.\n\
         Refills are locked until it has been reconciled with its stations.",
        view.data_center, view.journal_size, view.epoch
    )?;
    match &view.set_aside {
        Some(place) => write!(
            f,
            "\nWhat was here before lies in {}, private keys too: keep it as safe as the data folder, \
             and remove it once nobody needs it as evidence.",
            place.display()
        ),
        None => Ok(()),
    }
}

fn account(f: &mut fmt::Formatter<'_>, view: &AccountView) -> fmt::Result {
    write!(
        f,
        "{}  {}\n    {} for refills, {} in transit, {} in {} vault(s), {} printed",
        view.account,
        view.name,
        view.balance,
        view.in_transit,
        view.vaults,
        view.stations,
        view.printed
    )?;
    if !view.held.is_zero() {
        write!(f, "\n    {} held of withdrawn and lost stations", view.held)?;
    }
    if !view.owed.is_zero() {
        write!(f, "\n    owes {}", view.owed)?;
    }
    if !view.outstanding.is_zero() {
        write!(
            f,
            "\n    locked for refills until {} more are paid for returned payments",
            view.outstanding
        )?;
    }
    Ok(())
}

fn deposit(f: &mut fmt::Formatter<'_>, view: &DepositView) -> fmt::Result {
    let booked = if view.repeated {
        "had been booked before; nothing was changed"
    } else {
        "booked"
    };
    write!(
        f,
        "{} for {} ({}) {booked}. The account holds {}.",
        view.amount, view.name, view.reference, view.balance
    )
}

fn new_station(f: &mut fmt::Formatter<'_>, view: &NewStationView) -> fmt::Result {
    write!(
        f,
        "Station {} with PSD {}.\nIts enrolment code, good once until {}:\n\n    {}\n",
        view.station,
        view.psd,
        time(view.expires),
        view.code
    )
}

fn station(f: &mut fmt::Formatter<'_>, view: &StationView) -> fmt::Result {
    write!(
        f,
        "{}  PSD {}  {}\n    account {}, last contact {}, certificate until {}",
        view.station,
        view.psd,
        view.state,
        view.account,
        view.last_contact.map_or_else(|| "never".to_owned(), time),
        view.certificate_until
            .map_or_else(|| "none".to_owned(), time),
    )?;
    if let Some(end) = &view.withdrawal {
        withdrawal(f, end)?;
    }
    match &view.statistics {
        None => Ok(()),
        Some(standing) => super::statistics::standing(f, standing),
    }
}

/// How a vault ended, or that it is to end.
fn withdrawal(f: &mut fmt::Formatter<'_>, end: &EndView) -> fmt::Result {
    let how = if end.lost { "lost" } else { "withdrawn" };
    match (end.ended, end.hold_until) {
        (None, _) => write!(
            f,
            "\n    to be withdrawn: it states its end at its next contact"
        ),
        (Some(ended), Some(until)) if !end.held.is_zero() => write!(
            f,
            "\n    {how} on {}: {} given back, {} credited at once, {} held until {}",
            time(ended),
            end.returned,
            end.credited,
            end.held,
            time(until)
        ),
        (Some(ended), _) => write!(
            f,
            "\n    {how} on {}: {} given back, nothing is held",
            time(ended),
            end.returned
        ),
    }
}

fn edition(f: &mut fmt::Formatter<'_>, view: &EditionView) -> fmt::Result {
    let edition = &view.edition;
    let state = match (view.removed, edition.published) {
        (true, _) => "taken away",
        (false, Some(_)) => "published",
        (false, None) => "not published",
    };
    let sample = if edition.sample {
        ", sample prices"
    } else {
        ""
    };
    write!(
        f,
        "{}  {}\n    from {}, {state}{sample}",
        edition.id, edition.title, edition.effective
    )?;
    for what in &view.not_read {
        write!(f, "\n    not read: {what}")?;
    }
    match &view.report {
        Some(report) => write!(f, "\n{report}"),
        None => Ok(()),
    }
}

fn audit(f: &mut fmt::Formatter<'_>, view: &AuditReport) -> fmt::Result {
    let units = |mills: i64| {
        let amount = Mills::new(mills.unsigned_abs()).unwrap_or_default();
        format!("{}{amount}", if mills < 0 { "-" } else { "" })
    };
    write!(
        f,
        "The book holds: {} records, {} transfers, head {}.\n\
         payments - pay-outs {} = customers {} + in transit {} + held {} + vaults {} + \
         printed {} - refunded {}",
        view.records,
        view.transfers,
        view.head,
        units(view.payments_less_pay_outs),
        units(view.customers),
        units(view.in_transit),
        units(view.held),
        units(view.vaults),
        units(view.printed),
        units(view.refunded),
    )
}

fn backup(f: &mut fmt::Formatter<'_>, view: &BackupView) -> fmt::Result {
    let (path, bytes) = (view.backup.display(), view.bytes);
    write!(
        f,
        "Backup written: {path} ({bytes} bytes). It holds private keys: keep it as safe as the \
         data folder."
    )?;
    match view.keys_on_token {
        0 => Ok(()),
        number => write!(
            f,
            "\n{number} signing keys are on the token and not in the backup: it works only with that \
             token, so see to a copy of the token too."
        ),
    }
}

fn init(f: &mut fmt::Formatter<'_>, view: &InitView) -> fmt::Result {
    write!(
        f,
        "Data center {} is ready.\nIts root key lies, encrypted, in\n    {}\n\
         and the repository's offline keys, with the passphrase of those that publish, in\n    {}\n\
         Move both off this machine. The three keys of the repository's root have one passphrase,\n\
         lie in one place and so are one key until three people make their own with\n\
         `repository new-key` and put those in force with `repository rotate-root`.",
        view.data_center,
        view.offline_root.display(),
        view.offline.display()
    )?;
    if let Some(passphrase) = &view.passphrase {
        write!(
            f,
            "\nThe passphrase, shown once and stored nowhere:\n\n    {passphrase}\n"
        )?;
    }
    Ok(())
}

/// An instant as people read it, in UTC.
pub(super) fn time(instant: UnixSeconds) -> String {
    Timestamp::from_second(instant.0).map_or_else(
        |_| instant.0.to_string(),
        |time| time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
    )
}
