import { afterEach, beforeEach, describe, expect, setSystemTime, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { leadsTo, readCertificateText, readRevokedSerials } from "../../src/enrolment/x509.ts";
import { SystemPasswords } from "../../src/io/bun/passwords.ts";
import { parseUsers } from "../../src/security/users.ts";
import { verifiersIn } from "../../src/security/verifiers.ts";
import { type FakeProcess, run } from "./support.ts";

let top: string;
let folder: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "headwater-init-"));
  folder = join(top, "gw");
});
afterEach(() => {
  setSystemTime();
  rmSync(top, { recursive: true });
});

const init = (args: readonly string[] = [], given: FakeProcess = {}) =>
  run(["init", "--folder", folder, ...args], given);
const certificate = (args: readonly string[]) => run(["certificate", ...args, "--folder", folder]);
const text = (path: string) => readFileSync(join(folder, path), "utf8");
const settings = () => Bun.TOML.parse(text("headwater.toml"));
const everything = () =>
  (readdirSync(folder, { recursive: true, encoding: "utf8" }) as string[])
    .filter((path) => statSync(join(folder, path)).isFile())
    .sort()
    .map((path) => [path, text(path)]);

async function logsIn(user: string, password: string): Promise<boolean> {
  const [hash = ""] = verifiersIn(parseUsers("users", text("data/users")).get(user) ?? "");
  return new SystemPasswords().verify(Buffer.from(password), hash);
}

