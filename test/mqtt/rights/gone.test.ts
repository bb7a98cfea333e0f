import { beforeEach, describe, expect, test } from "bun:test";
import type { IConnectPacket } from "mqtt-packet";
import { usersText } from "../../security/support.ts";
import { derOf, issue, newAuthority, revocationList } from "../../support/certificates.ts";
import type { Device } from "../support/broker-rig.ts";
import { FakeRetained } from "../support/fake-retained.ts";
import { FakeStateLog } from "../support/fake-state-log.ts";
import { connackCode, connectPacket, disconnectCode, GuardedRig, login } from "./support.ts";

const ALL = usersText({ anna: "anna", ben: "ben" });
const WITHOUT_ANNA = usersText({ ben: "ben" });
const authority = newAuthority();
const issued = issue(authority, { commonName: "pump-1" });
const certificate = derOf(issued.certificate);
const TLS = {
  tls: { certificate: "cert", key: "key", authorities: "ca", revocations: "crl", minVersion: "1.2" as const },
};
const PEMS = { cert: "cert", key: "key", ca: authority.certificate };
const NOBODY_REVOKED = revocationList(authority, []);
const REVOKED = revocationList(authority, [issued.serial]);

let stateLog: FakeStateLog;
let retained: FakeRetained;
let rig: GuardedRig;

beforeEach(() => {
  stateLog = new FakeStateLog();
  retained = new FakeRetained();
  start();
});

function start(users = ALL, crl = NOBODY_REVOKED): void {
  rig = new GuardedRig({ files: { users, ...PEMS, crl }, security: TLS, stateLog, retained });
}

/** With a will that waits for a minute, or as long as there is room to come back in after a start. */
function wishes(expirySec: number): Partial<IConnectPacket> {
  return {
    clean: false,
    properties: { sessionExpiryInterval: expirySec },
    will: {
      topic: "wills/x",
      payload: Buffer.from("gone"),
      qos: 1,
      retain: true,
      properties: { willDelayInterval: 60 },
    },
  };
}

async function come(who: "anna" | "pump-1", expirySec: number): Promise<Device> {
  const from = who === "anna" ? {} : { certificate };
  const device = rig.dial(5, from);
  const name = who === "anna" ? login("anna") : {};
  device.send(connectPacket(5, "device", { ...wishes(expirySec), ...name }));
  await rig.finishLogins();
  expect(connackCode(device.take())).toBe(0);
  return device;
}

/** What is published within two minutes from now on. */
function later(): readonly string[] {
  rig.clock.advance(120_000);
  rig.settle();
  rig.clock.advance(1_000);
  rig.settle();
  return rig.appended;
}

/** Who takes the client id, and whether a session was there. */
async function next(): Promise<readonly [code: number | null, present: boolean]> {
  const device = rig.dial(5);
  device.send(connectPacket(5, "device", { clean: false, ...login("ben") }));
  await rig.finishLogins();
  const packets = device.take();
  const connack = packets.find((packet) => packet.cmd === "connack");
  return [connackCode(packets), connack?.cmd === "connack" && connack.sessionPresent];
}

const REVOCATIONS = [
  ["anna", "the user is deleted", ["users", WITHOUT_ANNA]],
  ["pump-1", "the certificate is revoked", ["crl", REVOKED]],
] as const;

