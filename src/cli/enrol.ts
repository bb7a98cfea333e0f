import { networkInterfaces } from "node:os";
import { dirname, join, resolve } from "node:path";
import { HeadwaterError, hasCode } from "../base/errors.ts";
import { loadSettings } from "../config/load.ts";
import { formatProblem } from "../config/problem.ts";
import { usersFile } from "../config/security-files.ts";
import { type EnrolmentOutcome, type EnrolmentSeams, enrol } from "../enrolment/gateway.ts";
import { ownHosts } from "../enrolment/init-files.ts";
import {
  centreFault,
  type Invitation,
  MAX_INVITATION_BYTES,
  parseInvitation,
} from "../enrolment/invitation.ts";
import { hostNames } from "../enrolment/names.ts";
import { type PlannedFile, REPLACED } from "../enrolment/placement.ts";
import { fingerprintOf, parseToken } from "../enrolment/token.ts";
import { SystemClock } from "../io/bun/clock.ts";
import { HostOwnedFiles } from "../io/bun/owned-files.ts";
import { NO_USERS_TEXT, parseUsers, withUser } from "../security/users.ts";
import { EARLIEST_MS } from "./certificates.ts";
import type { Command, Input } from "./command.ts";
import { askCentre } from "./enrolment-client.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import { columns } from "./help.ts";
import { FOLDER_FLAG, SERVICE_DATA, SERVICE_FOLDER } from "./init.ts";
import { type FileOwners, fileOwners, isRoot } from "./service-user.ts";
import type { World } from "./world.ts";

const MAX_BYTES = 4 * 1024 * 1024;
const FIRST_WAIT_MS = 2_000;
const LONGEST_WAIT_MS = 60_000;
/** What may be otherwise the next time. */
const PASSING = ["NETWORK", "TIMED_OUT", "TLS_HANDSHAKE", "DISK_FULL"] as const;

export const enrolCommand: Command = {
  name: "enrol",
  summary: "Make this machine a gateway of a centre: configuration, certificate and all else come from there",
  flags: [
    {
      name: "file",
      value: "FILE",
      doc: "An enrolment file, as headwater enrolment issue makes it. It is removed once it was used.",
    },
    {
      name: "centre",
      value: "URL",
      doc: "Where headwater enrolment serve answers, in place of a file; with --token.",
    },
    { name: "token", value: "TOKEN", doc: "The token; - for the first line of standard input." },
    FOLDER_FLAG,
    {
      name: "wait",
      doc: "Tries until it succeeds, where network, clock or centre are not there yet; for services.",
    },
    { name: "again", doc: "Even where the gateway has been enrolled, by another token." },
    { name: "replace-config", doc: "The centre's configuration alone counts: what is there stays as .old." },
    {
      name: "ca",
      value: "FILE",
      doc: "The authority that a file with a whole bundle has to be signed by; without it the file is trusted.",
    },
    { name: "service-user", value: "USER", doc: "Who runs the gateway; headwater if left out. For root." },
  ],
  notes: [
    "The key is made here and never leaves the gateway: what is sent is a request for a certificate. Everything is verified before anything is changed: that the centre is the one of the token, that the bundle is for this gateway and its key, that the gateway can start with its configuration.",
    "It may be interrupted at any time, by a power cut as well: called again, it goes on, also where the token was used already. Settings that are there stay beside those of the centre, unless both say something of one setting.",
    "The exit code is 0 where the gateway is enrolled (or was, by this token), 1 where the centre or this machine refuses, 3 where the centre was not reached.",
  ],
  examples: [
    ["sudo headwater enrol --file plant-3.enrolment", "with the file of this gateway"],
    [
      "sudo headwater enrol --centre https://central.example.org:8444 --token hw1.AbC...",
      "with what was dictated",
    ],
  ],
  run,
};

async function run(input: Input, world: World): Promise<number> {
  const path = input.value("file");
  const clock = new SystemClock();
  const files = new HostOwnedFiles();
  const invitation = await invitationOf(input, world, files);
  const folder = resolve(input.value("folder") ?? (isRoot() ? SERVICE_FOLDER : "headwater"));
  const owners = fileOwners(input.value("service-user") ?? "headwater");
  const where = {
    config: join(folder, "headwater.toml"),
    folder: join(folder, "centre"),
    data: folder === SERVICE_FOLDER ? SERVICE_DATA : join(folder, "data"),
    rights: { folder: owners.folder, secret: owners.readByService, open: owners.open },
  };
  const wishes = {
    again: input.on("again"),
    replaceConfig: input.on("replace-config"),
    fingerprint: fingerprintFlag(input, files),
  };
  files.makeFolder(folder, owners.folder);
  const seams = seamsOf(files, owners, world, where.config, clock);
  const attempt = () => {
    checkClock(clock.nowMs());
    return enrol(invitation, where, wishes, seams);
  };
  const outcome = input.on("wait") ? await patiently(attempt, clock, world) : await attempt();
  if (path !== null) files.remove(path);
  report(input, world, outcome, folder === SERVICE_FOLDER, where.config);
  return EXIT.ok;
}

