import { expect, test } from "bun:test";
import { silentLogger } from "../../../src/base/logger.ts";
import type { AuditEvent } from "../../../src/security/audit/audit-event.ts";
import { AuditLog } from "../../../src/security/audit/audit-log.ts";
import { AuditTopic } from "../../../src/security/audit/audit-topic.ts";
import type { Security } from "../../../src/security/security.ts";
import { hashOf } from "../../security/support.ts";
import { RestGateway, securityOf } from "../support.ts";

const MIB = 1024 * 1024;

async function world() {
  const events: AuditEvent[] = [];
  const rest = await RestGateway.open({
    access: { audit: { note: (event) => void events.push(event) } },
    parts: {
      controls: () => ({
        uplinkNames: () => ["central"],
        uplinkActions: new Map(["pause", "cap", "inspect"].map((name) => [name, () => Promise.resolve({})])),
        endSession: () => Promise.resolve(true),
      }),
    },
  });
  const told = () =>
    events
      .splice(0)
      .map(({ action, result, user, address, resource = "", detail = "" }) =>
        [action, result, user ?? "nobody", address, resource, detail].join(" ").trimEnd(),
      );
  const post = (path: string, body: object = {}, from = "127.0.0.1") =>
    rest.ask(path, { method: "POST", body, from });
  return { rest, events, told, post };
}

test("what changes something is told of with who, from where and with what result; bodies are not", async () => {
  const { rest, events, told, post } = await world();
  await post("/api/topics", { name: "orders", configs: { "retention.ms": "4711" } });
  await post("/api/topics", { name: "orders" });
  await post("/api/users", { name: "cleo", password: "hunter2" });
  await post("/api/users/cleo/password", { password: "hunter3" });
  await post("/api/config/apply", { toml: 'token = "hunter4"' });
  await post("/api/config/validate", { toml: 'token = "hunter4"' });
  await post("/api/uplinks/central/pause");
  await post("/api/uplinks/central/cap", { bytesPerSecond: 2048, password: "hunter5" });
  await post("/api/uplinks/central/inspect");
  await post("/api/sessions/pump-1/end");
  await post("/api/topics/orders/records", { key: "hunter6", value: "hunter7" });
  await post("/api/acls", {
    ...{ resourceType: "topic", resourceName: "orders", principal: "User:anna", operation: "read" },
    permission: "allow",
  });
  await post("/api/groups/readers/reset", { topic: "orders", to: "earliest", dryRun: true });
  await post("/api/groups/readers/reset", { topic: "orders", to: "earliest" });
  await rest.ask("/api/topics/orders", { method: "DELETE" });
  await rest.ask("/api/backup");
  await rest.ask("/api/topics");
  expect(JSON.stringify(events)).not.toMatch(/hunter|4711/);
  expect(events.every(({ kind, door }) => kind === "change" && door === "http")).toBe(true);
  const from = "nobody 127.0.0.1";
  expect(told()).toEqual([
    `topic.create success ${from} topic orders`,
    `topic.create failure ${from} topic orders HTTP 409`,
    `user.create success ${from} user cleo`,
    `user.set-password success ${from} user cleo`,
    `config.apply success ${from}`,
    `uplink.pause success ${from} uplink central`,
    `uplink.cap success ${from} uplink central bytesPerSecond 2048`,
    `session.end success ${from} session pump-1`,
    `records.produce success ${from} topic orders`,
    `acl.create success ${from} acl User:anna may read topic orders from *`,
    `group.set-offsets failure ${from} group readers HTTP 404`,
    `topic.delete success ${from} topic orders`,
    `backup.read failure ${from}  HTTP 409`,
  ]);
});

test("who may not is told of; who has only to log in first is not", async () => {
  const { rest, told, post } = await world();
  await post("/api/topics", { name: "orders" }, "192.0.2.7");
  await rest.ask("/api/topics", { from: "192.0.2.7" });
  await rest.ask("/api/topics", {
    ...{ method: "POST", body: { name: "orders" } },
    headers: { origin: "https://elsewhere.example" },
  });
  expect(told()).toEqual([
    "denied refused nobody 192.0.2.7 operation createTopic",
    "denied refused nobody 192.0.2.7 operation listTopics",
    "denied refused nobody 127.0.0.1 operation createTopic",
  ]);
});

