import { formatAddress } from "../../src/config/address.ts";
import { PROFILES } from "../profiles/profiles.ts";
import { type OptionSpec, Options, UsageError } from "./command-line.ts";
import { DEFAULT_FLEET, Fleet, type FleetOptions, type FleetTls, type FleetTotals } from "./fleet.ts";
import { folderTls } from "./fleet-tls.ts";
import { quantile, summaryMs } from "./latencies.ts";
import type { Expectation } from "./ledger.ts";
import { loadLedgers, saveLedgers } from "./ledger-file.ts";
import { EXIT, type Terminal } from "./terminal.ts";

export const RUN_OPTIONS: readonly OptionSpec[] = [
  { name: "mqtt", value: "HOST:PORT", doc: "the gateway's MQTT door; 127.0.0.1:1883" },
  { name: "devices", value: "N", doc: "devices, each with a connection; 10" },
  { name: "rate", value: "HZ", doc: "readings a second and device; 1. 0: as fast as they are acknowledged" },
  { name: "readings", value: "N", doc: "end after N readings of each device" },
  { name: "duration", value: "TIME", doc: "end after that time, as 30s or 5m" },
  { name: "profile", value: "NAME", doc: `mixed (each in turn), ${[...PROFILES.keys()].join(", ")}; mixed` },
  { name: "format", value: "json|cbor", doc: "form of a reading; json" },
  { name: "qos", value: "0|1|2", doc: "MQTT's quality of service; 1. Nothing is acknowledged with 0" },
  { name: "protocol", value: "3.1.1|5", doc: "version of MQTT; 5" },
  { name: "window", value: "N", doc: "readings of a device that may wait for acknowledgement; 20" },
  { name: "prefix", value: "NAME", doc: "devices are NAME-0, NAME-1, ...; device" },
  { name: "ca", value: "FILE", doc: "connect over TLS to a gateway whose certificate is of this authority" },
  { name: "certificates", value: "FOLDER", doc: "each device shows its own: NAME.crt and NAME.key in there" },
  { name: "seed", value: "N", doc: "the same seed makes the same measurements; 1" },
  { name: "ledger", value: "FILE", doc: "keep what was sent and acknowledged; goes on where FILE ends" },
  { name: "json", doc: "progress and totals as a JSON object a line" },
];

const TERMINAL_PROGRESS_MS = 500;
const PROGRESS_MS = 5_000;
const JSON_PROGRESS_MS = 1_000;
const MAX_DEVICES = 10_000;

/** Runs a fleet until its time, its readings or the user ends it; gives the exit code. */
export async function runCommand(args: readonly string[], terminal: Terminal): Promise<number> {
  const options = Options.parse(RUN_OPTIONS, args);
  const fleetOptions = fleetOptionsOf(options);
  const durationMs = options.durationMs("duration");
  const path = options.text("ledger");
  const earlier = path === null ? new Map<string, Expectation>() : loadLedgers(path);
  const fleet = new Fleet(fleetOptions, earlier);
  // A ledger that can't be written is known before the first reading.
  if (path !== null) saveLedgers(path, fleet.ledgers, earlier);
  const json = options.on("json");
  const startedMs = performance.now();
  const elapsedMs = (): number => performance.now() - startedMs;
  const progress = new Progress(fleet, fleetOptions, terminal, json, elapsedMs);
  // Asked for first, so that a signal never comes before there is somebody to save the ledger.
  const interrupted = terminal.interrupted();
  fleet.start();
  const ends: Promise<unknown>[] = [interrupted, fleet.finished()];
  if (durationMs !== null) ends.push(Bun.sleep(durationMs));
  await Promise.race(ends);
  const runMs = elapsedMs();
  await fleet.stop();
  progress.end();
  if (path !== null) saveLedgers(path, fleet.ledgers, earlier);
  const totals = fleet.totals();
  if (json) terminal.out(`${JSON.stringify({ end: true, ...figures(totals, fleetOptions, runMs) })}\n`);
  else terminal.out(totalsText(totals, fleetOptions, runMs, path));
  return exitCode(totals, fleetOptions, terminal);
}

function fleetOptionsOf(options: Options): FleetOptions {
  const address = options.address("mqtt", `${DEFAULT_FLEET.host}:${DEFAULT_FLEET.port}`);
  const prefix = options.text("prefix") ?? DEFAULT_FLEET.prefix;
  if (!/^[\w.-]{1,64}$/.test(prefix)) {
    throw new UsageError(`--prefix ${prefix}: write 1 to 64 letters, digits, '.', '_' and '-'`);
  }
  const profiles = ["mixed", ...PROFILES.keys()];
  const qos = options.choice("qos", ["0", "1", "2"], "1");
  return {
    host: address.host,
    port: address.port,
    devices: options.number("devices", DEFAULT_FLEET.devices, 1, MAX_DEVICES, true),
    rateHz: options.number("rate", DEFAULT_FLEET.rateHz, 0, 1000, false),
    readings: options.number("readings", DEFAULT_FLEET.readings, 1, 1e9, true),
    qos: qos === "0" ? 0 : qos === "1" ? 1 : 2,
    seed: options.number("seed", DEFAULT_FLEET.seed, 0, 0xffff_ffff, true),
    profile: options.choice("profile", profiles, DEFAULT_FLEET.profile),
    format: options.choice("format", ["json", "cbor"], DEFAULT_FLEET.format),
    protocolVersion: options.choice("protocol", ["5", "3.1.1", "4"], "5") === "5" ? 5 : 4,
    window: options.number("window", DEFAULT_FLEET.window, 1, 1000, true),
    prefix,
    tls: tlsOf(options),
  };
}

