//! Journal records, statements, refills and envelopes, against `vectors/messages.json`.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::Value;
use shared::merkle::{Frontier, leaf_hash};
use shared::security::envelope::{Envelope, ReplyEnvelope, ReplySecret};
use shared::security::signed::{self, ContentType};
use shared::services::funds::{Grant, Receipt, RefillReply, RefillRequest, RegisterStatement};
use shared::services::keys::Point;
use shared::vault::{Action, JournalRecord, Vault};
use shared::wire::{from_cbor, to_cbor};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../vectors/messages.json")).unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    data_encoding::HEXLOWER
        .decode(value.as_str().unwrap().as_bytes())
        .unwrap()
}

fn point(value: &Value) -> Point {
    Point(bytes(value).try_into().unwrap())
}

fn holds(key: &Point, message: &[u8], signature: &[u8; 64]) -> bool {
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &key.0)
        .verify(message, signature)
        .is_ok()
}

/// Reads a message and writes it again: the same bytes, or the layout differs.
fn same<T: minicbor::Encode<()> + for<'b> minicbor::Decode<'b, ()>>(value: &Value) -> T {
    let written = bytes(value);
    let message: T = from_cbor(&written).unwrap();
    assert_eq!(to_cbor(&message), written);
    message
}

#[test]
fn a_foreign_journal_replays_to_the_same_vault_and_root() {
    let vectors = vectors();
    let records: Vec<Vec<u8>> = vectors["journal"]["records"]
        .as_array()
        .unwrap()
        .iter()
        .map(bytes)
        .collect();
    let vault = Vault::replay_all(records.iter().map(Vec::as_slice))
        .unwrap()
        .unwrap();
    assert_eq!(vault.registers().ascending().mills(), 780);
    assert_eq!(vault.registers().descending().mills(), 49_220);
    assert_eq!(vault.next_counter(), Ok(3));
    let mut frontier = Frontier::default();
    for record in &records {
        frontier.append(leaf_hash(record)).unwrap();
    }
    assert_eq!(frontier.root().to_vec(), bytes(&vectors["journal"]["root"]));
    let debit = JournalRecord::decode(&records[3])
        .unwrap()
        .action()
        .unwrap();
    assert!(matches!(debit, Action::Debit(piece) if piece.postage.mills() == 780));
}

#[test]
fn messages_of_a_refill_have_the_written_layout() {
    let vectors = vectors();
    let refill = &vectors["refill"];
    let statement: RegisterStatement = same(&refill["statement"]);
    let request: RefillRequest = same(&refill["request"]);
    let receipt: Receipt = same(&refill["receipt"]);
    let grant: Grant = same(&refill["grant"]);
    let reply: RefillReply = same(&refill["reply"]);
    assert_eq!(request.statement, statement);
    assert_eq!(reply.receipt, receipt);
    assert_eq!(reply.grant, Some(grant));
    let possession = shared::services::funds::possession_input(request.refill, &request.next_key);
    assert!(holds(&request.next_key, &possession, &request.possession));
}

#[test]
fn a_foreign_envelope_opens_and_its_reply_too() {
    let vectors = vectors();
    let part = &vectors["envelope"];
    let envelope = Envelope::decode(&bytes(&part["envelope"])).unwrap();
    assert_eq!(envelope.header.bytes(), bytes(&part["header"]));
    assert_eq!(envelope.key, point(&part["sealing_public"]).key_id());
    let (inner, secret) = envelope.open(&bytes(&part["sealing_private"])).unwrap();
    assert_eq!(inner, bytes(&part["signed"]));
    assert_eq!(secret.bytes(), bytes(&part["reply_secret"]));
    let station = point(&part["station_public"]);
    let aad = envelope.header.bytes();
    let opened = signed::open::<RefillRequest>(
        ContentType::RefillRequest,
        &inner,
        &aad,
        |key, message, signature| key == station.key_id() && holds(&station, message, signature),
    )
    .unwrap();
    assert_eq!(
        to_cbor(&opened.message),
        bytes(&vectors["refill"]["request"])
    );
    let secret = ReplySecret::from_bytes(&bytes(&part["reply_secret"])).unwrap();
    let reply = ReplyEnvelope::decode(&bytes(&part["reply_envelope"])).unwrap();
    let inner = secret.open(&envelope.header, &reply).unwrap();
    assert_eq!(inner, bytes(&part["signed_reply"]));
    let center = point(&part["center_public"]);
    let opened = signed::open::<RefillReply>(
        ContentType::RefillReply,
        &inner,
        &envelope.header.reply().bytes(),
        |key, message, signature| key == center.key_id() && holds(&center, message, signature),
    )
    .unwrap();
    assert_eq!(to_cbor(&opened.message), bytes(&vectors["refill"]["reply"]));
}
