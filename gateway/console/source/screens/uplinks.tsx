import { useState } from "preact/hooks";
import { encoded } from "../api/client.ts";
import type { BudgetPeriod, UplinkList, UplinkMirror, UplinkRoute, UplinkRow } from "../api/types.ts";
import { useApi } from "../api/use-api.ts";
import { useChange } from "../api/use-change.ts";
import { ago, byteRate, bytes, count, duration, percent, short } from "../format.ts";
import { placeOf } from "../router.ts";
import type { ScreenProps } from "../screens.ts";
import { useMay } from "../session.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { TextField } from "../ui/field.tsx";
import { Icon } from "../ui/icon.tsx";
import { Badge, Card, Facts, Grid, Meter, Page, Stat } from "../ui/page.tsx";
import { Plot } from "../ui/plot.tsx";
import { Empty, Failure, Show, sentence } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { uplinkTone } from "./overview.tsx";

const EVERY_MS = 3_000;

/** All uplinks, or the one that the address names, or the only one. */
export function Uplinks({ parts }: ScreenProps) {
  const uplinks = useApi<UplinkList>("/api/uplinks", EVERY_MS);
  const [name] = parts;
  const all = uplinks.data?.uplinks ?? [];
  const chosen =
    name === undefined ? (all.length === 1 ? all[0] : undefined) : all.find((one) => one.name === name);
  if (chosen !== undefined) {
    return <Uplink uplink={chosen} refresh={uplinks.refresh} isOnly={all.length === 1} />;
  }
  return (
    <Page title="Uplinks" about="What carries topics to a central Kafka.">
      <Card flush>
        <Show loaded={uplinks} what="uplinks">
          {() =>
            name === undefined ? (
              <Table
                label="Uplinks"
                columns={COLUMNS}
                rows={all}
                keyOf={(one) => one.name}
                empty={
                  <Empty title="No uplink is configured">
                    Name a centre in the configuration, [uplink.NAME] with bootstrap and topics.
                  </Empty>
                }
              />
            ) : (
              <Empty title={`There is no uplink ${name}`} />
            )
          }
        </Show>
      </Card>
    </Page>
  );
}

const COLUMNS: readonly Column<UplinkRow>[] = [
  { label: "Uplink", cell: ({ name }) => <a href={placeOf(["uplinks", name])}>{name}</a> },
  { label: "State", cell: (uplink) => <Badge tone={toneOf(uplink)}>{stateOf(uplink)}</Badge> },
  { label: "Lag", cell: ({ lagRecords }) => count(lagRecords), isNumber: true },
  { label: "Waiting", cell: ({ lagBytes }) => bytes(lagBytes), isNumber: true },
  { label: "Freshness", cell: ({ freshnessMs }) => duration(freshnessMs), isNumber: true },
  { label: "To", cell: ({ bootstrap }) => bootstrap.join(", "), isWide: true },
];

function stateOf({ state, link }: UplinkRow): string {
  return link.mode === "flowing" ? state : link.mode;
}

function toneOf({ state, link }: UplinkRow) {
  return link.mode === "flowing" ? uplinkTone(state) : "warn";
}

interface UplinkProps {
  readonly uplink: UplinkRow;
  readonly refresh: () => void;
  readonly isOnly: boolean;
}

