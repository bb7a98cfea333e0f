import { join, resolve } from "node:path";
import { HeadwaterError } from "../base/errors.ts";
import { centrePaths } from "../enrolment/centre.ts";
import { devicePaths, type GatewayPaths, gatewayPaths } from "../enrolment/init-files.ts";
import { hostNames } from "../enrolment/names.ts";
import { inTheWay, type PlannedFile, place } from "../enrolment/placement.ts";
import type { KeyPair } from "../enrolment/x509.ts";
import { HostOwnedFiles } from "../io/bun/owned-files.ts";
import { userNameFault } from "../security/users.ts";
import { believableNowMs, CERTIFICATE_DAYS, DAY_MS, issueDevice, validityOf } from "./certificates.ts";
import type { Command, Flag, Input } from "./command.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import { columns } from "./help.ts";
import { FOLDER_FLAG, SERVICE_FOLDER } from "./init.ts";
import { type FileOwners, fileOwners, isRoot } from "./service-user.ts";
import type { World } from "./world.ts";

const MAX_BYTES = 1024 * 1024;
const SECRET = { mode: 0o600, owner: null } as const;
const AUTHORITY_FLAGS: readonly Flag[] = [
  FOLDER_FLAG,
  {
    name: "ca-key",
    value: "FILE",
    doc: "The authority's key, where it is kept elsewhere; tls/authority.key in the folder if left out.",
  },
];
const DAYS_FLAG: Flag = {
  name: "days",
  value: "DAYS",
  doc: `How long it is good for, at most as long as its authority; ${CERTIFICATE_DAYS} if left out.`,
};
const FORCE_FLAG: Flag = { name: "force", doc: "Replaces one that is there; it stays beside it as .old." };
const CENTRE_NOTE = `Gateways that this centre has enrolled do not know of it yet. Each learns of it by tls/revoked.pem of this folder, put there as
centre/revoked.pem (where tls.crl.file of its configuration is that), or by a new enrolment: headwater enrolment issue --again here,
headwater enrol --again there.
`;
const SOON_NOTE = "A running gateway takes it over within security.reload.interval.ms, or at once on SIGHUP.";

export const certificateCommand: Command = {
  name: "certificate",
  summary: "Make, renew and take back certificates of a gateway that headwater init has secured",
  commands: [
    {
      name: "issue",
      summary: "Make keys and certificates for devices, or sign what a device asks for",
      positionals: "NAME...",
      minPositionals: 1,
      maxPositionals: 10_000,
      flags: [
        ...AUTHORITY_FLAGS,
        DAYS_FLAG,
        FORCE_FLAG,
        {
          name: "request",
          value: "FILE",
          doc: "A request (CSR) of the one device that is named: its key never leaves it.",
        },
      ],
      notes: [
        "NAME is who the device is at every door: as a user of that name. Files are written into tls/devices of the folder; a key belongs on its device, and nowhere else.",
      ],
      examples: [
        ["headwater certificate issue pump-1 pump-2", "a key and a certificate for each"],
        [
          "headwater certificate issue pump-3 --request pump-3.csr",
          "a certificate for a key that stays where it is",
        ],
      ],
      run: issue,
    },
    {
      name: "ls",
      summary: "List certificates, and until when they are good",
      flags: [FOLDER_FLAG],
      run: list,
    },
    {
      name: "revoke",
      summary: "Take a device's certificate back; who is connected by it is put out",
      positionals: "NAME|FILE",
      minPositionals: 1,
      maxPositionals: 1,
      flags: AUTHORITY_FLAGS,
      notes: [SOON_NOTE],
      run: revoke,
    },
    {
      name: "renew",
      summary: "Make the gateway's own certificate anew, for the same key",
      flags: [
        ...AUTHORITY_FLAGS,
        DAYS_FLAG,
        {
          name: "name",
          value: "HOST",
          multiple: true,
          doc: "A name or address to add to those that it has.",
        },
      ],
      notes: [SOON_NOTE],
      run: renew,
    },
    {
      name: "install",
      summary: "Take the certificate that an authority made for the gateway's request",
      positionals: "FILE",
      minPositionals: 1,
      maxPositionals: 1,
      flags: [
        FOLDER_FLAG,
        {
          name: "ca",
          value: "FILE",
          doc: "The authority's certificate, in PEM: by it clients know the gateway, and it clients.",
        },
        FORCE_FLAG,
      ],
      notes: [SOON_NOTE],
      run: install,
    },
  ],
};

interface Scene {
  readonly paths: GatewayPaths;
  readonly files: HostOwnedFiles;
  readonly owners: FileOwners;
  readonly nowMs: number;
}

function sceneOf(input: Input): Scene {
  const folder = resolve(input.value("folder") ?? (isRoot() ? SERVICE_FOLDER : "headwater"));
  const nowMs = believableNowMs(Date.now());
  return { paths: gatewayPaths(folder), files: new HostOwnedFiles(), owners: fileOwners("headwater"), nowMs };
}

