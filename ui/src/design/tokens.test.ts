import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const css = readFileSync(new URL('./tokens.css', import.meta.url), 'utf8');

/** The custom properties of the block that begins with `selector`. */
function block(selector: string): Record<string, string> {
  const start = css.indexOf(`${selector} {`);
  const body = css.slice(start, css.indexOf('\n}', start));
  return Object.fromEntries(
    [...body.matchAll(/--([a-z0-9-]+):\s*(#[0-9a-f]{6})/g)].map(([, name, value]) => [name, value]),
  );
}

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** WCAG 2.2 contrast ratio. */
function contrast(a: string, b: string): number {
  const [light, dark] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (light + 0.05) / (dark + 0.05);
}

const light = block(':root');
const sets = {
  light: { tokens: light, text: 4.5 },
  dark: { tokens: { ...light, ...block(":root[data-theme='dark']") }, text: 4.5 },
  'high contrast': { tokens: { ...light, ...block(":root[data-theme='contrast']") }, text: 7 },
};
const GROUNDS = ['paper', 'surface', 'desk'];
const INKS = ['ink', 'muted', 'accent', 'proof', 'caution', 'stop'];

test('the measure itself knows black on white and grey on white', () => {
  expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
  expect(contrast('#767676', '#ffffff')).toBeCloseTo(4.54, 2);
});

test('the light set is the one that was designed', () => {
  expect(light).toMatchObject({
    paper: '#fbfaf7',
    surface: '#ffffff',
    ink: '#17181a',
    muted: '#5c5f66',
    line: '#e4e1da',
    accent: '#1f3a5f',
    proof: '#0b6e4f',
    caution: '#8a5a00',
    stop: '#b3261e',
  });
});

for (const [name, { tokens, text }] of Object.entries(sets)) {
  const of = (token: string): string => {
    const value = tokens[token];
    if (value === undefined) {
      throw new Error(`${name} has no --${token}`);
    }
    return value;
  };

  test(`every text is readable on every ground in ${name}`, () => {
    for (const ground of GROUNDS) {
      for (const ink of INKS) {
        expect(contrast(of(ink), of(ground)), `${ink} on ${ground}`).toBeGreaterThanOrEqual(text);
      }
    }
  });

  test(`filled buttons and badges are readable in ${name}`, () => {
    expect(contrast(of('on-ink'), of('ink'))).toBeGreaterThanOrEqual(text);
    expect(contrast(of('on-ink'), of('accent'))).toBeGreaterThanOrEqual(text);
    expect(contrast(of('on-stop'), of('stop'))).toBeGreaterThanOrEqual(text);
  });

  test(`the edge of a control is found on every ground in ${name}`, () => {
    for (const ground of GROUNDS) {
      expect(contrast(of('edge'), of(ground)), ground).toBeGreaterThanOrEqual(3);
    }
  });
}

test('colours stand in tokens.css and nowhere else', () => {
  const files = Object.entries(
    import.meta.glob<string>(['/src/**/*.svelte', '/src/**/*.css', '!/src/design/tokens.css'], {
      query: '?raw',
      import: 'default',
      eager: true,
    }),
  );
  expect(files.length).toBeGreaterThan(15);
  for (const [path, source] of files) {
    expect(source.match(/:[^;{}\n]*(#[0-9a-f]{3,8}\b|\brgb|\bhsl)/i), path).toBeNull();
  }
});

test('no element carries an inline style, which the CSP would drop', () => {
  const files = Object.entries(
    import.meta.glob<string>('/src/**/*.svelte', { query: '?raw', import: 'default', eager: true }),
  );
  for (const [path, source] of files) {
    expect(source.match(/\sstyle=/), path).toBeNull();
  }
});
