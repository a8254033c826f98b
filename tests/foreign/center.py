#!/usr/bin/env python3
"""Judges a running data center with nothing of ours.

    python3 tests/foreign/center.py URL CODE OUT [--server EXECUTABLE --data FOLDER]

It enrols as a station of its own with the code, by the written layouts alone; then python-tuf reads
the signed repository from the root of that enrolment, schemathesis tries the OpenAPI document with that
station's certificate, and sslyze and testssl.sh look at the TLS. With the executable and its data
folder, it publishes a release and a new root for python-tuf, and the spreadsheets it exports are read
with openpyxl.
Reports in TAP; the exit code is 0 when everything held.
"""

import base64
import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.parse
from pathlib import Path

import verdicts
from verdicts import Missing, package, tool

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# So long a tool may take, seconds.
PATIENCE = 300
# So many examples schemathesis generates for each operation.
EXAMPLES = 60


def head(major, value):
    if value < 24:
        return bytes([major << 5 | value])
    size = 1 if value < 1 << 8 else 2
    return bytes([major << 5 | 23 + size]) + value.to_bytes(size, "big")


def cbor(value):
    if isinstance(value, int):
        return head(0, value)
    if isinstance(value, bytes):
        return head(2, len(value)) + value
    return head(5, len(value)) + b"".join(cbor(key) + cbor(one) for key, one in value.items())


def read_cbor(data, at=0):
    """A value of a message, and where it ends."""
    major, count, at = data[at] >> 5, data[at] & 31, at + 1
    if count >= 24:
        size = 1 << count - 24
        count, at = int.from_bytes(data[at:at + size], "big"), at + size
    if major in (0, 1):
        return (count if major == 0 else -1 - count), at
    if major in (2, 3):
        piece = data[at:at + count]
        return (piece if major == 2 else piece.decode()), at + count
    if major in (4, 5):
        values = []
        for _ in range(count * (major - 3)):
            value, at = read_cbor(data, at)
            values.append(value)
        return (values if major == 4 else dict(zip(values[::2], values[1::2]))), at
    if major == 7:
        return {20: False, 21: True, 22: None}[count], at
    raise ValueError(f"no value of a message begins with {data[at - 1]:#x}")