function textOf({ files }: Scene, path: string, remedy: string): string {
  const bytes = files.read(path, MAX_BYTES);
  if (bytes === null) throw new HeadwaterError("FILE_MISSING", `${path} is not there; ${remedy}`, { path });
  return new TextDecoder().decode(bytes);
}

async function authorityOf(input: Input, scene: Scene): Promise<KeyPair> {
  const remedy = "headwater init makes it, and --folder and --ca-key say where it is";
  const certificate = textOf(scene, scene.paths.authority, remedy);
  const pair = { certificate, key: textOf(scene, input.value("ca-key") ?? scene.paths.authorityKey, remedy) };
  const { fitTogether } = await import("../enrolment/x509.ts");
  if (await fitTogether(pair)) return pair;
  throw new HeadwaterError(
    "CONFIG_INVALID",
    `${scene.paths.authority}: its key is another; name it by --ca-key`,
  );
}

function write(scene: Scene, planned: readonly PlannedFile[], force: boolean): void {
  const { files, paths } = scene;
  const placement = {
    folders: [{ path: paths.devices, rights: { mode: 0o700, owner: null } }],
    files: planned,
    marker: `${paths.folder}/certificate.unfinished`,
  };
  const others = force ? [] : inTheWay(files, placement);
  if (others.length > 0) {
    const remedy = "nothing was changed; --force replaces them, and keeps each as .old";
    throw new HeadwaterError("UNSUPPORTED", `${others.join(", ")}: there already; ${remedy}`);
  }
  place(files, placement);
}

function done(input: Input, world: World, planned: readonly PlannedFile[]): number {
  if (input.json) world.out(`${JSON.stringify({ files: planned.map(({ path }) => path) })}\n`);
  else world.out(columns(planned.map(({ path, what }) => [path, what])));
  return EXIT.ok;
}

async function issue(input: Input, world: World): Promise<number> {
  const scene = sceneOf(input);
  const names = [...new Set(input.positionals)];
  for (const name of names) {
    const fault = userNameFault(name);
    if (fault !== null) throw new UsageError(`${JSON.stringify(name)}: ${fault}`);
  }
  const authority = await authorityOf(input, scene);
  const request = input.value("request");
  const validity = validityOf(input, scene.nowMs);
  const planned: PlannedFile[] = [];
  if (request !== null && names.length > 1) throw new UsageError("--request is of one device");
  for (const name of names) {
    const at = devicePaths(scene.paths, name);
    const certificateFile = (certificate: string) =>
      planned.push({
        path: at.certificate,
        bytes: Buffer.from(certificate),
        rights: SECRET,
        what: `the certificate of ${name}`,
      });
    if (request === null) {
      const { key, certificate } = await issueDevice(authority, name, validity);
      planned.push({
        path: at.key,
        bytes: Buffer.from(key),
        rights: SECRET,
        what: `the key of ${name}: put it there, remove it here`,
      });
      certificateFile(certificate);
      continue;
    }
    const { readRequest, signCertificate } = await import("../enrolment/x509.ts");
    const { publicKey } = await readRequest(textOf(scene, request, "name a certificate request in PEM"));
    // Only the key is taken from it: who a device is, is said here.
    const holder = { commonName: name, names: { dns: [], addresses: [] }, use: "client" as const };
    certificateFile(await signCertificate(authority, publicKey, holder, validity));
  }
  write(scene, planned, input.on("force"));
  return done(input, world, planned);
}

async function list(input: Input, world: World): Promise<number> {
  const scene = sceneOf(input);
  const { paths, files } = scene;
  const { readCertificateText, readRevokedSerials } = await import("../enrolment/x509.ts");
  const listBytes = files.read(paths.revoked, MAX_BYTES);
  const revoked = listBytes === null ? [] : readRevokedSerials(new TextDecoder().decode(listBytes));
  const devices = files.list(paths.devices).filter((name) => name.endsWith(".pem"));
  const rows = [
    paths.authority,
    paths.certificate,
    ...devices.map((name) => join(paths.devices, name)),
  ].flatMap((path) => {
    const bytes = files.read(path, MAX_BYTES);
    if (bytes === null) return [];
    const { commonName, serial, validity } = readCertificateText(new TextDecoder().decode(bytes));
    const until = new Date(validity.untilMs).toISOString().slice(0, 10);
    const state = revoked.includes(serial) ? "revoked" : validity.untilMs < scene.nowMs ? "expired" : "good";
    return [{ path, name: commonName, until, state, serial }];
  });
  if (input.json) world.out(`${JSON.stringify(rows)}\n`);
  else world.out(columns(rows.map(({ name, until, state, path }) => [name ?? "-", until, state, path])));
  return EXIT.ok;
}

