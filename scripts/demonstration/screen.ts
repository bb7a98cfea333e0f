import { formatMs, quantile, summaryMs } from "../../devices/simulator/latencies.ts";
import type { Figures } from "./figures.ts";
import type { Site } from "./site.ts";

export interface Happening {
  readonly atMs: number;
  readonly text: string;
}

/** What stays the same while the demo runs. */
export interface Scene {
  readonly site: Site;
  readonly devices: number;
  readonly rateHz: number;
  /** The command that calls Headwater, as one types it. */
  readonly command: string;
  readonly someDevice: string;
}

const MAX_HAPPENINGS = 3;
const BOLD = "\x1b[1m";
const RESET = "\x1b[0m";

/** Draws lines from the top of the screen on, cut to its size. Those that begin with `#` are headings. */
export function draw(
  lines: readonly string[],
  size: { readonly columns: number; readonly rows: number },
  colour: boolean,
): string {
  const shown = lines.slice(0, Math.max(1, size.rows - 1)).map((line) => {
    const heading = line.startsWith("#");
    const text = cut(heading ? line.slice(1) : line, size.columns);
    return heading && colour ? `${BOLD}${text}${RESET}\x1b[K` : `${text}\x1b[K`;
  });
  return `\x1b[H${shown.join("\n")}\n\x1b[J`;
}

/** The whole picture: figures, what happened, what to try. */
export function picture(scene: Scene, figures: Figures, happenings: readonly Happening[]): readonly string[] {
  const news = happenings.slice(-MAX_HAPPENINGS).map(({ atMs, text }) => `  ${clock(atMs)}  ${text}`);
  return [
    `#${title(scene)}   ${clock(figures.atMs)}`,
    "",
    ...table(scene, figures),
    "",
    ...(news.length > 0 ? [...news, ""] : []),
    ...hints(scene),
    "",
    "Ctrl-C ends all of it and removes the data.",
  ];
}

export function title({ site, devices, rateHz }: Scene): string {
  const centre = site.centre === null ? `Kafka at ${site.centreKafka}` : "a second Headwater";
  return `Headwater: ${devices} devices at ${rateHz} Hz → gateway → centre (${centre})`;
}

function table(scene: Scene, figures: Figures): readonly string[] {
  const { perSecond, fleet } = figures;
  const row = (name: string, rate: number, count: number, what: string, facts: readonly string[]): string =>
    `  ${name.padEnd(10)}${rate.toFixed(1).padStart(9)}${whole(count).padStart(12)}   ${what.padEnd(9)}${facts.join(" · ")}`;
  return [
    `  ${"readings".padEnd(10)}${"a second".padStart(9)}${"in all".padStart(12)}`,
    row("sent", perSecond.sent, figures.sent, "devices", [
      `${fleet.connected} of ${scene.devices} connected`,
      `${fleet.breaks} connections broke`,
    ]),
    row("acked", perSecond.acked, figures.acked, "", [`publish → ack ${summaryMs(fleet.latenciesMs)}`]),
    row("stored", perSecond.stored, figures.stored, "gateway", gatewayFacts(scene, figures)),
    row("forwarded", perSecond.forwarded, figures.forwarded, "uplink", uplinkFacts(figures)),
    row("arrived", perSecond.atCentre, figures.atCentre, "centre", centreFacts(scene, figures)),
  ];
}

function gatewayFacts({ site }: Scene, { gateway, gatewayMb }: Figures): readonly string[] {
  if (gateway === null) return ["does not answer"];
  return [
    `pid ${site.gateway.headwater.pid}`,
    memory(gatewayMb),
    `sync ${formatMs(gateway.log.commitMedianMs)}`,
    `connections ${gateway.mqtt?.connections ?? 0} MQTT, ${gateway.kafka?.connections ?? 0} Kafka`,
  ];
}

