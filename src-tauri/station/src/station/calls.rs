//! The declared calls, each handed to whoever answers it.

use super::{Asker, Owner, Station};
use crate::api::{
    AddPrinterCall, AddUserCall, AmendCall, AutomaticRefillCall, BatchCall, Call, ChangeUserCall,
    Hidden, JournalView, ModelView, PictureCall, PiecesCall, PiecesView, Preset, PrintCall,
    PrintersView, QuoteCall, RemovePrinterCall, ResolveCall, SetOfficeArtCall, SetSoftwareCall,
    StockView, UiError, View,
};
use crate::messages::{Code, say};
use crate::printing::language::Acknowledgement;
use crate::printing::layout::stock::Stock;
use crate::printing::profile::{PAGE_DPI, PAGES, PAGES_TITLE, Profile};
use crate::services::{automatic, software};
use crate::users::NewPin;

impl Station {
    /// Answers one call, after looking at who asks.
    ///
    /// # Errors
    /// Every refusal and fault of the call, as a person reads it.
    pub async fn call(&self, call: Call) -> Result<View, UiError> {
        let (call, asker) = self.admit(call).await?;
        let _work = self.work_of(&call)?;
        match call {
            Call::As(_) => Err(say(Code::BadCall, &[("reason", "it is made in two names")])),
            Call::Status => self.status_view().await,
            Call::Quote(call) => self.quoted(call).await,
            Call::Options(call) => self.compared(call).await,
            Call::Place(call) => self.view(move |o| o.place_view(&call), View::Place).await,
            Call::Preview(call) => self.previewed(call).await,
            Call::Print(call) => self.print_view(PrintCall { asker, ..call }).await,
            Call::Amend(call) => self.amend(AmendCall { asker, ..call }).await,
            Call::Batch(call) => self.batch(call, &asker).await,
            Call::StopBatch => self.stop_batch().await,
            Call::Pieces(call) => self.pieces_view(call).await,
            Call::Resolve(call) => self.resolved(call, asker).await,
            Call::Picture(call) => self.pictured(call).await,
            Call::SendAgain(call) => Ok(View::Piece(Box::new(self.send_again(call).await?))),
            Call::Refund(call) => self.refund(call).await,
            Call::Printers => self.printers().await,
            Call::FindPrinters => self.find_printers().await,
            Call::AddPrinter(call) => self.add_printer(call).await,
            Call::RemovePrinter(call) => self.remove_printer(call).await,
            Call::TestPrinter(call) => self.test_printer(call.name).await.map(View::TestPage),
            Call::VerifyJournal => self.view(|o| o.verify_journal(), View::Journal).await,
            Call::Statistics(call) => self.statistics(call).await,
            Call::RotateKeys => {
                self.rotate_keys().await?;
                self.status_view().await
            }
            Call::Presets => self.view(|o| o.presets_view(), View::Presets).await,
            Call::PutPreset(call) => self.put_preset(call.preset).await,
            Call::RemovePreset(call) => self.remove_preset(call.name).await,
            Call::WaitingBatches => self.waiting_batches().await,
            Call::PutBatch(call) => self.put_batch(call).await,
            Call::BatchText(call) => self.batch_text(call.name).await,
            Call::RemoveBatch(call) => self.remove_batch(call.name).await,
            Call::Rehearse(call) => self.rehearse(call).await,
            Call::CostCentres => self.view(|o| o.centre_views(), View::Centres).await,
            Call::SignIn(call) => self.sign_in(call.user, call.pin).await,
            Call::SignOut(call) => self.sign_out(call.token).await,
            Call::Users => self.view(|o| o.users_view(), View::Users).await,
            Call::AddUser(call) => self.add_user(call).await,
            Call::ChangeUser(call) => self.change_user(call).await,
            Call::IdleLock(call) => self.idle_lock(call.minutes).await,
            Call::Enrol(call) => self.enrol(call).await,
            Call::Contact(call) => self.contact(call).await,
            Call::Refill(call) => self.refill(&call, &asker.user).await,
            Call::AutomaticRefill(call) => self.automatic_refill(call).await,
            Call::Withdraw(call) => self.withdraw(call).await,
            Call::Software => self.software_view().await,
            Call::SetSoftware(call) => self.set_software(call).await,
            Call::Line => self.line_setup().await,
            Call::SetLine(call) => self.set_line(call).await,
            Call::FindModems => self.find_modems().await,
            Call::Doctor(call) => self.doctor(call).await,
            Call::HangUp => self.hang_up_line().await,
            Call::Scale => self.scale_view().await,
            Call::FindScales => self.find_scales().await,
            Call::SetScale(call) => self.set_scale(call).await,
            Call::UseScale(call) => self.use_scale(call).await,
            Call::Weigh(call) => self.weigh(call).await,
            Call::Slip(call) => self.slip(call).await,
            Call::OfficeArt => self.view(|o| o.office_art_view(), View::OfficeArt).await,
            Call::SetOfficeArt(call) => self.choose_art(call).await,
        }
    }

