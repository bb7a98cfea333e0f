import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from "mqtt";
import { startSiteBroker } from "../../devices/site-broker/site-broker.ts";
import type { BridgeStatus } from "../../src/http/status.ts";
import { issue, newAuthority } from "../support/certificates.ts";
import { type Headwater, headwaterCommand, startHeadwater } from "../support/headwater.ts";
import { TcpProxy } from "../support/tcp-proxy.ts";
import { ALL_IN_FLIGHT, MosquittoBroker } from "./mosquitto-broker.ts";
import { REFERENCE } from "./target.ts";
import { programsMissing, required } from "./tools.ts";
import { leaveUnreleased } from "./unreleased-session.ts";

/** Bridges to real brokers, over restarts and kills of both sides. */
setDefaultTimeout(120_000);

const QUIET_MS = 40_000;
const ROUNDS = 10;
const BATCH = 40;
const MAX_UNDER_WAY = 20;
/** Waits are short, so that kills follow each other quickly. */
const QUICK = { "retry.backoff.ms": "50ms", "retry.backoff.max.ms": "500ms" };
const reason = required(programsMissing("mosquitto"));
const opened: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

describe.skipIf(REFERENCE || reason !== null)("a bridge to mosquitto", () => {
  for (const version of [4, 5] as const) {
    test(`loses nothing over restarts and kills of both, MQTT ${version === 4 ? "3.1.1" : "5"}`, async () => {
      await overRestarts(version);
    });
  }

  test("goes on after mosquitto was killed and has forgotten everything", async () => {
    const remote = await mosquitto();
    const gateway = await gatewayWith({ url: `mqtt://127.0.0.1:${remote.port}`, ...BOTH_WAYS, ...QUICK });
    await connected(gateway);
    for (let kill = 0; kill < 3; kill++) {
      await remote.stop("SIGKILL");
      await publishAll(gateway.mqtt, [`devices/a`, "twice/a"], numbered(`k${kill}-`));
      await remote.restart();
      // What the bridge carries before somebody subscribes again goes to nobody: the remote has forgotten that, too.
      await drained(gateway);
      const received = await subscriber(remote.port, ["gw/devices/#"]);
      await publishAll(gateway.mqtt, ["devices/a"], numbered(`after${kill}-`));
      const arrived = (): boolean => received.some((message) => message.includes(`after${kill}-`));
      await until(arrived, () => `kill ${kill}: ${received.length} received`);
    }
    expect((await statusOf(gateway)).out.gaps).toBe(0);
  });

  test("encrypts, shows its certificate, and refuses a remote that it has no reason to trust", async () => {
    const authority = newAuthority();
    const remote = await mosquitto((folder, port) => {
      const server = issue(authority, { commonName: "localhost", dns: ["localhost"] });
      writeFileSync(join(folder, "ca.pem"), authority.certificate);
      writeFileSync(join(folder, "server.pem"), server.certificate);
      writeFileSync(join(folder, "server.key"), server.key);
      const client = issue(authority, { commonName: "gateway-7" });
      writeFileSync(join(folder, "client.pem"), client.certificate);
      writeFileSync(join(folder, "client.key"), client.key);
      writeFileSync(join(folder, "other.pem"), newAuthority("another").certificate);
      return [
        `listener ${port} 127.0.0.1`,
        `cafile ${folder}/ca.pem`,
        `certfile ${folder}/server.pem`,
        `keyfile ${folder}/server.key`,
        "require_certificate true",
        "use_identity_as_username true",
      ];
    });
    const { folder, port } = remote;
    const url = `mqtts://localhost:${port}`;
    const shown = {
      "tls.certificate.file": join(folder, "client.pem"),
      "tls.key.file": join(folder, "client.key"),
    };
    const trusted = { "tls.ca.file": join(folder, "ca.pem") };
    const rules = { out: '[{ filter = "devices/#" }]', ...QUICK };
    const gateway = await gatewayWith({ url, ...trusted, ...shown, ...rules });
    await connected(gateway);
    const tls = {
      ca: authority.certificate,
      cert: await Bun.file(join(folder, "client.pem")).text(),
      key: await Bun.file(join(folder, "client.key")).text(),
    };
    const received = await subscriber(port, ["devices/#"], { protocol: "mqtts", host: "localhost", ...tls });
    await publishAll(gateway.mqtt, ["devices/a"], numbered("tls"));
    await until(
      () => received.length >= BATCH,
      () => `${received.length} received`,
    );
    await gateway.stop();

    const wrong: readonly (readonly [string, Readonly<Record<string, string>>])[] = [
      ["no certificate", { url, ...trusted, ...rules }],
      ["another authority", { url, "tls.ca.file": join(folder, "other.pem"), ...shown, ...rules }],
      ["another name", { url: `mqtts://127.0.0.1:${port}`, ...trusted, ...shown, ...rules }],
      ["a file that is not there", { url, "tls.ca.file": join(folder, "none.pem"), ...shown, ...rules }],
    ];
    for (const [what, settings] of wrong) {
      const refused = await gatewayWith(settings);
      const status = await until(
        async () => {
          const now = await statusOf(refused);
          return now.lastError === null ? null : now;
        },
        () => `no error with ${what}`,
      );
      expect([what, status.state === "connected", status.connectedSinceMs]).toEqual([what, false, null]);
      await refused.stop();
    }
  });

  for (const version of [4, 5] as const) {
    test(`takes retain flags and QoS along, MQTT ${version === 4 ? "3.1.1" : "5"}`, async () => {
      const remote = await mosquitto();
      const url = `mqtt://127.0.0.1:${remote.port}`;
      const out = '[{ filter = "#", qos = 1 }]';
      const gateway = await gatewayWith({ url, version: String(version), out, ...QUICK });
      await connected(gateway);
      const live: string[] = [];
      const listener = await client(url);
      listener.on("message", (topic, _payload, { qos }) => live.push(`${topic} ${qos}`));
      await listener.subscribeAsync("#", { qos: 2 });
      const device = await client(`mqtt://${gateway.mqtt}`);
      await device.publishAsync("devices/a", "kept", { qos: 2, retain: true });
      await device.publishAsync("devices/cleared", "gone", { qos: 1, retain: true });
      await device.publishAsync("devices/cleared", "", { qos: 1, retain: true });
      await device.publishAsync("devices/b", "passing", { qos: 0 });
      await until(
        () => live.length >= 4,
        () => `${live.length} came`,
      );
      expect(live).toEqual(["devices/a 1", "devices/cleared 1", "devices/cleared 1", "devices/b 0"]);
      const retained: string[] = [];
      const late = await client(url);
      late.on("message", (topic, payload, { retain }) => retained.push(`${topic} ${payload} ${retain}`));
      await late.subscribeAsync("#", { qos: 1 });
      await late.publishAsync("end", "", { qos: 1 });
      await until(
        () => retained.some((each) => each.startsWith("end")),
        () => "nothing came",
      );
      expect(retained).toEqual(["devices/a kept true", "end  false"]);
    });
  }

  test("keeps retain flags and properties of what comes, and asks for retained messages once", async () => {
    const remote = await mosquitto();
    const publisher = await client(`mqtt://127.0.0.1:${remote.port}`, { protocolVersion: 5 });
    await publisher.publishAsync("site/state", "on", {
      qos: 1,
      retain: true,
      properties: { contentType: "text/plain" },
    });
    const settings = { url: `mqtt://127.0.0.1:${remote.port}`, in: '[{ filter = "site/#" }]', ...QUICK };
    const gateway = await gatewayWith(settings);
    await until(
      async () => (await statusOf(gateway)).in.messages === 1,
      () => "the retained message did not come",
    );
    for (let restart = 0; restart < 3; restart++) {
      await remote.restart();
      await until(
        async () => (await statusOf(gateway)).failures > restart,
        () => "no failure",
      );
      await connected(gateway);
    }
    await gateway.kill();
    await gateway.restart();
    await connected(gateway);
    await Bun.sleep(300);
    expect((await statusOf(gateway)).in.messages).toBe(0);
    const packets: IPublishPacket[] = [];
    const reader = await client(`mqtt://${gateway.mqtt}`, { protocolVersion: 5 });
    reader.on("message", (_topic, _payload, packet) => packets.push(packet));
    await reader.subscribeAsync("site/#", { qos: 1 });
    await until(
      () => packets.length === 1,
      () => "nothing retained here",
    );
    expect(packets[0]).toMatchObject({ topic: "site/state", retain: true });
    expect(packets[0]?.properties).toMatchObject({ contentType: "text/plain" });
  });
});