function Uplink({ uplink, refresh, isOnly }: UplinkProps) {
  const { name, lagRecords, lagBytes, lagMs, freshnessMs, link, flow, lastError, lastErrorAgoMs } = uplink;
  return (
    <Page
      title={name}
      above={isOnly ? { title: "Overview", place: "#/overview" } : { title: "Uplinks", place: "#/uplinks" }}
      about={
        <>
          <Badge tone={toneOf(uplink)}>{stateOf(uplink)}</Badge> to {uplink.bootstrap.join(", ")}
        </>
      }
      actions={<Controls uplink={uplink} refresh={refresh} />}
    >
      {[...flow.alarms.map(({ topic, reason }) => (topic === null ? reason : `${topic}: ${reason}`))].map(
        (text) => (
          <p key={text} class="banner bad" role="alert">
            <Icon name="bad" />
            {sentence(text)}
          </p>
        ),
      )}
      {link.heldBecause !== null && (
        <p class="banner warn">
          <Icon name="pause" />
          {sentence(`Nothing goes up: ${link.heldBecause}`)}
          {link.heldForMs !== null && ` For ${duration(link.heldForMs)} yet.`}
        </p>
      )}
      <Grid>
        <Stat label="Lag" value={count(lagRecords)} note={`${bytes(lagBytes)} to go`} />
        <Stat
          label="Oldest waiting"
          value={lagRecords === 0 ? "none" : duration(lagMs)}
          note={link.etaMs === null || lagRecords === 0 ? undefined : `there in ${duration(link.etaMs)}`}
        />
        <Stat label="Freshness" value={duration(freshnessMs)} note="age of what the centre knows" />
        <Stat
          label="Link"
          value={byteRate(link.goodputBytesPerSecond)}
          note={`at best; round trip ${duration(link.roundTripMs)}`}
        />
        <Stat
          label="Cap"
          value={uplink.rateBytesPerSecond === null ? "none" : byteRate(uplink.rateBytesPerSecond)}
          note={link.capBytesPerSecond === null ? "what may pass" : "set by an operator"}
        />
      </Grid>
      <Plots uplink={uplink} />
      <Grid wide>
        <Budget uplink={uplink} />
        <Card title="Since the start">
          <Facts
            facts={[
              ["Carried", `${count(uplink.forwardedRecords)} records, ${bytes(uplink.forwardedBytes)}`],
              ["Delivery", uplink.delivery],
              [
                "Sent for them",
                link.compressionRatio > 0 ? `${percent(link.compressionRatio)} of their size` : "nothing yet",
              ],
              ["Attempts that failed", count(uplink.failures)],
              ["Gaps", count(uplink.gaps)],
              ["Last error", lastError === null ? "none" : `${lastError} (${ago(lastErrorAgoMs)})`],
            ]}
          />
        </Card>
      </Grid>
      <Card title="Topics it carries" flush>
        <Table
          label="Topics"
          columns={routeColumns(uplink)}
          rows={uplink.routes}
          keyOf={({ topic }) => topic}
        />
      </Card>
      {uplink.mirrors.length > 0 && (
        <Card title="Topics it brings here" flush>
          <Table
            label="Mirrors"
            columns={MIRROR_COLUMNS}
            rows={uplink.mirrors}
            keyOf={({ topic }) => topic}
          />
        </Card>
      )}
    </Page>
  );
}

function Plots({ uplink: { history } }: { readonly uplink: UplinkRow }) {
  if (history.length < 2) {
    return (
      <Card title="Last hour">
        <Empty title="The first figures come in a moment">They are taken every ten seconds.</Empty>
      </Card>
    );
  }
  const timesMs = history.map(({ atMs }) => atMs);
  const inBytes = history.some(({ backlogBytes }) => backlogBytes !== null);
  return (
    <Grid wide>
      <Card title="Waiting, last hour">
        <Plot
          label="What waits to be carried"
          timesMs={timesMs}
          series={[
            {
              label: inBytes ? "Bytes" : "Records",
              values: history.map((at) => (inBytes ? at.backlogBytes : at.backlogRecords)),
              colour: "third",
              isArea: true,
            },
          ]}
          show={inBytes ? bytes : short}
          isBytes={inBytes}
        />
      </Card>
      <Card title="Sent, last hour">
        <Plot
          label="Bytes sent to the centre each second"
          timesMs={timesMs}
          series={[
            {
              label: "Bytes a second",
              values: history.map(({ sentBytesPerSecond }) => sentBytesPerSecond),
              colour: "first",
              isArea: true,
            },
          ]}
          show={byteRate}
          isBytes
        />
      </Card>
    </Grid>
  );
}

function Budget({ uplink: { budget } }: { readonly uplink: UplinkRow }) {
  return (
    <Card title="Budget">
      {budget === null ? (
        <Empty title="None is set">budget.day and budget.month bound what a link costs.</Empty>
      ) : (
        <>
          <Period name="Today" period={budget.day} />
          <Period name="This month" period={budget.month} />
          <p class="muted">At its end: {budget.atEnd}.</p>
        </>
      )}
    </Card>
  );
}

function Period({ name, period }: { readonly name: string; readonly period: BudgetPeriod | null }) {
  if (period === null) return null;
  const { usedBytes, limitBytes, resetsInMs } = period;
  const part = usedBytes / limitBytes;
  return (
    <div class="period">
      <p>
        <strong>{name}</strong> {bytes(usedBytes)} of {bytes(limitBytes)}, {percent(part)}
      </p>
      <Meter
        part={part}
        label={`${percent(part)} of the budget`}
        tone={part >= 1 ? "bad" : part > 0.8 ? "warn" : "plain"}
      />
      {resetsInMs !== null && <p class="muted">Anew in {duration(resetsInMs)}</p>}
    </div>
  );
}

