//! Paying for a chunk of rows in one commit.
//!
//! What each piece signs (serial and registers afterwards) is known before any is drafted, because
//! a raster changes no register. So the pieces of a chunk are signed, drawn, read back and sealed
//! on all cores at once, and only then does the vault take its steps, in order.

use std::collections::HashMap;
use std::sync::Arc;

use shared::clock::UnixSeconds;
use shared::money::Mills;
use shared::vault::{Action, Prospect, Step, Vault, VaultRefusal};

use super::rows::Row;
use super::threads::on_threads;
use crate::api::{PieceState, UiError};
use crate::messages::{Code, say};
use crate::station::Owner;
use crate::station::booking::over_budget;
use crate::station::orders::{Paper, book, inputs_text, piece_row};
use crate::store::StoreFault;
use crate::store::batch_rows::RowKey;
use crate::store::pieces::{PieceRow, PieceSealer, SealedPiece};
use crate::vault::credentials::Credentials;
use crate::vault::draft::{Draft, DraftFault, Drafting, Order, PieceInputs, draft};
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
struct Wanted {
    index: usize,
    key: Option<RowKey>,
    order: Order,
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

    /// Pays for orders that no row of a file stands for, in one commit, and answers with the
    /// counter of each. `drafting` makes the drafts, on several threads at once.
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
            order,
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

    /// Pays for all that the vault allows. A symbol that does not read back burns its counter;
    /// those drafted after it signed other registers and are drafted anew.
    fn pay_wanted(
        &mut self,
        mut wanted: Vec<Wanted>,
        drafting: Drafting<'_>,
    ) -> Vec<(usize, PaidOutcome)> {
        let mut outcomes = Vec::with_capacity(wanted.len());
        while !wanted.is_empty() {
            let now = self.now();
            let tools = self.credentials().and_then(|credentials| {
                let sealer = self.store().piece_sealer()?;
                let tools = Tools {
                    credentials,
                    sealer,
                    drafting,
                };
                Ok((tools, self.enrolled()?.clone()))
            });
            let (tools, scout) = match tools {
                Ok(tools) => tools,
                Err(error) => {
                    outcomes.extend(refuse_all(&wanted, &error));
                    break;
                }
            };
            let planned = self.plan(scout, wanted, now, &mut outcomes);
            let made = on_threads(planned, |planned| tools.make(planned));
            wanted = self.pay_made(made, now, &mut outcomes);
        }
        outcomes
    }

    /// What each order would sign, in turn; orders the vault refuses leave the list.
    fn plan(
        &self,
        mut scout: Vault,
        wanted: Vec<Wanted>,
        now: UnixSeconds,
        outcomes: &mut Vec<(usize, PaidOutcome)>,
    ) -> Vec<Planned> {
        let mut planned = Vec::with_capacity(wanted.len());
        let mut booked = HashMap::new();
        for want in wanted {
            if let Err(error) = self.check_budget(&want.order, &mut booked) {
                outcomes.push((want.index, PaidOutcome::Refused(Box::new(error))));
                continue;
            }
            match scouted(&scout, &want.order, now) {
                Ok((prospect, step)) => {
                    scout = step.vault;
                    let debited = (step.record.sequence, step.record.time);
                    planned.push(Planned {
                        want,
                        prospect,
                        debited,
                    });
                }
                Err(refusal) => {
                    take_back(&mut booked, &want.order);
                    let postage = want.order.facts.postage.to_string();
                    let error = self.refused(refusal, &postage);
                    outcomes.push((want.index, PaidOutcome::Refused(Box::new(error))));
                }
            }
        }
        planned
    }

    /// Whether the budgets allow an order after those of its chunk that are `booked` before it.
    fn check_budget(
        &self,
        order: &Order,
        booked: &mut HashMap<String, Mills>,
    ) -> Result<(), UiError> {
        let booking = &order.booking;
        if !booking.budgets.is_any() {
            return Ok(());
        }
        let postage = order.facts.postage;
        let before = booked.entry(booking.centre.clone()).or_insert(Mills::ZERO);
        match self.store().check_booking(booking, postage, *before)? {
            Ok(()) => {
                *before = before.plus(postage).unwrap_or(*before);
                Ok(())
            }
            Err(spent) => Err(over_budget(booking, postage, &spent)),
        }
    }

