import { useState } from "preact/hooks";
import { type Call, encoded } from "../api/client.ts";
import type {
  DeadLetter,
  DeadLetterList,
  DeadLetterTopic,
  DeadLetterTopics,
  Redriven,
} from "../api/dead-letter-types.ts";
import { useApi } from "../api/use-api.ts";
import { useChange } from "../api/use-change.ts";
import { bytes, count, keyText, preciseTime } from "../format.ts";
import { placeOf } from "../router.ts";
import { useHas, useMay } from "../session.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Badge, Card } from "../ui/page.tsx";
import { Empty, Show, sentence } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";

const EVERY_MS = 5_000;
const MAX_LETTERS = 200;
const REDRIVE = "POST /api/topics/{topic}/dead-letters/redrive";

const TOPIC_COLUMNS: readonly Column<DeadLetterTopic>[] = [
  {
    label: "Topic",
    cell: ({ topic }) => <a href={placeOf(["queues"], { letters: topic })}>{topic}</a>,
    by: ({ topic }) => topic,
  },
  { label: "Letters", cell: ({ records }) => count(records), by: ({ records }) => records, isNumber: true },
  { label: "Redriven", cell: ({ redriven }) => count(redriven), isNumber: true },
  {
    label: "Of",
    cell: ({ groups, mqtt }) => [...groups, ...(mqtt ? ["MQTT"] : [])].join(", "),
    isWide: true,
  },
];

/** The topics that have dead letters; nothing where there are none. */
export function LetterTopics() {
  const has = useHas("GET /api/dead-letters");
  const { data } = useApi<DeadLetterTopics>(has ? "/api/dead-letters" : null, EVERY_MS);
  const there = data?.topics.filter(({ exists }) => exists) ?? [];
  if (there.length === 0) return null;
  return (
    <Card title="Dead letters" flush>
      <Table label="Dead letters" columns={TOPIC_COLUMNS} rows={there} keyOf={({ topic }) => topic} />
    </Card>
  );
}

interface LettersProps {
  readonly topic: string;
  /** Those of one share group alone. */
  readonly group: string | null;
}

/** What was given up: each letter with its reason, and its way back. */
export function DeadLetters({ topic, group }: LettersProps) {
  const topics = useApi<DeadLetterTopics>("/api/dead-letters", EVERY_MS);
  const exists = topics.data?.topics.some((one) => one.topic === topic && one.exists) ?? false;
  const query = group === null ? "" : `&group=${encodeURIComponent(group)}`;
  const path = `/api/topics/${encoded(topic)}/dead-letters?limit=${MAX_LETTERS}${query}`;
  const letters = useApi<DeadLetterList>(exists ? path : null, EVERY_MS);
  const mayRedrive = useHas(REDRIVE) && useMay("operator");
  const [redriving, setRedriving] = useState<DeadLetter | "all" | null>(null);
  const waiting = letters.data?.letters.some(canGoBack) ?? false;
  const columns = mayRedrive ? [...LETTER_COLUMNS, wayBack(setRedriving)] : LETTER_COLUMNS;
  const none = <Empty title="Nothing was given up" />;
  return (
    <Card
      title="Dead letters"
      flush
      note={letters.data?.next == null ? undefined : `The first ${MAX_LETTERS} are shown.`}
      actions={
        mayRedrive &&
        waiting && (
          <button type="button" class="button" onClick={() => setRedriving("all")}>
            Redrive all
          </button>
        )
      }
    >
      {topics.data !== null && !exists ? (
        none
      ) : (
        <Show loaded={letters} what="dead letters">
          {(data) => (
            <Table
              label="Dead letters"
              columns={columns}
              rows={data.letters}
              keyOf={({ partition, offset }) => `${partition}:${offset}`}
              empty={none}
            />
          )}
        </Show>
      )}
      {redriving !== null && (
        <Redrive
          topic={topic}
          group={group}
          letter={redriving === "all" ? null : redriving}
          close={() => setRedriving(null)}
          refresh={letters.refresh}
        />
      )}
    </Card>
  );
}

