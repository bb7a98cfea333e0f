import { formatDurationMs, parseDurationMs } from "../config/units.ts";
import type { UplinkStatus } from "../http/status.ts";
import { SystemClock } from "../io/bun/clock.ts";
import type { Command, Input } from "./command.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import type { HttpDoor } from "./http/door.ts";
import { atDoor, HTTP_FLAGS } from "./http/flags.ts";
import { fetchStatus, postControl } from "./http/requests.ts";
import type { World } from "./world.ts";

/** How often a drain is looked at. */
const LOOK_MS = 500;

const PARTS = {
  positionals: "NAME",
  minPositionals: 1,
  maxPositionals: 1,
} as const;

/** Commands that change what an uplink of a running gateway does. */
export const UPLINK_CONTROLS: readonly Command[] = [
  {
    ...PARTS,
    name: "pause",
    summary: "Have an uplink send nothing, until it is resumed",
    flags: HTTP_FLAGS,
    notes: [
      "What is on its way ends; then the connections to the centre are closed. A restart of the gateway changes nothing.",
    ],
    examples: [["headwater uplink pause central", "for as long as somebody works at the centre"]],
    run: atDoor((input, world, door) => change("pause", input, world, door)),
  },
  {
    ...PARTS,
    name: "resume",
    summary: "Have a paused uplink go on, or one that waits after a failure try at once",
    flags: HTTP_FLAGS,
    examples: [["headwater uplink resume central", "go on where it was"]],
    run: atDoor((input, world, door) => change("resume", input, world, door)),
  },
  {
    ...PARTS,
    name: "drain",
    summary: "Send what is stored now, also outside the windows, and pause then",
    flags: [
      ...HTTP_FLAGS,
      { name: "no-wait", doc: "Return at once; uplink status says how it gets on." },
      {
        name: "timeout",
        value: "DURATION",
        doc: "Wait for so long, as 90s or 15m; for ever where left out.",
      },
    ],
    notes: [
      "Rate and budgets are kept. The exit code is 1 where the drain was ended by a pause or a resume, and where topics can't go up until somebody does something, and 8 where it was not done within the timeout, or the rest has to wait for the next budget: it goes on at the gateway, until that is resumed or paused.",
    ],
    examples: [
      ["headwater uplink drain central", "before a gateway is taken away"],
      ["headwater uplink drain central --timeout 10m", "in a script, which must not wait for ever"],
    ],
    run: atDoor(drain),
  },
];

async function change(
  action: "pause" | "resume",
  input: Input,
  world: World,
  door: HttpDoor,
): Promise<number> {
  const status = await post(door, action, input);
  if (input.json) world.out(`${JSON.stringify(status)}\n`);
  else if (action === "pause") world.out(`${status.name} is paused\n`);
  else if (status.state === "backing off" || status.state === "failed") {
    world.out(`${status.name} had not reached the centre, and tries now\n`);
  } else world.out(`${[`${status.name} is ${status.state}`, ...heldWords(status.link)].join(": ")}\n`);
  return EXIT.ok;
}

async function drain(input: Input, world: World, door: HttpDoor): Promise<number> {
  const timeoutMs = timeoutOf(input);
  let status = await post(door, "drain", input);
  const clock = new SystemClock();
  const endMs = clock.monotonicMs() + timeoutMs;
  let isLate = false;
  let isStuck = false;
  const stopped = world.interrupted().then(() => "stopped" as const);
  while (!input.on("no-wait") && status.link.mode === "draining") {
    const leftMs = endMs - clock.monotonicMs();
    isLate = leftMs <= 0;
    isStuck = waitsForBudget(status);
    if (isLate || isStuck) break;
    if (world.errIsTerminal) world.err(`\r\x1b[K${drainLine(status)}`);
    const waited = new Promise<"waited">((done) => {
      clock.after(Math.min(LOOK_MS, leftMs), () => done("waited"));
    });
    if ((await Promise.race([waited, stopped])) === "stopped") break;
    status = (await look(door, input)) ?? status;
  }
  if (world.errIsTerminal) world.err("\r\x1b[K");
  if (input.json) world.out(`${JSON.stringify(status)}\n`);
  else world.out(`${status.name}: ${drainLine(status)}\n`);
  if (isLate) {
    const given = formatDurationMs(timeoutMs);
    world.err(`not drained within ${given}: it goes on; headwater uplink status says how it gets on\n`);
    return EXIT.unfinished;
  }
  if (isStuck) {
    world.err(
      "the rest waits for the next budget, and goes up then: headwater uplink status says how it gets on\n",
    );
    return EXIT.unfinished;
  }
  if (input.on("no-wait") || isDrained(status)) return EXIT.ok;
  const { mode, leftBehind } = status.link;
  if (mode === "paused" && leftBehind.length === 0)
    world.err("somebody paused it before it was drained; headwater uplink drain goes on with it\n");
  return EXIT.failed;
}

