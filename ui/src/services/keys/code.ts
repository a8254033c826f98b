/** An enrolment code: 7 groups of 8 characters. */
export const GROUPS = 7;
const GROUP_LENGTH = 8;

/**
 * Puts what was typed or pasted into groups: capitals and digits, a hyphen after every eighth. Only
 * the shape is the window's business; whether the code is right, the station says.
 */
export function grouped(typed: string): string {
  const kept = typed
    .toUpperCase()
    .replaceAll(/[^A-Z0-9]/g, '')
    .slice(0, GROUPS * GROUP_LENGTH);
  return (kept.match(new RegExp(`.{1,${GROUP_LENGTH}}`, 'g')) ?? []).join('-');
}

/** How many groups are whole. */
export const wholeGroups = (code: string): number =>
  code.split('-').filter((group) => group.length === GROUP_LENGTH).length;
