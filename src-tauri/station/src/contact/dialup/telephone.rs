//! The station's telephone: dials within the limits, writes every call down, keeps one for a little
//! while, and shows how far it is.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use shared::call::{CallFault, Plan};
use shared::clock::UnixSeconds;
use shared::modem::{BadNumber, CallFailure, Number};
use shared::ppp::proof::Credentials as DialCredentials;
use shared::ppp::{Given, Terms};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use super::dialed::{Calls, HANG_UP_TIME, State};
use super::ports::{Ports, SerialPorts};
use super::sessions::Sessions;
use super::settings::{self, LineSecrets, LineSettings};
use super::{DialFault, Dialed, Dialup, Order, failures, profiles};
use crate::api::{Event, LineCallView, UiError};
use crate::contact::failover::{self, Again, CallPrice, CallRecord, Outcome};
use crate::contact::http::Credentials;
use crate::contact::link::LinkFault;
use crate::crypto;
use crate::messages::{Code, say};
use crate::services::keys;
use crate::station::{Owner, Station, names};

/// How long a call nobody uses is kept: the clerk's next click is often a refill after a look.
const IDLE: Duration = Duration::from_secs(20);

/// How long the line rests between two calls of one click: exchanges want it on hook for some seconds
/// before they take that for the end of a call.
const PAUSE: Duration = Duration::from_secs(3);

/// How often the Internet is asked while the telephone is used.
const ASKING_PERIOD: Duration = Duration::from_secs(60);

/// The telephone of a station.
pub struct Telephone {
    ports: Arc<dyn Ports>,
    calls: Arc<Calls>,
    held: Mutex<Held>,
    sessions: Sessions,
    /// Wakes whoever dials when somebody wants the telephone hung up.
    wish: Notify,
    idle: Duration,
    pause: Duration,
    asking: Duration,
}

/// The call that is kept, and the one that is shown.
#[derive(Default)]
struct Held {
    call: Option<Arc<Dialed>>,
    /// Grows whenever the call is used: an idle wait that meets another number is void.
    used: u64,
    shown: Option<Shown>,
    /// What the access server behind a number gave last.
    given: Option<(String, Given)>,
    writer: Option<JoinHandle<()>>,
}

/// What is shown of a call.
#[derive(Clone)]
struct Shown {
    number: String,
    price: CallPrice,
    state: watch::Receiver<State>,
}

impl std::fmt::Debug for Telephone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Telephone").finish_non_exhaustive()
    }
}

impl Default for Telephone {
    fn default() -> Self {
        Self::on(Arc::new(SerialPorts))
    }
}

impl Telephone {
    /// A telephone on these ports.
    #[must_use]
    pub fn on(ports: Arc<dyn Ports>) -> Self {
        Self {
            ports,
            calls: Calls::of_a_telephone(),
            held: Mutex::default(),
            sessions: Sessions::default(),
            wish: Notify::new(),
            idle: IDLE,
            pause: PAUSE,
            asking: ASKING_PERIOD,
        }
    }

    /// The same, which asks for the Internet so often while it is used, and pauses no longer between
    /// two calls: for simulations.
    #[must_use]
    pub fn asking_every(self, asking: Duration) -> Self {
        Self {
            pause: self.pause.min(asking),
            asking,
            ..self
        }
    }

    /// The same, which keeps a call that nobody uses for so long: for simulations.
    #[must_use]
    pub fn keeping_for(self, idle: Duration) -> Self {
        Self { idle, ..self }
    }

    /// How often the Internet is asked while the telephone is used.
    pub(crate) const fn asking_period(&self) -> Duration {
        self.asking
    }

    /// The ports of this computer.
    #[must_use]
    pub fn ports(&self) -> Arc<dyn Ports> {
        Arc::clone(&self.ports)
    }

    /// The call that is up, if there is one.
    pub(crate) fn call(&self) -> Option<Arc<Dialed>> {
        let mut held = self.held();
        held.used = held.used.wrapping_add(1);
        held.call.clone().filter(|call| call.is_up())
    }

