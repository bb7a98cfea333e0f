import { join } from "node:path";

/** A file that the browser loads, made ready to be sent. */
export interface ConsoleFile {
  /** From the top of the site: `/` for the page itself. */
  readonly path: string;
  readonly type: string;
  /** Its content, gzipped, in base64: what a program can carry as a constant. */
  readonly gzipBase64: string;
  readonly etag: string;
  /** Whether its name changes with its content, so that browsers may keep it for good. */
  readonly immutable: boolean;
}

/**
 * Bundles the console. It is imported as a macro: the bundler calls it while the binary is built and puts the answer in
 * its place, and a gateway that runs from source calls it when the page is first asked for. A process of its own does
 * the work, since the bundler that waits for a macro can't bundle something else meanwhile.
 */
export function bundleConsole(): ConsoleFile[] {
  const build = Bun.spawnSync([process.execPath, join(import.meta.dirname, "build.ts")], {
    stdout: "pipe",
    stderr: "pipe",
  });
  if (build.exitCode !== 0) throw new Error(`the console can't be bundled:\n${build.stderr.toString()}`);
  return JSON.parse(build.stdout.toString()) as ConsoleFile[];
}
