/**
 * What the tests know of messages without the generator: the schemas as data, and values made from them. It is written
 * apart from the generator on purpose, so that the two don't share a mistake.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { MessageCodec } from "../../../src/kafka/wire/message.ts";

const WIRE = join(import.meta.dir, "../../../src/kafka/wire");

export interface SchemaField {
  readonly name: string;
  readonly type: string;
  readonly versions?: string;
  readonly nullableVersions?: string;
  readonly taggedVersions?: string;
  readonly default?: unknown;
  readonly fields?: readonly SchemaField[];
}

export interface Schema {
  readonly name: string;
  readonly validVersions: string;
  readonly flexibleVersions?: string;
  readonly fields?: readonly SchemaField[];
  readonly commonStructs?: readonly { readonly name: string; readonly fields: readonly SchemaField[] }[];
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Every codec there is, with its schema. */
export interface KnownMessage {
  readonly codec: MessageCodec<unknown>;
  readonly schema: Schema;
  /** The message with every field at its default. */
  readonly defaults: object;
}

/** All messages by name. Fails where a schema has no codec, or a codec no schema. */
export async function loadMessages(): Promise<Map<string, KnownMessage>> {
  const schemas = loadSchemas();
  const messages = new Map<string, KnownMessage>();
  for (const file of readdirSync(join(WIRE, "generated"))) {
    const module = (await import(join(WIRE, "generated", file))) as Record<string, unknown>;
    const constant = Object.keys(module).find((key) => isCodec(module[key])) ?? "";
    const codec = module[constant];
    const defaults = module[`DEFAULT_${constant}`];
    if (!isCodec(codec) || typeof defaults !== "object" || defaults === null) continue;
    const schema = schemas.get(codec.name);
    if (schema === undefined) throw new Error(`no schema of ${codec.name}`);
    schemas.delete(codec.name);
    messages.set(codec.name, { codec, schema, defaults });
  }
  if (schemas.size > 0) throw new Error(`no codec for ${[...schemas.keys()].join(", ")}`);
  return messages;
}

function loadSchemas(): Map<string, Schema> {
  const schemas = new Map<string, Schema>();
  for (const folder of ["messages", "records"]) {
    for (const file of readdirSync(join(WIRE, "schema", folder), { recursive: true, encoding: "utf8" })) {
      if (!file.endsWith(".json")) continue;
      const schema = JSON.parse(readFileSync(join(WIRE, "schema", folder, file), "utf8")) as Schema;
      if (schema.validVersions !== "none") schemas.set(schema.name, schema);
    }
  }
  return schemas;
}

function isCodec(value: unknown): value is MessageCodec<unknown> {
  return typeof value === "object" && value !== null && "read" in value && "write" in value;
}

/** Whether a version is in a schema's "3+", "0-4", "2" or "none". */
export function includes(versions: string, version: number): boolean {
  if (versions === "none") return false;
  if (versions.endsWith("+")) return version >= Number(versions.slice(0, -1));
  const [first, last] = versions.split("-").map(Number);
  return version >= (first as number) && version <= ((last ?? first) as number);
}

/** A message as the codec should read it, from the JSON that Kafka's own converters make of it. */
export function fromJson(schema: Schema, version: number, json: Json): unknown {
  return structFromJson(schema, schema.fields ?? [], version, json);
}

function structFromJson(
  schema: Schema,
  fields: readonly SchemaField[],
  version: number,
  json: Json,
): unknown {
  const object = json as { readonly [key: string]: Json };
  const message: Record<string, unknown> = {};
  const names = new Set(Object.keys(object));
  for (const field of fieldsOfAnyVersion(schema, fields)) {
    const name = fieldName(field);
    const value = object[name];
    names.delete(name);
    message[name] =
      value === undefined ? defaultOf(schema, field) : valueFromJson(schema, field, version, value);
  }
  if (names.size > 0) throw new Error(`${schema.name} has no ${[...names].join(", ")}`);
  return message;
}

function valueFromJson(schema: Schema, field: SchemaField, version: number, json: Json): unknown {
  if (json === null) return null;
  if (field.type.startsWith("[]")) {
    const element = { ...field, type: field.type.slice(2) };
    return (json as readonly Json[]).map((value) => valueFromJson(schema, element, version, value));
  }
  switch (field.type) {
    case "int64":
      return exact(BigInt(json as string));
    case "bytes":
    case "records":
      return Uint8Array.fromBase64(json as string);
    default:
      return isStruct(field.type) ? structFromJson(schema, structFields(schema, field), version, json) : json;
  }
}

/** The fields that a message has in any version that is valid. */
export function fieldsOfAnyVersion(schema: Schema, fields: readonly SchemaField[]): readonly SchemaField[] {
  return fields.filter((field) => {
    for (let version = 0; version < 32; version++) {
      if (includes(schema.validVersions, version) && includes(versionsOf(field), version)) return true;
    }
    return false;
  });
}

export function versionsOf(field: SchemaField): string {
  return field.versions ?? field.taggedVersions ?? "none";
}

export function fieldName(field: SchemaField): string {
  return field.name.charAt(0).toLowerCase() + field.name.slice(1);
}

export function structFields(schema: Schema, field: SchemaField): readonly SchemaField[] {
  const name = field.type.replace("[]", "");
  const fields = field.fields ?? schema.commonStructs?.find((common) => common.name === name)?.fields;
  if (fields === undefined) throw new Error(`${schema.name} has no struct ${name}`);
  return fields;
}

export function isStruct(type: string): boolean {
  return /^[A-Z]/.test(type);
}

/** The value of a field in a version that does not have it. */
export function defaultOf(schema: Schema, field: SchemaField): unknown {
  const text = field.default === undefined ? undefined : String(field.default);
  if (text === "null") return null;
  if (field.type.startsWith("[]")) return [];
  if (isStruct(field.type)) {
    const fields = fieldsOfAnyVersion(schema, structFields(schema, field));
    return Object.fromEntries(fields.map((inner) => [fieldName(inner), defaultOf(schema, inner)]));
  }
  switch (field.type) {
    case "string":
      return text ?? "";
    case "bytes":
      return new Uint8Array(0);
    case "records":
      return null;
    case "bool":
      return text === "true";
    case "uuid":
      return "AAAAAAAAAAAAAAAAAAAAAA";
    case "int64":
      return exact(BigInt(text ?? 0));
    default:
      return Number(text ?? 0);
  }
}

function exact(value: bigint): number | bigint {
  return Number.isSafeInteger(Number(value)) ? Number(value) : value;
}
