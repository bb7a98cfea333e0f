import { describe, expect, test } from "bun:test";
import { recordsOf } from "../broker/support.ts";
import { BrokerRig } from "./support/broker-rig.ts";

describe("a topic that refuses what is new while the disk is full", () => {
  for (const version of [4, 5] as const) {
    test(`gives devices of MQTT ${version === 4 ? "3.1.1 no acknowledgement" : "5 reason 0x97"} until there is space`, async () => {
      const rig = await BrokerRig.start();
      rig.createTopic("telemetry", 1, { "headwater.full.policy": "refuse-new" });
      const device = rig.connect("d", version);
      device.publish("devices/a/t", "before", 1, 1);
      await rig.run();
      expect(device.take()).toMatchObject([{ cmd: "puback" }]);
      rig.open.disk.limitFreeBytes(0);
      device.publish("devices/a/t", "x".repeat(100_000), 1, 2);
      await rig.run();
      expect(recordsOf(rig.open, "telemetry")).toHaveLength(1);
      if (version === 4) expect(device.connection.closed || device.take().length === 0).toBe(true);
      else expect(device.take()).toMatchObject([{ cmd: "puback", messageId: 2, reasonCode: 0x97 }]);
      rig.open.disk.limitFreeBytes(1024 * 1024 * 1024);
      const again = rig.connect("e", version);
      again.publish("devices/a/t", "x".repeat(100_000), 1, 3);
      await rig.run();
      expect(again.take()).toMatchObject([{ cmd: "puback", messageId: 3 }]);
      expect(recordsOf(rig.open, "telemetry")).toHaveLength(2);
    });
  }
});
