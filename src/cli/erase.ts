import { lstatSync, realpathSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { hasCode } from "../base/errors.ts";
import { METADATA_TOPIC } from "../broker/broker.ts";
import type { Settings } from "../config/options.ts";
import { aclFile, usersFile } from "../config/security-files.ts";
import { SystemClock } from "../io/bun/clock.ts";
import { HostTree } from "../io/bun/host-tree.ts";
import { PlainDisk } from "../io/bun/plain-disk.ts";
import { KEYRING_FILES } from "../io/sealed/keyring.ts";
import {
  ERASURE_STAGES,
  type Erasure,
  type ErasurePlan,
  endErasure,
  erase,
  erasureBegun,
  planErasure,
} from "../log/erasure.ts";
import { ERASURE_MARKER } from "../log/erasure-marker.ts";
import type { Command, Input } from "./command.ts";
import { takeFolder } from "./data-folder.ts";
import { type Discarded, discardUnused } from "./discard.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import { Progress, progressLineOfBytes, sizeText } from "./progress.ts";
import { configFile, effectiveSettings, SETTING_FLAGS } from "./settings.ts";
import type { World } from "./world.ts";

/** Of which one at least is in every folder that a gateway or its users' command has had. */
const SIGNS: readonly string[] = [
  ...[ERASURE_MARKER, "format", "meta.properties", "checkpoint.0", "checkpoint.1"],
  ...["users", "acl.toml", ...KEYRING_FILES],
];
const MAX_SHOWN = 50;
const LOCK_FILE = "lock";

export const eraseCommand: Command = {
  name: "erase",
  summary:
    "Take everything out of the data folder of a gateway that is retired, or stolen, or say what that would be",
  flags: [
    ...SETTING_FLAGS,
    {
      name: "yes",
      value: "GATEWAY",
      doc: "Do it; GATEWAY is the id of the gateway (gateway.id). Without it nothing is removed.",
    },
    { name: "no-discard", doc: "Don't have the file system tell the disk what it needs no longer (fstrim)." },
  ],
  notes: [
    "First go the files that the log does not know, users, rules and keys among them, then the logs of users' credentials and of what was written last, then all records. Those of the first two that have up to 64 MiB are filled with zeros before they are removed. No link is followed, and no other file system is entered. Files outside of the folder stay, those that the settings name among them: they are listed.",
    "The gateway has to be stopped. A power cut meanwhile does no harm: the gateway does not start any more from the moment on that something may be gone; run it again, with --data alone where the configuration is gone too.",
    "Of an encrypted folder the keyring goes before all else: from then on nobody reads what is left, with the key or without, wherever flash keeps it, as far as it forgets the two blocks of the keyring.",
    "What that is worth: on a disk that writes in place, zeros are what is left. SD cards, eMMC and SSDs write elsewhere, and keep what was there until they need the room: then only a discard of the blocks (fstrim, done here where root runs this) makes it unreadable, as far as the card does what it is told. For a card that is given away: blkdiscard on the whole of it, in another machine; for secrets that matter: destroy it.",
    "Against a thief it does little, since he has the card: revoke the gateway's certificate at the centre, delete its user there, and change what it knew.",
    "The exit code is 0 where all is gone, or would go; 1 where something could not be removed; 2 where the id is another; 4 where the folder is in use.",
  ],
  examples: [
    ["headwater erase --config /etc/headwater/headwater.toml", "what would go, and what would stay"],
    ["headwater erase --config /etc/headwater/headwater.toml --yes gateway-7", "do it"],
  ],
  run: eraseFolder,
};

/** What the settings say of a gateway that is to be erased. */
interface Target {
  readonly folder: string;
  /** Null where an erasure was begun, and the settings are gone. */
  readonly gatewayId: string | null;
  readonly secretPaths: ReadonlySet<string>;
  readonly stays: readonly Stay[];
}

/** A file outside of the folder. */
interface Stay {
  readonly path: string;
  readonly setting: string;
}

async function eraseFolder(input: Input, world: World): Promise<number> {
  const target = targetOf(input, world);
  const { folder } = target;
  const tree = treeOf(folder);
  refuseOther(folder, tree);
  const begunFor = erasureBegun(tree);
  checkId(input.value("yes"), target, begunFor);
  const options = { credentialTopic: METADATA_TOPIC, secretPaths: target.secretPaths };
  const isMeant = input.value("yes") !== null;
  const lock = isMeant ? new PlainDisk().lock(folder) : takeFolder(folder);
  try {
    const plan = planErasure(tree, options);
    if (!isMeant) {
      tellPlan(input, world, target, plan, begunFor !== null);
      return EXIT.ok;
    }
    const gatewayId = target.gatewayId ?? begunFor ?? "";
    const progress = new Progress(world, new SystemClock(), true, progressLineOfBytes);
    const all = plan.items.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const erasure = erase(tree, gatewayId, options, (done) => progress.update(done, all));
    progress.end();
    const discarded = await discardIfWanted(input, erasure, folder);
    if (erasure.left.length === 0) endErasure(tree);
    tellErasure(input, world, target, erasure, discarded);
    return erasure.left.length === 0 ? EXIT.ok : EXIT.failed;
  } finally {
    lock?.release();
  }
}

async function discardIfWanted(input: Input, erasure: Erasure, folder: string): Promise<Discarded | null> {
  return input.on("no-discard") || erasure.left.length > 0 ? null : discardUnused(folder);
}

/** The configuration may be in the folder, and gone since an erasure was begun: --data alone is enough to end that. */
function targetOf(input: Input, world: World): Target {
  try {
    const { settings } = effectiveSettings(input, world);
    return { ...filesOf(settings, configFile(input, world)), gatewayId: settings["gateway.id"] };
  } catch (error) {
    const data = input.value("data");
    if (!hasCode(error, "CONFIG_INVALID") || data === null || !hasMarker(data)) throw error;
    return { folder: resolve(data), gatewayId: null, secretPaths: new Set(), stays: [] };
  }
}

function hasMarker(folder: string): boolean {
  return lstatSync(join(folder, ERASURE_MARKER), { throwIfNoEntry: false }) !== undefined;
}

function filesOf(settings: Settings, config: string | null): Omit<Target, "gatewayId"> {
  const folder = resolve(settings.data);
  const root = realPathOf(folder);
  const named: Stay[] = [
    ...(config === null ? [] : [{ path: config, setting: "the configuration" }]),
    { path: usersFile(settings), setting: "security.users.file" },
    { path: aclFile(settings), setting: "security.acl.file" },
    ...namedFiles(settings),
  ];
  const secretPaths = new Set<string>();
  const stays = new Map<string, Stay>();
  for (const { path, setting } of named) {
    // The link itself goes where it lies in the folder; what it leads to may lie elsewhere, and stays then.
    const place = join(realPathOf(dirname(resolve(path))), basename(path));
    const inside = relative(root, place);
    if (isBelow(inside)) secretPaths.add(inside);
    if (lstatSync(place, { throwIfNoEntry: false }) === undefined) continue;
    const end = realPathOf(place);
    if (!isBelow(relative(root, end)) && !stays.has(end)) stays.set(end, { path: end, setting });
  }
  return { folder, secretPaths, stays: [...stays.values()] };
}

function isBelow(path: string): boolean {
  return path !== "" && path !== ".." && !path.startsWith("../");
}

/** The path without links; as it stands where it leads to nothing. */
function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}

