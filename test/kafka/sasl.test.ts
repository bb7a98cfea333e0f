import { afterEach, describe, expect, test } from "bun:test";
import { ScramExchange } from "../../src/kafka/client/scram.ts";
import { saltedPassword, verifierOf } from "../../src/kafka/client/scram-keys.ts";
import type { KafkaConnection } from "../../src/kafka/connection.ts";
import type { KafkaDoorLimits } from "../../src/kafka/listener.ts";
import type { LoginBug } from "../../src/kafka/login.ts";
import { ALTER_USER_SCRAM_CREDENTIALS_REQUEST } from "../../src/kafka/wire/generated/alter-user-scram-credentials-request.ts";
import { ALTER_USER_SCRAM_CREDENTIALS_RESPONSE } from "../../src/kafka/wire/generated/alter-user-scram-credentials-response.ts";
import {
  API_VERSIONS_REQUEST,
  DEFAULT_API_VERSIONS_REQUEST,
} from "../../src/kafka/wire/generated/api-versions-request.ts";
import { API_VERSIONS_RESPONSE } from "../../src/kafka/wire/generated/api-versions-response.ts";
import { DESCRIBE_USER_SCRAM_CREDENTIALS_REQUEST } from "../../src/kafka/wire/generated/describe-user-scram-credentials-request.ts";
import { DESCRIBE_USER_SCRAM_CREDENTIALS_RESPONSE } from "../../src/kafka/wire/generated/describe-user-scram-credentials-response.ts";
import { ERROR } from "../../src/kafka/wire/generated/errors.ts";
import {
  DEFAULT_METADATA_REQUEST,
  METADATA_REQUEST,
} from "../../src/kafka/wire/generated/metadata-request.ts";
import { METADATA_RESPONSE } from "../../src/kafka/wire/generated/metadata-response.ts";
import { PRODUCE_REQUEST } from "../../src/kafka/wire/generated/produce-request.ts";
import { formatScramVerifier } from "../../src/security/verifiers.ts";
import { hashOf, SecurityRig, usersText } from "../security/support.ts";
import { Gateway, type TestClient } from "./support/door.ts";
import { Speaker } from "./support/sasl.ts";

const MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] as const;
/** Where logins are asked for, and where nobody logs in. */
const CLOSED = { host: "127.0.0.1", port: 9092, advertised: null, tls: false, mechanisms: MECHANISMS };
const OPEN = { ...CLOSED, port: 9099, mechanisms: [] };
const salt = Uint8Array.from({ length: 16 }, (_, index) => index);
const verifier = async (hash: "SHA-256" | "SHA-512", password: string) =>
  formatScramVerifier(
    verifierOf(hash, await saltedPassword(hash, Buffer.from(password), salt, 4_096), salt, 4_096),
  );

const closing: Gateway[] = [];
afterEach(async () => {
  for (const gateway of closing.splice(0)) await gateway.close();
});

async function world(options: { limits?: Partial<KafkaDoorLimits>; bugs?: readonly LoginBug[] } = {}) {
  const users = `${usersText({ anna: "annas", ben: "bens" })}carl:${hashOf("carls")} ${await verifier("SHA-256", "carls")} ${await verifier("SHA-512", "carls")}\n`;
  const rig = new SecurityRig({ users });
  const gateway = await Gateway.open({
    places: [CLOSED, OPEN],
    security: rig.security,
    limits: { maxIdleMs: -1, loginTimeoutMs: 600_000, ...options.limits },
    ...(options.bugs === undefined ? {} : { loginBugs: options.bugs }),
  });
  closing.push(gateway);
  const finish = async () => {
    // Time of the store of users and of the door are the same thing.
    rig.clock.advance(gateway.clock.monotonicMs() - rig.clock.monotonicMs());
    await rig.passwords.finishAll();
  };
  const connect = async (port = 9092) => new Speaker(gateway, await gateway.connect(port), finish);
  const names = () => gateway.door.connections(20).map(({ user }) => user);
  return { rig, gateway, connect, names };
}

