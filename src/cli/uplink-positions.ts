import { parsePartition, parseRewindTarget, REWIND_TARGETS } from "../upstream/rewind-target.ts";
import type { Command, Input } from "./command.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import type { HttpDoor } from "./http/door.ts";
import { atDoor, HTTP_FLAGS } from "./http/flags.ts";
import { postUplink } from "./http/requests.ts";
import type { World } from "./world.ts";

interface Position {
  readonly topic: string;
  readonly partition: number;
  readonly position: number;
  readonly storedPosition: number;
  readonly nextOffset: number;
  readonly highWatermark: number;
  readonly epoch: number;
  readonly lineage: readonly { readonly run: string; readonly startOffset: number }[];
  readonly others: readonly { readonly next: number; readonly epoch: number }[];
}

interface Move {
  readonly partition: number;
  readonly position: number;
  readonly newPosition: number;
  readonly effect: string;
  readonly records: number;
  readonly bytes: number;
}

/** Commands about how far an uplink is with every log. */
export const UPLINK_POSITIONS: readonly Command[] = [
  {
    name: "inspect",
    summary: "Show how far an uplink is with every partition, here and at the centre",
    positionals: "NAME",
    minPositionals: 1,
    maxPositionals: 1,
    flags: HTTP_FLAGS,
    notes: [
      "CENTRE is the next offset to forward as the centre vouches for it, LOCAL what is kept here for the day that the centre forgets. EPOCH counts the histories of a log: it is above 0 after a backup was restored that the centre was ahead of; OTHERS are the other histories that it has, as EPOCH:NEXT. RUNS are the starts of this gateway that appended to the log, with where they began.",
    ],
    examples: [["headwater uplink inspect central -o json", "for scripts"]],
    run: atDoor(inspect),
  },
  {
    name: "rewind",
    summary: "Have an uplink send records of a topic again, or skip them",
    positionals: "NAME",
    minPositionals: 1,
    maxPositionals: 1,
    flags: [
      ...HTTP_FLAGS,
      { name: "topic", value: "TOPIC", doc: "The local topic." },
      { name: "partition", value: "NUMBER", doc: "One of its partitions; all without it." },
      { name: "to", value: "WHERE", doc: "An offset, a time such as 2026-01-31T12:00Z, earliest or latest." },
      { name: "dry-run", doc: "Only say what would be sent again or skipped." },
    ],
    notes: [
      "Moves a topic that is being forwarded: an uplink that is paused has to be resumed first (headwater uplink resume), and for one that is held wait until its window is open or its budget begins anew. --dry-run says at any time what it would do.",
      "What is sent again is at the centre twice then. What is skipped is written to headwater.gaps. Bytes are those of whole segments by share.",
    ],
    examples: [
      [
        "headwater uplink rewind central --topic telemetry --to 2026-01-31T12:00Z --dry-run",
        "see how much that would send again",
      ],
    ],
    run: atDoor(rewind),
  },
];

async function inspect(input: Input, world: World, door: HttpDoor): Promise<number> {
  const answer = (await post(door, input, "inspect", {})) as { readonly positions: readonly Position[] };
  if (input.json) {
    world.out(`${JSON.stringify(answer)}\n`);
    return EXIT.ok;
  }
  const known = (offset: number, otherwise = "not known yet"): string =>
    offset < 0 ? otherwise : String(offset);
  const rows = answer.positions.map((each) => [
    `${each.topic}-${each.partition}`,
    known(each.position),
    known(each.storedPosition, "nothing yet"),
    known(each.nextOffset),
    String(each.highWatermark),
    String(each.epoch),
    each.others.map(({ epoch, next }) => `${epoch}:${next}`).join(" ") || "-",
    each.lineage.map(({ run, startOffset }) => `${run}@${startOffset}`).join(" ") || "-",
  ]);
  world.out(table([["PARTITION", "CENTRE", "LOCAL", "READING", "END", "EPOCH", "OTHERS", "RUNS"], ...rows]));
  return EXIT.ok;
}

async function rewind(input: Input, world: World, door: HttpDoor): Promise<number> {
  const [topic, to, partition] = [input.value("topic"), input.value("to"), partitionOf(input)];
  if (topic === null || topic === "") throw new UsageError("--topic is missing: name the local topic");
  if (to === null) throw new UsageError(`--to is missing: ${REWIND_TARGETS}`);
  if (parseRewindTarget(to) === null) throw new UsageError(`--to ${JSON.stringify(to)}: ${REWIND_TARGETS}`);
  const dryRun = input.on("dry-run");
  const body = { topic, to, dryRun, ...(partition === null ? {} : { partition }) };
  const answer = (await post(door, input, "rewind", body)) as {
    readonly done: boolean;
    readonly moves: readonly Move[];
  };
  if (!answer.done && !dryRun) world.err(notMoved(topic, input.positionals[0] ?? ""));
  if (input.json) world.out(`${JSON.stringify(answer)}\n`);
  else {
    const rows = answer.moves.map((move) => [
      `${topic}-${move.partition}`,
      String(move.position),
      String(move.newPosition),
      move.effect,
      String(move.records),
      String(move.bytes),
    ]);
    world.out(table([["PARTITION", "FROM", "TO", "EFFECT", "RECORDS", "BYTES"], ...rows]));
  }
  return answer.done || dryRun ? EXIT.ok : EXIT.failed;
}

/** Before the table, which else would read as if it were done. */
function notMoved(topic: string, name: string): string {
  return [
    `nothing was moved: ${topic} is not being forwarded now. headwater uplink status ${name} says why: where it is`,
    `paused, headwater uplink resume ${name} first; where it is held, wait for its window or its next budget. Then`,
    "rewind again. It would have been:\n",
  ].join(" ");
}

/** Null for all of them. */
function partitionOf(input: Input): number | null {
  const text = input.value("partition");
  const partition = text === null ? null : parsePartition(text);
  if (text === null || partition !== null) return partition;
  throw new UsageError(
    `--partition ${JSON.stringify(text)}: write its number (0 or more), or leave it out for all`,
  );
}

function post(door: HttpDoor, input: Input, action: string, body: object): Promise<object> {
  return postUplink(door, input.positionals[0] ?? "", action, body);
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return `${lines.join("\n")}\n`;
}
