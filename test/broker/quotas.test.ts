import { describe, expect, test } from "bun:test";
import { ClientQuotas } from "../../src/broker/client-quotas.ts";
import { Quotas } from "../../src/broker/quotas.ts";
import { ManualClock } from "../../src/io/simulated/clock.ts";

const ANN = { user: "ann", clientId: "c" };

function opened(...limits: readonly (readonly [Readonly<Record<string, string | null>>, string, number])[]) {
  const clock = new ManualClock();
  const table = new ClientQuotas();
  for (const [entity, key, value] of limits) table.set(new Map(Object.entries(entity)), key, value);
  return { clock, table, quotas: new Quotas(clock, table) };
}

describe("byte rates", () => {
  test("a burst of ten seconds' worth is free, what is more has to be waited for", () => {
    const { quotas, clock } = opened([{ user: "ann" }, "producer_byte_rate", 1000]);
    expect(quotas.record("produce", ANN, 10_000)).toBe(0);
    // 20,000 bytes in 10 s are 2,000 a second: as many seconds again have to pass.
    expect(quotas.record("produce", ANN, 10_000)).toBe(10_000);
    expect(quotas.record("fetch", ANN, 1_000_000)).toBe(0);
    clock.advance(60_000);
    expect(quotas.record("produce", ANN, 10_000)).toBe(0);
  });

  test("who obeys the throttle times gets the rate of the quota", () => {
    const { quotas, clock } = opened([{ user: "ann" }, "consumer_byte_rate", 5000]);
    let bytes = 0;
    for (let request = 0; request < 400; request += 1) {
      bytes += 2000;
      clock.advance(quotas.record("fetch", ANN, 2000) + 1);
    }
    const burst = 11 * 5000;
    expect(bytes).toBeLessThanOrEqual((clock.monotonicMs() / 1000) * 5000 * 1.02 + burst);
    expect(bytes).toBeGreaterThan((clock.monotonicMs() / 1000) * 5000 * 0.9);
  });

  test("a quota that was taken back bounds nothing", () => {
    const { quotas, table } = opened([{ user: "ann" }, "producer_byte_rate", 1]);
    expect(quotas.record("produce", ANN, 1000)).toBeGreaterThan(0);
    table.set(new Map([["user", "ann"]]), "producer_byte_rate", null);
    quotas.changed();
    expect(quotas.record("produce", ANN, 1000)).toBe(0);
  });
});

describe("the entity that counts", () => {
  // In Kafka's order; each alone would throttle by a bound of its own.
  const entities = [
    { user: "ann", "client-id": "c" },
    { user: "ann", "client-id": null },
    { user: "ann" },
    { user: null, "client-id": "c" },
    { user: null, "client-id": null },
    { user: null },
    { "client-id": "c" },
    { "client-id": null },
  ] as const;

  test.each(entities.map((_, index) => index))("is the most specific, from the %p. on", (index) => {
    const limits = entities
      .slice(index)
      .map((entity, at) => [entity, "producer_byte_rate", 10 ** at] as const);
    const { quotas } = opened(...limits);
    expect(quotas.record("produce", ANN, 20)).toBe(10_000);
  });

  test("clients of one user share a user's quota, those of a default client id have one each", () => {
    const user = opened([{ user: "ann" }, "producer_byte_rate", 10]).quotas;
    user.record("produce", ANN, 100);
    expect(user.record("produce", { ...ANN, clientId: "other" }, 100)).toBeGreaterThan(0);
    const client = opened([{ "client-id": null }, "producer_byte_rate", 10]).quotas;
    client.record("produce", ANN, 100);
    expect(client.record("produce", { ...ANN, clientId: "other" }, 100)).toBe(0);
    expect(client.record("produce", { user: "bob", clientId: "c" }, 100)).toBeGreaterThan(0);
  });
});

describe("other quotas", () => {
  test("a share of the broker's time: less than half of each second for 50 percent", () => {
    const { quotas, clock } = opened([{ user: null }, "request_percentage", 50]);
    let throttledMs = 0;
    for (let second = 0; second < 30; second += 1) {
      throttledMs = quotas.record("request", ANN, 400);
      clock.advance(1000);
    }
    expect(throttledMs).toBe(0);
    for (let second = 0; second < 30; second += 1) throttledMs = quotas.record("request", ANN, 2000);
    // Never longer than a window, so that a client is not lost over one slow request.
    expect(throttledMs).toBe(1000);
  });

  test("connections of an address, of those without a quota of their own the default", () => {
    const { quotas, clock } = opened(
      [{ ip: null }, "connection_creation_rate", 1],
      [{ ip: "10.0.0.2" }, "connection_creation_rate", 100],
    );
    const refused = (address: string) =>
      Array.from({ length: 20 }, () => quotas.connectionExceeds(address)).filter((exceeds) => exceeds).length;
    expect(refused("10.0.0.1")).toBe(10);
    expect(refused("10.0.0.2")).toBe(0);
    clock.advance(60_000);
    expect(quotas.connectionExceeds("10.0.0.1")).toBe(false);
  });

  test("changes of partitions come from a bucket that may be overdrawn once", () => {
    const { quotas, clock } = opened([{ user: "ann" }, "controller_mutation_rate", 2]);
    const quota = quotas.mutations(ANN);
    quota.take(22);
    expect([quota.open, quota.throttleMs]).toEqual([true, 0]);
    quota.take(10);
    expect([quota.open, quota.throttleMs]).toEqual([false, 5000]);
    expect(quotas.mutations({ ...ANN, user: "bob" }).open).toBe(true);
    clock.advance(5000);
    expect(quotas.mutations(ANN).open).toBe(true);
  });

  test("what is measured is bounded, however many clients come", () => {
    const { quotas } = opened([{ "client-id": null }, "producer_byte_rate", 10]);
    quotas.record("produce", { user: "x", clientId: "first" }, 200);
    for (let client = 0; client < 10_001; client += 1)
      quotas.record("produce", { user: "x", clientId: `${client}` }, 1);
    // The first is forgotten, and begins anew.
    expect(quotas.record("produce", { user: "x", clientId: "first" }, 50)).toBe(0);
  });
});
