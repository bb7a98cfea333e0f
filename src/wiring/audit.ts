import type { Logger } from "../base/logger.ts";
import type { Broker } from "../broker/broker.ts";
import type { Settings } from "../config/options.ts";
import type { Clock } from "../io/clock.ts";
import { type AuditNotes, NO_AUDIT } from "../security/audit/audit-event.ts";
import { AuditLog, parseAuditBugs } from "../security/audit/audit-log.ts";
import { AuditTopic } from "../security/audit/audit-topic.ts";

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

  close(): void {
    this.#log?.close();
  }
}

/** Names of settings that were read and have changed. */
export function changesText(live: readonly string[], restart: readonly string[]): string {
  const later = restart.length === 0 ? [] : [`at the next start: ${restart.join(", ")}`];
  return [...live, ...later].join(", ") || "nothing has changed";
}
