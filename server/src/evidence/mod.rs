//! Evidence against a station, as a file that a third party can check: the two signed messages that
//! contradict each other, with the headers their signatures cover, the certificates of the keys, and
//! for a page of journal records the mirrored records before it.
//!
//! [`export`] reads it from the database; [`judge`] needs nothing but the file and the root's
//! fingerprint. It says what the messages prove, and what is only the data center's word.

mod opened;
mod rules;

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};
use shared::clock::UnixSeconds;
use shared::ids::{DataCenterId, PsdId, StationId};
use shared::security::enrolment_code::EnrolmentCode;
use shared::services::keys::Point;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::ca::{self, StationCertificate};
use crate::center::DataCenter;
use crate::db::{DbError, Tx};
use crate::mirror;
use crate::params;
use crate::stations::Station;
use opened::{Opened, stored_page};

pub use rules::Contradiction;

/// The form of the file; another one is not read.
pub const FORM: &str = "pennyblack-evidence-1";

/// The most pieces of evidence of one station, and certificates with each.
const LIST_MAX: u32 = 256;

/// The most journal records that go with a page, so that the file stays below some megabytes. A
/// page further on is evidence too, but not by itself.
const RECORDS_MAX: u64 = 8_192;

/// A signed message: base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// COSE_Sign1.
    pub signed: String,
    /// The header that the signature covers beside it.
    pub header: String,
}

/// One piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// [`FORM`].
    pub form: String,
    /// The data center.
    pub data_center: DataCenterId,
    /// The station.
    pub station: StationId,
    /// Its PSD number.
    pub psd: PsdId,
    /// Why the data center kept it.
    pub reason: String,
    /// When.
    pub created: UnixSeconds,
    /// The message that gave it away.
    pub message: Message,
    /// The last message before it whose statement was accepted.
    pub statement: Option<Message>,
    /// The journal records before those that the message brings, base64; the hash in the first
    /// signed record vouches for them.
    pub records: Vec<String>,
    /// The root certificate of the data center, DER, base64.
    pub root: String,
    /// The authorities of station certificates, DER, base64.
    pub authorities: Vec<String>,
    /// The station's certificates, DER, base64.
    pub certificates: Vec<String>,
}

/// Why a file is no evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceFault {
    /// Another form, or parts that cannot be read.
    #[error("the evidence cannot be read")]
    Unreadable,
    /// The certificates do not lead to the root in the file.
    #[error("the certificates in the evidence do not lead to its root")]
    BadChain,
    /// A message is not signed by a key of the station, or by one of another station.
    #[error("a message in the evidence is not signed by the station")]
    NotSigned,
}

/// What the evidence comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// The station.
    pub station: StationId,
    /// Its PSD number, as its certificate says.
    pub psd: PsdId,
    /// What the signed messages themselves contradict each other in; nothing when they do not.
    pub contradiction: Option<Contradiction>,
    /// The data center's reason, which is only its word.
    pub reason: String,
    /// SHA-256 of the root's key, first 16 bytes, hex: to be compared with the enrolment code's.
    pub root_fingerprint: String,
}

/// Who vouches for the keys of stations.
#[derive(Clone, Debug)]
pub struct Authorities {
    data_center: DataCenterId,
    root: Vec<u8>,
    stations: Vec<Vec<u8>>,
}

impl Authorities {
    /// Those of a running data center.
    #[must_use]
    pub fn of(center: &DataCenter) -> Self {
        Self {
            data_center: center.id(),
            root: center.authority().root().to_vec(),
            stations: center.authority().all_station_authorities(),
        }
    }

    /// The station's certificates that one of them has issued.
    fn certificates(&self, tx: &Tx<'_>, station: &Station) -> Result<Vec<String>, DbError> {
        let all: Vec<Vec<u8>> = tx.rows(
            "SELECT certificate FROM station_certificate WHERE station = ?1
             ORDER BY not_before DESC LIMIT ?2",
            params![&station.id, LIST_MAX],
            |row| row.column(0),
        )?;
        Ok(all
            .iter()
            .filter(|der| self.stations.iter().any(|ca| ca::issued_by(der, ca)))
            .map(|der| BASE64.encode(der))
            .collect())
    }
}

