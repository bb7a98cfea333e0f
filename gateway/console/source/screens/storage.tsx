import type { Storage, StorageTopic } from "../api/types.ts";
import { useApi } from "../api/use-api.ts";
import { ago, bytes, count, duration, percent } from "../format.ts";
import { placeOf } from "../router.ts";
import { useHas, useMay } from "../session.tsx";
import { Icon } from "../ui/icon.tsx";
import { Badge, Card, Facts, Grid, Meter, Page, Stat } from "../ui/page.tsx";
import { Show } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";
import { kept } from "./topics.tsx";

const EVERY_MS = 10_000;
const YEAR_SEC = 365 * 86_400;

/** What uses the disk, how long that lasts, and how it wears. */
export function StorageScreen() {
  const storage = useApi<Storage>("/api/storage", EVERY_MS);
  const isAdmin = useMay("admin");
  const canBackUp = useHas("GET /api/backup") && isAdmin;
  return (
    <Page
      title="Storage"
      about={storage.data && <code>{storage.data.folder}</code>}
      actions={
        canBackUp && (
          <a class="button" href="/api/backup" download="headwater-backup.tar">
            <Icon name="download" />
            Back up
          </a>
        )
      }
    >
      <Show loaded={storage} what="the disk">
        {(data) => (
          <>
            <Disk data={data} />
            <Card title="What uses it" flush>
              <Table
                label="Topics by size"
                columns={columnsOf(data)}
                rows={data.topics}
                keyOf={({ name }) => name}
              />
            </Card>
          </>
        )}
      </Show>
    </Page>
  );
}

function wearNote(wear: Storage["wear"]): string {
  if (wear === null) return "nothing is known of the device";
  const { disk, writtenBytesPerDay, lifeUsedShare, basis } = wear;
  const used = lifeUsedShare === null ? "" : `, ${percent(lifeUsedShare)} of its life used`;
  if (basis === null) return `${disk}${used}`;
  if (writtenBytesPerDay === null) return `${disk}${used}; known after ten minutes`;
  return `${disk}${used}; ${basis === "assumed" ? "assumed: 300 times its size" : "as disk.endurance.bytes says"}`;
}

function Disk({ data }: { readonly data: Storage }) {
  const { disk, logBytes, writtenBytes, writtenBytesPerDay, commitMedianMs, quarantined, wear } = data;
  const used = (disk.total - disk.free) / disk.total;
  const tone = disk.full ? "bad" : disk.free < disk.reserve * 2 ? "warn" : "plain";
  const forecastSec = wear?.forecastSec ?? null;
  const years = forecastSec === null ? null : forecastSec / YEAR_SEC;
  return (
    <>
      <Grid>
        <Stat
          label="Free"
          value={bytes(disk.free)}
          tone={tone}
          note={disk.full ? "full: it makes room by retention" : `of ${bytes(disk.total)}`}
        >
          <Meter part={used} label={`${percent(used)} of the disk is used`} tone={tone} />
        </Stat>
        <Stat label="Logs" value={bytes(logBytes)} note={`${percent(logBytes / disk.total)} of the disk`} />
        <Stat
          label="Written a day"
          value={writtenBytesPerDay === null ? "soon" : bytes(writtenBytesPerDay)}
          note={writtenBytesPerDay === null ? "known after a minute" : "at the pace since the start"}
        />
        <Stat
          label="Wear"
          value={
            years === null
              ? wear?.writtenBytesPerDay === null
                ? "soon"
                : "not known"
              : years > 100
                ? "over 100 years"
                : `${years.toFixed(years < 10 ? 1 : 0)} years`
          }
          tone={years !== null && years < 3 ? "warn" : "plain"}
          note={wearNote(wear)}
        />
      </Grid>
      <Card title="Disk">
        <Facts
          facts={[
            ["Kept free", bytes(disk.reserve)],
            ["Written since the start", bytes(writtenBytes)],
            ["Commit to disk", commitMedianMs === null ? "none yet" : `${duration(commitMedianMs)} (median)`],
            [
              "Damaged and put aside",
              quarantined === 0 ? (
                "nothing"
              ) : (
                <Badge tone="bad">{`${count(quarantined)} files or ranges`}</Badge>
              ),
            ],
            ["Way to the disk", data.implementation],
          ]}
        />
      </Card>
    </>
  );
}

function columnsOf({ logBytes }: Storage): readonly Column<StorageTopic>[] {
  const share = (size: number) => (logBytes === 0 ? 0 : size / logBytes);
  return [
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
    { label: "Size", cell: (row) => bytes(row.bytes), by: (row) => row.bytes, isNumber: true },
    {
      label: "Share",
      cell: (row) => (
        <span class="with-meter">
          <Meter part={share(row.bytes)} label={`${percent(share(row.bytes))} of the logs`} />
          {percent(share(row.bytes))}
        </span>
      ),
      by: (row) => row.bytes,
    },
    {
      label: "Oldest record",
      cell: ({ oldestMs }) => (oldestMs === null ? "none" : ago(Math.max(0, Date.now() - oldestMs))),
      by: ({ oldestMs }) => oldestMs,
      isNumber: true,
    },
    {
      label: "Kept",
      cell: ({ retention: { cleanupPolicy, ms, bytes: size } }) =>
        kept({ cleanupPolicy, retentionMs: ms, retentionBytes: size }),
    },
  ];
}
