use super::*;
use crate::printing::layout::samples::{ticket_face, ticket_symbol};
use crate::printing::raster::raster;

fn label(face: &TicketFace, stock: &Stock, dpi: Dpi) -> Result<Label, LayoutRefusal> {
    ticket_label(face, &ticket_symbol(), stock, dpi)
}

fn fullest() -> TicketFace {
    TicketFace {
        event: "The Marriage of Figaro, ossia la folle giornata".to_owned(),
        admits: "Adult with one child".to_owned(),
        ..ticket_face()
    }
}

#[test]
fn nothing_crosses_the_perforation_and_both_parts_say_what_they_are_for() {
    for stock in Stock::all() {
        let Some(TicketPlaces {
            stub: Some(stub), ..
        }) = stock.ticket
        else {
            continue;
        };
        for (face, dpi) in [
            (ticket_face(), Dpi::D203),
            (fullest(), Dpi::D300),
            (fullest(), Dpi::D600),
        ] {
            let label = label(&face, stock, dpi).unwrap();
            let image = raster(&label, dpi);
            let perforation = stub.left - Um::mm(3);
            let strip = dpi.dots(perforation - Um::mm(2))..dpi.dots(perforation + Um::mm(2));
            for x in strip {
                assert!(
                    (0..image.height()).all(|y| !image.black(x, y)),
                    "{}",
                    stock.name
                );
            }
            let texts = label.items().iter().filter_map(|item| match item {
                Item::Text(text) => Some((text.at.x >= stub.left, text.text.as_str())),
                Item::Matrix(_) | Item::Bars(_) | Item::Rect(_) | Item::Image(_) => None,
            });
            let (on_stub, on_body): (Vec<_>, Vec<_>) = texts.partition(|(stub, _)| *stub);
            for part in [on_stub, on_body] {
                let said: Vec<&str> = part.into_iter().map(|(_, text)| text).collect();
                let said = said.join(" ");
                assert!(said.contains("The Marriage of Figaro"), "{said}");
                for wanted in ["114", "SEAT", "FIG-2026-", "SPECIMEN"] {
                    assert!(said.contains(wanted), "{}: {wanted} in {said}", stock.name);
                }
            }
        }
    }
}

#[test]
fn a_ticket_that_admits_is_no_specimen() {
    let valid = TicketFace {
        specimen: false,
        ..ticket_face()
    };
    for stock in Stock::all().iter().filter(|stock| stock.ticket.is_some()) {
        let label = label(&valid, stock, Dpi::D300).unwrap();
        assert!(label.lines().all(|line| !line.contains("SPECIMEN")));
    }
}

#[test]
fn what_does_not_fit_a_ticket_is_refused_by_name() {
    let stock = Stock::by_name("ticket-2x5-5").unwrap();
    let endless = TicketFace {
        event: "Gesamtkunstwerk".repeat(9),
        ..ticket_face()
    };
    let refusal = label(&endless, &stock, Dpi::D300).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "the event does not fit on the ticket 2×5 1/2 in"
    );
    let crowded = TicketFace {
        places: vec![("ROW".to_owned(), "1".to_owned()); MAX_PLACES + 1],
        ..ticket_face()
    };
    let refusal = label(&crowded, &stock, Dpi::D300).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "the place does not fit on the ticket 2×5 1/2 in"
    );
    let envelope = Stock::by_name("envelope-10").unwrap();
    let refusal = label(&ticket_face(), &envelope, Dpi::D300).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "a ticket is not printed on the envelope No. 10"
    );
}