/// Reads all evidence against a station, oldest first.
///
/// # Errors
/// [`DbError`].
pub fn export(
    authorities: &Authorities,
    tx: &Tx<'_>,
    station: &Station,
) -> Result<Vec<Evidence>, DbError> {
    let certificates = authorities.certificates(tx, station)?;
    let issuers = authorities.stations.iter();
    let empty = Evidence {
        form: FORM.to_owned(),
        data_center: authorities.data_center,
        station: station.id,
        psd: station.psd,
        reason: String::new(),
        created: UnixSeconds(0),
        message: Message {
            signed: String::new(),
            header: String::new(),
        },
        statement: None,
        records: Vec::new(),
        root: BASE64.encode(&authorities.root),
        authorities: issuers.map(|der| BASE64.encode(der)).collect(),
        certificates,
    };
    let mut all = tx.rows(
        "SELECT reason, created, message, header, statement, statement_header FROM evidence
         WHERE station = ?1 ORDER BY created, id LIMIT ?2",
        params![&station.id, LIST_MAX],
        |row| {
            let encode = |bytes: Option<Vec<u8>>| BASE64.encode(&bytes.unwrap_or_default());
            let statement: Option<Vec<u8>> = row.column(4)?;
            let statement_header: Option<Vec<u8>> = row.column(5)?;
            Ok(Evidence {
                reason: row.column(0)?,
                created: row.column(1)?,
                message: Message {
                    signed: encode(row.column(2)?),
                    header: encode(row.column(3)?),
                },
                statement: statement.map(|signed| Message {
                    signed: BASE64.encode(&signed),
                    header: encode(statement_header),
                }),
                ..empty.clone()
            })
        },
    )?;
    for one in &mut all {
        one.records = records_before(tx, station, &one.message)?;
    }
    Ok(all)
}

/// The mirrored records before those of a page; none for every other message.
fn records_before(
    tx: &Tx<'_>,
    station: &Station,
    message: &Message,
) -> Result<Vec<String>, DbError> {
    let page = match (bytes(&message.signed), bytes(&message.header)) {
        (Ok(signed), Ok(header)) => stored_page(&signed, &header),
        (Err(_), _) | (_, Err(_)) => None,
    };
    let Some(page) = page.filter(|page| (1..=RECORDS_MAX).contains(&page.from)) else {
        return Ok(Vec::new());
    };
    let mut records = Vec::new();
    mirror::each_record::<DbError>(tx, station.vault, |sequence, record| {
        if sequence < page.from {
            records.push(BASE64.encode(&record));
        }
        Ok(())
    })?;
    Ok(records)
}

/// Checks certificates and signatures, and says what the messages contradict each other in.
///
/// # Errors
/// See [`EvidenceFault`]: then it is no evidence of anything.
pub fn judge(evidence: &Evidence) -> Result<Judgement, EvidenceFault> {
    if evidence.form != FORM {
        return Err(EvidenceFault::Unreadable);
    }
    let (keys, psd) = certified(evidence)?;
    let message = Opened::read(evidence, &evidence.message, &keys)?;
    let before = evidence
        .statement
        .as_ref()
        .map(|statement| Opened::read(evidence, statement, &keys))
        .transpose()?;
    let records = evidence.records.iter().map(|text| bytes(text));
    let records = records.collect::<Result<Vec<_>, _>>()?;
    Ok(Judgement {
        station: evidence.station,
        psd,
        contradiction: before.and_then(|before| rules::contradiction(&before, &message, &records)),
        reason: evidence.reason.clone(),
        root_fingerprint: fingerprint(evidence)?,
    })
}

/// The bytes of a part.
fn bytes(text: &str) -> Result<Vec<u8>, EvidenceFault> {
    BASE64
        .decode(text.as_bytes())
        .map_err(|_| EvidenceFault::Unreadable)
}

fn fingerprint(evidence: &Evidence) -> Result<String, EvidenceFault> {
    let root = bytes(&evidence.root)?;
    let (_, root) = X509Certificate::from_der(&root).map_err(|_| EvidenceFault::Unreadable)?;
    let print = EnrolmentCode::fingerprint_of(root.public_key().raw);
    Ok(data_encoding::HEXLOWER.encode(&print))
}

/// The keys that the root, by a station authority, has certified for this station, and the PSD
/// number it has certified them for.
fn certified(evidence: &Evidence) -> Result<(Vec<Point>, PsdId), EvidenceFault> {
    let root = bytes(&evidence.root)?;
    let mut authorities = Vec::new();
    for text in &evidence.authorities {
        let authority = bytes(text)?;
        if !ca::issued_by(&authority, &root) {
            return Err(EvidenceFault::BadChain);
        }
        authorities.push(authority);
    }
    if !ca::issued_by(&root, &root) {
        return Err(EvidenceFault::BadChain);
    }
    let mut keys = Vec::new();
    for text in &evidence.certificates {
        let der = bytes(text)?;
        let certificate = StationCertificate::read(&der).ok_or(EvidenceFault::BadChain)?;
        let issued = authorities.iter().any(|ca| ca::issued_by(&der, ca));
        let its_own = certificate.station == evidence.station && certificate.psd == evidence.psd;
        if !issued || !its_own {
            return Err(EvidenceFault::BadChain);
        }
        keys.push(certificate.point);
    }
    if keys.is_empty() {
        return Err(EvidenceFault::BadChain);
    }
    Ok((keys, evidence.psd))
}
