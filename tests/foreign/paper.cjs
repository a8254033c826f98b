// Draws what our labels are as foreign programs understand them. Lines on standard input:
//
//     zpl FILE WIDTH HEIGHT        the label of that many dots, by zpl-renderer-js (Zebrash)
//     escpos FILE WIDTH HEIGHT DPI the paper, its commands and the dots of its bands by npos
//
// Each FILE becomes FILE.png. PENNYBLACK_JUDGES names the folder with both packages.

"use strict";

const fs = require("node:fs");
const path = require("node:path");
const { createRequire } = require("node:module");

const judges = createRequire(path.join(process.env.PENNYBLACK_JUDGES, "package.json"));

// It knows no heads of 300 dots an inch; dots are drawn one by one whatever they measure.
const DOTS_PER_MM = 8;

async function zpl(file, width, height) {
  const { api } = await judges("zpl-renderer-js").ready;
  const label = fs.readFileSync(file, "latin1");
  const png = await api.zplToBase64Async(label, width / DOTS_PER_MM, height / DOTS_PER_MM, DOTS_PER_MM);
  fs.writeFileSync(`${file}.png`, Buffer.from(png, "base64"));
}

// npos says where each command begins and ends and what dots a band has. That a band begins where
// `ESC $` says, that `ESC J` feeds and that a mode doubles dots it leaves to its caller.
function escpos(file, width, height, dpi) {
  const stream = fs.readFileSync(file);
  // Not the whole package, which would open the USB bus.
  const Parser = judges("npos/lib/parser");
  const { raster } = judges("npos/lib/codecs");
  const { tree, error } = new Parser().analyze(stream);
  if (error) throw error;
  const paper = new (judges("pngjs").PNG)({ width, height });
  paper.data.fill(0xff);
  let unit = 0;
  let x = 0;
  let y = 0;
  let end = 0;
  for (const { ascii, fn, offset, length } of tree) {
    // It takes zeros after a command for part of it, and so may end a command late, never early.
    if (offset !== end) throw new Error(`${offset - end} bytes are no command at ${end}`);
    end = offset + length;
    const at = (place) => stream[offset + place];
    switch (ascii + fn) {
      case "ESC@":
      case "GSV":
        break;
      case "GSP":
        unit = Math.floor(dpi / at(2));
        break;
      case "ESC$":
        x = (at(2) + 256 * at(3)) * unit;
        break;
      case "ESCJ":
        y += at(2) * unit;
        break;
      case "GSv0": {
        const band = raster.decode(stream, [{ offset }]);
        const across = at(3) & 1 ? 2 : 1;
        const down = at(3) & 2 ? 2 : 1;
        for (let row = 0; row < band.height * down; row++) {
          for (let column = 0; column < band.width * across; column++) {
            if (band.getPixel(Math.floor(column / across), Math.floor(row / down)) !== 0) continue;
            const place = 4 * ((y + row) * width + x + column);
            if (x + column >= width || y + row >= height) throw new Error("a dot beside the paper");
            paper.data.fill(0, place, place + 3);
          }
        }
        y += band.height * down;
        x = 0;
        break;
      }
      default:
        throw new Error(`${ascii} ${fn} prints no label`);
    }
  }
  fs.writeFileSync(`${file}.png`, judges("pngjs").PNG.sync.write(paper));
}

async function main() {
  for (const line of fs.readFileSync(0, "utf8").split("\n").filter(Boolean)) {
    const [kind, file, ...numbers] = line.split(" ");
    const draw = { zpl, escpos }[kind];
    await draw(file, ...numbers.map(Number));
  }
}

main().then(
  () => process.exit(0),
  (fault) => {
    console.error(fault);
    process.exit(1);
  },
);
