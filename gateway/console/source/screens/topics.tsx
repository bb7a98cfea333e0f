import { useState } from "preact/hooks";
import type { TopicList, TopicRow } from "../api/types.ts";
import { useApi } from "../api/use-api.ts";
import { useChange } from "../api/use-change.ts";
import { bytes, count, duration, rate } from "../format.ts";
import { go, placeOf } from "../router.ts";
import type { ScreenProps } from "../screens.ts";
import { useMay } from "../session.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Segments, TextField } from "../ui/field.tsx";
import { Badge, Card, Page } from "../ui/page.tsx";
import { Empty, Show } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { Topic } from "./topic.tsx";

const EVERY_MS = 5_000;

/** All topics, or the one that the address names. */
export function Topics({ parts, query }: ScreenProps) {
  const [name] = parts;
  return name === undefined ? <TopicsList /> : <Topic name={name} query={query} />;
}

const COLUMNS: readonly Column<TopicRow>[] = [
  {
    label: "Topic",
    cell: ({ name, internal }) => (
      <>
        <a href={placeOf(["topics", name])}>{name}</a> {internal && <Badge>internal</Badge>}
      </>
    ),
    by: ({ name }) => name,
    isWide: true,
  },
  {
    label: "Partitions",
    cell: ({ partitions }) => partitions,
    by: ({ partitions }) => partitions,
    isNumber: true,
  },
  { label: "Records", cell: ({ records }) => count(records), by: ({ records }) => records, isNumber: true },
  { label: "Size", cell: (row) => bytes(row.bytes), by: (row) => row.bytes, isNumber: true },
  {
    label: "Rate",
    cell: ({ recordsPerSecond }) => rate(recordsPerSecond),
    by: ({ recordsPerSecond }) => recordsPerSecond,
    isNumber: true,
  },
  { label: "Devices", cell: ({ keys }) => count(keys), by: ({ keys }) => keys, isNumber: true },
  { label: "Kept", cell: kept },
];

/** How long a topic keeps its records, in words. */
export function kept(row: Pick<TopicRow, "cleanupPolicy" | "retentionMs" | "retentionBytes">): string {
  const { cleanupPolicy, retentionMs, retentionBytes } = row;
  if (!cleanupPolicy.includes("delete")) return "newest of each key";
  const bounds = [
    retentionMs < 0 ? "" : duration(retentionMs),
    retentionBytes < 0 ? "" : bytes(retentionBytes),
  ];
  const text = bounds.filter((bound) => bound !== "").join(", ") || "for ever";
  return cleanupPolicy.includes("compact") ? `${text}, compacted` : text;
}

function TopicsList() {
  const topics = useApi<TopicList>("/api/topics", EVERY_MS);
  const [which, setWhich] = useState<"own" | "all">("own");
  const [isCreating, setCreating] = useState(false);
  const mayCreate = useMay("operator");
  return (
    <Page
      title="Topics"
      about="Logs of records, spread over partitions by key."
      actions={
        <>
          <Segments
            label="Which topics"
            value={which}
            set={setWhich}
            options={[
              ["own", "Topics"],
              ["all", "Internal too"],
            ]}
          />
          {mayCreate && (
            <button type="button" class="button main" onClick={() => setCreating(true)}>
              New topic
            </button>
          )}
        </>
      }
    >
      <Card flush>
        <Show loaded={topics} what="topics">
          {({ topics: all }) => (
            <Table
              label="Topics"
              columns={COLUMNS}
              rows={all.filter(({ internal }) => which === "all" || !internal)}
              keyOf={({ name }) => name}
              empty={
                <Empty title="There are no topics yet">
                  A device that publishes, or a program that produces, makes the first.
                </Empty>
              }
            />
          )}
        </Show>
      </Card>
      {isCreating && <CreateTopic close={() => setCreating(false)} />}
    </Page>
  );
}

function CreateTopic({ close }: { readonly close: () => void }) {
  const [name, setName] = useState("");
  const [partitions, setPartitions] = useState("");
  const change = useChange();
  const submit = async () => {
    const body = partitions === "" ? { name } : { name, partitions: Number(partitions) };
    const created = await change.send("/api/topics", { body }, `Topic ${name} is there.`);
    if (created !== null) go(placeOf(["topics", name]));
  };
  return (
    <Dialog
      title="New topic"
      doing="Create"
      close={close}
      isBusy={change.isBusy}
      isReady={name !== ""}
      error={change.error}
      submit={() => void submit()}
    >
      <TextField
        label="Name"
        value={name}
        set={setName}
        hint="Letters, digits, dots, dashes and underscores."
      />
      <TextField
        label="Partitions"
        type="number"
        value={partitions}
        set={setPartitions}
        placeholder="as the gateway has it"
        hint="More of them let more readers work at once. They can be added later, but then keys move."
      />
    </Dialog>
  );
}
