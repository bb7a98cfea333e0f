import { describe, expect, test } from "bun:test";
import { ACL_OPERATION, ACL_RESOURCE, ANY_ACL } from "../../../src/broker/acl-entry.ts";
import type { AclRefusal, AuthorizerOptions } from "../../../src/security/kafka-acls/authorizer.ts";
import { authorizerOf, rule } from "./support.ts";

type Operation = keyof typeof ACL_OPERATION;
type Resource = keyof typeof ACL_RESOURCE;

interface World extends Partial<AuthorizerOptions> {
  readonly rules: readonly string[];
  readonly host?: string;
}

/** Whether anna may do it from 10.0.0.7, or from the host of the world. */
function allows({ rules, host = "10.0.0.7", ...options }: World, question: string): boolean {
  const [operation, type, name = ""] = question.split(" ");
  const { authorizer } = authorizerOf(
    rules.map((text) => {
      const [words = "", from] = text.split(" from ");
      return rule(words, from);
    }),
    options,
  );
  const rights = authorizer.rightsOf("anna", host);
  const answer = rights.allows(ACL_OPERATION[operation as Operation], ACL_RESOURCE[type as Resource], name);
  const again = rights.allows(ACL_OPERATION[operation as Operation], ACL_RESOURCE[type as Resource], name);
  expect(again).toBe(answer);
  return answer;
}

describe("what a rule allows", () => {
  const world = { rules: ["allow User:anna read topic orders"] };

  test("is its operation, on its resource, for its principal", () => {
    expect(allows(world, "read topic orders")).toBe(true);
    expect(allows(world, "write topic orders")).toBe(false);
    expect(allows(world, "read topic orders2")).toBe(false);
    expect(allows(world, "read group orders")).toBe(false);
    expect(allows({ rules: ["allow User:ann read topic orders"] }, "read topic orders")).toBe(false);
    expect(allows({ rules: ["allow Group:anna read topic orders"] }, "read topic orders")).toBe(false);
  });

  test("may be everybody's, on every resource, and any operation", () => {
    expect(allows({ rules: ["allow User:* read topic orders"] }, "read topic orders")).toBe(true);
    expect(allows({ rules: ["allow User:anna read topic *"] }, "read topic orders")).toBe(true);
    expect(allows({ rules: ["allow User:anna all topic orders"] }, "alterConfigs topic orders")).toBe(true);
  });

  test("holds what comes with it", () => {
    for (const operation of ["read", "write", "delete", "alter", "describe", "all"]) {
      const rules = [`allow User:anna ${operation} topic orders`];
      expect(allows({ rules }, "describe topic orders")).toBe(true);
    }
    for (const operation of ["create", "alterConfigs", "describeConfigs", "clusterAction"]) {
      const rules = [`allow User:anna ${operation} topic orders`];
      expect(allows({ rules }, "describe topic orders")).toBe(false);
    }
    const rules = ["allow User:anna alterConfigs topic orders"];
    expect(allows({ rules }, "describeConfigs topic orders")).toBe(true);
    expect(allows({ rules: ["allow User:anna alter topic orders"] }, "describeConfigs topic orders")).toBe(
      false,
    );
  });

  test("reaches as far as its prefix", () => {
    const rules = ["allow User:anna read topic line-*"];
    expect(allows({ rules }, "read topic line-3")).toBe(true);
    expect(allows({ rules }, "read topic line-")).toBe(true);
    expect(allows({ rules }, "read topic line")).toBe(false);
    expect(allows({ rules }, "read topic online-3")).toBe(false);
  });
});

