import type { KafkaCluster } from "../kafka/client/cluster.ts";
import { SpanReader } from "../kafka/client/span-reader.ts";
import { decodeRecord, type RecordCursor } from "../records/reader.ts";
import type { Command, Input } from "./command.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import { KAFKA_FLAGS, requireTopic, withCluster } from "./kafka-session.ts";
import { Progress } from "./progress.ts";
import { CSV_HEAD, type RecordFormat, recordFormat, TEMPLATE_DOC } from "./record-format.ts";
import { GAPS_TOPIC_FLAG } from "./replay/gap-entries.ts";
import { deviceViews, type LocatedSpan, locateSpans, partitionsOf } from "./replay/locate.ts";
import { OriginReader } from "./replay/origin.ts";
import { PartitionEnd } from "./replay/partition-end.ts";
import { isAskedFor, isInTime, queryOf, type ReplayQuery } from "./replay/query.ts";
import { FileSink, type Reached, type Sink, StandardOutput } from "./replay/sink.ts";
import { exitOf, verdictJson, verdictText } from "./replay/verdict.ts";
import { Verification } from "./replay/verification.ts";
import type { World } from "./world.ts";

/** How often a file is synced, with how far it is. */
const SAVE_EVERY_MS = 2_000;

export const replayCommand: Command = {
  name: "replay",
  summary: "Read the history of devices, from a gateway or a centre",
  flags: [
    ...KAFKA_FLAGS,
    { name: "topic", short: "t", value: "TOPIC", doc: "The topic to read." },
    {
      name: "device",
      short: "d",
      value: "KEY",
      multiple: true,
      doc: "Only records with this key; may be repeated.",
    },
    {
      name: "gateway",
      short: "g",
      value: "ID",
      doc: "Only records that came over the uplink of this gateway.",
    },
    {
      name: "from",
      value: "TIME",
      doc: "From this time on: 2026-01-31T12:00Z, @MILLISECONDS, or 2d for two days ago. From the log's start where left out.",
    },
    {
      name: "to",
      value: "TIME",
      doc: "Up to this time, which is not included. Up to the end as it is now where left out.",
    },
    {
      name: "late",
      value: "TIME|all",
      doc: "How much later than its time a record may have come, as 1h; all reads on to the end of the log.",
    },
    {
      name: "all-partitions",
      doc: "Look into every partition of a centre: for producers that don't place keys as Kafka's own clients do. At a gateway that is so anyhow.",
    },
    {
      name: "format",
      short: "f",
      value: "FORMAT",
      doc: "plain (the value and a line end), raw (the value), json, csv, hex, none, or a template.",
    },
    {
      name: "delimiter",
      value: "TEXT",
      doc: "What comes behind each value of raw: \\n, \\0, \\xHH or any text.",
    },
    {
      name: "file",
      value: "FILE",
      doc: "Write to this file; FILE.replay beside it says how far it is.",
    },
    { name: "resume", doc: "Go on with a file: with what is missing of it, or has come since it was whole." },
    { name: "verify", doc: "Prove that nothing is missing, there twice or out of order." },
    {
      name: "level",
      value: "log|device",
      doc: "What --verify proves, see below; log where left out.",
    },
    {
      name: "source-topic",
      value: "TOPIC",
      doc: "The topic's name at the gateways, where their uplinks rename it: ledgers have that.",
    },
    GAPS_TOPIC_FLAG,
    {
      name: "filtered",
      doc: "For --verify: the route takes some of the records only, and the centre has no account of how many it left out.",
    },
    { name: "no-view", doc: "Read the partition even where the broker has a view of the device's records." },
  ],
  notes: [
    "Of a centre, only the partition is read that the device's records are in, from where the time span begins. There is no order of time in a log: a gateway that was offline brings old records late. Reading ends behind a row of records that are all an hour later than --to, and not before each gateway that brought any of these records has come that far; --late says how far to look, whoever is behind.",
    "A record's time is its timestamp, or its header headwater.time where it has one.",
    "A gateway, or another Headwater, finds a device's records by an index, in whatever partitions they are, and nothing else is read.",
    "Uplinks write into each record which offset of which gateway's log it has. Offsets of one device's records say that none is there twice or out of order (--level device), not that none is missing, since those between are of other devices. --level log reads all partitions in the time span, and proves of the logs with records of these devices that every offset is there once, or stands in the ledger, the topic headwater.gaps at the centre. Before one is called missing the whole topic is looked through, unless --late bounds it. Markers of transactions in a gateway's own log are missing for it. Of what routes filter or sample, uplinks commit how many records they left out: where no more than that is missing, the verdict is left out by routes (1). merge-check asks the gateway what was there.",
    "--verify ends with 0 where all is there, 1 where what is missing is known, or nothing could be proved, as of devices of which there is no record, 7 else. Without --from logs are looked at from their offset 0 on, unless the centre has deleted the first records of the topic; where a gateway had deleted records before it had an uplink, give --from. Where nothing that is there was before the time span or comes behind it, as at the end of a log, the verdict is complete between open edges (0). The verdict goes to standard error, with -f none to standard output.",
    TEMPLATE_DOC,
    "With -o json, one object a line.",
  ],
  examples: [
    [
      "headwater replay -b central:9092 -t telemetry -d pump-1 --from 2026-01-31 --to 2026-02-01",
      "one device's day, from a centre",
    ],
    ["headwater replay -b central:9092 -t telemetry -g plant-3 --from 2h -o json", "two hours of a gateway"],
    [
      "headwater replay -b central:9092 -t telemetry -d pump-1 --from 1d --verify -f none -o json",
      "whether anything of yesterday is missing",
    ],
    [
      "headwater replay -t telemetry -d pump-1 -d pump-2 -f csv --file pumps.csv --resume",
      "into a file, going on where it was left, or with what is new",
    ],
  ],
  run: (input, world) => withCluster(input, (cluster) => replay(cluster, input, world)),
};

