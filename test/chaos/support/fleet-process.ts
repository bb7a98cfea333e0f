import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Expectation } from "../../../devices/simulator/ledger.ts";
import { loadLedgers } from "../../../devices/simulator/ledger-file.ts";

const SIMULATOR = resolve(import.meta.dirname, "../../../devices/simulator/main.ts");

export interface FleetPlan {
  readonly mqtt: string;
  readonly devices: number;
  readonly rateHz: number;
  /** Of each device. */
  readonly readings: number;
  readonly prefix: string;
  readonly seed: number;
}

/** What the simulator prints of its totals. */
export interface FleetFigures {
  readonly sent: number;
  readonly acked: number;
  readonly breaks: number;
  readonly skipped: number;
  readonly elapsedMs: number;
  readonly faults: readonly string[];
}

/** A fleet in a process of its own, so that what it costs slows nobody who is tested. */
export class FleetProcess {
  readonly #folder = mkdtempSync(join(tmpdir(), "headwater-fleet-"));
  readonly #ledger = join(this.#folder, "ledger");
  readonly #child: Bun.Subprocess<"ignore", "pipe", "inherit">;
  readonly #done: Promise<FleetFigures>;

  constructor(plan: FleetPlan) {
    const options = {
      mqtt: plan.mqtt,
      devices: plan.devices,
      rate: plan.rateHz,
      readings: plan.readings,
      prefix: plan.prefix,
      seed: plan.seed,
      ledger: this.#ledger,
    };
    const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
    this.#child = Bun.spawn([process.execPath, SIMULATOR, "run", "--json", ...args], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    this.#done = this.#watch();
  }

  /** Resolves once every device has sent all its readings. Rejects where the process fails. */
  finished(): Promise<FleetFigures> {
    return this.#done;
  }

  /** What was sent and acknowledged; there once it has finished. */
  ledger(): ReadonlyMap<string, Expectation> {
    return loadLedgers(this.#ledger);
  }

  async dispose(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.exited;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #watch(): Promise<FleetFigures> {
    const text = await new Response(this.#child.stdout).text();
    const code = await this.#child.exited;
    const last = text.trim().split("\n").at(-1) ?? "";
    if (code !== 0) throw new Error(`the fleet ended with ${code}: ${last}`);
    return JSON.parse(last) as FleetFigures;
  }
}
