import type { Addresses } from "../../http/status.ts";
import type { WearStatus } from "../../metrics/wear-forecast.ts";
import { columns } from "../help.ts";
import { sizeText } from "../progress.ts";
import type { Overview, Reading, TopicRow } from "./reading.ts";

/** Topics where there is no end of the screen. */
const MAX_TOPICS = 10;
const BARS = "▁▂▃▄▅▆▇█";
const MAX_BARS = 60;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const YEAR_SEC = 365 * 86_400;
const MANY_YEARS = 100;

/** What to show. */
export interface Scene {
  readonly address: string;
  /** The latest; null before the first. */
  readonly reading: Reading | null;
  /** Why the gateway does not answer, and since when; null while it does. */
  readonly away: { readonly why: string; readonly forMs: number } | null;
}

/** Lines of text, not cut: the beginning is what matters most. `forEyes`: with bars of the last minutes. */
export function sceneLines(scene: Scene, forEyes: boolean): readonly string[] {
  return linesOf(scene, forEyes).map(printable);
}

function linesOf({ address, reading, away }: Scene, forEyes: boolean): readonly string[] {
  const lines: string[] = [];
  if (away !== null) {
    lines.push(`AWAY for ${ageText(away.forMs)}: ${away.why}`);
    lines.push(reading === null ? "It is asked again and again." : "What follows is what it said last.", "");
  }
  if (reading === null) return away === null ? [`${address} is being asked`] : lines;
  const { status, overview, topics, refusals } = reading;
  const { version, gatewayId, uptimeMs, ready, reasons } = status;
  lines.push(`${gatewayId} at ${address}, headwater ${version}, up ${ageText(uptimeMs)}`);
  lines.push(ready ? "ready" : `NOT READY: ${reasons.join("; ")}`);
  for (const note of status.notes ?? []) lines.push(`NOTE: ${note}`);
  lines.push("", ...rateLines(reading, forEyes), ...stateLines(reading));
  if (overview !== null && overview.uplinks.length > 0) lines.push("", ...uplinkLines(overview));
  if (topics !== null && topics.length > 0) lines.push("", ...topicLines(topics, forEyes));
  if (refusals.length > 0) lines.push("", ...refusals.map((why) => `not shown: ${why}`));
  return lines;
}

function rateLines({ overview, status }: Reading, forEyes: boolean): readonly string[] {
  if (overview === null) return [];
  const { rates, history } = overview;
  if (rates === null) return ["records   not known yet: rates are of the last 10 s"];
  const { recordsInPerSecond, bytesInPerSecond, bytesOutPerSecond } = rates;
  const commit = status.log.commitMedianMs;
  const durable = commit === null ? "" : `, durable within ${commit.toFixed(1)} ms`;
  const text = `records   ${rateText(recordsInPerSecond)}/s in (${sizeText(bytesInPerSecond)}/s), ${sizeText(bytesOutPerSecond)}/s out${durable}`;
  const bars = sparkline(history.slice(-MAX_BARS).map((sample) => sample.recordsInPerSecond));
  return forEyes && bars !== "" ? [text, `          ${bars}`] : [text];
}

function stateLines({ status, overview, silent }: Reading): readonly string[] {
  const { addresses, log, clock, kafka, mqtt } = status;
  const doors = (Object.entries(addresses) as readonly (readonly [keyof Addresses, string])[]).map(
    ([name, at]) => `${name} ${at}`,
  );
  const clients = [kafka && `${kafka.connections} Kafka`, mqtt && `${mqtt.connections} MQTT`];
  const full = log.full ? ", FULL: what comes is refused or takes the place of older records" : "";
  const lines = [
    `doors     ${doors.join(", ") || "none"}`,
    `clients   ${clients.filter((text) => text !== null).join(", ") || "-"}`,
    `space     ${sizeText(log.freeBytes)} free, ${sizeText(log.reserveBytes)} of it kept back${full}`,
  ];
  // A gateway of an earlier version says nothing of it.
  if (status.wear) lines.push(...wearLines(status.wear));
  if (clock !== null && !clock.known) lines.push(`clock     NOT BELIEVED: ${clock.quality}`);
  const devices = overview?.devices ?? null;
  if (devices === null) return lines;
  const named = silent === null || silent.length === 0 ? "" : `: ${silent.join(", ")}`;
  const more = silent !== null && devices.silent > silent.length ? ", ..." : "";
  const quiet = devices.silent === 0 ? "none silent" : `${devices.silent} SILENT${named}${more}`;
  return [...lines, `devices   ${devices.known}, ${quiet}`];
}

