import type { ExtraView } from '../../generated/api';

/** Whether an extra service goes with those that are chosen. */
export const allowed = (extra: ExtraView, chosen: string[]): boolean =>
  (extra.needs.length === 0 || extra.needs.some((name) => chosen.includes(name))) &&
  !extra.excludes.some((name) => chosen.includes(name));

/** The choice after one was ticked or unticked; what needed it goes with it. */
export function toggled(offered: ExtraView[], chosen: string[], name: string): string[] {
  if (!chosen.includes(name)) {
    return [...chosen, name];
  }
  const kept = chosen.filter((one) => one !== name);
  return kept.filter((one) => {
    const extra = offered.find((offer) => offer.name === one);
    return extra !== undefined && allowed(extra, kept);
  });
}