function uplinkFacts({ gateway }: Figures): readonly string[] {
  const uplink = gateway?.uplinks[0];
  if (uplink === undefined) return ["?"];
  const lag = uplink.lagRecords === null ? "?" : whole(uplink.lagRecords);
  const isWell = uplink.state === "forwarding" || uplink.state === "idle";
  return [
    uplink.state,
    `lag ${lag}`,
    uplink.delivery,
    ...(isWell || uplink.lastError === null ? [] : [uplink.lastError]),
  ];
}

function centreFacts({ site }: Scene, figures: Figures): readonly string[] {
  if (!figures.centreRunning) return ["does not run"];
  const own = site.centre === null ? [] : [`pid ${site.centre.headwater.pid}`, memory(figures.centreMb)];
  return [...own, `device → centre ${summaryMs(figures.centreLatenciesMs)}`];
}

/** Lines to copy into another terminal, with this run's ports. */
export function hints({ site, command, someDevice }: Scene): readonly string[] {
  const { mqtt, kafka, http, pid } = site.gateway.headwater;
  const [host = "", port = ""] = mqtt.split(":");
  const door = `-h ${host} -p ${port}`;
  const centre = site.centreKafka;
  const lines: (readonly [string, string])[] = [
    [`mosquitto_sub ${door} -t 'devices/#' -v`, "what the devices say"],
    [`mosquitto_pub ${door} -q 1 -t devices/me/door -m '{"open":true}'`, "be a device"],
    [`kcat -b ${kafka} -C -t telemetry -o -5 -K ' '`, "the gateway's log"],
    [`kcat -b ${centre} -C -t telemetry -o -5 -K ' '`, "the centre's"],
    [`${command} consume telemetry -b ${kafka} --tail 200 -k ${someDevice}`, "one device"],
    [`${command} consume telemetry -b ${centre} -f '%k %h\\n'`, "at the centre: where it came from"],
    [`${command} uplink status --http ${http}`, "how far it is"],
  ];
  const kills: (readonly [string, string])[] = [
    [`kill -9 ${pid}`, "the gateway: it goes on with its data, nothing acknowledged is lost"],
  ];
  if (site.centre !== null) {
    const doc = "the centre: the gateway keeps what comes in, and carries it on later";
    kills.push([`kill -9 ${site.centre.headwater.pid}`, doc]);
  }
  return [
    "#Try next, in another terminal in this folder",
    ...columns(lines),
    "",
    "#Make it fail",
    ...columns(kills),
  ];
}

/** The figures as a line of a log. */
export function plainLine(figures: Figures): string {
  const { fleet, perSecond, gateway } = figures;
  const memories = [figures.gatewayMb, figures.centreMb].flatMap((mb) => (mb === null ? [] : mb.toFixed(0)));
  return [
    clock(figures.atMs).padStart(6),
    `sent ${whole(figures.sent)} (${perSecond.sent.toFixed(1)}/s)`,
    `acked ${whole(figures.acked)}`,
    `stored ${whole(figures.stored)}`,
    `arrived ${whole(figures.atCentre)}`,
    `lag ${gateway?.uplinks[0]?.lagRecords ?? "?"}`,
    `ack ${twoMs(fleet.latenciesMs)}`,
    `to centre ${twoMs(figures.centreLatenciesMs)}`,
    `RSS ${memories.join(" + ")} MB`,
  ].join("  ");
}

export function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

function columns(rows: readonly (readonly [string, string])[]): readonly string[] {
  const width = Math.max(...rows.map(([left]) => left.length));
  return rows.map(([left, right]) => `  ${left.padEnd(width)}   ${right}`);
}

/** Median and 99th percentile, short. */
function twoMs(ascending: readonly number[]): string {
  return `${formatMs(quantile(ascending, 0.5))} / ${formatMs(quantile(ascending, 0.99))}`;
}

function memory(mb: number | null): string {
  return mb === null ? "RSS ?" : `RSS ${mb.toFixed(0)} MB`;
}

function whole(count: number): string {
  return count.toLocaleString("en");
}

function cut(text: string, columnCount: number): string {
  return text.length > columnCount ? `${text.slice(0, Math.max(0, columnCount - 1))}…` : text;
}
