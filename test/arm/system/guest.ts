import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { freePorts } from "../../support/kafka/real-kafka.ts";
import { BINARY, PATH, TOP } from "../hindrance.ts";
import type { Doors } from "../smoke.ts";

const CACHE = resolve(TOP, ".cache/arm");
const DATA_MIB = 256;
const BOOT_TIMEOUT_MS = 180_000;
const READY = /\bready kafka=/;

export interface Machine {
  readonly processor: "cortex-a53" | "cortex-a72" | "cortex-a76";
  readonly memoryMiB: number;
  readonly pages: "4k" | "16k";
}

/** Makes kernels and libraries, unless they are there. */
export async function prepareGuests(): Promise<void> {
  const child = Bun.spawn([join(import.meta.dirname, "prepare-guest")], {
    stdout: "inherit",
    stderr: "inherit",
  });
  if ((await child.exited) !== 0) throw new Error("the emulated gateways could not be prepared");
}

/**
 * An emulated gateway with the arm64 binary as its service, its doors forwarded to ports of this machine. Its data
 * disk outlives power cuts.
 */
export class Guest {
  readonly doors: Doors;
  readonly #machine: Machine;
  readonly #folder: string;
  #child: Bun.Subprocess<"ignore", "pipe", "pipe"> | null = null;
  #console = "";

  private constructor(machine: Machine, folder: string, ports: readonly number[]) {
    this.#machine = machine;
    this.#folder = folder;
    const [kafka = 0, mqtt = 0, http = 0] = ports;
    this.doors = { kafka: `127.0.0.1:${kafka}`, mqtt: `127.0.0.1:${mqtt}`, http: `127.0.0.1:${http}` };
  }

  static async create(machine: Machine): Promise<Guest> {
    const folder = mkdtempSync(join(tmpdir(), "headwater-guest-"));
    const guest = new Guest(machine, folder, await freePorts(3));
    const data = join(folder, "data.img");
    writeFileSync(data, "");
    truncateSync(data, DATA_MIB * 1024 * 1024);
    await run(["mke2fs", "-q", "-t", "ext4", "-F", data]);
    const app = join(folder, "app");
    mkdirSync(app);
    cpSync(BINARY, join(app, "headwater"));
    cpSync(join(CACHE, "lib"), join(app, "lib"), { recursive: true });
    await run([
      "mke2fs",
      "-q",
      "-t",
      "ext4",
      "-O",
      "^has_journal",
      "-d",
      app,
      join(folder, "app.img"),
      "192M",
    ]);
    rmSync(app, { recursive: true });
    return guest;
  }

  /** What it printed since the last boot. */
  get console(): string {
    return this.#console;
  }

  /** Largest resident memory of its service so far, in MiB; 0 before the first look. */
  get residentMiB(): number {
    const sizes = [...this.#console.matchAll(/VmRSS:\s+(\d+) kB/g)].map((match) => Number(match[1]));
    return Math.round(Math.max(0, ...sizes) / 1024);
  }

  /** Returns once the service is ready, with the milliseconds that took. */
  async boot(): Promise<number> {
    const { processor, memoryMiB, pages } = this.#machine;
    const startMs = performance.now();
    const disk = (name: string, id: string, more: string) =>
      `file=${join(this.#folder, name)},format=raw,if=none,id=${id}${more}`;
    const forwards = Object.entries({ kafka: 9092, mqtt: 1883, http: 8080 }).map(
      ([door, port]) => `hostfwd=tcp:${this.doors[door as keyof Doors]}-:${port}`,
    );
    const settings = `HEADWATER_KAFKA_ADVERTISED=${this.doors.kafka}`;
    this.#console = "";
    const child = Bun.spawn(
      [
        ["qemu-system-aarch64", "-accel", "tcg", "-M", "virt,gic-version=max", "-cpu", processor],
        ["-m", String(memoryMiB), "-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio"],
        [
          "-kernel",
          join(CACHE, `pages-${pages}`, "kernel"),
          "-initrd",
          join(CACHE, `pages-${pages}`, "initrd"),
        ],
        ["-append", `console=ttyAMA0 quiet panic=-1 ${settings}`],
        ["-drive", disk("data.img", "data", ",cache=writeback"), "-device", "virtio-blk-pci,drive=data"],
        ["-drive", disk("app.img", "app", ",readonly=on"), "-device", "virtio-blk-pci,drive=app"],
        ["-netdev", `user,id=net,restrict=on,${forwards.join(",")}`],
        ["-device", "virtio-net-pci,netdev=net,romfile=", "-device", "virtio-rng-pci"],
      ].flat(),
      { stdin: "ignore", stdout: "pipe", stderr: "pipe", env: { ...process.env, PATH } },
    );
    this.#child = child;
    void this.#collect(child.stdout);
    void this.#collect(child.stderr);
    while (!READY.test(this.#console)) {
      const over = performance.now() - startMs > BOOT_TIMEOUT_MS;
      if (over || child.exitCode !== null || child.signalCode !== null) {
        await this.cutPower();
        throw new Error(
          `the guest ${over ? "was not ready in time" : "ended"}:\n${this.#console.slice(-4000)}`,
        );
      }
      await Bun.sleep(50);
    }
    return Math.round(performance.now() - startMs);
  }

  /** SIGKILL: what the guest had not flushed is lost. */
  async cutPower(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.exited;
    this.#child = null;
  }

  async dispose(): Promise<void> {
    await this.cutPower();
    if (existsSync(this.#folder)) rmSync(this.#folder, { recursive: true });
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) this.#console += decoder.decode(chunk, { stream: true });
  }
}

/** Runs a program of this machine; throws where it fails. */
export async function run(command: readonly string[]): Promise<void> {
  const child = Bun.spawn([...command], {
    stdout: "ignore",
    stderr: "inherit",
    env: { ...process.env, PATH },
  });
  if ((await child.exited) !== 0) throw new Error(`${command.join(" ")} failed`);
}