describe.each(REVOCATIONS)("what %s has left behind when %s", (who, _how, [file, text]) => {
  const startAgain = () => (file === "users" ? start(text) : start(ALL, text));

  test("stays as long as that has not happened", async () => {
    (await come(who, 600)).connection.break();
    rig.settle();
    start();
    expect(rig.door.stats().sessionsAway).toBe(1);
    expect(later()).toEqual(["wills/x gone"]);
  });

  test("stays too where its session has ended with the process before, and only the will waits", async () => {
    await come(who, 0);
    rig.settle();
    start();
    expect(later()).toEqual(["wills/x gone"]);
  });

  test("takes no room for wills any more once it is gone", async () => {
    await come(who, 0);
    rig.settle();
    const room = { maxTotalWillBytes: 200 };
    rig = new GuardedRig({
      files: { users: ALL, ...PEMS, crl: NOBODY_REVOKED },
      security: TLS,
      stateLog,
      retained,
      limits: room,
    });
    const { will } = wishes(0);
    const wish = { ...login("ben"), ...(will === undefined ? {} : { will }) };
    expect((await rig.connect(5, "other", wish)).code).toBe(0x97);
    rig.guard.change(file, text);
    expect((await rig.connect(5, "other", wish)).code).toBe(0);
  });

  test("goes: the will is not published, the session gives its client id back", async () => {
    const device = await come(who, 600);
    device.send({ cmd: "subscribe", messageId: 9, subscriptions: [{ topic: "a", qos: 1 }] });
    rig.settle();
    expect(rig.door.stats().subscriptions).toBe(1);
    device.connection.break();
    rig.settle();
    rig.guard.change(file, text);
    rig.settle();
    expect([rig.door.stats().durableSessions, rig.door.stats().subscriptions]).toEqual([0, 0]);
    expect(later()).toEqual([]);
    expect(retained.batches.length).toBe(0);
    expect(await next()).toEqual([0, false]);
    start();
    expect(later()).toEqual([]);
  });

  test("goes too where that has happened between two starts", async () => {
    await come(who, 600);
    startAgain();
    expect(rig.door.stats().durableSessions).toBe(0);
    expect(later()).toEqual([]);
    expect(await next()).toEqual([0, false]);
    start();
    expect(later()).toEqual([]);
  });

  test("goes too where its session has ended with the process before, and only the will waits", async () => {
    await come(who, 0);
    rig.settle();
    start();
    rig.guard.change(file, text);
    expect(later()).toEqual([]);
    start();
    expect(later()).toEqual([]);
  });

  test("and a connection's session does not wait for it", async () => {
    const device = await come(who, 600);
    rig.guard.change(file, text);
    rig.settle();
    expect([device.connection.closed, rig.door.stats().durableSessions]).toEqual([true, 0]);
    expect(later()).toEqual([]);
  });
});

test("a session that was about to begin when its user went is none", async () => {
  const device = rig.dial(5);
  device.send(connectPacket(5, "device", { ...wishes(600), ...login("anna") }));
  await rig.guard.passwords.finishAll();
  rig.clock.settle();
  rig.guard.change("users", WITHOUT_ANNA);
  rig.settle();
  expect([connackCode(device.take()), rig.door.stats().durableSessions]).toEqual([0x87, 0]);
});

test("there is a line of how many sessions have ended", async () => {
  (await come("anna", 600)).connection.break();
  rig.guard.change("users", WITHOUT_ANNA);
  expect(rig.lines.at(-1)).toMatchObject({
    message: "ended MQTT sessions of users that are gone",
    fields: { count: 1 },
  });
});

describe("a connection that has shown a certificate", () => {
  test("ends when that expires, its will unpublished; others stay", async () => {
    // Of the older version, which may keep silent for ever.
    const { will } = wishes(0);
    // Certificates are made by the machine's clock.
    const days = (rig.clock.nowMs() + 600_000 - Date.now()) / 86_400_000;
    const { certificate } = issue(authority, { commonName: "pump-1", days });
    const shown = { certificate: derOf(certificate) };
    const { device } = await rig.connect(4, "device", will === undefined ? {} : { will }, shown);
    const ben = await rig.user("ben", 4);
    rig.clock.advance(590_000);
    rig.settle();
    expect(device.connection.closed).toBe(false);
    rig.clock.advance(72_000);
    rig.settle();
    expect([device.connection.closed, rig.door.stats().loginsRevoked]).toEqual([true, 1]);
    expect([later(), ben.connection.closed]).toEqual([[], false]);
  });

  test("is looked after up to the end of the door", async () => {
    await come("pump-1", 0);
    const closing = rig.door.close();
    for (let round = 0; round < 4; round++) {
      rig.clock.advance(10);
      rig.settle();
      await Promise.resolve();
    }
    await closing;
    expect(rig.clock.pendingTimers).toBe(0);
  });

  test("ends when its authority is taken away", async () => {
    const device = await come("pump-1", 0);
    rig.guard.change("ca", newAuthority("another").certificate);
    expect([disconnectCode(device.take()), later()]).toEqual([0x87, []]);
  });
});
