import type { RedriveOutcome } from "../coordinators/dead-letters/redriver.ts";
import type { Command, Input } from "./command.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import { columns } from "./help.ts";
import type { HttpDoor } from "./http/door.ts";
import { atDoor, HTTP_FLAGS } from "./http/flags.ts";
import { fetchDocument, postDocument } from "./http/requests.ts";
import type { World } from "./world.ts";

/** Asked for at a time. */
const PAGE = 1_000;
const MAX_LIMIT = 9_999_999;
const PLACE = /^(\d{1,9}):(\d{1,16})$/;
/** Of what stays, as far as it is shown. */
const MAX_SHOWN = 20;

interface TopicRow {
  readonly topic: string;
  readonly exists: boolean;
  readonly records: number;
  readonly redriven: number;
  readonly groups: readonly string[];
  readonly mqtt: boolean;
}

interface LetterRow {
  readonly partition: number;
  readonly offset: number;
  readonly timestamp: number;
  readonly key: string | null;
  readonly reason: string;
  readonly source: { readonly topic: string; readonly partition: number; readonly offset: number } | null;
  readonly group: string | null;
  readonly deliveries: number | null;
  readonly mqttTopic: string | null;
  readonly times: number;
  readonly redriven: boolean;
}

/** As the door answers; `next` is the path of the next part. */
interface Outcome extends Omit<RedriveOutcome, "next"> {
  readonly dryRun: boolean;
  readonly next: string | null;
}

const GROUP_FLAG = { name: "group", short: "g", value: "GROUP", doc: "Those of one share group alone." };

export const deadLetterCommand: Command = {
  name: "dead-letter",
  summary: "See what queues and MQTT gave up, and have it tried again",
  commands: [
    {
      name: "list",
      summary: "List a running gateway's topics of dead letters, or the letters of one, with why",
      positionals: "[TOPIC]",
      maxPositionals: 1,
      flags: [
        GROUP_FLAG,
        { name: "waiting", doc: "Those alone that were not redriven." },
        { name: "limit", short: "n", value: "COUNT", doc: "So many at most; all where left out." },
        ...HTTP_FLAGS,
      ],
      notes: [
        "A share group's dead letters go to the topic of its setting errors.deadletterqueue.topic.name, those of routes and downlinks to the topics of theirs. LETTER is PARTITION:OFFSET, REDRIVEN how often the record had been redriven before it came here, with + where this letter was.",
      ],
      examples: [
        ["headwater dead-letter list", "where there are any"],
        ["headwater dead-letter list dlq.jobs --waiting", "what was given up, and why"],
      ],
      run: atDoor(list),
    },
    {
      name: "redrive",
      summary: "Append dead letters to the topics that they come from, to be tried again",
      positionals: "TOPIC",
      minPositionals: 1,
      maxPositionals: 1,
      flags: [
        {
          name: "letter",
          value: "PARTITION:OFFSET",
          multiple: true,
          doc: "This one; may be given several times. All that wait where left out.",
        },
        GROUP_FLAG,
        { name: "limit", short: "n", value: "COUNT", doc: "So many at most." },
        { name: "dry-run", doc: "Only say what would be appended, and where." },
        ...HTTP_FLAGS,
      ],
      notes: [
        "In the order of the letters, each once: what was redriven is remembered over restarts and crashes, and passed over. The record gets back its key, value and headers, and headwater.redrive.count and headwater.redrive.from beside them. The letter stays where it is, until the topic's retention takes it. What is given up again while this runs is left for the next time.",
        "Messages of MQTT that a route could not take have no record to go back to: they stay. The exit code is 1 where anything does.",
      ],
      examples: [
        ["headwater dead-letter redrive dlq.jobs --dry-run", "what would go where"],
        ["headwater dead-letter redrive dlq.jobs", "all that wait, once the cause is gone"],
        ["headwater dead-letter redrive dlq.jobs --letter 0:17", "one alone"],
      ],
      run: atDoor(redrive),
    },
  ],
};

async function list(input: Input, world: World, door: HttpDoor): Promise<number> {
  const [topic] = input.positionals;
  if (topic === undefined) return await listTopics(input, world, door);
  const limit = limitOf(input);
  const query = new URLSearchParams({ limit: String(Math.min(PAGE, limit ?? PAGE)) });
  const group = input.value("group");
  if (group !== null) query.set("group", group);
  if (input.on("waiting")) query.set("waiting", "true");
  const letters: LetterRow[] = [];
  let path: string | null = `${pathOf(topic)}?${query}`;
  while (path !== null && (limit === null || letters.length < limit)) {
    const answer = (await fetchDocument(door, path)) as {
      readonly letters: readonly LetterRow[];
      readonly next: string | null;
    };
    letters.push(...answer.letters);
    path = answer.next;
  }
  const shown = limit === null ? letters : letters.slice(0, limit);
  if (input.json) world.out(`${JSON.stringify(shown)}\n`);
  else if (shown.length === 0) world.out(`no such dead letter is in ${topic}\n`);
  else world.out(columns([LETTER_HEAD, ...shown.map(rowOf)]));
  return EXIT.ok;
}

