import { useState } from "preact/hooks";
import { type ApiError, asApiError, ask } from "../api/client.ts";
import type { AuditList, AuditRow } from "../api/types.ts";
import { useApi } from "../api/use-api.ts";
import { time } from "../format.ts";
import { Badge, Card, Page } from "../ui/page.tsx";
import { Empty, Failure, Show } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";

const COLUMNS: readonly Column<AuditRow>[] = [
  { label: "When", cell: ({ atMs }) => time(atMs), by: ({ atMs }) => atMs },
  { label: "Who", cell: ({ who }) => who ?? "nobody", by: ({ who }) => who },
  { label: "From", cell: ({ from }) => from ?? "", by: ({ from }) => from },
  { label: "Did", cell: ({ action }) => action, by: ({ action }) => action },
  { label: "With", cell: ({ on }) => on ?? "", isWide: true },
  {
    label: "Result",
    cell: ({ result }) => (
      <Badge tone={/^(?:ok|done|allowed)/i.test(result) ? "good" : "bad"}>{result}</Badge>
    ),
    by: ({ result }) => result,
  },
];

/** Who did what, newest first. */
export function Audit() {
  const first = useApi<AuditList>("/api/audit?limit=200");
  const [older, setOlder] = useState<AuditList | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const next = (older ?? first.data)?.next ?? null;
  const more = async () => {
    if (next === null) return;
    setError(null);
    try {
      const part = await ask<AuditList>(next);
      setOlder({ entries: [...(older?.entries ?? []), ...part.entries], next: part.next });
    } catch (caught) {
      setError(asApiError(caught));
    }
  };
  return (
    <Page title="Audit" about="Logins, refusals and changes, by all doors.">
      <Card flush>
        <Show loaded={first} what="entries">
          {(data) => (
            <Table
              label="Audit"
              columns={COLUMNS}
              rows={[...data.entries, ...(older?.entries ?? [])]}
              keyOf={(row) => JSON.stringify(row)}
              empty={<Empty title="Nothing was done yet" />}
            />
          )}
        </Show>
        {error && <Failure error={error} />}
        {next !== null && (
          <button type="button" class="button more" onClick={() => void more()}>
            Show older ones
          </button>
        )}
      </Card>
    </Page>
  );
}
