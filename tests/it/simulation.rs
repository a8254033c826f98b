//! One seeded simulation of money: stations, a data center and a line that loses, doubles,
//! reorders, cuts and bends, against a reference model of registers and ledger.
//!
//! The model is told only what the line did, never what the program answered; after each step the
//! registers of every station and the sums of the ledger must be the model's.

mod model;
mod money;

use std::sync::{Arc, Mutex};

use server::admin::call::AdminCall;
use server::clock::Clock as _;
use shared::ids::PieceSerial;
use shared::money::Mills;
use shared::vault::{Action, Debit, Vault};
use station::api::PieceState;
use station::contact::link::Link;
use station::contact::round::{Met, meet_over};
use station::station::CLERK_USER;
use station::store::pieces::{PieceFacts, PieceRow};
use system_tests::exchange::Chance;
use system_tests::line::{Line, Passed, Trick};
use system_tests::town::{Counter, Town, asking, next_debit};

use model::{Model, Sums};

/// Seeds of an ordinary run, and of a long one.
const SEEDS: u64 = 30;
const LONG_SEEDS: u64 = 1_000;

/// Seeds that share a town; enrolments need its TLS certificate to be of today.
const SEEDS_PER_TOWN: u64 = 10;

/// Steps of one seed.
const STEPS: u32 = 40;

/// Stations of one seed.
const STATIONS: usize = 2;

/// Random numbers: the same seed gives the same run.
struct Dice(Chance);

impl Dice {
    const fn new(seed: u64) -> Self {
        Self(Chance::new(seed))
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0.below(end)
    }

    fn place(&mut self) -> usize {
        usize::try_from(self.0.next() >> 33).unwrap()
    }

    /// What the line does next: as often nothing as something.
    fn trick(&mut self) -> Trick {
        let place = self.place();
        match self.below(20) {
            0 => Trick::LoseRequest,
            1 => Trick::LoseReply,
            2 => Trick::Twice,
            3 => Trick::Late(place),
            4 => Trick::Trailing(place),
            5 => Trick::CutRequest(place),
            6 => Trick::FlipRequest(place),
            7 => Trick::CutReply(place),
            8 => Trick::FlipReply(place),
            9 => Trick::OldReply(place),
            10 => Trick::NoLine,
            _ => Trick::None,
        }
    }
}

/// A station under test with all that ever passed on its line.
struct Place {
    name: String,
    counter: Option<Counter>,
    past: Vec<Passed>,
}

impl Place {
    fn counter(&self) -> &Counter {
        self.counter.as_ref().unwrap()
    }
}

/// What happened how often, so that a run that does nothing is seen.
#[derive(Default, Debug)]
struct Count {
    debits: u32,
    refused_debits: u32,
    contacts: u32,
    crashes: u32,
    messages: u32,
    tricks: u32,
    returned: u32,
    refunds: u32,
    reversed: u32,
    ended: u32,
}

struct Run {
    town: Arc<Town>,
    seed: u64,
    dice: Dice,
    model: Model,
    places: Vec<Place>,
    deposits: u32,
    /// Payments of this seed that the bank may take back: reference and mills.
    payments: Vec<(String, u64)>,
    /// Pieces of this seed that may be claimed: station, counter and mills.
    pieces: Vec<(usize, u32, u64)>,
    /// Pieces of this seed that were credited.
    credited: Vec<PieceSerial>,
    /// Stations whose vault has ended in the books.
    ended: Vec<usize>,
    count: Count,
}

impl Run {
    async fn begin(town: &Arc<Town>, seed: u64, before: Sums) -> Self {
        let mut places = Vec::new();
        for number in 0..STATIONS {
            let name = format!("s{seed}-{number}");
            let counter = town.open_station(&name).unwrap();
            counter.enrol(&town.url, &town.code().await).await.unwrap();
            places.push(Place {
                name,
                counter: Some(counter),
                past: Vec::new(),
            });
        }
        let mut run = Self {
            town: Arc::clone(town),
            seed,
            dice: Dice::new(seed),
            model: Model::new(STATIONS, before),
            places,
            deposits: 0,
            payments: Vec::new(),
            pieces: Vec::new(),
            credited: Vec::new(),
            ended: Vec::new(),
            count: Count::default(),
        };
        // The first contact of an enrolment may or may not have got through: begin level.
        for index in 0..STATIONS {
            run.contact(index, None, false).await;
        }
        run
    }

