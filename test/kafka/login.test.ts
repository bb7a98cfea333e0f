import { describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import type { KafkaPlace } from "../../src/kafka/listeners.ts";
import {
  DEFAULT_METADATA_REQUEST,
  METADATA_REQUEST,
} from "../../src/kafka/wire/generated/metadata-request.ts";
import { METADATA_RESPONSE } from "../../src/kafka/wire/generated/metadata-response.ts";
import { type MappingRule, parseMappingRule } from "../../src/security/mapping-rules.ts";
import { SecurityRig } from "../security/support.ts";
import { type Issued, issue, newAuthority, revocationList } from "../support/certificates.ts";
import { Gateway, type TestClient } from "./support/door.ts";

const PLAIN: KafkaPlace = { host: "127.0.0.1", port: 9092, advertised: null, tls: false, mechanisms: [] };
const SECURE: KafkaPlace = {
  host: "127.0.0.1",
  port: 9093,
  advertised: { host: "gateway-7.local", port: 9443 },
  tls: true,
  mechanisms: [],
};
const authority = newAuthority();
const pump = issue(authority, { commonName: "pump-1" });
const oven = issue(authority, { commonName: "oven-1" });
const files = {
  "server.pem": "certificate",
  "server.key": "key",
  "ca.pem": authority.certificate,
  "crl.pem": revocationList(authority, []),
};
const tls = {
  certificate: "server.pem",
  key: "server.key",
  authorities: "ca.pem",
  revocations: "crl.pem",
  minVersion: "1.2",
} as const;

async function world(mappingRules: readonly MappingRule[] = []) {
  const rig = new SecurityRig(files, { tls }, new ManualClock(Date.now()));
  const gateway = await Gateway.open({
    places: [PLAIN, SECURE],
    security: rig.security,
    limits: { maxIdleMs: -1 },
    mappingRules,
  });
  /** Connects and asks for metadata: the address that it is told. */
  const connect = async (port: number, shows: Issued | null = null) => {
    gateway.network.certificate =
      shows === null ? null : new Uint8Array(new X509Certificate(shows.certificate).raw);
    const client = await gateway.connect(port);
    return { client, address: await address(client) };
  };
  const users = () => gateway.door.connections(10).map(({ user }) => user);
  return { rig, gateway, connect, users };
}

async function address(client: TestClient): Promise<string> {
  const request = { ...DEFAULT_METADATA_REQUEST, topics: [] };
  const { brokers } = await client.ask(METADATA_REQUEST, METADATA_RESPONSE, request, 12);
  return `${brokers[0]?.host}:${brokers[0]?.port}`;
}

test("clients are told the address of the listener that they came by", async () => {
  const { gateway, connect } = await world();
  expect((await connect(9092)).address).toBe("127.0.0.1:9092");
  expect((await connect(9093)).address).toBe("gateway-7.local:9443");
  await gateway.close();
});

describe("a client certificate", () => {
  test("gives a connection its name, and none leaves it anonymous", async () => {
    const { gateway, connect, users } = await world();
    await connect(9093, pump);
    await connect(9093, null);
    await connect(9092, null);
    expect(users()).toEqual(["pump-1", "ANONYMOUS", "ANONYMOUS"]);
    await gateway.close();
  });

  test("has the name that rules make of the holder's, and without one nobody gets in", async () => {
    const upper = parseMappingRule("RULE:^CN=(pump-.*)$/$1/U");
    const { gateway, users } = await world(upper === "DEFAULT" || typeof upper === "string" ? [] : [upper]);
    const closed: boolean[] = [];
    for (const shown of [pump, oven]) {
      gateway.network.certificate = new Uint8Array(new X509Certificate(shown.certificate).raw);
      const client = await gateway.connect(9093);
      client.send(METADATA_REQUEST, { ...DEFAULT_METADATA_REQUEST, topics: [] }, 12);
      await gateway.clock.settleAll();
      closed.push(client.closedByPeer);
    }
    expect([closed, users()]).toEqual([[false, true], ["PUMP-1"]]);
    await gateway.close();
  });

  test("that was revoked before its client spoke is refused", async () => {
    const { gateway, rig, users } = await world();
    gateway.network.certificate = new Uint8Array(new X509Certificate(pump.certificate).raw);
    const client = await gateway.connect(9093);
    rig.change("crl.pem", revocationList(authority, [pump.serial]));
    client.send(METADATA_REQUEST, { ...DEFAULT_METADATA_REQUEST, topics: [] }, 12);
    await gateway.clock.settleAll();
    expect(client.closedByPeer).toBe(true);
    expect(client.frames).toEqual([]);
    expect(users()).toEqual([]);
    expect(gateway.refusals).toEqual(["the client certificate was revoked"]);
    await gateway.close();
  });

  test("that is revoked ends its connections, and no others", async () => {
    const { gateway, rig, connect, users } = await world();
    const first = await connect(9093, pump);
    const second = await connect(9093, oven);
    rig.change("crl.pem", revocationList(authority, [pump.serial]));
    await gateway.clock.settleAll();
    expect([first.client.closedByPeer, second.client.closedByPeer]).toEqual([true, false]);
    expect(await address(second.client)).toBe("gateway-7.local:9443");
    expect(users()).toEqual(["oven-1"]);
    await gateway.close();
  });

  test("that has expired does so within a minute", async () => {
    const { gateway, rig, connect } = await world();
    const { client } = await connect(9093, pump);
    rig.clock.advance(364 * 86_400_000);
    gateway.clock.advance(60_000);
    await gateway.clock.settleAll();
    expect(client.closedByPeer).toBe(false);
    rig.clock.advance(2 * 86_400_000);
    gateway.clock.advance(60_000);
    await gateway.clock.settleAll();
    expect(client.closedByPeer).toBe(true);
    await gateway.close();
  });
});
