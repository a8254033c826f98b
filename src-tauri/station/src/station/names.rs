//! The names of the station's settings and secrets.

/// Where the secrets are kept: [`crate::api::SecretsChoice`] as JSON. Readable.
pub const SECRETS: &str = "secrets";
/// The data center's address. Readable.
pub const SERVER: &str = "server";
/// The root certificate of the data center, DER in hexadecimal digits. Readable.
pub const ROOT: &str = "root";
/// The issuers of indicium certificates that are believed, oldest first: DER in hexadecimal digits,
/// a space between two. Readable.
pub const INDICIUM_AUTHORITY: &str = "indicium-authority";
/// The signing keys of the data center that are believed, CBOR in hexadecimal digits. Readable.
pub const BELIEVED: &str = "believed-keys";
/// The customer account's name. Readable.
pub const ACCOUNT: &str = "account";
/// What the customer account had at the last contact, mills. Readable.
pub const AVAILABLE: &str = "available";
/// Whom to ring when the vault is frozen. Readable.
pub const SUPPORT_CONTACT: &str = "support-contact";
/// The first day of the newest rate edition that was ever in force, ISO: no date of mailing lies
/// before it. Readable.
pub const RATES_FLOOR: &str = "rates-floor";
/// The licence ZIP, the usual origin. Readable.
pub const LICENCE_ZIP: &str = "licence-zip";
/// The station certificate's not-before, Unix seconds. Readable.
pub const STATION_KEY_SINCE: &str = "station-key-since";
/// The station certificate's not-after, Unix seconds. Readable.
pub const STATION_KEY_UNTIL: &str = "station-key-until";
/// How many journal records the data center has mirrored, as it said last. Readable.
pub const MIRRORED: &str = "mirrored";
/// Since when the key-encryption key is in use, Unix seconds. Readable.
pub const KEK_SINCE: &str = "kek-since";
/// How often data keys had been renewed when the key-encryption key came into use. Readable.
pub const KEK_RENEWALS: &str = "kek-renewals";
/// The number of the oldest key-encryption key that is not in use any more and not destroyed yet.
/// Readable.
pub const KEK_RETIRED: &str = "kek-retired";
/// The two Ed25519 keys that sign how an epoch begins, hexadecimal digits. Readable.
pub const RECOVERY_KEYS: &str = "recovery-keys";
/// How the signed repository stands, JSON. Readable.
pub const REPOSITORY: &str = "repository";
/// The newest head of the data center's journal, a signed note. Readable.
pub const KEPT_HEAD: &str = "kept-head";
/// The Ed25519 key that has signed it, hexadecimal digits. Readable.
pub const KEPT_HEAD_KEY: &str = "kept-head-key";
/// Where the last money reply stands in that journal, until it is proved. Readable.
pub const MONEY_LEAF: &str = "money-leaf";
/// Why the data center's head is in doubt; empty when it is not. Readable.
pub const DOUBT: &str = "doubt";
/// How many journal records the data center accepted in the statement whose reply was in doubt: the
/// next proof leads from there, although no receipt was taken. Readable.
pub const ACCEPTED: &str = "accepted";
/// When the head was last compared with what others have cosigned, Unix seconds. Readable.
pub const COMPARED_AT: &str = "compared-at";
/// Heads that other stations have cosigned, signed notes. Readable.
pub const COSIGNED: &str = "cosigned";
/// How telling the data center what it has forgotten goes on; empty when it does not. Readable.
pub const RECONCILE: &str = "reconcile";
/// The line of the last contact: `internet` or `dialup`. Readable.
pub const LINE: &str = "line";
/// Why the last contact failed; empty when it succeeded. Readable.
pub const LINE_FAULT: &str = "line-fault";

/// The first journal record whose statistics the data center has not taken yet. Readable.
pub const STATISTICS_NEXT: &str = "statistics-next";
/// Up to this journal record there is nothing more to tell it. Readable.
pub const STATISTICS_LOOKED: &str = "statistics-looked";
/// The version of the account's tree that is here. Readable.
pub const ACCOUNT_VERSION: &str = "account-version";
/// The journal number up to which the data center was told what was spent. Readable.
pub const USAGE_REPORTED: &str = "usage-reported";
/// The highest counter among the overrides that the data center was told of. Readable.
pub const OVERRIDES_REPORTED: &str = "overrides-reported";

