//! How answers look: for people as text, for programs as JSON.

mod doctor;
mod printers;
mod rehearsal;
mod scale;
mod software;
mod statistics;
mod telephone;

use std::io::{self, Write};

use serde::Serialize;
use shared::money::Mills;

use crate::api::{
    AutomaticRefillView, BatchView, CentreView, ContactView, JournalView, KeyView, OfficeArtView,
    OptionsView, PieceView, QuoteView, RefillView, RegistersView, ServiceView, StatusView,
    TestPageView, UserView, View, WithdrawalView,
};

/// How answers are shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Show {
    /// JSON: one object, or one a line for lists.
    pub(super) json: bool,
}

impl Show {
    /// Shows the answer of a call.
    pub(super) fn view(self, view: &View, out: &mut dyn Write) -> io::Result<()> {
        if self.json {
            json(view, out)
        } else {
            text(view, out)
        }
    }

    /// Shows an object of a command's own.
    pub(super) fn object<T: Serialize>(
        self,
        object: &T,
        text: &str,
        out: &mut dyn Write,
    ) -> io::Result<()> {
        if self.json {
            line(object, out)
        } else {
            write!(out, "{text}")
        }
    }
}

fn json(view: &View, out: &mut dyn Write) -> io::Result<()> {
    match view {
        View::Pieces(view) => view.pieces.iter().try_for_each(|piece| line(piece, out)),
        View::Printers(view) => view.printers.iter().try_for_each(|one| line(one, out)),
        View::Contact(view) => view.services.iter().try_for_each(|one| line(one, out)),
        View::Options(view) => view.options.iter().try_for_each(|one| line(one, out)),
        View::Centres(view) => view.centres.iter().try_for_each(|one| line(one, out)),
        View::Presets(view) => view.presets.iter().try_for_each(|one| line(one, out)),
        View::WaitingBatches(view) => view.batches.iter().try_for_each(|one| line(one, out)),
        View::Users(view) => view.users.iter().try_for_each(|one| line(one, out)),
        View::Doctor(view) => view.findings.iter().try_for_each(|one| line(one, out)),
        View::Status(_)
        | View::Preview(_)
        | View::Piece(_)
        | View::Refill(_)
        | View::Quote(_)
        | View::Batch(_)
        | View::Journal(_)
        | View::Picture(_)
        | View::TestPage(_)
        | View::Session(_)
        | View::Place(_)
        | View::BatchText(_)
        | View::Rehearsal(_)
        | View::Statistics(_)
        | View::Software(_)
        | View::Line(_)
        | View::Scale(_)
        | View::Slip(_)
        | View::OfficeArt(_) => line(view, out),
        View::FoundPrinters(view) => view.printers.iter().try_for_each(|one| line(one, out)),
        View::Modems(view) => view.ports.iter().try_for_each(|one| line(one, out)),
        View::Scales(view) => view.scales.iter().try_for_each(|one| line(one, out)),
    }
}

fn line<T: Serialize>(object: &T, out: &mut dyn Write) -> io::Result<()> {
    let text = serde_json::to_string(object).map_err(io::Error::other)?;
    writeln!(out, "{text}")
}

