/** Whom a quota is for: names by kind of entity, null for the default of that kind (KIP-546, KIP-612). */
export type QuotaEntity = ReadonlyMap<string, string | null>;

export interface QuotaEntry {
  readonly entity: QuotaEntity;
  readonly values: ReadonlyMap<string, number>;
}

/** A part of a filter: entities whose `type` has this name, is the default (null), or is there at all ("any"). */
export interface QuotaFilter {
  readonly type: string;
  readonly match: { readonly name: string | null } | "any";
}

export const USER = "user";
export const CLIENT_ID = "client-id";
export const IP = "ip";

/** The quotas that a kind of entity can have, and whether they are whole numbers. */
const USER_KEYS: ReadonlyMap<string, "whole" | "real"> = new Map([
  ["producer_byte_rate", "whole"],
  ["consumer_byte_rate", "whole"],
  ["request_percentage", "real"],
  ["controller_mutation_rate", "real"],
]);
const IP_KEYS: ReadonlyMap<string, "whole" | "real"> = new Map([["connection_creation_rate", "whole"]]);

/** Entities of all kinds that may have quotas: each costs memory for good. */
const MAX_ENTITIES = 10_000;
/** Longest name of an entity, as long as a client id can be on the wire. */
const SHOWN_LENGTH = 100;
const LONG_MAX = 2 ** 63;
/** How far from a whole number a value may be, as in Kafka. */
const FRACTION = 1e-6;

/** Quotas by entity, as the metadata log tells them. Pure. */
export class ClientQuotas {
  readonly #entries = new Map<
    string,
    { readonly entity: QuotaEntity; readonly values: Map<string, number> }
  >();

  get size(): number {
    return this.#entries.size;
  }

  all(): Iterable<QuotaEntry> {
    return this.#entries.values();
  }

  get(entity: QuotaEntity): ReadonlyMap<string, number> | null {
    return this.#entries.get(entityKey(entity))?.values ?? null;
  }

  /** null takes the value back. */
  set(entity: QuotaEntity, key: string, value: number | null): void {
    const id = entityKey(entity);
    const entry = this.#entries.get(id);
    if (value !== null) {
      if (entry === undefined) this.#entries.set(id, { entity, values: new Map([[key, value]]) });
      else entry.values.set(key, value);
      return;
    }
    entry?.values.delete(key);
    if (entry?.values.size === 0) this.#entries.delete(id);
  }

  /** Entries that every part of the filter fits; `strict` leaves out those with a type that no part names. */
  find(filters: readonly QuotaFilter[], strict: boolean): QuotaEntry[] {
    return Array.from(this.all()).filter(
      ({ entity }) =>
        (!strict || entity.size === filters.length) &&
        filters.every(({ type, match }) => {
          const name = entity.get(type);
          return name !== undefined && (match === "any" || match.name === name);
        }),
    );
  }

  /** Whether a change would give quotas to an entity that has none. */
  adds(entity: QuotaEntity, values: ReadonlyMap<string, number | null>): boolean {
    return this.get(entity) === null && values.values().some((value) => value !== null);
  }

  /** Says why a change is refused, or null. `added`: how many entities the same request adds before this one. */
  fault(entity: QuotaEntity, values: ReadonlyMap<string, number | null>, added: number): string | null {
    const fault = entityFault(entity);
    if (fault !== null) return fault;
    const keys = entity.has(IP) ? IP_KEYS : USER_KEYS;
    for (const [key, value] of values) {
      const reason = value === null ? null : valueFault(key, keys.get(key), value);
      if (reason !== null) return reason;
    }
    if (this.size + added >= MAX_ENTITIES && this.adds(entity, values)) {
      return `${MAX_ENTITIES} entities have quotas, which is the limit.`;
    }
    return null;
  }
}

/** The same for the same entity, whatever the order of its parts. */
export function entityKey(entity: QuotaEntity): string {
  return JSON.stringify([USER, CLIENT_ID, IP].map((type) => (entity.has(type) ? [entity.get(type)] : 0)));
}

function entityFault(entity: QuotaEntity): string | null {
  if (entity.size === 0) return "Invalid empty client quota entity";
  for (const [type, name] of entity) {
    if (type !== USER && type !== CLIENT_ID && type !== IP)
      return `Unhandled client quota entity type: ${type.slice(0, SHOWN_LENGTH)}`;
    if (name === "") return `Empty ${type} not supported`;
  }
  if (!entity.has(IP)) return null;
  if (entity.size > 1) return "An ip can't be combined with a user or a client id in a quota entity.";
  const address = entity.get(IP) ?? null;
  return address === null || isAddress(address)
    ? null
    : `${address.slice(0, SHOWN_LENGTH)} is no IP address.`;
}

function valueFault(key: string, kind: "whole" | "real" | undefined, value: number): string | null {
  if (kind === undefined) return `Invalid configuration key ${key.slice(0, SHOWN_LENGTH)}`;
  if (!(value > 0)) return `Quota ${key} must be greater than 0`;
  if (kind === "real") return Number.isFinite(value) ? null : `${key} has to be finite.`;
  if (value >= LONG_MAX) return `Proposed value for ${key} is too large for a LONG.`;
  return Math.abs(value - Math.round(value)) > FRACTION || value < 1 - FRACTION
    ? `${key} cannot be a fractional value.`
    : null;
}

function isAddress(text: string): boolean {
  const parts = text.split(".");
  if (parts.length === 4) return parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
  return text.length <= 45 && text.includes(":") && /^[0-9a-fA-F:]+$/.test(text);
}
