import { useState } from "preact/hooks";
import { encoded } from "../api/client.ts";
import { useChange } from "../api/use-change.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Choice, TextField } from "../ui/field.tsx";
import { useTell } from "../ui/notices.tsx";

const KINDS = [
  ["text", "Text, as it stands"],
  ["json", "JSON"],
  ["base64", "Base64"],
  ["none", "None: delete what the key had"],
] as const;

type Kind = (typeof KINDS)[number][0];

interface ProduceProps {
  readonly topic: string;
  readonly topicKey: string;
  readonly close: () => void;
}

/** Writes one record. */
export function Produce({ topic, topicKey, close }: ProduceProps) {
  const [key, setKey] = useState(topicKey);
  const [value, setValue] = useState("");
  const [kind, setKind] = useState<Kind>("text");
  const [headers, setHeaders] = useState("");
  // The same for each try of this record, so that pressing twice stores it once.
  const [idempotencyKey] = useState(randomName);
  const [fault, setFault] = useState<string | null>(null);
  const change = useChange();
  const tell = useTell();
  const submit = async () => {
    const made = recordOf({ key, value, kind, headers });
    if (typeof made === "string") return setFault(made);
    setFault(null);
    const stored = await change.send<Stored>(`/api/topics/${encoded(topic)}/records`, {
      body: { records: [made] },
      headers: { "idempotency-key": idempotencyKey },
    });
    if (stored === null) return;
    const [place] = "records" in stored ? stored.records : stored;
    tell(`Stored in partition ${place?.partition ?? "?"} at offset ${place?.offset ?? "?"}.`);
    close();
  };
  return (
    <Dialog
      title={`New record in ${topic}`}
      doing="Produce"
      close={close}
      isBusy={change.isBusy}
      error={change.error}
      submit={() => void submit()}
    >
      <TextField
        label="Key"
        value={key}
        set={setKey}
        hint="The device's name. Records of a key keep their order."
      />
      <Choice label="Value is" value={kind} set={setKind} options={KINDS} />
      {kind !== "none" && <TextField label="Value" value={value} set={setValue} lines={6} />}
      <TextField
        label="Headers"
        value={headers}
        set={setHeaders}
        lines={2}
        hint="One a line, as name: value."
      />
      {fault !== null && (
        <p class="bad" role="alert">
          {fault}
        </p>
      )}
    </Dialog>
  );
}

interface Place {
  readonly partition: number;
  readonly offset: number;
}
type Stored = readonly Place[] | { readonly records: readonly Place[] };

interface Written {
  readonly key: string;
  readonly value: string;
  readonly kind: Kind;
  readonly headers: string;
}

/** The record as the gateway takes it, or what is wrong with it. */
function recordOf({ key, value, kind, headers }: Written): object | string {
  const lines = headers.split("\n").filter((line) => line.trim() !== "");
  if (lines.some((line) => line.indexOf(":") < 1)) return "Write a header as name: value.";
  const shared = {
    ...(key === "" ? {} : { key }),
    ...(lines.length === 0 ? {} : { headers: lines.map(headerOf) }),
  };
  if (kind === "none") return key === "" ? "Say which key is deleted." : { ...shared, value: null };
  if (kind === "text") return { ...shared, value };
  if (kind === "base64") {
    return /^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(value)
      ? { ...shared, valueBase64: value.replace(/\s/g, "") }
      : "The value is no base64.";
  }
  try {
    return { ...shared, valueJson: JSON.parse(value) as unknown };
  } catch (error) {
    return `The value is no JSON: ${error instanceof Error ? error.message : error}`;
  }
}

function headerOf(line: string): object {
  const colon = line.indexOf(":");
  return { key: line.slice(0, colon).trim(), value: line.slice(colon + 1).trim() };
}

function randomName(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}
