/**
 * Waits for several things that each end with a callback, now or later: `begin` one callback for each, then
 * `whenAll` once. What it was given runs exactly once, within `whenAll` where nothing waits any more.
 */
export class Gather {
  #open = 0;
  #then: (() => void) | null = null;

  /** The callback that ends one wait. `note` hears the error it ends with, 0 for none. */
  begin(note: (error: number) => void): (error: number) => void {
    this.#open += 1;
    return (error) => {
      note(error);
      this.#open -= 1;
      this.#check();
    };
  }

  whenAll(then: () => void): void {
    this.#then = then;
    this.#check();
  }

  #check(): void {
    if (this.#open > 0 || this.#then === null) return;
    const then = this.#then;
    this.#then = null;
    then();
  }
}
