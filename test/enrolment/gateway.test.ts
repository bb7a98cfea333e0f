import { describe, expect, test } from "bun:test";
import { HeadwaterError } from "../../src/base/errors.ts";
import { loadSettings } from "../../src/config/load.ts";
import { readBundle, signBundle } from "../../src/enrolment/bundle.ts";
import { issueBundle } from "../../src/enrolment/centre.ts";
import { type EnrolmentSeams, type EnrolmentWishes, enrol } from "../../src/enrolment/gateway.ts";
import { devicePaths } from "../../src/enrolment/init-files.ts";
import type { Invitation } from "../../src/enrolment/invitation.ts";
import type { TokenEntry } from "../../src/enrolment/ledger.ts";
import {
  fitTogether,
  leadsTo,
  newAuthority,
  newKey,
  readCertificateText,
  requestCertificate,
  signRevocations,
} from "../../src/enrolment/x509.ts";
import { withUser } from "../../src/security/users.ts";
import { AUTHORITY, DAY_MS, FakeCentre, NOW_MS, OPEN, VALIDITY } from "./centre-fixture.ts";
import { MemoryFiles, moments, PowerCut } from "./memory-files.ts";

const RIGHTS = { folder: { mode: 0o750, owner: null }, secret: { mode: 0o640, owner: null }, open: OPEN };
const WHERE = { config: "/gw/headwater.toml", folder: "/gw/centre", data: "/data", rights: RIGHTS };
const WISHES: EnrolmentWishes = { again: false, replaceConfig: false, fingerprint: null };
const NAMES = { dns: ["central.example", "plant-3"], addresses: ["10.0.0.7", "10.0.0.1", "8.8.8.8"] };
/** Every moment is a whole enrolment, with keys and signatures. */
const ALL_MOMENTS_MS = 60_000;
const KEYS = await Promise.all(Array.from({ length: 4 }, newKey));

class Gateway {
  readonly files = new MemoryFiles();
  readonly centre: FakeCentre;
  nowMs = NOW_MS;
  /** Calls that the network takes: the request, or the answer on its way back. */
  failing: "request" | "answer" | null = null;

  constructor(centre: FakeCentre) {
    this.centre = centre;
  }

  get seams(): EnrolmentSeams {
    return {
      files: this.files,
      nowMs: () => this.nowMs,
      ask: async (invitation, request) => {
        if (this.failing === "request") throw new HeadwaterError("NETWORK", "no network");
        const answer = await this.centre.answer(invitation, request);
        if (this.failing === "answer") throw new HeadwaterError("NETWORK", "no network any more");
        return answer;
      },
      request: (key) => requestCertificate(key, { commonName: "host", names: NAMES, use: "both" }),
      check: (text) => {
        const file = { path: WHERE.config, text };
        const result = loadSettings({ file, env: {}, set: [], flags: new Map(), hostName: "host" });
        if (!result.ok) throw new HeadwaterError("CONFIG_INVALID", JSON.stringify(result.problems));
        return { gatewayId: result.settings["gateway.id"], users: `${result.settings.data}/users` };
      },
      users: (path, lines) => {
        let text = this.files.text(path) ?? "";
        for (const line of lines.trim().split("\n")) {
          const at = line.indexOf(":");
          text = withUser(text, line.slice(0, at), line.slice(at + 1));
        }
        return { path, bytes: Buffer.from(text), rights: RIGHTS.secret, what: "users", extends: true };
      },
    };
  }

  enrol(invitation: Invitation, wishes: Partial<EnrolmentWishes> = {}) {
    return enrol(invitation, WHERE, { ...WISHES, ...wishes }, this.seams);
  }

  text(path: string): string {
    return this.files.text(path) ?? "";
  }

  /** Throws where it is not the gateway that it should be, whole. */
  async expectWhole(): Promise<void> {
    const pair = {
      certificate: this.text("/gw/centre/gateway.pem"),
      key: this.text("/gw/centre/gateway.key"),
    };
    expect(await fitTogether(pair)).toBe(true);
    expect(await leadsTo(pair.certificate, this.text("/gw/centre/authority.pem"))).toBe(true);
    expect(Bun.TOML.parse(this.text(WHERE.config))).toMatchObject({
      gateway: { id: "plant-3", site: "north" },
      tls: { key: { file: "/gw/centre/gateway.key" } },
      uplink: { central: { bootstrap: ["central.example:9093"] } },
    });
    expect(this.text("/gw/centre/acl.toml")).toBe("# rules\n");
    const left = [...this.files.files.keys()].filter((path) => /pending|unfinished/.test(path));
    expect(left).toEqual([]);
  }
}

