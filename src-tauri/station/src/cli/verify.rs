//! `pennyblack verify`: what an indicium says, and whether it holds.

use std::fmt::Write;
use std::io::Read;
use std::path::Path;

use serde::Serialize;
use shared::indicium::chain::IndiciumChain;
use shared::indicium::ibi_full::{IbiFull, SIGNATURE_BYTES};
use shared::indicium::verify::{VerifyRefusal, examine};
use shared::indicium::{Indicium, Profile};
use shared::services::funds::refunds::{IDENTITY_BYTES, identity};
use shared::services::keys::Point;
use shared::services::repository::STOP_LIST_TARGET;

use super::show::Show;
use super::{Streams, not_written};
use crate::api::UiError;
use crate::crypto;
use crate::messages::{Code, say};
use crate::printing::read::symbols_in_file;
use crate::services::trust::read_authorities;
use crate::station::{faults::chain as whole, names};
use crate::store::{self, settings};
use crate::vault::credentials::{check_chain, check_chain_among};

/// The largest file read, bytes.
const MAX_FILE_BYTES: u64 = 64 * 1_024 * 1_024;

/// The most certificates of one file.
const MAX_CERTIFICATES: usize = 1_000;

/// What was found out about one indicium.
#[derive(Debug, Serialize)]
struct Finding {
    profile: Profile,
    identity: String,
    #[serde(flatten)]
    fields: Option<Fields>,
    indicium_hex: String,
    /// Whether the signature is that of the certificate's key; unknown without a certificate.
    signature: Option<bool>,
    /// Whether the certificate's chain leads to a trusted root.
    certificate: bool,
    /// Whether ascending + descending is the certificate's control total.
    control_total: Option<bool>,
    /// Whether it stands on the stop list that this station has; unknown without one.
    stopped: Option<bool>,
    /// `specimen` or `live`, by the chain's root.
    regime: Option<String>,
    /// Everything that speaks against it.
    refusals: Vec<String>,
    genuine: bool,
}

/// The fields of an `ibi-full` indicium.
#[derive(Debug, Serialize)]
struct Fields {
    version: u8,
    algorithm: u8,
    certificate_serial: u32,
    serial: String,
    ascending_mills: u64,
    descending_mills: u64,
    postage_mills: u64,
    date: String,
    origin: String,
    destination: String,
    build: u16,
    piece_counter: u32,
    rate_category: String,
}

/// Verifies every indicium in `what`; one that does not hold is an error.
pub(super) fn verify(
    folder: &Path,
    what: &str,
    certificates: Option<&Path>,
    show: Show,
    streams: &mut Streams<'_>,
) -> Result<(), UiError> {
    let found = payloads(what)?;
    if found.is_empty() {
        return Err(say(Code::NoIndicium, &[("what", what)]));
    }
    let chains = match certificates {
        Some(file) => chains_of_file(file, folder)?,
        None => chains_of_station(folder)?,
    };
    let stops = stop_list(folder)?;
    let mut broken = None;
    for bytes in found {
        let mut finding =
            examine_one(&bytes, &chains).ok_or_else(|| say(Code::NoIndicium, &[("what", what)]))?;
        hold_against(stops.as_deref(), &bytes, &mut finding);
        show.object(&finding, &told(&finding), streams.out)
            .map_err(not_written)?;
        if !finding.genuine {
            broken = Some(finding.refusals.join("; "));
        }
    }
    match broken {
        None => Ok(()),
        Some(what) => Err(say(Code::IndiciumBroken, &[("what", &what)])),
    }
}

/// The bytes of hexadecimal digits, or of every symbol in a file.
fn payloads(what: &str) -> Result<Vec<Vec<u8>>, UiError> {
    let path = Path::new(what);
    if !path.exists() {
        let digits: String = what.split_whitespace().collect();
        return match hex::decode(&digits) {
            Ok(bytes) if !bytes.is_empty() => Ok(vec![bytes]),
            Ok(_) | Err(_) => Err(say(
                Code::CannotRead,
                &[
                    ("path", what),
                    ("reason", "neither a file nor hexadecimal digits"),
                ],
            )),
        };
    }
    let bytes = read_file(path)?;
    // A file of digits is as good as the digits.
    let digits: Vec<u8> = bytes
        .iter()
        .copied()
        .filter(|b| !b.is_ascii_whitespace())
        .collect();
    if let Ok(bytes) = hex::decode(&digits)
        && !bytes.is_empty()
    {
        return Ok(vec![bytes]);
    }
    symbols_in_file(&bytes).map_err(|fault| {
        say(
            Code::CannotRead,
            &[("path", what), ("reason", &whole(&fault))],
        )
    })
}

