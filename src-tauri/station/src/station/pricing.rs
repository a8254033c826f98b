//! Quotes: from what a person typed to the rate engine and back to what a person reads.

use std::str::FromStr;

use jiff::civil::Date;
use shared::ids::PsdId;
use shared::indicium::destination::Destination;
use shared::indicium::regime::SPECIMEN_MANUFACTURER;
use shared::rates::{
    Country, ExtraOffer, GoesTo, MailClass, PriceKind, Quote, QuoteRequest, RateRefusal, Shape,
    Size, Weight, Zip5, options, quote,
};

use super::{Owner, names};
use crate::api::{
    ErrorKind, ExtraView, OptionView, OptionsView, PlaceCall, PlaceView, QuoteCall, QuoteStepView,
    QuoteView, UiError,
};
use crate::messages::{Code, say};

/// The most extra services of one piece.
const MAX_EXTRAS: usize = 8;

/// A call as the rate engine takes it, with the destination as it was given.
pub(crate) struct Priced {
    pub(crate) request: QuoteRequest,
    pub(crate) destination: Destination,
}

impl Owner {
    /// Reads what a person typed.
    ///
    /// # Errors
    /// `bad_input` naming the field, and `not_enrolled` when there is no origin.
    pub(crate) fn priced(&mut self, call: &QuoteCall) -> Result<Priced, UiError> {
        let date = match call.date.as_deref().filter(|text| !text.trim().is_empty()) {
            Some(text) => day(text)?,
            None => self.mailing_day(),
        };
        let (to, destination) = self.goes_to(&call.to, date)?;
        if call.extras.len() > MAX_EXTRAS {
            return Err(bad(format!("A piece has at most {MAX_EXTRAS} extras")));
        }
        let origin = match call.from.as_deref().filter(|zip| !zip.is_empty()) {
            Some(zip) => known(read("The origin", zip)?)?,
            None => self.licence_zip()?,
        };
        let request = QuoteRequest {
            class: read::<MailClass>("The class", &call.class)?,
            shape: read::<Shape>("The shape", &call.shape)?,
            kind: optional::<PriceKind>("The price", call.price.as_deref())?,
            weight: read::<Weight>("The weight", &call.weight)?,
            size: optional::<Size>("The size", call.size.as_deref())?,
            nonmachinable: call.nonmachinable,
            from: origin,
            to,
            date,
            extras: call.extras.clone(),
            live: self.vault().is_some_and(|vault| !is_specimen(vault.psd())),
        };
        Ok(Priced {
            request,
            destination,
        })
    }

    /// Reads where a piece goes: a ZIP, a country's two letters, or what it is called on an address
    /// by the edition of that date.
    fn goes_to(&mut self, text: &str, date: Date) -> Result<(GoesTo, Destination), UiError> {
        let text = text.trim();
        if text.is_empty() || text.contains(|letter: char| letter.is_ascii_digit()) {
            let destination = read::<Destination>("The destination", text)?;
            if destination.digits() == 0 {
                return Err(unreadable(format!("The destination {text:?} has no ZIP")));
            }
            let digits = destination.to_string();
            let zip: Zip5 = read("The destination", digits.get(..5).unwrap_or(&digits))?;
            known(zip)?;
            return Ok((zip.into(), destination));
        }
        let country = match text.parse::<Country>() {
            Ok(country) => Some(country),
            Err(_) => self.edition(date)?.country_named(text),
        };
        let neither = || {
            unreadable(format!(
                "The destination {text:?} is no ZIP and no country with a price"
            ))
        };
        Ok((country.ok_or_else(neither)?.into(), Destination::NONE))
    }

    /// The licence ZIP.
    pub(super) fn licence_zip(&self) -> Result<Zip5, UiError> {
        let zip = self.store().setting(names::LICENCE_ZIP)?;
        let zip = zip.ok_or_else(|| say(Code::NotEnrolled, &[]))?;
        if zip.is_empty() {
            return Err(say(Code::NoOrigin, &[]));
        }
        read("The licence ZIP", &zip)
    }

    /// Prices a piece by the edition in force on its date of mailing.
    ///
    /// # Errors
    /// `no_edition`, and every refusal of the rate engine.
    pub(crate) fn quote(&mut self, request: &QuoteRequest) -> Result<Quote, UiError> {
        let today = self.mailing_day();
        if request.date < today && self.store().edition_on(request.date)?.is_none() {
            // Older than all rates: it is the date that is wrong, not the rates.
            return Err(say(Code::DateOutOfRange, &[]));
        }
        let edition = self.edition(request.date)?;
        shared::rates::check_mailing_date(&edition, today, request.date)
            .map_err(|refusal| rate_refused(&refusal))?;
        quote(&edition, request).map_err(|refusal| rate_refused(&refusal))
    }

    /// Prices one piece and explains the price.
    pub(super) fn quote_view(&mut self, call: &QuoteCall) -> Result<QuoteView, UiError> {
        let priced = self.priced(call)?;
        Ok(quote_view(&self.quote(&priced.request)?))
    }

