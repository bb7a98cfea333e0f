/** A place in the order of what a client has published. */
interface Place {
  /** Null until it may be appended. */
  append: (() => void) | null;
}

/**
 * Keeps what a client publishes in its order where some of it takes a commit round more before it is appended, as QoS 2
 * from a session that is kept does: what comes behind such a message waits for it.
 */
export class AppendOrder {
  #places: Place[] = [];

  /** Whether nothing has to wait. */
  get isEmpty(): boolean {
    return this.#places.length === 0;
  }

  /** Has all that comes behind wait. The function that comes back is called once, with what appends it. */
  begin(): (append: () => void) => void {
    const place: Place = { append: null };
    this.#places.push(place);
    return (append) => {
      place.append = append;
      this.#goOn();
    };
  }

  /** Calls `append` when all that came before is over. */
  behind(append: () => void): void {
    this.#places.push({ append });
    this.#goOn();
  }

  #goOn(): void {
    const waiting = this.#places.findIndex(({ append }) => append === null);
    const due = this.#places.splice(0, waiting < 0 ? this.#places.length : waiting);
    for (const { append } of due) append?.();
  }
}
