//! What the machine gives to anybody: the bare cost of the durable and cryptographic work that a
//! station and a data center cannot do without. No type of the product is named here, so that no
//! change of the product can make a probe slower.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _,
    UnparsedPublicKey,
};
use hpke::aead::AesGcm256;
use hpke::kdf::HkdfSha256;
use hpke::kem::DhP256HkdfSha256;
use hpke::{Kem, OpModeR, OpModeS};
use rusqlite::{Connection, params};

use crate::clock::{cpu_ms_per_call, milliseconds, thread_cpu};

/// Accounts that the transfers of the batch probe go between.
const ACCOUNTS: u32 = 1_000;

/// Bytes of a request and of a reply, about: what the primitives are run on.
const MESSAGE_BYTES: usize = 1_024;

/// How long the machine is asked for its cores.
const CORES_TAKE: Duration = Duration::from_millis(200);

/// A database as a careful program opens it.
fn database(path: &Path) -> anyhow::Result<Connection> {
    let db = Connection::open(path)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    Ok(db)
}

/// One row, changed and committed.
pub(crate) struct CommitProbe {
    db: Connection,
}

impl CommitProbe {
    /// Makes the database file `path`.
    pub(crate) fn new(path: &Path) -> anyhow::Result<Self> {
        let db = database(path)?;
        db.execute_batch(
            "CREATE TABLE one (id INTEGER PRIMARY KEY, value INTEGER NOT NULL);
             INSERT INTO one VALUES (1, 0);",
        )?;
        Ok(Self { db })
    }

    /// One commit, milliseconds.
    pub(crate) fn take(&self) -> anyhow::Result<f64> {
        let started = Instant::now();
        self.db.execute_batch(
            "BEGIN IMMEDIATE; UPDATE one SET value = value + 1 WHERE id = 1; COMMIT;",
        )?;
        Ok(milliseconds(started.elapsed()))
    }
}

/// Transfers between accounts: two balances and a journal row with its hash and a unique key.
pub(crate) struct TransferProbe {
    db: Connection,
    next: u32,
    head: [u8; 32],
}

impl TransferProbe {
    /// Makes the database file `path`.
    pub(crate) fn new(path: &Path) -> anyhow::Result<Self> {
        let mut db = database(path)?;
        db.execute_batch(
            "CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL);
             CREATE TABLE journal (
                sequence INTEGER PRIMARY KEY, debit INTEGER NOT NULL, credit INTEGER NOT NULL,
                amount INTEGER NOT NULL, asked BLOB NOT NULL UNIQUE, hash BLOB NOT NULL);",
        )?;
        let fill = db.transaction()?;
        for id in 0..ACCOUNTS {
            fill.execute("INSERT INTO account VALUES (?1, 1000000)", [id])?;
        }
        fill.commit()?;
        Ok(Self {
            db,
            next: 0,
            head: [0; 32],
        })
    }

    /// Transfers a second in `commits` commits of `size` transfers.
    pub(crate) fn take(&mut self, commits: u32, size: u32) -> anyhow::Result<f64> {
        let started = Instant::now();
        for _ in 0..commits {
            self.db.execute_batch("BEGIN IMMEDIATE")?;
            for _ in 0..size {
                self.transfer()?;
            }
            self.db.execute_batch("COMMIT")?;
        }
        Ok(f64::from(commits * size) / started.elapsed().as_secs_f64())
    }

    fn transfer(&mut self) -> anyhow::Result<()> {
        self.next += 1;
        let (debit, credit) = (self.next % ACCOUNTS, (self.next + 1) % ACCOUNTS);
        let mut update = self
            .db
            .prepare_cached("UPDATE account SET balance = balance + ?2 WHERE id = ?1")?;
        update.execute(params![debit, -1])?;
        update.execute(params![credit, 1])?;
        let mut record = self.head.to_vec();
        record.extend(
            [self.next, debit, credit]
                .iter()
                .flat_map(|n| n.to_be_bytes()),
        );
        let hash = digest::digest(&digest::SHA256, &record);
        self.head.copy_from_slice(hash.as_ref());
        let mut asked = [0; 16];
        asked.copy_from_slice(&self.head[..16]);
        self.db
            .prepare_cached("INSERT INTO journal VALUES (?1, ?2, ?3, 1, ?4, ?5)")?
            .execute(params![self.next, debit, credit, asked, self.head])?;
        Ok(())
    }
}

/// CPU seconds of the primitives of one refill: HPKE open, two P-256 verifications (request and
/// possession), two P-256 signatures (certificate and reply), AES-256-GCM over the reply, SHA-256
/// over the request.
pub(crate) fn refill_primitives(rounds: u32, calls: u32) -> anyhow::Result<f64> {
    let milliseconds = hpke_open(rounds, calls)?
        + 2.0 * verify(rounds, calls)?
        + 2.0 * sign(rounds, calls)?
        + seal(rounds, calls)?
        + hash(rounds, calls);
    Ok(milliseconds / 1_000.0)
}

/// CPU milliseconds of the two operations that a sealed and signed message cannot be opened without.
pub(crate) fn open_primitives(rounds: u32, calls: u32) -> anyhow::Result<f64> {
    Ok(hpke_open(rounds, calls)? + verify(rounds, calls)?)
}

