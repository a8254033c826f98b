#!/usr/bin/env python3
"""Makes the vectors of this folder from the written layouts alone, without the product's code.

Needs Python 3.9 and `cryptography` 43 or newer. Everything is deterministic (fixed keys, RFC 6979
signatures), so running it again must change nothing: `python3 make_vectors.py && git diff --exit-code .`
"""

import binascii
import datetime
import hashlib
import json
import pathlib
import struct

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESGCMSIV
from cryptography.x509.oid import NameOID

HERE = pathlib.Path(__file__).parent


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def key(label):
    return ec.derive_private_key(int.from_bytes(sha256(label.encode()), "big") >> 1, ec.SECP256R1())


def spki(private):
    return private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def point(private):
    return private.public_key().public_bytes(
        serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
    )


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def day(year, month, number):
    return datetime.datetime(year, month, number, tzinfo=datetime.timezone.utc)


def usage(digital_signature=False, key_cert_sign=False):
    return x509.KeyUsage(
        digital_signature, False, False, False, False, key_cert_sign, key_cert_sign, False, False
    )


def certificate(subject, subject_key, issuer, issuer_key, serial, dates, extensions):
    builder = (
        x509.CertificateBuilder()
        .subject_name(name(subject))
        .issuer_name(name(issuer))
        .public_key(subject_key.public_key())
        .serial_number(serial)
        .not_valid_before(dates[0])
        .not_valid_after(dates[1])
    )
    for extension in extensions:
        critical = not isinstance(extension, x509.SubjectAlternativeName)
        builder = builder.add_extension(extension, critical)
    made = builder.sign(issuer_key, hashes.SHA256(), ecdsa_deterministic=True)
    return made.public_bytes(serialization.Encoding.DER)


def fixed_signature(private, message):
    der = private.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    r, s = decode_dss_signature(der)
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def chain(terms_uri, counter, indicium_key):
    root_key, issuer_key = key("root"), key("issuer")
    serial = int.from_bytes(bytes.fromhex("0123456789abcdef") + struct.pack(">I", counter), "big")
    root = certificate(
        "Vector root", root_key, "Vector root", root_key, 1,
        (day(2026, 1, 1), day(2056, 1, 1)),
        [x509.BasicConstraints(True, 1), usage(key_cert_sign=True)],
    )
    issuer = certificate(
        "Vector indicium CA", issuer_key, "Vector root", root_key, 2,
        (day(2026, 1, 1), day(2036, 1, 1)),
        [x509.BasicConstraints(True, 0), usage(key_cert_sign=True)],
    )
    indicium = certificate(
        "ZZ010000000042", indicium_key, "Vector indicium CA", issuer_key, serial,
        (day(2026, 11, 22), day(2027, 1, 19)),
        [
            usage(digital_signature=True),
            x509.SubjectAlternativeName([x509.UniformResourceIdentifier(terms_uri)]),
        ],
    )
    return {
        "root": root.hex(),
        "issuer": issuer.hex(),
        "certificate": indicium.hex(),
        "issuer_key_id": sha256(spki(issuer_key))[:4].hex(),
    }


def signed_fields(f):
    return b"".join([
        struct.pack("<BBI", f["version"], f["algorithm"], f["certificate_serial"]),
        f["manufacturer"].encode(), f["model"].encode(), struct.pack("<I", f["psd_serial"]),
        f["ascending_mills"].to_bytes(5, "little"),
        f["postage_mills"].to_bytes(3, "little"),
        struct.pack("<I", int(f["date"].replace("-", ""))),
        struct.pack("<I", int(f["origin_zip"])),
        int(f["destination"] or "0").to_bytes(5, "little"),
        struct.pack("<HI", f["build"], f["piece_counter"]),
        struct.pack("<I", f["descending_mills"]),
        f["rate_category"].encode(),
    ])