    async fn quoted(&self, call: QuoteCall) -> Result<View, UiError> {
        let (call, _) = self.on_scale(call).await?;
        self.view(move |o| o.quote_view(&call), View::Quote).await
    }

    async fn compared(&self, call: QuoteCall) -> Result<View, UiError> {
        let (call, _) = self.on_scale(call).await?;
        self.view(move |o| o.options_view(&call), View::Options)
            .await
    }

    async fn previewed(&self, call: PrintCall) -> Result<View, UiError> {
        let (quote, _) = self.on_scale(call.quote).await?;
        let call = PrintCall { quote, ..call };
        self.view(move |o| o.preview(&call).map(Box::new), View::Preview)
            .await
    }

    async fn pictured(&self, call: PictureCall) -> Result<View, UiError> {
        let picture = move |o: &mut Owner| o.picture(&call.serial).map(Box::new);
        self.view(picture, View::Picture).await
    }

    async fn choose_art(&self, call: SetOfficeArtCall) -> Result<View, UiError> {
        self.view(move |o| o.set_office_art(&call), View::OfficeArt)
            .await
    }

    async fn pieces_view(&self, call: PiecesCall) -> Result<View, UiError> {
        let list = move |o: &mut Owner| o.piece_views(&call);
        self.view(list, |pieces| View::Pieces(PiecesView { pieces }))
            .await
    }

    async fn resolved(&self, call: ResolveCall, asker: Asker) -> Result<View, UiError> {
        let resolve = move |o: &mut Owner| o.resolve(&call, &asker).map(Box::new);
        self.view(resolve, View::Piece).await
    }

    async fn idle_lock(&self, minutes: u32) -> Result<View, UiError> {
        self.view(move |o| o.set_idle_minutes(minutes), View::Users)
            .await
    }

    async fn print_view(&self, call: PrintCall) -> Result<View, UiError> {
        let call = self.print_on_scale(call).await?;
        Ok(View::Piece(Box::new(self.print(call).await?)))
    }

    async fn batch(&self, call: BatchCall, asker: &Asker) -> Result<View, UiError> {
        let view = crate::batch::run(self, &call.csv, call.out, asker).await?;
        Ok(View::Batch(view))
    }

    async fn put_preset(&self, preset: Preset) -> Result<View, UiError> {
        self.view(move |o| o.put_preset(preset), View::Presets)
            .await
    }

    async fn remove_preset(&self, name: String) -> Result<View, UiError> {
        self.view(move |o| o.remove_preset(&name), View::Presets)
            .await
    }

    async fn batch_text(&self, name: String) -> Result<View, UiError> {
        self.view(move |o| o.batch_text(&name), View::BatchText)
            .await
    }

