//! Editions come into force by themselves and never go back, whatever the calendar does.

use jiff::civil::{DateTime, date};
use jiff::tz::TimeZone;
use shared::clock::UnixSeconds;
use shared::rates::Edition;

use crate::api::{BatchCall, BatchOut, Call, QuoteCall, View};
use crate::station::Clock;
use crate::station::fixture::{Desk, START, letter, letter_quote, runtime};
use crate::station::names;
use crate::store::editions::EditionRow;

const EDITION: &str = include_str!("../../../../../shared/data/editions/us-2026-07-12.json");

/// The edition of every desk under another name, from another day and with another price of a
/// letter.
fn edition(id: &str, effective: &str, price: &str) -> Edition {
    let source = EDITION
        .replacen("\"us-2026-07-12\"", &format!("\"{id}\""), 1)
        .replacen("\"2026-07-12\"", &format!("\"{effective}\""), 1)
        .replacen("\"0.78\"", &format!("\"{price}\""), 1);
    let edition = Edition::from_json(&source).unwrap();
    assert_eq!(
        (edition.id(), edition.effective().to_string().as_str()),
        (id, effective)
    );
    edition
}

/// Brings editions to a desk, as a contact would.
fn arrive(desk: &Desk, editions: Vec<Edition>) {
    desk.station()
        .apply_blocking(move |owner| {
            owner.write("a test's editions", |tx| {
                for edition in &editions {
                    tx.put_edition(&EditionRow {
                        id: edition.id().to_owned(),
                        effective: edition.effective(),
                        content: edition.to_bytes(),
                    })?;
                }
                Ok(())
            })
        })
        .unwrap();
}

fn print(desk: &Desk, name: &str) {
    let call = Call::Print(letter(desk, name));
    let view = runtime().block_on(desk.station().call(call)).unwrap();
    assert!(matches!(view, View::Piece(_)), "{view:?}");
}

/// Edition and price of a letter mailed on a day, or today; or the refusal's code.
fn priced(desk: &Desk, day: Option<&str>) -> String {
    let call = QuoteCall {
        date: day.map(str::to_owned),
        ..letter_quote()
    };
    let answer = runtime().block_on(desk.station().call(Call::Quote(call)));
    match answer {
        Ok(View::Quote(quote)) => {
            let mills = shared::money::Mills::new(quote.price_mills).unwrap();
            let source = quote.steps[0].source.is_empty() || quote.steps[0].cell.is_empty();
            assert!(!source, "every price knows its cell and source");
            format!("{} {mills}", quote.edition)
        }
        Ok(other) => panic!("{other:?}"),
        Err(refusal) => refusal.code,
    }
}

#[test]
fn several_editions_ahead_come_into_force_one_after_the_other_without_a_line() {
    let desk = Desk::new();
    arrive(
        &desk,
        vec![
            edition("us-january", "2027-01-10", "0.80"),
            edition("us-december", "2026-12-01", "0.79"),
        ],
    );
    assert_eq!(priced(&desk, None), "us-2026-07-12 0.78");
    desk.pass_days(12);
    assert_eq!(priced(&desk, None), "us-2026-07-12 0.78", "30 November");
    desk.pass_seconds(12 * 3_600 - 1);
    assert_eq!(
        priced(&desk, None),
        "us-2026-07-12 0.78",
        "a second before midnight"
    );
    desk.pass_seconds(1);
    assert_eq!(priced(&desk, None), "us-december 0.79", "midnight");
    desk.pass_days(40);
    assert_eq!(priced(&desk, None), "us-january 0.80", "10 January");
}

#[test]
fn the_date_of_mailing_decides_on_either_side_of_the_border() {
    let desk = Desk::new();
    arrive(&desk, vec![edition("us-december", "2026-12-01", "0.79")]);
    assert_eq!(priced(&desk, Some("2026-11-30")), "us-2026-07-12 0.78");
    assert_eq!(priced(&desk, Some("2026-12-01")), "us-december 0.79");
    assert_eq!(priced(&desk, Some("2026-11-17")), "date_out_of_range");
    assert_eq!(
        priced(&desk, None),
        "us-2026-07-12 0.78",
        "looking ahead switches nothing"
    );
}

