// What the window knows of its station, asked again whenever the station says that it changed.
import { ask, asUiError, listen } from './backend';
import type { Event, ModelView, PieceView, PrinterSetup, ServiceView, StatusView, StockView, UiError } from './generated/api';
import { scale } from './counter/scale.svelte';
import { coalesced } from './latest';

/** Countdowns move by themselves, and another program may have become the station's owner, ms. */
const LOOK_AGAIN = 30_000;
/** Pieces kept for the strip of what just happened. */
const RECENT = 12;

class Station {
  status = $state<StatusView | null>(null);
  /** Why there is no status; the window shows it instead of a screen. */
  fault = $state<UiError | null>(null);
  printers = $state<PrinterSetup[]>([]);
  stocks = $state<StockView[]>([]);
  models = $state<ModelView[]>([]);
  recent = $state<PieceView[] | null>(null);
  /** How far the running batch is. */
  batch = $state<{ done: number; rows: number } | null>(null);
  /** Where each service stands in the contact that is going on. */
  live = $state<Record<string, string>>({});
  /** Whether the page has lost the process behind it. */
  lost = $state(false);
  /** Counts events about pieces, so that a list knows when to ask again. */
  pieceChanges = $state(0);

  /** How each service fared last, or where it stands now. */
  readonly services = $derived<ServiceView[]>(
    (this.status?.services ?? []).map((service) => {
      const stage = this.live[service.service];
      return stage === undefined ? service : { ...service, outcome: stage, reason: null };
    }),
  );
  /** The telephone call that is going on. */
  readonly call = $derived(this.status?.line.call ?? null);
  readonly unknown = $derived(this.status?.unknown_pieces ?? 0);
  readonly canPrint = $derived(
    this.status !== null && !['locked', 'frozen', 'withdrawn', 'new'].includes(this.status.state),
  );

  start(): void {
    listen(
      (event) => this.#hear(event),
      (isLost) => {
        if (this.lost && !isLost) {
          void Promise.all([this.refreshAll(), this.refreshPrinters(), scale.refresh()]);
        }
        this.lost = isLost;
      },
    );
    void this.refresh();
    setInterval(() => void this.refresh(), LOOK_AGAIN);
  }

  /** Asks for what rests on money and contacts; what is asked meanwhile is asked once more after. */
  readonly refresh = coalesced(async () => {
    try {
      const before = this.status;
      const live = this.live;
      this.status = await ask('status', {});
      // A contact that began while this was asked keeps its own stages.
      if (this.live === live && Object.values(live).every((stage) => stage !== 'running')) {
        this.live = {};
      }
      this.fault = null;
      if (this.status.enrolled && before?.enrolled !== true) {
        await Promise.all([this.refreshPieces(), this.refreshPrinters(), scale.refresh()]);
      }
    } catch (thrown) {
      this.fault = asUiError(thrown);
    }
  });

  /** After pieces changed: money and pieces. */
  async refreshAll(): Promise<void> {
    await Promise.all([this.refresh(), this.refreshPieces()]);
  }

  /** What the clerk calls a paper. */
  stockTitle(name: string): string {
    return this.stocks.find((stock) => stock.name === name)?.title ?? name;
  }

  /** What the clerk calls a model of printer. */
  modelTitle(name: string): string {
    return this.models.find((model) => model.name === name)?.title ?? name;
  }

  readonly refreshPieces = coalesced(async () => {
    try {
      this.recent = (await ask('pieces', { state: null, limit: RECENT, before: null })).pieces;
    } catch (thrown) {
      this.fault = asUiError(thrown);
    }
  });

  async refreshPrinters(): Promise<void> {
    try {
      const view = await ask('printers', {});
      this.printers = view.printers;
      this.stocks = view.stocks;
      this.models = view.models;
    } catch (thrown) {
      this.fault = asUiError(thrown);
    }
  }

  #hear(event: Event): void {
    switch (event.event) {
      case 'status':
        void this.refresh();
        break;
      case 'piece':
        this.pieceChanges += 1;
        void this.refreshPieces();
        break;
      case 'service':
        this.live = { ...this.live, [event.service]: event.stage };
        break;
      case 'scale':
        scale.hear(event.scale);
        break;
      case 'batch':
        this.batch = { done: event.done, rows: event.rows };
        break;
    }
  }
}

export const station = new Station();
