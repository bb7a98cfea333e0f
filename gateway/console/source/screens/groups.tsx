import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { encoded } from "../api/client.ts";
import type { GroupDetail, GroupList, GroupMember, GroupOffset, GroupReset, GroupRow } from "../api/types.ts";
import { useApi } from "../api/use-api.ts";
import { useChange } from "../api/use-change.ts";
import { count } from "../format.ts";
import { placeOf } from "../router.ts";
import type { ScreenProps } from "../screens.ts";
import { useHas, useMay } from "../session.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Choice, TextField } from "../ui/field.tsx";
import { Badge, Card, Grid, Page, Stat, type Tone } from "../ui/page.tsx";
import { Empty, Show } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";

const EVERY_MS = 5_000;

/** All groups of consumers, or the one that the address names. */
export function Groups({ parts }: ScreenProps) {
  const [id] = parts;
  return id === undefined ? <GroupsList /> : <Group id={id} />;
}

/** What a group's state means to who looks. */
export function groupTone(state: string): Tone {
  if (/^stable$/i.test(state)) return "good";
  return /^(?:empty|dead)$/i.test(state) ? "plain" : "warn";
}

const COLUMNS: readonly Column<GroupRow>[] = [
  { label: "Group", cell: ({ id }) => <a href={placeOf(["groups", id])}>{id}</a>, by: ({ id }) => id },
  {
    label: "State",
    cell: ({ state }) => <Badge tone={groupTone(state)}>{state}</Badge>,
    by: ({ state }) => state,
  },
  { label: "Members", cell: ({ members }) => count(members), by: ({ members }) => members, isNumber: true },
  { label: "Lag", cell: ({ lag }) => count(lag), by: ({ lag }) => lag, isNumber: true },
  { label: "Kind", cell: ({ kind }) => kind },
  { label: "Topics", cell: ({ topics }) => topics.join(", "), isWide: true },
];

function GroupsList() {
  const groups = useApi<GroupList>("/api/groups", EVERY_MS);
  return (
    <Page title="Groups" about="Programs that read topics together, and how far they are.">
      <Card flush>
        <Show loaded={groups} what="groups">
          {(data) => (
            <Table
              label="Groups"
              columns={COLUMNS}
              rows={data.groups}
              keyOf={({ id }) => id}
              empty={
                <Empty title="No group reads here">A program that consumes with a group id makes one.</Empty>
              }
            />
          )}
        </Show>
      </Card>
    </Page>
  );
}

const MEMBER_COLUMNS: readonly Column<GroupMember>[] = [
  { label: "Member", cell: ({ id, instanceId }) => instanceId ?? id, isWide: true },
  { label: "Client", cell: ({ clientId }) => clientId },
  { label: "Host", cell: ({ host }) => host },
  {
    label: "Partitions",
    cell: ({ partitions }) =>
      partitions.map(({ topic, partitions: owned }) => `${topic} ${owned.join(", ")}`).join("; ") || "none",
    isWide: true,
  },
];

const OFFSET_COLUMNS: readonly Column<GroupOffset>[] = [
  {
    label: "Topic",
    cell: ({ topic }) => <a href={placeOf(["topics", topic])}>{topic}</a>,
    by: ({ topic }) => topic,
  },
  {
    label: "Partition",
    cell: ({ partition }) => partition,
    by: ({ partition }) => partition,
    isNumber: true,
  },
  { label: "Committed", cell: ({ committed }) => count(committed), isNumber: true },
  { label: "End", cell: ({ end }) => count(end), isNumber: true },
  { label: "Lag", cell: ({ lag }) => count(lag), by: ({ lag }) => lag, isNumber: true },
];

function Group({ id }: { readonly id: string }) {
  const group = useApi<GroupDetail>(`/api/groups/${encoded(id)}`, EVERY_MS);
  const [isResetting, setResetting] = useState(false);
  const isOperator = useMay("operator");
  const mayReset = useHas("POST /api/groups/{group}/reset") && isOperator;
  return (
    <Page
      title={id}
      above={{ title: "Groups", place: "#/groups" }}
      actions={
        mayReset &&
        group.data &&
        group.data.offsets.length > 0 && (
          <button type="button" class="button" onClick={() => setResetting(true)}>
            Move offsets
          </button>
        )
      }
    >
      <Show loaded={group} what="the group">
        {(data) => (
          <>
            <Grid>
              <Stat label="State" value={data.state} note={data.kind} />
              <Stat label="Members" value={count(data.members.length)} />
              <Stat label="Lag" value={count(lagOf(data))} note="records to read" />
            </Grid>
            <Card title="Offsets" flush>
              <Table
                label="Offsets"
                columns={OFFSET_COLUMNS}
                rows={data.offsets}
                keyOf={({ topic, partition }) => `${topic}/${partition}`}
                empty={<Empty title="It has committed nothing yet" />}
              />
            </Card>
            <Members members={data.members} columns={MEMBER_COLUMNS}>
              What was committed is kept for who comes back.
            </Members>
            {isResetting && <Reset group={data} close={() => setResetting(false)} refresh={group.refresh} />}
          </>
        )}
      </Show>
    </Page>
  );
}

