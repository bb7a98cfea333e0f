import { closeSync, fsyncSync, renameSync, rmSync, writeSync } from "node:fs";
import { zstdCompressSync } from "node:zlib";
import { HeadwaterError } from "../base/errors.ts";
import { formatAddress } from "../config/address.ts";
import type { Settings } from "../config/options.ts";
import { TAR_END, tarHeader, tarPadding } from "../io/tar.ts";
import type { Command, Input } from "./command.ts";
import { allFindings } from "./doctor.ts";
import { openDraft } from "./draft-file.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import type { HttpDoor } from "./http/door.ts";
import { LOGIN_FLAGS, withDoor } from "./http/flags.ts";
import { sizeText } from "./progress.ts";
import { SETTING_FLAGS } from "./settings.ts";
import { configParts } from "./support-bundle/config-parts.ts";
import { folderParts } from "./support-bundle/folder-listing.ts";
import { type GatewayCollected, gatewayParts } from "./support-bundle/gateway-parts.ts";
import { hostParts } from "./support-bundle/host-facts.ts";
import { journalPart } from "./support-bundle/journal.ts";
import { knownSecrets } from "./support-bundle/known-secrets.ts";
import { Mask, type MaskBug } from "./support-bundle/mask.ts";
import { type Collected, type Lack, type Part, whyOf } from "./support-bundle/part.ts";
import type { World } from "./world.ts";

/** Centres that don't answer take their time one after the other. */
const DOCTOR_TIMEOUT_MS = 60_000;
const DEFAULT_UNIT = "headwater";

export const supportBundleCommand: Command = {
  name: "support-bundle",
  summary: "Gather what somebody who helps needs into one file, without secrets",
  flags: [
    ...SETTING_FLAGS.filter(({ name }) => name === "data" || name === "config" || name === "set"),
    {
      name: "http",
      value: "HOST:PORT",
      doc: "HTTP door of the gateway, or https://HOST:PORT; found by the settings where left out.",
    },
    ...LOGIN_FLAGS,
    { name: "file", short: "f", value: "FILE|-", doc: "Where to: a .tar.zst; - is standard output." },
    { name: "with-devices", doc: "Name devices, MQTT clients and users; else numbers stand for them." },
    { name: "measure", doc: "Let doctor write to the disk, to say how long a synced append takes." },
    { name: "unit", value: "NAME", doc: `Unit whose journal is taken; ${DEFAULT_UNIT} where left out.` },
  ],
  notes: [
    "Version, settings as config print shows them, health with reasons, status, metrics, topics, uplinks, storage, what doctor finds, names, sizes and times of the files of the data folder, the newest lines of the journal, kernel, system and control group. Of a gateway that is down, what its folder and its configuration say. What could not be had is named in README.txt, and here.",
    "Not in it: passwords, keys, what is kept of passwords, records. Texts that came from outside are left out of log lines. All is searched once more for every secret that this user can read. It does name hosts, addresses, topics, groups and paths, and a name of a device that no list has can stand in a text: look into it before it goes to somebody.",
    "Run it on the gateway, as its user or root. As doctor does, it logs in to the centre of each uplink.",
  ],
  examples: [
    [
      "headwater support-bundle --config /etc/headwater/headwater.toml --file gateway.tar.zst",
      "on the gateway, running or not",
    ],
    ["tar --zstd -xOf gateway.tar.zst --wildcards '*/README.txt'", "what is in it, and what is not"],
  ],
  run: async (input, world) => {
    const to = input.value("file");
    if (to === null) throw new UsageError("--file is missing: name a file, or - for standard output");
    const bundle = await supportBundle(input, world);
    if (to === "-") world.out(bundle.bytes);
    else writeWhole(to, bundle.bytes);
    tell(input, world, to, bundle);
    return EXIT.ok;
  },
};

/** What a test leaves out of the care that is taken, to see that it would notice. */
export interface BundleBug extends MaskBug {
  readonly showsValues?: boolean;
}

export interface SupportBundle {
  /** A tar, compressed with zstd. */
  readonly bytes: Uint8Array;
  readonly files: readonly string[];
  readonly lacks: readonly Lack[];
  /** Places where a secret was taken out. */
  readonly hiddenSecrets: number;
}

/** Gathers all that can be had, and masks it. Throws UsageError. */
export async function supportBundle(input: Input, world: World, bug: BundleBug = {}): Promise<SupportBundle> {
  const withDevices = input.on("with-devices");
  const config = configParts(withoutUrl(input), world);
  const { settings, configText } = config;
  const [gateway, findings] = await asked(input, world, settings, bug);
  const collected: readonly Collected[] = [
    config,
    gateway,
    findings,
    folderParts(settings.data),
    { parts: hostParts(settings.data), lacks: [] },
    await journalPart(input.value("unit") ?? DEFAULT_UNIT, world.env.PATH, withDevices),
  ];
  const secrets = knownSecrets({ settings, configText, env: world.env, set: input.values("set") });
  const mask = new Mask(secrets, withDevices ? null : gateway.names, bug);
  const parts = collected.flatMap((one) => one.parts);
  const lacks = collected.flatMap((one) => one.lacks);
  const files = parts.map((part) => [part.name, masked(part, mask)] as const);
  const readme: Part = {
    name: "README.txt",
    kind: "text",
    text: readmeText(world, parts, lacks, withDevices),
  };
  const all = [[readme.name, masked(readme, mask)] as const, ...files];
  return {
    bytes: packed(folderName(settings), all),
    files: all.map(([name]) => name),
    lacks: lacks.map(({ what, why }) => ({ what, why: mask.secrets(mask.names(why)) })),
    hiddenSecrets: mask.hiddenSecrets,
  };
}

