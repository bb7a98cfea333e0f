import { type Uuid, uuidFromBytes, ZERO_UUID } from "../base/ids.ts";
import type { Random } from "../io/random.ts";
import { type AclEntry, type AclFilter, aclKey, aclMatches } from "./acl-entry.ts";
import type { AckCallback } from "./waiting.ts";

/** Rules that there may be. */
export const MAX_ACLS = 10_000;
/** Characters of their names together: a snapshot of the metadata log holds all of them. */
export const MAX_ACL_CHARACTERS = 1_000_000;

/** Rules by the ids that the metadata log gives them, each rule once. Pure. */
export class AclTable {
  readonly #entries = new Map<Uuid, AclEntry>();
  readonly #ids = new Map<string, Uuid>();
  #characters = 0;

  get size(): number {
    return this.#entries.size;
  }

  get characters(): number {
    return this.#characters;
  }

  all(): Iterable<readonly [Uuid, AclEntry]> {
    return this.#entries;
  }

  has(entry: AclEntry): boolean {
    return this.#ids.has(aclKey(entry));
  }

  hasId(id: Uuid): boolean {
    return this.#entries.has(id);
  }

  add(id: Uuid, entry: AclEntry): void {
    this.remove(id);
    this.#entries.set(id, entry);
    this.#ids.set(aclKey(entry), id);
    this.#characters += charactersOf(entry);
  }

  remove(id: Uuid): void {
    const entry = this.#entries.get(id);
    if (entry === undefined) return;
    this.#entries.delete(id);
    this.#ids.delete(aclKey(entry));
    this.#characters -= charactersOf(entry);
  }
}

export type AclRecord =
  | { readonly kind: "acl"; readonly id: Uuid; readonly entry: AclEntry }
  | { readonly kind: "remove-acl"; readonly id: Uuid };

/** What has changed: rules that came, and rules that went. */
export type AclListener = (added: readonly AclEntry[], removed: readonly AclEntry[]) => void;

/**
 * Kafka's access control lists, kept in the metadata log. What changes counts at once, and is told to listeners in that
 * moment; `durable` runs once the disk has it.
 */
export class Acls {
  readonly #table: AclTable;
  readonly #random: Random;
  readonly #write: (records: readonly AclRecord[], durable: AckCallback) => number;
  readonly #listeners = new Set<AclListener>();

  /** `write` takes no records as well, and is then about those before. It applies them to the table. */
  constructor(
    table: AclTable,
    random: Random,
    write: (records: readonly AclRecord[], durable: AckCallback) => number,
  ) {
    this.#table = table;
    this.#random = random;
    this.#write = write;
  }

  get count(): number {
    return this.#table.size;
  }

  /** The rules that a filter means, in the order in which they came; all without one. */
  list(filter: AclFilter | null = null): AclEntry[] {
    const entries = Array.from(this.#table.all(), ([, entry]) => entry);
    return filter === null ? entries : entries.filter((entry) => aclMatches(filter, entry));
  }

  /** Says in words why there is no room for so many more rules, or null. */
  roomFault(entries: readonly AclEntry[]): string | null {
    const fresh = this.#fresh(entries);
    if (this.#table.size + fresh.length > MAX_ACLS) return `There can't be more than ${MAX_ACLS} ACLs.`;
    const characters = fresh.reduce((sum, entry) => sum + charactersOf(entry), this.#table.characters);
    if (characters <= MAX_ACL_CHARACTERS) return null;
    return `The names of all ACLs together can't have more than ${MAX_ACL_CHARACTERS} characters.`;
  }

  /** Adds rules that were checked; those that there are already are no error. Returns a Kafka error, or 0. */
  add(entries: readonly AclEntry[], durable: AckCallback): number {
    const fresh = this.#fresh(entries);
    const records = fresh.map((entry) => ({ kind: "acl", id: this.#newId(), entry }) as const);
    const error = this.#write(records, durable);
    if (error === 0 && fresh.length > 0) this.#tell(fresh, []);
    return error;
  }

  /** Removes the rules that any of the filters means, and says which those are, or a Kafka error. */
  remove(filters: readonly AclFilter[], durable: AckCallback): readonly AclEntry[] | number {
    const found = [...this.#table.all()].filter(([, entry]) =>
      filters.some((filter) => aclMatches(filter, entry)),
    );
    const records = found.map(([id]) => ({ kind: "remove-acl", id }) as const);
    const error = this.#write(records, durable);
    if (error !== 0) return error;
    const removed = found.map(([, entry]) => entry);
    if (removed.length > 0) this.#tell([], removed);
    return removed;
  }

  /** Runs `listener` with every change from now on. Returns how to stop that. */
  onChange(listener: AclListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  #tell(added: readonly AclEntry[], removed: readonly AclEntry[]): void {
    for (const listener of this.#listeners) listener(added, removed);
  }

  #fresh(entries: readonly AclEntry[]): AclEntry[] {
    const unique = new Map(entries.map((entry) => [aclKey(entry), entry]));
    return [...unique.values()].filter((entry) => !this.#table.has(entry));
  }

  #newId(): Uuid {
    for (;;) {
      const id = uuidFromBytes(this.#random.bytes(16));
      if (id !== ZERO_UUID && !this.#table.hasId(id)) return id;
    }
  }
}

function charactersOf({ resourceName, principal, host }: AclEntry): number {
  return resourceName.length + principal.length + host.length;
}