async function replay(cluster: KafkaCluster, input: Input, world: World): Promise<number> {
  const query = queryOf(input, cluster.seams.clock.nowMs());
  const form = formOf(input);
  const verification = verificationOf(cluster, query, input);
  const sink = sinkOf(input, query, world);
  try {
    const topic = await requireTopic(cluster, query.topic, world);
    if (topic === null) return EXIT.failed;
    const wholeLogs = verification?.level === "log";
    const views = input.on("no-view") || wholeLogs ? null : await deviceViews(cluster, query);
    const searched = { ...query, allPartitions: query.allPartitions || wholeLogs };
    const partitions =
      views ??
      partitionsOf(searched, topic.partitions.length).map((partition) => ({ topic: query.topic, partition }));
    // A view holds nothing that would have to be read past.
    const reach = views === null ? query : { ...query, marginMs: Number.POSITIVE_INFINITY };
    const spans = await locateSpans(cluster, partitions, reach);
    const replay = new Replay(cluster, query, { isView: views !== null, form, sink, verification, world });
    return await replay.run(spans);
  } finally {
    sink.close();
  }
}

interface Form {
  readonly head: string;
  /** Null where records are not written. */
  readonly record: RecordFormat | null;
  readonly json: boolean;
}

function formOf(input: Input): Form {
  const { json } = input;
  const name = input.value("format") ?? (json ? "json" : "plain");
  const delimiter = input.value("delimiter");
  if (delimiter !== null && name !== "raw") throw new UsageError("--delimiter is for --format raw");
  if (name === "none") return { head: "", record: null, json };
  if (name !== "raw") return { head: name === "csv" ? CSV_HEAD : "", record: recordFormat(name), json };
  return { head: "", record: recordFormat(`%s${(delimiter ?? "").replaceAll("%", "%%")}`), json };
}

function verificationOf(cluster: KafkaCluster, query: ReplayQuery, input: Input): Verification | null {
  const level = input.value("level") ?? "log";
  if (level !== "log" && level !== "device") throw new UsageError(`--level ${level}: write log or device`);
  if (!input.on("verify")) return null;
  if (input.on("resume")) throw new UsageError("--verify reads all of it: leave out --resume");
  if (level === "device" && query.devices.length === 0)
    throw new UsageError("--level device needs a --device");
  const sourceTopic = input.value("source-topic") ?? query.topic;
  return new Verification(
    cluster,
    query,
    level,
    sourceTopic,
    input.value("gaps-topic") ?? undefined,
    input.on("filtered"),
  );
}

