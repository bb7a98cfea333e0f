/**
 * A site in one terminal: simulated devices, a gateway that takes their readings, and a centre that it carries them
 * to. Shows how they flow, and what to try.
 *
 *     bun scripts/demo.ts [--devices 20] [--rate 2] [--format json|cbor] [--seconds N]
 *
 * The centre is a second Headwater, or with CENTRE=host:port a real Apache Kafka. With --seconds it ends by itself
 * after that time and proves that everything acknowledged is at the centre: exit code 0, or 1 where it is not.
 */
import { existsSync } from "node:fs";
import { relative } from "node:path";
import { parseArgs } from "node:util";
import { DEFAULT_FLEET, Fleet } from "../devices/simulator/fleet.ts";
import { type Expectation, readLedgers, writeLedgers } from "../devices/simulator/ledger.ts";
import { TopicReader, type TopicReaderOptions } from "../devices/simulator/topic-reader.ts";
import { proofText, prove } from "../devices/simulator/verify-command.ts";
import { HeadwaterError } from "../src/base/errors.ts";
import { parseAddress } from "../src/config/address.ts";
import { CentreWatch } from "./demonstration/centre-watch.ts";
import { FigureTaker } from "./demonstration/figures.ts";
import {
  draw,
  type Happening,
  hints,
  picture,
  plainLine,
  type Scene,
  title,
} from "./demonstration/screen.ts";
import { Site } from "./demonstration/site.ts";

const TOPIC = "telemetry";
const DRAW_MS = 500;
const LINE_MS = 2_000;
const STALL_MS = 30_000;
/** How long the centre may take for what is under way when the demo ends. */
const ARRIVAL_MS = 30_000;
const MAX_HAPPENINGS = 100;

interface Wishes {
  readonly devices: number;
  readonly rateHz: number;
  readonly format: "json" | "cbor";
  /** Null until Ctrl-C. */
  readonly seconds: number | null;
  readonly centre: string | null;
}

function wishes(): Wishes {
  const { values } = parseArgs({
    options: {
      devices: { type: "string", default: "20" },
      rate: { type: "string", default: "2" },
      format: { type: "string", default: "json" },
      seconds: { type: "string" },
    },
  });
  const centre = process.env.CENTRE ?? "";
  const fault = centre === "" ? null : parseAddress(centre, "127.0.0.1");
  if (typeof fault === "string") throw new Error(`CENTRE=${centre}: ${fault}; write host:port`);
  if (values.format !== "json" && values.format !== "cbor") throw new Error("--format is json or cbor");
  return {
    devices: positive("devices", values.devices, 1000),
    rateHz: positive("rate", values.rate, 100),
    format: values.format,
    seconds: values.seconds === undefined ? null : positive("seconds", values.seconds, 86_400),
    centre: centre === "" ? null : centre,
  };
}

function positive(name: string, text: string, most: number): number {
  const value = Number(text);
  if (value > 0 && value <= most) return value;
  throw new Error(`--${name} ${text}: write a number up to ${most}`);
}

