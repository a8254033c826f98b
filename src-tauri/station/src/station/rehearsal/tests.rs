//! What a coming edition shows of this station's presets and waiting batches.

use shared::rates::Edition;

use crate::api::{
    BatchCall, BatchOut, Call, NamedCall, Preset, PresetsView, PutBatchCall, PutPresetCall,
    RehearsalView, RehearseCall, UiError, View, WaitingBatchView,
};
use crate::station::fixture::{Desk, call};
use crate::store::editions::EditionRow;

const EDITION: &str = include_str!("../../../../../shared/data/editions/us-2026-07-12.json");

const HEADER: &str = "name,address,city,state,zip,class,shape,weight,date\n";

/// An edition of the next month: a letter costs more, certified mail less, two ounces nothing known.
fn arrive(desk: &Desk) {
    let source = EDITION
        .replacen("\"us-2026-07-12\"", "\"us-december\"", 1)
        .replacen("\"2026-07-12\"", "\"2026-12-01\"", 1)
        .replacen("\"0.78\"", "\"0.80\"", 1)
        .replacen("\"1.07\"", "null", 1)
        .replace("\"5.55\"", "\"5.05\"");
    let edition = Edition::from_json(&source).unwrap();
    desk.station()
        .apply_blocking(move |owner| {
            owner.write("a test's edition", |tx| {
                Ok(tx.put_edition(&EditionRow {
                    id: edition.id().to_owned(),
                    effective: edition.effective(),
                    content: edition.to_bytes(),
                })?)
            })
        })
        .unwrap();
}

fn preset(name: &str, weight: &str, extras: &[&str]) -> Preset {
    Preset {
        name: name.to_owned(),
        class: "first-class".to_owned(),
        shape: "letter".to_owned(),
        weight: Some(weight.to_owned()),
        extras: extras.iter().map(|extra| (*extra).to_owned()).collect(),
        ..Preset::default()
    }
}

fn put(desk: &Desk, preset: Preset) -> Result<PresetsView, UiError> {
    let View::Presets(view) = call(desk, Call::PutPreset(PutPresetCall { preset }))? else {
        panic!("presets")
    };
    Ok(view)
}

fn rehearsed(desk: &Desk) -> RehearsalView {
    let View::Rehearsal(view) = call(desk, Call::Rehearse(RehearseCall::default())).unwrap() else {
        panic!("a rehearsal")
    };
    view
}

fn waiting(desk: &Desk) -> Vec<WaitingBatchView> {
    let View::WaitingBatches(view) = call(desk, Call::WaitingBatches).unwrap() else {
        panic!("waiting batches")
    };
    view.batches
}

fn rows(days: &[(&str, &str)]) -> String {
    let lines = days.iter().enumerate().map(|(number, (weight, day))| {
        format!("N {number},1 Beacon St,Boston,MA,02108,first-class,letter,{weight},{day}\n")
    });
    HEADER.to_owned() + &lines.collect::<String>()
}

fn keep(desk: &Desk, name: &str, csv: String) {
    let put = PutBatchCall {
        name: name.to_owned(),
        csv,
    };
    call(desk, Call::PutBatch(put)).unwrap();
}

#[test]
fn presets_are_kept_favourites_first_and_survive_a_new_start() {
    let mut desk = Desk::new();
    put(&desk, preset("Letter", "1oz", &[])).unwrap();
    let favourite = Preset {
        favourite: true,
        advance_days: 1,
        ..preset("Writ", "1oz", &["certified"])
    };
    put(&desk, favourite.clone()).unwrap();
    desk.restart();
    let View::Presets(view) = call(&desk, Call::Presets).unwrap() else {
        panic!("presets")
    };
    let names: Vec<&str> = view.presets.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["Writ", "Letter"]);
    assert_eq!(view.presets[0], favourite);
    let named = || NamedCall {
        name: "Writ".to_owned(),
    };
    call(&desk, Call::RemovePreset(named())).unwrap();
    let again = call(&desk, Call::RemovePreset(named())).unwrap_err();
    assert_eq!(again.code, "bad_input");
}

#[test]
fn a_preset_that_cannot_be_read_is_refused() {
    let desk = Desk::new();
    for broken in [
        preset("", "1oz", &[]),
        preset(&"x".repeat(41), "1oz", &[]),
        preset("two\nlines", "1oz", &[]),
        preset("heavy", "much", &[]),
        Preset {
            class: "fourth-class".to_owned(),
            ..preset("strange", "1oz", &[])
        },
        Preset {
            advance_days: 31,
            ..preset("far", "1oz", &[])
        },
    ] {
        let name = broken.name.clone();
        assert_eq!(
            put(&desk, broken).unwrap_err().code,
            "bad_input",
            "{name:?}"
        );
    }
    assert!(put(&desk, preset("a", "1oz", &[])).is_ok());
}

#[test]
fn nothing_is_rehearsed_when_no_edition_is_to_come() {
    let desk = Desk::new();
    put(&desk, preset("Letter", "1oz", &[])).unwrap();
    let view = rehearsed(&desk);
    assert!(view.edition.is_none() && view.presets.is_empty());
}

