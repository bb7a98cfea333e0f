import { type Dirent, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { parsePartitionFolderName } from "../../log/folder-names.ts";
import type { Collected, Lack } from "./part.ts";
import { whyOf } from "./part.ts";

/** A gateway of a thousand partitions has fewer. */
const MAX_FILES = 20_000;
const MAX_DEPTH = 6;
const MAX_LACKS = 20;

interface ListedFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** Of what is allocated: files may have holes. */
  readonly diskBytes: number;
  readonly modified: string;
  readonly mode: string;
}

/** All files of the data folder by their names, and what that says of topics; nothing is opened. */
export function folderParts(folder: string): Collected {
  const files: ListedFile[] = [];
  const lacks: Lack[] = [];
  walk(folder, "", 0, files, lacks);
  if (files.length === 0 && lacks.length > 0) return { parts: [], lacks };
  if (files.length >= MAX_FILES)
    lacks.push({ what: "files of the data folder", why: `there are more than ${MAX_FILES}` });
  const row = ({ path, sizeBytes, diskBytes, modified, mode }: ListedFile) =>
    `${mode}  ${String(sizeBytes).padStart(12)}  ${String(diskBytes).padStart(12)}  ${modified}  ${path}`;
  const head = `mode  ${"size".padStart(12)}  ${"on disk".padStart(12)}  ${"modified".padEnd(24)}  path in ${folder}`;
  return {
    parts: [
      { name: "data-folder/files.txt", kind: "text", text: `${[head, ...files.map(row)].join("\n")}\n` },
      { name: "data-folder/topics.json", kind: "facts", value: topicsOf(files) },
    ],
    lacks,
  };
}

function walk(folder: string, inside: string, depth: number, files: ListedFile[], lacks: Lack[]): void {
  let entries: readonly Dirent[];
  try {
    entries = readdirSync(join(folder, inside), { withFileTypes: true });
  } catch (error) {
    if (lacks.length < MAX_LACKS) lacks.push({ what: `list of ${join(folder, inside)}`, why: whyOf(error) });
    return;
  }
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (files.length >= MAX_FILES) return;
    const path = join(inside, entry.name);
    if (entry.isDirectory() && depth < MAX_DEPTH) walk(folder, path, depth + 1, files, lacks);
    else {
      const file = listed(folder, path);
      if (file !== null) files.push(file);
    }
  }
}

/** Null where it went meanwhile. Links are not followed. */
function listed(folder: string, path: string): ListedFile | null {
  try {
    const { size, blocks, mtime, mode } = lstatSync(join(folder, path));
    return {
      // A name that somebody gave could end the line.
      path: /[\p{C}]/u.test(path) ? JSON.stringify(path) : path,
      sizeBytes: size,
      diskBytes: blocks * 512,
      modified: mtime.toISOString(),
      mode: (mode & 0o7777).toString(8).padStart(4, "0"),
    };
  } catch {
    return null;
  }
}

/** How large topics are, by the folders of their partitions: also of a gateway that is down. */
function topicsOf(files: readonly ListedFile[]): readonly object[] {
  const topics = new Map<
    string,
    { partitions: Set<number>; files: number; sizeBytes: number; diskBytes: number }
  >();
  for (const { path, sizeBytes, diskBytes } of files) {
    const parsed = parsePartitionFolderName(path.split("/")[0] ?? "");
    if (parsed === null || !path.includes("/")) continue;
    const sums = topics.get(parsed.topic) ?? { partitions: new Set(), files: 0, sizeBytes: 0, diskBytes: 0 };
    topics.set(parsed.topic, sums);
    sums.partitions.add(parsed.partition);
    sums.files += 1;
    sums.sizeBytes += sizeBytes;
    sums.diskBytes += diskBytes;
  }
  return Array.from(topics, ([topic, { partitions, ...sums }]) => ({
    topic,
    partitions: partitions.size,
    ...sums,
  }));
}
