import { afterAll, expect, test } from "bun:test";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { headwaterImage } from "../../../scripts/package/container.ts";
import { run } from "./programs.ts";

const folder = mkdtempSync(join(tmpdir(), "headwater-container-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const BINARY = new TextEncoder().encode("#!/bin/sh\necho headwater\n");
const LIBRARY = { "libc.so.6": new Uint8Array([1]), "ld-linux-aarch64.so.1": new Uint8Array([2]) };
const SOURCE = { version: "1.0~git2", epochSeconds: 1_800_000_000 };

interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const make = () => headwaterImage(BINARY, LIBRARY, "arm64", SOURCE);

/** What a client of registries does with a layout: follows digests, and believes nothing that they do not cover. */
class Layout {
  readonly path = mkdtempSync(join(folder, "layout-"));
  readonly followed = new Set<string>();

  constructor(archive: Uint8Array) {
    writeFileSync(join(folder, "image.tar"), archive);
    run(["tar", "--extract", "--file", join(folder, "image.tar"), "--directory", this.path]);
  }

  json(name: string): Record<string, unknown> {
    return JSON.parse(readFileSync(join(this.path, name), "utf8"));
  }

  blob({ digest, size }: Blob): Uint8Array {
    const name = digest.replace("sha256:", "");
    const bytes = readFileSync(join(this.path, "blobs/sha256", name));
    expect([bytes.length, new Bun.CryptoHasher("sha256").update(bytes).digest("hex")]).toEqual([size, name]);
    this.followed.add(name);
    return bytes;
  }

  parsed(blob: Blob): Record<string, unknown> {
    return JSON.parse(new TextDecoder().decode(this.blob(blob)));
  }
}

test("every digest holds, from the index down to what the layers hold, and nothing else is there", () => {
  const layout = new Layout(make());
  expect(layout.json("oci-layout")).toEqual({ imageLayoutVersion: "1.0.0" });
  const [manifest] = layout.json("index.json").manifests as (Blob & { readonly platform: object })[];
  expect(manifest?.platform).toEqual({ architecture: "arm64", os: "linux" });
  const { config, layers } = layout.parsed(manifest as Blob) as unknown as {
    config: Blob;
    layers: readonly Blob[];
  };
  const image = layout.parsed(config) as unknown as {
    architecture: string;
    config: { User: string; Entrypoint: readonly string[] };
    rootfs: { diff_ids: readonly string[] };
  };
  expect([image.architecture, image.config.User, image.config.Entrypoint]).toEqual([
    "arm64",
    "65532:65532",
    ["/usr/bin/headwater"],
  ]);
  const root = join(folder, "rootfs");
  mkdirSync(root);
  const sums = layers.map((layer) => {
    const tar = Bun.gunzipSync(new Uint8Array(layout.blob(layer)));
    writeFileSync(join(folder, "layer.tar"), tar);
    run(["tar", "--extract", "--file", join(folder, "layer.tar"), "--directory", root]);
    return `sha256:${new Bun.CryptoHasher("sha256").update(tar).digest("hex")}`;
  });
  expect(sums).toEqual([...image.rootfs.diff_ids]);
  expect(readdirSync(join(layout.path, "blobs/sha256")).sort()).toEqual([...layout.followed].sort());
  expect(readFileSync(join(root, "usr/lib/headwater/headwater"))).toEqual(Buffer.from(BINARY));
  expect(readlinkSync(join(root, "usr/bin/headwater"))).toBe("../lib/headwater/headwater");
  expect(statSync(join(root, "lib/ld-linux-aarch64.so.1")).mode & 0o777).toBe(0o755);
  expect(readFileSync(join(root, "etc/headwater/headwater.toml"), "utf8")).toContain(
    '\ndata = "/var/lib/headwater"',
  );
  const listed = run(["tar", "--list", "--verbose", "--numeric-owner", "--file", join(folder, "image.tar")]);
  expect(listed).toContain(" 0/0 ");
});

test("the same source gives the same bytes", async () => {
  const first = make();
  await Bun.sleep(1100);
  expect(Buffer.from(make()).equals(first)).toBe(true);
});
