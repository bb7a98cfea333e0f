import { describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import type { Admission, Credentials, SecurityOptions } from "../../src/security/security.ts";
import { derOf, issue, newAuthority, revocationList } from "../support/certificates.ts";
import { hashOf, SecurityRig, usersText } from "./support.ts";

const authority = newAuthority();
const device = issue(authority, { commonName: "pump-1" });
const shown = derOf(device.certificate);

interface Ask {
  readonly user?: string;
  readonly password?: string;
  readonly certificate?: Uint8Array;
  readonly address?: string;
}

function credentials({ user, password, certificate, address = "192.0.2.1" }: Ask): Credentials {
  return {
    userName: user ?? null,
    password: password === undefined ? null : Buffer.from(password),
    certificate: certificate ?? null,
    address,
  };
}

/** Who somebody is found to be. */
async function admitted(rig: SecurityRig, ask: Ask): Promise<Admission> {
  let found: Admission | null = null;
  rig.security.admit(credentials(ask), (admission) => {
    found = admission;
  });
  await rig.passwords.finishAll();
  rig.clock.advance(1_000);
  if (found === null) throw new Error("nobody answered");
  return found;
}

/** In short: the name, "nobody", or why not. */
async function who(rig: SecurityRig, ask: Ask): Promise<string> {
  const admission = await admitted(rig, ask);
  if (admission.kind !== "admitted") return `!${admission.kind}`;
  return admission.userName ?? "nobody";
}

describe("who somebody is", () => {
  const USERS = { users: usersText({ anna: "right", "pump-1": "pumps" }) };
  const cases: readonly (readonly [
    string,
    Readonly<Record<string, string>>,
    Ask,
    string,
    Partial<SecurityOptions>?,
  ])[] = [
    ["a user", USERS, { user: "anna", password: "right" }, "anna"],
    ["a wrong password", USERS, { user: "anna", password: "left" }, "!unknown"],
    ["no such user", USERS, { user: "carl", password: "right" }, "!unknown"],
    ["a name without a password", USERS, { user: "anna" }, "!unknown"],
    ["a name without a password on loopback", USERS, { user: "anna", address: "127.0.0.1" }, "!unknown"],
    ["a password without a name", USERS, { password: "right" }, "!unknown"],
    ["an empty password", USERS, { user: "anna", password: "" }, "!unknown"],
    ["nobody", USERS, {}, "!forbidden"],
    ["nobody on loopback", USERS, { address: "127.0.0.1" }, "nobody"],
    ["nobody on loopback of IPv6", USERS, { address: "::1" }, "nobody"],
    ["nobody, where nobody may", USERS, { address: "127.0.0.1" }, "!forbidden", { anonymous: "deny" }],
    ["nobody, where anybody may", USERS, {}, "nobody", { anonymous: "allow" }],
    [
      "a wrong password, where anybody may",
      USERS,
      { user: "anna", password: "x" },
      "!unknown",
      { anonymous: "allow" },
    ],
    ["a certificate", USERS, { certificate: shown }, "pump-1"],
    ["a certificate and its name", USERS, { certificate: shown, user: "pump-1" }, "pump-1"],
    ["a certificate and another name", USERS, { certificate: shown, user: "anna" }, "!unknown"],
    [
      "a certificate and another's password",
      USERS,
      { certificate: shown, user: "anna", password: "right" },
      "anna",
    ],
    [
      "a certificate and a wrong password",
      USERS,
      { certificate: shown, user: "pump-1", password: "x" },
      "!unknown",
    ],
    ["a certificate without a name", USERS, { certificate: derOf(issue(authority).certificate) }, "!unknown"],
    [
      "a certificate without a name, on loopback",
      USERS,
      { certificate: derOf(issue(authority).certificate), address: "127.0.0.1" },
      "!unknown",
    ],
    ["what is no certificate", USERS, { certificate: new Uint8Array([1, 2]) }, "!unknown"],
    [
      "a name where there are no users, on loopback",
      {},
      { user: "a", password: "b", address: "127.0.0.1" },
      "nobody",
    ],
    ["a name where there are no users, elsewhere", {}, { user: "a", password: "b" }, "!forbidden"],
    [
      "a certificate where there are no users",
      {},
      { certificate: shown, user: "a", password: "b" },
      "pump-1",
    ],
  ];
  for (const [what, files, ask, expected, options] of cases) {
    test(`${what}: ${expected}`, async () => {
      expect(await who(new SecurityRig(files, options), ask)).toBe(expected);
    });
  }

  test("why somebody is not let in does not say whether the user exists", async () => {
    const rig = new SecurityRig(USERS);
    expect(await admitted(rig, { user: "anna", password: "x" })).toEqual(
      await admitted(rig, { user: "carl", password: "x" }),
    );
  });
});

describe("changes", () => {
  const ALLOW = '[[rule]]\nwho = "user:anna"\nallow = "all"\ntopics = "a"\n';
  const rights = (rig: SecurityRig) => {
    const own = rig.security.rightsOf({ userName: "anna", clientId: "c" });
    return ["a", "b"].map((topic) => own.mayPublish(topic, null));
  };

  test("a proof holds while its user has this password", async () => {
    const rig = new SecurityRig({ users: usersText({ anna: "right", ben: "bens" }) });
    const admission = await admitted(rig, { user: "anna", password: "right" });
    if (admission.kind !== "admitted") throw new Error("not let in");
    const { proof } = admission;
    const holds: boolean[] = [];
    rig.security.onChanged(() => holds.push(rig.security.holds(proof)));
    rig.change("users", usersText({ anna: "right" }));
    rig.change("users", usersText({ anna: "changed" }));
    rig.change("users", usersText({ ben: "bens" }));
    expect(holds).toEqual([true, false, false]);
    expect(await who(rig, { user: "anna", password: "right" })).toBe("!unknown");
  });

  test("rules that come, change and can't be read", () => {
    const rig = new SecurityRig();
    expect(rights(rig)).toEqual([true, true]);
    rig.change("acl.toml", ALLOW);
    expect(rights(rig)).toEqual([true, false]);
    rig.change("acl.toml", ALLOW.replace('"a"', '"b"'));
    expect(rights(rig)).toEqual([false, true]);
    const { version } = rig.security;
    rig.change("acl.toml", "nonsense");
    rig.change("acl.toml", null);
    expect(rights(rig)).toEqual([false, true]);
    expect(rig.security.version).toBe(version);
    expect(rig.lines.filter(({ level }) => level === "error")).toHaveLength(2);
  });

  test("a broken file leaves the others free to change", async () => {
    const rig = new SecurityRig({ users: usersText({ anna: "right" }) });
    rig.files.set("users", "nonsense");
    rig.change("acl.toml", ALLOW);
    expect(rights(rig)).toEqual([true, false]);
    expect(await who(rig, { user: "anna", password: "right" })).toBe("anna");
  });

  test("nothing is told where nothing has changed", () => {
    const rig = new SecurityRig({ "acl.toml": ALLOW });
    let told = 0;
    rig.security.onChanged(() => told++);
    rig.security.reload();
    rig.change("acl.toml", ALLOW);
    expect([told, rig.security.version]).toEqual([
      0,
      new SecurityRig({ "acl.toml": ALLOW }).security.version,
    ]);
  });

  test("all users gone by their own file: names mean nothing then, and nobody gets in who did not before", async () => {
    const rig = new SecurityRig({ users: usersText({ anna: "right" }) });
    rig.change("users", "# nobody\n");
    expect(await who(rig, { user: "anna", password: "right" })).toBe("!forbidden");
    expect(rig.security.stands({ userName: "anna", certificate: null })).toBe(false);
  });

  test("files that a power cut has left empty: users and rules that were before stand, and what users have left", async () => {
    const rig = new SecurityRig({ users: usersText({ anna: "right" }), "acl.toml": ALLOW });
    for (const text of ["", "\n \n"]) {
      rig.change("users", text);
      rig.change("acl.toml", text);
      expect(await who(rig, { user: "anna", password: "right" })).toBe("anna");
      expect(await who(rig, { user: "anna", password: "left", address: "127.0.0.1" })).toBe("!unknown");
      expect(rig.security.stands({ userName: "anna", certificate: null })).toBe(true);
      expect(rights(rig)).toEqual([true, false]);
    }
    expect(rig.lines.filter(({ level }) => level === "error").map(({ fields }) => `${fields.error}`)).toEqual(
      [expect.stringContaining("users: it is empty"), expect.stringContaining("acl.toml: it is empty")],
    );
  });
});

describe("files that can't be used any more", () => {
  test("are told of as long as what was before stands", () => {
    const rules = '[[rule]]\nwho = "anyone"\nallow = "publish"\ntopics = "a"\n';
    const rig = new SecurityRig({ users: usersText({ anna: "right" }), "acl.toml": rules });
    expect(rig.security.keptFaults).toEqual([]);
    rig.change("acl.toml", "[[rule");
    expect(rig.security.keptFaults).toEqual([
      expect.stringMatching(
        /^security\.acl\.file: acl\.toml: .*what it was before stands, but from the next start on MQTT is closed: /,
      ),
    ]);
    expect(rig.security.startFaults).toEqual([]);
    // One that nobody asked for is no fault to a start that does not find it.
    rig.change("users", null);
    rig.change("acl.toml", rules);
    expect(rig.security.keptFaults).toEqual([
      expect.stringMatching(
        /^security\.users\.file: users: there is no such file; .* there are no users: put it/,
      ),
    ]);
    rig.change("users", usersText({ ben: "right" }));
    expect(rig.security.keptFaults).toEqual([]);
  });
});

describe("files that can't be used at a start", () => {
  const asked = (path: string) => ({ path, mayBeMissing: false });
  const reasons = (rig: SecurityRig) => rig.security.startFaults.map(({ reason }) => reason);

  test("are told of with setting, file, fault and remedy, and once", () => {
    const missing = new SecurityRig({}, { users: asked("my-users"), acl: asked("my-acl") });
    expect(reasons(missing)).toEqual([
      expect.stringMatching(
        /^security\.users\.file: my-users: there is no such file; until .*headwater user/,
      ),
      expect.stringMatching(/^security\.acl\.file: my-acl: there is no such file; until .* correct it/),
    ]);
    const wrong = new SecurityRig({ users: "a\nb\nc\nd\ne\n", "acl.toml": "rule = 1" });
    expect(reasons(wrong)).toEqual([
      expect.stringMatching(/^security\.users\.file: users:1: .* and 2 more;/),
      expect.stringMatching(/^security\.acl\.file: acl\.toml:1: /),
    ]);
    expect(wrong.security.isKnown).toBe(false);
    for (let n = 0; n < 3; n++) wrong.security.reload();
    expect(wrong.lines.filter(({ level }) => level === "error")).toHaveLength(2);
    // A fault of another kind is told, too.
    wrong.change("users", "f:x\n");
    expect(reasons(wrong)[0]).toContain('users:1: "f"');
  });

  test("are also those that are empty, not those that were never there, or have a comment", () => {
    const empty = new SecurityRig({ users: "", "acl.toml": "\n" });
    expect(reasons(empty)).toEqual([
      expect.stringMatching(/^security\.users\.file: users: it is empty.*put its users back.*MQTT is closed/),
      expect.stringMatching(
        /^security\.acl\.file: acl\.toml: it is empty.*put its rules back.*MQTT is closed/,
      ),
    ]);
    expect(empty.security.stands({ userName: "anna", certificate: null })).toBe(true);
    expect(reasons(new SecurityRig())).toEqual([]);
    expect(reasons(new SecurityRig({ users: "# nobody", "acl.toml": "#" }))).toEqual([]);
  });

  test("let nobody in by a name, count nothing as wrong, and leave what users have left", async () => {
    const rig = new SecurityRig({ users: "nonsense" }, { anonymous: "allow" });
    for (let n = 0; n < 60; n++) expect(await who(rig, { user: "anna", password: "right" })).toBe("!busy");
    expect(await who(rig, { user: "anna" })).toBe("!unknown");
    expect(rig.security.hasUsers).toBe(true);
    expect(rig.security.stands({ userName: "anna", certificate: null })).toBe(true);
    rig.change("users", usersText({ anna: "right" }));
    expect([rig.security.isKnown, rig.security.startFaults]).toEqual([true, []]);
    expect(await who(rig, { user: "anna", password: "right" })).toBe("anna");
    expect(rig.security.stands({ userName: "ben", certificate: null })).toBe(false);
    // From now on a slip leaves what there is.
    rig.change("users", "nonsense");
    expect(rig.security.isKnown).toBe(true);
    expect(await who(rig, { user: "anna", password: "right" })).toBe("anna");
  });

  test("tell nobody of users; files that are read after them do", () => {
    const told: string[] = [];
    const rig = new SecurityRig(
      { users: usersText({ anna: "right" }) },
      { onUsers: (before, after) => void told.push(`${[...before.keys()]} to ${[...after.keys()]}`) },
    );
    rig.change("users", usersText({ ben: "right" }));
    rig.change("users", "nonsense");
    expect(told).toEqual(["anna to ben"]);
  });

  test("of users do not keep those out whom Kafka's tools have made", async () => {
    const rig = new SecurityRig({ users: "nonsense" });
    rig.security.join({
      size: 1,
      verifiersOf: (name) => (name === "dora" ? [hashOf("right")] : []),
      onChange: () => {},
    });
    expect(await who(rig, { user: "dora", password: "right" })).toBe("dora");
    expect(await who(rig, { user: "anna", password: "right" })).toBe("!busy");
  });

  test("give nobody a right, where rules are meant", () => {
    const rig = new SecurityRig({ "acl.toml": "rule = 1" });
    const rights = () => rig.security.rightsOf({ clientId: "c", userName: "anna" });
    expect(rights().mayPublish("a", null)).toBe(false);
    rig.change("acl.toml", null);
    expect(rights().mayPublish("a", null)).toBe(true);
  });
});

describe("certificates", () => {
  const TLS = {
    tls: {
      certificate: "cert",
      key: "key",
      authorities: "ca",
      revocations: "crl",
      minVersion: "1.2" as const,
    },
  };
  const files = {
    cert: device.certificate,
    key: device.key,
    ca: authority.certificate,
    crl: revocationList(authority, []),
  };

  test("what a listener serves with, another object where it has changed", () => {
    const rig = new SecurityRig(files, TLS);
    expect(rig.security.tlsServer("required", ["mqtt"])).toEqual({
      certificate: files.cert,
      key: files.key,
      authorities: files.ca,
      revocations: files.crl,
      minVersion: "1.2",
      clientCertificate: "required",
      protocols: ["mqtt"],
    });
    const before = rig.security.certificates;
    rig.change("users", usersText({ anna: "right" }));
    expect(rig.security.certificates).toBe(before);
    rig.change("key", "another");
    expect(rig.security.certificates).not.toBe(before);
    expect(() => new SecurityRig(files).security.tlsServer("none", [])).toThrow(/tls.certificate.file/);
  });

  test("one that is revoked holds no longer, and gets in no more", async () => {
    const rig = new SecurityRig(files, TLS);
    const admission = await admitted(rig, { certificate: shown });
    if (admission.kind !== "admitted") throw new Error("not let in");
    expect(rig.security.holds(admission.proof)).toBe(true);
    rig.change("crl", revocationList(authority, [device.serial]));
    expect(rig.security.holds(admission.proof)).toBe(false);
    expect(await who(rig, { certificate: shown, address: "127.0.0.1" })).toBe("!unknown");
  });

  describe("hold no longer", () => {
    const other = newAuthority("another authority");
    const NO_LISTS = { tls: { ...TLS.tls, revocations: null } };
    const { certificate: ours } = authority;
    const { certificate: others } = other;

    /** Whether what was shown while these were the authorities still holds when those are. */
    async function holdsAfter(shown: Uint8Array, first: string, ...then: readonly string[]) {
      const rig = new SecurityRig({ ...files, ca: first }, NO_LISTS);
      const admission = await admitted(rig, { certificate: shown });
      if (admission.kind !== "admitted") throw new Error("not let in");
      for (const ca of then) rig.change("ca", ca);
      const again = await admitted(rig, { certificate: shown });
      if (again.kind !== "admitted") throw new Error("not let in again");
      expect(rig.security.holds(again.proof)).toBe(true);
      return rig.security.holds(admission.proof);
    }

    test.each([
      ["its authority is still there", [ours, ours + others], true],
      ["another was taken away", [ours + others, ours], true],
      ["its authority was taken away", [ours + others, others], false],
      ["its authority was replaced by one of the same name", [ours, newAuthority().certificate], false],
      ["its authority has come back", [ours, others, ours], false],
      [
        "its authority stands beside a new one of the same name",
        [ours, ours + newAuthority().certificate],
        true,
      ],
      ["one of the same name was taken away", [ours + newAuthority().certificate, ours], false],
    ] as const)("where %s: not %#", async (_what, [first, ...then], holds) => {
      expect(await holdsAfter(shown, first, ...then)).toBe(holds);
    });

    test("where they are of an authority in between, and any was taken away", async () => {
      const between = derOf(issue(newAuthority("in between"), { commonName: "pump-1" }).certificate);
      expect(await holdsAfter(between, ours + others, ours)).toBe(false);
      expect(await holdsAfter(between, ours, ours + others)).toBe(true);
    });

    test("where they have expired", async () => {
      const rig = new SecurityRig(files, NO_LISTS);
      const admission = await admitted(rig, { certificate: shown });
      if (admission.kind !== "admitted" || admission.proof.kind !== "certificate")
        throw new Error("not let in");
      const { validTo } = new X509Certificate(shown);
      rig.clock.advance(Date.parse(validTo) - rig.clock.nowMs());
      expect(rig.security.holds(admission.proof)).toBe(true);
      rig.clock.advance(1_000);
      expect(rig.security.holds(admission.proof)).toBe(false);
    });
  });

  test("a list that is none changes nothing", () => {
    const rig = new SecurityRig(files, TLS);
    const before = rig.security.certificates;
    rig.change("crl", "nonsense");
    expect(rig.security.certificates).toBe(before);
    expect(rig.lines.at(-1)?.fields.error).toMatchObject({
      message: expect.stringContaining("crl: it holds no"),
    });
  });

  test("all files that matter are watched", () => {
    expect(new SecurityRig(files, TLS).security.files).toEqual([
      "users",
      "acl.toml",
      "cert",
      "key",
      "ca",
      "crl",
    ]);
  });
});
