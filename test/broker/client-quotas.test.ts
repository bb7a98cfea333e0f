import { describe, expect, test } from "bun:test";
import { ClientQuotas, entityKey, type QuotaEntity } from "../../src/broker/client-quotas.ts";

function entity(parts: Readonly<Record<string, string | null>>): QuotaEntity {
  return new Map(Object.entries(parts));
}

function filled(): ClientQuotas {
  const quotas = new ClientQuotas();
  quotas.set(entity({ user: "ann" }), "producer_byte_rate", 1);
  quotas.set(entity({ user: null }), "producer_byte_rate", 2);
  quotas.set(entity({ user: "ann", "client-id": "c" }), "consumer_byte_rate", 3);
  quotas.set(entity({ "client-id": null }), "request_percentage", 4);
  quotas.set(entity({ ip: "10.0.0.1" }), "connection_creation_rate", 5);
  return quotas;
}

describe("ClientQuotas", () => {
  test("an entity is the same whatever the order of its parts, and a default is none of the names", () => {
    const one = entityKey(entity({ user: "a", "client-id": "b" }));
    expect(entityKey(entity({ "client-id": "b", user: "a" }))).toBe(one);
    const others = [{ user: "a" }, { user: null, "client-id": "b" }, { user: "null", "client-id": "b" }];
    expect(new Set([one, ...others.map((parts) => entityKey(entity(parts)))]).size).toBe(4);
  });

  test("an entity without values is gone", () => {
    const quotas = filled();
    quotas.set(entity({ user: "ann" }), "producer_byte_rate", null);
    expect(quotas.get(entity({ user: "ann" }))).toBeNull();
    expect(quotas.size).toBe(4);
  });

  test.each([
    ["everything", [], false, 5],
    ["nothing, where strict", [], true, 0],
    ["users, named and default", [{ type: "user", match: "any" }], false, 3],
    ["users alone", [{ type: "user", match: "any" }], true, 2],
    ["the default user", [{ type: "user", match: { name: null } }], false, 1],
    ["one user", [{ type: "user", match: { name: "ann" } }], false, 2],
    ["an address", [{ type: "ip", match: { name: "10.0.0.1" } }], true, 1],
    ["who is not there", [{ type: "ip", match: { name: "10.0.0.2" } }], false, 0],
  ] as const)("finds %s", (_, filters, strict, count) => {
    expect(filled().find(filters, strict)).toHaveLength(count);
  });

  test.each([
    ["producer_byte_rate", 1000, null],
    ["producer_byte_rate", 0, "greater than 0"],
    ["producer_byte_rate", -1, "greater than 0"],
    ["producer_byte_rate", 0.5, "fractional"],
    ["producer_byte_rate", 1e30, "too large"],
    ["producer_byte_rate", Number.POSITIVE_INFINITY, "too large"],
    ["producer_byte_rate", Number.NaN, "greater than 0"],
    ["request_percentage", 12.5, null],
    ["request_percentage", Number.POSITIVE_INFINITY, "finite"],
    ["connection_creation_rate", 1, "Invalid configuration key"],
    ["nonsense", 1, "Invalid configuration key"],
    ["nonsense", null, null],
  ] as const)("a user's %s of %p: %p", (key, value, fault) => {
    const said = new ClientQuotas().fault(entity({ user: "a" }), new Map([[key, value]]), 0);
    if (fault === null) expect(said).toBeNull();
    else expect(said).toContain(fault);
  });

  test.each([
    [{}, "empty"],
    [{ host: "a" }, "Unhandled"],
    [{ user: "" }, "Empty user"],
    [{ ip: "10.0.0.1", user: "a" }, "combined"],
    [{ ip: "somewhere.example" }, "no IP address"],
    [{ ip: "10.0.0.256" }, "no IP address"],
    [{ ip: "fe80::1" }, null],
    [{ ip: null }, null],
    [{ user: null, "client-id": null }, null],
  ] as const)("an entity %p: %p", (parts, fault) => {
    const said = new ClientQuotas().fault(entity(parts), new Map(), 0);
    if (fault === null) expect(said).toBeNull();
    else expect(said).toContain(fault);
  });

  test("entities are bounded, those that the same request adds counted", () => {
    const quotas = filled();
    const values = new Map([["producer_byte_rate", 1]]);
    const last = 10_000 - quotas.size - 1;
    expect(quotas.fault(entity({ user: "new" }), values, last)).toBeNull();
    expect(quotas.fault(entity({ user: "new" }), values, last + 1)).toContain("the limit");
    expect(quotas.fault(entity({ user: "ann" }), values, last + 1)).toBeNull();
    const taken = new Map([["producer_byte_rate", null]]);
    expect(quotas.fault(entity({ user: "new" }), taken, last + 1)).toBeNull();
  });
});
