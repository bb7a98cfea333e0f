import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { MessageProperties } from "./clients/mqtt-client.ts";
import { type HeardMessage, heard, type SentMessage } from "./clients/mqtt-session.ts";
import { MQTT_SESSION_CLIENTS } from "./clients/mqtt-session-clients.ts";
import { mqttjs } from "./clients/mqttjs-session.ts";
import { runWell } from "./clients/run.ts";
import { Results } from "./results.ts";
import { startTarget, type Target } from "./target.ts";
import { programsMissing, required } from "./tools.ts";

/** What clients do over the life of a connection: every kind of client, each against a plain one beside it. */
const START_MS = 60_000;
const LEVELS = [0, 1, 2] as const;
const PLAIN = mqttjs("5");
const results = new Results("mqtt-sessions");
let target: Target;

beforeAll(async () => {
  target = await startTarget({ doors: ["mqtt"] });
}, START_MS);
afterAll(() => target?.stop(), START_MS);

for (const client of MQTT_SESSION_CLIENTS) {
  const reason = required(client.missing());
  const name = client.name.replaceAll(/[ .]/g, "-");
  const connect = (suffix: string, more: object = {}) =>
    client.connect({ address: target.mqtt, clientId: `${name}-${suffix}`, ...more });
  const plain = (suffix: string) =>
    PLAIN.connect({ address: target.mqtt, clientId: `${name}-plain-${suffix}` });

  describe(client.name, () => {
    results.test(client.name, "QoS 0, 1 and 2, both ways", reason, async () => {
      const [own, other] = [await connect("pub"), await plain("pub")];
      await own.subscribe(`${name}/in/#`, 2);
      await other.subscribe(`${name}/out/#`, 2);
      const sent = LEVELS.flatMap((qos) =>
        [1, 2, 3].map((n): SentMessage => ({ topic: `t/${qos}`, payload: `½ ${n}`, qos })),
      );
      for (const message of sent) {
        await own.publish({ ...message, topic: `${name}/out/${message.topic}` });
        await other.publish({ ...message, topic: `${name}/in/${message.topic}` });
      }
      const wanted = (direction: string): readonly HeardMessage[] =>
        sent.map((message) => ({
          ...message,
          topic: `${name}/${direction}/${message.topic}`,
          retain: false,
        }));
      expect(byTopic(await heard(own, sent.length))).toEqual(wanted("in"));
      expect(byTopic(await heard(other, sent.length))).toEqual(wanted("out"));
      await own.disconnect();
      await other.disconnect();
    });

    results.test(client.name, "retained messages", reason, async () => {
      const publisher = await connect("retaining");
      const topic = `${name}/state`;
      await publisher.publish({ topic, payload: "old", qos: 1, retain: true });
      await publisher.publish({ topic, payload: "on", qos: 1, retain: true });
      await publisher.publish({ topic: `${name}/gone`, payload: "x", qos: 1, retain: true });
      await publisher.publish({ topic: `${name}/gone`, payload: "", qos: 1, retain: true });
      await publisher.disconnect();
      const late = await connect("late");
      await late.subscribe(`${name}/+`, 1);
      const other = await plain("marker");
      await other.publish({ topic: `${name}/marker`, payload: "end", qos: 1 });
      expect(await heard(late, 2)).toEqual([
        { topic, payload: "on", qos: 1, retain: true },
        { topic: `${name}/marker`, payload: "end", qos: 1, retain: false },
      ]);
      await other.publish({ topic, payload: "", qos: 1, retain: true });
      await late.disconnect();
      await other.disconnect();
    });

    results.test(client.name, "a will", reason, async () => {
      const watcher = await plain("watcher");
      await watcher.subscribe(`${name}/availability`, 1);
      const will = { topic: `${name}/availability`, payload: "offline", qos: 1, retain: true } as const;
      const dying = await connect("dying", { will });
      await dying.die();
      const [message] = await heard(watcher, 1);
      expect(message?.payload).toBe("offline");
      const polite = await connect("polite", { will: { ...will, payload: "never" } });
      await polite.disconnect();
      await watcher.publish({ ...will, payload: "" });
      // mosquitto_sub asks for its will when it ends, with reason 0x04 of MQTT 5.
      const wanted = client.name === "mosquitto 5" ? ["offline", "never", ""] : ["offline", ""];
      const came = await heard(watcher, wanted.length);
      expect(came.map(({ payload }) => payload)).toEqual(wanted);
      await watcher.disconnect();
    });

    results.test(client.name, "a durable session over a broker's crash", reason, async () => {
      const filter = `${name}/work`;
      const first = await connect("durable", { durable: true });
      await first.subscribe(filter, 2);
      await first.disconnect();
      const wanted: HeardMessage[] = [];
      const publish = async (from: number, to: number): Promise<void> => {
        const other = await plain(`work-${from}`);
        for (let n = from; n < to; n += 1) {
          const message = { topic: filter, payload: `job ${n}`, qos: n % 2 === 0 ? 1 : 2 } as const;
          await other.publish(message);
          wanted.push({ ...message, retain: false });
        }
        await other.disconnect();
      };
      await publish(0, 10);
      await target.crash();
      await publish(10, 14);
      const back = await connect("durable", { durable: true });
      if (back.sessionPresent === null) await back.subscribe(filter, 2);
      else expect(back.sessionPresent).toBe(true);
      const came = await heard(back, wanted.length);
      // A client shows QoS 2 at its PUBREL, so the order is that of each QoS.
      for (const level of [1, 2]) {
        const of = (messages: readonly HeardMessage[]) => messages.filter(({ qos }) => qos === level);
        expect(of(came)).toEqual(of(wanted));
      }
      expect(came).toHaveLength(wanted.length);
      await back.disconnect();
    });

    results.test(client.name, "a shared subscription", reason, async () => {
      const members = [await connect("member-1"), await connect("member-2")];
      for (const member of members) await member.subscribe(`$share/${name}/${name}/jobs`, 1);
      const other = await plain("jobs");
      const jobs = Array.from({ length: 20 }, (_, n) => `job ${n}`);
      for (const payload of jobs) await other.publish({ topic: `${name}/jobs`, payload, qos: 1 });
      const deadline = Date.now() + 10_000;
      const done = (): string[] => members.flatMap((member) => member.heard.map(({ payload }) => payload));
      while (done().length < jobs.length && Date.now() < deadline) await Bun.sleep(10);
      expect(done().toSorted()).toEqual(jobs.toSorted());
      for (const member of members) {
        expect(member.heard.length).toBeGreaterThan(0);
        await member.disconnect();
      }
      await other.disconnect();
    });

    if (client.version === "5") {
      results.test(client.name, "request and response", reason, async () => {
        const [asker, answerer] = [await connect("asker"), await plain("answerer")];
        await asker.subscribe(`${name}/answers`, 1);
        await answerer.subscribe(`${name}/questions`, 1);
        const asked: MessageProperties = {
          contentType: "text/plain",
          responseTopic: `${name}/answers`,
          correlationData: "question 7",
          userProperties: [["unit", "°C"]],
        };
        await asker.publish({ topic: `${name}/questions`, payload: "warm?", qos: 1, properties: asked });
        const [question] = await heard(answerer, 1);
        expect(question?.properties).toEqual(asked);
        const { responseTopic = "", correlationData = "" } = question?.properties ?? {};
        const properties = {
          contentType: "",
          responseTopic: "",
          correlationData,
          userProperties: asked.userProperties,
        };
        await answerer.publish({ topic: responseTopic, payload: "21.5", qos: 1, properties });
        const [answer] = await heard(asker, 1);
        expect(answer?.payload).toBe("21.5");
        // mosquitto_sub shows no properties in the format that is read here.
        if (answer?.properties !== undefined) expect(answer.properties.correlationData).toBe("question 7");
        await asker.disconnect();
        await answerer.disconnect();
      });
    }
  });
}