    /// A link over a call, with the certificate that the station has at this moment.
    pub(crate) fn link(
        &self,
        call: &Arc<Dialed>,
        (server, credentials): (String, Credentials),
        issuer: Option<Vec<u8>>,
    ) -> Result<Arc<Dialup>, LinkFault> {
        self.sessions.link(call, server, credentials, issuer)
    }

    /// How far the call is; nothing when there is none.
    #[must_use]
    pub fn view(&self) -> Option<LineCallView> {
        let shown = self.held().shown.clone()?;
        let state = shown.state.borrow().clone();
        if state.hung_up.is_some() {
            return None;
        }
        let stage = match (state.ended, &state.up, state.connected) {
            (Some(_), _, _) => "hanging-up",
            (None, Some(_), _) => "up",
            (None, None, Some(_)) => "connecting",
            (None, None, None) => "dialing",
        };
        let seconds = seconds(&state);
        let now = UnixSeconds::from(jiff::Timestamp::now());
        Some(LineCallView {
            stage: stage.to_owned(),
            number: shown.number,
            since: state
                .connected
                .map(|_| now.0.saturating_sub(i64::from(seconds))),
            seconds,
            cost_mills: cost(shown.price, &state).map(shared::money::Mills::mills),
        })
    }

    /// Lets go of the call: it is hung up when nobody uses it for a while.
    pub(crate) fn let_go(self: &Arc<Self>) {
        let (used, idle) = (self.held().used, self.idle);
        if self.held().call.is_none() {
            return;
        }
        let telephone = Arc::clone(self);
        tokio::spawn(async move {
            tokio::time::sleep(idle).await;
            if telephone.held().used == used {
                telephone.hang_up().await;
            }
        });
    }

    /// Hangs up because somebody wants it, whether the call is up or still being made. Whoever
    /// makes it dials no other number then.
    pub(crate) async fn stop(&self) {
        let shown = self.held().shown.clone();
        self.wish.notify_waiters();
        self.leave();
        self.hang_up().await;
        let Some(Shown { mut state, .. }) = shown else {
            return;
        };
        // Its sender goes when the modem has hung up and its port is closed: the next call can be
        // made at once.
        let over = async { while state.changed().await.is_ok() {} };
        if tokio::time::timeout(HANG_UP_TIME, over).await.is_err() {
            tracing::warn!("the modem did not hang up in time");
        }
    }

    /// Notes that the call that is up ends by wish, which is no fault of the line or of the data
    /// center.
    pub(crate) fn leave(&self) {
        if let Some(call) = &self.held().call {
            call.leave();
        }
    }

    /// Hangs up, and waits until the modem has and the call is written down.
    pub async fn hang_up(&self) {
        let (call, writer) = {
            let mut held = self.held();
            (held.call.take(), held.writer.take())
        };
        self.sessions.end_call();
        if let Some(call) = call {
            call.hang_up().await;
        }
        if let Some(writer) = writer {
            // It ends with the call, and that with the modem's own time limits.
            drop(writer.await);
        }
    }

    /// Hangs up whatever call there is, whoever makes it, and waits until the modem has; a bounded
    /// time. For the end of the program.
    pub(crate) async fn end(&self) {
        self.leave();
        self.hang_up().await;
        self.calls.hang_up_all().await;
    }

