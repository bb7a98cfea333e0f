import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generate, type IConnectPacket } from "mqtt-packet";
import { SystemPasswords } from "../../src/io/bun/passwords.ts";
import { RawClient } from "../mqtt/support/raw-client.ts";
import { type Issued, issue, newAuthority, revocationList } from "../support/certificates.ts";
import { type Headwater, startHeadwater } from "../support/headwater.ts";

/** A gateway in a process of its own: its files change as administrators change them. */
const authority = newAuthority();
const newServer = () => issue(authority, { commonName: "localhost", dns: ["localhost"], ip: [127, 0, 0, 1] });
const pump = issue(authority, { commonName: "pump-1" });
const oven = issue(authority, { commonName: "oven-1" });
const server = newServer();
const folder = mkdtempSync(join(tmpdir(), "headwater-security-"));
let headwater: Headwater;
let tls: string;
let secureWeb: string;
let hashes: ReadonlyMap<string, string>;

const file = (name: string) => join(folder, name);

/** As a careful program does: whole, by a rename. */
function replace(name: string, text: string): void {
  writeFileSync(file(`${name}.new`), text);
  renameSync(file(`${name}.new`), file(name));
}

const users = (...names: string[]) => names.map((name) => `${name}:${hashes.get(name)}\n`).join("");

beforeAll(async () => {
  const passwords = new SystemPasswords();
  const hashed = async (name: string) => [name, await passwords.hash(Buffer.from(name))] as const;
  hashes = new Map(await Promise.all(["anna", "ben"].map(hashed)));
  replace("users", users("anna", "ben"));
  replace("ca.pem", authority.certificate);
  replace("crl.pem", revocationList(authority, []));
  replace("server.pem", server.certificate);
  replace("server.key", server.key);
  headwater = await startHeadwater({
    settings: {
      "mqtt.tls.listen": "127.0.0.1:0",
      "mqtt.websocket.tls.listen": "127.0.0.1:0",
      "mqtt.tls.client.auth": "optional",
      "tls.certificate.file": file("server.pem"),
      "tls.key.file": file("server.key"),
      "tls.ca.file": file("ca.pem"),
      "tls.crl.file": file("crl.pem"),
      "security.users.file": file("users"),
      "security.anonymous": "deny",
      "security.reload.interval.ms": "200",
    },
  });
  [, tls = "", secureWeb = ""] = /mqttTls=(\S+) mqttWebSocketTls=(\S+)/.exec(headwater.log()) ?? [];
}, 30_000);

afterAll(async () => {
  await headwater.dispose();
  rmSync(folder, { recursive: true });
});

const trust = { ca: authority.certificate };
const showing = ({ certificate: cert, key }: Issued) => ({ ...trust, cert, key });

let clients = 0;

/** Connects over TLS: the connection, and what the CONNACK says, or "closed". */
async function connect(from: Bun.TLSOptions, user: string | null = null) {
  const client = await RawClient.open(tls, 5, from);
  client.connect(`client-${clients++}`, user === null ? {} : { username: user, password: Buffer.from(user) });
  return { client, code: await client.code("connack") };
}

/** Runs the change and resolves when the log has said so once more than before. */
async function noticed(words: string, change: () => void): Promise<void> {
  const count = () => headwater.log().split(words).length;
  const before = count();
  change();
  for (let wait = 0; count() === before; wait++) {
    if (wait > 1_000) throw new Error(`nothing was said of ${words}`);
    await Bun.sleep(10);
  }
}

const hangUp = () => process.kill(headwater.pid, "SIGHUP");

/** Whether it still hears and answers. */
async function answers(client: RawClient): Promise<boolean> {
  client.send({ cmd: "pingreq" });
  return (await client.code("pingresp")) === 0 && !client.closed;
}

describe("over TLS", () => {
  test("users and certificates get in, others don't", async () => {
    expect((await connect(trust, "anna")).code).toBe(0);
    expect((await connect(showing(pump))).code).toBe(0);
    expect((await connect(trust)).code).toBe(0x87);
    expect((await connect(showing(issue(newAuthority(), { commonName: "pump-1" })))).code).toBe("closed");
  });

  test("MQTT over WebSocket is spoken too", async () => {
    const socket = new WebSocket(`wss://${secureWeb}/mqtt`, {
      protocols: ["mqtt"],
      tls: { ...trust, rejectUnauthorized: true },
    } as unknown as string[]);
    socket.binaryType = "arraybuffer";
    const hello: IConnectPacket = {
      cmd: "connect",
      clientId: "web",
      protocolId: "MQTT",
      protocolVersion: 4,
      clean: true,
      username: "anna",
      password: Buffer.from("anna"),
    };
    const first = await new Promise<Uint8Array>((resolve, reject) => {
      socket.onopen = () => socket.send(generate(hello));
      socket.onmessage = ({ data }) => resolve(new Uint8Array(data));
      socket.onerror = () => reject(new Error("no WebSocket"));
    });
    expect(first.toHex()).toBe("20020000");
    socket.close();
  });
});