/** Whether a letter waits for its way back, and has one. */
function canGoBack({ redriven, source }: DeadLetter): boolean {
  return !redriven && source !== null;
}

const LETTER_COLUMNS: readonly Column<DeadLetter>[] = [
  {
    label: "Given up",
    cell: ({ timestamp }) => preciseTime(timestamp),
    by: ({ timestamp }) => timestamp,
  },
  { label: "Why", cell: ({ reason }) => sentence(reason), isWide: true },
  {
    label: "From",
    cell: ({ source, mqttTopic }) =>
      source === null ? (mqttTopic ?? "") : `${source.topic} ${source.partition}:${source.offset}`,
    by: ({ source, mqttTopic }) => source?.topic ?? mqttTopic,
    isText: true,
  },
  { label: "Key", cell: ({ key }) => (key === null ? "no key" : keyText(key)), isText: true },
  { label: "Size", cell: ({ valueBytes }) => bytes(valueBytes), isNumber: true },
  { label: "Deliveries", cell: ({ deliveries }) => count(deliveries), isNumber: true },
  { label: "Redriven before", cell: ({ times }) => count(times), by: ({ times }) => times, isNumber: true },
  {
    label: "State",
    cell: ({ redriven }) =>
      redriven ? <Badge tone="good">redriven</Badge> : <Badge tone="warn">waiting</Badge>,
  },
];

function wayBack(redrive: (letter: DeadLetter) => void): Column<DeadLetter> {
  return {
    label: "",
    cell: (letter) =>
      canGoBack(letter) && (
        <button
          type="button"
          class="button"
          aria-label={`Redrive ${letter.partition}:${letter.offset}`}
          onClick={() => redrive(letter)}
        >
          Redrive
        </button>
      ),
  };
}

interface RedriveProps extends LettersProps {
  /** Null: all that wait. */
  readonly letter: DeadLetter | null;
  readonly close: () => void;
  readonly refresh: () => void;
}

/** Appends dead letters to where they come from: what it would do is shown first, and done when that was seen. */
function Redrive({ topic, group, letter, close, refresh }: RedriveProps) {
  const [plan, setPlan] = useState<Redriven | null>(null);
  const change = useChange();
  const path = `/api/topics/${encoded(topic)}/dead-letters/redrive`;
  const only = letter === null ? {} : { letters: [{ partition: letter.partition, offset: letter.offset }] };
  const body = { ...only, ...(group === null || letter !== null ? {} : { group }) };
  const submit = async () => {
    if (plan === null) return setPlan(await change.send<Redriven>(path, { body: { ...body, dryRun: true } }));
    let at: string | null = null;
    do {
      const call: Call = { body: at === null ? body : { ...body, at } };
      const answer: Redriven | null = await change.send<Redriven>(path, call);
      refresh();
      if (answer === null) return;
      at = answer.next;
    } while (at !== null);
    close();
  };
  return (
    <Dialog
      title={letter === null ? `Redrive all that waits in ${topic}?` : "Redrive this letter?"}
      doing={plan === null ? "Show what it would do" : "Redrive"}
      close={close}
      isBusy={change.isBusy}
      isReady={plan === null || plan.redriven > 0}
      error={change.error}
      submit={() => void submit()}
    >
      <p>
        Each is appended once to the topic that it comes from, and tried again there. What fails again comes
        back here as another letter.
      </p>
      {plan !== null && <Plan plan={plan} />}
    </Dialog>
  );
}

function Plan({ plan }: { readonly plan: Redriven }) {
  const [refused] = plan.refused;
  return (
    <>
      <ul>
        {plan.targets.map(({ topic, partition, records }) => (
          <li key={`${topic}/${partition}`}>
            {count(records)} to {topic}, partition {partition}
          </li>
        ))}
      </ul>
      {plan.next !== null && <p>And what comes after those.</p>}
      {refused !== undefined && (
        <p class="banner warn">
          {count(plan.refusedCount)} stay, for example {refused.partition}:{refused.offset}: {refused.why}.
        </p>
      )}
    </>
  );
}
