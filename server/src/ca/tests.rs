use std::path::Path;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P384_SHA384};
use shared::clock::UnixSeconds;
use shared::ids::{AccountId, DataCenterId, PsdId, StationId, VaultId};
use shared::indicium::certificate::IndiciumTerms;
use shared::indicium::chain::IndiciumChain;
use shared::indicium::regime::Regime;
use shared::money::Mills;
use shared::services::keys::Point;
use tempfile::TempDir;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use super::counter::{Counter, RESTORE_STEP, Reserve};
use super::deny::{DenyList, revoke};
use super::{Authority, CaError, StationCertificate, init, new_key, new_passphrase, open_bundle};
use crate::db::Db;
use crate::folder::Folder;
use crate::params;

const NOW: UnixSeconds = UnixSeconds(1_800_000_000);
const STATION: StationId = StationId::from_bytes([5; 16]);
const PASSPHRASE: &str = "correct horse battery";

struct Center {
    authority: Authority,
    folder: Folder,
    _keep: TempDir,
}

fn center() -> Center {
    let keep = TempDir::new().unwrap();
    let folder = Folder::new(keep.path().join("data"));
    folder.make().unwrap();
    init(&folder, DataCenterId::from_bytes([9; 16]), PASSPHRASE, NOW).unwrap();
    Center {
        authority: Authority::open(&folder, &[], NOW).unwrap(),
        folder,
        _keep: keep,
    }
}

fn request(key: &KeyPair) -> Vec<u8> {
    let params = CertificateParams::new(vec!["evil.example".to_owned()]).unwrap();
    params.serialize_request(key).unwrap().der().to_vec()
}

fn terms() -> IndiciumTerms {
    IndiciumTerms {
        psd: PsdId::specimen(7),
        grant: 1,
        control_total: Mills::new(50_000).unwrap(),
        from: Mills::ZERO,
        max: Mills::new(100_000).unwrap(),
        regime: Regime::Specimen,
    }
}

fn verifies(key: &[u8; 65], message: &[u8], signature: &[u8; 64]) -> bool {
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, key)
        .verify(message, signature)
        .is_ok()
}

#[test]
fn an_indicium_certificate_chains_to_the_root() {
    let Center {
        authority,
        folder: _,
        _keep,
    } = center();
    let key = new_key().unwrap();
    let point = Point(key.public_key_raw().try_into().unwrap());
    let issued = authority
        .issue_indicium_certificate(point, &terms(), 77, NOW)
        .unwrap();
    let chain = IndiciumChain::check(
        &issued.der,
        &authority.indicium_authority(),
        authority.root(),
        &verifies,
    )
    .unwrap();
    assert_eq!(chain.certificate().terms, terms());
    assert_eq!(chain.certificate().public_key, point.0);
    assert_eq!(chain.certificate().serial, issued.serial);
    assert_eq!(chain.certificate().not_after, NOW.plus_days(58));
    assert_eq!(issued.serial[8..], 77_u32.to_be_bytes());
}

#[test]
fn the_station_authority_cannot_stand_in_for_the_one_of_indicia() {
    let Center {
        authority,
        folder: _,
        _keep,
    } = center();
    let key = new_key().unwrap();
    let point = Point(key.public_key_raw().try_into().unwrap());
    let issued = authority
        .issue_indicium_certificate(point, &terms(), 77, NOW)
        .unwrap();
    let chain = IndiciumChain::check(
        &issued.der,
        &authority.station_authority(),
        authority.root(),
        &verifies,
    );
    assert!(chain.is_err());
}

#[test]
fn serials_begin_between_01_and_7f_and_never_repeat() {
    let Center {
        authority,
        folder: _,
        _keep,
    } = center();
    let key = new_key().unwrap();
    let point = Point(key.public_key_raw().try_into().unwrap());
    let mut seen = std::collections::HashSet::new();
    for _ in 0..300 {
        let issued = authority
            .issue_indicium_certificate(point, &terms(), 1, NOW)
            .unwrap();
        assert!((0x01..=0x7f).contains(&issued.serial[0]));
        assert!(seen.insert(issued.serial));
    }
}

