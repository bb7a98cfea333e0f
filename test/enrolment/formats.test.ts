import { describe, expect, test } from "bun:test";
import { fileNameFault, readBundle, signBundle } from "../../src/enrolment/bundle.ts";
import { allowedNames } from "../../src/enrolment/centre.ts";
import { parseGatewayList } from "../../src/enrolment/gateway-list.ts";
import { centreFault, formatInvitation, parseInvitation } from "../../src/enrolment/invitation.ts";
import { TokenLedger } from "../../src/enrolment/ledger.ts";
import { fillTemplate } from "../../src/enrolment/template.ts";
import { fingerprintOf, formatToken, parseToken } from "../../src/enrolment/token.ts";
import { AUTHORITY, DAY_MS, FakeCentre, NOW_MS, OPEN } from "./centre-fixture.ts";

const BUNDLE = {
  token: "AQEBAQEBAQEB",
  gateway: "plant-3",
  issuedAtMs: NOW_MS,
  expiresAtMs: NOW_MS + DAY_MS,
  authority: AUTHORITY.certificate,
  certificate: AUTHORITY.certificate,
  key: null,
  config: 'gateway.id = "plant-3"\n',
  files: { "acl.toml": "# rules\n" },
  users: "",
};

describe("a token", () => {
  const token = new FakeCentre().issue("plant-3").token;
  const text = formatToken(token);

  test("comes back as it went", () => {
    expect(parseToken(`  ${text}\n`)).toEqual(token);
    expect(token.fingerprint).toBe(fingerprintOf(AUTHORITY.certificate) ?? "");
  });

  test("is none where it was cut off, goes on, or has another character", () => {
    for (let length = 0; length < text.length; length++) expect(parseToken(text.slice(0, length))).toBeNull();
    for (const bad of [
      `${text}A`,
      text.replace("hw1", "hw2"),
      text.replaceAll(".", "/"),
      text.toUpperCase(),
    ]) {
      expect(parseToken(bad)).toBeNull();
    }
  });
});

describe("an enrolment file", () => {
  const { centre: _, ...rest } = new FakeCentre().issue("plant-3");
  const invitation = { ...rest, centre: "https://central.example:8444" };
  const text = formatInvitation(invitation);

  test("comes back as it went, with a token or a bundle", () => {
    expect(parseInvitation(text)).toEqual(invitation);
    const whole = { kind: "bundle", gateway: "plant-3", bundle: '{"payload":"a"}' } as const;
    expect(parseInvitation(formatInvitation(whole))).toEqual(whole);
  });

  test("is refused wherever it was cut off", () => {
    for (let length = 0; length < text.trimEnd().length; length++) {
      expect(() => parseInvitation(text.slice(0, length))).toThrow("no JSON object");
    }
  });

  test("is refused with the name of the field that is at fault", () => {
    const good = JSON.parse(text);
    const cases: readonly (readonly [object, string])[] = [
      [{ format: "headwater-enrolment/2" }, "update Headwater"],
      [{ format: "other" }, "another kind of file"],
      [{ format: 1 }, "format"],
      [{ gateway: undefined }, "gateway"],
      [{ gateway: "x".repeat(2000) }, "gateway is too long"],
      [{ centre: "http://central.example" }, "https://"],
      [{ centre: "central" }, "no URL"],
      [{ token: "hw1.x" }, "token is none"],
      [{ expires: "soon" }, "expires is no time"],
      [{ bundle: "x" }, "bundle is no object"],
    ];
    for (const [change, word] of cases) {
      expect(() => parseInvitation(JSON.stringify({ ...good, ...change }))).toThrow(word);
    }
    for (const garbage of ["", "null", "[]", "1", '"a"', "\0", "hw1.a.b.c"]) {
      expect(() => parseInvitation(garbage)).toThrow("no JSON object");
    }
  });

  test("leads nowhere but to a plain https address", () => {
    expect(centreFault("https://central.example:8444/enrol")).toBeNull();
    for (const bad of ["ftp://a", "https://u:p@a", "https://a?x", "https://a#x", ""])
      expect(centreFault(bad)).not.toBeNull();
  });
});

