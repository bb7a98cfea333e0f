import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PATH, TOP } from "../../test/arm/hindrance.ts";
import { run } from "../../test/arm/system/guest.ts";
import { freePorts } from "../../test/support/kafka/real-kafka.ts";

/** The machine that a card is in. */
export interface Model {
  readonly name: string;
  readonly processor: "cortex-a53" | "cortex-a76";
  readonly memoryMiB: number;
  readonly pages: "4k" | "16k";
}

export interface Ports {
  readonly ssh: number;
  readonly http: number;
  readonly mqtts: number;
  readonly kafka: number;
}

export interface Answer {
  readonly status: number;
  readonly output: string;
}

const GUEST_PORTS: Ports = { ssh: 22, http: 8080, mqtts: 8883, kafka: 9092 };
const LOOK_MS = 500;
const CONSOLE_BYTES = 1024 * 1024;

/**
 * A machine under emulation that boots a card image, as a gateway would: Debian, systemd, sshd and Headwater's service. Its card
 * outlives power cuts. The network beyond it is this machine, at 10.0.2.2; its doors are forwarded to loopback.
 */
export class CardMachine {
  readonly model: Model;
  readonly ports: Ports;
  readonly #folder: string;
  readonly #sshKey: string;
  #child: Bun.Subprocess<"ignore", "pipe", "pipe"> | null = null;
  #console = "";

  private constructor(model: Model, folder: string, sshKey: string, ports: readonly number[]) {
    this.model = model;
    this.#folder = folder;
    this.#sshKey = sshKey;
    const [ssh = 0, http = 0, mqtts = 0, kafka = 0] = ports;
    this.ports = { ssh, http, mqtts, kafka };
  }

  /** Copies the image, which stays as it is. `sshKey` is the private key of the one that the image lets in. */
  static async create(model: Model, image: string, sshKey: string): Promise<CardMachine> {
    const folder = mkdtempSync(join(tmpdir(), `headwater-${model.name}-`));
    const machine = new CardMachine(model, folder, sshKey, await freePorts(4));
    await run(["cp", "--sparse=always", image, join(folder, "card.img")]);
    return machine;
  }

  /** What its console said since it was switched on, the last of it. */
  get console(): string {
    return this.#console;
  }

  get running(): boolean {
    return this.#child !== null && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Switches it on. `clock` is what its clock shows, as qemu's -rtc takes it; a machine without a battery shows 1970. */
  switchOn(clock = "utc"): void {
    const { processor, memoryMiB, pages } = this.model;
    const kernels = join(TOP, ".cache/arm", `pages-${pages}`);
    const forwards = Object.entries(GUEST_PORTS).map(
      ([door, port]) => `hostfwd=tcp:127.0.0.1:${this.ports[door as keyof Ports]}-:${port}`,
    );
    this.#console = "";
    const child = Bun.spawn(
      [
        [
          "qemu-system-aarch64",
          "-accel",
          "tcg",
          "-M",
          "virt,gic-version=max",
          "-cpu",
          processor,
          "-smp",
          "2",
        ],
        ["-m", String(memoryMiB), "-nodefaults", "-no-reboot", "-display", "none", "-serial", "stdio"],
        ["-kernel", join(kernels, "kernel"), "-initrd", join(kernels, "initrd"), "-rtc", `base=${clock}`],
        [
          "-append",
          "console=ttyAMA0 quiet panic=-1 gateway.root=vda2 systemd.show_status=0 net.ifnames=0 systemd.mask=boot-firmware.mount",
        ],
        ["-drive", `file=${join(this.#folder, "card.img")},format=raw,if=none,id=card,cache=writeback`],
        ["-device", "virtio-blk-pci,drive=card", "-device", "virtio-rng-pci"],
        ["-netdev", `user,id=net,${forwards.join(",")}`, "-device", "virtio-net-pci,netdev=net,romfile="],
      ].flat(),
      { stdin: "ignore", stdout: "pipe", stderr: "pipe", env: { ...process.env, PATH } },
    );
    this.#child = child;
    void this.#collect(child.stdout);
    void this.#collect(child.stderr);
  }

  /** SIGKILL of the machine: what it had not written is lost. */
  async cutPower(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.exited;
    this.#child = null;
  }

  /** Its card goes, unless it is to be `kept`: then where that lies is what this gives. */
  async dispose(kept: boolean): Promise<string> {
    await this.cutPower();
    if (kept) return join(this.#folder, "card.img");
    rmSync(this.#folder, { recursive: true, force: true });
    return "";
  }

  /** Runs a command on it as root, by ssh. Does not throw where that fails: 255 is that nobody answered. */
  async asRoot(script: string, input: Uint8Array | null = null): Promise<Answer> {
    const child = Bun.spawn(
      [
        ["ssh", "-q", "-i", this.#sshKey, "-p", String(this.ports.ssh), "-o", "StrictHostKeyChecking=no"],
        ["-o", "UserKnownHostsFile=/dev/null", "-o", "BatchMode=yes", "-o", "ConnectTimeout=20"],
        ["gateway@127.0.0.1", `sudo sh -c ${quoted(script)}`],
      ].flat(),
      { stdin: input ?? "ignore", stdout: "pipe", stderr: "pipe" },
    );
    const [output, errors] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    return { status: await child.exited, output: output + errors };
  }

  /** The same, for what has to succeed. Throws where it does not. */
  async must(script: string, input: Uint8Array | null = null): Promise<string> {
    const { status, output } = await this.asRoot(script, input);
    if (status !== 0)
      throw new Error(`on ${this.model.name}: ${script}: status ${status}: ${output.slice(-2000)}`);
    return output.trim();
  }

  /** Puts a file of this machine onto it. */
  async put(path: string, target: string, owner = "root:root", mode = "644"): Promise<void> {
    const place = quoted(target);
    await this.must(
      `cat > ${place}.new && chown ${owner} ${place}.new && chmod ${mode} ${place}.new && mv ${place}.new ${place}`,
      readFileSync(path),
    );
  }

  /** GET over HTTP, as JSON where it is. Null where nobody answers. */
  async get(path: string): Promise<{ readonly status: number; readonly body: unknown } | null> {
    try {
      const answer = await fetch(`http://127.0.0.1:${this.ports.http}${path}`, {
        signal: AbortSignal.timeout(10_000),
      });
      const text = await answer.text();
      try {
        return { status: answer.status, body: JSON.parse(text) };
      } catch {
        return { status: answer.status, body: text };
      }
    } catch {
      return null;
    }
  }

  /** Waits until `look` gives something but null, and gives that with the milliseconds it took. Throws after `limitMs`. */
  async until<T>(
    what: string,
    limitMs: number,
    look: () => Promise<T | null>,
  ): Promise<readonly [T, number]> {
    const startMs = performance.now();
    for (;;) {
      const found = await look();
      const tookMs = performance.now() - startMs;
      if (found !== null) return [found, Math.round(tookMs)];
      if (tookMs > limitMs || !this.running) {
        const why = this.running ? `not within ${limitMs / 1000} s` : "the machine ended";
        throw new Error(`${what}: ${why}\n--- its console\n${this.#console.slice(-3000)}`);
      }
      await Bun.sleep(LOOK_MS);
    }
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.#console = (this.#console + decoder.decode(chunk, { stream: true })).slice(-CONSOLE_BYTES);
    }
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
