import type { Logger } from "../base/logger.ts";
import type { Broker } from "../broker/broker.ts";
import type { Settings } from "../config/options.ts";
import type { Clock } from "../io/clock.ts";
import { type AuditNotes, NO_AUDIT } from "../security/audit/audit-event.ts";
import { AuditLog, parseAuditBugs } from "../security/audit/audit-log.ts";
import { AuditTopic } from "../security/audit/audit-topic.ts";
import type { Users } from "../security/users.ts";

/** Names of users that one entry tells of each kind. */
const MAX_NAMES = 10;

/** What a gateway writes down of who does what: from the first moment on, and into the log once there is one. */
export class GatewayAudit {
  readonly notes: AuditNotes;
  readonly #log: AuditLog | null;
  readonly #settings: Settings;
  readonly #logger: Logger;

  /** `bug` is a deliberate one, for tests of the tests. */
  constructor(settings: Settings, clock: Clock, logger: Logger, bug: string) {
    this.#settings = settings;
    this.#logger = logger;
    this.#log = settings["audit.enable"] ? new AuditLog(clock, logger, parseAuditBugs(bug)) : null;
    this.notes = this.#log ?? NO_AUDIT;
  }

  /** Why entries can't be written at the moment, in words; null where they can. */
  get fault(): string | null {
    return this.#log?.fault ?? null;
  }

  open(broker: Broker): void {
    const keeping = {
      maxBytes: this.#settings["audit.max.bytes"],
      retentionMs: this.#settings["audit.retention.ms"],
    };
    const reserveBytes = this.#settings["disk.reserve.bytes"];
    this.#log?.open(new AuditTopic(broker, keeping, reserveBytes, this.#logger));
  }

  /** Something that came by no door: a signal, or whoever has the files. */
  noteOwn(action: string, resource: string, detail: string, isDone = true): void {
    const result = isDone ? "success" : "failure";
    const from = { user: null, door: "gateway", address: null, port: null } as const;
    this.notes.note({ kind: "change", ...from, action, result, resource, detail });
  }

  /** The file of users is another, whoever has written it. */
  readonly noteUsers = (before: Users, after: Users): void => {
    const added = [...after.keys()].filter((name) => !before.has(name));
    const removed = [...before.keys()].filter((name) => !after.has(name));
    const changed = [...after].filter(([name, kept]) => before.has(name) && before.get(name) !== kept);
    const parts = [
      ["added", added],
      ["changed", changed.map(([name]) => name)],
      ["removed", removed],
    ] as const;
    const told = parts.filter(([, names]) => names.length > 0);
    if (told.length === 0) return;
    const text = told.map(([what, names]) => `${what} ${names.slice(0, MAX_NAMES).join(", ")}`).join("; ");
    this.noteOwn("user.read-file", "users", text);
  };

  close(): void {
    this.#log?.close();
  }
}

/** Names of settings that were read and have changed. */
export function changesText(live: readonly string[], restart: readonly string[]): string {
  const later = restart.length === 0 ? [] : [`at the next start: ${restart.join(", ")}`];
  return [...live, ...later].join(", ") || "nothing has changed";
}
