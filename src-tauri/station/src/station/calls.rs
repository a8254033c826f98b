//! The declared calls, each handed to whoever answers it.

use super::{Owner, Station};
use crate::api::{
    AutomaticRefillCall, BatchOut, Call, JournalView, PiecesView, PrintersView, StockView, UiError,
    View,
};
use crate::printing::layout::stock::Stock;
use crate::services::automatic;

impl Station {
    /// Answers one call.
    ///
    /// # Errors
    /// Every refusal and fault of the call, as a person reads it.
    pub async fn call(&self, call: Call) -> Result<View, UiError> {
        match call {
            Call::Status => self.status_view().await,
            Call::Quote(call) => {
                let view = self.apply(move |owner| owner.quote_view(&call)).await?;
                Ok(View::Quote(view))
            }
            Call::Options(call) => {
                let view = self.apply(move |owner| owner.options_view(&call)).await?;
                Ok(View::Options(view))
            }
            Call::Place(call) => Ok(View::Place(super::pricing::place_view(&call.text))),
            Call::Preview(call) => {
                let view = self.apply(move |owner| owner.preview(&call)).await?;
                Ok(View::Preview(Box::new(view)))
            }
            Call::Print(call) => Ok(View::Piece(Box::new(self.print(call).await?))),
            Call::Batch(call) => {
                let out = BatchOut::clone(&call.out);
                let view = crate::batch::run(self, &call.csv, out).await?;
                Ok(View::Batch(view))
            }
            Call::StopBatch => self.stop_batch().await,
            Call::Pieces(call) => {
                let pieces = self.apply(move |owner| owner.piece_views(&call)).await?;
                Ok(View::Pieces(PiecesView { pieces }))
            }
            Call::Resolve(call) => {
                let view = self.apply(move |owner| owner.resolve(&call)).await?;
                Ok(View::Piece(Box::new(view)))
            }
            Call::SendAgain(call) => Ok(View::Piece(Box::new(self.send_again(call).await?))),
            Call::Refund(call) => self
                .apply(move |owner| owner.refund(&call))
                .await
                .map(|view| View::Piece(Box::new(view))),
            Call::Printers => self.printers().await,
            Call::AddPrinter(call) => {
                self.apply(move |owner| owner.add_printer(&call.printer))
                    .await?;
                self.printers().await
            }
            Call::RemovePrinter(call) => {
                self.apply(move |owner| owner.remove_printer(&call.name))
                    .await?;
                self.printers().await
            }
            Call::VerifyJournal => self.verified_journal().await,
            Call::Statistics(call) => self.statistics(call).await,
            Call::RotateKeys => {
                self.rotate_keys().await?;
                self.status_view().await
            }
            Call::CostCentres => self.cost_centres().await,
            Call::Enrol(call) => self.enrol(call).await,
            Call::Contact(call) => self.contact(call).await,
            Call::Refill(call) => self.refill(&call).await,
            Call::AutomaticRefill(call) => self.automatic_refill(call).await,
            Call::Withdraw(call) => self.withdraw(call).await,
        }
    }

    async fn status_view(&self) -> Result<View, UiError> {
        let view = self.apply(Owner::status).await?;
        Ok(View::Status(Box::new(view)))
    }

    async fn stop_batch(&self) -> Result<View, UiError> {
        self.apply(|owner| {
            owner.stop_batches();
            Ok(())
        })
        .await?;
        self.status_view().await
    }

    async fn automatic_refill(&self, call: AutomaticRefillCall) -> Result<View, UiError> {
        self.apply(move |owner| automatic::set(owner, call.plan.as_ref()))
            .await?;
        self.status_view().await
    }

    async fn verified_journal(&self) -> Result<View, UiError> {
        let view = self.apply(|owner| owner.verify_journal()).await?;
        Ok(View::Journal(view))
    }

    async fn cost_centres(&self) -> Result<View, UiError> {
        let view = self.apply(|owner| owner.centre_views()).await?;
        Ok(View::Centres(view))
    }

    async fn printers(&self) -> Result<View, UiError> {
        let printers = self.apply(|owner| Ok(owner.store().printers()?)).await?;
        let stocks = Stock::all().iter().map(|stock| StockView {
            name: stock.name.to_owned(),
            title: stock.title.to_owned(),
        });
        Ok(View::Printers(PrintersView {
            printers,
            stocks: stocks.collect(),
        }))
    }
}

impl super::Owner {
    /// Recomputes the whole journal and compares it with the vault.
    pub(super) fn verify_journal(&self) -> Result<JournalView, UiError> {
        let report = if self.store().is_unlocked() {
            self.store().verify_journal()?
        } else {
            crate::store::journal::verify(self.store().sql())?
        };
        Ok(journal_view(&report))
    }
}

/// What reading a journal found, as a person reads it.
#[must_use]
pub fn journal_view(report: &crate::store::journal::JournalReport) -> JournalView {
    JournalView {
        records: report.records,
        root: hex::encode(report.root),
        intact: report.fault.is_none(),
        fault: report
            .fault
            .as_ref()
            .map(|fault| super::faults::chain(fault)),
    }
}