const noRequester = required(programsMissing("mosquitto_rr"));
for (const version of ["3.1.1", "5"] as const) {
  results.test(`mosquitto ${version}`, "mosquitto_rr", noRequester, async () => {
    const answerer = await PLAIN.connect({ address: target.mqtt, clientId: `rr-answerer-${version}` });
    const topic = `rr/${version.replaceAll(".", "-")}`;
    await answerer.subscribe(`${topic}/questions`, 1);
    const [host = "", port = ""] = target.mqtt.split(":");
    const is5 = version === "5";
    const command = ["mosquitto_rr", "-h", host, "-p", port, "-V", is5 ? "mqttv5" : "mqttv311", "-q", "1"];
    const asked = runWell([...command, "-t", `${topic}/questions`, "-e", `${topic}/answers`, "-m", "warm?"]);
    const [question] = await heard(answerer, 1);
    expect(question?.payload).toBe("warm?");
    if (is5) expect(question?.properties?.responseTopic).toBe(`${topic}/answers`);
    await answerer.publish({ topic: `${topic}/answers`, payload: "21.5", qos: 1 });
    expect((await asked).trim()).toBe("21.5");
    await answerer.disconnect();
  });
}

test("there are clients in five languages, each at both versions where it speaks both", () => {
  expect(MQTT_SESSION_CLIENTS.filter(({ version }) => version === "5")).toHaveLength(5);
  expect(MQTT_SESSION_CLIENTS.filter(({ version }) => version === "3.1.1")).toHaveLength(5);
});

/** Messages of different topics may overtake each other. */
function byTopic(messages: readonly HeardMessage[]): readonly HeardMessage[] {
  return messages.toSorted((a, b) => (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : 0));
}
