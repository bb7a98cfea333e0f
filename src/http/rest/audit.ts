import { AUDIT_DOORS, AUDIT_RESULTS } from "../../security/audit/audit-event.ts";
import {
  type AuditFilter,
  type AuditPosition,
  AuditReader,
  type ReadEntry,
} from "../../security/audit/audit-reader.ts";
import { json, problem } from "../problem.ts";
import type { Gateway } from "./gateway.ts";
import type { Call, Route } from "./route.ts";
import { flag, list, object, oneOf, orNull, text, whole } from "./schema.ts";

const DEFAULT_ENTRIES = 100;
const MAX_ENTRIES = 1_000;
/** What one answer looks through; where more of the log is left, `next` goes on. */
const MAX_SCANNED_BYTES = 8 * 1024 * 1024;
const MAX_TIME_MS = 8_640_000_000_000_000;
const POSITION = /^\d{1,15}(?:\.\d{1,15}){0,7}$/;

const ENTRY = {
  id: text({ description: "Of the entry: its partition and offset in __headwater_audit." }),
  atMs: whole(),
  toMs: whole({ description: "Of several, when the last was." }),
  count: whole({ description: "How many there were that are alike." }),
  isSum: flag({ description: "Whether they are alike in action, result, door and address alone." }),
  kind: oneOf("access", "change"),
  user: orNull(text({ description: "Name of the principal; where a login failed, as it was said." })),
  door: oneOf(...AUDIT_DOORS),
  address: orNull(text()),
  port: orNull(whole({ description: "Of the listener." })),
  action: text(),
  resource: orNull(text()),
  result: oneOf(...AUDIT_RESULTS),
  reason: orNull(text()),
  detail: orNull(text()),
};

/** Who did what. */
export const AUDIT_ROUTES: readonly Route<Gateway>[] = [
  {
    method: "GET",
    path: "/api/audit",
    id: "listAudit",
    summary: "Who did what, newest first: logins, refusals and changes at all doors",
    needs: "operator",
    query: {
      limit: whole({ minimum: 1, maximum: MAX_ENTRIES }),
      before: text({ description: "As `next` has it." }),
      user: text({ maxLength: 128 }),
      action: text({ maxLength: 64, description: "`topic.create`, or `topic` for all that begin so." }),
      since: whole({ maximum: MAX_TIME_MS, description: "Milliseconds since 1970." }),
    },
    answer: {
      status: 200,
      type: "application/json",
      schema: object({
        entries: list(object(ENTRY)),
        next: orNull(text({ description: "The path of the next part, which may have entries or not." })),
      }),
    },
    handle: (call) => answer(call),
  },
];

function answer({ url, query, parts: { broker, turns } }: Call<Gateway>): Response | Promise<Response> {
  const before = query.before === undefined ? null : positionOf(String(query.before));
  if (before === undefined) {
    const value = String(query.before).slice(0, 100);
    const error = {
      message: "before can't be read",
      thing: "before",
      value,
      remedy: "take the path of next",
    };
    return problem(400, error);
  }
  const filter: AuditFilter = {
    user: query.user === undefined ? null : String(query.user),
    action: query.action === undefined ? null : String(query.action),
    sinceMs: query.since === undefined ? null : Number(query.since),
  };
  const reader = new AuditReader(broker, filter, Number(query.limit ?? DEFAULT_ENTRIES), before);
  return new Promise((resolve) => {
    let scannedBytes = 0;
    turns.add({
      step(budget) {
        const bytes = budget.bytes;
        const isDone = reader.step(budget);
        scannedBytes += bytes - budget.bytes;
        if (!isDone && scannedBytes < MAX_SCANNED_BYTES) return false;
        resolve(json(200, { entries: reader.entries.map(shown), next: nextPath(url, reader.position) }));
        return true;
      },
    });
  });
}

function shown({ entry, partition, offset }: ReadEntry): object {
  const { fromMs, toMs, count, isSum, kind, user, door, address, port, action, result } = entry;
  const { resource = null, reason = null, detail = null } = entry;
  return {
    ...{ id: `${partition}:${offset}`, atMs: fromMs, toMs, count, isSum, kind, user, door, address, port },
    ...{ action, resource, result, reason, detail },
  };
}

/** Undefined where it is none. */
function positionOf(text: string): AuditPosition | undefined {
  return POSITION.test(text) ? text.split(".").map(Number) : undefined;
}

function nextPath(url: URL, position: AuditPosition | null): string | null {
  if (position === null) return null;
  const next = new URL(url);
  next.searchParams.set("before", position.join("."));
  return `${next.pathname}${next.search}`;
}