    async fn step(&mut self, number: u32) {
        let index = usize::try_from(self.dice.below(2)).unwrap() % STATIONS;
        match self.dice.below(31) {
            0..=10 => self.debit(index).await,
            11..=14 => {
                let mills = 1 + self.dice.below(260_000);
                self.contact(index, Some(mills), true).await;
            }
            15..=17 => self.contact(index, None, true).await,
            18..=19 => self.crash(index),
            20..=21 => self.deposit(number).await,
            22..=23 => self.turn_clock(),
            24 => self.take_payment_back().await,
            25..=27 => self.claim(index).await,
            28..=29 => self.scan().await,
            _ => self.order_end(index).await,
        }
        self.compare(&format!("step {number}")).await;
    }

    async fn debit(&mut self, index: usize) {
        let mills = match self.dice.below(8) {
            0 => 50_000 + self.dice.below(60_000),
            _ => 1 + self.dice.below(9_000),
        };
        let debited = self.places[index]
            .counter()
            .station
            .apply(move |owner| {
                let debit = next_debit(owner, mills);
                let (created, journal_seq) = (owner.now().0, owner.store().mark().journal_size);
                let row = piece(&debit, created, journal_seq);
                owner.act(&Action::Debit(debit), CLERK_USER, |tx, _| {
                    Ok(tx.add_piece(&row, b"")?)
                })?;
                Ok(debit.counter)
            })
            .await;
        if let Ok(counter) = &debited {
            self.pieces.push((index, *counter, mills));
        }
        let word = debited.map_or_else(|refused| refused.code, |_| "done".to_owned());
        let expected = self.model.debit(index, mills, self.town.clock.now(), &word);
        assert_eq!(word, expected, "{}", self.words("a debit"));
        if word == "done" {
            self.count.debits += 1;
        } else {
            self.count.refused_debits += 1;
        }
    }

    /// A contact, over a line with or without tricks, with or without a refill.
    async fn contact(&mut self, index: usize, refill: Option<u64>, tricky: bool) {
        self.count.contacts += 1;
        // Services run side by side: each has its own dice, or the seed would not decide.
        let mut dice: Vec<Dice> = (0..4).map(|_| Dice::new(self.dice.0.next())).collect();
        let tricks = Arc::new(Mutex::new(0_u32));
        let counted = Arc::clone(&tricks);
        let place = &mut self.places[index];
        let past = std::mem::take(&mut place.past);
        let before = past.len();
        let station = place.counter().station.clone();
        let line = Line::new(&self.town.center, &station, past, move |path| {
            let own = match path {
                "/v1/funds/refill" | "/v1/funds/sync" | "/v1/funds/withdraw" => 0,
                "/v1/keys/renew" | "/door/renew" => 1,
                "/v1/funds/journal" | "/v1/funds/refund" => 3,
                _ => 2,
            };
            let trick = match tricky {
                true if own == 2 => below_tls(dice[own].trick()),
                true => dice[own].trick(),
                false => Trick::None,
            };
            *counted.lock().unwrap() += u32::from(trick != Trick::None);
            trick
        });
        let asked = asking(refill.map(|mills| Mills::new(mills).unwrap()));
        let link: Arc<dyn Link> = line.clone();
        let met = meet_over(&station, &link, asked).await;
        let passed = line.passed();
        drop((line, link, station));
        let now = self.town.clock.now();
        let refill_waits = self.model.begin_contact(index, refill);
        for one in &passed[before..] {
            for never in [
                "vault_frozen",
                "out_of_sequence",
                "fault",
                "wrong_statement",
            ] {
                assert_ne!(
                    one.refused.as_deref(),
                    Some(never),
                    "{}",
                    self.words("a message")
                );
            }
            // Pages of the journal move no mill; what claims move is looked up.
            let numbered = ["refill", "sync", "withdraw"];
            if one
                .path
                .strip_prefix("/v1/funds/")
                .is_some_and(|path| numbered.contains(&path))
            {
                self.model.passed(index, one, now);
            }
            self.count.messages += 1;
        }
        self.count.tricks += *tricks.lock().unwrap();
        self.places[index].past = passed;
        self.look_up_claims().await;
        self.look_up_end(index).await;
        if !tricky {
            let met = met.unwrap_or_else(|fault| {
                unreachable!("{}: {fault:?}", self.words("a clean contact"))
            });
            self.assert_served(index, &met, refill_waits);
        }
    }