/** The error code of Metadata's answer, or "closed". */
async function metadata(client: TestClient, gateway: Gateway): Promise<"served" | "closed"> {
  const id = client.send(METADATA_REQUEST, { ...DEFAULT_METADATA_REQUEST, topics: [] }, 12);
  await gateway.clock.settleAll();
  if (client.closedByPeer) return "closed";
  client.take(METADATA_RESPONSE, 12, id);
  return "served";
}

describe("who logs in", () => {
  test("by PLAIN has his name, and is served", async () => {
    const { gateway, connect, names } = await world();
    const one = await connect();
    const answer = await one.plain("anna", "annas");
    expect(answer).toMatchObject({ errorCode: 0, errorMessage: null, sessionLifetimeMs: 0 });
    expect(names()).toEqual(["anna"]);
    expect(gateway.door.connections(1)[0]?.method).toBe("PLAIN");
    expect(await metadata(one.client, gateway)).toBe("served");
  });

  test.each(["SHA-256", "SHA-512"] as const)("by SCRAM-%s, too, and in every version", async (hash) => {
    const { gateway, connect, names } = await world();
    const one = await connect();
    expect((await one.scram(hash, "carl", "carls")).errorCode).toBe(0);
    expect(names()).toEqual(["carl"]);
    expect(await metadata(one.client, gateway)).toBe("served");
    for (const version of [0, 1, 2])
      expect((await (await connect()).plain("carl", "carls", version)).errorCode).toBe(0);
  });

  test("may ask for versions first, of which those of logins are some", async () => {
    const { connect } = await world();
    const one = await connect();
    const request = { ...DEFAULT_API_VERSIONS_REQUEST, clientSoftwareName: "t", clientSoftwareVersion: "1" };
    const { apiKeys } = await one.client.ask(API_VERSIONS_REQUEST, API_VERSIONS_RESPONSE, request, 3);
    const keys = apiKeys.filter(({ apiKey }) => [17, 36, 50, 51].includes(apiKey));
    expect(keys.map(({ minVersion, maxVersion }) => [minVersion, maxVersion])).toEqual([
      [0, 1],
      [0, 2],
      [0, 0],
      [0, 0],
    ]);
    expect((await one.plain("anna", "annas")).errorCode).toBe(0);
  });

  test("by frames of their own, behind version 0 of the handshake", async () => {
    const { gateway, connect, names } = await world();
    const one = await connect();
    expect((await one.handshake("SCRAM-SHA-256", 0)).errorCode).toBe(0);
    const say = async (message: Uint8Array): Promise<Uint8Array> => {
      one.client.raw(Buffer.concat([Buffer.from([0, 0, 0, message.length]), message]));
      await gateway.clock.settleAll();
      return one.client.frames.shift() ?? new Uint8Array(0);
    };
    const exchange = new ScramExchange("SHA-256", "carl", "carls", "abc");
    exchange.check(await say(await exchange.final(await say(exchange.first()))));
    expect(names()).toEqual(["carl"]);
    expect(await metadata(one.client, gateway)).toBe("served");
    const two = await connect();
    await two.handshake("SCRAM-SHA-256", 0);
    two.client.raw(Buffer.from([0, 0, 0, 3, 1, 2, 3]));
    await gateway.clock.settleAll();
    gateway.clock.advance(100);
    await gateway.clock.settleAll();
    expect([two.client.closedByPeer, two.client.frames]).toEqual([true, []]);
  });
});

