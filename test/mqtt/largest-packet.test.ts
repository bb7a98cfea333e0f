import { describe, expect, test } from "bun:test";
import { OPTIONS } from "../../src/config/options.ts";
import { DEFAULT_MQTT_LIMITS } from "../../src/mqtt/limits.ts";
import { recordsOf } from "../broker/support.ts";
import { BrokerRig } from "./support/broker-rig.ts";
import { type LogLine, recorder } from "./support/rig.ts";

/** Of a PUBLISH of QoS 1 before MQTT 5: fixed header, length of the topic, packet identifier. */
const FRAME_BYTES = 4 + 2 + 2;

describe("the largest packet that is taken by default", () => {
  const { maxPacketBytes } = DEFAULT_MQTT_LIMITS;

  test("is that of the settings", () => {
    expect(OPTIONS["mqtt.max.packet.bytes"].default).toBe(maxPacketBytes);
  });

  for (const keyBytes of [1, 65_000]) {
    test(`is stored, with a key of ${keyBytes} bytes`, async () => {
      const rig = await BrokerRig.start();
      const device = rig.connect("d", 4);
      const topic = `devices/${"k".repeat(keyBytes)}/t`;
      device.publish(topic, "x".repeat(maxPacketBytes - FRAME_BYTES - topic.length), 1, 1);
      await rig.run();
      expect(device.connection.closed).toBe(false);
      expect(device.take().map(({ cmd }) => cmd)).toEqual(["puback"]);
      expect(recordsOf(rig.open, "telemetry").map(({ key }) => key?.length)).toEqual([keyBytes]);
      device.publish(topic, "x".repeat(maxPacketBytes - FRAME_BYTES - topic.length + 1), 1, 2);
      expect(device.connection.closed).toBe(true);
    });
  }

  test("is refused by a topic that takes less, with a line that says what to do", async () => {
    const lines: LogLine[] = [];
    const rig = await BrokerRig.start({ door: { log: recorder(lines) } });
    rig.createTopic("telemetry", 1, { "max.message.bytes": "1000" });
    const device = rig.connect("d", 5);
    device.publish("devices/a/t", "x".repeat(2_000), 1, 1, { retain: true });
    await rig.run();
    expect(device.take()).toMatchObject([{ cmd: "puback", reasonCode: 0x97 }]);
    expect(lines.at(-1)?.fields.reason).toMatch(
      /^a batch of 2\d\d\d bytes is more than the topic telemetry takes \(max\.message\.bytes = 1000\): raise that setting of the topic, or lower mqtt\.max\.packet\.bytes$/,
    );
  });
});