fn read_file(path: &Path) -> Result<Vec<u8>, UiError> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MAX_FILE_BYTES).read_to_end(&mut bytes))
        .map_err(|fault| {
            say(
                Code::CannotRead,
                &[
                    ("path", &path.display().to_string()),
                    ("reason", &fault.to_string()),
                ],
            )
        })?;
    Ok(bytes)
}

/// The chains of a file of certificates: every pair of issuer and root in it is tried, then those
/// of this station.
fn chains_of_file(file: &Path, folder: &Path) -> Result<Vec<IndiciumChain>, UiError> {
    let bytes = read_file(file)?;
    let mut certificates = Vec::new();
    for pem in x509_parser::pem::Pem::iter_from_buffer(&bytes) {
        let pem = pem.map_err(|fault| {
            say(
                Code::CannotRead,
                &[
                    ("path", &file.display().to_string()),
                    ("reason", &fault.to_string()),
                ],
            )
        })?;
        certificates.push(pem.contents);
        if certificates.len() > MAX_CERTIFICATES {
            break;
        }
    }
    let mut authorities = certificates.clone();
    if let Some((issuers, root)) = station_authorities(folder) {
        authorities.extend(issuers);
        authorities.push(root);
    }
    let mut chains = Vec::new();
    for leaf in &certificates {
        let pairs = authorities
            .iter()
            .flat_map(|issuer| authorities.iter().map(move |root| (issuer, root)));
        chains.extend(
            pairs
                .filter_map(|(issuer, root)| check_chain(leaf, issuer, root))
                .take(1),
        );
    }
    Ok(chains)
}

/// The chains of all indicium keys this station ever had.
fn chains_of_station(folder: &Path) -> Result<Vec<IndiciumChain>, UiError> {
    let Some((issuers, root)) = station_authorities(folder) else {
        return Ok(Vec::new());
    };
    let db = store::open_read_only(folder)?;
    let certificates = store::editions::certificates(&db)?;
    let chains = certificates
        .iter()
        .filter_map(|leaf| check_chain_among(leaf, &issuers, &root));
    Ok(chains.collect())
}

/// Issuers and root of this station, where it is enrolled.
fn station_authorities(folder: &Path) -> Option<(Vec<Vec<u8>>, Vec<u8>)> {
    let db = store::open_read_only(folder).ok()?;
    let read = |name| settings::setting(&db, name).ok()?;
    let issuers = read_authorities(&read(names::INDICIUM_AUTHORITY)?)?;
    Some((issuers, hex::decode(read(names::ROOT)?).ok()?))
}

/// Examines one indicium under the chain it names.
fn examine_one(bytes: &[u8], chains: &[IndiciumChain]) -> Option<Finding> {
    let indicium = Indicium::read(bytes).ok()?;
    let mut finding = Finding {
        profile: indicium.profile(),
        identity: indicium.identity(),
        fields: None,
        indicium_hex: hex::encode(bytes),
        signature: None,
        certificate: false,
        control_total: None,
        stopped: None,
        regime: None,
        refusals: Vec::new(),
        genuine: false,
    };
    let Indicium::IbiFull(ibi_full) = &indicium else {
        let refusal = "indicia of this profile carry no signature that could be checked here";
        finding.refusals.push(refusal.to_owned());
        return Some(finding);
    };
    let fields = ibi_full.fields();
    finding.fields = Some(read_fields(fields));
    let chain = chains.iter().find(|chain| {
        let certificate = chain.certificate();
        certificate.counter() == fields.certificate_serial && certificate.terms.psd == fields.psd
    });
    let Some(chain) = chain else {
        let refusal = "no trusted certificate with the number it names is known";
        finding.refusals.push(refusal.to_owned());
        return Some(finding);
    };
    let check = |key: &[u8; 65], message: &[u8], signature: &[u8; SIGNATURE_BYTES]| {
        crypto::verify(&Point(*key), message, signature)
    };
    let examination = examine(bytes, chain, &check).ok()?;
    let refusals = &examination.refusals;
    finding.certificate = true;
    finding.signature = Some(!refusals.contains(&VerifyRefusal::Signature));
    let broken = |refusal: &VerifyRefusal| matches!(refusal, VerifyRefusal::ControlTotal { .. });
    finding.control_total = Some(!refusals.iter().any(broken));
    finding.regime = Some(chain.regime().to_string());
    finding.refusals = refusals.iter().map(|refusal| whole(refusal)).collect();
    finding.genuine = refusals.is_empty();
    Some(finding)
}

