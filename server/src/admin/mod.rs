//! The admin's side: the command line, the private socket, backup and restore.
//!
//! A command becomes an [`AdminCall`]. Whoever owns the data folder carries it out: this process
//! when the folder is free, else the running data center over its private socket.

pub mod approval;
pub mod backup;
pub mod bank;
pub mod call;
pub mod check;
pub mod cli;
pub mod epoch;
pub mod keys;
pub mod lines;
pub mod money;
mod none;
mod output;
pub mod owner;
pub mod perform;
pub mod pin_reset;
pub mod rates;
pub mod refusal;
pub mod repository;
mod serve;
mod sheet;
pub mod socket;
pub mod software;
pub mod statement;
pub mod statistics;
pub mod tree;
pub mod view;

use std::ffi::OsString;
use std::fs;
use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser as _;
use shared::money::Mills;
use shared::rates::source::MAX_SOURCE_BYTES;
use zeroize::Zeroizing;

use self::call::{AdminCall, Passphrase};
use self::cli::{
    AccountCommand, Cli, Command, Init, LedgerCommand, RatesCommand, Serve, StationCommand,
};
use self::epoch::EpochCall;
use self::epoch::cli::EpochCommand;
use self::money::cli::StopListCommand;
use self::output::Output;
use self::owner::Ownership;
use self::perform::Show;
use self::rates::RatesCall;
use self::refusal::{AdminRefusal, Ending};
use self::socket::Handed;
use self::view::{AdminView, InitView};
use crate::access::Modem;
use crate::center::{DataCenter, InitTerms};
use crate::clock::{Clock, SystemClock};
use crate::config::TokenPlace;
use crate::folder::{FileFault, Folder, make_private, read_small};

/// The environment variable with the log filter, as `tracing` understands it.
const LOG_VARIABLE: &str = "PENNYBLACK_LOG";

/// So long a command waits for an owner that neither ends nor answers.
const OWNER_TIME: Duration = Duration::from_secs(3);

/// The pause between two looks.
const OWNER_PAUSE: Duration = Duration::from_millis(20);

/// Carries out one command line.
#[must_use]
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments: Vec<OsString> = arguments.into_iter().collect();
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return misused(&arguments, &error),
    };
    let output = Output { json: cli.json };
    set_up_log(&cli.command);
    match carry_out(cli, &output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(refusal) => {
            output.refusal(&refusal);
            ExitCode::from(refusal.ending.exit_code())
        }
    }
}

/// Help and version go to standard output; wrong usage is a refusal like any other.
fn misused(arguments: &[OsString], error: &clap::Error) -> ExitCode {
    let is_json = arguments.iter().any(|argument| argument == "--json");
    if error.use_stderr() && is_json {
        let text = error.to_string();
        let message = text.lines().next().unwrap_or_default();
        let message = message.strip_prefix("error: ").unwrap_or(message);
        let hint = "See `pennyblack-server --help`.";
        Output { json: true }.refusal(&AdminRefusal::usage(message, hint));
    } else if let Err(error) = error.print() {
        tracing::debug!(%error, "nobody reads the help");
    }
    if error.use_stderr() {
        ExitCode::from(Ending::Usage.exit_code())
    } else {
        ExitCode::SUCCESS
    }
}

