import type { Event, UiError } from '../generated/api';
import type { Backend } from './index';

const TOKEN_KEY = 'pennyblack.token';
/** How long to wait before the stream of events is opened again, milliseconds. */
const REOPEN_AFTER = 1000;
/** An event is one short line; a longer one is not ours. */
const LONGEST_LINE = 65_536;

const UNREACHABLE: UiError = {
  code: 'bridge_unreachable',
  message: 'The station behind this page does not answer. No answer means: look before you repeat.',
  hint: 'Start the bridge again and open the address it prints.',
  retry: true,
  kind: 'fault',
};

/**
 * The browser's door: the loopback bridge. The token comes in the address's fragment, which a
 * browser never sends anywhere, and leaves the address bar at once.
 */
export function httpBackend(): Backend {
  const headers = { authorization: `Bearer ${takeToken()}`, 'content-type': 'application/json' };
  return {
    async send(call) {
      let response: Response;
      try {
        response = await fetch('call', { method: 'POST', headers, body: JSON.stringify(call) });
      } catch {
        throw UNREACHABLE;
      }
      const answer: unknown = await response.json().catch(() => UNREACHABLE);
      if (!response.ok) {
        throw answer;
      }
      return answer;
    },
    listen(heard, lost) {
      void followEvents(headers, heard, lost);
    },
  };
}

function takeToken(): string {
  const fromAddress = location.hash.slice(1);
  if (fromAddress !== '') {
    sessionStorage.setItem(TOKEN_KEY, fromAddress);
    history.replaceState(null, '', location.pathname);
  }
  return sessionStorage.getItem(TOKEN_KEY) ?? '';
}

/** Follows the bridge's lines of JSON for ever; the page's end is its end. */
async function followEvents(
  headers: Record<string, string>,
  heard: (event: Event) => void,
  lost: (isLost: boolean) => void,
): Promise<never> {
  for (;;) {
    try {
      const response = await fetch('events', { headers });
      if (response.ok && response.body !== null) {
        lost(false);
        await readLines(response.body, heard);
      }
    } catch {
      // A closed stream and an unreachable bridge are the same to the clerk.
    }
    lost(true);
    await new Promise((wake) => setTimeout(wake, REOPEN_AFTER));
  }
}

async function readLines(
  body: ReadableStream<Uint8Array>,
  heard: (event: Event) => void,
): Promise<void> {
  const reader = body.pipeThrough(new TextDecoderStream() as never).getReader();
  let rest = '';
  for (;;) {
    const { value, done } = (await reader.read()) as ReadableStreamReadResult<string>;
    if (done) {
      return;
    }
    const lines = (rest + value).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_LINE) {
      throw new Error('the stream of events sends no line ends');
    }
    for (const line of lines.filter((one) => one !== '')) {
      heard(JSON.parse(line) as Event);
    }
  }
}
