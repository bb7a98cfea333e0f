import { describe, expect, test } from "bun:test";
import {
  type Desired,
  decide,
  type FleetMember,
  parseDesired,
  ringOf,
  shareOf,
} from "../../src/update/desired.ts";

const SUM = "ab".repeat(32);
const RECORD = {
  version: "0.2.0+abc",
  bundles: { arm64: { url: "https://updates.example.org/arm64.update", manifestSha256: SUM } },
};
const MEMBER: FleetMember = { gatewayId: "gateway-7", ring: "", architecture: "arm64", version: "0.1.0+def" };
const RINGS = [
  { name: "canary", percent: 5 },
  { name: "early", percent: 25 },
  { name: "all", percent: 100 },
];

const parse = (value: unknown) => parseDesired(new TextEncoder().encode(JSON.stringify(value)));

function desired(more: object = {}): Desired {
  const read = parse({ ...RECORD, ...more });
  if (typeof read === "string") throw new Error(read);
  return read;
}

const why = (more: object, member: Partial<FleetMember> = {}, failures = 0): string => {
  const decision = decide(desired(more), { ...MEMBER, ...member }, failures);
  return decision.kind === "stay" ? decision.why : "update";
};

describe("a record of what the centre wants", () => {
  test("is taken where this gateway may have it", () => {
    const decision = decide(desired(), MEMBER, 0);
    expect(decision).toEqual({
      kind: "update",
      version: "0.2.0+abc",
      bundle: { url: "https://updates.example.org/arm64.update", manifestSha256: SUM },
      allowOlder: false,
      delayMs: 0,
    });
  });

  test("leaves alone who runs it, has no bundle, has given it up too often; and everybody once it is stopped", () => {
    expect(why({}, { version: "0.2.0+abc" })).toBe("it runs");
    expect(why({}, { architecture: "x64" })).toBe("there is no bundle for x64");
    expect(why({}, { architecture: "toString" })).toBe("there is no bundle for toString");
    expect(why({}, {}, 1)).toBe("it was given up here 1 times");
    expect([why({ attempts: 2 }, {}, 1), why({ attempts: 2 }, {}, 2)]).toEqual([
      "update",
      "it was given up here 2 times",
    ]);
    expect(why({ stop: true })).toBe("the centre has stopped it");
  });

  test("goes from ring to ring, each gateway in the same one for ever, in shares as they are said", () => {
    const fleet = Array.from({ length: 10_000 }, (_, index) => `gateway-${index}`);
    const counts = new Map<string, number>();
    for (const gatewayId of fleet) {
      const ring = ringOf(desired({ rings: RINGS }), { ...MEMBER, gatewayId }) ?? "";
      counts.set(ring, (counts.get(ring) ?? 0) + 1);
    }
    for (const [name, wanted] of [
      ["canary", 500],
      ["early", 2000],
      ["all", 7500],
    ] as const) {
      expect(Math.abs((counts.get(name) ?? 0) - wanted)).toBeLessThan(150);
    }
    // Of a gateway that is known: its ring never changes, whatever else does.
    expect(shareOf("gateway-7")).toBeCloseTo(0.69209, 5);
    expect(why({ rings: RINGS, released: "early" })).toBe("its ring all is not released yet");
    expect(why({ rings: RINGS, released: "all" })).toBe("update");
    expect(why({ rings: RINGS })).toBe("update");
    expect(why({ rings: RINGS, released: "canary" }, { ring: "canary" })).toBe("update");
    expect(why({ rings: RINGS }, { ring: "lab" })).toBe("this gateway is in none of the rings");
    expect(why({ rings: [{ name: "few", percent: 1 }] })).toBe("this gateway is in none of the rings");
  });

  test("spreads gateways over its jitter, each version in another order", () => {
    const delays = (version: string) =>
      Array.from({ length: 200 }, (_, index) => {
        const decision = decide(
          desired({ version, jitterMs: 1000 }),
          { ...MEMBER, gatewayId: `g${index}` },
          0,
        );
        return decision.kind === "update" ? decision.delayMs : -1;
      });
    const first = delays("0.2.0");
    expect(Math.min(...first)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...first)).toBeLessThan(1000);
    expect(new Set(first).size).toBeGreaterThan(150);
    expect(delays("0.3.0")).not.toEqual(first);
  });

  test("that is none is refused, with why", () => {
    const cases: readonly (readonly [unknown, string])[] = [
      [[], "no object"],
      [{ ...RECORD, version: 7 }, "version"],
      [{ ...RECORD, bundles: { arm64: { url: "ftp://x", manifestSha256: SUM } } }, "url for arm64"],
      [
        { ...RECORD, bundles: { arm64: { url: "https://x", manifestSha256: "00" } } },
        "manifestSha256 for arm64",
      ],
      [{ ...RECORD, rings: [{ name: "a", percent: 101 }] }, "rings"],
      [{ ...RECORD, rings: RINGS, released: "late" }, "released"],
      [{ ...RECORD, jitterMs: -1 }, "jitterMs"],
      [{ ...RECORD, attempts: 0 }, "attempts"],
      [{ ...RECORD, stop: "yes" }, "stop"],
    ];
    for (const [value, fault] of cases) expect(parse(value)).toContain(fault);
    expect(parseDesired(new TextEncoder().encode("{"))).toBe("it is no JSON");
    expect(parseDesired(new Uint8Array(70_000))).toContain("more than");
  });
});
