//! What bad input gets: a code, a sentence and a hint; nothing debited, nothing lost, no panic.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use rusqlite::Connection;
use server::admin::call::AdminCall;
use server::admin::money::MoneyCall;
use server::clock::Clock as _;
use shared::clock::civil_date;
use shared::vault::{Action, Freeze, FreezeReason};
use station::api::{Call, PrintCall, PrintOut, QuoteCall, UiError};
use station::station::{Clock, STATION_USER, names};
use station::store::DATABASE;
use system_tests::town::{Counter, Town};

/// The table that a person reads in one sitting.
#[derive(Default)]
struct Table {
    text: String,
    count: u32,
}

impl Table {
    /// Writes down one refusal; paths and addresses of this run are left out.
    fn add(&mut self, what: &str, folder: &Path, refused: &UiError) {
        assert!(
            !refused.code.is_empty() && !refused.hint.is_empty(),
            "{what}: {refused:?}"
        );
        assert!(refused.message.ends_with(['.', '?']), "{what}: {refused:?}");
        let path = folder.display().to_string();
        let message = undated(&refused.message.replace(&path, "[folder]"));
        let hint = refused.hint.replace(&path, "[folder]");
        writeln!(
            self.text,
            "{what}\n  {} ({:?})\n  {message}\n  {hint}",
            refused.code, refused.kind
        )
        .unwrap();
        self.count += 1;
    }
}

