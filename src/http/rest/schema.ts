/**
 * JSON Schema (2020-12) as far as it is used here: what is taken is checked by the same declaration that the OpenAPI
 * document shows, so that the two can't drift apart.
 */
export interface Schema {
  readonly type?: TypeName | readonly TypeName[];
  readonly description?: string;
  readonly enum?: readonly (string | number | null)[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly items?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly anyOf?: readonly Schema[];
}

type TypeName = "string" | "integer" | "number" | "boolean" | "object" | "array" | "null";

/** What of a value is not as its schema says: where, and what to write instead. */
export interface SchemaFault {
  readonly thing: string;
  readonly value: unknown;
  readonly remedy: string;
}

/** Whatever JSON can say. */
export const ANYTHING: Schema = {};

export function text(more: Omit<Schema, "type"> = {}): Schema {
  return { type: "string", ...more };
}

export function oneOf(...values: readonly string[]): Schema {
  return { type: "string", enum: values };
}

/** A whole number from 0 to 2^53 - 1, unless more is said. */
export function whole(more: Omit<Schema, "type"> = {}): Schema {
  return { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER, ...more };
}

export function number(more: Omit<Schema, "type"> = {}): Schema {
  return { type: "number", ...more };
}

export function flag(more: Omit<Schema, "type"> = {}): Schema {
  return { type: "boolean", ...more };
}

/** The same, or null. */
export function orNull(schema: Schema): Schema {
  const { type, enum: values } = schema;
  if (type === undefined) return schema;
  const types = typeof type === "string" ? [type] : type;
  return {
    ...schema,
    type: [...types, "null"],
    ...(values === undefined ? {} : { enum: [...values, null] }),
  };
}

export function list(items: Schema, more: Omit<Schema, "type" | "items"> = {}): Schema {
  return { type: "array", items, ...more };
}

/** An object of these and no other properties, all of which are there but for the `optional` ones. */
export function object(
  properties: Readonly<Record<string, Schema>>,
  optional: readonly string[] = [],
): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: "object", properties, required, additionalProperties: false };
}

/** An object of these properties, and others that are not told of here. */
export function objectWithMore(properties: Readonly<Record<string, Schema>>): Schema {
  return { type: "object", properties, required: Object.keys(properties), additionalProperties: true };
}

/** An object whose properties have names of their own. */
export function mapOf(values: Schema): Schema {
  return { type: "object", additionalProperties: values };
}

/** The first thing that is wrong with a value, or null. `name` is what the whole of it is called. */
export function schemaFault(schema: Schema, value: unknown, name: string): SchemaFault | null {
  if (schema.anyOf !== undefined) {
    const faults = schema.anyOf.map((each) => schemaFault(each, value, name));
    return faults.includes(null) ? null : (faults[0] ?? null);
  }
  const types = schema.type === undefined || typeof schema.type !== "string" ? schema.type : [schema.type];
  if (types !== undefined && !types.some((type) => isOfType(type, value))) {
    return { thing: name, value, remedy: `write ${types.map((type) => WORDS[type]).join(" or ")}` };
  }
  if (schema.enum !== undefined && !schema.enum.some((one) => one === value)) {
    return { thing: name, value, remedy: `there are ${schema.enum.map(String).join(", ")}` };
  }
  if (typeof value === "number") return numberFault(schema, value, name);
  if (typeof value === "string") return textFault(schema, value, name);
  if (Array.isArray(value)) return listFault(schema, value, name);
  return typeof value === "object" && value !== null ? objectFault(schema, value, name) : null;
}

const WORDS: Readonly<Record<TypeName, string>> = {
  string: "a text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  object: "an object",
  array: "a list",
  null: "null",
};

function isOfType(type: TypeName, value: unknown): boolean {
  switch (type) {
    case "integer":
      return Number.isSafeInteger(value);
    case "array":
      return Array.isArray(value);
    case "null":
      return value === null;
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    default:
      return typeof value === type;
  }
}

function numberFault({ minimum, maximum }: Schema, value: number, name: string): SchemaFault | null {
  if (minimum !== undefined && value < minimum)
    return { thing: name, value, remedy: `write ${minimum} or more` };
  if (maximum !== undefined && value > maximum)
    return { thing: name, value, remedy: `write ${maximum} at most` };
  return null;
}

function textFault({ minLength, maxLength }: Schema, value: string, name: string): SchemaFault | null {
  const shown = value.slice(0, 100);
  if (minLength !== undefined && value.length < minLength) {
    return { thing: name, value: shown, remedy: "write something" };
  }
  if (maxLength !== undefined && value.length > maxLength) {
    return { thing: name, value: shown, remedy: `write ${maxLength} characters at most` };
  }
  return null;
}

function listFault(schema: Schema, value: readonly unknown[], name: string): SchemaFault | null {
  const { items, minItems = 0, maxItems = Number.MAX_SAFE_INTEGER } = schema;
  if (value.length < minItems)
    return { thing: name, value: value.length, remedy: `write ${minItems} or more` };
  if (value.length > maxItems)
    return { thing: name, value: value.length, remedy: `write ${maxItems} at most` };
  if (items === undefined) return null;
  for (const [index, item] of value.entries()) {
    const fault = schemaFault(items, item, `${name}[${index}]`);
    if (fault !== null) return fault;
  }
  return null;
}

function objectFault(schema: Schema, value: object, name: string): SchemaFault | null {
  const { properties = {}, required = [], additionalProperties = true } = schema;
  for (const key of required) {
    if (!Object.hasOwn(value, key))
      return { thing: `${name}.${key}`, value: null, remedy: "it has to be there" };
  }
  for (const [key, item] of Object.entries(value)) {
    const known = Object.hasOwn(properties, key) ? properties[key] : undefined;
    if (known === undefined && additionalProperties === false) {
      const names = Object.keys(properties).join(", ");
      return { thing: `${name}.${key.slice(0, 100)}`, value: null, remedy: `there are ${names}` };
    }
    const of = known ?? (typeof additionalProperties === "object" ? additionalProperties : ANYTHING);
    const fault = schemaFault(of, item, `${name}.${key.slice(0, 100)}`);
    if (fault !== null) return fault;
  }
  return null;
}
