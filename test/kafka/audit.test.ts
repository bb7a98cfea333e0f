import { afterEach, expect, test } from "bun:test";
import { ZERO_UUID } from "../../src/base/ids.ts";
import { AUDIT_TOPIC } from "../../src/broker/own-topics.ts";
import { noteRefusals } from "../../src/kafka/audit.ts";
import { ALTER_USER_SCRAM_CREDENTIALS_REQUEST } from "../../src/kafka/wire/generated/alter-user-scram-credentials-request.ts";
import { ALTER_USER_SCRAM_CREDENTIALS_RESPONSE } from "../../src/kafka/wire/generated/alter-user-scram-credentials-response.ts";
import { CREATE_ACLS_REQUEST } from "../../src/kafka/wire/generated/create-acls-request.ts";
import { CREATE_ACLS_RESPONSE } from "../../src/kafka/wire/generated/create-acls-response.ts";
import {
  CREATE_TOPICS_REQUEST,
  DEFAULT_CREATE_TOPICS_REQUEST,
} from "../../src/kafka/wire/generated/create-topics-request.ts";
import { CREATE_TOPICS_RESPONSE } from "../../src/kafka/wire/generated/create-topics-response.ts";
import {
  DEFAULT_DELETE_TOPICS_REQUEST,
  DELETE_TOPICS_REQUEST,
} from "../../src/kafka/wire/generated/delete-topics-request.ts";
import { DELETE_TOPICS_RESPONSE } from "../../src/kafka/wire/generated/delete-topics-response.ts";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import { INCREMENTAL_ALTER_CONFIGS_REQUEST } from "../../src/kafka/wire/generated/incremental-alter-configs-request.ts";
import { INCREMENTAL_ALTER_CONFIGS_RESPONSE } from "../../src/kafka/wire/generated/incremental-alter-configs-response.ts";
import {
  DEFAULT_METADATA_REQUEST,
  METADATA_REQUEST,
} from "../../src/kafka/wire/generated/metadata-request.ts";
import { METADATA_RESPONSE } from "../../src/kafka/wire/generated/metadata-response.ts";
import type { AuditEvent } from "../../src/security/audit/audit-event.ts";
import { KafkaAuthorizer } from "../../src/security/kafka-acls/authorizer.ts";
import { SecurityRig, usersText } from "../security/support.ts";
import { Gateway, type TestClient } from "./support/door.ts";
import { Speaker } from "./support/sasl.ts";

const MECHANISMS = ["PLAIN", "SCRAM-SHA-256"] as const;
const PLACE = { host: "127.0.0.1", port: 9094, advertised: null, tls: false, mechanisms: MECHANISMS };

const closing: Gateway[] = [];
afterEach(async () => {
  for (const gateway of closing.splice(0)) await gateway.close();
});

async function world(allowIfNone = true) {
  const rig = new SecurityRig({ users: usersText({ anna: "annasecret", ben: "bensecret" }) });
  const events: AuditEvent[] = [];
  const audit = { note: (event: AuditEvent) => void events.push(event) };
  const gateway = await Gateway.open({
    places: [PLACE],
    security: rig.security,
    audit,
    authorizer: ({ acls }) => {
      const authorizer = new KafkaAuthorizer({ acls, superUsers: ["anna"], allowIfNone });
      noteRefusals(authorizer, audit);
      return authorizer;
    },
    limits: { maxIdleMs: -1, loginTimeoutMs: 600_000, maxConnectionsOfUser: 2 },
  });
  closing.push(gateway);
  const finish = async () => {
    rig.clock.advance(gateway.clock.monotonicMs() - rig.clock.monotonicMs());
    await rig.passwords.finishAll();
  };
  const connect = async () => new Speaker(gateway, await gateway.connect(PLACE.port), finish);
  const as = async (user: string): Promise<TestClient> => {
    const one = await connect();
    expect((await one.plain(user, `${user}secret`)).errorCode).toBe(0);
    return one.client;
  };
  const told = () =>
    events
      .splice(0)
      .map(({ action, result, user, reason, resource = "", detail = "" }) =>
        [action, result, user, reason ?? "-", resource, detail].join(" ").trimEnd(),
      );
  return { rig, gateway, connect, as, events, told };
}

