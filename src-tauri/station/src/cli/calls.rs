//! Commands that are one call to the station.

use std::path::PathBuf;

use super::arguments::{
    AutomaticRefill, Command, Line, Measures, Out, Print, Printers, Quoted, Software,
};
use super::show::Show;
use super::users::pin;
use super::{Asked, Streams, later, not_written, on_a_runtime};
use crate::api::{
    AddPrinterCall, AmendCall, AmendHow, AutomaticRefillCall, AutomaticRefillPlan, Call,
    ContactCall, DoctorCall, DoctorView, EnrolCall, Event, FindingOutcome, PORT_FORMS, PieceState,
    PiecesCall, PrintCall, PrintOut, PrinterPort, PrinterSetup, QuoteCall, RefillCall, RefundCall,
    RehearseCall, RemovePrinterCall, ResolveCall, SecretsChoice, SendAgainCall, SetSoftwareCall,
    StatisticsCall, TestPrinterCall, UiError, View, WithdrawCall,
};
use crate::messages::{Code, say};
use crate::owner;
use crate::printing::layout::stock::Stock;
use crate::printing::profile::{PAGE_DPI, PAGES, Profile, USUAL};
use crate::station::Asker;

/// Dots per inch of a printer of an unknown model, which is refused anyway.
const USUAL_DPI: u16 = 203;

/// Pieces that are asked for at once, of a list that may be long.
const PAGE: u32 = 5_000;

/// The refusal that a person can answer by choosing another keeper of secrets.
const NO_KEYRING: &str = "no_keyring";

/// Asks the station and shows its answer.
pub(super) fn call(
    asked: &Asked,
    command: Command,
    show: Show,
    streams: &mut Streams<'_>,
) -> Result<(), UiError> {
    let call = to_call(command)?;
    let no_keyring = ask(asked, call.clone(), |answer| match answer {
        Err(error) if error.code == NO_KEYRING && !show.json => Ok(Some(error)),
        answer => shown(answer, show, streams).map(|()| None),
    })?;
    let Some(error) = no_keyring else {
        return Ok(());
    };
    let call = with_another_keeper(call, error, streams)?;
    ask(asked, call, |answer| shown(answer, show, streams))
}

/// Lists every piece, or as many as were asked for, page by page.
pub(super) fn pieces(
    asked: &Asked,
    state: Option<&str>,
    limit: Option<u32>,
    show: Show,
    streams: &mut Streams<'_>,
) -> Result<(), UiError> {
    let mut left = limit.unwrap_or(u32::MAX);
    let mut call = PiecesCall {
        state: state.map(piece_state).transpose()?,
        limit: None,
        before: None,
    };
    while left > 0 {
        let wanted = left.min(PAGE);
        call.limit = Some(wanted);
        let page = ask(asked, Call::Pieces(call.clone()), |answer| {
            let view = answer?;
            show.view(&view, streams.out).map_err(not_written)?;
            let View::Pieces(page) = view else {
                return Err(say(Code::BadCall, &[("reason", "another answer")]));
            };
            Ok(page.pieces)
        })?;
        let listed = u32::try_from(page.len()).unwrap_or(u32::MAX);
        let Some(last) = page.last().filter(|_| listed >= wanted) else {
            return Ok(());
        };
        call.before = Some(last.serial.clone());
        left = left.saturating_sub(listed);
    }
    Ok(())
}

/// Shows an answer. A piece that did not end well is shown and is an error.
fn shown(
    answer: Result<View, UiError>,
    show: Show,
    streams: &mut Streams<'_>,
) -> Result<(), UiError> {
    let view = answer?;
    show.view(&view, streams.out).map_err(not_written)?;
    match &view {
        View::Piece(piece) => ended_well(piece),
        View::Contact(contact) => contacted(contact),
        View::Doctor(doctor) => examined(doctor),
        View::Status(_)
        | View::Preview(_)
        | View::Refill(_)
        | View::Quote(_)
        | View::Options(_)
        | View::Batch(_)
        | View::Pieces(_)
        | View::Printers(_)
        | View::Journal(_)
        | View::Place(_)
        | View::Statistics(_)
        | View::Centres(_)
        | View::Presets(_)
        | View::WaitingBatches(_)
        | View::BatchText(_)
        | View::Rehearsal(_)
        | View::Session(_)
        | View::Users(_)
        | View::Software(_)
        | View::Line(_)
        | View::FoundPrinters(_)
        | View::Picture(_)
        | View::TestPage(_)
        | View::Modems(_)
        | View::Scale(_)
        | View::Scales(_)
        | View::Slip(_)
        | View::OfficeArt(_) => Ok(()),
    }
}