    /// Asks the owner and shows what it answers.
    async fn view<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Owner) -> Result<T, UiError> + Send + 'static,
        show: fn(T) -> View,
    ) -> Result<View, UiError> {
        self.apply(work).await.map(show)
    }

    async fn sign_out(&self, token: Hidden) -> Result<View, UiError> {
        self.apply(move |owner| {
            owner.sessions().end(&token);
            Ok(())
        })
        .await?;
        self.status_view().await
    }

    async fn add_user(&self, call: AddUserCall) -> Result<View, UiError> {
        let pin = self.hashed(Some(call.pin.clone())).await?;
        self.view(move |o| o.add_user(&call, pin), View::Users)
            .await
    }

    async fn change_user(&self, call: ChangeUserCall) -> Result<View, UiError> {
        let pin = self.hashed(call.pin.clone()).await?;
        self.view(move |o| o.change_user(&call, pin), View::Users)
            .await
    }

    /// What a PIN that somebody chooses is held against from then on. That takes long on purpose, and
    /// nobody else waits for it.
    async fn hashed(&self, pin: Option<Hidden>) -> Result<Option<NewPin>, UiError> {
        let Some(pin) = pin else {
            return Ok(None);
        };
        let pepper = self.apply(|owner| owner.pepper_for_new_pin()).await?;
        let hashing = tokio::task::spawn_blocking(move || NewPin::hash(&pepper, &pin)).await;
        hashing
            .map(Some)
            .map_err(|_| say(Code::StationStopped, &[]))
    }

    async fn add_printer(&self, call: AddPrinterCall) -> Result<View, UiError> {
        let printer = self.introduced(call.printer).await?;
        self.apply(move |owner| owner.add_printer(&printer)).await?;
        self.printers().await
    }

    async fn remove_printer(&self, call: RemovePrinterCall) -> Result<View, UiError> {
        self.apply(move |owner| owner.remove_printer(&call.name))
            .await?;
        self.printers().await
    }

    /// What the station is and has.
    pub(crate) async fn status_view(&self) -> Result<View, UiError> {
        let mut view = self.apply(Owner::status).await?;
        view.line.call = self.telephone.view();
        Ok(View::Status(Box::new(view)))
    }

    /// Counts a call that does more than look, for as long as it lasts.
    fn work_of(&self, call: &Call) -> Result<Option<super::Counted>, UiError> {
        let counted = changes_something(call).then(|| self.begin_work());
        counted.transpose()
    }

    async fn set_software(&self, call: SetSoftwareCall) -> Result<View, UiError> {
        self.apply(move |owner| software::set(owner, &call)).await?;
        self.software_view().await
    }

    async fn software_view(&self) -> Result<View, UiError> {
        let working = self.is_working();
        let view = self
            .apply(move |owner| software::view(owner, working))
            .await?;
        Ok(View::Software(Box::new(view)))
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

    async fn printers(&self) -> Result<View, UiError> {
        let printers = self.apply(|owner| Ok(owner.store().printers()?)).await?;
        let stocks = Stock::all().iter().map(|stock| StockView {
            name: stock.name.to_owned(),
            title: stock.title.to_owned(),
            prints: stock
                .products()
                .map(|product| product.word().to_owned())
                .collect(),
        });
        let models = Profile::all().iter().map(|profile| ModelView {
            name: profile.name.to_owned(),
            title: profile.title.clone(),
            dpi: profile.dpi.clone(),
            stocks: profile
                .stocks()
                .map(|stock| stock.name.to_owned())
                .collect(),
            acknowledges: profile.acknowledgement != Acknowledgement::None,
        });
        let pages = ModelView {
            name: PAGES.to_owned(),
            title: PAGES_TITLE.to_owned(),
            dpi: vec![PAGE_DPI],
            stocks: Stock::all()
                .iter()
                .map(|stock| stock.name.to_owned())
                .collect(),
            acknowledges: true,
        };
        Ok(View::Printers(PrintersView {
            printers,
            stocks: stocks.collect(),
            models: models.chain([pages]).collect(),
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

/// Whether a call does more than look: the program is not replaced before it is answered. Signing in
/// and out and stopping a batch are over at once, and what a signed-in user asks for comes as a call
/// of its own.
fn changes_something(call: &Call) -> bool {
    let at_once = matches!(
        call,
        Call::StopBatch | Call::SignIn(_) | Call::SignOut(_) | Call::As(_)
    );
    !at_once && !call.only_looks()
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
