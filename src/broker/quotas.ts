import type { Clock } from "../io/clock.ts";
import { CLIENT_ID, type ClientQuotas, IP, type QuotaEntity, USER } from "./client-quotas.ts";
import { QUOTA_WINDOW_MS, QUOTA_WINDOWS, QuotaRate, TokenBucket } from "./quota-rate.ts";

/** Who asks: the authenticated user, or ANONYMOUS, and what the client calls itself. */
export interface QuotaSession {
  readonly user: string;
  readonly clientId: string;
}

export type QuotaKind = "produce" | "fetch" | "request";

/** The user of a connection that did not authenticate, as in Kafka. */
export const ANONYMOUS = "ANONYMOUS";

const KEYS: Readonly<Record<QuotaKind | "mutation", string>> = {
  produce: "producer_byte_rate",
  fetch: "consumer_byte_rate",
  request: "request_percentage",
  mutation: "controller_mutation_rate",
};
const CONNECTION_KEY = "connection_creation_rate";

/** Clients, users and addresses that are measured at once; those heard of longest ago are forgotten. */
const MAX_METERS = 10_000;

interface Meter {
  readonly rate: QuotaRate;
  bucket: TokenBucket | null;
}

interface Bound {
  readonly limit: number;
  /** Clients with the same meter share the quota. */
  readonly meter: string;
}

/**
 * Enforces client quotas (KIP-13, KIP-124, KIP-257, KIP-599, KIP-612): measures rates over Kafka's windows, and
 * says for how long a client has to be quiet. The quota of the most specific entity counts; clients that it does
 * not tell apart share it.
 */
export class Quotas {
  readonly #clock: Clock;
  readonly #quotas: ClientQuotas;
  readonly #meters = new Map<string, Meter>();
  #bounds = new Map<string, Bound | null>();

  constructor(clock: Clock, quotas: ClientQuotas) {
    this.#clock = clock;
    this.#quotas = quotas;
  }

  /** Whether there is anything to enforce. */
  get active(): boolean {
    return this.#quotas.size > 0;
  }

  /** Quotas have changed. */
  changed(): void {
    this.#bounds = new Map();
  }

  /**
   * Counts bytes of a produce request or a fetch response, or milliseconds that a request took this broker.
   * Returns for how many milliseconds the client has to be quiet, 0 where it is within its quota.
   */
  record(kind: QuotaKind, session: QuotaSession, amount: number): number {
    if (!this.active) return 0;
    const bound = this.#bound(kind, session);
    if (bound === null) return 0;
    const nowMs = this.#clock.monotonicMs();
    const { rate } = this.#meter(bound.meter);
    // A request share of 100 percent is one thread's whole time: a second's milliseconds, counted in tenths.
    const counted = kind === "request" ? amount / 10 : amount;
    const measured = rate.record(counted, nowMs);
    const throttleMs = rate.throttleMs(bound.limit, measured, nowMs);
    return kind === "request" ? Math.min(throttleMs, QUOTA_WINDOW_MS) : throttleMs;
  }

  /**
   * Most bytes that one response may have: what the quota allows in all windows but the current one, as in Kafka,
   * so that nobody has to be quiet for much longer than that over one fetch.
   */
  maxBytes(kind: "fetch", session: QuotaSession): number {
    const bound = this.active ? this.#bound(kind, session) : null;
    if (bound === null) return Number.POSITIVE_INFINITY;
    return (bound.limit * (QUOTA_WINDOWS - 1) * QUOTA_WINDOW_MS) / 1000;
  }

