import { describe, expect, test } from "bun:test";
import { generate } from "mqtt-packet";
import { usersText } from "../../security/support.ts";
import { derOf, issue, newAuthority } from "../../support/certificates.ts";
import type { Dialler } from "../support/fake-network.ts";
import { connackCode, connectPacket, disconnectCode, GuardedRig, login } from "./support.ts";

const FILES = { users: usersText({ anna: "anna", ben: "ben" }) };
const ELSEWHERE: Partial<Dialler> = { remoteAddress: "192.0.2.7" };
const certificate = derOf(issue(newAuthority(), { commonName: "pump-1" }).certificate);

describe("what a CONNECT is answered", () => {
  const cases: readonly (readonly [string, object, Partial<Dialler>, number, number])[] = [
    ["a user", login("anna"), ELSEWHERE, 0, 0],
    ["a wrong password", login("anna", "ben"), ELSEWHERE, 0x86, 4],
    ["an unknown user", login("carl"), ELSEWHERE, 0x86, 4],
    ["a user name without a password", { username: "anna" }, ELSEWHERE, 0x86, 4],
    ["nobody from another host", {}, ELSEWHERE, 0x87, 5],
    ["nobody from this host", {}, {}, 0, 0],
    ["a certificate", {}, { ...ELSEWHERE, certificate }, 0, 0],
    ["a certificate, and another's name", { username: "anna" }, { ...ELSEWHERE, certificate }, 0x86, 4],
  ];
  for (const [what, more, from, five, older] of cases) {
    test(`${what}: ${five} and ${older}`, async () => {
      for (const [version, expected] of [
        [5, five],
        [4, older],
      ] as const) {
        const rig = new GuardedRig({ files: FILES });
        const { device, code } = await rig.connect(version, "c", more, from);
        expect(code).toBe(expected);
        expect(device.connection.closed).toBe(expected !== 0);
        expect(rig.door.stats()).toMatchObject({
          connectionsAccepted: expected === 0 ? 1 : 0,
          loginsRefused: expected === 0 ? 0 : 1,
        });
      }
    });
  }

  test("a password without a user name: refused by 5, malformed before", async () => {
    const rig = new GuardedRig({ files: FILES });
    const device = rig.dial(5);
    // mqtt-packet writes no such packet: flags 0x42 have the password alone.
    device.connection.feed(
      Uint8Array.fromHex("1012 0004 4d515454 05 42 0000 00 0001 63 0002 7077".replaceAll(" ", "")),
    );
    await rig.finishLogins();
    expect(connackCode(device.take())).toBe(0x86);
    const old = rig.dial(4);
    old.connection.feed(
      Uint8Array.fromHex("1011 0004 4d515454 04 42 0000 0001 63 0002 7077".replaceAll(" ", "")),
    );
    expect([old.take().length, old.connection.closed]).toEqual([0, true]);
  });

  test("the log says who it said that it was, and no password", async () => {
    const rig = new GuardedRig({ files: FILES });
    await rig.connect(5, "pump-1", login("anna", "hunter2"), ELSEWHERE);
    const line = rig.lines.find(({ message }) => message === "refused an MQTT client");
    expect(line?.fields).toMatchObject({
      userName: "anna",
      saidClientId: "pump-1",
      remoteAddress: "192.0.2.7",
    });
    expect(JSON.stringify(rig.lines)).not.toContain("hunter2");
  });

  test("too many at once are told that the server is busy", async () => {
    const rig = new GuardedRig({ files: FILES });
    const devices = Array.from({ length: 1_030 }, (_, index) => {
      const device = rig.dial(5, ELSEWHERE);
      device.send(connectPacket(5, `c${index}`, login("anna", `guess${index}`)));
      return device;
    });
    // They come in over some turns.
    rig.clock.settle();
    const codes = devices.map((device) => connackCode(device.take()));
    expect(codes.filter((code) => code === 0x9f)).toHaveLength(6);
    expect(codes.filter((code) => code === null)).toHaveLength(1_024);
  });
});

