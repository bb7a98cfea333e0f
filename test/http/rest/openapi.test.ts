import { expect, test } from "bun:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { doorRoutes } from "../../../src/http/rest/door-routes.ts";
import { GATEWAY_ROUTES } from "../../../src/http/rest/gateway-routes.ts";
import { append, batchOf } from "../../kafka/views/support.ts";
import { type Answer, type Asked, RestGateway } from "../support.ts";

interface Operation {
  readonly operationId: string;
  readonly requestBody?: object;
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { schema?: object }>> }>
  >;
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

type Example = readonly [path: string, asked?: Asked];

const ACL = {
  ...{ resourceType: "topic", resourceName: "telemetry", patternType: "prefixed", principal: "User:anna" },
  ...{ host: "*", operation: "read", permission: "allow" },
};

/** A dead letter's, of a record that was nowhere. */
const LETTER = [
  { key: "__dlq.errors.topic", value: "nowhere" },
  { key: "__dlq.errors.partition", value: "0" },
  { key: "__dlq.errors.offset", value: "7" },
];

/** A request for every operation, in an order in which they go through. */
const EXAMPLES: Readonly<Record<string, Example>> = {
  getOpenApi: ["/api/openapi.json"],
  getMe: ["/api/me"],
  getStatus: ["/api/status"],
  listSessions: ["/api/sessions"],
  getOverview: ["/api/overview"],
  getClock: ["/api/clock"],
  createTopic: [
    "/api/topics",
    { method: "POST", body: { name: "made", partitions: 2, configs: { "retention.ms": "1000" } } },
  ],
  listTopics: ["/api/topics?limit=1"],
  getTopic: ["/api/topics/telemetry"],
  produceRecords: [
    "/api/topics/telemetry/records",
    { method: "POST", body: { key: "a", valueJson: { t: 1 }, headers: LETTER } },
  ],
  listRecords: ["/api/topics/telemetry/records?limit=2"],
  getRecordValue: ["/api/topics/telemetry/records/0/0"],
  listDeviceRecords: ["/api/topics/telemetry/devices/a/records"],
  deleteTopic: ["/api/topics/made", { method: "DELETE" }],
  listGroups: ["/api/groups"],
  listShareGroups: ["/api/share-groups"],
  listDeadLetterTopics: ["/api/dead-letters"],
  listDeadLetters: ["/api/topics/telemetry/dead-letters"],
  redriveDeadLetters: ["/api/topics/telemetry/dead-letters/redrive", { method: "POST", body: {} }],
  listUplinks: ["/api/uplinks"],
  getStorage: ["/api/storage"],
  getConnections: ["/api/connections"],
  listConfig: ["/api/config"],
  validateConfig: ["/api/config/validate", { method: "POST", body: { toml: 'log.level = "debug"' } }],
  applyConfig: ["/api/config/apply", { method: "POST", body: { toml: 'log.level = "debug"' } }],
  addAcl: ["/api/acls", { method: "POST", body: ACL }],
  listAcls: ["/api/acls"],
  removeAcl: ["/api/acls", { method: "DELETE", body: ACL }],
  listAudit: ["/api/audit?limit=5"],
  listUsers: ["/api/users"],
  addUser: ["/api/users", { method: "POST", body: { name: "cleo", password: "secret" } }],
  changePassword: ["/api/users/cleo/password", { method: "POST", body: { password: "another" } }],
  removeUser: ["/api/users/cleo", { method: "DELETE" }],
  reloadConfig: ["/api/config/reload", { method: "POST" }],
  logOut: ["/api/logout", { method: "POST" }],
};

/** What has no end has a test of its own. */
const ENDLESS = ["followTopic"];

/** What needs more than this gateway has; each is refused here, in the form of refusals. */
const REFUSED: Readonly<Record<string, Example>> = {
  logIn: ["/api/login", { method: "POST", body: { user: "a", password: "b" } }],
  listDevices: ["/api/devices"],
  getDevice: ["/api/devices/a"],
  controlUplink: ["/api/uplinks/a/pause", { method: "POST" }],
  endSession: ["/api/sessions/a/end", { method: "POST" }],
  getGroup: ["/api/groups/nobody"],
  getBackup: ["/api/backup"],
  resetGroup: ["/api/groups/nobody/reset", { method: "POST", body: { topic: "telemetry", to: "earliest" } }],
  getShareGroup: ["/api/share-groups/nobody"],
};