interface MembersProps<Member> {
  readonly members: readonly Member[];
  readonly columns: readonly Column<Member>[];
  /** What is said where there are none. */
  readonly children?: ComponentChildren;
}

/** Who works in a group. */
export function Members<Member extends { readonly id: string }>(props: MembersProps<Member>) {
  const { members, columns, children } = props;
  return (
    <Card title="Members" flush>
      <Table
        label="Members"
        columns={columns}
        rows={members}
        keyOf={({ id }) => id}
        empty={<Empty title="Nobody is connected">{children}</Empty>}
      />
    </Card>
  );
}

function lagOf({ offsets }: GroupDetail): number | null {
  const lags = offsets.flatMap(({ lag }) => (lag === null ? [] : [lag]));
  return lags.length === 0 ? null : lags.reduce((sum, lag) => sum + lag, 0);
}

const TARGETS = [
  ["earliest", "The oldest record"],
  ["latest", "The end"],
  ["time", "A time"],
  ["offset", "An offset"],
] as const;

interface ResetProps {
  readonly group: GroupDetail;
  readonly close: () => void;
  readonly refresh: () => void;
}

/** Moves offsets: what it would do is shown first, and done when that was seen. */
function Reset({ group, close, refresh }: ResetProps) {
  const topics = [...new Set(group.offsets.map(({ topic }) => topic))];
  const [topic, setTopic] = useState(topics[0] ?? "");
  const [target, setTarget] = useState<(typeof TARGETS)[number][0]>("earliest");
  const [at, setAt] = useState("");
  const [plan, setPlan] = useState<GroupReset | null>(null);
  const change = useChange();
  const to =
    target === "time" ? (at === "" ? "" : new Date(at).toISOString()) : target === "offset" ? at : target;
  const forget = <T,>(set: (value: T) => void) => {
    return (value: T) => {
      set(value);
      setPlan(null);
      change.forget();
    };
  };
  const submit = async () => {
    const dryRun = plan === null;
    const body = { topic, to: target === "offset" ? Number(at) : to, dryRun };
    const done = dryRun ? undefined : `Offsets of ${group.id} are moved.`;
    const answer = await change.send<GroupReset>(`/api/groups/${encoded(group.id)}/reset`, { body }, done);
    if (answer === null) return;
    if (dryRun) return setPlan(answer);
    refresh();
    close();
  };
  return (
    <Dialog
      title={`Move offsets of ${group.id}`}
      doing={plan === null ? "Show what it would do" : "Move them"}
      isDangerous={plan !== null}
      close={close}
      isBusy={change.isBusy}
      isReady={to !== ""}
      error={change.error}
      submit={() => void submit()}
    >
      {group.members.length > 0 && (
        <p class="banner warn">
          Members are connected. Stop them first: offsets of a group at work can't be moved.
        </p>
      )}
      <Choice
        label="Topic"
        value={topic}
        set={forget(setTopic)}
        options={topics.map((name) => [name, name] as const)}
      />
      <Choice label="To" value={target} set={forget(setTarget)} options={TARGETS} />
      {target === "time" && <TextField label="Time" type="datetime-local" value={at} set={forget(setAt)} />}
      {target === "offset" && <TextField label="Offset" type="number" value={at} set={forget(setAt)} />}
      {plan !== null && <Plan plan={plan} />}
    </Dialog>
  );
}

type Moved = GroupReset["offsets"][number];

const PLAN_COLUMNS: readonly Column<Moved>[] = [
  { label: "Partition", cell: ({ partition }) => partition },
  { label: "From", cell: ({ from }) => count(from), isNumber: true },
  { label: "To", cell: ({ to }) => count(to), isNumber: true },
  { label: "Change", cell: ({ from, to }) => (from === null ? "new" : signed(to - from)), isNumber: true },
];

function Plan({ plan }: { readonly plan: GroupReset }) {
  return (
    <Card title="It would do this" flush>
      <Table
        label="What it would do"
        columns={PLAN_COLUMNS}
        rows={plan.offsets}
        keyOf={(row) => String(row.partition)}
      />
    </Card>
  );
}

function signed(value: number): string {
  return value > 0 ? `+${count(value)}` : count(value);
}