def minisign(content, version):
    """A signature as the updater of a platform wants it: minisign's, which names the version."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    key, name = Ed25519PrivateKey.generate(), bytes(8)
    signature = key.sign(hashlib.blake2b(content).digest())
    comment = f"timestamp:1 file:package version:{version}"
    said = key.sign(signature + comment.encode())
    lines = ["untrusted comment: of the judge", base64.b64encode(b"ED" + name + signature).decode(),
             f"trusted comment: {comment}", base64.b64encode(said).decode(), ""]
    return base64.b64encode("\n".join(lines).encode()).decode()


def byte_strings(data):
    """The byte strings of a message that read as DER certificates, in their order."""
    from cryptography import x509
    found, at = [], 0
    while (at := data.find(b"\x30\x82", at)) >= 0:
        length = int.from_bytes(data[at + 2:at + 4], "big") + 4
        try:
            found.append(x509.load_der_x509_certificate(data[at:at + length]))
            at += length
        except ValueError:
            at += 2
    return found


class Judge:
    def __init__(self, arguments):
        self.url, self.code, out = arguments[:3]
        options = dict(zip(arguments[3::2], arguments[4::2]))
        self.server, self.data = options.get("--server"), options.get("--data")
        self.out = Path(out)
        self.out.mkdir(parents=True, exist_ok=True)
        self.address = urllib.parse.urlsplit(self.url).netloc
        self.ca, self.identity = self.out / "ca.pem", self.out / "station.pem"
        # The newest root of the repository, as the enrolment brought it.
        self.root = self.out / "root.json"

    def fetch(self, path, body=None, verified=True):
        import ssl
        import urllib.request
        context = ssl.create_default_context()
        if verified:
            context.load_verify_locations(self.ca)
        else:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        headers = {"content-type": "application/cbor"} if body else {}
        request = urllib.request.Request(self.url + path, data=body, headers=headers)
        with urllib.request.urlopen(request, context=context, timeout=30) as answer:
            return answer.read()

    def test_a_station_of_another_maker_enrols_by_the_written_layouts(self):
        package("cryptography")
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        digits = "".join(self.code.split("-")).upper()
        code = int("".join(f"{CROCKFORD.index(digit):05b}" for digit in digits), 2).to_bytes(35, "big")
        secret, fingerprint = code[1:17], code[17:33]
        pem = self.fetch("/v1/ca", verified=False)
        root = x509.load_pem_x509_certificates(pem)[0]
        der, spki = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        found = hashlib.sha256(root.public_key().public_bytes(der, spki)).digest()[:16]
        assert code[0] == 1 and found == fingerprint, "the root is not the one of the code"
        encoding = serialization.Encoding.PEM
        self.ca.write_bytes(root.public_bytes(encoding))
        key = ec.generate_private_key(ec.SECP256R1())
        request = x509.CertificateSigningRequestBuilder(x509.Name([])).sign(key, hashes.SHA256())
        body = cbor({1: 1, 2: secret, 3: request.public_bytes(der)})
        reply = self.fetch("/v1/enrol", body)
        own, issuer = byte_strings(reply)[:2]
        assert own.public_key() == key.public_key(), "the certificate is for another key"
        own.verify_directly_issued_by(issuer)
        issuer.verify_directly_issued_by(root)
        private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        self.identity.write_bytes(private + own.public_bytes(encoding) + issuer.public_bytes(encoding))
        self.root.write_bytes(read_cbor(reply)[0][17])

    def enrolled(self):
        assert self.identity.exists(), "the station of the judge is not enrolled"

    def admin(self, *words):
        """What a command of the data center's admin tells."""
        if self.server is None:
            raise Missing("no executable was named")
        run = subprocess.run([self.server, "--data", self.data, "--json", *words],
                             capture_output=True, text=True, timeout=60)
        assert run.returncode == 0, run.stderr
        return [json.loads(line) for line in run.stdout.splitlines()]

    def updater(self):
        """The client of python-tuf with what it fetched before, or with the root of the enrolment alone."""
        from tuf.ngclient import Updater
        self.enrolled()
        held, fetched = self.out / "tuf", self.out / "targets"
        held.mkdir(exist_ok=True)
        fetched.mkdir(exist_ok=True)
        # Its fetcher looks for the authorities where every program on OpenSSL does.
        os.environ["SSL_CERT_FILE"] = str(self.ca)
        return Updater(str(held), f"{self.url}/v1/repository/metadata/", str(fetched),
                       f"{self.url}/v1/repository/targets/", bootstrap=self.root.read_bytes())

    def downloaded(self, updater, path):
        """The content of a target. python-tuf holds it against length and hashes of the metadata."""
        target = updater.get_targetinfo(path)
        assert target is not None, f"nobody who may publishes {path}"
        return Path(updater.download_target(target)).read_bytes()

    def test_python_tuf_refreshes_and_downloads_an_edition_and_a_release(self):
        package("tuf")
        shutil.rmtree(self.out / "tuf", ignore_errors=True)
        release = self.out / "pennyblack_1.0.0_amd64.deb"
        content = hashlib.shake_256(b"a release").digest(300_001)
        release.write_bytes(content)
        Path(f"{release}.sig").write_text(minisign(content, "1.0.0"))
        which = ["--version", "1.0.0", "--platform", "linux-deb"]
        self.admin("software", "publish", release, *which, "--percent", "10")
        updater = self.updater()
        updater.refresh()
        (edition,) = [one for one in self.admin("rates", "list") if one["published"] is not None]
        rates = self.downloaded(updater, f"rates/{edition['id']}.edition")
        assert edition["id"].encode() in rates, "that is another edition"
        folder = "software/stable/linux-deb"
        rollout = json.loads(self.downloaded(updater, f"{folder}/rollout.json"))
        (said,) = rollout["releases"]
        assert (said["version"], said["percent"], said["length"]) == ("1.0.0", 10, len(content)), said
        assert self.downloaded(updater, f"{folder}/1.0.0/{release.name}") == content
        certificates = self.downloaded(updater, "authorities.pem")
        assert certificates.startswith(b"-----BEGIN CERTIFICATE-----"), certificates[:60]
        # What a role may not publish is in no other role's name either.
        assert updater.get_targetinfo(f"rates/{release.name}") is None

    def test_python_tuf_follows_a_new_root_with_new_online_keys(self):
        package("tuf")
        if self.server is None:
            raise Missing("no executable was named")
        passphrase, offline = Path(self.data).with_name("root-passphrase.txt"), Path(self.data) / "offline"
        if not passphrase.exists():
            raise Missing("the passphrase of the offline keys is not beside the data folder")
        before = self.updater()
        before.refresh()
        root = json.loads((self.out / "tuf" / "root.json").read_text())["signed"]
        draft = self.out / "draft.json"
        draft.unlink(missing_ok=True)
        self.admin("repository", "rotate-root", "--new-online-keys", "--out", draft)
        for number in (1, 3):
            self.admin("repository", "sign", draft, "--key", offline / f"repository-root-{number}.pem",
                       "--passphrase-file", passphrase, "--yes")
        self.admin("repository", "install", draft)
        after = self.updater()
        after.refresh()
        newer = json.loads((self.out / "tuf" / "root.json").read_text())["signed"]
        assert newer["version"] == root["version"] + 1, newer["version"]
        for role in ("timestamp", "snapshot"):
            assert newer["roles"][role]["keyids"] != root["roles"][role]["keyids"], role
        assert self.downloaded(after, "authorities.pem")

    def test_schemathesis_finds_nothing_but_what_the_document_says(self):
        package("schemathesis")
        self.enrolled()
        document = json.loads(self.fetch("/v1/openapi.json"))
        # Only the data center itself knows under which hash something stands there now.
        metadata = lambda name: json.loads(self.fetch(f"/v1/repository/metadata/{name}"))["signed"]
        version = metadata("timestamp.json")["meta"]["snapshot.json"]["version"]
        version = metadata(f"{version}.snapshot.json")["meta"]["targets.json"]["version"]
        certificates = metadata(f"{version}.targets.json")["targets"]["authorities.pem"]["hashes"]["sha256"]
        target = document["paths"]["/v1/repository/targets/{path}"]["get"]["parameters"]
        target[0]["example"] = f"{certificates}.authorities.pem"
        for path, operations in document["paths"].items():
            for operation in operations.values():
                assert "default" not in operation["responses"], path
        schema, har = self.out / "openapi.json", self.out / "requests.har"
        schema.write_text(json.dumps(document))
        run = subprocess.run(
            [tool("schemathesis"), "run", schema, "--url", self.url, "--tls-verify", self.ca,
             "--request-cert", self.identity, "--phases", "examples,coverage,fuzzing",
             "--checks", "all", "--max-examples", str(EXAMPLES), "--seed", "1",
             "--continue-on-failure", "--warnings", "off", "--report", "har", "--report-har-path", har],
            capture_output=True, text=True, timeout=PATIENCE, cwd=self.out)
        assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
        seen = {}
        for entry in json.loads(har.read_text())["log"]["entries"]:
            path = urllib.parse.urlsplit(entry["request"]["url"]).path
            seen.setdefault((entry["request"]["method"], path), set()).add(entry["response"]["status"])
        for path, operations in document["paths"].items():
            pattern = re.sub(r"\\{[a-z]+\\}", "[^/]+", re.escape(path))
            for method, operation in operations.items():
                statuses = set().union(*(found for (way, asked), found in seen.items()
                                         if way == method.upper() and re.fullmatch(pattern, asked)))
                assert any(200 <= status < 300 for status in statuses), f"{path}: no 2xx in {statuses}"
                assert all(status < 500 for status in statuses), f"{path}: {statuses}"
                said = {int(status) for status in operation["responses"]}
                assert statuses <= said, f"{path}: {statuses - said} are not in the document"

    def test_sslyze_finds_nothing_but_tls_1_3_and_sound_certificates(self):
        package("sslyze")
        self.enrolled()
        report = self.out / "sslyze.json"
        subprocess.run(
            [tool("sslyze"), "--mozilla_config", "disable", "--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1",
             "--tlsv1_2", "--tlsv1_3", "--certinfo", "--certinfo_ca_file", self.ca, "--compression",
             "--early_data", "--heartbleed", "--openssl_ccs", "--reneg", "--elliptic_curves", "--quiet",
             "--json_out", report, self.address],
            capture_output=True, text=True, timeout=PATIENCE, check=True)
        (scan,) = json.loads(report.read_text())["server_scan_results"]
        assert scan["scan_status"] == "COMPLETED", scan.get("connectivity_error_trace")
        results = scan["scan_result"]
        for name, result in results.items():
            if result is not None and name not in NOT_ASKED:
                assert result["status"] in ("COMPLETED", "NOT_SCHEDULED"), (name, result["error_reason"])
        for old in ("ssl_2_0", "ssl_3_0", "tls_1_0", "tls_1_1", "tls_1_2"):
            offered = results[f"{old}_cipher_suites"]["result"]["accepted_cipher_suites"]
            assert offered == [], f"{old} is offered: {offered}"
        offered = results["tls_1_3_cipher_suites"]["result"]["accepted_cipher_suites"]
        names = {one["cipher_suite"]["name"] for one in offered}
        assert names and names <= SUITES, names
        assert not results["tls_1_3_early_data"]["result"]["supports_early_data"]
        assert not results["heartbleed"]["result"]["is_vulnerable_to_heartbleed"]
        assert not results["openssl_ccs_injection"]["result"]["is_vulnerable_to_ccs_injection"]
        deployments = results["certificate_info"]["result"]["certificate_deployments"]
        assert deployments
        for deployment in deployments:
            assert deployment["received_chain_has_valid_order"]
            assert not deployment["verified_chain_has_sha1_signature"]
            assert not deployment["received_chain_contains_anchor_certificate"]
            ours = [one for one in deployment["path_validation_results"]
                    if Path(one["trust_store"]["path"]) == self.ca.resolve() or one["trust_store"]["path"] == str(self.ca)]
            assert ours and all(one["was_validation_successful"] for one in ours), ours
            leaf = deployment["received_certificate_chain"][0]
            assert leaf["public_key"]["key_size"] == 256 and leaf["signature_hash_algorithm"]["name"] == "sha256"

    def test_testssl_finds_nothing_but_tls_1_3(self):
        testssl = tool("testssl")
        self.enrolled()
        findings = []
        for part in ("--protocols", "--server-defaults", "--vulnerable"):
            report = self.out / f"testssl{part.strip('-')}.json"
            report.unlink(missing_ok=True)
            subprocess.run(
                [testssl, part, "--warnings", "off", "--quiet", "--color", "0", "--openssl-timeout", "10",
                 "--add-ca", self.ca, "--jsonfile", report, self.address],
                capture_output=True, text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL)
            findings += json.loads(report.read_text())
        by_id = {one["id"]: one for one in findings}
        for old in ("SSLv2", "SSLv3", "TLS1", "TLS1_1", "TLS1_2"):
            assert by_id[old]["finding"].startswith("not offered"), by_id[old]
        assert by_id["TLS1_3"]["finding"].startswith("offered"), by_id["TLS1_3"]
        bad = [one for one in findings
               if one["severity"] in ("MEDIUM", "HIGH", "CRITICAL") and one["id"] not in OF_A_PRIVATE_ROOT]
        assert bad == [], bad

    def test_the_exported_spreadsheets_add_up_in_openpyxl_and_csv(self):
        package("openpyxl")
        import openpyxl
        files = {"csv": self.out / "pieces.csv", "xlsx": self.out / "pieces.xlsx"}
        for file in files.values():
            file.unlink(missing_ok=True)
        (said,) = self.admin("statistics", "export", "--by", "station,class,shape,step",
                             "--csv", files["csv"], "--xlsx", files["xlsx"])
        assert said["total"]["pieces"] >= 3, said["total"]
        book = openpyxl.load_workbook(files["xlsx"])
        rows = list(book["Pieces"].iter_rows(values_only=True))
        heads = ("station", "class", "shape", "step", "pieces", "postage", "spoiled", "spoiled postage", "refunded", "refunded postage")
        assert rows[0] == heads, rows[0]
        sheet = [dict(zip(heads, row)) for row in rows[1:]]
        with files["csv"].open(newline="") as file:
            lines = list(csv.DictReader(file))
        assert len(sheet) == len(lines) > 0
        for row, line in zip(sheet, lines):
            for name in heads:
                same = str(row[name]) == line[name] if isinstance(row[name], str) else float(line[name]) == row[name]
                assert same, (name, row[name], line[name])
        assert sum(row["pieces"] for row in sheet) == said["total"]["pieces"]
        mills = sum(round(row["postage"] * 1000) for row in sheet)
        assert mills == said["total"]["postage_mills"], (mills, said["total"])
        sums = dict(list(book["Sum"].iter_rows(max_col=2, values_only=True))[:6])
        assert sums["alarms"] == "0", sums


# What sslyze was not asked for.
NOT_ASKED = ("http_headers", "robot", "session_resumption", "session_renegotiation", "tls_fallback_scsv", "tls_extended_master_secret")
# The cipher suites of TLS 1.3 that need no excuse.
SUITES = {"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"}
# What a private root below which nothing is revoked by lists must show.
OF_A_PRIVATE_ROOT = ("cert_revocation", "cert_chain_of_trust", "cert_caIssuers", "DNS_CAArecord")


if __name__ == "__main__":
    verdicts.give(Judge(sys.argv[1:]))
