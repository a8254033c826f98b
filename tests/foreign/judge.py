#!/usr/bin/env python3
"""Judges what `cargo xtask run --headless --out DIR` left in DIR, with nothing of ours.

    python3 tests/foreign/judge.py DIR

It reads the symbols with zxing-cpp and dmtxread, renders the PDF with pdftoppm, takes the signed
bytes apart by the table below, and checks registers, certificates and signatures with the Python
package `cryptography`. Reports in TAP; the exit code is 0 when everything held.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import verdicts
from verdicts import package, tool

SIGNED, SIGNATURE = 49, 64
QUIET_PIXELS = 30
SPECIMEN = "SPECIMEN - NOT VALID FOR POSTAGE"

# offset, length, name; little-endian
TABLE = [
    (0, 1, "version"), (1, 1, "algorithm"), (2, 4, "certificate_serial"), (10, 4, "psd_serial"),
    (14, 5, "ascending"), (19, 3, "postage"), (22, 4, "date"), (26, 4, "origin"),
    (30, 5, "destination"), (35, 2, "build"), (37, 4, "counter"), (41, 4, "descending"),
]


def fields(signed):
    values = {name: int.from_bytes(signed[at:at + length], "little") for at, length, name in TABLE}
    values["psd"] = signed[6:10].decode("ascii") + f"{values['psd_serial']:010}"
    values["category"] = signed[45:49].decode("ascii")
    return values


def terms(certificate):
    from cryptography import x509
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    (uri,) = names.get_values_for_type(x509.UniformResourceIdentifier)
    path, _, query = uri.partition("?")
    values = dict(pair.split("=") for pair in query.split("&"))
    return path.removeprefix("pennyblack:psd/"), values


class Judge:
    def __init__(self, folder):
        self.folder = folder
        self.summary = json.loads((folder / "summary.json").read_text())
        self.pieces = self.summary["pieces"]

    def certificate(self, piece):
        package("cryptography")
        from cryptography import x509
        return x509.load_pem_x509_certificate(piece["certificate_pem"].encode())

    def indicium(self, piece):
        return bytes.fromhex(piece["indicium_hex"])

    def test_there_are_three_letters_of_different_weight_and_destination(self):
        assert len(self.pieces) == 3
        for name in ("serial", "weight_grams", "destination", "indicium_hex", "pdf", "png", "escpos"):
            assert len({piece[name] for piece in self.pieces}) == 3, name
        for piece in self.pieces:
            assert (piece["class"], piece["shape"]) == ("first-class", "letter")

    def test_the_fields_say_what_the_summary_says(self):
        for piece in self.pieces:
            found = fields(self.indicium(piece)[:SIGNED])
            assert found["version"] == 0x70 and found["algorithm"] == 0x7F, found
            assert found["psd"] == self.summary["station"], found
            assert piece["serial"] == f"{found['psd']}-{found['counter']:06}", found
            assert found["postage"] == piece["postage_mills"], found
            assert str(found["date"]) == piece["date"].replace("-", ""), found
            assert str(found["destination"]) == piece["destination"].lstrip("0"), found

    def test_ascending_and_descending_make_the_control_total_of_each_certificate(self):
        spent = 0
        for piece in self.pieces:
            found = fields(self.indicium(piece)[:SIGNED])
            psd, said = terms(self.certificate(piece))
            spent += piece["postage_mills"]
            assert found["ascending"] == int(said["from"]) + spent, (found, said)
            assert found["ascending"] + found["descending"] == int(said["ct"]), (found, said)
            assert psd == self.indicium(piece)[6:14].hex(), psd

    def test_the_registers_are_those_of_the_last_piece(self):
        registers = self.summary["registers"]
        last = fields(self.indicium(self.pieces[-1])[:SIGNED])
        assert registers["ascending"] == last["ascending"], registers
        assert registers["descending"] == last["descending"], registers
        assert registers["control_total"] == 50_000 and registers["piece_count"] == 3, registers

    def test_each_signature_is_that_of_its_certificate(self):
        package("cryptography")
        from cryptography.exceptions import InvalidSignature
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import ec, utils
        for piece in self.pieces:
            certificate, whole = self.certificate(piece), self.indicium(piece)
            signed, signature = whole[:SIGNED], whole[SIGNED:SIGNED + SIGNATURE]
            half = SIGNATURE // 2
            pair = (int.from_bytes(signature[:half], "big"), int.from_bytes(signature[half:], "big"))
            encoded, scheme = utils.encode_dss_signature(*pair), ec.ECDSA(hashes.SHA256())
            key = certificate.public_key()
            key.verify(encoded, signed, scheme)
            assert fields(signed)["certificate_serial"] == certificate.serial_number & 0xFFFFFFFF
            altered = bytes([*signed[:19], signed[19] ^ 1, *signed[20:]])
            try:
                key.verify(encoded, altered, scheme)
            except InvalidSignature:
                continue
            raise AssertionError("a signature holds for another postage")

    def test_every_certificate_and_label_is_marked_as_a_specimen(self):
        pdftotext = tool("pdftotext")
        for piece in self.pieces:
            assert terms(self.certificate(piece))[1]["regime"] == "specimen"
            text = subprocess.run([pdftotext, self.folder / piece["pdf"], "-"], capture_output=True, check=True)
            assert SPECIMEN in text.stdout.decode(), piece["pdf"]

    def pictures(self, piece, folder):
        """The picture as it is, and the PDF as pdftoppm draws it."""
        stem = Path(folder) / piece["pdf"]
        subprocess.run([tool("pdftoppm"), "-r", "300", "-png", "-singlefile", self.folder / piece["pdf"], stem], check=True)
        return self.folder / piece["png"], Path(f"{stem}.png")

    def test_zxing_reads_each_symbol_from_picture_and_pdf(self):
        package("zxingcpp"), package("PIL")
        import zxingcpp
        from PIL import Image
        with tempfile.TemporaryDirectory() as folder:
            for piece in self.pieces:
                for picture in self.pictures(piece, folder):
                    found = zxingcpp.read_barcodes(Image.open(picture).convert("L"))
                    assert [one.bytes for one in found] == [self.indicium(piece)], picture

    def test_dmtxread_reads_each_symbol_from_picture_and_pdf(self):
        dmtxread = tool("dmtxread")
        with tempfile.TemporaryDirectory() as folder:
            for piece in self.pieces:
                for picture in self.pictures(piece, folder):
                    found = subprocess.run([dmtxread, "-N1", "-m10000", picture], capture_output=True)
                    assert found.stdout == self.indicium(piece), picture

    def test_each_picture_has_300_dpi_and_white_round_its_symbol(self):
        package("zxingcpp"), package("PIL")
        import zxingcpp
        from PIL import Image
        for piece in self.pieces:
            picture = Image.open(self.folder / piece["png"])
            assert [round(dpi) for dpi in picture.info["dpi"]] == [300, 300], picture.info
            gray = picture.convert("L")
            (found,) = zxingcpp.read_barcodes(gray)
            corners = [(at.x, at.y) for at in (
                found.position.top_left, found.position.top_right,
                found.position.bottom_left, found.position.bottom_right)]
            left, top = min(x for x, _ in corners), min(y for _, y in corners)
            right, bottom = max(x for x, _ in corners), max(y for _, y in corners)
            # The reader's corners lie within a module (6 dots) of the edge.
            module = 6
            for ring in range(module, QUIET_PIXELS):
                box = (left - ring, top - ring, right + ring, bottom + ring)
                assert box[0] >= 0 and box[1] >= 0 and box[2] < gray.width and box[3] < gray.height, box
                across = range(int(box[0]), int(box[2]) + 1)
                down = range(int(box[1]), int(box[3]) + 1)
                dots = [gray.getpixel((x, int(y))) for x in across for y in (box[1], box[3])]
                dots += [gray.getpixel((int(x), y)) for y in down for x in (box[0], box[2])]
                assert min(dots) == 255, f"{piece['png']}: ink {ring} dots from the symbol"

    def test_the_summary_tells_how_each_service_fared(self):
        told = {one["service"]: one for one in self.summary["contact"]}
        assert {"keys", "funds", "rates"} <= set(told), told
        assert told["funds"]["outcome"] == "served", told
        assert all(one["outcome"] in ("served", "nothing") and one["ms"] >= 0 for one in told.values()), told


if __name__ == "__main__":
    verdicts.give(Judge(Path(sys.argv[1])))
