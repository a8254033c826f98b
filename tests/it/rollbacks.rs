//! Seeded runs of what a machine's snapshots do: a station put back to an older state beside a newer
//! past, and a data center put back to one. Each is found out, every time.

use std::collections::BTreeMap;
use std::sync::Arc;

use server::admin::backup;
use server::admin::call::AdminCall;
use server::center::DataCenter;
use server::clock::Clock;
use server::evidence::{self, Evidence};
use server::folder::Folder;
use shared::money::Mills;
use shared::vault::Action;
use station::contact::link::Link;
use station::contact::round::meet_over;
use system_tests::exchange::Chance;
use system_tests::line::Line;
use system_tests::town::{Counter, Town, asking, next_debit};

use crate::restore_and_clones::{clone_station, copy_center};

/// Seeds of an ordinary run, and of a long one.
const SEEDS: u64 = 50;
const LONG_SEEDS: u64 = 1_000;

/// Seeds that share a town: as many stations as data centers are put back in each.
const SEEDS_PER_TOWN: u64 = 10;

async fn contact(town: &Town, counter: &Counter, refill: Option<u64>) -> Option<String> {
    let link: Arc<dyn Link> = Line::clean(&town.center, &counter.station);
    let asked = asking(refill.map(|mills| Mills::new(mills).unwrap()));
    let met = meet_over(&counter.station, &link, asked).await.unwrap();
    met.funds.map(|refused| refused.code)
}

/// A piece is debited; whether the vault allowed it.
async fn debit(counter: &Counter, mills: u64) -> bool {
    let debited = counter
        .station
        .apply(move |owner| {
            let debit = next_debit(owner, mills);
            owner.act(&Action::Debit(debit), "clerk", |_, _| Ok(()))
        })
        .await;
    debited.is_ok()
}

/// Some life: debits, contacts, refills; at least one contact.
async fn live(town: &Town, counter: &Counter, dice: &mut Chance) {
    for _ in 0..dice.below(4) {
        match dice.below(3) {
            0 => drop(contact(town, counter, Some(1 + dice.below(3_000))).await),
            1 => drop(contact(town, counter, None).await),
            _ => drop(debit(counter, 1 + dice.below(500)).await),
        }
    }
    contact(town, counter, None).await;
}

/// A station is copied, lives on, and its copy calls: frozen, with evidence that proves it. Answers
/// by what.
async fn station_put_back(town: &Town, seed: u64, dice: &mut Chance) -> String {
    let (name, copy) = (format!("s{seed}"), format!("copy{seed}"));
    let original = town.enrolled(&name).await;
    contact(town, &original, Some(5_000 + dice.below(5_000))).await;
    live(town, &original, dice).await;
    let psd = original.status().await.station.unwrap();
    drop(original);
    clone_station(town, &name, &copy);
    let original = town.open_station(&name).unwrap();
    live(town, &original, dice).await;
    drop(original);
    let put_back = town.open_station(&copy).unwrap();
    for _ in 0..dice.below(20) {
        debit(&put_back, 1 + dice.below(500)).await;
    }
    contact(town, &put_back, None).await;
    assert_eq!(put_back.status().await.state, "frozen", "seed {seed}");
    let shown = town
        .admin(AdminCall::StationEvidence { station: psd })
        .await;
    assert_eq!(shown.len(), 1, "seed {seed}");
    let found: Evidence = serde_json::from_value(shown[0].clone()).unwrap();
    let judgement = evidence::judge(&found).unwrap();
    let proved = judgement.contradiction;
    format!(
        "station: {:?}",
        proved.unwrap_or_else(|| panic!("seed {seed}: {found:?}"))
    )
}

/// A data center is copied, lives on with its station, and the copy takes its place: found out by
/// the station's next contact, nobody is frozen, and every mill is known again. Answers by what.
async fn center_put_back(
    town: Town,
    keeper: &Counter,
    seed: u64,
    dice: &mut Chance,
) -> (Town, String) {
    let folder = town.station_folder(&format!("center{seed}"));
    let file = town.station_folder(&format!("backup{seed}"));
    let by_backup = dice.below(2) == 0;
    if by_backup {
        town.admin(AdminCall::Backup { file: file.clone() }).await;
    } else {
        copy_center(town.center.folder().path(), &folder);
    }
    live(&town, keeper, dice).await;
    let before = town.center.epoch();
    let hand: Arc<dyn Clock> = town.clock.clone();
    let center = tokio::task::spawn_blocking(move || {
        let folder = Folder::new(folder);
        if by_backup {
            backup::restore(&folder, &file, None, &hand).unwrap();
        }
        Arc::new(DataCenter::open(&folder, hand).unwrap())
    })
    .await
    .unwrap();
    let town = town.with_center(center);
    // A restore says so itself; what was put back behind its back is found out by the station.
    assert_eq!(town.center.is_reconciling(), by_backup, "seed {seed}");
    for number in 0..dice.below(12) {
        town.deposit("0.10", &format!("{seed} {number}")).await;
    }
    for _ in 0..dice.below(3) {
        debit(keeper, 1 + dice.below(500)).await;
    }
    let asked = (dice.below(2) == 0).then(|| 1 + dice.below(3_000));
    let control_total = keeper.status().await.registers.control_total;
    let doubted = contact(&town, keeper, asked).await;
    assert_eq!(town.center.epoch(), before + 1, "seed {seed}");
    // Nothing is granted before both recovery keys have signed the new epoch.
    let after = keeper.status().await.registers.control_total;
    assert_eq!(after, control_total, "seed {seed}");
    town.sign_epoch().await;
    contact(&town, keeper, None).await;
    assert!(!town.center.is_reconciling(), "seed {seed}");
    let status = keeper.status().await;
    assert_eq!(status.state, "active", "seed {seed}");
    assert_eq!(contact(&town, keeper, Some(100)).await, None, "seed {seed}");
    town.assert_books_hold().await;
    let how = if by_backup { "backup" } else { "snapshot" };
    let said = doubted.unwrap_or_default();
    assert_eq!(said, "center_doubted", "seed {seed}");
    (town, format!("data center, {how}: {said}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_put_back_to_an_older_state_is_found_out_every_time() {
    let long = std::env::var_os("PENNYBLACK_LONG").is_some();
    let seeds = if long { LONG_SEEDS } else { SEEDS };
    let mut found: BTreeMap<String, u64> = BTreeMap::new();
    for first in (0..seeds).step_by(usize::try_from(SEEDS_PER_TOWN).unwrap()) {
        let mut town = Town::with_deposit("400.00").await;
        let keeper = town.enrolled("keeper").await;
        contact(&town, &keeper, Some(10_000)).await;
        for seed in first..first + SEEDS_PER_TOWN {
            let mut dice = Chance::new(seed);
            // Stations are enrolled by the first data center: it is put back afterwards.
            let how = if seed < first + SEEDS_PER_TOWN / 2 {
                station_put_back(&town, seed, &mut dice).await
            } else {
                let put_back = center_put_back(town, &keeper, seed, &mut dice).await;
                town = put_back.0;
                put_back.1
            };
            *found.entry(how).or_default() += 1;
        }
    }
    for (how, count) in &found {
        println!("{count:5}  {how}");
    }
    assert_eq!(found.values().sum::<u64>(), seeds);
    // Each happened, and a copy of a station was found in more than one way: else the dice have
    // missed the point.
    for (kind, least) in [
        ("station:", 3),
        ("data center, snapshot:", 1),
        ("data center, backup:", 1),
    ] {
        let ways = found.keys().filter(|how| how.starts_with(kind)).count();
        assert!(ways >= least, "{kind} {found:?}");
    }
}
