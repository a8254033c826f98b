#!/usr/bin/env python3
"""Keeps of the Wycheproof vectors, and of the vectors of RFC 9180, what Pennyblack uses.

    python3 reduce.py WYCHEPROOF/testvectors_v1 RFC9180.json

Writes a file for each primitive beside itself: a line of JSON for each vector, with its number, its
result and its values in hexadecimal digits.
"""

import json
import sys
from pathlib import Path

HERE = Path(__file__).parent
# The longest key material that is derived in these vectors, bytes; ours is 32.
DERIVED = 512
# So many messages of one HPKE context: the first ones, with their sequence of nonces.
MESSAGES = 16


def write(name, vectors):
    lines = [json.dumps(vector, separators=(",", ":")) for vector in vectors]
    assert lines, name
    (HERE / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    print(f"{name}: {len(lines)}")


def groups(folder, name):
    return json.loads((folder / f"{name}_test.json").read_text())["testGroups"]


def aead(folder, name):
    for group in groups(folder, name):
        if (group["keySize"], group["ivSize"], group["tagSize"]) == (256, 96, 128):
            for test in group["tests"]:
                yield pick(test, key="key", nonce="iv", aad="aad", message="msg", sealed=("ct", "tag"))


def pick(test, **names):
    values = {"id": test["tcId"], "result": test["result"]}
    for name, source in names.items():
        sources = source if isinstance(source, tuple) else (source,)
        values[name] = "".join(test[one] for one in sources)
    return values


def signatures(folder, name, key):
    for group in groups(folder, name):
        for test in group["tests"]:
            yield {**pick(test, message="msg", signature="sig"), "key": group["publicKey"][key]}


def all_tests(folder, name):
    for group in groups(folder, name):
        for test in group["tests"]:
            yield group, test


def hkdf(folder):
    for _, test in all_tests(folder, "hkdf_sha256"):
        if test["size"] <= DERIVED or test["result"] != "valid":
            values = pick(test, ikm="ikm", salt="salt", info="info", okm="okm")
            yield {**values, "size": test["size"]}


def hmac(folder):
    for _, test in all_tests(folder, "hmac_sha256"):
        yield pick(test, key="key", message="msg", tag="tag")


def ecdh(folder):
    for _, test in all_tests(folder, "ecdh_secp256r1_ecpoint"):
        yield pick(test, public="public", private="private", shared="shared")


def hpke(file):
    for test in json.loads(file.read_text()):
        if (test["mode"], test["kem_id"], test["kdf_id"], test["aead_id"]) == (0, 16, 1, 2):
            names = ("info", "ikmR", "ikmE", "skRm", "pkRm", "enc", "shared_secret")
            values = {name: test[name] for name in names}
            messages = test["encryptions"][:MESSAGES]
            values["messages"] = [[one["aad"], one["pt"], one["ct"]] for one in messages]
            exports = test["exports"]
            values["exports"] = [[one["exporter_context"], one["exported_value"]] for one in exports]
            yield values


def main():
    folder, rfc = Path(sys.argv[1]), Path(sys.argv[2])
    write("ecdsa_p256_sha256_p1363", signatures(folder, "ecdsa_secp256r1_sha256_p1363", "uncompressed"))
    write("ed25519", signatures(folder, "ed25519", "pk"))
    write("aes_256_gcm", aead(folder, "aes_gcm"))
    write("aes_256_gcm_siv", aead(folder, "aes_gcm_siv"))
    write("hkdf_sha256", hkdf(folder))
    write("hmac_sha256", hmac(folder))
    write("ecdh_p256", ecdh(folder))
    write("hpke_rfc9180", hpke(rfc))


main()