fn set_up_log(command: &Command) {
    let level = if matches!(command, Command::Serve(_)) {
        "info"
    } else {
        "warn"
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env(LOG_VARIABLE)
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    let set = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .try_init();
    if set.is_err() {
        tracing::debug!("the log was set up before");
    }
}

fn carry_out(cli: Cli, output: &Output) -> Result<(), AdminRefusal> {
    if let Command::Ledger(LedgerCommand::Verify { export: Some(file) }) = &cli.command {
        // A stranger has no data folder.
        return check::file(file, &mut |view| output.view(&view));
    }
    let folder = Folder::new(match cli.data {
        Some(path) => path,
        None => default_folder()?,
    })
    .with_pin_file(cli.pin_file);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    match cli.command {
        Command::Init(init) => carry_out_init(&folder, init, clock.as_ref(), output),
        Command::Serve(serve) => carry_out_serve(&folder, &serve, clock, output),
        Command::Restore { file, epoch } => {
            carry_out_restore(&folder, &file, epoch, &clock, output)
        }
        Command::Keys(command) => keys::carry_out(&folder, command, &clock, output),
        Command::Software(command) => carry_out_software(&folder, command, clock, output),
        Command::Refund(command) => money::cli::refund(&folder, command, clock, output),
        Command::Scan(command) => {
            perform_or_ask(&folder, money::cli::scan_call(&command)?, clock, output)
        }
        Command::StopList(StopListCommand::Export) => {
            let money = money::MoneyCall::StopList;
            perform_or_ask(&folder, AdminCall::Money { money }, clock, output)
        }
        Command::Admin(command) => approval::cli::carry_out(&folder, command, clock, output),
        Command::Station(StationCommand::Money(command)) => {
            money::cli::station(&folder, command, clock, output)
        }
        Command::Account(AccountCommand::Statement(command)) => {
            let mut ask = |call: AdminCall, show: &mut Show<'_>| {
                perform_or_ask_for(&folder, call, Arc::clone(&clock), show)
            };
            statement::carry_out(&command, output, &mut ask)
        }
        Command::Account(command) => {
            let call = account_call(command)?;
            perform_or_ask(&folder, call, clock, output)
        }
        Command::Station(command) => carry_out_station(&folder, command, clock, output),
        Command::Tree(command) => {
            let call = tree::call(command)?;
            perform_or_ask(&folder, AdminCall::Tree { what: call }, clock, output)
        }
        Command::Repository(command) => repository::cli::carry_out(&folder, command, clock, output),
        Command::Rates(command) => {
            let (consent, call) = (command.consent(), rates_call(command)?);
            approval::cli::asking(&folder, call, &consent, clock, output)
        }
        Command::Statistics(command) => {
            let mut ask = |call: AdminCall, show: &mut Show<'_>| {
                perform_or_ask_for(&folder, call, Arc::clone(&clock), show)
            };
            statistics::carry_out(command, output, &mut ask)
        }
        Command::Ledger(LedgerCommand::Verify { export: _ }) => {
            perform_or_ask(&folder, AdminCall::LedgerVerify, clock, output)
        }
        Command::Ledger(LedgerCommand::Export) => {
            perform_or_ask(&folder, AdminCall::LedgerExport, clock, output)
        }
        Command::Lines => perform_or_ask(&folder, AdminCall::Lines, clock, output),
        Command::Calls(calls) => perform_or_ask(&folder, lines::call(calls), clock, output),
        Command::Refusals => perform_or_ask(&folder, AdminCall::Refusals, clock, output),
        Command::Epoch(command) => carry_out_epoch(&folder, command, clock, output),
        Command::Backup { file } => {
            let file = std::path::absolute(&file).unwrap_or(file);
            perform_or_ask(&folder, AdminCall::Backup { file }, clock, output)
        }
    }
}

fn carry_out_software(
    folder: &Folder,
    command: software::cli::SoftwareCommand,
    clock: Arc<dyn Clock>,
    output: &Output,
) -> Result<(), AdminRefusal> {
    let call = software::call(command, passphrase_of)?;
    perform_or_ask(folder, call, clock, output)
}

fn carry_out_station(
    folder: &Folder,
    command: StationCommand,
    clock: Arc<dyn Clock>,
    output: &Output,
) -> Result<(), AdminRefusal> {
    if let StationCommand::Evidence {
        station,
        out: Some(out),
    } = &command
    {
        return write_evidence(folder, station, out, clock);
    }
    perform_or_ask(folder, station_call(command)?, clock, output)
}

fn write_evidence(
    folder: &Folder,
    station: &str,
    out: &Path,
    clock: Arc<dyn Clock>,
) -> Result<(), AdminRefusal> {
    let mut shown = Vec::new();
    let call = AdminCall::StationEvidence {
        station: station.to_owned(),
    };
    perform_or_ask_for(folder, call, clock, &mut |view| {
        shown.push(view);
        true
    })?;
    check::write_lines(out, station, &shown)
}

