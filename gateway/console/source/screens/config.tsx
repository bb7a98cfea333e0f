import { useState } from "preact/hooks";
import type { ConfigCheck, ConfigReload, SettingList, SettingRow } from "../api/types.ts";
import { useApi } from "../api/use-api.ts";
import { useChange } from "../api/use-change.ts";
import { count, written } from "../format.ts";
import { useHas, useMay } from "../session.tsx";
import { Segments, TextField } from "../ui/field.tsx";
import { Badge, Card, Facts, Page } from "../ui/page.tsx";
import { Empty, Failure, Show, sentence } from "../ui/states.tsx";
import { type Column, Table } from "../ui/table.tsx";

/** The settings in force, what of them is not the default, and changes to them. */
export function Config() {
  const settings = useApi<SettingList>("/api/config");
  const [which, setWhich] = useState<"changed" | "all">("changed");
  const [text, setText] = useState("");
  const isAdmin = useMay("admin");
  const canReload = useHas("POST /api/config/reload") && isAdmin;
  const canValidate = useHas("POST /api/config/validate") && isAdmin;
  const wanted = text.toLowerCase();
  const rows = (settings.data?.settings ?? []).filter(
    ({ key, doc, source }) =>
      (which === "all" || source !== "default") &&
      (wanted === "" || key.includes(wanted) || doc.toLowerCase().includes(wanted)),
  );
  return (
    <Page
      title="Settings"
      about="What is in force, and where it is from. Secrets are not shown."
      actions={
        <>
          <input
            class="input"
            type="search"
            aria-label="Find a setting"
            placeholder="Find a setting…"
            value={text}
            spellcheck={false}
            autocapitalize="off"
            onInput={(event) => setText(event.currentTarget.value)}
          />
          <Segments
            label="Which settings"
            value={which}
            set={setWhich}
            options={[
              ["changed", "Not the default"],
              ["all", "All"],
            ]}
          />
        </>
      }
    >
      <Card flush>
        <Show loaded={settings} what="settings">
          {({ settings: all }) => (
            <Table
              label="Settings"
              columns={COLUMNS}
              rows={rows}
              keyOf={({ key, source }) => `${key} ${source}`}
              empty={
                <Empty title={text === "" ? "All are at their defaults" : "No setting matches"}>
                  {which === "changed" && `“All” shows the ${count(all.length)} that there are.`}
                </Empty>
              }
            />
          )}
        </Show>
      </Card>
      {canReload && <Reload refresh={settings.refresh} />}
      {canValidate && <Edit refresh={settings.refresh} />}
    </Page>
  );
}

const COLUMNS: readonly Column<SettingRow>[] = [
  {
    label: "Setting",
    cell: ({ key, doc }) => (
      <>
        <code>{key}</code>
        <p class="hint">{doc}</p>
      </>
    ),
    by: ({ key }) => key,
    isWide: true,
  },
  { label: "Value", cell: ({ value }) => <code>{written(value)}</code>, isText: true },
  { label: "Default", cell: ({ default: byDefault }) => <code>{written(byDefault)}</code>, isText: true },
  { label: "From", cell: ({ source }) => source, isText: true, by: ({ source }) => source },
  {
    label: "Change needs",
    cell: ({ restart }) => (restart ? "a restart" : "a reload"),
    by: ({ restart }) => Number(restart),
  },
];

/** Has the gateway read its configuration again, and says what that has changed. */
function Reload({ refresh }: { readonly refresh: () => void }) {
  const [done, setDone] = useState<ConfigReload | null>(null);
  const change = useChange();
  const reload = async () => {
    setDone(await change.send<ConfigReload>("/api/config/reload", {}, "The configuration was read again."));
    refresh();
  };
  return (
    <Card
      title="Read the configuration again"
      note="After its file was changed. What can't be taken over while the gateway runs is said, and waits for the next start."
      actions={
        <button type="button" class="button" disabled={change.isBusy} onClick={() => void reload()}>
          Reload
        </button>
      }
    >
      {change.error && <Failure error={change.error} />}
      {done !== null && (
        <Facts
          facts={[
            ["In force now", done.live.join(", ") || "nothing has changed"],
            ["After a restart", done.restart.join(", ") || "nothing waits"],
          ]}
        />
      )}
    </Card>
  );
}

type Change = ConfigCheck["changes"][number];

const CHANGE_COLUMNS: readonly Column<Change>[] = [
  { label: "Setting", cell: ({ key }) => <code>{key}</code> },
  { label: "Now", cell: ({ from }) => <code>{written(from)}</code>, isWide: true },
  { label: "Then", cell: ({ to }) => <code>{written(to)}</code>, isWide: true },
  {
    label: "In force",
    cell: ({ restart }) =>
      restart ? <Badge tone="warn">after a restart</Badge> : <Badge tone="good">at once</Badge>,
  },
];

/** A new file of settings: what it would change is shown first, and applied when that was seen. */
function Edit({ refresh }: { readonly refresh: () => void }) {
  const canApply = useHas("POST /api/config/apply");
  const [toml, setToml] = useState("");
  const [check, setCheck] = useState<ConfigCheck | null>(null);
  const change = useChange();
  const validate = async () => {
    setCheck(await change.send<ConfigCheck>("/api/config/validate", { body: { toml } }));
  };
  const apply = async () => {
    const done = await change.send<ConfigReload>(
      "/api/config/apply",
      { body: { toml } },
      "The settings are applied.",
    );
    if (done === null) return;
    setCheck(null);
    refresh();
  };
  return (
    <Card
      title="Change settings"
      note="A whole configuration file, as TOML. Nothing happens before you have seen what it changes."
    >
      <TextField
        label="Configuration"
        value={toml}
        set={(text) => {
          setToml(text);
          setCheck(null);
        }}
        lines={10}
        placeholder={'gateway.id = "plant-3"'}
      />
      {change.error && <Failure error={change.error} />}
      {check !== null && <Checked check={check} />}
      <div class="actions below">
        <button
          type="button"
          class="button"
          disabled={change.isBusy || toml === ""}
          onClick={() => void validate()}
        >
          Show what it changes
        </button>
        {canApply && check !== null && check.problems.length === 0 && check.changes.length > 0 && (
          <button type="button" class="button main" disabled={change.isBusy} onClick={() => void apply()}>
            Apply
          </button>
        )}
      </div>
    </Card>
  );
}

function Checked({ check: { problems, changes } }: { readonly check: ConfigCheck }) {
  if (problems.length > 0) {
    const texts = problems.map(({ key, line, fault, remedy }) => {
      const place = [...(line === null ? [] : [`line ${line}`]), ...(key === "" ? [] : [key])].join(", ");
      return sentence(`${place === "" ? "" : `${place}: `}${fault}; ${remedy}`);
    });
    return (
      <div class="banner bad" role="alert">
        <ul>
          {texts.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      </div>
    );
  }
  return (
    <Table
      label="Changes"
      columns={CHANGE_COLUMNS}
      rows={changes}
      keyOf={({ key }) => key}
      empty={<Empty title="It changes nothing" />}
    />
  );
}