    /// After a clean contact every service was served or had nothing to ask; but for a refill that
    /// is refused, and for a station that has ended, which is served no more.
    fn assert_served(&self, index: usize, met: &Met, refill_waits: bool) {
        for service in &met.view.services {
            let fine = ["served", "nothing"].contains(&service.outcome.as_str());
            let funds = service.service == "funds";
            let refused = if funds {
                refill_waits
            } else {
                self.model.returned(index).is_some()
            };
            assert!(fine || refused, "{}: {service:?}", self.words("clean"));
        }
    }

    /// The program ends between two steps and starts again.
    fn crash(&mut self, index: usize) {
        self.count.crashes += 1;
        let place = &mut self.places[index];
        drop(place.counter.take());
        place.counter = Some(self.town.open_station(&place.name).unwrap());
    }

    async fn deposit(&mut self, step: u32) {
        let mills = 1_000 * (1 + self.dice.below(400));
        let amount = Mills::new(mills).unwrap().to_string();
        self.deposits += 1;
        let reference = format!("{}-{step}-{}", self.seed, self.deposits);
        self.town.deposit(&amount, &reference).await;
        self.model.deposit(mills);
        self.payments.push((reference, mills));
    }

    /// Mostly forward, sometimes far, sometimes a little back as clocks do when they are set.
    fn turn_clock(&mut self) {
        let seconds = match self.dice.below(8) {
            0 => -i64::try_from(self.dice.below(1_800)).unwrap(),
            1 => 86_400 * i64::try_from(self.dice.below(12)).unwrap(),
            _ => i64::try_from(self.dice.below(86_400)).unwrap(),
        };
        let now = self.town.clock.now().plus_seconds(seconds);
        self.town.turn_to(now);
    }

    async fn compare(&self, when: &str) {
        for (index, place) in self.places.iter().enumerate() {
            let registers = place
                .counter()
                .station
                .apply(|owner| Ok(owner.enrolled()?.registers()))
                .await
                .unwrap();
            let found = (
                registers.ascending().mills(),
                registers.descending().mills(),
                registers.control_total().mills(),
                registers.pieces(),
            );
            assert_eq!(found, self.model.registers(index), "{}", self.words(when));
            assert_eq!(found.0 + found.1, found.2, "{}", self.words(when));
        }
        let sums = sums(&self.town).await;
        assert_eq!(sums, self.model.sums(), "{}", self.words(when));
        assert!(sums.balance(), "{}: {sums:?}", self.words(when));
    }

    /// After a clean contact nothing is on its way and both sides agree.
    async fn end(&mut self) {
        self.pay_what_is_outstanding().await;
        for index in 0..STATIONS {
            // The first may only learn that an earlier refill is refused; the second states all.
            self.contact(index, None, false).await;
            self.contact(index, None, false).await;
            self.compare("the end").await;
        }
        // Most claims reach the data center only now; half of the seeds see one turn up.
        if self.dice.below(2) == 0 {
            self.scan().await;
            self.compare("a late scan").await;
        }
        self.model.assert_agreed();
        for place in &self.places {
            let (vault, records) = place
                .counter()
                .station
                .apply(|owner| {
                    let vault = owner.enrolled()?.clone();
                    let size = vault.journal_size();
                    Ok((vault, owner.store().records(0, size)?))
                })
                .await
                .unwrap();
            let replayed = Vault::replay_all(records.iter().map(Vec::as_slice)).unwrap();
            assert_eq!(replayed, Some(vault), "{}", self.words("the journal"));
        }
        let shown = self
            .town
            .admin(AdminCall::Statistics(Default::default()))
            .await;
        let sums = &shown[0]["reconciliation"];
        assert_eq!(sums["alarms"], 0, "{}: {sums}", self.words("statistics"));
        assert_eq!(
            sums["hold"],
            sums["vaults"],
            "{}: {sums}",
            self.words("statistics")
        );
    }