test("logins are told of by their way, with why they were none, and log-outs with whose they were", async () => {
  const { SystemPasswords } = await import("../../../src/io/bun/passwords.ts");
  const hash = await new SystemPasswords().hash(new TextEncoder().encode("annasecret"));
  let security: Security | null = null;
  const events: AuditEvent[] = [];
  const rest = await RestGateway.open({
    access: {
      security: () => security,
      roles: [{ kind: "user", name: "anna", role: "operator" }],
      control: "off",
      records: "off",
      audit: { note: (event) => void events.push(event) },
    },
  });
  security = securityOf({ users: `anna:${hash}\nben:${hashOf("ben")}\n`, acl: "" }, rest.clock);
  const from = { from: "192.0.2.7", isTls: true };
  const login = (user: string, password: string, more = {}) =>
    rest.ask("/api/login", { ...from, method: "POST", body: { user, password }, ...more });
  const timer = setInterval(() => rest.clock.advance(50), 5);
  const good = await login("anna", "annasecret");
  await login("anna", "hunter2");
  await login("anna", "annasecret", { isTls: false });
  const authorization = `Basic ${btoa("anna:annasecret")}`;
  await rest.ask("/api/topics", { ...from, headers: { authorization } });
  const cookie = (good.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  const { csrf } = (await rest.ask("/api/me", { ...from, headers: { cookie } })).body;
  const headers = { cookie, "x-csrf-token": String(csrf) };
  await rest.ask("/api/users", {
    ...from,
    method: "POST",
    headers,
    body: { name: "x", password: "hunter3" },
  });
  await rest.ask("/api/logout", { ...from, method: "POST", headers });
  clearInterval(timer);
  const secrets = [cookie.split("=")[1], csrf, "hunter", "annasecret", btoa("anna:annasecret")];
  for (const secret of secrets) expect(JSON.stringify(events)).not.toContain(String(secret));
  expect(
    events.map(({ action, result, user, reason = "-", detail = "", resource = "" }) =>
      [action, result, user, reason, detail, resource].join(" ").trimEnd(),
    ),
  ).toEqual([
    "login success anna - session",
    "login failure anna wrong-password session",
    "login failure anna plain-text session",
    "login success anna - basic",
    "denied refused anna -  operation addUser",
    "logout success anna - session",
  ]);
  await rest.close();
});

test("it is listed newest first, in parts, by user and action, for operators", async () => {
  const rest = await RestGateway.open();
  const { broker, clock } = rest.kafka;
  const audit = new AuditLog(clock, silentLogger);
  audit.open(new AuditTopic(broker, { maxBytes: 4 * MIB, retentionMs: 86_400_000 }, 0, silentLogger));
  for (let n = 0; n < 5; n++) {
    audit.note({
      ...{ kind: n % 2 === 0 ? "change" : "access", action: n % 2 === 0 ? "topic.create" : "login" },
      ...{ result: "success", user: n < 3 ? "anna" : "ben", door: "kafka", address: "192.0.2.7", port: 9092 },
      ...(n % 2 === 0 ? { resource: `topic t${n}` } : {}),
    });
    clock.advance(1_000);
  }
  await clock.settleAll();
  const first = (await rest.ask("/api/audit?limit=2")).body;
  expect(first.entries).toEqual([
    {
      ...{ id: "0:2", atMs: Date.UTC(2026, 0, 1) + 4_000, toMs: Date.UTC(2026, 0, 1) + 4_000, count: 1 },
      ...{ isSum: false, kind: "change", user: "ben", door: "kafka", address: "192.0.2.7", port: 9092 },
      ...{ action: "topic.create", resource: "topic t4", result: "success", reason: null, detail: null },
    },
    expect.objectContaining({ id: "1:1", action: "login", resource: null, user: "ben" }),
  ]);
  const ids = [];
  for (let path: string | null = "/api/audit?limit=2"; path !== null; ) {
    const part: { entries: { id: string }[]; next: string | null } = (await rest.ask(path)).body;
    ids.push(...part.entries.map(({ id }) => id));
    path = part.next;
  }
  expect(ids).toEqual(["0:2", "1:1", "0:1", "1:0", "0:0"]);
  const idsOf = async (query: string) =>
    (await rest.ask(`/api/audit?${query}`)).body.entries.map(({ id }: { id: string }) => id);
  expect(await idsOf("user=anna")).toEqual(["0:1", "1:0", "0:0"]);
  expect(await idsOf("action=login")).toEqual(["1:1", "1:0"]);
  expect(await idsOf(`since=${Date.UTC(2026, 0, 1) + 3_000}`)).toEqual(["0:2", "1:1"]);
  expect((await rest.ask("/api/audit?before=x")).status).toBe(400);
  expect((await rest.ask("/api/audit", { from: "192.0.2.7" })).status).toBe(403);
  await rest.close();
});

test("there is an empty list where nobody did anything", async () => {
  const rest = await RestGateway.open();
  expect((await rest.ask("/api/audit")).body).toEqual({ entries: [], next: null });
  await rest.close();
});