/// The stop list as this station last took it; nothing where it has none.
fn stop_list(folder: &Path) -> Result<Option<Vec<u8>>, UiError> {
    match store::open_read_only(folder) {
        Ok(db) => Ok(store::repository::target(&db, STOP_LIST_TARGET)?),
        // Somebody else's indicium is verified without a station too.
        Err(_) => Ok(None),
    }
}

/// Says whether a piece stands on the list: it was refunded, and pays for nothing any more.
fn hold_against(stops: Option<&[u8]>, bytes: &[u8], finding: &mut Finding) {
    let (Some(stops), Ok(Indicium::IbiFull(ibi_full))) = (stops, Indicium::read(bytes)) else {
        return;
    };
    let piece = identity(ibi_full.fields().serial());
    let is_stopped = stops.as_chunks::<IDENTITY_BYTES>().0.contains(&piece);
    finding.stopped = Some(is_stopped);
    if is_stopped {
        let refusal = "it stands on the stop list: its postage was given back";
        finding.refusals.push(refusal.to_owned());
        finding.genuine = false;
    }
}

fn read_fields(fields: &IbiFull) -> Fields {
    Fields {
        version: fields.version,
        algorithm: fields.algorithm.number(),
        certificate_serial: fields.certificate_serial,
        serial: fields.serial().to_string(),
        ascending_mills: fields.ascending.mills(),
        descending_mills: fields.descending.mills(),
        postage_mills: fields.postage.mills(),
        date: fields.date.to_string(),
        origin: fields.origin.to_string(),
        destination: fields.destination.to_string(),
        build: fields.software.build,
        piece_counter: fields.software.counter,
        rate_category: String::from_utf8_lossy(&fields.rate_category).into_owned(),
    }
}

/// A finding as a person reads it.
fn told(finding: &Finding) -> String {
    let mut text = format!("Piece        {}\n", finding.identity);
    let mut line = |what: &str, value: &str| {
        writeln!(text, "{what:<12} {value}").expect("writing to a string cannot fail");
    };
    if let Some(fields) = &finding.fields {
        let money = |mills| super::show::amount(mills).unwrap_or_default();
        line("Postage", &money(fields.postage_mills));
        line("Date", &fields.date);
        line("From", &fields.origin);
        line("To", &fields.destination);
        line("Category", &fields.rate_category);
        line("Ascending", &money(fields.ascending_mills));
        line("Descending", &money(fields.descending_mills));
        line("Certificate", &fields.certificate_serial.to_string());
        line(
            "Layout",
            &format!(
                "{:#04x}, algorithm {:#04x}, build {}",
                fields.version, fields.algorithm, fields.build
            ),
        );
    }
    let holds = |held: Option<bool>| match held {
        Some(true) => "holds",
        Some(false) => "DOES NOT HOLD",
        None => "not checked",
    };
    line("Signature", holds(finding.signature));
    line("Chain", holds(finding.certificate.then_some(true)));
    line("Registers", holds(finding.control_total));
    let stopped = match finding.stopped {
        Some(true) => "ON THE LIST",
        Some(false) => "not on the list",
        None => "not checked",
    };
    line("Stop list", stopped);
    if let Some(regime) = &finding.regime {
        line("Regime", regime);
    }
    for refusal in &finding.refusals {
        line("Against it", refusal);
    }
    line("Genuine", if finding.genuine { "yes" } else { "NO" });
    text
}
