//! An enrolled and refilled station for tests, with an own certificate authority and clock.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::tz::TimeZone;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType,
    SerialNumber, SubjectPublicKeyInfo,
};
use shared::clock::UnixSeconds;
use shared::ids::{DataCenterId, PsdId, RefillId, StationId, VaultId};
use shared::indicium::certificate::{IndiciumTerms, certificate_serial};
use shared::indicium::regime::Regime;
use shared::money::Mills;
use shared::rates::Edition;
use shared::vault::{Action, Enrolment, GrantTerms, KeyTerms, ReceiptTerms};

use super::{CLERK_USER, Clock, STATION_USER, Station, names, open_keeper, orders};
use crate::api::{Call, PieceView, PrintCall, PrintOut, QuoteCall, SecretsChoice, UiError, View};
use crate::crypto::SigningKey;
use crate::owner::FolderLock;
use crate::services::software::Program;
use crate::store::editions::EditionRow;
use crate::vault::piece::Happening;

/// Noon UTC of 18 November 2026: the edition of July 2026 is in force.
pub(crate) const START: UnixSeconds = UnixSeconds(1_795_003_200);

const EDITION: &str = include_str!("../../../../shared/data/editions/us-2026-07-12.json");

/// A certificate authority for tests.
struct Authority {
    root: Vec<u8>,
    issuer_der: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

/// A station in folders of its own.
pub(crate) struct Desk {
    pub(crate) station: Option<Station>,
    folder: tempfile::TempDir,
    now: Arc<AtomicI64>,
    authority: Authority,
    zone: TimeZone,
    program: Program,
}

impl Desk {
    /// Enrolled, met the data center, and refilled with 50.00.
    pub(crate) fn new() -> Self {
        Self::in_zone(TimeZone::UTC)
    }

    /// As [`Self::new`], in a time zone.
    pub(crate) fn in_zone(zone: TimeZone) -> Self {
        let mut desk = Self {
            zone,
            station: None,
            folder: tempfile::tempdir().unwrap(),
            now: Arc::new(AtomicI64::new(START.0)),
            authority: authority(),
            program: Program::BESIDE,
        };
        desk.start();
        desk.enrol();
        desk.refill(50_000);
        desk
    }

    pub(crate) fn station(&self) -> &Station {
        self.station.as_ref().unwrap()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A path outside the data folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn pass_days(&self, days: i64) {
        let later = UnixSeconds(self.now.load(Ordering::SeqCst)).plus_days(days);
        self.now.store(later.0, Ordering::SeqCst);
    }

    pub(crate) fn pass_seconds(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::SeqCst);
    }

    pub(crate) fn try_start(&self) -> Result<Station, crate::api::UiError> {
        let lock = FolderLock::take(&self.data())?.expect("nobody else holds it");
        let now = Arc::clone(&self.now);
        Station::open_for(
            lock,
            Clock::told_in(
                move || UnixSeconds(now.load(Ordering::SeqCst)),
                self.zone.clone(),
            ),
            self.program,
        )
    }

    pub(crate) fn start(&mut self) {
        self.station = Some(self.try_start().unwrap());
    }

    pub(crate) fn stop(&mut self) {
        self.station = None;
    }

    /// Ends the station and starts it again.
    pub(crate) fn restart(&mut self) {
        self.stop();
        self.start();
    }

    /// Starts the station again in another time zone.
    pub(crate) fn move_to(&mut self, zone: TimeZone) {
        self.stop();
        self.zone = zone;
        self.start();
    }

    /// Starts the station again with another program.
    pub(crate) fn run(&mut self, program: Program) {
        self.stop();
        self.program = program;
        self.start();
    }

