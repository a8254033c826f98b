// Who is signed in at this window. The token lives in memory only: a reload asks again.
import { ask, asUiError, inName, onNo } from '../../backend';
import type { Proof, UiError, UsersView, UserView } from '../../generated/api';

/** Codes by which the station says that nobody is signed in any more. */
const ENDED = ['session_ended', 'sign_in_needed'];

class Session {
  user = $state<UserView | null>(null);
  users = $state<UserView[]>([]);
  /** Who was here last: the name stands ready for the next PIN. */
  last = $state('');
  error = $state<UiError | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #idle = 0;
  #token: string | null = null;

  constructor() {
    onNo((error) => {
      if (ENDED.includes(error.code)) {
        this.#forget();
      }
    });
  }

  /** After so many minutes without work a session ends; nothing until the station has said it. */
  idleMinutes = $state<number | null>(null);

  async refresh(): Promise<void> {
    try {
      this.heard(await ask('users', {}));
    } catch (thrown) {
      this.error = asUiError(thrown);
    }
  }

  heard(view: UsersView): void {
    this.users = view.users;
    this.user = view.users.find((user) => user.name === this.user?.name) ?? this.user;
    this.idleMinutes = view.idle_minutes;
  }

  /** A new PIN with the code of an admin at the data center, and whoever chose it is signed in. */
  async choosePin(user: string, code: string, pin: string): Promise<boolean> {
    this.error = null;
    const change = { name: user, role: null, pin, rights: { money: null, refunds: null, users: null }, closed: null };
    try {
      this.heard(await ask('change-user', change, { kind: 'code', user, code }));
    } catch (thrown) {
      this.error = asUiError(thrown);
      return false;
    }
    return this.signIn(user, pin);
  }

  async signIn(user: string, pin: string): Promise<boolean> {
    this.error = null;
    try {
      const session = await ask('sign-in', { user, pin });
      inName({ kind: 'session', token: session.token });
      this.#token = session.token;
      this.user = session.user;
      this.last = session.user.name;
      this.#idle = session.idle_minutes * 60_000;
      this.moved();
      return true;
    } catch (thrown) {
      this.error = asUiError(thrown);
      return false;
    }
  }

  /** Somebody is there: a key or the mouse. The station counts for itself and has the last word. */
  moved(): void {
    clearTimeout(this.#timer);
    if (this.user !== null && this.#idle > 0) {
      this.#timer = setTimeout(() => void this.lock(), this.#idle);
    }
  }

  async lock(): Promise<void> {
    const token = this.#token;
    this.#forget();
    if (token === null) {
      return;
    }
    try {
      await ask('sign-out', { token });
    } catch {
      // The session is over here whether or not the station heard of it; there it ends by itself.
    }
  }

  /** A supervisor's name and PIN for one call. */
  proofOf(user: string, pin: string): Proof {
    return { kind: 'pin', user, pin };
  }

  #forget(): void {
    clearTimeout(this.#timer);
    inName(null);
    this.#token = null;
    this.user = null;
  }
}

export const session = new Session();
