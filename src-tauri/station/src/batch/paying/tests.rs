use shared::money::Mills;

use super::*;
use crate::api::PrintCall;
use crate::printing::self_read::SelfReadFault;
use crate::station::fixture::{Desk, letter};
use crate::station::orders::Paper;
use crate::vault::draft::{PieceInputs, sign};

/// More than two chunks.
const MANY: usize = 2 * CHUNK + 44;

const POSTAGE: u64 = 100;

fn orders(owner: &mut Owner, asked: &PrintCall) -> Vec<Order> {
    let (mut order, _) = owner.order(asked, &Paper::of_files()).unwrap();
    order.facts.postage = Mills::new(POSTAGE).unwrap();
    order.label.postage = order.facts.postage;
    vec![order; MANY]
}

/// Signs and does not draw.
fn undrawn(
    order: &Order,
    prospect: &Prospect,
    credentials: &Credentials,
) -> Result<Draft, DraftFault> {
    Ok(Draft {
        inputs: PieceInputs {
            indicium: sign(order, prospect, credentials)?,
            label: order.label.clone(),
        },
        raster: [7; 32],
    })
}

/// Ascending register in pieces, pieces, and the counter used last.
fn spent(owner: &Owner) -> (u64, u64, u32) {
    let vault = owner.enrolled().unwrap();
    let registers = vault.registers();
    let ascending = registers.ascending().mills() / POSTAGE;
    let next = vault.next_counter().unwrap();
    (ascending, registers.pieces(), next - 1)
}

fn holds(owner: &Owner) {
    let report = owner.store().verify_journal().unwrap();
    assert!(report.fault.is_none(), "{:?}", report.fault);
}

#[test]
fn orders_of_many_chunks_are_paid_once_each_and_in_their_order() {
    let desk = Desk::new();
    let asked = letter(&desk, "many");
    let work = move |owner: &mut Owner| {
        let orders = orders(owner, &asked);
        let paid = owner.pay_orders(orders, &undrawn);
        let counters: Vec<u32> = paid.into_iter().map(Result::unwrap).collect();
        assert_eq!(counters, (1..=300).collect::<Vec<u32>>());
        assert_eq!(spent(owner), (300, 300, 300));
        let booked = owner.store().booked().unwrap();
        assert_eq!(booked, (300, Mills::new(300 * POSTAGE).unwrap()));
        holds(owner);
        Ok(())
    };
    desk.station().apply_blocking(work).unwrap();
}

#[test]
fn a_symbol_that_does_not_read_back_burns_its_own_counter_and_no_other() {
    let desk = Desk::new();
    let asked = letter(&desk, "damaged");
    let work = move |owner: &mut Owner| {
        let orders = orders(owner, &asked);
        // One at the end of a chunk, one at the beginning of the next but one, one in between.
        let bad = [128, 130, 257];
        let drafting = |order: &Order, prospect: &Prospect, credentials: &Credentials| {
            if bad.contains(&prospect.serial.counter) {
                return Err(DraftFault::SelfRead(SelfReadFault::NoSymbol));
            }
            undrawn(order, prospect, credentials)
        };
        let paid = owner.pay_orders(orders, &drafting);
        let good: Vec<u32> = paid.iter().filter_map(|paid| paid.clone().ok()).collect();
        let expected: Vec<u32> = (1..=300).filter(|counter| !bad.contains(counter)).collect();
        assert_eq!(good, expected);
        assert_eq!(spent(owner), (297, 297, 300));
        let codes: Vec<String> = paid
            .into_iter()
            .filter_map(Result::err)
            .map(|error| error.code)
            .collect();
        assert_eq!(codes, ["self_read_failed"; 3]);
        holds(owner);
        Ok(())
    };
    desk.station().apply_blocking(work).unwrap();
}

#[test]
fn a_chunk_that_cannot_be_written_leaves_those_before_it_and_nothing_of_itself_or_later() {
    let desk = Desk::new();
    let asked = letter(&desk, "refused");
    let work = move |owner: &mut Owner| {
        let trigger = |owner: &mut Owner, sql: &'static str| {
            owner
                .write("a trigger", |tx| {
                    tx.sql().execute_batch(sql).unwrap();
                    Ok(())
                })
                .unwrap();
        };
        trigger(
            owner,
            "CREATE TRIGGER worn BEFORE INSERT ON pieces WHEN new.counter = 200
             BEGIN SELECT RAISE(ABORT, 'worn out'); END",
        );
        let asked = orders(owner, &asked);
        let paid = owner.pay_orders(asked.clone(), &undrawn);
        assert!(paid[..CHUNK].iter().all(Result::is_ok));
        assert!(paid[CHUNK..].iter().all(Result::is_err));
        assert_eq!(spent(owner), (128, 128, 128));
        holds(owner);

        trigger(owner, "DROP TRIGGER worn");
        let paid = owner.pay_orders(asked, &undrawn);
        assert!(paid.iter().all(Result::is_ok));
        assert_eq!(spent(owner), (428, 428, 428));
        holds(owner);
        Ok(())
    };
    desk.station().apply_blocking(work).unwrap();
}
