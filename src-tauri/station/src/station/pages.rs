//! Pages whose end nobody heard. A piece that goes to a printer of pages has a job there under a name
//! that no other sending has; printer and name are durable in the commit that precedes the first byte.
//! A piece that ended in doubt, because the program was killed or the way was lost, is asked for by that
//! name when the station starts, when the printer is back, and before the next piece goes there. What
//! the printer proves settles it; otherwise the clerk answers, who may do so at any time before. The
//! printer is asked all the same then: a job that still waits is cancelled, so that a piece which was
//! sent again or claimed back does not come out of the old queue after all.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use shared::clock::UnixSeconds;
use tokio::task::JoinSet;

use super::devices::Devices;
use super::pieces::Move;
use super::{Owner, Station, faults};
use crate::api::{Event, PieceState, PrinterPort, UiError};
use crate::crypto;
use crate::messages::{Code, say};
use crate::printing::ipp::{self, Later, NoQueue, Queue, ask_later};
use crate::printing::job::Outcome;
use crate::store::{StoreFault, Tx};
use crate::vault::piece::Happening;

/// How often printers are asked while pieces wait for their word: a printer that was switched on again
/// is met before the clerk has looked for the paper.
const AGAIN: Duration = Duration::from_secs(15);

/// The most pieces that printers are asked for at once; the others wait until those are settled.
const PAGES_MAX: usize = 256;

/// So long a printer is asked for a page; no queue keeps a job for longer.
const DAYS_MAX: i64 = 30;

/// What is said of a piece that a printer has proved later.
const PROVED: &str = "the printer was asked later and says that its job is completed (job-state)";

/// A printer of pages, for one opening of it: no piece is sent twice in one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PagePrinter {
    port: PrinterPort,
    is_trusted: bool,
    /// Tells the jobs of this opening from those of all others.
    opening: u32,
    /// When it was opened.
    opened: i64,
}

/// A page in doubt.
#[derive(Clone, Debug)]
pub(crate) struct PageInDoubt {
    counter: u32,
    printer: PagePrinter,
    /// What its job is called.
    name: String,
}

impl PagePrinter {
    pub(crate) fn opened(port: &PrinterPort, is_trusted: bool, now: UnixSeconds) -> Self {
        Self {
            port: port.clone(),
            is_trusted,
            opening: u32::from_be_bytes(crypto::random_bytes()),
            opened: now.0,
        }
    }

    /// What the job of a piece is called: its serial, by which people and this station find it, and
    /// what no other sending of it has.
    pub(crate) fn job_name(&self, serial: &str) -> String {
        format!("{serial} {:08x}", self.opening)
    }

    /// Notes that the page of a piece is about to leave for it, or that nothing more will be heard.
    pub(crate) fn follow(
        &self,
        tx: &mut Tx<'_>,
        counter: u32,
        happening: Happening,
    ) -> Result<(), StoreFault> {
        match happening {
            Happening::FirstByte => tx.put_page_job(counter, self.opening, &self.bytes()),
            Happening::Acknowledged
            | Happening::NoInk
            | Happening::LeftInDoubt
            | Happening::FoundPrinted
            | Happening::FoundBlank => self.forget(tx, counter),
            Happening::AllSent
            | Happening::Lost
            | Happening::Restart
            | Happening::SendAgain
            | Happening::Answer(_) => Ok(()),
        }
    }

    /// As it is sealed with a piece.
    fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an address and numbers")
    }

    fn forget(&self, tx: &mut Tx<'_>, counter: u32) -> Result<(), StoreFault> {
        tx.delete_page_job(counter, self.opening)
    }

    const fn is_stale(&self, now: UnixSeconds) -> bool {
        now.0 > UnixSeconds(self.opened).plus_days(DAYS_MAX).0
    }

    fn is_same(&self, other: &Self) -> bool {
        self.port == other.port && self.is_trusted == other.is_trusted
    }
}

impl Owner {
    /// The pages whose printers may still tell. Those of pieces that are under way in this program are
    /// not asked for.
    fn pages_in_doubt(&mut self) -> Result<Vec<PageInDoubt>, UiError> {
        self.note_what_is_known();
        let (now, mut pages) = (self.now(), Vec::new());
        for (counter, noted) in self.store().page_jobs(PAGES_MAX)? {
            let Ok(printer) = serde_json::from_slice::<PagePrinter>(&noted) else {
                continue;
            };
            if printer.is_stale(now) {
                self.write("forgetting a page", |tx| {
                    Ok::<_, UiError>(printer.forget(tx, counter)?)
                })?;
                continue;
            }
            let is_under_way = match self.store().piece(counter)?.map(|row| row.state) {
                Some(PieceState::Prepared | PieceState::Sending | PieceState::Sent) => true,
                Some(
                    PieceState::Unknown
                    | PieceState::Printed
                    | PieceState::NotPrinted
                    | PieceState::Spoiled,
                )
                | None => false,
            };
            if !is_under_way {
                let name = printer.job_name(&self.serial_text(counter));
                pages.push(PageInDoubt {
                    counter,
                    printer,
                    name,
                });
            }
        }
        Ok(pages)
    }

