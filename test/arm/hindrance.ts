import { existsSync } from "node:fs";
import { resolve } from "node:path";

export const TOP: string = resolve(import.meta.dirname, "../..");
export const BINARY: string = resolve(TOP, "dist/headwater-linux-arm64");

/** The system's own programs may lie where an ordinary user's PATH does not look. */
export const PATH = `${process.env.PATH}:/usr/local/sbin:/usr/sbin:/sbin`;

/**
 * Why the arm64 binary can't run here, in a sentence, or null. `programs` has each with its Debian package, `files`
 * likewise. In CI it is a failure: nothing is skipped there.
 */
export function whyNoArm(
  programs: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
): string | null {
  const missing = [
    ...Object.entries(programs).filter(([name]) => Bun.which(name, { PATH }) === null),
    ...Object.entries(files).filter(([path]) => !existsSync(path)),
  ];
  const packages = [...new Set(missing.map(([, name]) => name))].join(" ");
  const why = !existsSync(BINARY)
    ? "dist/headwater-linux-arm64 is missing: ./scripts/build arm64"
    : missing.length > 0
      ? `${missing.map(([name]) => name).join(", ")} missing: apt-get install ${packages}`
      : null;
  if (why !== null && process.env.CI) throw new Error(`no arm64 in CI: ${why}`);
  return why;
}