#[test]
fn a_clock_that_was_ahead_for_a_look_holds_nothing_up() {
    let mut desk = Desk::new();
    arrive(&desk, vec![edition("us-march", "2027-03-01", "0.90")]);
    desk.pass_days(120);
    let status = || {
        runtime()
            .block_on(desk.station().call(Call::Status))
            .unwrap()
    };
    let View::Status(ahead) = status() else {
        panic!("a status")
    };
    assert_eq!(ahead.edition.unwrap().id, "us-march");
    assert_eq!(priced(&desk, None), "us-march 0.90");
    desk.pass_days(-120);
    assert_eq!(priced(&desk, None), "us-2026-07-12 0.78");
    print(&desk, "after the clock was put right");
    // A store whose floor an earlier program has raised by a look.
    desk.station()
        .apply_blocking(|owner| {
            owner.write("a floor", |tx| {
                Ok(tx.put_setting(names::RATES_FLOOR, "2027-03-01")?)
            })
        })
        .unwrap();
    desk.restart();
    assert_eq!(priced(&desk, None), "us-2026-07-12 0.78");
    print(&desk, "with an old floor");
}

#[test]
fn a_clock_that_is_turned_back_brings_no_old_price_back() {
    let mut desk = Desk::new();
    arrive(&desk, vec![edition("us-december", "2026-12-01", "0.79")]);
    desk.pass_days(13);
    assert_eq!(priced(&desk, None), "us-december 0.79");
    print(&desk, "a letter of December");
    desk.pass_days(-10);
    assert_eq!(
        priced(&desk, None),
        "us-december 0.79",
        "the clock says 21 November"
    );
    assert_eq!(priced(&desk, Some("2026-11-21")), "date_out_of_range");
    desk.restart();
    assert_eq!(
        priced(&desk, None),
        "us-december 0.79",
        "also after a new start"
    );
    arrive(&desk, vec![edition("us-november", "2026-11-20", "0.60")]);
    assert_eq!(
        priced(&desk, None),
        "us-december 0.79",
        "an older one changes nothing"
    );
}

#[test]
fn a_time_zone_to_the_west_brings_no_old_price_back() {
    // Half past midnight of the first of December in Guam: in Honolulu it is still November.
    let mut desk = Desk::in_zone(TimeZone::get("Pacific/Guam").unwrap());
    arrive(&desk, vec![edition("us-december", "2026-12-01", "0.79")]);
    desk.pass_days(12);
    desk.pass_seconds(2 * 3_600 + 1_800);
    print(&desk, "the first of December");
    assert_eq!(priced(&desk, None), "us-december 0.79");
    desk.move_to(TimeZone::get("Pacific/Honolulu").unwrap());
    assert_eq!(priced(&desk, None), "us-december 0.79");
}

#[test]
fn midnight_daylight_saving_and_leap_days_switch_by_the_local_calendar() {
    // Zone, an instant in UTC, and the local day then.
    let table = [
        ("America/New_York", "2026-07-12T03:59:59", date(2026, 7, 11)),
        ("America/New_York", "2026-07-12T04:00:00", date(2026, 7, 12)),
        // Clocks go back on 1 November 2026 at 2:00: the day has 25 hours.
        (
            "America/New_York",
            "2026-11-01T03:59:59",
            date(2026, 10, 31),
        ),
        ("America/New_York", "2026-11-01T04:00:00", date(2026, 11, 1)),
        ("America/New_York", "2026-11-02T04:59:59", date(2026, 11, 1)),
        ("America/New_York", "2026-11-02T05:00:00", date(2026, 11, 2)),
        // They go forward on 14 March 2027: the day has 23 hours.
        ("America/New_York", "2027-03-14T04:59:59", date(2027, 3, 13)),
        ("America/New_York", "2027-03-14T05:00:00", date(2027, 3, 14)),
        ("America/New_York", "2027-03-15T03:59:59", date(2027, 3, 14)),
        ("America/New_York", "2027-03-15T04:00:00", date(2027, 3, 15)),
        // 2028 is a leap year, 2100 is none.
        ("America/Chicago", "2028-02-29T05:59:59", date(2028, 2, 28)),
        ("America/Chicago", "2028-02-29T06:00:00", date(2028, 2, 29)),
        ("America/Chicago", "2028-03-01T06:00:00", date(2028, 3, 1)),
        ("America/Chicago", "2100-03-01T05:59:59", date(2100, 2, 28)),
        // Far from the date line and beyond it.
        ("Pacific/Honolulu", "2026-07-12T09:59:59", date(2026, 7, 11)),
        ("Pacific/Honolulu", "2026-07-12T10:00:00", date(2026, 7, 12)),
        ("Pacific/Guam", "2026-07-11T13:59:59", date(2026, 7, 11)),
        ("Pacific/Guam", "2026-07-11T14:00:00", date(2026, 7, 12)),
        // A zone whose midnight does not exist on the day clocks go forward.
        ("America/Santiago", "2026-09-06T03:59:59", date(2026, 9, 5)),
        ("America/Santiago", "2026-09-06T04:00:00", date(2026, 9, 6)),
    ];
    for (zone, instant, day) in table {
        let at: DateTime = instant.parse().unwrap();
        let at = at.to_zoned(TimeZone::UTC).unwrap().timestamp();
        let now = UnixSeconds(at.as_second());
        let clock = Clock::told_in(move || now, TimeZone::get(zone).unwrap());
        assert_eq!(clock.day_of(clock.now()), day, "{zone} {instant}");
    }
}

