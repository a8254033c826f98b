use super::*;
use crate::api::{BatchCall, Call, PieceState, View};
use crate::printing::read::symbols_in_file;
use crate::station::fixture::{Desk, runtime};
use crate::vault::piece::Happening;

const HEADER: &str = "name,address,city,state,zip,class,shape,weight\n";

fn run_batch(desk: &Desk, csv: &str) -> Result<BatchView, UiError> {
    let call = Call::Batch(BatchCall {
        csv: csv.into(),
        out: BatchOut::Folder {
            path: Some(desk.path("out").display().to_string()),
        },
    });
    let View::Batch(view) = runtime().block_on(desk.station().call(call))? else {
        panic!("not a batch")
    };
    Ok(view)
}

fn row(name: &str, weight: &str) -> String {
    format!("{name},1 Beacon St,Boston,MA,02108,first-class,letter,{weight}\n")
}

fn spent(desk: &Desk) -> (u64, u64) {
    desk.station()
        .apply_blocking(|owner| {
            let view = owner.registers_view();
            Ok((view.ascending, view.piece_count))
        })
        .unwrap()
}

#[test]
fn every_row_becomes_a_piece_and_a_bad_row_does_not_stop_the_others() {
    let desk = Desk::new();
    let csv = format!(
        "{HEADER}{}{}{}short,row\n{}",
        row("Ada", "1oz"),
        row("Bob", "heavy"),
        "Cy,2 Main,Nowhere,XX,00000,first-class,letter,1oz\n",
        row("Dee", "1oz"),
    );
    let view = run_batch(&desk, &csv).unwrap();
    assert_eq!((view.rows, view.printed, view.refused), (5, 2, 3));
    assert_eq!(
        (view.already, view.unknown, view.spent_mills),
        (0, 0, 1_560)
    );
    let outcomes: Vec<(u32, &str)> = view
        .results
        .iter()
        .map(|row| (row.line, row.outcome.as_str()))
        .collect();
    let expected = [
        (2, PRINTED),
        (3, REFUSED),
        (4, REFUSED),
        (5, REFUSED),
        (6, PRINTED),
    ];
    assert_eq!(outcomes, expected);
    for row in &view.results {
        assert_eq!(row.reason.is_some(), row.outcome == REFUSED, "{row:?}");
    }
    assert_eq!(spent(&desk), (1_560, 2));
    let pdf = std::fs::read(desk.path("out/ZZ010000000042-000002.pdf")).unwrap();
    assert_eq!(symbols_in_file(&pdf).unwrap().len(), 1);
}

#[test]
fn running_again_prints_only_what_was_not_printed() {
    let mut desk = Desk::new();
    let first = format!("{HEADER}{}{}", row("Ada", "1oz"), row("Bob", "1oz"));
    run_batch(&desk, &first).unwrap();
    desk.restart();
    // Another order of columns, other spaces, one row more, one row twice.
    let again = format!(
        "class,shape,weight,name,address,city,state,zip,cost_centre\n{}{}{}{}",
        "first-class,letter,1oz,  Bob , 1  Beacon St,Boston,MA,02108,\n",
        "first-class,letter,1oz,Ada,1 Beacon St,Boston,MA,02108,\n",
        "first-class,letter,1oz,Ada,1 Beacon St,Boston,MA,02108,\n",
        "first-class,letter,1oz,Cy,1 Beacon St,Boston,MA,02108,\n",
    );
    let view = run_batch(&desk, &again).unwrap();
    assert_eq!((view.already, view.printed, view.refused), (2, 2, 0));
    assert_eq!(spent(&desk), (4 * 780, 4));
    let view = run_batch(&desk, &again).unwrap();
    assert_eq!((view.already, view.printed, view.spent_mills), (4, 0, 0));
}

