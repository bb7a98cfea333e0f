/** Writes table.md anew from the rows: `bun test/conformance/mqtt/write-table.ts`. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { readRows } from "./rows.ts";
import { renderTable } from "./table.ts";

writeFileSync(join(import.meta.dir, "table.md"), renderTable(readRows()));
