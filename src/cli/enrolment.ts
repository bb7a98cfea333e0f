import { dirname, join, resolve } from "node:path";
import { HeadwaterError } from "../base/errors.ts";
import { parseAddress } from "../config/address.ts";
import {
  type CentrePaths,
  type CentreSeams,
  centrePaths,
  configOf,
  issueBundle,
  readCentre,
} from "../enrolment/centre.ts";
import { checkColumns, gatewayOf, type ListedGateway, parseGatewayList } from "../enrolment/gateway-list.ts";
import { rulesText } from "../enrolment/init-files.ts";
import { centreFault, formatInvitation, type Invitation } from "../enrolment/invitation.ts";
import { stateOf, type TokenEntry, TokenLedger } from "../enrolment/ledger.ts";
import { hostNames } from "../enrolment/names.ts";
import { type PlannedFile, place } from "../enrolment/placement.ts";
import { newTemplate, placeholdersOf } from "../enrolment/template.ts";
import {
  fingerprintOf,
  formatToken,
  secretHash,
  TOKEN_ID_BYTES,
  TOKEN_SECRET_BYTES,
  tokenText,
} from "../enrolment/token.ts";
import type { KeyPair } from "../enrolment/x509.ts";
import { HostOwnedFiles } from "../io/bun/owned-files.ts";
import { SystemRandom } from "../io/bun/random.ts";
import { believableNowMs, CERTIFICATE_DAYS, DAY_MS, validityOf } from "./certificates.ts";
import type { Command, Flag, Input } from "./command.ts";
import { checkGatewayConfig } from "./enrolment-config.ts";
import { serveEnrolment } from "./enrolment-server.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import { columns } from "./help.ts";
import { FOLDER_FLAG, SERVICE_FOLDER } from "./init.ts";
import { fileOwners, isRoot } from "./service-user.ts";
import { withUsersLock } from "./users-lock.ts";
import type { World } from "./world.ts";

const MAX_BYTES = 4 * 1024 * 1024;
const VALID_DAYS = 14;
const MAX_VALID_DAYS = 366;
const DEFAULT_PORT = 8444;
const SECRET = { mode: 0o600, owner: null } as const;
const PRIVATE_FOLDER = { mode: 0o700, owner: null } as const;
const CERTIFICATE_DAYS_FLAG: Flag = {
  name: "days",
  value: "DAYS",
  doc: `How long certificates of gateways are good for; ${CERTIFICATE_DAYS} if left out.`,
};