function tlsOf(options: Options): FleetTls | null {
  const ca = options.text("ca");
  const folder = options.text("certificates");
  if (ca !== null) return folderTls(ca, folder);
  if (folder === null) return null;
  throw new UsageError("--certificates needs --ca FILE: the authority that the gateway's certificate is of");
}

/** Says now and then how it goes: in one line of a terminal, or a line each time. */
class Progress {
  readonly #fleet: Fleet;
  readonly #options: FleetOptions;
  readonly #terminal: Terminal;
  readonly #json: boolean;
  readonly #elapsedMs: () => number;
  readonly #timer: Timer;
  #sentBefore = 0;
  #elapsedBeforeMs = 0;

  constructor(
    fleet: Fleet,
    options: FleetOptions,
    terminal: Terminal,
    json: boolean,
    elapsedMs: () => number,
  ) {
    this.#fleet = fleet;
    this.#options = options;
    this.#terminal = terminal;
    this.#json = json;
    this.#elapsedMs = elapsedMs;
    const everyMs = json ? JSON_PROGRESS_MS : terminal.errIsTerminal ? TERMINAL_PROGRESS_MS : PROGRESS_MS;
    this.#timer = setInterval(() => this.#say(), everyMs);
  }

  end(): void {
    clearInterval(this.#timer);
    if (!this.#json && this.#terminal.errIsTerminal) this.#terminal.err("\r\x1b[K");
  }

  #say(): void {
    const totals = this.#fleet.totals();
    const nowMs = this.#elapsedMs();
    const perSecond = ((totals.sent - this.#sentBefore) * 1000) / (nowMs - this.#elapsedBeforeMs);
    this.#sentBefore = totals.sent;
    this.#elapsedBeforeMs = nowMs;
    if (this.#json) {
      this.#terminal.out(`${JSON.stringify(figures(totals, this.#options, nowMs))}\n`);
      return;
    }
    const line = progressLine(totals, this.#options, nowMs, perSecond);
    this.#terminal.err(this.#terminal.errIsTerminal ? `\r${line}\x1b[K` : `${line}\n`);
  }
}

function progressLine(totals: FleetTotals, options: FleetOptions, nowMs: number, perSecond: number): string {
  const { connected, sent, acked, breaks, lastError } = totals;
  const parts = [
    `${(nowMs / 1000).toFixed(0).padStart(5)} s`,
    `${connected}/${options.devices} connected`,
    `${count(sent)} sent (${perSecond.toFixed(1)}/s)`,
  ];
  if (options.qos > 0) parts.push(`${count(acked)} acknowledged`, `${summaryMs(totals.latenciesMs)}`);
  if (breaks > 0) parts.push(`${breaks} breaks`);
  if (connected === 0 && lastError !== null) parts.push(lastError);
  return parts.join("  ");
}

/** The totals as scripts read them. Latencies are those of the last readings. */
function figures(totals: FleetTotals, options: FleetOptions, elapsedMs: number): object {
  const { latenciesMs, ...rest } = totals;
  return {
    elapsedMs: Math.round(elapsedMs),
    devices: options.devices,
    ...rest,
    ackP50Ms: quantile(latenciesMs, 0.5),
    ackP99Ms: quantile(latenciesMs, 0.99),
  };
}

function totalsText(totals: FleetTotals, options: FleetOptions, runMs: number, path: string | null): string {
  const { sent, acked, skipped, breaks, latenciesMs, faults } = totals;
  const perSecond = ((sent * 1000) / runMs).toFixed(1);
  const lines = [
    `${count(options.devices)} devices sent ${count(sent)} readings in ${(runMs / 1000).toFixed(1)} s (${perSecond}/s)`,
  ];
  if (options.qos > 0) {
    lines.push(`acknowledged   ${count(acked)} of ${count(sent)}`);
    lines.push(`publish → ack  ${summaryMs(latenciesMs)} (last ${latenciesMs.length})`);
  }
  lines.push(`connections    ${count(breaks)} broke; ${count(skipped)} readings skipped meanwhile`);
  if (path !== null) lines.push(`ledger         ${path}`);
  lines.push(...faults.map((fault) => `FAULT          ${fault}`));
  return `${lines.join("\n")}\n`;
}

function exitCode(totals: FleetTotals, options: FleetOptions, terminal: Terminal): number {
  if (totals.sent === 0) {
    const why = totals.lastError === null ? "" : `: ${totals.lastError}`;
    terminal.err(`no device got through to ${formatAddress(options)}${why}\n`);
    return EXIT.unreachable;
  }
  return totals.faults.length > 0 ? EXIT.failed : EXIT.ok;
}

function count(value: number): string {
  return value.toLocaleString("en");
}
