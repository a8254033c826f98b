//! Looking at the rows of a chunk, and paying for those that have no piece yet.

use shared::vault::Prospect;

use super::rows::Row;
use crate::api::{PieceState, UiError};
use crate::messages::{Code, say};
use crate::station::Owner;
use crate::station::orders::Paper;
use crate::store::batch_rows::RowKey;
use crate::store::pieces::PieceRow;
use crate::vault::credentials::Credentials;
use crate::vault::draft::{Drafting, Order, PieceInputs, draft};
use crate::vault::piece::Happening;

/// A row after it was looked at.
pub(super) struct PaidRow {
    pub(super) line: u32,
    pub(super) outcome: PaidOutcome,
}

/// What is to be done with a row.
pub(super) enum PaidOutcome {
    /// It is paid for, now or before, and met no ink: release it.
    Release {
        row: Box<PieceRow>,
        inputs: Box<PieceInputs>,
        spent_mills: u64,
    },
    /// An earlier run printed it.
    Already(Box<PieceRow>),
    /// Its piece waits for the clerk.
    Unknown(Box<PieceRow>),
    /// It was refused.
    Refused(Box<UiError>),
}

/// A row that has an order and is to be paid.
pub(super) struct Wanted {
    /// Its place in the list of rows.
    pub(super) index: usize,
    /// The row it is for.
    pub(super) key: Option<RowKey>,
    /// Behind a pointer, because it goes from hand to hand.
    pub(super) order: Box<Order>,
}

impl Owner {
    /// Looks at a chunk of rows and pays for those that have no piece yet.
    pub(super) fn pay_rows(&mut self, rows: Vec<Row>, paper: &Paper) -> Vec<PaidRow> {
        self.note_what_is_known();
        let mut outcomes: Vec<Option<PaidOutcome>> = Vec::with_capacity(rows.len());
        let mut wanted = Vec::new();
        let lines: Vec<u32> = rows.iter().map(|row| row.line).collect();
        for (index, row) in rows.into_iter().enumerate() {
            let key = Some(row.key);
            let outcome = match self.look(row, paper) {
                Ok(Look::Pay(order)) => {
                    wanted.push(Wanted { index, key, order });
                    None
                }
                Ok(Look::Done(outcome)) => Some(outcome),
                Err(error) => Some(PaidOutcome::Refused(Box::new(error))),
            };
            outcomes.push(outcome);
        }
        let drawing = self.drawing();
        let drafting = |order: &Order, prospect: &Prospect, credentials: &Credentials| {
            draft(order, prospect, credentials, drawing)
        };
        for (index, outcome) in self.pay_wanted(wanted, &drafting) {
            if let Some(slot) = outcomes.get_mut(index) {
                *slot = Some(outcome);
            }
        }
        let stopped = || PaidOutcome::Refused(Box::new(say(Code::StationStopped, &[])));
        lines
            .into_iter()
            .zip(outcomes)
            .map(|(line, outcome)| PaidRow {
                line,
                outcome: outcome.unwrap_or_else(stopped),
            })
            .collect()
    }

    /// What an earlier run has made of a row; otherwise its order.
    fn look(&mut self, row: Row, paper: &Paper) -> Result<Look, UiError> {
        if let Some(counter) = self.store().piece_of_row(&row.key)?
            && let Some(piece) = self.store().piece(counter)?
        {
            let piece = Box::new(piece);
            match piece.state {
                PieceState::Printed => return Ok(Look::Done(PaidOutcome::Already(piece))),
                PieceState::NotPrinted => return self.again(*piece, paper).map(Look::Done),
                PieceState::Unknown
                | PieceState::Prepared
                | PieceState::Sending
                | PieceState::Sent => return Ok(Look::Done(PaidOutcome::Unknown(piece))),
                PieceState::Spoiled => {}
            }
        }
        let (order, _) = self.order(&row.call?, paper)?;
        Ok(Look::Pay(Box::new(order)))
    }

    /// The identical piece again, for one that met no ink.
    fn again(&mut self, piece: PieceRow, paper: &Paper) -> Result<PaidOutcome, UiError> {
        let missing = || say(Code::DamagedStore, &[("what", "a piece's inputs")]);
        let inputs = self.inputs(&piece)?.ok_or_else(missing)?;
        paper.check(&inputs.label, &self.serial_text(piece.counter))?;
        let row = self.happened(piece.counter, &[Happening::SendAgain], None)?;
        Ok(PaidOutcome::Release {
            row: Box::new(row),
            inputs: Box::new(inputs),
            spent_mills: 0,
        })
    }

    /// Pays for orders that no row of a file stands for, in commits of [`super::CHUNK`], and
    /// answers with the counter of each. `drafting` makes the drafts, on several threads at once.
    pub fn pay_orders(
        &mut self,
        orders: Vec<Order>,
        drafting: Drafting<'_>,
    ) -> Vec<Result<u32, UiError>> {
        let stopped = || Err(say(Code::StationStopped, &[]));
        let mut paid: Vec<Result<u32, UiError>> = orders.iter().map(|_| stopped()).collect();
        let wanted = orders.into_iter().enumerate();
        let wanted = wanted.map(|(index, order)| Wanted {
            index,
            key: None,
            order: Box::new(order),
        });
        for (index, outcome) in self.pay_wanted(wanted.collect(), drafting) {
            if let Some(slot) = paid.get_mut(index) {
                *slot = match outcome {
                    PaidOutcome::Release { row, .. }
                    | PaidOutcome::Already(row)
                    | PaidOutcome::Unknown(row) => Ok(row.counter),
                    PaidOutcome::Refused(error) => Err(*error),
                };
            }
        }
        paid
    }
}

/// What looking at a row gives.
enum Look {
    Pay(Box<Order>),
    Done(PaidOutcome),
}