export const enrolmentCommand: Command = {
  name: "enrolment",
  summary: "At the centre: issue what gateways are enrolled by, and let them in",
  commands: [
    {
      name: "init",
      summary:
        "Make what a centre enrols by: an authority, a certificate, a template of a gateway's configuration",
      flags: [
        FOLDER_FLAG,
        {
          name: "url",
          value: "URL",
          doc: `Where gateways reach headwater enrolment serve, as https://central.example.org:${DEFAULT_PORT}.`,
        },
        {
          name: "bootstrap",
          value: "HOST:PORT",
          doc: "Where they reach the centre's Kafka, for the template.",
        },
        CERTIFICATE_DAYS_FLAG,
      ],
      notes: [
        "Where headwater init has made an authority in the folder, it is that one. enrolment/template.toml is what every gateway gets: edit it. Files in enrolment/files go to every gateway, beside its certificate; so do the users in enrolment/users (headwater user add --set security.users.file=...).",
      ],
      examples: [
        [
          "headwater enrolment init --folder centre --url https://central.example.org:8444 --bootstrap central.example.org:9093",
          "once",
        ],
      ],
      run: init,
    },
    {
      name: "issue",
      summary: "Issue an enrolment file for each gateway, good for one use",
      positionals: "[GATEWAY...]",
      maxPositionals: 10_000,
      flags: [
        FOLDER_FLAG,
        {
          name: "list",
          value: "FILE",
          doc: "CSV with a line for each gateway: gateway, names, site, and what else the template has; file:NAME for a file.",
        },
        {
          name: "set",
          short: "s",
          value: "NAME=VALUE",
          multiple: true,
          doc: "A column for gateways that are named here: site=north.",
        },
        {
          name: "out",
          value: "DIR",
          doc: "Where the files are written; enrolment/issued in the folder if left out.",
        },
        { name: "valid", value: "DAYS", doc: `How long one may be used; ${VALID_DAYS} if left out.` },
        {
          name: "offline",
          doc: "The whole bundle, with a key, in the file: for gateways that can't reach the centre. Keep it as you would a key.",
        },
        {
          name: "again",
          doc: "Another one for gateways that have one; what was not used yet is taken back.",
        },
        CERTIFICATE_DAYS_FLAG,
      ],
      notes: [
        "Gateways that have one already are left out, so that a list can be issued anew when it has grown. Only a hash of a token's secret is kept here: a file that is lost is issued --again.",
      ],
      examples: [
        ["headwater enrolment issue plant-3 --set site=north", "one"],
        [
          "headwater enrolment issue --list gateways.csv --out cards",
          "two hundred; then scripts/flash --enrolment cards/plant-3.enrolment",
        ],
      ],
      run: issue,
    },
    {
      name: "serve",
      summary: "Let gateways in that come with a token, over HTTPS, until it is told to stop",
      flags: [
        FOLDER_FLAG,
        { name: "listen", value: "HOST:PORT", doc: `Where; 0.0.0.0:${DEFAULT_PORT} if left out.` },
        CERTIFICATE_DAYS_FLAG,
      ],
      notes: [
        "A token is used once: its use is on the disk before the gateway is answered. A gateway whose power failed meanwhile gets the same answer again, by its key, and nobody else does. Every request is told of on standard error, a line of JSON each.",
      ],
      run: serve,
    },
    { name: "ls", summary: "List tokens, and what became of them", flags: [FOLDER_FLAG], run: list },
    {
      name: "cancel",
      summary: "Take back tokens of gateways that have not used them",
      positionals: "GATEWAY...",
      minPositionals: 1,
      maxPositionals: 10_000,
      flags: [FOLDER_FLAG],
      run: cancel,
    },
  ],
};

interface Scene extends CentreSeams {
  readonly files: HostOwnedFiles;
  readonly ledger: TokenLedger;
  readonly nowMs: number;
}

function sceneOf(input: Input): Scene {
  const folder = resolve(input.value("folder") ?? (isRoot() ? SERVICE_FOLDER : "headwater"));
  const files = new HostOwnedFiles();
  const paths = centrePaths(folder);
  return {
    ...{ files, paths, ledger: new TokenLedger(files, paths.tokens) },
    locked: (change) => withUsersLock(`${paths.tokens}/any`, change),
    check: checkGatewayConfig,
    nowMs: believableNowMs(Date.now()),
  };
}

