// The piece on the counter: what the clerk typed, and what the station said about it. Every price,
// place and picture here is an answer of the station; this file only decides when to ask.
import { ask, asUiError } from '../backend';
import { money } from '../design/money';
import { isoDate } from '../design/time';
import { counted, shapeWord } from '../design/words';
import type {
  OptionView,
  PieceView,
  PlaceView,
  Preset,
  PreviewView,
  PrintCall,
  PrintOut,
  Proof,
  QuoteCall,
  UiError,
  WeighingView,
} from '../generated/api';
import { Latest } from '../latest';
import { preferences } from '../preferences.svelte';
import { BUDGET_SPENT } from '../services/accounts/centres.svelte';
import { daysBetween, daysLater, type OnCounter } from '../services/rates/presets';
import { station } from '../station.svelte';
import { barredWords, chosenAmong, keyOf } from './choice';
import { scale } from './scale.svelte';

/** The hand rests after a key, milliseconds: between two keys of a quick typist. */
const REST = 90;
/** Several answers that come together are drawn once, milliseconds. */
const TOGETHER = 20;

/** A picture of the last piece, so that a question about it can show what to look for. */
export interface Printed {
  piece: PieceView;
  png: string | null;
}

class Job {
  address = $state('');
  weight = $state('1oz');
  /** The number of the weighing that the weight comes from; nothing when somebody typed it. */
  weighing = $state<number | null>(null);
  /** The load that was followed last. */
  #followed = '';
  size = $state('');
  nonmachinable = $state(false);
  /** Extra services by name. */
  extras = $state<string[]>([]);
  date = $state(isoDate());
  /** The station's day, as it said last. */
  today = $state(isoDate());
  /** The kind of price; the usual one when nothing is said. */
  kind = $state<string | null>(null);
  costCentre = $state(preferences.costCentre);

  place = $state<PlaceView | null>(null);
  placeError = $state<UiError | null>(null);
  options = $state<OptionView[] | null>(null);
  optionsError = $state<UiError | null>(null);
  choice = $state<string | null>(null);
  /** Somebody chose that way, by hand or by a preset: it becomes no other by itself. */
  #isChosen = false;
  preview = $state<PreviewView | null>(null);
  previewError = $state<UiError | null>(null);
  /** Which answers are on their way: until the last of them, what is on show is out of date. */
  #asked = $state({ place: false, prices: false, picture: false });

  printing = $state(false);
  printError = $state<UiError | null>(null);
  last = $state<Printed | null>(null);

  /** A ZIP, or the two letters of another country. */
  readonly destination = $derived(this.place?.zip ?? this.place?.country ?? null);
  readonly option = $derived(
    this.options?.find((option) => keyOf(option) === this.choice && option.quote !== null) ?? null,
  );
  readonly quote = $derived(this.option?.quote ?? null);
  /** The weight comes from a load that is not on the scale any more. */
  readonly loadChanged = $derived(this.weighing !== null && !scale.holds(this.weighing));
  readonly stale = $derived(this.#asked.place || this.#asked.prices || this.#asked.picture);
  /** Why the chosen way does not take this piece; nothing while it does. */
  readonly barred = $derived(this.options === null ? null : barredWords(this.options, this.choice));
  readonly ready = $derived(
    this.preview !== null && !this.stale && !this.printing && !this.loadChanged && this.quote !== null && station.canPrint,
  );

  readonly #places = new Latest();
  readonly #prices = new Latest();
  readonly #pictures = new Latest();
  #jobKey = crypto.randomUUID();

  /** The piece as a preset knows it. */
  readonly onCounter = $derived<OnCounter>({
    choice: this.choice,
    weight: this.weight,
    size: this.size,
    nonmachinable: this.nonmachinable,
    extras: this.extras,
    price: this.kind,
    advance: this.date === '' ? 0 : daysBetween(this.today, this.date),
  });

  /** Puts on the counter what a preset says; address and what it leaves open stay. */
  take(preset: Preset): void {
    this.choose(keyOf(preset));
    if (preset.weight !== null) {
      this.weight = preset.weight;
      this.typed();
    }
    this.size = preset.size ?? '';
    this.nonmachinable = preset.nonmachinable;
    this.extras = preset.extras;
    this.kind = preset.price;
    this.date = daysLater(this.today, preset.advance_days);
    this.costCentre = preset.cost_centre ?? this.costCentre;
  }

  /** Takes a piece over from the scale. */
  weighed(one: WeighingView): void {
    this.weight = one.weight;
    this.weighing = one.number;
  }

  /** Takes each load over once; what is typed after that stays. */
  follow(one: WeighingView): void {
    const load = `${one.number} ${one.weight}`;
    if (load !== this.#followed) {
      this.#followed = load;
      this.weighed(one);
    }
  }

  /** The weight is somebody's own. */
  typed(): void {
    this.weighing = null;
  }

  /** Somebody chose a way of sending. */
  choose(key: string): void {
    this.choice = key;
    this.#isChosen = true;
  }

  /** The station's day; a date of mailing that was today moves on with it. */
  dayIs(today: string): void {
    if (today === this.today) {
      return;
    }
    if (this.date === this.today || this.date < today) {
      this.date = today;
    }
    this.today = today;
  }

  /** Asks where an address lies; call when it changed. */
  locate(): void {
    const text = this.address.trim();
    this.placeError = null;
    if (text === '') {
      this.#places.drop();
      this.#asked.place = false;
      this.place = null;
      return;
    }
    this.#asked.place = true;
    this.#places.ask(
      REST,
      () => ask('place', { text }),
      (place) => {
        this.#asked.place = false;
        this.place = place;
      },
      (thrown) => {
        this.#asked.place = false;
        this.place = null;
        this.placeError = asUiError(thrown);
      },
    );
  }

