//! Presets and batches that wait: kept, listed, removed.

use super::pricing::bad;
use super::{Owner, Station};
use crate::api::{
    BatchTextView, PieceState, Preset, PresetsView, PutBatchCall, QuoteCall, UiError, View,
    WaitingBatchView, WaitingBatchesView,
};
use crate::batch::{Row, read_rows};
use crate::messages::{Code, say};
use crate::store::presets::{MAX_PRESETS, MAX_WAITING, MAX_WAITING_BYTES, WaitingBatch};

/// The longest name of a preset or a batch, characters.
const MAX_NAME_CHARS: usize = 40;

/// How far a date of mailing can be advanced, days: no edition allows more.
const MAX_ADVANCE_DAYS: u16 = 30;

/// The weight of a preset that leaves it open.
const ANY_WEIGHT: &str = "1oz";

impl Owner {
    /// The presets, favourites first.
    pub(super) fn presets_view(&self) -> Result<PresetsView, UiError> {
        let presets = self.store().presets()?;
        Ok(PresetsView { presets })
    }

    /// Makes a preset, or replaces the one of the same name. What it says must be readable; whether
    /// it has a price may change with every edition.
    pub(super) fn put_preset(&mut self, preset: Preset) -> Result<PresetsView, UiError> {
        let preset = Preset {
            name: name_of(&preset.name)?,
            ..preset
        };
        if preset.advance_days > MAX_ADVANCE_DAYS {
            return Err(bad(format!(
                "A date of mailing is advanced at most {MAX_ADVANCE_DAYS} days"
            )));
        }
        self.priced(&self.call_of(&preset))?;
        let known = self.store().presets()?;
        let is_new = !known.iter().any(|one| one.name == preset.name);
        if is_new && known.len() >= MAX_PRESETS {
            return Err(bad(format!("There are {MAX_PRESETS} presets already")));
        }
        self.write("a preset", |tx| Ok(tx.put_preset(&preset)?))?;
        self.presets_view()
    }

    /// Removes a preset.
    pub(super) fn remove_preset(&mut self, name: &str) -> Result<PresetsView, UiError> {
        let removed = self.write("a preset", |tx| Ok(tx.remove_preset(name)?))?;
        if !removed {
            return Err(bad(format!("There is no preset {name:?}")));
        }
        self.presets_view()
    }

    /// What a preset asks of the rates, mailed on the day it says.
    pub(super) fn call_of(&self, preset: &Preset) -> QuoteCall {
        let usual = || {
            self.store()
                .setting(super::names::LICENCE_ZIP)
                .ok()
                .flatten()
        };
        let to = preset.to.clone().filter(|to| !to.trim().is_empty());
        let day = self.mailing_day();
        let ahead = jiff::Span::new().days(preset.advance_days);
        QuoteCall {
            class: preset.class.clone(),
            shape: preset.shape.clone(),
            weight: preset
                .weight
                .clone()
                .unwrap_or_else(|| ANY_WEIGHT.to_owned()),
            to: to.or_else(usual).unwrap_or_default(),
            from: None,
            size: preset.size.clone(),
            nonmachinable: preset.nonmachinable,
            price: preset.price.clone(),
            date: Some(day.saturating_add(ahead).to_string()),
            extras: preset.extras.clone(),
        }
    }

    /// Lets a batch wait.
    pub(super) fn put_batch(&mut self, call: PutBatchCall) -> Result<(), UiError> {
        let name = name_of(&call.name)?;
        if call.csv.len() > MAX_WAITING_BYTES {
            let reason = format!("it is longer than {MAX_WAITING_BYTES} bytes");
            return Err(say(Code::BadBatch, &[("reason", &reason)]));
        }
        read_rows(&call.csv)?;
        let known = self.store().waiting_since()?;
        let is_new = !known.iter().any(|(known, _)| *known == name);
        if is_new && known.len() >= MAX_WAITING {
            let reason = format!("{MAX_WAITING} batches wait already");
            return Err(say(Code::BadBatch, &[("reason", &reason)]));
        }
        let batch = WaitingBatch {
            name,
            csv: call.csv,
            since: self.now(),
        };
        self.write("a batch that waits", |tx| Ok(tx.put_waiting_batch(&batch)?))
    }