    fn held(&self) -> std::sync::MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a call has lasted, from CONNECT.
fn seconds(state: &State) -> u32 {
    let end = state.hung_up.unwrap_or_else(Instant::now);
    let lasted = state
        .connected
        .map_or(Duration::ZERO, |at| end.saturating_duration_since(at));
    u32::try_from(lasted.as_millis().div_ceil(1_000)).unwrap_or(u32::MAX)
}

fn cost(price: CallPrice, state: &State) -> Option<shared::money::Mills> {
    match state.connected {
        None => Some(shared::money::Mills::ZERO),
        Some(_) => price.cost(seconds(state)),
    }
}

/// What is needed for calls, read from the store at once.
struct Sheet {
    line: LineSettings,
    secrets: LineSecrets,
    calls: Vec<CallRecord>,
    kept: Option<std::net::SocketAddrV4>,
    now: UnixSeconds,
}

fn sheet(owner: &Owner) -> Result<Sheet, UiError> {
    let kept = settings::internet(owner)?.address;
    Ok(Sheet {
        line: settings::read(owner)?,
        secrets: settings::secrets(owner)?,
        calls: settings::calls(owner)?,
        kept: kept.and_then(|address| match address {
            std::net::SocketAddr::V4(address) => Some(address),
            std::net::SocketAddr::V6(_) => None,
        }),
        now: owner.now(),
    })
}

/// Dials until a call is up, twice at most. A clerk who insists is not held back by numbers that
/// rest. A call that is up already is used again. `own` is what the data center's own lines are
/// opened with; where a name for another's access server is set, that is used instead.
///
/// Every attempt is durable before the modem hears of it, so that a crash leaves it counted.
///
/// # Errors
/// `no_line`, `dial_rests`, `hung_up`, and why there is no call.
pub(crate) async fn dial(
    station: &Station,
    server: &str,
    own: Option<DialCredentials>,
    forced: bool,
) -> Result<Arc<Dialed>, UiError> {
    let telephone = station.telephone();
    if let Some(call) = telephone.call() {
        return Ok(call);
    }
    telephone.hang_up().await;
    let mut wish = pin!(telephone.wish.notified());
    let mut last = None;
    for attempt in 0..failover::DIALS_PER_CLICK {
        if attempt > 0 {
            tokio::time::sleep(telephone.pause).await;
        }
        let sheet = station.apply(|owner| sheet(owner)).await?;
        if !sheet.line.is_ready() {
            return Err(say(Code::NoLine, &[]));
        }
        let numbers = sheet.line.numbers();
        let insists = forced && attempt == 0;
        let number = match failover::choose(sheet.now, &numbers, &sheet.calls, insists) {
            Ok(number) => number.to_owned(),
            Err(until) => return Err(last.unwrap_or_else(|| rests(until))),
        };
        let names = credentials(&sheet.line, &sheet.secrets).or_else(|| own.clone());
        let attempt = tokio::select! {
            biased;
            () = &mut wish => return Err(say(Code::HungUp, &[])),
            attempt = attempted(station, &sheet, &number, server, names) => attempt?,
        };
        match attempt {
            Ok(call) => return Ok(call),
            Err(fault) => {
                last = Some(failures::said(&fault));
                if failover::again(&fault) == Again::Pointless {
                    break;
                }
            }
        }
    }
    Err(last.unwrap_or_else(|| say(Code::NoLine, &[])))
}

fn rests(until: UnixSeconds) -> UiError {
    let time = jiff::Timestamp::from_second(until.0)
        .map(|at| {
            at.to_zoned(TimeZone::system())
                .strftime("%H:%M")
                .to_string()
        })
        .unwrap_or_default();
    say(Code::DialRests, &[("until", &time)])
}

/// Dials one number, and writes down what came of it.
async fn attempted(
    station: &Station,
    sheet: &Sheet,
    number: &str,
    server: &str,
    names: Option<DialCredentials>,
) -> Result<Result<Arc<Dialed>, DialFault>, UiError> {
    let order = order(station, sheet, number, server, names);
    let order = order.map_err(|BadNumber| say(Code::NoLine, &[]))?;
    // Two attempts within one second are two.
    let newest = sheet.calls.last().map(|call| call.at.0.saturating_add(1));
    let record = CallRecord {
        number: number.to_owned(),
        at: UnixSeconds(newest.map_or(sheet.now.0, |newest| newest.max(sheet.now.0))),
        outcome: Outcome::Dialed,
        fault: None,
        seconds: 0,
        cost: None,
        said: None,
    };
    let intent = record.clone();
    station
        .apply(move |owner| settings::put_call(owner, intent))
        .await?;

    let (told, state) = watch::channel(State::default());
    let telephone = station.telephone();
    let shown = Shown {
        number: number.to_owned(),
        price: sheet.line.price,
        state: state.clone(),
    };
    telephone.held().shown = Some(shown);
    let mut unfinished = Unfinished(Some((station.clone(), record.clone(), state.clone())));
    let dialed = Dialed::dial(telephone.ports(), &telephone.calls, order, told).await;
    unfinished.0 = None;
    match dialed {
        Ok(call) => {
            let call = Arc::new(call);
            let price = sheet.line.price;
            let up = CallRecord {
                outcome: Outcome::Unanswered,
                ..record
            };
            let now = state.borrow().clone();
            telephone.held().given = now.up.as_ref().map(|up| (number.to_owned(), up.given()));
            write(station, up.clone(), price, &now).await;
            let following = Following {
                station: station.clone(),
                call: up,
                price,
                state,
                answered: call.answered(),
                left: call.left(),
            };
            let writer = tokio::spawn(following.followed());
            let mut held = telephone.held();
            held.call = Some(Arc::clone(&call));
            held.writer = Some(writer);
            drop(held);
            station.tell(Event::Status);
            Ok(Ok(call))
        }
        Err(fault) => {
            telephone.held().shown = None;
            let fault = of_card(station, &sheet.line, fault).await?;
            let ended = state.borrow().clone();
            let failed = CallRecord {
                outcome: failover::outcome(&fault),
                fault: Some(failures::said(&fault).code),
                ..record
            };
            write(station, failed, sheet.line.price, &ended).await;
            station.tell(Event::Status);
            Ok(Err(fault))
        }
    }
}

/// Writes down that the card did not take its PIN, so that no call enters it again. A card that asks for
/// such a PIN is not one for which nobody has set any.
async fn of_card(
    station: &Station,
    line: &LineSettings,
    fault: DialFault,
) -> Result<DialFault, UiError> {
    const LOCKED: DialFault = DialFault::Call(CallFault::Modem(CallFailure::CardLocked));
    const NOT_TAKEN: DialFault = DialFault::Call(CallFault::Modem(CallFailure::PinNotTaken));
    if fault == LOCKED && line.pin_not_taken {
        return Ok(NOT_TAKEN);
    }
    if fault == NOT_TAKEN {
        station.apply(settings::note_pin_not_taken).await?;
    }
    Ok(fault)
}

/// A call that nobody waited for to the end: the Internet came back, or the clerk hung up or went
/// away.
struct Unfinished(Option<(Station, CallRecord, watch::Receiver<State>)>);

impl Drop for Unfinished {
    fn drop(&mut self) {
        let Some((station, record, state)) = self.0.take() else {
            return;
        };
        station.telephone().held().shown = None;
        let state = state.borrow().clone();
        let outcome = if state.dialed.is_some() {
            Outcome::Failed
        } else {
            Outcome::NotDialed
        };
        let record = CallRecord { outcome, ..record };
        // Without a runtime the program ends, and the call stays counted as it was dialed.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                write(&station, record, CallPrice::default(), &state).await;
                station.tell(Event::Status);
            });
        }
    }
}

