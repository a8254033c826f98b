/** Mills to what a person reads: two decimals, three where the amount has them. */
export function money(mills: number): string {
  const sign = mills < 0 ? '−' : '';
  const whole = Math.abs(mills);
  const units = Math.floor(whole / 1000).toLocaleString('en-US');
  const fraction = String(whole % 1000).padStart(3, '0');
  return `${sign}$${units}.${fraction.endsWith('0') ? fraction.slice(0, 2) : fraction}`;
}

/** A change with its sign, as people read it. */
export const signed = (mills: number): string => (mills > 0 ? `+${money(mills)}` : mills < 0 ? money(mills) : 'no change');

/** Mills as somebody types them into a field: no sign of the currency, no thousands. */
export function typedAmount(mills: number): string {
  const fraction = String(mills % 1000).padStart(3, '0');
  return `${Math.floor(mills / 1000)}.${fraction.endsWith('0') ? fraction.slice(0, 2) : fraction}`;
}
