import { useEffect, useMemo, useState } from "preact/hooks";
import { type ApiError, asApiError, withQuery } from "../api/client.ts";
import { type History, historyPath, MAX_POINTS, numbersOf, ratesIn, readHistory } from "../api/history.ts";
import type { DeviceRow, DeviceUplink } from "../api/types.ts";
import { useApi } from "../api/use-api.ts";
import { plotValue } from "../decode/value.ts";
import { ago, bytes, count, duration, keyText, rate, time } from "../format.ts";
import { go, placeOf } from "../router.ts";
import { Choice, Segments } from "../ui/field.tsx";
import { Icon } from "../ui/icon.tsx";
import { Badge, Card, Facts, Grid, Page, Stat } from "../ui/page.tsx";
import { Plot } from "../ui/plot.tsx";
import { Empty, Failure, Loading, Show } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";

/** The gateway counts what waits for each answer. */
const EVERY_MS = 10_000;
const BARS = 120;

/** One device: when it was seen, what it sends, what is lost of it, what waits, and its history. */
export function Device({
  encodedKey,
  topic,
}: {
  readonly encodedKey: string;
  readonly topic: string | null;
}) {
  const loaded = useApi<{ readonly devices: readonly DeviceRow[] }>(`/api/devices/${encodedKey}`, EVERY_MS);
  const devices = loaded.data?.devices ?? [];
  const device = devices.find((one) => one.topic === topic) ?? devices[0];
  const name = keyText(encodedKey);
  return (
    <Page
      title={name}
      above={{ title: "Devices", place: "#/devices" }}
      about={device && `${device.silent ? "silent for" : "last seen"} ${seen(device)}`}
      actions={
        device && (
          <a class="button" href={placeOf(["records"], { topic: device.topic, key: encodedKey })}>
            Browse records
          </a>
        )
      }
    >
      <Show loaded={loaded} what="the device">
        {() =>
          device && (
            <>
              {devices.length > 1 && (
                <Segments
                  label="Topic"
                  value={device.topic}
                  set={(chosen) => go(placeOf(["devices", encodedKey], { topic: chosen }), true)}
                  options={devices.map((one) => [one.topic, one.topic] as const)}
                />
              )}
              <Figures device={device} />
              <Replay key={device.topic} device={device} />
              <Grid wide>
                <LastValue device={device} />
                <Card title="Facts">
                  <Facts facts={factsOf(device)} />
                </Card>
              </Grid>
              <Card title="On the way to the centre" flush>
                <Table
                  label="Uplinks"
                  columns={WAITING_COLUMNS}
                  rows={device.uplinks}
                  keyOf={({ uplink }) => uplink}
                  empty={<Empty title="No uplink carries this topic" />}
                />
              </Card>
            </>
          )
        }
      </Show>
    </Page>
  );
}

function seen({ silent, silentForMs }: DeviceRow): string {
  return silent ? duration(silentForMs) : ago(silentForMs);
}

function Figures({ device }: { readonly device: DeviceRow }) {
  const { recordsPerSec, expectedEveryMs, records, exact, gaps, silent, silentForMs } = device;
  return (
    <Grid>
      <Stat
        label="Rate"
        value={rate(recordsPerSec)}
        note={expectedEveryMs === null ? "at no regular pace" : `one each ${duration(expectedEveryMs)}`}
      />
      <Stat
        label="Last seen"
        value={ago(silentForMs)}
        tone={silent ? "warn" : "plain"}
        note={silent ? "it should have sent something" : time(Date.parse(device.lastSeen))}
      />
      <Stat label="Records" value={`${count(records)}${exact ? "" : "+"}`} note={bytes(device.bytes)} />
      <Stat
        label="Lost"
        value={count(gaps?.records ?? 0)}
        tone={gaps === null ? "plain" : "bad"}
        note={gaps === null ? "nothing is missing" : `${gaps.reason}, ${time(Date.parse(gaps.lastAt))}`}
      />
    </Grid>
  );
}

function factsOf(device: DeviceRow): readonly (readonly [string, string])[] {
  return [
    ["Topic", `${device.topic}, partition ${device.partition}`],
    ["First seen", time(Date.parse(device.firstSeen))],
    ["Last offset", count(device.lastOffset)],
    ["Client id", device.clientId ?? "not an MQTT client"],
    ["Address", device.address ?? "not connected"],
  ];
}

function LastValue({ device }: { readonly device: DeviceRow }) {
  const { value, valueBase64, valueBytes } = device;
  const text = value === null ? (valueBase64 ?? "") : pretty(value);
  const isCut =
    valueBase64 === undefined && value !== null && new TextEncoder().encode(value).length < valueBytes;
  return (
    <Card
      title="Last value"
      note={`${bytes(valueBytes)}${isCut ? ", its beginning" : ""}${valueBase64 ? ", base64" : ""}`}
    >
      {value === null && valueBase64 === undefined ? (
        <Empty title="None: it was deleted" />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys
        <pre class="value" tabIndex={0}>
          {text}
        </pre>
      )}
    </Card>
  );
}