describe("who does not", () => {
  test("is not served: not by any api but those of a login", async () => {
    const { gateway, connect } = await world();
    expect(await metadata((await connect()).client, gateway)).toBe("closed");
    const producing = await connect();
    const request = { transactionalId: null, acks: 1, timeoutMs: 1000, topicData: [] };
    producing.client.send(PRODUCE_REQUEST, request, 9);
    await gateway.clock.settleAll();
    expect(producing.client.closedByPeer).toBe(true);
    expect(producing.client.frames).toEqual([]);
    expect(gateway.refusals).toEqual(["api key 3 before a login", "api key 0 before a login"]);
  });

  test("is not served in the middle of a login either, nor what it sends behind it at once", async () => {
    const { gateway, connect, names } = await world();
    const one = await connect();
    await one.handshake("PLAIN");
    expect(await metadata(one.client, gateway)).toBe("closed");
    const two = await connect();
    await two.handshake("PLAIN");
    const said = two.say("\0anna\0wrong");
    two.client.send(METADATA_REQUEST, { ...DEFAULT_METADATA_REQUEST, topics: [] }, 12);
    expect((await said).errorCode).toBe(ERROR.SASL_AUTHENTICATION_FAILED);
    await gateway.clock.settleAll();
    expect(two.client.frames).toEqual([]);
    expect(names()).toEqual([]);
  });

  test("that is a test of the tests: with the bug it is", async () => {
    const { gateway, connect } = await world({ bugs: ["serves-before-login"] });
    expect(await metadata((await connect()).client, gateway)).toBe("served");
  });

  test("in time is closed, and who did is not", async () => {
    const { gateway, connect } = await world({ limits: { loginTimeoutMs: 30_000 } });
    const [silent, halfway, anna, open] = [
      await connect(),
      await connect(),
      await connect(),
      await connect(9099),
    ];
    await halfway.handshake("SCRAM-SHA-256");
    await anna.plain("anna", "annas");
    gateway.clock.advance(36_000);
    await gateway.clock.settleAll();
    const ended = [silent, halfway, anna, open].map(({ client }) => client.closedByPeer);
    expect(ended).toEqual([true, true, false, false]);
  });

  test("sends no large requests, and not many", async () => {
    const { gateway, connect } = await world();
    const large = await connect();
    large.client.raw(Buffer.from([0, 8, 0, 1, 0, 0, 0, 0]));
    const many = await connect();
    await many.handshake("PLAIN");
    const waits = many.say("\0anna\0annas");
    for (let count = 0; count < 20; count++)
      many.client.send(METADATA_REQUEST, { ...DEFAULT_METADATA_REQUEST, topics: [] }, 12);
    await expect(waits).rejects.toThrow();
    await gateway.clock.settleAll();
    expect([large.client.closedByPeer, many.client.closedByPeer]).toEqual([true, true]);
  });
});

describe("a login that fails", () => {
  test("is answered late, in words that tell nothing, and ends the connection", async () => {
    const { gateway, connect, names } = await world();
    for (const [name, password] of [
      ["anna", "wrong"],
      ["nobody", "annas"],
    ] as const) {
      const one = await connect();
      const fromMs = gateway.clock.monotonicMs();
      const answer = await one.plain(name, password);
      expect(answer).toMatchObject({
        errorCode: ERROR.SASL_AUTHENTICATION_FAILED,
        errorMessage: "Authentication failed: Invalid username or password",
      });
      expect(gateway.clock.monotonicMs() - fromMs).toBeGreaterThanOrEqual(600);
      await gateway.clock.settleAll();
      expect(one.client.closedByPeer).toBe(true);
    }
    const scrams: unknown[] = [];
    for (const name of ["carl", "nobody"])
      scrams.push(await (await connect()).scram("SHA-512", name, "wrong"));
    expect(scrams[0]).toMatchObject({
      errorCode: ERROR.SASL_AUTHENTICATION_FAILED,
      errorMessage:
        "Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512",
    });
    expect(scrams[1]).toEqual(scrams[0]);
    expect(names()).toEqual([]);
  });

  test("by a mechanism that is not there is told which are", async () => {
    const { gateway, connect } = await world();
    const one = await connect();
    expect(await one.handshake("GSSAPI")).toMatchObject({
      errorCode: ERROR.UNSUPPORTED_SASL_MECHANISM,
      mechanisms: MECHANISMS,
    });
    await gateway.clock.settleAll();
    expect(one.client.closedByPeer).toBe(true);
  });

  test("often makes the next ones wait, by either mechanism, and only from there", async () => {
    const { rig, gateway, connect } = await world();
    for (let count = 0; count < 6; count++) await (await connect()).scram("SHA-256", "carl", "wrong");
    expect(rig.security.attempts.waitMs("carl", "127.0.0.1")).toBeGreaterThan(0);
    expect(rig.security.attempts.waitMs("carl", "192.0.2.1")).toBe(0);
    const one = await connect();
    await one.handshake("SCRAM-SHA-256");
    one.client.frames.splice(0);
    const fromMs = gateway.clock.monotonicMs();
    const challenge = await one.say("n,,n=carl,r=abc");
    expect(challenge.errorCode).toBe(0);
    expect(gateway.clock.monotonicMs() - fromMs).toBeGreaterThanOrEqual(200);
  });

  test.each(["", "\0", "\0anna", "\0anna\0annas\0", "\0\0annas", "\0anna\0", "ben\0anna\0annas"])(
    "PLAIN %j",
    async (message) => {
      const { connect, names } = await world();
      const one = await connect();
      await one.handshake("PLAIN");
      expect((await one.say(message)).errorCode).toBe(ERROR.SASL_AUTHENTICATION_FAILED);
      expect(names()).toEqual([]);
    },
  );

  test("leaves others alone", async () => {
    const { gateway, connect } = await world();
    const anna = await connect();
    await anna.plain("anna", "annas");
    for (let count = 0; count < 3; count++) await (await connect()).plain("anna", "wrong");
    expect(await metadata(anna.client, gateway)).toBe("served");
  });
});

