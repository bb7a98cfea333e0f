import type { SeededRandom } from "../../src/io/simulated/random.ts";
import { PLAIN_ROUTE, type UplinkRoute } from "../../src/upstream/settings.ts";
import type { UplinkStatus } from "../../src/upstream/status.ts";
import type { MemorySource } from "./memory-source.ts";
import type { ModelCentre } from "./model-centre.ts";

interface Fed {
  readonly key: string | null;
  readonly value: string;
  readonly timestampMs: number;
  readonly headers: Readonly<Record<string, string>>;
}

const PARTITIONS: Readonly<Record<string, number>> = { readings: 3, extras: 2, noise: 1, secrets: 1 };
const CENTRAL = "plant-7.all";
const EVERY = 3;
const INTERVAL_MS = 40;

/**
 * Several local topics on their way to one central one, each by a route of its own, beside one of which nothing goes
 * up and one that no route names. What should be there is worked out from what was fed, in a way of its own.
 */
export class RoutedFleet {
  readonly site = "plant-7";
  readonly routes: readonly UplinkRoute[] = [
    {
      ...PLAIN_ROUTE,
      topics: ["readings"],
      topic: "{site}.all",
      keys: ["dev*-1", "device-2", "d*v*3"],
      headers: [
        { name: "kind", value: "a" },
        { name: "test", value: false },
      ],
      sampling: { kind: "every", count: EVERY },
    },
    {
      ...PLAIN_ROUTE,
      topics: ["extr*"],
      topic: "{site}.all",
      headers: [{ name: "alarm", value: true }],
      sampling: { kind: "interval", intervalMs: INTERVAL_MS },
    },
    { ...PLAIN_ROUTE, topics: ["noise"], topic: "{gateway}-{topic}", keys: ["nobody"] },
  ];
  readonly #fed = new Map<string, Fed[]>();
  #next = 0;

  createTopics(source: MemorySource): void {
    for (const [topic, partitions] of Object.entries(PARTITIONS)) source.createTopic(topic, partitions);
  }

  feedOne(
    source: MemorySource,
    random: SeededRandom,
  ): { readonly topic: string; readonly partition: number } {
    const topic = random.pick(Object.keys(PARTITIONS));
    const device = random.below(6);
    const headers: Record<string, string> = {};
    if (random.chance(0.7)) headers.kind = random.chance(0.8) ? "a" : "ab";
    if (random.chance(0.2)) headers.test = "";
    if (random.chance(0.6)) headers.alarm = "fire";
    this.#next += 1;
    const record: Fed = {
      key: device === 0 ? null : `device-${device}`,
      value: `${topic} ${this.#next}`,
      timestampMs: 1_000_000 + this.#next * 3 - random.below(20),
      headers,
    };
    const partition = device % (PARTITIONS[topic] ?? 1);
    const name = `${topic}-${partition}`;
    this.#fed.set(name, [...(this.#fed.get(name) ?? []), record]);
    source.append(topic, partition, [{ ...record, headers: encoded(headers) }]);
    return { topic, partition };
  }

  /** What is wrong at the centre, and with what the uplink says of it. */
  check(centre: ModelCentre, status: UplinkStatus): string[] {
    const faults: string[] = [];
    const rows = new Map<string, string[]>();
    for (const records of centre.visible(CENTRAL)) {
      for (const { key, value } of records) {
        const text = new TextDecoder().decode(value ?? undefined);
        const row = `${text.split(" ")[0]} ${key === null ? "-" : new TextDecoder().decode(key)}`;
        rows.set(row, [...(rows.get(row) ?? []), text]);
      }
    }
    const filtered = new Map<string, number>();
    for (const [name, fed] of this.#fed) {
      const topic = name.split("-")[0] ?? "";
      const chosen = chosenOf(topic, fed);
      filtered.set(name, fed.length - chosen.length);
      for (const key of new Set(fed.map((record) => record.key))) {
        const expected = chosen.filter((record) => record.key === key).map(({ value }) => value);
        const row = `${topic} ${key ?? "-"}`;
        // Records without a key are in order by source partition; here each partition has at most one such device.
        const found = rows.get(row) ?? [];
        if (found.join() !== expected.join()) faults.push(`${row}: ${found.join()} for ${expected.join()}`);
      }
    }
    for (const topic of ["noise", "secrets", "gw-noise"]) {
      if (centre.visible(topic).some((records) => records.length > 0))
        faults.push(`${topic} is at the centre`);
    }
    return [...faults, ...this.#misaccounted(status, filtered)];
  }

  /** Every offset is accounted for. */
  #misaccounted(status: UplinkStatus, filtered: ReadonlyMap<string, number>): string[] {
    return status.topics.flatMap(({ topic, partitions }) =>
      partitions.flatMap(({ partition, position, firstOffset, tally }) => {
        const sum = firstOffset + tally.forwarded + tally.filtered + tally.gapped + tally.empty;
        const name = `${topic}-${partition}`;
        const all = filtered.get(name) ?? 0;
        const isWrong = firstOffset === 0 ? tally.filtered !== all : tally.filtered > all;
        if (sum === position && !isWrong) return [];
        return [`${name}: ${JSON.stringify({ firstOffset, position, all, ...tally })}`];
      }),
    );
  }
}

function chosenOf(topic: string, fed: readonly Fed[]): readonly Fed[] {
  if (topic === "readings") {
    const passing = fed.filter(
      ({ key, headers }) =>
        ["device-1", "device-2", "device-3"].includes(key ?? "") &&
        headers.kind === "a" &&
        !("test" in headers),
    );
    return passing.filter(({ key }, index) => {
      const before = passing.slice(0, index).filter((record) => record.key === key).length;
      return before % EVERY === 0;
    });
  }
  if (topic !== "extras") return [];
  const last = new Map<string | null, number>();
  return fed.filter(({ key, timestampMs, headers }) => {
    if (!("alarm" in headers)) return false;
    const before = last.get(key);
    const isTaken = before === undefined || Math.abs(timestampMs - before) >= INTERVAL_MS;
    if (isTaken) last.set(key, timestampMs);
    return isTaken;
  });
}

/** As they stand in a record; all lengths here are below 64, and so one byte. */
function encoded(headers: Readonly<Record<string, string>>): Uint8Array {
  const entries = Object.entries(headers);
  const bytes = entries.flatMap(([name, value]) => [
    name.length * 2,
    ...Buffer.from(name),
    value.length * 2,
    ...Buffer.from(value),
  ]);
  return Uint8Array.of(entries.length * 2, ...bytes);
}
