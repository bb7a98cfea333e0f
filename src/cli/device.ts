import { formatDurationMs } from "../config/units.ts";
import type { DeviceStatus, DevicesAnswer, DeviceUplink } from "../http/devices.ts";
import type { Command, Flag, Input } from "./command.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import { columns } from "./help.ts";
import type { HttpDoor } from "./http/door.ts";
import { atDoor, HTTP_FLAGS } from "./http/flags.ts";
import { fetchDevice, fetchDevices } from "./http/requests.ts";
import { replayCommand } from "./replay.ts";
import type { World } from "./world.ts";

const SECOND_MS = 1000;
/** Characters of a value in the list. */
const VALUE_WIDTH = 32;
/** What is asked for at a time. */
const PAGE = 1_000;
const HEAD = [
  "DEVICE",
  "TOPIC",
  "STATE",
  "LAST SEEN",
  "RECORDS",
  "BYTES",
  "RATE",
  "GAPS",
  "CLIENT",
  "LAST VALUE",
];

const FILTERS: readonly Flag[] = [
  { name: "topic", short: "t", value: "TOPIC", doc: "Those of one topic alone." },
  { name: "prefix", value: "TEXT", doc: "Those whose key begins so." },
  { name: "silent", doc: "Those alone that should have sent something by now." },
];

export const deviceCommand: Command = {
  name: "device",
  summary: "See which devices there are, what they sent, and who is silent",
  commands: [
    {
      name: "ls",
      summary: "List the devices of a running gateway",
      flags: [
        ...FILTERS,
        { name: "limit", short: "n", value: "COUNT", doc: "So many at most; all where left out." },
        ...HTTP_FLAGS,
      ],
      notes: [
        "A device is a key of a topic's records (devices.topics); keys are percent-encoded. RATE is in records a second, of about the last minute. A count with + is of so many at least: earlier records were gone when the registry came to them.",
        "A device is silent that used to send at regular intervals and missed several (devices.silent.factor), or sent nothing for devices.silent.after.ms. The time in which the gateway did not run is nobody's silence. With --silent the exit code is 1 where there are any.",
      ],
      examples: [
        ["headwater device ls --topic telemetry", "who sends, and what came last"],
        ["headwater device ls --silent", "who should have sent, for a check by a script"],
        ["headwater device ls --prefix hall-2 -o json", "all that is known, for programs"],
      ],
      run: atDoor(ls),
    },
    {
      name: "show",
      summary: "Show all that is known of a device",
      positionals: "KEY",
      minPositionals: 1,
      maxPositionals: 1,
      flags: HTTP_FLAGS,
      notes: ["The exit code is 1 where no such device is known, or it is silent."],
      examples: [["headwater device show pump-1", "when it was seen, what it sent, what it lost"]],
      run: atDoor(show),
    },
    {
      name: "lag",
      summary: "Show which devices have records that the centre does not have yet",
      positionals: "[KEY]",
      maxPositionals: 1,
      flags: [
        ...FILTERS,
        { name: "all", doc: "Also those of which everything is at the centre." },
        ...HTTP_FLAGS,
      ],
      notes: [
        "RECORDS and BYTES (of keys and values) are the device's own from the uplink's position on, as they stand in the gateway's log; FOR is the age of the first of them, by its timestamp. A count with + is of so many at least: no more of the log was looked through. With - the centre was not asked yet, or too much was to be looked through. Name the device for a more thorough count.",
        "BEHIND is an estimate for the link: offsets of the partition up to the device's last record, other devices' too, since uplinks carry a partition in its order.",
        "The exit code is 1 where anything waits.",
      ],
      examples: [
        ["headwater device lag", "what an outage holds back"],
        ["headwater device lag pump-1 --all", "whether the centre has all of one device"],
      ],
      run: atDoor(lag),
    },
    {
      ...replayCommand,
      summary: "Read the history of a device",
      positionals: "KEY",
      minPositionals: 1,
      maxPositionals: 1,
      flags: (replayCommand.flags ?? []).filter(({ name }) => name !== "device"),
      notes: ["As headwater replay --device KEY, which says more (headwater replay --help)."],
      examples: [
        [
          "headwater device replay pump-1 -t telemetry --from 1h",
          "one device's last hour, from this gateway",
        ],
      ],
      run: (input, world) =>
        replayCommand.run?.(withDevice(input), world) ?? Promise.reject(new UsageError("no replay")),
    },
  ],
};