describe("headwater init", () => {
  test("makes all that a gateway needs, and says what each file is and what to do next", async () => {
    const { code, out } = await init(["--name", "plant-3.example", "--device", "pump-1", "--site", "north"]);
    expect(code).toBe(0);
    for (const path of [
      "tls/authority.key",
      "tls/gateway.key",
      "tls/devices/pump-1.key",
      "data/users",
      "headwater.toml",
    ]) {
      expect({ path, mode: statSync(join(folder, path)).mode & 0o007 }).toEqual({ path, mode: 0 });
      expect(out).toContain(join(folder, path));
    }
    const device = join(folder, "tls/devices/pump-1");
    expect(out).toContain(`--cert ${device}.pem --key ${device}.key `);
    expect(statSync(join(folder, "tls/authority.key")).mode & 0o777).toBe(0o600);
    const gateway = readCertificateText(text("tls/gateway.pem"));
    expect(gateway.names.dns).toEqual(
      expect.arrayContaining(["plant-3.example", "host", "host.local", "localhost"]),
    );
    expect(gateway.names.addresses).toContain("127.0.0.1");
    expect(await leadsTo(text("tls/gateway.pem"), text("tls/authority.pem"))).toBe(true);
    expect(readCertificateText(text("tls/devices/pump-1.pem")).commonName).toBe("pump-1");
    expect(settings()).toMatchObject({
      gateway: { id: "host", site: "north" },
      security: { roles: ["user:admin=admin"] },
    });
    const password = /shown this once:\n\n {2}(\S+)\n/.exec(out)?.[1] ?? "";
    expect(password.length).toBeGreaterThan(20);
    expect(await logsIn("admin", password)).toBe(true);
    expect(out).toContain(`headwater serve --config ${join(folder, "headwater.toml")}`);
    expect((await run(["config", "check", join(folder, "headwater.toml")])).code).toBe(0);
  });

  test.skipIf(process.getuid?.() !== 0)(
    "gives the service what it reads, and its records, and nothing to change else",
    async () => {
      const nobody = Number(/^nobody:[^:]*:(\d+):/m.exec(readFileSync("/etc/passwd", "utf8"))?.[1]);
      await init(["--service-user", "nobody"]);
      const owned = (path: string) => statSync(join(folder, path)).uid;
      expect(["data", "data/users"].map(owned)).toEqual([nobody, nobody]);
      const roots = [
        "",
        "headwater.toml",
        "acl.toml",
        "tls",
        "tls/gateway.key",
        "tls/authority.key",
        "tls/devices",
      ];
      expect(roots.map(owned)).toEqual(roots.map(() => 0));
      expect(statSync(join(folder, "tls/gateway.key")).mode & 0o777).toBe(0o640);
      expect(statSync(join(folder, "tls/authority.key")).mode & 0o777).toBe(0o600);
    },
  );

  test("two gateways have nothing secret in common", async () => {
    const outs = [await init(), await run(["init", "--folder", join(top, "other")])];
    const secrets = outs.map(({ out }) => /shown this once:\n\n {2}(\S+)\n/.exec(out)?.[1]);
    expect(secrets[0]).not.toBe(secrets[1]);
    for (const path of ["tls/authority.key", "tls/gateway.key"]) {
      expect(text(path)).not.toBe(readFileSync(join(top, "other", path), "utf8"));
    }
  });

  test("replaces nothing unless it is told to, and keeps what was there and the authority then", async () => {
    await init();
    const before = everything();
    const again = await init();
    expect(again.code).toBe(1);
    expect(again.err).toContain("--force");
    expect(everything()).toEqual(before);
    const authority = text("tls/authority.key");
    const config = text("headwater.toml");
    expect((await init(["--force", "--site", "south"])).code).toBe(0);
    expect(text("tls/authority.key")).toBe(authority);
    expect(text("headwater.toml.old")).toBe(config);
    expect(settings()).toMatchObject({ gateway: { site: "south" } });
    expect(await leadsTo(text("tls/gateway.pem"), text("tls/authority.pem"))).toBe(true);
  });

  test("a key that somebody has put there is not touched, nor anything written", async () => {
    await init();
    rmSync(join(folder, "headwater.toml"));
    rmSync(join(folder, "data/users"));
    writeFileSync(join(folder, "tls/gateway.key"), "mine");
    const { code, err } = await init();
    expect([code, err]).toEqual([1, expect.stringContaining("tls/gateway.key")]);
    expect(text("tls/gateway.key")).toBe("mine");
    expect(existsSync(join(folder, "headwater.toml"))).toBe(false);
  });

  test("says what it would do, and does nothing", async () => {
    const { code, out } = await init(["--dry-run"]);
    expect([code, existsSync(folder)]).toEqual([0, false]);
    expect(out).toContain("tls/authority.key");
    expect(out).not.toContain("shown this once");
  });

  test("asks on a terminal, and takes what is typed", async () => {
    const { code, out } = await init([], {
      answers: ["plant-9", "west", "plant-9.example, 10.1.2.3", "anna"],
      secrets: ["brackish water", "brackish water"],
    });
    expect(code).toBe(0);
    expect(out).not.toContain("shown this once");
    expect(settings()).toMatchObject({
      gateway: { id: "plant-9", site: "west" },
      kafka: { tls: { advertised: "plant-9.example:9093" } },
    });
    expect(await logsIn("anna", "brackish water")).toBe(true);
    expect(readCertificateText(text("tls/gateway.pem")).names.addresses).toContain("10.1.2.3");
  });

  test("takes the password from standard input or a file, and answers programs in JSON", async () => {
    const { out } = await init(["-o", "json", "--password-file", "-", "--admin", "root"], {
      stdin: ["fresh water\nx"],
    });
    expect(JSON.parse(out)).toMatchObject({ written: true, gatewayId: "host", user: "root", password: null });
    expect(await logsIn("root", "fresh water")).toBe(true);
    writeFileSync(join(top, "secret"), "\n");
    expect((await init(["--force", "--password-file", join(top, "secret")])).err).toContain(
      "the password is empty",
    );
  });

  test("asks an authority of somebody else's, and takes its answer where it fits", async () => {
    expect((await init(["--request"])).code).toBe(0);
    expect(existsSync(join(folder, "tls/authority.key"))).toBe(false);
    // Another gateway's authority plays the one that everybody has.
    const other = join(top, "other");
    await run(["init", "--folder", other]);
    const issued = await run([
      "certificate",
      "issue",
      "gw",
      "--request",
      join(folder, "tls/gateway.csr"),
      "--folder",
      other,
    ]);
    expect(issued.code).toBe(0);
    const answer = join(other, "tls/devices/gw.pem");
    const wrong = await certificate([
      "install",
      join(other, "tls/gateway.pem"),
      "--ca",
      join(other, "tls/authority.pem"),
    ]);
    expect(wrong.err).toContain("it is not for the key");
    await run(["init", "--folder", join(top, "third")]);
    const stranger = await certificate(["install", answer, "--ca", join(top, "third/tls/authority.pem")]);
    expect(stranger.err).toContain("does not lead to");
    expect(existsSync(join(folder, "tls/gateway.pem"))).toBe(false);
    expect((await certificate(["install", answer, "--ca", join(other, "tls/authority.pem")])).code).toBe(0);
    expect(await leadsTo(text("tls/gateway.pem"), text("tls/authority.pem"))).toBe(true);
  });

  test("signs by an authority that is given, whose key it does not keep", async () => {
    const other = join(top, "other");
    await run(["init", "--folder", other]);
    const ca = ["--ca", join(other, "tls/authority.pem"), "--ca-key", join(other, "tls/authority.key")];
    expect((await init(ca)).code).toBe(0);
    expect(existsSync(join(folder, "tls/authority.key"))).toBe(false);
    expect(
      await leadsTo(text("tls/gateway.pem"), readFileSync(join(other, "tls/authority.pem"), "utf8")),
    ).toBe(true);
    const mixed = await run([
      "init",
      "--folder",
      join(top, "x"),
      "--ca",
      ca[1] ?? "",
      "--ca-key",
      join(other, "tls/gateway.key"),
    ]);
    expect(mixed.err).toContain("do not belong together");
  });

  test("makes nothing by a clock that was never set", async () => {
    setSystemTime(new Date("1970-01-01T00:02:00Z"));
    const { code, err } = await init();
    expect([code, err]).toEqual([1, expect.stringContaining("1970-01-01T00:02")]);
    expect(existsSync(folder)).toBe(false);
  });

  test.each([
    [["--name", "a b"], "neither"],
    [["--admin", "a:b"], "':'"],
    [["--device", ""], "empty"],
    [["--days", "0"], "--days 0"],
    [["--gateway-id", "a b"], "gateway.id"],
    [["--ca", "x"], "--ca-key"],
  ])("refuses %p before it writes anything", async (args, word) => {
    const { code, err } = await init(args);
    expect([code, err]).toEqual([2, expect.stringContaining(word)]);
    expect(existsSync(join(folder, "headwater.toml"))).toBe(false);
  });
});

