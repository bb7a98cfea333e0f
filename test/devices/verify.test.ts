import { describe, expect, test } from "bun:test";
import { PROFILES } from "../../devices/profiles/profiles.ts";
import { DeviceLedger, readLedgers, writeLedgers } from "../../devices/simulator/ledger.ts";
import { decodeReading, encodeReading } from "../../devices/simulator/reading.ts";
import { Verifier } from "../../devices/simulator/verify.ts";
import { SeededRandom } from "../../src/io/simulated/random.ts";

/** A device that sent 10 readings, of which 5 and 6 were never acknowledged. */
function ledgers(): Map<string, DeviceLedger> {
  const ledger = new DeviceLedger();
  for (let i = 0; i < 10; i += 1) ledger.next();
  for (const n of [0, 1, 2, 3, 4, 7, 8, 9]) ledger.acknowledge(n);
  return new Map([["device-1", ledger]]);
}

function verdictOf(numbers: readonly number[], device = "device-1") {
  const verifier = new Verifier(readLedgers(writeLedgers(ledgers())));
  for (const [index, n] of numbers.entries()) verifier.add({ device, n, t: 0 }, `0@${index}`);
  return verifier.verdict();
}

describe("Verifier", () => {
  test("accepts every acknowledged reading once and in order, the others at most once", () => {
    expect(verdictOf([0, 1, 2, 3, 4, 7, 8, 9])).toMatchObject({ ok: true, found: 8, acked: 8 });
    expect(verdictOf([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])).toMatchObject({ ok: true, found: 10 });
  });

  test("finds what is missing", () => {
    expect(verdictOf([0, 1, 2, 3, 4, 7, 9])).toMatchObject({ ok: false, missing: 1 });
    expect(verdictOf([])).toMatchObject({ ok: false, missing: 8 });
  });

  test("finds what is there twice, acknowledged or not", () => {
    expect(verdictOf([0, 1, 2, 3, 3, 4, 7, 8, 9])).toMatchObject({ ok: false, repeated: 1 });
    expect(verdictOf([0, 1, 2, 3, 4, 5, 5, 7, 8, 9])).toMatchObject({ ok: false, repeated: 1 });
  });

  test("finds what is out of order", () => {
    expect(verdictOf([0, 1, 3, 2, 4, 7, 8, 9])).toMatchObject({ ok: false, outOfOrder: 1, missing: 0 });
  });

  test("finds what nobody sent", () => {
    expect(verdictOf([0, 1, 2, 3, 4, 7, 8, 9, 10])).toMatchObject({ ok: false, strange: 1 });
    expect(verdictOf([0], "device-2")).toMatchObject({ ok: false, strange: 1 });
  });

  test("proves nothing where nothing was acknowledged", () => {
    expect(new Verifier(new Map([["d", { sent: 5, acked: [] }]])).verdict().ok).toBe(false);
  });
});

describe("DeviceLedger", () => {
  test("refuses an acknowledgement out of order", () => {
    const ledger = new DeviceLedger();
    ledger.next();
    ledger.next();
    ledger.acknowledge(1);
    expect(() => ledger.acknowledge(0)).toThrow("out of order");
  });
});

describe("a ledger's file", () => {
  test("comes back as it was written, and goes on", () => {
    const read = readLedgers(writeLedgers(ledgers()));
    expect(read.get("device-1")).toEqual({
      sent: 10,
      acked: [
        [0, 5],
        [7, 10],
      ],
    });
    const later = new DeviceLedger(read.get("device-1"));
    expect(later.acked).toBe(8);
    later.acknowledge(later.next());
    expect(later.ranges).toEqual([
      [0, 5],
      [7, 11],
    ]);
  });

  test.each([
    "{}",
    "no json",
    '{"device":1,"sent":1,"acked":[]}',
    '{"device":"a","sent":-1,"acked":[]}',
    '{"device":"a","sent":5,"acked":[[0,6]]}',
    '{"device":"a","sent":5,"acked":[[2,2]]}',
    '{"device":"a","sent":5,"acked":[[2,4],[3,5]]}',
    '{"device":"a","sent":5,"acked":[3]}',
  ])("refuses %s", (line) => {
    expect(() => readLedgers(`\n${line}\n`)).toThrow("line 2");
  });

  test("refuses a device that is there twice", () => {
    const line = '{"device":"a","sent":1,"acked":[]}\n';
    expect(() => readLedgers(line + line)).toThrow("twice");
  });
});

describe("readings", () => {
  for (const format of ["json", "cbor"] as const) {
    for (const [name, profile] of PROFILES) {
      test(`${name} travels as ${format}, and the same seed makes the same reading`, () => {
        const make = () => profile(new SeededRandom(7));
        const reading = { ...make()(3), device: "device-1", n: 3, t: 1_700_000_000_000 };
        expect(decodeReading(encodeReading(reading, format))).toEqual(reading);
        expect(make()(3)).toEqual(make()(3));
      });
    }
  }

  test("other payloads are none", () => {
    expect(decodeReading(new TextEncoder().encode("{not json"))).toBeNull();
    expect(decodeReading(new TextEncoder().encode('{"device":1}'))).toBeNull();
    expect(decodeReading(Uint8Array.of(0xff, 0xff))).toBeNull();
  });
});