    /// Prices every way of sending the same piece.
    pub(super) fn options_view(&mut self, call: &QuoteCall) -> Result<OptionsView, UiError> {
        // Class and shape are what is asked for; any known words let the call be read. A shape
        // without a class is one that has been chosen already.
        let chosen = Some(call.shape.as_str()).filter(|_| call.class.is_empty());
        let wanted = optional("The shape", chosen)?;
        let mut call = call.clone();
        if call.class.is_empty() {
            call.class = "first-class".to_owned();
        }
        if call.shape.is_empty() {
            call.shape = "letter".to_owned();
        }
        let priced = self.priced(&call)?;
        let edition = self.edition(priced.request.date)?;
        let today = self.mailing_day();
        shared::rates::check_mailing_date(&edition, today, priced.request.date)
            .map_err(|refusal| rate_refused(&refusal))?;
        let ways = options(&edition, &priced.request, wanted);
        let options = ways.into_iter().map(|way| OptionView {
            class: way.class.to_string(),
            shape: way.shape.to_string(),
            title: way.title,
            excluded: way.outcome.as_ref().err().map(|r| sentence(&r.to_string())),
            code: way.outcome.as_ref().err().map(|r| r.code().to_owned()),
            extras: way.extras.into_iter().map(extra_view).collect(),
            quote: way.outcome.ok().as_ref().map(quote_view),
        });
        Ok(OptionsView {
            options: options.collect(),
        })
    }
}

/// Whether a PSD prints specimens.
pub(crate) fn is_specimen(psd: PsdId) -> bool {
    psd.manufacturer == SPECIMEN_MANUFACTURER
}

/// A quote as a person reads it.
pub(crate) fn quote_view(quote: &Quote) -> QuoteView {
    QuoteView {
        price_mills: quote.price.mills(),
        edition: quote.edition.clone(),
        zone: quote.zone,
        group: quote.group,
        estimated: quote.estimated,
        steps: quote
            .steps
            .iter()
            .map(|step| QuoteStepView {
                rule: step.rule.clone(),
                amount_mills: step.amount.mills(),
                cell: step.cell.clone(),
                source: step.source.clone(),
            })
            .collect(),
        notes: quote.notes.clone(),
    }
}

/// An extra service as a person reads it.
fn extra_view(offer: ExtraOffer) -> ExtraView {
    ExtraView {
        name: offer.name,
        title: offer.title,
        amount_mills: offer.amount.mills(),
        needs: offer.needs,
        excludes: offer.excludes,
    }
}

/// A refusal of the rate engine: it brings its own sentence and hint.
pub(crate) fn rate_refused(refusal: &RateRefusal) -> UiError {
    UiError {
        code: refusal.code().to_owned(),
        message: sentence(&format!("{refusal}. Nothing was debited.")),
        hint: refusal.hint().to_owned(),
        retry: false,
        kind: ErrorKind::Refused,
    }
}

/// Begins a sentence with a capital letter.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// Reads a field of a call.
fn read<T: FromStr>(what: &str, text: &str) -> Result<T, UiError>
where
    T::Err: std::fmt::Display,
{
    text.trim()
        .parse()
        .map_err(|fault: T::Err| unreadable(format!("{what} {text:?} cannot be read: {fault}")))
}

fn optional<T: FromStr>(what: &str, text: Option<&str>) -> Result<Option<T>, UiError>
where
    T::Err: std::fmt::Display,
{
    text.filter(|text| !text.trim().is_empty())
        .map(|text| read(what, text))
        .transpose()
}

/// A date as it is typed.
pub(super) fn day(text: &str) -> Result<Date, UiError> {
    text.trim()
        .parse()
        .map_err(|_| unreadable(format!("The date {text:?} is not a day like 2026-07-12")))
}

/// A ZIP that there is. The chart of zones knows only the areas of three digits, and a piece to a ZIP
/// that nobody has comes back, postage spent.
fn known(zip: Zip5) -> Result<Zip5, UiError> {
    if crate::places::is_known(zip) {
        Ok(zip)
    } else {
        Err(rate_refused(&RateRefusal::UnknownZip { zip }))
    }
}

/// A field that cannot be read at all: the call was made wrongly.
pub(crate) fn unreadable(what: String) -> UiError {
    UiError {
        kind: ErrorKind::Usage,
        ..bad(what)
    }
}

/// A field that no rule allows.
pub(crate) fn bad(what: String) -> UiError {
    say(Code::BadInput, &[("what", &what)])
}

impl Owner {
    /// Splits a pasted address. One that ends with a country the edition in force has prices to
    /// goes there, whatever its lines look like.
    pub(super) fn place_view(&mut self, call: &PlaceCall) -> Result<PlaceView, UiError> {
        let text = call.text.as_str();
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        let last = lines.iter().rposition(|line| !line.is_empty());
        let today = self.mailing_day();
        let abroad = last.and_then(|at| {
            let edition = self.edition(today).ok()?;
            let country = edition.country_named(lines.get(at)?)?;
            Some((at, country, edition.country(country)?.title().to_owned()))
        });
        let Some((at, country, title)) = abroad else {
            return Ok(place_view(text));
        };
        let above = lines.iter().take(at).filter(|line| !line.is_empty());
        Ok(PlaceView {
            lines: above.map(|line| (*line).to_owned()).collect(),
            city: Some(title),
            state: None,
            zip: None,
            country: Some(country.to_string()),
            known: true,
            notes: Vec::new(),
        })
    }
}

/// Splits a pasted address of this country.
fn place_view(text: &str) -> PlaceView {
    let address = crate::places::split_pasted_address(text);
    PlaceView {
        country: None,
        lines: address.lines,
        city: address.city,
        state: address.state,
        zip: address.zip,
        known: address.known,
        notes: address.notes,
    }
}
