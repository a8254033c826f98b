// Debian's Chromium by playwright-core; nothing is downloaded.
import { existsSync } from 'node:fs';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const EXECUTABLE = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);

/** The reason why browser tests cannot run here, or null. */
export const noBrowser = EXECUTABLE === undefined ? 'no Chromium in /usr/bin' : null;

export function launch() {
  return chromium.launch({ executablePath: EXECUTABLE, args: ['--no-sandbox', '--force-color-profile=srgb'] });
}

const axeSource = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** In the page: waits for its transitions, so that no colour is judged half way. */
function settled() {
  const finite = (animation) => Number.isFinite(animation.effect?.getComputedTiming().endTime);
  const ends = document.getAnimations().filter(finite).map((animation) => animation.finished.catch(() => null));
  return Promise.race([Promise.all(ends), new Promise((late) => setTimeout(late, 1000))]).then(() => true);
}

/** Holds the page against axe-core: no serious and no critical finding. */
export async function assertAccessible(page, what) {
  await page.evaluate(settled);
  await page.evaluate(axeSource);
  const { violations, passes } = await page.evaluate(() => globalThis.axe.run(document));
  assert.ok(passes.length > 10, `${what}: axe found too little to look at`);
  const found = violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  assert.deepEqual(found, [], what);
}
