import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import type { Event } from '../generated/api';
import type { Backend } from './index';

/** The window's door: one command, one stream of events. */
export function tauriBackend(): Backend {
  return {
    send: (call) => invoke('call', { call }),
    listen(heard) {
      void listen<Event>('station', (message) => heard(message.payload));
    },
  };
}
