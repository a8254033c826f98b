// The real window by WebKitWebDriver, without tauri-driver: a plain client of the W3C protocol.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';

import { executable } from './demo.mjs';

const DRIVER = '/usr/bin/WebKitWebDriver';
export const WINDOW = executable('pennyblack-station');

/** The reason why the real window cannot be driven here, or null. */
export function noWindow() {
  for (const [path, what] of [[DRIVER, 'webkit2gtk-driver'], ['/usr/bin/Xvfb', 'xvfb'], [WINDOW, 'the built window']]) {
    if (!existsSync(path)) {
      return `${what} is not there (${path})`;
    }
  }
  return null;
}

export function freePort() {
  return new Promise((found, failed) => {
    const server = createServer().once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
      server.close(() => found(port));
    });
  });
}

/** Starts Xvfb on a display that it chooses itself. */
export function display() {
  return new Promise((ready, failed) => {
    const server = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1400x900x24', '-nolisten', 'tcp'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    server.once('error', failed);
    server.once('exit', (code) => failed(new Error(`Xvfb ended with ${code}`)));
    server.stdio[3].once('data', (number) => ready({ name: `:${String(number).trim()}`, stop: () => server.kill() }));
  });
}

/** Starts the driver once for a whole suite; one driver per test has hung before. */
export async function driver(environment) {
  const port = await freePort();
  const child = spawn(DRIVER, ['--host=127.0.0.1', `--port=${port}`], {
    env: { ...process.env, ...environment, TAURI_WEBVIEW_AUTOMATION: 'true', WEBKIT_DISABLE_COMPOSITING_MODE: '1' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const base = `http://127.0.0.1:${port}`;
  await until(() => fetch(`${base}/status`).then((answer) => answer.ok, () => false), 'WebKitWebDriver answers');
  return { base, stop: () => child.kill() };
}

/** Opens the window with these arguments. */
export async function open(base, args) {
  const { sessionId } = await command(base, 'POST', '/session', {
    capabilities: { alwaysMatch: { 'webkitgtk:browserOptions': { binary: WINDOW, args } } },
  });
  return new Window(`${base}/session/${sessionId}`);
}

class Window {
  constructor(session) {
    this.session = session;
  }
  run(script, ...args) {
    return command(this.session, 'POST', '/execute/sync', { script, args });
  }
  runLong(script, ...args) {
    return command(this.session, 'POST', '/execute/async', { script, args });
  }
  async #element(selector) {
    const found = await until(
      () => command(this.session, 'POST', '/element', { using: 'css selector', value: selector }).catch(() => null),
      selector,
    );
    return `/element/${Object.values(found)[0]}`;
  }
  async click(selector) {
    await command(this.session, 'POST', `${await this.#element(selector)}/click`, {});
  }
  async type(selector, text) {
    const element = await this.#element(selector);
    await command(this.session, 'POST', `${element}/clear`, {});
    // WebKit types no line feed; the Enter key makes the new line.
    await command(this.session, 'POST', `${element}/value`, { text: text.replaceAll('\n', '\uE007') });
  }
  /** Presses one key, as the W3C protocol codes it, wherever the focus is. */
  async press(...keys) {
    const down = keys.map((value) => ({ type: 'keyDown', value }));
    const up = keys.toReversed().map((value) => ({ type: 'keyUp', value }));
    await command(this.session, 'POST', '/actions', {
      actions: [{ type: 'key', id: 'keyboard', actions: [...down, ...up] }],
    });
  }
  sees(text, seconds = 20) {
    return until(() => this.run('return document.body.innerText.includes(arguments[0])', text), `“${text}”`, seconds);
  }
  enabled(selector) {
    return until(() => this.run('return document.querySelector(arguments[0])?.disabled === false', selector), `${selector} enabled`);
  }
  async screenshot(path) {
    writeFileSync(path, Buffer.from(await command(this.session, 'GET', '/screenshot'), 'base64'));
  }
  /** What axe-core finds that is serious or critical; the automation is not bound by the CSP. */
  async axe() {
    await this.run(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
    const found = await this.runLong('axe.run(document).then(arguments[arguments.length - 1])');
    return found.violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
  }
  close() {
    return command(this.session, 'DELETE', '');
  }
}

async function command(base, method, path, body) {
  const response = await fetch(`${base}${path}`, {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(60_000),
  });
  const { value } = await response.json();
  if (!response.ok) {
    throw new Error(`${method} ${path}: ${value.error}: ${value.message}`);
  }
  return value;
}

/** Waits until `holds` gives something true. */
export async function until(holds, what, seconds = 20) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await holds();
    if (found) {
      return found;
    }
    if (Date.now() > end) {
      throw new Error(`waited ${seconds} s in vain for ${what}`);
    }
    await new Promise((wake) => setTimeout(wake, 50));
  }
}
