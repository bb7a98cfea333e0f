/** Logs that are told apart. */
export const MAX_OTHER_LOGS = 10_000;

/**
 * Counts records of a central topic that are of other logs than those compared. What counts are other logs of the same
 * gateway, and which one that is shows once a record of the logs compared has come: until then its uplinks' groups tell it
 * from most of those that share the topic, so that these don't take all the room.
 */
export class OtherLogs {
  /** By gateway, then by log. */
  readonly #gateways = new Map<string, Map<string, number>>();
  readonly #groups: ReadonlySet<string>;
  #logs = 0;

  /** `groups` of uplinks that hold positions of the logs compared; it may grow. */
  constructor(groups: ReadonlySet<string>) {
    this.#groups = groups;
  }

  /** A record; `ours` is the gateway, empty while it is not known. */
  count(gateway: string, log: string, ours: string): void {
    if (gateway === "" || (ours === "" ? !this.#mayBeOurs(gateway) : gateway !== ours)) return;
    let logs = this.#gateways.get(gateway);
    const known = logs?.get(log);
    if (known === undefined && this.#logs >= MAX_OTHER_LOGS && !this.#makeRoom(ours)) return;
    if (logs === undefined) {
      logs = new Map();
      this.#gateways.set(gateway, logs);
    }
    logs.set(log, (known ?? 0) + 1);
    if (known === undefined) this.#logs += 1;
  }

  /** Records by log, of this gateway. */
  of(gateway: string): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#gateways.get(gateway) ?? []);
  }

  #mayBeOurs(gateway: string): boolean {
    if (this.#groups.size === 0) return true;
    return this.#groups.values().some((group) => group.startsWith(`headwater.${gateway}.`));
  }

  /** Forgets strangers. False where there are none, or nobody knows who is one. */
  #makeRoom(ours: string): boolean {
    if (ours === "") return false;
    for (const [gateway, { size }] of [...this.#gateways]) {
      if (gateway === ours) continue;
      this.#gateways.delete(gateway);
      this.#logs -= size;
    }
    return this.#logs < MAX_OTHER_LOGS;
  }
}
