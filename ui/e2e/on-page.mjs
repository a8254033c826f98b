// What the tests of the built page share: a browser, a page over a fixture, and a few steps.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { launch, noBrowser } from './browser.mjs';
import { fixture } from './fixture.mjs';

export const skip = noBrowser ?? false;
let browser;
before(async () => {
  browser = skip ? null : await launch();
});
after(() => browser?.close());

/**
 * Opens the page, hands it to `act`, and demands that nothing broke or was blocked meanwhile.
 * @param {import('./fixture.mjs').Given} answers
 * @param {(page: import('playwright-core').Page, station: Awaited<ReturnType<typeof fixture>>) => Promise<unknown>} act
 * @param {import('playwright-core').BrowserContextOptions & { width?: number, height?: number }} more
 */
export async function onPage(answers, act, { width = 1024, height = 640, ...more } = {}) {
  const station = await fixture(answers);
  const page = await browser.newPage({ viewport: { width, height }, ...more });
  const faults = [];
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (line) => {
    // A refusal travels as 422, which Chromium reports as a resource that failed.
    if (line.type() === 'error' && !line.text().includes('422')) {
      faults.push(line.text());
    }
  });
  try {
    await page.goto(station.url);
    await act(page, station);
    assert.deepEqual(faults, []);
  } finally {
    await page.close();
    await station.close();
  }
}

export const ADDRESS = 'Addressee\n12 N Main St Apt 4\nBoise ID 83702';

export async function fillPiece(page) {
  await page.fill('#address', ADDRESS);
  await page.waitForSelector('#print:enabled');
}

/** Waits until something holds; the assertion that follows says what did not. */
export async function until(page, holds) {
  for (let tries = 0; tries < 50 && !holds(); tries += 1) {
    await page.waitForTimeout(100);
  }
}

/** Waits until what a field holds passes. */
export async function untilField(page, selector, passes) {
  let holds = await page.inputValue(selector);
  for (let tries = 0; tries < 50 && !passes(holds); tries += 1) {
    await page.waitForTimeout(100);
    holds = await page.inputValue(selector);
  }
  assert.ok(passes(holds), `${selector} holds “${holds}”`);
}

export const callsOf = (station, name) => station.calls.filter(({ call }) => call === name);
