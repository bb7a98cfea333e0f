import { describe, expect, test } from "bun:test";
import { encodePayload, type UPayload } from "sparkplug-payload/lib/sparkplugbpayload.js";
import { usersText } from "../../security/support.ts";
import { FakeRetained } from "../support/fake-retained.ts";
import { GuardedRig } from "./support.ts";

const FILES = {
  users: usersText({ node: "node", host: "host" }),
  "acl.toml": `
[[rule]]
who = "user:node"
allow = "publish"
topics = "spBv1.0/#"
[[rule]]
who = "user:host"
allow = "subscribe"
topics = ["#", "$sparkplug/#"]
`,
};
const ROUTES = [
  {
    filter: "spBv1.0/#",
    topic: "plant",
    payload: "sparkplug-b",
    sparkplug: { rebirthIntervalMs: 60_000, isAware: true },
  },
  { filter: "#", topic: "mqtt" },
] as const;
const BIRTH: UPayload = { timestamp: 1, seq: 0, metrics: [{ name: "bdSeq", type: "Int64", value: 0 }] };

async function retainedFor(rig: GuardedRig, filter: string): Promise<readonly string[]> {
  const host = await rig.user("host");
  host.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: filter, qos: 0 }] });
  rig.settle();
  rig.clock.advance(100);
  rig.settle();
  return host.published().map(({ topic }) => topic);
}

test("what the gateway itself has retained needs no rule, also after a restart", async () => {
  const retained = new FakeRetained();
  const rig = new GuardedRig({ files: FILES, routes: ROUTES, retained });
  const node = await rig.user("node", 4);
  node.send({
    ...{ cmd: "publish", topic: "spBv1.0/G/NBIRTH/N", payload: Buffer.from(encodePayload(BIRTH)) },
    ...{ qos: 0, retain: false, dup: false },
  });
  rig.settle();
  rig.settle();
  for (const next of [rig, new GuardedRig({ files: FILES, routes: ROUTES, retained })]) {
    expect(await retainedFor(next, "$sparkplug/certificates/#")).toEqual([
      "$sparkplug/certificates/spBv1.0/G/NBIRTH/N",
    ]);
  }
});

describe("a client is not taken for the gateway", () => {
  test.each([
    ["by its client id", "downlink commands", {}],
    ["by no client id", "", {}],
    ["by an empty user name", "x", { username: "", password: Buffer.from("") }],
  ])("%s", async (_how, clientId, more) => {
    for (const users of [FILES.users, null]) {
      const files = { "acl.toml": FILES["acl.toml"], ...(users === null ? {} : { users }) };
      const rig = new GuardedRig({ files, routes: ROUTES });
      const { device, code } = await rig.connect(5, clientId, more);
      if (code === 0) device.publish("a", "forged", 1, 1, { retain: true });
      rig.settle();
      expect([code === 0 || code === 0x86, rig.appended, rig.retained.batches]).toEqual([true, [], []]);
    }
  });
});