async function ls(input: Input, world: World, door: HttpDoor): Promise<number> {
  const limit = limitOf(input);
  const devices = await all(door, input, limit);
  if (input.json) world.out(`${JSON.stringify(devices)}\n`);
  else if (devices.length === 0) world.out(noneText(await fetchDevices(door, "/api/devices?limit=1")));
  else world.out(columns([HEAD, ...devices.map(rowOf)]));
  return input.on("silent") && devices.length > 0 ? EXIT.failed : EXIT.ok;
}

/** Says where devices are looked for, which may be why there are none. */
function noneText({ topics }: DevicesAnswer): string {
  const where =
    topics.length === 0
      ? "no topic is looked at: set devices.topics"
      : `topics that are looked at: ${topics.join(", ")} (devices.topics)`;
  return `no such device is known; ${where}\n`;
}

async function show(input: Input, world: World, door: HttpDoor): Promise<number> {
  const devices = await fetchDevice(door, input.positionals[0] ?? "");
  if (devices.length === 0) {
    world.err(`no device ${JSON.stringify(input.positionals[0])} is known\n`);
    return EXIT.failed;
  }
  if (input.json) world.out(`${JSON.stringify(devices)}\n`);
  else world.out(devices.map((device) => columns(linesOf(device))).join("\n"));
  return devices.some(({ silent }) => silent) ? EXIT.failed : EXIT.ok;
}

async function lag(input: Input, world: World, door: HttpDoor): Promise<number> {
  const [key] = input.positionals;
  const found = key === undefined ? await all(door, input, null, true) : await fetchDevice(door, key);
  const rows = found
    .flatMap((device) => device.uplinks.map((uplink) => ({ ...uplink, device })))
    .filter(({ carried }) => !carried || input.on("all"));
  if (input.json) {
    const shown = rows.map(({ device: { key: name, topic, lastSeen }, ...uplink }) => ({
      ...{ key: name, topic, lastSeen },
      ...uplink,
    }));
    world.out(`${JSON.stringify(shown)}\n`);
  } else if (rows.length === 0) {
    const carriers = found.some(({ uplinks }) => uplinks.length > 0);
    world.out(carriers ? "everything is at the centre\n" : "no uplink carries what these devices send\n");
  } else {
    world.out(
      columns([
        ["DEVICE", "TOPIC", "UPLINK", "STATE", "RECORDS", "BYTES", "FOR", "BEHIND", "LAST SEEN"],
        ...rows.map(({ device, ...uplink }) => [
          ...[device.key, device.topic, uplink.uplink, uplink.carried ? "at the centre" : "waiting"],
          ...waitingCells(uplink),
          ...[String(uplink.offsetsBehind), agoText(device.silentForMs)],
        ]),
      ]),
    );
  }
  return rows.some(({ carried }) => !carried) ? EXIT.failed : EXIT.ok;
}

/** All devices that are asked for, over as many parts as it takes. */
async function all(
  door: HttpDoor,
  input: Input,
  limit: number | null,
  withWaiting = false,
): Promise<readonly DeviceStatus[]> {
  const query = new URLSearchParams();
  if (withWaiting) query.set("waiting", "true");
  const topic = input.value("topic");
  const prefix = input.value("prefix");
  if (topic !== null) query.set("topic", topic);
  if (prefix !== null) query.set("prefix", prefix);
  if (input.on("silent")) query.set("silent", "true");
  query.set("limit", String(Math.min(PAGE, limit ?? PAGE)));
  const devices: DeviceStatus[] = [];
  let path: string | null = `/api/devices?${query}`;
  while (path !== null && (limit === null || devices.length < limit)) {
    const answer = await fetchDevices(door, path);
    devices.push(...answer.devices);
    path = answer.next;
  }
  return limit === null ? devices : devices.slice(0, limit);
}

