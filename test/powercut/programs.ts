import { existsSync } from "node:fs";

/** What the rig calls, and the Debian packages it is in. */
const PROGRAMS: Readonly<Record<string, string>> = {
  "qemu-storage-daemon": "qemu-system-common",
  fusermount3: "fuse3",
  mke2fs: "e2fsprogs",
  losetup: "mount",
  mount: "mount",
  umount: "mount",
};

/** The system's own programs may lie where an ordinary user's PATH does not look. */
const PATH = `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin`;

/** Why there can be no power cuts here, in a sentence, or null. In CI that is a failure: nothing is skipped there. */
export function whyNoPowerCuts(): string | null {
  const why = findHindrance();
  if (why !== null && process.env.CI) throw new Error(`no power cuts in CI: ${why}`);
  return why;
}

function findHindrance(): string | null {
  if (process.platform !== "linux") return "power cuts need Linux";
  if (process.getuid?.() !== 0) return "power cuts need root, for mounts and loop devices";
  const missing = Object.keys(PROGRAMS).filter((name) => Bun.which(name, { PATH }) === null);
  if (missing.length > 0) {
    const packages = [...new Set(missing.map((name) => PROGRAMS[name]))];
    return `power cuts need ${missing.join(", ")} (apt-get install ${packages.join(" ")})`;
  }
  const device = ["/dev/fuse", "/dev/loop-control"].find((path) => !existsSync(path));
  return device === undefined ? null : `power cuts need ${device}`;
}

/** Runs a program to its end. Returns what it printed; throws what it complained of, unless its status is expected. */
export async function run(command: readonly string[], expected: readonly number[] = [0]): Promise<string> {
  const child = Bun.spawn([...command], { stdout: "pipe", stderr: "pipe", env: { ...process.env, PATH } });
  const [out, err, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  if (!expected.includes(status)) throw new Error(`${command.join(" ")}: status ${status}: ${err || out}`);
  return out.trim();
}

/** The same, blocking and without a word of what failed: for tidying up at the end of the process. */
export function runQuietly(command: readonly string[]): void {
  Bun.spawnSync([...command], { stdout: "ignore", stderr: "ignore", env: { ...process.env, PATH } });
}
