import { useState } from "preact/hooks";
import { encoded } from "../api/client.ts";
import type { Connections, KafkaClient, MqttSession, SessionList } from "../api/types.ts";
import { useApi } from "../api/use-api.ts";
import { useChange } from "../api/use-change.ts";
import { ago, count, duration } from "../format.ts";
import { useMay } from "../session.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Badge, Card, Grid, Page, Stat } from "../ui/page.tsx";
import { Empty, Show } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";

const EVERY_MS = 5_000;

/** Who is connected, and whose sessions are kept. */
export function ConnectionsScreen() {
  const connections = useApi<Connections>("/api/connections", EVERY_MS);
  const sessions = useApi<SessionList>("/api/sessions", EVERY_MS);
  const [ending, setEnding] = useState<MqttSession | null>(null);
  const mayEnd = useMay("operator");
  return (
    <Page title="Connections" about="Who is connected now, and whose MQTT session is kept.">
      <Show loaded={connections} what="connections">
        {({ kafka, mqtt, http }) => (
          <>
            <Grid>
              <Stat label="MQTT" value={count(mqtt.count)} note="connected" />
              <Stat label="Kafka" value={count(kafka.count)} note="connections" />
              <Stat label="HTTP" value={count(http.requests)} note="requests being answered" />
            </Grid>
            {kafka.clients.length > 0 && (
              <Card title="Kafka clients" flush>
                <Table
                  label="Kafka clients"
                  columns={KAFKA_COLUMNS}
                  rows={kafka.clients}
                  keyOf={({ remoteAddress, remotePort }) => `${remoteAddress}:${remotePort}`}
                />
              </Card>
            )}
          </>
        )}
      </Show>
      <Card title="MQTT clients" flush>
        <Show loaded={sessions} what="sessions">
          {({ sessions: all, more }) => (
            <>
              <Table
                label="MQTT clients"
                columns={mayEnd ? [...COLUMNS, endColumn(setEnding)] : COLUMNS}
                rows={all}
                keyOf={({ clientId }) => clientId}
                empty={<Empty title="Nobody is connected by MQTT" />}
              />
              {more && <p class="muted">There are more.</p>}
            </>
          )}
        </Show>
      </Card>
      {ending && <End session={ending} close={() => setEnding(null)} refresh={sessions.refresh} />}
    </Page>
  );
}

const COLUMNS: readonly Column<MqttSession>[] = [
  {
    label: "Client",
    cell: ({ clientId, version, remoteAddress }) => (
      <>
        {clientId}
        <p class="hint">
          MQTT {version}
          {remoteAddress !== null && `, ${remoteAddress}`}
        </p>
      </>
    ),
    by: ({ clientId }) => clientId,
    isWide: true,
  },
  {
    label: "State",
    cell: ({ awayMs }) =>
      awayMs === null ? <Badge tone="good">connected</Badge> : <Badge>{`left ${ago(awayMs)}`}</Badge>,
    by: ({ awayMs }) => awayMs ?? -1,
  },
  { label: "User", cell: ({ userName }) => userName ?? "nobody", by: ({ userName }) => userName },
  {
    label: "Session kept",
    cell: ({ expirySec }) =>
      expirySec === null ? "for ever" : expirySec === 0 ? "no" : duration(expirySec * 1000),
  },
  {
    label: "Subscriptions",
    cell: (row) => count(row.subscriptions),
    by: (row) => row.subscriptions,
    isNumber: true,
  },
  {
    label: "Waiting",
    cell: (row) => count(row.queuedMessages + row.inFlightMessages),
    by: (row) => row.queuedMessages + row.inFlightMessages,
    isNumber: true,
  },
];

const KAFKA_COLUMNS: readonly Column<KafkaClient>[] = [
  {
    label: "Address",
    cell: ({ remoteAddress, remotePort }) => `${remoteAddress}:${remotePort}`,
    by: ({ remoteAddress }) => remoteAddress,
  },
  { label: "User", cell: ({ user }) => user, by: ({ user }) => user },
  { label: "Signed in by", cell: ({ method }) => method ?? "not signed in", by: ({ method }) => method },
];

function endColumn(end: (session: MqttSession) => void): Column<MqttSession> {
  return {
    label: "",
    cell: (session) => (
      <button
        type="button"
        class="button"
        aria-label={`End the session of ${session.clientId}`}
        onClick={() => end(session)}
      >
        End
      </button>
    ),
  };
}

interface EndProps {
  readonly session: MqttSession;
  readonly close: () => void;
  readonly refresh: () => void;
}

function End({ session: { clientId }, close, refresh }: EndProps) {
  const change = useChange();
  const submit = async () => {
    const done = await change.send(
      `/api/sessions/${encoded(clientId)}/end`,
      {},
      `The session of ${clientId} has ended.`,
    );
    refresh();
    if (done !== null) close();
  };
  return (
    <Dialog
      title={`End the session of ${clientId}?`}
      doing="End it"
      isDangerous
      close={close}
      isBusy={change.isBusy}
      error={change.error}
      submit={() => void submit()}
    >
      <p>Its connection is cut, and what waits for it is forgotten. It may connect again at once.</p>
    </Dialog>
  );
}
