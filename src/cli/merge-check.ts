import { GAP_TOPIC } from "../broker/gap-ledger.ts";
import type { KafkaCluster, TopicMetadata } from "../kafka/client/cluster.ts";
import { CANARY_TOPIC } from "../upstream/flow/canary-topic.ts";
import type { Command, Input } from "./command.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import { columns } from "./help.ts";
import { clusterAt, KAFKA_FLAGS, topicProblem, withCluster } from "./kafka-session.ts";
import type { CentralFinding, ComparisonReport, Counted } from "./merge-check/log-comparison.ts";
import { TopicCheck, type TopicNames, type TopicReport } from "./merge-check/topic-check.ts";
import { Progress } from "./progress.ts";
import { type FindingLine, findingsText, MAX_LINES } from "./replay/findings-text.ts";
import { GAPS_TOPIC_FLAG, readGapEntries } from "./replay/gap-entries.ts";
import type { OffsetRange } from "./replay/offset-set.ts";
import { gapText, rangeText } from "./replay/verdict.ts";
import type { World } from "./world.ts";

/** Names at the centre that a topic may have there. */
const MAX_ALIKE = 3;

export const mergeCheckCommand: Command = {
  name: "merge-check",
  summary: "Compare a gateway's logs with what of them is at the centre",
  flags: [
    ...KAFKA_FLAGS.map((flag) =>
      flag.name === "bootstrap" ? { ...flag, doc: "Brokers of the centre to ask; any Kafka will do." } : flag,
    ),
    { name: "gateway", short: "g", value: "HOST:PORT", doc: "The gateway's door for Kafka clients." },
    {
      name: "topic",
      short: "t",
      value: "TOPIC[=CENTRAL]",
      multiple: true,
      doc: "Only this topic, and its name at the centre where a route renames it; may be repeated. Every topic that both have by the same name where left out, but headwater.canary.",
    },
    GAPS_TOPIC_FLAG,
    {
      name: "filtered",
      doc: "The route takes some of the records only, and the centre has no account of how many it left out: what is missing is taken for that.",
    },
    {
      name: "ignore-times",
      doc: "Don't compare timestamps: the centre gave others.",
    },
  ],
  notes: [
    "Every record of the gateway has to be at the centre once, in the order of its log, with the same key, value, headers and time; or in the gap ledger; or behind the position that the uplink has committed there, and waits. What the centre has of these logs and the gateway never had is extra. Records that the gateway does not keep any more are counted as older: their offsets are looked at, not their content.",
    "Ends with 0 where all is as it should be, also while records wait, with 1 where some are in the ledger, a topic is not there, or an uplink that leaves records out was moved back and nobody has counted what it left out below, with 7 where any is missing, twice, out of order, different or extra.",
    "headwater.canary is left out unless it is named: what is an hour old there was seen, or never will be. A topic that a route renames has to be named as TOPIC=CENTRAL; topics that the centre does not have by their own name are listed.",
    "Reads both sides once and holds little of them, while the gateway goes on.",
  ],
  examples: [
    ["headwater merge-check --gateway plant-3:9092 --bootstrap central:9092", "everything that both have"],
    [
      "headwater merge-check -g 127.0.0.1:9092 -b central:9092 -t telemetry=plants.telemetry -o json",
      "for scripts",
    ],
  ],
  run: (input, world) =>
    withCluster(input, async (centre) => {
      const address = input.value("gateway");
      if (address === null) throw new UsageError("--gateway HOST:PORT is missing");
      if (input.value("bootstrap") === null)
        throw new UsageError("--bootstrap HOST:PORT of the centre is missing");
      const gateway = clusterAt("gateway", address);
      try {
        return await mergeCheck(gateway, centre, input, world);
      } finally {
        gateway.close();
      }
    }),
};

async function mergeCheck(
  gateway: KafkaCluster,
  centre: KafkaCluster,
  input: Input,
  world: World,
): Promise<number> {
  const given = input.values("topic").map(namesOf);
  const found = await topicsToCheck(gateway, centre, given, world);
  if (found === null) return EXIT.failed;
  const progress = new Progress(world, centre.seams.clock, !world.outIsTerminal || !input.json);
  const reports: TopicReport[] = [];
  try {
    for (const { names, local, central } of found) {
      const ledger = await readGapEntries(gateway, names.local);
      ledger.merge(await readGapEntries(centre, names.local, input.value("gaps-topic") ?? undefined));
      const check = new TopicCheck(gateway, centre, names, ledger);
      reports.push(await check.run(local, central, (done, total) => progress.update(done, total)));
    }
  } finally {
    progress.end();
  }
  const accepted = { times: input.on("ignore-times"), missing: input.on("filtered") };
  const verdict = verdictOf(reports, accepted);
  if (input.json) world.out(`${JSON.stringify({ verdict, topics: reports })}\n`);
  else world.out(mergeCheckText(verdict, reports, accepted));
  return EXITS[verdict];
}

/** What the user takes for right. */
export interface Accepted {
  readonly times: boolean;
  readonly missing: boolean;
}

