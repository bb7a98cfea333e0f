import { HeadwaterError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { isLoopback } from "../config/address.ts";
import type { Settings } from "../config/options.ts";
import type { Source } from "../config/problem.ts";
import type { Addresses } from "../http/status.ts";
import { SystemClock } from "../io/bun/clock.ts";
import { openJournal } from "../io/bun/journal.ts";
import { releaseProgramPages } from "../io/bun/program-pages.ts";
import type { Timer } from "../io/clock.ts";
import { LogOutput } from "../metrics/log-output.ts";
import type { Command, Input } from "./command.ts";
import { EXIT, exitCodeOf } from "./exit-codes.ts";
import { configFile, effectiveSettings, SETTING_FLAGS, settingsWith } from "./settings.ts";
import type { RunningBroker, World } from "./world.ts";

export const serveCommand: Command = {
  name: "serve",
  summary: "Run a gateway until it is told to stop",
  flags: SETTING_FLAGS,
  notes: [
    "When everything serves, one line goes to standard output: ready kafka=HOST:PORT mqtt=HOST:PORT http=HOST:PORT mqttWebSocket=HOST:PORT mqttTls=HOST:PORT mqttWebSocketTls=HOST:PORT kafkaTls=HOST:PORT httpTls=HOST:PORT (doors that are off are left out), or with -o json one object. The log goes to standard error; where systemd has that in its journal, to the journal, with fields (journalctl -o verbose).",
    "SIGHUP has the configuration read again, and takes over what a running gateway can (headwater config reload says which); a file that is wrong changes nothing. Users, rules and certificates are read again, too; so does a change of their files, some seconds later. Connections go on, but of those who are no longer let in.",
    "SIGTERM and SIGINT drain and leave the marker of a clean shutdown; a second one ends the process at once. Nothing that was acknowledged is lost either way.",
  ],
  examples: [
    ["headwater serve --data /var/lib/headwater", "Kafka on 127.0.0.1:9092, MQTT on 1883, HTTP on 8080"],
    [
      "headwater serve --config gateway.toml --set log.level=debug",
      "settings from a file, one of them changed",
    ],
    ["headwater serve --kafka 0.0.0.0:9092 --mqtt 0.0.0.0:1883 --http off", "reachable from the network"],
  ],
  run: serve,
};

/** By then a start has used what it uses, and its first clients have come. */
const STARTED_MS = 1_000;
/** Beyond shutdown.timeout.ms: what closing files may take before the process ends without waiting. */
const CLOSE_GRACE_MS = 15_000;

const HOW_TO_GO_ON =
  "open to programs on this machine alone; headwater init opens it to others, over TLS, and headwater enrol makes it a gateway of a centre";

async function serve(input: Input, world: World): Promise<number> {
  const { settings, sources, warnings } = effectiveSettings(input, world);
  const clock = new SystemClock();
  const output = logOutput(settings, world, clock);
  const { logger } = output;
  world.onBug((error) =>
    logger.error("A bug in Headwater ended the gateway; the next start recovers", { error }),
  );
  for (const warning of warnings) logger.warn(warning);
  const interrupted = world.interrupted();
  let started: Timer | null = null;
  try {
    const running = await world.runBroker(settings, logger, sources, {
      read: () => effectiveSettings(input, world),
      file: configFile(input, world),
      check: (text) => settingsWith(input, world, text),
      took: (now) => output.setLevel(now["log.level"]),
    });
    world.onHangup(() => reload(running));
    world.out(readyLine(running.addresses, input.json));
    if (isUnconfigured(settings, sources)) logger.info(HOW_TO_GO_ON);
    started = clock.after(STARTED_MS, () => releaseProgramPages());
    return await untilStopped(running, interrupted, settings, logger, clock);
  } catch (error) {
    // The command line's own handler prints the message; the log keeps where it came from.
    if (error instanceof HeadwaterError) logger.error("the gateway can't serve", { error, code: error.code });
    else logger.error("the gateway failed", { error });
    return exitCodeOf(error);
  } finally {
    started?.cancel();
    output.close();
  }
}

/** Whether nobody has said yet what this gateway is to be: a file says at most where the records are, and nobody else can reach it. */
function isUnconfigured(settings: Settings, sources: ReadonlyMap<string, Source>): boolean {
  if ([...sources].some(([key, { kind }]) => kind === "file" && key !== "data")) return false;
  const doors = [
    ...([settings["kafka.listen"], settings["mqtt.listen"], settings["mqtt.websocket.listen"]] as const),
    ...([settings["http.listen"], settings["http.tls.listen"], settings["kafka.tls.listen"]] as const),
    ...([settings["mqtt.tls.listen"], settings["mqtt.websocket.tls.listen"]] as const),
  ];
  return doors.every((door) => door === "off" || isLoopback(door.host));
}

/** Why a configuration can't be taken is in the log. */
function reload(running: RunningBroker): void {
  try {
    running.reload();
  } catch (error) {
    if (!(error instanceof HeadwaterError)) throw error;
  }
}

const DOORS = [
  "kafka",
  "mqtt",
  "http",
  "mqttWebSocket",
  "mqttTls",
  "mqttWebSocketTls",
  "kafkaTls",
  "httpTls",
] as const;

/** The line that says that everything serves, and where. */
export function readyLine(addresses: Addresses, json: boolean): string {
  if (json) return `${JSON.stringify({ ready: true, ...addresses })}\n`;
  const doors = DOORS.flatMap((door) => {
    const address = addresses[door];
    return address === undefined ? [] : [` ${door}=${address}`];
  });
  return `ready${doors.join("")}\n`;
}

async function untilStopped(
  running: RunningBroker,
  interrupted: Promise<string>,
  settings: Settings,
  logger: Logger,
  clock: SystemClock,
): Promise<number> {
  const restarts = running.restarts?.then((reason) => ({ reason }));
  const ended = await Promise.race([
    running.failed,
    interrupted,
    ...(restarts === undefined ? [] : [restarts]),
  ]);
  if (ended instanceof Error) {
    logger.error("the gateway can't go on", { error: ended });
    // Nothing more can be made durable: closing in order could only pretend to.
    return exitCodeOf(ended);
  }
  if (typeof ended === "string") logger.info("stopping", { signal: ended });
  else logger.info("stopping, to be started again", ended);
  const limitMs = settings["shutdown.timeout.ms"] + CLOSE_GRACE_MS;
  let timer: { cancel(): void } | null = null;
  const late = new Promise<"late">((resolve) => {
    timer = clock.after(limitMs, () => resolve("late"));
  });
  const outcome = await Promise.race([running.stop().then(() => "stopped" as const), late, running.failed]);
  (timer as { cancel(): void } | null)?.cancel();
  if (outcome === "stopped") {
    logger.info("stopped");
    return typeof ended === "string" ? EXIT.ok : EXIT.restart;
  }
  if (outcome === "late") {
    logger.error("the gateway did not stop in time and is ended; the next start recovers", { limitMs });
    return EXIT.failed;
  }
  logger.error("the gateway failed while it stopped; the next start recovers", { error: outcome });
  return exitCodeOf(outcome);
}

function logOutput(settings: Settings, world: World, clock: SystemClock): LogOutput {
  const format = settings["log.format"];
  const isAuto = format === "auto";
  const journal = isAuto || format === "journal" ? openJournal(world.env, !isAuto) : null;
  const unlessJournal = isAuto ? (world.errIsTerminal ? "human" : "json") : format;
  return new LogOutput({
    clock,
    level: settings["log.level"],
    format: journal === null ? unlessJournal : "journal",
    journal,
    colour: world.errIsTerminal && !world.env.NO_COLOR,
    write: world.err,
  });
}