/// Asks the station and hands its answer to `take`, before this process stays for others that have
/// asked it meanwhile.
pub(super) fn ask<T>(
    asked: &Asked,
    call: Call,
    take: impl FnOnce(Result<View, UiError>) -> Result<T, UiError>,
) -> Result<T, UiError> {
    ask_with_news(asked, call, |_| {}, take)
}

/// As [`ask`]; `news` hears what changes meanwhile.
pub(super) fn ask_with_news<T>(
    asked: &Asked,
    call: Call,
    news: impl FnMut(Event),
    take: impl FnOnce(Result<View, UiError>) -> Result<T, UiError>,
) -> Result<T, UiError> {
    on_a_runtime(async {
        let (answer, part) = owner::ask(&asked.folder, asked.in_name(call), news).await?;
        let taken = take(answer);
        part.close().await;
        taken
    })
}

/// Explains that there is no keyring and asks where the key shall be kept instead. Nothing is
/// chosen for a person who does not answer.
pub(super) fn with_another_keeper(
    call: Call,
    error: UiError,
    streams: &mut Streams<'_>,
) -> Result<Call, UiError> {
    let (Call::Enrol(call), Some(answers)) = (call, streams.answers.as_mut()) else {
        return Err(error);
    };
    let question = format!(
        "{}\n{}\nWhere shall it be kept? [passphrase-file:PATH, key-file:PATH or nothing to stop] ",
        error.message, error.hint
    );
    write!(streams.err, "{question}")
        .and_then(|()| streams.err.flush())
        .map_err(not_written)?;
    let mut answer = String::new();
    let read = answers.read_line(&mut answer);
    if read.is_err() || answer.trim().is_empty() {
        return Err(error);
    }
    Ok(Call::Enrol(EnrolCall {
        secrets: Some(secrets_choice(answer.trim())?),
        ..call
    }))
}

/// Whether the data center can be reached, over whichever line.
fn examined(doctor: &DoctorView) -> Result<(), UiError> {
    let mut findings = doctor.findings.iter().filter(|_| !doctor.leads);
    match findings.find(|finding| finding.outcome == FindingOutcome::Fault) {
        None => Ok(()),
        Some(worst) => Err(say(Code::DoctorFault, &[("check", &worst.check)])),
    }
}

/// Whether the piece just printed or answered about leaves no question open.
fn ended_well(piece: &crate::api::PieceView) -> Result<(), UiError> {
    let reason = piece.message.as_deref().unwrap_or("it was answered so");
    let values = [("serial", piece.serial.as_str()), ("reason", reason)];
    match piece.state {
        PieceState::Unknown => Err(say(Code::PieceUnknown, &values)),
        // A clerk's answer carries no message; a print that met no ink does.
        PieceState::NotPrinted if piece.message.is_some() => {
            Err(say(Code::PieceNotPrinted, &values))
        }
        PieceState::NotPrinted
        | PieceState::Prepared
        | PieceState::Sending
        | PieceState::Sent
        | PieceState::Printed
        | PieceState::Spoiled => Ok(()),
    }
}

/// Whether every service of a contact was served, had nothing to ask, or waits on purpose.
fn contacted(contact: &crate::api::ContactView) -> Result<(), UiError> {
    let ill = contact
        .services
        .iter()
        .find(|service| matches!(service.outcome.as_str(), "refused" | "failed"));
    match ill {
        None => Ok(()),
        Some(service) => Err(say(
            if service.outcome == "refused" {
                Code::ServiceRefused
            } else {
                Code::ServiceFailed
            },
            &[
                ("service", &service.service),
                (
                    "reason",
                    // The sentence it stands in ends with a full stop of its own.
                    service
                        .reason
                        .as_deref()
                        .unwrap_or("no reason given")
                        .trim_end_matches('.'),
                ),
            ],
        )),
    }
}

/// What a command about software asks.
fn software_call(what: Option<Software>) -> Call {
    match what {
        None => Call::Software,
        Some(Software::Set { channel, hours }) => {
            Call::SetSoftware(SetSoftwareCall { channel, hours })
        }
    }
}

/// What enrols. The PIN of a card and the password of a line come out of private files.
fn enrol_call(
    server: String,
    code: String,
    secrets: Option<&str>,
    files: [Option<PathBuf>; 2],
) -> Result<Call, UiError> {
    let [card_pin, password] = files.map(|file| file.as_deref().map(pin).transpose());
    Ok(Call::Enrol(EnrolCall {
        server,
        code,
        secrets: secrets.map(secrets_choice).transpose()?,
        card_pin: card_pin?,
        password: password?,
    }))
}

