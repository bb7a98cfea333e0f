import { expect } from "bun:test";
import { DEFAULT_MQTT_LIMITS } from "../../../src/mqtt/limits.ts";
import { issue, newAuthority } from "../../support/certificates.ts";
import type { RawClient } from "../support/raw-client.ts";
import { type Broker, REVOKED, RULES } from "./broker.ts";

const MAX_PACKET_BYTES = DEFAULT_MQTT_LIMITS.maxPacketBytes;

export interface Row {
  readonly name: string;
  /** `beat` resolves when the bystander has been served once more: called while the broker is under the attack. */
  readonly attack: (broker: Broker, beat: () => Promise<void>) => Promise<void>;
  /** What the process may grow by meanwhile, garbage included. */
  readonly maxGrowthMiB?: number;
}

const text = (value: string) => {
  const bytes = Buffer.from(value);
  return (bytes.length.toString(16).padStart(4, "0") + bytes.toString("hex")) as string;
};
const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));
/** PUBLISH of QoS 0 to "m/x" whose length is announced as a whole packet of this size. */
const announced = (size: number) => {
  const rest = times(4, (index) => (Math.floor(size / 128 ** index) % 128) | (index < 3 ? 0x80 : 0));
  return Uint8Array.from([0x30, ...rest, 0, 3, 0x6d, 0x2f, 0x78]);
};

