import { describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { readCertificate } from "../../src/security/certificate.ts";
import { formatDistinguishedName } from "../../src/security/distinguished-name.ts";
import { type MappingRule, mappedName, parseMappingRule } from "../../src/security/mapping-rules.ts";
import { issue, newAuthority } from "../support/certificates.ts";

function rules(...texts: string[]): MappingRule[] {
  return texts.map((text) => {
    const rule = parseMappingRule(text);
    if (typeof rule === "string" && rule !== "DEFAULT") throw new Error(rule);
    return rule;
  });
}

/** A name of these types and values, each a part of its own; DER as it lies. */
function der(...parts: readonly (readonly [string, number, string | Uint8Array])[]): Uint8Array {
  const tlv = (tag: number, content: Uint8Array) =>
    Buffer.concat([Buffer.from([tag, content.length]), content]);
  const sets = parts.map(([oid, tag, value]) =>
    tlv(0x31, tlv(0x30, Buffer.concat([tlv(0x06, Buffer.from(oid, "hex")), tlv(tag, Buffer.from(value))]))),
  );
  return tlv(0x30, Buffer.concat(sets));
}

describe("a distinguished name", () => {
  test("is written as RFC 2253 has it, last part first", () => {
    const name = der(["550406", 0x13, "DE"], ["55040a", 0x0c, "Plant, Inc."], ["550403", 0x0c, "pump-1"]);
    expect(formatDistinguishedName(name)).toBe("CN=pump-1,O=Plant\\, Inc.,C=DE");
  });

  test("has its special characters escaped", () => {
    const name = (text: string) => formatDistinguishedName(der(["550403", 0x0c, text]));
    expect(name('a+b"c\\d<e>f;g')).toBe('CN=a\\+b\\"c\\\\d\\<e\\>f\\;g');
    expect(name(" x ")).toBe("CN=\\ x\\ ");
    expect(name("#x")).toBe("CN=\\#x");
  });

  test("has numbers for types without a short name, and bytes for what is no text", () => {
    const email = der(["2a864886f70d010901", 0x16, "a@b"]);
    expect(formatDistinguishedName(email)).toBe("1.2.840.113549.1.9.1=#1603614062");
    expect(formatDistinguishedName(der(["550403", 0x1e, "\0a"]))).toBe("CN=#1e020061");
    expect(formatDistinguishedName(Uint8Array.of(1, 2, 3))).toBeNull();
  });

  test("is that of a certificate", () => {
    const { certificate } = issue(newAuthority(), { commonName: "pump-1" });
    const raw = new Uint8Array(new X509Certificate(certificate).raw);
    const subject = readCertificate(raw)?.subject ?? "";
    expect(formatDistinguishedName(Uint8Array.fromHex(subject))).toBe("CN=pump-1");
  });
});

describe("rules", () => {
  // Kafka's own documentation and tests have these.
  const SHOWN = rules(
    "RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/",
    "RULE:^CN=(.*?),OU=(.*?),O=(.*?),L=(.*?),ST=(.*?),C=(.*?)$/$1@$2/L",
    "RULE:^.*[Cc][Nn]=([a-zA-Z0-9.]*).*$/$1/L",
    "DEFAULT",
  );

  test.each([
    ["CN=Duke,OU=ServiceUsers,O=Org,C=US", "Duke"],
    ["CN=Duke,OU=SME,O=mycp,L=Fulton,ST=MD,C=US", "duke@sme"],
    ["cn=JavaUSER,o=x", "javauser"],
    ["O=nobody", "O=nobody"],
  ])("%s", (subject, name) => expect(mappedName(SHOWN, subject)).toBe(name));

  test("what fits none has no name", () => {
    expect(mappedName(rules("RULE:^CN=([^,]+)$/$1/U"), "CN=pump-1")).toBe("PUMP-1");
    expect(mappedName(rules("RULE:^CN=([^,]+)$/$1/U"), "CN=pump-1,O=x")).toBeNull();
  });

  test("a rule has to fit wholly, and groups that are not there stand as they are", () => {
    expect(mappedName(rules("RULE:CN=pump/x/", "DEFAULT"), "CN=pump-1")).toBe("CN=pump-1");
    expect(mappedName(rules("RULE:CN=(.*)/$1@$4/"), "CN=a")).toBe("a@$4");
    expect(mappedName(rules("RULE:CN=(.*)/\\$1 $&/"), "CN=a")).toBe("$1 $&");
  });

  test.each(["", "RULE:", "RULE:a", "RULE:a/b", "RULE:a/b/X", "RULE:a/b/L/", "RULE:(/b/", "default"])(
    "%j is none",
    (text) => expect(() => rules(text)).toThrow(),
  );
});
