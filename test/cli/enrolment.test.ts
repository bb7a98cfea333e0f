import { afterEach, beforeEach, describe, expect, setSystemTime, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readRevokedSerials } from "../../src/enrolment/x509.ts";
import { type FakeProcess, run } from "./support.ts";

let top: string;
let centre: string;
beforeEach(async () => {
  top = mkdtempSync(join(tmpdir(), "headwater-enrolment-"));
  centre = join(top, "centre");
});
afterEach(() => {
  setSystemTime();
  rmSync(top, { recursive: true });
});

/** Each is two files that are synced. */
const TWO_HUNDRED_MS = 60_000;
const URL_FLAGS = ["--url", "https://central.example:8444", "--bootstrap", "central.example:9093"];
const enrolment = (...args: readonly string[]) => run(["enrolment", ...args, "--folder", centre]);
const enrol = (args: readonly string[], given: FakeProcess = {}, folder = join(top, "gw")) =>
  run(["enrol", ...args, "--folder", folder], given);
const text = (path: string) => readFileSync(join(top, path), "utf8");
const states = async () =>
  (JSON.parse((await enrolment("ls", "-o", "json")).out) as { gateway: string; state: string }[])
    .map(({ gateway, state }) => `${gateway} ${state}`)
    .sort();

describe("headwater enrolment", () => {
  test("makes a centre once, whose files nobody else reads", async () => {
    expect((await enrolment("init", ...URL_FLAGS)).code).toBe(0);
    expect(statSync(join(centre, "tls/authority.key")).mode & 0o777).toBe(0o600);
    expect(statSync(join(centre, "enrolment")).mode & 0o777).toBe(0o700);
    expect(text("centre/enrolment/template.toml")).toContain('bootstrap = ["central.example:9093"]');
    expect((await enrolment("init", ...URL_FLAGS)).err).toContain("there already");
  });

  test("takes the authority that headwater init has made", async () => {
    await run(["init", "--folder", centre, "--name", "central.example"]);
    const authority = text("centre/tls/authority.pem");
    expect((await enrolment("init", ...URL_FLAGS)).code).toBe(0);
    expect(text("centre/tls/authority.pem")).toBe(authority);
    const pump = await run(["certificate", "issue", "pump-1", "--folder", centre]);
    expect(pump.code).toBe(0);
  });

  test(
    "issues from a list, leaves out who has one, takes back and issues again",
    async () => {
      await enrolment("init", ...URL_FLAGS);
      const list = join(top, "gateways.csv");
      const out = join(top, "cards");
      const rows = Array.from({ length: 200 }, (_, index) => `plant-${index},north\n`);
      writeFileSync(list, `gateway,site\n${rows.join("")}`);
      expect((await enrolment("issue", "--list", list, "--out", out)).out.match(/issued/g)).toHaveLength(200);
      expect(readdirSync(out)).toHaveLength(200);
      expect(statSync(join(out, "plant-7.enrolment")).mode & 0o777).toBe(0o600);
      const secrets = readdirSync(out).map((name) => JSON.parse(text(`cards/${name}`)).token);
      expect(new Set(secrets).size).toBe(200);
      expect((await enrolment("issue", "--list", list, "--out", out)).out).not.toContain("issued");
      expect((await enrolment("cancel", "plant-7", "nobody")).code).toBe(1);
      expect(await states()).toContain("plant-7 cancelled");
      expect((await enrolment("issue", "--list", list, "--out", out)).out.match(/issued/g)).toHaveLength(1);
      await enrolment("issue", "plant-8", "--set", "site=south", "--again");
      expect((await states()).filter((row) => row.startsWith("plant-8 "))).toEqual([
        "plant-8 cancelled",
        "plant-8 open",
      ]);
    },
    TWO_HUNDRED_MS,
  );

  test.each([
    [["issue"], 2, "name a gateway"],
    [["issue", "a b"], 2, "no id"],
    [["issue", "plant-1", "--set", "x"], 2, "NAME=VALUE"],
    [["issue", "plant-1", "--valid", "0"], 2, "--valid 0"],
    [["issue", "--list", "/nowhere"], 2, "is not there"],
    [["init", "--url", "http://a", "--bootstrap", "a:1"], 2, "https://"],
    [["init", "--url", "https://a", "--bootstrap", "a"], 2, "--bootstrap"],
    [["serve", "--listen", "nowhere"], 2, "--listen"],
  ])("%p is refused", async (args, code, word) => {
    if (args[0] !== "init") await enrolment("init", ...URL_FLAGS);
    expect(await enrolment(...args)).toMatchObject({ code, err: expect.stringContaining(word) });
  });

  test("a template that says what nobody knows is found out when it is issued, and no gateway gets it", async () => {
    await enrolment("init", ...URL_FLAGS);
    writeFileSync(
      join(centre, "enrolment/template.toml"),
      'gateway.id = "{{gateway}}"\ngateway.site = "{{hall}}"\n',
    );
    expect((await enrolment("issue", "plant-1")).err).toContain("{{hall}}");
    expect(await states()).toEqual([]);
    expect((await enrolment("issue", "plant-1", "--set", "hall=a")).code).toBe(0);
  });
});

