import { HeadwaterError, hasCode } from "../base/errors.ts";
import { uuidFromBytes } from "../base/ids.ts";
import type { Disk } from "../io/disk.ts";
import type { Random } from "../io/random.ts";

/** Who this broker is, for as long as its data folder lives. */
export interface Identity {
  /** Told to clients, so that they notice when they reach another cluster under the same address. */
  readonly clusterId: string;
  readonly nodeId: number;
}

const FILE_NAME = "meta.properties";
const MAX_BYTES = 4096;
const FORMAT = "1";
const NODE_ID = 1;

/**
 * The identity in the data folder's `meta.properties` (Kafka's name and form), made at the first start. A file
 * that can't be read as one is replaced: the records matter more than the id. Throws DATA_FORMAT_UNKNOWN for a
 * folder of a later version, DISK_IO.
 */
export function openIdentity(disk: Disk, folder: string, random: Random): Identity {
  const path = `${folder}/${FILE_NAME}`;
  const properties = parseProperties(readSmall(disk, path));
  const version = properties.get("version") ?? FORMAT;
  // Only a number says that a later program was here; anything else is damage.
  if (/^\d{1,4}$/.test(version) && Number(version) > Number(FORMAT)) {
    const message = `${path} is of version ${version}, and this program knows version ${FORMAT}: run the newer program, or use another data folder`;
    throw new HeadwaterError("DATA_FORMAT_UNKNOWN", message, { path });
  }
  const known = properties.get("cluster.id") ?? "";
  if (/^[\w-]{22}$/.test(known)) return { clusterId: known, nodeId: NODE_ID };
  const clusterId = uuidFromBytes(random.bytes(16));
  const text = `version=${FORMAT}\ncluster.id=${clusterId}\nnode.id=${NODE_ID}\n`;
  disk.replaceFile(path, new TextEncoder().encode(text));
  return { clusterId, nodeId: NODE_ID };
}

/** The file, or null where there is none that could be ours. */
function readSmall(disk: Disk, path: string): Uint8Array | null {
  try {
    return disk.exists(path) ? disk.readFile(path, MAX_BYTES) : null;
  } catch (error) {
    if (hasCode(error, "MALFORMED")) return null;
    throw error;
  }
}

function parseProperties(bytes: Uint8Array | null): ReadonlyMap<string, string> {
  const properties = new Map<string, string>();
  for (const line of new TextDecoder().decode(bytes ?? new Uint8Array(0)).split("\n")) {
    const at = line.indexOf("=");
    if (at > 0 && !line.startsWith("#")) properties.set(line.slice(0, at).trim(), line.slice(at + 1).trim());
  }
  return properties;
}
