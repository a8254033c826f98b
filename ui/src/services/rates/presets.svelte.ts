// The presets of this station, asked again after each change.
import { ask } from '../../backend';
import type { Preset } from '../../generated/api';

class Presets {
  list = $state<Preset[]>([]);

  async refresh(): Promise<void> {
    this.list = (await ask('presets', {})).presets;
  }

  async put(preset: Preset): Promise<void> {
    this.list = (await ask('put-preset', { preset })).presets;
  }

  async remove(name: string): Promise<void> {
    this.list = (await ask('remove-preset', { name })).presets;
  }
}

export const presets = new Presets();
