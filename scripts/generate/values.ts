import { constantCase } from "./names.ts";
import type { ElementType, Field } from "./schema.ts";

/** Whether a field is null in any of its versions, and so in its TypeScript type. */
export function isNullable(field: Field): boolean {
  return field.nullable !== null;
}

/** The TypeScript type of a field, the same for all versions. */
export function typeExpression(field: Field): string {
  const { type } = field;
  const base = type.kind === "array" ? `readonly ${elementType(type.element)}[]` : elementType(type);
  return isNullable(field) ? `${base} | null` : base;
}

function elementType(type: ElementType): string {
  if (type.kind === "struct") return type.struct.name;
  switch (type.name) {
    case "bool":
      return "boolean";
    case "int64":
      return "Int64";
    case "uuid":
      return "Uuid";
    case "string":
      return "string";
    case "bytes":
    case "records":
      return "Uint8Array";
    default:
      return "number";
  }
}

/** The value that a field has in versions without it, and where a tagged field is missing. */
export function defaultExpression(field: Field): string {
  const { type } = field;
  if (field.default === "null" || (isRecords(field) && isNullable(field))) {
    if (!isNullable(field)) throw new Error(`${field.name}: default null of a field that is never null`);
    return "null";
  }
  if (type.kind === "array") {
    if (field.default !== undefined && field.default !== "")
      throw new Error(`${field.name}: default of an array`);
    return "[]";
  }
  if (type.kind === "struct") return `DEFAULT_${constantCase(type.struct.name)}`;
  switch (type.name) {
    case "bool":
      return field.default ?? "false";
    case "uuid":
      return "ZERO_UUID";
    case "string":
      return JSON.stringify(field.default ?? "");
    case "bytes":
    case "records":
      return "NO_BYTES";
    default:
      return integer(field.default ?? "0");
  }
}

/** A number as a literal: a bigint where a number would not be exact. */
function integer(text: string): string {
  const value = text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text);
  return Number.isSafeInteger(Number(value)) ? `${value}` : `${value}n`;
}

/** The test that a field of `message` does not have its default. */
export function differsFromDefault(field: Field): string {
  const { type } = field;
  const value = `message.${field.name}`;
  const fallback = defaultExpression(field);
  if (fallback === "null") return `${value} !== null`;
  const orNull = (test: string): string => (isNullable(field) ? `(${value} === null || ${test})` : test);
  if (type.kind === "array" || fallback === "NO_BYTES") return orNull(`${value}.length !== 0`);
  if (type.kind === "struct") return orNull(`!isDefault${type.struct.name}(${value})`);
  switch (type.name) {
    case "bool":
      return fallback === "true" ? `!${value}` : value;
    case "int64":
      // Not strict, so that a bigint of the same value is the default too.
      return `${value} != ${fallback}`;
    default:
      return `${value} !== ${fallback}`;
  }
}

function isRecords(field: Field): boolean {
  return field.type.kind === "primitive" && field.type.name === "records";
}
