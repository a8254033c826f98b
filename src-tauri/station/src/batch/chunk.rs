//! Paying for a chunk of rows in one commit.
//!
//! What each piece signs (serial and registers afterwards) is known before any is drafted, because
//! a raster changes no register. So the drafts of a chunk are made on all cores at once, and only
//! then does the vault take its steps, in order.

use std::collections::HashMap;
use std::thread;

use shared::money::Mills;
use shared::vault::{Action, Prospect, Step, Vault, VaultRefusal};

use super::rows::Row;
use crate::api::{PieceState, UiError};
use crate::messages::{Code, say};
use crate::station::Owner;
use crate::station::booking::over_budget;
use crate::station::orders::{Paper, add_piece, piece_row};
use crate::store::batch_rows::RowKey;
use crate::store::pieces::PieceRow;
use crate::vault::credentials::Credentials;
use crate::vault::draft::{Draft, DraftFault, Order, PieceInputs, draft};
use crate::vault::piece::Happening;

/// Threads that draft and draw at once.
pub(super) const THREADS: usize = 2;

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
struct Wanted {
    index: usize,
    key: RowKey,
    order: Order,
}

impl Owner {
    /// Looks at a chunk of rows and pays for those that have no piece yet.
    pub(super) fn pay_rows(&mut self, rows: Vec<Row>, paper: &Paper) -> Vec<PaidRow> {
        let mut outcomes: Vec<Option<PaidOutcome>> = Vec::with_capacity(rows.len());
        let mut wanted = Vec::new();
        let lines: Vec<u32> = rows.iter().map(|row| row.line).collect();
        for (index, row) in rows.into_iter().enumerate() {
            let key = row.key;
            let outcome = match self.look(row, paper) {
                Ok(Look::Pay(order)) => {
                    wanted.push(Wanted {
                        index,
                        key,
                        order: *order,
                    });
                    None
                }
                Ok(Look::Done(outcome)) => Some(outcome),
                Err(error) => Some(PaidOutcome::Refused(Box::new(error))),
            };
            outcomes.push(outcome);
        }
        for (index, outcome) in self.pay_wanted(wanted) {
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
                PieceState::NotPrinted => return self.again(*piece).map(Look::Done),
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
    fn again(&mut self, piece: PieceRow) -> Result<PaidOutcome, UiError> {
        let missing = || say(Code::DamagedStore, &[("what", "a piece's inputs")]);
        let row = self.happened(piece.counter, &[Happening::SendAgain], None)?;
        let inputs = self.inputs(&row)?.ok_or_else(missing)?;
        Ok(PaidOutcome::Release {
            row: Box::new(row),
            inputs: Box::new(inputs),
            spent_mills: 0,
        })
    }

    /// Pays for all that the vault allows. A symbol that does not read back burns its counter;
    /// those drafted after it signed other registers and are drafted anew.
    fn pay_wanted(&mut self, mut wanted: Vec<Wanted>) -> Vec<(usize, PaidOutcome)> {
        let mut outcomes = Vec::with_capacity(wanted.len());
        while !wanted.is_empty() {
            let credentials = match self.credentials() {
                Ok(credentials) => credentials,
                Err(error) => {
                    outcomes.extend(refuse_all(&wanted, &error));
                    break;
                }
            };
            let planned = match self.plan(&mut wanted, &mut outcomes) {
                Ok(planned) => planned,
                Err(error) => {
                    outcomes.extend(refuse_all(&wanted, &error));
                    break;
                }
            };
            let drafts = draft_all(&wanted, &planned, &credentials);
            wanted = self.pay_drafted(wanted, &planned, drafts, &mut outcomes);
        }
        outcomes
    }

    /// What each order would sign, in turn; orders the vault refuses leave the list.
    fn plan(
        &self,
        wanted: &mut Vec<Wanted>,
        outcomes: &mut Vec<(usize, PaidOutcome)>,
    ) -> Result<Vec<Prospect>, UiError> {
        let mut scout = self.enrolled()?.clone();
        let mut planned = Vec::with_capacity(wanted.len());
        let mut kept = Vec::with_capacity(wanted.len());
        let mut booked = HashMap::new();
        for want in wanted.drain(..) {
            if let Err(error) = self.check_budget(&want.order, &mut booked)? {
                outcomes.push((want.index, PaidOutcome::Refused(Box::new(error))));
                continue;
            }
            match self.scout(&scout, &want.order) {
                Ok((prospect, after)) => {
                    scout = after;
                    planned.push(prospect);
                    kept.push(want);
                }
                Err(refusal) => {
                    take_back(&mut booked, &want.order);
                    let postage = want.order.facts.postage.to_string();
                    let error = self.refused(refusal, &postage);
                    outcomes.push((want.index, PaidOutcome::Refused(Box::new(error))));
                }
            }
        }
        *wanted = kept;
        Ok(planned)
    }

    /// Whether the budgets allow an order after those of its chunk that are `booked` before it.
    fn check_budget(
        &self,
        order: &Order,
        booked: &mut HashMap<String, Mills>,
    ) -> Result<Result<(), UiError>, UiError> {
        let booking = &order.booking;
        if !booking.budgets.is_any() {
            return Ok(Ok(()));
        }
        let postage = order.facts.postage;
        let before = booked.entry(booking.centre.clone()).or_insert(Mills::ZERO);
        match self.store().check_booking(booking, postage, *before)? {
            Ok(()) => {
                *before = before.plus(postage).unwrap_or(*before);
                Ok(Ok(()))
            }
            Err(spent) => Ok(Err(over_budget(booking, postage, &spent))),
        }
    }

    /// One order on a vault that is only thought of.
    fn scout(&self, vault: &Vault, order: &Order) -> Result<(Prospect, Vault), VaultRefusal> {
        let facts = &order.facts;
        let now = self.now();
        let prospect = vault.prospect(facts.postage, facts.date, order.booked, now)?;
        let debit = Action::Debit(order.debit(prospect.serial.counter, [0; 32]));
        let step = vault.act(&debit, now, &order.booking.user)?;
        Ok((prospect, step.vault))
    }

    /// Commits the drafts up to the first that failed; answers with those to be drafted anew.
    fn pay_drafted(
        &mut self,
        wanted: Vec<Wanted>,
        planned: &[Prospect],
        drafts: Vec<Result<Draft, DraftFault>>,
        outcomes: &mut Vec<(usize, PaidOutcome)>,
    ) -> Vec<Wanted> {
        let mut good = Vec::with_capacity(wanted.len());
        let mut rest = wanted.into_iter().zip(planned).zip(drafts);
        let mut failed = None;
        for ((want, prospect), draft) in rest.by_ref() {
            match draft {
                Ok(draft) => good.push((want, *prospect, draft)),
                Err(fault) => {
                    failed = Some((want, prospect.serial.counter, fault));
                    break;
                }
            }
        }
        let anew: Vec<Wanted> = rest.map(|((want, _), _)| want).collect();
        if let Err(error) = self.commit_drafts(&good, outcomes) {
            outcomes.extend(good.iter().map(|(want, ..)| refuse(want, &error)));
            outcomes.extend(failed.iter().map(|(want, ..)| refuse(want, &error)));
            outcomes.extend(refuse_all(&anew, &error));
            return Vec::new();
        }
        if let Some((want, counter, fault)) = failed {
            let error = self.burn(counter, &fault);
            outcomes.push(refuse(&want, &error));
        }
        anew
    }

    /// One commit for all good drafts of a chunk.
    fn commit_drafts(
        &mut self,
        good: &[(Wanted, Prospect, Draft)],
        outcomes: &mut Vec<(usize, PaidOutcome)>,
    ) -> Result<(), UiError> {
        let mut vault = self.enrolled()?.clone();
        let mut steps: Vec<Step> = Vec::with_capacity(good.len());
        let mut rows = Vec::with_capacity(good.len());
        for (want, prospect, draft) in good {
            let debit = want.order.debit(prospect.serial.counter, draft.raster);
            let step = vault
                .act(&Action::Debit(debit), self.now(), &want.order.booking.user)
                .map_err(|refusal| self.refused(refusal, ""))?;
            vault = step.vault.clone();
            rows.push(piece_row(&want.order, draft, &step, prospect, None));
            steps.push(step);
        }
        self.commit(&steps, |tx| {
            for ((want, _, draft), row) in good.iter().zip(&rows) {
                add_piece(tx, row, draft, &want.order.booking)?;
                tx.link_row(&want.key, row.counter)?;
            }
            Ok(())
        })?;
        for ((want, _, draft), row) in good.iter().zip(rows) {
            let outcome = PaidOutcome::Release {
                spent_mills: row.facts.postage.mills(),
                row: Box::new(row),
                inputs: Box::new(draft.inputs.clone()),
            };
            outcomes.push((want.index, outcome));
        }
        Ok(())
    }
}

/// An order that was let through and is not paid for after all.
fn take_back(booked: &mut HashMap<String, Mills>, order: &Order) {
    if let Some(sum) = booked.get_mut(&order.booking.centre) {
        *sum = sum.minus(order.facts.postage).unwrap_or(*sum);
    }
}

/// What looking at a row gives.
enum Look {
    Pay(Box<Order>),
    Done(PaidOutcome),
}

/// Drafts a chunk on [`THREADS`] threads; the answers stand in the order of the chunk.
fn draft_all(
    wanted: &[Wanted],
    planned: &[Prospect],
    credentials: &Credentials,
) -> Vec<Result<Draft, DraftFault>> {
    let share = wanted.len().div_ceil(THREADS).max(1);
    let work = |wanted: &[Wanted], planned: &[Prospect]| -> Vec<Result<Draft, DraftFault>> {
        let pairs = wanted.iter().zip(planned);
        pairs
            .map(|(want, prospect)| draft(&want.order, prospect, credentials))
            .collect()
    };
    thread::scope(|scope| {
        let threads: Vec<_> = wanted
            .chunks(share)
            .zip(planned.chunks(share))
            .map(|(wanted, planned)| scope.spawn(move || work(wanted, planned)))
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("drafting does not panic"))
            .collect()
    })
}

fn refuse(want: &Wanted, error: &UiError) -> (usize, PaidOutcome) {
    (want.index, PaidOutcome::Refused(Box::new(error.clone())))
}

fn refuse_all<'a>(
    wanted: &'a [Wanted],
    error: &'a UiError,
) -> impl Iterator<Item = (usize, PaidOutcome)> + 'a {
    wanted.iter().map(move |want| refuse(want, error))
}