async function revoke(input: Input, world: World): Promise<number> {
  const scene = sceneOf(input);
  const { paths, files } = scene;
  const authority = await authorityOf(input, scene);
  const subject = input.positionals[0] ?? "";
  const own = devicePaths(paths, subject).certificate;
  const path = files.read(own, MAX_BYTES) === null ? subject : own;
  const x509 = await import("../enrolment/x509.ts");
  const certificate = textOf(scene, path, "name a device, or the file of its certificate");
  if (!(await x509.leadsTo(certificate, authority.certificate))) {
    throw new HeadwaterError(
      "UNSUPPORTED",
      `${path}: it is of another authority, which alone can take it back`,
    );
  }
  const { serial } = x509.readCertificateText(certificate);
  const before = x509.readRevokedSerials(
    textOf(scene, paths.revoked, "set tls.crl.file to a list that is there"),
  );
  const { validity } = x509.readCertificateText(authority.certificate);
  const serials = [...new Set([...before, serial])];
  // Good for as long as its authority: a list that is out of date would lock everybody out.
  const text = await x509.signRevocations(authority, serials, {
    fromMs: scene.nowMs - DAY_MS,
    untilMs: validity.untilMs,
  });
  const planned = [
    {
      path: paths.revoked,
      bytes: Buffer.from(text),
      rights: scene.owners.open,
      what: `takes ${subject} back, ${serials.length} in all`,
    },
  ];
  write(scene, planned, true);
  if (files.read(centrePaths(paths.folder).centre, MAX_BYTES) !== null) world.err(CENTRE_NOTE);
  return done(input, world, planned);
}

/** What a centre has signed is anew by the centre alone. Throws UNSUPPORTED. */
function refuseEnrolled({ files, paths }: Scene): void {
  const own = `${paths.folder}/centre/gateway.pem`;
  const config = files.read(paths.config, MAX_BYTES);
  if (config === null || files.read(own, MAX_BYTES) === null) return;
  if (!new TextDecoder().decode(config).includes(JSON.stringify(own))) return;
  const remedy =
    "headwater enrolment issue --again there makes a file, by which headwater enrol --again --file FILE gets another here";
  throw new HeadwaterError(
    "UNSUPPORTED",
    `${own} is of the centre that has enrolled this gateway; ${remedy}`,
  );
}

async function renew(input: Input, world: World): Promise<number> {
  const scene = sceneOf(input);
  const { paths } = scene;
  refuseEnrolled(scene);
  const authority = await authorityOf(input, scene);
  const x509 = await import("../enrolment/x509.ts");
  const remedy = "headwater init makes it";
  const now = x509.readCertificateText(textOf(scene, paths.certificate, remedy));
  const names = hostNames([...now.names.dns, ...now.names.addresses, ...input.values("name")]);
  if (typeof names === "string") throw new UsageError(`--name: ${names}`);
  const publicKey = await x509.publicKeyOf(textOf(scene, paths.key, remedy));
  const holder = { commonName: now.commonName ?? "gateway", names, use: "both" as const };
  const text = await x509.signCertificate(authority, publicKey, holder, validityOf(input, scene.nowMs));
  const planned = [
    {
      path: paths.certificate,
      bytes: Buffer.from(text),
      rights: scene.owners.open,
      what: "the gateway's certificate, anew",
    },
  ];
  write(scene, planned, true);
  return done(input, world, planned);
}

async function install(input: Input, world: World): Promise<number> {
  const scene = sceneOf(input);
  const { paths } = scene;
  const authorityPath = input.value("ca");
  if (authorityPath === null)
    throw new UsageError("--ca is missing: the certificate of the authority, in PEM");
  const remedy = "name a certificate in PEM";
  const path = input.positionals[0] ?? "";
  const certificate = textOf(scene, path, remedy);
  const authority = textOf(scene, authorityPath, remedy);
  const key = textOf(scene, paths.key, "headwater init --request makes it");
  const x509 = await import("../enrolment/x509.ts");
  const refuse = (why: string): HeadwaterError =>
    new HeadwaterError("CONFIG_INVALID", `${path}: ${why}`, { path });
  if (!(await x509.fitTogether({ certificate, key })))
    throw refuse(`it is not for the key ${paths.key}; take the one of ${paths.request}`);
  if (!(await x509.leadsTo(certificate, authority)))
    throw refuse(`it does not lead to ${authorityPath}; put those between them behind it`);
  const { validity } = x509.readCertificateText(certificate);
  if (validity.untilMs < scene.nowMs)
    throw refuse(`it has expired at ${new Date(validity.untilMs).toISOString()}`);
  const planned = [
    {
      path: paths.authority,
      bytes: Buffer.from(authority),
      rights: scene.owners.open,
      what: "the authority's certificate, for every client",
    },
    {
      path: paths.certificate,
      bytes: Buffer.from(certificate),
      rights: scene.owners.open,
      what: "the gateway's certificate",
    },
  ];
  write(scene, planned, input.on("force"));
  return done(input, world, planned);
}
