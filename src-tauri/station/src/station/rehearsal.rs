//! Rehearsal: what a coming edition changes for this station's presets and the batches that wait.
//!
//! Nothing is stored and nothing is switched by looking. Rows are priced in short turns of the
//! owner, so that a counter goes on printing while a large batch is rehearsed.

use std::cmp::Reverse;
use std::sync::Arc;

use jiff::civil::Date;
use shared::money::{Difference, MoneyError};
use shared::rates::rehearsal::{Change, Rehearsed, Totals, last_day, rehearse};
use shared::rates::{Edition, QuoteRequest, RateRefusal, price};

use super::editions::view_of;
use super::pricing::{bad, rate_refused};
use super::{Owner, Station};
use crate::api::{
    BatchChangeView, ErrorKind, Preset, PresetChangeView, RehearsalView, RehearseCall, UiError,
    View,
};
use crate::batch::{CHUNK, Row};

/// The two editions of a rehearsal.
#[derive(Clone)]
struct Both {
    before: Arc<Edition>,
    after: Arc<Edition>,
}

impl Station {
    /// Rehearses a coming edition.
    pub(super) async fn rehearse(&self, call: RehearseCall) -> Result<View, UiError> {
        let begun = move |owner: &mut Owner| owner.begin_rehearsal(call.edition.as_deref());
        let Some((both, presets, batches)) = self.apply(begun).await? else {
            return Ok(View::Rehearsal(RehearsalView {
                edition: None,
                against: None,
                presets: Vec::new(),
                batches: Vec::new(),
            }));
        };
        let mut changes = Vec::with_capacity(batches.len());
        for batch in batches {
            changes.extend(self.rehearse_batch(&both, batch).await?);
        }
        changes.sort_by_key(|one| Reverse(one.change_mills.unsigned_abs()));
        Ok(View::Rehearsal(RehearsalView {
            edition: Some(view_of(&both.after)),
            against: Some(view_of(&both.before)),
            presets,
            batches: changes,
        }))
    }

    /// Rehearses a batch; nothing when it does not wait any more.
    async fn rehearse_batch(
        &self,
        both: &Both,
        name: String,
    ) -> Result<Option<BatchChangeView>, UiError> {
        let Some(rows) = self.rows_of(&name).await? else {
            return Ok(None);
        };
        let mut sums = BatchSums::default();
        for chunk in rows.chunks(CHUNK) {
            let (both, chunk) = (both.clone(), chunk.to_vec());
            sums = self
                .apply(move |owner| {
                    for row in &chunk {
                        owner.rehearse_row(&both, row, &mut sums)?;
                    }
                    Ok(sums)
                })
                .await?;
        }
        Ok(Some(sums.view(name)))
    }
}

/// What a rehearsal begins with: the editions, the presets rehearsed, the names of the batches to be.
type Begun = (Both, Vec<PresetChangeView>, Vec<String>);

impl Owner {
    /// The editions, the presets rehearsed, and the batches that wait. Nothing when no edition is to
    /// come.
    fn begin_rehearsal(&mut self, wanted: Option<&str>) -> Result<Option<Begun>, UiError> {
        let coming = self.store().editions_after(self.mailing_day())?;
        let id = match wanted {
            Some(id) if coming.iter().any(|one| one == id) => id.to_owned(),
            Some(id) => return Err(bad(format!("No edition {id:?} is to come"))),
            None => match coming.into_iter().next() {
                Some(id) => id,
                None => return Ok(None),
            },
        };
        let after = self.edition_named(&id)?;
        let eve = after.effective().yesterday().unwrap_or(after.effective());
        let Some(before) = self.store().edition_on(eve)? else {
            return Ok(None);
        };
        let before = self.edition_named(&before)?;
        let both = Both { before, after };
        let mut changes = Vec::new();
        for preset in self.store().presets()? {
            changes.push(self.rehearse_preset(&both, preset)?);
        }
        changes.sort_by_key(|one: &PresetChangeView| {
            let lost = one.before_mills.is_some() && one.after_mills.is_none();
            let size = one.change_mills.map_or(0, i64::unsigned_abs);
            (Reverse(lost), Reverse(size))
        });
        let waiting = self.store().waiting_since()?.into_iter();
        Ok(Some((
            both,
            changes,
            waiting.map(|(name, _)| name).collect(),
        )))
    }

    fn rehearse_preset(
        &mut self,
        both: &Both,
        preset: Preset,
    ) -> Result<PresetChangeView, UiError> {
        let request = match self.priced(&self.call_of(&preset)) {
            Ok(priced) => priced.request,
            // It is a line that says why, and the others have theirs.
            Err(refusal) if matches!(refusal.kind, ErrorKind::Refused | ErrorKind::Usage) => {
                return Ok(unreadable(preset, refusal.message));
            }
            Err(fault) => return Err(fault),
        };
        let rehearsed = rehearse(&both.before, &both.after, &request);
        let mut what = format!("{} {}", request.class, request.shape);
        what = match &preset.weight {
            Some(weight) => format!("{what}, {weight}"),
            None => format!("{what}, {}", request.weight),
        };
        for extra in &preset.extras {
            what = format!("{what}, {extra}");
        }
        let reason = rehearsed.after.as_ref().err();
        let reason = reason.or(rehearsed.before.as_ref().err());
        Ok(PresetChangeView {
            name: preset.name,
            favourite: preset.favourite,
            what,
            reason: reason.map(ToString::to_string),
            change_mills: match rehearsed.change() {
                Change::Costs(difference) => Some(difference.mills()),
                Change::Same => Some(0),
                Change::NoLonger | Change::Newly | Change::Neither => None,
            },
            before_mills: rehearsed.before.ok().map(|mills| mills.mills()),
            after_mills: rehearsed.after.ok().map(|mills| mills.mills()),
        })
    }

