import type { FetchedPartition } from "../../kafka/client/fetch.ts";
import { walkRecords } from "../../kafka/client/fetch.ts";
import { ERROR, errorName } from "../../kafka/wire/generated/errors.ts";
import type { Calls } from "../calls.ts";
import type { Round } from "../round.ts";
import type { Now } from "../topic-setup.ts";
import { CANARY_TOPIC } from "./canary-topic.ts";
import type { CanaryStatus } from "./status.ts";

/** Records of a batch of canaries that are looked through, from its end on: one for each uplink of a gateway. */
const LOOK_BACK = 16;
const LOOK_BYTES = 64 * 1024;
/** A record is readable a little after its transaction has ended; then it is looked for again. */
const RETRY_MS = 100;
const SLOW_RETRY_MS = 1_000;
const QUICK_LOOKS = 20;
/** Canaries on their way that are remembered. */
const MAX_OUT = 16;

interface Look {
  readonly partition: number;
  readonly fromOffset: number;
  atMs: number;
  looks: number;
}

/**
 * Looks for canaries at the centre: records of the gateway's own that went the way of all others, and are read back
 * from where they arrived, as a careful consumer reads. One that came back proves that records flow, and how fast.
 */
export class Canary {
  readonly #key: string;
  readonly #calls: Calls;
  readonly #now: Now;
  /** By id: when they were let go. */
  readonly #out = new Map<string, number>();
  #look: Look | null = null;
  #busy = false;
  #seenMs: number | null = null;
  #roundTripMs: number | null = null;
  #fault: string | null = null;

  /** `key`: of this uplink's canaries. */
  constructor(key: string, calls: Calls, now: Now) {
    this.#key = key;
    this.#calls = calls;
    this.#now = now;
  }

  /** One was appended to the local topic. */
  released(id: string, nowMs: number): void {
    if (this.#out.size >= MAX_OUT) this.#out.delete([...this.#out.keys()].at(-1) ?? "");
    this.#out.set(id, nowMs);
  }

  /** What was on its way is nobody's; where the last one arrived is still known. */
  restart(): void {
    this.#busy = false;
  }

  /** A round is at the centre: maybe with a canary. */
  completed(round: Round): void {
    if (this.#out.size === 0) return;
    for (const [{ topic, partition }, end] of round.ends) {
      if (topic !== CANARY_TOPIC) continue;
      const fromOffset = Math.max(0, end - LOOK_BACK);
      this.#look = { partition, fromOffset, atMs: this.#now.nowMs, looks: 0 };
    }
  }

  nextMs(): number | null {
    return this.#look === null || this.#busy ? null : this.#look.atMs;
  }

  advance(): void {
    const look = this.#look;
    if (look === null || this.#busy || this.#now.nowMs < look.atMs) return;
    this.#busy = true;
    const { partition, fromOffset } = look;
    const ask = {
      topic: CANARY_TOPIC,
      partition,
      fromOffset,
      maxBytes: LOOK_BYTES,
      isolation: "read_committed",
    } as const;
    this.#calls.ask("scan", ask, (outcome) => {
      this.#busy = false;
      if (outcome.kind === "lost") this.#again(look, outcome.reason);
      else this.#read(look, outcome.answer);
    });
  }

  status(nowMs: number): CanaryStatus {
    const oldestMs = this.#out.values().next().value ?? null;
    return {
      outForMs: oldestMs === null ? null : nowMs - oldestMs,
      seenAgoMs: this.#seenMs === null ? null : nowMs - this.#seenMs,
      roundTripMs: this.#roundTripMs,
      fault: this.#fault,
    };
  }

  #read(look: Look, fetched: FetchedPartition): void {
    if (fetched.error === ERROR.OFFSET_OUT_OF_RANGE) {
      this.#look = null;
      return;
    }
    if (fetched.error !== 0) {
      this.#again(look, `it can't be read back: ${errorName(fetched.error)}`);
      return;
    }
    let newest: string | null = null;
    walkRecords(fetched, "read_committed", (record) => {
      const key = record.key();
      if (key !== null && textDecoder.decode(key) === this.#key) {
        const id = idOf(record.value());
        if (this.#out.has(id)) newest = id;
      }
      return undefined;
    });
    if (newest === null) this.#again(look, null);
    else this.#seen(newest);
  }

  #again(look: Look, fault: string | null): void {
    this.#fault = fault ?? this.#fault;
    look.looks += 1;
    look.atMs = this.#now.nowMs + (look.looks < QUICK_LOOKS && fault === null ? RETRY_MS : SLOW_RETRY_MS);
  }

  /** Those that were let go before it came before it. */
  #seen(id: string): void {
    const { nowMs } = this.#now;
    const releasedMs = this.#out.get(id) ?? nowMs;
    for (const [other, atMs] of [...this.#out]) if (atMs <= releasedMs) this.#out.delete(other);
    this.#look = null;
    this.#fault = null;
    this.#seenMs = nowMs;
    this.#roundTripMs = nowMs - releasedMs;
  }
}

const textDecoder = new TextDecoder();

/** Whoever may write to the central topic may write anything. */
function idOf(value: Uint8Array | null): string {
  try {
    const { id } = JSON.parse(textDecoder.decode(value ?? undefined)) as { readonly id?: unknown };
    return typeof id === "string" ? id : "";
  } catch {
    return "";
  }
}