function limitOf(input: Input): number | null {
  const text = input.value("limit");
  if (text === null) return null;
  if (!/^[1-9]\d{0,6}$/.test(text)) throw new UsageError(`--limit ${text}: write a whole number from 1 on`);
  return Number(text);
}

function rowOf(device: DeviceStatus): readonly string[] {
  const { key, topic, silent, records, bytes, exact, recordsPerSec, gaps, clientId } = device;
  const more = exact ? "" : "+";
  return [
    ...[key, topic, silent ? "SILENT" : "ok", agoText(device.silentForMs)],
    ...[`${records}${more}`, `${bytes}${more}`, recordsPerSec.toFixed(2)],
    ...[gaps === null ? "-" : String(gaps.records), clientId ?? "-", shorten(valueText(device))],
  ];
}

function linesOf(device: DeviceStatus): readonly (readonly string[])[] {
  const { gaps, expectedEveryMs, clientId, address, exact } = device;
  const atLeast = exact ? "" : "at least ";
  const every =
    expectedEveryMs === null ? "not at regular intervals" : `every ${durationText(expectedEveryMs)}`;
  return [
    ["device", device.key],
    ["topic", `${device.topic}, partition ${device.partition}, last offset ${device.lastOffset}`],
    ["state", device.silent ? "SILENT" : "ok"],
    ["first seen", device.firstSeen],
    ["last seen", `${device.lastSeen}, ${agoText(device.silentForMs)} ago`],
    ["sends", `${every}, now ${device.recordsPerSec.toFixed(3)} a second`],
    ["records", `${atLeast}${device.records}, ${device.bytes} bytes`],
    ["last value", `${valueText(device)} (${device.valueBytes} bytes)`],
    ["gaps", gaps === null ? "none" : `${gaps.records} records, the last ${gaps.lastAt}: ${gaps.reason}`],
    ["MQTT client", clientId === null ? "-" : `${clientId}${address === null ? "" : ` from ${address}`}`],
    ...device.uplinks.map((uplink) => [`uplink ${uplink.uplink}`, uplinkText(uplink)]),
  ];
}

function uplinkText(uplink: DeviceUplink): string {
  const { carried, offsetsBehind, waiting, position } = uplink;
  if (carried) return "all of it is at the centre";
  if (position < 0) return "not known yet: the centre was not asked";
  const behind = `the link is ${offsetsBehind} offsets of the partition before its last record`;
  if (waiting === null) return `waiting; ${behind}`;
  const { records, bytes, forMs, exact } = waiting;
  const age = forMs === null ? "" : `, the first for ${agoText(forMs)}`;
  return `${exact ? "" : "at least "}${records} records wait, ${bytes} bytes${age}; ${behind}`;
}

/** Records, bytes and seconds. */
function waitingCells({ carried, waiting }: DeviceUplink): readonly string[] {
  if (carried) return ["0", "0", "-"];
  if (waiting === null) return ["-", "-", "-"];
  const { records, bytes, forMs, exact } = waiting;
  const more = exact ? "" : "+";
  return [`${records}${more}`, `${bytes}${more}`, forMs === null ? "-" : agoText(forMs)];
}

function valueText({ value, valueBase64 }: DeviceStatus): string {
  if (valueBase64 !== undefined) return `base64:${valueBase64}`;
  // What a device sends must not steer the terminal.
  return value === null ? "none" : value.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, " ");
}

function shorten(text: string): string {
  return text.length <= VALUE_WIDTH ? text : `${text.slice(0, VALUE_WIDTH - 1)}…`;
}

function agoText(durationMs: number): string {
  return durationText(Math.floor(durationMs / SECOND_MS) * SECOND_MS);
}

function durationText(durationMs: number): string {
  return durationMs === 0 ? "0s" : formatDurationMs(durationMs);
}

/** As if the key had been an option. */
function withDevice(input: Input): Input {
  const own: Input = {
    positionals: [],
    json: input.json,
    value: (name) => (name === "device" ? (input.positionals[0] ?? null) : input.value(name)),
    values: (name) => (name === "device" ? input.positionals : input.values(name)),
    on: (name) => input.on(name),
  };
  return own;
}
