//! The town: a data center with a demo account and rates, and its stations.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use serde_json::Value;
use server::access::{Dialup, Internet, Modem};
use server::admin::approval::{ApprovalCall, Consent};
use server::admin::call::AdminCall;
use server::admin::epoch::EpochCall;
use server::admin::money::MoneyCall;
use server::admin::perform::perform;
use server::admin::refusal::AdminRefusal;
use server::ca::SigningKey;
use server::center::{DataCenter, InitTerms};
use server::clock::{Clock as _, HandClock, SystemClock};
use server::config::TokenPlace;
use server::folder::Folder;
use shared::checkpoint::EpochStatement;
use shared::clock::{UnixSeconds, civil_date};
use shared::money::Mills;
use shared::security::approval::countersign;
use shared::vault::Debit;
use shared::wire::from_cbor;
use station::api::{
    Call, EnrolCall, Hidden, PrintCall, PrintOut, QuoteCall, RefillCall, SecretsChoice,
};
use station::api::{PieceView, RefillView, StatusView, UiError, View};
use station::contact::dialup::telephone::Telephone;
use station::owner::FolderLock;
use station::services::software::{Platform, Program, Version};
use station::services::{Asked, AskedRefill};
use station::station::{CLERK_USER, Clock, Owner, Station};
use tempfile::TempDir;

/// The rates every town has.
const EDITION: &str = include_str!("../shared/data/editions/us-2026-07-12.json");

/// The passphrase of every town's offline root.
pub const PASSPHRASE: &str = "correct horse battery";

/// The account every town has.
pub const ACCOUNT: &str = "Demo";

/// The program that stations run: one that is updated by itself.
pub const PROGRAM: Program = Program {
    version: Version::new(1, 0, 0),
    platform: Some(Platform::LinuxAppimage),
};

/// A data center that serves on loopback.
#[derive(Debug)]
pub struct Town {
    /// The data center's own clock; stations share it.
    pub clock: Arc<HandClock>,
    /// The data center.
    pub center: Arc<DataCenter>,
    /// Its address.
    pub url: String,
    folder: TempDir,
}

/// What a clerk asks of a contact: a refill, or nothing.
#[must_use]
pub fn asking(refill: Option<Mills>) -> Asked {
    Asked {
        refill: refill.map(|amount| AskedRefill {
            amount,
            user: CLERK_USER.to_owned(),
        }),
    }
}

impl Town {
    /// Builds a data center whose demo account holds `deposit`, and lets it serve. Must be called
    /// inside a runtime with several threads.
    pub async fn with_deposit(deposit: &str) -> Self {
        Self::prepared(deposit, |_| {}).await
    }

    /// [`Self::with_deposit`], after `prepare` has done something to the empty folder in which
    /// `center` will lie.
    pub async fn prepared(deposit: &str, prepare: impl FnOnce(&Path)) -> Self {
        Self::made(deposit, prepare, None).await
    }

    /// [`Self::with_deposit`], with the data center's signing keys on a token. The process's
    /// environment must have its PIN.
    pub async fn on_token(deposit: &str, place: TokenPlace) -> Self {
        Self::made(deposit, |_| {}, Some(place)).await
    }

    async fn made(deposit: &str, prepare: impl FnOnce(&Path), token: Option<TokenPlace>) -> Self {
        let folder = TempDir::new().unwrap();
        prepare(folder.path());
        let clock = Arc::new(HandClock::new(SystemClock.now()));
        let data = Folder::new(folder.path().join("center"));
        let terms = InitTerms {
            support_contact: "the help desk".to_owned(),
            passphrase: Some(PASSPHRASE.to_owned().into()),
            token,
            ..Default::default()
        };
        let hand: Arc<HandClock> = Arc::clone(&clock);
        let center = tokio::task::spawn_blocking(move || {
            DataCenter::init(&data, &terms, hand.as_ref()).unwrap();
            Arc::new(DataCenter::open(&data, hand).unwrap())
        })
        .await
        .unwrap();
        let town = Self {
            clock,
            center,
            url: String::new(),
            folder,
        };
        let town = town.served().await;
        town.admin(AdminCall::AccountNew {
            name: ACCOUNT.to_owned(),
        })
        .await;
        town.deposit(deposit, "first").await;
        town.admin(AdminCall::RatesImport {
            source: EDITION.to_owned(),
        })
        .await;
        town.admin(AdminCall::RatesPublish {
            edition: None,
            passphrase: None,
        })
        .await;
        town
    }

