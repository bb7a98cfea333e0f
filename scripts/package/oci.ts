import { type Entry, tar, text, withFolders } from "./tar.ts";

/** What a container of the image runs, in the words of the OCI image specification. */
export interface ContainerConfig {
  readonly User: string;
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly Env: readonly string[];
  readonly WorkingDir: string;
  readonly ExposedPorts: Readonly<Record<string, object>>;
  readonly Volumes: Readonly<Record<string, object>>;
  readonly StopSignal: string;
  readonly Labels: Readonly<Record<string, string>>;
}

export interface Image {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  readonly config: ContainerConfig;
  /** Each a layer of its own, from the lowest: what changes seldom before what changes often. */
  readonly layers: readonly (readonly Entry[])[];
  readonly epochSeconds: number;
}

interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const TYPE = "application/vnd.oci.image";

/**
 * An image as the archive of an OCI layout (opencontainers/image-spec, image-layout.md), which podman, skopeo and
 * docker load: made without a daemon, and of the same bytes for the same content.
 */
export function ociArchive(image: Image): Uint8Array {
  const { name, version, architecture, epochSeconds } = image;
  const created = new Date(epochSeconds * 1000).toISOString();
  const blobs = new Map<string, Uint8Array>();
  const add = (mediaType: string, bytes: Uint8Array): Blob => {
    const digest = sha256(bytes);
    blobs.set(digest, bytes);
    return { mediaType: `${TYPE}.${mediaType}`, digest: `sha256:${digest}`, size: bytes.length };
  };
  const tars = image.layers.map((entries) => tar(withFolders(entries), epochSeconds, ""));
  const layers = tars.map((bytes) =>
    add("layer.v1.tar+gzip", Bun.gzipSync(new Uint8Array(bytes), { level: 6 })),
  );
  const config = add(
    "config.v1+json",
    json({
      created,
      architecture,
      os: "linux",
      config: image.config,
      rootfs: { type: "layers", diff_ids: tars.map((bytes) => `sha256:${sha256(bytes)}`) },
      history: tars.map(() => ({ created, created_by: "scripts/container" })),
    }),
  );
  const manifest = add(
    "manifest.v1+json",
    json({ schemaVersion: 2, mediaType: `${TYPE}.manifest.v1+json`, config, layers }),
  );
  const index = {
    schemaVersion: 2,
    mediaType: `${TYPE}.index.v1+json`,
    manifests: [
      {
        ...manifest,
        platform: { architecture, os: "linux" },
        annotations: {
          "org.opencontainers.image.ref.name": version,
          "io.containerd.image.name": `${name}:${version}`,
        },
      },
    ],
  };
  const files: readonly Entry[] = [
    text("oci-layout", JSON.stringify({ imageLayoutVersion: "1.0.0" })),
    text("index.json", JSON.stringify(index)),
    ...Array.from(blobs, ([digest, bytes]) => ({
      kind: "file" as const,
      path: `blobs/sha256/${digest}`,
      mode: 0o644,
      bytes,
    })),
  ];
  return tar(withFolders(files), epochSeconds, "");
}

function sha256(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

function json(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}
