import { useState } from "preact/hooks";
import type { HeaderLine, RecordLine } from "../api/types.ts";
import { bytesOf, type Form, show } from "../decode/value.ts";
import { bytes, count, preciseTime } from "../format.ts";
import { Icon } from "./icon.tsx";
import { useTell } from "./notices.tsx";

interface RecordListProps {
  readonly label: string;
  readonly records: readonly RecordLine[];
  readonly form: Form;
}

/** What of a value stands on its line. */
const MAX_LINE = 400;

/** Records, each on a line that opens. */
export function RecordList({ label, records, form }: RecordListProps) {
  return (
    <ol class="records" aria-label={label}>
      {records.map((record) => (
        <li key={`${record.partition}:${record.offset}`}>
          <OneRecord record={record} form={form} />
        </li>
      ))}
    </ol>
  );
}

/** The key of a record as text. */
export function keyOf({ key, keyBase64 }: RecordLine): string | null {
  return keyBase64 === undefined ? (key ?? null) : `base64:${keyBase64}`;
}

function OneRecord({ record, form }: { readonly record: RecordLine; readonly form: Form }) {
  const [isOpen, setOpen] = useState(false);
  const value = bytesOf(record);
  const shown = show(value, form);
  const key = keyOf(record);
  return (
    <details class="record" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <span class="record-time">{preciseTime(record.timestamp)}</span>
        <span class="record-place number">
          {record.partition}:{record.offset}
        </span>
        <span class="record-key">{key ?? (record.key === null ? "no key" : "")}</span>
        <code class="record-value">{shown.line.slice(0, MAX_LINE)}</code>
      </summary>
      {isOpen && (
        <div class="record-whole">
          <div class="actions">
            <span class="muted">
              Partition {record.partition}, offset {count(record.offset)}, {bytes(value?.length ?? 0)}
              {shown.form === null ? `, not readable as ${form}` : `, read as ${shown.form}`}
            </span>
            <Copy text={shown.whole} />
          </div>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keys */}
          <pre class="value" tabIndex={0}>
            {shown.whole || shown.line}
          </pre>
          <Headers headers={record.headers ?? []} />
        </div>
      )}
    </details>
  );
}

function Headers({ headers }: { readonly headers: readonly HeaderLine[] }) {
  if (headers.length === 0) return null;
  return (
    <>
      <h3>Headers</h3>
      <dl class="facts">
        {headers.map((header, index) => (
          <div key={index}>
            <dt>{header.key}</dt>
            <dd>
              <code>{show(bytesOf(header), "auto").line}</code>
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}

/** Browsers give the clipboard to pages that came over TLS or from this machine alone. */
function Copy({ text }: { readonly text: string }) {
  const tell = useTell();
  if (!isSecureContext) return null;
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    tell("Copied.");
  };
  return (
    <button type="button" class="button" onClick={() => void copy()}>
      <Icon name="copy" />
      Copy
    </button>
  );
}
