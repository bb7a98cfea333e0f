import { describe, expect, test } from "bun:test";
import { loadSettings } from "../../src/config/load.ts";
import { formatProblem } from "../../src/config/problem.ts";
import { settingsJson, settingsToml } from "../../src/config/reference.ts";
import { Secret } from "../../src/config/secret.ts";

const BASE = '[uplink.central]\nbootstrap = ["central:9093"]\n';
const LOGIN = 'security.protocol = "SASL_SSL"\nsasl.username = "alice"\n';

function load(text: string, env: Readonly<Record<string, string>> = {}) {
  const file = { path: "gateway.toml", text: BASE + text };
  return loadSettings({ file, env, set: [], flags: new Map(), hostName: "h" });
}

function problems(text: string): string {
  const result = load(text);
  return result.ok ? "" : result.problems.map(formatProblem).join("\n");
}

describe("the security of an uplink", () => {
  test.each<readonly [string, string]>([
    [LOGIN, "name a file with the password"],
    ['security.protocol = "SASL_SSL"\nsasl.password = "x"', "SASL_SSL needs a user"],
    [
      'security.protocol = "SSL"\nsasl.username = "x"',
      'SSL logs nobody in; write security.protocol = "SASL_SSL"',
    ],
    ['sasl.password.file = "x"', 'PLAINTEXT logs nobody in; write security.protocol = "SASL_PLAINTEXT"'],
    ['ssl.ca = "x"', 'PLAINTEXT is not encrypted; write security.protocol = "SSL"'],
    ['security.protocol = "SSL"\nssl.key = "x"', "certificate and key go together"],
    ['security.protocol = "TLS"', "write one of PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL"],
    ['sasl.mechanism = "GSSAPI"', "write one of PLAIN, SCRAM-SHA-256, SCRAM-SHA-512"],
  ])("%j is refused", (text, message) => {
    expect(problems(text)).toContain(message);
  });

  test("a password is in no message, and in nothing that is printed", () => {
    const secret = "tell-nobody";
    const wrong = [
      `${LOGIN}sasl.pasword = "${secret}"`,
      `sasl.password = "${secret}"`,
      `${LOGIN}sasl.password = ["${secret}"]`,
      `${LOGIN}sasl.password = "${secret}\\u0000"`,
    ];
    for (const text of wrong) {
      expect(problems(text)).not.toBe("");
      expect(problems(text)).not.toContain(secret);
    }
    const fromFile = load(`${LOGIN}sasl.password = "${secret}"`);
    const fromEnvironment = load(LOGIN, { HEADWATER_UPLINK_CENTRAL_SASL_PASSWORD: secret });
    for (const result of [fromFile, fromEnvironment]) {
      if (!result.ok) throw new Error("it was refused");
      const { settings, sources } = result;
      expect(settings.uplinks[0]?.["sasl.password"].reveal()).toBe(secret);
      const shown = [
        settingsToml(settings, sources),
        JSON.stringify(settingsJson(settings, sources)),
        JSON.stringify(settings),
        Bun.inspect(settings, { depth: 9 }),
        `${settings.uplinks[0]?.["sasl.password"]}`,
      ];
      for (const text of shown) {
        expect(text).toContain("***");
        expect(text).not.toContain(secret);
      }
    }
  });

  test("a password's file may stand where the password could", () => {
    const result = load(`${LOGIN}sasl.password.file = "/run/password"`);
    if (!result.ok) throw new Error("it was refused");
    expect(result.settings.uplinks[0]).toMatchObject({ "sasl.password.file": "/run/password" });
    expect(result.settings.uplinks[0]?.["sasl.password"]).toEqual(new Secret(""));
  });
});
