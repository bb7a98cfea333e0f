import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { SystemPasswords } from "../../src/io/bun/passwords.ts";
import { issue, newAuthority } from "../support/certificates.ts";
import { headwaterCommand } from "../support/headwater.ts";

const authority = newAuthority();
const server = issue(authority, { commonName: "localhost", dns: ["localhost"], ip: [127, 0, 0, 1] });

/** A port that nobody has, most likely not soon either. */
function freePort(): number {
  const other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  other.stop(true);
  return other.port;
}

async function until<Result>(what: string, look: () => Promise<Result | null>): Promise<Result> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await Bun.sleep(50)) {
    const found = await look().catch(() => null);
    if (found !== null) return found;
  }
  throw new Error(`it does not come to be: ${what}`);
}

async function connects(port: number, tls: boolean): Promise<true> {
  const secure = tls ? { tls: { ca: authority.certificate, serverName: "localhost" } } : {};
  await new Promise<void>((resolve, reject) => {
    void Bun.connect({
      ...{ hostname: "127.0.0.1", port, ...secure },
      socket: {
        data() {},
        ...(tls ? {} : { open: () => resolve() }),
        handshake: (socket, success) => {
          socket.end();
          if (success) resolve();
          else reject(new Error("no handshake"));
        },
        close: () => reject(new Error("closed")),
        connectError: (_socket, error) => reject(error),
      },
    }).catch(reject);
  });
  return true;
}