#[test]
fn a_coming_edition_shows_which_presets_change_by_how_much() {
    let desk = Desk::new();
    put(&desk, preset("Letter", "1oz", &[])).unwrap();
    put(&desk, preset("Writ", "1oz", &["certified"])).unwrap();
    put(&desk, preset("Brief", "2oz", &[])).unwrap();
    put(&desk, preset("Long", "3oz", &[])).unwrap();
    arrive(&desk);
    let view = rehearsed(&desk);
    assert_eq!(view.edition.unwrap().id, "us-december");
    assert_eq!(view.against.unwrap().id, "us-2026-07-12");
    let lines = view.presets.iter().map(|one| {
        format!(
            "{} {:?} {:?} {:?} {}",
            one.name,
            one.before_mills,
            one.after_mills,
            one.change_mills,
            one.reason.as_deref().unwrap_or_default()
        )
    });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r#"
    Brief Some(1070) None None edition us-december has no price in the cell "first-class letter metered 2 oz"
    Writ Some(6330) Some(5850) Some(-480) 
    Letter Some(780) Some(800) Some(20) 
    Long Some(1360) Some(1360) Some(0) 
    "#);
}

#[test]
fn a_preset_that_cannot_be_read_any_more_is_a_line_with_its_reason() {
    let desk = Desk::new();
    arrive(&desk);
    put(&desk, preset("Letter", "1oz", &[])).unwrap();
    let old = Preset {
        to: Some("Yugoslavia".to_owned()),
        ..preset("Abroad", "1oz", &[])
    };
    desk.station()
        .apply_blocking(move |owner| owner.write("an old preset", |tx| Ok(tx.put_preset(&old)?)))
        .unwrap();
    let view = rehearsed(&desk);
    let names: Vec<&str> = view.presets.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["Letter", "Abroad"]);
    assert_eq!(view.presets[0].change_mills, Some(20));
    let abroad = &view.presets[1];
    assert!(abroad.before_mills.is_none() && abroad.after_mills.is_none());
    let reason = abroad.reason.as_deref().unwrap();
    assert!(reason.contains("Yugoslavia"), "{reason}");
}

#[test]
fn a_waiting_batch_is_split_at_the_border_and_only_open_rows_count() {
    let desk = Desk::new();
    arrive(&desk);
    let csv = rows(&[
        ("1oz", ""),
        ("1oz", "2026-11-30"),
        ("1oz", "2026-12-01"),
        ("2oz", ""),
        ("heavy", ""),
        ("3oz", ""),
    ]);
    keep(&desk, "Friday", csv.clone());
    let batch = rehearsed(&desk).batches.remove(0);
    assert_eq!((batch.open, batch.changed), (6, 1));
    assert_eq!((batch.dated_before, batch.dated_after), (1, 1));
    assert_eq!((batch.no_longer, batch.not_priced), (1, 1));
    // 0.78 + 0.78 + 0.80 + 1.36 now; the first is 0.80 then.
    assert_eq!((batch.before_mills, batch.after_mills), (3_720, 3_740));
    assert_eq!(batch.change_mills, 20);
    let reason = batch.reason.unwrap();
    assert!(
        reason.starts_with("line 5: edition us-december"),
        "{reason}"
    );
    // Printed now, every row that can be read is paid for at today's price.
    let path = Some(desk.path("batch").display().to_string());
    let out = BatchOut::Folder { path };
    let View::Batch(printed) = call(&desk, Call::Batch(BatchCall { csv, out })).unwrap() else {
        panic!("a batch")
    };
    assert_eq!((printed.printed, printed.refused), (5, 1));
    let open = waiting(&desk).remove(0);
    assert_eq!((open.name.as_str(), open.rows, open.open), ("Friday", 6, 1));
    let batch = rehearsed(&desk).batches.remove(0);
    assert_eq!((batch.open, batch.changed, batch.not_priced), (1, 0, 1));
}

#[test]
fn a_waiting_batch_keeps_its_text_until_it_is_taken_out() {
    let mut desk = Desk::new();
    let csv = rows(&[("1oz", "")]);
    keep(&desk, " Friday ", csv.clone());
    desk.restart();
    let named = || NamedCall {
        name: "Friday".to_owned(),
    };
    let View::BatchText(text) = call(&desk, Call::BatchText(named())).unwrap() else {
        panic!("a text")
    };
    assert_eq!(text.csv, csv);
    call(&desk, Call::RemoveBatch(named())).unwrap();
    assert!(waiting(&desk).is_empty());
    assert_eq!(
        call(&desk, Call::BatchText(named())).unwrap_err().code,
        "bad_batch"
    );
    let no_batch = PutBatchCall {
        name: "Monday".to_owned(),
        csv: "colour\nred\n".to_owned(),
    };
    assert_eq!(
        call(&desk, Call::PutBatch(no_batch)).unwrap_err().code,
        "bad_batch"
    );
}