    fn enrol(&self) {
        let path = self.path("keys").display().to_string();
        let choice = SecretsChoice::KeyFile { path };
        let station = self.station();
        let id = station
            .apply_blocking(|owner| Ok(owner.store_id()))
            .unwrap();
        let keeper = runtime().block_on(open_keeper(choice.clone(), id)).unwrap();
        let (root, issuer) = (&self.authority.root, &self.authority.issuer_der);
        let (root, issuer) = (hex::encode(root), hex::encode(issuer));
        let edition = Edition::from_json(EDITION).unwrap();
        station
            .apply_blocking(move |owner| {
                owner.seal_with(&choice, keeper)?;
                let enrolment = Enrolment {
                    psd: PsdId::specimen(42),
                    station: StationId::from_bytes([1; 16]),
                    data_center: DataCenterId::from_bytes([2; 16]),
                };
                owner.found(VaultId::from_bytes([3; 16]), enrolment, |tx| {
                    tx.put_setting(names::ROOT, &root)?;
                    tx.put_setting(names::INDICIUM_AUTHORITY, &issuer)?;
                    tx.put_setting(names::LICENCE_ZIP, "10001")?;
                    tx.put_setting(names::SUPPORT_CONTACT, "the post room, 555-0100")?;
                    Ok(tx.put_edition(&EditionRow {
                        id: edition.id().to_owned(),
                        effective: edition.effective(),
                        content: edition.to_bytes(),
                    })?)
                })?;
                let now = owner.now();
                let receipt = Action::Receive(ReceiptTerms {
                    now,
                    warn_at: now.plus_days(14),
                    lock_at: now.plus_days(28),
                    accepted_size: 1,
                });
                owner.act(&receipt, STATION_USER, |_, _| Ok(()))
            })
            .unwrap();
    }

    /// Applies a grant with a new key.
    pub(crate) fn refill(&self, mills: u64) {
        let station = self.station();
        let vault = station
            .apply_blocking(|owner| owner.enrolled().cloned())
            .unwrap();
        let amount = Mills::new(mills).unwrap();
        let old = vault.registers().control_total();
        let new = old.plus(amount).unwrap();
        let number = vault.last_grant() + 1;
        let max_piece = Mills::new(100_000).unwrap();
        let (key, pkcs8) = SigningKey::generate().unwrap();
        let counter = u32::try_from(100 + number).unwrap();
        let terms = IndiciumTerms {
            psd: vault.psd(),
            grant: number,
            control_total: new,
            from: vault.registers().ascending(),
            max: max_piece,
            regime: Regime::Specimen,
        };
        let now = UnixSeconds(self.now.load(Ordering::SeqCst));
        let der = self.authority.certificate(&key, &terms, counter, now);
        let grant = Action::Refill(GrantTerms {
            number,
            refill: RefillId::from_bytes([4; 16]),
            control_total_old: old,
            amount,
            control_total_new: new,
            ascending_base: vault.registers().ascending(),
            max_piece,
            max_descending: Mills::new(5_000_000).unwrap(),
            key: KeyTerms {
                certificate: counter,
                from: now,
                until: now.plus_days(58),
            },
        });
        station
            .apply_blocking(move |owner| {
                owner.act(&grant, CLERK_USER, |tx, _| {
                    tx.put_secret(names::INDICIUM_KEY, &pkcs8)?;
                    Ok(tx.put_certificate(counter, &der)?)
                })
            })
            .unwrap();
    }

