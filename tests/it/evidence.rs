//! Evidence that a third party can check, the statement door, and the journal as a stranger checks
//! it.

use std::collections::BTreeMap;

use server::admin::call::AdminCall;
use server::admin::money::MoneyCall;
use server::clock::Clock as _;
use server::evidence::{self, Contradiction, Evidence, EvidenceFault};
use server::ledger::{ExportFault, check_export};
use shared::services::journal::{PageRequest, ProofHashes, Records, VERSION};
use shared::vault::{Action, Burn};
use system_tests::town::{Counter, Town};

use crate::mirror::send_forged;
use crate::restore_and_clones::clone_station;

async fn exported(town: &Town, station: &str) -> Vec<Evidence> {
    let call = AdminCall::StationEvidence {
        station: station.to_owned(),
    };
    let shown = town.admin(call).await;
    shown
        .into_iter()
        .map(|one| serde_json::from_value(one).unwrap())
        .collect()
}

/// A town whose station was cloned and frozen after `contacts` contacts of the original.
async fn frozen(contacts: u32) -> (Town, Vec<Evidence>) {
    let town = Town::with_deposit("100.00").await;
    let original = town.enrolled("one").await;
    original.refill("20.00").await.unwrap();
    original.print_letter("1oz", "10001").await.unwrap();
    let psd = original.status().await.station.unwrap();
    drop(original);
    clone_station(&town, "one", "clone");
    let original = town.open_station("one").unwrap();
    let clone = town.open_station("clone").unwrap();
    clone.print_letter("2oz", "10001").await.unwrap();
    for _ in 0..contacts {
        original.print_letter("1oz", "10001").await.unwrap();
        original.contact().await.unwrap();
    }
    clone.contact().await.ok();
    assert_eq!(clone.status().await.state, "frozen");
    let found = exported(&town, &psd).await;
    (town, found)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clone_is_proved_by_the_two_messages_it_signed() {
    let mut ways = BTreeMap::new();
    for contacts in 1..4 {
        let (town, found) = frozen(contacts).await;
        assert_eq!(found.len(), 1);
        let judgement = evidence::judge(&found[0]).unwrap();
        let contradiction = judgement.contradiction.expect("the messages prove it");
        *ways.entry(contradiction).or_insert(0) += 1;
        let fingerprint = town.center.authority().root_fingerprint().unwrap();
        assert_eq!(judgement.root_fingerprint, hex::encode(fingerprint));
    }
    // The number after the copy is signed twice; later the copy is behind.
    assert_eq!(ways.get(&Contradiction::OneNumberTwice), Some(&1));
    assert_eq!(ways.values().sum::<i32>(), 3, "{ways:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn altered_evidence_is_none() {
    let (town, found) = frozen(1).await;
    let sound = &found[0];
    assert!(evidence::judge(sound).is_ok());
    let altered = |text: &str| {
        let mut text = text.to_owned();
        let middle = text.len() / 2;
        let other = if &text[middle..=middle] == "A" {
            "B"
        } else {
            "A"
        };
        text.replace_range(middle..=middle, other);
        text
    };
    let mut message = sound.clone();
    message.message.signed = altered(&sound.message.signed);
    assert_eq!(evidence::judge(&message), Err(EvidenceFault::NotSigned));
    let mut statement = sound.clone();
    let accepted = statement.statement.as_mut().unwrap();
    accepted.signed = altered(&accepted.signed);
    assert_eq!(evidence::judge(&statement), Err(EvidenceFault::NotSigned));
    // A message under the header of another number was not signed so.
    let (_other_town, other) = frozen(2).await;
    let mut header = sound.clone();
    header.message.header = other[0].message.header.clone();
    assert_eq!(evidence::judge(&header), Err(EvidenceFault::NotSigned));
    let mut certificate = sound.clone();
    certificate.certificates[0] = altered(&sound.certificates[0]);
    assert_eq!(evidence::judge(&certificate), Err(EvidenceFault::BadChain));
    // Nor does another root vouch for the station.
    let mut root = sound.clone();
    root.root.clone_from(&other[0].root);
    assert_eq!(evidence::judge(&root), Err(EvidenceFault::BadChain));
    // Messages of one station prove nothing against another.
    let bystander = town.enrolled("two").await;
    let mut foreign = sound.clone();
    foreign.station = bystander
        .station
        .apply(|owner| Ok(owner.enrolled()?.station()))
        .await
        .unwrap();
    assert_eq!(evidence::judge(&foreign), Err(EvidenceFault::BadChain));
    let mut renamed = sound.clone();
    renamed.psd = bystander.status().await.station.unwrap().parse().unwrap();
    assert_eq!(evidence::judge(&renamed), Err(EvidenceFault::BadChain));
}

/// Skips counters: records that cost nothing to make.
async fn skip_counters(counter: &Counter, count: u32) {
    counter
        .station
        .apply(move |owner| {
            for _ in 0..count {
                let next = owner.enrolled()?.next_counter().unwrap();
                owner.act(&Action::Burn(Burn { counter: next }), "station", |_, _| {
                    Ok(())
                })?;
            }
            Ok(())
        })
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forged_page_far_into_the_journal_is_proved_with_the_records_before_it() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    skip_counters(&counter, 20).await;
    town.turn_days(2);
    counter.contact().await.unwrap();
    skip_counters(&counter, 5).await;
    counter.contact().await.unwrap();
    let mirrored = town
        .center
        .db()
        .read("mirror", {
            let vault = counter.station.apply(|owner| Ok(owner.enrolled()?.id()));
            let vault = vault.await.unwrap();
            move |tx| server::mirror::find(tx, vault)
        })
        .await
        .unwrap()
        .size();
    assert!(mirrored > 20);
    // The forger has the keys, and goes on from what is mirrored with a record of his own.
    send_forged(&town, &counter, move |owner| {
        let accepted = owner.enrolled()?.receipt().unwrap().accepted_size;
        let mut records = owner.store().records(mirrored, accepted)?;
        records.truncate(2);
        let user = records[1].len() / 2;
        records[1][user] ^= 1;
        let proof = owner.store().consistency_between(mirrored + 2, accepted)?;
        Ok(PageRequest {
            version: VERSION,
            vault: owner.enrolled()?.id(),
            from: mirrored,
            consistency: ProofHashes(proof),
            records: Records(records),
            accepted,
        })
    })
    .await;
    let found = exported(&town, &counter.status().await.station.unwrap()).await;
    let proved = |one: &Evidence| evidence::judge(one).unwrap().contradiction;
    assert_eq!(proved(&found[0]), Some(Contradiction::RecordsDiffer));
    // Without the records before, or with others, the page proves nothing by itself.
    let mut without = found[0].clone();
    without.records.clear();
    assert_eq!(proved(&without), None);
    let mut others = found[0].clone();
    others.records.pop();
    assert_eq!(proved(&others), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_that_was_shut_out_still_states_its_vault_at_the_door_as_evidence_only() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    let psd = counter.status().await.station.unwrap();
    town.admin(AdminCall::Money {
        money: MoneyCall::StationLost {
            station: psd.clone(),
        },
    })
    .await;
    let balance = town.balance().await;
    let registers = town.admin(AdminCall::LedgerVerify).await;
    for _ in 0..12 {
        counter.print_letter("1oz", "10001").await.unwrap();
        counter.contact().await.ok();
    }
    let found = exported(&town, &psd).await;
    assert_eq!(found.len(), 10, "ten an hour");
    assert!(found.iter().all(|one| one.reason.contains("door")));
    // What it says is true, so it proves nothing against the station.
    for one in &found {
        assert_eq!(evidence::judge(one).unwrap().contradiction, None);
    }
    // An hour later it is heard again; a vault that is as it was is kept once.
    town.clock.turn_to(town.clock.now().plus_seconds(3_600));
    for _ in 0..3 {
        counter.contact().await.ok();
    }
    assert_eq!(exported(&town, &psd).await.len(), 11);
    assert_eq!(town.balance().await, balance, "it moves nothing");
    let after = town.admin(AdminCall::LedgerVerify).await;
    for sum in ["held", "vaults", "printed"] {
        assert_eq!(after[0][sum], registers[0][sum], "{sum}");
    }
    assert_eq!(counter.status().await.state, "active");
    let refused = counter.refill("5.00").await.unwrap_err();
    assert_eq!(refused.code, "certificate_revoked");
    town.assert_books_hold().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copy_that_stands_at_the_door_shows_its_other_history() {
    let town = Town::with_deposit("100.00").await;
    let original = town.enrolled("one").await;
    original.refill("20.00").await.unwrap();
    let psd = original.status().await.station.unwrap();
    drop(original);
    clone_station(&town, "one", "clone");
    let original = town.open_station("one").unwrap();
    for _ in 0..2 {
        original.print_letter("1oz", "10001").await.unwrap();
    }
    original.contact().await.unwrap();
    town.admin(AdminCall::Money {
        money: MoneyCall::StationLost {
            station: psd.clone(),
        },
    })
    .await;
    // The copy has a longer journal, in which less was printed.
    let clone = town.open_station("clone").unwrap();
    skip_counters(&clone, 20).await;
    clone.contact().await.ok();
    let found = exported(&town, &psd).await;
    assert_eq!(found.len(), 1);
    let judgement = evidence::judge(&found[0]).unwrap();
    let proved = judgement.contradiction;
    assert_eq!(proved, Some(Contradiction::RegistersFell));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_whose_certificate_is_too_old_to_be_renewed_states_its_vault_at_the_door() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    let psd = counter.status().await.station.unwrap();
    town.turn_days(30 + 401);
    let refused = counter.contact().await.unwrap_err();
    assert_eq!(refused.code, "certificate_too_old");
    let found = exported(&town, &psd).await;
    assert_eq!(found.len(), 1);
    assert!(found[0].reason.contains("door"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stranger_checks_an_exported_journal_and_finds_every_edit() {
    let town = Town::with_deposit("100.00").await;
    let counter = town.enrolled("one").await;
    counter.refill("20.00").await.unwrap();
    let lines: Vec<String> = town
        .admin(AdminCall::LedgerExport)
        .await
        .iter()
        .map(ToString::to_string)
        .collect();
    let text = lines.join("\n");
    let report = check_export(text.as_bytes()).unwrap();
    let audit = town.admin(AdminCall::LedgerVerify).await;
    assert_eq!(audit[0]["root"], report.root);
    assert_eq!(audit[0]["head"], report.head);
    assert_eq!(report.records, u64::try_from(lines.len()).unwrap());
    // The last record is missed by its root alone; every other one breaks the chain.
    for number in 0..lines.len() - 1 {
        let mut cut = lines.clone();
        cut.remove(number);
        assert!(check_export(cut.join("\n").as_bytes()).is_err(), "{number}");
    }
    let shorter = lines[..lines.len() - 1].join("\n");
    let shorter = check_export(shorter.as_bytes()).unwrap();
    assert_ne!(shorter.root, report.root);
    let edited = text.replace("20000", "2000");
    assert_ne!(edited, text);
    let fault = check_export(edited.as_bytes()).unwrap_err();
    assert!(matches!(fault, ExportFault::OtherWords { .. }), "{fault}");
    let mut exchanged = lines.clone();
    exchanged.swap(1, 2);
    let fault = check_export(exchanged.join("\n").as_bytes()).unwrap_err();
    assert!(
        matches!(fault, ExportFault::BrokenChain { line: 2 }),
        "{fault}"
    );
    let endless = format!("{}{text}", " ".repeat(200_000));
    assert!(check_export(endless.as_bytes()).is_err());
}