describe("while a password is checked", () => {
  const after = (version: 4 | 5, messageId: number) =>
    generate(
      { cmd: "publish", topic: "a", payload: `m${messageId}`, qos: 1, messageId, retain: false, dup: false },
      { protocolVersion: version },
    );

  for (const chunking of ["one chunk", "a chunk each", "byte by byte"] as const) {
    test(`what comes behind the CONNECT waits, in its order: ${chunking}`, async () => {
      const rig = new GuardedRig({ files: FILES });
      const device = rig.dial(4, ELSEWHERE);
      const packets = [
        generate(connectPacket(4, "c", login("anna"))),
        ...[1, 2, 3].map((id) => after(4, id)),
      ];
      const whole = Buffer.concat(packets);
      const chunks = {
        "one chunk": [whole],
        "a chunk each": packets,
        "byte by byte": Array.from(whole, (byte) => Buffer.from([byte])),
      }[chunking];
      for (const chunk of chunks) {
        const given = new Uint8Array(chunk);
        device.connection.handler?.data(given);
        // As a chunk is that was a WebSocket's, and has been given back.
        given.fill(0xff);
      }
      expect([device.take().length, rig.ingest.records.length]).toEqual([0, 0]);
      expect(device.connection.paused).toBe(true);
      await rig.finishLogins();
      rig.settle();
      expect(rig.appended).toEqual(["a m1", "a m2", "a m3"]);
      expect(device.take().map(({ cmd, messageId }) => [cmd, messageId])).toEqual([
        ["connack", undefined],
        ["puback", 1],
        ["puback", 2],
        ["puback", 3],
      ]);
      expect(device.connection.paused).toBe(false);
      expect(rig.door.stats().unsettledBytes).toBe(0);
    });
  }

  test("nothing of it happens where the password is wrong", async () => {
    const rig = new GuardedRig({ files: FILES });
    const device = rig.dial(5, ELSEWHERE);
    const packets = [
      generate(connectPacket(5, "c", login("anna", "x")), { protocolVersion: 5 }),
      after(5, 1),
    ];
    device.connection.feed(new Uint8Array(Buffer.concat(packets)));
    await rig.finishLogins();
    rig.settle();
    expect([connackCode(device.take()), rig.ingest.records.length, device.connection.closed]).toEqual([
      0x86,
      0,
      true,
    ]);
    expect(rig.door.stats()).toMatchObject({ unsettledBytes: 0, connections: 0 });
  });

  test("no more is held than may be unsettled", async () => {
    const rig = new GuardedRig({ files: FILES, limits: { maxUnsettledBytes: 10_000 } });
    const device = rig.dial(5, ELSEWHERE);
    device.send(connectPacket(5, "c", login("anna")));
    device.connection.resume();
    for (let sent = 0; sent < 20 && !device.connection.closed; sent++) {
      // Whoever sends on although nobody reads: what the kernel had taken before.
      device.connection.handler?.data(new Uint8Array(1_000));
    }
    expect(device.connection.closed).toBe(true);
    await rig.finishLogins();
    expect(rig.door.stats()).toMatchObject({ unsettledBytes: 0, connections: 0 });
  });

  test("what their CONNECTs hold counts, of all together: who holds much is refused", async () => {
    const limits = { maxPacketBytes: 50_000, maxTotalSplitBytes: 0 };
    const rig = new GuardedRig({ files: FILES, limits });
    const will = { topic: "shared/x", payload: Buffer.alloc(30_000), qos: 0 as const, retain: false };
    const many = Array.from({ length: 6 }, (_, index) => {
      const device = rig.dial(5, ELSEWHERE);
      device.send(connectPacket(5, `c${index}`, { ...login("anna"), will }));
      return device;
    });
    expect(many.map(({ connection }) => connection.closed)).toEqual([false, false, false, true, true, true]);
    expect(many.map((device) => connackCode(device.take()))).toEqual([null, null, null, 0x97, 0x97, 0x97]);
    expect(rig.door.stats().splitBytes).toBeGreaterThan(90_000);
    many[0]?.connection.break();
    const small = rig.dial(5, ELSEWHERE);
    small.send(connectPacket(5, "small", login("anna")));
    await rig.finishLogins();
    expect([many[1], many[2], small].map((device) => connackCode(device?.take() ?? []))).toEqual([0, 0, 0]);
    expect(rig.door.stats().splitBytes).toBe(0);
  });

  test("the time to connect in goes on", async () => {
    const rig = new GuardedRig({ files: FILES, limits: { connectTimeoutMs: 5_000 } });
    const device = rig.dial(5, ELSEWHERE);
    device.send(connectPacket(5, "c", login("anna")));
    rig.clock.advance(6_000);
    expect(device.connection.closed).toBe(true);
    expect(disconnectCode(device.take())).toBeNull();
    await rig.finishLogins();
    expect(rig.door.stats().connections).toBe(0);
    expect(rig.lines.at(-1)?.fields.reason).toBe("no answer in time to who it is");
  });

  test("a client that leaves is forgotten, and so is its question", async () => {
    const rig = new GuardedRig({ files: FILES });
    const device = rig.dial(5, ELSEWHERE);
    device.send(connectPacket(5, "c", login("anna")));
    device.connection.break();
    await rig.finishLogins();
    expect(rig.door.stats()).toMatchObject({ connections: 0, connectionsAccepted: 0 });
  });

  test("others are served", async () => {
    const rig = new GuardedRig({ files: FILES });
    rig.dial(5, ELSEWHERE).send(connectPacket(5, "c", login("anna")));
    const nobody = rig.dial(4);
    nobody.send(connectPacket(4, "d"));
    nobody.publish("a", "x", 1);
    rig.settle();
    expect(nobody.take().map(({ cmd }) => cmd)).toEqual(["connack", "puback"]);
  });
});

