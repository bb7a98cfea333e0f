import { afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { ChaosPublisher, ChaosSubscriber, type Noted } from "../chaos/support/mqtt-devices.ts";
import { type Headwater, startHeadwater } from "../support/headwater.ts";
import { Ledger } from "./ledger.ts";
import { connectTo } from "./load.ts";
import { makeFolder, removeFolder, removeStale } from "./mounts.ts";
import { NotedVolume } from "./noted-volume.ts";
import { whyNoPowerCuts } from "./programs.ts";
import { cutMsOf, DATA, planCuts, type Run, SMALL_SETTINGS } from "./run.ts";
import { readEverything } from "./served.ts";
import { sharedNowMs } from "./shared-clock.ts";
import { forEachState } from "./states.ts";

// Durable MQTT sessions over power cuts: publishers and subscribers go on from what they knew at the cut. Nothing that
// was acknowledged is lost, QoS 2 is in the log once and comes once, and what is retained is what was acknowledged last.

const MINUTE_MS = 60_000;
const SEED = Number(process.env.POWERCUT_SEED ?? 1);
const STATES = Math.max(8, Math.floor(Number(process.env.POWERCUT_STATES ?? 300) / 15));
const LOAD_MS = 2_500;
const DRAIN_MS = 20_000;
/** With a bug, waiting is mostly in vain. */
const SHORT_DRAIN_MS = 5_000;
/** Before this the sessions were not all there yet. */
const SETTLED_MS = 700;

interface Timed {
  readonly atMs: number;
  readonly client: string;
  readonly noted: Noted;
}

const why = whyNoPowerCuts();
if (why !== null) console.log(`skipped: ${why}`);

describe.skipIf(why !== null)("MQTT sessions after a power cut", () => {
  let folder = "";
  beforeAll(removeStale, MINUTE_MS);
  beforeEach(() => {
    folder = makeFolder();
  });
  afterEach(() => removeFolder(folder), MINUTE_MS);

  test(
    "go on from where they were, with nothing lost and nothing of QoS 2 twice",
    async () => {
      const { states, again } = await cutSessions(folder, STATES, DRAIN_MS);
      console.log(`${states} crash states of MQTT sessions, ${again} messages came after the cut`);
      expect(states).toBeGreaterThan(STATES / 2);
      expect(again).toBeGreaterThan(states);
    },
    8 * MINUTE_MS,
  );

  test(
    "a broker that acknowledges before it syncs is found out",
    async () => {
      await expect(cutSessions(folder, STATES, SHORT_DRAIN_MS, "ack-before-sync")).rejects.toThrow(
        /never so|expect\(received\)/,
      );
    },
    8 * MINUTE_MS,
  );
});

/** A run and its cuts, each gone on from; throws where a promise was broken. */
async function cutSessions(
  folder: string,
  count: number,
  drainMs: number,
  bug = "",
): Promise<{ readonly states: number; readonly again: number }> {
  const { run, notes, settledMs } = await runSessions(folder, bug);
  const cuts = planCuts(run, count, ["drop", "subset", "torn", "keep"], SEED).filter(
    (cut) => cutMsOf(run, cut) > settledMs,
  );
  let again = 0;
  await forEachState(folder, run, cuts, async (cut, mountPoint) => {
    const cutMs = cutMsOf(run, cut);
    const known = notes.filter(({ atMs }) => atMs <= cutMs);
    const dataFolder = join(mountPoint, DATA);
    const headwater = await startHeadwater({ dataFolder, settings: SMALL_SETTINGS });
    try {
      again += await goOn(headwater, known, drainMs);
    } finally {
      await headwater.stop();
    }
  });
  return { states: cuts.length, again };
}

function clientsOf(address: () => string): {
  readonly publishers: readonly ChaosPublisher[];
  readonly subscribers: readonly ChaosSubscriber[];
} {
  const publisher = (clientId: string, qos: 1 | 2, retain: boolean): ChaosPublisher => {
    const topic = retain ? "devices/state/now" : `devices/${clientId}/t`;
    return new ChaosPublisher({ clientId, version: 5, topic, qos, retain, window: retain ? 1 : 4 }, address);
  };
  return {
    publishers: [publisher("p1", 1, false), publisher("p2", 2, false), publisher("state", 1, true)],
    subscribers: [1, 2].map(
      (qos) => new ChaosSubscriber(`s${qos}`, address, qos === 1 ? 4 : 5, "devices/+/t", qos === 1 ? 1 : 2),
    ),
  };
}

/** Clients at work on a disk that notes everything, until the broker is killed. */
async function runSessions(
  folder: string,
  bug: string,
): Promise<{ readonly run: Run; readonly notes: readonly Timed[]; readonly settledMs: number }> {
  const volume = await NotedVolume.mount(folder, { sizeMiB: 256, flushMs: 3 });
  const notes: Timed[] = [];
  let headwater: Headwater | null = null;
  let [settledMs, endMs] = [0, 0];
  try {
    const dataFolder = join(volume.mountPoint, DATA);
    mkdirSync(dataFolder);
    const environment = { HEADWATER_TEST_BUG: bug };
    const broker = await startHeadwater({ dataFolder, settings: SMALL_SETTINGS, environment });
    headwater = broker;
    const { publishers, subscribers } = clientsOf(() => broker.mqtt);
    for (const client of [...publishers, ...subscribers]) {
      client.note = (noted) => notes.push({ atMs: sharedNowMs(), client: client.clientId, noted });
    }
    for (const subscriber of subscribers) subscriber.start();
    await Promise.all(subscribers.map(({ subscribed }) => subscribed));
    for (const publisher of publishers) publisher.start();
    await Bun.sleep(SETTLED_MS);
    settledMs = sharedNowMs();
    await Bun.sleep(LOAD_MS);
    await broker.kill();
    endMs = sharedNowMs();
    for (const client of [...publishers, ...subscribers]) await client.end();
  } finally {
    await headwater?.kill();
    await volume.unmount();
  }
  const { image, operations } = volume.takeLog();
  const indexAt = (atMs: number): number => {
    const index = operations.findIndex((operation) => operation.atMs >= atMs);
    return index < 0 ? operations.length : index;
  };
  const run: Run = {
    disk: "mapped",
    ledger: new Ledger(),
    image,
    operations,
    loadStart: indexAt(settledMs),
    end: indexAt(endMs),
    ackedRecords: 0,
  };
  return { run, notes, settledMs };
}

/** Has all clients go on from what they knew; returns how many messages came. */
async function goOn(headwater: Headwater, known: readonly Timed[], drainMs: number): Promise<number> {
  const { publishers, subscribers } = clientsOf(() => headwater.mqtt);
  const notesOf = (clientId: string): readonly Noted[] =>
    known.filter(({ client }) => client === clientId).map(({ noted }) => noted);
  const clients = [...publishers, ...subscribers];
  for (const client of clients) client.resume(notesOf(client.clientId));
  const heardBefore = (clientId: string): readonly string[] =>
    notesOf(clientId).flatMap(({ kind, value }) => (kind === "heard" ? [value] : []));
  const published = (clientId: string): readonly string[] =>
    notesOf(clientId).flatMap(({ kind, value }) => (kind === "published" ? [value] : []));
  try {
    for (const client of clients) client.start();
    await until(
      () => publishers.every(({ isIdle }) => isIdle),
      "what was under way is acknowledged",
      drainMs,
    );
    for (const publisher of publishers) {
      const { clientId, plan } = publisher;
      if (plan.retain) continue;
      for (const subscriber of subscribers) {
        const all = (): readonly string[] => [
          ...heardBefore(subscriber.clientId),
          ...subscriber.heard.map(({ value }) => value),
        ];
        const missing = (): string[] => published(clientId).filter((value) => !all().includes(value));
        await until(() => missing().length === 0, `${subscriber.clientId} hears all of ${clientId}`, drainMs);
        if (plan.qos === 2 && subscriber.qos === 2) {
          const own = all().filter((value) => value.startsWith(`${clientId} `));
          const twice = own.filter((value, index) => own.indexOf(value) !== index);
          expect([subscriber.clientId, twice]).toEqual([subscriber.clientId, []]);
        }
      }
    }
    expect(clients.map(({ clientId, resumed }) => [clientId, resumed > 0])).toEqual(
      clients.map(({ clientId }) => [clientId, true]),
    );
    await checkLog(headwater, published("p2"), "p2");
    await checkRetained(headwater, notesOf("state"));
    return subscribers.reduce((sum, { heard }) => sum + heard.length, 0);
  } finally {
    for (const client of clients) await client.end();
  }
}

/** Everything of a publisher with QoS 2 is there once. */
async function checkLog(headwater: Headwater, published: readonly string[], clientId: string): Promise<void> {
  const cluster = connectTo(headwater);
  try {
    const logs = await readEverything(cluster);
    const values = logs
      .filter(({ topic }) => topic === "telemetry")
      .flatMap(({ records }) => records.map(({ value }) => Buffer.from(value).toString()))
      .filter((value) => value.startsWith(`${clientId} `));
    expect(values.toSorted()).toEqual(published.toSorted());
  } finally {
    cluster.close();
  }
}

/** By now the last message is acknowledged, so it is the one that is retained. */
async function checkRetained(headwater: Headwater, notes: readonly Noted[]): Promise<void> {
  const last = notes.findLast(({ kind }) => kind === "published")?.value;
  const late = new ChaosSubscriber("late", () => headwater.mqtt, 5, "devices/state/now", 1);
  late.start();
  try {
    await until(() => late.heard.length > 0, "what is retained comes", DRAIN_MS);
    expect(late.heard[0]?.value).toBe(last);
  } finally {
    await late.end();
  }
}

async function until(done: () => boolean, what: string, timeoutMs: number): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!done()) {
    if (Date.now() > deadline) throw new Error(`never so: ${what}`);
    await Bun.sleep(10);
  }
}
