import { HeadwaterError } from "../base/errors.ts";
import { fileNameFault } from "./bundle.ts";
import { hostNames } from "./names.ts";
import { valueFault } from "./template.ts";

/** A gateway that is to be enrolled. */
export interface ListedGateway {
  readonly gateway: string;
  readonly names: string;
  readonly values: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
}

const MAX_GATEWAYS = 10_000;
const GATEWAY = /^[A-Za-z0-9._-]{1,64}$/;
const COLUMN = /^[a-z][a-z0-9._-]{0,63}$/;
const FILE = "file:";

/**
 * Reads a list of gateways: CSV (RFC 4180) whose first line names the columns. `gateway` has to be there; `names` are further
 * names and addresses of its certificate, between spaces; `file:NAME` is the content of a file; all others are values
 * for placeholders. Throws MALFORMED with the line.
 */
export function parseGatewayList(text: string): readonly ListedGateway[] {
  const [header = [], ...rows] = csvRows(text.replace(/^\ufeff/, ""));
  const columns = header.map((name) => name.trim());
  if (!columns.includes("gateway")) throw fault(1, 'no column is named "gateway"');
  for (const name of columns) {
    const why = name.startsWith(FILE)
      ? fileNameFault(name.slice(FILE.length))
      : COLUMN.test(name)
        ? null
        : "is no name";
    if (why !== null) throw fault(1, `the column ${JSON.stringify(name)} ${why}`);
  }
  if (new Set(columns).size < columns.length) throw fault(1, "two columns have one name");
  if (rows.length > MAX_GATEWAYS)
    throw fault(MAX_GATEWAYS + 2, `there are more than ${MAX_GATEWAYS} gateways`);
  const seen = new Set<string>();
  return rows.map((row, index) => {
    const line = index + 2;
    if (row.length !== columns.length)
      throw fault(line, `it has ${row.length} fields, the first line ${columns.length}`);
    const cells = new Map(columns.map((name, at) => [name, (row[at] ?? "").trim()]));
    const listed = gatewayOf(cells);
    if (typeof listed === "string") throw fault(line, listed);
    if (seen.has(listed.gateway)) throw fault(line, `${listed.gateway} is there twice`);
    seen.add(listed.gateway);
    return listed;
  });
}

/** Throws MALFORMED for a column that neither the format nor the template knows: a slip of the pen would be lost. */
export function checkColumns(gateways: readonly ListedGateway[], placeholders: readonly string[]): void {
  const known = new Set(["site", ...placeholders]);
  const strange = new Set(
    gateways.flatMap(({ values }) => Object.keys(values)).filter((name) => !known.has(name)),
  );
  if (strange.size === 0) return;
  const names = [...strange].map((name) => JSON.stringify(name)).join(", ");
  const remedy = `there are "gateway", "names", "file:NAME" and ${[...known].map((name) => JSON.stringify(name)).join(", ")}`;
  throw fault(1, `neither the template nor the format knows the column ${names}; ${remedy}`);
}

/** One gateway of its cells by column, or what is wrong with it. */
export function gatewayOf(cells: ReadonlyMap<string, string>): ListedGateway | string {
  const gateway = cells.get("gateway") ?? "";
  if (!GATEWAY.test(gateway))
    return `${JSON.stringify(gateway)} is no id of a gateway: 1 to 64 of letters, digits, '.', '_' and '-'`;
  const names = cells.get("names") ?? "";
  const hosts = hostNames(names.split(/[\s,]+/).filter((name) => name !== ""));
  if (typeof hosts === "string") return hosts;
  const values: Record<string, string> = {};
  const files: Record<string, string> = {};
  for (const [name, value] of cells) {
    if (name === "gateway" || name === "names") continue;
    if (name.startsWith(FILE)) {
      files[name.slice(FILE.length)] = value;
      continue;
    }
    const why = valueFault(value);
    if (why !== null) return `${name} ${why}`;
    values[name] = value;
  }
  return { gateway, names, values, files };
}

function csvRows(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let isQuoted = false;
  const endRow = () => {
    row.push(cell);
    // Empty lines are for people.
    if (row.length > 1 || cell.trim() !== "") rows.push(row);
    row = [];
    cell = "";
  };
  for (let at = 0; at < text.length; at++) {
    const character = text[at] ?? "";
    if (isQuoted) {
      if (character !== '"') cell += character;
      else if (text[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else isQuoted = false;
    } else if (character === '"' && cell === "") isQuoted = true;
    else if (character === ",") {
      row.push(cell);
      cell = "";
    } else if (character === "\n") endRow();
    else if (character !== "\r") cell += character;
  }
  if (isQuoted) throw fault(rows.length + 1, "a quote is not closed");
  if (cell !== "" || row.length > 0) endRow();
  return rows;
}

function fault(line: number, what: string): HeadwaterError {
  return new HeadwaterError("MALFORMED", `the list of gateways, line ${line}: ${what}`);
}
