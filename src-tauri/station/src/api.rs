//! The one declared list of calls: what the window, the bridge and the command line may ask of a
//! station, and what they get to see.
//!
//! A call is decoded, handed to the single owner of the station's state, and answered with a view.
//! Amounts and weights typed by people travel as text and are parsed here in Rust; amounts shown
//! travel as whole mills. No caller computes a price, signs or decides.

mod accounts;
mod amending;
mod doctor;
mod error;
mod event;
mod line;
mod looking;
mod money;
mod paper;
mod printers;
mod rates;
mod rehearsal;
mod repository;
mod scale;
mod slips;
mod software;
mod statistics;
mod users;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

use crate::station::Asker;

pub use accounts::{BudgetView, CentreView, CentresView};
pub use amending::{AmendCall, AmendHow};
pub use doctor::{DoctorCall, DoctorView, FindingOutcome, FindingView};
pub use error::{ErrorKind, UiError};
pub use event::Event;
pub use line::{
    LineCallView, LineSetupView, LineView, ModemPortView, ModemsView, PhoneCallView, ProfileView,
    SetLineCall,
};
pub use money::{
    AutomaticRefillCall, AutomaticRefillPlan, AutomaticRefillView, RefillCall, RefundCall,
    RefundView, WithdrawCall, WithdrawalView,
};
pub use paper::{PictureCall, PictureView, TestPageView, TestPrinterCall};
pub use printers::{
    AddPrinterCall, FoundPrinterView, FoundPrintersView, ModelView, PORT_FORMS, PrinterPort,
    PrinterSetup, PrintersView, RemovePrinterCall, StockView, usb_id,
};
pub use rates::{ExtraView, OptionView, OptionsView, QuoteStepView, QuoteView};
pub use rehearsal::{
    BatchChangeView, BatchTextView, NamedCall, Preset, PresetChangeView, PresetsView, PutBatchCall,
    PutPresetCall, RehearsalView, RehearseCall, WaitingBatchView, WaitingBatchesView,
};
pub use repository::{EditionView, RepositoryView, StoppedView};
pub use scale::{
    FoundScaleView, ScaleAct, ScaleSetup, ScaleState, ScaleView, ScalesView, SetScaleCall,
    UseScaleCall, WeighCall, WeighingView,
};
pub use slips::{OfficeArtView, SetOfficeArtCall, Slip, SlipCall, SlipView};
pub use software::{
    FailedReleaseView, LastUpdateView, SetSoftwareCall, SoftwareState, SoftwareView,
};
pub use statistics::{ChartView, GroupView, SeriesView, StatisticsCall, StatisticsView, TallyView};
pub use users::{
    AddUserCall, AsCall, ChangeUserCall, Hidden, IdleLockCall, NewRights, Proof, Role, SessionView,
    SignInCall, SignOutCall, UserView, UsersView,
};

