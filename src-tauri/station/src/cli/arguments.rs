//! The command line of `pennyblack`.

use std::path::PathBuf;

use clap::builder::NonEmptyStringValueParser;
use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

use super::line::Telephone;
use super::presets::{Presets, Waiting};
use super::scale::Scale;
use super::users::Users;

/// The heading of what every command takes: its own options come first.
const COMMON: &str = "Options of every command";

/// Prints postage and keeps its value: the station's command line.
///
/// Every command works beside the open window: it asks the program that has the data folder open.
#[derive(Debug, Parser)]
#[command(name = "pennyblack", version, propagate_version = true)]
pub(super) struct Arguments {
    /// The data folder [default: the platform's data folder]
    #[arg(long, global = true, help_heading = COMMON, value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// Answer in JSON: one object, or one a line for lists
    #[arg(long, global = true, help_heading = COMMON)]
    pub(super) json: bool,
    /// Who asks; needed where this station has users
    #[arg(long, global = true, help_heading = COMMON, value_name = "NAME", requires = "pin_file")]
    pub(super) user: Option<String>,
    /// A private file whose first line is their PIN
    #[arg(long, global = true, help_heading = COMMON, value_name = "PATH", requires = "user")]
    pub(super) pin_file: Option<PathBuf>,
    /// What to do
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Enrol this station at a data center with a one-time code
    Enrol {
        /// The data center's address, for example https://postage.example:7443
        #[arg(long, value_name = "URL")]
        server: String,
        /// The enrolment code: 7 groups of 8 characters
        #[arg(long)]
        code: String,
        /// Where the keys are kept: keyring, passphrase-file:PATH or key-file:PATH
        #[arg(long, value_name = "WHERE")]
        secrets: Option<String>,
        /// A private file whose first line is the PIN of a mobile modem's card, where there is no other
        /// way to the data center
        #[arg(long, value_name = "PATH")]
        card_pin_file: Option<PathBuf>,
        /// A private file whose first line is the password that another's access server asks for
        #[arg(long, value_name = "PATH")]
        password_file: Option<PathBuf>,
    },
    /// Show registers, state, rates, keys and services
    Status,
    /// Meet the data center; every service is served
    Contact {
        /// The line: internet or dialup [default: the Internet, then the telephone]
        #[arg(long)]
        line: Option<Line>,
    },
    /// Refill the vault
    Refill {
        /// The amount, for example 50.00
        amount: String,
    },
    /// Price one piece and explain the price, or compare every way of sending it
    ///
    /// Without a class every way is priced, cheapest first, and each that is not allowed says by
    /// which rule.
    Quote(Quoted),
    /// Print postage
    Print {
        /// One piece or a batch
        #[command(subcommand)]
        what: Print,
    },
    /// List pieces, newest first
    Pieces {
        /// Only pieces in this state
        #[arg(long)]
        state: Option<String>,
        /// At most so many
        #[arg(long, value_name = "N")]
        limit: Option<u32>,
    },
    /// Write the picture of a piece that may be on paper, with a dummy in the place of its symbol
    Picture {
        /// The piece's serial
        serial: String,
        /// A 1-bit PNG
        #[arg(long, value_name = "FILE")]
        png: PathBuf,
    },
    /// Say what became of a piece: printed, spoiled or not-printed
    Resolve {
        /// The piece's serial
        serial: String,
        /// What became of it
        answer: String,
    },
    /// Send the identical piece again; only one that met no ink
    SendAgain {
        /// The piece's serial
        serial: String,
        #[command(flatten)]
        out: Out,
    },
    /// Refill by itself when little is left, or never
    AutomaticRefill {
        /// What to do
        #[command(subcommand)]
        what: AutomaticRefill,
    },
    /// End this station's vault for good: what is left goes back to the account
    Withdraw {
        /// The station's PSD number, as a proof that this station is meant
        station: String,
    },
    /// Claim a spoiled piece back
    Refund {
        /// The piece's serial
        serial: String,
    },
    /// List the cost centres that pieces may be booked on, with their budgets
    CostCentres,
    /// What clerks send all day, by name
    Presets {
        #[command(subcommand)]
        what: Presets,
    },
    /// Batches that wait to be printed
    Waiting {
        #[command(subcommand)]
        what: Waiting,
    },
    /// Show what a coming rate edition changes for presets and waiting batches
    Rehearse {
        /// The edition [default: the next that comes]
        #[arg(value_name = "ID")]
        edition: Option<String>,
    },
    /// List, make or change the users of this station
    Users {
        /// What to do
        #[command(subcommand)]
        what: Users,
    },
    /// Show or choose what the office prints beside its postage: logo, slogan, private message
    Art {
        /// What to change
        #[command(subcommand)]
        what: Option<Art>,
    },
    /// List, find, add or remove printers
    Printers {
        /// What to do
        #[command(subcommand)]
        what: Printers,
    },
    /// Show or rotate this station's keys
    Keys {
        /// What to do
        #[command(subcommand)]
        what: Keys,
    },
    /// Choose, read or tare the scale
    Scale {
        /// What to do
        #[command(subcommand)]
        what: Scale,
    },
    /// Look for what is wrong on the way to the data center, by Internet and by telephone
    Doctor {
        /// Examine the way to this address instead of the enrolment's, like
        /// https://data-center.example
        #[arg(long, value_name = "URL")]
        server: Option<String>,
        /// Also make a call on the telephone line, which costs what a call costs
        #[arg(long, conflicts_with = "server")]
        call: bool,
    },
    /// Verify or export the journal
    Journal {
        /// What to do
        #[command(subcommand)]
        what: Journal,
    },
    /// Decode an indicium and check whether it holds
    Verify {
        /// A picture, a PDF, or the bytes as hexadecimal digits
        what: String,
        /// Certificates as PEM: indicium certificate, its issuer, a trusted root [default: those
        /// of this station]
        #[arg(long, value_name = "FILE")]
        certificates: Option<PathBuf>,
    },
    /// Count pieces by day, class and more, and hold them against the register
    Statistics {
        /// The first day they were booked on, ISO [default: 30 days up to the last]
        #[arg(long, value_name = "DAY")]
        from: Option<String>,
        /// The last day, ISO [default: today]
        #[arg(long, value_name = "DAY")]
        to: Option<String>,
        /// By what, separated by commas: day, month, class, shape, step, zone, edition, station,
        /// cost-centre, user
        #[arg(long, value_name = "WHAT", default_value = "class,shape")]
        by: String,
    },
    /// Show what the station runs, what comes and what it waits for
    Software {
        /// What to change
        #[command(subcommand)]
        what: Option<Software>,
    },
    /// Show or set up the telephone line, which is used when the Internet is down
    Line {
        /// What to do
        #[command(subcommand)]
        what: Telephone,
    },
    /// Compute postal barcodes and their check digits, a line for each line
    Barcode {
        /// imb: TRACKING,ROUTING to the 65 letters T, D, A and F; s10 and impb: an item's or a
        /// package's number, with or without its check digit, to that digit
        kind: Barcode,
        /// Read lines from standard input; a line that is wrong is answered `error: REASON`
        #[arg(long, required = true)]
        stdin: bool,
    },
    /// Open, close or report the till
    Till(Rest),
}

