// Serves ui/dist as the product does: with the CSP of tauri.conf.json, loopback added.
import { existsSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';

const DIST = new URL('../dist/', import.meta.url);
const TYPES = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};
const CSP =
  "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
  "connect-src 'self'; object-src 'none'; frame-src 'none'; base-uri 'none'; form-action 'none'";

export function page(path, response) {
  const file = new URL(path === '/' ? 'index.html' : `.${path}`, DIST);
  if (!file.href.startsWith(DIST.href) || !existsSync(file)) {
    response.writeHead(404).end();
    return;
  }
  response.writeHead(200, {
    'content-type': TYPES[extname(file.pathname)] ?? 'application/octet-stream',
    'content-security-policy': CSP,
  });
  response.end(readFileSync(file));
}