fn to_call(command: Command) -> Result<Call, UiError> {
    Ok(match command {
        Command::Enrol {
            server,
            code,
            secrets,
            card_pin_file,
            password_file,
        } => {
            let files = [card_pin_file, password_file];
            enrol_call(server, code, secrets.as_deref(), files)?
        }
        Command::Status => Call::Status,
        Command::Line { what } => super::line::to_call(what)?,
        Command::Contact { line } => Call::Contact(ContactCall {
            line: line.map(line_word).map(str::to_owned),
        }),
        Command::Refill { amount } => Call::Refill(RefillCall { amount }),
        Command::Quote(quoted) => quoted_call(quoted),
        Command::Print {
            what:
                what @ (Print::Postage { .. } | Print::Correction { .. } | Print::Additional { .. }),
        } => printed_call(what)?,
        Command::Print {
            what:
                what @ (Print::Receipt { .. }
                | Print::RefundSlip { .. }
                | Print::DayEnd { .. }
                | Print::Address { .. }),
        } => super::slips::slip_call(what)?,
        Command::Art { what } => super::slips::art_call(what)?,
        Command::Resolve { serial, answer } => Call::Resolve(ResolveCall {
            serial,
            answer: piece_state(&answer)?,
        }),
        Command::SendAgain { serial, out } => Call::SendAgain(SendAgainCall {
            serial,
            out: print_out(out)?,
        }),
        Command::Refund { serial } => Call::Refund(RefundCall { serial }),
        Command::Statistics { from, to, by } => Call::Statistics(StatisticsCall {
            from,
            to,
            by: Some(by),
        }),
        Command::CostCentres => Call::CostCentres,
        Command::Software { what } => software_call(what),
        Command::Doctor { server, call } => Call::Doctor(DoctorCall {
            server,
            trial: call,
        }),
        Command::Presets { what } => super::presets::preset_call(what),
        Command::Waiting { what } => super::presets::batch_call(what)?,
        Command::Rehearse { edition } => Call::Rehearse(RehearseCall { edition }),
        Command::Users { what } => super::users::call(what)?,
        Command::AutomaticRefill { what } => automatic_refill_call(what),
        Command::Withdraw { station } => Call::Withdraw(WithdrawCall { station }),
        Command::Printers { what } => printers_call(what)?,
        Command::Print {
            what: Print::Batch { .. },
        }
        | Command::Picture { .. }
        | Command::Scale { .. }
        | Command::Pieces { .. }
        | Command::Journal { .. }
        | Command::Keys { .. }
        | Command::Verify { .. }
        | Command::Barcode { .. }
        | Command::Till(_) => return Err(later("this command")),
    })
}

const fn line_word(line: Line) -> &'static str {
    match line {
        Line::Internet => "internet",
        Line::Dialup => "dialup",
    }
}

fn automatic_refill_call(what: AutomaticRefill) -> Call {
    let plan = match what {
        AutomaticRefill::Off => None,
        AutomaticRefill::Set {
            below,
            amount,
            daily_cap,
        } => Some(AutomaticRefillPlan {
            below,
            amount,
            daily_cap,
        }),
    };
    Call::AutomaticRefill(AutomaticRefillCall { plan })
}

fn printers_call(what: Printers) -> Result<Call, UiError> {
    Ok(match what {
        Printers::List => Call::Printers,
        Printers::Add {
            name,
            port,
            model,
            dpi,
            stock,
            asks_the_clerk,
        } => {
            let port = printer_port(&port)?;
            let is_pages = matches!(port, PrinterPort::Ipp { .. });
            let model = model.or_else(|| is_pages.then(|| PAGES.to_owned()));
            let model = model.unwrap_or_else(|| USUAL.to_owned());
            let profile = Profile::by_name(&model);
            let usual_dpi = match profile {
                Some(profile) => profile.dpi.first().copied(),
                None => is_pages.then_some(PAGE_DPI),
            };
            let usual_stock = match profile {
                Some(profile) => profile.stocks().next(),
                None => Stock::all().first(),
            };
            Call::AddPrinter(AddPrinterCall {
                printer: PrinterSetup {
                    name,
                    model,
                    port,
                    dpi: dpi.or(usual_dpi).unwrap_or(USUAL_DPI),
                    stock: stock
                        .or_else(|| usual_stock.map(|stock| stock.name.to_owned()))
                        .unwrap_or_default(),
                    acknowledges: !asks_the_clerk,
                },
            })
        }
        Printers::Find => Call::FindPrinters,
        Printers::Remove { name } => Call::RemovePrinter(RemovePrinterCall { name }),
        Printers::Test { name } => Call::TestPrinter(TestPrinterCall { name }),
    })
}

