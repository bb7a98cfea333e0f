import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { LOG_FORMATS } from "../../src/log/store-format.ts";
import { encodeRelease } from "../../src/update/release-file.ts";
import { orderOf } from "../../src/update/version-order.ts";
import { deb, type Package } from "./deb.ts";
import { type Entry, text } from "./tar.ts";

export const TOP: string = resolve(import.meta.dirname, "../..");

/** A build of the program: `./scripts/build` names architectures as Bun does, Debian otherwise. */
export const ARCHITECTURES = { x64: "amd64", arm64: "arm64" } as const;
export type Architecture = keyof typeof ARCHITECTURES;

/** Of which source something is built. */
export interface Source {
  /** As Debian compares versions: later commits are newer, and a release is newer than what came before it. */
  readonly version: string;
  /** When it was committed, in seconds since 1970. */
  readonly epochSeconds: number;
}

const ZERO_TIME = Date.UTC(2026, 0, 1) / 1000;
const MAINTAINER = "Headwater <headwater@localhost>";

/** The checkout's version: `0.1.0` where that is tagged, else one that is older, with commit and time. */
export function sourceOf(folder: string = TOP): Source {
  const version = String(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).version);
  const commit = git(folder, "rev-parse", "--short=12", "HEAD");
  if (commit === null) return { version: `${version}~unknown`, epochSeconds: ZERO_TIME };
  const epochSeconds = Number(git(folder, "show", "-s", "--format=%ct", "HEAD"));
  const modified = git(folder, "status", "--porcelain", "--untracked-files=no") !== "";
  if (!modified && git(folder, "tag", "--points-at", "HEAD", `v${version}`) !== "") {
    return { version, epochSeconds };
  }
  const time = new Date(epochSeconds * 1000).toISOString().replaceAll(/[-:T]|\..*/g, "");
  return { version: `${version}~git${time}.${commit}${modified ? ".modified" : ""}`, epochSeconds };
}

/** What the checkout's binaries say that they are, as `./scripts/build` names them. */
export function programVersion(folder: string = TOP): string {
  const version = String(JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).version);
  return `${version}+${git(folder, "rev-parse", "--short=12", "HEAD") ?? "unknown"}`;
}

/** The file that `./scripts/build` leaves. Throws, and says what to do, where it is not there. */
export function builtBinary(architecture: Architecture): Uint8Array {
  const path = join(TOP, "dist", `headwater-linux-${architecture}`);
  if (!existsSync(path)) throw new Error(`${path} is missing: ./scripts/build ${architecture}`);
  return readFileSync(path);
}

/** The package of that binary. */
export function headwaterDeb(binary: Uint8Array, architecture: Architecture, source: Source): Uint8Array {
  return deb(headwaterPackage(binary, architecture, source));
}

/** What is installed, wherever: by the package, and in the container image without what only a service needs. */
export function installedFiles(binary: Uint8Array): readonly Entry[] {
  return [
    { kind: "file", path: "usr/lib/headwater/headwater", mode: 0o755, bytes: binary },
    { kind: "link", path: "usr/bin/headwater", target: "../lib/headwater/headwater" },
    text("etc/headwater/headwater.toml", gatewayConfig()),
  ];
}

function headwaterPackage(binary: Uint8Array, architecture: Architecture, source: Source): Package {
  const document = (name: string) => `usr/share/doc/headwater/${name}`;
  return {
    name: "headwater",
    version: source.version,
    architecture: ARCHITECTURES[architecture],
    epochSeconds: source.epochSeconds,
    fields: {
      Maintainer: MAINTAINER,
      Depends: "libc6 (>= 2.17), init-system-helpers (>= 1.54), systemd | systemd-standalone-sysusers",
      Section: "net",
      Priority: "optional",
      Description: DESCRIPTION,
    },
    entries: [
      ...installedFiles(binary),
      text("usr/lib/headwater/launch", read("gateway/systemd/launch"), 0o755),
      text("usr/lib/headwater/release", releaseFile(source)),
      text("usr/lib/systemd/system/headwater.service", read("gateway/systemd/headwater.service")),
      text("usr/lib/systemd/system/headwater-enrol.service", read("gateway/systemd/headwater-enrol.service")),
      text("usr/lib/sysusers.d/headwater.conf", read("gateway/deb/headwater.sysusers")),
      text("usr/share/lintian/overrides/headwater", read("gateway/deb/lintian-overrides")),
      text(document("copyright"), read("gateway/deb/copyright")),
      text(document("README.md"), read("gateway/README.md")),
      text(document("enrolment.md"), read("gateway/enrolment.md")),
      text(document("update.md"), read("gateway/update.md")),
      ...["runbook.md", "security.md", "metrics.md"].map((name) =>
        text(document(name), read(`gateway/${name}`)),
      ),
      text(document("settings.md"), read("gateway/config/settings.md")),
      text(document("headwater.toml"), read("gateway/config/headwater.toml")),
      { kind: "file", path: document("changelog.gz"), mode: 0o644, bytes: changelog(source) },
    ],
    conffiles: ["/etc/headwater/headwater.toml"],
    scripts: {
      postinst: read("gateway/deb/postinst"),
      prerm: read("gateway/deb/prerm"),
      postrm: read("gateway/deb/postrm"),
    },
  };
}

/** By which the launcher compares the package with what is in the slots. */
function releaseFile({ version, epochSeconds }: Source): string {
  return encodeRelease({ version, order: orderOf(version, epochSeconds), reads: LOG_FORMATS.reads });
}

const DESCRIPTION = `event broker for the edge
 Takes readings from devices over MQTT and from programs over the Apache Kafka
 protocol, keeps them in keyed logs that are on the disk before they are
 acknowledged, and carries them to a central Apache Kafka cluster exactly once.`;

/** The commented settings, and the one that an installed gateway needs. */
function gatewayConfig(): string {
  const commented = '#data = "/var/lib/headwater"';
  const config = read("gateway/config/headwater.toml");
  if (!config.includes(`\n${commented}\n`))
    throw new Error(`gateway/config/headwater.toml has no ${commented}`);
  return config.replace(commented, commented.slice(1));
}

/** What changed is in the project's own changelog; Debian's tools look for this one. */
function changelog({ version, epochSeconds }: Source): Uint8Array {
  const date = new Date(epochSeconds * 1000).toUTCString().replace("GMT", "+0000");
  const entry = `headwater (${version}) stable; urgency=medium\n\n  * See CHANGELOG.md of the project.\n\n -- ${MAINTAINER}  ${date}\n`;
  return Bun.gzipSync(new Uint8Array(new TextEncoder().encode(entry)), { level: 9 });
}

function read(path: string): string {
  return readFileSync(join(TOP, path), "utf8");
}

/** Null where the folder is no checkout. */
function git(folder: string, ...args: readonly string[]): string | null {
  const { exitCode, stdout } = Bun.spawnSync(["git", "-C", folder, ...args], { stderr: "ignore" });
  return exitCode === 0 ? stdout.toString().trim() : null;
}