/** The option names a door; only a plain address can be the setting of that name, too. */
function withoutUrl(input: Input): Input {
  const isUrl = input.value("http")?.includes("://") === true;
  return isUrl ? { ...input, value: (name) => (name === "http" ? null : input.value(name)) } : input;
}

/** What the gateway says, and what doctor finds, who asks it, too. */
async function asked(
  input: Input,
  world: World,
  settings: Settings,
  bug: BundleBug,
): Promise<readonly [GatewayCollected, Collected]> {
  const listen = settings["http.listen"];
  const writes = input.on("measure");
  const address = input.value("http") ?? (listen === "off" ? null : formatAddress(listen));
  if (address === null) {
    const lack = { what: "the running gateway", why: "http.listen is off: nobody can ask it" };
    const nothing = { parts: [], lacks: [lack], names: new Set<string>() };
    return [nothing, await doctorCollected(settings, writes, null)];
  }
  const withDevices = input.on("with-devices");
  return await withDoor(address, input, world, async (door) => {
    const gateway = await gatewayParts(door, withDevices, bug.showsValues === true);
    return [gateway, await doctorCollected(settings, writes, door)] as const;
  });
}

async function doctorCollected(
  settings: Settings,
  writes: boolean,
  door: HttpDoor | null,
): Promise<Collected> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tooLong = new Promise<never>((_, reject) => {
    const why = `it was not done within ${DOCTOR_TIMEOUT_MS / 1000} s`;
    timer = setTimeout(() => reject(new HeadwaterError("TIMED_OUT", why)), DOCTOR_TIMEOUT_MS);
  });
  try {
    const findings = await Promise.race([allFindings(settings, writes, door), tooLong]);
    return { parts: [{ name: "doctor.json", kind: "facts", value: findings }], lacks: [] };
  } catch (error) {
    return { parts: [], lacks: [{ what: "doctor.json", why: whyOf(error) }] };
  } finally {
    clearTimeout(timer);
  }
}

function masked(part: Part, mask: Mask): string {
  switch (part.kind) {
    case "json":
      return mask.secrets(`${JSON.stringify(mask.json(part.value), null, 2)}\n`);
    case "facts":
      return mask.secrets(`${JSON.stringify(mask.json(part.value, false), null, 2)}\n`);
    case "metrics":
      return mask.secrets(mask.metrics(part.text));
    case "text":
      return mask.secrets(mask.names(part.text));
  }
}

function readmeText(
  world: World,
  parts: readonly Part[],
  lacks: readonly Lack[],
  withDevices: boolean,
): string {
  const names = withDevices
    ? "Devices, clients and users have their names."
    : "device#N stands for a device, client or user, N being the same throughout.";
  const lines = [
    `Headwater ${world.version}, support bundle taken ${new Date().toISOString()} on ${world.hostName}.`,
    `No secrets, no records. *** stands for what is not shown. ${names}`,
    "",
    "In it:",
    ...parts.map(({ name }) => `  ${name}`),
    "",
    lacks.length === 0 ? "Nothing is missing." : "Not in it:",
    ...lacks.map(({ what, why }) => `  ${what}: ${why}`),
  ];
  return `${lines.join("\n")}\n`;
}

function folderName(settings: Settings): string {
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
  return `headwater-support-${settings["gateway.id"].replaceAll(/[^\w.-]/g, "_")}-${time}`;
}

function packed(folder: string, files: readonly (readonly [string, string])[]): Uint8Array {
  const timeSec = Date.now() / 1000;
  const blocks = files.flatMap(([name, text]) => {
    const bytes = Buffer.from(text);
    return [tarHeader(`${folder}/${name}`, bytes.length, timeSec), bytes, tarPadding(bytes.length)];
  });
  return zstdCompressSync(Buffer.concat([...blocks, TAR_END]));
}

/** The file is there when it is whole. */
function writeWhole(path: string, bytes: Uint8Array): void {
  const { draft, fd } = openDraft(path);
  try {
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    renameSync(draft, path);
  } catch (cause) {
    rmSync(draft, { force: true });
    throw new HeadwaterError("DISK_IO", `${path}: ${whyOf(cause)}`, { cause, path });
  }
}

function tell(
  input: Input,
  world: World,
  to: string,
  { bytes, files, lacks, hiddenSecrets }: SupportBundle,
): void {
  const say = to === "-" ? world.err : world.out;
  if (input.json) {
    say(`${JSON.stringify({ file: to, sizeBytes: bytes.length, files, missing: lacks, hiddenSecrets })}\n`);
    return;
  }
  for (const { what, why } of lacks) world.err(`not in it: ${what}: ${why}\n`);
  say(`${to}: ${files.length} files, ${sizeText(bytes.length)}; look into it before it goes to somebody\n`);
}