/** Files that settings name, those of uplinks and bridges too. */
function namedFiles(value: unknown, section = ""): readonly Stay[] {
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const isFile = /\.file$|^ssl\.(?:ca|certificate|key)$/.test(key);
    if (typeof inner !== "string") return namedFiles(inner, Number.isNaN(Number(key)) ? key : section);
    return isFile && inner !== "" ? [{ path: inner, setting: key }] : [];
  });
}

function treeOf(folder: string): HostTree {
  if (lstatSync(folder, { throwIfNoEntry: false }) === undefined)
    throw new UsageError(`${folder}: there is no such folder`);
  return new HostTree(folder);
}

/** A folder of the wrong name has things that nobody gets back. */
function refuseOther(folder: string, tree: HostTree): void {
  const entries = tree.list("");
  const isEmpty = entries.every(({ name }) => name === LOCK_FILE);
  if (isEmpty || entries.some(({ name, kind }) => kind !== "folder" && SIGNS.includes(name))) return;
  throw new UsageError(`${folder} is no data folder of headwater: nothing is removed`);
}

function checkId(given: string | null, target: Target, begunFor: string | null): void {
  if (given === null) return;
  const ids = [target.gatewayId, begunFor].filter((id) => id !== null && id !== "");
  if (ids.includes(given)) return;
  const right =
    ids.length === 0 ? "the settings have to name it (--set gateway.id=...)" : `it is ${ids.join(" or ")}`;
  throw new UsageError(`--yes ${given}: that is not the id of the gateway of ${target.folder}; ${right}`);
}

