use shared::ids::{DataCenterId, PsdId, RefillId, StationId, VaultId};
use shared::merkle::{Frontier, Subtree, leaf_hash, prove_consistency};
use shared::services::journal::{ProofHashes, Records, VERSION};
use shared::vault::{Burn, Debit, Enrolment, GrantTerms, KeyTerms, ReceiptTerms, Step, Vault};

use super::*;

const NOW: UnixSeconds = UnixSeconds(1_790_000_000);

fn mills(mills: u64) -> Mills {
    Mills::new(mills).unwrap()
}

fn vault_id() -> VaultId {
    VaultId::from_bytes([1; 16])
}

/// A journal: a vault that was refilled with 10.00, printed three letters and skipped a counter.
struct Journal {
    records: Vec<Vec<u8>>,
    vault: Vault,
}

impl Journal {
    fn new() -> Self {
        let enrolment = Enrolment {
            psd: PsdId::specimen(1),
            station: StationId::from_bytes([2; 16]),
            data_center: DataCenterId::from_bytes([3; 16]),
        };
        let first = Vault::enrol(vault_id(), enrolment, NOW, "station").unwrap();
        let mut journal = Self {
            records: vec![first.bytes],
            vault: first.vault,
        };
        journal.act(&Action::Refill(GrantTerms {
            number: 1,
            refill: RefillId::from_bytes([4; 16]),
            control_total_old: Mills::ZERO,
            amount: mills(10_000),
            control_total_new: mills(10_000),
            ascending_base: Mills::ZERO,
            max_piece: mills(100_000),
            max_descending: mills(500_000),
            key: KeyTerms {
                certificate: 7,
                from: NOW,
                until: NOW.plus_days(58),
            },
        }));
        journal.act(&Action::Receive(ReceiptTerms {
            now: NOW,
            warn_at: NOW.plus_days(14),
            lock_at: NOW.plus_days(28),
            accepted_size: 1,
        }));
        for counter in 1..=3 {
            journal.debit(counter);
        }
        journal.act(&Action::Burn(Burn { counter: 4 }));
        journal
    }

    fn act(&mut self, action: &Action) {
        let Step { vault, bytes, .. } = self.vault.act(action, NOW, "clerk").unwrap();
        self.vault = vault;
        self.records.push(bytes);
    }

    fn debit(&mut self, counter: u32) {
        let day = shared::clock::civil_date(NOW);
        self.act(&Action::Debit(Debit {
            counter,
            postage: mills(780),
            date: day,
            booked: day,
            category: *b"FCLM",
            raster: [9; 32],
            amends: None,
        }));
    }

    fn size(&self) -> u64 {
        u64::try_from(self.records.len()).unwrap()
    }

    fn root(&self) -> Hash {
        let mut frontier = Frontier::new();
        for record in &self.records {
            frontier.append(leaf_hash(record)).unwrap();
        }
        frontier.root()
    }

    fn accepted(&self) -> Accepted {
        Accepted {
            size: self.size(),
            root: self.root(),
            registers: self.vault.registers(),
            last_grant: self.vault.last_grant(),
        }
    }

    fn page(&self, from: usize, to: usize) -> PageRequest {
        let leaf = |subtree: Subtree| {
            let record = usize::try_from(subtree.index).ok()?;
            (subtree.level == 0).then(|| leaf_hash(&self.records[record]))
        };
        let end = u64::try_from(to).unwrap();
        let proof = prove_consistency(end, self.size(), |subtree| {
            Ok::<_, std::convert::Infallible>(leaf(subtree))
        });
        PageRequest {
            version: VERSION,
            vault: vault_id(),
            from: u64::try_from(from).unwrap(),
            records: Records(self.records[from..to].to_vec()),
            accepted: self.size(),
            consistency: ProofHashes(proof.unwrap()),
        }
    }
}

#[test]
fn pages_in_their_order_lead_to_the_stated_registers() {
    let journal = Journal::new();
    let accepted = journal.accepted();
    let mut follower = Follower::new();
    for (from, to) in [(0, 2), (2, 2), (2, 5), (5, 7)] {
        follower = take(&follower, &accepted, &journal.page(from, to))
            .unwrap()
            .follower;
    }
    assert_eq!(follower.vault(), Some(&journal.vault));
    assert_eq!(follower.root(), accepted.root);
}

#[test]
fn a_page_out_of_its_place_is_told_the_place() {
    let journal = Journal::new();
    let accepted = journal.accepted();
    let page = journal.page(2, 4);
    let fault = take(&Follower::new(), &accepted, &page).unwrap_err();
    assert_eq!(fault, PageFault::OutOfPlace);
    let newer = Accepted {
        size: accepted.size + 1,
        ..accepted
    };
    let page = journal.page(0, 4);
    let fault = take(&Follower::new(), &newer, &page).unwrap_err();
    assert_eq!(fault, PageFault::OutOfPlace);
}

#[test]
fn no_flipped_bit_of_a_record_is_mirrored() {
    let journal = Journal::new();
    let accepted = journal.accepted();
    let clean = journal.page(0, 4);
    for (number, record) in clean.records.0.iter().enumerate() {
        for byte in 0..record.len() {
            let mut page = clean.clone();
            page.records.0[number][byte] ^= 1 << (byte % 8);
            let fault = take(&Follower::new(), &accepted, &page).unwrap_err();
            assert!(
                matches!(fault, PageFault::Contradiction(_)),
                "{number} {byte}"
            );
        }
    }
}

#[test]
fn records_that_are_signed_for_but_break_a_rule_are_a_contradiction() {
    let mut journal = Journal::new();
    // The forger signs for a tree that holds the same debit twice.
    let again = journal.records[3].clone();
    journal.records.push(again);
    let accepted = journal.accepted();
    let fault = take(&Follower::new(), &accepted, &journal.page(0, 8)).unwrap_err();
    let PageFault::Contradiction(reason) = fault else {
        panic!("{fault:?}")
    };
    assert!(reason.contains("no vault"), "{reason}");
}

#[test]
fn registers_that_the_journal_does_not_have_are_a_contradiction() {
    let journal = Journal::new();
    let mut before = Journal::new();
    before.debit(5);
    let accepted = Accepted {
        registers: before.vault.registers(),
        ..journal.accepted()
    };
    // Not before the mirror has caught up can the registers be compared.
    let half = take(&Follower::new(), &accepted, &journal.page(0, 4)).unwrap();
    let fault = take(&half.follower, &accepted, &journal.page(4, 7)).unwrap_err();
    let PageFault::Contradiction(reason) = fault else {
        panic!("{fault:?}")
    };
    assert!(reason.contains("registers"), "{reason}");
}