test("logins are told of by mechanism, with who, from where, by which listener, and why not", async () => {
  const { gateway, connect, as, events, told } = await world();
  const client = await as("anna");
  expect(events).toEqual([
    {
      ...{ kind: "access", door: "kafka", address: "127.0.0.1", port: 9094, action: "login" },
      ...{ user: "anna", detail: "PLAIN", result: "success" },
    },
  ]);
  await (await connect()).plain("anna", "hunter2");
  await (await connect()).scram("SHA-256", "carl", "hunter3");
  const one = await connect();
  await one.handshake("PLAIN");
  await one.say("ben\0anna\0annasecret");
  await as("anna");
  expect((await (await connect()).plain("anna", "annasecret")).errorCode).toBe(
    ERROR.SASL_AUTHENTICATION_FAILED,
  );
  expect(JSON.stringify(events)).not.toMatch(/hunter|secret/);
  client.connection?.close();
  await gateway.clock.settleAll();
  expect(told()).toEqual([
    "login success anna -  PLAIN",
    "login failure anna wrong-password  PLAIN",
    "login failure carl wrong-password  SCRAM-SHA-256",
    "login failure anna other-identity  PLAIN",
    "login success anna -  PLAIN",
    "login failure anna too-many-connections  PLAIN",
    "logout success anna -",
  ]);
});

test("who is removed is put out, which is told", async () => {
  const { rig, gateway, as, told } = await world();
  await as("ben");
  rig.change("users", usersText({ anna: "annasecret" }));
  await gateway.clock.settleAll();
  expect(told()).toEqual(["login success ben -  PLAIN", "logout success ben revoked"]);
});

test("topics that are made because they are asked for are told of, once", async () => {
  const { as, events, told } = await world();
  const client = await as("ben");
  events.length = 0;
  const ask = async (name: string, allowAutoTopicCreation: boolean) => {
    const topics = [{ topicId: ZERO_UUID, name }];
    const request = { ...DEFAULT_METADATA_REQUEST, topics, allowAutoTopicCreation };
    await client.ask(METADATA_REQUEST, METADATA_RESPONSE, request, 12);
  };
  await ask("others", false);
  await ask("a/b", true);
  for (let n = 0; n < 2; n++) await ask("orders", true);
  expect(told()).toEqual(["topic.create success ben - topic orders by asking for it"]);
});

test("changes are told of with their results, by names and never by what is secret", async () => {
  const { as, events, told } = await world();
  const client = await as("anna");
  events.length = 0;
  const topic = { name: "orders", numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] };
  const create = { ...DEFAULT_CREATE_TOPICS_REQUEST, topics: [topic] };
  for (let n = 0; n < 2; n++) await client.ask(CREATE_TOPICS_REQUEST, CREATE_TOPICS_RESPONSE, create, 7);
  const looked = { ...create, topics: [{ ...topic, name: "others" }], validateOnly: true };
  await client.ask(CREATE_TOPICS_REQUEST, CREATE_TOPICS_RESPONSE, looked, 7);
  await client.ask(
    INCREMENTAL_ALTER_CONFIGS_REQUEST,
    INCREMENTAL_ALTER_CONFIGS_RESPONSE,
    {
      resources: [
        {
          ...{ resourceType: 2, resourceName: "orders" },
          configs: [{ name: "retention.ms", configOperation: 0, value: "4711" }],
        },
      ],
      validateOnly: false,
    },
    1,
  );
  await client.ask(
    CREATE_ACLS_REQUEST,
    CREATE_ACLS_RESPONSE,
    {
      creations: [
        {
          ...{ resourceType: 2, resourceName: "orders", resourcePatternType: 4, principal: "User:ben" },
          ...{ host: "*", operation: 3, permissionType: 3 },
        },
      ],
    },
    3,
  );
  const salted = new TextEncoder().encode("salted-password-of-32-characters");
  const credential = { name: "dora", mechanism: 1, iterations: 4096, salt: salted.subarray(0, 16) };
  await client.ask(
    ALTER_USER_SCRAM_CREDENTIALS_REQUEST,
    ALTER_USER_SCRAM_CREDENTIALS_RESPONSE,
    { deletions: [{ name: "erik", mechanism: 1 }], upsertions: [{ ...credential, saltedPassword: salted }] },
    0,
  );
  const gone = {
    ...DEFAULT_DELETE_TOPICS_REQUEST,
    topics: [{ name: "orders", topicId: "AAAAAAAAAAAAAAAAAAAAAA" as never }],
  };
  await client.ask(DELETE_TOPICS_REQUEST, DELETE_TOPICS_RESPONSE, gone, 6);
  expect(events.every(({ kind, door, port }) => kind === "change" && door === "kafka" && port === 9094)).toBe(
    true,
  );
  expect(JSON.stringify(events)).not.toMatch(/4711|salted/);
  expect(told()).toEqual([
    "topic.create success anna - topic orders",
    "topic.create failure anna - topic orders TOPIC_ALREADY_EXISTS",
    "config.alter success anna - topic orders retention.ms",
    "acl.create success anna - acl User:ben may read topic orders... from *",
    "user.set-scram success anna - user dora",
    "user.remove-scram failure anna - user erik RESOURCE_NOT_FOUND",
    "topic.delete success anna - topic orders",
  ]);
});