async function opened(): Promise<RestGateway> {
  const rest = await RestGateway.open({
    parts: {
      controls: () => ({
        uplinkNames: () => [],
        uplinkActions: new Map(),
        endSession: () => Promise.resolve(false),
      }),
    },
  });
  const spec = { name: "telemetry", partitionCount: 2, configs: new Map<string, string>() };
  const topic = rest.kafka.broker.createTopic(spec, () => {});
  if ("error" in topic) throw new Error(topic.message);
  for (const partition of topic.partitions) append(partition, batchOf([{ key: "a", value: "1" }]));
  await rest.clock.settleAll();
  rest.gateway.rates.sample();
  rest.clock.advance(10_000);
  rest.gateway.rates.sample();
  return rest;
}

test("every operation that changes something says what the audit log tells of it", () => {
  const silent = doorRoutes(GATEWAY_ROUTES).filter(
    ({ method, audit }) => method !== "GET" && audit === undefined,
  );
  expect(silent.map(({ id }) => id)).toEqual([]);
});

test("every operation answers as the document says, and the document has every operation", async () => {
  const rest = await opened();
  const document = (await rest.ask("/api/openapi.json")).body as Document;
  expect(document.openapi).toBe("3.1.0");
  const operations = new Map(
    Object.values(document.paths).flatMap((item) =>
      Object.values(item).map((one) => [one.operationId, one] as const),
    ),
  );
  const ids = doorRoutes(GATEWAY_ROUTES).map(({ id }) => id);
  expect([...operations.keys()].sort()).toEqual([...ids].sort());
  expect([...Object.keys({ ...EXAMPLES, ...REFUSED }), ...ENDLESS].sort()).toEqual([...ids].sort());
  const ajv = new Ajv2020({ strict: false });
  ajv.addSchema(document, "document");
  for (const [id, [path, asked]] of Object.entries(EXAMPLES)) {
    const operation = operations.get(id);
    const answer = await rest.ask(path, asked);
    const [status, described] = Object.entries(operation?.responses ?? {})[0] ?? [];
    expect([id, answer.status, answer.text.slice(0, 200)]).toEqual([
      id,
      Number(status),
      answer.text.slice(0, 200),
    ]);
    const [type, content] = Object.entries(described?.content ?? {})[0] ?? [];
    expect([id, answer.headers.get("content-type")]).toEqual([id, type ?? null]);
    const validate = ajv.compile(content?.schema ?? {});
    for (const value of valuesOf(answer))
      expect([id, validate(value), validate.errors]).toEqual([id, true, null]);
  }
  const isProblem = ajv.getSchema("document#/components/schemas/Problem");
  for (const [id, [path, asked]] of Object.entries(REFUSED)) {
    const answer = await rest.ask(path, asked);
    expect([id, answer.status >= 400 && answer.status < 500]).toEqual([id, true]);
    expect([id, isProblem?.(answer.body), isProblem?.errors]).toEqual([id, true, null]);
  }
  await rest.close();
});

/** What an answer has: one value, or one a line. */
function valuesOf(answer: Answer): readonly unknown[] {
  if (answer.headers.get("content-type") === "application/x-ndjson") {
    const lines = answer.text.split("\n").filter((line) => line !== "");
    expect(lines.length).toBeGreaterThan(0);
    return lines.map((line) => JSON.parse(line));
  }
  return answer.body === null ? [] : [answer.body];
}

const GARBAGE_QUERIES = ["?limit=-1", "?limit=x", "?nothing=1", "?%ff=1", `?${"a".repeat(5_000)}=1`];
const GARBAGE_BODIES = ["", "{", "[]", "null", "0", '"x"', "{}", '{"a":1}', "\u0000", `${"[".repeat(1_000)}`];

test("garbage is refused by every operation, in words", async () => {
  const rest = await opened();
  const paths = doorRoutes(GATEWAY_ROUTES).flatMap(({ method, path }) =>
    ["%zz", "telemetry", "%00", "..%2f", "a".repeat(3_000)].map((name) => ({
      method,
      path: path.replace(/\{\w+\}/g, name),
    })),
  );
  for (const { method, path } of paths) {
    for (const query of method === "GET" ? GARBAGE_QUERIES : [""]) {
      for (const body of method === "POST" ? GARBAGE_BODIES : [undefined]) {
        const answer = await rest.ask(path + query, { method, ...(body === undefined ? {} : { body }) });
        expect([path, query, body, answer.status < 500]).toEqual([path, query, body, true]);
        if (answer.status >= 400) expect(answer.body?.error?.remedy.length).toBeGreaterThan(3);
      }
    }
    const other = await rest.ask(path, { method: "PATCH" });
    expect([path, other.status, other.headers.get("allow")?.includes(method)]).toEqual([path, 405, true]);
  }
  await rest.close();
});
