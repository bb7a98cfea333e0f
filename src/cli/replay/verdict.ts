import { EXIT } from "../exit-codes.ts";
import { columns } from "../help.ts";
import { type FindingLine, findingsText, MAX_LINES } from "./findings-text.ts";
import type { GapEntry } from "./gap-entries.ts";
import type { OffsetRange } from "./offset-set.ts";
import type { LogReport, ProofLevel } from "./proof.ts";

/** All that `--verify` has to say. */
export interface Verdict {
  readonly level: ProofLevel;
  readonly logs: readonly LogReport[];
  /** Entries of records that never got an offset: devices had no acknowledgement of them. */
  readonly refused: readonly GapEntry[];
  /** Of how many devices records were asked for, and those of which there is none in the time span. */
  readonly absent: { readonly asked: number; readonly devices: readonly string[] };
  /** Records without the headers of an uplink. */
  readonly withoutOrigin: number;
  /** Somebody's open transaction hid the end of the topic. */
  readonly undecided: boolean;
  /** Offsets that the broker deleted before they were read. */
  readonly deleted: number;
  /** Something is missing, and the central topic is compacted: what newer records replace is gone from it. */
  readonly compacted: boolean;
}

/** "complete between open edges": more may have been before the first record that is there, or come behind the last. */
export type VerdictWord =
  | "complete"
  | "complete between open edges"
  | "gaps known"
  | "left out by routes"
  | "nothing to prove"
  | "unaccounted";

export function wordOf({ logs, refused, deleted, level, absent }: Verdict): VerdictWord {
  if (logs.some((log) => log.missingCount - log.leftOut + log.twiceCount + log.outOfOrderCount > 0)) {
    return "unaccounted";
  }
  if (logs.length === 0) return "nothing to prove";
  if (logs.some(({ leftOut }) => leftOut > 0)) return "left out by routes";
  if (refused.length > 0 || deleted > 0 || logs.some((log) => log.knownCount > 0)) return "gaps known";
  // Others' records say nothing of a device whose name may be a slip.
  if (absent.asked > 0 && absent.devices.length === absent.asked) return "nothing to prove";
  const isOpen = level === "log" && logs.some((log) => !log.closedBegin || !log.closedEnd);
  return isOpen ? "complete between open edges" : "complete";
}

const EXITS: Readonly<Record<VerdictWord, number>> = {
  complete: EXIT.ok,
  "complete between open edges": EXIT.ok,
  "gaps known": EXIT.failed,
  "left out by routes": EXIT.failed,
  "nothing to prove": EXIT.failed,
  unaccounted: EXIT.unaccounted,
};

export function exitOf(verdict: Verdict): number {
  return EXITS[wordOf(verdict)];
}

/** For programs. */
export function verdictJson(verdict: Verdict): object {
  const word = wordOf(verdict);
  const proved =
    word === "complete between open edges"
      ? PROVED_BETWEEN
      : word === "left out by routes"
        ? filteredText(verdict)
        : PROVED[verdict.level];
  return { verdict: word, proved, ...verdict, absent: verdict.absent.devices };
}

const PROVED: Readonly<Record<ProofLevel, string>> = {
  log: "every record of these logs is there once and in order, or in the ledger",
  device: "no record of these devices is there twice or out of order; what is missing can't be seen",
};

const PROVED_BETWEEN =
  "from the first offset that is told of to the last, every record of these logs is there once and in order; of what was before or is behind nothing is known";

const PROVED_FILTERED =
  "no more records are missing than routes left out; that they are the same can't be told here: merge-check asks the gateway";

/** What is proved of logs whose routes leave records out. */
function filteredText({ logs }: Verdict): string {
  const uncounted = logs.reduce((sum, log) => sum + log.uncounted, 0);
  if (uncounted === 0) return PROVED_FILTERED;
  return `${uncounted} records are missing below where an uplink was moved back to: whether routes left them out can't be told; of what is behind that, no more are missing than routes left out`;
}

/** The first line of what people read. */
function headline(verdict: Verdict): string {
  const word = wordOf(verdict);
  if (word === "complete between open edges") return `${word}: ${PROVED_BETWEEN}`;
  if (word === "left out by routes") return `${word}: ${filteredText(verdict)}`;
  return word === "complete" || word === "gaps known" ? `${word}: ${PROVED[verdict.level]}` : word;
}