test("what somebody may not do is told of once, as a refusal", async () => {
  const { as, told, gateway } = await world(false);
  const client = await as("ben");
  gateway.broker.createTopic({ name: "orders", partitionCount: 1, configs: new Map() }, () => {});
  told();
  const gone = {
    ...DEFAULT_DELETE_TOPICS_REQUEST,
    topics: [{ name: "orders", topicId: "AAAAAAAAAAAAAAAAAAAAAA" as never }],
  };
  await client.ask(DELETE_TOPICS_REQUEST, DELETE_TOPICS_RESPONSE, gone, 6);
  expect(told()).toEqual(["denied refused ben - topic orders delete by DeleteTopics"]);
});

test("nobody writes to the audit log, deletes it, or changes its settings; and no default opens it", async () => {
  const { as, told, gateway } = await world();
  const { broker } = gateway;
  expect(
    "error" in broker.createTopic({ name: AUDIT_TOPIC, partitionCount: 2, configs: new Map() }, () => {}),
  ).toBe(false);
  const client = await as("anna");
  told();
  const gone = {
    ...DEFAULT_DELETE_TOPICS_REQUEST,
    topics: [{ name: AUDIT_TOPIC, topicId: "AAAAAAAAAAAAAAAAAAAAAA" as never }],
  };
  const deleted = await client.ask(DELETE_TOPICS_REQUEST, DELETE_TOPICS_RESPONSE, gone, 6);
  expect(deleted.responses[0]?.errorCode).toBe(ERROR.INVALID_TOPIC_EXCEPTION);
  const configs = [{ name: "retention.ms", configOperation: 0, value: "1" }];
  const altered = await client.ask(
    INCREMENTAL_ALTER_CONFIGS_REQUEST,
    INCREMENTAL_ALTER_CONFIGS_RESPONSE,
    { resources: [{ resourceType: 2, resourceName: AUDIT_TOPIC, configs }], validateOnly: false },
    1,
  );
  expect(altered.responses[0]?.errorCode).toBe(ERROR.POLICY_VIOLATION);
  expect(told()).toEqual([
    `topic.delete failure anna - topic ${AUDIT_TOPIC} INVALID_TOPIC_EXCEPTION`,
    `config.alter failure anna - topic ${AUDIT_TOPIC} POLICY_VIOLATION`,
  ]);
  const { authorizer } = gateway.services;
  const ben = authorizer?.rightsOf("ben", "127.0.0.1");
  // By allow.everyone.if.no.acl.found ben may do everything else.
  expect([ben?.allows(3, 2, "orders"), ben?.allows(3, 2, AUDIT_TOPIC)]).toEqual([true, false]);
});
