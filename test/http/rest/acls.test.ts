import { expect, test } from "bun:test";
import { ACL_OPERATION, ACL_PATTERN, ACL_PERMISSION, ACL_RESOURCE } from "../../../src/broker/acl-entry.ts";
import { RestGateway } from "../support.ts";

test("rules are added, listed as they are kept, and removed one by one", async () => {
  const rest = await RestGateway.open();
  const send = (method: string, body: object) => rest.ask("/api/acls", { method, body });
  const read = {
    resourceType: "topic",
    resourceName: "telemetry",
    principal: "User:anna",
    operation: "read",
    permission: "allow",
  };
  const added = await send("POST", read);
  const whole = { ...read, patternType: "literal", host: "*" };
  expect([added.status, added.body]).toEqual([201, whole]);
  await send("POST", read);
  const prefixed = {
    ...read,
    patternType: "prefixed",
    host: "192.0.2.7",
    operation: "twoPhaseCommit",
    permission: "deny",
  };
  await send("POST", prefixed);
  expect((await rest.ask("/api/acls")).body.acls).toEqual([whole, prefixed]);
  expect(rest.kafka.broker.acls.list()[1]).toEqual({
    resourceType: ACL_RESOURCE.topic,
    ...{ resourceName: "telemetry", principal: "User:anna", host: "192.0.2.7" },
    patternType: ACL_PATTERN.prefixed,
    operation: ACL_OPERATION.twoPhaseCommit,
    permissionType: ACL_PERMISSION.deny,
  });
  expect((await send("DELETE", read)).body).toEqual({ removed: true });
  expect((await send("DELETE", read)).body).toEqual({ removed: false });
  expect((await rest.ask("/api/acls")).body.acls).toEqual([prefixed]);
  for (const [body, thing] of [
    [{ ...read, principal: "anna" }, "principal"],
    [{ ...read, resourceType: "cluster" }, "resourceName"],
    [{ ...read, resourceType: "any" }, "body.resourceType"],
    [{ ...read, operation: "any" }, "body.operation"],
    [{ ...read, patternType: "match" }, "body.patternType"],
    [{ ...read, resourceName: "" }, "body.resourceName"],
  ] as const) {
    const answer = await send("POST", body);
    expect([answer.status, answer.body.error?.thing]).toEqual([400, thing]);
  }
  await rest.close();
});