fn account_call(command: AccountCommand) -> Result<AdminCall, AdminRefusal> {
    Ok(match command {
        AccountCommand::New { name } => AdminCall::AccountNew { name },
        AccountCommand::Deposit {
            account,
            amount,
            reference,
        } => AdminCall::AccountDeposit {
            account,
            amount: Mills::parse(&amount).map_err(|error| {
                AdminRefusal::usage(
                    format!("{amount:?} cannot be booked: {error}."),
                    "Give an amount such as 250.00.",
                )
            })?,
            reference,
        },
        AccountCommand::Show {
            account: Some(account),
        } => AdminCall::AccountShow { account },
        AccountCommand::Show { account: None } | AccountCommand::List => AdminCall::AccountList,
        AccountCommand::Money(command) => money::cli::account_call(command)?,
        AccountCommand::Bank(command) => bank::cli::account_call(command)?,
        AccountCommand::Statement(command) => statement::call(&command)?,
    })
}

fn station_call(command: StationCommand) -> Result<AdminCall, AdminRefusal> {
    Ok(match command {
        StationCommand::New { account, zip } => AdminCall::StationNew { account, zip },
        StationCommand::List { account } => AdminCall::StationList { account },
        StationCommand::Show { station } => AdminCall::StationShow { station },
        StationCommand::Evidence { station, .. } => AdminCall::StationEvidence { station },
        StationCommand::Lock { station } => AdminCall::StationLock { station },
        StationCommand::Unlock { station } => AdminCall::StationUnlock { station },
        StationCommand::Withdraw { station } => AdminCall::StationWithdraw { station },
        StationCommand::ResetPin { station, user } => AdminCall::StationResetPin { station, user },
        StationCommand::Money(command) => money::cli::station_call(&command)?,
    })
}

fn rates_call(command: RatesCommand) -> Result<AdminCall, AdminRefusal> {
    Ok(match command {
        RatesCommand::Import { file, base, id } => {
            rates::import_call(&file, read_source(&file)?, base, id)?
        }
        RatesCommand::Publish {
            edition: Some(edition),
            reason: Some(reason),
            consent,
            passphrase_file,
        } => AdminCall::Rates {
            rates: RatesCall::PublishDespite {
                edition,
                reason,
                consent: consent.consent()?,
                passphrase: passphrase_of(passphrase_file.as_deref())?,
            },
        },
        RatesCommand::Publish {
            edition,
            passphrase_file,
            ..
        } => AdminCall::RatesPublish {
            edition,
            passphrase: passphrase_of(passphrase_file.as_deref())?,
        },
        RatesCommand::Validate { edition } => AdminCall::Rates {
            rates: RatesCall::Validate { edition },
        },
        RatesCommand::Remove { edition } => AdminCall::Rates {
            rates: RatesCall::Remove { edition },
        },
        RatesCommand::List => AdminCall::RatesList,
        RatesCommand::Rehearse { edition, days } => AdminCall::Rates {
            rates: RatesCall::Rehearse { edition, days },
        },
    })
}

/// Reads a passphrase that a call carries.
fn passphrase_of(path: Option<&Path>) -> Result<Option<Passphrase>, AdminRefusal> {
    let read = path.map(read_passphrase).transpose()?;
    Ok(read.map(|text| Passphrase::from(text.as_str())))
}

/// Reads the JSON source of an edition.
fn read_source(path: &Path) -> Result<String, AdminRefusal> {
    let limit = u64::try_from(MAX_SOURCE_BYTES).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    let read = fs::File::open(path)
        .and_then(|file| file.take(limit.saturating_add(1)).read_to_end(&mut bytes));
    read.map_err(|source| FileFault::Read {
        path: path.to_owned(),
        source,
    })?;
    if bytes.len() > MAX_SOURCE_BYTES {
        return Err(AdminRefusal::usage(
            format!("{} is longer than an edition may be.", path.display()),
            "Name the JSON source of an edition.",
        ));
    }
    String::from_utf8(bytes).map_err(|other| {
        let good = other.utf8_error().valid_up_to();
        let before = other.as_bytes().iter().take(good);
        let line = before
            .filter(|byte| **byte == b'\n')
            .count()
            .saturating_add(1);
        AdminRefusal::new(
            Ending::Refused,
            "not_an_edition",
            format!("{} line {line} is not text in UTF-8.", path.display()),
            "Nothing was imported. Save the file as UTF-8.",
        )
    })
}