/** JSON over several lines; what is none as it is. */
export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

const WAITING_COLUMNS: readonly Column<DeviceUplink>[] = [
  { label: "Uplink", cell: ({ uplink }) => <a href={placeOf(["uplinks", uplink])}>{uplink}</a> },
  {
    label: "State",
    cell: ({ carried }) =>
      carried ? <Badge tone="good">all there</Badge> : <Badge tone="warn">waiting</Badge>,
  },
  {
    label: "Records",
    cell: ({ waiting, carried }) => (carried ? "0" : count(waiting?.records)),
    isNumber: true,
  },
  {
    label: "Bytes",
    cell: ({ waiting, carried }) => (carried ? "0 B" : bytes(waiting?.bytes)),
    isNumber: true,
  },
  { label: "For", cell: ({ waiting }) => duration(waiting?.forMs), isNumber: true },
];

const SPANS = [
  ["900000", "15 min"],
  ["3600000", "1 h"],
  ["86400000", "24 h"],
  ["604800000", "7 d"],
] as const;

interface Read extends History {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The device's history of the chosen span: one of its numbers over time, and how often it has sent. */
function Replay({ device }: { readonly device: DeviceRow }) {
  const [span, setSpan] = useState<(typeof SPANS)[number][0]>("900000");
  const [field, setField] = useState<string | null>(null);
  const [read, setRead] = useState<Read | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [asked, setAsked] = useState(0);
  const { topic, key } = device;
  useEffect(() => {
    const ended = new AbortController();
    const toMs = Date.now();
    const fromMs = toMs - Number(span);
    setError(null);
    readHistory(topic, key, fromMs, ended.signal)
      .then((history) => setRead({ ...history, fromMs, toMs }))
      .catch((caught: unknown) => !ended.signal.aborted && setError(asApiError(caught)));
    return () => ended.abort();
  }, [topic, key, span, asked]);
  const rows = useMemo(
    () => read?.records.map((record) => ({ record, numbers: numbersOf(plotValue(record)) })),
    [read],
  );
  const fields = useMemo(() => [...new Set(rows?.flatMap(({ numbers }) => [...numbers.keys()]))], [rows]);
  const chosen =
    field !== null && fields.includes(field)
      ? field
      : (fields.find((name) => !isCounter(name)) ?? fields[0] ?? null);
  const fromMs = Date.now() - Number(span);
  return (
    <Card
      title="History"
      actions={
        <>
          <Segments label="Span" value={span} set={setSpan} options={SPANS} />
          <button type="button" class="button" onClick={() => setAsked(asked + 1)}>
            Read again
          </button>
          <a
            class="button"
            href={withQuery(historyPath(topic, key), { from: fromMs, limit: 10_000 })}
            download={`${keyText(key)}.jsonl`}
          >
            <Icon name="download" />
            Download
          </a>
        </>
      }
    >
      {error && <Failure error={error} retry={() => setAsked(asked + 1)} />}
      {read === null && error === null && <Loading what="the history" />}
      {read !== null && read.records.length === 0 && (
        <Empty title="It sent nothing in this time">Choose a longer one.</Empty>
      )}
      {read !== null && rows !== undefined && rows.length > 0 && (
        <>
          {read.isCut && <p class="muted">The first {count(MAX_POINTS)} records of this time.</p>}
          {chosen === null ? (
            <Empty title="Its values hold no numbers to plot" />
          ) : (
            <>
              <Choice
                label="Field"
                value={chosen}
                set={setField}
                options={fields.map((name) => [name, name] as const)}
              />
              <Plot
                label={`${chosen} of ${keyText(key)}`}
                timesMs={rows.map(({ record }) => record.timestamp)}
                series={[
                  {
                    label: chosen,
                    values: rows.map(({ numbers }) => numbers.get(chosen) ?? null),
                    colour: "first",
                  },
                ]}
                show={(value) => String(Number(value.toPrecision(6)))}
                fromZero={false}
                span={[read.fromMs, read.toMs]}
                height={220}
              />
            </>
          )}
          <Sent read={read} />
        </>
      )}
    </Card>
  );
}

/** Whether a field seems to number or date readings: that is not what somebody looks for first. */
function isCounter(name: string): boolean {
  return /(?:^|\.)(?:n|nr|no|id|seq|sequence|count|counter|t|ts|time|timestamp)$/i.test(name);
}

function Sent({ read }: { readonly read: Read }) {
  const { timesMs, perSecond } = useMemo(() => ratesIn(read.records, read.fromMs, read.toMs, BARS), [read]);
  return (
    <>
      <h3>Records a second</h3>
      <Plot
        label="Records a second"
        timesMs={timesMs}
        series={[
          { label: "Records a second", values: perSecond, colour: "second", isArea: true, isSteps: true },
        ]}
        show={(value) => String(Number(value.toPrecision(3)))}
        height={110}
        span={[read.fromMs, read.toMs]}
      />
    </>
  );
}