/** Runs the demo and gives the exit code. */
async function demo(wanted: Wishes): Promise<number> {
  const interrupted = firstSignal();
  const startedMs = performance.now();
  const nowMs = (): number => performance.now() - startedMs;
  const happenings: Happening[] = [];
  const tty = process.stdout.isTTY === true;
  const happened = (text: string): void => {
    happenings.push({ atMs: nowMs(), text });
    if (happenings.length > MAX_HAPPENINGS) happenings.shift();
    if (!tty) console.log(text);
  };
  if (wanted.centre !== null) await expectCentre(wanted.centre);
  console.log("starting a gateway and its centre ...");
  const run = crypto.randomUUID().slice(0, 4);
  const site = await Site.start(`demo-${run}`, wanted.centre, happened);
  // Whatever happens to this process but SIGKILL, nothing of the demo outlives it.
  const atExit = (): void => site.killNow();
  process.once("exit", atExit);
  const [host = "", port = ""] = site.gateway.headwater.mqtt.split(":");
  // At a centre of somebody else the names must not meet those of an earlier demo.
  const prefix = wanted.centre === null ? "device" : `demo-${run}`;
  const { devices, rateHz, format } = wanted;
  const fleet = new Fleet({ ...DEFAULT_FLEET, host, port: Number(port), devices, rateHz, format, prefix });
  const from = readerOptions(site.centreKafka);
  const watch = new CentreWatch(from, (device) => fleet.ledgers.has(device));
  const scene: Scene = {
    site,
    devices,
    rateHz,
    command: command(),
    someDevice: `${prefix}-${Math.min(3, devices - 1)}`,
  };
  fleet.start();
  watch.start();
  const taker = new FigureTaker(site, fleet, watch, nowMs());
  if (tty) process.stdout.write("\x1b[2J");
  else console.log([title(scene), "", ...hints(scene), ""].map((line) => line.replace(/^#/, "")).join("\n"));
  const endMs = wanted.seconds === null ? Number.POSITIVE_INFINITY : nowMs() + wanted.seconds * 1000;
  let stopped = false;
  void interrupted.then(() => {
    stopped = true;
  });
  while (!stopped && nowMs() < endMs) {
    const figures = await taker.take(nowMs());
    const { columns = 120, rows = 40 } = process.stdout;
    if (tty)
      process.stdout.write(
        draw(picture(scene, figures, happenings), { columns, rows }, !process.env.NO_COLOR),
      );
    else console.log(plainLine(figures));
    await Promise.race([Bun.sleep(Math.min(tty ? DRAW_MS : LINE_MS, endMs - nowMs())), interrupted]);
  }
  await fleet.stop();
  const code = stopped ? goodbye(fleet, watch) : await verdict(from, fleet);
  await watch.stop();
  await site.stop();
  process.off("exit", atExit);
  return code;
}

/** Proves that the centre has all that was acknowledged. */
async function verdict(from: TopicReaderOptions, fleet: Fleet): Promise<number> {
  const expected: ReadonlyMap<string, Expectation> = readLedgers(writeLedgers(fleet.ledgers));
  const proof = await prove(from, expected, { waitMs: ARRIVAL_MS, ignoreOthers: true });
  console.log(`\nat the centre\n${proofText(proof)}`);
  return proof.ok ? 0 : 1;
}

function goodbye(fleet: Fleet, watch: CentreWatch): number {
  const { acked } = fleet.totals();
  console.log(
    `\n${acked.toLocaleString("en")} readings acknowledged, ${watch.readings.toLocaleString("en")} seen at the centre; ending`,
  );
  return 0;
}

function readerOptions(kafka: string): TopicReaderOptions {
  const address = parseAddress(kafka, "127.0.0.1");
  if (typeof address === "string") throw new Error(`${kafka}: ${address}`);
  return { bootstrap: [address], topic: TOPIC, isolation: "read_committed", stallMs: STALL_MS };
}

/** A wrong address is said at once; a topic that is not there yet is no fault. */
async function expectCentre(centre: string): Promise<void> {
  try {
    (await TopicReader.open(readerOptions(centre), "latest")).close();
  } catch (error) {
    if (!(error instanceof HeadwaterError) || !error.message.startsWith(`topic ${TOPIC}`)) throw error;
  }
}

/** What one types to call Headwater in this folder, whether or not there is a Bun on the path. */
function command(): string {
  const installed = "node_modules/.bin/bun";
  const bun = existsSync(installed) ? installed : relative(process.cwd(), process.execPath);
  return process.env.HEADWATER_BIN || `${bun} src/main.ts`;
}

/** The second signal ends the process at once. */
function firstSignal(): Promise<void> {
  let signals = 0;
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(signal, () => {
        signals += 1;
        if (signals > 1) process.exit(130);
        resolve();
      });
    }
  });
}

try {
  process.exit(await demo(wishes()));
} catch (error) {
  console.error(`demo: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
