import { readFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "./command-line.ts";
import type { FleetTls } from "./fleet.ts";

/**
 * Certificates as files in PEM: the authority's, and `DEVICE.crt` with `DEVICE.key` of each device in a folder; without a folder
 * devices show none. Throws UsageError, naming the file that can't be read.
 */
export function folderTls(ca: string, folder: string | null): FleetTls {
  return {
    ca: read(ca),
    credentials(device) {
      if (folder === null) return null;
      return { certificate: read(join(folder, `${device}.crt`)), key: read(join(folder, `${device}.key`)) };
    },
  };
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
