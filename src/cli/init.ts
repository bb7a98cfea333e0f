import { networkInterfaces } from "node:os";
import { join, resolve } from "node:path";
import { HeadwaterError } from "../base/errors.ts";
import { loadSettings } from "../config/load.ts";
import { gatewayIdFromHost } from "../config/options.ts";
import { formatProblem } from "../config/problem.ts";
import { dataIn, saysNothing } from "../enrolment/config-text.ts";
import {
  configText,
  devicePaths,
  type GatewayPaths,
  type GatewayPlan,
  gatewayPaths,
  ownHosts,
  rulesText,
} from "../enrolment/init-files.ts";
import { type HostNames, hostNames } from "../enrolment/names.ts";
import { inTheWay, type Placement, type PlannedFile, place } from "../enrolment/placement.ts";
import type { KeyPair, Validity } from "../enrolment/x509.ts";
import { HostOwnedFiles } from "../io/bun/owned-files.ts";
import type { OwnedFiles } from "../io/owned-files.ts";
import { NO_USERS_TEXT, parseUsers, userNameFault, withUser } from "../security/users.ts";
import { believableNowMs, CERTIFICATE_DAYS, DAY_MS, issueDevice, validityOf } from "./certificates.ts";
import type { Command, Input } from "./command.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import { columns } from "./help.ts";
import { choosePassword, type Password } from "./new-password.ts";
import { type FileOwners, fileOwners, isRoot } from "./service-user.ts";
import { verifiersOf } from "./users-file.ts";
import { withUsersLock } from "./users-lock.ts";
import type { World } from "./world.ts";

const MAX_TEXT_BYTES = 1024 * 1024;
const AUTHORITY_YEARS_TO_DAYS = 2;
const MECHANISMS = ["SCRAM-SHA-512"] as const;
export const SERVICE_FOLDER = "/etc/headwater";
export const SERVICE_DATA = "/var/lib/headwater";

export const FOLDER_FLAG = {
  name: "folder",
  value: "DIR",
  doc: `Where configuration, keys and certificates are; ${SERVICE_FOLDER} for root, else ./headwater.`,
} as const;

export const initCommand: Command = {
  name: "init",
  summary:
    "Secure a new gateway: keys, certificates, a first user, rules and a configuration with doors over TLS",
  flags: [
    FOLDER_FLAG,
    {
      name: "data",
      value: "DIR",
      doc: `Folder of the records; ${SERVICE_DATA} for root, else data in the folder.`,
    },
    {
      name: "gateway-id",
      value: "ID",
      doc: "gateway.id, its name at the centre; the host's name if left out.",
    },
    { name: "site", value: "SITE", doc: "gateway.site." },
    {
      name: "name",
      value: "HOST",
      multiple: true,
      doc: "A name or address that clients reach it by, the first of which Kafka clients are told. The host's name, NAME.local, its addresses on site and localhost are in the certificate anyway.",
    },
    { name: "admin", value: "NAME", doc: "The user who may do everything; admin if left out." },
    {
      name: "password-file",
      value: "FILE",
      doc: "Holds that user's password in its first line; - for standard input. Without it one is asked for on a terminal; else, or where nothing is typed, a random one is made and shown once.",
    },
    {
      name: "device",
      value: "NAME",
      multiple: true,
      doc: "Also makes a key and a certificate for this device.",
    },
    {
      name: "ca",
      value: "FILE",
      doc: "An authority's certificate, in PEM, to sign by, in place of a new one; with --ca-key.",
    },
    { name: "ca-key", value: "FILE", doc: "Its key, in PEM, not encrypted. It is read and not kept." },
    {
      name: "request",
      doc: "Makes a request (CSR) for somebody else's authority, in place of an authority of its own; headwater certificate install takes the answer.",
    },
    {
      name: "days",
      value: "DAYS",
      doc: `How long certificates are good for; ${CERTIFICATE_DAYS} if left out.`,
    },
    {
      name: "service-user",
      value: "USER",
      doc: "Who runs the gateway and may read its key; headwater if left out. For root.",
    },
    {
      name: "force",
      doc: "Replaces files that are there; each stays beside it as .old. The authority stays.",
    },
    { name: "yes", doc: "Asks for nothing: what is not given is as said here." },
    { name: "dry-run", doc: "Says what would be written, and writes nothing." },
  ],
  notes: [
    "Nothing that is there is replaced without --force. What a power cut has interrupted, the same command ends. No password, no key and no secret is the same on two gateways.",
    "Programs on this machine get in without a login afterwards, too; all others come over TLS and say who they are: devices by certificates or as users, Kafka programs and people as users.",
    "The authority's key can be read by whoever ran this alone. It is needed for headwater certificate only: keep it elsewhere, if you like.",
  ],
  examples: [
    ["sudo headwater init", "asks for what it needs; for the service of the Debian package"],
    ["headwater init --yes --folder gw --name plant-3.example.org --device pump-1", "for a script"],
    ["sudo headwater init --request", "for an authority that you have"],
  ],
  run: init,
};