describe("where nobody logs in", () => {
  test("logins are answered as in Kafka, and the connection goes on", async () => {
    const { gateway, connect } = await world();
    const one = await connect(9099);
    expect(await one.handshake("PLAIN")).toEqual({ errorCode: ERROR.ILLEGAL_SASL_STATE, mechanisms: [] });
    expect(await one.say("\0anna\0annas")).toMatchObject({ errorCode: ERROR.ILLEGAL_SASL_STATE });
    expect(await metadata(one.client, gateway)).toBe("served");
  });
});

describe("a login that holds for a time", () => {
  const limits = { maxReauthMs: 10_000 };

  test("says for how long, and its connection ends where nothing comes before it goes on", async () => {
    const { gateway, connect } = await world({ limits });
    const one = await connect();
    expect((await one.plain("anna", "annas")).sessionLifetimeMs).toBe(10_000);
    gateway.clock.advance(9_000);
    expect(await metadata(one.client, gateway)).toBe("served");
    gateway.clock.advance(1_500);
    expect(await metadata(one.client, gateway)).toBe("closed");
    expect(gateway.refusals.at(-1)).toContain("the login of anna has ended");
  });

  test("that is a test of the tests: with the bug it goes on", async () => {
    const { gateway, connect } = await world({ limits, bugs: ["serves-ended-sessions"] });
    const one = await connect();
    await one.plain("anna", "annas");
    gateway.clock.advance(20_000);
    expect(await metadata(one.client, gateway)).toBe("served");
  });

  test("is renewed by another one, before or after its end", async () => {
    const { gateway, connect, names } = await world({ limits });
    const one = await connect();
    await one.scram("SHA-256", "carl", "carls");
    for (let round = 0; round < 3; round++) {
      gateway.clock.advance(9_000 + 2_000 * round);
      expect((await one.scram("SHA-256", "carl", "carls")).sessionLifetimeMs).toBe(10_000);
      expect(await metadata(one.client, gateway)).toBe("served");
    }
    expect(names()).toEqual(["carl"]);
  });

  test("is not another's from then on, and not by another mechanism", async () => {
    const { gateway, connect } = await world({ limits });
    for (const again of [
      (one: Speaker) => one.plain("ben", "bens"),
      (one: Speaker) => one.scram("SHA-256", "carl", "carls"),
    ]) {
      const one = await connect();
      await one.plain("anna", "annas");
      gateway.clock.advance(2_000);
      expect((await again(one)).errorCode).toBe(ERROR.SASL_AUTHENTICATION_FAILED);
      await gateway.clock.settleAll();
      expect(one.client.closedByPeer).toBe(true);
    }
  });

  test("that is a test of the tests: with the bug it is", async () => {
    const { gateway, connect, names } = await world({ limits, bugs: ["changes-users"] });
    const one = await connect();
    await one.plain("anna", "annas");
    gateway.clock.advance(2_000);
    expect((await one.plain("ben", "bens")).errorCode).toBe(0);
    expect(names()).toEqual(["ben"]);
  });

  test("can't be renewed within a second, as in Kafka", async () => {
    const { gateway, connect } = await world({ limits });
    const one = await connect();
    await one.plain("anna", "annas");
    expect((await one.handshake("PLAIN")).errorCode).toBe(ERROR.ILLEGAL_SASL_STATE);
    expect(await metadata(one.client, gateway)).toBe("served");
  });
});

