// What a batch that waits is called.

/** The longest name that a station takes, in its characters: Unicode scalar values. */
const MOST = 40;

const characters = new Intl.Segmenter('en', { granularity: 'grapheme' });

/** As much of a text as fits, never a part of what a person sees as one character. */
function cut(text: string, most: number): string {
  let kept = '';
  let length = 0;
  for (const { segment } of characters.segment(text)) {
    length += [...segment].length;
    if (length > most) {
      break;
    }
    kept += segment;
  }
  return kept.trim();
}

/** The file's name, or `Batch`, with a number when another batch that waits is called so. */
export function nameFor(file: string, taken: string[]): string {
  const wish = cut(file.trim(), MOST) || 'Batch';
  let name = wish;
  for (let number = 2; taken.includes(name); number += 1) {
    const ending = ` ${number}`;
    name = `${cut(wish, MOST - ending.length)}${ending}`;
  }
  return name;
}