function sinkOf(input: Input, query: ReplayQuery, world: World): Sink {
  const path = input.value("file");
  if (path === null) {
    if (input.on("resume")) throw new UsageError("--resume goes on with a file: give --file FILE");
    return new StandardOutput(world);
  }
  // Times as they were written: "2h" is another span each time, and goes on all the same.
  const asked = [
    ...["bootstrap", "topic", "gateway", "from", "to", "late", "format", "delimiter"].map((name) =>
      input.value(name),
    ),
    ...query.devices.map((device) => device.toHex()),
    input.json,
    query.allPartitions,
    // A view has its own name and partitions: positions in one say nothing of the other.
    input.on("no-view"),
  ];
  return new FileSink(path, JSON.stringify(asked), input.on("resume"));
}

/** What a run works with. */
interface Parts {
  readonly isView: boolean;
  readonly form: Form;
  readonly sink: Sink;
  readonly verification: Verification | null;
  readonly world: World;
}

/** One run of the command, once it is known what to read. */
class Replay {
  readonly #cluster: KafkaCluster;
  readonly #query: ReplayQuery;
  readonly #isView: boolean;
  readonly #form: Form;
  readonly #sink: Sink;
  readonly #verification: Verification | null;
  readonly #world: World;
  readonly #origin = new OriginReader();
  readonly #ends = new Map<string, PartitionEnd>();
  #chunks: Uint8Array[] = [];

  constructor(cluster: KafkaCluster, query: ReplayQuery, parts: Parts) {
    this.#cluster = cluster;
    this.#query = query;
    this.#isView = parts.isView;
    this.#form = parts.form;
    this.#sink = parts.sink;
    this.#verification = parts.verification;
    this.#world = parts.world;
  }

  async run(located: readonly LocatedSpan[]): Promise<number> {
    const resumed = this.#sink instanceof FileSink ? this.#sink.reached : null;
    if (resumed !== null) refuseOthers(resumed, located);
    const spans = located.map((span) => ({ ...span, start: resumed?.position[nameOf(span)] ?? span.start }));
    const { toMs, strictMargin } = this.#query;
    const marginMs = this.#isView ? Number.POSITIVE_INFINITY : this.#query.marginMs;
    for (const span of spans) {
      const name = nameOf(span);
      this.#ends.set(name, new PartitionEnd(toMs, marginMs, !strictMargin, resumed?.behind[name]));
    }
    const reader = new SpanReader(this.#cluster, spans, {
      onDeleted: (topic, partition, from, to) => {
        if (this.#verification !== null) this.#verification.deleted += to - from;
        this.#world.err(
          `${topic}-${partition}: offsets ${from} to ${to - 1} were deleted before they were read\n`,
        );
      },
    });
    if (resumed === null && this.#form.head !== "") this.#chunks.push(Buffer.from(this.#form.head));
    const interrupted = await this.#read(reader, spans);
    if (interrupted) {
      this.#save(reader);
      this.#world.err("interrupted before the end; with --file, --resume goes on\n");
      return EXIT.failed;
    }
    this.#sink.finish(this.#reached(reader));
    if (resumed !== null && this.#sink instanceof FileSink && this.#sink.isAsLeft) {
      this.#world.err("nothing new: the file had all of it\n");
    }
    this.#tellBehind();
    return this.#verification === null ? EXIT.ok : await this.#prove(this.#verification, reader, located);
  }

