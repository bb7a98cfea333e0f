import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  ARCHITECTURES,
  type Architecture,
  builtBinary,
  installedFiles,
  type Source,
  sourceOf,
  TOP,
} from "./headwater.ts";
import { type ContainerConfig, ociArchive } from "./oci.ts";
import { type Entry, text } from "./tar.ts";

/** Its number, so that a runtime that refuses root can tell. */
const USER_ID = 65_532;
const DATA = "var/lib/headwater";

const CONFIG: ContainerConfig = {
  User: `${USER_ID}:${USER_ID}`,
  Entrypoint: ["/usr/bin/headwater"],
  Cmd: ["serve", "--config", "/etc/headwater/headwater.toml"],
  Env: ["PATH=/usr/bin"],
  WorkingDir: `/${DATA}`,
  ExposedPorts: { "1883/tcp": {}, "8080/tcp": {}, "8883/tcp": {}, "9092/tcp": {} },
  Volumes: { [`/${DATA}`]: {} },
  StopSignal: "SIGTERM",
  Labels: {
    "org.opencontainers.image.title": "Headwater",
    "org.opencontainers.image.licenses": "Apache-2.0",
  },
};

/** The image of a binary and of the C library's files, by their names, that it is linked to. */
export function headwaterImage(
  binary: Uint8Array,
  library: Readonly<Record<string, Uint8Array>>,
  architecture: Architecture,
  source: Source,
): Uint8Array {
  return ociArchive({
    name: "headwater",
    version: source.version.replaceAll("~", "-"),
    architecture: ARCHITECTURES[architecture],
    config: CONFIG,
    layers: [baseFiles(library, architecture), installedFiles(binary)],
    epochSeconds: source.epochSeconds,
  });
}

/** What every version has: no shell, no package manager, nothing but what the program opens. */
function baseFiles(
  library: Readonly<Record<string, Uint8Array>>,
  architecture: Architecture,
): readonly Entry[] {
  const user = `headwater:x:${USER_ID}:`;
  // Where the kernel looks for the loader that the program names.
  const folder = architecture === "x64" ? "lib64" : "lib";
  return [
    text("etc/passwd", `root:x:0:0:root:/:/nologin\n${user}${USER_ID}:Headwater:/${DATA}:/nologin\n`),
    text("etc/group", `root:x:0:\n${user}\n`),
    text("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"),
    ...Object.entries(library).map(([name, bytes]) => {
      const place = name.startsWith("ld-linux") ? folder : "lib";
      return { kind: "file" as const, path: `${place}/${name}`, mode: 0o755, bytes };
    }),
    ...["dev", "proc", "sys"].map((path) => ({ kind: "folder" as const, path, mode: 0o755 })),
    { kind: "folder", path: "tmp", mode: 0o1777 },
    { kind: "folder", path: DATA, mode: 0o750, owner: USER_ID },
  ];
}

/** `container.ts ARCHITECTURE LIBRARY_FOLDER`: writes dist/headwater_VERSION_ARCHITECTURE.oci.tar and prints its path. */
function main([name = "", folder = ""]: readonly string[]): void {
  if (!(name in ARCHITECTURES)) throw new Error(`unknown architecture '${name}': x64 or arm64`);
  const architecture = name as Architecture;
  const library = Object.fromEntries(
    readdirSync(folder).map((file) => [file, readFileSync(join(folder, file))]),
  );
  const source = sourceOf();
  const bytes = headwaterImage(builtBinary(architecture), library, architecture, source);
  const path = join(TOP, "dist", `headwater_${source.version}_${ARCHITECTURES[architecture]}.oci.tar`);
  mkdirSync(join(TOP, "dist"), { recursive: true });
  writeFileSync(path, bytes);
  console.log(`${path}  ${(bytes.length / 1e6).toFixed(1)} MB`);
}

if (import.meta.main) {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    console.error(`headwater: ${error instanceof Error ? error.message : error}`);
    process.exit(1);
  }
}