#[test]
fn an_edition_switches_at_local_midnight_of_its_first_day() {
    // 18 November 2026, noon UTC: in Honolulu it is two o'clock in the morning.
    for (zone, hours) in [
        ("UTC", 12),
        ("America/New_York", 17),
        ("Pacific/Honolulu", 22),
        ("Pacific/Guam", 2),
    ] {
        let desk = Desk::in_zone(TimeZone::get(zone).unwrap());
        arrive(&desk, vec![edition("us-next", "2026-11-19", "0.79")]);
        desk.pass_seconds(hours * 3_600 - 1);
        assert_eq!(priced(&desk, None), "us-2026-07-12 0.78", "{zone}");
        desk.pass_seconds(1);
        assert_eq!(priced(&desk, None), "us-next 0.79", "{zone}");
    }
    assert_eq!(START.0 % 86_400, 12 * 3_600);
}

#[test]
fn the_status_shows_what_is_in_force_and_what_comes() {
    let desk = Desk::new();
    arrive(
        &desk,
        vec![
            edition("us-january", "2027-01-10", "0.80"),
            edition("us-december", "2026-12-01", "0.79"),
        ],
    );
    let status = || {
        let view = runtime()
            .block_on(desk.station().call(Call::Status))
            .unwrap();
        let View::Status(status) = view else {
            panic!("{view:?}")
        };
        let coming: Vec<String> = status.coming.into_iter().map(|one| one.id).collect();
        (status.edition.unwrap().id, coming.join(" "), status.today)
    };
    let expect = |edition: &str, coming: &str, today: &str| {
        assert_eq!(
            status(),
            (edition.to_owned(), coming.to_owned(), today.to_owned())
        );
    };
    expect("us-2026-07-12", "us-december us-january", "2026-11-18");
    desk.pass_days(13);
    expect("us-december", "us-january", "2026-12-01");
    desk.pass_days(40);
    expect("us-january", "", "2027-01-10");
}

#[test]
fn a_batch_across_the_border_prices_both_sides_by_each_rows_own_date() {
    let desk = Desk::new();
    arrive(&desk, vec![edition("us-december", "2026-12-01", "0.79")]);
    let mut csv = "name,address,city,state,zip,class,shape,weight,date\n".to_owned();
    let days = [
        "2026-11-30",
        "2026-12-01",
        "",
        "2026-12-17",
        "2026-11-18",
        "2026-12-25",
    ];
    for (number, day) in days.iter().enumerate() {
        csv += &format!("N {number},1 Beacon St,Boston,MA,02108,first-class,letter,1oz,{day}\n");
    }
    let path = Some(desk.path("batch").display().to_string());
    let call = Call::Batch(BatchCall {
        csv,
        out: BatchOut::Folder { path },
    });
    let view = runtime().block_on(desk.station().call(call)).unwrap();
    let View::Batch(batch) = view else {
        panic!("{view:?}")
    };
    let postage: Vec<Option<u64>> = batch.results.iter().map(|row| row.postage_mills).collect();
    let (old, new) = (Some(780), Some(790));
    // The last lies more than 30 days ahead.
    assert_eq!(postage, [old, new, old, new, old, None]);
    assert_eq!((batch.printed, batch.refused), (5, 1));
}
