/**
 * Answers that leave once a change of state is whole. An answer can bring a client's next request in the same
 * moment, which must not find a group half changed.
 */
export class Outbox {
  readonly #answers: (() => void)[] = [];
  #depth = 0;
  #emptying = false;

  /** Runs `work`; answers given meanwhile leave after the outermost of such calls. */
  run(work: () => void): void {
    this.#depth += 1;
    try {
      work();
    } finally {
      this.#depth -= 1;
    }
    this.#empty();
  }

  /** Gives an answer: now, or after the change that is under way. */
  give(answer: () => void): void {
    this.#answers.push(answer);
    this.#empty();
  }

  #empty(): void {
    if (this.#depth > 0 || this.#emptying) return;
    this.#emptying = true;
    try {
      for (let next = this.#answers.shift(); next !== undefined; next = this.#answers.shift()) next();
    } finally {
      this.#emptying = false;
    }
  }
}
