import {
  defaultOf,
  fieldName,
  fieldsOfAnyVersion,
  includes,
  isStruct,
  type Schema,
  type SchemaField,
  structFields,
  versionsOf,
} from "./schemas.ts";
import { type Random32, randomFrom } from "./seeded.ts";

/** A message of that version with values picked by the seed; fields that the version lacks have their defaults. */
export function randomMessage(schema: Schema, version: number, seed: number): unknown {
  return randomStruct(schema, schema.fields ?? [], version, randomFrom(seed), 0);
}

function randomStruct(
  schema: Schema,
  fields: readonly SchemaField[],
  version: number,
  random: Random32,
  depth: number,
): Record<string, unknown> {
  const message: Record<string, unknown> = {};
  for (const field of fieldsOfAnyVersion(schema, fields)) {
    const absent = !includes(versionsOf(field), version);
    const left = field.taggedVersions !== undefined && random() % 2 === 0;
    message[fieldName(field)] =
      absent || left ? defaultOf(schema, field) : randomValue(schema, field, version, random, depth);
  }
  if (includes(schema.flexibleVersions ?? "none", version) && random() % 4 === 0) {
    message.unknownTaggedFields = [
      { tag: 100 + (random() % 20), bytes: randomBytes(random) },
      { tag: 200 + (random() % 1000000), bytes: randomBytes(random) },
    ];
  }
  return message;
}

function randomValue(
  schema: Schema,
  field: SchemaField,
  version: number,
  random: Random32,
  depth: number,
): unknown {
  if (includes(field.nullableVersions ?? "none", version) && random() % 4 === 0) return null;
  if (field.type.startsWith("[]")) {
    const element = { ...field, type: field.type.slice(2), nullableVersions: "none" };
    const count = random() % (depth > 1 ? 2 : 4);
    return Array.from({ length: count }, () => randomValue(schema, element, version, random, depth + 1));
  }
  if (isStruct(field.type))
    return randomStruct(schema, structFields(schema, field), version, random, depth + 1);
  return randomPrimitive(field.type, random);
}

function randomPrimitive(type: string, random: Random32): unknown {
  const bits = random();
  switch (type) {
    case "bool":
      return bits % 2 === 0;
    case "int8":
      return (bits << 24) >> 24;
    case "int16":
      return (bits << 16) >> 16;
    case "uint16":
      return bits & 0xffff;
    case "int32":
      return bits | 0;
    case "uint32":
      return bits;
    case "int64": {
      const value = BigInt.asIntN(64, (BigInt(bits) << 32n) | BigInt(random()));
      return bits % 2 === 0 ? bits : Number.isSafeInteger(Number(value)) ? Number(value) : value;
    }
    case "float64":
      return bits / 7;
    case "uuid":
      return Buffer.from([...randomBytes(random), ...new Uint8Array(16)].slice(0, 16)).toString("base64url");
    case "string":
      return ["", "a", "telemetry", "é漢🙂", "x".repeat(130)][bits % 5];
    case "bytes":
    case "records":
      return randomBytes(random);
    default:
      throw new Error(`no random ${type}`);
  }
}

function randomBytes(random: Random32): Uint8Array {
  return Uint8Array.from({ length: random() % 24 }, () => random() & 0xff);
}
