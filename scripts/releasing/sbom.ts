import type { BundledPackage } from "./bundled.ts";

/** What an SBOM is about. */
export interface Subject {
  /** The binary's name, e.g. `headwater-linux-x64`. */
  readonly binary: string;
  readonly version: string;
  readonly license: string;
  /** When the source was committed, in seconds since 1970. */
  readonly epochSeconds: number;
  readonly packages: readonly BundledPackage[];
  readonly runtime: Runtime;
}

/** The Bun that is the binary's runtime. */
export interface Runtime {
  /** Its npm package of that platform, e.g. `@oven/bun-linux-x64`. */
  readonly package: string;
  readonly version: string;
  readonly license: string;
  /** SHA-512 of the package, in hex. */
  readonly sha512: string;
  /** `process.versions` of it. */
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * What Bun's executable is linked with, by its names in `process.versions`. The others there are no code that it has: they
 * say which versions of Node.js, V8, libuv and OpenSSL it is compatible with.
 */
const EMBEDDED: Readonly<Record<string, string>> = {
  ares: "c-ares",
  boringssl: "BoringSSL",
  icu: "ICU",
  libarchive: "libarchive",
  libdeflate: "libdeflate",
  llhttp: "llhttp",
  lolhtml: "lol-html",
  lshpack: "ls-hpack",
  mimalloc: "mimalloc",
  picohttpparser: "picohttpparser",
  sqlite: "SQLite",
  tinycc: "TinyCC",
  usockets: "uSockets",
  uwebsockets: "uWebSockets",
  webkit: "WebKit (JavaScriptCore)",
  zig: "Zig's standard library",
  zlib: "zlib",
  zstd: "Zstandard",
};

/**
 * The bill of materials of a binary, CycloneDX 1.6 in JSON. It is a function of its argument alone: the serial number
 * comes from the contents, the time from the commit, and the binary's own sum stands in SHA256SUMS, beside that of the
 * SBOM. https://cyclonedx.org/docs/1.6/json/
 */
export function sbom(subject: Subject): string {
  const top = `pkg:generic/headwater@${encodeURIComponent(subject.version)}`;
  const runtime = runtimeComponent(subject.runtime);
  const contents = {
    metadata: {
      timestamp: new Date(subject.epochSeconds * 1000).toISOString().replace(".000Z", "Z"),
      component: {
        type: "application",
        "bom-ref": top,
        name: "headwater",
        version: subject.version,
        licenses: licenses(subject.license),
        purl: top,
        properties: [{ name: "headwater:binary", value: subject.binary }],
      },
    },
    components: [...subject.packages.map(packageComponent), runtime],
    dependencies: [
      {
        ref: top,
        dependsOn: [...subject.packages.filter(({ direct }) => direct).map(purlOf), runtime["bom-ref"]],
      },
      ...subject.packages.map((each) => ({
        ref: purlOf(each),
        dependsOn: subject.packages.filter((other) => each.imports.includes(idOf(other))).map(purlOf),
      })),
      { ref: runtime["bom-ref"], dependsOn: runtime.components.map((part) => part["bom-ref"]) },
    ],
  };
  const document = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json",
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    serialNumber: `urn:uuid:${uuidOf(JSON.stringify(contents))}`,
    version: 1,
    ...contents,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function packageComponent(each: BundledPackage) {
  const { group, name } = namesOf(each.name);
  return {
    type: "library",
    "bom-ref": purlOf(each),
    ...(group === "" ? {} : { group }),
    name,
    version: each.version,
    hashes: [{ alg: "SHA-512", content: each.sha512 }],
    licenses: licenses(each.license),
    purl: purlOf(each),
  };
}

function runtimeComponent(runtime: Runtime) {
  const purl = purlOf({ name: runtime.package, version: runtime.version });
  return {
    type: "platform",
    "bom-ref": purl,
    name: "bun",
    version: runtime.version,
    hashes: [{ alg: "SHA-512", content: runtime.sha512 }],
    licenses: licenses(runtime.license),
    purl,
    components: Object.entries(EMBEDDED).flatMap(([key, name]) => {
      const version = runtime.versions[key];
      if (version === undefined) return [];
      const ref = `pkg:generic/${key}@${encodeURIComponent(version)}`;
      return [{ type: "library", "bom-ref": ref, name, version, purl: ref }];
    }),
  };
}

function idOf({ name, version }: { readonly name: string; readonly version: string }): string {
  return `${name}@${version}`;
}

/** https://github.com/package-url/purl-spec: the scope is a namespace, and its @ is escaped. */
function purlOf(of: { readonly name: string; readonly version: string }): string {
  const { group, name } = namesOf(of.name);
  return `pkg:npm/${group === "" ? "" : `${encodeURIComponent(group)}/`}${name}@${encodeURIComponent(of.version)}`;
}

function namesOf(full: string): { readonly group: string; readonly name: string } {
  const slash = full.indexOf("/");
  return { group: full.slice(0, Math.max(slash, 0)), name: full.slice(slash + 1) };
}

function licenses(license: string): readonly object[] {
  return /^[A-Za-z0-9.-]+$/.test(license) ? [{ license: { id: license } }] : [{ expression: license }];
}

/** A UUID of version 8 (RFC 9562): its bits are of our own choice. */
function uuidOf(text: string): string {
  const bytes = new Bun.CryptoHasher("sha256").update(text).digest().subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}
