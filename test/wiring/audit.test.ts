import { expect, test } from "bun:test";
import { type LogFields, silentLogger } from "../../src/base/logger.ts";
import { AUDIT_TOPIC } from "../../src/broker/own-topics.ts";
import { defaultSettings } from "../../src/config/options.ts";
import { changesText, GatewayAudit } from "../../src/wiring/audit.ts";
import { tellOfFirstRule } from "../../src/wiring/kafka-door.ts";
import { openBroker, recordsOf } from "../broker/support.ts";
import { memoryAcls, rule } from "../security/kafka-acls/support.ts";

test("what comes by no door is told of as the gateway's own, with names of users and settings alone", async () => {
  const open = await openBroker();
  const audit = new GatewayAudit(defaultSettings({ "disk.reserve.bytes": 0 }), open.clock, silentLogger, "");
  audit.open(open.broker);
  audit.noteUsers(
    new Map([
      ["anna", "hash-1"],
      ["ben", "hash-2"],
    ]),
    new Map([
      ["anna", "hash-3"],
      ["cleo", "hash-4"],
    ]),
  );
  audit.noteUsers(new Map([["anna", "hash-3"]]), new Map([["anna", "hash-3"]]));
  audit.noteOwn("config.read", "configuration", changesText(["log.level"], ["data"]));
  await open.clock.settleAll();
  const entries = recordsOf(open, AUDIT_TOPIC).map(({ value }) =>
    JSON.parse(String(Buffer.from(value ?? []))),
  );
  expect(entries).toMatchObject([
    {
      action: "user.read-file",
      user: null,
      detail: "added cleo; changed anna; removed ben",
      door: "gateway",
    },
    { action: "config.read", result: "success", detail: "log.level, at the next start: data" },
  ]);
  expect(JSON.stringify(entries)).not.toContain("hash");
});

test("where it is switched off nothing is kept", async () => {
  const open = await openBroker();
  const audit = new GatewayAudit(defaultSettings({ "audit.enable": false }), open.clock, silentLogger, "");
  audit.open(open.broker);
  audit.noteOwn("config.read", "configuration", "");
  await open.clock.settleAll();
  expect([open.broker.topics.get(AUDIT_TOPIC), audit.fault]).toEqual([null, null]);
});

test("the first rules are told of, where nobody stands above them, and later ones are not", () => {
  const lines: LogFields[] = [];
  const acls = memoryAcls();
  tellOfFirstRule(acls, { ...silentLogger, warn: (_, fields) => void lines.push(fields ?? {}) });
  acls.add([rule("allow User:anna read topic orders")], () => {});
  acls.add([rule("allow User:ben read topic orders")], () => {});
  expect(lines).toEqual([{ remedy: "name an administrator in security.super.users, and start again" }]);
});
