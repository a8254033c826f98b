// The telephone line of this station: how it is set up, and what its calls came to.
import { ask } from '../backend';
import type { Arguments } from '../backend';
import type { LineSetupView, ModemPortView } from '../generated/api';

class Telephone {
  setup = $state<LineSetupView | null>(null);
  /** The ports that were asked for a modem; nothing before somebody looked. */
  ports = $state<ModemPortView[] | null>(null);

  async refresh(): Promise<void> {
    this.setup = await ask('line', {});
  }

  async set(change: Arguments<'set-line'>): Promise<void> {
    this.setup = await ask('set-line', change);
  }

  async find(): Promise<void> {
    this.ports = (await ask('find-modems', {})).ports;
  }
}

export const telephone = new Telephone();