describe("files that change while it runs", () => {
  test("users, on SIGHUP: who is removed is put out, the others stay", async () => {
    const [anna, ben] = [await connect(trust, "anna"), await connect(trust, "ben")];
    replace("users", users("anna"));
    hangUp();
    expect(await ben.client.code("connack")).toBe(0x87);
    await ben.client.untilClosed();
    expect(await answers(anna.client)).toBe(true);
    expect((await connect(trust, "ben")).code).toBe(0x86);
  });

  test("users, by themselves", async () => {
    await noticed("have changed", () => replace("users", users("anna", "ben")));
    expect((await connect(trust, "ben")).code).toBe(0);
  });

  test("a list of revoked certificates: its holder is put out, and comes in no more", async () => {
    const [first, second] = [await connect(showing(pump)), await connect(showing(oven))];
    expect([first.code, second.code]).toEqual([0, 0]);
    await noticed("serves MQTT with new certificates", () => {
      replace("crl.pem", revocationList(authority, [oven.serial]));
    });
    expect(await second.client.code("connack")).toBe(0x87);
    expect(await answers(first.client)).toBe(true);
    expect((await connect(showing(oven))).code).toBe("closed");
    expect((await connect(showing(pump))).code).toBe(0);
  });

  test("a list that is out of date refuses certificates, and the gateway says so until there is a newer one", async () => {
    const ready = async () => (await fetch(`http://${headwater.http}/readyz`)).text();
    const METRIC = "headwater_revocation_list_expiry_timestamp_seconds";
    const expiry = async () => {
      const text = await (await fetch(`http://${headwater.http}/metrics`)).text();
      return Number(new RegExp(`^${METRIC} (\\S+)$`, "m").exec(text)?.[1]);
    };
    const good = readFileSync(file("crl.pem"), "utf8");
    expect(await ready()).not.toContain("tls.crl.file");
    expect(await expiry()).toBeGreaterThan(Date.now() / 1000);
    const overMs = Math.floor(Date.now() / 1000 - 60) * 1000;
    await noticed("is out of date since", () => {
      replace("crl.pem", revocationList(authority, [], overMs));
      hangUp();
    });
    expect(await ready()).toMatch(
      /tls\.crl\.file: .*crl\.pem: .* of CN=test authority .* is out of date since .*newer list/,
    );
    expect(await expiry()).toBe(overMs / 1000);
    expect((await connect(showing(pump))).code).toBe("closed");
    await noticed("serves MQTT with new certificates", () => {
      replace("crl.pem", good);
      hangUp();
    });
    expect(await ready()).not.toContain("tls.crl.file");
    expect((await connect(showing(pump))).code).toBe(0);
  });

  test("the gateway's own certificate: connections go on, new ones see it", async () => {
    const serialSeen = async () => {
      const socket = await Bun.connect({
        hostname: "127.0.0.1",
        port: Number(tls.split(":")[1]),
        tls: trust,
        socket: { data() {}, handshake() {} },
      });
      for (let wait = 0; wait < 500 && socket.getTLSVersion() === "unknown"; wait++) await Bun.sleep(2);
      await Bun.sleep(20);
      const serial = Number.parseInt(String(socket.getPeerCertificate().serialNumber), 16);
      socket.end();
      return serial;
    };
    const { client } = await connect(trust, "anna");
    expect(await serialSeen()).toBe(server.serial);
    const next = newServer();
    // Between the two files certificate and key do not fit: what was there before stays.
    await noticed("the key is not that of the certificate", () => {
      replace("server.pem", next.certificate);
      hangUp();
    });
    expect(await serialSeen()).toBe(server.serial);
    await noticed("serves MQTT with new certificates", () => {
      replace("server.key", next.key);
      hangUp();
    });
    expect(await serialSeen()).toBe(next.serial);
    expect(await answers(client)).toBe(true);
  });

  test.each([
    ["server.pem", "junk\n", /server\.pem: TLS: certificate and key have to be PEM/],
    ["server.key", pump.key, /server\.pem: TLS: the key is not that of the certificate/],
    ["ca.pem", "junk\n", /ca\.pem: TLS: what should be certificates of authorities is none/],
    ["ca.pem", authority.certificate.repeat(2).slice(0, -60), /ca\.pem: not all of it are certificates/],
    ["crl.pem", "junk\n", /crl\.pem: it holds no certificate revocation list/],
  ])(
    "%s that can't be used changes nothing for who is connected by a certificate, nor for who comes: %#",
    async (name, bad, why) => {
      const good = readFileSync(file(name), "utf8");
      const { client, code } = await connect(showing(pump));
      expect(code).toBe(0);
      const before = headwater.log().length;
      await noticed("is not used; what it was before stands", () => {
        replace(name, bad);
        hangUp();
      });
      expect(headwater.log().slice(before)).toMatch(why);
      expect(await answers(client)).toBe(true);
      expect((await connect(showing(pump))).code).toBe(0);
      const other = issue(newAuthority(), { commonName: "pump-1" });
      expect((await connect(showing(other))).code).toBe("closed");
      replace(name, good);
      hangUp();
      expect(await answers(client)).toBe(true);
    },
  );

  test("a file that is broken changes nothing, and there is a line", async () => {
    const { client } = await connect(trust, "anna");
    await noticed("is not used; what it was before stands", () => replace("users", "nonsense\n"));
    expect(await answers(client)).toBe(true);
    expect((await connect(trust, "ben")).code).toBe(0);
    await noticed("have changed", () => replace("users", `# again\n${users("anna", "ben")}`));
  });
});

test("neither passwords nor hashes nor keys are in the log", () => {
  const log = headwater.log();
  expect(log).not.toContain("$argon2id$");
  expect(log).not.toContain("PRIVATE KEY");
  expect(log).not.toContain(readFileSync(file("server.key"), "utf8").split("\n")[1] ?? "?");
});
