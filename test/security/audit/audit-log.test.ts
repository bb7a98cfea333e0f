import { expect, test } from "bun:test";
import { type LogFields, silentLogger } from "../../../src/base/logger.ts";
import { AUDIT_TOPIC } from "../../../src/broker/own-topics.ts";
import { SimulatedDisk } from "../../../src/io/simulated/disk.ts";
import { decodeEntry } from "../../../src/security/audit/audit-entry.ts";
import type { AuditEvent } from "../../../src/security/audit/audit-event.ts";
import { type AuditBug, AuditLog, MAX_WAITING } from "../../../src/security/audit/audit-log.ts";
import { type AuditPosition, AuditReader } from "../../../src/security/audit/audit-reader.ts";
import { AuditTopic, PARTITION_OF } from "../../../src/security/audit/audit-topic.ts";
import { type OpenBroker, openBroker, recordsOf } from "../../broker/support.ts";

const MIB = 1024 * 1024;
const KEEPING = { maxBytes: 4 * MIB, retentionMs: 30 * 86_400_000 };
const CREATED: AuditEvent = {
  ...{ kind: "change", action: "topic.create", result: "success", user: "anna", door: "kafka" },
  ...{ address: "192.0.2.7", port: 9092, resource: "topic orders" },
};
const FAILED: AuditEvent = {
  ...{ kind: "access", action: "login", result: "failure", user: "anna", door: "mqtt" },
  ...{ address: "192.0.2.7", port: 8883, reason: "wrong-password" },
};

interface Audited extends OpenBroker {
  readonly audit: AuditLog;
  readonly lines: LogFields[];
}

async function opened(disk = new SimulatedDisk({ seed: 1 }), reserveBytes = 0, bugs: AuditBug[] = []) {
  const open = await openBroker(disk);
  const lines: LogFields[] = [];
  const logger = { ...silentLogger, info: (_: string, fields?: LogFields) => void lines.push(fields ?? {}) };
  const audit = new AuditLog(open.clock, logger, new Set(bugs));
  audit.open(new AuditTopic(open.broker, KEEPING, reserveBytes, silentLogger));
  return { ...open, audit, lines } satisfies Audited;
}

function entriesOf(open: OpenBroker, kind: AuditEvent["kind"]) {
  return recordsOf(open, AUDIT_TOPIC, PARTITION_OF[kind]).map(({ value }) =>
    decodeEntry(value ?? new Uint8Array(0)),
  );
}

function newest(
  open: OpenBroker,
  want: { user?: string; action?: string; sinceMs?: number; limit?: number },
) {
  const { user = null, action = null, sinceMs = null, limit = 100 } = want;
  const found: string[] = [];
  let position: AuditPosition | null = null;
  do {
    const reader: AuditReader = new AuditReader(open.broker, { user, action, sinceMs }, limit, position);
    while (!reader.step({ bytes: 1 })) {}
    expect(reader.entries.length).toBeLessThanOrEqual(limit);
    for (const { entry } of reader.entries) found.push(`${entry.user} ${entry.action} ${entry.count}`);
    position = reader.position;
  } while (position !== null);
  return found;
}

test("entries are records of JSON, keyed by user, of changes and of logins apart", async () => {
  const open = await opened();
  const { audit, clock, broker } = open;
  audit.note(CREATED);
  audit.note(FAILED);
  audit.note(FAILED);
  await clock.settleAll();
  expect(broker.topics.get(AUDIT_TOPIC)?.internal).toBe(true);
  const [change] = recordsOf(open, AUDIT_TOPIC, 0);
  expect(Buffer.from(change?.key ?? []).toString()).toBe("anna");
  expect(JSON.parse(Buffer.from(change?.value ?? []).toString())).toEqual({
    ...{ at: "2026-01-01T00:00:00.000Z", kind: "change", action: "topic.create", result: "success" },
    ...{ user: "anna", door: "kafka", address: "192.0.2.7", port: 9092, resource: "topic orders" },
  });
  expect(entriesOf(open, "access")).toMatchObject([{ ...FAILED, count: 1 }]);
  clock.advance(60_000);
  await clock.settleAll();
  expect(entriesOf(open, "access")).toMatchObject([{ count: 1 }, { ...FAILED, count: 1 }]);
  expect(open.lines).toMatchObject([{ action: "topic.create" }, { action: "login" }, { action: "login" }]);
});

