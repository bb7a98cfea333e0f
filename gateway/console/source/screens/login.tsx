import { useState } from "preact/hooks";
import { type ApiError, asApiError, ask } from "../api/client.ts";
import { TextField } from "../ui/field.tsx";
import { Failure } from "../ui/states.tsx";

/** The way in. */
export function Login({ entered }: { readonly entered: () => void }) {
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  const [error, setError] = useState<ApiError | null>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async () => {
    setBusy(true);
    setError(null);
    try {
      await ask("/api/login", { method: "POST", body: { user, password } });
      entered();
    } catch (caught) {
      setError(asApiError(caught));
      setPassword("");
    } finally {
      setBusy(false);
    }
  };
  return (
    <main class="alone">
      <form
        class="card login"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <img src="/icon.svg" width="44" height="44" alt="" />
        <h1>Sign in</h1>
        <p class="muted">to the gateway at {location.host}</p>
        <TextField label="User" value={user} set={setUser} autocomplete="username" isRequired />
        <TextField
          label="Password"
          type="password"
          value={password}
          set={setPassword}
          autocomplete="current-password"
          isRequired
        />
        {error && <Failure error={error} />}
        <button type="submit" class="button main" disabled={isBusy}>
          {isBusy ? "Signing in…" : "Sign in"}
        </button>
      </form>
    </main>
  );
}