#[test]
fn extra_services_of_a_row_are_paid_for_and_a_wrong_one_refuses_that_row_alone() {
    let desk = Desk::new();
    let header = HEADER.trim_end();
    let row = |name: &str, extras: &str| {
        let row = row(name, "1oz");
        format!("{},{extras}\n", row.trim_end())
    };
    let csv = format!(
        "{header},extras\n{}{}{}{}{}",
        row("Ada", "certified return-receipt"),
        row("Bob", ""),
        row("Cy", "Certified"),
        row("Dan", "certified; carrier-pigeon"),
        row("Eve", "certified certified"),
    );
    let view = run_batch(&desk, &csv).unwrap();
    assert_eq!((view.printed, view.refused), (3, 2));
    let reason = |line: u32| {
        let result = view.results.iter().find(|result| result.line == line);
        result.unwrap().reason.clone().unwrap_or_default()
    };
    assert!(reason(5).contains("carrier-pigeon"), "{}", reason(5));
    assert!(reason(6).contains("names certified twice"), "{}", reason(6));
    let each = [780 + 5_550 + 4_650, 780, 780 + 5_550];
    assert_eq!(spent(&desk), (each.iter().sum(), 3));
    // The same services in another order and with other signs between are the same row.
    let again = format!(
        "{header},extras\n{}",
        row("Ada", "\"return-receipt, certified\"")
    );
    let view = run_batch(&desk, &again).unwrap();
    assert_eq!((view.already, view.printed), (1, 0));
}

#[test]
fn more_rows_than_the_vault_can_pay_are_refused_one_by_one() {
    let desk = Desk::new();
    let mut csv = HEADER.to_owned();
    for number in 0..70 {
        csv.push_str(&row(&format!("P{number}"), "1oz"));
    }
    let view = run_batch(&desk, &csv).unwrap();
    assert_eq!((view.printed, view.refused), (64, 6));
    assert_eq!(spent(&desk), (64 * 780, 64));
    desk.refill(20_000);
    let view = run_batch(&desk, &csv).unwrap();
    assert_eq!((view.already, view.printed, view.refused), (64, 6, 0));
}

#[test]
fn a_batch_that_was_stopped_goes_on_where_it_stood() {
    let mut desk = Desk::new();
    let csv = format!(
        "{HEADER}{}{}{}",
        row("Ada", "1oz"),
        row("Bob", "1oz"),
        row("Cy", "1oz")
    );
    // All three are paid for; then the program stops: one untouched, one sending, one printed.
    let rows = read_rows(&csv).unwrap();
    let paper = crate::station::orders::Paper::of_files();
    desk.station()
        .apply_blocking(move |owner| {
            owner.pay_rows(rows, &paper);
            owner.happened(2, &[Happening::FirstByte], None)?;
            owner.happened(3, &[Happening::FirstByte], None)?;
            owner.happened(3, &[Happening::AllSent, Happening::Acknowledged], None)?;
            Ok(())
        })
        .unwrap();
    desk.restart();
    let view = run_batch(&desk, &csv).unwrap();
    assert_eq!((view.printed, view.unknown, view.already), (1, 1, 1));
    assert_eq!(view.spent_mills, 0, "all were paid for before");
    assert_eq!(spent(&desk), (3 * 780, 3));
    let call = Call::Resolve(crate::api::ResolveCall {
        serial: "ZZ010000000042-000002".into(),
        answer: PieceState::NotPrinted,
    });
    runtime().block_on(desk.station().call(call)).unwrap();
    let view = run_batch(&desk, &csv).unwrap();
    assert_eq!((view.printed, view.unknown, view.already), (1, 0, 2));
    assert_eq!(spent(&desk), (3 * 780, 3));
}

#[test]
fn a_spoiled_row_is_printed_anew() {
    let desk = Desk::new();
    let csv = format!("{HEADER}{}", row("Ada", "1oz"));
    run_batch(&desk, &csv).unwrap();
    let call = Call::Resolve(crate::api::ResolveCall {
        serial: "ZZ010000000042-000001".into(),
        answer: PieceState::Spoiled,
    });
    runtime().block_on(desk.station().call(call)).unwrap();
    let view = run_batch(&desk, &csv).unwrap();
    assert_eq!((view.printed, view.spent_mills), (1, 780));
    assert_eq!(
        view.results[0].serial.as_deref(),
        Some("ZZ010000000042-000002")
    );
}

