import { assertNever } from "../base/assert.ts";
import type { AckCallback } from "./waiting.ts";

/** How the metadata log tells mechanisms apart (KIP-554). */
export const SCRAM_MECHANISM = { sha256: 1, sha512: 2 } as const;
export type ScramMechanismId = (typeof SCRAM_MECHANISM)[keyof typeof SCRAM_MECHANISM];

/** Users who may have credentials, and the characters of all names together: a snapshot of the metadata log holds them. */
export const MAX_SCRAM_USERS = 10_000;
export const MAX_SCRAM_NAME = 128;
export const MAX_SCRAM_SALT_BYTES = 256;

/** What is kept of a user's password for one mechanism; never the password, nor what it can be read from. */
export interface ScramCredential {
  readonly mechanism: ScramMechanismId;
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

export type ScramRecord =
  | { readonly kind: "scram"; readonly user: string; readonly credential: ScramCredential }
  | { readonly kind: "remove-scram"; readonly user: string; readonly mechanism: ScramMechanismId };

/** Credentials by user, as the metadata log tells them. Pure. */
export class ScramTable {
  readonly #users = new Map<string, ReadonlyMap<ScramMechanismId, ScramCredential>>();

  get size(): number {
    return this.#users.size;
  }

  get users(): Iterable<string> {
    return this.#users.keys();
  }

  of(user: string): readonly ScramCredential[] {
    return [...(this.#users.get(user)?.values() ?? [])];
  }

  replay(record: ScramRecord): void {
    const { user } = record;
    const credentials = new Map(this.#users.get(user));
    switch (record.kind) {
      case "scram":
        credentials.set(record.credential.mechanism, record.credential);
        break;
      case "remove-scram":
        credentials.delete(record.mechanism);
        break;
      default:
        assertNever(record);
    }
    if (credentials.size === 0) this.#users.delete(user);
    else this.#users.set(user, credentials);
  }

  *records(): Iterable<ScramRecord> {
    for (const user of this.users)
      for (const credential of this.of(user)) yield { kind: "scram", user, credential };
  }
}

/**
 * Users whom Kafka's own tools have made. What changes counts at once, and is told to listeners in that moment;
 * `durable` runs once the disk has it.
 */
export class ScramCredentials {
  readonly #table: ScramTable;
  readonly #write: (records: readonly ScramRecord[], durable: AckCallback) => number;
  readonly #listeners: (() => void)[] = [];

  /** `write` takes no records as well, and applies those that it takes to the table. */
  constructor(table: ScramTable, write: (records: readonly ScramRecord[], durable: AckCallback) => number) {
    this.#table = table;
    this.#write = write;
  }

  /** Users who have any. */
  get size(): number {
    return this.#table.size;
  }

  get users(): Iterable<string> {
    return this.#table.users;
  }

  of(user: string): readonly ScramCredential[] {
    return this.#table.of(user);
  }

  /** Makes changes that were checked. Returns a Kafka error, or 0 and calls back once they are durable. */
  alter(records: readonly ScramRecord[], durable: AckCallback): number {
    const error = this.#write(records, durable);
    if (error === 0 && records.length > 0) for (const listener of this.#listeners) listener();
    return error;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }
}