  /** The quota for changes of partitions of a client; see `MutationQuota`. */
  mutations(session: QuotaSession): MutationQuota {
    const bound = this.active ? this.#bound("mutation", session) : null;
    if (bound === null) return UNLIMITED;
    const meter = this.#meter(bound.meter);
    meter.bucket ??= new TokenBucket(bound.limit, this.#clock.monotonicMs());
    return new BucketQuota(meter.bucket, bound.limit, this.#clock);
  }

  /** Counts a connection from this address, and says whether it comes too soon. */
  connectionExceeds(address: string): boolean {
    if (!this.active) return false;
    const own = this.#quotas.get(new Map([[IP, address]]))?.get(CONNECTION_KEY);
    const limit = own ?? this.#quotas.get(new Map([[IP, null]]))?.get(CONNECTION_KEY);
    if (limit === undefined) return false;
    return this.#meter(`ip:${address}`).rate.record(1, this.#clock.monotonicMs()) > limit;
  }

  #bound(kind: QuotaKind | "mutation", session: QuotaSession): Bound | null {
    const id = JSON.stringify([kind, session.user, session.clientId]);
    const known = this.#bounds.get(id);
    if (known !== undefined) return known;
    const bound = this.#resolve(kind, session);
    if (this.#bounds.size >= MAX_METERS) this.#bounds.clear();
    this.#bounds.set(id, bound);
    return bound;
  }

  /** Kafka's order: users before clients, and those named before defaults. */
  #resolve(kind: QuotaKind | "mutation", { user, clientId }: QuotaSession): Bound | null {
    for (const { entity, meter } of candidates(user, clientId)) {
      const limit = this.#quotas.get(entity)?.get(KEYS[kind]);
      if (limit !== undefined) return { limit, meter: `${kind}:${JSON.stringify(meter)}` };
    }
    return null;
  }

  #meter(id: string): Meter {
    const known = this.#meters.get(id);
    const meter = known ?? { rate: new QuotaRate(), bucket: null };
    if (known !== undefined) this.#meters.delete(id);
    this.#meters.set(id, meter);
    if (this.#meters.size > MAX_METERS) {
      const [oldest] = this.#meters.keys();
      if (oldest !== undefined) this.#meters.delete(oldest);
    }
    return meter;
  }
}

interface Candidate {
  readonly entity: QuotaEntity;
  readonly meter: readonly (string | null)[];
}

function candidates(user: string, clientId: string): Candidate[] {
  const both = [user, clientId];
  const ofUser = [user, null];
  const ofClient = [null, clientId];
  const of = (name: string | null | undefined, id: string | null | undefined): QuotaEntity =>
    new Map([
      ...(name === undefined ? [] : [[USER, name] as const]),
      ...(id === undefined ? [] : [[CLIENT_ID, id] as const]),
    ]);
  return [
    { entity: of(user, clientId), meter: both },
    { entity: of(user, null), meter: both },
    { entity: of(user, undefined), meter: ofUser },
    { entity: of(null, clientId), meter: both },
    { entity: of(null, null), meter: both },
    { entity: of(null, undefined), meter: ofUser },
    { entity: of(undefined, clientId), meter: ofClient },
    { entity: of(undefined, null), meter: ofClient },
  ];
}

/** What one request may change: partitions made and deleted are counted (KIP-599). */
export interface MutationQuota {
  /** Whether changes may be made now. One that may is made whole, however large. */
  readonly open: boolean;
  take(partitions: number): void;
  /** For how long the client has to be quiet. */
  readonly throttleMs: number;
}

const UNLIMITED: MutationQuota = { open: true, take: () => {}, throttleMs: 0 };

class BucketQuota implements MutationQuota {
  readonly #bucket: TokenBucket;
  readonly #limit: number;
  readonly #clock: Clock;

  constructor(bucket: TokenBucket, limit: number, clock: Clock) {
    this.#bucket = bucket;
    this.#limit = limit;
    this.#clock = clock;
  }

  get open(): boolean {
    return this.#bucket.open(this.#limit, this.#clock.monotonicMs());
  }

  take(partitions: number): void {
    this.#bucket.take(partitions, this.#limit, this.#clock.monotonicMs());
  }

  get throttleMs(): number {
    return this.#bucket.throttleMs(this.#limit, this.#clock.monotonicMs());
  }
}
