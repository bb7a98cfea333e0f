import { expect, test } from "bun:test";
import type { MqttLimits } from "../../../src/mqtt/limits.ts";
import type { AuditEvent } from "../../../src/security/audit/audit-event.ts";
import { usersText } from "../../security/support.ts";
import { derOf, issue, newAuthority } from "../../support/certificates.ts";
import { GuardedRig, login } from "./support.ts";

const ELSEWHERE = { remoteAddress: "192.0.2.7" };
const certificate = derOf(issue(newAuthority(), { commonName: "pump-1" }).certificate);
const ACL = `[[rule]]
who = "user:*"
allow = "all"
topics = "{user}/#"
`;

function world(limits: Partial<MqttLimits> = {}) {
  const events: AuditEvent[] = [];
  const rig = new GuardedRig({
    files: { users: usersText({ anna: "annasecret", ben: "bensecret" }), "acl.toml": ACL },
    audit: { note: (event) => void events.push(event) },
    limits,
  });
  const told = () =>
    events
      .splice(0)
      .map(({ action, result, user, reason, resource = "" }) =>
        [action, result, user, reason ?? "", resource].join(" ").trimEnd(),
      );
  return { rig, events, told };
}

test("who logs in and leaves is told of, with his address and the door's port; who says no name is not", async () => {
  const { rig, events, told } = world();
  const { device } = await rig.connect(5, "c1", login("anna", "annasecret"), ELSEWHERE);
  const { localPort: port } = device.connection;
  expect(events).toEqual([
    {
      ...{ kind: "access", door: "mqtt", address: "192.0.2.7", port, action: "login", result: "success" },
      ...{ user: "anna", detail: "password" },
    },
  ]);
  await rig.connect(5, "c2", {}, { ...ELSEWHERE, certificate });
  await rig.connect(5, "c3", {});
  device.send({ cmd: "disconnect", reasonCode: 0 });
  expect(told()).toEqual(["login success anna", "login success pump-1", "logout success anna"]);
});

test("who does not get in is told of with why", async () => {
  const { rig, events, told } = world();
  await rig.connect(5, "c", login("anna", "hunter2"), ELSEWHERE);
  await rig.connect(4, "c", login("nobody", "hunter2"), ELSEWHERE);
  await rig.connect(5, "c", {}, ELSEWHERE);
  await rig.connect(5, "taken", login("anna", "annasecret"), ELSEWHERE);
  await rig.connect(5, "taken", login("ben", "bensecret"), ELSEWHERE);
  expect(JSON.stringify(events)).not.toMatch(/hunter2|secret/);
  expect(told()).toEqual([
    "login failure anna wrong-password",
    "login failure nobody wrong-password",
    "login failure  anonymous",
    "login success anna",
    "login failure ben other-identity session taken",
  ]);
});

test("wrong passwords are told of as what they are until nobody looks at them any more", async () => {
  const { rig, told } = world();
  for (let n = 0; n < 12; n++) {
    const device = rig.dial(5, ELSEWHERE);
    device.send({ ...connect(`c${n}`), ...login("anna", `guess-${n}`) });
    if (n < 6) await rig.finishLogins();
  }
  await rig.finishLogins();
  const all = told();
  expect(all.filter((line) => line === "login failure anna wrong-password").length).toBeGreaterThanOrEqual(6);
  expect(all).toContain("login failure anna locked-out");
});

test("what somebody may not do is told of, and that he was put out", async () => {
  const { rig, told } = world();
  const { device } = await rig.connect(5, "c", login("anna", "annasecret"), ELSEWHERE);
  device.send({
    cmd: "publish",
    topic: "ben/secret",
    payload: "x",
    qos: 1,
    messageId: 1,
    dup: false,
    retain: false,
  });
  device.send({ cmd: "publish", topic: "anna/own", payload: "x", qos: 0, dup: false, retain: false });
  device.send({ cmd: "subscribe", messageId: 2, subscriptions: [{ topic: "ben/#", qos: 0 }] });
  rig.settle();
  rig.guard.change("users", usersText({ ben: "bensecret" }));
  expect(told()).toEqual([
    "login success anna",
    "denied refused anna  mqtt topic ben/secret",
    "denied refused anna  mqtt topic ben/#",
    "logout success anna revoked",
  ]);
});

test("a user has no more connections than he may, but those that he takes over", async () => {
  const { rig, told } = world({ maxConnectionsOfUser: 2 });
  const anna = login("anna", "annasecret");
  const codes = [];
  for (const id of ["a", "b", "c", "b"]) codes.push((await rig.connect(5, id, anna, ELSEWHERE)).code);
  codes.push((await rig.connect(4, "d", anna, ELSEWHERE)).code);
  const { device } = await rig.connect(5, "e", login("ben", "bensecret"), ELSEWHERE);
  expect(codes).toEqual([0, 0, 0x97, 0, 3]);
  expect(device.connection.closed).toBe(false);
  expect(told().filter((line) => line.includes("too-many"))).toEqual([
    "login failure anna too-many-connections",
    "login failure anna too-many-connections",
  ]);
  const again = await rig.connect(5, "a", anna, ELSEWHERE);
  again.device.send({ cmd: "disconnect", reasonCode: 0 });
  rig.settle();
  expect((await rig.connect(5, "c", anna, ELSEWHERE)).code).toBe(0);
});

function connect(clientId: string) {
  const version = { protocolId: "MQTT", protocolVersion: 5, clean: true, keepalive: 0 } as const;
  return { cmd: "connect", clientId, ...version } as const;
}