/** What is asked for, or given. */
interface Wishes {
  readonly plan: GatewayPlan;
  readonly names: HostNames;
  readonly devices: readonly string[];
  readonly validity: Validity;
  readonly owners: FileOwners;
}

async function init(input: Input, world: World): Promise<number> {
  const isAsking = world.stdinIsTerminal && !input.on("yes") && !input.json;
  const wishes = await wishesOf(input, world, isAsking);
  const files = new HostOwnedFiles();
  const { plan, owners } = wishes;
  refuseConfig(files, plan.paths, input.on("force"));
  const usersPath = join(plan.data, "users");
  const password = await choosePassword(plan.administrator, input.value("password-file"), isAsking, world);
  const authority = await authorityOf(input, wishes, files);
  const placement = await placementOf(wishes, authority, usersPath, password, files, input.on("force"));
  refuseOthers(files, placement, input.on("force"));
  if (!input.on("dry-run")) {
    // First, lest it be the service's where the records are in it.
    files.makeFolder(plan.paths.folder, owners.folder);
    files.makeFolder(plan.data, { mode: 0o750, owner: owners.service });
    await withUsersLock(usersPath, () => place(files, placement));
  }
  report(input, world, wishes, placement, password, authority.kind);
  return EXIT.ok;
}

async function wishesOf(input: Input, world: World, isAsking: boolean): Promise<Wishes> {
  const ask = async (question: string, usual: string): Promise<string> =>
    isAsking ? (await world.ask(`${question}${usual === "" ? "" : ` [${usual}]`}:`)).trim() || usual : usual;
  const folder = resolve(input.value("folder") ?? (isRoot() ? SERVICE_FOLDER : "headwater"));
  const data = resolve(
    input.value("data") ??
      dataThere(folder) ??
      (folder === SERVICE_FOLDER ? SERVICE_DATA : join(folder, "data")),
  );
  const id =
    input.value("gateway-id") ??
    (await ask("Name of this gateway at the centre", gatewayIdFromHost(world.hostName)));
  const site = input.value("site") ?? (await ask("Its site, if it has a name", ""));
  const given =
    input.values("name").length > 0
      ? input.values("name")
      : words(await ask("More names or addresses that clients reach it by", ""));
  const administrator = input.value("admin") ?? (await ask("User who may do everything", "admin"));
  const fault = userNameFault(administrator);
  if (fault !== null) throw new UsageError(`--admin ${JSON.stringify(administrator)}: ${fault}`);
  for (const device of input.values("device")) checkDevice(device);
  const hosts = [
    ...new Set([...given, ...ownHosts(world.hostName, addresses())].map((host) => host.toLowerCase())),
  ];
  const names = hostNames(hosts);
  if (typeof names === "string") throw new UsageError(`--name: ${names}`);
  return {
    plan: { id, site, data, hosts, administrator, paths: gatewayPaths(folder) },
    names,
    devices: [...new Set(input.values("device"))],
    validity: validityOf(input, believableNowMs(Date.now())),
    owners: fileOwners(input.value("service-user") ?? "headwater"),
  };
}