    /// Everything a foreign verifier needs: root, issuer and the indicium certificates, PEM.
    pub(crate) fn certificates_pem(&self) -> String {
        [&self.authority.root, &self.authority.issuer_der]
            .into_iter()
            .map(|der| crate::vault::credentials::pem(der))
            .collect()
    }
}

/// A letter of one ounce to Boston, to be printed into files beside the data folder.
pub(crate) fn letter(desk: &Desk, name: &str) -> PrintCall {
    let file = |kind: &str| Some(desk.path(&format!("{name}.{kind}")).display().to_string());
    PrintCall {
        quote: letter_quote(),
        to_address: Some("Ada Lovelace\n1 Beacon St\nBoston MA 02108".into()),
        cost_centre: None,
        out: Some(PrintOut::Files {
            pdf: file("pdf"),
            png: file("png"),
            escpos: file("escpos"),
        }),
        ..PrintCall::default()
    }
}

pub(crate) fn letter_quote() -> QuoteCall {
    QuoteCall {
        class: "first-class".into(),
        shape: "letter".into(),
        weight: "1oz".into(),
        to: "02108".into(),
        ..QuoteCall::default()
    }
}

/// Asks the station of a desk.
pub(crate) fn call(desk: &Desk, call: Call) -> Result<View, UiError> {
    runtime().block_on(desk.station().call(call))
}

/// As [`call`], of what answers with a piece.
pub(crate) fn piece(desk: &Desk, asked: Call) -> Result<PieceView, UiError> {
    let View::Piece(piece) = call(desk, asked)? else {
        panic!("not a piece")
    };
    Ok(*piece)
}

/// Pays for a letter and leaves it as a crash after these happenings would; its counter.
pub(crate) fn paid_and_left(desk: &Desk, happenings: &'static [Happening]) -> u32 {
    let asked = letter(desk, "left");
    desk.station()
        .apply_blocking(move |owner| {
            let (order, _) = owner.order(&asked, &orders::Paper::of_files())?;
            let (row, _) = owner.pay(&order, None)?;
            if !happenings.is_empty() {
                owner.happened(row.counter, happenings, None)?;
            }
            Ok(row.counter)
        })
        .unwrap()
}

/// A runtime for what only runs on one.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap()
}

fn authority() -> Authority {
    let (root_key, issuer_key) = (new_key(), new_key());
    let root = ca_params("root", 1);
    let root_der = root.self_signed(&root_key).unwrap().der().to_vec();
    let root = Issuer::new(root, root_key);
    let issuer = ca_params("indicia", 0);
    let issuer_der = issuer.signed_by(&issuer_key, &root).unwrap().der().to_vec();
    Authority {
        root: root_der,
        issuer_der,
        issuer: Issuer::new(issuer, issuer_key),
    }
}

fn new_key() -> KeyPair {
    KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap()
}

fn params(name: &str, from: UnixSeconds, until: UnixSeconds) -> CertificateParams {
    let mut params = CertificateParams::default();
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    let at = |instant: UnixSeconds| {
        epoch + std::time::Duration::from_secs(u64::try_from(instant.0).unwrap())
    };
    params.not_before = at(from);
    params.not_after = at(until);
    params.distinguished_name = rcgen::DistinguishedName::new();
    // Long names, so that every certificate has a length of two bytes, as all real ones have.
    let organization = "Pennyblack tests, with a name long enough";
    params
        .distinguished_name
        .push(DnType::OrganizationName, organization);
    params.distinguished_name.push(DnType::CommonName, name);
    params.use_authority_key_identifier_extension = true;
    params
}

fn ca_params(name: &str, path_length: u8) -> CertificateParams {
    let mut params = params(name, START.plus_days(-10), START.plus_days(4_000));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_length));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.serial_number = Some(SerialNumber::from_slice(&[1, path_length]));
    params
}

impl Authority {
    fn certificate(
        &self,
        key: &SigningKey,
        terms: &IndiciumTerms,
        counter: u32,
        now: UnixSeconds,
    ) -> Vec<u8> {
        let mut params = params("indicium", now.plus_seconds(-300), now.plus_days(58));
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.serial_number = Some(SerialNumber::from_slice(&certificate_serial(
            [5; 8], counter,
        )));
        params.subject_alt_names = vec![SanType::URI(terms.to_string().try_into().unwrap())];
        let public = SubjectPublicKeyInfo::from_der(&key.point().spki()).unwrap();
        params
            .signed_by(&public, &self.issuer)
            .unwrap()
            .der()
            .to_vec()
    }
}
