import { HeadwaterError } from "../base/errors.ts";
import { parseIsoTimeMs } from "../base/iso-time.ts";
import { parseDurationMs } from "../config/units.ts";
import { SystemClock } from "../io/bun/clock.ts";
import type { Command, Input } from "./command.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import { columns } from "./help.ts";
import type { HttpDoor } from "./http/door.ts";
import { atDoor, HTTP_FLAGS } from "./http/flags.ts";
import { fetchDocument } from "./http/requests.ts";
import type { World } from "./world.ts";

const DEFAULT_COUNT = 50;
const MAX_COUNT = 100_000;
/** What is asked for at a time. */
const PAGE = 1_000;
/** How often it is asked again while it is followed. */
const LOOK_MS = 1_000;
/** Entries that are remembered while it is followed, of those that were shown. */
const REMEMBERED = 4 * PAGE;
const HEAD = ["TIME", "WHO", "FROM", "DOOR", "DID", "WITH", "RESULT", "COUNT"];

/** An entry, as `GET /api/audit` has it. */
interface Entry {
  readonly id: string;
  readonly atMs: number;
  readonly toMs: number;
  readonly count: number;
  readonly isSum: boolean;
  readonly user: string | null;
  readonly door: string;
  readonly address: string | null;
  readonly port: number | null;
  readonly action: string;
  readonly resource: string | null;
  readonly result: string;
  readonly reason: string | null;
  readonly detail: string | null;
}

export const auditCommand: Command = {
  name: "audit",
  summary: "See who did what at a running gateway: logins, refusals and changes at all doors",
  flags: [
    {
      name: "count",
      short: "n",
      value: "COUNT",
      doc: `The newest of them; ${DEFAULT_COUNT} where left out.`,
    },
    {
      name: "since",
      value: "TIME",
      doc: "Those alone that are no older: a time in ISO 8601, or a duration as 2h for so long ago.",
    },
    { name: "by", value: "USER", doc: "What one user did alone." },
    {
      name: "action",
      value: "ACTION",
      doc: "One action alone, such as login or topic.create; topic for all that begin so.",
    },
    { name: "follow", short: "f", doc: "Go on with what comes, until it is interrupted." },
    ...HTTP_FLAGS,
  ],
  notes: [
    "The newest is the last line. A COUNT above 1 is so many that are alike, since the time in the line; with + they are alike in action, result, door and address alone.",
    "Entries are kept in the topic __headwater_audit (audit.max.bytes, audit.retention.ms), which only the gateway writes to; -o json gives a line for each. It takes the role operator.",
  ],
  examples: [
    ["headwater audit", "what was done of late"],
    ["headwater audit --action login --since 1h", "who logged in, or tried to, in the last hour"],
    ["headwater audit --by anna --since 2026-01-31 -n 1000 -o json", "all that one user did, for programs"],
    ["headwater audit -f", "what is being done"],
  ],
  run: atDoor(audit),
};

async function audit(input: Input, world: World, door: HttpDoor): Promise<number> {
  const clock = new SystemClock();
  const sinceMs = sinceOf(input.value("since"), clock.nowMs());
  const count = countOf(input.value("count"), sinceMs);
  const first = await newest(door, input, count, sinceMs, () => false);
  show(input, world, first, true);
  if (!input.on("follow")) return EXIT.ok;
  const interrupted = world.interrupted().then(() => "interrupted" as const);
  let shown = new Set(first.map(({ id }) => id));
  for (;;) {
    const pause = new Promise<"go on">((resolve) => clock.after(LOOK_MS, () => resolve("go on")));
    if ((await Promise.race([interrupted, pause])) === "interrupted") return EXIT.ok;
    const fresh = await newest(door, input, MAX_COUNT, sinceMs, ({ id }) => shown.has(id));
    const more = fresh.filter(({ id }) => !shown.has(id));
    shown = new Set([...shown, ...more.map(({ id }) => id)].slice(-REMEMBERED));
    show(input, world, more, false);
  }
}

/** The newest entries, oldest first: so many, or those before the page with one at which the caller `stops`. */
async function newest(
  door: HttpDoor,
  input: Input,
  count: number,
  sinceMs: number | null,
  stops: (entry: Entry) => boolean,
): Promise<readonly Entry[]> {
  const query = new URLSearchParams({ limit: String(Math.min(PAGE, count)) });
  const [by, action] = [input.value("by"), input.value("action")];
  if (by !== null) query.set("user", by);
  if (action !== null) query.set("action", action);
  if (sinceMs !== null) query.set("since", String(sinceMs));
  const entries: Entry[] = [];
  let path: string | null = `/api/audit?${query}`;
  while (path !== null && entries.length < count) {
    const part: Part = partOf(await fetchDocument(door, path), door.urlOf(path));
    entries.push(...part.entries);
    path = part.entries.some(stops) ? null : part.next;
  }
  return entries.slice(0, count).reverse();
}

interface Part {
  readonly entries: readonly Entry[];
  readonly next: string | null;
}

function partOf(body: unknown, url: string): Part {
  const isPart = typeof body === "object" && body !== null && "entries" in body && "next" in body;
  if (isPart && Array.isArray(body.entries)) {
    const next = typeof body.next === "string" ? body.next : null;
    return { entries: body.entries, next };
  }
  throw new HeadwaterError("MALFORMED", `${url} does not answer as headwater does; is it a gateway of now?`);
}

function show(input: Input, world: World, entries: readonly Entry[], isFirst: boolean): void {
  if (input.json) {
    for (const entry of entries) world.out(`${JSON.stringify(entry)}\n`);
  } else if (entries.length > 0) world.out(columns([...(isFirst ? [HEAD] : []), ...entries.map(rowOf)]));
  else if (isFirst && !input.on("follow")) world.out("nothing of that kind was done\n");
}

function rowOf(entry: Entry): readonly string[] {
  const { user, address, door, port, action, resource, detail, result, reason, count, isSum } = entry;
  const what = [resource, detail].filter((part) => part !== null).join(": ");
  return [
    new Date(entry.atMs).toISOString(),
    user === null ? "-" : shown(user),
    address ?? "-",
    port === null ? door : `${door}:${port}`,
    action,
    what === "" ? "-" : shown(what),
    reason === null ? result : `${result} (${reason})`,
    `${count}${isSum ? "+" : ""}`,
  ];
}

/** Names are whatever clients say. */
function shown(text: string): string {
  return /\p{C}/u.test(text) ? JSON.stringify(text) : text;
}

function sinceOf(text: string | null, nowMs: number): number | null {
  if (text === null) return null;
  const durationMs = parseDurationMs(text);
  const timeMs = durationMs === null ? parseIsoTimeMs(text) : nowMs - durationMs;
  if (!Number.isNaN(timeMs)) return Math.max(0, timeMs);
  throw new UsageError(`--since ${text}: write a time, as 2026-01-31T12:00Z, or how long ago, as 2h`);
}

/** All of a time where one is given. */
function countOf(text: string | null, sinceMs: number | null): number {
  if (text === null) return sinceMs === null ? DEFAULT_COUNT : MAX_COUNT;
  if (/^\d{1,6}$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_COUNT) return Number(text);
  throw new UsageError(`--count ${text}: write a number from 1 to ${MAX_COUNT}`);
}