/// CPU milliseconds of one HPKE open (DHKEM P-256, HKDF-SHA256, AES-256-GCM).
fn hpke_open(rounds: u32, calls: u32) -> anyhow::Result<f64> {
    let broken = |fault| anyhow!("HPKE: {fault:?}");
    let (private, public) = DhP256HkdfSha256::derive_keypair(&[7; 32]);
    let (enc, mut sender) = hpke::setup_sender_with_rng::<AesGcm256, HkdfSha256, DhP256HkdfSha256>(
        &OpModeS::Base,
        &public,
        b"probe",
        &mut Random,
    )
    .map_err(broken)?;
    let sealed = sender
        .seal(&[1; MESSAGE_BYTES], b"header")
        .map_err(broken)?;
    let mut opened = Ok(Vec::new());
    let spent = cpu_ms_per_call(rounds, calls, || {
        opened = hpke::setup_receiver::<AesGcm256, HkdfSha256, DhP256HkdfSha256>(
            &OpModeR::Base,
            &private,
            &enc,
            b"probe",
        )
        .and_then(|mut receiver| receiver.open(&sealed, b"header"));
    });
    let opened = opened.map_err(broken)?;
    anyhow::ensure!(opened.len() == MESSAGE_BYTES, "HPKE opened something else");
    Ok(spent)
}

fn sign(rounds: u32, calls: u32) -> anyhow::Result<f64> {
    let (key, random) = (key()?, SystemRandom::new());
    let mut outcome = Ok(());
    let spent = cpu_ms_per_call(rounds, calls, || {
        outcome = key.sign(&random, &[1; MESSAGE_BYTES]).map(drop);
    });
    outcome.context("signing")?;
    Ok(spent)
}

fn verify(rounds: u32, calls: u32) -> anyhow::Result<f64> {
    let key = key()?;
    let message = [1; MESSAGE_BYTES];
    let signature = key
        .sign(&SystemRandom::new(), &message)
        .context("signing")?;
    let mut outcome = Ok(());
    let spent = cpu_ms_per_call(rounds, calls, || {
        let public = key.public_key().as_ref();
        outcome = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public)
            .verify(&message, signature.as_ref());
    });
    outcome.context("verifying")?;
    Ok(spent)
}

/// What every segment has around it: the headers of IPv4 and TCP, and PPP's protocol, check sequence
/// and flags where all that may be left out is (RFC 1661 §6.5, §6.6, RFC 1662).
const SEGMENT: usize = 40 + 5;
/// The longest segment's payload on a line with packets of 1500 bytes.
const SEGMENT_PAYLOAD: usize = 1_460;
/// TLS 1.3 with a resumed session and one key share on P-256 or X25519, there and back: hello with
/// ticket and binder, finished; hello, encrypted extensions, finished, and the next ticket.
const TLS_FLIGHTS: Passed = Passed {
    there: 375,
    back: 355,
};
/// What TLS adds to a message: record header, content type, tag.
const RECORD: usize = 22;

/// A message and its answer, bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passed {
    pub(crate) there: usize,
    pub(crate) back: usize,
}

/// The bytes of a call, both ways, that carries these messages one after the other in as few segments
/// as there can be: each answers the last, and carries its acknowledgement. What agrees on the link
/// before and how HTTP wraps a message is no part of it.
pub(crate) fn dialed_floor(messages: &[Passed]) -> usize {
    // Three to open a connection, three to close it.
    let connection = 6 * SEGMENT;
    let carried = |payload: usize| payload + payload.div_ceil(SEGMENT_PAYLOAD) * SEGMENT;
    let flights = carried(TLS_FLIGHTS.there) + carried(TLS_FLIGHTS.back);
    let exchanged = messages
        .iter()
        .map(|one| carried(one.there + RECORD) + carried(one.back + RECORD));
    connection + flights + exchanged.sum::<usize>()
}

fn key() -> anyhow::Result<EcdsaKeyPair> {
    EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).context("making a key")
}

fn seal(rounds: u32, calls: u32) -> anyhow::Result<f64> {
    let key = UnboundKey::new(&AES_256_GCM, &[3; 32]).context("AES key")?;
    let key = LessSafeKey::new(key);
    let mut outcome = Ok(());
    let spent = cpu_ms_per_call(rounds, calls, || {
        let mut message = vec![1; MESSAGE_BYTES];
        outcome = key.seal_in_place_append_tag(
            Nonce::assume_unique_for_key([0; 12]),
            Aad::from(b"header"),
            &mut message,
        );
    });
    outcome.context("sealing")?;
    Ok(spent)
}

fn hash(rounds: u32, calls: u32) -> f64 {
    let mut last = [0; 32];
    cpu_ms_per_call(rounds, calls, || {
        let mut message = [1; MESSAGE_BYTES];
        message[..32].copy_from_slice(&last);
        last.copy_from_slice(digest::digest(&digest::SHA256, &message).as_ref());
    })
}

/// The cores that this process can have just now: the CPU time that one busy thread for each core
/// of the machine gets, over the time on the wall. On a machine with nothing else to do it is the
/// number of its cores.
pub(crate) fn cores_on_hand() -> f64 {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let started = Instant::now();
    let busy = || thread_cpu(|| while started.elapsed() < CORES_TAKE {});
    let spent: Duration = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(busy)).collect();
        threads
            .into_iter()
            .filter_map(|thread| thread.join().ok())
            .sum()
    });
    spent.as_secs_f64() / started.elapsed().as_secs_f64()
}

/// Random bytes of the operating system for HPKE.
struct Random;

impl hpke::rand_core::TryRng for Random {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        fill(bytes);
        Ok(())
    }
}

fn fill(bytes: &mut [u8]) {
    aws_lc_rs::rand::fill(bytes).expect("the operating system gives random bytes");
}

impl hpke::rand_core::TryCryptoRng for Random {}
