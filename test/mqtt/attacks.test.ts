import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Broker, Bystander, startBroker } from "./attacks/broker.ts";
import { ROWS } from "./attacks/rows.ts";

const GROWTH_MIB = 48;

let broker: Broker;
let bystander: Bystander;

beforeAll(async () => {
  broker = await startBroker();
  const client = await broker.user("bystander", 5, "bystander");
  broker.clients.length = 0;
  // Of QoS 0: nothing waits for its acknowledgement.
  client.subscribe("by/#", 0);
  await client.packet("suback");
  bystander = new Bystander(client);
  // What is made with the first connections and records is no attack's.
  await Promise.all(Array.from({ length: 100 }, (_, index) => broker.user("mallory", 4, `warm${index}`)));
  for (let count = 0; count < 200; count++) await bystander.beat();
  for (const one of broker.clients.splice(0)) one.close();
}, 60_000);

afterAll(async () => {
  await broker.dispose();
});

/**
 * What attackers do to MQTT brokers, each a row, against a real process. While a row has its hold on the broker, a
 * bystander publishes, is acknowledged and gets its message; memory stays within the row's bound; and when the
 * attacker is gone, so is all that was his.
 */
describe("an attacker", () => {
  for (const { name, attack, maxGrowthMiB = GROWTH_MIB } of ROWS) {
    test(`${name}: the broker serves others, in bounded memory, and forgets`, async () => {
      const beforeMiB = broker.rssMiB;
      let beats = 0;
      try {
        await attack(broker, async () => {
          await bystander.beat();
          beats++;
        });
        expect(beats).toBeGreaterThan(0);
        expect(broker.rssMiB - beforeMiB).toBeLessThan(maxGrowthMiB);
      } finally {
        for (const client of broker.clients.splice(0)) client.close();
      }
      for (let wait = 0; wait < 1_000 && (await broker.status()).connections > 1; wait++) await Bun.sleep(10);
      expect((await broker.status()).connections).toBe(1);
      await bystander.beat();
      expect(broker.headwater.running).toBe(true);
    }, 30_000);
  }

  test("has been counted", async () => {
    const response = await fetch(`http://${broker.headwater.http}/metrics`);
    const refused = /^headwater_mqtt_logins_refused_total (\d+)$/m.exec(await response.text())?.[1];
    expect(Number(refused)).toBeGreaterThan(100);
  });

  test("has left no line that is a bug's, and no password in the log", () => {
    const log = broker.headwater.log();
    expect(log).not.toContain("A bug in Headwater");
    expect(log).not.toContain("guess1");
    expect(log).not.toContain("$argon2id$");
  });
});
