import { expect, test } from "bun:test";
import { hasCode } from "../../../src/base/errors.ts";
import { Reader } from "../../../src/kafka/wire/reader.ts";
import { Writer } from "../../../src/kafka/wire/writer.ts";
import { randomMessage } from "./random-messages.ts";
import { defaultOf, fieldName, fieldsOfAnyVersion, loadMessages } from "./schemas.ts";

const MESSAGES = await loadMessages();
const SEEDS = [1, 2, 3, 4, 5, 6];

// The schemas of records have no vectors of Apache Kafka, so every message is also tried with values made up from its
// schema, in every version, with unknown tagged fields among them.
test("every message of every version comes back as it was written", () => {
  const writer = new Writer(1);
  let tried = 0;
  for (const [name, { codec, schema }] of MESSAGES) {
    for (let version = codec.minVersion; version <= codec.maxVersion; version++) {
      for (const seed of SEEDS) {
        const message = randomMessage(schema, version, seed);
        writer.reset();
        codec.write(writer, message, version);
        const bytes = writer.toBytes();
        const reader = new Reader(bytes);
        expect(codec.read(reader, version), `${name} version ${version} seed ${seed}`).toStrictEqual(
          message as never,
        );
        expect(reader.remainingBytes).toBe(0);
        tried++;
      }
    }
  }
  expect(MESSAGES.size).toBe(272);
  expect(tried).toBeGreaterThan(SEEDS.length * 600);
});

test("every truncation of every record is refused as malformed", () => {
  let cuts = 0;
  for (const [name, { codec, schema }] of MESSAGES) {
    if (/(Request|Response)$/.test(name)) continue;
    for (let version = codec.minVersion; version <= codec.maxVersion; version++) {
      const writer = new Writer();
      codec.write(writer, randomMessage(schema, version, 1), version);
      const bytes = writer.toBytes();
      for (let size = 0; size < bytes.length; size++, cuts++) {
        let refusal: unknown = null;
        try {
          codec.read(new Reader(bytes, 0, size), version);
        } catch (error) {
          refusal = error;
        }
        if (!hasCode(refusal, "MALFORMED"))
          throw new Error(`${name} version ${version} cut to ${size}: ${refusal}`);
      }
    }
  }
  expect(cuts).toBeGreaterThan(2000);
});

test("the defaults of every message are its schema's, and can be written in every version", () => {
  for (const [name, { codec, schema, defaults }] of MESSAGES) {
    const fields = fieldsOfAnyVersion(schema, schema.fields ?? []);
    const expected = Object.fromEntries(fields.map((field) => [fieldName(field), defaultOf(schema, field)]));
    expect(defaults, name).toStrictEqual(expected);
    for (let version = codec.minVersion; version <= codec.maxVersion; version++) {
      codec.write(new Writer(), defaults, version);
    }
  }
});
