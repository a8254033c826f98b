//! Replaying a journal of a million records: what the mirror and a stranger's check do.

use shared::clock::{UnixSeconds, civil_date};
use shared::ids::{DataCenterId, PsdId, RefillId, StationId, VaultId};
use shared::money::Mills;
use shared::vault::{
    Action, Debit, Enrolment, Follower, GrantTerms, KeyTerms, ReceiptTerms, Vault,
};

use crate::clock::thread_cpu;
use crate::figure::{Figure, Target};

/// Records of the journal.
const RECORDS: u32 = 1_000_000;

/// Records made at a time, so that the journal need not fit into memory.
const AT_A_TIME: u32 = 10_000;

/// Noon of the day everything is printed.
const NOW: UnixSeconds = UnixSeconds(1_790_000_000);

pub(crate) fn measure() -> anyhow::Result<Vec<Figure>> {
    let (mut vault, first) = begin()?;
    let mut follower = Follower::new();
    for record in &first {
        follower.follow(record)?;
    }
    let mut spent = 0.0;
    let mut counter = 0;
    while counter < RECORDS {
        let mut records = Vec::new();
        for _ in 0..AT_A_TIME {
            counter += 1;
            let step = vault.act(&debit(counter)?, NOW, "clerk")?;
            records.push(step.bytes);
            vault = step.vault;
        }
        let mut outcome = Ok(());
        let took = thread_cpu(|| {
            outcome = records
                .iter()
                .try_for_each(|record| follower.follow(record).map(drop));
        });
        outcome?;
        spent += took.as_secs_f64();
    }
    anyhow::ensure!(
        follower.vault() == Some(&vault),
        "the replay leads to another vault"
    );
    Ok(vec![Figure::new(
        "journal.verify_1m_s",
        spent,
        "s",
        Target::AtMost(10.0),
    )])
}

/// A vault that can pay for all of them, and its first records.
fn begin() -> anyhow::Result<(Vault, Vec<Vec<u8>>)> {
    let enrolment = Enrolment {
        psd: PsdId::specimen(1),
        station: StationId::from_bytes([2; 16]),
        data_center: DataCenterId::from_bytes([3; 16]),
    };
    let enrolled = Vault::enrol(VaultId::from_bytes([1; 16]), enrolment, NOW, "station")?;
    let value = Mills::new(u64::from(RECORDS) * 780)?;
    let refilled = enrolled.vault.act(
        &Action::Refill(GrantTerms {
            number: 1,
            refill: RefillId::from_bytes([4; 16]),
            control_total_old: Mills::ZERO,
            amount: value,
            control_total_new: value,
            ascending_base: Mills::ZERO,
            max_piece: Mills::new(100_000)?,
            max_descending: value,
            key: KeyTerms {
                certificate: 7,
                from: NOW,
                until: NOW.plus_days(58),
            },
        }),
        NOW,
        "clerk",
    )?;
    let received = refilled.vault.act(
        &Action::Receive(ReceiptTerms {
            now: NOW,
            warn_at: NOW.plus_days(14),
            lock_at: NOW.plus_days(28),
            accepted_size: 1,
        }),
        NOW,
        "station",
    )?;
    let records = vec![enrolled.bytes, refilled.bytes, received.bytes];
    Ok((received.vault, records))
}

fn debit(counter: u32) -> anyhow::Result<Action> {
    let day = civil_date(NOW);
    Ok(Action::Debit(Debit {
        counter,
        postage: Mills::new(780)?,
        date: day,
        booked: day,
        category: *b"FCLM",
        raster: [9; 32],
        amends: None,
    }))
}