    /// Lets an admin do something; what is shown, as JSON.
    pub async fn admin(&self, call: AdminCall) -> Vec<Value> {
        let center = Arc::clone(&self.center);
        tokio::task::spawn_blocking(move || {
            let mut shown = Vec::new();
            perform(&center, call, &mut |view| {
                shown.push(serde_json::from_str(&view.json()).unwrap());
                true
            })
            .unwrap();
            shown
        })
        .await
        .unwrap()
    }

    /// Lets an admin do something with money; what is shown first.
    pub async fn money(&self, money: MoneyCall) -> Value {
        self.admin(AdminCall::Money { money }).await.remove(0)
    }

    /// Makes keys for admins of these names, and makes them known.
    pub async fn admin_keys(&self, names: &[&str]) -> Vec<SigningKey> {
        let mut keys = Vec::new();
        for name in names {
            let passphrase = "a passphrase of that admin";
            let (file, point) = server::ca::new_admin_key(name, passphrase).unwrap();
            let approval = ApprovalCall::KeyNew {
                name: (*name).to_owned(),
                point: hex::encode(point.0),
                consent: Consent::None,
            };
            self.admin(AdminCall::Approval { approval }).await;
            keys.push(server::ca::open_admin_key(&file, passphrase).unwrap());
        }
        keys
    }

    /// Lets admins sign what a call with [`Consent::Request`] has shown.
    #[must_use]
    pub fn signed(request: &Value, keys: &[&SigningKey]) -> Consent {
        let engine = base64::engine::general_purpose::STANDARD;
        let text = request["request"].as_str().unwrap();
        let bytes = keys
            .iter()
            .fold(engine.decode(text).unwrap(), |bytes, key| {
                countersign(&bytes, key.key_id(), |input| key.sign(input)).unwrap()
            });
        Consent::Approval(engine.encode(bytes))
    }

    /// What an admin is told when a call is refused.
    pub async fn refused(&self, call: AdminCall) -> AdminRefusal {
        let center = Arc::clone(&self.center);
        tokio::task::spawn_blocking(move || {
            perform(&center, call, &mut |_| true).expect_err("the call is refused")
        })
        .await
        .unwrap()
    }

    /// Books a deposit on the demo account.
    pub async fn deposit(&self, amount: &str, reference: &str) {
        self.admin(AdminCall::AccountDeposit {
            account: ACCOUNT.to_owned(),
            amount: Mills::parse(amount).unwrap(),
            reference: reference.to_owned(),
        })
        .await;
    }

    /// What the demo account holds, mills.
    pub async fn balance(&self) -> u64 {
        let shown = self
            .admin(AdminCall::AccountShow {
                account: ACCOUNT.to_owned(),
            })
            .await;
        shown[0]["balance"].as_u64().unwrap()
    }

