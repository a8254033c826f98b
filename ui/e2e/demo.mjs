// A real data center on loopback with a funded account, rates and one enrolment code.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const fromRoot = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
/** An executable of ours: where the test command says they are, or where cargo puts them by itself. */
export const executable = (name) => join(process.env.PENNYBLACK_EXECUTABLES ?? fromRoot('target/debug'), name);
const SERVER = executable('pennyblack-server');
export const BRIDGE = executable('pennyblack-bridge');

/** The reason why no data center can be started here, or null. */
export const noDemo = () =>
  [SERVER, BRIDGE].every(existsSync) ? null : 'the executables are not built (cargo build --workspace)';

/** The first line of JSON that a program prints, and the program. */
export async function started(program, args, environment = {}) {
  const child = spawn(program, args, { env: { RUST_LOG: 'warn', ...process.env, ...environment }, stdio: ['ignore', 'pipe', 'inherit'] });
  const line = await new Promise((told, failed) => {
    child.once('error', failed);
    child.once('exit', (code) => failed(new Error(`${program} ended with ${code}`)));
    createInterface({ input: child.stdout }).once('line', told);
  });
  return { told: JSON.parse(line), stop: () => stopped(child) };
}

function stopped(child) {
  if (child.exitCode !== null) {
    return Promise.resolve();
  }
  return new Promise((ended) => {
    child.once('exit', ended);
    child.kill('SIGTERM');
  });
}

/** Starts the data center; `code` enrols one station once. */
export async function demo() {
  const folder = mkdtempSync(join(tmpdir(), 'pennyblack-e2e-'));
  const data = join(folder, 'server');
  const home = join(folder, 'home');
  mkdirSync(home, { mode: 0o700 });
  const admin = (...words) => {
    const said = execFileSync(SERVER, ['--data', data, '--json', ...words], { encoding: 'utf8' }).trim();
    return said === '' ? null : JSON.parse(said.split('\n').at(-1));
  };
  admin('init', '--support-contact', '+1 208 555 0142');
  const center = await started(SERVER, ['--data', data, '--json', 'serve', '--listen', '127.0.0.1:0']);
  const { account } = admin('account', 'new', 'Boise Main Office');
  admin('account', 'deposit', account, '1000.00', '--reference', 'e2e');
  admin('rates', 'import', fromRoot('shared/data/editions/us-2026-07-12.json'));
  admin('rates', 'publish');
  const { code } = admin('station', 'new', '--account', account, '--zip', '83702');
  return {
    url: center.told.url,
    code,
    station: join(folder, 'station'),
    key: join(folder, 'station.key'),
    // A home of its own: neither keyring nor web data of the person at this machine is touched.
    environment: { HOME: home, XDG_DATA_HOME: join(home, 'data'), XDG_CACHE_HOME: join(home, 'cache'), XDG_CONFIG_HOME: join(home, 'config') },
    async stop() {
      await center.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
