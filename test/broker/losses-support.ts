import { silentLogger } from "../../src/base/logger.ts";
import { GAP_TOPIC, GapLedger } from "../../src/broker/gap-ledger.ts";
import { type Carrier, Losses } from "../../src/broker/losses.ts";
import { SimulatedDisk } from "../../src/io/simulated/disk.ts";
import type { PartitionLog } from "../../src/log/partition-log.ts";
import { type OpenBroker, openBroker, recordsOf } from "./support.ts";

export type Entry = Readonly<Record<string, unknown>>;

export function entriesOf(open: OpenBroker): Entry[] {
  return recordsOf(open, GAP_TOPIC).map(({ value }) => JSON.parse(Buffer.from(value ?? []).toString()));
}

export class FakeCarrier implements Carrier {
  next = -1;
  committed = -1;
  /** Where logs ended whose topic went, by name. */
  readonly ends = new Map<string, number>();

  gone(log: { readonly topic: string }, endOffset: number): void {
    this.ends.set(log.topic, endOffset);
  }

  progress(log: { readonly topic: string }): { next: number; committed: number } | null {
    return log.topic === "local" ? null : { next: this.next, committed: this.committed };
  }
}

export interface Opened extends OpenBroker {
  readonly losses: Losses;
  readonly carrier: FakeCarrier;
}

export async function open(disk = new SimulatedDisk({ seed: 1 })): Promise<Opened> {
  const opened = await openBroker(disk);
  const losses = new Losses(opened.broker, new GapLedger(opened.broker, silentLogger));
  const carrier = new FakeCarrier();
  losses.addCarrier(carrier);
  return { ...opened, losses, carrier };
}

export const text = new TextEncoder();
export const START_MS = Date.parse("2026-01-01T00:00:00Z");

/** A topic whose segments hold some ten records each, and so many records of ten devices in turn. */
export async function fill(
  opened: Opened,
  topic: string,
  count: number,
  configs: Record<string, string> = {},
) {
  const { broker, clock } = opened;
  const settings = new Map(Object.entries({ "internal.segment.bytes": "2000", ...configs }));
  broker.createTopic({ name: topic, partitionCount: 1, configs: settings }, () => {});
  for (let n = 0; n < count; n++) {
    broker.ingest.append({
      ...{ topic, key: text.encode(`d${n % 10}`), value: text.encode("x".repeat(100)) },
      ...{ timestampMs: START_MS + n, headers: null },
    });
    await clock.settleAll();
  }
  const log = broker.partition(topic, 0)?.log;
  if (log === undefined) throw new Error("no topic");
  return log;
}

export async function settle({ clock, store }: Opened): Promise<void> {
  for (let n = 0; n < 5; n++) {
    clock.advance(1_000);
    await store.maintain(clock.nowMs());
    await clock.settleAll();
  }
}

/** Retention to a quarter. */
export async function shorten(opened: Opened, log: PartitionLog): Promise<void> {
  const resource = { type: 2, name: log.topic };
  opened.broker.alterConfigs(resource, new Map([["retention.bytes", "4000"]]), () => {});
  await settle(opened);
}

export const sum = (entries: readonly Entry[]) =>
  entries.reduce((total, { count }) => total + Number(count), 0);
