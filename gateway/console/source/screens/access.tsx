import { useState } from "preact/hooks";
import { encoded } from "../api/client.ts";
import type { AclList, AclRow, UserList, UserRow } from "../api/types.ts";
import { useApi } from "../api/use-api.ts";
import { useChange } from "../api/use-change.ts";
import { useHas, useSession } from "../session.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Choice, TextField } from "../ui/field.tsx";
import { ListCard } from "../ui/list-card.tsx";
import { Badge, Page } from "../ui/page.tsx";
import { Empty } from "../ui/states.tsx";
import type { Column } from "../ui/table.tsx";

/** Who gets in, and what they may do. */
export function Access() {
  const hasAcls = useHas("GET /api/acls");
  return (
    <Page title="Access" about="Users of Kafka, MQTT and HTTP, and what they may do.">
      <Users />
      {hasAcls && <Acls />}
    </Page>
  );
}

function Users() {
  const users = useApi<UserList>("/api/users");
  const { user: self } = useSession();
  const canAdd = useHas("POST /api/users");
  const canChange = useHas("POST /api/users/{user}/password");
  const canDelete = useHas("DELETE /api/users/{user}");
  const [isAdding, setAdding] = useState(false);
  const [deleting, setDeleting] = useState<string | null>(null);
  const [changing, setChanging] = useState<string | null>(null);
  const columns: readonly Column<UserRow>[] = [
    { label: "User", cell: ({ name }) => name, by: ({ name }) => name },
    {
      label: "Role here",
      cell: ({ role }) => (role ? <Badge tone={role === "admin" ? "warn" : "plain"}>{role}</Badge> : "none"),
    },
    { label: "Groups", cell: ({ groups }) => groups.join(", "), isWide: true },
    {
      label: "",
      cell: ({ name }) => (
        <span class="actions">
          {canChange && (
            <button
              type="button"
              class="button"
              aria-label={`New password for ${name}`}
              onClick={() => setChanging(name)}
            >
              Password
            </button>
          )}
          {canDelete && name !== self && (
            <button
              type="button"
              class="button danger"
              aria-label={`Delete ${name}`}
              onClick={() => setDeleting(name)}
            >
              Delete
            </button>
          )}
        </span>
      ),
    },
  ];
  return (
    <ListCard
      title="Users"
      loaded={users}
      what="users"
      columns={columns}
      rowsOf={(data) => data.users}
      keyOf={({ name }) => name}
      empty={
        <Empty title="There are no users">Until there are, the settings say from where one may ask.</Empty>
      }
      adding={canAdd ? "New user" : null}
      add={() => setAdding(true)}
    >
      {changing !== null && <ChangePassword name={changing} close={() => setChanging(null)} />}
      {isAdding && <AddUser close={() => setAdding(false)} refresh={users.refresh} />}
      {deleting !== null && (
        <DeleteUser name={deleting} close={() => setDeleting(null)} refresh={users.refresh} />
      )}
    </ListCard>
  );
}

interface ChangeProps {
  readonly close: () => void;
  readonly refresh: () => void;
}

function AddUser({ close, refresh }: ChangeProps) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const change = useChange();
  const submit = async () => {
    const done = await change.send("/api/users", { body: { name, password } }, `User ${name} is there.`);
    if (done === null) return;
    refresh();
    close();
  };
  return (
    <Dialog
      title="New user"
      doing="Add"
      close={close}
      isBusy={change.isBusy}
      isReady={name !== "" && password !== "" && password === again}
      error={change.error}
      submit={() => void submit()}
    >
      <TextField label="Name" value={name} set={setName} />
      <NewPassword password={password} setPassword={setPassword} again={again} setAgain={setAgain} />
    </Dialog>
  );
}

function ChangePassword({ name, close }: { readonly name: string; readonly close: () => void }) {
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const change = useChange();
  const submit = async () => {
    const call = { body: { password } };
    const done = await change.send(
      `/api/users/${encoded(name)}/password`,
      call,
      `${name} has another password.`,
    );
    if (done !== null) close();
  };
  return (
    <Dialog
      title={`New password for ${name}`}
      doing="Change"
      close={close}
      isBusy={change.isBusy}
      isReady={password !== "" && password === again}
      error={change.error}
      submit={() => void submit()}
    >
      <p>Who is connected with the old one is put out.</p>
      <NewPassword password={password} setPassword={setPassword} again={again} setAgain={setAgain} />
    </Dialog>
  );
}

interface NewPasswordProps {
  readonly password: string;
  readonly setPassword: (text: string) => void;
  readonly again: string;
  readonly setAgain: (text: string) => void;
}

function NewPassword({ password, setPassword, again, setAgain }: NewPasswordProps) {
  return (
    <>
      <TextField
        label="Password"
        type="password"
        autocomplete="new-password"
        value={password}
        set={setPassword}
      />
      <TextField
        label="Once more"
        type="password"
        autocomplete="new-password"
        value={again}
        set={setAgain}
        hint={again !== "" && again !== password ? "It is another one." : "It is kept as a hash alone."}
      />
    </>
  );
}

function DeleteUser({ name, close, refresh }: ChangeProps & { readonly name: string }) {
  const change = useChange();
  const submit = async () => {
    const done = await change.send(
      `/api/users/${encoded(name)}`,
      { method: "DELETE" },
      `User ${name} is deleted.`,
    );
    if (done === null) return;
    refresh();
    close();
  };
  return (
    <Dialog
      title={`Delete ${name}?`}
      doing="Delete"
      isDangerous
      close={close}
      isBusy={change.isBusy}
      error={change.error}
      submit={() => void submit()}
    >
      <p>Its connections are cut, and its sessions end.</p>
    </Dialog>
  );
}

