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

/**
 * Lets only one run of `work` be under way. Asked meanwhile, however often, it runs once more
 * afterwards, so that the last answer is never older than the last question.
 */
export function coalesced(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | null = null;
  let again = false;
  const run = async (): Promise<void> => {
    do {
      again = false;
      await work();
    } while (again);
  };
  return () => {
    if (running !== null) {
      again = true;
      return running;
    }
    running = run().finally(() => (running = null));
    return running;
  };
}
