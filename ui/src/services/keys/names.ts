// What a clerk calls the keys that the station lists by purpose.
const NAMES: Record<string, string> = {
  station: 'This station',
  indicia: 'Indicia',
  store: 'Store on this computer',
  'center-sealing': 'Data center, sealing',
  'center-replies': 'Data center, replies',
  'center-heads': 'Data center, journal',
};

/** The name of a key; one that is not known here keeps the station's own word. */
export function nameOfKey(purpose: string): string {
  return NAMES[purpose] ?? purpose;
}
