/** The keyword that every place of a prepared schema has: what it costs to look at it. */
export const STEPS_KEYWORD = "headwater-steps";

// Where schemas stand in a schema of draft 2020-12.
const SCHEMA_KEYWORDS: ReadonlySet<string> = new Set([
  "items",
  "contains",
  "additionalProperties",
  "propertyNames",
  "not",
  "if",
  "then",
  "else",
  "unevaluatedItems",
  "unevaluatedProperties",
]);
const LIST_KEYWORDS: ReadonlySet<string> = new Set(["allOf", "anyOf", "oneOf", "prefixItems"]);
const MAP_KEYWORDS: ReadonlySet<string> = new Set([
  "properties",
  "patternProperties",
  "dependentSchemas",
  "$defs",
  "definitions",
]);

const MAX_PLACES = 10_000;
const MAX_DEPTH = 64;

/** Says what is wrong with a keyword and its value, or null. */
export type KeywordCheck = (keyword: string, value: unknown) => string | null;

/** A schema in which every schema says what it costs to look at it. */
export interface PreparedSchema {
  readonly schema: Record<string, unknown>;
  /** What all of its schemas cost together. */
  readonly cost: number;
}

interface Walk {
  readonly check: KeywordCheck;
  cost: number;
  /** JSON pointers of all schemas. */
  readonly places: Set<string>;
  /** References that have to lead to one of them, with where they stand. */
  readonly references: (readonly [place: string, target: string])[];
}

/**
 * A copy of a schema that says what it costs, or a sentence about what is wrong and where: what `check` finds, a
 * reference to where no schema stands, too many schemas.
 */
export function prepareSchema(schema: object, check: KeywordCheck): PreparedSchema | string {
  const walk: Walk = { check, cost: 0, places: new Set(), references: [] };
  const prepared = prepare(schema, "#", 0, walk);
  if (typeof prepared === "string") return prepared;
  for (const [place, target] of walk.references) {
    if (!walk.places.has(target)) return `at ${place}: ${JSON.stringify(target)} is the place of no schema`;
  }
  return { schema: prepared as Record<string, unknown>, cost: walk.cost };
}

function prepare(schema: unknown, place: string, depth: number, walk: Walk): unknown {
  if (typeof schema === "boolean") {
    walk.places.add(place);
    return schema;
  }
  // What is no schema at all is found when the schema is checked against the one of its dialect.
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return schema;
  walk.places.add(place);
  if (walk.places.size > MAX_PLACES) return `there are more than ${MAX_PLACES} schemas in it`;
  if (depth > MAX_DEPTH) return `at ${place}: schemas are nested deeper than ${MAX_DEPTH}`;
  const prepared: Record<string, unknown> = Object.create(null);
  for (const [keyword, value] of Object.entries(schema)) {
    const here = `${place}/${escaped(keyword)}`;
    const fault = walk.check(keyword, value);
    if (fault !== null) return `at ${here}: ${fault}`;
    const inner = prepareValue(keyword, value, here, depth + 1, walk);
    if (typeof inner === "string" && typeof value !== "string") return inner;
    prepared[keyword] = inner;
  }
  const cost = costOf(schema);
  walk.cost += cost;
  prepared[STEPS_KEYWORD] = cost;
  return prepared;
}

function prepareValue(keyword: string, value: unknown, here: string, depth: number, walk: Walk): unknown {
  if (keyword === "$ref" && typeof value === "string") {
    if (value !== "#" && !value.startsWith("#/")) return value;
    walk.references.push([here, decoded(value)]);
    return value;
  }
  if (SCHEMA_KEYWORDS.has(keyword)) return prepare(value, here, depth, walk);
  const isList = LIST_KEYWORDS.has(keyword) && Array.isArray(value);
  const isMap =
    MAP_KEYWORDS.has(keyword) && typeof value === "object" && value !== null && !Array.isArray(value);
  if (!isList && !isMap) return value;
  const all: Record<string, unknown> = Object.create(null);
  for (const [name, inner] of Object.entries(value)) {
    const prepared = prepare(inner, `${here}/${escaped(name)}`, depth, walk);
    if (typeof prepared === "string" && typeof inner !== "string") return prepared;
    all[name] = prepared;
  }
  return isList ? Object.values(all) : all;
}

/** What is looked at in a schema whatever the record is: its keywords, and the entries of those that list something. */
function costOf(schema: object): number {
  let cost = 1;
  for (const value of Object.values(schema)) {
    cost += typeof value === "object" && value !== null ? 1 + Object.keys(value).length : 1;
  }
  return cost;
}

/** A reference as a JSON pointer; one with a wrong escape leads nowhere. */
function decoded(reference: string): string {
  try {
    return decodeURIComponent(reference);
  } catch {
    return reference;
  }
}

function escaped(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