describe("headwater certificate", () => {
  test("makes, lists and takes back certificates of devices", async () => {
    await init();
    expect((await certificate(["issue", "pump-1", "../pump 2"])).code).toBe(0);
    expect(readdirSync(join(folder, "tls/devices")).sort()).toEqual([
      "..%2Fpump%202.key",
      "..%2Fpump%202.pem",
      "pump-1.key",
      "pump-1.pem",
    ]);
    expect((await certificate(["issue", "pump-1"])).err).toContain("--force");
    expect((await certificate(["revoke", "pump-1"])).code).toBe(0);
    expect((await certificate(["revoke", "pump-1"])).code).toBe(0);
    const { serial } = readCertificateText(text("tls/devices/pump-1.pem"));
    expect(readRevokedSerials(text("tls/revoked.pem"))).toEqual([serial]);
    const rows = JSON.parse((await certificate(["ls", "-o", "json"])).out);
    expect(rows.map(({ name, state }: { name: string; state: string }) => `${name} ${state}`)).toEqual([
      "host authority good",
      "host good",
      "../pump 2 good",
      "pump-1 revoked",
    ]);
  });

  test("makes the gateway's own anew, for the same key, with further names", async () => {
    await init();
    const before = readCertificateText(text("tls/gateway.pem"));
    expect((await certificate(["renew", "--name", "plant-3.example"])).code).toBe(0);
    const now = readCertificateText(text("tls/gateway.pem"));
    expect(now.names.dns).toEqual([...before.names.dns, "plant-3.example"]);
    expect([now.publicKey, now.serial === before.serial]).toEqual([before.publicKey, false]);
  });

  test("needs the authority's key, wherever it is kept", async () => {
    await init();
    const away = join(top, "authority.key");
    writeFileSync(away, text("tls/authority.key"));
    rmSync(join(folder, "tls/authority.key"));
    expect((await certificate(["issue", "pump-1"])).err).toContain("--ca-key");
    expect(
      (await certificate(["issue", "pump-1", "--ca-key", join(folder, "tls/gateway.key")])).err,
    ).toContain("another");
    expect((await certificate(["issue", "pump-1", "--ca-key", away])).code).toBe(0);
  });
});
