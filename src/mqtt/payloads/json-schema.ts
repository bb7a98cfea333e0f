import type { ErrorObject, ValidateFunction, Ajv2020 as Validator } from "ajv/dist/2020.js";
import { ExactNumber } from "./exact-number.ts";
import { shown } from "./fault.ts";
import { MAX_SCHEMA_STEPS } from "./limits.ts";
import type { SchemaCheck } from "./pipeline.ts";
import { SCHEMA_FORMATS } from "./schema-formats.ts";
import { prepareSchema, STEPS_KEYWORD } from "./schema-walk.ts";

/** The dialect that schemas are of, and the only one that they may name. */
const DIALECT = "https://json-schema.org/draft/2020-12/schema";
const MAX_REASON_LENGTH = 200;
/** Characters of a text that are as much work as one step: where a rule looks at it. */
const CHARACTERS_PER_STEP = 16;
/** Steps that a character takes in a pattern, and an item in the search for two that are the same. */
const PATTERN_STEPS = 4;
const ITEM_STEPS = 64;
// What a record may take: rules look at each of its values a few times, not at each as often as there are others.
const STEPS_PER_VALUE = 64;
const STEPS_PER_CHARACTER = 8;
const STEPS_PER_COST = 4;
const BASE_STEPS = 2_048;
/** Steps of a compiled pattern: what a character may cost. */
const MAX_PATTERN_SIZE = 1_000;

/** What is wrong with a schema: where in it, as a JSON pointer, and why. */
export class SchemaFault extends Error {}

let engine: typeof import("ajv/dist/2020.js") | null = null;
/** Checks schemas themselves. */
let dialect: Validator | null = null;
let expressions: typeof import("re2js") | null = null;

/** Steps that the check at hand may still take. */
class Budget {
  left = Number.POSITIVE_INFINITY;

  spend(steps: number): void {
    this.left -= steps;
    if (this.left < 0) throw SPENT;
  }
}

/** Thrown through the validator's code, which has no other way to end early. */
const SPENT = new Error("the schema's steps are spent");

/**
 * A JSON Schema (draft 2020-12) ready for use; formats are checked. Throws SchemaFault. The work of a check is bounded
 * by the sizes of schema and record, whatever they are: each place of the schema that is looked at costs steps, patterns
 * are matched by RE2, and what takes too many steps is at fault. The validator is loaded with the first schema: it takes
 * some 25 MB.
 */
export function compileSchema(schema: unknown): SchemaCheck {
  engine ??= require("ajv/dist/2020.js") as typeof import("ajv/dist/2020.js");
  if (typeof schema !== "object" || schema === null || Array.isArray(schema))
    throw new SchemaFault("it is no table of rules");
  const budget = new Budget();
  const validator = newValidator(engine.Ajv2020, budget);
  const prepared = prepareSchema(schema, (keyword, value) => keywordFault(keyword, value, validator));
  if (typeof prepared === "string") throw new SchemaFault(prepared);
  // One for all schemas: it takes 100 ms to make.
  dialect ??= new engine.Ajv2020({ logger: false });
  if (dialect.validateSchema(schema) !== true) throw new SchemaFault(schemaFault(dialect.errors));
  let validate: ValidateFunction;
  try {
    validate = validator.compile(prepared.schema);
  } catch (error) {
    throw new SchemaFault(error instanceof Error ? error.message : String(error));
  }
  const baseSteps = BASE_STEPS + STEPS_PER_COST * prepared.cost;
  return { fault: (record) => faultOf(record, validate, budget, baseSteps) };
}