async function invitationOf(input: Input, world: World, files: HostOwnedFiles): Promise<Invitation> {
  const [path, centre, given] = [input.value("file"), input.value("centre"), input.value("token")];
  if (path !== null) {
    if (centre !== null || given !== null) throw new UsageError("--file says where to ask, and with what");
    const bytes = files.read(path, MAX_INVITATION_BYTES);
    if (bytes === null) {
      const remedy = "name the file that headwater enrolment issue made; once used it is removed";
      throw new HeadwaterError("FILE_MISSING", `${path} is not there; ${remedy}`, { path });
    }
    return parseInvitation(new TextDecoder().decode(bytes));
  }
  if (centre === null || given === null) throw new UsageError("--file is missing, or --centre and --token");
  const fault = centreFault(centre);
  if (fault !== null) throw new UsageError(`--centre ${centre}: it ${fault}`);
  const token = parseToken(given === "-" ? await firstLine(world.stdin()) : given);
  if (token === null)
    throw new UsageError("--token: that is none, or it was cut off: hw1. and three parts more");
  return { kind: "token", gateway: null, centre, token, expiresAtMs: null };
}

async function firstLine(input: AsyncIterable<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of input) {
    text += new TextDecoder().decode(chunk);
    if (text.includes("\n") || text.length > 1_000) break;
  }
  return text.split("\n")[0] ?? "";
}

function fingerprintFlag(input: Input, files: HostOwnedFiles): string | null {
  const path = input.value("ca");
  if (path === null) return null;
  const bytes = files.read(path, MAX_BYTES);
  const fingerprint = bytes === null ? null : fingerprintOf(new TextDecoder().decode(bytes));
  if (fingerprint === null) throw new UsageError(`--ca ${path}: there is no certificate in PEM`);
  return fingerprint;
}

/** Certificates and expiry can't be judged by a clock that was never set. */
function checkClock(nowMs: number): void {
  if (nowMs >= EARLIEST_MS) return;
  const shown = new Date(nowMs).toISOString();
  const remedy = "set it (timedatectl set-time), or wait until it was set (--wait)";
  throw new HeadwaterError(
    "TIMED_OUT",
    `the clock of this machine is not known yet: it shows ${shown}; ${remedy}`,
  );
}

function seamsOf(
  files: HostOwnedFiles,
  owners: FileOwners,
  world: World,
  configPath: string,
  clock: SystemClock,
): EnrolmentSeams {
  return {
    files,
    nowMs: () => clock.nowMs(),
    ask: askCentre,
    request: async (key) => {
      const { requestCertificate } = await import("../enrolment/x509.ts");
      const names = hostNames(ownHosts(world.hostName, siteAddresses()));
      const none = { dns: [], addresses: [] };
      return requestCertificate(key, {
        commonName: world.hostName || "gateway",
        names: typeof names === "string" ? none : names,
        use: "both",
      });
    },
    check: (text) => {
      const file = { path: configPath, text };
      const result = loadSettings({ file, env: {}, set: [], flags: new Map(), hostName: world.hostName });
      if (!result.ok)
        throw new HeadwaterError("CONFIG_INVALID", result.problems.map(formatProblem).join("\n"));
      const { settings } = result;
      const data = resolve(
        dirname(configPath) === SERVICE_FOLDER ? "/var/lib/headwater" : ".",
        settings.data,
      );
      return { gatewayId: settings["gateway.id"], users: usersFile({ ...settings, data }) };
    },
    users: (path, lines) => usersPlan(files, owners, path, lines),
  };
}

/** The centre's users, in place of those of their names. */
function usersPlan(files: HostOwnedFiles, owners: FileOwners, path: string, lines: string): PlannedFile {
  const found = files.read(path, MAX_BYTES);
  let text = found === null ? NO_USERS_TEXT : new TextDecoder().decode(found);
  for (const [name, hash] of parseUsers("the centre's users", lines)) text = withUser(text, name, hash);
  parseUsers(path, text);
  files.makeFolder(dirname(path), { mode: 0o750, owner: owners.service });
  const rights = { mode: 0o600, owner: owners.service };
  return { path, bytes: Buffer.from(text), rights, what: "users, with those of the centre", extends: true };
}

function siteAddresses(): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith("fe80:"))
    .map(({ address }) => address);
}

/** Tries for as long as it takes; says why it has to, when that is another reason than before. */
async function patiently(
  attempt: () => Promise<EnrolmentOutcome>,
  clock: SystemClock,
  world: World,
): Promise<EnrolmentOutcome> {
  let waitMs = FIRST_WAIT_MS;
  let said = "";
  while (true) {
    try {
      return await attempt();
    } catch (error) {
      if (!PASSING.some((code) => hasCode(error, code))) throw error;
      const message = error instanceof Error ? error.message : String(error);
      const gist = message.replaceAll(/\d+/g, "");
      if (gist !== said) world.err(`waiting: ${message}\n`);
      said = gist;
    }
    const delayMs = waitMs * (0.75 + Math.random() / 2);
    await new Promise<void>((done) => clock.after(delayMs, done));
    waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
  }
}

function report(
  input: Input,
  world: World,
  outcome: EnrolmentOutcome,
  isService: boolean,
  config: string,
): void {
  const { changed, gateway, files, dropped } = outcome;
  if (input.json) {
    world.out(`${JSON.stringify({ gateway, changed, files: files.map(({ path }) => path), dropped })}\n`);
    return;
  }
  if (!changed) {
    world.out(`This is ${gateway} already, by this token.\n`);
    return;
  }
  world.out(`This is ${gateway} now. Written:\n`);
  world.out(columns(files.map(({ path, what }) => [`  ${path}`, what])));
  if (dropped.length > 0) {
    world.out(`\nNo longer set, and kept in ${config}${REPLACED}:\n`);
    world.out(dropped.map((name) => `  ${name}\n`).join(""));
  }
  const start = isService ? "sudo systemctl restart headwater" : `headwater serve --config ${config}`;
  world.out(`\nNow: ${start}\n`);
}
