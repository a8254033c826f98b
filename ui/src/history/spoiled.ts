// What becomes of a piece that is on paper and not usable.

/** `claims`: whether whoever says so has the right to claim pieces back. */
export const spoiledWords = (claims: boolean): string =>
  claims ? 'It is marked spoiled and claimed back. Destroy it.' : 'It is marked spoiled. Keep it for somebody who may claim pieces back.';