async function init(input: Input, world: World): Promise<number> {
  const { files, paths, nowMs } = sceneOf(input);
  const [url, bootstrap] = [input.value("url"), input.value("bootstrap")];
  if (url === null || bootstrap === null) throw new UsageError("--url and --bootstrap are needed");
  const fault = centreFault(url);
  if (fault !== null) throw new UsageError(`--url ${url}: it ${fault}`);
  const kafka = parseAddress(bootstrap, "");
  if (typeof kafka === "string") throw new UsageError(`--bootstrap ${bootstrap}: ${kafka}`);
  if (files.read(paths.centre, MAX_BYTES) !== null) {
    throw new HeadwaterError(
      "UNSUPPORTED",
      `${paths.centre}: there already; edit it, or name another --folder`,
    );
  }
  const host = new URL(url).hostname.replace(/^\[|\]$/g, "");
  const hosts = [...new Set([host, kafka.host])];
  const names = hostNames(hosts);
  if (typeof names === "string") throw new UsageError(`--url, --bootstrap: ${names}`);
  const owners = fileOwners("headwater");
  const own: PlannedFile[] = [];
  const add = (path: string, text: string, rights: PlannedFile["rights"], what: string) =>
    own.push({ path, bytes: Buffer.from(text), rights, what });
  if (files.read(paths.authority, MAX_BYTES) === null) {
    const x509 = await import("../enrolment/x509.ts");
    const validity = validityOf(input, nowMs);
    const longer = { ...validity, untilMs: validity.untilMs + (validity.untilMs - validity.fromMs) };
    const authority = await x509.newAuthority(`${host} authority`, longer);
    const key = await x509.newKey();
    const holder = { commonName: host, names, use: "both" as const };
    add(paths.authorityKey, authority.key, owners.secret, "the authority's key: keep it safe");
    add(
      paths.authority,
      authority.certificate,
      owners.open,
      "the authority's certificate, also for the centre's Kafka",
    );
    add(
      paths.revoked,
      await x509.signRevocations(authority, [], longer),
      owners.open,
      "certificates that were taken back: none",
    );
    add(paths.key, key, owners.readByService, "the key of this centre");
    const certificate = await x509.signCertificate(authority, await x509.publicKeyOf(key), holder, validity);
    add(paths.certificate, certificate, owners.open, "its certificate");
  }
  add(paths.template, newTemplate(bootstrap), owners.open, "what every gateway is like: edit it");
  add(
    `${paths.files}/acl.toml`,
    rulesText("admin"),
    owners.open,
    "rules for MQTT on every gateway: edit them",
  );
  add(paths.centre, `${JSON.stringify({ url, hosts })}\n`, owners.open, "where gateways ask");
  const folders = [paths.folder, `${paths.folder}/tls`].map((path) => ({ path, rights: owners.folder }));
  const inside = [dirname(paths.centre), paths.files, paths.tokens, paths.issued, paths.devices];
  place(files, {
    folders: [...folders, ...inside.map((path) => ({ path, rights: PRIVATE_FOLDER }))],
    files: own,
    marker: `${paths.folder}/enrolment.unfinished`,
  });
  if (input.json) world.out(`${JSON.stringify({ files: own.map(({ path }) => path) })}\n`);
  else {
    world.out(columns(own.map(({ path, what }) => [path, what])));
    world.out(
      `\nNow: edit ${paths.template}, then headwater enrolment issue GATEWAY and headwater enrolment serve\n`,
    );
  }
  return EXIT.ok;
}

