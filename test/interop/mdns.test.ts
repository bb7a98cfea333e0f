import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { headwaterCommand } from "../support/headwater.ts";
import { required, ZEROCONF_FOLDER, ZEROCONF_PYTHON, zeroconfMissing } from "./tools.ts";

const LIMIT_MS = 60_000;
/** Two networks in the kernel, with a cable between them and no way out: nothing of this is heard by anybody else. */
const canUnshare = spawnSync("unshare", ["-n", "true"]).status === 0;
const missing = canUnshare ? required(zeroconfMissing()) : "networks of one's own can't be had here";

interface Event {
  readonly event: string;
  readonly name?: string;
  readonly server?: string;
  readonly port?: number;
  readonly addresses?: readonly string[];
  readonly texts?: Readonly<Record<string, string>>;
}

const folder = mkdtempSync(join(tmpdir(), "headwater-mdns-"));
const children: Bun.Subprocess[] = [];
const events: Event[] = [];
/** Holders of the two networks. */
let near: Bun.Subprocess;
let far: Bun.Subprocess;
let browser: Bun.Subprocess<"pipe", "pipe", "inherit">;

function inside(network: Bun.Subprocess, ...command: readonly string[]): string[] {
  return ["nsenter", "--target", String(network.pid), "--net", "--", ...command];
}

function run(network: Bun.Subprocess, text: string): void {
  const [program = "", ...args] = inside(network, ...text.split(" "));
  const done = spawnSync(program, args, { encoding: "utf8" });
  if (done.status !== 0) throw new Error(`${text}: ${done.stderr}`);
}

/** A process of its own network, which it holds as long as it lives. */
async function network(): Promise<Bun.Subprocess> {
  const holder = Bun.spawn(["unshare", "-n", "sleep", "600"], { stdin: "ignore", stdout: "ignore" });
  children.push(holder);
  const own = (pid: number | "self") =>
    spawnSync("readlink", [`/proc/${pid}/ns/net`], { encoding: "utf8" }).stdout;
  while (own(holder.pid) === own("self")) await Bun.sleep(10);
  return holder;
}

function gateway(at: Bun.Subprocess, name: string, ...listens: readonly string[]): Bun.Subprocess {
  const settings = ["mdns.announce=true", "gateway.id=plant-3", "gateway.site=ulm", ...listens];
  const set = settings.flatMap((setting) => ["--set", setting]);
  const command = [...headwaterCommand(), "serve", "--data", join(folder, name), ...set];
  const child = Bun.spawn(inside(at, ...command), { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  children.push(child);
  return child;
}

async function next(wanted: (event: Event) => boolean): Promise<Event> {
  for (const end = Date.now() + LIMIT_MS / 2; Date.now() < end; await Bun.sleep(20)) {
    const found = events.find(wanted);
    if (found !== undefined) return found;
  }
  throw new Error(`it did not come; these did: ${JSON.stringify(events)}`);
}

beforeAll(async () => {
  if (missing !== null) return;
  [near, far] = [await network(), await network()];
  run(near, `ip link add v0 type veth peer name v1 netns ${far.pid}`);
  for (const [at, device, address] of [
    [near, "v0", "10.9.9.1"],
    [far, "v1", "10.9.9.2"],
  ] as const) {
    run(at, "ip link set lo up");
    run(at, `ip addr add ${address}/24 dev ${device}`);
    // Without the wait for others that have the same link-local address.
    run(at, `sysctl -qw net.ipv6.conf.${device}.accept_dad=0`);
    run(at, `ip link set ${device} up`);
    run(at, `ip route add 224.0.0.0/4 dev ${device}`);
  }
  browser = Bun.spawn(inside(far, ZEROCONF_PYTHON, join(ZEROCONF_FOLDER, "browse.py")), {
    ...{ stdin: "pipe", stdout: "pipe", stderr: "inherit" },
  });
  children.push(browser);
  void (async () => {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of browser.stdout) {
      text += decoder.decode(chunk, { stream: true });
      const lines = text.split("\n");
      text = lines.pop() ?? "";
      for (const line of lines) events.push(JSON.parse(line));
    }
  })();
  await next(({ event }) => event === "ready");
}, LIMIT_MS);

afterAll(async () => {
  for (const child of children.toReversed()) child.kill("SIGKILL");
  await Promise.all(children.map(({ exited }) => exited));
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(missing !== null)("python-zeroconf", () => {
  let first: Bun.Subprocess;

  test(
    "finds the doors of a gateway, with their addresses, and none that only the machine itself reaches",
    async () => {
      first = gateway(
        near,
        "first",
        "kafka.listen=0.0.0.0:9092",
        "mqtt.listen=[::]:1883",
        "http.listen=127.0.0.1:8080",
      );
      const mqtt = await next(({ event, name }) => event === "add" && name === "plant-3._mqtt._tcp.local.");
      expect(mqtt).toMatchObject({ server: "headwater-plant-3.local.", port: 1883 });
      expect(mqtt.texts).toMatchObject({ id: "plant-3", site: "ulm", txtvers: "1" });
      expect(mqtt.addresses).toContain("10.9.9.1");
      expect(mqtt.addresses?.some((address) => address.startsWith("fe80::"))).toBe(true);
      const kafka = await next(({ event, name }) => event === "add" && name === "plant-3._kafka._tcp.local.");
      expect(kafka).toMatchObject({ port: 9092 });
      expect(events.filter(({ name }) => name?.includes("_http"))).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    "finds another of the same name under the next one, in spite of rubbish on the link",
    async () => {
      void browser.stdin.write("rubbish\n");
      void browser.stdin.flush();
      await next(({ event }) => event === "sent");
      gateway(far, "second", "kafka.listen=off", "mqtt.listen=10.9.9.2:1883", "http.listen=10.9.9.2:8080");
      const mqtt = await next(
        ({ event, name }) => event === "add" && name === "plant-3 (2)._mqtt._tcp.local.",
      );
      expect(mqtt).toMatchObject({ server: "headwater-plant-3-2.local.", addresses: ["10.9.9.2"] });
      const http = await next(
        ({ event, name }) => event === "add" && name === "plant-3 (2)._http._tcp.local.",
      );
      expect(http.texts).toMatchObject({ path: "/" });
      // The first one is called as it was.
      expect(events.filter(({ event }) => event === "remove")).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    "hears of the end of a gateway that is stopped",
    async () => {
      first.kill("SIGTERM");
      expect(await first.exited).toBe(0);
      await next(({ event, name }) => event === "remove" && name === "plant-3._mqtt._tcp.local.");
      await next(({ event, name }) => event === "remove" && name === "plant-3._kafka._tcp.local.");
      expect(events.filter(({ event, name }) => event === "remove" && name?.includes("(2)"))).toEqual([]);
    },
    LIMIT_MS,
  );
});
