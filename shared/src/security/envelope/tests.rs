//! Tests of the envelope.

use super::*;

fn header() -> Header {
    let (center, station) = (
        DataCenterId::from_bytes([1; 16]),
        StationId::from_bytes([2; 16]),
    );
    Header::request(Level::L3, ServiceId::Funds, center, station, 1)
}

fn random(bytes: &mut [u8]) {
    aws_lc_rs::rand::fill(bytes).unwrap();
}

fn sealed() -> (Vec<u8>, Envelope, ReplySecret) {
    let (private, public) = key_pair(&[7; 32]);
    let key = KeyId::of_spki(&public);
    let (envelope, reply) = seal(header(), key, &public, b"request", &mut random).unwrap();
    (private, envelope, reply)
}

#[test]
fn a_request_and_its_reply_come_through() {
    let (private, envelope, station_secret) = sealed();
    let received = Envelope::decode(&envelope.encode()).unwrap();
    let (signed, server_secret) = received.open(&private).unwrap();
    assert_eq!(signed, b"request");
    let reply = server_secret
        .seal(header().reply(), b"reply", [9; 32])
        .unwrap();
    let reply = ReplyEnvelope::decode(&reply.encode()).unwrap();
    let stored = ReplySecret::from_bytes(&station_secret.bytes()).unwrap();
    assert_eq!(stored.open(&header(), &reply).unwrap(), b"reply");
}

#[test]
fn no_flipped_bit_of_an_envelope_is_accepted() {
    let (private, envelope, _) = sealed();
    let bytes = envelope.encode();
    for index in 0..bytes.len() {
        let mut wrong = bytes.clone();
        wrong[index] ^= 1 << (index % 8);
        let opened = Envelope::decode(&wrong).and_then(|envelope| envelope.open(&private));
        assert!(opened.is_err(), "byte {index}");
    }
}

#[test]
fn a_reply_to_another_request_is_refused() {
    let (private, envelope, secret) = sealed();
    let (_, server_secret) = envelope.open(&private).unwrap();
    let other = Header {
        sequence: 2,
        ..header()
    };
    let reply = server_secret
        .seal(other.reply(), b"reply", [9; 32])
        .unwrap();
    assert_eq!(
        secret.open(&header(), &reply),
        Err(EnvelopeFault::WrongHeader)
    );
    let forged = ReplyEnvelope {
        header: header().reply(),
        ..reply
    };
    assert_eq!(secret.open(&header(), &forged), Err(EnvelopeFault::BadSeal));
}