/// Carries out a call here when the folder is free, else asks its owner.
///
/// An owner without a socket is another command about to end, or a data center about to begin: it
/// is waited for, as is one that ended before it took the call, from then on. Nothing has been done by
/// then, so trying again is safe.
fn perform_or_ask(
    folder: &Folder,
    call: AdminCall,
    clock: Arc<dyn Clock>,
    output: &Output,
) -> Result<(), AdminRefusal> {
    let nothing = none::said_of(&call);
    let mut any = false;
    perform_or_ask_for(folder, call, clock, &mut |view| {
        any = true;
        output.view(&view)
    })?;
    if let (false, Some(nothing)) = (any, nothing) {
        output.remark(nothing);
    }
    Ok(())
}

/// As [`perform_or_ask`], with another taker of the views.
fn perform_or_ask_for(
    folder: &Folder,
    call: AdminCall,
    clock: Arc<dyn Clock>,
    show: &mut Show<'_>,
) -> Result<(), AdminRefusal> {
    let mut begun = Instant::now();
    loop {
        if let Some(ownership) = owned(folder)? {
            let center = DataCenter::open(folder, clock)?;
            let performed = perform::perform(&center, call, show);
            // The database is closed before another process may own the folder.
            drop(center);
            drop(ownership);
            return performed;
        }
        match socket::reach(folder) {
            Ok(stream) => {
                let asked = Instant::now();
                if socket::ask(&stream, &call, show)? == Handed::Done {
                    return Ok(());
                }
                // In the meantime it had an owner and waited for its turn.
                begun += asked.elapsed();
                if begun.elapsed() >= OWNER_TIME {
                    return Err(in_use());
                }
                std::thread::sleep(OWNER_PAUSE);
            }
            Err(fault) if begun.elapsed() >= OWNER_TIME => return Err(fault.into()),
            Err(_) => std::thread::sleep(OWNER_PAUSE),
        }
    }
}

/// Takes a folder that holds a data center; nothing when another process has it.
fn owned(folder: &Folder) -> Result<Option<Ownership>, AdminRefusal> {
    DataCenter::check(folder)?;
    Ok(owner::claim(folder)?)
}

/// Takes a folder that holds a data center, after waiting for a command that is about to end.
fn owned_soon(folder: &Folder) -> Result<Ownership, AdminRefusal> {
    let begun = Instant::now();
    loop {
        match owned(folder)? {
            Some(ownership) => return Ok(ownership),
            None if begun.elapsed() >= OWNER_TIME => return Err(in_use()),
            None => std::thread::sleep(OWNER_PAUSE),
        }
    }
}

/// Takes a folder for a new data center.
fn owned_new(folder: &Folder) -> Result<Ownership, AdminRefusal> {
    make_private(folder.path())?;
    owner::claim(folder)?.ok_or_else(in_use)
}

fn in_use() -> AdminRefusal {
    AdminRefusal::new(
        Ending::Refused,
        "folder_in_use",
        "Another process uses the data folder.",
        "Stop it first, or name another folder with --data.",
    )
}

fn carry_out_init(
    folder: &Folder,
    init: Init,
    clock: &dyn Clock,
    output: &Output,
) -> Result<(), AdminRefusal> {
    let passphrase = init
        .root_passphrase_file
        .as_deref()
        .map(read_passphrase)
        .transpose()?;
    let publish_passphrase = init
        .publish_passphrase_file
        .as_deref()
        .map(read_passphrase)
        .transpose()?;
    let ownership = owned_new(folder)?;
    let terms = InitTerms {
        names: init.names,
        support_contact: init.support_contact,
        passphrase,
        publish_passphrase,
        token: place_of(init.pkcs11, init.token),
    };
    let made = DataCenter::init(folder, &terms, clock)?;
    drop(ownership);
    let written = output.view(&AdminView::Init(InitView {
        data_center: made.id,
        offline_root: folder.offline_root(),
        offline: folder.offline(),
        passphrase: made.new_passphrase.map(|passphrase| passphrase.to_string()),
    }));
    if written {
        return Ok(());
    }
    Err(AdminRefusal::new(
        Ending::Broken,
        "passphrase_lost",
        "The data center was made, but nobody has read its passphrase.",
        "Remove the folder and begin again.",
    ))
}

