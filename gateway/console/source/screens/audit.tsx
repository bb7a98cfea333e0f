import { useState } from "preact/hooks";
import { type ApiError, asApiError, ask } from "../api/client.ts";
import type { AuditList, AuditRow } from "../api/types.ts";
import { useApi } from "../api/use-api.ts";
import { count, time } from "../format.ts";
import { Badge, Card, Page } from "../ui/page.tsx";
import { Empty, Failure, Show } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";

const PAGE = 200;
const EVERY_MS = 10_000;

/** What somebody may want to see, by the beginnings of actions. */
const ACTIONS = [
  ["", "everything"],
  ["login", "logins"],
  ["denied", "refusals"],
  ["topic", "topics"],
  ["acl", "rules of Kafka"],
  ["user", "users"],
  ["config", "settings"],
  ["uplink", "uplinks"],
  ["group", "groups"],
] as const;

const COLUMNS: readonly Column<AuditRow>[] = [
  { label: "When", cell: ({ toMs }) => time(toMs), by: ({ toMs }) => toMs },
  { label: "Who", cell: ({ user }) => user ?? "nobody", by: ({ user }) => user },
  { label: "From", cell: fromOf, by: ({ address }) => address },
  { label: "Did", cell: didOf, by: ({ action }) => action },
  { label: "With", cell: withOf, isWide: true },
  {
    label: "Result",
    cell: ({ result, reason }) => (
      <>
        <Badge tone={result === "success" ? "good" : "bad"}>{result}</Badge> {reason?.replaceAll("-", " ")}
      </>
    ),
    by: ({ result }) => result,
  },
];

function fromOf({ address, door, port }: AuditRow): string {
  const by = port === null ? door : `${door} :${port}`;
  return address === null ? by : `${address}, ${by}`;
}

function didOf({ action, count: times, isSum }: AuditRow): string {
  if (isSum) return `${action}, and ${count(times)} like it`;
  return times === 1 ? action : `${action}, ${count(times)} times`;
}

function withOf({ resource, detail }: AuditRow): string {
  return [resource, detail].filter((part) => part !== null).join(": ");
}

/** Who did what, newest first. */
export function Audit() {
  const [user, setUser] = useState("");
  const [action, setAction] = useState("");
  const query = new URLSearchParams({ limit: String(PAGE) });
  if (user !== "") query.set("user", user);
  if (action !== "") query.set("action", action);
  return (
    <Page
      title="Audit"
      about="Logins, refusals and changes, by all doors."
      actions={
        <>
          <input
            class="input"
            type="search"
            aria-label="Of one user"
            placeholder="Of one user…"
            value={user}
            spellcheck={false}
            autocapitalize="off"
            onInput={(event) => setUser(event.currentTarget.value)}
          />
          <select
            class="input"
            aria-label="What was done"
            value={action}
            onChange={(event) => setAction(event.currentTarget.value)}
          >
            {ACTIONS.map(([name, words]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
          </select>
        </>
      }
    >
      <Entries key={query.toString()} path={`/api/audit?${query}`} />
    </Page>
  );
}

function Entries({ path }: { readonly path: string }) {
  const [older, setOlder] = useState<AuditList | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  // Who reads older ones is not moved by what comes.
  const first = useApi<AuditList>(path, older === null ? EVERY_MS : 0);
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
    <Card flush>
      <Show loaded={first} what="entries">
        {(data) => (
          <Table
            label="Audit"
            columns={COLUMNS}
            rows={[...data.entries, ...(older?.entries ?? [])]}
            keyOf={({ id }) => id}
            empty={<Empty title="Nothing of that kind was done" />}
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
  );
}
