import { describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const TOP = resolve(import.meta.dirname, "../..");
const TIMEOUT_MS = 60_000;

/** The demo in a process of its own, with a folder of its own for temporary files. */
class Demo implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "headwater-demo-test-"));
  readonly child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  printed = "";
  readonly #collected: Promise<unknown>;

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.child = Bun.spawn([process.execPath, join(TOP, "scripts/demo.ts"), ...args], {
      cwd: TOP,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
      env: { ...process.env, CENTRE: "", TMPDIR: this.folder, ...env },
    });
    this.#collected = Promise.all([this.#collect(this.child.stdout), this.#collect(this.child.stderr)]);
  }

  async ended(): Promise<number> {
    const code = await this.child.exited;
    await this.#collected;
    return code;
  }

  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const found = pattern.exec(this.printed);
      if (found !== null) return found;
      if (this.child.exitCode !== null) throw new Error(`the demo ended:\n${this.printed}`);
      await Bun.sleep(20);
    }
  }

  /** Processes that it has started, as it says how to kill them. */
  get pids(): readonly number[] {
    return [...this.printed.matchAll(/kill -9 (\d+)/g)].map(([, pid]) => Number(pid));
  }

  expectNothingLeft(): void {
    expect(this.pids).toHaveLength(2);
    expect(this.pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
    expect(readdirSync(this.folder)).toEqual([]);
  }

  [Symbol.dispose](): void {
    this.child.kill("SIGTERM");
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) this.printed += decoder.decode(chunk, { stream: true });
  }
}

describe("the demo", () => {
  test(
    "proves after its time that the centre has every reading, with both killed meanwhile",
    async () => {
      using demo = new Demo(["--seconds", "6", "--devices", "10", "--rate", "5"]);
      await demo.until(/arrived [1-9]/);
      for (const pid of demo.pids) process.kill(pid, "SIGKILL");
      await demo.until(/centre .*served again/);
      await demo.until(/gateway .*served again/);
      expect(await demo.ended()).toBe(0);
      expect(demo.printed).toMatch(/acknowledged +[1-9]\d+ +readings of 10 devices/);
      expect(demo.printed).toContain("OK: every acknowledged reading is there exactly once");
      const running = [...demo.printed.matchAll(/served again .*pid (\d+)/g)].map(([, pid]) => Number(pid));
      expect(running.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
      demo.expectNothingLeft();
    },
    TIMEOUT_MS,
  );

  test(
    "ends with Ctrl-C and leaves nothing",
    async () => {
      using demo = new Demo([]);
      await demo.until(/acked [1-9]/);
      demo.child.kill("SIGINT");
      expect(await demo.ended()).toBe(0);
      expect(demo.printed).toMatch(/\d+ readings acknowledged, \d+ seen at the centre/);
      demo.expectNothingLeft();
    },
    TIMEOUT_MS,
  );

  test.each([
    [["--rate", "fast"], {}, /--rate fast: write a number/],
    [["--sceonds", "5"], {}, /--sceonds/],
    [[], { CENTRE: "nobody" }, /CENTRE=nobody: .*write host:port/],
    [[], { CENTRE: "127.0.0.1:1" }, /no broker answers/],
  ] as const)(
    "refuses %p %p",
    async (args, env, message) => {
      using demo = new Demo(args, env);
      expect(await demo.ended()).toBe(1);
      expect(demo.printed).toMatch(message);
      expect(readdirSync(demo.folder)).toEqual([]);
    },
    TIMEOUT_MS,
  );
});