  /** Asks for the prices of every way of sending; call when anything changed that they rest on. */
  price(): void {
    this.optionsError = null;
    const call = this.#quoteCall('', '');
    if (call === null) {
      this.#prices.drop();
      this.#asked.prices = false;
      this.options = null;
      return;
    }
    this.#asked.prices = true;
    this.#prices.ask(
      REST,
      () => ask('options', call),
      (view) => {
        this.#asked.prices = false;
        this.options = view.options;
        this.choice = chosenAmong(view.options, this.choice, this.#isChosen);
      },
      (thrown) => {
        this.#asked.prices = false;
        this.options = null;
        this.optionsError = asUiError(thrown);
      },
    );
  }

  /** Asks for the label's picture; call when the choice or anything printed on the label changed. */
  draw(out: PrintOut): void {
    this.previewError = null;
    const call = this.#printCall(out, null);
    if (call === null) {
      this.#pictures.drop();
      this.#asked.picture = false;
      this.preview = null;
      return;
    }
    this.#asked.picture = true;
    this.#pictures.ask(
      TOGETHER,
      () => ask('preview', call),
      (preview) => {
        this.#asked.picture = false;
        this.preview = preview;
      },
      (thrown) => {
        this.#asked.picture = false;
        this.preview = null;
        this.previewError = asUiError(thrown);
      },
    );
  }

  /** Pays for the piece and prints it. The job's key lets a second Enter print nothing twice. */
  async print(out: PrintOut): Promise<Printed | null> {
    this.printError = null;
    const outcome = await this.#print(out, (call) => ask('print', call));
    if (outcome !== null && 'code' in outcome) {
      this.printError = outcome;
      return null;
    }
    return outcome;
  }

  /** The same piece in a supervisor's name, past a spent budget; the refusal when it is one again. */
  async pass(out: PrintOut, proof: Proof, reason: string): Promise<UiError | null> {
    const outcome = await this.#print(out, (call) => ask('print', { ...call, override_reason: reason }, proof));
    if (outcome === null || 'code' in outcome) {
      return outcome ?? this.printError;
    }
    this.printError = null;
    return null;
  }

  /** Something of the piece is another now: a supervisor's word for the one before is not asked any more. */
  changed(): void {
    if (this.printError?.code === BUDGET_SPENT) {
      this.printError = null;
    }
  }

  /** Prints what the picture shows; nothing when it is not to be printed as it stands. */
  async #print(out: PrintOut, asked: (call: PrintCall) => Promise<PieceView>): Promise<Printed | UiError | null> {
    const call = this.#printCall(out, this.#jobKey);
    if (call === null || !this.ready) {
      return null;
    }
    const png = this.preview?.png_base64 ?? null;
    this.printing = true;
    try {
      const piece = await asked(call);
      this.last = { piece, png };
      this.#startOver();
      return this.last;
    } catch (thrown) {
      return asUiError(thrown);
    } finally {
      this.printing = false;
      void station.refreshAll();
    }
  }

  /** What the clerk reads after a print, in the reserved strip. */
  readonly lastWords = $derived.by(() => {
    const piece = this.last?.piece;
    if (piece === undefined) {
      return '';
    }
    const what = counted(1, shapeWord(piece.shape));
    if (piece.state !== 'printed') {
      return piece.message ?? '';
    }
    const balance = piece.registers === null ? '' : ` Balance ${money(piece.registers.descending)}.`;
    return `Printed ${what}, ${money(piece.postage_mills)}.${balance}`;
  });

  /** The next piece: another address, the same weight and service; runs of letters are the rule. */
  #startOver(): void {
    this.#jobKey = crypto.randomUUID();
    this.address = '';
    this.extras = [];
    this.kind = null;
    this.place = null;
    this.preview = null;
    this.#pictures.drop();
    this.#asked.picture = false;
  }

  #quoteCall(cls: string, shape: string): QuoteCall | null {
    const to = this.destination;
    if (to === null || this.weight.trim() === '') {
      return null;
    }
    return {
      class: cls,
      shape,
      weight: this.weight.trim(),
      to,
      from: null,
      size: this.size.trim() === '' ? null : this.size.trim(),
      nonmachinable: this.nonmachinable,
      price: this.kind,
      date: this.date === '' ? null : this.date,
      extras: this.extras,
    };
  }

  #printCall(out: PrintOut | null, jobKey: string | null): PrintCall | null {
    const option = this.option;
    const quote = option === null ? null : this.#quoteCall(option.class, option.shape);
    if (quote === null) {
      return null;
    }
    const centre = this.costCentre.trim();
    return {
      quote,
      to_address: this.address.trim(),
      cost_centre: centre === '' ? null : centre,
      override_reason: null,
      weighing: this.weighing,
      out,
      job_key: jobKey,
    };
  }
}

export const job = new Job();