describe("what denies", () => {
  test("wins, however wide it is and however narrow what allows", () => {
    for (const denied of ["orders", "ord*", "*"]) {
      for (const allowed of ["orders", "orde*", "*"]) {
        const rules = [`allow User:anna read topic ${allowed}`, `deny User:* read topic ${denied}`];
        expect(allows({ rules }, "read topic orders")).toBe(false);
        expect(allows({ rules: rules.reverse() }, "read topic orders")).toBe(false);
      }
    }
  });

  test("takes nothing else with it", () => {
    const rules = ["allow User:anna all topic orders", "deny User:anna read topic orders"];
    expect(allows({ rules }, "read topic orders")).toBe(false);
    expect(allows({ rules }, "describe topic orders")).toBe(true);
    expect(
      allows(
        { rules: ["deny User:anna alterConfigs topic a", "allow User:anna all topic a"] },
        "describeConfigs topic a",
      ),
    ).toBe(true);
  });

  test("is noticed to be missing", () => {
    const rules = ["allow User:anna read topic orders", "deny User:anna read topic orders"];
    expect(allows({ rules, bugs: { denyLoses: true } }, "read topic orders")).toBe(true);
  });

  test("does not hold for others, nor for super users", () => {
    const rules = ["allow User:* read topic orders", "deny User:ben read topic orders"];
    expect(allows({ rules }, "read topic orders")).toBe(true);
    const against = ["deny User:anna all topic orders"];
    expect(allows({ rules: against, superUsers: ["anna"] }, "write topic orders")).toBe(true);
    expect(allows({ rules: against, superUsers: ["Anna"] }, "write topic orders")).toBe(false);
  });
});

describe("hosts", () => {
  test("are compared whole", () => {
    const rules = ["allow User:anna read topic orders from 10.0.0.7"];
    expect(allows({ rules }, "read topic orders")).toBe(true);
    expect(allows({ rules, host: "10.0.0.70" }, "read topic orders")).toBe(false);
    const denied = ["allow User:anna read topic orders", "deny User:anna read topic orders from 10.0.0.7"];
    expect(allows({ rules: denied }, "read topic orders")).toBe(false);
    expect(allows({ rules: denied, host: "10.0.0.8" }, "read topic orders")).toBe(true);
  });

  test("have one spelling each", () => {
    const loopback = ["allow User:anna read topic orders from 0:0:0:0:0:0:0:1"];
    expect(allows({ rules: loopback, host: "::1" }, "read topic orders")).toBe(true);
    const mapped = ["allow User:anna read topic orders from 10.0.0.7"];
    expect(allows({ rules: mapped, host: "::ffff:10.0.0.7" }, "read topic orders")).toBe(true);
    const short = ["deny User:anna read topic orders from fe80::1", "allow User:anna read topic orders"];
    expect(allows({ rules: short, host: "fe80:0:0:0:0:0:0:1" }, "read topic orders")).toBe(false);
  });
});

describe("what no rule is about", () => {
  test("is denied, or allowed where the settings say so", () => {
    expect(allows({ rules: [] }, "read topic orders")).toBe(false);
    expect(allows({ rules: [], allowIfNone: true }, "read topic orders")).toBe(true);
  });

  test("is nothing that any rule is about, whoever it is for", () => {
    for (const rules of [
      ["allow User:ben read topic orders"],
      ["allow User:ben read topic o*"],
      ["allow User:ben read topic *"],
    ])
      expect(allows({ rules, allowIfNone: true }, "read topic orders")).toBe(false);
    const others = ["allow User:ben read topic order", "allow User:ben read group orders"];
    expect(allows({ rules: others, allowIfNone: true }, "read topic orders")).toBe(true);
  });
});

describe("views of devices", () => {
  test("are covered by what is allowed or denied with their topic", () => {
    const rules = ["allow User:anna read topic telemetry"];
    expect(allows({ rules }, "read topic telemetry/pump-1")).toBe(true);
    expect(allows({ rules }, "read topic telemetry/pump-1/0")).toBe(true);
    expect(allows({ rules }, "describe topic telemetry/pump-1")).toBe(true);
    const denied = ["deny User:anna read topic telemetry", "allow User:anna read topic telemetry/pump-1"];
    expect(allows({ rules: denied }, "read topic telemetry/pump-1")).toBe(false);
  });

  test("can be allowed and denied one by one", () => {
    const rules = ["allow User:anna read topic telemetry/pump-1"];
    expect(allows({ rules }, "read topic telemetry/pump-1")).toBe(true);
    expect(allows({ rules }, "read topic telemetry/pump-1/3")).toBe(true);
    expect(allows({ rules }, "read topic telemetry/pump-2")).toBe(false);
    expect(allows({ rules }, "read topic telemetry/pump-10")).toBe(false);
    expect(allows({ rules }, "read topic telemetry")).toBe(false);
    const denied = ["allow User:anna read topic telemetry", "deny User:anna read topic telemetry/pump-1"];
    expect(allows({ rules: denied }, "read topic telemetry/pump-1/3")).toBe(false);
    expect(allows({ rules: denied }, "read topic telemetry/pump-2")).toBe(true);
  });

  test("have prefixes", () => {
    const rules = ["allow User:anna read topic telemetry/pump-*"];
    expect(allows({ rules }, "read topic telemetry/pump-2")).toBe(true);
    expect(allows({ rules }, "read topic telemetry/press-2")).toBe(false);
  });
});