fn text(view: &View, out: &mut dyn Write) -> io::Result<()> {
    match view {
        View::Status(view) => status(view, out),
        View::Piece(view) => piece(view, out),
        View::Pieces(view) => each(&view.pieces, "There is no piece to show.", listed, out),
        View::Refill(view) => refill(view, out),
        View::Quote(view) => quote(view, out),
        View::Options(view) => options(view, out),
        View::Contact(view) => contact(view, out),
        View::Batch(view) => batch(view, out),
        View::Printers(view) => each(&view.printers, printers::NONE, printers::printer, out),
        View::Journal(view) => journal(view, out),
        View::Picture(view) => writeln!(out, "{} x {} mm", view.width_mm, view.height_mm),
        View::TestPage(view) => test_page(view, out),
        View::Preview(view) => writeln!(out, "{} x {} mm", view.width_mm, view.height_mm),
        View::Place(view) => writeln!(out, "{}", view.lines.join("\n")),
        View::Statistics(view) => statistics::statistics(view, out),
        View::Centres(view) => {
            let none = "The account has no cost centres.";
            each(&view.centres, none, centre, out)
        }
        View::Presets(view) => {
            let none = "There is no preset. Make one with: pennyblack presets put NAME";
            each(&view.presets, none, rehearsal::preset, out)
        }
        View::WaitingBatches(view) => {
            each(&view.batches, "No batch waits.", rehearsal::waiting, out)
        }
        View::BatchText(view) => write!(out, "{}", view.csv),
        View::Rehearsal(view) => rehearsal::rehearsal(view, out),
        View::Users(view) => {
            let none = "This station has no users: whoever sits at it may do everything.";
            each(&view.users, none, user, out)
        }
        View::Session(view) => user(&view.user, out),
        View::Software(view) => software::software(view, out),
        View::Line(view) => telephone::setup(view, out),
        View::FoundPrinters(view) => printers::found(view, out),
        View::Modems(view) => telephone::modems(view, out),
        View::Scale(view) => scale::scale(view, out),
        View::Scales(view) => scale::scales(view, out),
        View::Doctor(view) => doctor::doctor(view, out),
        View::Slip(view) => writeln!(out, "{}", view.message),
        View::OfficeArt(view) => art(view, out),
    }
}

/// A list, or the sentence that there is nothing in it: silence looks like a fault.
fn each<T>(
    all: &[T],
    none: &str,
    one: impl Fn(&T, &mut dyn Write) -> io::Result<()>,
    out: &mut dyn Write,
) -> io::Result<()> {
    if all.is_empty() {
        return writeln!(out, "{none}");
    }
    all.iter().try_for_each(|item| one(item, out))
}

/// Mills as people read them; `None` beyond what a register holds.
pub(super) fn amount(mills: u64) -> Option<String> {
    Mills::new(mills).ok().map(|mills| mills.to_string())
}

fn money(mills: u64) -> String {
    amount(mills).unwrap_or_else(|| mills.to_string())
}

/// An instant in the local time zone.
fn instant(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).map_or_else(
        |_| seconds.to_string(),
        |stamp| {
            stamp
                .to_zoned(jiff::tz::TimeZone::system())
                .strftime("%Y-%m-%d %H:%M")
                .to_string()
        },
    )
}

fn automatic_refill(view: &AutomaticRefillView, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "Refills   by itself {} when less than {} is left, {} of {} today",
        money(view.amount_mills),
        money(view.below_mills),
        money(view.today_mills),
        money(view.daily_cap_mills)
    )?;
    match &view.refused {
        Some(reason) => writeln!(out, "          {reason}"),
        None => Ok(()),
    }
}

fn withdrawal(view: &WithdrawalView, out: &mut dyn Write) -> io::Result<()> {
    let (Some(returned), Some(credited), Some(held)) =
        (view.returned_mills, view.credited_mills, view.held_mills)
    else {
        return writeln!(out, "End       ordered; the vault ends at the next contact");
    };
    let until = view
        .hold_until
        .map_or_else(String::new, |until| format!(" until {}", instant(until)));
    writeln!(
        out,
        "End       {} given back, {} of it credited at once, {} held{until}",
        money(returned),
        money(credited),
        money(held)
    )
}