test("names from outside are cut, and can't break a line", async () => {
  const open = await opened();
  open.audit.note({ ...FAILED, user: `\u001b[2J\n${"x".repeat(70_000)}`, resource: "topic \ud800" });
  await open.clock.settleAll();
  const [entry] = entriesOf(open, "access");
  expect(entry?.user).toMatch(/^\ufffd\[2J\ufffdx{123}…$/);
  expect(entry?.resource).toBe("topic \ufffd");
});

test("who notes something never hears that the disk is full, and what waits is written when it is not", async () => {
  const disk = new SimulatedDisk({ seed: 1, capacityBytes: 96 * MIB });
  // What is kept in reserve is for what must not fail.
  const open = await opened(disk, 100 * MIB);
  const { audit, clock } = open;
  for (let n = 0; n < MAX_WAITING + 500; n++) audit.note({ ...CREATED, resource: `topic t${n}` });
  await clock.settleAll();
  expect(entriesOf(open, "change")).toEqual([]);
  expect(audit.fault).toMatch(/KAFKA_STORAGE_ERROR.*1000 entries wait/);
  audit.open(new AuditTopic(open.broker, KEEPING, 0, silentLogger));
  clock.advance(60_000);
  await clock.settleAll();
  clock.advance(60_000);
  await clock.settleAll();
  expect(audit.fault).toBeNull();
  const entries = entriesOf(open, "change");
  expect(entries.reduce((sum, entry) => sum + (entry?.count ?? 0), 0)).toBe(MAX_WAITING + 500);
  expect(entries.at(-1)).toMatchObject({ isSum: true, count: 500, action: "topic.create" });
});

test("what was noted before there was a log is written once there is one, and all that is counted at the end", async () => {
  const open = await openBroker();
  const audit = new AuditLog(open.clock, silentLogger);
  for (let n = 0; n < 4; n++) audit.note(FAILED);
  open.clock.advance(10_000);
  audit.open(new AuditTopic(open.broker, KEEPING, 0, silentLogger));
  await open.clock.settleAll();
  expect(entriesOf(open, "access")).toMatchObject([{ count: 1 }]);
  audit.close();
  audit.note(FAILED);
  await open.clock.settleAll();
  expect(entriesOf(open, "access")).toMatchObject([{ count: 1 }, { count: 3 }]);
});

test("a flood takes little of the disk; without sums it would take much", async () => {
  const bytesOf = async (bugs: AuditBug[]) => {
    const open = await opened(new SimulatedDisk({ seed: 1 }), 0, bugs);
    for (let n = 0; n < 5_000; n++) open.audit.note({ ...FAILED, user: `user-${n}` });
    await open.clock.settleAll();
    return open.broker.partition(AUDIT_TOPIC, 1)?.log.sizeBytes ?? 0;
  };
  const limit = 150_000;
  expect(await bytesOf([])).toBeLessThan(limit);
  expect(await bytesOf(["sums-nothing"])).toBeGreaterThan(limit);
});

test("it is bounded by size, and a flood of logins takes no change with it", async () => {
  const open = await opened();
  const { audit, clock, broker, store } = open;
  audit.note(CREATED);
  for (let n = 0; n < 60; n++) {
    for (let m = 0; m < 300; m++) audit.note({ ...FAILED, user: `${"x".repeat(100)}${n}-${m}` });
    clock.advance(1_500_000);
    await clock.settleAll();
    await store.maintain(clock.nowMs());
  }
  clock.advance(300_000);
  await store.maintain(clock.nowMs());
  const [changes, access] = broker.topics.get(AUDIT_TOPIC)?.partitions.map(({ log }) => log) ?? [];
  expect(access?.logStartOffset ?? 0).toBeGreaterThan(0);
  expect(access?.sizeBytes ?? 0).toBeLessThanOrEqual(KEEPING.maxBytes / 2);
  expect(changes?.logStartOffset).toBe(0 as never);
});

test("settings of a later start are taken over", async () => {
  const open = await opened();
  open.audit.note(CREATED);
  await open.clock.settleAll();
  new AuditTopic(open.broker, { maxBytes: 8 * MIB, retentionMs: 3_600_000 }, 0, silentLogger);
  const configs = open.broker.topics.get(AUDIT_TOPIC)?.configs;
  expect([configs?.get("retention.bytes"), configs?.get("retention.ms")]).toEqual([
    String(3 * MIB),
    "3600000",
  ]);
});

test("it is read from its end, of both partitions by time, in parts and by user, action and time", async () => {
  const open = await opened();
  const { audit, clock } = open;
  for (let n = 0; n < 300; n++) {
    audit.note(
      n % 3 === 0
        ? { ...CREATED, user: n % 2 === 0 ? "anna" : "ben", action: `topic.${n}` }
        : { ...FAILED, user: "cleo", action: `login-${n}` },
    );
    clock.advance(10);
    if (n % 7 === 0) await clock.settleAll();
  }
  await clock.settleAll();
  const all = newest(open, {});
  expect(all).toHaveLength(300);
  expect(all.map((line) => Number(/\d+(?= 1$)/.exec(line)?.[0]))).toEqual(
    Array.from({ length: 300 }, (_, n) => 299 - n),
  );
  expect(newest(open, { limit: 7 })).toEqual(all);
  expect(newest(open, { user: "ben" })).toHaveLength(50);
  expect(newest(open, { action: "topic" })).toHaveLength(100);
  expect(newest(open, { action: "topic.3" })).toEqual(["ben topic.3 1"]);
  expect(newest(open, { sinceMs: clock.nowMs() - 100 })).toHaveLength(10);
});

test("a log without refusals is noticed", async () => {
  const denied: AuditEvent = { ...FAILED, action: "denied", result: "refused", resource: "topic orders" };
  const seen = async (bugs: AuditBug[]) => {
    const open = await opened(new SimulatedDisk({ seed: 1 }), 0, bugs);
    open.audit.note(denied);
    await open.clock.settleAll();
    return entriesOf(open, "access").length;
  };
  expect([await seen([]), await seen(["forgets-refusals"])]).toEqual([1, 0]);
});