    /// The enrolment code of a new station of the demo account.
    pub async fn code(&self) -> String {
        let call = AdminCall::StationNew {
            account: ACCOUNT.to_owned(),
            zip: "83702".to_owned(),
        };
        self.admin(call).await[0]["code"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Where a station of this name lies.
    #[must_use]
    pub fn station_folder(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Opens the station of this name, enrolled or not.
    ///
    /// # Errors
    /// Every refusal of a store that does not start.
    pub fn open_station(&self, name: &str) -> Result<Counter, UiError> {
        let clock = Arc::clone(&self.clock);
        self.open_with(name, Clock::told_by(move || clock.now()))
    }

    /// Opens the station of this name with a clock of its own.
    ///
    /// # Errors
    /// As [`Self::open_station`].
    pub fn open_with(&self, name: &str, clock: Clock) -> Result<Counter, UiError> {
        let folder = self.station_folder(name);
        let lock = FolderLock::take(&folder)?.expect("the folder has no other owner");
        let station = Station::open_for(lock, clock, PROGRAM)?;
        Ok(Counter { station, folder })
    }

    /// Puts a station into a group for software.
    pub async fn put_into_group(&self, counter: &Counter, group: &'static str) {
        let number = counter
            .station
            .apply(|owner| Ok(owner.enrolled()?.station()));
        let station = number.await.unwrap();
        let put = move |tx: &server::db::Tx<'_>| {
            server::services::software::store::put_group(tx, station, Some(group))?;
            let concerned = server::db::Concerned::Station(station);
            tx.concerns(concerned, shared::services::ServiceId::Software);
            Ok::<_, server::db::DbError>(())
        };
        self.center.db().write("a group", put).await.unwrap();
    }

    /// A new, enrolled station.
    pub async fn enrolled(&self, name: &str) -> Counter {
        let counter = self.open_station(name).unwrap();
        counter.enrol(&self.url, &self.code().await).await.unwrap();
        counter
    }

    /// The ledger must hold: hashes and balances (or the admin is refused), and the equation of
    /// `protocol.md` G.
    pub async fn assert_books_hold(&self) {
        let shown = self.admin(AdminCall::LedgerVerify).await;
        let sum = |name: &str| shown[0][name].as_i64().unwrap();
        let held = sum("customers") + sum("in_transit") + sum("held") + sum("vaults");
        assert_eq!(
            sum("payments_less_pay_outs"),
            held + sum("printed") - sum("refunded"),
            "{shown:?}"
        );
    }

    /// The same town with another data center, for example a restored one; nothing serves it.
    #[must_use]
    pub fn with_center(self, center: Arc<DataCenter>) -> Self {
        Self { center, ..self }
    }

    /// The same town, whose data center now answers at an address of its own.
    pub async fn served(self) -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let internet = Internet::bind(Arc::clone(&self.center), any).await.unwrap();
        let url = format!("https://{}", internet.address().unwrap());
        tokio::spawn(internet.serve(std::future::pending()));
        Self { url, ..self }
    }

    /// The same town, whose data center now answers at an address of its own and on these modems.
    pub async fn answering(self, modems: Vec<Modem>) -> (Self, Dialup) {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let internet = Internet::bind(Arc::clone(&self.center), any).await.unwrap();
        let url = format!("https://{}", internet.address().unwrap());
        let dialup = internet.answer(modems).unwrap();
        tokio::spawn(internet.serve(std::future::pending()));
        (Self { url, ..self }, dialup)
    }

    /// Signs how the data center's present epoch began, with the offline bundle that the town was
    /// built with.
    pub async fn sign_epoch(&self) {
        let call = |epoch| AdminCall::Epoch { epoch };
        let shown = self.admin(call(EpochCall::Show)).await;
        let statement = hex::decode(shown[0]["statement"].as_str().unwrap()).unwrap();
        let statement: EpochStatement = from_cbor(&statement).unwrap();
        let bundle = Folder::new(self.folder.path().join("center")).offline_root();
        let bundle = std::fs::read_to_string(bundle).unwrap();
        let [first, second] =
            server::ca::sign_with_recovery_keys(&bundle, PASSPHRASE, &statement.signing_input())
                .unwrap();
        let shown = self
            .admin(call(EpochCall::Sign {
                first: hex::encode(first),
                second: hex::encode(second),
            }))
            .await;
        assert_eq!(shown[0]["signed"], true);
    }

    /// Turns the clock.
    pub fn turn_days(&self, days: i64) -> UnixSeconds {
        let now = self.clock.now().plus_days(days);
        self.turn_to(now);
        now
    }

    /// Turns the clock; the data center renews what it signs by itself, as a running one does.
    pub fn turn_to(&self, now: UnixSeconds) {
        self.clock.turn_to(now);
        let center = &self.center;
        std::thread::scope(|scope| {
            let kept = scope.spawn(|| center.keep_repository());
            kept.join().unwrap().unwrap();
        });
    }
}

/// A station at its counter.
pub struct Counter {
    /// The station.
    pub station: Station,
    /// Its data folder.
    pub folder: PathBuf,
}

impl std::fmt::Debug for Counter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Counter")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl Counter {
    /// The same counter, whose station telephones with this.
    #[must_use]
    pub fn at(self, telephone: Telephone) -> Self {
        Self {
            station: self.station.with_telephone(telephone),
            folder: self.folder,
        }
    }