fn status(view: &StatusView, out: &mut dyn Write) -> io::Result<()> {
    let Some(station) = &view.station else {
        return writeln!(
            out,
            "This station is not enrolled yet.\nEnrol it with: pennyblack enrol --server URL --code CODE"
        );
    };
    writeln!(out, "Station   {station} ({}), {}", view.regime, view.state)?;
    if let Some(reason) = &view.state_reason {
        writeln!(out, "          {reason}")?;
    }
    registers(&view.registers, out)?;
    if let Some(account) = &view.account {
        let available = account.available_mills.map(money);
        let available = available.map_or_else(String::new, |sum| format!(", {sum} available"));
        writeln!(out, "Account   {}{available}", account.name)?;
    }
    if let Some(edition) = &view.edition {
        let sample = if edition.sample { ", sample" } else { "" };
        let (id, effective) = (&edition.id, &edition.effective);
        writeln!(out, "Rates     {id}, in force since {effective}{sample}")?;
    }
    if let Some(stopped) = view
        .repository
        .as_ref()
        .and_then(|one| one.stopped.as_ref())
    {
        let what = if stopped.everything {
            "stopped"
        } else {
            "not whole"
        };
        writeln!(out, "News      {what} since {}", instant(stopped.since))?;
        writeln!(out, "          {} {}", stopped.message, stopped.hint)?;
    }
    if let Some(plan) = &view.automatic_refill {
        automatic_refill(plan, out)?;
    }
    if let Some(end) = &view.withdrawal {
        withdrawal(end, out)?;
    }
    view.keys.iter().try_for_each(|one| key(one, out))?;
    for (what, at) in [
        ("Receipt", view.last_receipt),
        ("Warns", view.warn_at),
        ("Locks", view.lock_at),
    ] {
        if let Some(at) = at {
            writeln!(out, "{what:<9} {}", instant(at))?;
        }
    }
    if let Some(secrets) = &view.secrets {
        writeln!(out, "Secrets   {secrets}")?;
    }
    let line = view.line.reason.as_deref().unwrap_or("up");
    writeln!(out, "Line      {}: {line}", view.line.kind)?;
    if let Some(call) = &view.line.call {
        telephone::going_on(call, out)?;
    }
    if view.unknown_pieces > 0 {
        writeln!(
            out,
            "Unknown   {} pieces wait for an answer",
            view.unknown_pieces
        )?;
    }
    view.services.iter().try_for_each(|one| service(one, out))
}

/// One key: since when, until when, and when the next is due.
pub(super) fn key(view: &KeyView, out: &mut dyn Write) -> io::Result<()> {
    write!(
        out,
        "Key       {}: since {}",
        view.purpose,
        instant(view.since)
    )?;
    if let Some(until) = view.until {
        write!(out, ", until {}", instant(until))?;
    }
    if let Some(next) = view.next {
        write!(out, ", next due {}", instant(next))?;
    }
    writeln!(out)
}

fn registers(view: &RegistersView, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Value     {}", money(view.descending))?;
    writeln!(
        out,
        "Printed   {} in {} pieces (control total {})",
        money(view.ascending),
        view.piece_count,
        money(view.control_total)
    )
}

fn service(view: &ServiceView, out: &mut dyn Write) -> io::Result<()> {
    let reason = view.reason.as_deref().map(|text| format!(" - {text}"));
    writeln!(
        out,
        "Service   {:<10} {:<8} {} {} ms{}",
        view.service,
        view.outcome,
        view.level,
        view.ms,
        reason.unwrap_or_default()
    )
}

fn piece(view: &PieceView, out: &mut dyn Write) -> io::Result<()> {
    listed(view, out)?;
    if let Some(message) = &view.message {
        writeln!(out, "  {message}")?;
    }
    if let Some(refund) = &view.refund {
        writeln!(out, "  {}", refund.message)?;
    }
    if let Some(left) = &view.registers {
        writeln!(out, "  {} left in the vault", money(left.descending))?;
    }
    Ok(())
}

fn listed(view: &PieceView, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "{}  {:<11}  {:>8}  {}  {} {}  {} {}",
        view.serial,
        view.state.word(),
        money(view.postage_mills),
        view.date,
        view.class,
        view.shape,
        view.destination,
        view.place.as_deref().unwrap_or_default()
    )
}

fn refill(view: &RefillView, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Refilled with {}.", money(view.amount_mills))?;
    registers(&view.registers, out)?;
    view.services.iter().try_for_each(|one| service(one, out))
}

