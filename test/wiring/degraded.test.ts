import { expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HeadwaterError } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { Listener, ListenOptions, Network, TlsServer } from "../../src/io/network.ts";
import { ManualClock } from "../../src/io/simulated/clock.ts";
import { DOOR_RETRY_MS, PatientNetwork } from "../../src/wiring/patient-network.ts";
import { headwaterCommand, startHeadwater } from "../support/headwater.ts";

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 30_000; Date.now() < deadline; await Bun.sleep(20))
    if (await holds()) return;
  throw new Error("it does not come to be");
}

/** A network whose ports others have. */
class TakenNetwork {
  readonly taken = new Set<number>();
  readonly listening: ListenOptions[] = [];
  closed = 0;
  renewed: TlsServer[] = [];

  listen(options: ListenOptions): Listener {
    if (this.taken.has(options.port)) throw new HeadwaterError("PORT_TAKEN", `port ${options.port} is taken`);
    this.listening.push(options);
    return {
      ...{ host: options.host, port: options.port },
      renew: (tls) => this.renewed.push(tls),
      close: () => {
        this.closed += 1;
      },
    };
  }
}

function patient(taken: TakenNetwork, clock: ManualClock): PatientNetwork {
  return new PatientNetwork(taken as unknown as Network, clock, silentLogger);
}

const LIMITS = { maxQueuedBytes: 1 };
const options = (port: number) =>
  ({ host: "h", port, limits: LIMITS, accept: () => null }) as unknown as ListenOptions;

test("a door whose port is taken opens once it is free, with the certificates of then, and says why meanwhile", async () => {
  const [taken, clock] = [new TakenNetwork(), new ManualClock()];
  taken.taken.add(2);
  const network = patient(taken, clock);
  let opened = 0;
  network.onOpened = () => {
    opened += 1;
  };
  network.listen(options(1));
  const late = network.listen(options(2));
  network.expectOne();
  expect(network.reasons()).toEqual(["port 2 is taken; it is tried every 2 s"]);
  expect([network.isWaiting("h", 2), network.isWaiting("h", 1)]).toEqual([true, false]);
  const tls = { certificate: "new" } as unknown as TlsServer;
  late.renew(tls);
  await clock.advance(3 * DOOR_RETRY_MS);
  expect(taken.listening.map(({ port }) => port)).toEqual([1]);
  taken.taken.clear();
  await clock.advance(DOOR_RETRY_MS);
  expect(taken.listening.at(-1)).toMatchObject({ port: 2, tls });
  expect([opened, network.reasons(), network.isWaiting("h", 2)]).toEqual([1, [], false]);
  late.close();
  expect(taken.closed).toBe(1);
});

test("where no door can be opened the start fails, and what waited is given up", async () => {
  const [taken, clock] = [new TakenNetwork(), new ManualClock()];
  taken.taken.add(1).add(2);
  const network = patient(taken, clock);
  network.listen(options(1));
  network.listen(options(2));
  expect(() => network.expectOne()).toThrow("port 1 is taken");
  expect(network.reasons()).toEqual([]);
  taken.taken.clear();
  await clock.advance(3 * DOOR_RETRY_MS);
  expect(taken.listening).toEqual([]);
});

interface Readiness {
  readonly status: number;
  readonly text: string;
}

async function readiness(http: string): Promise<Readiness> {
  const answer = await fetch(`http://${http}/readyz`);
  return { status: answer.status, text: await answer.text() };
}

test("a gateway whose MQTT port is taken serves Kafka and HTTP, and MQTT once it is free", async () => {
  const other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const folder = mkdtempSync(join(tmpdir(), "headwater-degraded-"));
  const words = ["serve", "--data", folder, "--kafka", "127.0.0.1:0", "--http", "127.0.0.1:0", "-o", "json"];
  const child = Bun.spawn([...headwaterCommand(), ...words, "--mqtt", `127.0.0.1:${other.port}`], {
    stdout: "pipe",
    stderr: "ignore",
  });
  try {
    const { value } = await child.stdout.getReader().read();
    const ready = JSON.parse(Buffer.from(value ?? []).toString()) as Record<string, string>;
    expect(ready).toMatchObject({ ready: true, kafka: expect.any(String) });
    expect(ready.mqtt).toBeUndefined();
    const before = await readiness(ready.http ?? "");
    expect(before.status).toBe(503);
    expect(before.text).toContain(`127.0.0.1:${other.port}`);
    other.stop(true);
    await until(async () => (await readiness(ready.http ?? "")).status === 200);
    const client = await Bun.connect({ hostname: "127.0.0.1", port: other.port, socket: { data() {} } });
    client.end();
  } finally {
    child.kill("SIGTERM");
    await child.exited;
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);

test("a gateway whose HTTP port is taken serves, and HTTP once it is free", async () => {
  const other = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
  const folder = mkdtempSync(join(tmpdir(), "headwater-degraded-"));
  const words = ["serve", "--data", folder, "--kafka", "127.0.0.1:0", "--mqtt", "off", "-o", "json"];
  const http = `127.0.0.1:${other.port}`;
  const child = Bun.spawn([...headwaterCommand(), ...words, "--http", http], {
    stdout: "pipe",
    stderr: "ignore",
  });
  try {
    const { value } = await child.stdout.getReader().read();
    const ready = JSON.parse(Buffer.from(value ?? []).toString()) as Record<string, string>;
    expect(ready).toMatchObject({ ready: true, kafka: expect.any(String) });
    expect(ready.http).toBeUndefined();
    other.stop(true);
    await until(async () => {
      const answer = await readiness(http).catch(() => null);
      return answer?.status === 200;
    });
    const overview = await fetch(`http://${http}/api/overview`);
    expect(overview.status).toBe(200);
  } finally {
    child.kill("SIGTERM");
    await child.exited;
    rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);

test("a gateway starts with a corrupt partition and corrupt topics of its own, says so and serves", async () => {
  const gateway = await startHeadwater({ settings: { "num.partitions": "1" } });
  let failed = true;
  try {
    const produce = async (topic: string): Promise<number> => {
      const child = Bun.spawn([...headwaterCommand(), "produce", topic, "-b", gateway.kafka, "-v", "x"], {
        stdout: "ignore",
        stderr: "ignore",
      });
      return child.exited;
    };
    expect(await produce("a")).toBe(0);
    expect(await gateway.stop()).toBe(0);
    for (const folder of readdirSync(gateway.dataFolder)) {
      if (!/-\d+$/.test(folder) || folder === "__cluster_metadata-0") continue;
      for (const name of readdirSync(join(gateway.dataFolder, folder))) {
        if (!name.endsWith(".log")) continue;
        const path = join(gateway.dataFolder, folder, name);
        writeFileSync(path, new Uint8Array(readFileSync(path).length).fill(0xa5));
      }
    }
    await gateway.restart();
    expect((await readiness(gateway.http)).status).toBe(200);
    expect(gateway.log()).toContain("corrupt records were set aside");
    expect(await produce("a")).toBe(0);
    failed = false;
  } finally {
    await gateway.dispose(failed);
  }
}, 60_000);