    /// Enrols with a key file beside the folder.
    ///
    /// # Errors
    /// What the station refuses.
    pub async fn enrol(&self, server: &str, code: &str) -> Result<StatusView, UiError> {
        self.enrol_with(server, code, None).await
    }

    /// The same, over a mobile modem whose card has this PIN.
    ///
    /// # Errors
    /// What the station refuses.
    pub async fn enrol_with(
        &self,
        server: &str,
        code: &str,
        card_pin: Option<&str>,
    ) -> Result<StatusView, UiError> {
        let call = EnrolCall {
            server: server.to_owned(),
            code: code.to_owned(),
            secrets: Some(SecretsChoice::KeyFile {
                path: self.folder.with_extension("key").display().to_string(),
            }),
            card_pin: card_pin.map(|pin| Hidden::new(pin.to_owned())),
            password: None,
        };
        let view = self.station.call(Call::Enrol(call)).await?;
        let View::Status(status) = view else {
            unexpected(&view)
        };
        Ok(*status)
    }

    /// Points the station to another address; the one before.
    pub async fn set_server(&self, address: &str) -> String {
        let address = address.to_owned();
        self.station
            .apply(move |owner| {
                let before = owner.store().setting("server")?;
                owner.write("another address", |tx| {
                    Ok(tx.put_setting("server", &address)?)
                })?;
                Ok(before.unwrap())
            })
            .await
            .unwrap()
    }

    /// What the station is and has.
    pub async fn status(&self) -> StatusView {
        let view = self.station.call(Call::Status).await.unwrap();
        let View::Status(status) = view else {
            unexpected(&view)
        };
        *status
    }

    /// Refills the vault.
    ///
    /// # Errors
    /// What the station refuses.
    pub async fn refill(&self, amount: &str) -> Result<RefillView, UiError> {
        let call = RefillCall {
            amount: amount.to_owned(),
        };
        let view = self.station.call(Call::Refill(call)).await?;
        let View::Refill(refill) = view else {
            unexpected(&view)
        };
        Ok(refill)
    }

    /// Meets the data center.
    ///
    /// # Errors
    /// What the station refuses.
    pub async fn contact(&self) -> Result<station::api::ContactView, UiError> {
        let view = self.station.call(Call::Contact(Default::default())).await?;
        let View::Contact(contact) = view else {
            unexpected(&view)
        };
        Ok(contact)
    }

    /// Prints a letter of `weight` to `zip` into a file of its own.
    ///
    /// # Errors
    /// What the station refuses.
    pub async fn print_letter(&self, weight: &str, zip: &str) -> Result<PieceView, UiError> {
        let call = Call::Print(self.letter(weight, zip));
        let view = self.station.call(call).await?;
        let View::Piece(piece) = view else {
            unexpected(&view)
        };
        Ok(*piece)
    }

    /// A letter that goes to a file.
    #[must_use]
    pub fn letter(&self, weight: &str, zip: &str) -> PrintCall {
        let png = self
            .folder
            .join(format!("piece-{}.png", weight.replace(' ', "")));
        PrintCall {
            quote: QuoteCall {
                class: "first-class".to_owned(),
                shape: "letter".to_owned(),
                weight: weight.to_owned(),
                to: zip.to_owned(),
                ..Default::default()
            },
            out: Some(PrintOut::Files {
                pdf: None,
                png: Some(png.display().to_string()),
                escpos: None,
            }),
            ..Default::default()
        }
    }
}

/// The next piece of a vault, mailed today, without its label.
#[must_use]
pub fn next_debit(owner: &Owner, mills: u64) -> Debit {
    let day = civil_date(owner.now());
    Debit {
        counter: owner.enrolled().unwrap().next_counter().unwrap(),
        postage: Mills::new(mills).unwrap(),
        date: day,
        booked: day,
        category: *b"1200",
        raster: [7; 32],
        amends: None,
    }
}

/// A view that does not belong to its call.
fn unexpected(view: &View) -> ! {
    unreachable!("the call answers with another view: {view:?}")
}
