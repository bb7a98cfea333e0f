import { encoded } from "../api/client.ts";
import type { ShareGroupDetail, ShareGroupList, ShareGroupRow } from "../api/types.ts";
import { useApi } from "../api/use-api.ts";
import { count } from "../format.ts";
import { placeOf } from "../router.ts";
import type { ScreenProps } from "../screens.ts";
import { Badge, Card, Grid, Page, Stat } from "../ui/page.tsx";
import { Empty, Show } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { DeadLetters, LetterTopics } from "./dead-letters.tsx";
import { groupTone, Members } from "./groups.tsx";

const EVERY_MS = 5_000;

/** All share groups, which make queues of topics, or the one that the address names. */
export function Queues({ parts, query }: ScreenProps) {
  const [id] = parts;
  const topic = query.get("letters");
  if (id !== undefined) return <Queue id={id} />;
  return topic === null ? <QueueList /> : <LettersOf topic={topic} />;
}

const COLUMNS: readonly Column<ShareGroupRow>[] = [
  { label: "Share group", cell: ({ id }) => <a href={placeOf(["queues", id])}>{id}</a>, by: ({ id }) => id },
  { label: "State", cell: ({ state }) => <Badge tone={groupTone(state)}>{state}</Badge> },
  { label: "Members", cell: ({ members }) => count(members), by: ({ members }) => members, isNumber: true },
  { label: "Left", cell: ({ lag }) => count(lag), by: ({ lag }) => lag, isNumber: true },
  { label: "Dead letters", cell: ({ deadLetterTopic }) => deadLetterTopic ?? "none kept" },
  { label: "Topics", cell: ({ topics }) => topics.join(", "), isWide: true },
];

function QueueList() {
  const groups = useApi<ShareGroupList>("/api/share-groups", EVERY_MS);
  return (
    <Page title="Queues" about="Share groups: members take jobs from the same topic, each for a time.">
      <Card flush>
        <Show loaded={groups} what="share groups">
          {(data) => (
            <Table
              label="Share groups"
              columns={COLUMNS}
              rows={data.groups}
              keyOf={({ id }) => id}
              empty={<Empty title="No share group works here">A KafkaShareConsumer makes one.</Empty>}
            />
          )}
        </Show>
      </Card>
      <LetterTopics />
    </Page>
  );
}

function LettersOf({ topic }: { readonly topic: string }) {
  return (
    <Page title={topic} above={{ title: "Queues", place: "#/queues" }} about="What was given up, and why.">
      <DeadLetters topic={topic} group={null} />
    </Page>
  );
}

type Offset = ShareGroupDetail["offsets"][number];

const OFFSET_COLUMNS: readonly Column<Offset>[] = [
  {
    label: "Topic",
    cell: ({ topic }) => <a href={placeOf(["topics", topic])}>{topic}</a>,
    by: ({ topic }) => topic,
  },
  { label: "Partition", cell: ({ partition }) => partition, isNumber: true },
  { label: "Finished up to", cell: ({ start }) => count(start), isNumber: true },
  { label: "End", cell: ({ end }) => count(end), isNumber: true },
  { label: "Left", cell: ({ lag }) => count(lag), by: ({ lag }) => lag, isNumber: true },
];

type Member = ShareGroupDetail["members"][number];

const MEMBER_COLUMNS: readonly Column<Member>[] = [
  { label: "Member", cell: ({ id }) => id, isWide: true },
  { label: "Client", cell: ({ clientId }) => clientId },
  { label: "Host", cell: ({ host }) => host },
];

function Queue({ id }: { readonly id: string }) {
  const group = useApi<ShareGroupDetail>(`/api/share-groups/${encoded(id)}`, EVERY_MS);
  const deadLetters = group.data?.deadLetterTopic ?? null;
  return (
    <Page title={id} above={{ title: "Queues", place: "#/queues" }}>
      <Show loaded={group} what="the share group">
        {(data) => (
          <>
            <Grid>
              <Stat label="State" value={data.state} />
              <Stat label="Members" value={count(data.members.length)} />
              <Stat label="Left" value={count(data.lag)} note="jobs that are not finished" />
              <Stat
                label="Dead letters"
                value={deadLetters ?? "none kept"}
                note={deadLetters === null ? "what is given up is left out" : "take what is given up"}
              />
            </Grid>
            <Card title="Progress" flush>
              <Table
                label="Progress"
                columns={OFFSET_COLUMNS}
                rows={data.offsets}
                keyOf={({ topic, partition }) => `${topic}/${partition}`}
                empty={<Empty title="It has taken nothing yet" />}
              />
            </Card>
            {deadLetters !== null && <DeadLetters topic={deadLetters} group={id} />}
            <Members members={data.members} columns={MEMBER_COLUMNS} />
          </>
        )}
      </Show>
    </Page>
  );
}