export const ROWS: readonly Row[] = [
  {
    name: "a remaining length of five bytes",
    async attack(broker, beat) {
      for (const version of [4, 5] as const) {
        const client = await broker.user("mallory", version);
        client.hex("30 ff ff ff ff 7f");
        expect(await client.code("pingresp")).toBe(version === 5 ? 0x81 : "closed");
        await client.untilClosed();
        await beat();
      }
    },
  },
  {
    name: "a first packet that is no CONNECT",
    async attack(broker, beat) {
      for (const bytes of [
        "30 05 00 03 6d 2f 78",
        "c0 00",
        "82 08 00 01 00 03 6d 2f 78 00",
        "f0 00",
        "00 00",
      ]) {
        const client = await broker.raw();
        client.hex(bytes);
        await client.untilClosed();
        expect(client.received.length).toBe(0);
        await beat();
      }
    },
  },
  {
    name: "packets that only servers send",
    async attack(broker, beat) {
      for (const bytes of ["20 03 00 00 00", "90 04 00 01 00 00", "b0 04 00 01 00 00", "d0 00"]) {
        const client = await broker.user("mallory");
        client.hex(bytes);
        expect(await client.code("pingresp")).toBe(0x82);
        await client.untilClosed();
        await beat();
      }
    },
  },
  {
    name: "a topic of no length",
    async attack(broker, beat) {
      for (const [version, bytes] of [
        [4, "30 02 00 00"],
        [5, "30 03 00 00 00"],
      ] as const) {
        const client = await broker.user("mallory", version);
        client.hex(bytes);
        await client.untilClosed();
        await beat();
      }
    },
  },
  {
    name: "packets of 256 MB that never end",
    // 64 MiB are held, in 73 buffers that take a whole MiB each, and what they grew out of is garbage.
    maxGrowthMiB: 150,
    async attack(broker, beat) {
      const refused = await broker.user("mallory");
      refused.write(announced(268_435_000));
      expect(await refused.code("pingresp")).toBe(0x95);
      // Of the largest size that is taken, most of it sent, by two hundred at once.
      const clients = await Promise.all(times(200, (index) => broker.user("mallory", 4, `m${index}`)));
      for (const [index, client] of clients.entries()) {
        client.write(announced(MAX_PACKET_BYTES - 10));
        client.write(new Uint8Array(MAX_PACKET_BYTES - 100));
        await client.flushed();
        if (index % 4 === 0) await beat();
      }
      expect(clients.filter(({ closed }) => closed).length).toBeGreaterThan(100);
      expect(clients.filter(({ closed }) => !closed).length).toBeGreaterThan(50);
    },
  },
  {
    name: "identifiers of QoS 2 that are never released",
    async attack(broker, beat) {
      const modern = await broker.user("mallory");
      for (let id = 1; id <= 1_100; id++) modern.publish("m/x", "x", 2, id);
      await beat();
      await modern.untilClosed();
      expect(modern.rest().at(-1)).toMatchObject({ cmd: "disconnect", reasonCode: 0x93 });
      const old = await broker.user("mallory", 4);
      for (let id = 1; id <= 65_535; id++) old.publish("m/x", "x", 2, id);
      await old.flushed();
      await beat();
    },
  },
  {
    name: "thousands of user properties",
    async attack(broker, beat) {
      const client = await broker.user("mallory");
      const properties = times(5_000, () => `26${text("a")}${text("b")}`).join("");
      const length = properties.length / 2;
      const body = `${text("m/x")}${[(length & 0x7f) | 0x80, ((length >> 7) & 0x7f) | 0x80, length >> 14].map((byte) => byte.toString(16).padStart(2, "0")).join("")}${properties}`;
      const size = body.length / 2;
      client.write(Uint8Array.from([0x30, (size & 0x7f) | 0x80, ((size >> 7) & 0x7f) | 0x80, size >> 14]));
      client.hex(body);
      await beat();
      const code = await client.code("pingresp");
      expect([0x82, 0x97, 0x95]).toContain(Number(code));
      await client.untilClosed();
    },
  },
  {
    name: "a will to a topic that is not allowed",
    async attack(broker, beat) {
      for (const [version, expected] of [
        [5, 0x87],
        [4, 5],
      ] as const) {
        const client = await broker.raw(version);
        const will = { topic: "anna/x", payload: Buffer.from("boo"), qos: 1 as const, retain: true };
        client.connect("w", { username: "mallory", password: Buffer.from("mallory"), will });
        expect(await client.code("connack")).toBe(expected);
        await beat();
      }
    },
  },
  {
    name: "messages and retained messages to topics that are not allowed, by name and by alias",
    async attack(broker, beat) {
      const [anna, client] = [await broker.user("anna"), await broker.user("mallory")];
      anna.subscribe("anna/#");
      await anna.packet("suback");
      client.publish("anna/x", "1", 1, 1, { retain: true });
      client.publish("anna/x", "2", 2, 2);
      client.publish("anna/x", "3", 1, 3, { properties: { topicAlias: 1 } });
      client.publish("", "4", 1, 4, { properties: { topicAlias: 1 } });
      client.publish("$SYS/broker/version", "5", 1, 5, { retain: true });
      client.publish("m/x", "6", 1, 6);
      const codes = [await client.code("puback"), await client.code("pubrec")];
      for (let more = 0; more < 4; more++) codes.push(await client.code("puback"));
      expect(codes).toEqual([0x87, 0x87, 0x87, 0x87, 0x87, 0]);
      await beat();
      anna.publish("anna/end", "end", 1, 9);
      const message = await anna.packet("publish");
      expect(message.cmd === "publish" && message.payload.toString()).toBe("end");
      const late = await broker.user("anna", 5, "late");
      late.subscribe("anna/#");
      await late.packet("suback");
      await beat();
      expect(late.rest()).toEqual([]);
    },
  },
  {
    name: "subscriptions that reach further than is allowed, shared and replayed ones too",
    async attack(broker, beat) {
      const client = await broker.user("mallory");
      const filters = [
        "#",
        "+/#",
        "anna/#",
        "$share/g/anna/#",
        "$share/g/#",
        "$share/m/#",
        "$SYS/#",
        "$replay/0/anna/#",
      ];
      for (const [index, filter] of filters.entries()) {
        client.subscribe(filter, 1, index + 1);
        expect([filter, await client.code("suback")]).toEqual([filter, 0x87]);
        await beat();
      }
    },
  },
  {
    name: "a subscription and a session that outlive the right to them",
    async attack(broker, beat) {
      const [anna, live] = [await broker.user("anna"), await broker.user("mallory", 5, "live")];
      const more = { clean: false, properties: { sessionExpiryInterval: 600 } };
      const kept = await broker.user("mallory", 5, "kept", more);
      for (const client of [live, kept]) {
        client.subscribe("m/plans/#");
        expect(await client.code("suback")).toBe(1);
      }
      kept.close();
      anna.publish("m/plans/1", "before", 1, 1);
      await anna.packet("puback");
      expect(await live.packet("publish")).toMatchObject({ cmd: "publish" });
      await broker.changeRules(REVOKED);
      anna.publish("m/plans/2", "after", 1, 2);
      await anna.packet("puback");
      await beat();
      live.publish("m/own/x", "1", 1, 3);
      expect(await live.code("puback")).toBe(0);
      expect(live.rest()).toEqual([]);
      const back = await broker.user("mallory", 5, "kept", more);
      back.publish("m/own/x", "1", 1, 3);
      expect(await back.code("puback")).toBe(0);
      await beat();
      expect(back.rest()).toEqual([]);
      await broker.changeRules(RULES);
      const last = await broker.user("mallory", 5, "kept", { clean: true });
      last.close();
    },
  },
  {
    name: "a client id that is taken over hundreds of times",
    async attack(broker, beat) {
      for (let storm = 0; storm < 10; storm++) {
        const clients = await Promise.all(times(50, () => broker.user("mallory", 5, "one")));
        await beat();
        for (let wait = 0; wait < 500 && clients.filter(({ closed }) => !closed).length > 1; wait++)
          await Bun.sleep(10);
        expect(clients.filter(({ closed }) => !closed)).toHaveLength(1);
      }
      const anna = await broker.user("anna", 5, "annas");
      const thief = await broker.raw();
      thief.connect("annas", { username: "mallory", password: Buffer.from("mallory") });
      expect(await thief.code("connack")).toBe(0x87);
      anna.publish("anna/x", "still here", 1, 1);
      expect(await anna.code("puback")).toBe(0);
    },
  },
  {
    name: "handshakes that never come to an end: of TCP, CONNECT, WebSocket and TLS",
    async attack(broker, beat) {
      const half: RawClient[] = [];
      for (let round = 0; round < 50; round++) {
        half.push(await broker.raw(), await broker.raw());
        half.at(-1)?.hex("10 7f 00 04 4d 51");
        const web = await broker.raw(5, broker.webSocket);
        web.write(Buffer.from("GET /mqtt HTTP/1.1\r\nHost: x\r\nUpgrade: web"));
        const secure = await broker.raw(5, broker.tls);
        // The beginning of a ClientHello.
        secure.hex("16 03 01 02 00 01 00 01 fc 03 03");
        half.push(web, secure);
        if (round % 10 === 0) await beat();
      }
      await beat();
      await Promise.all(half.map((client) => client.untilClosed()));
      expect((await broker.status()).connections).toBe(1);
    },
  },
  {
    name: "plain bytes to the port for TLS, TLS to the one without, and certificates of nobody",
    async attack(broker, beat) {
      const rogue = issue(newAuthority(), { commonName: "anna" });
      for (let round = 0; round < 10; round++) {
        const plain = await broker.raw(5, broker.tls);
        plain.connect("x", { username: "anna", password: Buffer.from("anna") });
        await plain.untilClosed();
        const secure = await broker.raw(5, broker.mqtt, { ca: broker.ca });
        await secure.untilClosed();
        const posing = await broker.raw(5, broker.tls, {
          ca: broker.ca,
          cert: rogue.certificate,
          key: rogue.key,
        });
        posing.connect("x");
        await posing.untilClosed();
        expect(posing.rest()).toEqual([]);
        await beat();
      }
      expect(broker.headwater.log()).toContain("it does not speak TLS");
    },
  },
  {
    name: "guessing of passwords, many at once; who is known gets in meanwhile",
    maxGrowthMiB: 96,
    async attack(broker, beat) {
      const clients = await Promise.all(times(200, () => broker.raw()));
      for (const [index, client] of clients.entries()) {
        client.connect(`g${index}`, { username: "anna", password: Buffer.from(`guess${index}`) });
      }
      await beat();
      const known = await broker.user("anna", 5, "known");
      expect(known.closed).toBe(false);
      await beat();
      const codes = await Promise.all(clients.map((client) => client.code("connack")));
      expect(codes.filter((code) => code !== 0x86 && code !== 0x9f && code !== 0x8d)).toEqual([]);
      expect(codes).toContain(0x86);
      await beat();
    },
  },
  {
    name: "a flood behind a CONNECT whose password is being checked",
    async attack(broker, beat) {
      for (let round = 0; round < 3; round++) {
        const client = await broker.raw(4);
        client.connect(`flood${round}`, { username: "nobody", password: Buffer.from("x") });
        for (let sent = 0; sent < 20_000; sent++) client.hex("30 07 00 03 6d 2f 78 78 78");
        await beat();
        await client.untilClosed();
      }
    },
  },
  {
    name: "topics and filters of 65,000 levels",
    async attack(broker, beat) {
      const client = await broker.user("mallory");
      client.publish(`m${"/".repeat(65_000)}`, "x", 1, 1);
      expect(await client.code("puback")).toBe(0x90);
      for (const filter of [`m${"/+".repeat(32_000)}`, `m/${"/".repeat(65_000)}#`]) {
        client.subscribe(filter);
        expect([0x87, 0x8f]).toContain(Number(await client.code("suback")));
        await beat();
      }
    },
  },
  {
    name: "a thousand filters of wildcards, and topics that meet them",
    async attack(broker, beat) {
      const client = await broker.user("mallory");
      for (let id = 1; id <= 1_000; id++) {
        client.subscribe(`m/${times(30, (bit) => ((id >> (bit % 10)) & 1 ? "+" : "a")).join("/")}/#`, 0, id);
      }
      expect(await client.code("suback")).toBe(0);
      for (let round = 0; round < 30; round++) {
        client.publish(`m/${times(40, () => "a").join("/")}/${round}`, "x", 0);
        await beat();
      }
    },
  },
  {
    name: "subscribers that never read",
    async attack(broker, beat) {
      const frozen = await Promise.all(times(5, (index) => broker.user("mallory", 4, `frozen${index}`)));
      for (const client of frozen) {
        client.subscribe("m/flood", 1);
        expect(await client.code("suback")).toBe(1);
        client.freeze();
      }
      const publisher = await broker.user("mallory", 4, "flood");
      const payload = Buffer.alloc(10_000, "x");
      for (let id = 1; id <= 3_000; id++) {
        publisher.publish("m/flood", payload, 1, id);
        if (id % 100 === 0) await publisher.flushed();
        if (id % 500 === 0) await beat();
      }
      for (let id = 1; id <= 3_000; id++) expect(await publisher.code("puback")).toBe(0);
      await beat();
    },
  },
  {
    name: "a kept session that leaves one message unacknowledged, and goes on",
    async attack(broker, beat) {
      const holder = await broker.user("mallory", 4, "holder", { clean: false });
      holder.subscribe("m/held", 1);
      expect(await holder.code("suback")).toBe(1);
      const publisher = await broker.user("mallory", 4, "held");
      let came = 0;
      for (let round = 0; round < 20; round++) {
        for (let id = 1; id <= 200; id++) publisher.publish("m/held", "x", 1, id);
        for (let id = 1; id <= 200; id++) expect(await publisher.code("puback")).toBe(0);
        for (; came < (round + 1) * 200; came++) {
          const packet = await holder.packet("publish");
          const messageId = packet.cmd === "publish" ? (packet.messageId ?? 0) : 0;
          if (messageId !== 1) holder.send({ cmd: "puback", messageId });
        }
        await beat();
      }
      const last = await broker.user("mallory", 4, "holder");
      last.close();
    },
  },
  {
    name: "peers that leave while nobody reads from them",
    async attack(broker, beat) {
      for (let round = 0; round < 10; round++) {
        const client = await broker.user("mallory", 4, `leaver${round}`);
        for (let sent = 0; sent < 50; sent++) client.publish("m/x", Buffer.alloc(100_000), 1, sent + 1);
        client.close();
        await beat();
      }
    },
  },
  {
    name: "empty client ids, and a client id of 65,535 bytes",
    async attack(broker, beat) {
      const empty = await broker.raw(4);
      empty.hex("10 0c 0004 4d515454 04 00 0000 0000");
      expect(await empty.code("connack")).toBe(2);
      const long = await broker.raw();
      long.connect("x".repeat(65_535));
      expect(await long.code("connack")).toBe(0x85);
      await beat();
    },
  },
  {
    name: "more subscriptions, replays and sessions than are allowed",
    async attack(broker, beat) {
      const client = await broker.user("mallory");
      for (let id = 1; id <= 1_500; id++) client.subscribe(`m/${id}`, 0, id);
      const codes: unknown[] = [];
      for (let id = 1; id <= 1_500; id++) codes.push(await client.code("suback"));
      expect(codes.filter((code) => code === 0x97).length).toBe(476);
      await beat();
      const more = { clean: false, properties: { sessionExpiryInterval: 600 } };
      const sessions: unknown[] = [];
      for (let count = 0; count < 60; count++) {
        const one = await broker.raw();
        one.connect(`s${count}`, { username: "mallory", password: Buffer.from("mallory"), ...more });
        sessions.push(await one.code("connack"));
      }
      expect(sessions.filter((code) => code === 0x97).length).toBeGreaterThanOrEqual(10);
      await beat();
    },
  },
  {
    name: "CBOR that is made to hurt",
    async attack(broker, beat) {
      const client = await broker.user("mallory");
      const bombs = [
        `c25a0000fde8${"ff".repeat(65_000)}`,
        "9b7fffffffffffffff",
        "81".repeat(60_000),
        `d81b8263616263${"00".repeat(10)}`,
        `bf${"6161f6".repeat(20_000)}ff`,
      ];
      for (const [index, bomb] of bombs.entries()) {
        client.publish("m/cbor/x", Buffer.from(bomb, "hex"), 1, index + 1);
        expect(await client.code("puback")).toBe(0);
        await beat();
      }
    },
  },
];