function tellPlan(input: Input, world: World, target: Target, plan: ErasurePlan, isBegun: boolean): void {
  const { folder, stays } = target;
  const gatewayId = target.gatewayId ?? "";
  const { items, left } = plan;
  const sizeBytes = items.reduce((sum, item) => sum + item.sizeBytes, 0);
  if (input.json) {
    const files = items.map(({ path, stage, sizeBytes: bytes }) => ({ path, stage, sizeBytes: bytes }));
    const answer = { folder, gatewayId, erased: false, begun: isBegun, sizeBytes, files, stays, left };
    world.out(`${JSON.stringify(answer)}\n`);
    return;
  }
  world.out(`${folder} of ${gatewayId}: ${items.length} files, ${sizeText(sizeBytes)}\n`);
  if (isBegun) world.out("an erasure was begun here, and has to be ended\n");
  for (const stage of ERASURE_STAGES) {
    const of = items.filter((item) => item.stage === stage);
    if (of.length === 0) continue;
    const bytes = sizeText(of.reduce((sum, item) => sum + item.sizeBytes, 0));
    world.out(`${STAGE_WORDS[stage]}: ${of.length} files, ${bytes}\n`);
    if (stage === "records") continue;
    for (const { path } of of.slice(0, MAX_SHOWN)) world.out(`  ${path}\n`);
    if (of.length > MAX_SHOWN) world.out(`  ... and ${of.length - MAX_SHOWN} more; -o json has all\n`);
  }
  world.out(staysText(stays) + left.map(({ path, why }) => `STAYS   ${path}: ${why}\n`).join(""));
  const id = gatewayId === "" ? "GATEWAY" : gatewayId;
  world.out(`nothing was removed; --yes ${id} does it\n`);
}

const STAGE_WORDS = {
  secrets: "overwritten and removed first",
  credentials: "overwritten and removed next",
  records: "removed then",
} as const;

function staysText(stays: readonly Stay[]): string {
  return stays.map(({ path, setting }) => `stays   ${path} (${setting})\n`).join("");
}

function tellErasure(
  input: Input,
  world: World,
  { folder, stays, gatewayId }: Target,
  { files, sizeBytes, overwritten, left }: Erasure,
  discarded: Discarded | null,
): void {
  if (input.json) {
    const erased = left.length === 0;
    const discard = discarded ?? { done: false, why: null };
    const answer = { folder, gatewayId, erased, files, sizeBytes, overwritten, left, stays, discard };
    world.out(`${JSON.stringify(answer)}\n`);
    return;
  }
  world.out(`removed ${files} files, ${sizeText(sizeBytes)}; ${overwritten} of them were overwritten\n`);
  for (const { path, why } of left) world.out(`STAYS   ${path}: ${why}\n`);
  world.out(staysText(stays));
  if (left.length > 0) {
    world.out(
      "not all could be removed, and the gateway does not start here: correct that, and run it again\n",
    );
    return;
  }
  if (discarded?.done === true) world.out("the disk was told that it may forget the blocks (fstrim)\n");
  else {
    world.out(
      `the disk was not told to forget the blocks${discarded === null ? "" : `: ${discarded.why}`}\n`,
    );
    world.out(`  on flash do that: sudo fstrim -v ${folder}\n`);
  }
  world.out(
    "an SD card or SSD may keep what was overwritten in cells that nobody reaches but its maker: for secrets that matter, destroy it\n",
  );
}