function Acls() {
  const acls = useApi<AclList>("/api/acls");
  const canAdd = useHas("POST /api/acls");
  const canDelete = useHas("DELETE /api/acls");
  const [isAdding, setAdding] = useState(false);
  const [deleting, setDeleting] = useState<AclRow | null>(null);
  const columns: readonly Column<AclRow>[] = [
    { label: "Who", cell: ({ principal }) => principal, by: ({ principal }) => principal },
    {
      label: "May",
      cell: ({ permission, operation }) => (
        <>
          <Badge tone={/deny/i.test(permission) ? "bad" : "good"}>{permission.toLowerCase()}</Badge>{" "}
          {operation.toLowerCase()}
        </>
      ),
    },
    {
      label: "What",
      cell: ({ resourceType }) => resourceType.toLowerCase(),
      by: ({ resourceType }) => resourceType,
    },
    {
      label: "Name",
      cell: ({ resourceName, patternType }) =>
        /prefix/i.test(patternType) ? `${resourceName}… (prefix)` : resourceName,
      by: ({ resourceName }) => resourceName,
      isWide: true,
    },
    { label: "From", cell: ({ host }) => (host === "*" ? "anywhere" : host) },
    ...(canDelete
      ? [
          {
            label: "",
            cell: (row: AclRow) => (
              <button
                type="button"
                class="button danger"
                aria-label={`Delete ${row.operation} of ${row.principal} on ${row.resourceName}`}
                onClick={() => setDeleting(row)}
              >
                Delete
              </button>
            ),
          },
        ]
      : []),
  ];
  return (
    <ListCard
      title="Rights of Kafka clients"
      loaded={acls}
      what="rights"
      columns={columns}
      rowsOf={(data) => data.acls}
      keyOf={(row) => JSON.stringify(row)}
      empty={
        <Empty title="There are none">
          With kafka.authorizer = "acl", only super users may do anything then.
        </Empty>
      }
      adding={canAdd ? "New right" : null}
      add={() => setAdding(true)}
    >
      {isAdding && <AddAcl close={() => setAdding(false)} refresh={acls.refresh} />}
      {deleting !== null && (
        <DeleteAcl acl={deleting} close={() => setDeleting(null)} refresh={acls.refresh} />
      )}
    </ListCard>
  );
}

const RESOURCES = ["TOPIC", "GROUP", "CLUSTER", "TRANSACTIONAL_ID", "USER"] as const;
const OPERATIONS = [
  ...["ALL", "READ", "WRITE", "CREATE", "DELETE", "ALTER", "DESCRIBE"],
  ...["CLUSTER_ACTION", "DESCRIBE_CONFIGS", "ALTER_CONFIGS", "IDEMPOTENT_WRITE"],
];

function AddAcl({ close, refresh }: ChangeProps) {
  const [acl, setAcl] = useState<AclRow>({
    resourceType: "TOPIC",
    resourceName: "",
    patternType: "LITERAL",
    principal: "User:",
    host: "*",
    operation: "READ",
    permission: "ALLOW",
  });
  const change = useChange();
  const set = (name: keyof AclRow) => (value: string) => setAcl({ ...acl, [name]: value });
  const submit = async () => {
    const done = await change.send("/api/acls", { body: acl }, "The right is in force.");
    if (done === null) return;
    refresh();
    close();
  };
  const lower = (names: readonly string[]) =>
    names.map((name) => [name, name.toLowerCase().replaceAll("_", " ")] as const);
  return (
    <Dialog
      title="New right"
      doing="Add"
      close={close}
      isBusy={change.isBusy}
      isReady={acl.resourceName !== "" && /^User:./.test(acl.principal)}
      error={change.error}
      submit={() => void submit()}
    >
      <TextField
        label="Who"
        value={acl.principal}
        set={set("principal")}
        hint="User:name, or User:* for everybody."
      />
      <Choice
        label="May or may not"
        value={acl.permission}
        set={set("permission")}
        options={lower(["ALLOW", "DENY"])}
      />
      <Choice label="Do what" value={acl.operation} set={set("operation")} options={lower(OPERATIONS)} />
      <Choice
        label="With what"
        value={acl.resourceType}
        set={set("resourceType")}
        options={lower(RESOURCES)}
      />
      <TextField label="Name" value={acl.resourceName} set={set("resourceName")} hint="* stands for all." />
      <Choice
        label="The name is"
        value={acl.patternType}
        set={set("patternType")}
        options={[
          ["LITERAL", "the whole name"],
          ["PREFIXED", "its beginning"],
        ]}
      />
      <TextField label="From" value={acl.host} set={set("host")} hint="An address, or * for anywhere." />
    </Dialog>
  );
}

function DeleteAcl({ acl, close, refresh }: ChangeProps & { readonly acl: AclRow }) {
  const change = useChange();
  const submit = async () => {
    const done = await change.send("/api/acls", { method: "DELETE", body: acl }, "The right is gone.");
    if (done === null) return;
    refresh();
    close();
  };
  return (
    <Dialog
      title="Delete this right?"
      doing="Delete"
      isDangerous
      close={close}
      isBusy={change.isBusy}
      error={change.error}
      submit={() => void submit()}
    >
      <p>
        {acl.principal}: {acl.permission.toLowerCase()} {acl.operation.toLowerCase()} on{" "}
        {acl.resourceType.toLowerCase()} {acl.resourceName}. It holds at once, also for who is connected.
      </p>
    </Dialog>
  );
}
