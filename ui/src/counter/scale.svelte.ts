// The scale beside the counter, as the station says it stands. The page shows and passes on; what a
// piece weighs and whether that may be paid by is the station's to say.
import { ask, asUiError } from '../backend';
import type { ScaleAct, ScaleSetup, ScaleView, UiError, WeighingView } from '../generated/api';

/** How long F11 waits for a load to come to rest, seconds. */
const PATIENCE = 3;

class Scale {
  view = $state<ScaleView | null>(null);
  /** Why the scale was not taken over or not changed. */
  error = $state<UiError | null>(null);
  /** A load is waited for, or something is done with the scale. */
  busy = $state(false);
  /** Counts what the station told by itself. */
  #heard = 0;

  readonly isSet = $derived(this.view !== null && this.view.setup !== null);
  /** The piece that was weighed and is not paid for yet. */
  readonly weighing = $derived(this.view?.weighing?.paid === false ? this.view.weighing : null);

  /** Whether the scale still shows what a price was made by. */
  holds(number: number): boolean {
    return this.weighing?.number === number;
  }

  /** A no stays to be read while the load that it is about still moves. */
  hear(view: ScaleView): void {
    this.#heard += 1;
    this.view = view;
    if (view.state !== 'moving' && view.fault === null) {
      this.error = null;
    }
  }

  async refresh(): Promise<void> {
    await this.#doing(() => ask('scale', {}));
  }

  async set(setup: ScaleSetup | null): Promise<void> {
    await this.#doing(() => ask('set-scale', { setup }));
  }

  async act(act: ScaleAct): Promise<void> {
    await this.#doing(() => ask('use-scale', { act }));
  }

  /** The piece that is weighed now; waits a little for a load that is not at rest. */
  async weigh(): Promise<WeighingView | null> {
    if (this.weighing !== null) {
      this.error = null;
      return this.weighing;
    }
    const view = await this.#doing(() => ask('weigh', { seconds: PATIENCE }));
    return view?.weighing ?? null;
  }

  /** What is told meanwhile is newer than the answer, or is told once more. */
  async #doing(work: () => Promise<ScaleView>): Promise<ScaleView | null> {
    const heard = this.#heard;
    this.busy = true;
    this.error = null;
    try {
      const view = await work();
      if (heard === this.#heard) {
        this.view = view;
      }
      return view;
    } catch (thrown) {
      this.error = asUiError(thrown);
      return null;
    } finally {
      this.busy = false;
    }
  }
}

export const scale = new Scale();
