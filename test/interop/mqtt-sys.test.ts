import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Headwater, startHeadwater } from "../support/headwater.ts";
import { type MosquittoBroker, startMosquitto } from "./target.ts";
import { programsMissing, required } from "./tools.ts";

/** What monitors find under $SYS here and in a real mosquitto. */
const START_MS = 30_000;
const WATCH_SEC = 4;

const missing = required(programsMissing("mosquitto", "mosquitto_sub", "mosquitto_pub"));
let headwater: Headwater;
let mosquitto: MosquittoBroker;

beforeAll(async () => {
  if (missing !== null) return;
  mosquitto = await startMosquitto({}, ["sys_interval 1"]);
  headwater = await startHeadwater({ settings: { "mqtt.sys.interval.ms": "1s" } });
}, START_MS);

afterAll(async () => {
  await headwater?.dispose();
  await mosquitto?.stop();
}, START_MS);

/** All messages of a broker's $SYS while somebody publishes, by topic. */
async function figures(address: string): Promise<Map<string, string[]>> {
  const [host = "", port = ""] = address.split(":");
  const at = ["-h", host, "-p", port];
  const child = Bun.spawn(["mosquitto_sub", ...at, "-t", "$SYS/#", "-F", "%t\t%p", "-W", String(WATCH_SEC)], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  for (let n = 0; n < 5; n++) {
    await Bun.sleep(300);
    const publish = ["-t", "monitored/topic", "-m", "12345", "-q", "1", ...(n === 0 ? ["-r"] : [])];
    await Bun.spawn(["mosquitto_pub", ...at, ...publish]).exited;
  }
  const found = new Map<string, string[]>();
  for (const line of (await new Response(child.stdout).text()).split("\n")) {
    const [topic = "", text = ""] = line.split("\t");
    if (topic !== "") found.set(topic, [...(found.get(topic) ?? []), text]);
  }
  return found;
}

/** What a text is, for the comparison of forms. */
function formOf(text: string | undefined): string {
  if (text === undefined) return "nothing";
  return text.replace(/^(mosquitto|headwater) version .*/, "NAME version").replace(/\d+/g, "N");
}

test.skipIf(missing !== null)(
  "the same topics, in the same form, with the same counts",
  async () => {
    const [theirs, ours] = await Promise.all([figures(mosquitto.address), figures(headwater.mqtt)]);
    expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
    const forms = (all: Map<string, string[]>) =>
      [...all].map(([topic, texts]) => `${topic}: ${formOf(texts.at(-1))}`).sort();
    expect(forms(ours)).toEqual(forms(theirs));
    const count = (topic: string) => ours.get(`$SYS/broker/${topic}`)?.at(-1);
    expect(count("publish/messages/received")).toBe("5");
    expect(count("publish/bytes/received")).toBe("25");
    expect(count("retained messages/count")).toBe("1");
    expect(count("clients/connected")).toBe("1");
    expect(count("subscriptions/count")).toBe("1");
  },
  START_MS,
);