describe.skipIf(REFERENCE)("a bridge", () => {
  test("to aedes carries both ways, over restarts of the gateway", async () => {
    const remote = await startSiteBroker();
    opened.push(() => remote.close());
    const url = `mqtt://127.0.0.1:${remote.port}`;
    const gateway = await gatewayWith({ url, version: "4", ...BOTH_WAYS, ...QUICK });
    await connected(gateway);
    const received = await subscriber(remote.port, ["gw/devices/#", "twice/#"]);
    for (let round = 0; round < 3; round++) {
      await publishAll(gateway.mqtt, ["devices/a", "twice/a"], numbered(`o${round}-`));
      await publishAll(`127.0.0.1:${remote.port}`, ["site/b", "exact/b"], numbered(`i${round}-`), { qos: 2 });
      await gateway.kill();
      await gateway.restart();
      await connected(gateway);
    }
    const wanted = [0, 1, 2].flatMap((round) => numbered(`o${round}-`));
    await until(
      () =>
        wanted.every(
          (text) => received.includes(`gw/devices/a ${text}`) && received.includes(`twice/a ${text}`),
        ),
      () => `${received.length} received`,
    );
    await drained(gateway);
    const values = await recordsOf(gateway, "mqtt");
    for (const text of [0, 1, 2].flatMap((round) => numbered(`i${round}-`))) {
      expect(values.filter((value) => value === `site/b ${text}`).length).toBeGreaterThan(0);
      // After a reconnect aedes gives a QoS 2 message another packet identifier: it is another message then.
      expect(values.filter((value) => value === `exact/b ${text}`).length).toBeGreaterThan(0);
    }
  });

  test("between two Headwaters, all topics both ways, brings each message over once and not back", async () => {
    const far = await headwater({ "gateway.id": "far" });
    const url = `mqtt://${far.mqtt}`;
    const both = { in: '[{ filter = "#", qos = 1 }]', out: '[{ filter = "#", qos = 1 }]' };
    const near = await gatewayWith({ url, ...both, ...QUICK }, { "gateway.id": "near" });
    await connected(near);
    await publishAll(near.mqtt, ["devices/near"], numbered("n"));
    await publishAll(far.mqtt, ["devices/far"], numbered("f"));
    const whole = async (gateway: Headwater) => (await recordsOf(gateway, "telemetry")).toSorted();
    const wanted = [
      ...numbered("n").map((text) => `devices/near ${text}`),
      ...numbered("f").map((text) => `devices/far ${text}`),
    ].toSorted();
    await until(
      async () => (await whole(far)).length >= 2 * BATCH && (await whole(near)).length >= 2 * BATCH,
      () => "short",
    );
    await Bun.sleep(500);
    expect(await whole(far)).toEqual(wanted);
    expect(await whole(near)).toEqual(wanted);
    const { in: inward, out } = await statusOf(near);
    expect([inward.looped, out.echoes]).toEqual([0, BATCH]);
  });

  test("of each of two Headwaters to the other brings messages over, and they don't go round", async () => {
    const both = { in: '[{ filter = "#", qos = 1 }]', out: '[{ filter = "#", qos = 1 }]', ...QUICK };
    const link = await TcpProxy.start({ targetPort: 1 });
    opened.push(() => link.stop());
    const near = await gatewayWith(
      { url: `mqtt://127.0.0.1:${link.port}`, ...both },
      { "gateway.id": "near" },
    );
    const bridged = await gatewayWith({ url: `mqtt://${near.mqtt}`, ...both }, { "gateway.id": "far" });
    link.targetPort = Number(bridged.mqtt.split(":")[1]);
    await connected(near);
    await connected(bridged);
    await publishAll(near.mqtt, ["devices/near"], numbered("n"));
    await until(
      async () => (await recordsOf(bridged, "telemetry")).length >= BATCH,
      () => "nothing came",
    );
    await Bun.sleep(1_000);
    // Nothing is lost, and what came by both bridges ends: neither side knows what the other one is called.
    const whole = async () => [await recordsOf(near, "telemetry"), await recordsOf(bridged, "telemetry")];
    const before = await whole();
    for (const values of before) {
      expect(new Set(values).size).toBe(BATCH);
      expect(values.length).toBeLessThanOrEqual(3 * BATCH);
    }
    await Bun.sleep(1_000);
    expect(await whole()).toEqual(before);
  });

  for (const version of [4, 5] as const) {
    test(`goes on with its own session and with no other, MQTT ${version === 4 ? "3.1.1" : "5"}`, async () => {
      const far = await headwater();
      await leaveUnreleased(Number(far.mqtt.split(":")[1]), "bridgeclient", version);
      const rules = { out: '[{ filter = "devices/#", qos = 2 }]', "client.id": "bridgeclient" };
      const gateway = await gatewayWith({ url: `mqtt://${far.mqtt}`, version: String(version), ...rules });
      await connected(gateway);
      const texts = numbered("new");
      await publishAll(gateway.mqtt, ["devices/a"], texts, { qos: 2 });
      await drained(gateway);
      await gateway.kill();
      await gateway.restart();
      await connected(gateway);
      await publishAll(gateway.mqtt, ["devices/a"], ["later"], { qos: 2 });
      await drained(gateway);
      const wanted = [...texts, "later"].map((text) => `devices/a ${text}`);
      expect(await recordsOf(far, "telemetry")).toEqual(wanted);
    });
  }

  test("writes into the ledger what it can't carry, and goes on", async () => {
    const far = await headwater();
    const settings = { url: `mqtt://${far.mqtt}`, out: '[{ filter = "devices/#" }]', ...QUICK };
    const gateway = await gatewayWith({ ...settings, "max.packet.bytes": "1KiB" });
    await connected(gateway);
    await publishAll(gateway.mqtt, ["devices/a"], ["1", "x".repeat(2_000), "3"]);
    await until(
      async () => (await recordsOf(far, "telemetry")).length === 2,
      () => "the others did not come",
    );
    const [gap] = await until(
      async () => {
        const gaps = await recordsOf(gateway, "headwater.gaps");
        return gaps.length > 0 ? gaps : null;
      },
      () => "nothing in the ledger",
    );
    expect(JSON.parse(gap ?? "")).toMatchObject({
      reason: "bridge-out",
      device: "bridge/up",
      topic: "telemetry",
      firstOffset: 1,
      lastOffset: 1,
      count: 1,
    });
  });

  test("gives a remote up that hangs behind an open connection, and carries on with it afterwards", async () => {
    const far = await headwater();
    const link = await TcpProxy.start({ targetPort: Number(far.mqtt.split(":")[1]) });
    opened.push(() => link.stop());
    const settings = {
      url: `mqtt://127.0.0.1:${link.port}`,
      out: '[{ filter = "devices/#", qos = 2 }]',
      ...QUICK,
    };
    const gateway = await gatewayWith({ ...settings, "ack.timeout.ms": "1s", "connect.timeout.ms": "1s" });
    await connected(gateway);
    link.partitioned = true;
    await publishAll(gateway.mqtt, ["devices/a"], numbered("h"), { qos: 2 });
    const status = await until(
      async () => {
        const now = await statusOf(gateway);
        return now.failures >= 2 ? now : null;
      },
      () => "not given up",
    );
    expect(status.lastError).toMatch(/within 1000 ms|for 1000 ms/);
    link.partitioned = false;
    await drained(gateway);
    expect(await recordsOf(far, "telemetry")).toEqual(numbered("h").map((text) => `devices/a ${text}`));
  });

  test("gets over remotes that talk garbage, say nothing, announce too much, or are not there", async () => {
    const behaviours: readonly (readonly [string, (socket: Socket) => void, string])[] = [
      ["garbage", (socket) => socket.write(Buffer.alloc(4096, 0xff)), ""],
      ["HTTP", (socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"), ""],
      ["silence", () => {}, "no CONNACK within 500 ms"],
      ["a closed door", (socket) => socket.destroy(), ""],
      [
        "a packet of 200 MB",
        (socket) => {
          socket.write(Buffer.from([0x20, 0x03, 0x00, 0x00, 0x00]));
          socket.write(Buffer.from([0x30, 0x80, 0x80, 0x80, 0x60]));
          const flood = setInterval(() => socket.write(Buffer.alloc(65_536)), 1);
          socket.on("close", () => clearInterval(flood));
          socket.on("error", () => clearInterval(flood));
        },
        "the remote sends a packet of 201326597 bytes",
      ],
      [
        "a QoS of 3",
        (socket) => socket.write(Buffer.from([0x20, 3, 0, 0, 0, 0x36, 5, 0, 1, 0x61, 0, 1])),
        "QoS 3",
      ],
      ["a refusal", (socket) => socket.write(Buffer.from([0x20, 3, 0, 0x87, 0])), "Not authorized"],
    ];
    for (const [what, behave, error] of behaviours) {
      const server = await serverOf(behave);
      const address = server.address();
      const port = address !== null && typeof address === "object" ? address.port : 0;
      const gateway = await gatewayWith({
        url: `mqtt://127.0.0.1:${port}`,
        out: '[{ filter = "devices/#" }]',
        "connect.timeout.ms": "500ms",
        ...QUICK,
      });
      const status = await until(
        async () => {
          const now = await statusOf(gateway);
          return now.failures >= 3 ? now : null;
        },
        () => `${what}: no failures`,
      );
      expect([what, status.lastError]).toEqual([what, expect.stringContaining(error)]);
      // Devices notice nothing of it.
      await publishAll(gateway.mqtt, ["devices/a"], numbered("g"));
      expect((await statusOf(gateway)).out.lagRecords).toBe(BATCH);
      await gateway.stop();
      server.close();
    }
    const nowhere = await gatewayWith({
      url: "mqtt://no-such-host.invalid",
      out: '[{ filter = "#" }]',
      ...QUICK,
    });
    await until(
      async () => (await statusOf(nowhere)).failures >= 2,
      () => "a name that is not there",
    );
  });
});

const BOTH_WAYS = {
  in: '[{ filter = "site/#", qos = 1 }, { filter = "exact/#", qos = 2 }]',
  out: '[{ filter = "devices/#", qos = 1, remote.prefix = "gw/" }, { filter = "twice/#", qos = 2 }]',
};

/** Both sides publish, and go down in turn, while the other side's messages are under way. */
async function overRestarts(version: 4 | 5): Promise<void> {
  const remote = await mosquitto(() => ALL_IN_FLIGHT);
  const settings = {
    url: `mqtt://127.0.0.1:${remote.port}`,
    version: String(version),
    ...BOTH_WAYS,
    ...QUICK,
  };
  const gateway = await gatewayWith(settings);
  await connected(gateway);
  const received = await subscriber(remote.port, ["gw/devices/#", "twice/#"], {
    clientId: "observer",
    clean: false,
    reconnectPeriod: 50,
  });
  const there: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const texts = numbered(`${round}-`);
    there.push(...texts);
    await publishAll(gateway.mqtt, ["devices/a", "twice/a"], texts, { qos: 2 });
    await publishAll(`127.0.0.1:${remote.port}`, ["site/b", "exact/b"], texts, { qos: 2 });
    if (round % 2 === 0) await remote.restart();
    if (round % 3 !== 0) {
      await gateway.kill();
      await gateway.restart();
    }
    if (round % 2 === 1) await remote.restart();
  }
  const count = (list: readonly string[], text: string) => list.filter((each) => each === text).length;
  await until(
    () =>
      there.every(
        (text) => received.includes(`gw/devices/a ${text}`) && received.includes(`twice/a ${text}`),
      ),
    () => `the remote got ${new Set(received).size} of ${2 * there.length}`,
  );
  await drained(gateway);
  await until(
    async () =>
      (await recordsOf(gateway, "mqtt")).filter((value) => /^(?:site|exact)/.test(value)).length >=
      2 * there.length,
    () => "not all is here",
  );
  const values = await recordsOf(gateway, "mqtt");
  for (const text of there) {
    expect(count(values, `site/b ${text}`)).toBeGreaterThan(0);
    expect([text, count(values, `exact/b ${text}`)]).toEqual([text, 1]);
    expect([text, count(received, `twice/a ${text}`)]).toEqual([text, 1]);
  }
  const { out } = await statusOf(gateway);
  expect(out.gaps).toBe(0);
}

// What is started, and closed after the test.

async function mosquitto(
  more?: (folder: string, port: number) => readonly string[],
): Promise<MosquittoBroker> {
  const broker = await MosquittoBroker.start(more);
  opened.push(() => broker.dispose());
  return broker;
}

async function headwater(settings: Readonly<Record<string, string>> = {}): Promise<Headwater> {
  const gateway = await startHeadwater({ settings });
  opened.push(() => gateway.dispose());
  return gateway;
}

function gatewayWith(
  bridge: Readonly<Record<string, string>>,
  settings: Readonly<Record<string, string>> = {},
): Promise<Headwater> {
  return headwater({ ...settings, ...bridgeSettings(bridge) });
}

function bridgeSettings(bridge: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(bridge).map(([name, value]) => [`bridge.up.${name}`, value]));
}