    /// The text of a batch that waits.
    pub(super) fn batch_text(&self, name: &str) -> Result<BatchTextView, UiError> {
        let csv = self.store().waiting_batch(name)?;
        let csv = csv.ok_or_else(|| no_such_batch(name))?;
        Ok(BatchTextView {
            name: name.to_owned(),
            csv,
        })
    }

    /// Takes a batch out of those that wait.
    pub(super) fn remove_batch(&mut self, name: &str) -> Result<(), UiError> {
        let removed = self.write(
            "a batch that waits",
            |tx| Ok(tx.remove_waiting_batch(name)?),
        )?;
        if removed {
            Ok(())
        } else {
            Err(no_such_batch(name))
        }
    }

    /// Whether a row of a file has not become a printed piece yet.
    pub(super) fn is_open(&self, row: &Row) -> Result<bool, UiError> {
        let Some(counter) = self.store().piece_of_row(&row.key)? else {
            return Ok(true);
        };
        let piece = self.store().piece(counter)?;
        // What waits for the clerk is paid for; only what met no ink or was spoiled is still to come.
        Ok(piece.is_none_or(|piece| {
            matches!(piece.state, PieceState::NotPrinted | PieceState::Spoiled)
        }))
    }
}

impl Station {
    /// The batches that wait, with how many of their rows are open. Their rows are read off the
    /// owner's thread.
    pub(super) async fn waiting_batches(&self) -> Result<View, UiError> {
        let batches = self
            .apply(|owner| Ok(owner.store().waiting_since()?))
            .await?;
        let mut views = Vec::with_capacity(batches.len());
        for (name, since) in batches {
            let Some(rows) = self.rows_of(&name).await? else {
                continue;
            };
            let count = u32::try_from(rows.len()).unwrap_or(u32::MAX);
            let mut open = 0u32;
            for chunk in rows.chunks(crate::batch::CHUNK) {
                let chunk = chunk.to_vec();
                let counted = self.apply(move |owner| {
                    let mut open = 0u32;
                    for row in &chunk {
                        open = open.saturating_add(u32::from(owner.is_open(row)?));
                    }
                    Ok(open)
                });
                open = open.saturating_add(counted.await?);
            }
            views.push(WaitingBatchView {
                name,
                since: since.0,
                rows: count,
                open,
            });
        }
        Ok(View::WaitingBatches(WaitingBatchesView { batches: views }))
    }

    /// The rows of a batch; nothing when it does not wait any more.
    pub(super) async fn rows_of(&self, name: &str) -> Result<Option<Vec<Row>>, UiError> {
        let name = name.to_owned();
        let csv = self
            .apply(move |owner| Ok(owner.store().waiting_batch(&name)?))
            .await?;
        let Some(csv) = csv else {
            return Ok(None);
        };
        let reading = tokio::task::spawn_blocking(move || read_rows(&csv));
        let rows = reading.await;
        rows.unwrap_or_else(|_| Err(say(Code::StationStopped, &[])))
            .map(Some)
    }

    pub(super) async fn put_batch(&self, call: PutBatchCall) -> Result<View, UiError> {
        self.apply(move |owner| owner.put_batch(call)).await?;
        self.waiting_batches().await
    }

    pub(super) async fn remove_batch(&self, name: String) -> Result<View, UiError> {
        self.apply(move |owner| owner.remove_batch(&name)).await?;
        self.waiting_batches().await
    }
}

fn no_such_batch(name: &str) -> UiError {
    let reason = format!("none called {name:?} waits");
    say(Code::BadBatch, &[("reason", &reason)])
}

/// A name as it is kept.
fn name_of(text: &str) -> Result<String, UiError> {
    let name = text.trim();
    let length = name.chars().count();
    let plain = !name.chars().any(char::is_control);
    if (1..=MAX_NAME_CHARS).contains(&length) && plain {
        Ok(name.to_owned())
    } else {
        Err(bad(format!(
            "A name has 1 to {MAX_NAME_CHARS} characters in one line"
        )))
    }
}
