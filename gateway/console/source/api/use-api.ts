import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { type ApiError, asApiError, ask } from "./client.ts";

/** An answer of the gateway that is kept current. */
export interface Loaded<T> {
  /** The last one that came, kept while another is asked for and when that fails. */
  readonly data: T | null;
  /** Why the last one did not come; null once one has. */
  readonly error: ApiError | null;
  readonly refresh: () => void;
}

/**
 * Asks for a path, again each `everyMs` where that is above 0, and not while the page is hidden. A null path asks for
 * nothing. Another path forgets what was there.
 */
export function useApi<T>(path: string | null, everyMs = 0): Loaded<T> {
  const [answer, setAnswer] = useState<Answer<T>>({ path, data: null, error: null });
  const again = useRef<() => void>(() => {});
  useEffect(() => {
    if (path === null) return;
    const poll = new Poll(everyMs, async (signal) => {
      try {
        const data = await ask<T>(path, { signal });
        setAnswer({ path, data, error: null });
      } catch (error) {
        if (signal.aborted) return;
        setAnswer((before) => ({
          path,
          data: before.path === path ? before.data : null,
          error: asApiError(error),
        }));
      }
    });
    again.current = () => poll.now();
    return () => poll.stop();
  }, [path, everyMs]);
  const refresh = useCallback(() => again.current(), []);
  const isOfPath = answer.path === path;
  return { data: isOfPath ? answer.data : null, error: isOfPath ? answer.error : null, refresh };
}

interface Answer<T> {
  readonly path: string | null;
  readonly data: T | null;
  readonly error: ApiError | null;
}

/** Does something now and then again and again, one at a time, and only while somebody can see it. */
export class Poll {
  readonly #everyMs: number;
  readonly #work: (signal: AbortSignal) => Promise<void>;
  readonly #ended = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isAsking = false;
  #isWanted = false;

  constructor(everyMs: number, work: (signal: AbortSignal) => Promise<void>) {
    this.#everyMs = everyMs;
    this.#work = work;
    document.addEventListener("visibilitychange", this.#whenShown);
    this.now();
  }

  /** At once, or once what is under way has ended. */
  now(): void {
    clearTimeout(this.#timer);
    this.#isWanted = true;
    if (!this.#isAsking) void this.#run();
  }

  stop(): void {
    clearTimeout(this.#timer);
    document.removeEventListener("visibilitychange", this.#whenShown);
    this.#ended.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#ended;
    this.#isAsking = true;
    while (this.#isWanted && !signal.aborted) {
      this.#isWanted = false;
      await this.#work(signal);
    }
    this.#isAsking = false;
    if (this.#everyMs > 0 && !signal.aborted && !document.hidden) {
      this.#timer = setTimeout(() => this.now(), this.#everyMs);
    }
  }

  readonly #whenShown = (): void => {
    if (!document.hidden && this.#everyMs > 0) this.now();
  };
}
