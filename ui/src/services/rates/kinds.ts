// The kinds of prices that a post publishes, as the clerk calls them.

/** Every kind by its name in a call; the usual one is that of each class. */
export const KINDS: { kind: string | null; word: string }[] = [
  { kind: null, word: 'Usual' },
  { kind: 'metered', word: 'Metered' },
  { kind: 'retail', word: 'Retail' },
  { kind: 'commercial', word: 'Commercial' },
];

/** What the clerk calls a kind of price. */
export const kindWord = (kind: string | null): string => KINDS.find((one) => one.kind === kind)?.word ?? kind ?? '';