describe("users that change", () => {
  const put = (name: string) => (text: string) =>
    text
      .split("\n")
      .filter((line) => !line.startsWith(`${name}:`))
      .join("\n");

  test("who is deleted is cut off, by whatever he logged in, and others are not", async () => {
    const { rig, gateway, connect, names } = await world();
    const [anna, carl, scram] = [await connect(), await connect(), await connect()];
    await anna.plain("anna", "annas");
    await carl.plain("carl", "carls");
    await scram.scram("SHA-512", "carl", "carls");
    rig.change("users", put("carl")(rig.files.get("users") ?? ""));
    await gateway.clock.settleAll();
    expect([anna, carl, scram].map(({ client }) => client.closedByPeer)).toEqual([false, true, true]);
    expect(names()).toEqual(["anna"]);
    expect((await (await connect()).plain("carl", "carls")).errorCode).not.toBe(0);
  });

  test("that is a test of the tests: with the bug he stays", async () => {
    const { rig, gateway, connect } = await world({ bugs: ["forgets-proofs"] });
    const anna = await connect();
    await anna.plain("anna", "annas");
    rig.change("users", put("anna")(rig.files.get("users") ?? ""));
    await gateway.clock.settleAll();
    expect(anna.client.closedByPeer).toBe(false);
  });

  test("what is under way for a user stays his when the connection ends", async () => {
    const { gateway, connect } = await world();
    const kept: (KafkaConnection | null)[] = [];
    const place = { ...CLOSED, port: 9098, advertised: { host: "127.0.0.1", port: 9098 } };
    gateway.network.listen({
      ...place.advertised,
      limits: { maxQueuedBytes: 1024 * 1024 },
      accept: (connection) => {
        kept.push(gateway.door.accept(connection, place));
        return kept.at(-1) ?? null;
      },
    });
    const anna = await connect(9098);
    await anna.plain("anna", "annas");
    anna.client.connection?.abort();
    await gateway.clock.settleAll();
    expect(kept.map((one) => [one?.remote.closed, one?.login.user])).toEqual([[true, "anna"]]);
  });

  test("so many connections of one user, and one that ends makes room", async () => {
    const { gateway, connect, names } = await world({ limits: { maxConnectionsOfUser: 2 } });
    const [first, second, third] = [await connect(), await connect(), await connect()];
    for (const one of [first, second]) expect((await one.plain("anna", "annas")).errorCode).toBe(0);
    const refused = await third.plain("anna", "annas");
    expect(refused.errorCode).toBe(ERROR.SASL_AUTHENTICATION_FAILED);
    expect(refused.errorMessage).toContain("kafka.max.connections.per.user");
    expect((await (await connect()).plain("ben", "bens")).errorCode).toBe(0);
    first.client.connection?.close();
    await gateway.clock.settleAll();
    expect((await (await connect()).plain("anna", "annas")).errorCode).toBe(0);
    expect(names().sort()).toEqual(["anna", "anna", "ben"]);
  });
});