/** Whether all is at the centre that was stored when a drain was asked for; who is paused may be so for another reason. */
function isDrained({ link, lagRecords }: UplinkStatus): boolean {
  return link.mode === "paused" && link.leftBehind.length === 0 && (link.drained || lagRecords === 0);
}

/** Infinite where none was given. Throws UsageError. */
function timeoutOf(input: Input): number {
  const text = input.value("timeout");
  if (text === null) return Number.POSITIVE_INFINITY;
  const timeoutMs = parseDurationMs(text);
  if (timeoutMs === null || timeoutMs <= 0) {
    throw new UsageError(`--timeout ${text}: write how long to wait, as 90s or 15m`);
  }
  if (input.on("no-wait")) throw new UsageError("--timeout and --no-wait exclude each other");
  return timeoutMs;
}

/** Whether nothing of what waits can go up before a budget begins anew. */
function waitsForBudget({ budget, link, routes, flow }: UplinkStatus): boolean {
  if (budget?.spent !== true || budget.atEnd === "warn") return false;
  if ((link.heldBecause ?? null) !== null) return true;
  const stopped = new Set(
    routes.flatMap(({ topic, state, heldBecause }) =>
      (heldBecause ?? null) !== null || state === "missing" || state === "blocked" ? [topic] : [],
    ),
  );
  return flow.topics.every(({ topic, lagRecords }) => lagRecords === 0 || stopped.has(topic));
}

/** Why the link is not used now, or not for all, and for how long; empty where it is. */
export function heldWords({
  heldBecause,
  othersHeldBecause,
  heldForMs,
}: UplinkStatus["link"]): readonly string[] {
  const reason = heldBecause ?? othersHeldBecause ?? null;
  if (reason === null) return [];
  const forMs = heldForMs ?? null;
  return [forMs === null ? reason : `${reason} (${formatDurationMs(Math.ceil(forMs / 1000) * 1000)} more)`];
}

/** One line on how far a drain is. */
export function drainLine(status: UplinkStatus): string {
  const { lagRecords, link, state, lastError } = status;
  const left = lagRecords === null ? "" : `, ${lagRecords} records wait`;
  const { leftBehind } = link;
  if (link.mode === "paused" && leftBehind.length > 0)
    return `drained and paused but for what can't go up${left}: ${leftBehind.join(", ")}`;
  if (isDrained(status)) return `drained and paused${left}`;
  if (link.mode === "paused") return `paused before it was drained${left}`;
  if (link.mode === "flowing") return `not draining any more${left}`;
  const held =
    heldWords(link)[0] ?? (state === "forwarding" || state === "idle" ? null : (lastError ?? state));
  const eta =
    link.etaMs === null ? "" : `, about ${formatDurationMs(Math.ceil(link.etaMs / 1000) * 1000)} left`;
  return `draining${left}${held === null ? eta : `, held up: ${held}`}`;
}

function post(door: HttpDoor, action: string, input: Input): Promise<UplinkStatus> {
  const name = input.positionals[0] ?? "";
  return postControl(door, `/api/uplinks/${encodeURIComponent(name)}/${action}`);
}

async function look(door: HttpDoor, input: Input): Promise<UplinkStatus | undefined> {
  const { uplinks } = await fetchStatus(door);
  return uplinks.find(({ name }) => name === input.positionals[0]);
}
