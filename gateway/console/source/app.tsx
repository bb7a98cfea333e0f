import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { ApiError, asApiError, ask, rememberSession } from "./api/client.ts";
import type { Me } from "./api/types.ts";
import { Frame } from "./frame.tsx";
import { useRoute } from "./router.ts";
import { Login } from "./screens/login.tsx";
import { SCREENS } from "./screens.ts";
import { SessionContext } from "./session.tsx";
import { Notices } from "./ui/notices.tsx";
import { Page } from "./ui/page.tsx";
import { Empty, Failure, Loading } from "./ui/states.tsx";

type State =
  | { readonly kind: "asking" }
  | { readonly kind: "failed"; readonly error: ApiError }
  | { readonly kind: "signed-out" }
  | { readonly kind: "signed-in"; readonly me: Me; readonly operations: ReadonlySet<string> };

const RETRY_MS = 3_000;

/** Who is there decides what is shown: nobody yet, the way in, or the screens. */
export function App() {
  const [state, setState] = useState<State>({ kind: "asking" });
  const leave = useCallback(() => setState({ kind: "signed-out" }), []);
  const enter = useCallback(async () => {
    try {
      const [me, operations] = await Promise.all([whoAmI(), describedOperations()]);
      rememberSession(me.csrf, leave);
      const isNobody = me.role === null && me.logins === true;
      setState(isNobody ? { kind: "signed-out" } : { kind: "signed-in", me, operations });
    } catch (caught) {
      const error = asApiError(caught);
      setState(error.status === 401 ? { kind: "signed-out" } : { kind: "failed", error });
    }
  }, [leave]);
  useEffect(() => void enter(), [enter]);
  useEffect(() => {
    if (state.kind !== "failed") return;
    const timer = setTimeout(() => void enter(), RETRY_MS);
    return () => clearTimeout(timer);
  }, [state, enter]);
  switch (state.kind) {
    case "asking":
      return <Loading what="the console" />;
    case "failed":
      return (
        <main class="alone">
          <Failure error={state.error} retry={() => void enter()} />
        </main>
      );
    case "signed-out":
      return <Login entered={() => void enter()} />;
    case "signed-in":
      return <SignedIn me={state.me} operations={state.operations} leave={leave} />;
  }
}

interface SignedInProps {
  readonly me: Me;
  readonly operations: ReadonlySet<string>;
  readonly leave: () => void;
}

function SignedIn({ me, operations, leave }: SignedInProps) {
  const route = useRoute();
  const session = useMemo(() => {
    const signOut = () => {
      const ended = ask("/api/logout", { method: "POST" });
      void ended.catch(() => {}).then(leave);
    };
    return { ...me, operations, signOut, signIn: leave };
  }, [me, operations, leave]);
  const [name = "overview", ...rest] = route.parts;
  const screen = SCREENS.find(({ id }) => id === name);
  return (
    <SessionContext.Provider value={session}>
      <Notices>
        <Frame screen={name}>
          {screen === undefined ? (
            <Page title="Nothing here">
              <Empty title="There is no such page">
                <a href="#/overview">Go to the overview</a>
              </Empty>
            </Page>
          ) : (
            <screen.View key={`${name}/${rest.join("/")}`} parts={rest} query={route.query} />
          )}
        </Frame>
      </Notices>
    </SessionContext.Provider>
  );
}

async function whoAmI(): Promise<Me> {
  try {
    return await ask<Me>("/api/me");
  } catch (error) {
    // Without logins, the gateway decides by where a request comes from.
    if (error instanceof ApiError && error.isMissingPage) {
      return { user: null, role: "admin", csrf: null, mode: "loopback" };
    }
    throw error;
  }
}

/** What the gateway's own description lists, as "GET /api/topics"; nothing where it has none. */
async function describedOperations(): Promise<ReadonlySet<string>> {
  try {
    const { paths } = await ask<{ readonly paths: Readonly<Record<string, object>> }>("/api/openapi.json");
    const named = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    return new Set(named);
  } catch {
    return new Set();
  }
}