function keywordFault(keyword: string, value: unknown, validator: Validator): string | null {
  const isKnown = validator.RULES.keywords[keyword] !== undefined;
  if (!isKnown || keyword === STEPS_KEYWORD)
    return `there is no keyword ${JSON.stringify(keyword)} in draft 2020-12`;
  // The validator follows one without end unless its anchor is the whole schema.
  if (keyword === "$dynamicRef") return "it is not taken; write $ref";
  if (keyword === "$schema" && String(value).replace(/#$/, "") !== DIALECT)
    return `the dialect is not ${DIALECT}`;
  if (keyword === "format" && typeof value === "string" && validator.formats[value] === undefined)
    return `there is no format ${shown(value)}`;
  const patterns =
    keyword === "pattern" && typeof value === "string"
      ? [value]
      : keyword === "patternProperties" && typeof value === "object"
        ? Object.keys(value ?? {})
        : [];
  for (const pattern of patterns) {
    const fault = expressionFault(pattern);
    if (fault !== null) return `the pattern ${shown(pattern)} can't be matched in linear time: ${fault}`;
  }
  return null;
}

function newValidator(Ajv: typeof Validator, budget: Budget): Validator {
  const validator = new Ajv({
    meta: false,
    validateSchema: false,
    allErrors: false,
    ownProperties: true,
    strict: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    allowUnionTypes: true,
    multipleOfPrecision: 9,
    inlineRefs: false,
    logger: false,
    code: { regExp: Object.assign((pattern: string) => matcher(pattern, budget), { code: "matcher" }) },
  });
  // The validator knows anchors, and its list of keywords does not.
  validator.addKeyword("$anchor");
  validator.removeKeyword("uniqueItems");
  validator.addKeyword({
    keyword: "uniqueItems",
    type: "array",
    schemaType: "boolean",
    validate: (wanted: boolean, items: readonly unknown[]) => !wanted || areUnique(items, budget),
    error: { message: "must not have two items that are the same" },
  });
  validator.addKeyword({
    keyword: STEPS_KEYWORD,
    schemaType: "number",
    before: "$ref",
    errors: false,
    validate: (steps: number, data: unknown) => {
      budget.spend(typeof data === "string" ? steps + Math.floor(data.length / CHARACTERS_PER_STEP) : steps);
      return true;
    },
  });
  for (const [name, validate] of Object.entries(SCHEMA_FORMATS)) validator.addFormat(name, validate);
  validator.addFormat("regex", (text) => expressionFault(text) === null);
  return validator;
}

function faultOf(
  record: unknown,
  validate: ValidateFunction,
  budget: Budget,
  baseSteps: number,
): string | null {
  const size = { values: 0, characters: 0 };
  const value = plain(record, size);
  const steps = baseSteps + STEPS_PER_VALUE * size.values + STEPS_PER_CHARACTER * size.characters;
  budget.left = Math.min(steps, MAX_SCHEMA_STEPS);
  try {
    if (validate(value) === true) return null;
  } catch (error) {
    // A schema that refers to itself without end takes all of the stack.
    if (error !== SPENT && !(error instanceof RangeError)) throw error;
    return "to check it against the schema takes too many steps";
  }
  return recordFault(validate.errors?.[0]);
}

function recordFault(error: ErrorObject | undefined): string {
  if (error === undefined) return "it does not fit the schema";
  const { instancePath, schemaPath, message = "does not fit", params } = error;
  const extra: unknown = params.additionalProperty ?? params.unevaluatedProperty ?? params.propertyName;
  const named = typeof extra === "string" ? `: ${shown(extra)}` : "";
  const place = instancePath === "" ? "the record" : shown(instancePath);
  return cut(`${place} ${message}${named} (schema ${schemaPath})`);
}

function schemaFault(errors: readonly ErrorObject[] | null | undefined): string {
  const [error] = errors ?? [];
  return error === undefined
    ? "it is no JSON Schema"
    : cut(`at #${error.instancePath}: ${error.message ?? "it is wrong"}`);
}

function cut(text: string): string {
  return text.length > MAX_REASON_LENGTH ? `${text.slice(0, MAX_REASON_LENGTH)}...` : text;
}

/** A record as JSON has it: numbers as doubles, bytes as text. Only what is different is made anew. */
function plain(value: unknown, size: { values: number; characters: number }): unknown {
  size.values++;
  if (typeof value === "string") size.characters += value.length;
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof ExactNumber) return value.value;
  if (value instanceof Uint8Array) {
    size.characters += 2 * value.length;
    return value.toBase64({ alphabet: "base64url", omitPadding: true });
  }
  if (Array.isArray(value)) {
    const items = value.map((item) => plain(item, size));
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  let members: Record<string, unknown> | null = null;
  for (const [name, member] of Object.entries(value)) {
    size.characters += name.length;
    const inner = plain(member, size);
    if (inner === member) continue;
    members ??= Object.assign(Object.create(null) as Record<string, unknown>, value);
    members[name] = inner;
  }
  return members ?? value;
}

/** In time that grows with the items' size alone: each has one text, whatever the order of its names. */
function areUnique(items: readonly unknown[], budget: Budget): boolean {
  const seen = new Set<string>();
  for (const item of items) {
    const isTable = typeof item === "object" && item !== null;
    const text = isTable ? JSON.stringify(item, sortedMembers) : JSON.stringify(item);
    budget.spend((isTable ? ITEM_STEPS : 1) + Math.floor(text.length / CHARACTERS_PER_STEP));
    if (seen.has(text)) return false;
    seen.add(text);
  }
  return true;
}

function sortedMembers(_name: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const sorted = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  const members: Record<string, unknown> = Object.create(null);
  for (const [name, member] of sorted) members[name] = member;
  return members;
}

function re2(): typeof import("re2js") {
  expressions ??= require("re2js") as typeof import("re2js");
  return expressions;
}

/** A pattern of a schema, matched in time that grows with the text alone. Its syntax was found good before. */
function matcher(pattern: string, budget: Budget): { test(text: string): boolean; toString(): string } {
  const { RE2JS } = re2();
  const compiled = RE2JS.compile(RE2JS.translateRegExp(pattern));
  return {
    // The validator's code has one matcher for each of these texts.
    toString: () => pattern,
    test: (text) => {
      budget.spend(1 + PATTERN_STEPS * text.length);
      return compiled.matcher(text).find();
    },
  };
}

/** Why this is no expression that RE2 takes, or null. */
function expressionFault(pattern: string): string | null {
  const { RE2JS } = re2();
  try {
    const steps = RE2JS.compile(RE2JS.translateRegExp(pattern)).programSize();
    return steps > MAX_PATTERN_SIZE ? "it is too large" : null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
