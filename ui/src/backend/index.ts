// The one way out of the page: the list of calls, over Tauri in the window and over loopback HTTP in
// a browser. Nothing else in the page knows which of the two it is.
import type {
  BatchView,
  CentresView,
  Call,
  ContactView,
  Event,
  JournalView,
  OptionsView,
  PiecesView,
  PieceView,
  PlaceView,
  PreviewView,
  PrintersView,
  QuoteView,
  RefillView,
  StatisticsView,
  StatusView,
  UiError,
} from '../generated/api';
import { httpBackend } from './http';
import { tauriBackend } from './tauri';

/** What each call answers with, as api.rs says it call by call. */
export interface Answers {
  status: StatusView;
  enrol: StatusView;
  contact: ContactView;
  refill: RefillView;
  quote: QuoteView;
  options: OptionsView;
  place: PlaceView;
  preview: PreviewView;
  print: PieceView;
  batch: BatchView;
  'stop-batch': StatusView;
  pieces: PiecesView;
  resolve: PieceView;
  'send-again': PieceView;
  refund: PieceView;
  printers: PrintersView;
  'add-printer': PrintersView;
  'remove-printer': PrintersView;
  'verify-journal': JournalView;
  statistics: StatisticsView;
  'rotate-keys': StatusView;
  'cost-centres': CentresView;
  'automatic-refill': StatusView;
  withdraw: StatusView;
}

export type CallName = Call['call'];
export type Arguments<N extends CallName> = Omit<Extract<Call, { call: N }>, 'call'>;

/** A door to a station. `send` rejects with a `UiError` and with nothing else. */
export interface Backend {
  send(call: Call): Promise<unknown>;
  /** Hears events until the page is closed; `lost` tells when the door itself closed or opened. */
  listen(heard: (event: Event) => void, lost: (isLost: boolean) => void): void;
}

const backend: Backend = '__TAURI_INTERNALS__' in window ? tauriBackend() : httpBackend();

/** Asks the station; the answer's type follows from the call's name. */
export function ask<N extends CallName>(name: N, args: Arguments<N>): Promise<Answers[N]> {
  return backend.send({ call: name, ...args } as unknown as Call) as Promise<Answers[N]>;
}

export const listen: Backend['listen'] = (heard, lost) => backend.listen(heard, lost);

/** Whether something thrown is the station's own no; everything else is a fault of this page. */
export function isUiError(thrown: unknown): thrown is UiError {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown && 'hint' in thrown;
}

/** Turns anything thrown into what a person can read. */
export function asUiError(thrown: unknown): UiError {
  if (isUiError(thrown)) {
    return thrown;
  }
  return {
    code: 'window_fault',
    message: `The window could not finish this: ${String(thrown)}.`,
    hint: 'Look at History before you print again.',
    retry: false,
    kind: 'fault',
  };
}