/// A call: window, bridge or command line → station.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(tag = "call", rename_all = "kebab-case")]
pub enum Call {
    /// What the station is and has: see [`StatusView`].
    Status,
    /// Enrols this station at a data center with a one-time code. Answers with [`StatusView`].
    Enrol(EnrolCall),
    /// Meets the data center; every service is served. Answers with [`ContactView`].
    Contact(ContactCall),
    /// Refills the vault. Answers with [`RefillView`].
    Refill(RefillCall),
    /// Prices one piece and explains the price. Answers with [`QuoteView`].
    Quote(QuoteCall),
    /// Prices several ways of sending the same piece at once. Answers with [`OptionsView`].
    Options(QuoteCall),
    /// Looks a destination up: ZIP, city and state from pasted text. Answers with [`PlaceView`].
    Place(PlaceCall),
    /// Draws the label with a dummy symbol. Answers with [`PreviewView`].
    Preview(PrintCall),
    /// Pays for one piece and prints it. Answers with [`PieceView`].
    Print(PrintCall),
    /// Prints a piece that amends an earlier one: a date correction of 0.00, or additional postage.
    /// Answers with [`PieceView`].
    Amend(AmendCall),
    /// Prints a batch from CSV text. Answers with [`BatchView`]; progress comes as events.
    Batch(BatchCall),
    /// Stops the batches that run, after the rows that are already paid for. Answers with
    /// [`StatusView`].
    StopBatch,
    /// Pieces, newest first. Answers with [`PiecesView`].
    Pieces(PiecesCall),
    /// Answers the question about a piece whose print state is open. Answers with [`PieceView`].
    Resolve(ResolveCall),
    /// The picture of a piece that may be on paper. Answers with [`PictureView`].
    Picture(PictureCall),
    /// Sends the identical piece again; only for one that provably met no ink. Answers with
    /// [`PieceView`].
    SendAgain(SendAgainCall),
    /// Claims a spoiled piece back. Answers with [`PieceView`].
    Refund(RefundCall),
    /// The printers of this station. Answers with [`PrintersView`].
    Printers,
    /// Looks for printers at every port that nothing else is on. Answers with
    /// [`FoundPrintersView`].
    FindPrinters,
    /// Adds a printer. Answers with [`PrintersView`].
    AddPrinter(AddPrinterCall),
    /// Removes a printer. Answers with [`PrintersView`].
    RemovePrinter(RemovePrinterCall),
    /// Prints a test page without value. Answers with [`TestPageView`].
    TestPrinter(TestPrinterCall),
    /// Recomputes every hash of the journal. Answers with [`JournalView`].
    VerifyJournal,
    /// Counts this station's pieces. Answers with [`StatisticsView`].
    Statistics(StatisticsCall),
    /// Rotates the key that the store is sealed under. Answers with [`StatusView`].
    RotateKeys,
    /// The presets, favourites first. Answers with [`PresetsView`].
    Presets,
    /// Makes or replaces a preset. Answers with [`PresetsView`].
    PutPreset(PutPresetCall),
    /// Removes a preset. Answers with [`PresetsView`].
    RemovePreset(NamedCall),
    /// The batches that wait to be printed. Answers with [`WaitingBatchesView`].
    WaitingBatches,
    /// Lets a batch wait. Answers with [`WaitingBatchesView`].
    PutBatch(PutBatchCall),
    /// The text of a batch that waits. Answers with [`BatchTextView`].
    BatchText(NamedCall),
    /// Takes a batch out of those that wait. Answers with [`WaitingBatchesView`].
    RemoveBatch(NamedCall),
    /// What a coming edition changes for presets and waiting batches. Answers with
    /// [`RehearsalView`].
    Rehearse(RehearseCall),
    /// The cost centres that pieces may be booked on. Answers with [`CentresView`].
    CostCentres,
    /// Another call in somebody's name. Answers as that call does.
    As(AsCall),
    /// Signs somebody in. Answers with [`SessionView`].
    SignIn(SignInCall),
    /// Signs somebody out. Answers with [`StatusView`].
    SignOut(SignOutCall),
    /// The users of this station. Answers with [`UsersView`].
    Users,
    /// Makes a user; the first one is an admin. Answers with [`UsersView`].
    AddUser(AddUserCall),
    /// Changes a user. Answers with [`UsersView`].
    ChangeUser(ChangeUserCall),
    /// Chooses how long a session lasts without its user. Answers with [`UsersView`].
    IdleLock(IdleLockCall),
    /// Sets when the station refills by itself, or, with nothing, that it never does. Answers with
    /// [`StatusView`].
    AutomaticRefill(AutomaticRefillCall),
    /// Ends this station's vault for good: what is left goes back. Answers with [`StatusView`].
    Withdraw(WithdrawCall),
    /// What the station runs, what comes and what it waits for. Answers with [`SoftwareView`].
    Software,
    /// Chooses how early releases are taken and when the office is open. Answers with
    /// [`SoftwareView`].
    SetSoftware(SetSoftwareCall),
    /// How the telephone line is set up, and the last calls. Answers with [`LineSetupView`].
    Line,
    /// Sets the telephone line up. Answers with [`LineSetupView`].
    SetLine(SetLineCall),
    /// Asks on every port of this computer whether a modem is there. Answers with [`ModemsView`].
    FindModems,
    /// Examines the way to the data center. Answers with [`DoctorView`].
    Doctor(DoctorCall),
    /// Hangs up, also a call that is still dialed. Answers with [`StatusView`].
    HangUp,
    /// The scale and what it shows; from then on events tell when that changes. Answers with
    /// [`ScaleView`].
    Scale,
    /// Looks for scales. Answers with [`ScalesView`].
    FindScales,
    /// Chooses the scale. Answers with [`ScaleView`].
    SetScale(SetScaleCall),
    /// Does something with the scale. Answers with [`ScaleView`].
    UseScale(UseScaleCall),
    /// Waits until a load is at rest on the scale. Answers with [`ScaleView`].
    Weigh(WeighCall),
    /// Draws a slip, receipt or address label, and prints it where that is asked. Answers with
    /// [`SlipView`].
    Slip(SlipCall),
    /// What the office prints beside its postage. Answers with [`OfficeArtView`].
    OfficeArt,
    /// Chooses what the office prints beside its postage. Answers with [`OfficeArtView`].
    SetOfficeArt(SetOfficeArtCall),
}