#[derive(Debug, Subcommand)]
pub(super) enum Software {
    /// Choose how early releases are taken and when the office is open
    Set {
        /// stable or early
        #[arg(long)]
        channel: Option<String>,
        /// In local time, like "Mon-Fri 08:00-18:00, Sat 09:00-12:30", or never
        #[arg(long, value_name = "TEXT")]
        hours: Option<String>,
    },
}

/// The words of a command that a later version brings.
#[derive(Debug, Args)]
pub(super) struct Rest {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    pub(super) rest: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Barcode {
    /// The Intelligent Mail barcode of letters
    Imb,
    /// The Universal Postal Union's item identifier
    S10,
    /// The Intelligent Mail package barcode
    Impb,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Line {
    Internet,
    Dialup,
}

#[derive(Debug, Args)]
pub(super) struct Quoted {
    /// first-class, ground-advantage, priority, priority-express, media or international
    /// [default: compare all of them]
    #[arg(long, requires = "shape", conflicts_with = "compare")]
    pub(super) class: Option<String>,
    /// postcard, letter, flat, parcel, priority-parcel or flat-rate:NAME
    #[arg(long, conflicts_with = "compare")]
    pub(super) shape: Option<String>,
    /// Compare every way of sending the piece
    #[arg(long)]
    pub(super) compare: bool,
    #[command(flatten)]
    pub(super) measures: Measures,
}

#[derive(Debug, Args)]
pub(super) struct Piece {
    /// first-class, ground-advantage, priority, priority-express, media or international
    #[arg(long)]
    pub(super) class: String,
    /// postcard, letter, flat, parcel, priority-parcel or flat-rate:NAME
    #[arg(long)]
    pub(super) shape: String,
    #[command(flatten)]
    pub(super) measures: Measures,
}

#[derive(Debug, Args)]
pub(super) struct Measures {
    /// For example 28g, 1oz, 2lb3oz, 0.9oz, or scale for what lies on the scale
    #[arg(long)]
    pub(super) weight: String,
    /// The destination: ZIP, ZIP+4, 11-digit delivery point, or a country by its two letters or
    /// its name
    #[arg(long, value_name = "ZIP|COUNTRY")]
    pub(super) to: String,
    /// The origin [default: the licence ZIP]
    #[arg(long, value_name = "ZIP", value_parser = NonEmptyStringValueParser::new())]
    pub(super) from: Option<String>,
    /// Length, width and height, for example 12x9x4in
    #[arg(long, value_name = "LxWxH[in|cm]", value_parser = NonEmptyStringValueParser::new())]
    pub(super) size: Option<String>,
    /// The piece cannot go through sorting machines
    #[arg(long)]
    pub(super) nonmachinable: bool,
    /// metered, retail or commercial [default: the usual one]
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub(super) price: Option<String>,
    /// The date of mailing, ISO [default: today]
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub(super) date: Option<String>,
    /// An extra service; may be given several times
    #[arg(long = "extra", value_name = "X")]
    pub(super) extras: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct Out {
    /// A printer of this station
    #[arg(long, value_name = "NAME", conflicts_with_all = ["pdf", "png", "escpos"])]
    pub(super) printer: Option<String>,
    /// A vector PDF
    #[arg(long, value_name = "FILE")]
    pub(super) pdf: Option<PathBuf>,
    /// A 1-bit PNG at 300 dpi
    #[arg(long, value_name = "FILE")]
    pub(super) png: Option<PathBuf>,
    /// An ESC/POS byte stream
    #[arg(long, value_name = "FILE")]
    pub(super) escpos: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum Print {
    /// Print one piece
    Postage {
        #[command(flatten)]
        piece: Box<Piece>,
        /// The addressee; lines separated by newlines or by \n
        #[arg(long, value_name = "TEXT")]
        to_address: Option<String>,
        /// The cost centre the piece is booked on
        #[arg(long, value_name = "C")]
        cost_centre: Option<String>,
        /// Let the piece pass a spent budget, for this reason; only a supervisor or an admin may
        #[arg(long, value_name = "TEXT")]
        override_reason: Option<String>,
        #[command(flatten)]
        out: Out,
    },
    /// Correct the date of mailing of a printed piece, once, by a second indicium of 0.00
    Correction {
        /// The piece's serial
        serial: String,
        /// The right date, ISO [default: today]
        #[arg(long, value_parser = NonEmptyStringValueParser::new())]
        date: Option<String>,
        #[command(flatten)]
        out: Out,
    },
    /// Add postage to a printed piece that has too little, by a second indicium for the difference
    Additional {
        /// The piece's serial
        serial: String,
        /// The difference, for example 0.29
        amount: String,
        /// The date of mailing, ISO [default: today]
        #[arg(long, value_parser = NonEmptyStringValueParser::new())]
        date: Option<String>,
        /// The cost centre [default: that of the piece]
        #[arg(long, value_name = "C")]
        cost_centre: Option<String>,
        /// Let the piece pass a spent budget, for this reason; only a supervisor or an admin may
        #[arg(long, value_name = "TEXT")]
        override_reason: Option<String>,
        #[command(flatten)]
        out: Out,
    },
    /// Print a customer's receipt for a printed piece
    Receipt {
        /// The piece's serial
        serial: String,
        #[command(flatten)]
        out: Out,
    },
    /// Print the slip that a spoiled piece is kept with once it was claimed back
    RefundSlip {
        /// The piece's serial
        serial: String,
        #[command(flatten)]
        out: Out,
    },
    /// Print what a day came to, with the registers
    DayEnd {
        /// The day, ISO [default: today]
        #[arg(long)]
        day: Option<String>,
        #[command(flatten)]
        out: Out,
    },
    /// Print an address label
    Address {
        /// The address; lines separated by newlines or by \n
        text: String,
        /// The digits of an Intelligent Mail barcode: 20 of tracking and 0, 5, 9 or 11 of routing
        #[arg(long, value_name = "DIGITS")]
        barcode: Option<String>,
        #[command(flatten)]
        out: Out,
    },
    /// Print a batch from a CSV file with the columns
    /// name,address,city,state,zip,class,shape,weight and, as wanted,
    /// from,size,nonmachinable,price,date,cost_centre,extras (names with spaces between)
    #[command(group = ArgGroup::new("place").required(true))]
    Batch {
        /// The CSV file; FILE.result.csv is written beside it
        file: PathBuf,
        /// A printer of this station
        #[arg(long, value_name = "NAME", group = "place")]
        printer: Option<String>,
        /// A folder for one PDF a piece
        #[arg(long, value_name = "DIR", group = "place")]
        out: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum AutomaticRefill {
    /// Refill at a contact when less than an amount is left
    Set {
        /// When less than this is left, for example 20.00
        #[arg(long, value_name = "AMOUNT")]
        below: String,
        /// So much is refilled
        #[arg(long, value_name = "AMOUNT")]
        amount: String,
        /// At most so much a day
        #[arg(long, value_name = "AMOUNT")]
        daily_cap: String,
    },
    /// Refill only when somebody asks
    Off,
}

#[derive(Debug, Subcommand)]
pub(super) enum Printers {
    /// List the printers
    List,
    /// Look for printers: USB, serial lines, the print server of this computer and the network. Asks
    /// on every serial port that no printer or modem of this station is on
    Find,
    /// Add a printer
    Add {
        /// What the clerk calls it
        name: String,
        /// serial:PATH[@BAUD], device:PATH, tcp:HOST:PORT, usb:VENDOR:PRODUCT[/SERIAL][@PLACE],
        /// spooler:NAME, or an ipp:// or ipps:// address; as `printers find` says
        #[arg(long, value_name = "PORT")]
        port: String,
        /// Its model, for example zebra-zd421-300; a wrong one lists all
        #[arg(long, value_name = "MODEL")]
        model: Option<String>,
        /// Dots per inch of its head: 203, 300 or 600 [default: as its model has]
        #[arg(long)]
        dpi: Option<u16>,
        /// The stock that is loaded [default: the first that its model takes]
        #[arg(long)]
        stock: Option<String>,
        /// It cannot prove that a label is printed, or is not trusted to: ask after each piece
        #[arg(long)]
        asks_the_clerk: bool,
    },
    /// Print a test page, which is worth nothing
    Test {
        /// Its name
        name: String,
    },
    /// Remove a printer
    Remove {
        /// Its name
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Art {
    /// Choose; what is not named stays as it is
    Set {
        /// A PNG; it is made black and white, at most 20×12 mm
        #[arg(long, value_name = "FILE")]
        logo: Option<PathBuf>,
        /// The slogan; "" takes it away
        #[arg(long, value_name = "TEXT")]
        slogan: Option<String>,
        /// The private message; "" takes it away
        #[arg(long, value_name = "TEXT")]
        message: Option<String>,
    },
    /// Take all of it away
    Clear,
}

#[derive(Debug, Subcommand)]
pub(super) enum Keys {
    /// Show the keys, how old they are and when the next ones are due
    List,
    /// Seal the store under a new key now; otherwise that happens once a year
    Rotate,
}

#[derive(Debug, Subcommand)]
pub(super) enum Journal {
    /// Recompute every hash and replay every transition
    Verify,
    /// Write the journal as JSON Lines: seq, record (base64), hash
    Export,
}