def indicium_vectors():
    uri = "pennyblack:psd/5a5a30312a000000?g=1&ct=200000&from=0&max=100000&regime=specimen"
    counter, private = 0x00000102, key("indicium")
    certificates = chain(uri, counter, private)

    def piece(**changes):
        fields = {
            "version": 0x70, "algorithm": 0x7F, "certificate_serial": counter,
            "manufacturer": "ZZ", "model": "01", "psd_serial": 42,
            "ascending_mills": 780, "postage_mills": 780, "date": "2026-11-23",
            "origin_zip": "78681", "destination": "02134", "build": 1, "piece_counter": 1,
            "descending_mills": 199220, "rate_category": "FCLM",
        }
        fields.update(changes)
        signed = signed_fields(fields)
        assert len(signed) == 49
        signature = fixed_signature(private, signed)
        block = bytes([1, 4]) + bytes.fromhex(certificates["issuer_key_id"])
        block += bytes([2, 1, len(fields["destination"])])
        extension = bytes([1, len(block)]) + block
        return {
            "fields": fields,
            "serial": "ZZ01%010d-%06d" % (fields["psd_serial"], fields["piece_counter"]),
            "signed": signed.hex(),
            "signature": signature.hex(),
            "extension": extension.hex(),
            "indicium": (signed + signature + extension).hex(),
        }

    second = {"ascending_mills": 1850, "postage_mills": 1070, "descending_mills": 198150}
    dear = {"ascending_mills": 100001, "postage_mills": 100001, "descending_mills": 99999}
    return {
        "about": "Indicium profile ibi-full with its certificate chain (DER, hexadecimal). The "
                 "signature is ECDSA P-256 with SHA-256, r | s, over `signed`; `terms` is the "
                 "certificate's one subject alternative name (URI). Every genuine piece has "
                 "ascending + descending = ct. Of the refused ones, each breaks the one rule named.",
        "terms": uri,
        "certificates": certificates,
        "public_key": point(private).hex(),
        "genuine": [
            piece(),
            piece(destination="021341000", piece_counter=2, **second),
            piece(destination="02134100099", piece_counter=3, **second),
            piece(destination="", piece_counter=4, date="2027-01-19", **second),
        ],
        "refused": [
            {"rule": "control-total", **piece(descending_mills=199221)},
            {"rule": "regime", **piece(algorithm=3)},
            {"rule": "psd", **piece(psd_serial=43)},
            {"rule": "certificate", **piece(certificate_serial=0x00000103)},
            {"rule": "layout", **piece(version=5)},
            {"rule": "date", **piece(date="2027-01-20")},
            {"rule": "base", **piece(ascending_mills=700, descending_mills=199300)},
            {"rule": "cap", **piece(**dear)},
            {"rule": "signature", **broken(piece())},
        ],
    }


def broken(made):
    signature = bytearray.fromhex(made["signature"])
    signature[63] ^= 1
    made["signature"] = signature.hex()
    made["indicium"] = made["signed"] + made["signature"] + made["extension"]
    return made


def enrolment_code_vectors():
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

    def code(secret, root_spki):
        checked = b"\x01" + secret + sha256(root_spki)[:16]
        whole = checked + struct.pack(">H", binascii.crc_hqx(checked, 0))
        number, letters = int.from_bytes(whole, "big"), []
        for place in reversed(range(56)):
            letters.append(alphabet[number >> (5 * place) & 31])
        text = "".join(letters)
        return {
            "secret": secret.hex(),
            "root_spki": root_spki.hex(),
            "bytes": whole.hex(),
            "code": "-".join(text[i:i + 8] for i in range(0, 56, 8)),
            "secret_sha256": sha256(secret).hex(),
        }

    return {
        "about": "Enrolment code: 01 | secret 16 | first 16 bytes of SHA-256(root SPKI) | "
                 "CRC-16/XMODEM of these 33 bytes, big-endian; 56 Crockford base32 characters.",
        "codes": [
            code(bytes(range(16)), spki(key("root"))),
            code(bytes(16), spki(key("issuer"))),
            code(b"\xff" * 16, spki(key("indicium"))),
        ],
    }


def seal_vectors():
    vault = bytes.fromhex("0190a5b0c0d0700080000102030405ff")

    def text(table):
        return struct.pack(">H", len(table)) + table.encode()

    def row(kid, nonce, table, primary_key, journal_size, plaintext):
        data_key = sha256(b"data key")
        aad = b"pb row v1" + vault + text(table)
        aad += struct.pack(">I", len(primary_key)) + primary_key + struct.pack(">Q", journal_size)
        sealed = AESGCM(data_key).encrypt(nonce, plaintext, aad)
        return {
            "key": data_key.hex(), "kid": kid, "nonce": nonce.hex(), "vault": vault.hex(),
            "table": table, "primary_key": primary_key.hex(), "journal_size": journal_size,
            "aad": aad.hex(), "plaintext": plaintext.hex(),
            "sealed": (b"\x01" + struct.pack(">H", kid) + nonce + sealed).hex(),
        }

    def wrapped(kek_id, nonce, table, kid):
        kek, data_key = sha256(b"key-encryption key"), sha256(b"data key")
        aad = b"pb key v1" + vault + text(table) + struct.pack(">H", kid)
        sealed = AESGCMSIV(kek).encrypt(nonce, data_key, aad)
        return {
            "kek": kek.hex(), "kek_id": kek_id, "nonce": nonce.hex(), "vault": vault.hex(),
            "table": table, "kid": kid, "aad": aad.hex(), "key": data_key.hex(),
            "wrapped": (b"\x01" + struct.pack(">H", kek_id) + nonce + sealed).hex(),
        }

    return {
        "about": "Sealed rows (AES-256-GCM) and wrapped data keys (AES-256-GCM-SIV): "
                 "01 | kid u16 BE | nonce 12 | ciphertext | tag 16. The additional data is given "
                 "whole; its parts are vault 16, table (length u16 BE), primary key (length u32 "
                 "BE), journal size u64 BE; for keys vault, table, data key id u16 BE.",
        "rows": [
            row(1, bytes(range(12)), "vault", b"\x01", 0, b""),
            row(0x0203, b"\xa5" * 12, "pieces", (7).to_bytes(8, "big"), 258, b"forty-nine bytes"),
        ],
        "keys": [wrapped(1, bytes(12), "vault", 1), wrapped(9, b"\x5a" * 12, "pieces", 0x0203)],
    }