#[test]
fn a_station_certificate_takes_only_the_key_from_its_request() {
    let Center {
        authority,
        folder: _,
        _keep,
    } = center();
    let key = new_key().unwrap();
    let psd = PsdId::specimen(7);
    let issued = authority
        .issue_station_certificate(&request(&key), STATION, psd, 3, NOW)
        .unwrap();
    let (_, certificate) = X509Certificate::from_der(&issued.der).unwrap();
    assert!(!certificate.is_ca());
    assert_eq!(
        certificate.validity().not_after.timestamp(),
        NOW.plus_days(30).0
    );
    assert_eq!(certificate.validity().not_before.timestamp(), NOW.0 - 300);
    let names = certificate.subject_alternative_name().unwrap().unwrap();
    assert_eq!(names.value.general_names.len(), 1);
    let read = StationCertificate::read(&issued.der).unwrap();
    assert_eq!(read.station, STATION);
    assert_eq!(read.serial, issued.serial);
    assert_eq!(read.not_after, issued.not_after);
    assert_eq!(read.point.0.as_slice(), key.public_key_raw());
}

#[test]
fn a_request_that_is_not_signed_by_its_own_p256_key_is_refused() {
    let Center {
        authority,
        folder: _,
        _keep,
    } = center();
    let issue =
        |csr: &[u8]| authority.issue_station_certificate(csr, STATION, PsdId::specimen(7), 3, NOW);
    let good = request(&new_key().unwrap());
    issue(&good).unwrap();
    let mut altered = good.clone();
    *altered.last_mut().unwrap() ^= 1;
    let other = request(&KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap());
    let long = vec![0x30; 5_000];
    for bad in [&altered, &other, &long, &Vec::new()] {
        assert!(matches!(issue(bad), Err(CaError::BadRequest)));
    }
}

#[test]
fn the_offline_bundle_opens_with_its_passphrase_only() {
    let Center {
        authority,
        folder,
        _keep,
    } = center();
    let bundle = std::fs::read_to_string(folder.offline_root()).unwrap();
    let keys = open_bundle(&bundle, PASSPHRASE).unwrap();
    assert_eq!(keys.len(), 3);
    let root = KeyPair::try_from(keys[0].as_slice()).unwrap();
    let (_, certificate) = X509Certificate::from_der(authority.root()).unwrap();
    assert_eq!(
        certificate.public_key().subject_public_key.data.as_ref(),
        root.public_key_raw()
    );
    for (key, public) in keys[1..].iter().zip(authority.recovery_keys()) {
        assert_eq!(super::keys::ed25519_public(key).unwrap(), *public);
    }
    let wrong = open_bundle(&bundle, "correct horse battery staple");
    assert!(matches!(wrong, Err(CaError::WrongPassphrase)));
    assert!(!bundle.contains("BEGIN PRIVATE KEY"));
}

#[test]
fn the_roots_private_key_lies_nowhere_else() {
    let Center {
        authority: _,
        folder,
        _keep,
    } = center();
    let bundle = std::fs::read_to_string(folder.offline_root()).unwrap();
    let root = open_bundle(&bundle, PASSPHRASE).unwrap().remove(0);
    let scalar = &root[36..68];
    let mut files = vec![folder.path().to_owned()];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(
                std::fs::read_dir(path)
                    .unwrap()
                    .map(|entry| entry.unwrap().path()),
            );
        } else if path != folder.offline_root() {
            let text = std::fs::read_to_string(&path).unwrap();
            let der = x509_parser::pem::parse_x509_pem(text.as_bytes())
                .map(|(_, pem)| pem.contents)
                .unwrap_or_default();
            let holds = der.windows(scalar.len()).any(|window| window == scalar);
            assert!(!holds, "{}", path.display());
        }
    }
}

#[test]
fn a_short_passphrase_is_refused_and_a_made_one_is_long() {
    let keep = TempDir::new().unwrap();
    let folder = Folder::new(keep.path());
    folder.make().unwrap();
    let short = init(&folder, DataCenterId::from_bytes([9; 16]), "short", NOW);
    assert!(matches!(short, Err(CaError::WeakPassphrase { .. })));
    assert_eq!(new_passphrase().unwrap().len(), 39);
    assert_ne!(*new_passphrase().unwrap(), *new_passphrase().unwrap());
}

#[test]
fn a_folder_from_before_there_were_telephone_lines_gets_the_key_of_their_secrets_once() {
    let Center {
        authority,
        folder,
        _keep,
    } = center();
    let secret = authority.dial_in().of_station(STATION);
    let again = Authority::open(&folder, &[], NOW).unwrap();
    assert_eq!(again.dial_in().of_station(STATION), secret);
    std::fs::remove_file(folder.dial_in_key()).unwrap();
    let new = Authority::open(&folder, &[], NOW).unwrap();
    let other = new.dial_in().of_station(STATION);
    assert_ne!(other, secret);
    let again = Authority::open(&folder, &[], NOW).unwrap();
    assert_eq!(again.dial_in().of_station(STATION), other);
    std::fs::write(folder.dial_in_key(), "0011").unwrap();
    let damaged = Authority::open(&folder, &[], NOW);
    assert!(matches!(damaged, Err(CaError::Damaged { .. })));
}

