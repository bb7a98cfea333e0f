import { describe, expect, test } from "bun:test";
import { parseAcl } from "../../src/security/acl.ts";
import { type Granting, type Principal, rightsOf } from "../../src/security/rights.ts";

const RULES = `
[groups]
operators = ["anna", "panel-*"]

[[rule]]
who = ["group:operators"]
allow = "all"
topics = ["#", "$SYS/#"]

[[rule]]
who = "anyone"
deny = "all"
topics = "secrets/#"

[[rule]]
who = "user:*"
allow = ["publish", "subscribe"]
topics = ["devices/{user}/#", "by-client/{client}", "both/{user}-{client}/x"]

[[rule]]
who = "user:*"
deny = "publish"
topics = "devices/{user}/firmware"

[[rule]]
who = "user:line-*"
allow = "publish"
topics = "lines/{key}/+"
keys = ["press-*", "{user}"]

[[rule]]
who = "user:viewer"
allow = "subscribe"
topics = "plant/#"

[[rule]]
who = "user:viewer"
deny = "receive"
topics = "plant/+/wages"

[[rule]]
who = "anonymous"
allow = "subscribe"
topics = "public/#"

[[rule]]
who = "client:meter-*"
allow = "publish"
topics = "meters/{client}"

[[rule]]
who = "user:free"
allow = "publish"
topics = "{user}/{key}/#"
`;

const rules = parseAcl("acl.toml", RULES);
const who = (userName: string | null, clientId = "c"): Principal => ({ userName, clientId });

/** "p" may publish, "r" may receive; a key is the topic's second level where it says so. */
function may(principal: Principal, topic: string, key: string | null = null): string {
  const rights = rightsOf(rules, principal, "whole");
  return `${rights.mayPublish(topic, key) ? "p" : "-"}${rights.mayReceive(topic, key) ? "r" : "-"}`;
}

describe("topics", () => {
  const cases: readonly (readonly [string, Principal, string, string, (string | null)?])[] = [
    ["a group", who("anna"), "a/b", "pr"],
    ["a pattern in a group", who("panel-7"), "$SYS/broker", "pr"],
    ["a denial wins, wherever it stands", who("anna"), "secrets/a", "--"],
    ["what no rule allows", who("ben"), "a/b", "--"],
    ["the own name", who("ben"), "devices/ben/x/y", "pr"],
    ["another's name", who("ben"), "devices/anna/x", "--"],
    ["a denial with the own name", who("ben"), "devices/ben/firmware", "-r"],
    ["a denial with the name of another", who("anna"), "devices/ben/firmware", "pr"],
    ["the client id", who("ben", "x1"), "by-client/x1", "pr"],
    ["another client id", who("ben", "x1"), "by-client/x2", "--"],
    ["both, within a level", who("ben", "x1"), "both/ben-x1/x", "pr"],
    ["nobody", who(null), "devices/null/x", "--"],
    ["nobody, where nobody may", who(null), "public/a", "-r"],
    ["a user is not nobody", who("ben"), "public/a", "--"],
    ["nobody by a client id", who(null, "meter-1"), "meters/meter-1", "p-"],
    ["a denial of receiving", who("viewer"), "plant/a/wages", "--"],
    ["beside it", who("viewer"), "plant/a/heat", "-r"],
    ["a key that is allowed", who("line-1"), "lines/press-4/x", "p-", "press-4"],
    ["a key that is the user", who("line-1"), "lines/line-1/x", "p-", "line-1"],
    ["a key that is not allowed", who("line-1"), "lines/oven-4/x", "--", "oven-4"],
    ["a level of that text that is not the key", who("line-1"), "lines/press-4/x", "--", "oven-4"],
    ["a topic whose route names no key", who("line-1"), "lines/press-4/x", "--", null],
    ["any key", who("free"), "free/anything/x/y", "p-", "anything"],
  ];
  for (const [what, principal, topic, expected, key = null] of cases) {
    test(`${what}: ${topic}`, () => expect(may(principal, topic, key)).toBe(expected));
  }
});

describe("a name can't widen its template", () => {
  const names = ["+", "#", "ben/#", "a/b", "+/x", "", "*", "a*", "\0"];
  for (const name of names) {
    test(JSON.stringify(name), () => {
      for (const principal of [who(name), who("ben", name)]) {
        const rights = rightsOf(rules, principal, "whole");
        const own =
          principal.userName === "ben" ? [] : ["devices/ben/x", "devices/a/b/x", `devices/${name}/x`];
        for (const topic of [
          ...own,
          "by-client/x1",
          "by-client/a/b",
          `by-client/${name}`,
          `both/ben-${name}/x`,
        ]) {
          expect([topic, rights.mayPublish(topic, null), rights.mayReceive(topic, null)]).toEqual([
            topic,
            false,
            false,
          ]);
        }
        for (const filter of [
          `devices/${name}/#`,
          "devices/+/#",
          "devices/#",
          `by-client/${name}`,
          "by-client/#",
        ]) {
          if (principal.userName === "ben" && filter.startsWith("devices/ben")) continue;
          expect([filter, rights.maySubscribe(filter)]).toEqual([filter, false]);
        }
      }
    });
  }

  test("nor by a dollar at the front of a topic", () => {
    const rights = rightsOf(
      parseAcl("a", '[[rule]]\nwho = "user:*"\nallow = "all"\ntopics = "{user}/#"'),
      who("$SYS"),
      "whole",
    );
    expect([rights.mayPublish("$SYS/a", null), rights.maySubscribe("$SYS/#")]).toEqual([false, false]);
  });

  test("nor by keys: a star in a name is no pattern", () => {
    const text = '[[rule]]\nwho = "user:*"\nallow = "publish"\ntopics = "a/{key}"\nkeys = ["{user}"]';
    const starred = rightsOf(parseAcl("a", text), who("*"), "whole");
    expect([starred.mayPublish("a/b", "b"), starred.mayPublish("a/*", "*")]).toEqual([false, false]);
  });

  test("and a denial takes any level from who has no name that fits", () => {
    const text = `
      [[rule]]
      who = "anyone"
      allow = "all"
      topics = "#"
      [[rule]]
      who = "anyone"
      deny = "publish"
      topics = ["devices/{user}/firmware", "keys/{key}"]
      keys = ["{user}"]`;
    const acl = parseAcl("a", text);
    for (const name of [null, "a/b", "+", "*"]) {
      const rights = rightsOf(acl, who(name), "whole");
      expect([rights.mayPublish("devices/x/firmware", null), rights.mayPublish("devices/x/y", null)]).toEqual(
        [false, true],
      );
      expect(rights.mayPublish("keys/x", "x")).toBe(false);
    }
    expect(rightsOf(acl, who("ben"), "whole").mayPublish("devices/x/firmware", null)).toBe(true);
  });
});

