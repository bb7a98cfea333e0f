import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Empty } from "./states.tsx";

export interface Column<Row> {
  readonly label: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** What rows are sorted by when its heading is pressed; without it they are not. */
  readonly by?: (row: Row) => string | number | null;
  readonly isNumber?: boolean;
  /** Takes what room is left, and may be broken into lines. */
  readonly isWide?: boolean;
  /** May be broken into lines. */
  readonly isText?: boolean;
}

interface TableProps<Row> {
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly empty?: ComponentChildren;
}

/** Rows that are shown at once; what is longer is asked for. */
const MAX_ROWS = 200;

/**
 * A table; on a phone each row is a card, its first column the title. The first column names the row, and may be a
 * link.
 */
export function Table<Row>({ label, columns, rows, keyOf, empty }: TableProps<Row>) {
  const [order, setOrder] = useState<{ readonly column: number; readonly down: boolean } | null>(null);
  const [shown, setShown] = useState(MAX_ROWS);
  if (rows.length === 0) return <>{empty ?? <Empty title="Nothing here" />}</>;
  const by = order === null ? undefined : columns[order.column]?.by;
  const sorted =
    by === undefined ? rows : rows.toSorted((a, b) => compare(by(a), by(b)) * (order?.down ? -1 : 1));
  const press = (column: number) =>
    setOrder((before) =>
      before?.column === column
        ? { column, down: !before.down }
        : { column, down: columns[column]?.isNumber ?? false },
    );
  const sortOf = (column: number) =>
    order?.column !== column ? undefined : order.down ? "descending" : "ascending";
  return (
    <div class="table-frame">
      <table class="table" aria-label={label}>
        <thead>
          <tr>
            {columns.map((column, index) => (
              <th key={column.label} scope="col" class={classOf(column)} aria-sort={sortOf(index)}>
                {column.by === undefined ? (
                  column.label
                ) : (
                  <button type="button" class="sort" onClick={() => press(index)}>
                    {column.label}
                  </button>
                )}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, shown).map((row) => (
            <tr key={keyOf(row)}>
              {columns.map((column, index) =>
                index === 0 ? (
                  <th key={column.label} scope="row" class={classOf(column)}>
                    {column.cell(row)}
                  </th>
                ) : (
                  <td key={column.label} data-label={column.label} class={classOf(column)}>
                    <div class="cell">{column.cell(row)}</div>
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
      {sorted.length > shown && (
        <button type="button" class="button more" onClick={() => setShown(shown + MAX_ROWS)}>
          Show {Math.min(MAX_ROWS, sorted.length - shown)} more of {sorted.length}
        </button>
      )}
    </div>
  );
}

function classOf<Row>({ isNumber, isWide, isText }: Column<Row>): string | undefined {
  const names = [isNumber ? "number" : "", isWide ? "wide" : "", isText ? "text" : ""];
  return names.join(" ").trim() || undefined;
}

function compare(a: string | number | null, b: string | number | null): number {
  if (a === b) return 0;
  if (a === null) return -1;
  if (b === null) return 1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}