function checkDevice(name: string): void {
  const fault = userNameFault(name);
  if (fault !== null) throw new UsageError(`--device ${JSON.stringify(name)}: ${fault}`);
}

function words(text: string): readonly string[] {
  return text.split(/[\s,]+/).filter((word) => word !== "");
}

function addresses(): readonly string[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith("fe80:"))
    .map(({ address }) => address);
}

/** Where the packaged configuration, or the one that is replaced, has the records: they stay there. */
function dataThere(folder: string): string | null {
  const bytes = new HostOwnedFiles().read(gatewayPaths(folder).config, MAX_TEXT_BYTES);
  return bytes === null ? null : dataIn(new TextDecoder().decode(bytes));
}

/** A configuration that says something is somebody's work; the package's own, which is all comments, is not. */
function refuseConfig(files: OwnedFiles, { config, marker }: GatewayPaths, force: boolean): void {
  const found = files.read(config, MAX_TEXT_BYTES);
  if (found === null || force || files.read(marker, MAX_TEXT_BYTES) !== null) return;
  if (saysNothing(new TextDecoder().decode(found))) return;
  const remedy = "--force replaces it, and keeps it as .old; --folder DIR makes everything elsewhere";
  throw new HeadwaterError("UNSUPPORTED", `${config}: this gateway has a configuration already; ${remedy}`);
}

function refuseOthers(files: OwnedFiles, placement: Placement, force: boolean): void {
  const others = force ? [] : inTheWay(files, placement);
  if (others.length === 0) return;
  const remedy = "nothing was changed; --force replaces them, and keeps each as .old";
  throw new HeadwaterError("UNSUPPORTED", `${others.join(", ")}: there already; ${remedy}`);
}

/** Who signs: an authority that is there, a new one, or somebody else. */
type Authority =
  | { readonly kind: "request" }
  | { readonly kind: "given" | "kept" | "new"; readonly pair: KeyPair };

async function authorityOf(input: Input, { plan, validity }: Wishes, files: OwnedFiles): Promise<Authority> {
  const [certificate, key] = [input.value("ca"), input.value("ca-key")];
  if ((certificate === null) !== (key === null)) throw new UsageError("--ca and --ca-key go together");
  if (input.on("request")) {
    if (certificate !== null) throw new UsageError("--request and --ca exclude each other");
    return { kind: "request" };
  }
  const { fitTogether, newAuthority, readCertificateText } = await import("../enrolment/x509.ts");
  const checked = async (pair: KeyPair, what: string): Promise<KeyPair> => {
    if (!readCertificateText(pair.certificate).isAuthority)
      throw unusable(what, "it is no authority's certificate");
    if (!(await fitTogether(pair))) throw unusable(what, "certificate and key do not belong together");
    return pair;
  };
  if (certificate !== null && key !== null) {
    const pair = { certificate: textOf(files, certificate), key: textOf(files, key) };
    return { kind: "given", pair: await checked(pair, certificate) };
  }
  const kept = [
    files.read(plan.paths.authority, MAX_TEXT_BYTES),
    files.read(plan.paths.authorityKey, MAX_TEXT_BYTES),
  ];
  const [keptCertificate, keptKey] = kept.map((bytes) =>
    bytes === null ? null : new TextDecoder().decode(bytes),
  );
  if (keptCertificate != null && keptKey != null && files.read(plan.paths.marker, MAX_TEXT_BYTES) === null) {
    const pair = { certificate: keptCertificate, key: keptKey };
    return { kind: "kept", pair: await checked(pair, plan.paths.authority) };
  }
  const days = (validity.untilMs - validity.fromMs) / DAY_MS;
  const untilMs = validity.fromMs + days * AUTHORITY_YEARS_TO_DAYS * DAY_MS;
  return {
    kind: "new",
    pair: await newAuthority(`${plan.id} authority`, { fromMs: validity.fromMs, untilMs }),
  };
}