describe("subscriptions", () => {
  const cases: readonly (readonly [string, Principal, string, boolean, boolean])[] = [
    ["all that is allowed", who("ben"), "devices/ben/#", true, true],
    ["a part of it", who("ben"), "devices/ben/x/+", true, true],
    ["more than is allowed", who("ben"), "devices/+/x", false, true],
    ["nothing of what is allowed", who("ben"), "plant/#", false, false],
    ["all, where some is denied", who("anna"), "#", false, true],
    ["all but what is denied", who("anna"), "devices/#", true, true],
    ["what is denied", who("anna"), "secrets/a", false, false],
    ["what is denied, and more", who("anna"), "+/a", false, true],
    ["what may not be received, which is not looked at here", who("viewer"), "plant/#", true, true],
    ["hidden topics by a wildcard", who("anna"), "$SYS/#", true, true],
    ["what may be published only", who("line-1"), "lines/press-1/x", false, false],
  ];
  for (const [what, principal, filter, whole, part] of cases) {
    test(`${what}: ${filter}`, () => {
      const granted = (granting: Granting) => rightsOf(rules, principal, granting).maySubscribe(filter);
      expect([granted("whole"), granted("part")]).toEqual([whole, part]);
    });
  }
});

test("a brace that has no other is a problem, in topics and in keys", () => {
  const rule = (topics: string, keys: string) =>
    `[[rule]]\nwho = "anyone"\nallow = "all"\ntopics = "${topics}"\nkeys = "${keys}"\n`;
  for (const topics of ["{user/{key}", "user}/{key}", "{{user}}/{key}", "}{/{key}"]) {
    expect(() => parseAcl("acl.toml", rule(topics, "x"))).toThrow(/rule\[0\]\.topics.*a brace has no other/);
  }
  expect(() => parseAcl("acl.toml", rule("{key}", "{client"))).toThrow(/keys.*a brace has no other/);
  expect(parseAcl("acl.toml", rule("{user}/{key}", "{client}-{user}"))).toHaveLength(1);
});

test("every problem of a file of rules comes with its line", () => {
  const text = `[groups]
a = []
b = "x"
[[rule]]
who = "everybody"
allow = "write"
topics = ["a/#/b", "a/{name}"]
[[rule]]
allow = "all"
deny = "all"
topics = "a{key}/b"
[[rule]]
who = "group:none"
topic = "x"
[[rule]]
who = "anyone"
allow = "all"
topics = "a"
keys = ["{key}"]
[rules]
`;
  let message = "";
  try {
    parseAcl("acl.toml", text);
  } catch (error) {
    message = (error as Error).message;
  }
  const lines = message.split("\n").map((line) => line.replace(/; .*/, "").slice(0, 78));
  expect(lines).toEqual([
    "acl.toml:20: rules = {}: there is no such setting",
    "acl.toml:2: groups.a = []: it is no list of texts",
    'acl.toml:6: rule[0].allow = "write": it is no action',
    'acl.toml:5: rule[0].who = "everybody": it says not whom',
    "acl.toml:7: rule[0].topics = \"a/#/b\": '#' is not the last level",
    'acl.toml:7: rule[0].topics = "a/{name}": {name} stands for nothing',
    "acl.toml:8: rule[1]: it allows and denies",
    "acl.toml:8: rule[1].who: it is missing",
    'acl.toml:11: rule[1].topics = "a{key}/b": {key} is not a whole level',
    'acl.toml:14: rule[2].topic = "x": there is no such setting',
    "acl.toml:12: rule[2]: it neither allows nor denies",
    "acl.toml:12: rule[2].allow = []: it is no list of texts",
    'acl.toml:13: rule[2].who = "group:none": there is no such group',
    "acl.toml:12: rule[2].topics: it is missing",
    'acl.toml:19: rule[3].keys = "{key}": {key} stands for nothing',
    'acl.toml:19: rule[3].keys = [ "{key}" ]: none of the topics has {key}',
  ]);
  expect(() => parseAcl("acl.toml", "a = ")).toThrow(/^acl.toml: .*https:/);
  expect(parseAcl("acl.toml", "# none\n")).toEqual([]);
  for (const text of ["", " \n\n"]) expect(() => parseAcl("acl.toml", text)).toThrow(/acl.toml: it is empty/);
});
