import { GAP_TOPIC } from "../../../src/broker/gap-ledger.ts";
import { TIME_HEADER } from "../../../src/clock/headers.ts";
import type { DecodedRecord } from "../../../src/records/reader.ts";
import { recordsOf } from "../../broker/support.ts";
import { nameOf } from "./far-centre.ts";
import type { Gateway } from "./gateway.ts";
import { type Month, type SentRecord, TOPICS } from "./month.ts";

/** Two clocks can be read apart, and a step below this goes unseen. */
const EXACT_MS = 101;
/** A clock that was put right this long before a record went up had to be seen. */
const NOTICED_MS = 60_000;
/** A machine may be suspended for so long between the reading of a record and its sending. */
const LEAP_MS = 7 * 3_600_000;

/** A budget is kept within this, and a round that was under way ends. */
const BUDGET_SHARE = 0.02;
const ROUND_BYTES = 10_000;

export interface Reckoning {
  readonly faults: readonly string[];
  readonly arrived: number;
  readonly lost: number;
}

/** An entry of the ledger, as far as it tells of stored records. */
interface LedgerEntry {
  readonly reason: string;
  readonly device: string | null;
  readonly topicId?: string;
  readonly partition?: number;
  readonly firstOffset?: number;
  readonly lastOffset?: number;
}

/** Holds what is at the centre, and in the ledger there, against what devices sent. */
export function faultsAtTheEnd(month: Month, gateway: Gateway): Reckoning {
  const faults: string[] = [];
  const arrived = arrivals(month, faults);
  const entries = ledgerAt(month, gateway, faults);
  for (const [day, bytes] of month.bytesByDay) {
    if (bytes <= month.dayBudgetBytes * (1 + BUDGET_SHARE) + ROUND_BYTES) continue;
    faults.push(`${bytes} bytes on day ${day}, and ${month.dayBudgetBytes} may be`);
  }
  let lost = 0;
  for (const record of month.sent) {
    const isThere = arrived.has(record.name);
    const isGap = record.place !== null && entries.some((entry) => tellsOf(entry, record));
    if (isGap) lost += 1;
    if (!record.isAcknowledged || isThere || isGap || record.wentWithFolder) continue;
    const { place, takenMs } = record;
    faults.push(`${record.name} (${new Date(takenMs).toISOString()}) is nowhere: ${JSON.stringify(place)}`);
  }
  return { faults, arrived: arrived.size, lost };
}

/** What is at the centre: once, in the order of each device, with its time. */
function arrivals(month: Month, faults: string[]): ReadonlySet<string> {
  const arrived = new Set<string>();
  const records = new Map(month.sent.map((record) => [record.name, record]));
  const last = new Map<string, number>();
  for (const topic of TOPICS) {
    for (const found of month.centre.visible(topic).flat()) {
      const name = nameOf(found.value);
      const [device = "", number = ""] = name.split(" ");
      const before = last.get(device) ?? -1;
      const sent = records.get(name);
      if (sent === undefined) faults.push(`${name} was never sent`);
      else if (arrived.has(name)) faults.push(`${name} arrived twice`);
      else if (Number(number) < before && !isApart(month, sent))
        faults.push(`${name} arrived behind ${device} ${before}`);
      if (sent !== undefined && !isApart(month, sent)) checkTime(month, sent, found, faults);
      arrived.add(name);
      if (sent === undefined || !isApart(month, sent)) last.set(device, Math.max(before, Number(number)));
    }
  }
  return arrived;
}

/**
 * Of a folder that was put away for an older one: that may bring back a topic which was deleted since, whose records come
 * behind what the newer one had, and it does not know what the newer one knew of the clock.
 */
function isApart(month: Month, sent: SentRecord): boolean {
  return month.hasRestores && sent.wentWithFolder;
}

function checkTime(month: Month, sent: SentRecord, found: DecodedRecord, faults: string[]): void {
  const putRightMs = month.synchronised.get(sent.boot);
  const sentMs = month.sentMs.get(sent.name) ?? 0;
  if (putRightMs === undefined || sentMs < putRightMs + NOTICED_MS) return;
  if (month.knowsTime && found.timestampMs < sentMs - month.centralRetentionMs - LEAP_MS)
    faults.push(`${sent.name} came too late to be kept: ${sentMs - found.timestampMs} ms`);
  const header = found.headers.find(({ key }) => key === TIME_HEADER)?.value ?? null;
  const timeMs = header === null ? found.timestampMs : Number(new TextDecoder().decode(header));
  const offMs = timeMs - sent.takenMs;
  if (Math.abs(offMs) > EXACT_MS) faults.push(`the time of ${sent.name} is off by ${offMs} ms`);
}

/** The ledger as the centre has it, which has to be all of it. */
function ledgerAt(month: Month, gateway: Gateway, faults: string[]): readonly LedgerEntry[] {
  const decoder = new TextDecoder();
  const carried = month.centre
    .visible(GAP_TOPIC)
    .flat()
    .map(({ value }) => decoder.decode(value ?? undefined));
  const there = new Set(carried);
  const opened = { ...gateway, clock: gateway.clock as never, disk: null as never, warnings: [] };
  for (const { value, offset } of recordsOf(opened, GAP_TOPIC)) {
    if (!there.has(decoder.decode(value ?? undefined)))
      faults.push(`the ledger's entry ${offset} is not at the centre`);
  }
  return carried.map((text) => JSON.parse(text) as LedgerEntry);
}

function tellsOf(entry: LedgerEntry, { place, device }: SentRecord): boolean {
  const { topicId, partition, firstOffset = 0, lastOffset = -1 } = entry;
  if (place === null || topicId !== place.topicId || partition !== place.partition) return false;
  if (entry.device !== null && entry.device !== device) return false;
  return place.offset >= firstOffset && place.offset <= lastOffset;
}
