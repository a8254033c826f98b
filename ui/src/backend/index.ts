// The one way out of the page: the list of calls, over Tauri in the window and over loopback HTTP in
// a browser. Nothing else in the page knows which of the two it is.
import type {
  BatchTextView,
  BatchView,
  CentresView,
  Call,
  ContactView,
  DoctorView,
  Event,
  FoundPrintersView,
  JournalView,
  LineSetupView,
  ModemsView,
  OfficeArtView,
  OptionsView,
  PictureView,
  PiecesView,
  PieceView,
  PlaceView,
  PresetsView,
  PreviewView,
  PrintersView,
  Proof,
  QuoteView,
  RefillView,
  RehearsalView,
  ScalesView,
  ScaleView,
  SessionView,
  SlipView,
  SoftwareView,
  StatisticsView,
  StatusView,
  TestPageView,
  UiError,
  UsersView,
  WaitingBatchesView,
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
  amend: PieceView;
  batch: BatchView;
  'stop-batch': StatusView;
  pieces: PiecesView;
  resolve: PieceView;
  picture: PictureView;
  'send-again': PieceView;
  refund: PieceView;
  printers: PrintersView;
  'find-printers': FoundPrintersView;
  'add-printer': PrintersView;
  'remove-printer': PrintersView;
  'test-printer': TestPageView;
  'verify-journal': JournalView;
  statistics: StatisticsView;
  'rotate-keys': StatusView;
  'cost-centres': CentresView;
  presets: PresetsView;
  'put-preset': PresetsView;
  'remove-preset': PresetsView;
  'waiting-batches': WaitingBatchesView;
  'put-batch': WaitingBatchesView;
  'batch-text': BatchTextView;
  'remove-batch': WaitingBatchesView;
  rehearse: RehearsalView;
  'sign-in': SessionView;
  'sign-out': StatusView;
  users: UsersView;
  'add-user': UsersView;
  'change-user': UsersView;
  'idle-lock': UsersView;
  'automatic-refill': StatusView;
  withdraw: StatusView;
  software: SoftwareView;
  'set-software': SoftwareView;
  line: LineSetupView;
  'set-line': LineSetupView;
  'find-modems': ModemsView;
  doctor: DoctorView;
  'hang-up': StatusView;
  scale: ScaleView;
  'find-scales': ScalesView;
  'set-scale': ScaleView;
  'use-scale': ScaleView;
  weigh: ScaleView;
  slip: SlipView;
  'office-art': OfficeArtView;
  'set-office-art': OfficeArtView;
}

/** Every call by its own name; `as` only carries another one. */
export type CallName = Exclude<Call['call'], 'as'>;
export type Arguments<N extends CallName> = Omit<Extract<Call, { call: N }>, 'call'>;

/** A door to a station. `send` rejects with a `UiError` and with nothing else. */
export interface Backend {
  send(call: Call): Promise<unknown>;
  /** Hears events until the page is closed; `lost` tells when the door itself closed or opened. */
  listen(heard: (event: Event) => void, lost: (isLost: boolean) => void): void;
}

const backend: Backend = '__TAURI_INTERNALS__' in window ? tauriBackend() : httpBackend();

/** In whose name calls go out; nobody's at a station without users. */
let name: Proof | null = null;
let heardNo: (error: UiError) => void = () => undefined;

/** From now on calls go out in this name. */
export function inName(proof: Proof | null): void {
  name = proof;
}

/** Hears each no of the station. */
export function onNo(heard: (error: UiError) => void): void {
  heardNo = heard;
}

/** Asks the station; the answer's type follows from the call's name. */
export async function ask<N extends CallName>(call: N, args: Arguments<N>, proof: Proof | null = name): Promise<Answers[N]> {
  const inner = { call, ...args } as unknown as Call;
  const isOpen = call === 'sign-in' || call === 'sign-out' || call === 'users';
  try {
    const sent: Call = proof === null || isOpen ? inner : { call: 'as', proof, inner };
    return (await backend.send(sent)) as Answers[N];
  } catch (thrown) {
    if (isUiError(thrown)) {
      heardNo(thrown);
    }
    throw thrown;
  }
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