/// Which keeper holds the station's key-encryption key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum SecretsChoice {
    /// The operating system's keyring.
    Keyring,
    /// A passphrase read from a file.
    PassphraseFile {
        /// The file that holds the passphrase.
        path: String,
    },
    /// A key file of mode 0600.
    KeyFile {
        /// The file that holds the key; made when it does not exist.
        path: String,
    },
}

/// Enrolment.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct EnrolCall {
    /// The data center's address, for example `https://postage.example:7443`.
    pub server: String,
    /// The one-time enrolment code: 7 groups of 8 characters.
    pub code: String,
    /// Where the keys are kept; `None` means the keyring, and a refusal where there is none.
    pub secrets: Option<SecretsChoice>,
    /// The PIN of a mobile modem's card, for a station whose way to the data center it is. It is
    /// sealed before anything is dialed, and kept.
    #[serde(default)]
    #[ts(type = "string | null")]
    pub card_pin: Option<Hidden>,
    /// The password that another's access server asks for; the same.
    #[serde(default)]
    #[ts(type = "string | null")]
    pub password: Option<Hidden>,
}

/// One contact.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
pub struct ContactCall {
    /// `internet` or `dialup`; `None` tries the Internet first.
    pub line: Option<String>,
}

/// What a price depends on.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
pub struct QuoteCall {
    /// `first-class`, `ground-advantage`, `priority`, `priority-express`, `media` or
    /// `international`. Comparing several ways looks at all of them.
    pub class: String,
    /// `postcard`, `letter`, `flat`, `parcel`, `priority-parcel` or `flat-rate:NAME`. Comparing
    /// several ways looks at all of them, unless a shape without a class was chosen.
    pub shape: String,
    /// The weight as typed: `28g`, `1oz`, `2lb3oz`, `0.9oz`.
    pub weight: String,
    /// The destination: ZIP, ZIP+4, 11-digit delivery point, or a country by its two letters or
    /// its name.
    pub to: String,
    /// The origin ZIP; `None` means the licence ZIP.
    #[serde(default)]
    pub from: Option<String>,
    /// The size as typed: `12x9x4in`, `30x20x10cm`.
    #[serde(default)]
    pub size: Option<String>,
    /// Whether the piece cannot go through sorting machines.
    #[serde(default)]
    pub nonmachinable: bool,
    /// `metered`, `retail` or `commercial`; `None` means the usual one of the class.
    #[serde(default)]
    pub price: Option<String>,
    /// The date of mailing, ISO; `None` means today.
    #[serde(default)]
    pub date: Option<String>,
    /// Extra services by name.
    #[serde(default)]
    pub extras: Vec<String>,
}

/// A destination as typed or pasted.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct PlaceCall {
    /// The address, one or more lines.
    pub text: String,
}

/// One piece to be drawn or printed.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
pub struct PrintCall {
    /// What it costs.
    pub quote: QuoteCall,
    /// The addressee, lines separated by newlines.
    #[serde(default)]
    pub to_address: Option<String>,
    /// The cost centre the piece is booked on.
    #[serde(default)]
    pub cost_centre: Option<String>,
    /// Why a supervisor lets the piece pass a spent budget.
    #[serde(default)]
    pub override_reason: Option<String>,
    /// The number of the weighing that the weight comes from; without it the weight was typed. The
    /// scale must show the same still when the piece is paid for.
    #[serde(default)]
    #[ts(type = "number | null")]
    pub weighing: Option<u64>,
    /// Who asks: set by the station after it has looked at who signed in, never read from a call.
    #[serde(skip)]
    #[ts(skip)]
    pub asker: Asker,
    /// Where it goes; a preview takes paper and resolution from it.
    #[serde(default)]
    pub out: Option<PrintOut>,
    /// Chosen by the asker, so that a second click within one job prints nothing twice.
    #[serde(default)]
    pub job_key: Option<String>,
}