function namesOf(text: string): TopicNames {
  const [local = "", central = local, ...rest] = text.split("=");
  if (local === "" || central === "" || rest.length > 0) {
    throw new UsageError(`--topic ${text}: write TOPIC, or TOPIC=NAME_AT_THE_CENTRE`);
  }
  return { local, central };
}

interface ToCheck {
  readonly names: TopicNames;
  readonly local: TopicMetadata;
  readonly central: TopicMetadata;
}

/** Those that were named, which have to be there, or all that both have. Null with a message written. */
async function topicsToCheck(
  gateway: KafkaCluster,
  centre: KafkaCluster,
  given: readonly TopicNames[],
  world: World,
): Promise<readonly ToCheck[] | null> {
  const isNamed = given.length > 0;
  const locals = await gateway.refresh(isNamed ? given.map(({ local }) => local) : null);
  const ours = isNamed
    ? given
    : locals
        .filter(({ internal, name }) => !internal && !name.startsWith("__") && name !== CANARY_TOPIC)
        .map(({ name }) => ({ local: name, central: name }));
  const centrals = ours.length === 0 ? [] : await centre.refresh(ours.map(({ central }) => central));
  const found: ToCheck[] = [];
  const absent: string[] = [];
  for (const names of ours) {
    const local = locals.find(({ name }) => name === names.local);
    const central = centrals.find(({ name }) => name === names.central);
    if (local?.error === 0 && central?.error === 0) found.push({ names, local, central });
    else if (isNamed) {
      const [where, name, topic] =
        local?.error === 0 ? ["the centre", names.central, central] : ["the gateway", names.local, local];
      world.err(`${where}: ${topicProblem(name, topic?.error ?? UNKNOWN_TOPIC)}\n`);
      return null;
    } else if (names.local !== GAP_TOPIC) absent.push(names.local);
  }
  if (absent.length > 0) world.err(await absentText(centre, absent));
  // The ledger alone, which may be there on both sides before it tells of anything, is nothing to compare.
  if (found.some(({ names }) => isNamed || names.local !== GAP_TOPIC)) return found;
  world.err("the gateway and the centre have no topic in common\n");
  return null;
}

/** Which topics are not at the centre by their own name, and under which a route may have put them. */
async function absentText(centre: KafkaCluster, absent: readonly string[]): Promise<string> {
  const there = (await centre.refresh(null)).filter(({ error, internal }) => error === 0 && !internal);
  const lines = absent.slice(0, MAX_LINES).map((local) => {
    const alike = there.map(({ name }) => name).filter((name) => isPartOf(local, name));
    const seen = alike.length === 0 ? "" : ` (there is ${alike.slice(0, MAX_ALIKE).join(", ")})`;
    return `${local} is not at the centre by that name${seen}\n`;
  });
  const [first = "TOPIC"] = absent;
  const more = absent.length - lines.length;
  if (more > 0) lines.push(`nor are ${more} more\n`);
  lines.push(`where a route renames a topic, say its name there: -t ${first}=CENTRAL\n`);
  return lines.join("");
}

/** Whether a name has another as one of its parts, as in `plant-3.telemetry`. */
function isPartOf(part: string, name: string): boolean {
  return `.${name}.`.replaceAll(/[-_]/g, ".").includes(`.${part.replaceAll(/[-_]/g, ".")}.`);
}

/** Kafka's UNKNOWN_TOPIC_OR_PARTITION, for a broker that leaves a topic out of its answer. */
const UNKNOWN_TOPIC = 3;

/** What has come of the comparison. */
export type Word = "the same" | "waiting" | "gaps known" | "left out by routes" | "unaccounted";

const EXITS: Readonly<Record<Word, number>> = {
  ...{ "the same": EXIT.ok, waiting: EXIT.ok },
  ...{ "gaps known": EXIT.failed, "left out by routes": EXIT.failed, unaccounted: EXIT.unaccounted },
};

export function verdictOf(reports: readonly TopicReport[], accepted: Accepted): Word {
  const partitions = reports.flatMap((report) => report.partitions);
  if (partitions.some((partition) => faultsOf(partition, accepted) > 0)) return "unaccounted";
  if (!accepted.missing && partitions.some(({ uncounted }) => uncounted > 0)) return "left out by routes";
  if (partitions.some(({ knownCount }) => knownCount > 0)) return "gaps known";
  return partitions.some(({ waiting }) => waiting > 0) ? "waiting" : "the same";
}

function faultsOf(report: ComparisonReport, accepted: Accepted): number {
  const { twice, outOfOrder, otherContent, otherTime, extra } = report;
  const counted: Counted<unknown>[] = [twice, outOfOrder, otherContent, extra];
  if (!accepted.times) counted.push(otherTime);
  return counted.reduce((sum, { count }) => sum + count, missingOf(report, accepted));
}

/** Missing, and not left out by the route. */
function missingOf(report: ComparisonReport, accepted: Accepted): number {
  return report.missing.count + report.olderMissing.count - leftOutOf(report, accepted);
}

