import { useEffect, useState } from "preact/hooks";
import { type ApiError, asApiError } from "../api/client.ts";
import { useLive } from "../api/live.ts";
import {
  downloadPath,
  type Found,
  MAX_SHOWN,
  PART,
  readFirst,
  readNext,
  STARTS,
  type Wanted,
} from "../api/records.ts";
import type { TopicList } from "../api/types.ts";
import { useApi } from "../api/use-api.ts";
import { FORMS, type Form } from "../decode/value.ts";
import { count, keyText } from "../format.ts";
import { go, placeOf } from "../router.ts";
import type { ScreenProps } from "../screens.ts";
import { useHas, useMay } from "../session.tsx";
import { Choice, TextField } from "../ui/field.tsx";
import { Icon } from "../ui/icon.tsx";
import { Badge, Card, Page } from "../ui/page.tsx";
import { RecordList } from "../ui/record-list.tsx";
import { Empty, Failure, Loading } from "../ui/states.tsx";
import { Produce } from "./produce.tsx";

/** Reads a topic: by device, partition, time or offset, or as records come. */
export function Records({ query }: ScreenProps) {
  const wanted = wantedOf(query);
  const isLive = query.get("live") === "yes";
  const [form, setForm] = useState<Form>("auto");
  const [isProducing, setProducing] = useState(false);
  const topics = useApi<TopicList>("/api/topics");
  const isOperator = useMay("operator");
  const mayProduce = useHas("POST /api/topics/{topic}/records") && isOperator;
  const hasLive = useHas("GET /api/topics/{topic}/live");
  const own = (topics.data?.topics ?? []).filter(({ internal }) => !internal);
  const names = own.map(({ name }) => name);
  const largest = own.toSorted((a, b) => b.records - a.records)[0]?.name ?? "";
  const topic = wanted.topic === "" ? largest : wanted.topic;
  const chosen = { ...wanted, topic };
  const change = (changed: Partial<Wanted>, live = isLive) => {
    const next = { ...chosen, ...changed };
    go(
      placeOf(["records"], {
        ...next,
        start: next.start === "newest" ? "" : next.start,
        live: live ? "yes" : "",
      }),
      true,
    );
  };
  return (
    <Page
      title="Records"
      about={topic && `of ${topic}${wanted.key === "" ? "" : `, device ${keyText(wanted.key)}`}`}
      actions={
        topic !== "" && (
          <>
            {hasLive && (
              <button
                type="button"
                class={isLive ? "button main" : "button"}
                aria-pressed={isLive}
                onClick={() => change({}, !isLive)}
              >
                <Icon name="play" />
                Live
              </button>
            )}
            {mayProduce && (
              <button type="button" class="button" onClick={() => setProducing(true)}>
                <Icon name="send" />
                Produce
              </button>
            )}
            <a class="button" href={downloadPath(chosen)} download={`${topic}.jsonl`}>
              <Icon name="download" />
              Download
            </a>
          </>
        )
      }
    >
      <Card>
        <Filter
          wanted={chosen}
          topics={names}
          change={change}
          form={form}
          setForm={setForm}
          isLive={isLive}
        />
      </Card>
      {topics.error && <Failure error={topics.error} retry={topics.refresh} />}
      {topics.data !== null && topic === "" && (
        <Empty title="There are no topics yet">The first record of a device makes one.</Empty>
      )}
      {topic !== "" &&
        (isLive ? (
          <Tail topic={topic} keyName={wanted.key} form={form} />
        ) : (
          <Browse wanted={chosen} form={form} />
        ))}
      {isProducing && (
        <Produce topic={topic} topicKey={keyText(wanted.key)} close={() => setProducing(false)} />
      )}
    </Page>
  );
}

function wantedOf(query: URLSearchParams): Wanted {
  const start = STARTS.find(([name]) => name === query.get("start"))?.[0] ?? "newest";
  const text = (name: string) => query.get(name) ?? "";
  return { topic: text("topic"), key: text("key"), partition: text("partition"), start, at: text("at") };
}

interface FilterProps {
  readonly wanted: Wanted;
  readonly topics: readonly string[];
  readonly change: (changed: Partial<Wanted>) => void;
  readonly form: Form;
  readonly setForm: (form: Form) => void;
  readonly isLive: boolean;
}