/// Where a piece is printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum PrintOut {
    /// A printer of this station.
    Printer {
        /// Its name in [`PrintersView`].
        name: String,
    },
    /// Files; at least one path is given. The piece is printed once all of them are durable.
    Files {
        /// A vector PDF.
        pdf: Option<String>,
        /// A 1-bit PNG at 300 dpi.
        png: Option<String>,
        /// An ESC/POS byte stream.
        escpos: Option<String>,
    },
    /// A folder: the piece becomes `SERIAL.pdf` there; [`PieceView::message`] says where.
    Folder {
        /// The folder, made when it does not exist; `None` means `prints` in the data folder.
        path: Option<String>,
    },
}

/// A batch of pieces from CSV text.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct BatchCall {
    /// The CSV text with its header line.
    pub csv: String,
    /// Where the pieces go: a printer of this station, or a folder for one PDF a piece.
    pub out: BatchOut,
}

/// Where a batch is printed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum BatchOut {
    /// A printer of this station.
    Printer {
        /// Its name in [`PrintersView`].
        name: String,
    },
    /// A folder; each piece becomes `SERIAL.pdf` there.
    Folder {
        /// The folder, made when it does not exist; `None` means `prints` in the data folder.
        path: Option<String>,
    },
}

/// Which pieces to list.
#[derive(Clone, Debug, Default, Serialize, Deserialize, TS)]
pub struct PiecesCall {
    /// Only pieces in this state.
    #[serde(default)]
    pub state: Option<PieceState>,
    /// At most so many (default 100, at most 10,000).
    #[serde(default)]
    pub limit: Option<u32>,
    /// Only pieces older than the one with this serial: the next page of a list.
    #[serde(default)]
    pub before: Option<String>,
}

/// The clerk's answer about one piece.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ResolveCall {
    /// The piece's serial.
    pub serial: String,
    /// What became of it: `printed`, `spoiled` or `not-printed`.
    pub answer: PieceState,
}

/// The identical piece again.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct SendAgainCall {
    /// The serial of a piece that is `not-printed`.
    pub serial: String,
    /// Where it goes.
    pub out: PrintOut,
}

/// The state of a piece after its debit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
#[serde(rename_all = "kebab-case")]
pub enum PieceState {
    /// Paid for and durable; no byte has left for the printer.
    Prepared,
    /// Bytes may be on their way.
    Sending,
    /// All bytes left; the printer has not acknowledged yet.
    Sent,
    /// The printer acknowledged, or the clerk says so.
    Printed,
    /// Provably met no ink: may be sent again as the identical piece, or be spoiled.
    NotPrinted,
    /// Nobody knows; never sent again by itself.
    Unknown,
    /// Paid but not usable; refundable.
    Spoiled,
}

impl PieceState {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Prepared,
        Self::Sending,
        Self::Sent,
        Self::Printed,
        Self::NotPrinted,
        Self::Unknown,
        Self::Spoiled,
    ];

    /// The state's word, as it stands in JSON and in the store.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Printed => "printed",
            Self::NotPrinted => "not-printed",
            Self::Unknown => "unknown",
            Self::Spoiled => "spoiled",
        }
    }

    /// The state of a word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.word() == word)
    }
}

/// The four registers, in mills.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RegistersView {
    /// Value printed in the vault's life, mills.
    #[ts(type = "number")]
    pub ascending: u64,
    /// Value left, mills.
    #[ts(type = "number")]
    pub descending: u64,
    /// Ascending + descending, mills.
    #[ts(type = "number")]
    pub control_total: u64,
    /// Pieces debited in the vault's life.
    #[ts(type = "number")]
    pub piece_count: u64,
}

/// What the station is and has.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct StatusView {
    /// Whether the station is enrolled; without it most of the rest is empty.
    pub enrolled: bool,
    /// The station's human PSD number.
    pub station: Option<String>,
    /// The registers.
    pub registers: RegistersView,
    /// `new`, `active`, `warned`, `locked`, `frozen` or `withdrawn`.
    pub state: String,
    /// One sentence about the state when it keeps the clerk from printing.
    pub state_reason: Option<String>,
    /// `specimen` or `live`.
    pub regime: String,
    /// The rate edition in force.
    pub edition: Option<EditionView>,
    /// The rate editions that are here and not in force yet, the next one first.
    pub coming: Vec<EditionView>,
    /// The earliest date of mailing by the station's calendar, ISO: today.
    pub today: String,
    /// The instant of the last receipt, Unix seconds.
    #[ts(type = "number | null")]
    pub last_receipt: Option<i64>,
    /// From when the clerk is warned, Unix seconds.
    #[ts(type = "number | null")]
    pub warn_at: Option<i64>,
    /// From when printing is locked, Unix seconds.
    #[ts(type = "number | null")]
    pub lock_at: Option<i64>,
    /// The customer account.
    pub account: Option<AccountView>,
    /// The certificate of the key that signs indicia now, PEM.
    pub certificate: Option<String>,
    /// The keys and their ages.
    pub keys: Vec<KeyView>,
    /// The line to the data center.
    pub line: LineView,
    /// How each service fared at its last contact.
    pub services: Vec<ServiceView>,
    /// Where the secrets are kept, in words.
    pub secrets: Option<String>,
    /// Whom to ring when the vault is frozen.
    pub support_contact: Option<String>,
    /// Whether somebody has to sign in.
    pub has_users: bool,
    /// Whether pieces are waiting for the clerk's answer.
    pub unknown_pieces: u32,
    /// Refills the station asks for by itself.
    pub automatic_refill: Option<AutomaticRefillView>,
    /// The end of the vault, once it was ordered.
    pub withdrawal: Option<WithdrawalView>,
    /// The signed repository that rates and software come from.
    pub repository: Option<RepositoryView>,
}

