import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { HeadwaterError } from "../../../src/base/errors.ts";
import type { MessageCodec } from "../../../src/kafka/wire/message.ts";
import { Reader } from "../../../src/kafka/wire/reader.ts";
import { Writer } from "../../../src/kafka/wire/writer.ts";
import { fromJson, includes, type Json, loadMessages } from "./schemas.ts";

/** Messages that Apache Kafka's Java code wrote, with the JSON that its own converters make of them. */
interface Vector {
  readonly name: string;
  readonly version: number;
  readonly hex: string;
  readonly json: Json;
}

const FIXTURE = join(import.meta.dir, "fixtures/golden-messages.jsonl");
const VECTORS = readFileSync(FIXTURE, "utf8")
  .split("\n")
  .filter((line) => line !== "")
  .map((line) => JSON.parse(line) as Vector);
const MESSAGES = await loadMessages();
/** These take two seconds on an idle machine, and much more beside others. */
const SLOW_MS = 120_000;
/** Bytes before and after a message, which no reader may touch. */
const MARGIN = 16;

function known(name: string): {
  readonly codec: MessageCodec<unknown>;
  readonly schema: Parameters<typeof fromJson>[0];
} {
  const message = MESSAGES.get(name);
  if (message === undefined) throw new Error(`no message ${name}`);
  return message;
}

/** The vector's bytes in the middle of others. */
function framed(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2 + 2 * MARGIN).fill(0x01);
  bytes.set(Uint8Array.fromHex(hex), MARGIN);
  return bytes;
}

/** Reads a whole message from the range, as a door does it: no byte may be left over. */
function readAll(
  codec: MessageCodec<unknown>,
  version: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): unknown {
  const reader = new Reader(bytes, start, end);
  const message = codec.read(reader, version);
  reader.expectEnd();
  return message;
}

/** The code of what was thrown; anything that is no HeadwaterError is a defect, and thrown on. */
function refusal(run: () => unknown): string | null {
  try {
    run();
    return null;
  } catch (error) {
    if (error instanceof HeadwaterError) return error.code;
    throw error;
  }
}

test("the fixture has every version of every request, response, header and control record", () => {
  expect(VECTORS.length).toBe(1920);
  const seen = new Map<string, Set<number>>();
  for (const { name, version } of VECTORS) seen.set(name, (seen.get(name) ?? new Set()).add(version));
  expect(seen.size).toBe(195);
  for (const [name, versions] of seen) {
    const { schema, codec } = known(name);
    for (let version = codec.minVersion; version <= codec.maxVersion; version++) {
      expect(versions.has(version) && includes(schema.validVersions, version)).toBe(true);
    }
  }
});

test(
  "messages decode to what Apache Kafka says they are",
  () => {
    for (const { name, version, hex, json } of VECTORS) {
      const { codec, schema } = known(name);
      const bytes = framed(hex);
      const message = readAll(codec, version, bytes, MARGIN, bytes.length - MARGIN);
      expect(message, `${name} version ${version}`).toStrictEqual(fromJson(schema, version, json) as never);
    }
  },
  SLOW_MS,
);

test(
  "messages made from Kafka's JSON encode to the same bytes",
  () => {
    const writer = new Writer(1);
    for (const { name, version, hex, json } of VECTORS) {
      const { codec, schema } = known(name);
      writer.reset();
      codec.write(writer, fromJson(schema, version, json), version);
      expect(writer.sizeBytes).toBe(hex.length / 2);
      expect(writer.toBytes().toHex(), `${name} version ${version}`).toBe(hex);
    }
  },
  SLOW_MS,
);

test(
  "every truncation is refused as malformed",
  () => {
    // A codec looks at the end of its range only to refuse. So a cut message that was read without complaint would have
    // been read the same from the whole, and left bytes over there: all cuts have to be refused by the codec itself.
    let cuts = 0;
    for (const { name, version, hex } of VECTORS) {
      const { codec } = known(name);
      const bytes = framed(hex);
      for (let size = 0; size < hex.length / 2; size++) {
        const code = refusal(() => codec.read(new Reader(bytes, MARGIN, MARGIN + size), version));
        if (code !== "MALFORMED") throw new Error(`${name} version ${version} cut to ${size} bytes: ${code}`);
        cuts++;
      }
    }
    expect(cuts).toBe(VECTORS.reduce((sum, { hex }) => sum + hex.length / 2, 0));
  },
  SLOW_MS,
);

test("a byte too many is refused", () => {
  for (const { name, version, hex } of VECTORS) {
    const bytes = framed(hex);
    const end = bytes.length - MARGIN + 1;
    expect(refusal(() => readAll(known(name).codec, version, bytes, MARGIN, end))).toBe("MALFORMED");
  }
});

test(
  "hostile lengths anywhere are refused, or read as what fits",
  () => {
    const hostile = [
      "7fffffff",
      "ffffffff",
      "80000000",
      "fffffffe",
      "ffffffff0f",
      "ffffffffff7f",
      "feffffff07",
      "7fff",
      "8000",
    ];
    let refused = 0;
    for (const { name, version, hex } of VECTORS) {
      const { codec } = known(name);
      const size = hex.length / 2;
      for (const [index, value] of hostile.entries()) {
        // Each value goes to every ninth place, so that all places of the vectors of a schema are met.
        for (let at = index; at < Math.min(size, 512); at += hostile.length) {
          const bytes = Uint8Array.fromHex(
            `${hex.slice(0, at * 2)}${value}${hex.slice(at * 2 + value.length)}`,
          );
          const code = refusal(() => readAll(codec, version, bytes, 0, bytes.length));
          if (code === "MALFORMED") refused++;
          else if (code !== null) throw new Error(`${name} version ${version}, ${value} at ${at}: ${code}`);
        }
      }
    }
    expect(refused).toBeGreaterThan(10000);
  },
  SLOW_MS,
);

test("versions outside of the schema are refused both ways", () => {
  for (const { codec } of MESSAGES.values()) {
    for (const version of [codec.minVersion - 1, codec.maxVersion + 1]) {
      expect(refusal(() => codec.read(new Reader(new Uint8Array(64)), version))).toBe("UNSUPPORTED");
      expect(refusal(() => codec.write(new Writer(), {}, version))).toBe("UNSUPPORTED");
    }
  }
});