#[cfg(unix)]
#[test]
fn keys_are_readable_by_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let Center {
        authority,
        folder,
        _keep,
    } = center();
    authority.tls_identity(NOW).unwrap();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder.path()), 0o700);
    assert_eq!(mode(&folder.path().join("keys")), 0o700);
    assert_eq!(mode(&folder.offline_root()), 0o600);
    let _db = Db::open(&folder.database(), NOW).unwrap();
    assert_eq!(mode(&folder.database()), 0o600);
    let mut log = folder.database().into_os_string();
    log.push("-wal");
    assert_eq!(mode(Path::new(&log)), 0o600);
    for entry in std::fs::read_dir(folder.path().join("keys")).unwrap() {
        let path = entry.unwrap().path();
        let expected = if path.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode(&path), expected, "{}", path.display());
    }
}

#[test]
fn the_tls_certificate_is_kept_until_it_nears_its_end_or_its_names_change() {
    let Center {
        authority,
        folder,
        _keep,
    } = center();
    let leaf = |authority: &Authority, now| authority.tls_identity(now).unwrap().chain.remove(0);
    let first = leaf(&authority, NOW);
    assert_eq!(first, leaf(&authority, NOW.plus_days(59)));
    let second = leaf(&authority, NOW.plus_days(61));
    assert_ne!(first, second);
    let now = NOW.plus_days(61);
    let names = ["post.example".to_owned(), "192.0.2.7".to_owned()];
    let named = Authority::open(&folder, &names, now).unwrap();
    let third = leaf(&named, now);
    assert_ne!(second, third);
    assert_eq!(third, leaf(&named, now));
    let (_, certificate) = X509Certificate::from_der(&third).unwrap();
    let found = certificate.subject_alternative_name().unwrap().unwrap();
    assert_eq!(found.value.general_names.len(), 5);
    let bad = Authority::open(&folder, &["not a name".to_owned()], now);
    assert!(matches!(bad, Err(CaError::BadName { .. })));
}

#[test]
fn the_bundle_begins_with_the_root_and_has_all_authorities() {
    let Center {
        authority,
        folder: _,
        _keep,
    } = center();
    let bundle = authority.bundle(NOW);
    let ders: Vec<_> = x509_parser::pem::Pem::iter_from_buffer(bundle.as_bytes())
        .map(|pem| pem.unwrap().contents)
        .collect();
    assert_eq!(ders.len(), 4);
    assert_eq!(ders[0], authority.root());
    for (der, path_length) in ders.iter().zip([1, 0, 0, 0]) {
        let (_, certificate) = X509Certificate::from_der(der).unwrap();
        let constraints = certificate.basic_constraints().unwrap().unwrap();
        assert_eq!(constraints.value.path_len_constraint, Some(path_length));
    }
}

#[test]
fn hpke_keys_are_renewed_monthly_and_destroyed_after_their_time() {
    let Center {
        authority,
        folder,
        _keep,
    } = center();
    let ring = authority.sealing();
    let first = ring.current().public();
    assert_eq!(first.until, NOW.plus_days(31));
    ring.upkeep(NOW.plus_days(29)).unwrap();
    assert_eq!(ring.current().public(), first);
    ring.upkeep(NOW.plus_days(30)).unwrap();
    let second = ring.current().public();
    assert_ne!(second, first);
    assert!(ring.find(first.id).is_some());
    let again = Authority::open(&folder, &[], NOW.plus_days(31)).unwrap();
    assert_eq!(again.sealing().current().public(), second);
    assert_eq!(
        again.sealing().find(first.id).unwrap().private(),
        ring.find(first.id).unwrap().private()
    );
    again.sealing().upkeep(NOW.plus_days(91)).unwrap();
    assert!(again.sealing().find(first.id).is_none());
    assert_eq!(std::fs::read_dir(folder.sealing_keys()).unwrap().count(), 2);
}

#[test]
fn hpke_keys_that_a_restore_set_aside_are_destroyed_after_their_time_too() {
    let Center {
        authority,
        folder,
        _keep,
    } = center();
    let key = std::fs::read_dir(folder.sealing_keys()).unwrap();
    let key = key.map(|entry| entry.unwrap().path()).next().unwrap();
    let sealing = Folder::sealing_keys_in(&folder.next_aside());
    crate::folder::make_private(&sealing).unwrap();
    let (copy, note) = (sealing.join(key.file_name().unwrap()), sealing.join("note"));
    std::fs::copy(&key, &copy).unwrap();
    std::fs::write(&note, b"not a key").unwrap();
    let upkeep = |days| authority.upkeep(NOW.plus_days(days), &mut Vec::new());
    upkeep(90).unwrap();
    assert!(copy.exists() && key.exists());
    upkeep(91).unwrap();
    assert!(!copy.exists() && !key.exists());
    assert!(note.exists(), "what is no key is somebody's evidence");
}