describe("what no gateway could start with", () => {
  test.each([
    ['gateway.id = "{{gateway}}"\nkafka.lisen = "127.0.0.1:1"\n', "kafka.lisen"],
    ['gateway.id = "{{gateway}}"\nkafka.listen = "nowhere"\n', "kafka.listen"],
    ['gateway.id = "{{gateway}}\n', "template"],
    ['gateway.id = "plant-9"\n', "gateway.id is plant-9"],
    ['gateway.site = "{{site}}"\n', "gateway.site"],
  ])("is refused when it is issued: %p", async (template, word) => {
    await enrolment("init", ...URL_FLAGS);
    writeFileSync(join(centre, "enrolment/template.toml"), template);
    const args = ["issue", "plant-1", "plant-2", "--set", "site=we,st"];
    expect(await enrolment(...args)).toMatchObject({ code: 2, err: expect.stringContaining(word) });
    expect((await enrolment(...args, "--offline")).code).toBe(2);
    expect(await states()).toEqual([]);
  });
});

test("a column that neither template nor format knows is refused", async () => {
  await enrolment("init", ...URL_FLAGS);
  const list = join(top, "gateways.csv");
  writeFileSync(list, "gateway,site,name,file:password\nplant-1,north,gw.example,secret\n");
  const refused = await enrolment("issue", "--list", list);
  expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('knows the column "name"')]);
  expect(await states()).toEqual([]);
  writeFileSync(list, "gateway,site,names,file:password\nplant-1,north,gw.example,secret\n");
  expect((await enrolment("issue", "--list", list)).code).toBe(0);
});

describe("headwater enrol", () => {
  async function card(...more: readonly string[]): Promise<string> {
    await enrolment("init", ...URL_FLAGS);
    await run(["user", "add", "anna", "--set", `security.users.file=${join(centre, "enrolment/users")}`], {
      stdin: ["secret\n"],
    });
    const { code, err } = await enrolment("issue", "plant-1", "--set", "site=north", "--offline", ...more);
    expect([code, err]).toEqual([0, ""]);
    return join(centre, "enrolment/issued/plant-1.enrolment");
  }

  test("makes a gateway by a whole bundle in a file, which is gone then", async () => {
    const file = await card();
    const { code, out } = await enrol(["--file", file]);
    expect([code, out]).toEqual([0, expect.stringContaining("This is plant-1 now")]);
    expect(existsSync(file)).toBe(false);
    const config = join(top, "gw/headwater.toml");
    expect((await run(["config", "check", config])).code).toBe(0);
    expect(statSync(join(top, "gw/centre/gateway.key")).mode & 0o007).toBe(0);
    expect((await run(["user", "list", "--config", config])).out).toBe("anna\n");
    expect(await states()).toEqual(["plant-1 used"]);
    expect(readRevokedSerials(text("gw/centre/revoked.pem"))).toEqual([]);
    const revoked = await run(["certificate", "revoke", "plant-1", "--folder", centre]);
    expect([revoked.code, revoked.err]).toEqual([0, expect.stringContaining("do not know of it yet")]);
    const renewed = await run(["certificate", "renew", "--folder", join(top, "gw")]);
    expect([renewed.code, renewed.err]).toEqual([1, expect.stringContaining("headwater enrol --again")]);
  });

  test("stays beside what headwater init has made, unless both say something of one setting", async () => {
    const file = await card();
    await run(["init", "--folder", join(top, "gw"), "--gateway-id", "plant-1"]);
    const refused = await enrol(["--file", file]);
    expect([refused.code, existsSync(file)]).toEqual([2, true]);
    expect(refused.err).toContain("both set gateway.id");
    expect(refused.err).toContain(", mqtt.tls.listen");
    const replaced = await enrol(["--file", file, "--replace-config"]);
    expect(replaced.code).toBe(0);
    expect(replaced.out).toContain(`kept in ${join(top, "gw/headwater.toml.old")}:\n`);
    expect(replaced.out).toContain("  kafka.tls.listen\n");
    expect(replaced.out).not.toContain("  mqtt.tls.listen\n");
    expect(text("gw/headwater.toml")).not.toContain("Made by headwater init");
    expect(text("gw/headwater.toml.old")).toContain("Made by headwater init");
  });

  test("takes only what the authority has signed that it was told of", async () => {
    const file = await card();
    await run(["init", "--folder", join(top, "other")]);
    const refused = await enrol(["--file", file, "--ca", join(top, "other/tls/authority.pem")]);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining("another authority")]);
    expect((await enrol(["--file", file, "--ca", join(centre, "tls/authority.pem")])).code).toBe(0);
  });

  test("judges nothing by a clock that was never set", async () => {
    const file = await card();
    setSystemTime(new Date("1970-01-01T00:01:00Z"));
    const { code, err } = await enrol(["--file", file]);
    expect([code, err]).toEqual([3, expect.stringContaining("not known yet: it shows 1970-01-01")]);
    setSystemTime();
    expect((await enrol(["--file", file])).code).toBe(0);
  });

  test("says what is wrong with a file that was cut off", async () => {
    const file = await card();
    const whole = readFileSync(file, "utf8");
    for (let length = 0; length < whole.length - 2; length += 397) {
      writeFileSync(file, whole.slice(0, length));
      expect(await enrol(["--file", file])).toMatchObject({
        code: 1,
        err: expect.stringContaining("cut off"),
      });
    }
    expect(existsSync(join(top, "gw/headwater.toml"))).toBe(false);
  });

  test.each([
    [[], "--file is missing"],
    [["--centre", "https://a"], "--file is missing"],
    [["--centre", "http://a", "--token", "x"], "https://"],
    [["--centre", "https://a", "--token", "hw1.x"], "--token"],
    [["--file", "/nowhere"], "is not there"],
    [["--file", "/nowhere", "--token", "x"], "--file says"],
  ])("%p is refused", async (args, word) => {
    expect(await enrol(args)).toMatchObject({ code: 2, err: expect.stringContaining(word) });
  });
});