/** What is known of how the disk wears; nothing where nobody knows anything. */
function wearLines({
  disk,
  writtenBytesPerDay,
  lifeUsedShare,
  preEol,
  basis,
  forecastSec,
}: WearStatus): readonly string[] {
  const parts = [
    writtenBytesPerDay === null ? "" : `${sizeText(writtenBytesPerDay)} written a day`,
    lifeUsedShare === null ? "" : `${Math.round(lifeUsedShare * 100)}% of its life used`,
    preEol === null || preEol < 2 ? "" : "SPARE BLOCKS RUN OUT",
    forecastSec === null
      ? ""
      : `lasts ${yearsText(forecastSec)}${basis === "assumed" ? ", as is assumed" : ""}`,
  ].filter((part) => part !== "");
  return parts.length === 0 ? [] : [`wear      ${disk}: ${parts.join(", ")}`];
}

function yearsText(seconds: number): string {
  const years = seconds / YEAR_SEC;
  if (years > MANY_YEARS) return `over ${MANY_YEARS} years`;
  return years < 1 ? `${Math.floor(years * 12)} MONTHS` : `${years.toFixed(years < 10 ? 1 : 0)} years`;
}

function uplinkLines({ uplinks }: Overview): readonly string[] {
  const table = uplinks.map(({ name, state, lagRecords, lagMs, freshnessMs, alarms }) => [
    name,
    state,
    lagRecords === null ? "-" : lagRecords.toLocaleString("en"),
    ageOr(lagMs),
    ageOr(freshnessMs),
    alarms.length === 0 ? "-" : `ALARM ${alarms.join("; ")}`,
  ]);
  return rows([["UPLINK", "STATE", "LAG", "BEHIND", "NEWEST THERE", "FLOW"], ...table]);
}

function topicLines(topics: readonly TopicRow[], forEyes: boolean): readonly string[] {
  const shown = forEyes ? topics : topics.slice(0, MAX_TOPICS);
  const table = shown.map(({ name, partitions, records, bytes, recordsPerSecond }) => [
    name,
    recordsPerSecond === null ? "-" : rateText(recordsPerSecond),
    records.toLocaleString("en"),
    sizeText(bytes),
    String(partitions),
  ]);
  return rows([["TOPIC", "RECORDS/S", "RECORDS", "SIZE", "PARTITIONS"], ...table]);
}

function rows(table: readonly (readonly string[])[]): readonly string[] {
  return columns(table.map((row) => row.map(printable)))
    .trimEnd()
    .split("\n");
}

/** A bar for each value, the largest being full. Empty where all are 0. */
export function sparkline(values: readonly number[]): string {
  const most = Math.max(0, ...values);
  if (most === 0) return "";
  return values.map((value) => BARS[Math.ceil((value / most) * (BARS.length - 1))] ?? "").join("");
}

/** The lines as they fit: what is beyond an edge is left out. */
export function fitted(lines: readonly string[], width: number, height: number): readonly string[] {
  return lines.slice(0, Math.max(0, height)).map((line) => cut(line, width));
}

/** Bun's own cut knows how wide characters are. */
function cut(line: string, width: number): string {
  if (Bun.stringWidth(line) <= width) return line;
  let text = "";
  let taken = 0;
  for (const character of line) {
    taken += Bun.stringWidth(character);
    if (taken > width - 1) break;
    text += character;
  }
  return width < 1 ? "" : `${text}…`;
}

/** The largest two units: people look at it for a moment. */
export function ageText(ageMs: number): string {
  const units = [
    [DAY_MS, "d"],
    [HOUR_MS, "h"],
    [MINUTE_MS, "m"],
    [SECOND_MS, "s"],
  ] as const;
  const index = units.findIndex(([unitMs]) => ageMs >= unitMs);
  if (index < 0) return "0s";
  let left = ageMs;
  const words = units.slice(index, index + 2).flatMap(([unitMs, name]) => {
    const count = Math.floor(left / unitMs);
    left -= count * unitMs;
    return count === 0 ? [] : [`${count}${name}`];
  });
  return words.join("");
}

function ageOr(ageMs: number | null): string {
  return ageMs === null ? "-" : ageText(ageMs);
}

function rateText(perSecond: number): string {
  return perSecond < 10 && perSecond > 0 ? perSecond.toFixed(1) : Math.round(perSecond).toLocaleString("en");
}

/** What a gateway says may be what somebody told it: nothing of it moves the cursor. */
function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, "\u{fffd}");
}