/// The customer account, as of the last contact.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct AccountView {
    /// The account's name.
    pub name: String,
    /// What is available for refills, mills.
    #[ts(type = "number | null")]
    pub available_mills: Option<u64>,
}

/// One key.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct KeyView {
    /// What it is for.
    pub purpose: String,
    /// Since when, Unix seconds.
    #[ts(type = "number")]
    pub since: i64,
    /// Until when it can be used, Unix seconds; `None` when only its age ends it.
    #[ts(type = "number | null")]
    pub until: Option<i64>,
    /// When the next one is due, which any contact brings, Unix seconds.
    #[ts(type = "number | null")]
    pub next: Option<i64>,
}

/// How a service fared at its last contact.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ServiceView {
    /// The service's identity, for example `funds`.
    pub service: String,
    /// `served`, `nothing`, `deferred`, `refused` or `failed`.
    pub outcome: String,
    /// Its security level, for example `L3`.
    pub level: String,
    /// How long it took, milliseconds.
    #[ts(type = "number")]
    pub ms: u64,
    /// One sentence when it was refused or failed.
    pub reason: Option<String>,
}

/// A contact.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct ContactView {
    /// The line that carried it.
    pub line: String,
    /// Each service in turn.
    pub services: Vec<ServiceView>,
}

/// A refill.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct RefillView {
    /// The refill's identity.
    pub refill: String,
    /// What was added, mills.
    #[ts(type = "number")]
    pub amount_mills: u64,
    /// The registers afterwards.
    pub registers: RegistersView,
    /// The other services that were served over the same contact.
    pub services: Vec<ServiceView>,
}

/// A destination.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct PlaceView {
    /// The addressee's lines above the last line.
    pub lines: Vec<String>,
    /// The city.
    pub city: Option<String>,
    /// The state's two letters.
    pub state: Option<String>,
    /// The ZIP as digits: 5, 9 or 11.
    pub zip: Option<String>,
    /// The two letters of another country, when the last line is what the edition in force calls
    /// it; then there is no ZIP.
    #[serde(default)]
    pub country: Option<String>,
    /// Whether the ZIP is in the reference data.
    pub known: bool,
    /// What the clerk should look at.
    pub notes: Vec<String>,
}

/// The picture of a label before the commit; its symbol is a dummy of the same size.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct PreviewView {
    /// The bitmap as base64 PNG.
    pub png_base64: String,
    /// The label's width, millimetres.
    pub width_mm: f64,
    /// The label's height, millimetres.
    pub height_mm: f64,
    /// Dots per inch.
    pub dpi: u16,
    /// The price.
    pub quote: QuoteView,
}

/// One piece.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct PieceView {
    /// Its serial.
    pub serial: String,
    /// Its state.
    pub state: PieceState,
    /// Mail class.
    pub class: String,
    /// Shape.
    pub shape: String,
    /// Weight in grams, up to three decimals.
    pub weight_grams: f64,
    /// Postage, mills.
    #[ts(type = "number")]
    pub postage_mills: u64,
    /// Date of mailing, ISO.
    pub date: String,
    /// Destination digits.
    pub destination: String,
    /// City and state, where known.
    pub place: Option<String>,
    /// The whole indicium, from the call that printed the piece and from no other: whoever knows
    /// that of an unprinted piece could print it elsewhere.
    pub indicium_hex: Option<String>,
    /// The certificate of the key that signed it.
    pub certificate_pem: Option<String>,
    /// When it was debited, Unix seconds.
    #[ts(type = "number")]
    pub created: i64,
    /// One sentence that belongs to the state.
    pub message: Option<String>,
    /// The serial of the piece it amends, when it is a `correction` or `additional` by its shape.
    #[serde(default)]
    pub amends: Option<String>,
    /// Whether its date of mailing may still be corrected.
    #[serde(default)]
    pub may_correct: bool,
    /// Its claim, when it was claimed back.
    #[serde(default)]
    pub refund: Option<RefundView>,
    /// The registers after the call that returned this view.
    pub registers: Option<RegistersView>,
}

