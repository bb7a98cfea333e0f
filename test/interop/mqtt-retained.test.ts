import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import mqtt from "mqtt";
import { mosquitto } from "./clients/mosquitto-session.ts";
import { pahoPython } from "./clients/mqtt-drivers.ts";
import { type HeardMessage, heard, type MqttSessionClient } from "./clients/mqtt-session.ts";
import { mqttjs } from "./clients/mqttjs-session.ts";
import { REFERENCE, startTarget, type Target } from "./target.ts";
import { programsMissing, required } from "./tools.ts";

/** Retained messages over crashes and for Kafka clients, and shared subscriptions whose members die. */
const START_MS = 60_000;
const TEST_MS = 60_000;
const TOPICS = 40;
const CRASHES = 3;
const CRASH_AFTER_MS = 500;
const CLIENTS: readonly MqttSessionClient[] = [mosquitto("5"), pahoPython("3.1.1"), mqttjs("5")];

let target: Target;

beforeAll(async () => {
  target = await startTarget();
}, START_MS);
afterAll(() => target?.stop(), START_MS);

/**
 * What a client that subscribes now finds first of every topic, up to so many. Where somebody publishes meanwhile that
 * may be a live message.
 */
async function firstOf(
  client: MqttSessionClient,
  filter: string,
  count: number,
): Promise<Map<string, HeardMessage>> {
  const clientId = `reader-${client.name.replaceAll(/[ .]/g, "-")}`;
  const reader = await client.connect({ address: target.mqtt, clientId });
  await reader.subscribe(filter, 1);
  const found = new Map<string, HeardMessage>();
  for (let seen = 0; found.size < count; ) {
    const all = await heard(reader, seen + 1);
    for (const message of all.slice(seen)) {
      if (!found.has(message.topic)) found.set(message.topic, message);
    }
    seen = all.length;
  }
  await reader.disconnect();
  return found;
}

describe.skipIf(REFERENCE)("retained messages over kills of the broker", () => {
  test(
    "a topic has what was last acknowledged, or something later",
    async () => {
      const client = await mqtt.connectAsync(`mqtt://${target.mqtt}`, {
        ...{ clientId: "keeper", clean: false, reconnectPeriod: 50, protocolVersion: 5 },
      });
      client.on("error", () => {});
      const acked = new Array<number>(TOPICS).fill(-1);
      const sent = new Array<number>(TOPICS).fill(-1);
      let going = true;
      const publishing = (async () => {
        const under: Promise<unknown>[] = [];
        for (let n = 0; going; n++) {
          const at = n % TOPICS;
          sent[at] = n;
          const done = client.publishAsync(`kept/${at}`, String(n), { qos: 1, retain: true });
          under.push(
            done.then(
              () => {
                acked[at] = Math.max(acked[at] ?? -1, n);
              },
              () => {},
            ),
          );
          await Bun.sleep(1);
        }
        await Promise.all(under);
      })();
      for (let crash = 0; crash < CRASHES; crash++) {
        await Bun.sleep(CRASH_AFTER_MS);
        const before = [...acked];
        await target.crash();
        const found = await firstOf(mqttjs("5"), "kept/#", before.filter((n) => n >= 0).length);
        before.forEach((last, at) => {
          if (last < 0) return;
          const value = Number(found.get(`kept/${at}`)?.payload ?? -1);
          expect(value).toBeGreaterThanOrEqual(last);
          expect(value).toBeLessThanOrEqual(sent[at] ?? -1);
        });
      }
      going = false;
      await publishing;
      await client.endAsync();
      for (const reader of CLIENTS.filter((one) => one.missing() === null)) {
        const found = await firstOf(reader, "kept/+", TOPICS);
        expect([...found.values()].every(({ retain }) => retain)).toBe(true);
        const values = Array.from({ length: TOPICS }, (_, at) => Number(found.get(`kept/${at}`)?.payload));
        expect(values).toEqual(acked);
      }
    },
    TEST_MS,
  );

  test.skipIf(required(programsMissing("kcat")) !== null)(
    "any Kafka client reads the last value of every topic",
    async () => {
      const client = await mqtt.connectAsync(`mqtt://${target.mqtt}`, { protocolVersion: 5 });
      for (const value of ["1", "2", "3"]) {
        await client.publishAsync("table/a", value, { qos: 1, retain: true });
        await client.publishAsync("table/b", value, {
          ...{ qos: 1, retain: true, properties: { contentType: "text/plain" } },
        });
      }
      await client.publishAsync("table/a", "", { qos: 1, retain: true });
      await client.endAsync();
      const read = Bun.spawnSync([
        ...["kcat", "-q", "-e", "-b", target.kafka, "-C", "-t", "__mqtt_retained"],
        ...["-f", "%k\t%S\t%s\t%h\n"],
      ]);
      const table = new Map<string, string>();
      for (const line of read.stdout.toString().split("\n")) {
        const [key = "", size, value = "", headers = ""] = line.split("\t");
        if (!key.startsWith("table/")) continue;
        if (size === "-1") table.delete(key);
        else table.set(key, `${value} ${headers}`);
      }
      expect([...table.keys()]).toEqual(["table/b"]);
      expect(table.get("table/b")).toContain("3 mqtt.qos=1");
      expect(table.get("table/b")).toContain("mqtt.content-type=text/plain");
    },
    TEST_MS,
  );
});

describe("a member of a shared subscription that dies", () => {
  for (const client of CLIENTS) {
    test.skipIf(required(client.missing()) !== null)(
      `${client.name}: what it had goes to the others`,
      async () => {
        const name = client.name.replaceAll(/[ .]/g, "-");
        const filter = `$share/${name}/${name}/jobs`;
        const members = await Promise.all(
          [1, 2, 3].map(async (n) => {
            const member = await client.connect({ address: target.mqtt, clientId: `${name}-${n}` });
            await member.subscribe(filter, 1);
            return member;
          }),
        );
        const publisher = await mqtt.connectAsync(`mqtt://${target.mqtt}`);
        const jobs = Array.from({ length: 60 }, (_, n) => `job ${n}`);
        const [dying] = members;
        for (const [n, payload] of jobs.entries()) {
          await publisher.publishAsync(`${name}/jobs`, payload, { qos: 1 });
          if (n === 20) await dying?.die();
        }
        const done = () => new Set(members.flatMap((member) => member.heard.map(({ payload }) => payload)));
        const deadline = Date.now() + 15_000;
        while (done().size < jobs.length && Date.now() < deadline) await Bun.sleep(20);
        expect([...done()].sort()).toEqual(jobs.toSorted());
        for (const member of members.slice(1)) {
          expect(member.heard.length).toBeGreaterThan(10);
          await member.disconnect();
        }
        await publisher.endAsync();
      },
      TEST_MS,
    );
  }
});