#[test]
fn text_that_is_no_batch_is_refused_with_the_reason() {
    let desk = Desk::new();
    for (csv, reason) in [
        ("", "missing"),
        ("name,address\n", "missing"),
        (
            "name,address,city,state,zip,class,shape,weight,colour\n",
            "colour",
        ),
        ("name,name,city,state,zip,class,shape,weight\n", "twice"),
    ] {
        let error = run_batch(&desk, csv).unwrap_err();
        assert_eq!(error.code, "bad_batch");
        assert!(error.message.contains(reason), "{}", error.message);
    }
    assert_eq!(run_batch(&desk, HEADER).unwrap().rows, 0);
}

#[test]
fn rows_with_odd_flags_or_endless_fields_are_refused_alone() {
    let header = "name,address,city,state,zip,class,shape,weight,nonmachinable\n";
    let body = "first-class,letter,1oz";
    let csv = format!(
        "\u{feff}{header}A,x,Boston,MA,02108,{body},yes\nB,x,Boston,MA,02108,{body},perhaps\n{},x,Boston,MA,02108,{body},no\n",
        "C".repeat(201)
    );
    let rows = read_rows(&csv).unwrap();
    assert!(rows[0].call.as_ref().unwrap().quote.nonmachinable);
    assert!(rows[1].call.is_err() && rows[2].call.is_err());
    assert_eq!(rows[2].line, 4);
}

#[test]
fn progress_is_told_chunk_by_chunk() {
    let desk = Desk::new();
    let mut events = desk.station().subscribe();
    let mut csv = HEADER.to_owned();
    for number in 0..134 {
        csv.push_str(&row(&format!("P{number}"), "heavy"));
    }
    run_batch(&desk, &csv).unwrap();
    let mut told = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let Event::Batch { done, rows } = event {
            told.push((done, rows));
        }
    }
    assert_eq!(told, [(128, 134), (134, 134)]);
}

#[test]
fn a_stopped_batch_pays_for_no_further_row_and_goes_on_when_run_again() {
    let desk = Desk::new();
    let csv = format!("{HEADER}{}{}", row("Ada", "1oz"), row("Bob", "1oz"));
    let station = desk.station();
    let out = PrintOut::Folder {
        path: Some(desk.path("out").display().to_string()),
    };
    let (target, stops) = station
        .apply_blocking(move |owner| Ok((owner.target(Some(&out))?, owner.batch_stops())))
        .unwrap();
    let stop = runtime().block_on(station.call(Call::StopBatch)).unwrap();
    assert!(matches!(stop, View::Status(_)));

    let stopped = print(station, read_rows(&csv).unwrap(), &target, stops).unwrap();
    assert!(stopped.stopped && stopped.results.is_empty());
    assert_eq!((stopped.rows, spent(&desk)), (2, (0, 0)));

    let again = run_batch(&desk, &csv).unwrap();
    assert!(!again.stopped);
    assert_eq!((again.printed, spent(&desk)), (2, (1_560, 2)));
}

