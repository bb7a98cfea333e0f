import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { program, run } from "./programs.ts";
import { makeDeb } from "./system-image.ts";

const SCRIPT = resolve(import.meta.dirname, "../../../scripts/flash");
const START_TIMEOUT_MS = 20_000;
const sshd = program("sshd");
// dpkg gives files to root.
const able = sshd !== null && program("ssh") !== null && program("dpkg") !== null && process.getuid?.() === 0;

/**
 * A host: a real sshd of this machine on loopback, whose logins find a `sudo` that asks nobody, and a `dpkg` that
 * installs into a folder in place of this machine's root.
 */
class SshHost {
  readonly folder = mkdtempSync(join(tmpdir(), "headwater-ssh-"));
  readonly root = join(this.folder, "root");
  readonly port = freePort();
  #server: Bun.Subprocess | null = null;

  async start(): Promise<void> {
    for (const name of [
      "bin",
      "home",
      "tmp",
      "root/etc",
      "root/var/lib/dpkg/info",
      "root/var/lib/dpkg/updates",
    ]) {
      mkdirSync(join(this.folder, name), { recursive: true });
    }
    this.#write("root/var/lib/dpkg/status", "");
    this.#write("root/var/lib/dpkg/available", "");
    this.#write("root/etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
    this.#write("root/etc/group", "root:x:0:\n");
    this.allowSudo(true);
    this.#program(
      "dpkg",
      `case "$1" in --print-architecture) exec /usr/bin/dpkg "$@" ;; esac
exec /usr/bin/dpkg --root=${this.root} --log=/dev/null --force-script-chrootless --force-depends "$@"`,
    );
    for (const key of ["host", "user"]) {
      run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", join(this.folder, key)]);
    }
    this.#write(
      "sshd_config",
      `ListenAddress 127.0.0.1:${this.port}
HostKey ${this.folder}/host
AuthorizedKeysFile ${this.folder}/user.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin yes
SetEnv PATH=${this.folder}/bin:/usr/sbin:/usr/bin:/sbin:/bin DPKG_ROOT=${this.root} TMPDIR=${this.folder}/tmp
`,
    );
    // sshd wants it, which its package's service makes at a start of the machine.
    mkdirSync("/run/sshd", { recursive: true });
    const command = [sshd ?? "sshd", "-D", "-e", "-f", join(this.folder, "sshd_config")];
    this.#server = Bun.spawn(command, { stdout: "ignore", stderr: Bun.file(join(this.folder, "sshd.log")) });
    for (const end = Date.now() + START_TIMEOUT_MS; Date.now() < end; await Bun.sleep(20)) {
      if (readFileSync(join(this.folder, "sshd.log"), "utf8").includes("Server listening")) return;
    }
    throw new Error(`sshd did not start:\n${readFileSync(join(this.folder, "sshd.log"), "utf8")}`);
  }

  allowSudo(allowed: boolean): void {
    const denied = 'echo "sudo: a password is required" >&2; exit 1';
    this.#program("sudo", allowed ? '[ "$1" != -n ] || shift\nexec "$@"' : denied);
  }

  flash(args: readonly string[], status = 0): string {
    const options = {
      Port: String(this.port),
      IdentityFile: join(this.folder, "user"),
      StrictHostKeyChecking: "no",
      UserKnownHostsFile: "/dev/null",
      LogLevel: "ERROR",
    };
    const more = Object.entries(options).flatMap(([name, value]) => ["--ssh-option", `${name}=${value}`]);
    return run([SCRIPT, "--host", `${run(["id", "-un"]).trim()}@127.0.0.1`, ...more, ...args], { status });
  }

  /** What it has left in the folder for what is temporary. */
  get leftovers(): readonly string[] {
    return readdirSync(join(this.folder, "tmp"));
  }

  read(path: string): string {
    return readFileSync(join(this.root, path), "utf8");
  }

  async stop(): Promise<void> {
    this.#server?.kill();
    await this.#server?.exited;
    rmSync(this.folder, { recursive: true, force: true });
  }

  #write(path: string, content: string): void {
    writeFileSync(join(this.folder, path), content);
  }

  #program(name: string, script: string): void {
    this.#write(`bin/${name}`, `#!/bin/sh\n${script}\n`);
    chmodSync(join(this.folder, "bin", name), 0o755);
  }
}

function freePort(): number {
  const server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  server.stop();
  return server.port;
}

describe.skipIf(!able)("a host, by ssh and sudo", () => {
  const host = new SshHost();
  const folder = mkdtempSync(join(tmpdir(), "headwater-flash-host-"));
  const deb = makeDeb(folder, process.arch === "arm64" ? "arm64" : "x64");
  beforeAll(() => host.start());
  afterAll(async () => {
    await host.stop();
    rmSync(folder, { recursive: true });
  });

  test("gets the package installed, with its configuration and its enrolment, and keeps them when it comes again", () => {
    const [config, enrolment] = ["headwater.toml", "enrolment"].map((name) => join(folder, name));
    writeFileSync(config ?? "", 'gateway.id = "plant-3"\n');
    writeFileSync(enrolment ?? "", "a token");
    const said = host.flash(["--deb", deb, "--config", config ?? "", "--enrolment", enrolment ?? ""]);
    expect(said).toContain(`installed into ${host.root}`);
    expect(host.read("usr/lib/headwater/headwater")).toContain("headwater 1.0");
    expect(host.read("etc/headwater/headwater.toml")).toBe('gateway.id = "plant-3"\n');
    expect(host.read("etc/headwater/enrolment")).toBe("a token");
    expect(host.read("var/lib/dpkg/status")).toContain("Status: install ok installed");
    expect(host.read("etc/passwd")).toContain("headwater:");
    host.flash(["--deb", deb]);
    expect(host.read("etc/headwater/headwater.toml")).toBe('gateway.id = "plant-3"\n');
    expect(host.leftovers).toEqual([]);
  }, 60_000);

  test("whose sudo wants a password is told so where nobody can type one, and nothing stays there", () => {
    host.allowSudo(false);
    expect(host.flash(["--deb", deb], 1)).toMatch(/sudo wants a password .*run this in a terminal/);
    expect(host.leftovers).toEqual([]);
    host.allowSudo(true);
  }, 60_000);

  test("whose installation fails says why, and nothing stays there", () => {
    const broken = join(
      folder,
      "broken",
      "headwater_1.0_amd64.deb".replace("amd64", process.arch === "arm64" ? "arm64" : "amd64"),
    );
    mkdirSync(join(folder, "broken"));
    writeFileSync(broken, "no package");
    expect(host.flash(["--deb", broken], 1)).toMatch(/the installation ended with [12]:[\s\S]*dpkg/);
    expect(host.leftovers).toEqual([]);
  }, 60_000);

  test("that nobody can reach is named", () => {
    const said = run([SCRIPT, "--host", "127.0.0.1", "--ssh-option", `Port=${freePort()}`, "--deb", deb], {
      status: 1,
    });
    expect(said).toMatch(
      /headwater: 127\.0\.0\.1: can't be reached: .*refused.*; does 'ssh 127\.0\.0\.1' work/,
    );
    expect(existsSync(host.folder)).toBe(true);
  }, 60_000);
});