/** For people. */
export function verdictText(verdict: Verdict): string {
  const { logs, refused, absent, withoutOrigin, undecided, deleted, compacted } = verdict;
  const lines = [headline(verdict)];
  if (absent.devices.length > 0) lines.push(absentText(absent.devices));
  if (withoutOrigin > 0) lines.push(`${withoutOrigin} records came over no uplink: nothing is known of them`);
  if (undecided)
    lines.push("somebody's open transaction hides the end of the topic; try again when it is over");
  if (compacted)
    lines.push("the topic is compacted: records that newer ones of their key replace are missing");
  if (deleted > 0) lines.push(`${deleted} offsets were deleted at the broker before they were read`);
  const rows = logs.map((log) => [
    ...[log.gateway, logText(log), `${log.firstOffset}..${log.lastOffset}`, String(log.records)],
    ...[log.knownCount, log.leftOut, log.missingCount - log.leftOut, log.twiceCount].map(String),
    String(log.outOfOrderCount),
    edgesOf(log),
  ]);
  const head = [
    ...["GATEWAY", "LOG", "OFFSETS", "THERE", "IN LEDGER", "LEFT OUT", "MISSING", "TWICE", "DISORDER"],
    "EDGES",
  ];
  const details = [
    ...logs.flatMap(detailsOf),
    ...refused.map((entry) => ({ text: `refused, never stored: ${gapText(entry)}`, records: 0 })),
  ];
  const found = logs.reduce(
    (sum, log) => sum + (isLeftOut(log) ? 0 : log.missingCount) + log.twiceCount + log.outOfOrderCount,
    0,
  );
  return [
    `${lines.join("\n")}\n`,
    logs.length > 0 ? columns([head, ...rows]) : "",
    findingsText(details, found),
  ].join("");
}

/** Whether all that is missing may be what the route leaves out. */
function isLeftOut({ missingCount, leftOut }: LogReport): boolean {
  return missingCount <= leftOut;
}

function absentText(devices: readonly string[]): string {
  const more = devices.length > MAX_LINES ? ` and ${devices.length - MAX_LINES} more` : "";
  return `no record of ${devices.slice(0, MAX_LINES).join(", ")}${more} is there in this time`;
}

/** Whether something may be missing before the first record or behind the last one. */
function edgesOf({ closedBegin, closedEnd }: LogReport): string {
  if (closedBegin && closedEnd) return "closed";
  return [closedBegin ? "" : "open begin", closedEnd ? "" : "open end"]
    .filter((edge) => edge !== "")
    .join(", ");
}

function logText({ log, epoch }: LogReport): string {
  return epoch === 0 ? log : `${log} history ${epoch}`;
}

function detailsOf(report: LogReport): readonly FindingLine[] {
  const { gateway, known, missing, twice, outOfOrder } = report;
  const where = `${gateway} ${logText(report)}`;
  return [
    ...(isLeftOut(report) ? [] : missing).map((range) => ({
      text: `${where}: ${rangeText(range)} missing${report.leftOut > 0 ? ", or left out by the route" : ""}`,
      records: range.end - range.start,
    })),
    ...twice.map(({ offset, centralPartition, centralOffset }) => ({
      text: `${where}: ${offset} again, at ${centralPartition}/${centralOffset}`,
      records: 1,
    })),
    ...outOfOrder.map(({ offset, centralPartition, centralOffset }) => ({
      text: `${where}: ${offset} out of order, at ${centralPartition}/${centralOffset}`,
      records: 1,
    })),
    ...known.map((entry) => ({ text: `${where}: ${gapText(entry)}`, records: 0 })),
  ];
}

export function rangeText({ start, end }: OffsetRange): string {
  return end - start === 1 ? String(start) : `${start} to ${end - 1}`;
}

export function gapText({ reason, device, firstOffset, lastOffset, count, fromMs }: GapEntry): string {
  const whose = device === null ? "" : ` of ${device}`;
  const offsets = firstOffset < 0 ? "" : `, ${rangeText({ start: firstOffset, end: lastOffset + 1 })}`;
  const when = Number.isFinite(fromMs) ? `, ${new Date(fromMs).toISOString()}` : "";
  return `${count} records${whose} lost: ${reason}${offsets}${when}`;
}