function routeColumns({ flow }: UplinkRow): readonly Column<UplinkRoute>[] {
  const of = (topic: string) => flow.topics.find((one) => one.topic === topic);
  return [
    { label: "Topic", cell: ({ topic }) => <a href={placeOf(["topics", topic])}>{topic}</a> },
    { label: "At the centre", cell: ({ centralTopic }) => centralTopic },
    {
      label: "State",
      cell: ({ state }) => <Badge tone={state === "forwarding" ? "good" : "warn"}>{state}</Badge>,
    },
    { label: "Lag", cell: ({ topic }) => count(of(topic)?.lagRecords), isNumber: true },
    { label: "Waiting", cell: ({ topic }) => bytes(of(topic)?.lagBytes), isNumber: true },
    { label: "Why not", cell: ({ reason, heldBecause }) => reason ?? heldBecause ?? "", isWide: true },
  ];
}

const MIRROR_COLUMNS: readonly Column<UplinkMirror>[] = [
  { label: "Topic", cell: ({ topic }) => <a href={placeOf(["topics", topic])}>{topic}</a> },
  { label: "At the centre", cell: ({ centralTopic }) => centralTopic },
  {
    label: "State",
    cell: ({ state }) => <Badge tone={state === "mirroring" ? "good" : "warn"}>{state}</Badge>,
  },
  { label: "Lag", cell: ({ lagRecords }) => count(lagRecords), isNumber: true },
  { label: "Why not", cell: ({ reason }) => reason ?? "", isWide: true },
];

function Controls({ uplink, refresh }: Omit<UplinkProps, "isOnly">) {
  const mayControl = useMay("operator");
  const change = useChange();
  const [isCapping, setCapping] = useState(false);
  if (!mayControl) return null;
  const isPaused = uplink.link.mode === "paused";
  const send = async (action: string, done: string) => {
    await change.send(`/api/uplinks/${encoded(uplink.name)}/${action}`, {}, done);
    refresh();
  };
  return (
    <>
      {change.error && <Failure error={change.error} />}
      <button type="button" class="button" onClick={() => setCapping(true)}>
        Cap
      </button>
      {isPaused ? (
        <button
          type="button"
          class="button main"
          disabled={change.isBusy}
          onClick={() => void send("resume", "It goes on.")}
        >
          <Icon name="play" />
          Resume
        </button>
      ) : (
        <button
          type="button"
          class="button"
          disabled={change.isBusy}
          onClick={() => void send("pause", "It is paused. What comes in waits here.")}
        >
          <Icon name="pause" />
          Pause
        </button>
      )}
      {isCapping && <Cap uplink={uplink} refresh={refresh} close={() => setCapping(false)} />}
    </>
  );
}

const KIB = 1024;

function Cap({ uplink, refresh, close }: Omit<UplinkProps, "isOnly"> & { readonly close: () => void }) {
  const cap = uplink.link.capBytesPerSecond;
  const [text, setText] = useState(cap === null ? "" : String(cap / KIB));
  const change = useChange();
  const isNumber = text === "" || Number(text) > 0;
  const submit = async () => {
    const bytesPerSecond = text === "" ? null : Math.round(Number(text) * KIB);
    const done = await change.send(
      `/api/uplinks/${encoded(uplink.name)}/cap`,
      { body: { bytesPerSecond } },
      bytesPerSecond === null
        ? "There is no cap of yours."
        : `At most ${byteRate(bytesPerSecond)} from now on.`,
    );
    refresh();
    if (done !== null) close();
  };
  return (
    <Dialog
      title={`Cap ${uplink.name}`}
      doing={text === "" ? "Take the cap off" : "Set the cap"}
      close={close}
      isBusy={change.isBusy}
      isReady={isNumber}
      error={change.error}
      submit={() => void submit()}
    >
      <TextField
        label="KiB a second"
        type="number"
        value={text}
        set={setText}
        placeholder="as the settings have it"
        hint="All that passes over the link's sockets counts. Empty takes your cap off."
      />
    </Dialog>
  );
}
