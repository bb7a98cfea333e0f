import type { GatewayState, Overview as OverviewData, OverviewUplink } from "../api/types.ts";
import { useApi } from "../api/use-api.ts";
import { ago, byteRate, bytes, count, duration, rate, short } from "../format.ts";
import { placeOf } from "../router.ts";
import { Icon } from "../ui/icon.tsx";
import { Badge, Card, Facts, Grid, Page, Stat, type Tone } from "../ui/page.tsx";
import { Plot } from "../ui/plot.tsx";
import { Empty, Show, sentence } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";

const EVERY_MS = 5_000;

/** How the gateway is: whether it serves, what goes through it, and what has to be looked at. */
export function Overview() {
  const overview = useApi<OverviewData>("/api/overview", EVERY_MS);
  const state = useApi<GatewayState>("/api/status", EVERY_MS);
  return (
    <Page
      title="Overview"
      about={overview.data ? `${overview.data.gatewayId}, up for ${duration(overview.data.uptimeMs)}` : null}
    >
      <Show loaded={overview}>
        {(data) => (
          <>
            <HealthBanner {...data.health} />
            <Figures data={data} />
            <Card title="Records coming in, last hour">
              <History data={data} />
            </Card>
            <Card title="Uplinks" flush>
              <Table
                label="Uplinks"
                columns={UPLINK_COLUMNS}
                rows={data.uplinks}
                keyOf={({ name }) => name}
                empty={
                  <Empty title="No uplink is configured">
                    Records stay on this gateway. An uplink carries them to a central Kafka.
                  </Empty>
                }
              />
            </Card>
          </>
        )}
      </Show>
      <Show loaded={state}>{(data) => <Machine data={data} />}</Show>
    </Page>
  );
}

function HealthBanner({ ready, reasons }: OverviewData["health"]) {
  if (ready) {
    return (
      <p class="banner good">
        <Icon name="good" />
        Everything serves.
      </p>
    );
  }
  return (
    <div class="banner warn" role="alert">
      <Icon name="bad" />
      <div>
        <strong>Not ready</strong>
        <ul>
          {reasons.map((reason) => (
            <li key={reason}>{sentence(reason)}</li>
          ))}
        </ul>
      </div>
    </div>
  );
}

function Figures({ data }: { readonly data: OverviewData }) {
  const { rates, devices, connections, uplinks } = data;
  const lag = uplinks.some(({ lagRecords }) => lagRecords === null)
    ? null
    : uplinks.reduce((sum, { lagRecords }) => sum + (lagRecords ?? 0), 0);
  const stale = Math.max(0, ...uplinks.map(({ freshnessMs }) => freshnessMs ?? 0));
  return (
    <Grid>
      <Stat
        label="Coming in"
        value={rate(rates?.recordsInPerSecond)}
        note={`${byteRate(rates?.bytesInPerSecond)} in, ${byteRate(rates?.bytesOutPerSecond)} out`}
        place="#/topics"
      />
      {uplinks.length > 0 && (
        <Stat
          label="Lag to the centre"
          value={count(lag)}
          note={lag === 0 ? "all is there" : "records to go"}
          place="#/uplinks"
        />
      )}
      {uplinks.length > 0 && (
        <Stat
          label="Freshness"
          value={stale === 0 ? "now" : duration(stale)}
          note="age of what the centre knows"
          place="#/uplinks"
        />
      )}
      {devices && (
        <Stat
          label="Devices"
          value={count(devices.known)}
          note={devices.silent === 0 ? "none is silent" : `${count(devices.silent)} silent`}
          tone={devices.silent > 0 ? "warn" : "plain"}
          place={devices.silent > 0 ? "#/devices?show=silent" : "#/devices"}
        />
      )}
      <Stat
        label="Connected"
        value={count(connections.mqtt + connections.kafka)}
        note={`${count(connections.mqtt)} MQTT, ${count(connections.kafka)} Kafka`}
        place="#/connections"
      />
    </Grid>
  );
}

function History({ data }: { readonly data: OverviewData }) {
  const { history } = data;
  if (history.length < 2) {
    return <Empty title="The first figures come in a moment">They are taken every ten seconds.</Empty>;
  }
  return (
    <Plot
      label="Records coming in each second over the last hour"
      timesMs={history.map(({ atMs }) => atMs)}
      series={[
        {
          label: "Records a second",
          values: history.map(({ recordsInPerSecond }) => recordsInPerSecond),
          colour: "first",
          isArea: true,
        },
      ]}
      show={(value) => (value >= 1000 ? short(value) : String(Number(value.toFixed(1))))}
    />
  );
}

/** What a state of an uplink's means to who looks. */
export function uplinkTone(state: string): Tone {
  if (state === "forwarding" || state === "idle") return "good";
  if (state === "failed" || state === "fenced") return "bad";
  return state === "connecting" || state === "resolving" ? "plain" : "warn";
}

const UPLINK_COLUMNS: readonly Column<OverviewUplink>[] = [
  { label: "Uplink", cell: ({ name }) => <a href={placeOf(["uplinks", name])}>{name}</a> },
  { label: "State", cell: ({ state }) => <Badge tone={uplinkTone(state)}>{state}</Badge> },
  { label: "Lag", cell: ({ lagRecords }) => count(lagRecords), isNumber: true },
  {
    label: "Oldest waiting",
    cell: ({ lagMs, lagRecords }) => (lagRecords === 0 ? "none" : ago(lagMs)),
    isNumber: true,
  },
  { label: "Freshness", cell: ({ freshnessMs }) => duration(freshnessMs), isNumber: true },
  { label: "Alarms", cell: ({ alarms }) => (alarms.length === 0 ? "none" : alarms.join("; ")), isWide: true },
];

function Machine({ data }: { readonly data: GatewayState }) {
  const { log, clock, addresses, mqtt } = data;
  const commit = log.commitMedianMs === null ? "none yet" : duration(log.commitMedianMs);
  return (
    <Grid wide>
      <Card title="Machine">
        <Facts
          facts={[
            ["Free space", <Free key="free" log={log} />],
            ["Commit to disk", commit],
            ["Clock", clock === null ? "not watched" : clock.known ? clock.quality : "not known"],
            ["Partitions", count(log.partitions)],
            ["Messages refused", count(mqtt?.messagesRefused ?? 0)],
          ]}
        />
      </Card>
      <Card title="Doors">
        <Facts
          facts={Object.entries(addresses).map(([door, address]) => [
            doorName(door),
            <code key={door}>{address}</code>,
          ])}
        />
      </Card>
    </Grid>
  );
}

function Free({ log }: { readonly log: GatewayState["log"] }) {
  return (
    <a href="#/storage">
      {bytes(log.freeBytes)}
      {log.full && <Badge tone="bad">full</Badge>}
    </a>
  );
}

const DOORS: Readonly<Record<string, string>> = {
  kafka: "Kafka",
  kafkaTls: "Kafka over TLS",
  mqtt: "MQTT",
  mqttWebSocket: "MQTT over WebSocket",
  mqttTls: "MQTT over TLS",
  mqttWebSocketTls: "MQTT over WebSocket and TLS",
  http: "HTTP",
  https: "HTTPS",
};

/** What a door is called. */
export function doorName(door: string): string {
  return DOORS[door] ?? door;
}