function textOf(files: OwnedFiles, path: string): string {
  const bytes = files.read(path, MAX_TEXT_BYTES);
  if (bytes === null)
    throw new HeadwaterError("FILE_MISSING", `${path} is not there; name a file in PEM`, { path });
  return new TextDecoder().decode(bytes);
}

function unusable(path: string, why: string): HeadwaterError {
  return new HeadwaterError("CONFIG_INVALID", `${path}: ${why}; name the two files of one authority`, {
    path,
  });
}

async function placementOf(
  wishes: Wishes,
  authority: Authority,
  usersPath: string,
  password: Password,
  files: OwnedFiles,
  force: boolean,
): Promise<Placement> {
  const { plan, owners } = wishes;
  const { paths } = plan;
  const certificates = await certificateFiles(wishes, authority);
  const hasAuthority = authority.kind !== "request";
  const config = configText(plan, hasAuthority);
  checkConfig(config, paths.config);
  const found = files.read(usersPath, MAX_TEXT_BYTES);
  const before = found === null ? NO_USERS_TEXT : new TextDecoder().decode(found);
  const isUnfinished = files.read(paths.marker, MAX_TEXT_BYTES) !== null;
  if (parseUsers(usersPath, before).has(plan.administrator) && !force && !isUnfinished) {
    const remedy = "--admin names another, --force gives this one another password";
    throw new HeadwaterError("UNSUPPORTED", `${usersPath}: there is a user ${plan.administrator}; ${remedy}`);
  }
  const users = withUser(before, plan.administrator, await verifiersOf(password.bytes, MECHANISMS));
  const userRights = { mode: 0o600, owner: owners.service };
  return {
    folders: [
      { path: paths.folder, rights: owners.folder },
      { path: plan.data, rights: { mode: 0o750, owner: owners.service } },
      { path: `${paths.folder}/tls`, rights: owners.folder },
      { path: paths.devices, rights: { mode: 0o700, owner: null } },
    ],
    files: [
      ...certificates,
      file(usersPath, users, userRights, "users and hashes of their passwords", true),
      file(
        paths.rules,
        rulesText(plan.administrator),
        owners.readByService,
        "who may publish and subscribe to what",
      ),
      // By which all of it takes effect; a packaged one, all comments, may be there.
      file(paths.config, config, owners.readByService, "the configuration", true),
    ],
    marker: paths.marker,
  };
}

async function certificateFiles(wishes: Wishes, authority: Authority): Promise<readonly PlannedFile[]> {
  const { plan, names, devices, validity, owners } = wishes;
  const { paths } = plan;
  const x509 = await import("../enrolment/x509.ts");
  const key = await x509.newKey();
  const holder = { commonName: plan.id, names, use: "both" as const };
  const own = file(paths.key, key, owners.readByService, "the gateway's key");
  if (authority.kind === "request") {
    const request = await x509.requestCertificate(key, holder);
    return [
      own,
      file(paths.request, request, owners.open, "the request for a certificate, for your authority"),
    ];
  }
  const { pair, kind } = authority;
  const hasList = kind === "kept" && new HostOwnedFiles().read(paths.revoked, MAX_TEXT_BYTES) !== null;
  const certificate = await x509.signCertificate(pair, await x509.publicKeyOf(key), holder, validity);
  const authorityFiles = [
    ...(kind === "new"
      ? [file(paths.authorityKey, pair.key, owners.secret, "the authority's key: keep it safe")]
      : []),
    ...(kind === "kept"
      ? []
      : [
          file(
            paths.authority,
            pair.certificate,
            owners.open,
            "the authority's certificate, for every client",
          ),
        ]),
    ...(hasList
      ? []
      : [
          file(
            paths.revoked,
            await x509.signRevocations(pair, [], validity),
            owners.open,
            "certificates that were taken back: none",
          ),
        ]),
  ];
  const issued = await Promise.all(devices.map((name) => issueDevice(pair, name, validity)));
  const deviceFiles = issued.flatMap((device, index) => {
    const name = devices[index] ?? "";
    const at = devicePaths(paths, name);
    return [
      file(at.key, device.key, owners.secret, `the key of ${name}: put it there, remove it here`),
      file(at.certificate, device.certificate, owners.secret, `the certificate of ${name}`),
    ];
  });
  return [
    ...authorityFiles,
    own,
    file(paths.certificate, certificate, owners.open, "the gateway's certificate"),
    ...deviceFiles,
  ];
}