test("TLS on a port without it gets one line that says so", () => {
  const rig = new GuardedRig();
  const device = rig.dial(4);
  device.connection.feed(Uint8Array.fromHex("16030100be010000ba0303"));
  expect([device.connection.closed, device.take().length]).toEqual([true, 0]);
  expect(rig.lines.map(({ fields }) => fields.reason)).toEqual(["it speaks TLS, which this port does not"]);
});

describe("a client id", () => {
  test("is taken over by its own user alone", async () => {
    const rig = new GuardedRig({ files: FILES });
    const first = await rig.user("anna", 5, "shared");
    const thief = await rig.connect(5, "shared", login("ben"), ELSEWHERE);
    expect([thief.code, first.connection.closed]).toEqual([0x87, false]);
    const nobody = await rig.connect(4, "shared");
    expect([nobody.code, first.connection.closed]).toEqual([5, false]);
    const again = await rig.connect(5, "shared", login("anna"), ELSEWHERE);
    expect([again.code, first.connection.closed]).toEqual([0, true]);
    expect(disconnectCode(first.take())).toBe(0x8e);
  });

  test("has to be the user's name by setting, or to begin with it and a slash", async () => {
    const rig = new GuardedRig({ files: FILES, limits: { clientIds: "user" } });
    const codes: (number | null)[] = [];
    for (const id of ["anna", "anna/1", "", "ben", "anna1", "x", "ben/anna"])
      codes.push((await rig.connect(5, id, login("anna"))).code);
    expect(codes).toEqual([0, 0, 0, 0x85, 0x85, 0x85, 0x85]);
    expect((await rig.connect(4, "ben", login("anna"))).code).toBe(2);
    expect((await rig.connect(4, "anything")).code).toBe(0);
  });

  test("of another is refused with a line that names the owner", async () => {
    const rig = new GuardedRig({ files: FILES });
    await rig.user("anna", 5, "shared");
    await rig.connect(5, "shared", login("ben"), ELSEWHERE);
    expect(rig.lines.at(-1)?.fields).toMatchObject({
      reason: "its client id is another user's",
      owner: "anna",
      userName: "ben",
      saidClientId: "shared",
    });
  });

  test("that is a user's own name is that user's, whoever is connected under it", async () => {
    const rig = new GuardedRig({ files: FILES });
    const thief = await rig.user("ben", 5, "anna");
    const anna = await rig.connect(5, "anna", login("anna"), ELSEWHERE);
    expect([anna.code, thief.connection.closed, disconnectCode(thief.take())]).toEqual([0, true, 0x8e]);
    expect((await rig.connect(5, "anna", login("ben"))).code).toBe(0x87);
    expect(anna.device.connection.closed).toBe(false);
  });
});
