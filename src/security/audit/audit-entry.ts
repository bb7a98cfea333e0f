import { AUDIT_DOORS, AUDIT_RESULTS, type AuditEvent } from "./audit-event.ts";

/** An event, or as many that were alike. */
export interface AuditEntry extends Omit<AuditEvent, "isRoutine"> {
  readonly fromMs: number;
  /** When the last of them was, where there are more than one. */
  readonly toMs: number;
  readonly count: number;
  /** Whether these are different ones, of which only the number was kept: there were too many. */
  readonly isSum: boolean;
}

/** Characters of each text of an entry. */
const MAX_TEXT: Readonly<Record<"user" | "address" | "action" | "resource" | "detail", number>> = {
  user: 128,
  address: 64,
  action: 64,
  resource: 300,
  detail: 300,
};
/** Ends a text that was cut. */
const CUT_MARK = "…";
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/gu;

const encoder = new TextEncoder();

/** The same with texts that are short: names come from outside. */
export function boundedEvent(event: AuditEvent): AuditEvent {
  const { user, address, action, resource, detail } = event;
  return {
    ...event,
    user: shortened(user, MAX_TEXT.user),
    address: shortened(address, MAX_TEXT.address),
    action: shortened(action, MAX_TEXT.action),
    ...(resource === undefined ? {} : { resource: shortened(resource, MAX_TEXT.resource) }),
    ...(detail === undefined ? {} : { detail: shortened(detail, MAX_TEXT.detail) }),
  };
}

/** An entry of bounded texts as it stands in the topic: JSON, times in ISO 8601. What does not apply is left out. */
export function encodeEntry(entry: AuditEntry): Uint8Array {
  const { kind, action, result, door, port, reason, count, isSum, fromMs, toMs } = entry;
  return encoder.encode(
    JSON.stringify({
      at: isoTime(fromMs),
      kind,
      action,
      result,
      user: entry.user,
      door,
      address: entry.address,
      port,
      resource: entry.resource,
      reason,
      detail: entry.detail,
      ...(count === 1 ? {} : { count, to: isoTime(toMs) }),
      ...(isSum ? { isSum } : {}),
    }),
  );
}

/** Key of an entry's record: its user, so that all of one can be found; null for nobody. */
export function keyOfEntry({ user }: AuditEntry): Uint8Array | null {
  return user === null ? null : encoder.encode(user);
}

/** Reads an entry back. Null where the text is none. */
export function decodeEntry(value: Uint8Array): AuditEntry | null {
  let raw: Readonly<Record<string, unknown>>;
  try {
    const parsed: unknown = JSON.parse(new TextDecoder().decode(value));
    if (typeof parsed !== "object" || parsed === null) return null;
    raw = parsed as Readonly<Record<string, unknown>>;
  } catch {
    return null;
  }
  const text = (name: string): string | null => (typeof raw[name] === "string" ? raw[name] : null);
  const fromMs = Date.parse(text("at") ?? "");
  const action = text("action");
  const door = AUDIT_DOORS.find((known) => known === raw.door);
  const result = AUDIT_RESULTS.find((known) => known === raw.result);
  if (Number.isNaN(fromMs) || action === null || door === undefined || result === undefined) return null;
  const [resource, reason, detail] = [text("resource"), text("reason"), text("detail")];
  return {
    kind: raw.kind === "access" ? "access" : "change",
    ...{ action, result, door, user: text("user"), address: text("address") },
    port: typeof raw.port === "number" ? raw.port : null,
    ...(resource === null ? {} : { resource }),
    ...(reason === null ? {} : { reason: reason as NonNullable<AuditEntry["reason"]> }),
    ...(detail === null ? {} : { detail }),
    fromMs,
    toMs: Date.parse(text("to") ?? text("at") ?? ""),
    count: typeof raw.count === "number" ? raw.count : 1,
    isSum: raw.isSum === true,
  };
}

/** Names come from outside: they are cut, and what would end a line, or move a terminal's cursor, is replaced. */
function shortened<T extends string | null | undefined>(text: T, maxLength: number): T {
  if (text === null || text === undefined) return text;
  const plain = text.length <= maxLength ? text : `${text.slice(0, maxLength)}${CUT_MARK}`;
  return plain.toWellFormed().replace(CONTROL, "\ufffd") as T;
}

const MAX_TIME_MS = 8_640_000_000_000_000;

function isoTime(timeMs: number): string {
  return new Date(Math.max(-MAX_TIME_MS, Math.min(MAX_TIME_MS, timeMs))).toISOString();
}
