//! Paying for planned pieces, a chunk in one commit.
//!
//! What each piece signs (serial and registers afterwards) is known before any is drafted, because
//! a raster changes no register. So the pieces are signed, drawn, read back and sealed on threads of
//! their own and on the owner's, while the owner takes the vault's steps in order and writes
//! them; during the commit of one chunk the pieces of the next are made. A crash leaves whole
//! chunks: paid for, or as if never asked for.

use std::collections::HashMap;
use std::sync::Arc;

use shared::clock::UnixSeconds;
use shared::money::Mills;
use shared::vault::{Action, Prospect, Vault};

use super::CHUNK;
use super::chunk::{PaidOutcome, Wanted};
use super::threads::{Answers, beside};
use crate::api::UiError;
use crate::station::booking::over_budget;
use crate::station::orders::{book, piece_row};
use crate::station::{Broken, Owner};
use crate::store::StoreFault;
use crate::store::centres::{Booking, Spending};
use crate::store::pieces::{PieceRow, PieceSealer, SealedPiece};
use crate::vault::credentials::Credentials;
use crate::vault::draft::{Draft, DraftFault, Drafting, Order};

/// The outcome of a row, with its place in the list.
type Outcome = (usize, PaidOutcome);

impl Owner {
    /// Pays for all that the vault allows. A symbol that does not read back burns its counter;
    /// those drafted after it signed other registers and are drafted anew.
    pub(super) fn pay_wanted(
        &mut self,
        mut wanted: Vec<Wanted>,
        drafting: Drafting<'_>,
    ) -> Vec<Outcome> {
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
            wanted = beside(
                planned,
                |planned| tools.make(planned),
                |made| self.pay_made(made, now, &mut outcomes),
            );
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
            let facts = &want.order.facts;
            match scout.foresee(facts.postage, facts.date, want.order.booked, now) {
                Ok(foreseen) => {
                    scout = foreseen.vault;
                    planned.push(Planned {
                        want,
                        prospect: foreseen.prospect,
                        debited: (foreseen.sequence, foreseen.time),
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

    /// Commits the pieces chunk by chunk, up to the first that was not made; answers with those to
    /// be drafted anew.
    fn pay_made(
        &mut self,
        made: &mut Answers<'_, Planned, Made>,
        now: UnixSeconds,
        outcomes: &mut Vec<Outcome>,
    ) -> Vec<Wanted> {
        while !made.is_done() {
            let mut chunk = Chunk::default();
            if let Err(error) = self.commit_chunk(made, &mut chunk, now) {
                let good = chunk.good.iter().map(|(want, _)| want);
                let failed = chunk.failed.iter().map(|(want, ..)| want);
                outcomes.extend(refuse_all(good.chain(failed), &error));
                outcomes.extend(refuse_all(&not_taken(made), &error));
                return Vec::new();
            }
            outcomes.extend(chunk.good.into_iter().map(|(want, piece)| {
                let outcome = PaidOutcome::Release {
                    spent_mills: piece.sealed.row.facts.postage.mills(),
                    row: Box::new(piece.sealed.row),
                    inputs: Box::new(piece.draft.inputs),
                };
                (want.index, outcome)
            }));
            if let Some((want, counter, fault)) = chunk.failed {
                let error = match fault {
                    PieceFault::Draft(fault) => self.burn(counter, &fault),
                    PieceFault::Seal(fault) => fault.into(),
                };
                outcomes.push(refuse(&want, &error));
                return not_taken(made);
            }
        }
        Vec::new()
    }

    /// One commit for the good pieces of a chunk.
    fn commit_chunk(
        &mut self,
        made: &mut Answers<'_, Planned, Made>,
        chunk: &mut Chunk,
        now: UnixSeconds,
    ) -> Result<(), UiError> {
        let mut spent = Vec::new();
        self.commit_chain(now, |chain| {
            while chunk.good.len() < CHUNK {
                let Some(next) = made.next() else {
                    break;
                };
                let Made {
                    want,
                    counter,
                    piece,
                } = *next;
                let piece = match piece {
                    Ok(piece) => piece,
                    Err(fault) => {
                        chunk.failed = Some((want, counter, fault));
                        break;
                    }
                };
                let (want, piece) = chunk.add(want, piece);
                let (row, booking) = (&piece.sealed.row, &want.order.booking);
                let debit = want.order.debit(row.counter, row.raster);
                chain.act(&Action::Debit(debit), &booking.user)?;
                let tx = chain.tx();
                tx.add_sealed(&piece.sealed)?;
                if booking.budgets.is_any() {
                    book(tx, row, booking)?;
                } else {
                    add_up(&mut spent, row, booking);
                }
                if let Some(key) = &want.key {
                    tx.link_row(key, row.counter)?;
                }
            }
            for sum in &spent {
                chain.tx().book_sum(sum)?;
            }
            Ok::<(), Broken>(())
        })
    }
}

/// Adds a piece without a budget to what its chunk spends: nearly always on one cost centre.
fn add_up(spent: &mut Vec<Spending>, row: &PieceRow, booking: &Booking) {
    let (postage, changed) = (row.facts.postage, row.journal_seq);
    if !spent
        .iter_mut()
        .any(|sum| sum.add(booking, postage, changed))
    {
        spent.push(Spending {
            centre: booking.centre.clone(),
            month: booking.month,
            pieces: 1,
            postage,
            changed,
        });
    }
}

/// Ends the making of pieces; the orders of those that were not taken.
fn not_taken(made: &mut Answers<'_, Planned, Made>) -> Vec<Wanted> {
    let (made, planned) = made.stop();
    let made = made.into_iter().map(|made| made.want);
    made.chain(planned.into_iter().map(|planned| planned.want))
        .collect()
}

/// The pieces of one commit.
#[derive(Default)]
struct Chunk {
    good: Vec<(Wanted, Piece)>,
    /// The first that was not made, its counter, and why.
    failed: Option<(Wanted, u32, PieceFault)>,
}

impl Chunk {
    /// Adds a piece, so that its order is known whatever becomes of the commit.
    fn add(&mut self, want: Wanted, piece: Piece) -> &(Wanted, Piece) {
        self.good.push((want, piece));
        &self.good[self.good.len() - 1]
    }
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
            let sealed = self.sealer.seal(row, &draft.inputs.bytes());
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

fn refuse(want: &Wanted, error: &UiError) -> (usize, PaidOutcome) {
    (want.index, PaidOutcome::Refused(Box::new(error.clone())))
}

fn refuse_all<'a>(
    wanted: impl IntoIterator<Item = &'a Wanted>,
    error: &'a UiError,
) -> impl Iterator<Item = (usize, PaidOutcome)> {
    wanted.into_iter().map(move |want| refuse(want, error))
}

#[cfg(test)]
mod tests;