/// A call that is up, until its modem has hung up.
struct Following {
    station: Station,
    /// As it is written down so far.
    call: CallRecord,
    price: CallPrice,
    state: watch::Receiver<State>,
    answered: watch::Receiver<bool>,
    /// Whether it ends by wish.
    left: Arc<AtomicBool>,
}

impl Following {
    /// Writes down that the data center answered over it, and how it ended; tells the window of
    /// every step.
    async fn followed(mut self) {
        let mut may_answer = true;
        loop {
            tokio::select! {
                biased;
                came = comes(&mut self.answered), if may_answer => {
                    may_answer = false;
                    if came {
                        self.call.outcome = Outcome::Reached;
                        self.write().await;
                    }
                }
                changed = self.state.changed() => {
                    // The pump's thread is the only sender, and ends after the modem has hung up.
                    if changed.is_err() {
                        break;
                    }
                    self.station.tell(Event::Status);
                    if self.state.borrow_and_update().hung_up.is_some() {
                        break;
                    }
                }
            }
        }
        let ended = self.state.borrow().ended.and_then(Result::err);
        let why = ended.map(failures::code);
        let is_vain = self.call.outcome == Outcome::Unanswered;
        let why = match why {
            // Nobody waited for an answer any more: nothing is known of the data center.
            None if is_vain && self.left.load(Ordering::SeqCst) => {
                self.call.outcome = Outcome::Failed;
                None
            }
            None if is_vain => Some(Code::CallUnanswered),
            why => why,
        };
        self.call.fault = why.map(|code| code.name().to_owned());
        self.write().await;
    }