/** What of the missing ones the route left out, or may have: as the uplink says, or else the user. */
function leftOutOf(
  { leftOut, uncounted, missing, olderMissing }: ComparisonReport,
  accepted: Accepted,
): number {
  if (leftOut === null) return accepted.missing ? missing.count + olderMissing.count : 0;
  return leftOut + uncounted;
}

/** What a verdict leaves open about what is not there, in words behind it. */
function leftOutText(reports: readonly TopicReport[], accepted: Accepted): string {
  const partitions = reports.flatMap((report) => report.partitions);
  const sum = (countOf: (report: ComparisonReport) => number) =>
    partitions.reduce((count, report) => count + countOf(report), 0);
  const told = sum(({ leftOut }) => leftOut ?? 0);
  const uncounted = sum((report) => report.uncounted);
  const unasked = sum((report) => (report.leftOut === null ? leftOutOf(report, accepted) : 0));
  const taken = unasked + (accepted.missing ? uncounted : 0);
  return [
    told > 0 ? `, but for ${told} records that routes left out, as uplinks have counted` : "",
    uncounted > 0 && !accepted.missing
      ? `, but for ${uncounted} that are missing below where an uplink was moved back to: whether routes left them out can't be told (--filtered takes them for that)`
      : "",
    taken > 0
      ? `, but for ${taken} that are missing, and taken for left out (--filtered): nobody has counted these`
      : "",
  ].join("");
}

/** For people. */
export function mergeCheckText(verdict: Word, reports: readonly TopicReport[], accepted: Accepted): string {
  const head = [
    ...[
      "TOPIC",
      "PARTITION",
      "RECORDS",
      "THERE",
      "WAITING",
      "IN LEDGER",
      "LEFT OUT",
      "MISSING",
      "TWICE",
      "DISORDER",
    ],
    ...["DIFFERENT", "EXTRA", "OLDER"],
  ];
  const rows = reports.flatMap(({ local, partitions }) =>
    partitions.map((report) => [
      local,
      ...[report.partition, report.records, report.there, report.waiting].map(String),
      ...[report.knownCount, leftOutOf(report, accepted), missingOf(report, accepted)].map(String),
      String(report.twice.count),
      String(report.outOfOrder.count),
      String(report.otherContent.count + (accepted.times ? 0 : report.otherTime.count)),
      ...[report.extra.count, report.older].map(String),
    ]),
  );
  const details = reports.flatMap((report) => detailsOf(report, accepted));
  const found = reports
    .flatMap(({ partitions }) => partitions)
    .reduce((sum, report) => sum + faultsOf(report, accepted), 0);
  return [
    `${verdict}${leftOutText(reports, accepted)}\n`,
    columns([head, ...rows]),
    findingsText(details, found),
  ].join("");
}

function detailsOf(topic: TopicReport, accepted: Accepted): readonly FindingLine[] {
  const lines = topic.partitions.flatMap((report) => {
    const where = `${topic.local}-${report.partition}`;
    const found = (what: string, { listed }: Counted<CentralFinding>) =>
      listed.map(({ offset, centralPartition, centralOffset }) => {
        const place =
          centralPartition < 0 ? "" : `, at ${topic.central}-${centralPartition} ${centralOffset}`;
        return { text: `${where}: ${offset} ${what}${place}`, records: 1 };
      });
    const absent = (what: string, { listed }: Counted<OffsetRange>) =>
      (missingOf(report, accepted) === 0 ? [] : listed).map((range) => ({
        text: `${where}: ${rangeText(range)} ${what}${leftOutOf(report, accepted) > 0 ? ", or left out by the route" : ""}`,
        records: range.end - range.start,
      }));
    return [
      ...absent("missing", report.missing),
      ...absent("missing, gone from the gateway", report.olderMissing),
      ...found("again", report.twice),
      ...found("out of order", report.outOfOrder),
      ...found("differs", report.otherContent),
      ...(accepted.times ? [] : found("has another time", report.otherTime)),
      ...found("was never in this log", report.extra),
      ...report.known.map((entry) => ({ text: `${where}: ${gapText(entry)}`, records: 0 })),
    ];
  });
  const aside = topic.partitions.reduce((sum, { otherHistories }) => sum + otherHistories, 0);
  // Of a log without a record, as the ledger of a gateway that has lost nothing, there is no position to know.
  const isEmpty = topic.partitions.every(({ records, older }) => records === 0 && older === 0);
  const notes = [
    ...(aside > 0
      ? [`${topic.central}: ${aside} records of copies of these logs that went on by themselves`]
      : []),
    ...(topic.undecided
      ? [`${topic.central}: somebody's open transaction hides the end; try again later`]
      : []),
    ...(topic.positionKnown || isEmpty ? [] : [`${topic.local}: the centre knows no position of an uplink`]),
    ...Object.entries(topic.otherLogs).map(
      ([log, count]) => `${topic.central}: ${count} records of another log of this gateway, ${log}`,
    ),
  ];
  return [...lines, ...notes.map((text) => ({ text, records: 0 }))];
}