test("users, rules and certificates that are bad at the start close what needs them, until they are mended", async () => {
  const folder = mkdtempSync(join(tmpdir(), "headwater-bad-security-"));
  const file = (name: string) => join(folder, name);
  const replace = (name: string, text: string): void => {
    writeFileSync(file(`${name}.new`), text);
    renameSync(file(`${name}.new`), file(name));
  };
  mkdirSync(join(folder, "data"));
  replace("users", "nonsense\n");
  replace("acl.toml", "rule = 1\n");
  replace("server.pem", server.certificate);
  const [kafkaTls, httpTls, mqtt] = [freePort(), freePort(), freePort()];
  const settings = {
    "kafka.listen": "127.0.0.1:0",
    "kafka.tls.listen": `127.0.0.1:${kafkaTls}`,
    "http.listen": "127.0.0.1:0",
    "http.tls.listen": `127.0.0.1:${httpTls}`,
    "mqtt.listen": `127.0.0.1:${mqtt}`,
    "tls.certificate.file": file("server.pem"),
    "tls.key.file": file("server.key"),
    "security.users.file": file("users"),
    "security.acl.file": file("acl.toml"),
    "security.roles": "user:anna=admin",
    "security.reload.interval.ms": "100",
  };
  const sets = Object.entries(settings).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
  const child = Bun.spawn([...headwaterCommand(), "serve", "--data", file("data"), ...sets, "-o", "json"], {
    stdout: "pipe",
    stderr: "ignore",
  });
  try {
    const { value } = await child.stdout.getReader().read();
    const ready = JSON.parse(Buffer.from(value ?? []).toString()) as Record<string, string>;
    expect(Object.keys(ready)).toEqual(["ready", "kafka", "http"]);
    const reasons = async () => {
      const answer = await fetch(`http://${ready.http}/readyz`);
      return answer.status === 503 ? (await answer.text()).trim().split("\n") : [];
    };
    expect(await reasons()).toEqual([
      `kafka.tls.listen = 127.0.0.1:${kafkaTls}: closed until there is a certificate`,
      expect.stringMatching(/^security\.users\.file: .*users:1: .*MQTT is closed.*headwater user writes it/),
      expect.stringMatching(/^security\.acl\.file: .*acl\.toml:1: .*MQTT is closed/),
      expect.stringMatching(
        /^tls\.key\.file: .*server\.key: there is no such file; .*doors with TLS are closed/,
      ),
      `http.tls.listen = 127.0.0.1:${httpTls}: closed until there is a certificate`,
    ]);
    const login = () =>
      fetch(`http://${ready.http}/api/login`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ user: "anna", password: "annas" }),
      }).then(({ status }) => status);
    expect(await login()).toBe(503);
    for (const port of [kafkaTls, httpTls, mqtt]) expect(connects(port, false)).rejects.toThrow();

    // A key of somebody else's is no better than none.
    replace("server.key", issue(authority, { commonName: "other" }).key);
    await until("told of the key", async () =>
      (await reasons()).some((reason) => /kafka\.tls\.listen.*the key is not that/.test(reason))
        ? true
        : null,
    );
    replace("server.key", server.key);
    await until("Kafka over TLS", () => connects(kafkaTls, true));
    await until("HTTP over TLS", () => connects(httpTls, true));
    expect((await reasons()).map((reason) => reason.split(":")[0])).toEqual([
      "security.users.file",
      "security.acl.file",
    ]);

    const hash = await new SystemPasswords().hash(Buffer.from("annas"));
    replace("users", `anna:${hash}\n`);
    await until("a login", async () => ((await login()) === 204 ? true : null));
    expect(connects(mqtt, false)).rejects.toThrow();

    replace("acl.toml", '[[rule]]\nwho = "user:anna"\nallow = "publish"\ntopics = "devices/#"\n');
    await until("MQTT", () => connects(mqtt, false));
    const client = await connectAsync(`mqtt://127.0.0.1:${mqtt}`, { username: "anna", password: "annas" });
    await client.publishAsync("devices/pump-1/level", "7", { qos: 1 });
    await client.endAsync();
    await until("readiness", async () => ((await reasons()).length === 0 ? true : null));
    const asked = async () => (await fetch(`http://${ready.http}/api/status`)).json();
    const status = (await asked()) as { addresses: object };
    expect(status.addresses).toMatchObject({
      ...{ mqtt: `127.0.0.1:${mqtt}`, kafkaTls: `127.0.0.1:${kafkaTls}`, httpTls: `127.0.0.1:${httpTls}` },
    });

    // What becomes bad by now does not stand at the next start: it is told, and everything serves.
    const serves = async () => (await fetch(`http://${ready.http}/readyz`)).text();
    expect(await serves()).toBe("ready\n");
    replace("acl.toml", "[[rule");
    replace("server.key", issue(authority, { commonName: "other" }).key);
    const noted = await until("told of both", async () => {
      const lines = (await serves()).trim().split("\n");
      return lines.length === 3 ? lines : null;
    });
    expect(noted).toEqual([
      "ready",
      expect.stringMatching(/^security\.acl\.file: .*acl\.toml: .*what it was before stands.*MQTT is closed/),
      expect.stringMatching(/^tls\.certificate\.file: .*the key is not that.*doors with TLS are closed/),
    ]);
    expect(await asked()).toMatchObject({ ready: true, notes: noted.slice(1) });
    const metrics = await (await fetch(`http://${ready.http}/metrics`)).text();
    expect(metrics).toContain("headwater_security_files_unused 2\n");
    const config = Object.entries(settings).map(([name, text]) => `${name} = "${text}"`);
    writeFileSync(
      file("gateway.toml"),
      config.map((line) => line.replace('ms = "100"', "ms = 100")).join("\n"),
    );
    const command = (...args: string[]) => {
      const { exitCode, stdout } = Bun.spawnSync([...headwaterCommand(), "config", ...args]);
      return { exitCode, lines: stdout.toString().trim().split("\n") };
    };
    const checked = command("check", file("gateway.toml"));
    expect(checked.exitCode).toBe(1);
    expect(checked.lines).toEqual([
      expect.stringMatching(/^security\.acl\.file: .*MQTT is closed/),
      expect.stringMatching(/^tls\.certificate\.file: .*the key is not that/),
    ]);
    writeFileSync(file("password"), "annas");
    const reload = (): ReturnType<typeof command> =>
      command("reload", "--http", ready.http ?? "", "--user", "anna", "--password-file", file("password"));
    const reloaded = reload();
    expect(reloaded.exitCode).toBe(1);
    expect(reloaded.lines).toEqual([
      "no setting has changed",
      ...noted.slice(1).map((text) => `not used       ${text}`),
    ]);
    replace("server.key", server.key);
    replace("acl.toml", '[[rule]]\nwho = "user:anna"\nallow = "publish"\ntopics = "devices/#"\n');
    await until("nothing to tell", async () => ((await serves()) === "ready\n" ? true : null));
    expect(reload().exitCode).toBe(0);
    expect(command("check", file("gateway.toml"))).toMatchObject({ exitCode: 0 });
  } finally {
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
