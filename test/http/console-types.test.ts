import { expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { doorRoutes } from "../../src/http/rest/door-routes.ts";
import { GATEWAY_ROUTES } from "../../src/http/rest/gateway-routes.ts";
import type { Schema } from "../../src/http/rest/schema.ts";

// The console says by itself what it reads of answers. That is held to what each operation declares, and to the door's own
// types where that says less: the compiler finds out whether an answer is what the console takes it for.

const TOP = resolve(import.meta.dirname, "../..");
const CONSOLE = join(TOP, "gateway/console/source/api");
/** The console's types by operation. */
const READ: Readonly<Record<string, string>> = {
  getMe: "Me",
  getOverview: "Overview",
  listTopics: "TopicList",
  getTopic: "TopicDetail",
  listRecords: "RecordLine",
  listDeviceRecords: "RecordLine",
  listGroups: "GroupList",
  getGroup: "GroupDetail",
  resetGroup: "GroupReset",
  listShareGroups: "ShareGroupList",
  getShareGroup: "ShareGroupDetail",
  getStorage: "Storage",
  getClock: "ClockPage",
  getConnections: "Connections",
  listSessions: "SessionList",
  listUsers: "UserList",
  listAcls: "AclList",
  listConfig: "SettingList",
  validateConfig: "ConfigCheck",
  reloadConfig: "ConfigReload",
  listDeadLetterTopics: "letters.DeadLetterTopics",
  listDeadLetters: "letters.DeadLetterList",
  redriveDeadLetters: "letters.Redriven",
};
/** Of what is declared loosely, by the door's own types: the console's type, and the one of an answer. */
const OWN: readonly (readonly [string, string])[] = [
  ["DeviceList", "devices.DevicesAnswer"],
  ["UplinkRow", "status.UplinkStatus & Pick<console.UplinkRow, OfUplinkRoute>"],
  ["GatewayState", "Omit<status.GatewayStatus, 'addresses'> & Health"],
];

/** A schema as a type. */
function typeOf(schema: Schema): string {
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(" | ");
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  if (schema.type === undefined) return "any";
  if (Array.isArray(schema.type)) {
    return schema.type.map((type) => typeOf({ ...schema, type: type as "string" })).join(" | ");
  }
  switch (schema.type as string) {
    case "integer":
    case "number":
      return "number";
    case "array":
      return `readonly (${typeOf(schema.items ?? {})})[]`;
    case "object":
      return objectOf(schema);
    default:
      return String(schema.type);
  }
}

function objectOf({ properties = {}, required = [], additionalProperties }: Schema): string {
  const fields = Object.entries(properties).map(([name, schema]) => {
    return `readonly ${JSON.stringify(name)}${required.includes(name) ? "" : "?"}: ${typeOf(schema)}`;
  });
  const own = `{ ${fields.join("; ")} }`;
  if (additionalProperties === true) return `(${own} & Record<string, any>)`;
  if (typeof additionalProperties !== "object") return own;
  return `Readonly<Record<string, ${typeOf(additionalProperties)}>>`;
}

function sourceOf(): string {
  const answers = new Map(doorRoutes(GATEWAY_ROUTES).map(({ id, answer }) => [id, answer]));
  const checks = Object.entries(READ).map(([id, name]) => {
    const schema = answers.get(id)?.schema;
    if (schema === undefined) throw new Error(`there is no operation ${id}, or its answer is not declared`);
    return `export const ${id}: ${qualified(name)} = answer<${typeOf(schema)}>();`;
  });
  const own = OWN.map(([name, type]) => `export const own${name}: console.${name} = answer<${type}>();`);
  return `
import type * as console from ${JSON.stringify(join(CONSOLE, "types.ts"))};
import type * as letters from ${JSON.stringify(join(CONSOLE, "dead-letter-types.ts"))};
import type * as devices from ${JSON.stringify(join(TOP, "src/http/devices.ts"))};
import type * as status from ${JSON.stringify(join(TOP, "src/http/status.ts"))};
type OfUplinkRoute = "lagBytes" | "freshnessMs" | "rateBytesPerSecond" | "history";
interface Health {
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly addresses: { readonly [Door in keyof status.Addresses]: status.Addresses[Door] };
}
declare function answer<Type>(): Type;
${checks.join("\n")}
${own.join("\n")}
// What is no such answer is found.
// @ts-expect-error: it is no such answer
export const otherUsers: console.UserList = answer<{ readonly users: readonly { readonly name: string }[] }>();
// @ts-expect-error: it is no such answer
export const otherRole: console.Me["role"] = answer<string>();
`;
}

function qualified(name: string): string {
  return name.includes(".") ? name : `console.${name}`;
}

test("what the console reads of an answer is what the operation gives", async () => {
  const folder = mkdtempSync(join(tmpdir(), "headwater-console-types-"));
  try {
    writeFileSync(join(folder, "answers.ts"), sourceOf());
    const types = [join(TOP, "node_modules/bun-types")];
    const config = {
      extends: join(TOP, "tsconfig.json"),
      compilerOptions: { types },
      include: ["answers.ts"],
      exclude: [],
    };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
    const compiler = Bun.spawn([join(TOP, "node_modules/.bin/tsc"), "-p", folder], {
      stdout: "pipe",
      stderr: "pipe",
    });
    expect(await new Response(compiler.stdout).text()).toBe("");
    expect(await compiler.exited).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
}, 60_000);
