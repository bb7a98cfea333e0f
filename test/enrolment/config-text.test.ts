import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { dataIn, saysNothing, withoutPart, withPart } from "../../src/enrolment/config-text.ts";

const OWN = `# mine
log.level = "info"

# about meters
[[mqtt.route]]
filter = "meters/#"
topic = "meters"
`;
const BROUGHT = `# what every gateway is like
# and more of it

gateway.id = "plant-3"
kafka.sasl.mechanisms = [
  "SCRAM-SHA-512",
]

# the centre
[uplink.central]
bootstrap = ["central:9093"]
`;

describe("a part in a configuration", () => {
  test("its settings stand before all tables, its tables behind them, and nothing else changes", () => {
    const text = withPart(OWN, "enrolment", BROUGHT);
    expect(Bun.TOML.parse(text)).toEqual({ ...Bun.TOML.parse(OWN), ...Bun.TOML.parse(BROUGHT) } as object);
    for (const line of OWN.split("\n")) expect(text).toContain(line);
    expect(text.indexOf("# about meters")).toBeGreaterThan(text.indexOf("log.level"));
  });

  test("is replaced by the next, and can be taken out", () => {
    const once = withPart(OWN, "enrolment", BROUGHT);
    expect(withPart(once, "enrolment", BROUGHT)).toBe(once);
    const other = withPart(once, "enrolment", 'gateway.id = "plant-4"\n');
    expect(Bun.TOML.parse(other)).toMatchObject({ gateway: { id: "plant-4" }, log: { level: "info" } });
    expect(other).not.toContain("central");
    expect(withoutPart(other, "enrolment").trim()).toBe(OWN.trim());
    expect(withoutPart(OWN, "enrolment")).toBe(OWN);
  });

  test("may share a table's name by its settings", () => {
    const text = withPart('[uplink.other]\nbootstrap = ["b:1"]\n', "enrolment", BROUGHT);
    expect(Bun.TOML.parse(text)).toMatchObject({
      uplink: { central: { bootstrap: ["central:9093"] }, other: { bootstrap: ["b:1"] } },
    });
  });

  test("is refused where both say something of one setting, or of one table", () => {
    expect(() => withPart('gateway.id = "x"\n', "enrolment", BROUGHT)).toThrow("both set gateway.id");
    const table = '[uplink.central]\ntopics = ["a"]\n';
    expect(() => withPart(table, "enrolment", BROUGHT)).toThrow("both set parts of uplink");
    const routes = '[[mqtt.route]]\nfilter = "a"\ntopic = "a"\n';
    expect(() => withPart(OWN, "enrolment", routes)).toThrow("both set mqtt.route");
  });

  test("goes into a file that says nothing but where the records are, as the packaged one does", () => {
    const packaged = readFileSync(join(import.meta.dirname, "../../gateway/config/headwater.toml"), "utf8");
    expect(saysNothing(packaged)).toBe(true);
    const withData = packaged.replace('#data = "/var', 'data = "/var');
    expect([saysNothing(withData), dataIn(withData), dataIn(packaged)]).toEqual([
      true,
      "/var/lib/headwater",
      null,
    ]);
    const both = { ...Bun.TOML.parse(BROUGHT), data: "/var/lib/headwater" };
    expect(Bun.TOML.parse(withPart(withData, "enrolment", BROUGHT))).toEqual(both);
    expect(Bun.TOML.parse(withPart(packaged, "enrolment", BROUGHT))).toEqual(Bun.TOML.parse(BROUGHT));
    expect(saysNothing(OWN)).toBe(false);
  });

  test("lines of lists and texts that look like tables are none", () => {
    const odd = 'a = """\n[x]\n"""\nb = [\n  ["y"],\n[ "z" ]\n]\n[c]\nd = 1\n';
    expect(Bun.TOML.parse(withPart(odd, "p", BROUGHT))).toMatchObject({
      a: "[x]\n",
      b: [["y"], ["z"]],
      c: { d: 1 },
    });
  });

  test("every beginning of a file is taken, or refused with a reason", () => {
    const once = withPart(OWN, "enrolment", BROUGHT);
    for (let length = 0; length <= once.length; length++) {
      try {
        const text = withPart(once.slice(0, length), "enrolment", 'site = "s"\n');
        expect(Bun.TOML.parse(text)).toMatchObject({ site: "s" });
      } catch (error) {
        expect(error).toMatchObject({ code: "CONFIG_INVALID" });
      }
    }
  });
});