async function issue(input: Input, world: World): Promise<number> {
  const scene = sceneOf(input);
  const { paths, files } = scene;
  const centre = readCentre(scene);
  const wanted = wantedGateways(input, files);
  checkColumns(
    wanted,
    placeholdersOf(centre.template).filter((name) => !["gateway", "folder"].includes(name)),
  );
  const out = resolve(input.value("out") ?? paths.issued);
  const untilMs = scene.nowMs + daysOf(input) * DAY_MS;
  const fingerprint = fingerprintOf(centre.authority.certificate) ?? "";
  const url = (JSON.parse(textOf(files, paths.centre)) as { readonly url: string }).url;
  // A template that can't be filled, or taken, is found out now, and not by two hundred gateways.
  for (const wish of wanted) configOf(wish, centre, scene);
  files.makeFolder(out, PRIVATE_FOLDER);
  const rows: Issued[] = [];
  const known = scene.ledger.list();
  for (const wish of wanted)
    rows.push(await issueOne(input, scene, wish, { out, untilMs, fingerprint, url, known }));
  if (input.json) world.out(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  else
    world.out(
      columns(rows.map(({ gateway, state, path, expires }) => [gateway, state, path ?? "-", expires])),
    );
  const [only, ...more] = rows;
  if (!input.json && only?.token != null && more.length === 0) {
    world.out(
      `\nOn the gateway, in place of the file:\n  sudo headwater enrol --centre ${url} --token ${only.token}\n`,
    );
  }
  return EXIT.ok;
}

/** What is the same for all gateways of one call. */
interface IssueContext {
  readonly out: string;
  readonly untilMs: number;
  readonly fingerprint: string;
  readonly url: string;
  /** Tokens that there were before. */
  readonly known: readonly TokenEntry[];
}

interface Issued {
  readonly gateway: string;
  readonly state: "issued" | "has one";
  readonly path: string | null;
  readonly expires: string;
  readonly token: string | null;
}

async function issueOne(
  input: Input,
  scene: Scene,
  wish: ListedGateway,
  common: IssueContext,
): Promise<Issued> {
  const { ledger, files, nowMs } = scene;
  const { gateway } = wish;
  const before = common.known.filter((entry) => entry.gateway === gateway);
  const valid = before.find((entry) => ["open", "used"].includes(stateOf(entry, nowMs)));
  if (valid !== undefined && !input.on("again")) {
    const expires = new Date(valid.expiresAtMs).toISOString();
    return { gateway, state: "has one", path: null, expires, token: null };
  }
  const random = new SystemRandom();
  const [id, secret] = [tokenText(random.bytes(TOKEN_ID_BYTES)), tokenText(random.bytes(TOKEN_SECRET_BYTES))];
  const { names, values, files: own } = wish;
  const entry: TokenEntry = {
    ...{ id, gateway, names, values, files: own },
    secretHash: secretHash(secret),
    issuedAtMs: nowMs,
    expiresAtMs: common.untilMs,
    cancelled: false,
    used: null,
  };
  const token = { id, secret, fingerprint: common.fingerprint };
  const isOffline = input.on("offline");
  const invitation: Invitation = isOffline
    ? { kind: "bundle", gateway, bundle: await issueBundle(scene, entry, validityOf(input, nowMs), nowMs) }
    : { kind: "token", gateway, centre: common.url, token, expiresAtMs: common.untilMs };
  const path = join(common.out, `${gateway}.enrolment`);
  // The file first: one that the centre does not know is of no use, and issued anew; a token without a file was lost.
  files.write(path, Buffer.from(formatInvitation(invitation)), SECRET);
  await scene.locked(() => {
    if (!isOffline) ledger.write(entry);
    for (const old of before.filter((one) => one.used === null)) ledger.write({ ...old, cancelled: true });
  });
  const expires = new Date(common.untilMs).toISOString();
  return { gateway, state: "issued", path, expires, token: isOffline ? null : formatToken(token) };
}

function wantedGateways(input: Input, files: HostOwnedFiles): readonly ListedGateway[] {
  const path = input.value("list");
  const set = input.values("set").map((text): readonly [string, string] => {
    const at = text.indexOf("=");
    if (at < 1) throw new UsageError(`--set ${text}: write NAME=VALUE`);
    return [text.slice(0, at), text.slice(at + 1)];
  });
  if (path !== null) {
    if (input.positionals.length > 0 || set.length > 0)
      throw new UsageError("--list has the gateways, and all of each");
    return parseGatewayList(textOf(files, path));
  }
  if (input.positionals.length === 0) throw new UsageError("name a gateway, or a --list");
  return [...new Set(input.positionals)].map((gateway) => {
    const listed = gatewayOf(new Map([...set, ["gateway", gateway]]));
    if (typeof listed === "string") throw new UsageError(listed);
    return listed;
  });
}

function daysOf(input: Input): number {
  const text = input.value("valid") ?? String(VALID_DAYS);
  const days = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (days < 1 || days > MAX_VALID_DAYS)
    throw new UsageError(`--valid ${text}: write 1 to ${MAX_VALID_DAYS}`);
  return days;
}

async function serve(input: Input, world: World): Promise<number> {
  const scene = sceneOf(input);
  const { files, paths } = scene;
  readCentre(scene);
  const listen = parseAddress(input.value("listen") ?? `:${DEFAULT_PORT}`, "0.0.0.0");
  if (typeof listen === "string") throw new UsageError(`--listen: ${listen}`);
  const tls: KeyPair = { certificate: textOf(files, paths.certificate), key: textOf(files, paths.key) };
  await checkOwnCertificate(tls, paths, files);
  const stopped = world.interrupted();
  const server = serveEnrolment(
    listen,
    tls,
    scene,
    () => validityOf(input, believableNowMs(Date.now())),
    (entry) => world.err(`${JSON.stringify({ time: new Date().toISOString(), ...entry })}\n`),
  );
  world.out(`ready enrolment=${server.address}\n`);
  await stopped;
  await server.stop();
  return EXIT.ok;
}

/** Gateways come by the host of the URL, and believe nobody else. */
async function checkOwnCertificate(tls: KeyPair, paths: CentrePaths, files: HostOwnedFiles): Promise<void> {
  const { leadsTo, readCertificateText } = await import("../enrolment/x509.ts");
  const { url } = JSON.parse(textOf(files, paths.centre)) as { readonly url: string };
  const host = new URL(url).hostname.replace(/^\[|\]$/g, "");
  const { names } = readCertificateText(tls.certificate);
  const renew = `headwater certificate renew --name ${host} --folder ${paths.folder}`;
  if (![...names.dns, ...names.addresses].includes(host)) {
    throw new HeadwaterError(
      "CONFIG_INVALID",
      `${paths.certificate} is not for ${host}, by which gateways come; ${renew}`,
    );
  }
  if (!(await leadsTo(tls.certificate, textOf(files, paths.authority)))) {
    throw new HeadwaterError("CONFIG_INVALID", `${paths.certificate} is not of ${paths.authority}; ${renew}`);
  }
}

async function list(input: Input, world: World): Promise<number> {
  const { ledger, nowMs } = sceneOf(input);
  const rows = ledger.list().map((entry) => ({
    gateway: entry.gateway,
    state: stateOf(entry, nowMs),
    issued: new Date(entry.issuedAtMs).toISOString(),
    expires: new Date(entry.expiresAtMs).toISOString(),
    used: entry.used === null ? null : new Date(entry.used.atMs).toISOString(),
    token: entry.id,
  }));
  if (input.json) world.out(`${JSON.stringify(rows)}\n`);
  else {
    const header = ["GATEWAY", "STATE", "EXPIRES", "USED", "TOKEN"];
    world.out(
      columns([
        header,
        ...rows.map((row) => [row.gateway, row.state, row.expires, row.used ?? "-", row.token]),
      ]),
    );
  }
  return EXIT.ok;
}

async function cancel(input: Input, world: World): Promise<number> {
  const { ledger, nowMs, locked } = sceneOf(input);
  const wanted = new Set(input.positionals);
  const open = ledger.list().filter((entry) => wanted.has(entry.gateway) && stateOf(entry, nowMs) === "open");
  await locked(() => {
    for (const { id } of open) {
      const entry = ledger.read(id);
      if (entry?.used === null) ledger.write({ ...entry, cancelled: true });
    }
  });
  const missing = [...wanted].filter((gateway) => !open.some((entry) => entry.gateway === gateway));
  if (input.json)
    world.out(`${JSON.stringify({ cancelled: open.map(({ gateway }) => gateway), missing })}\n`);
  else for (const { gateway } of open) world.out(`${gateway}: taken back\n`);
  for (const gateway of missing) world.err(`${gateway} has no token that could still be used\n`);
  return missing.length === 0 ? EXIT.ok : EXIT.failed;
}

function textOf(files: HostOwnedFiles, path: string): string {
  const bytes = files.read(path, MAX_BYTES);
  if (bytes === null)
    throw new HeadwaterError("FILE_MISSING", `${path} is not there; is it in another --folder?`, { path });
  return new TextDecoder().decode(bytes);
}
