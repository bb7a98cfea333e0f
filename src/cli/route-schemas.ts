import { readFileSync, statSync } from "node:fs";
import { HeadwaterError } from "../base/errors.ts";
import type { MqttRouteSettings } from "../config/route-options.ts";
import { compileSchema, SchemaFault } from "../mqtt/payloads/json-schema.ts";
import type { SchemaCheck } from "../mqtt/payloads/pipeline.ts";

/** A route with its schema ready for use; null where it has none. */
export type RouteWithSchema = MqttRouteSettings & { readonly schemaCheck: SchemaCheck | null };

/** What is wrong with the schema of a route. */
export interface SchemaProblem {
  /** `mqtt.route[0].schema`. */
  readonly key: string;
  /** The file, or null where the schema stands in the setting. */
  readonly file: string | null;
  /** Where in the schema, and what. */
  readonly fault: string;
}

const MAX_SCHEMA_BYTES = 262_144;

/** Reads the schemas of all routes; each that is read from a file is as it is now. Throws CONFIG_INVALID, a problem a line. */
export function withSchemas(routes: readonly MqttRouteSettings[]): readonly RouteWithSchema[] {
  const problems: SchemaProblem[] = [];
  const ready = routes.map((route, index) => ({
    ...route,
    schemaCheck: readSchema(route.schema, index, problems),
  }));
  if (problems.length > 0) {
    throw new HeadwaterError("CONFIG_INVALID", problems.map(formatSchemaProblem).join("\n"));
  }
  return ready;
}

/** All that is wrong with the schemas of these routes. */
export function schemaProblems(routes: readonly MqttRouteSettings[]): readonly SchemaProblem[] {
  const problems: SchemaProblem[] = [];
  for (const [index, { schema }] of routes.entries()) readSchema(schema, index, problems);
  return problems;
}

/** One line: `mqtt.route[0].schema: t.json: at #/properties/a/type: ...`. */
export function formatSchemaProblem({ key, file, fault }: SchemaProblem): string {
  return `${key}: ${file === null ? "" : `${file}: `}${fault}`;
}

function readSchema(setting: string, index: number, problems: SchemaProblem[]): SchemaCheck | null {
  if (setting === "") return null;
  const isText = setting.trimStart().startsWith("{");
  const file = isText ? null : setting;
  try {
    return compileSchema(JSON.parse(isText ? setting : readText(setting)));
  } catch (error) {
    const isKnown = error instanceof SchemaFault || error instanceof SyntaxError || isFileError(error);
    if (!isKnown) throw error;
    const fault = error instanceof SyntaxError ? `it is no JSON: ${error.message}` : error.message;
    problems.push({ key: `mqtt.route[${index}].schema`, file, fault });
    return null;
  }
}

function readText(path: string): string {
  const stats = statSync(path);
  // A pipe would be waited for, and a device has no end.
  if (!stats.isFile()) throw new SchemaFault("it is not a regular file");
  if (stats.size > MAX_SCHEMA_BYTES) throw new SchemaFault(`it has more than ${MAX_SCHEMA_BYTES} bytes`);
  return readFileSync(path, "utf8");
}

function isFileError(error: unknown): error is Error {
  return error instanceof Error && "code" in error && "path" in error;
}