/// Where the keys of a new data center are made; the arguments come together.
fn place_of(library: Option<PathBuf>, label: Option<String>) -> Option<TokenPlace> {
    let library = library.map(|path| std::path::absolute(&path).unwrap_or(path));
    let (library, label) = library.zip(label)?;
    Some(TokenPlace { library, label })
}

/// The first line of the file.
fn read_passphrase(path: &Path) -> Result<Zeroizing<String>, AdminRefusal> {
    let bytes = Zeroizing::new(read_small(path)?);
    let text = std::str::from_utf8(&bytes).map_err(|_| {
        AdminRefusal::usage(
            format!("{} is not text.", path.display()),
            "Put the passphrase into its first line.",
        )
    })?;
    Ok(Zeroizing::new(
        text.lines().next().unwrap_or_default().to_owned(),
    ))
}

fn carry_out_serve(
    folder: &Folder,
    arguments: &Serve,
    clock: Arc<dyn Clock>,
    output: &Output,
) -> Result<(), AdminRefusal> {
    if arguments.console.is_some() {
        return Err(AdminRefusal::not_in_this_build("serve --console"));
    }
    let modems = arguments
        .modem
        .iter()
        .map(|device| Modem::on_device(device, arguments.modem_speed))
        .collect();
    let ownership = owned_soon(folder)?;
    let center = DataCenter::open(folder, clock)?;
    center.authority().try_keys()?;
    serve::serve(ownership, center, (arguments.listen, modems), output)
}

fn carry_out_restore(
    folder: &Folder,
    file: &Path,
    at_least: Option<u32>,
    clock: &Arc<dyn Clock>,
    output: &Output,
) -> Result<(), AdminRefusal> {
    backup::check_there(file)?;
    let ownership = owned_new(folder)?;
    let view = backup::restore(folder, file, at_least, clock)?;
    drop(ownership);
    if !output.view(&AdminView::Restore(view)) {
        tracing::debug!("nobody reads standard output");
    }
    Ok(())
}

fn carry_out_epoch(
    folder: &Folder,
    command: EpochCommand,
    clock: Arc<dyn Clock>,
    output: &Output,
) -> Result<(), AdminRefusal> {
    let epoch = match command {
        EpochCommand::Show => EpochCall::Show,
        EpochCommand::Progress => EpochCall::Progress,
        EpochCommand::Sign {
            offline_root,
            root_passphrase_file,
        } => {
            let passphrase = read_passphrase(&root_passphrase_file)?;
            let mut shown = Vec::new();
            let call = AdminCall::Epoch {
                epoch: EpochCall::Show,
            };
            perform_or_ask_for(folder, call, Arc::clone(&clock), &mut |view| {
                shown.push(view);
                true
            })?;
            let view = shown.first().ok_or_else(in_use)?;
            epoch::cli::sign(view, &offline_root, &passphrase)?
        }
    };
    perform_or_ask(folder, AdminCall::Epoch { epoch }, clock, output)
}

/// The platform's folder for application data.
fn default_folder() -> Result<PathBuf, AdminRefusal> {
    let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let folder = if cfg!(windows) {
        variable("LOCALAPPDATA").map(|path| path.join("Pennyblack Server"))
    } else if cfg!(target_os = "macos") {
        variable("HOME").map(|path| path.join("Library/Application Support/Pennyblack Server"))
    } else {
        // A relative path in the variable is to be ignored, says the specification.
        variable("XDG_DATA_HOME")
            .filter(|path| path.is_absolute())
            .or_else(|| variable("HOME").map(|path| path.join(".local/share")))
            .map(|path| path.join("pennyblack-server"))
    };
    folder.ok_or_else(|| {
        AdminRefusal::usage(
            "There is no folder for application data on this machine.",
            "Name one with --data.",
        )
    })
}
