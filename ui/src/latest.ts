/**
 * Runs the newest question only: an older answer that comes late is dropped, and typing does not
 * ask once per key.
 */
export class Latest {
  #turn = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Asks after `delay` milliseconds unless another question replaces it before. */
  ask<T>(delay: number, question: () => Promise<T>, answered: (answer: T) => void, refused: (thrown: unknown) => void): void {
    this.drop();
    const turn = this.#turn;
    this.#timer = setTimeout(() => {
      question().then(
        (answer) => turn === this.#turn && answered(answer),
        (thrown: unknown) => turn === this.#turn && refused(thrown),
      );
    }, delay);
  }

  /** Forgets the question under way. */
  drop(): void {
    this.#turn += 1;
    clearTimeout(this.#timer);
  }
}