/// The text without the days of this run.
fn undated(text: &str) -> String {
    let day = |word: &str| word.len() == 10 && word.parse::<jiff::civil::Date>().is_ok();
    let words = text.split(' ').map(|word| {
        let bare = word.trim_end_matches(['.', ',']);
        if day(bare) {
            word.replace(bare, "[day]")
        } else {
            word.to_owned()
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// Tries a call that must be refused, and holds registers and journal against those before.
async fn refused(table: &mut Table, what: &str, counter: &Counter, call: Call) -> String {
    let before = state(counter).await;
    let Err(refused) = counter.station.call(call).await else {
        unreachable!("{what} was not refused")
    };
    assert_eq!(state(counter).await, before, "{what}");
    table.add(what, counter.folder.parent().unwrap(), &refused);
    refused.code
}

/// Ascending, descending, pieces listed.
async fn state(counter: &Counter) -> (u64, u64, u64, i64) {
    counter
        .station
        .apply(|owner| {
            let vault = owner.enrolled()?;
            let registers = vault.registers();
            let listed = owner
                .store()
                .sql()
                .query_row("SELECT count(*) FROM pieces", [], |row| row.get(0))
                .unwrap();
            Ok((
                registers.ascending().mills(),
                registers.descending().mills(),
                registers.pieces(),
                listed,
            ))
        })
        .await
        .unwrap()
}

fn letter() -> QuoteCall {
    QuoteCall {
        class: "first-class".to_owned(),
        shape: "letter".to_owned(),
        weight: "1oz".to_owned(),
        to: "10001".to_owned(),
        ..Default::default()
    }
}

fn print(counter: &Counter, quote: QuoteCall) -> Call {
    Call::Print(PrintCall {
        quote,
        out: Some(PrintOut::Files {
            pdf: None,
            png: Some(counter.folder.join("refused.png").display().to_string()),
            escpos: None,
        }),
        ..Default::default()
    })
}

/// A letter that is asked for in another way.
fn letter_with(change: impl FnOnce(&mut QuoteCall)) -> QuoteCall {
    let mut quote = letter();
    change(&mut quote);
    quote
}

type Case = (&'static str, &'static str, QuoteCall);

fn bad_places_and_weights() -> Vec<Case> {
    let to = |zip: &str| letter_with(|quote| quote.to = zip.to_owned());
    let weight = |weight: &str| letter_with(|quote| quote.weight = weight.to_owned());
    let flat = letter_with(|quote| {
        quote.shape = "flat".to_owned();
        quote.weight = "5oz".to_owned();
        quote.price = Some("retail".to_owned());
    });
    let pigeon = letter_with(|quote| quote.class = "pigeon".to_owned());
    vec![
        ("an unknown ZIP", "unknown_zip", to("00000")),
        ("no ZIP at all", "bad_input", to("123")),
        (
            "a letter over the limit of its class",
            "overweight",
            weight("14oz"),
        ),
        ("a weight of nothing", "bad_input", weight("0oz")),
        ("a weight that is none", "bad_input", weight("heavy")),
        ("a price cell the edition lacks", "missing_cell", flat),
        ("a class that is none", "bad_input", pigeon),
    ]
}

fn bad_dates(yesterday: &str) -> Vec<Case> {
    let on = |date: &str| letter_with(|quote| quote.date = Some(date.to_owned()));
    vec![
        ("yesterday", "date_out_of_range", on(yesterday)),
        (
            "a day before all rates",
            "date_out_of_range",
            on("2020-01-01"),
        ),
        ("far ahead", "date_out_of_range", on("2099-01-01")),
        ("a date that is none", "bad_input", on("soon")),
    ]
}

async fn rates(table: &mut Table, town: &Town, counter: &Counter) {
    let yesterday = civil_date(town.clock.now().plus_days(-1)).to_string();
    let mut cases = bad_places_and_weights();
    cases.extend(bad_dates(&yesterday));
    for (what, code, quote) in cases {
        let found = refused(table, what, counter, print(counter, quote)).await;
        assert_eq!(found, code, "{what}");
    }
}

/// The disk is full: the database may not grow by a page.
async fn disk_full(table: &mut Table, counter: &Counter) {
    let pages = |pages: Option<i64>| {
        counter.station.apply(move |owner| {
            let sql = owner.store().sql();
            let now: i64 = sql
                .query_row("PRAGMA page_count", [], |row| row.get(0))
                .unwrap();
            let most = pages.unwrap_or(now);
            sql.query_row(&format!("PRAGMA max_page_count = {most}"), [], |_| Ok(()))
                .unwrap();
            Ok(())
        })
    };
    pages(None).await.unwrap();
    // Some letters still fit into the pages there are.
    let mut fitted = 0;
    let full = loop {
        let before = state(counter).await;
        match counter.station.call(print(counter, letter())).await {
            Ok(_) => fitted += 1,
            Err(full) => {
                assert_eq!(state(counter).await, before);
                break full;
            }
        }
        assert!(fitted < 20, "the disk never fills");
    };
    assert_eq!(full.code, "disk_full");
    table.add("a full disk", counter.folder.parent().unwrap(), &full);
    pages(Some(1 << 30)).await.unwrap();
    counter.print_letter("1oz", "10001").await.unwrap();
}

/// Refusals of vault, account and line.
async fn money(table: &mut Table, town: &Town, counter: &Counter) {
    let code = refused(
        table,
        "a vault that was never refilled",
        counter,
        print(counter, letter()),
    )
    .await;
    assert_eq!(code, "never_refilled");
    let refill = |amount: &str| {
        Call::Refill(station::api::RefillCall {
            amount: amount.to_owned(),
        })
    };
    for (what, amount, code) in [
        (
            "a refill above what a vault may hold",
            "900.00",
            "too_much_value",
        ),
        (
            "a refill the account does not cover",
            "400.00",
            "account_insufficient_funds",
        ),
        ("a refill of nothing", "0", "refill_of_nothing"),
        ("a refill that is no amount", "lots", "not_an_amount"),
        ("a refill below zero", "-5", "not_an_amount"),
    ] {
        assert_eq!(
            refused(table, what, counter, refill(amount)).await,
            code,
            "{what}"
        );
    }
    assert_eq!(town.balance().await, 100_000);
    counter.refill("0.50").await.unwrap();
    let code = refused(
        table,
        "a vault that holds too little",
        counter,
        print(counter, letter()),
    )
    .await;
    assert_eq!(code, "insufficient_funds");
    counter.refill("50.00").await.unwrap();
    let address = setting(counter, "https://127.0.0.1:1").await;
    let gone = counter.station.call(refill("5.00")).await.unwrap_err();
    assert_eq!(gone.code, "unreachable");
    let gone = UiError {
        message: "The data center cannot be reached: [reason]. No money moved.".to_owned(),
        ..gone
    };
    table.add("an unreachable data center", &counter.folder, &gone);
    setting(counter, &address).await;
    counter.contact().await.unwrap();
    assert_eq!(counter.status().await.registers.control_total, 50_500);
}

/// Sets the data center's address; the one before.
async fn setting(counter: &Counter, address: &str) -> String {
    let address = address.to_owned();
    counter
        .station
        .apply(move |owner| {
            let before = owner.store().setting(names::SERVER)?.unwrap();
            owner.write("another address", |tx| {
                Ok(tx.put_setting(names::SERVER, &address)?)
            })?;
            Ok(before)
        })
        .await
        .unwrap()
}

/// A store that was edited while it was closed.
fn edited(table: &mut Table, town: &Town, counter: Counter) {
    let folder = counter.folder.clone();
    drop(counter);
    let db = Connection::open(folder.join(DATABASE)).unwrap();
    db.execute("UPDATE vault SET journal_size = journal_size - 1", [])
        .unwrap();
    drop(db);
    let damaged = town.open_station("one").map(drop).unwrap_err();
    assert_eq!(damaged.code, "damaged_store");
    table.add("a store that was edited", &folder, &damaged);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_gets_a_code_a_sentence_and_a_hint_and_debits_nothing() {
    let town = Town::with_deposit("100.00").await;
    let mut table = Table::default();
    let stranger = town.open_station("stranger").unwrap();
    let not_enrolled = stranger
        .station
        .call(print(&stranger, letter()))
        .await
        .unwrap_err();
    table.add(
        "a station that is not enrolled",
        &stranger.folder,
        &not_enrolled,
    );
    let no_code = stranger.enrol(&town.url, "ABC").await.unwrap_err();
    table.add("a code that is none", &stranger.folder, &no_code);

    let counter = town.enrolled("one").await;
    money(&mut table, &town, &counter).await;
    rates(&mut table, &town, &counter).await;
    disk_full(&mut table, &counter).await;

    let psd = counter.status().await.station.unwrap();
    town.admin(AdminCall::StationLock {
        station: psd.clone(),
    })
    .await;
    let call = Call::Refill(station::api::RefillCall {
        amount: "5.00".to_owned(),
    });
    let code = refused(
        &mut table,
        "a station locked by an admin",
        &counter,
        call.clone(),
    )
    .await;
    assert_eq!(code, "station_locked");
    town.money(MoneyCall::StationLost { station: psd }).await;
    let code = refused(&mut table, "a revoked certificate", &counter, call).await;
    assert_eq!(code, "certificate_revoked");

    town.turn_days(29);
    let code = refused(
        &mut table,
        "four weeks without a contact",
        &counter,
        print(&counter, letter()),
    )
    .await;
    assert_eq!(code, "vault_locked");
    counter
        .station
        .apply(|owner| {
            let freeze = Action::Freeze(Freeze {
                reason: FreezeReason::Ordered,
            });
            owner.act(&freeze, STATION_USER, |_, _| Ok(()))
        })
        .await
        .unwrap();
    let code = refused(
        &mut table,
        "a frozen vault",
        &counter,
        print(&counter, letter()),
    )
    .await;
    assert_eq!(code, "vault_frozen");

    edited(&mut table, &town, counter);
    println!("{} refusals", table.count);
    insta::assert_snapshot!("what_bad_input_gets", table.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_whose_clock_is_days_ahead_is_not_refilled_until_its_day_has_come() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    drop(counter);
    let clock = Arc::clone(&town.clock);
    let ahead = move || clock.now().plus_days(3);
    let counter = town.open_with("one", Clock::told_by(ahead)).unwrap();
    let refused = counter.refill("5.00").await.unwrap_err();
    assert_eq!(refused.code, "wrong_clock");
    assert!(
        refused.message.contains("is kept and is completed once"),
        "{refused:?}"
    );
    assert_eq!(town.balance().await, 80_000);
    // Contacts go on, and so does everybody else.
    let met = counter.contact().await.unwrap();
    assert!(met.services.iter().any(|one| one.service == "funds"));
    let other = town.enrolled("two").await;
    other.refill("5.00").await.unwrap();
    drop(counter);
    // The clock is set right: what was written down under the later day holds until it has come.
    let counter = town.open_station("one").unwrap();
    assert_eq!(
        counter.refill("5.00").await.unwrap_err().code,
        "wrong_clock"
    );
    town.turn_days(3);
    counter.refill("5.00").await.unwrap();
    town.assert_books_hold().await;
}
