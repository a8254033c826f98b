#!/usr/bin/env python3
"""Makes messages.json: journal records, statement, receipt, refill, grant and the L3 envelope, from
the written layouts alone (`protocol.md` D to H), without the product's code.

Needs Python 3.9 and `cryptography` 43 or newer. Everything is deterministic: running it again must
change nothing.
"""

import hmac
import json

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from make_vectors import HERE, fixed_signature, key, point, sha256, spki


def head(major, value):
    if value < 24:
        return bytes([major << 5 | value])
    for extra, size in ((24, 1), (25, 2), (26, 4), (27, 8)):
        if value < 1 << (8 * size):
            return bytes([major << 5 | extra]) + value.to_bytes(size, "big")
    raise ValueError(value)


def cbor(value):
    """Deterministic CBOR, RFC 8949 section 4.2.1, for what the protocol uses."""
    if value is True or value is False:
        return bytes([0xF5 if value else 0xF4])
    if isinstance(value, int):
        return head(0, value) if value >= 0 else head(1, -1 - value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    if isinstance(value, str):
        return head(3, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return head(4, len(value)) + b"".join(map(cbor, value))
    if isinstance(value, dict):
        pairs = sorted((cbor(k), cbor(v)) for k, v in value.items() if v is not None)
        return head(5, len(pairs)) + b"".join(k + v for k, v in pairs)
    raise TypeError(value)


def numbered(*fields):
    """A message: fields by their numbers from 1."""
    return {number: field for number, field in enumerate(fields, 1)}


def cose_sign1(private, kind, payload, aad):
    kid = sha256(spki(private))[:8]
    protected = cbor({1: -7, 3: "pb/" + kind, 4: kid})
    signed = cbor(["Signature1", protected, aad, payload])
    return cbor([protected, {}, payload, fixed_signature(private, signed)])


def extract(salt, secret):
    return hmac.digest(salt or bytes(32), secret, "sha256")


def expand(prk, info, length):
    return hmac.digest(prk, info + b"\x01", "sha256")[:length]


KEM = b"KEM\x00\x10"
SUITE = b"HPKE\x00\x10\x00\x01\x00\x02"


def labeled_extract(suite, salt, label, secret):
    return extract(salt, b"HPKE-v1" + suite + label + secret)


def labeled_expand(suite, prk, label, info, length):
    return expand(prk, length.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info, length)


def hpke_sender(ephemeral, recipient, info):
    """RFC 9180 base mode: encapsulated key, key, nonce and exporter secret."""
    shared = ephemeral.exchange(ec.ECDH(), recipient.public_key())
    enc = point(ephemeral)
    eae = labeled_extract(KEM, b"", b"eae_prk", shared)
    secret = labeled_expand(KEM, eae, b"shared_secret", enc + point(recipient), 32)
    context = b"\x00" + labeled_extract(SUITE, b"", b"psk_id_hash", b"")
    context += labeled_extract(SUITE, b"", b"info_hash", info)
    prk = labeled_extract(SUITE, secret, b"secret", b"")
    part = lambda label, length: labeled_expand(SUITE, prk, label, context, length)
    return enc, part(b"key", 32), part(b"base_nonce", 12), part(b"exp", 32)


STATION, CENTER, SEALING, NEXT, EPHEMERAL = map(
    key, ("station", "replies", "sealing", "next grant", "ephemeral")
)
CENTER_ID, STATION_ID = bytes(range(16)), bytes(range(16, 32))
VAULT, REFILL = bytes(range(32, 48)), bytes(range(48, 64))
PSD = b"ZZ01" + (42).to_bytes(4, "little")
TIME = 1_795_000_000


def record(sequence, previous, kind, body, registers):
    ascending, descending, total, pieces = registers
    return cbor(numbered(
        1, VAULT, sequence, previous, TIME, "clerk", kind, cbor(body),
        ascending, descending, total, pieces,
    ))


def journal():
    enrolled = record(0, bytes(32), 1, numbered(PSD, STATION_ID, CENTER_ID), (0, 0, 0, 0))
    received = record(
        1, sha256(enrolled), 5, numbered(TIME, TIME + 14 * 86400, TIME + 28 * 86400, 1), (0, 0, 0, 0)
    )
    grant = numbered(
        1, REFILL, 0, 50_000, 50_000, 0, 100_000, 500_000, numbered(7, TIME, TIME + 58 * 86400)
    )
    refilled = record(2, sha256(received), 2, grant, (0, 50_000, 50_000, 0))
    debit = numbered(1, 780, 20261118, 20261118, b"FCLT", bytes(32))
    debited = record(3, sha256(refilled), 3, debit, (780, 49_220, 50_000, 1))
    burned = record(4, sha256(debited), 4, numbered(2), (780, 49_220, 50_000, 1))
    return [enrolled, received, refilled, debited, burned]


def root(leaves):
    if len(leaves) == 1:
        return sha256(b"\x00", leaves[0])
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01", root(leaves[:split]), root(leaves[split:]))


def refill(records):
    statement = numbered(
        1, VAULT, PSD, 780, 49_220, 50_000, 1, 1, [], 2, len(records), root(records), TIME,
        bytes(range(64, 80)), False,
    )
    possession = fixed_signature(NEXT, b"pb pop v1" + REFILL + point(NEXT))
    proof = b"".join(sha256(b"\x00", one) for one in records[:1])
    request = numbered(1, REFILL, 2, 1, 25_000, statement, point(NEXT), possession, proof)
    receipt = numbered(
        1, VAULT, bytes(range(64, 80)), TIME, len(records), root(records),
        TIME + 14 * 86400, TIME + 28 * 86400, "",
    )
    grant = numbered(
        1, VAULT, 2, REFILL, 50_000, 25_000, 75_000, 780, len(records), root(records), TIME,
        100_000, 500_000, b"certificate",
    )
    reply = numbered(
        1, REFILL, grant, None, receipt, numbered(9, bytes(32)), numbered("Demo", 925_000)
    )
    return {"statement": statement, "request": request, "receipt": receipt, "grant": grant,
            "reply": reply}


def envelope(request, reply):
    header = cbor([1, 3, 2, CENTER_ID, STATION_ID, 0, 7])
    inner = cose_sign1(STATION, "refill-request", cbor(request), header)
    kid = sha256(spki(SEALING))[:8]
    enc, aead, nonce, exporter = hpke_sender(EPHEMERAL, SEALING, b"pennyblack l3 v1")
    ciphertext = AESGCM(aead).encrypt(nonce, inner, header + kid)
    sealed = cbor([[1, 3, 2, CENTER_ID, STATION_ID, 0, 7], kid, enc, ciphertext])
    reply_header = cbor([1, 3, 2, CENTER_ID, STATION_ID, 1, 7])
    inner_reply = cose_sign1(CENTER, "refill-reply", cbor(reply), reply_header)
    secret = labeled_expand(SUITE, exporter, b"sec", b"pennyblack l3 reply", 32)
    response_nonce = bytes(range(32))
    prk = extract(enc + response_nonce, secret)
    box = AESGCM(expand(prk, b"key", 32))
    sealed_reply = box.encrypt(expand(prk, b"nonce", 12), inner_reply, reply_header)
    return {
        "header": header, "signed": inner, "envelope": sealed,
        "sealing_private": SEALING.private_numbers().private_value.to_bytes(32, "big"),
        "sealing_public": point(SEALING), "station_public": point(STATION),
        "reply_secret": secret + enc, "signed_reply": inner_reply,
        "reply_envelope": cbor([[1, 3, 2, CENTER_ID, STATION_ID, 1, 7], response_nonce, sealed_reply]),
        "center_public": point(CENTER),
    }


def main():
    records = journal()
    parts = refill(records)
    sealed = envelope(parts["request"], parts["reply"])
    made = {
        "about": "protocol.md D to H: CBOR maps with integer keys from 1, COSE_Sign1 with ES256, "
                 "HPKE base mode DHKEM(P-256)/HKDF-SHA256/AES-256-GCM. All values are hexadecimal.",
        "journal": {"records": [one.hex() for one in records], "root": root(records).hex()},
        "refill": {name: cbor(part).hex() for name, part in parts.items()},
        "envelope": {name: part.hex() for name, part in sealed.items()},
    }
    (HERE / "messages.json").write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main()
