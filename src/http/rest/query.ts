import { problem } from "../problem.ts";
import type { QueryValue } from "./route.ts";
import { type Schema, schemaFault } from "./schema.ts";

/** The parameters of a query by their schemas; an answer where one is not as it must be, or not known. */
export function readQuery(
  schemas: Readonly<Record<string, Schema>>,
  given: URLSearchParams,
): Readonly<Record<string, QueryValue | undefined>> | Response {
  const query: Record<string, QueryValue> = {};
  for (const [name, raw] of given) {
    const schema = Object.hasOwn(schemas, name) ? schemas[name] : undefined;
    if (schema === undefined) {
      const names = Object.keys(schemas);
      return bad("parameter", name, names.length === 0 ? "send none" : `there are ${names.join(", ")}`);
    }
    const value = queryValue(schema, raw);
    const fault = schemaFault(schema, value, name);
    if (fault !== null) return bad(name, raw, fault.remedy);
    query[name] = value;
  }
  return query;
}

function queryValue({ type }: Schema, raw: string): QueryValue {
  if (type === "integer") return /^-?\d{1,16}$/.test(raw) ? Number(raw) : raw;
  if (type === "boolean") return raw === "true" ? true : raw === "false" ? false : raw;
  return raw;
}

function bad(thing: string, value: string, remedy: string): Response {
  return problem(400, {
    message: `${thing.slice(0, 100)} can't be read`,
    thing: thing.slice(0, 100),
    value: value.slice(0, 200),
    remedy,
  });
}