def merkle_vectors():
    records = [bytes.fromhex(r) for r in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )]

    def split(n):
        k = 1
        while k * 2 < n:
            k *= 2
        return k

    def root(leaves):
        if len(leaves) < 2:
            return sha256(b"\0", leaves[0]) if leaves else sha256()
        k = split(len(leaves))
        return sha256(b"\1", root(leaves[:k]), root(leaves[k:]))

    def path(m, leaves):
        if len(leaves) == 1:
            return []
        k = split(len(leaves))
        if m < k:
            return path(m, leaves[:k]) + [root(leaves[k:])]
        return path(m - k, leaves[k:]) + [root(leaves[:k])]

    def subproof(m, leaves, known):
        if m == len(leaves):
            return [] if known else [root(leaves)]
        k = split(len(leaves))
        if m <= k:
            return subproof(m, leaves[:k], known) + [root(leaves[k:])]
        return subproof(m - k, leaves[k:], False) + [root(leaves[:k])]

    sizes = range(1, len(records) + 1)
    return {
        "about": "Merkle tree of RFC 9162, 2.1: roots of the first n records, and every "
                 "inclusion and consistency proof among them.",
        "records": [r.hex() for r in records],
        "leaf_hashes": [sha256(b"\0", r).hex() for r in records],
        "roots": [root(records[:n]).hex() for n in range(len(records) + 1)],
        "inclusion": [
            {"index": m, "size": n, "proof": [h.hex() for h in path(m, records[:n])]}
            for n in sizes for m in range(n)
        ],
        "consistency": [
            {"old": m, "new": n, "proof": [h.hex() for h in subproof(m, records[:n], True)]}
            for n in sizes for m in range(1, n + 1)
        ],
    }


def terms_vectors():
    sound = "pennyblack:psd/%s?g=%d&ct=%d&from=%d&max=%d&regime=%s"
    small = sound % ("5a5a303101000000", 1, 50000, 0, 100000, "specimen")
    large = sound % ("5a5a3031ffffffff", 2**64 - 1, 2**40 - 1, 2**40 - 1, 2**40 - 1, "specimen")
    live = sound % ("3939303107000000", 12, 250000, 200000, 16777215, "live")
    return {
        "about": "The subject alternative name (URI) of an indicium certificate: PSD number as in "
                 "bytes 6 to 13 of the indicium, grant, control total, ascending register before "
                 "the first piece, most for one piece, regime. Amounts in mills, decimal, without "
                 "leading zeros; lower-case hexadecimal; any other spelling is refused.",
        "sound": [
            {"uri": small, "psd": "ZZ010000000001", "grant": 1, "control_total_mills": 50000,
             "from_mills": 0, "max_mills": 100000, "regime": "specimen"},
            {"uri": large, "psd": "ZZ014294967295", "grant": 2**64 - 1,
             "control_total_mills": 2**40 - 1, "from_mills": 2**40 - 1, "max_mills": 2**40 - 1,
             "regime": "specimen"},
            {"uri": live, "psd": "99010000000007", "grant": 12, "control_total_mills": 250000,
             "from_mills": 200000, "max_mills": 16777215, "regime": "live"},
        ],
        "refused": [
            small.upper(),
            small.replace("g=1", "g=01"),
            small.replace("g=1", "g=+1"),
            small.replace("g=1", "g=-1"),
            small.replace("ct=50000", "ct=50000.0"),
            small.replace("ct=50000", "ct=%d" % 2**40),
            small.replace("5a5a3031", "5A5A3031"),
            small.replace("5a5a3031", "5a5a303"),
            small.replace("5a5a3031", "5a5a20ff"),
            small.replace("regime=specimen", "regime=other"),
            small.replace("&from=0", ""),
            small.replace("g=1&ct=50000", "ct=50000&g=1"),
            small + "&g=2",
            small + "#",
            " " + small,
            "",
        ],
    }


def write(file, vectors):
    text = json.dumps(vectors, indent=1, ensure_ascii=True) + "\n"
    (HERE / file).write_text(text, encoding="ascii")


if __name__ == "__main__":
    write("indicium.json", indicium_vectors())
    write("indicium_terms.json", terms_vectors())
    write("enrolment_code.json", enrolment_code_vectors())
    write("row_seal.json", seal_vectors())
    write("merkle.json", merkle_vectors())
