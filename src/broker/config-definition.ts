/** ConfigDef.Type, in lower case. */
export type ConfigType = "boolean" | "double" | "int" | "list" | "long" | "string";

/** One setting of a resource, under Kafka's name, checked as Kafka's ConfigDef does and refused in its words. */
export interface ConfigDefinition {
  readonly name: string;
  readonly type: ConfigType;
  readonly default: string;
  readonly doc: string;
  /** Says why a value is refused, or null. */
  readonly fault: (value: string) => string | null;
}

/** Longest value that is taken: no setting needs more, and what is stored has to fit Kafka's records. */
const MAX_VALUE_LENGTH = 4096;
/** How much of a refused text an error message repeats. */
const SHOWN_LENGTH = 100;
const INT_MAX = 0x7fffffff;
export const LONG_MAX = 9223372036854775807n;

/** Says why a value is refused, with the name and the value, or null. */
export function valueFault(definition: ConfigDefinition, name: string, value: string): string | null {
  const tooLong = value.length > MAX_VALUE_LENGTH ? `more than ${MAX_VALUE_LENGTH} characters` : null;
  const fault = tooLong ?? definition.fault(value);
  return fault === null ? null : `Invalid value ${shortened(value)} for configuration ${name}: ${fault}`;
}

/** A checked value as Kafka shows it: without the spaces and capitals that it overlooks. */
export function shownValue(definition: ConfigDefinition, value: string): string {
  switch (definition.type) {
    case "boolean":
      return value.trim().toLowerCase();
    case "list":
      return parts(value).join(",");
    case "string":
      return value.trim();
    default:
      return value.trim();
  }
}

/** The entries of a list, as a topic's `cleanup.policy` has them. */
export function parts(value: string): string[] {
  const entries = value.split(",").map((part) => part.trim());
  return [...new Set(entries.filter((part) => part !== ""))];
}

export function shortened(text: string): string {
  return text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}...` : text;
}

export function int(
  name: string,
  byDefault: string,
  min: number | null,
  max: number | null,
  doc: string,
): ConfigDefinition {
  return definition(name, "int", byDefault, doc, (value) => {
    const number = integer(value, BigInt(INT_MAX));
    return number === null ? "Not a number of type INT" : rangeFault(Number(number), min, max);
  });
}

export function long(name: string, byDefault: string, min: number | null, doc: string): ConfigDefinition {
  return definition(name, "long", byDefault, doc, (value) => {
    const number = integer(value, LONG_MAX);
    return number === null ? "Not a number of type LONG" : rangeFault(Number(number), min, null);
  });
}

export function ratio(name: string, byDefault: string, doc: string): ConfigDefinition {
  return definition(name, "double", byDefault, doc, (value) => {
    const number = Number(value);
    if (value.trim() === "" || !Number.isFinite(number)) return "Not a number of type DOUBLE";
    return rangeFault(number, 0, 1);
  });
}

export function boolean(name: string, byDefault: string, doc: string): ConfigDefinition {
  return definition(name, "boolean", byDefault, doc, (value) =>
    /^\s*(true|false)\s*$/i.test(value) ? null : "Expected value to be either true or false",
  );
}

export function oneOf(
  name: string,
  byDefault: string,
  legal: readonly string[],
  doc: string,
): ConfigDefinition {
  return definition(name, "string", byDefault, doc, (value) =>
    legal.includes(value.trim()) ? null : `String must be one of: ${legal.join(", ")}`,
  );
}

export function listOf(
  name: string,
  byDefault: string,
  legal: readonly string[],
  doc: string,
): ConfigDefinition {
  return definition(name, "list", byDefault, doc, (value) =>
    parts(value).every((part) => legal.includes(part)) ? null : `String must be one of: ${legal.join(", ")}`,
  );
}

export function definition(
  name: string,
  type: ConfigType,
  byDefault: string,
  doc: string,
  fault: (value: string) => string | null,
): ConfigDefinition {
  return { name, type, default: byDefault, doc, fault };
}

/** A decimal number within [-max - 1, max], or null. */
function integer(value: string, max: bigint): bigint | null {
  const text = value.trim();
  if (!/^[+-]?\d{1,20}$/.test(text)) return null;
  const number = BigInt(text.startsWith("+") ? text.slice(1) : text);
  return number > max || number < -max - 1n ? null : number;
}

function rangeFault(number: number, min: number | null, max: number | null): string | null {
  if (min !== null && number < min) return `Value must be at least ${min}`;
  if (max !== null && number > max) return `Value must be no more than ${max}`;
  return null;
}