    /// Adds a row to the sums of its batch, when it is still to be printed.
    fn rehearse_row(
        &mut self,
        both: &Both,
        row: &Row,
        sums: &mut BatchSums,
    ) -> Result<(), UiError> {
        if !self.is_open(row)? {
            return Ok(());
        }
        sums.open = sums.open.saturating_add(1);
        let call = match &row.call {
            Ok(call) => call,
            Err(error) => {
                sums.not_priced(row.line, &error.message);
                return Ok(());
            }
        };
        let request = match self.priced(&call.quote) {
            Ok(priced) => priced.request,
            Err(error) => {
                sums.not_priced(row.line, &error.message);
                return Ok(());
            }
        };
        let dated = call.quote.date.as_deref().map(str::trim);
        let dated = dated.filter(|day| !day.is_empty()).map(|_| request.date);
        let rehearsed = both.row(&request, dated);
        sums.add(
            row.line,
            &rehearsed,
            dated.map(|day| day < both.after.effective()),
        )
        .map_err(|fault| rate_refused(&RateRefusal::TooLarge(fault)))
    }
}

/// A preset that cannot be read any more, such as one to a country that the rates call otherwise now.
fn unreadable(preset: Preset, reason: String) -> PresetChangeView {
    PresetChangeView {
        what: format!("{} {}", preset.class, preset.shape),
        name: preset.name,
        favourite: preset.favourite,
        reason: Some(reason),
        change_mills: None,
        before_mills: None,
        after_mills: None,
    }
}

impl Both {
    /// A row priced twice. Its own date of mailing decides, where it has one: such a row costs the
    /// same whenever it is printed.
    fn row(&self, request: &QuoteRequest, dated: Option<Date>) -> Rehearsed {
        let Some(day) = dated else {
            return rehearse(&self.before, &self.after, request);
        };
        let edition = if day < self.after.effective() {
            &self.before
        } else {
            &self.after
        };
        let day = day.min(self.last(edition));
        let request = QuoteRequest {
            date: day,
            ..request.clone()
        };
        let price = price(edition, &request).map(|price| price.total);
        Rehearsed {
            before: price.clone(),
            after: price,
        }
    }

    /// The last day that an edition of a rehearsal is asked for.
    fn last(&self, edition: &Edition) -> Date {
        if edition.id() == self.after.id() {
            edition.until().unwrap_or(Date::MAX)
        } else {
            last_day(&self.before, &self.after)
        }
    }
}

/// A batch that is being rehearsed.
#[derive(Default)]
struct BatchSums {
    open: u32,
    dated_before: u32,
    dated_after: u32,
    totals: Totals,
    not_priced: u32,
    reason: Option<String>,
}

impl BatchSums {
    /// Adds a row; `dated_before` says on which side its own date lies, where it has one.
    fn add(
        &mut self,
        line: u32,
        rehearsed: &Rehearsed,
        dated_before: Option<bool>,
    ) -> Result<(), MoneyError> {
        match dated_before {
            Some(true) => self.dated_before = self.dated_before.saturating_add(1),
            Some(false) => self.dated_after = self.dated_after.saturating_add(1),
            None => {}
        }
        if let Err(refusal) = &rehearsed.before {
            self.not_priced(line, &refusal.to_string());
            return Ok(());
        }
        if let Err(refusal) = &rehearsed.after {
            self.because(line, &refusal.to_string());
        }
        self.totals.add(rehearsed, 1)
    }

    fn not_priced(&mut self, line: u32, reason: &str) {
        self.not_priced = self.not_priced.saturating_add(1);
        self.because(line, reason);
    }

    /// Keeps the first reason.
    fn because(&mut self, line: u32, reason: &str) {
        if self.reason.is_none() {
            self.reason = Some(format!("line {line}: {reason}"));
        }
    }

    fn view(self, name: String) -> BatchChangeView {
        let count = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let (before, after) = (self.totals.before, self.totals.after);
        BatchChangeView {
            name,
            open: self.open,
            dated_before: self.dated_before,
            dated_after: self.dated_after,
            changed: count(self.totals.changed),
            before_mills: before.mills(),
            after_mills: after.mills(),
            change_mills: Difference::between_sums(before, after).mills(),
            no_longer: count(self.totals.no_longer),
            not_priced: self.not_priced,
            reason: self.reason,
        }
    }
}

#[cfg(test)]
mod tests;
