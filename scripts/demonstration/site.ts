import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Headwater, type HeadwaterOptions, startHeadwater } from "../../test/support/headwater.ts";

/** How often a process is looked after. */
const WATCH_MS = 100;
/** How long to wait after a start that failed. */
const AGAIN_MS = 2_000;

/** A Headwater that is started again when it ends, as systemd would. */
export class Supervised {
  readonly name: string;
  readonly headwater: Headwater;
  readonly #onEvent: (text: string) => void;
  readonly #timer: Timer;
  #restarting = false;
  #stopping = false;

  private constructor(name: string, headwater: Headwater, onEvent: (text: string) => void) {
    this.name = name;
    this.headwater = headwater;
    this.#onEvent = onEvent;
    this.#timer = setInterval(() => void this.#watch(), WATCH_MS);
  }

  static async start(
    name: string,
    options: HeadwaterOptions,
    onEvent: (text: string) => void,
  ): Promise<Supervised> {
    return new Supervised(name, await startHeadwater({ ...options, detached: true }), onEvent);
  }

  get running(): boolean {
    return this.headwater.running && !this.#restarting;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#timer);
    while (this.#restarting) await Bun.sleep(WATCH_MS);
    await this.headwater.stop();
  }

  /** For when there is no time for anything else. */
  killNow(): void {
    this.#stopping = true;
    if (this.headwater.running) process.kill(this.headwater.pid, "SIGKILL");
  }

  async #watch(): Promise<void> {
    if (this.#restarting || this.#stopping || this.headwater.running) return;
    this.#restarting = true;
    const ended = this.headwater.pid;
    const startedMs = performance.now();
    try {
      await this.headwater.restart();
      const seconds = ((performance.now() - startedMs) / 1000).toFixed(2);
      this.#onEvent(
        `${this.name} (pid ${ended}) ended; served again after ${seconds} s, pid ${this.headwater.pid}`,
      );
    } catch (error) {
      const why = error instanceof Error ? error.message.trim().split("\n").at(-1) : String(error);
      this.#onEvent(`${this.name} (pid ${ended}) ended and does not start: ${why}`);
      await Bun.sleep(AGAIN_MS);
    }
    this.#restarting = false;
  }
}

/** All processes and folders of the demo. */
export class Site {
  readonly gateway: Supervised;
  /** Null where the centre is a Kafka of somebody else. */
  readonly centre: Supervised | null;
  /** `host:port` of the centre. */
  readonly centreKafka: string;
  readonly #folder: string;

  private constructor(folder: string, gateway: Supervised, centre: Supervised | null, centreKafka: string) {
    this.#folder = folder;
    this.gateway = gateway;
    this.centre = centre;
    this.centreKafka = centreKafka;
  }

  /** Starts a centre, unless there is one, and a gateway that forwards to it. */
  static async start(
    gatewayId: string,
    existingCentre: string | null,
    onEvent: (text: string) => void,
  ): Promise<Site> {
    const folder = mkdtempSync(join(tmpdir(), "headwater-demo-"));
    let centre: Supervised | null = null;
    try {
      if (existingCentre === null) {
        const options = { dataFolder: join(folder, "centre"), settings: { "gateway.id": "centre" } };
        centre = await Supervised.start("centre", options, onEvent);
      }
      const centreKafka = existingCentre ?? centre?.headwater.kafka ?? "";
      const settings = {
        "gateway.id": gatewayId,
        "uplink.centre.bootstrap": centreKafka,
        // Nobody should have to wait in a demo: the default is made for links that are down for hours.
        "uplink.centre.retry.backoff.max.ms": "2s",
      };
      const options = { dataFolder: join(folder, "gateway"), settings };
      const gateway = await Supervised.start("gateway", options, onEvent);
      return new Site(folder, gateway, centre, centreKafka);
    } catch (error) {
      await centre?.stop();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.gateway.stop();
    await this.centre?.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Leaves nothing behind without waiting for anybody. */
  killNow(): void {
    this.gateway.killNow();
    this.centre?.killNow();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