/// Pieces, newest first.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct PiecesView {
    /// The pieces.
    pub pieces: Vec<PieceView>,
}

/// A batch.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct BatchView {
    /// Rows in the file.
    pub rows: u32,
    /// Pieces printed now.
    pub printed: u32,
    /// Pieces that an earlier run had printed.
    pub already: u32,
    /// Rows refused.
    pub refused: u32,
    /// Pieces whose state is unknown.
    pub unknown: u32,
    /// What was spent now, mills.
    #[ts(type = "number")]
    pub spent_mills: u64,
    /// Whether it was stopped before its last row; running it again goes on from there.
    #[serde(default)]
    pub stopped: bool,
    /// Each row that was done.
    pub results: Vec<BatchRowView>,
}

/// One row of a batch.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct BatchRowView {
    /// Its line in the file, from 1 (the header).
    pub line: u32,
    /// `printed`, `already`, `refused` or `unknown`.
    pub outcome: String,
    /// The piece, when there is one.
    pub serial: Option<String>,
    /// Postage, mills.
    #[ts(type = "number | null")]
    pub postage_mills: Option<u64>,
    /// The reason, when refused or unknown.
    pub reason: Option<String>,
}

/// What recomputing the journal found.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
pub struct JournalView {
    /// Records read.
    #[ts(type = "number")]
    pub records: u64,
    /// The Merkle root, hex.
    pub root: String,
    /// Whether everything held.
    pub intact: bool,
    /// The first thing that did not.
    pub fault: Option<String>,
}

/// The answer to a call.
#[derive(Clone, Debug, Serialize, Deserialize, TS)]
#[serde(untagged)]
pub enum View {
    /// See [`StatusView`].
    Status(Box<StatusView>),
    /// See [`PreviewView`].
    Preview(Box<PreviewView>),
    /// See [`PieceView`].
    Piece(Box<PieceView>),
    /// See [`RefillView`].
    Refill(RefillView),
    /// See [`QuoteView`].
    Quote(QuoteView),
    /// See [`OptionsView`].
    Options(OptionsView),
    /// See [`ContactView`].
    Contact(ContactView),
    /// See [`BatchView`].
    Batch(BatchView),
    /// See [`PiecesView`].
    Pieces(PiecesView),
    /// See [`FoundPrintersView`]; before the printers, which would read an empty list of it.
    FoundPrinters(FoundPrintersView),
    /// See [`PrintersView`].
    Printers(PrintersView),
    /// See [`JournalView`].
    Journal(JournalView),
    /// See [`PlaceView`].
    Place(PlaceView),
    /// See [`StatisticsView`].
    Statistics(Box<StatisticsView>),
    /// See [`CentresView`].
    Centres(CentresView),
    /// See [`PresetsView`].
    Presets(PresetsView),
    /// See [`WaitingBatchesView`].
    WaitingBatches(WaitingBatchesView),
    /// See [`BatchTextView`].
    BatchText(BatchTextView),
    /// See [`RehearsalView`].
    Rehearsal(RehearsalView),
    /// See [`SessionView`].
    Session(SessionView),
    /// See [`UsersView`].
    Users(UsersView),
    /// See [`SoftwareView`].
    Software(Box<SoftwareView>),
    /// See [`LineSetupView`].
    Line(Box<LineSetupView>),
    /// See [`PictureView`].
    Picture(Box<PictureView>),
    /// See [`TestPageView`].
    TestPage(TestPageView),
    /// See [`ModemsView`].
    Modems(ModemsView),
    /// See [`DoctorView`].
    Doctor(DoctorView),
    /// See [`ScaleView`].
    Scale(Box<ScaleView>),
    /// See [`ScalesView`].
    Scales(ScalesView),
    /// See [`SlipView`].
    Slip(Box<SlipView>),
    /// See [`OfficeArtView`].
    OfficeArt(OfficeArtView),
}