function scene(): { readonly centre: FakeCentre; readonly gateway: Gateway } {
  const centre = new FakeCentre();
  return { centre, gateway: new Gateway(centre) };
}

describe("a gateway", () => {
  test("gets all that it needs by a token, and a second call finds it done", async () => {
    const { centre, gateway } = scene();
    const invitation = centre.issue("plant-3");
    expect(await gateway.enrol(invitation)).toMatchObject({ changed: true, gateway: "plant-3" });
    await gateway.expectWhole();
    expect(await gateway.enrol(invitation)).toMatchObject({ changed: false, gateway: "plant-3" });
    expect(centre.asked).toBe(1);
  });

  test("has a certificate of its own name and for its own addresses, never of the centre's", async () => {
    const { centre, gateway } = scene();
    await gateway.enrol(centre.issue("plant-3", { names: "gw.example 10.9.9.9" }));
    const { commonName, names } = readCertificateText(gateway.text("/gw/centre/gateway.pem"));
    expect(commonName).toBe("plant-3");
    expect(names.dns).toEqual(["plant-3", "plant-3.local", "localhost", "gw.example"]);
    expect([...names.addresses].sort()).toEqual(["10.0.0.7", "10.9.9.9", "127.0.0.1", "::1"]);
  });

  test("gets the list of what the centre has taken back, and its doors look at it", async () => {
    const { centre, gateway } = scene();
    const list = await signRevocations(AUTHORITY, ["01"], VALIDITY);
    centre.put(centre.paths.revoked, list);
    await gateway.enrol(centre.issue("plant-3"));
    expect(gateway.text("/gw/centre/revoked.pem")).toBe(list);
    expect(Bun.TOML.parse(gateway.text(WHERE.config))).toMatchObject({
      tls: { crl: { file: "/gw/centre/revoked.pem" } },
    });
  });

  test("gets no configuration whose list of revoked certificates the centre does not have", async () => {
    const { centre, gateway } = scene();
    centre.files.remove(centre.paths.revoked);
    await expect(gateway.enrol(centre.issue("plant-3"))).rejects.toThrow("tls.crl.file");
    expect(centre.ledger.list().map(({ used }) => used)).toEqual([null]);
  });

  test("never sends its key", async () => {
    const { centre, gateway } = scene();
    await gateway.enrol(centre.issue("plant-3"));
    const key = gateway.text("/gw/centre/gateway.key").split("\n")[1] ?? "";
    expect(key.length).toBeGreaterThan(30);
    for (const path of centre.files.files.keys()) expect(centre.files.text(path)).not.toContain(key);
  });

  test("keeps its own settings, users and records", async () => {
    const { centre, gateway } = scene();
    centre.put(centre.paths.users, "anna:new\nben:his\n");
    gateway.files.write(WHERE.config, Buffer.from('data = "/var/records"\nlog.level = "warn"\n'), OPEN);
    gateway.files.write("/var/records/users", Buffer.from("anna:old\ncarl:kept\n"), OPEN);
    await gateway.enrol(centre.issue("plant-3"));
    expect(Bun.TOML.parse(gateway.text(WHERE.config))).toMatchObject({
      data: "/var/records",
      log: { level: "warn" },
    });
    expect(gateway.text("/var/records/users")).toMatch(/^# .*\nanna:new\ncarl:kept\nben:his\n$/);
    expect(gateway.text(`${WHERE.config}.old`)).toContain('log.level = "warn"');
  });

  test("is not touched where both say something of one setting, and goes on once that is set right", async () => {
    const { centre, gateway } = scene();
    const invitation = centre.issue("plant-3");
    gateway.files.write(WHERE.config, Buffer.from('gateway.id = "mine"\n'), OPEN);
    await expect(gateway.enrol(invitation)).rejects.toThrow("both set gateway.id");
    expect(gateway.text(WHERE.config)).toBe('gateway.id = "mine"\n');
    expect(gateway.text("/gw/centre/gateway.pem")).toBe("");
    await gateway.enrol(invitation, { replaceConfig: true });
    await gateway.expectWhole();
    expect(gateway.text(`${WHERE.config}.old`)).toBe('gateway.id = "mine"\n');
    expect(centre.ledger.list()).toHaveLength(1);
  });

  test("says all that both set, and what goes where the centre's configuration alone counts", async () => {
    const { centre, gateway } = scene();
    const own = 'gateway.id = "mine"\nlog.level = "warn"\n[mqtt]\nlisten = "127.0.0.1:1"\nqos.max = 1\n';
    gateway.files.write(WHERE.config, Buffer.from(own), OPEN);
    const invitation = centre.issue("plant-3");
    await expect(gateway.enrol(invitation)).rejects.toThrow("both set gateway.id, mqtt.listen; ");
    const { dropped } = await gateway.enrol(invitation, { replaceConfig: true });
    expect(dropped).toEqual(["log.level", "mqtt.qos.max"]);
  });

  test("is placed anew by its token where the centre's part was taken away, with the key that it had", async () => {
    const { centre, gateway } = scene();
    const invitation = centre.issue("plant-3");
    await gateway.enrol(invitation);
    const key = gateway.text("/gw/centre/gateway.key");
    gateway.files.write(WHERE.config, Buffer.from('log.level = "warn"\n'), OPEN);
    // The file may be used no longer; but the gateway was let in by it.
    centre.nowMs = gateway.nowMs = NOW_MS + 15 * DAY_MS;
    gateway.failing = "answer";
    await expect(gateway.enrol(invitation)).rejects.toMatchObject({ code: "NETWORK" });
    gateway.failing = null;
    expect(await gateway.enrol(invitation)).toMatchObject({ changed: true, dropped: [] });
    await gateway.expectWhole();
    expect(gateway.text("/gw/centre/gateway.key")).toBe(key);
    expect(gateway.text(WHERE.config)).toContain('log.level = "warn"');
    gateway.files.write(WHERE.config, Buffer.from('gateway.id = "mine"\n'), OPEN);
    await expect(gateway.enrol(invitation)).rejects.toThrow("both set gateway.id");
  });

  test("goes to another centre only where that is asked for", async () => {
    const { centre, gateway } = scene();
    await gateway.enrol(centre.issue("plant-3"));
    const second = centre.issue("plant-3", { values: { site: "south" } });
    await expect(gateway.enrol(second)).rejects.toThrow("--again");
    await gateway.enrol(second, { again: true });
    expect(Bun.TOML.parse(gateway.text(WHERE.config))).toMatchObject({ gateway: { site: "south" } });
  });
});

describe("a power cut", () => {
  test(
    "at any moment leaves what can be ended by the same call, with one use of the token",
    async () => {
      const whole = scene();
      await whole.gateway.enrol(whole.centre.issue("plant-3"));
      expect(whole.gateway.files.changes).toBeGreaterThan(10);
      for (const moment of moments(whole.gateway.files.changes)) {
        const { centre, gateway } = scene();
        const invitation = centre.issue("plant-3");
        gateway.files.cutAt = moment;
        const cut = await gateway.enrol(invitation).catch((error: unknown) => error);
        expect(cut).toBeInstanceOf(PowerCut);
        // Until the configuration is there, the gateway starts as it did; from then on, as it should.
        const config = gateway.files.text(WHERE.config);
        if (config !== null) expect(config).toContain('gateway.id = "plant-3"');
        if (config !== null) expect(gateway.files.text("/gw/centre/gateway.pem")).not.toBeNull();
        gateway.files.cutAt = Number.POSITIVE_INFINITY;
        expect(await gateway.enrol(invitation)).toMatchObject({ gateway: "plant-3" });
        await gateway.expectWhole();
        expect(centre.ledger.list().map(({ used }) => used !== null)).toEqual([true]);
      }
    },
    ALL_MOMENTS_MS,
  );

  test(
    "at the centre leaves a token that is used or not, and the gateway gets in",
    async () => {
      const whole = scene();
      const first = whole.centre.issue("plant-3");
      const before = whole.centre.files.changes;
      await whole.gateway.enrol(first);
      for (const moment of moments(whole.centre.files.changes - before)) {
        const { centre, gateway } = scene();
        const invitation = centre.issue("plant-3");
        centre.files.cutAt = centre.files.changes + moment;
        await expect(gateway.enrol(invitation)).rejects.toBeInstanceOf(PowerCut);
        centre.files.cutAt = Number.POSITIVE_INFINITY;
        await gateway.enrol(invitation);
        await gateway.expectWhole();
      }
    },
    ALL_MOMENTS_MS,
  );

  test("of the network, before or behind the centre's use of the token, is one that another try ends", async () => {
    for (const failing of ["request", "answer"] as const) {
      const { centre, gateway } = scene();
      const invitation = centre.issue("plant-3");
      gateway.failing = failing;
      await expect(gateway.enrol(invitation)).rejects.toMatchObject({ code: "NETWORK" });
      gateway.failing = null;
      // Also when the token's time is over meanwhile: it was used within it.
      if (failing === "answer") centre.nowMs += 15 * DAY_MS;
      gateway.nowMs = centre.nowMs;
      await gateway.enrol(invitation);
      await gateway.expectWhole();
    }
  });
});

describe("a mistake in the centre's template", () => {
  const template = (centre: FakeCentre, text: string) => centre.put(centre.paths.template, text);

  test("that the centre sees uses no token up", async () => {
    const { centre, gateway } = scene();
    const invitation = centre.issue("plant-3");
    centre.check = () => {
      throw new HeadwaterError("CONFIG_INVALID", "no good");
    };
    await expect(gateway.enrol(invitation)).rejects.toThrow("no good");
    centre.issue("plant-4");
    const offline = entryOf(centre, "plant-4");
    await expect(issueBundle(centre.seams, offline, VALIDITY, NOW_MS)).rejects.toThrow("no good");
    expect(centre.ledger.list().map(({ used }) => used)).toEqual([null, null]);
    centre.check = () => undefined;
    await gateway.enrol(invitation);
    await gateway.expectWhole();
  });

  test("that only the gateway sees is healed by correcting it: the same token, key and certificate", async () => {
    const { centre, gateway } = scene();
    const good = centre.centreFiles.template;
    const invitation = centre.issue("plant-3");
    template(centre, `${good}[nonsense]\nx = 1\n`);
    await expect(gateway.enrol(invitation)).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    const certificate = centre.files.text(devicePaths(centre.paths, "plant-3").certificate);
    template(centre, good);
    await gateway.enrol(invitation);
    await gateway.expectWhole();
    expect([centre.asked, gateway.text("/gw/centre/gateway.pem")]).toEqual([2, certificate ?? ""]);
    expect(centre.ledger.list()[0]?.used?.atMs).toBe(NOW_MS);
  });

  test("is no way to something new for who was taken back, nor for longer than the first answer was good", async () => {
    const bad = 'gateway.id = "other"\n';
    const [late, revoked] = [scene(), scene()];
    for (const { centre, gateway } of [late, revoked]) {
      const invitation = centre.issue("plant-3");
      const good = centre.centreFiles.template;
      template(centre, bad);
      await expect(gateway.enrol(invitation)).rejects.toThrow("is of other");
      template(centre, good);
      const path = devicePaths(centre.paths, "plant-3").certificate;
      const { serial } = readCertificateText(centre.files.text(path) ?? "");
      if (centre === revoked.centre)
        centre.put(centre.paths.revoked, await signRevocations(AUTHORITY, [serial], VALIDITY));
      else centre.nowMs = gateway.nowMs = NOW_MS + 91 * DAY_MS;
      const word = centre === revoked.centre ? "was taken back" : "expired";
      await expect(gateway.enrol(invitation)).rejects.toThrow(word);
    }
  });
});

function entryOf(centre: FakeCentre, gateway: string): TokenEntry {
  const entry = centre.ledger.list().find((one) => one.gateway === gateway);
  if (entry === undefined) throw new Error("no token");
  return entry;
}

describe("refused, with nothing changed", () => {
  async function refusal(
    gateway: Gateway,
    invitation: Invitation,
    wishes: Partial<EnrolmentWishes> = {},
  ): Promise<string> {
    const error = await gateway.enrol(invitation, wishes).then(
      () => null,
      (error: unknown) => error,
    );
    expect(error).toBeInstanceOf(Error);
    expect(gateway.files.text(WHERE.config)).toBeNull();
    expect(gateway.files.text("/gw/centre/gateway.pem")).toBeNull();
    return (error as Error).message;
  }

  test("a token that another gateway has used, that has expired, was taken back, or is unknown", async () => {
    const { centre, gateway } = scene();
    const invitation = centre.issue("plant-3");
    await new Gateway(centre).enrol(invitation);
    expect(await refusal(gateway, invitation)).toContain("by another key");
    const old = centre.issue("plant-4");
    gateway.nowMs += 15 * DAY_MS;
    expect(await refusal(gateway, old)).toContain("expired at 2026-12-06");
    gateway.nowMs = NOW_MS;
    centre.nowMs += 15 * DAY_MS;
    expect(await refusal(new Gateway(centre), old)).toContain("expired at 2026-12-06");
    centre.nowMs = NOW_MS;
    expect(await refusal(gateway, centre.issue("plant-5", { cancelled: true }))).toContain("taken back");
    const guess = { ...old, token: { ...old.token, secret: "A".repeat(32) } };
    expect(await refusal(new Gateway(centre), guess)).toContain("no such token");
    expect(
      await refusal(new Gateway(centre), { ...old, token: { ...old.token, id: "AAAAAAAAAAAA" } }),
    ).toContain("no such token");
  });

  test("another centre's answer, one for another gateway, token or key, or of another time", async () => {
    const stranger = new FakeCentre(await newAuthority("the centre", VALIDITY));
    const { centre, gateway } = scene();
    const invitation = centre.issue("plant-3");
    const theirs = stranger.issue("plant-3");
    expect(
      await refusal(new Gateway(stranger), {
        ...theirs,
        token: { ...theirs.token, fingerprint: invitation.token.fingerprint },
      }),
    ).toContain("signed by another authority");
    const altered = centre.issue("plant-4");
    expect(await refusal(new Gateway(centre), { ...altered, gateway: "plant-3" })).toContain(
      "the token is for plant-4, the enrolment file for plant-3",
    );
    expect(centre.ledger.read(altered.token.id)?.used).toBeNull();
    gateway.nowMs = NOW_MS - DAY_MS;
    expect(await refusal(gateway, centre.issue("plant-3"))).toContain("the clock here shows 2026-11-21");
    const request = await requestCertificate(KEYS[0] ?? "", { commonName: "x", names: NAMES, use: "both" });
    const bundle = await readBundle(await centre.answer(centre.issue("plant-3"), request), null);
    const answering = async (change: object) => {
      const other = new Gateway(centre);
      const asked = centre.issue("plant-3");
      centre.answer = async () => signBundle({ ...bundle, token: asked.token.id, ...change }, AUTHORITY);
      return refusal(other, asked);
    };
    expect(await answering({})).toContain("for another key");
    expect(await answering({ token: "AAAAAAAAAAAA" })).toContain("another token");
    expect(await answering({ expiresAtMs: NOW_MS - 1 })).toContain("expired");
    expect(await answering({ authority: stranger.authority.certificate })).toContain("authority");
  });

  test("a configuration that the gateway could not start with, or is another's", async () => {
    const { centre, gateway } = scene();
    centre.put(centre.paths.template, 'gateway.id = "{{gateway}}"\nkafka.listen = "nowhere"\n');
    expect(await refusal(gateway, centre.issue("plant-3"))).toContain("kafka.listen");
    centre.put(centre.paths.template, 'gateway.id = "plant-4"\n');
    expect(await refusal(new Gateway(centre), centre.issue("plant-3"))).toContain("of plant-4");
    centre.put(centre.paths.template, "gateway.id = \n");
    expect(await refusal(new Gateway(centre), centre.issue("plant-3"))).toContain("no TOML");
  });
});

describe("a whole bundle in a file", () => {
  async function offline(centre: FakeCentre): Promise<Invitation> {
    const { token } = centre.issue("plant-3");
    const entry = centre.ledger.read(token.id);
    if (entry === null) throw new Error("no token");
    return {
      kind: "bundle",
      gateway: "plant-3",
      bundle: await issueBundle(centre.seams, entry, VALIDITY, NOW_MS),
    };
  }

  test(
    "needs no centre, and survives power cuts as well",
    async () => {
      const whole = scene();
      const invitation = await offline(whole.centre);
      await whole.gateway.enrol(invitation);
      await whole.gateway.expectWhole();
      for (const moment of moments(whole.gateway.files.changes - 1)) {
        const gateway = new Gateway(whole.centre);
        gateway.files.cutAt = moment;
        await expect(gateway.enrol(invitation)).rejects.toBeInstanceOf(PowerCut);
        gateway.files.cutAt = Number.POSITIVE_INFINITY;
        await gateway.enrol(invitation);
        await gateway.expectWhole();
      }
      expect(whole.centre.asked).toBe(0);
    },
    ALL_MOMENTS_MS,
  );

  test("is refused where it is of another authority than it should be, has expired, or was changed", async () => {
    const { centre, gateway } = scene();
    const invitation = await offline(centre);
    if (invitation.kind !== "bundle") throw new Error("no bundle");
    await expect(gateway.enrol(invitation, { fingerprint: "A".repeat(43) })).rejects.toThrow(
      "another authority",
    );
    gateway.nowMs += 15 * DAY_MS;
    await expect(gateway.enrol(invitation)).rejects.toThrow("expired");
    gateway.nowMs = NOW_MS;
    const parts = JSON.parse(invitation.bundle);
    const payload = Buffer.from(parts.payload, "base64url")
      .toString()
      .replace("central.example", "central.evil");
    const forged = JSON.stringify({ ...parts, payload: Buffer.from(payload).toString("base64url") });
    await expect(gateway.enrol({ ...invitation, bundle: forged })).rejects.toThrow("signature does not hold");
    expect(gateway.files.files.size).toBe(0);
  });
});
