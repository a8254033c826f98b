// What this screen remembers for its clerk: nothing of value, nothing secret.
export type Theme = 'system' | 'light' | 'dark' | 'contrast';

const KEY = 'pennyblack.preferences';
/** A bank card's width, ISO/IEC 7810 ID-1; the clerk holds one to the screen to set the ruler. */
export const CARD_MM = 85.6;
/** CSS's own idea of a millimetre: 96 dots to the inch. */
export const CSS_DOTS_PER_MM = 96 / 25.4;

interface Kept {
  theme: Theme;
  dotsPerMm: number;
  /** The way out that was chosen; `null` before the first choice. */
  out: string | null;
  folder: string;
  costCentre: string;
  /** Each new load on the scale is taken over by itself. */
  followScale: boolean;
}

const FIRST: Kept = {
  theme: 'system',
  dotsPerMm: CSS_DOTS_PER_MM,
  out: null,
  folder: '',
  costCentre: '',
  followScale: false,
};

function kept(): Kept {
  try {
    const read: unknown = JSON.parse(localStorage.getItem(KEY) ?? '{}');
    return { ...FIRST, ...(read as Partial<Kept>) };
  } catch {
    return FIRST;
  }
}

export const preferences = $state<Kept>(kept());

/** Writes changes back and puts the theme on the page. Call once, inside an effect root. */
export function keepPreferences(): void {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const contrast = matchMedia('(prefers-contrast: more)');
  let wish = $state(0);
  const changed = () => (wish += 1);
  dark.addEventListener('change', changed);
  contrast.addEventListener('change', changed);
  $effect.pre(() => {
    void wish;
    const system = contrast.matches ? 'contrast' : dark.matches ? 'dark' : 'light';
    const theme = preferences.theme === 'system' ? system : preferences.theme;
    document.documentElement.dataset['theme'] = theme;
  });
  $effect(() => {
    localStorage.setItem(KEY, JSON.stringify(preferences));
  });
}