#[test]
fn a_damaged_key_file_is_named() {
    let Center {
        authority: _,
        folder,
        _keep,
    } = center();
    std::fs::write(folder.key("replies"), "nonsense").unwrap();
    let fault = Authority::open(&folder, &[], NOW).unwrap_err();
    assert!(fault.to_string().contains("replies.pem"), "{fault}");
}

#[test]
fn a_counter_gives_each_number_once_and_skips_after_a_restore() {
    let keep = TempDir::new().unwrap();
    let db = Db::open(&keep.path().join("test.db"), NOW).unwrap();
    let next = || {
        db.write_blocking("next", |tx| Counter::Certificate.next(tx))
            .unwrap()
    };
    assert_eq!((next(), next()), (1, 2));
    db.write_blocking("skip", |tx| Counter::Certificate.skip_after_restore(tx))
        .unwrap();
    assert_eq!(i64::from(next()), 3 + RESTORE_STEP);
    db.write_blocking("end", |tx| {
        tx.execute("UPDATE counter SET value = 4294967295", &[])
    })
    .unwrap();
    let exhausted = db.write_blocking("next", |tx| Counter::Certificate.next(tx));
    assert!(matches!(exhausted, Err(CaError::CounterExhausted { .. })));
}

#[test]
fn a_reserve_gives_out_numbers_that_no_transaction_and_no_later_start_gives_out() {
    let keep = TempDir::new().unwrap();
    let db = Db::open(&keep.path().join("test.db"), NOW).unwrap();
    let next = || {
        db.write_blocking("next", |tx| Counter::Certificate.next(tx))
            .unwrap()
    };
    let reserve = Reserve::new(Counter::Certificate);
    let mut given = vec![next()];
    for _ in 0..300 {
        given.push(reserve.next(&db).unwrap());
    }
    given.push(next());
    let after_a_start = Reserve::new(Counter::Certificate);
    given.push(after_a_start.next(&db).unwrap());
    let count = given.len();
    given.sort_unstable();
    given.dedup();
    assert_eq!(given.len(), count, "a number was given out twice");

    db.write_blocking("end", |tx| {
        tx.execute("UPDATE counter SET value = 4294967294", &[])
    })
    .unwrap();
    let late = Reserve::new(Counter::Certificate);
    let exhausted = late.next(&db);
    assert!(matches!(exhausted, Err(CaError::CounterExhausted { .. })));
    assert_eq!(next(), u32::MAX, "a reserve that fails takes nothing");
}

#[test]
fn a_revoked_station_is_denied_at_once_and_after_a_start() {
    let keep = TempDir::new().unwrap();
    let db = Db::open(&keep.path().join("test.db"), NOW).unwrap();
    let serials = db
        .write_blocking("revoke", |tx| {
            let (account, vault) = (AccountId::from_bytes([1; 16]), VaultId::from_bytes([2; 16]));
            tx.execute(
                "INSERT INTO account (id, name, created) VALUES (?1, 'A', 0)",
                params![&account],
            )?;
            tx.execute(
                "INSERT INTO station (id, account, vault, psd_serial, licence_zip, state, created)
                 VALUES (?1, ?2, ?3, 1, '', 'active', 0)",
                params![&STATION, &account, &vault],
            )?;
            for serial in [[1_u8; 12], [2; 12]] {
                tx.execute(
                    "INSERT INTO station_certificate
                        (serial, station, certificate, point, not_before, not_after)
                     VALUES (?1, ?2, x'00', zeroblob(65), 0, 0)",
                    params![&serial, &STATION],
                )?;
            }
            revoke(tx, STATION, "stolen", NOW)
        })
        .unwrap();
    let list = DenyList::default();
    assert!(!list.denies(&[1; 12]));
    list.add(serials);
    let loaded = db.read_blocking("load", DenyList::load).unwrap();
    for list in [list, loaded] {
        assert!(list.denies(&[1; 12]) && list.denies(&[2; 12]));
        assert!(!list.denies(&[3; 12]));
    }
}

#[test]
fn only_host_names_and_addresses_are_taken_as_names() {
    let names = |text: &str| super::check_names(&[text.to_owned()]);
    for good in ["post.example", "::1", "192.0.2.7"] {
        names(good).unwrap();
    }
    for bad in ["*bad*", "", "two words", "https://post.example"] {
        assert!(names(bad).is_err(), "{bad}");
    }
}
