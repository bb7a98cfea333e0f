import type { Route } from "./route.ts";
import { object, orNull, type Schema, text } from "./schema.ts";

/** How every refusal looks. */
export const PROBLEM: Schema = object({
  error: object({
    message: text(),
    thing: text({ description: "What is not as it must be." }),
    value: orNull(text()),
    remedy: text({ description: "What to do about it." }),
  }),
});

const NEEDS: Readonly<Record<Route<unknown>["needs"], string>> = {
  anybody: "For everybody.",
  open: "For everybody while nobody can log in, else for viewers.",
  viewer: "For viewers.",
  records: "For viewers, by the setting http.records.",
  operator: "For operators.",
  admin: "For admins.",
};

/** The OpenAPI 3.1 document of these operations: what the router goes by is what it says. */
export function documentOf<Parts>(routes: readonly Route<Parts>[], version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of routes) {
    const item = paths[route.path] ?? {};
    paths[route.path] = item;
    item[route.method.toLowerCase()] = operation(route);
  }
  return {
    openapi: "3.1.0",
    info: {
      title: "Headwater",
      version,
      description:
        "From this machine nobody has to log in, by the settings http.control and http.records. Else send HTTP Basic, or log in: then requests other than GET carry the header x-csrf-token.",
    },
    paths,
    components: {
      schemas: { Problem: PROBLEM },
      securitySchemes: {
        basic: { type: "http", scheme: "basic" },
        session: { type: "apiKey", in: "cookie", name: "headwater_session" },
      },
    },
  };
}

function operation<Parts>(route: Route<Parts>): object {
  const { answer, body, needs } = route;
  const refusal = { $ref: "#/components/schemas/Problem" };
  return {
    operationId: route.id,
    summary: route.summary,
    description: NEEDS[needs],
    ...(needs === "anybody" ? {} : { security: [{}, { basic: [] }, { session: [] }] }),
    parameters: [
      ...Array.from(route.path.matchAll(/\{(\w+)\}/g), ([, name]) => ({
        ...{ name, in: "path", required: true, schema: text() },
      })),
      ...Object.entries(route.query ?? {}).map(([name, schema]) => ({ name, in: "query", schema })),
      ...Object.entries(route.headers ?? {}).map(([name, description]) => ({
        ...{ name, in: "header", description, schema: text() },
      })),
    ],
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: body.optional !== true,
            content: {
              "application/json": { schema: body.schema },
              ...(body.bytes === true ? { "application/octet-stream": {} } : {}),
            },
          },
        }),
    responses: {
      [String(answer.status)]: {
        description: route.summary,
        ...(answer.type === "none" ? {} : { content: { [answer.type]: contentOf(answer.schema) } }),
        ...(answer.headers === undefined ? {} : { headers: headersOf(answer.headers) }),
      },
      default: { description: "It was refused.", content: { "application/json": { schema: refusal } } },
    },
  };
}

function contentOf(schema: Schema | undefined): object {
  return schema === undefined ? {} : { schema };
}

function headersOf(headers: Readonly<Record<string, string>>): object {
  return Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: text() }]),
  );
}