/// Under which name the art in use is kept; empty when there is none. Readable.
pub const OFFICE_ART: &str = "office-art";

/// What the names of art that is kept begin with.
pub const OFFICE_ARTS: &str = "office-art-";

/// The name that art is kept under, its CBOR as base64: `office-art-` and its identity. Readable.
#[must_use]
pub fn office_art(id: crate::printing::art::ArtId) -> String {
    format!("{OFFICE_ARTS}{}", hex::encode(id.0))
}

/// Minutes after which an idle session ends. Readable.
pub const IDLE_LOCK: &str = "idle-lock";
/// What is mixed into every PIN. Sealed.
pub const PIN_PEPPER: &str = "pin-pepper";
/// Who may choose a new PIN with which code, CBOR. Sealed.
pub const PIN_RESET: &str = "pin-reset";

/// The private key of the current grant, PKCS #8. Sealed.
pub const INDICIUM_KEY: &str = "indicium-key";
/// The station's certificate, DER in hexadecimal digits. Readable.
pub const STATION_CERTIFICATE: &str = "station-certificate";
/// Its issuer, DER in hexadecimal digits. Readable.
pub const STATION_ISSUER: &str = "station-issuer";
/// The data center's public keys, CBOR in hexadecimal digits. Readable.
pub const CENTER_KEYS: &str = "center-keys";
/// The private key of the station's certificate, PKCS #8. Sealed.
pub const STATION_KEY: &str = "station-key";
/// The station's own Ed25519 key that cosigns heads, PKCS #8. Sealed.
pub const WITNESS_KEY: &str = "witness-key";
/// A refill that waits until the data center knows again what it has forgotten. Sealed.
pub const HELD_REFILL: &str = "held-refill";
/// What a telephone line of the data center is opened with, CBOR. Sealed.
pub const DIAL_IN: &str = "dial-in";
/// An enrolment on its way. Sealed.
pub const ENROLMENT: &str = "enrolment";
/// Who ordered that the vault ends: `admin` or `clerk`; empty when nobody did. Readable.
pub const WITHDRAWAL_ORDERED: &str = "withdrawal-ordered";
/// What the vault gave back when it ended, mills. Readable.
pub const WITHDRAWAL_RETURNED: &str = "withdrawal-returned";
/// What the data center made of it, JSON. Readable.
pub const WITHDRAWAL: &str = "withdrawal";
/// When and how much is refilled by itself, JSON; empty for never. Readable.
pub const AUTOMATIC_REFILL: &str = "automatic-refill";
/// What was refilled by itself on the newest day, JSON. Readable.
pub const AUTOMATIC_DAY: &str = "automatic-day";

/// What is kept of software, JSON. Readable.
pub const SOFTWARE: &str = "software";
/// The package on its way, JSON; empty when there is none. Readable.
pub const SOFTWARE_DOWNLOAD: &str = "software-download";
/// What is published for this station, JSON. Readable.
pub const SOFTWARE_ROLLOUT: &str = "software-rollout";

/// The scale, its tare and what lies on the practice scale, JSON. Readable.
pub const SCALE: &str = "scale";
/// Rolls of paper that are nearly at their end and what was printed on them since, JSON. Readable.
pub const ROLLS: &str = "rolls";
/// How the telephone line is set up, JSON. Readable.
pub const LINE_SETTINGS: &str = "line-settings";
/// The card's PIN and the password of another's access server, CBOR. Sealed.
pub const LINE_SECRETS: &str = "line-secrets";
/// The calls that were made, JSON. Readable.
pub const PHONE_CALLS: &str = "phone-calls";
/// Whether and when the station calls again by itself, JSON. Readable.
pub const PHONE_RETRY: &str = "phone-retry";
/// What is remembered of the Internet, JSON. Readable.
pub const INTERNET: &str = "internet";

/// The marker of what a service had when it last came to rest: `held-rates`.
#[must_use]
pub fn held(service: shared::services::ServiceId) -> String {
    format!("held-{}", service.name())
}
