import type { ComponentChildren } from "preact";
import type { Loaded } from "../api/use-api.ts";
import { Card } from "./page.tsx";
import { Show } from "./states.tsx";
import { type Column, Table } from "./table.tsx";

interface ListCardProps<Answer, Row> {
  readonly title: string;
  readonly loaded: Loaded<Answer>;
  /** What is loaded, in words. */
  readonly what: string;
  readonly columns: readonly Column<Row>[];
  readonly rowsOf: (answer: Answer) => readonly Row[];
  readonly keyOf: (row: Row) => string;
  readonly empty: ComponentChildren;
  /** What the button says that adds a row; null where who looks may not. */
  readonly adding: string | null;
  readonly add: () => void;
  /** Dialogs. */
  readonly children: ComponentChildren;
}

/** A list that rows can be added to. */
export function ListCard<Answer, Row>(props: ListCardProps<Answer, Row>) {
  const { title, loaded, what, columns, rowsOf, keyOf, empty, adding, add, children } = props;
  return (
    <Card
      title={title}
      flush
      actions={
        adding !== null && (
          <button type="button" class="button" onClick={add}>
            {adding}
          </button>
        )
      }
    >
      <Show loaded={loaded} what={what}>
        {(data) => <Table label={title} columns={columns} rows={rowsOf(data)} keyOf={keyOf} empty={empty} />}
      </Show>
      {children}
    </Card>
  );
}