#[cfg(unix)]
#[test]
fn a_printer_that_says_nothing_gets_every_piece_once_and_the_clerk_is_asked_about_each() {
    let desk = Desk::new();
    let printer = crate::api::PrinterSetup {
        name: "mute".into(),
        model: "esc-pos".into(),
        port: crate::api::PrinterPort::Device {
            path: "/dev/null".into(),
        },
        dpi: 203,
        stock: "label-4x6".into(),
        acknowledges: false,
    };
    let silent = &desk.station().printers_in_use().silent;
    let patience = silent.patience(&printer);
    let add = Call::AddPrinter(crate::api::AddPrinterCall {
        printer: printer.clone(),
    });
    runtime().block_on(desk.station().call(add)).unwrap();
    let mut csv = HEADER.to_owned();
    for number in 0..50 {
        csv.push_str(&row(&format!("P{number}"), "1oz"));
    }
    for spent_now in [50 * 780, 0] {
        let call = Call::Batch(BatchCall {
            csv: csv.clone(),
            out: BatchOut::Printer {
                name: "mute".into(),
            },
        });
        let View::Batch(view) = runtime().block_on(desk.station().call(call)).unwrap() else {
            panic!("not a batch")
        };
        assert_eq!((view.rows, view.unknown), (50, 50), "{view:?}");
        assert_eq!(view.spent_mills, spent_now);
        let lines: Vec<u32> = view.results.iter().map(|row| row.line).collect();
        assert_eq!(lines, (2..52).collect::<Vec<u32>>());
        assert!(
            silent.patience(&printer).status < patience.status,
            "the next batch does not wait so long for an answer that never comes"
        );
    }
    assert_eq!(spent(&desk), (50 * 780, 50));
}

#[test]
fn a_printer_that_stops_leaves_later_rows_unpaid() {
    use std::io::{Read, Write};
    let desk = Desk::new();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let printer = crate::api::PrinterSetup {
        name: "counter".into(),
        model: "esc-pos".into(),
        port: crate::api::PrinterPort::Tcp {
            address: port.local_addr().unwrap().to_string(),
        },
        dpi: 203,
        stock: "label-4x6".into(),
        acknowledges: true,
    };
    let add = Call::AddPrinter(crate::api::AddPrinterCall { printer });
    runtime().block_on(desk.station().call(add)).unwrap();
    // Answers the first four questions and the marker (it is ready), then hangs up in the middle of
    // a piece.
    let peer = std::thread::spawn(move || {
        let (mut line, _) = port.accept().unwrap();
        let (mut buffer, mut answered) = ([0; 1_024], 0);
        while answered < 8 {
            let read = line.read(&mut buffer).unwrap();
            if read == 0 {
                return;
            }
            if let Some([0x1D, b'(', b'H', 6, 0, 48, 48, tag @ ..]) =
                buffer[..read].last_chunk::<11>()
            {
                line.write_all(&[&[0x37, 0x22], tag.as_slice(), &[0]].concat())
                    .unwrap();
            }
            for _ in buffer[..read]
                .windows(2)
                .filter(|pair| pair == &[0x10, 0x04])
            {
                line.write_all(&[0x12]).unwrap();
                answered += 1;
            }
        }
    });
    let mut csv = HEADER.to_owned();
    for number in 0..20 {
        csv.push_str(&row(&format!("P{number}"), "1oz"));
    }
    let call = Call::Batch(BatchCall {
        csv,
        out: BatchOut::Printer {
            name: "counter".into(),
        },
    });
    let View::Batch(view) = runtime().block_on(desk.station().call(call)).unwrap() else {
        panic!("not a batch")
    };
    peer.join().unwrap();
    assert_eq!((view.rows, view.printed), (20, 0));
    assert_eq!(spent(&desk).1, 8, "only those of one chunk are paid for");
    assert_eq!(view.results.len(), 20);
    let not_tried = view.results.iter().filter(|row| row.serial.is_none());
    assert_eq!(not_tried.count(), 12);
}

#[test]
fn a_row_knows_its_line_whatever_ends_the_lines() {
    let header = "name,address,city,state,zip,class,shape,weight";
    let row = "A,x,Boston,MA,02108,first-class,letter,1oz";
    for end in ["\n", "\r\n"] {
        let csv = [header, row, row, ""].join(end);
        let lines: Vec<u32> = super::read_rows(&csv)
            .unwrap()
            .iter()
            .map(|row| row.line)
            .collect();
        assert_eq!(lines, [2, 3], "{end:?}");
    }
}
