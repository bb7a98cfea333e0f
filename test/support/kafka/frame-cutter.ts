import type { Direction, ProxiedPair, TcpProxy, Verdict } from "../tcp-proxy.ts";

/** Where to cut: the request does not reach the broker; or it does, and its answer does not come back. */
export type CutPoint = "request" | "answer";

/**
 * Cuts a proxied connection at a request of a chosen Kafka API. It reads as much of Kafka's framing as that
 * takes, by itself: length, API key, correlation id.
 */
export class FrameCutter {
  /** Counts requests by API key, for tests that want to know that something happened at all. */
  readonly seen = new Map<number, number>();
  #armed: { readonly apiKey: number; readonly point: CutPoint; readonly done: () => void } | null = null;
  readonly #streams = new Map<string, FrameHeads>();
  /** Of requests whose answer is to be cut: `PAIR CORRELATION`. */
  #awaited: string | null = null;

  constructor(proxy: TcpProxy) {
    proxy.inspect = (pair, direction, chunk) => this.#inspect(pair, direction, chunk);
  }

  /** Cuts at the next request of this kind. Resolves when it has happened. */
  cutAt(apiKey: number, point: CutPoint): Promise<void> {
    return new Promise((done) => {
      this.#armed = { apiKey, point, done };
    });
  }

  disarm(): void {
    this.#armed = null;
    this.#awaited = null;
  }

  #inspect(pair: ProxiedPair, direction: Direction, chunk: Uint8Array): Verdict {
    const name = `${pair.id} ${direction}`;
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      stream = new FrameHeads();
      this.#streams.set(name, stream);
    }
    let verdict: Verdict = "pass";
    stream.push(chunk, (head) => {
      const found = direction === "to-target" ? this.#request(pair, head) : this.#answer(pair, head);
      if (found) verdict = "cut";
    });
    return verdict;
  }

  #request(pair: ProxiedPair, head: DataView): boolean {
    const apiKey = head.getInt16(0);
    this.seen.set(apiKey, (this.seen.get(apiKey) ?? 0) + 1);
    const armed = this.#armed;
    if (armed === null || armed.apiKey !== apiKey || this.#awaited !== null) return false;
    if (armed.point === "answer") {
      this.#awaited = `${pair.id} ${head.getInt32(4)}`;
      return false;
    }
    return this.#fire(armed.done);
  }

  #answer(pair: ProxiedPair, head: DataView): boolean {
    const armed = this.#armed;
    if (armed === null || this.#awaited !== `${pair.id} ${head.getInt32(0)}`) return false;
    return this.#fire(armed.done);
  }

  #fire(done: () => void): true {
    this.disarm();
    done();
    return true;
  }
}

/** Bytes of a frame that are looked at: API key, version and correlation id of a request. */
const HEAD_BYTES = 8;

/** Finds where frames begin in a stream, and hands over the first bytes of each. */
class FrameHeads {
  #collected: number[] = [];
  #skip = 0;

  push(chunk: Uint8Array, onHead: (head: DataView) => void): void {
    let position = 0;
    while (position < chunk.length) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, chunk.length - position);
        this.#skip -= skipped;
        position += skipped;
        continue;
      }
      this.#collected.push(chunk[position] as number);
      position += 1;
      if (this.#collected.length === 4 + HEAD_BYTES) {
        const bytes = new DataView(Uint8Array.from(this.#collected).buffer);
        this.#skip = Math.max(0, bytes.getInt32(0) - HEAD_BYTES);
        this.#collected = [];
        onHead(new DataView(bytes.buffer, 4));
      }
    }
  }
}
