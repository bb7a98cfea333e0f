import { useState } from "preact/hooks";
import { encoded } from "../api/client.ts";
import type { PartitionRow, TopicDetail } from "../api/types.ts";
import { useApi } from "../api/use-api.ts";
import { useChange } from "../api/use-change.ts";
import { bytes, count, keyText, percent, rate } from "../format.ts";
import { go, placeOf } from "../router.ts";
import { useMay } from "../session.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { TextField } from "../ui/field.tsx";
import { Badge, Card, Facts, Grid, Meter, Page, Stat } from "../ui/page.tsx";
import { Empty, Show } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { kept } from "./topics.tsx";

const EVERY_MS = 5_000;

/** One topic: how large it is, how evenly its records are spread, and its settings. */
export function Topic({ name }: { readonly name: string; readonly query: URLSearchParams }) {
  const topic = useApi<TopicDetail>(`/api/topics/${encoded(name)}`, EVERY_MS);
  const [isDeleting, setDeleting] = useState(false);
  const mayDelete = useMay("admin");
  return (
    <Page
      title={name}
      above={{ title: "Topics", place: "#/topics" }}
      actions={
        <>
          <a class="button" href={placeOf(["records"], { topic: name })}>
            Browse records
          </a>
          {mayDelete && topic.data?.internal === false && (
            <button type="button" class="button danger" onClick={() => setDeleting(true)}>
              Delete
            </button>
          )}
        </>
      }
    >
      <Show loaded={topic} what="the topic">
        {(data) => (
          <>
            <Grid>
              <Stat label="Records" value={count(data.records)} note={`${rate(data.recordsPerSecond)} now`} />
              <Stat label="Size" value={bytes(data.bytes)} note={`kept: ${kept(data)}`} />
              <Stat label="Partitions" value={count(data.partitions.length)} />
              {data.keys !== null && (
                <Stat
                  label="Devices"
                  value={count(data.keys)}
                  place={placeOf(["devices"], { topic: name })}
                />
              )}
            </Grid>
            <Spread data={data} />
            <Settings data={data} />
          </>
        )}
      </Show>
      {isDeleting && <DeleteTopic name={name} close={() => setDeleting(false)} />}
    </Page>
  );
}

/** How evenly records lie over the partitions, which keys are to blame, and what helps. */
function Spread({ data }: { readonly data: TopicDetail }) {
  const { partitions, skew } = data;
  const most = Math.max(1, ...partitions.map(({ start, end }) => end - start));
  const columns: readonly Column<PartitionRow>[] = [
    {
      label: "Partition",
      cell: ({ partition }) => (
        <a href={placeOf(["records"], { topic: data.name, partition: String(partition) })}>{partition}</a>
      ),
      by: ({ partition }) => partition,
    },
    {
      label: "Share",
      cell: ({ start, end }) => (
        <span class="with-meter">
          <Meter
            part={(end - start) / most}
            label={`${percent((end - start) / (data.records || 1))} of the records`}
          />
          {percent((end - start) / (data.records || 1))}
        </span>
      ),
    },
    {
      label: "Records",
      cell: ({ start, end }) => count(end - start),
      by: ({ start, end }) => end - start,
      isNumber: true,
    },
    { label: "First offset", cell: ({ start }) => count(start), isNumber: true },
    { label: "End", cell: ({ end }) => count(end), isNumber: true },
    { label: "Size", cell: (row) => bytes(row.bytes), by: (row) => row.bytes, isNumber: true },
    {
      label: "Rate",
      cell: (row) => rate(row.recordsPerSecond),
      by: (row) => row.recordsPerSecond,
      isNumber: true,
    },
    {
      label: "State",
      cell: ({ fault }) =>
        fault === null ? <Badge tone="good">fine</Badge> : <Badge tone="bad">{fault}</Badge>,
    },
  ];
  return (
    <>
      {skew.advice && (
        <div class="banner warn">
          <div>
            <strong>Records are spread unevenly</strong>
            <p>{skew.advice}</p>
          </div>
        </div>
      )}
      <Card title="Partitions" flush>
        <Table
          label="Partitions"
          columns={columns}
          rows={partitions}
          keyOf={({ partition }) => String(partition)}
        />
      </Card>
      {skew.hotKeys.length > 0 && (
        <Card
          title="Busiest keys"
          note={
            skew.basis === "registry"
              ? "By what devices send now."
              : "By the newest records of each partition."
          }
        >
          <ul class="bars">
            {skew.hotKeys.map(({ key, share }) => (
              <li key={key}>
                <a href={placeOf(["devices", key])}>{keyText(key)}</a>
                <Meter part={share} label={`${percent(share)} of the records`} />
                <span class="number">{percent(share)}</span>
              </li>
            ))}
          </ul>
        </Card>
      )}
    </>
  );
}

function Settings({ data }: { readonly data: TopicDetail }) {
  const own = Object.entries(data.configs).sort(([a], [b]) => (a < b ? -1 : 1));
  return (
    <Card title="Settings of its own">
      {own.length === 0 ? (
        <Empty title="It has none">All are as the gateway has them.</Empty>
      ) : (
        <Facts facts={own.map(([key, value]) => [key, <code key={key}>{value}</code>])} />
      )}
    </Card>
  );
}

function DeleteTopic({ name, close }: { readonly name: string; readonly close: () => void }) {
  const [typed, setTyped] = useState("");
  const change = useChange();
  const submit = async () => {
    const call = { method: "DELETE" } as const;
    const done = await change.send(`/api/topics/${encoded(name)}`, call, `Topic ${name} is deleted.`);
    if (done !== null) go("#/topics");
  };
  return (
    <Dialog
      title={`Delete ${name}?`}
      doing="Delete topic and records"
      isDangerous
      close={close}
      isBusy={change.isBusy}
      isReady={typed === name}
      error={change.error}
      submit={() => void submit()}
    >
      <p>All of its records go with it, also those that no uplink has carried yet.</p>
      <TextField label={`Type “${name}” to go on`} value={typed} set={setTyped} />
    </Dialog>
  );
}
