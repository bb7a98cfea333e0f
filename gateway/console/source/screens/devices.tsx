import { useState } from "preact/hooks";
import { type DeviceFilter, useDevices } from "../api/device-pages.ts";
import type { DeviceRow } from "../api/types.ts";
import { ago, bytes, count, keyText, rate } from "../format.ts";
import { go, placeOf } from "../router.ts";
import type { ScreenProps } from "../screens.ts";
import { Segments } from "../ui/field.tsx";
import { Badge, Card, Page } from "../ui/page.tsx";
import { Sparkline } from "../ui/sparkline.tsx";
import { Empty, Failure, Loading } from "../ui/states.tsx";
import { VirtualList } from "../ui/virtual-list.tsx";
import { Device } from "./device.tsx";

const ROW_PX = 44;
const NARROW_ROW_PX = 84;
/** Typing is waited for, so that each letter does not ask. */
const TYPING_MS = 250;

/** All devices, or the one that the address names. */
export function Devices({ parts, query }: ScreenProps) {
  const [key] = parts;
  if (key !== undefined) return <Device encodedKey={key} topic={query.get("topic")} />;
  const shown = query.get("show");
  const filter: DeviceFilter = {
    prefix: query.get("prefix") ?? "",
    topic: query.get("topic") ?? "",
    show: shown === "silent" || shown === "sending" ? shown : "all",
  };
  return <DeviceList filter={filter} />;
}

function DeviceList({ filter }: { readonly filter: DeviceFilter }) {
  const devices = useDevices(filter);
  const { totals, error, rows } = devices;
  const change = (changed: Partial<DeviceFilter>) => {
    const { prefix, topic, show } = { ...filter, ...changed };
    go(placeOf(["devices"], { prefix, topic, show: show === "all" ? "" : show }), true);
  };
  return (
    <Page
      title="Devices"
      about={totals && `${count(totals.known)} known, ${count(totals.silent)} silent that should not be`}
      actions={<Filters filter={filter} change={change} />}
    >
      {filter.topic && (
        <p class="chips">
          <span class="chip">
            in {filter.topic}
            <button type="button" aria-label="Show all topics" onClick={() => change({ topic: "" })}>
              ×
            </button>
          </span>
        </p>
      )}
      {error?.isMissingPage || error?.thing === "devices.max" ? (
        <Empty title="This gateway keeps no registry of devices">Set devices.max above 0.</Empty>
      ) : (
        error && <Failure error={error} retry={devices.retry} />
      )}
      {totals === null && error === null && <Loading what="devices" />}
      {totals !== null && (
        <Card flush>
          {devices.count === 0 ? (
            <Empty title={isNarrowed(filter) ? "No device matches" : "No device has sent anything yet"}>
              {isNarrowed(filter)
                ? "Try another name, or show all."
                : "Each that does appears here by itself."}
            </Empty>
          ) : (
            <VirtualList
              label="Devices"
              count={devices.count}
              rowPx={ROW_PX}
              narrowRowPx={NARROW_ROW_PX}
              look={devices.look}
              head={<Head />}
              row={(index) => {
                const row = rows[index];
                return row === undefined ? <Waiting /> : <Row row={row} rates={devices.ratesOf(row)} />;
              }}
            />
          )}
        </Card>
      )}
      {totals !== null && totals.forgotten > 0 && (
        <p class="muted">
          {count(totals.forgotten)} were forgotten, since there were more than {count(totals.max)}: see
          devices.max.
        </p>
      )}
    </Page>
  );
}

function isNarrowed({ prefix, topic, show }: DeviceFilter): boolean {
  return prefix !== "" || topic !== "" || show !== "all";
}

interface FiltersProps {
  readonly filter: DeviceFilter;
  readonly change: (changed: Partial<DeviceFilter>) => void;
}

let typing: ReturnType<typeof setTimeout> | undefined;

function Filters({ filter, change }: FiltersProps) {
  const [prefix, setPrefix] = useState(filter.prefix);
  const type = (text: string) => {
    setPrefix(text);
    clearTimeout(typing);
    typing = setTimeout(() => change({ prefix: text }), TYPING_MS);
  };
  return (
    <>
      <input
        class="input"
        type="search"
        aria-label="Name begins with"
        placeholder="Name begins with…"
        value={prefix}
        spellcheck={false}
        autocapitalize="off"
        onInput={(event) => type(event.currentTarget.value)}
      />
      <Segments
        label="Which devices"
        value={filter.show}
        set={(show) => change({ show })}
        options={[
          ["all", "All"],
          ["sending", "Sending"],
          ["silent", "Silent"],
        ]}
      />
    </>
  );
}

/** For who sees the columns; a reader of the screen has the parts of a row say what they are. */
function Head() {
  const names = ["Device", "Topic", "Last seen", "Rate", "Lately", "Records", "State"];
  return (
    <div class="long-head device-row" aria-hidden="true">
      {names.map((name) => (
        <span key={name} class={name === "Rate" || name === "Records" ? "number" : undefined}>
          {name}
        </span>
      ))}
    </div>
  );
}

function Row({ row, rates }: { readonly row: DeviceRow; readonly rates: readonly number[] }) {
  const { key, topic, silentForMs, recordsPerSec, records, silent, gaps, exact } = row;
  const name = keyText(key);
  return (
    <div class="device-row">
      <a class="device-name" href={placeOf(["devices", key], { topic })}>
        {name}
      </a>
      <span class="device-topic">{topic}</span>
      <span class="device-seen">
        <span class="hidden">seen </span>
        {ago(silentForMs)}
      </span>
      <span class="device-rate number">{rate(recordsPerSec)}</span>
      <span class="device-line">
        <Sparkline values={rates} label={`Rate of ${name} lately`} />
      </span>
      <span class="device-records number" title={`${bytes(row.bytes)}${exact ? "" : " at least"}`}>
        {count(records)}
        {!exact && "+"}
        <span class="hidden"> records</span>
      </span>
      <span class="device-state">
        {silent && <Badge tone="warn">silent</Badge>}
        {gaps !== null && <Badge tone="bad">{count(gaps.records)} lost</Badge>}
        {!silent && gaps === null && <Badge tone="good">fine</Badge>}
      </span>
    </div>
  );
}

function Waiting() {
  return <div class="device-row waiting">…</div>;
}