/** What is asked for. Words are taken with Enter, or when the field is left. */
function Filter({ wanted, topics, change, form, setForm, isLive }: FilterProps) {
  const [key, setKey] = useState(keyText(wanted.key));
  const [partition, setPartition] = useState(wanted.partition);
  const [at, setAt] = useState(wanted.at);
  const options = topics.includes(wanted.topic) || wanted.topic === "" ? topics : [wanted.topic, ...topics];
  const take = () => {
    const encodedKey = key === keyText(wanted.key) ? wanted.key : encodeURIComponent(key);
    if (encodedKey !== wanted.key || partition !== wanted.partition || at !== wanted.at) {
      change({ key: encodedKey, partition, at });
    }
  };
  const { start } = wanted;
  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        take();
      }}
      onFocusOut={take}
    >
      <Choice
        label="Topic"
        value={wanted.topic}
        set={(topic) => change({ topic, partition: "" })}
        options={options.map((name) => [name, name] as const)}
      />
      <TextField label="Device (key)" value={key} set={setKey} placeholder="all" />
      {!isLive && key === "" && (
        <TextField label="Partition" value={partition} set={setPartition} placeholder="all" type="number" />
      )}
      {!isLive && (
        <Choice
          label="Order"
          value={start}
          set={(chosen) => {
            setAt("");
            change({ start: chosen, at: "" });
          }}
          options={STARTS.filter(([name]) => name !== "offset" || key === "")}
        />
      )}
      {!isLive && start === "time" && <TextField label="Time" type="datetime-local" value={at} set={setAt} />}
      {!isLive && start === "offset" && (
        <TextField label="Offset" type="number" value={at} set={setAt} placeholder="0" />
      )}
      <Choice label="Read values as" value={form} set={setForm} options={FORMS} />
      <button type="submit" class="hidden" tabIndex={-1}>
        Read
      </button>
    </form>
  );
}

/** Records that are there. */
function Browse({ wanted, form }: { readonly wanted: Wanted; readonly form: Form }) {
  const [found, setFound] = useState<Found | null>(null);
  const [error, setError] = useState<ApiError | null>(null);
  const [size, setSize] = useState(PART);
  const [asked, setAsked] = useState(0);
  const name = JSON.stringify(wanted);
  useEffect(() => {
    const ended = new AbortController();
    setError(null);
    readFirst(JSON.parse(name) as Wanted, size, ended.signal)
      .then(setFound)
      .catch((caught: unknown) => !ended.signal.aborted && setError(asApiError(caught)));
    return () => ended.abort();
  }, [name, size, asked]);
  // Other records are asked for from their beginning.
  useEffect(() => {
    setFound(null);
    setSize(PART);
  }, [name]);
  const again = () => setAsked(asked + 1);
  const more = async () => {
    if (found === null || found.next === null) return;
    try {
      const part = await readNext(found.next, new AbortController().signal);
      setFound({ records: [...found.records, ...part.records].slice(-MAX_SHOWN), next: part.next });
    } catch (caught) {
      setError(asApiError(caught));
    }
  };
  const isNewest = wanted.start === "newest";
  const canGrow = isNewest && found !== null && found.records.length >= size && size < MAX_SHOWN;
  return (
    <Card
      title={found === null ? "Records" : `${count(found.records.length)} records`}
      flush
      actions={
        <button type="button" class="button" onClick={again}>
          Read again
        </button>
      }
    >
      {error && <Failure error={error} retry={again} />}
      {found === null && error === null && <Loading what="records" />}
      {found !== null && found.records.length === 0 && (
        <Empty title="No record is there">Nothing was written here, or it is no longer kept.</Empty>
      )}
      {found !== null && found.records.length > 0 && (
        <RecordList label="Records" records={found.records} form={form} />
      )}
      {found?.next && (
        <button type="button" class="button more" onClick={() => void more()}>
          Show what follows
        </button>
      )}
      {canGrow && (
        <button type="button" class="button more" onClick={() => setSize(Math.min(MAX_SHOWN, size * 4))}>
          Show older ones
        </button>
      )}
    </Card>
  );
}

/** Records as they come. */
function Tail({
  topic,
  keyName,
  form,
}: {
  readonly topic: string;
  readonly keyName: string;
  readonly form: Form;
}) {
  const [isPaused, setPaused] = useState(false);
  const live = useLive(topic, keyName, isPaused);
  const [tone, word] = isPaused
    ? (["warn", "held"] as const)
    : live.state === "open"
      ? (["good", "live"] as const)
      : live.state === "connecting"
        ? (["plain", "connecting"] as const)
        : (["bad", "ended"] as const);
  return (
    <Card
      title="Live"
      flush
      actions={
        <>
          <Badge tone={tone}>{word}</Badge>
          {live.missed > 0 && <Badge tone="bad">{count(live.missed)} deleted before they came</Badge>}
          <span class="muted">{count(live.count)} came</span>
          <button type="button" class="button" onClick={() => setPaused(!isPaused)}>
            <Icon name={isPaused ? "play" : "pause"} />
            {isPaused ? "Go on" : "Hold"}
          </button>
        </>
      }
    >
      {live.records.length === 0 ? (
        <Empty
          title={
            live.state === "broken" ? "This gateway sends no live records" : "Waiting for the next record"
          }
        >
          {live.state === "broken"
            ? "Or it does not let you see them."
            : "It appears here when it is on the disk."}
        </Empty>
      ) : (
        <RecordList label="Live records" records={live.records} form={form} />
      )}
    </Card>
  );
}