    fn words(&self, what: &str) -> String {
        format!(
            "{what}; again with: PENNYBLACK_SEED={} cargo test --workspace --test it simulation",
            self.seed
        )
    }
}

/// The list's row of a debited piece.
fn piece(debit: &Debit, created: i64, journal_seq: u64) -> PieceRow {
    PieceRow {
        counter: debit.counter,
        state: PieceState::Printed,
        created,
        journal_seq,
        facts: PieceFacts {
            class: "first-class".to_owned(),
            shape: "letter".to_owned(),
            weight_nanograms: 28_349_523_125,
            postage: debit.postage,
            date: debit.date,
            destination: "10001".to_owned(),
            place: None,
            cost_centre: None,
            category: String::from_utf8_lossy(&debit.category).into_owned(),
            certificate: 0,
            priced_by: None,
            amends: None,
        },
        raster: debit.raster,
        job_key: None,
        message: None,
    }
}

/// What is left of a trick below TLS, which protects what is not sealed: it breaks off, and is
/// never altered.
const fn below_tls(trick: Trick) -> Trick {
    match trick {
        Trick::CutRequest(_) | Trick::FlipRequest(_) => Trick::LoseRequest,
        Trick::CutReply(_) | Trick::FlipReply(_) | Trick::OldReply(_) => Trick::LoseReply,
        Trick::None
        | Trick::NoLine
        | Trick::LoseRequest
        | Trick::LoseReply
        | Trick::Twice
        | Trick::Late(_)
        | Trick::Trailing(_) => trick,
    }
}

/// The sums of the ledger, after all its hashes were computed again.
async fn sums(town: &Town) -> Sums {
    let shown = town.admin(AdminCall::LedgerVerify).await;
    let sum = |name: &str| shown[0][name].as_i64().unwrap();
    Sums {
        payments: sum("payments_less_pay_outs"),
        customers: sum("customers"),
        in_transit: sum("in_transit"),
        held: sum("held"),
        vaults: sum("vaults"),
        printed: sum("printed"),
        refunded: sum("refunded"),
    }
}

async fn run(seeds: impl Iterator<Item = u64>) -> Count {
    let mut town: Option<Arc<Town>> = None;
    let mut total = Count::default();
    for (number, seed) in seeds.enumerate() {
        if u64::try_from(number)
            .unwrap()
            .is_multiple_of(SEEDS_PER_TOWN)
        {
            town = Some(Arc::new(Town::with_deposit("500.00").await));
        }
        let town = town.as_ref().unwrap();
        let mut run = Run::begin(town, seed, sums(town).await).await;
        for step in 0..STEPS {
            run.step(step).await;
        }
        run.end().await;
        let count = run.count;
        total.debits += count.debits;
        total.refused_debits += count.refused_debits;
        total.contacts += count.contacts;
        total.crashes += count.crashes;
        total.messages += count.messages;
        total.tricks += count.tricks;
        total.returned += count.returned;
        total.refunds += count.refunds;
        total.reversed += count.reversed;
        total.ended += count.ended;
    }
    total
}

#[tokio::test(flavor = "multi_thread")]
async fn any_sequence_of_debits_refills_crashes_and_line_faults_keeps_every_mill() {
    let chosen = std::env::var("PENNYBLACK_SEED").ok();
    if let Some(seed) = chosen.and_then(|text| text.parse::<u64>().ok()) {
        println!("{:?}", run(std::iter::once(seed)).await);
        return;
    }
    let long = std::env::var_os("PENNYBLACK_LONG").is_some();
    let seeds = if long { LONG_SEEDS } else { SEEDS };
    let count = run(0..seeds).await;
    println!("{seeds} seeds: {count:?}");
    assert!(count.debits > 100 && count.refused_debits > 10, "{count:?}");
    assert!(count.crashes > 50 && count.tricks > 100, "{count:?}");
    assert!(count.returned > 5 && count.ended > 3, "{count:?}");
    assert!(count.refunds > 10 && count.reversed > 2, "{count:?}");
}