    /// Settles pieces by what their printers said. One that the clerk has answered stays as the clerk
    /// said.
    fn pages_told(&mut self, told: &[(PageInDoubt, Outcome)]) -> Result<(), UiError> {
        for (page, outcome) in told {
            let (happening, message) = match outcome {
                Outcome::Printed => (Happening::FoundPrinted, PROVED.to_owned()),
                Outcome::NotPrinted(proof) => (Happening::FoundBlank, proof.to_string()),
                Outcome::Unknown(doubt) => (Happening::LeftInDoubt, doubt.to_string()),
                Outcome::Refused(_) => continue,
            };
            let moved = self.moves(&Move {
                counter: page.counter,
                happenings: &[happening],
                message: Some(&message),
                pages: Some(&page.printer),
            });
            match moved {
                Ok(_) => {}
                Err(error) if error.code == Code::PieceState.name() => {
                    tracing::info!(job = page.name, told = message, "a job of a settled piece");
                    self.write("forgetting a page", |tx| {
                        Ok::<_, UiError>(page.printer.forget(tx, page.counter)?)
                    })?;
                }
                Err(error) => return Err(error),
            }
        }
        // How many pieces wait for an answer has changed.
        self.tell(Event::Status);
        Ok(())
    }
}

impl Station {
    /// Asks the printers of pages what became of pieces that nobody knows of; one that is away, or that
    /// somebody prints on now, is asked another time.
    ///
    /// # Errors
    /// The faults of the store.
    pub async fn ask_about_pages(&self) -> Result<(), UiError> {
        let mut pages = self.apply(Owner::pages_in_doubt).await?;
        let mut asking = JoinSet::new();
        while let Some(first) = pages.first() {
            let printer = first.printer.clone();
            let (here, elsewhere) = pages
                .into_iter()
                .partition(|page| page.printer.is_same(&printer));
            pages = elsewhere;
            let devices = self.printers_in_use().devices.clone();
            // Without a handle of the station: a program that ends does not wait for a printer.
            asking.spawn_blocking(move || asked(&devices, &printer, &here));
        }
        while let Some(told) = asking.join_next().await {
            let told = told.map_err(|_| say(Code::StationStopped, &[]))?;
            self.apply(move |owner| owner.pages_told(&told)).await?;
        }
        Ok(())
    }

    /// Asks again and again, for as long as it is kept.
    pub(crate) async fn keep_asking_about_pages(self) {
        loop {
            if let Err(fault) = self.ask_about_pages().await {
                tracing::debug!(code = fault.code, "printers were not asked about pages");
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// As [`Self::ask_about_pages`], of a queue that was opened just now.
    pub(crate) fn ask_queue(&self, queue: &Queue, printer: &PagePrinter) -> Result<(), UiError> {
        let mut pages = self.apply_blocking(Owner::pages_in_doubt)?;
        pages.retain(|page| page.printer.is_same(printer));
        if pages.is_empty() {
            return Ok(());
        }
        let told = ended(&pages, queue.ask_later(&names(&pages)));
        self.apply_blocking(move |owner| owner.pages_told(&told))
    }
}

/// Asks one printer, unless somebody prints on it.
fn asked(
    devices: &Devices,
    printer: &PagePrinter,
    pages: &[PageInDoubt],
) -> Vec<(PageInDoubt, Outcome)> {
    let PrinterPort::Ipp { uri, certificate } = &printer.port else {
        return Vec::new();
    };
    let Some(_held) = devices.hold(&printer.port, Duration::ZERO) else {
        return Vec::new();
    };
    let certificate = certificate.as_deref().and_then(ipp::fingerprint);
    let limits = ipp::Limits::default();
    let told = ask_later(uri, certificate, printer.is_trusted, &names(pages), limits);
    ended(pages, told)
}

fn names(pages: &[PageInDoubt]) -> Vec<&str> {
    pages.iter().map(|page| page.name.as_str()).collect()
}

/// The pages whose jobs are over.
fn ended(pages: &[PageInDoubt], told: Result<Vec<Later>, NoQueue>) -> Vec<(PageInDoubt, Outcome)> {
    let told = told.unwrap_or_else(|fault| {
        tracing::debug!("a printer is asked later: {}", faults::chain(&fault));
        Vec::new()
    });
    let told = pages.iter().zip(told);
    told.filter_map(|(page, later)| match later {
        Later::Over(outcome) => Some((page.clone(), outcome)),
        Later::Going => None,
    })
    .collect()
}

#[cfg(test)]
mod tests;