async function client(url: string, options: IClientOptions = {}): Promise<MqttClient> {
  const opening = await mqtt.connectAsync(url, { reconnectPeriod: 0, ...options });
  opening.on("error", () => {});
  opened.push(() => opening.endAsync(true));
  return opening;
}

/** Everything of some filters that a broker gives from now on, as "topic text". */
async function subscriber(
  port: number,
  filters: readonly string[],
  options: IClientOptions = {},
): Promise<string[]> {
  const received: string[] = [];
  const { protocol = "mqtt", host = "127.0.0.1" } = options;
  const reader = await client(`${protocol}://${host}:${port}`, { protocolVersion: 4, ...options });
  reader.on("message", (topic, payload) => {
    // The text names its topic here, without the prefix.
    received.push(`${topic} ${payload.toString().split(" ")[1]}`);
  });
  await reader.subscribeAsync([...filters], { qos: 2 });
  return received;
}

async function serverOf(behave: (socket: Socket) => void): Promise<Server> {
  const server = createServer((socket) => {
    socket.on("error", () => {});
    behave(socket);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return server;
}

// What is done and looked at.

function numbered(prefix: string): string[] {
  return Array.from({ length: BATCH }, (_, index) => prefix + index);
}

/** Returns when everything is acknowledged. */
async function publishAll(
  address: string,
  topics: readonly string[],
  texts: readonly string[],
  options: { readonly qos: 1 | 2 } = { qos: 1 },
): Promise<void> {
  const publisher = await mqtt.connectAsync(`mqtt://${address}`, { reconnectPeriod: 0 });
  publisher.on("error", () => {});
  // mosquitto 2.0.11 acknowledges QoS 2 messages of a 3.1.1 client beyond 20 under way, and loses them.
  for (let at = 0; at < texts.length; at += MAX_UNDER_WAY / topics.length) {
    const some = texts.slice(at, at + MAX_UNDER_WAY / topics.length);
    const sent = some.flatMap((text) =>
      topics.map((topic) => publisher.publishAsync(topic, `${topic} ${text}`, options)),
    );
    await Promise.all(sent);
  }
  await publisher.endAsync();
}

async function statusOf(gateway: Headwater): Promise<BridgeStatus> {
  const response = await fetch(`http://${gateway.http}/api/status`);
  const { bridges } = (await response.json()) as { readonly bridges: readonly BridgeStatus[] };
  const [bridge] = bridges;
  if (bridge === undefined) throw new Error("there is no bridge");
  return bridge;
}

async function connected(gateway: Headwater): Promise<void> {
  await until(
    async () => (await statusOf(gateway)).state === "connected",
    () => "not connected",
  );
}

/** Nothing is left to carry. */
async function drained(gateway: Headwater): Promise<void> {
  await until(
    async () => {
      const { out, in: inward, state } = await statusOf(gateway);
      return state === "connected" && out.lagRecords === 0 && out.inFlight === 0 && inward.inFlight === 0;
    },
    () => "not drained",
  );
}

/** Values of all records of a topic. */
async function recordsOf(gateway: Headwater, topic: string): Promise<string[]> {
  const command = [...headwaterCommand(), "consume", topic, "-b", gateway.kafka, "--from", "earliest", "-e"];
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "ignore" });
  const text = await new Response(child.stdout).text();
  await child.exited;
  return text.split("\n").filter((line) => line !== "");
}

async function until<T>(look: () => T | Promise<T>, what: () => string): Promise<NonNullable<T>> {
  const deadline = Date.now() + QUIET_MS;
  for (;;) {
    const seen = await look();
    if (seen) return seen as NonNullable<T>;
    if (Date.now() > deadline) throw new Error(`waited in vain: ${what()}`);
    await Bun.sleep(30);
  }
}