fn quote(view: &QuoteView, out: &mut dyn Write) -> io::Result<()> {
    let zone = view.zone.map_or_else(String::new, |zone| {
        let estimated = if view.estimated { " (estimated)" } else { "" };
        format!(", zone {zone}{estimated}")
    });
    let group = view
        .group
        .map_or_else(String::new, |group| format!(", price group {group}"));
    let price = money(view.price_mills);
    writeln!(out, "{price}  by {}{zone}{group}", view.edition)?;
    for step in &view.steps {
        let amount = money(step.amount_mills);
        writeln!(out, "  {amount:>8}  {}", step.rule)?;
        writeln!(out, "            {} [{}]", step.cell, step.source)?;
    }
    view.notes
        .iter()
        .try_for_each(|note| writeln!(out, "  {note}"))
}

fn options(view: &OptionsView, out: &mut dyn Write) -> io::Result<()> {
    view.options.iter().try_for_each(|way| {
        let price = way.quote.as_ref().map(|quote| money(quote.price_mills));
        let price = price.unwrap_or_else(|| "-".to_owned());
        match &way.excluded {
            Some(why) => writeln!(out, "{price:>9}  {:<40}  {why}.", way.title),
            None => writeln!(out, "{price:>9}  {}", way.title),
        }
    })
}

fn contact(view: &ContactView, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "Met the data center over {}.", view.line)?;
    view.services.iter().try_for_each(|one| service(one, out))
}

fn batch(view: &BatchView, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "{} rows: {} printed now, {} before, {} refused, {} unknown; {} spent.",
        view.rows,
        view.printed,
        view.already,
        view.refused,
        view.unknown,
        money(view.spent_mills)
    )?;
    view.results
        .iter()
        .filter(|row| matches!(row.outcome.as_str(), "refused" | "unknown"))
        .try_for_each(|row| {
            let reason = row.reason.as_deref().unwrap_or_default();
            writeln!(out, "  line {}: {} - {reason}", row.line, row.outcome)
        })
}

fn art(view: &OfficeArtView, out: &mut dyn Write) -> io::Result<()> {
    let said = |text: &str| {
        if text.is_empty() {
            "none".to_owned()
        } else {
            text.to_owned()
        }
    };
    let logo = view.logo_png_base64.as_ref().map_or("none", |_| "chosen");
    writeln!(out, "logo             {logo}")?;
    writeln!(out, "slogan           {}", said(&view.slogan))?;
    writeln!(out, "private message  {}", said(&view.message))
}

fn user(view: &UserView, out: &mut dyn Write) -> io::Result<()> {
    let rights = [
        (view.money, "money"),
        (view.refunds, "refunds"),
        (view.users, "users"),
        (view.setup, "setup"),
        (view.may_override, "override"),
        (view.closed, "closed"),
    ];
    let rights: Vec<&str> = rights
        .into_iter()
        .filter_map(|(has, word)| has.then_some(word))
        .collect();
    let role = format!("{:?}", view.role).to_lowercase();
    writeln!(out, "{:<24} {role:<11} {}", view.name, rights.join(", "))
}

fn test_page(view: &TestPageView, out: &mut dyn Write) -> io::Result<()> {
    let known = if view.proved {
        "has printed the test page"
    } else {
        "got the test page; it does not say whether it printed it"
    };
    writeln!(out, "{} {known}.\n{}", view.tested, view.look)
}

fn centre(view: &CentreView, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", view.name)?;
    view.budgets.iter().try_for_each(|budget| {
        let (spent, all) = (money(budget.spent_mills), money(budget.budget_mills));
        writeln!(out, "  {spent} of {all} spent this {}", budget.period)
    })
}

fn journal(view: &JournalView, out: &mut dyn Write) -> io::Result<()> {
    let holds = if view.intact {
        "holds"
    } else {
        "does not hold"
    };
    writeln!(
        out,
        "The journal of {} records {holds}.\nRoot {}",
        view.records, view.root
    )
}