describe("some resource", () => {
  function some(rules: readonly string[], options: Partial<AuthorizerOptions> = {}): boolean {
    const { authorizer } = authorizerOf(
      rules.map((text) => rule(text)),
      options,
    );
    return authorizer.rightsOf("anna", "10.0.0.7").allowsSome(ACL_OPERATION.write, ACL_RESOURCE.topic);
  }

  test("is one that is allowed, and not denied as a whole", () => {
    expect(some([])).toBe(false);
    expect(some([], { allowIfNone: true })).toBe(true);
    expect(some([], { superUsers: ["anna"] })).toBe(true);
    expect(some(["allow User:anna write topic orders"])).toBe(true);
    expect(some(["allow User:anna all topic orders"])).toBe(true);
    expect(some(["allow User:anna read topic orders"])).toBe(false);
    expect(some(["allow User:ben write topic orders"])).toBe(false);
    expect(some(["allow User:anna write group orders"])).toBe(false);
  });

  test("is none where what denies dominates", () => {
    const orders = "allow User:anna write topic orders";
    expect(some([orders, "deny User:anna write topic orders"])).toBe(false);
    expect(some([orders, "deny User:anna write topic ord*"])).toBe(false);
    expect(some([orders, "deny User:anna write topic *"])).toBe(false);
    expect(some([orders, "deny User:anna write topic others"])).toBe(true);
    expect(some(["allow User:anna write topic ord*", "deny User:anna write topic orders"])).toBe(true);
    expect(some(["allow User:anna write topic ord*", "deny User:anna write topic o*"])).toBe(false);
    expect(some(["allow User:anna write topic *", "deny User:anna write topic o*"])).toBe(true);
  });
});

test("a change counts at once", () => {
  const { acls, authorizer } = authorizerOf([rule("allow User:anna read topic orders")]);
  const may = () =>
    authorizer.rightsOf("anna", "10.0.0.7").allows(ACL_OPERATION.read, ACL_RESOURCE.topic, "orders");
  expect(may()).toBe(true);
  acls.add([rule("deny User:anna read topic orders")], () => {});
  expect(may()).toBe(false);
  acls.remove([ANY_ACL], () => {});
  expect(may()).toBe(false);
  acls.add([rule("allow User:anna read topic orders")], () => {});
  expect(may()).toBe(true);
});

test("what is remembered is bounded, and right after it was forgotten", () => {
  const { authorizer } = authorizerOf([rule("allow User:anna read topic orders")]);
  for (let index = 0; index < 60_000; index += 1) {
    const rights = authorizer.rightsOf("anna", "10.0.0.7");
    expect(rights.allows(ACL_OPERATION.read, ACL_RESOURCE.topic, `t${index}`)).toBe(false);
  }
  for (let index = 0; index < 11_000; index += 1) authorizer.rightsOf(`user-${index}`, "10.0.0.7");
  expect(
    authorizer.rightsOf("anna", "10.0.0.7").allows(ACL_OPERATION.read, ACL_RESOURCE.topic, "orders"),
  ).toBe(true);
});

test("refusals are told to who listens", () => {
  const { authorizer } = authorizerOf([]);
  const seen: AclRefusal[] = [];
  const stop = authorizer.onRefused((refusal) => seen.push(refusal));
  authorizer.rightsOf("anna", "::1").refused(0, ACL_OPERATION.write, ACL_RESOURCE.topic, "orders", 9092);
  stop();
  authorizer.rightsOf("anna", "::1").refused(0, ACL_OPERATION.write, ACL_RESOURCE.topic, "orders", 9092);
  expect(seen).toEqual([
    {
      user: "anna",
      host: "0:0:0:0:0:0:0:1",
      address: "::1",
      port: 9092,
      apiKey: 0,
      operation: 4,
      resourceType: 2,
      resourceName: "orders",
    },
  ]);
});