  async #prove(
    verification: Verification,
    reader: SpanReader,
    located: readonly LocatedSpan[],
  ): Promise<number> {
    const read = reader.progress().map((span) => ({ ...span, end: span.offset }));
    const verdict = await verification.verdict(located, read);
    const { json, record } = this.#form;
    const text = json ? `${JSON.stringify(verdictJson(verdict))}\n` : verdictText(verdict);
    if (record === null) this.#world.out(text);
    else this.#world.err(text);
    return exitOf(verdict);
  }

  /** True where the user ended it. */
  async #read(reader: SpanReader, spans: readonly LocatedSpan[]): Promise<boolean> {
    const { clock } = this.#cluster.seams;
    const alone = !this.#world.outIsTerminal || this.#sink instanceof FileSink;
    const progress = new Progress(this.#world, clock, alone);
    const interrupted = this.#world.interrupted().then(() => true);
    let savedMs = clock.monotonicMs();
    this.#flush();
    this.#save(reader);
    try {
      while (!reader.done) {
        const ended = await Promise.race([
          reader.poll((topic, partition, record) => this.#take(topic, partition, record)),
          interrupted,
        ]);
        this.#flush();
        if (ended === true) return true;
        const [done, total] = distance(reader, spans);
        progress.update(done, total);
        if (clock.monotonicMs() - savedMs >= SAVE_EVERY_MS) {
          this.#save(reader);
          savedMs = clock.monotonicMs();
        }
      }
    } catch (error) {
      // What has come is worth going on from.
      this.#flush();
      this.#save(reader);
      throw error;
    } finally {
      progress.end();
    }
    return false;
  }

  #take(topic: string, partition: number, record: RecordCursor): boolean {
    const end = this.#ends.get(`${topic}-${partition}`);
    if (end?.reached === true) return false;
    const origin = this.#origin;
    origin.read(record);
    const asked = isAskedFor(this.#query, record, origin);
    const waitedFor = this.#verification?.level === "log" ? this.#verification.concerns(origin) : asked;
    end?.take(origin.timeMs, `${origin.gateway} ${origin.log}`, waitedFor);
    this.#verification?.take(topic, partition, record, origin);
    if (this.#form.record !== null && asked && isInTime(this.#query, origin)) {
      this.#chunks.push(this.#form.record({ topic: this.#query.topic, partition, ...decodeRecord(record) }));
    }
    return true;
  }

  #flush(): void {
    if (this.#chunks.length > 0) this.#sink.write(Buffer.concat(this.#chunks));
    this.#chunks = [];
  }

  #save(reader: SpanReader): void {
    this.#sink.save(this.#reached(reader));
  }

  #reached(reader: SpanReader): Reached {
    const spans = reader.progress();
    return {
      position: Object.fromEntries(spans.map((span) => [nameOf(span), span.offset])),
      behind: Object.fromEntries([...this.#ends].map(([name, end]) => [name, [...end.behind]])),
    };
  }

  /** Gateways whose later records were not waited for may bring some of these still. */
  #tellBehind(): void {
    if (!Number.isFinite(this.#query.toMs)) return;
    const behind = new Set([...this.#ends.values()].flatMap((end) => [...end.behind]));
    for (const log of behind) {
      if (log === " ") continue;
      const [gateway, id] = log.split(" ");
      this.#world.err(`${gateway} had not come to --to yet (log ${id}): more may come\n`);
    }
  }
}

function nameOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic}-${partition}`;
}

/**
 * What was read before has to be among what would be read now: else its records would be written again, under another
 * name. Partitions that are new are read from their start. Throws UsageError.
 */
function refuseOthers({ position }: Reached, located: readonly LocatedSpan[]): void {
  const names = located.map(nameOf);
  const gone = Object.keys(position).filter((name) => !names.includes(name));
  if (gone.length === 0) return;
  const now = names.length > 3 ? `${names.slice(0, 3).join(", ")} and more` : names.join(", ");
  throw new UsageError(
    `--resume: the file was begun with ${gone.slice(0, 3).join(", ")}, and now ${now} would be read; give another file`,
  );
}

/** Offsets read, and those that are likely to be read in all. */
function distance(reader: SpanReader, spans: readonly LocatedSpan[]): readonly [number, number] {
  let done = 0;
  let total = 0;
  for (const [index, { start, offset, end }] of reader.progress().entries()) {
    const likely = spans[index]?.likelyEnd ?? end;
    done += offset - start;
    // Beyond where the span was likely to end nobody knows.
    total += offset >= end ? offset - start : Math.max(likely, offset) - start;
  }
  return [done, total];
}