    async fn write(&self) {
        let state = self.state.borrow().clone();
        write(&self.station, self.call.clone(), self.price, &state).await;
        self.station.tell(Event::Status);
    }
}

/// Waits for an answer; whether there was one when nobody could give it any more.
async fn comes(answered: &mut watch::Receiver<bool>) -> bool {
    answered.wait_for(|answered| *answered).await.is_ok()
}

async fn write(station: &Station, record: CallRecord, price: CallPrice, state: &State) {
    let record = CallRecord {
        seconds: seconds(state),
        cost: cost(price, state),
        said: state.said.clone(),
        ..record
    };
    let written = station
        .apply(move |owner| settings::put_call(owner, record))
        .await;
    if let Err(fault) = written {
        tracing::warn!(code = fault.code, "a call was not written down");
    }
}

/// Everything a call is made with.
fn order(
    station: &Station,
    sheet: &Sheet,
    number: &str,
    server: &str,
    names: Option<DialCredentials>,
) -> Result<Order, BadNumber> {
    let given = station.telephone().held().given.clone();
    let given = given.filter(|(from, _)| from == number);
    let again = given.map(|(_, given)| given);
    let line = &sheet.line;
    let kind = line.kind();
    let pin = sheet.secrets.card_pin.as_deref();
    let pin = pin.filter(|_| !line.pin_not_taken);
    let mut profile = profiles::profile(kind, Some(&line.apn), pin)?;
    profile.pulse = line.pulse;
    if !line.prefix.is_empty() && !kind.is_mobile {
        profile.prefix = Some(Number::parse(&line.prefix)?);
    }
    let number = if kind.is_mobile {
        shared::modem::Profile::mobile_number()
    } else {
        Number::parse(number)?
    };
    let longest = Duration::from_secs(u64::from(line.cap_minutes()).saturating_mul(60));
    let seed = Zeroizing::new(crypto::random_bytes());
    Ok(Order {
        device: line.device.clone(),
        plan: Box::new(move |has_lines| Plan {
            profile,
            number,
            terms: Terms::caller(0, names, seed).again(again),
            has_lines,
            longest,
        }),
        folder: station.folder().to_owned(),
        server: server.to_owned(),
        kept: sheet.kept,
    })
}

/// The name and password for the access server: those that were set.
fn credentials(line: &LineSettings, secrets: &LineSecrets) -> Option<DialCredentials> {
    if line.dial_name.is_empty() {
        return None;
    }
    let password = Zeroizing::new(secrets.password.clone().unwrap_or_default());
    DialCredentials::new(&line.dial_name, password).ok()
}

/// What the data center's own lines are opened with: as it has sent it, and nothing while the store
/// is sealed.
///
/// # Errors
/// `damaged_store`, and the faults of the store.
pub(crate) fn own_name(owner: &Owner) -> Result<Option<DialCredentials>, UiError> {
    if !owner.store().is_unlocked() {
        return Ok(None);
    }
    let sent = keys::dial_in(owner)?;
    Ok(sent.and_then(|sent| sent.credentials().ok()))
}

/// Whether a telephone line is set up.
pub(crate) fn is_ready(owner: &Owner) -> Result<bool, UiError> {
    Ok(settings::read(owner)?.is_ready())
}

/// The data center's address.
pub(crate) fn server(owner: &Owner) -> Result<String, UiError> {
    let damaged = || say(Code::DamagedStore, &[("what", "the data center's address")]);
    owner.store().setting(names::SERVER)?.ok_or_else(damaged)
}