describe("users of Kafka's tools", () => {
  const upsertion = async (name: string, password: string, mechanism = 2, iterations = 4_096) => ({
    name,
    mechanism,
    iterations,
    salt,
    saltedPassword: await saltedPassword(
      mechanism === 2 ? "SHA-512" : "SHA-256",
      Buffer.from(password),
      salt,
      iterations,
    ),
  });

  async function alter(
    gateway: Gateway,
    upsertions: Awaited<ReturnType<typeof upsertion>>[],
    deletions: { name: string; mechanism: number }[] = [],
  ): Promise<readonly (readonly [string, number])[]> {
    const client = await gateway.connect(9099);
    const { results } = await client.ask(
      ALTER_USER_SCRAM_CREDENTIALS_REQUEST,
      ALTER_USER_SCRAM_CREDENTIALS_RESPONSE,
      { upsertions, deletions },
      0,
    );
    return results.map(({ user, errorCode }) => [user, errorCode]);
  }

  async function describeAll(gateway: Gateway, users: readonly string[] | null = null) {
    const client = await gateway.connect(9099);
    const { results } = await client.ask(
      DESCRIBE_USER_SCRAM_CREDENTIALS_REQUEST,
      DESCRIBE_USER_SCRAM_CREDENTIALS_RESPONSE,
      { users: users?.map((name) => ({ name })) ?? null },
      0,
    );
    return results.map(({ user, errorCode, credentialInfos }) => [user, errorCode, credentialInfos]);
  }

  test("log in at once, by SCRAM and by their password, are told of, and outlive a power cut", async () => {
    const { gateway, connect } = await world();
    expect(
      await alter(gateway, [await upsertion("dora", "doras"), await upsertion("emil", "emils", 1)]),
    ).toEqual([
      ["dora", 0],
      ["emil", 0],
    ]);
    expect((await (await connect()).scram("SHA-512", "dora", "doras")).errorCode).toBe(0);
    expect((await (await connect()).scram("SHA-256", "dora", "doras")).errorCode).not.toBe(0);
    expect((await (await connect()).plain("emil", "emils")).errorCode).toBe(0);
    expect(await describeAll(gateway)).toEqual([
      ["dora", 0, [{ mechanism: 2, iterations: 4_096 }]],
      ["emil", 0, [{ mechanism: 1, iterations: 4_096 }]],
    ]);
    expect(await describeAll(gateway, ["dora", "dora", "nobody", "carl"])).toEqual([
      ["dora", ERROR.DUPLICATE_RESOURCE, []],
      ["nobody", ERROR.RESOURCE_NOT_FOUND, []],
      ["carl", ERROR.RESOURCE_NOT_FOUND, []],
    ]);
    const again = await Gateway.open({ disk: gateway.disk.crash("nothing"), places: [OPEN] });
    closing.push(again);
    expect(await describeAll(again, ["dora"])).toEqual([["dora", 0, [{ mechanism: 2, iterations: 4_096 }]]]);
  });

  test("are cut off when they are deleted, or their password changes", async () => {
    const { gateway, connect } = await world();
    await alter(gateway, [await upsertion("dora", "doras"), await upsertion("emil", "emils")]);
    const [dora, emil] = [await connect(), await connect()];
    await dora.scram("SHA-512", "dora", "doras");
    await emil.scram("SHA-512", "emil", "emils");
    await alter(gateway, [await upsertion("emil", "another")], [{ name: "dora", mechanism: 2 }]);
    await gateway.clock.settleAll();
    expect([dora, emil].map(({ client }) => client.closedByPeer)).toEqual([true, true]);
    expect((await (await connect()).scram("SHA-512", "emil", "another")).errorCode).toBe(0);
    expect((await (await connect()).scram("SHA-512", "dora", "doras")).errorCode).not.toBe(0);
  });

  test("what Kafka refuses is refused", async () => {
    const { gateway } = await world();
    const refusals = await alter(
      gateway,
      [
        await upsertion("", "x"),
        await upsertion("few", "x", 2, 4_095),
        await upsertion("many", "x", 2, 16_385),
        await upsertion("odd", "x", 3),
        await upsertion("twice", "x"),
        await upsertion("twice", "y", 1),
        await upsertion("good", "x"),
        await upsertion("tab\tbed", "x"),
      ],
      [
        { name: "nobody", mechanism: 1 },
        { name: "good-too", mechanism: 9 },
      ],
    );
    expect(new Map(refusals)).toEqual(
      new Map([
        ["nobody", ERROR.RESOURCE_NOT_FOUND],
        ["good-too", ERROR.UNSUPPORTED_SASL_MECHANISM],
        ["", ERROR.UNACCEPTABLE_CREDENTIAL],
        ["few", ERROR.UNACCEPTABLE_CREDENTIAL],
        ["many", ERROR.UNACCEPTABLE_CREDENTIAL],
        ["odd", ERROR.UNSUPPORTED_SASL_MECHANISM],
        ["twice", ERROR.DUPLICATE_RESOURCE],
        ["good", 0],
        ["tab\tbed", ERROR.UNACCEPTABLE_CREDENTIAL],
      ]),
    );
    expect(await describeAll(gateway)).toEqual([["good", 0, [{ mechanism: 2, iterations: 4_096 }]]]);
  });
});
