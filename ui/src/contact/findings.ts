// What the connection doctor found, summed up in words.
import { counted, type Tone } from '../design/words';
import type { FindingView } from '../generated/api';

/** `Sign-in page` */
export const stepWord = (check: string): string => `${check.charAt(0).toUpperCase()}${check.slice(1)}`;

/** What the doctor looks at on the telephone line; everything else lies on the way over the Internet. */
const BY_TELEPHONE = ['modem', 'last call', 'call', 'data center by telephone'];

/** What is wrong here whatever line is used: the station looks at the same. */
const EVERYWHERE = ['address', 'clock', 'certificate'];

/** What the findings come to; `leads`: whether any line leads to the data center for all that was found. */
export function foundWords(findings: readonly FindingView[], leads = false): { text: string; tone: Tone } {
  const faults = findings.filter(({ outcome }) => outcome === 'fault');
  const byPhone = faults.filter(({ check }) => BY_TELEPHONE.includes(check)).length;
  if (faults.some(({ check }) => EVERYWHERE.includes(check))) {
    return { text: 'No line leads to the data center until what is wrong here is put right.', tone: 'stop' };
  }
  if (faults.length > byPhone) {
    if (leads) {
      return { text: 'The Internet does not lead to the data center; the telephone does.', tone: 'caution' };
    }
    const text = byPhone > 0 ? 'Neither the Internet nor the telephone leads to the data center.' : 'The Internet does not lead to the data center.';
    return { text, tone: 'stop' };
  }
  if (byPhone > 0) {
    return { text: 'The Internet leads to the data center; the telephone does not.', tone: 'caution' };
  }
  const notices = findings.filter(({ outcome }) => outcome === 'notice').length;
  if (notices > 0) {
    const is = notices === 1 ? 'is' : 'are';
    return { text: `The way to the data center is open; ${counted(notices, 'thing')} ${is} worth knowing.`, tone: 'caution' };
  }
  return { text: 'The way to the data center is open.', tone: 'proof' };
}