describe("a bundle", () => {
  test("comes back as it was signed, to who has the fingerprint and who has none", async () => {
    const text = await signBundle(BUNDLE, AUTHORITY);
    expect(await readBundle(text, null)).toEqual(BUNDLE);
    expect(await readBundle(text, fingerprintOf(AUTHORITY.certificate))).toEqual(BUNDLE);
    expect(
      await readBundle(await signBundle({ ...BUNDLE, key: "k", users: "a:b\n" }, AUTHORITY), null),
    ).toMatchObject({ key: "k", users: "a:b\n" });
  });

  test("is refused wherever it was cut off, and with any character changed", async () => {
    const text = await signBundle(BUNDLE, AUTHORITY);
    for (let length = 0; length < text.length; length += 11) {
      await expect(readBundle(text.slice(0, length), null)).rejects.toMatchObject({ code: "MALFORMED" });
    }
    const parts = JSON.parse(text) as Record<string, string>;
    for (const name of ["payload", "signature", "protected"]) {
      const value = parts[name] ?? "";
      for (let at = 0; at < value.length; at += 37) {
        const other = value[at] === "A" ? "B" : "A";
        const changed = value.slice(0, at) + other + value.slice(at + 1);
        const code = await readBundle(
          JSON.stringify({ ...parts, [name]: changed }),
          fingerprintOf(AUTHORITY.certificate),
        ).then(
          () =>
            Buffer.from(changed, "base64url").equals(Buffer.from(value, "base64url")) ? "MALFORMED" : "taken",
          (error: { readonly code?: string }) => error.code,
        );
        expect(["MALFORMED", "AUTHENTICATION"]).toContain(code ?? "");
      }
    }
  });

  test("says with what it is signed, and nothing else is taken for it", async () => {
    const parts = JSON.parse(await signBundle(BUNDLE, AUTHORITY)) as Record<string, string>;
    const header = JSON.parse(Buffer.from(parts.protected ?? "", "base64url").toString());
    for (const change of [{ alg: "none" }, { alg: "HS256" }, { x5c: [] }, { x5c: "a" }, { typ: "JWT" }]) {
      const other = Buffer.from(JSON.stringify({ ...header, ...change })).toString("base64url");
      await expect(readBundle(JSON.stringify({ ...parts, protected: other }), null)).rejects.toHaveProperty(
        "code",
      );
    }
  });

  test("brings no file that leads elsewhere, or is Headwater's own", async () => {
    for (const name of [
      "../x",
      "a/b",
      "",
      ".",
      "..",
      ".x",
      "A",
      "gateway.key",
      "pending.json",
      "a.old",
      "x".repeat(80),
      "a\0",
    ]) {
      expect(fileNameFault(name)).not.toBeNull();
      const text = await signBundle({ ...BUNDLE, files: { [name]: "x" } }, AUTHORITY);
      await expect(readBundle(text, null)).rejects.toMatchObject({ code: "MALFORMED" });
    }
    expect(["acl.toml", "kafka-ca.pem", "password"].map(fileNameFault)).toEqual([null, null, null]);
  });
});

describe("a template", () => {
  test("has its placeholders filled, the folder left to the gateway", () => {
    expect(fillTemplate('a = "{{gateway}}-{{site}}"\nb = "{{folder}}/x"', { gateway: "g", site: "s" })).toBe(
      'a = "g-s"\nb = "{{folder}}/x"',
    );
  });

  test("is refused for what nobody knows, and for what would leave its quotes", () => {
    expect(() => fillTemplate("{{password}}", { gateway: "g" })).toThrow("nothing is known for it");
    expect(() => fillTemplate("{{constructor}}", {})).toThrow("nothing is known for it");
    for (const value of ['a"', "a'", "a\\", "a\nb = 1", "a\u0000"]) {
      expect(() => fillTemplate("{{a}}", { a: value })).toThrow("the value of {{a}}");
    }
  });
});

