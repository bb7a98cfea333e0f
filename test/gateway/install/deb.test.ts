import { afterAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { headwaterDeb } from "../../../scripts/package/headwater.ts";
import { program, run } from "./programs.ts";

const folder = mkdtempSync(join(tmpdir(), "headwater-deb-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** In place of the program, whose hundred megabytes would only take time. */
const BINARY = new TextEncoder().encode("#!/bin/sh\necho headwater\n");
const EPOCH_SECONDS = 1_800_000_000;

function build(version: string, binary = BINARY): string {
  const path = join(folder, `headwater_${version}.deb`);
  writeFileSync(path, headwaterDeb(binary, "x64", { version, epochSeconds: EPOCH_SECONDS }));
  return path;
}

describe("the package", () => {
  const path = build("1.0");

  test("has the same bytes whenever it is made of the same source", async () => {
    const first = readFileSync(path);
    await Bun.sleep(1100);
    expect(readFileSync(build("1.0")).equals(first)).toBe(true);
    expect(readFileSync(build("1.1")).equals(first)).toBe(false);
  });

  test("is read by Debian's own tools: what it is, what it needs, what is the administrator's", () => {
    const info = run(["dpkg-deb", "--info", path]);
    for (const line of ["Package: headwater", "Version: 1.0", "Architecture: amd64", "systemd"]) {
      expect(info).toContain(line);
    }
    const control = join(folder, "control");
    run(["dpkg-deb", "--control", path, control]);
    expect(readFileSync(join(control, "conffiles"), "utf8")).toBe("/etc/headwater/headwater.toml\n");
    for (const script of ["postinst", "prerm", "postrm"]) {
      expect(statSync(join(control, script)).mode & 0o777).toBe(0o755);
      run(["sh", "-n", join(control, script)]);
    }
  });

  test("unpacks to root's files of one time, with their sums", () => {
    const root = join(folder, "unpacked");
    run(["dpkg-deb", "--extract", path, root]);
    expect(readFileSync(join(root, "usr/lib/headwater/headwater"))).toEqual(Buffer.from(BINARY));
    expect(statSync(join(root, "usr/lib/headwater/headwater")).mode & 0o777).toBe(0o755);
    expect(readlinkSync(join(root, "usr/bin/headwater"))).toBe("../lib/headwater/headwater");
    // What the service starts, and by what that compares the package with the slots of updates.
    run(["sh", "-n", join(root, "usr/lib/headwater/launch")]);
    expect(statSync(join(root, "usr/lib/headwater/launch")).mode & 0o777).toBe(0o755);
    expect(readFileSync(join(root, "usr/lib/headwater/release"), "utf8")).toBe(
      "version 1.0\norder 10000001800000000\nformats 1\n",
    );
    expect(readFileSync(join(root, "etc/headwater/headwater.toml"), "utf8")).toContain(
      '\ndata = "/var/lib/headwater"\n',
    );
    const sums = join(folder, "control-of-sums");
    run(["dpkg-deb", "--control", path, sums]);
    run(["md5sum", "--check", "--quiet", join(sums, "md5sums")], { cwd: root });
    const listed = run(["dpkg-deb", "--contents", path]).trim().split("\n");
    expect(listed.filter((line) => !/ root\/root .* 2027-01-15 /.test(line))).toEqual([]);
  });
});

/** The root of another machine, with what the package's scripts and dpkg look for. */
class Root {
  readonly path = mkdtempSync(join(folder, "root-"));

  constructor() {
    for (const name of ["etc/systemd/system", "var/lib/dpkg/info", "var/lib/dpkg/updates", "tmp"]) {
      mkdirSync(join(this.path, name), { recursive: true });
    }
    for (const name of ["var/lib/dpkg/status", "var/lib/dpkg/available"]) this.write(name, "");
    this.write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
    this.write("etc/group", "root:x:0:\n");
  }

  write(path: string, content: string): void {
    mkdirSync(dirname(join(this.path, path)), { recursive: true });
    writeFileSync(join(this.path, path), content);
  }

  read(path: string): string {
    return readFileSync(join(this.path, path), "utf8");
  }

  has(path: string): boolean {
    return existsSync(join(this.path, path));
  }

  /** Runs dpkg with the package's scripts outside of the root, and what they are told of it. */
  dpkg(args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
    return run(
      [
        "dpkg",
        `--root=${this.path}`,
        `--log=${join(this.path, "dpkg.log")}`,
        "--force-script-chrootless",
        "--force-depends",
        "--force-confold",
        "--force-architecture",
        ...args,
      ],
      { env },
    );
  }
}

describe.skipIf(program("dpkg") === null || process.getuid?.() !== 0)("installed into a root", () => {
  const [old, newer] = [build("1.0"), build("2.0", new TextEncoder().encode("#!/bin/sh\necho newer\n"))];
  const CONFIG = "etc/headwater/headwater.toml";
  const WANTED = "etc/systemd/system/multi-user.target.wants/headwater.service";

  test("makes the user, its folder and its configuration, and is started with the machine", () => {
    const root = new Root();
    root.dpkg(["--install", old]);
    const [, uid = "0", gid = "0"] =
      /^headwater:[^:]*:(\d+):(\d+):.*:\/usr\/sbin\/nologin$/m.exec(root.read("etc/passwd")) ?? [];
    expect(Number(uid)).toBeGreaterThan(0);
    const data = statSync(join(root.path, "var/lib/headwater"));
    expect([data.uid, data.gid, data.mode & 0o777]).toEqual([Number(uid), Number(gid), 0o750]);
    // It reads its configuration, and can't change it.
    for (const [path, mode] of [
      ["etc/headwater", 0o750],
      [CONFIG, 0o640],
    ] as const) {
      const stat = statSync(join(root.path, path));
      expect([path, stat.uid, stat.gid, stat.mode & 0o777]).toEqual([path, 0, Number(gid), mode]);
    }
    expect(readlinkSync(join(root.path, WANTED))).toEndWith("/systemd/system/headwater.service");
    expect(root.dpkg(["--status", "headwater"])).toContain("Status: install ok installed");
  });

  test("an upgrade keeps the changed configuration, what is disabled, and the records; so does a purge keep them", () => {
    const root = new Root();
    root.dpkg(["--install", old]);
    root.write(CONFIG, 'gateway.id = "plant-3"\n');
    root.write("var/lib/headwater/telemetry-0/0.log", "records");
    root.write("var/lib/headwater/slots/a/headwater", "another version");
    rmSync(join(root.path, WANTED));
    root.dpkg(["--install", newer]);
    expect(root.read("usr/lib/headwater/headwater")).toContain("newer");
    expect(root.read(CONFIG)).toBe('gateway.id = "plant-3"\n');
    expect(root.has(WANTED)).toBe(false);
    root.dpkg(["--remove", "headwater"]);
    expect([root.has("usr/bin/headwater"), root.has(CONFIG)]).toEqual([false, true]);
    expect(root.has("var/lib/headwater/slots/a/headwater")).toBe(true);
    root.dpkg(["--purge", "headwater"]);
    expect([root.has(CONFIG), root.has("var/lib/headwater/slots")]).toEqual([false, false]);
    expect(root.read("var/lib/headwater/telemetry-0/0.log")).toBe("records");
  });

  test("a purge takes the records where a file or the environment asks for it", () => {
    for (const ask of ["file", "environment"]) {
      const root = new Root();
      root.dpkg(["--install", old]);
      root.write("var/lib/headwater/telemetry-0/0.log", "records");
      if (ask === "file") root.write("etc/headwater/purge-data", "");
      root.dpkg(["--purge", "headwater"], ask === "file" ? {} : { HEADWATER_PURGE_DATA: "1" });
      expect([ask, root.has("var/lib/headwater"), root.has("etc/headwater")]).toEqual([ask, false, false]);
    }
  });

  test("what was put there before it stays: a configuration and an enrolment of a card that was flashed", () => {
    const root = new Root();
    root.write(CONFIG, 'gateway.id = "plant-9"\n');
    root.write("etc/headwater/enrolment", "secret");
    chmodSync(join(root.path, "etc/headwater/enrolment"), 0o600);
    root.dpkg(["--install", old]);
    expect(root.read(CONFIG)).toBe('gateway.id = "plant-9"\n');
    const stat = statSync(join(root.path, "etc/headwater/enrolment"));
    expect([stat.mode & 0o777, stat.gid > 0]).toEqual([0o640, true]);
  });
});
