import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TOP } from "../package/headwater.ts";
import { PATH, Refusal } from "./refusal.ts";
import { megabytes, type Payload } from "./setup.ts";

export interface Target {
  /** As ssh takes it: `user@address`, or a name of its configuration. */
  readonly address: string;
  /** Options for ssh's `-o`. */
  readonly sshOptions: readonly string[];
  /** Whether somebody is there whom sudo on the host can ask for a password. */
  readonly terminal: boolean;
}

interface Reply {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** Of ssh itself, not of what it runs. */
const SSH_FAILED = 255;

/**
 * Installs Headwater on a running host by ssh, as a user who may use sudo. What is sent is compared there by its sum.
 * Refuses, with nothing changed, hosts that can't run it.
 */
export async function setUpHost(
  target: Target,
  payload: Payload,
  say: (text: string) => void,
): Promise<void> {
  const host = new Host(target);
  try {
    await install(host, target.address, payload, say);
  } finally {
    await host.close();
  }
}

async function install(
  host: Host,
  address: string,
  payload: Payload,
  say: (text: string) => void,
): Promise<void> {
  say(`asking ${address} what it is`);
  const [architecture = "", hasSystemd = "", folder = ""] = (
    await host.run(
      "dpkg --print-architecture; command -v systemd-sysusers || echo none; umask 077; mktemp -d",
    )
  ).out
    .trim()
    .split("\n");
  if (architecture !== "arm64" && architecture !== "amd64") {
    throw new Refusal(
      address,
      `is for ${architecture || "no Debian"}`,
      "64-bit Debian, Ubuntu or Raspberry Pi OS",
    );
  }
  if (hasSystemd === "none") throw new Refusal(address, "has no systemd", "install it");
  try {
    const files: readonly (readonly [string, Uint8Array | null])[] = [
      ["headwater.deb", payload.deb(architecture)],
      ["headwater.toml", payload.config],
      ["enrolment", payload.enrolment],
      ["install.sh", readFileSync(join(TOP, "scripts/flashing/install.sh"))],
    ];
    for (const [name, bytes] of files) {
      if (bytes === null) continue;
      say(`sending ${name} (${megabytes(bytes.length)})`);
      await host.send(`${folder}/${name}`, bytes);
    }
    say("installing");
    const { status, out, err } = await host.sudo(`sh ${folder}/install.sh ${folder}`);
    if (status !== 0) {
      const why = `${out}${err}`.trim().split("\n").slice(-12).join("\n");
      throw new Refusal(address, `the installation ended with ${status}:\n${why}`, "repair what it names");
    }
    say(out.trim().split("\n").at(-1) ?? "");
  } finally {
    await host.run(`rm -rf '${folder}'`).catch(() => {});
  }
}

/** One connection for all of it, so that whoever logs in with a password types it once. */
class Host {
  readonly #target: Target;
  readonly #folder = mkdtempSync(join(tmpdir(), "headwater-flash-"));

  constructor(target: Target) {
    this.#target = target;
  }

  async close(): Promise<void> {
    await this.#ssh(["-O", "exit"], "", null).catch(() => {});
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Refuses where the host can't be reached or the command fails. */
  async run(command: string): Promise<Reply> {
    const reply = await this.#ssh([], command, null);
    if (reply.status !== 0) {
      throw new Refusal(
        this.#target.address,
        `${command}: ${reply.err.trim()}`,
        "is it Debian, and has it space?",
      );
    }
    return reply;
  }

  async send(path: string, bytes: Uint8Array): Promise<void> {
    const { out, status, err } = await this.#ssh([], `cat > '${path}' && sha256sum '${path}'`, bytes);
    const sum = new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
    if (status === 0 && out.startsWith(sum)) return;
    throw new Refusal(
      this.#target.address,
      `${path} did not arrive: ${err.trim() || "its sum differs"}`,
      "try again",
    );
  }

  /** As root: without a password where that will do, else sudo asks for it on the terminal. */
  async sudo(command: string): Promise<Reply> {
    const quiet = await this.#ssh([], "sudo -n true", null);
    if (quiet.status === 0) return this.#ssh([], `sudo -n ${command}`, null);
    if (this.#target.terminal) return this.#ssh(["-t"], `sudo ${command}`, "terminal");
    throw new Refusal(
      this.#target.address,
      `sudo wants a password (${quiet.err.trim()})`,
      "run this in a terminal, or allow the user sudo without one",
    );
  }

  async #ssh(
    flags: readonly string[],
    command: string,
    input: Uint8Array | "terminal" | null,
  ): Promise<Reply> {
    const ssh = Bun.which("ssh", { PATH });
    if (ssh === null) throw new Refusal("this machine", "has no ssh", "apt-get install openssh-client");
    const { address, sshOptions, terminal } = this.#target;
    const shared = ["ControlMaster=auto", "ControlPersist=60", `ControlPath=${this.#folder}/%C`];
    const options = [...sshOptions, ...(terminal ? [] : ["BatchMode=yes"]), ...shared];
    const stdin =
      input === null ? "ignore" : input === "terminal" ? "inherit" : new Blob([new Uint8Array(input)]);
    const child = Bun.spawn(
      [ssh, ...flags, ...options.flatMap((option) => ["-o", option]), "--", address, command],
      {
        stdin,
        stdout: "pipe",
        stderr: input === "terminal" ? "inherit" : "pipe",
      },
    );
    const err = child.stderr === undefined ? "" : new Response(child.stderr).text();
    const [out, errText, status] = await Promise.all([new Response(child.stdout).text(), err, child.exited]);
    if (status === SSH_FAILED) {
      throw new Refusal(address, `can't be reached: ${errText.trim()}`, `does 'ssh ${address}' work?`);
    }
    return { status, out, err: errText };
  }
}
