import { expect, test } from "bun:test";
import { localDoor } from "../../../src/mqtt/bridge/local-door.ts";
import { usersText } from "../../security/support.ts";
import { GuardedRig } from "../rights/support.ts";
import { FakeRetained } from "../support/fake-retained.ts";

const FILES = {
  users: usersText({ anna: "anna" }),
  "acl.toml": '[[rule]]\nwho = "user:anna"\nallow = "subscribe"\ntopics = "devices/#"\n',
};
const NO_LOGS = { topic: () => null, topics: () => [], onAppended: () => () => {} };

test("what a bridge brings needs no rule, live or retained, also after a restart", async () => {
  const retained = new FakeRetained();
  const rig = new GuardedRig({ files: FILES, retained });
  const anna = await rig.user("anna");
  anna.subscribe("devices/#", 1);
  const message = {
    payload: Uint8Array.of(0x31),
    properties: null,
    expirySec: -1,
    qos: 1,
    retain: true,
  } as const;
  let settled = "";
  localDoor(rig.door.inside, NO_LOGS, "headwater-gw-up").publish(
    { ...message, topic: "devices/a" },
    ({ kind }) => {
      settled = kind;
    },
  );
  rig.settle();
  rig.settle();
  expect(settled).toBe("durable");
  expect(anna.published().map(({ topic }) => topic)).toEqual(["devices/a"]);
  for (const next of [rig, new GuardedRig({ files: FILES, retained })]) {
    const late = await next.user("anna", 5, "late");
    late.send({
      cmd: "subscribe",
      messageId: 1,
      subscriptions: [{ topic: "devices/#", qos: 1, nl: false, rap: false, rh: 0 }],
    });
    next.settle();
    next.clock.advance(100);
    next.settle();
    expect(late.published().map(({ topic }) => topic)).toEqual(["devices/a"]);
  }
});