describe("a list of gateways", () => {
  test("has values, names and files by column, in the notation of spreadsheets", () => {
    const text =
      '\ufeffgateway,site,names,file:password\r\nplant-1,north,"gw1.example, 10.0.0.4","a ""b"""\r\n\r\nplant-2,,,x\n';
    expect(parseGatewayList(text)).toEqual([
      {
        gateway: "plant-1",
        names: "gw1.example, 10.0.0.4",
        values: { site: "north" },
        files: { password: 'a "b"' },
      },
      { gateway: "plant-2", names: "", values: { site: "" }, files: { password: "x" } },
    ]);
  });

  test.each([
    ["site\na\n", "line 1: no column"],
    ["gateway,gateway\na,b\n", "line 1: two columns"],
    ["gateway,a b\na,b\n", "line 1: the column"],
    ["gateway,file:../x\na,b\n", "line 1: the column"],
    ["gateway,site\na\n", "line 2: it has 1 fields"],
    ["gateway\na\na\n", "line 3: a is there twice"],
    ["gateway\na b\n", "line 2"],
    ["gateway,names\na,https://x\n", "line 2"],
    ['gateway,site\na,"x\n', "a quote is not closed"],
    ['gateway,site\na,"x""y"\n', "site has a quote"],
  ])("%j is refused with its line", (text, word) => {
    expect(() => parseGatewayList(text)).toThrow(word);
  });

  test("however it was cut off, it is read or refused with a reason", () => {
    const text = 'gateway,site,file:password\nplant-1,north,"a ""b"""\nplant-2,south,c\n';
    for (let length = 0; length <= text.length; length++) {
      try {
        expect(parseGatewayList(text.slice(0, length)).length).toBeLessThanOrEqual(2);
      } catch (error) {
        expect(error).toMatchObject({ code: "MALFORMED" });
      }
    }
  });
});

describe("the names that a gateway gets", () => {
  test("are its own: nobody passes for the centre, or for a host in the world", () => {
    const asked = { dns: ["central.example", "other"], addresses: ["10.0.0.1", "10.0.0.9", "8.8.8.8"] };
    const names = allowedNames(asked, { gateway: "plant-3", names: "central.example 8.8.4.4" }, [
      "central.example",
      "10.0.0.1",
    ]);
    expect(names.dns).toEqual(["plant-3", "plant-3.local", "localhost"]);
    expect(names.addresses).toEqual(["127.0.0.1", "::1", "10.0.0.9", "8.8.4.4"]);
  });
});

describe("the ledger of tokens", () => {
  test("keeps no secret, and what it has comes back", () => {
    const centre = new FakeCentre();
    const { token } = centre.issue("plant-3", { used: { atMs: NOW_MS, keyHash: "k", answer: "a" } });
    const text = centre.files.text(`${centre.paths.tokens}/${token.id}.json`) ?? "";
    expect(text).not.toContain(token.secret);
    expect(centre.ledger.read(token.id)).toMatchObject({
      gateway: "plant-3",
      used: { atMs: NOW_MS, keyHash: "k", answer: "a" },
    });
    for (const id of ["", "../../etc/passwd", "AAAAAAAAAAAA", `${token.id}/x`])
      expect(centre.ledger.read(id)).toBeNull();
  });

  test("does not take for a token what was cut off, or put in the place of another", () => {
    const centre = new FakeCentre();
    const { token } = centre.issue("plant-3");
    const path = `${centre.paths.tokens}/${token.id}.json`;
    const text = centre.files.text(path) ?? "";
    for (let length = 0; length < text.length; length += 3) {
      centre.files.write(path, Buffer.from(text.slice(0, length)), OPEN);
      expect(() => new TokenLedger(centre.files, centre.paths.tokens).read(token.id)).toThrow();
    }
    centre.files.write(`${centre.paths.tokens}/AAAAAAAAAAAA.json`, Buffer.from(text), OPEN);
    expect(() => centre.ledger.read("AAAAAAAAAAAA")).toThrow("another token");
  });
});
