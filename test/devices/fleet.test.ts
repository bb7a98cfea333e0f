import { afterAll, beforeAll, expect, test } from "bun:test";
import mqtt from "mqtt";
import { DEFAULT_FLEET, Fleet } from "../../devices/simulator/fleet.ts";
import { readLedgers, writeLedgers } from "../../devices/simulator/ledger.ts";
import { decodeReading, type Reading } from "../../devices/simulator/reading.ts";
import { Verifier } from "../../devices/simulator/verify.ts";
import { type SiteBroker, startSiteBroker } from "../../devices/site-broker/site-broker.ts";

let site: SiteBroker;

beforeAll(async () => {
  site = await startSiteBroker();
});

afterAll(() => site.close());

/** All that the site broker speaks: MQTT 3.1.1. */
const protocolVersion = 4;

test.each(["json", "cbor"] as const)(
  "a fleet's readings come through a plain broker (%s)",
  async (format) => {
    const heard: Reading[] = [];
    const listener = await mqtt.connectAsync({ host: site.host, port: site.port, protocolVersion });
    listener.on("message", (_, payload) => {
      const reading = decodeReading(payload);
      if (reading !== null) heard.push(reading);
    });
    await listener.subscribeAsync("devices/+/+", { qos: 1 });
    const fleet = new Fleet({
      ...DEFAULT_FLEET,
      host: site.host,
      port: site.port,
      protocolVersion,
      devices: 3,
      rateHz: 0,
      readings: 50,
      format,
    });
    fleet.start();
    await fleet.finished();
    await fleet.stop();
    while (heard.length < 150) await Bun.sleep(5);
    await listener.endAsync();
    const verifier = new Verifier(readLedgers(writeLedgers(fleet.ledgers)));
    for (const [index, reading] of heard.entries()) verifier.add(reading, String(index));
    expect(verifier.verdict()).toMatchObject({ ok: true, acked: 150, found: 150 });
  },
);

test("an unknown profile is refused with the ones there are", () => {
  expect(() => new Fleet({ ...DEFAULT_FLEET, profile: "smell" })).toThrow(/smell.*temperature/);
});
