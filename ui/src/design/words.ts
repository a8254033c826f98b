import type { PieceState, PieceView } from '../generated/api';

/** The glossary's words for each state of a piece. */
export const PIECE_STATE: Record<PieceState, { word: string; tone: Tone }> = {
  prepared: { word: 'Prepared', tone: 'muted' },
  sending: { word: 'Sending', tone: 'muted' },
  sent: { word: 'Sent', tone: 'muted' },
  printed: { word: 'Printed', tone: 'proof' },
  'not-printed': { word: 'Not printed', tone: 'caution' },
  unknown: { word: 'Unknown', tone: 'stop' },
  spoiled: { word: 'Spoiled', tone: 'muted' },
};

export type Tone = 'proof' | 'caution' | 'stop' | 'muted';

const SERVICE: Record<string, string> = {
  keys: 'Keys',
  funds: 'Funds',
  software: 'Software',
  rates: 'Rates',
  addresses: 'Addresses',
  accounts: 'Accounts',
  statistics: 'Statistics',
  admissions: 'Admissions',
  lottery: 'Lottery',
};

export const serviceWord = (id: string): string => SERVICE[id] ?? id;

const OUTCOME: Record<string, { word: string; tone: Tone }> = {
  served: { word: 'served', tone: 'proof' },
  nothing: { word: 'up to date', tone: 'proof' },
  running: { word: 'in contact', tone: 'muted' },
  deferred: { word: 'later', tone: 'muted' },
  refused: { word: 'refused', tone: 'caution' },
  failed: { word: 'failed', tone: 'stop' },
};

export const outcomeWord = (id: string): { word: string; tone: Tone } =>
  OUTCOME[id] ?? { word: id, tone: 'muted' };

const CLASS: Record<string, string> = {
  'first-class': 'First-Class',
  'ground-advantage': 'Ground Advantage',
  priority: 'Priority Mail',
  'priority-express': 'Priority Mail Express',
  media: 'Media Mail',
  international: 'International',
};

/** Classes that are for parcels: the shape needs no second word. */
const OF_PARCELS = new Set(['ground-advantage', 'priority', 'priority-express', 'media']);

const FLAT_RATE = 'flat-rate:';

const SHAPE: Record<string, string> = {
  postcard: 'postcard',
  letter: 'letter',
  flat: 'large envelope',
  parcel: 'parcel',
  'priority-parcel': 'priority parcel',
  correction: 'date correction',
  additional: 'additional postage',
};

/** `First-Class letter`; a class with one shape needs no second word. */
export function kindOf(piece: { class: string; shape: string }): string {
  const name = CLASS[piece.class] ?? piece.class;
  const alone = piece.shape === 'parcel' && OF_PARCELS.has(piece.class);
  return alone ? name : `${name} ${shapeWord(piece.shape)}`;
}

export const shapeWord = (shape: string): string =>
  shape.startsWith(FLAT_RATE)
    ? `flat-rate ${shape.slice(FLAT_RATE.length).replaceAll('-', ' ')}`
    : (SHAPE[shape] ?? shape);

/** What pieces are counted by, in the clerk's words; where there are none, the station's own. */
export function countedAs(by: string | undefined, label: string): string {
  switch (by) {
    case 'class':
      return CLASS[label] ?? label;
    case 'shape':
      return shapeWord(label);
    default:
      return label;
  }
}

/** A serial in two parts: what all pieces of a station begin with, and what tells this one from them. */
export function serialParts(serial: string): [string, string] {
  const at = serial.lastIndexOf('-') + 1;
  return [serial.slice(0, at), serial.slice(at)];
}

/** Where a piece goes, as far as it is known. */
export const placeOf = (piece: PieceView): string => piece.place ?? piece.destination;

/** `1 letter`, `3 letters` */
export const counted = (count: number, one: string): string =>
  `${count.toLocaleString('en-US')} ${one}${count === 1 ? '' : 's'}`;

/** Where the claim for a spoiled piece stands, in a word or two. */
export const REFUND: Partial<Record<string, string>> = {
  asked: 'Claim waits',
  claimed: 'Admins decide',
  provisional: 'Credited',
  final: 'Credited for good',
  reversed: 'Taken back',
};