async function listTopics(input: Input, world: World, door: HttpDoor): Promise<number> {
  for (const name of ["group", "limit"]) {
    if (input.value(name) !== null) throw new UsageError(`--${name}: of which topic? name it`);
  }
  const { topics } = (await fetchDocument(door, "/api/dead-letters")) as {
    readonly topics: readonly TopicRow[];
  };
  if (input.json) world.out(`${JSON.stringify(topics)}\n`);
  else if (topics.length === 0) world.out("no topic takes dead letters\n");
  else {
    const rows = topics.map(({ topic, exists, records, redriven, groups, mqtt }) => [
      ...[topic, exists ? String(records) : "-", exists ? String(redriven) : "-"],
      [...groups, ...(mqtt ? ["(MQTT)"] : [])].join(", "),
    ]);
    world.out(columns([["TOPIC", "LETTERS", "REDRIVEN", "OF"], ...rows]));
  }
  return EXIT.ok;
}

const LETTER_HEAD = ["LETTER", "TIME", "FROM", "KEY", "GROUP", "DELIVERIES", "REDRIVEN", "REASON"];

function rowOf(letter: LetterRow): readonly string[] {
  const { partition, offset, timestamp, key, source, group, deliveries, mqttTopic, times, redriven } = letter;
  const from = source === null ? (mqttTopic ?? "-") : `${source.topic} ${source.partition}:${source.offset}`;
  return [
    ...[`${partition}:${offset}`, new Date(timestamp).toISOString(), shown(from), key ?? "-", group ?? "-"],
    ...[
      deliveries === null ? "-" : String(deliveries),
      `${times}${redriven ? "+" : ""}`,
      shown(letter.reason),
    ],
  ];
}

async function redrive(input: Input, world: World, door: HttpDoor): Promise<number> {
  const [topic = ""] = input.positionals;
  const letters = input.values("letter").map(placeOf);
  const group = input.value("group");
  const limit = limitOf(input);
  if (letters.length > PAGE) throw new UsageError(`--letter: no more than ${PAGE} at a time`);
  if (letters.length > 0 && (group !== null || limit !== null)) {
    throw new UsageError("--letter names them: leave --group and --limit out");
  }
  const dryRun = input.on("dry-run");
  const common = {
    dryRun,
    ...(group === null ? {} : { group }),
    ...(letters.length === 0 ? {} : { letters }),
  };
  const total = new Total(dryRun);
  let at: string | null = null;
  do {
    const left = limit === null ? PAGE : Math.min(PAGE, limit - total.letters);
    const bounds = letters.length > 0 ? {} : { limit: left, ...(at === null ? {} : { at }) };
    const answer = (await postDocument(door, `${pathOf(topic)}/redrive`, {
      ...common,
      ...bounds,
    })) as Outcome;
    total.add(answer);
    at = answer.next;
  } while (at !== null && (limit === null || total.letters < limit));
  if (input.json) world.out(`${JSON.stringify(total.outcome())}\n`);
  else total.tell(world);
  return total.refusedCount === 0 ? EXIT.ok : EXIT.failed;
}

/** What all parts of a redrive have come to. */
class Total {
  readonly #dryRun: boolean;
  readonly #targets = new Map<string, Outcome["targets"][number]>();
  readonly #refused: Outcome["refused"][number][] = [];
  #redriven = 0;
  #already = 0;
  refusedCount = 0;

  constructor(dryRun: boolean) {
    this.#dryRun = dryRun;
  }

  /** Letters that were looked at. */
  get letters(): number {
    return this.#redriven + this.refusedCount;
  }

  add({ redriven, targets, already, refused, refusedCount }: Outcome): void {
    this.#redriven += redriven;
    this.#already += already;
    this.refusedCount += refusedCount;
    this.#refused.push(...refused.slice(0, MAX_SHOWN - this.#refused.length));
    for (const target of targets) {
      const name = `${target.topic}-${target.partition}`;
      const before = this.#targets.get(name)?.records ?? 0;
      this.#targets.set(name, { ...target, records: before + target.records });
    }
  }

  outcome(): Omit<Outcome, "next"> {
    const targets = [...this.#targets.values()];
    const counts = { already: this.#already, refused: this.#refused, refusedCount: this.refusedCount };
    return { dryRun: this.#dryRun, redriven: this.#redriven, targets, ...counts };
  }

  tell(world: World): void {
    const verb = this.#dryRun ? "would be redriven" : "redriven";
    world.out(`${this.#redriven} dead letters ${verb}\n`);
    for (const [name, { records }] of this.#targets) world.out(`  ${records} to ${name}\n`);
    if (this.#already > 0) world.out(`${this.#already} had been redriven before\n`);
    for (const { partition, offset, why } of this.#refused)
      world.err(`${partition}:${offset} stays: ${why}\n`);
    const more = this.refusedCount - this.#refused.length;
    if (more > 0) world.err(`${more} more stay\n`);
  }
}

function pathOf(topic: string): string {
  return `/api/topics/${encodeURIComponent(topic)}/dead-letters`;
}

function placeOf(text: string): { readonly partition: number; readonly offset: number } {
  const match = PLACE.exec(text);
  if (match === null) throw new UsageError(`--letter ${text}: write PARTITION:OFFSET, as list shows it`);
  return { partition: Number(match[1]), offset: Number(match[2]) };
}

function limitOf(input: Input): number | null {
  const text = input.value("limit");
  if (text === null) return null;
  const limit = /^[1-9]\d{0,6}$/.test(text) ? Number(text) : 0;
  if (limit > 0 && limit <= MAX_LIMIT) return limit;
  throw new UsageError(`--limit ${text}: write a whole number from 1 on`);
}

/** What somebody sent must not steer the terminal. */
function shown(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, " ");
}