    /// Commits the drafts up to the first that failed; answers with those to be drafted anew.
    fn pay_made(
        &mut self,
        made: Vec<Made>,
        now: UnixSeconds,
        outcomes: &mut Vec<(usize, PaidOutcome)>,
    ) -> Vec<Wanted> {
        let mut good = Vec::with_capacity(made.len());
        let mut rest = made.into_iter();
        let mut failed = None;
        for Made {
            want,
            counter,
            piece,
        } in rest.by_ref()
        {
            match piece {
                Ok(piece) => good.push((want, piece)),
                Err(fault) => {
                    failed = Some((want, counter, fault));
                    break;
                }
            }
        }
        let anew: Vec<Wanted> = rest.map(|made| made.want).collect();
        if let Err(error) = self.commit_pieces(&good, now) {
            let good = good.iter().map(|(want, _)| want);
            let failed = failed.iter().map(|(want, ..)| want);
            outcomes.extend(refuse_all(good.chain(failed).chain(&anew), &error));
            return Vec::new();
        }
        outcomes.extend(good.into_iter().map(|(want, piece)| {
            let outcome = PaidOutcome::Release {
                spent_mills: piece.sealed.row.facts.postage.mills(),
                row: Box::new(piece.sealed.row),
                inputs: Box::new(piece.draft.inputs),
            };
            (want.index, outcome)
        }));
        if let Some((want, counter, fault)) = failed {
            let error = match fault {
                PieceFault::Draft(fault) => self.burn(counter, &fault),
                PieceFault::Seal(fault) => fault.into(),
            };
            outcomes.push(refuse(&want, &error));
        }
        anew
    }

    /// One commit for all good pieces of a chunk.
    fn commit_pieces(&mut self, good: &[(Wanted, Piece)], now: UnixSeconds) -> Result<(), UiError> {
        let mut vault = self.enrolled()?.clone();
        let mut steps: Vec<Step> = Vec::with_capacity(good.len());
        for (want, piece) in good {
            let row = &piece.sealed.row;
            let debit = want.order.debit(row.counter, row.raster);
            let step = vault
                .act(&Action::Debit(debit), now, &want.order.booking.user)
                .map_err(|refusal| self.refused(refusal, ""))?;
            vault = step.vault.clone();
            steps.push(step);
        }
        self.commit(&steps, |tx| {
            for (want, piece) in good {
                tx.add_sealed(&piece.sealed)?;
                book(tx, &piece.sealed.row, &want.order.booking)?;
                if let Some(key) = &want.key {
                    tx.link_row(key, piece.sealed.row.counter)?;
                }
            }
            Ok(())
        })
    }
}

/// One order on a vault that is only thought of.
fn scouted(
    vault: &Vault,
    order: &Order,
    now: UnixSeconds,
) -> Result<(Prospect, Step), VaultRefusal> {
    let facts = &order.facts;
    let prospect = vault.prospect(facts.postage, facts.date, order.booked, now)?;
    let debit = Action::Debit(order.debit(prospect.serial.counter, [0; 32]));
    Ok((prospect, vault.act(&debit, now, &order.booking.user)?))
}

/// What pieces are made with, on any thread.
struct Tools<'a> {
    credentials: Arc<Credentials>,
    sealer: PieceSealer,
    drafting: Drafting<'a>,
}

/// An order whose place in the journal is known.
struct Planned {
    want: Wanted,
    prospect: Prospect,
    /// Number and time of its debit's record.
    debited: (u64, UnixSeconds),
}

/// What has become of a planned order.
struct Made {
    want: Wanted,
    counter: u32,
    piece: Result<Piece, PieceFault>,
}

/// A piece that only has to be committed.
struct Piece {
    draft: Draft,
    sealed: SealedPiece,
}

/// Why a piece was not made.
enum PieceFault {
    Draft(DraftFault),
    Seal(StoreFault),
}

impl Tools<'_> {
    fn make(&self, planned: Planned) -> Made {
        let Planned {
            want,
            prospect,
            debited,
        } = planned;
        let drafted = (self.drafting)(&want.order, &prospect, &self.credentials);
        let piece = drafted.map_err(PieceFault::Draft).and_then(|draft| {
            let row = piece_row(&want.order, &draft, &prospect, debited);
            let inputs = inputs_text(&draft);
            let sealed = self.sealer.seal(row, inputs.as_bytes());
            let sealed = sealed.map_err(PieceFault::Seal)?;
            Ok(Piece { draft, sealed })
        });
        Made {
            want,
            counter: prospect.serial.counter,
            piece,
        }
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

fn refuse(want: &Wanted, error: &UiError) -> (usize, PaidOutcome) {
    (want.index, PaidOutcome::Refused(Box::new(error.clone())))
}

fn refuse_all<'a>(
    wanted: impl IntoIterator<Item = &'a Wanted>,
    error: &'a UiError,
) -> impl Iterator<Item = (usize, PaidOutcome)> {
    wanted.into_iter().map(move |want| refuse(want, error))
}