/// One piece: for itself, or to amend another.
fn printed_call(what: Print) -> Result<Call, UiError> {
    Ok(match what {
        Print::Postage {
            piece,
            to_address,
            cost_centre,
            override_reason,
            out,
        } => Call::Print(PrintCall {
            quote: quote_call(piece.class, piece.shape, piece.measures),
            to_address: to_address.map(|text| text.replace("\\n", "\n")),
            cost_centre,
            override_reason,
            out: Some(print_out(out)?),
            ..PrintCall::default()
        }),
        Print::Correction { serial, date, out } => Call::Amend(AmendCall {
            serial,
            how: AmendHow::Correction { date },
            out: print_out(out)?,
            cost_centre: None,
            override_reason: None,
            job_key: None,
            asker: Asker::default(),
        }),
        Print::Additional {
            serial,
            amount,
            date,
            cost_centre,
            override_reason,
            out,
        } => Call::Amend(AmendCall {
            serial,
            how: AmendHow::Additional { amount, date },
            out: print_out(out)?,
            cost_centre,
            override_reason,
            job_key: None,
            asker: Asker::default(),
        }),
        Print::Batch { .. }
        | Print::Receipt { .. }
        | Print::RefundSlip { .. }
        | Print::DayEnd { .. }
        | Print::Address { .. } => return Err(later("this command")),
    })
}

/// One price, or all of them where no class was chosen.
fn quoted_call(quoted: Quoted) -> Call {
    let Quoted {
        class,
        shape,
        compare: _,
        measures,
    } = quoted;
    let shape = shape.unwrap_or_default();
    match class {
        Some(class) => Call::Quote(quote_call(class, shape, measures)),
        None => Call::Options(quote_call(String::new(), shape, measures)),
    }
}

fn quote_call(class: String, shape: String, measures: Measures) -> QuoteCall {
    QuoteCall {
        class,
        shape,
        weight: measures.weight,
        to: measures.to,
        from: measures.from,
        size: measures.size,
        nonmachinable: measures.nonmachinable,
        price: measures.price,
        date: measures.date,
        extras: measures.extras,
    }
}

pub(super) fn print_out(out: Out) -> Result<PrintOut, UiError> {
    if let Some(name) = out.printer {
        return Ok(PrintOut::Printer { name });
    }
    if out.pdf.is_none() && out.png.is_none() && out.escpos.is_none() {
        return Err(say(Code::NoOut, &[]));
    }
    Ok(PrintOut::Files {
        pdf: out.pdf.map(absolute),
        png: out.png.map(absolute),
        escpos: out.escpos.map(absolute),
    })
}

/// The station may run in another working folder: paths travel absolute.
pub(super) fn absolute(path: PathBuf) -> String {
    std::path::absolute(&path)
        .unwrap_or(path)
        .display()
        .to_string()
}

fn secrets_choice(text: &str) -> Result<SecretsChoice, UiError> {
    match text.split_once(':') {
        None if text == "keyring" => Ok(SecretsChoice::Keyring),
        Some(("passphrase-file", path)) if !path.is_empty() => Ok(SecretsChoice::PassphraseFile {
            path: absolute(path.into()),
        }),
        Some(("key-file", path)) if !path.is_empty() => Ok(SecretsChoice::KeyFile {
            path: absolute(path.into()),
        }),
        None | Some(_) => Err(usage(
            "Secrets are kept in keyring, passphrase-file:PATH or key-file:PATH.",
        )),
    }
}

fn piece_state(word: &str) -> Result<PieceState, UiError> {
    PieceState::of_word(word).ok_or_else(|| {
        let words: Vec<&str> = PieceState::ALL.iter().map(|state| state.word()).collect();
        usage(&format!("A piece is {}.", words.join(", ")))
    })
}

fn printer_port(text: &str) -> Result<PrinterPort, UiError> {
    PrinterPort::parse(text).ok_or_else(|| usage(&format!("A printer's port is {PORT_FORMS}.")))
}

fn usage(what: &str) -> UiError {
    say(Code::Usage, &[("what", what)])
}
