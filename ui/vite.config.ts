import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [svelte()],
  base: './',
  build: {
    // The oldest web views that Tauri meets on the systems we support.
    target: ['safari16', 'chrome111'],
    assetsInlineLimit: 0,
    // The CSP allows no inline script; the polyfill would be one.
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  test: { include: ['src/**/*.test.ts'] },
});