function file(
  path: string,
  text: string,
  rights: PlannedFile["rights"],
  what: string,
  isExtended = false,
): PlannedFile {
  return { path, bytes: Buffer.from(text), rights, what, extends: isExtended };
}

/** A gateway that does not start is no way to begin: what was asked for is looked at before anything is written. */
function checkConfig(text: string, path: string): void {
  const result = loadSettings({ file: { path, text }, env: {}, set: [], flags: new Map(), hostName: "" });
  if (!result.ok) throw new HeadwaterError("CONFIG_INVALID", result.problems.map(formatProblem).join("\n"));
}

function report(
  input: Input,
  world: World,
  { plan, owners }: Wishes,
  placement: Placement,
  password: Password,
  kind: Authority["kind"],
): void {
  const isDry = input.on("dry-run");
  const shown = password.isRandom && !isDry ? password.text : null;
  if (input.json) {
    const files = placement.files.map(({ path, rights, what }) => ({
      path,
      mode: rights.mode.toString(8),
      what,
    }));
    const answer = { written: !isDry, gatewayId: plan.id, user: plan.administrator, password: shown, files };
    world.out(`${JSON.stringify(answer)}\n`);
    return;
  }
  if (isRoot() && owners.service === null) {
    world.err(
      "there is no user for the service here (--service-user): all files are root's, who alone can start it\n",
    );
  }
  world.out(`${isDry ? "Would write" : "Written"}:\n`);
  world.out(
    columns(
      placement.files.map(({ path, rights, what }) => [`  ${path}`, `0${rights.mode.toString(8)}`, what]),
    ),
  );
  if (isDry) return;
  if (shown !== null)
    world.out(`\nThe password of ${plan.administrator}, which is shown this once:\n\n  ${shown}\n`);
  world.out(
    `\nNow:\n${nextSteps(plan, owners, kind)
      .map((step) => `  ${step}\n`)
      .join("")}`,
  );
}

function nextSteps(plan: GatewayPlan, owners: FileOwners, kind: Authority["kind"]): readonly string[] {
  const { paths, hosts, administrator } = plan;
  const isService = paths.folder === SERVICE_FOLDER && owners.service !== null;
  const start = isService ? "sudo systemctl restart headwater" : `headwater serve --config ${paths.config}`;
  const at = isService ? "" : ` --folder ${paths.folder}`;
  const host = hosts[0] ?? "localhost";
  const pump = devicePaths(paths, "pump-1");
  const url = `https://${host.includes(":") ? `[${host}]` : host}:8443`;
  if (kind === "request") {
    return [
      `1. Have your authority sign ${paths.request} (for servers and clients).`,
      `2. headwater certificate install CERTIFICATE.pem --ca AUTHORITY.pem${at}`,
      `3. ${start}`,
    ];
  }
  return [
    `1. ${start}`,
    `2. Give every client ${paths.authority}: by it they know the gateway.`,
    `3. headwater certificate issue pump-1${at}   # a key and a certificate for each device`,
    `   mosquitto_pub -h ${host} -p 8883 --cafile ${paths.authority} --cert ${pump.certificate} --key ${pump.key} -q 1 -t devices/pump-1/state -m on`,
    `4. ${url} is the console; log in as ${administrator}.`,
    `5. headwater user add NAME --config ${paths.config}   # more users; headwater acl add NAME says what they may do`,
  ];
}
