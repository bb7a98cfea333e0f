import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { GatewayState } from "./api/types.ts";
import { useApi } from "./api/use-api.ts";
import { SCREENS, type Screen } from "./screens.ts";
import { includes, type Session, useSession } from "./session.tsx";
import { chooseTheme, chosenTheme, type Theme } from "./theme.ts";
import { Icon, type IconName } from "./ui/icon.tsx";

const STATE_EVERY_MS = 8_000;

/** What is around each screen: the menu, how the gateway is, who is signed in. */
export function Frame({
  screen,
  children,
}: {
  readonly screen: string;
  readonly children: ComponentChildren;
}) {
  const [isOpen, setOpen] = useState(false);
  const menu = useRef<HTMLElement>(null);
  const main = useRef<HTMLElement>(null);
  const state = useApi<GatewayState>("/api/status", STATE_EVERY_MS);
  const title = SCREENS.find(({ id }) => id === screen)?.title ?? "Headwater";
  useEffect(() => setOpen(false), [screen]);
  useEffect(() => {
    if (!isOpen) return;
    menu.current?.querySelector<HTMLElement>("a")?.focus();
    const close = (event: KeyboardEvent) => event.key === "Escape" && setOpen(false);
    addEventListener("keydown", close);
    return () => removeEventListener("keydown", close);
  }, [isOpen]);
  return (
    <div class={isOpen ? "frame open" : "frame"}>
      <button type="button" class="skip" onClick={() => main.current?.focus()}>
        Skip to the content
      </button>
      <header class="bar">
        <button
          type="button"
          class="button bare"
          aria-label="Menu"
          aria-expanded={isOpen}
          onClick={() => setOpen(!isOpen)}
        >
          <Icon name={isOpen ? "close" : "menu"} />
        </button>
        <span class="bar-title">{title}</span>
        <Health state={state.data} isReached={state.error === null} />
      </header>
      {/* Who presses beside the menu closes it; Escape does, too. */}
      <div class="shade" aria-hidden="true" onClick={() => setOpen(false)} />
      <nav ref={menu} class="side" aria-label="Screens">
        <a class="brand" href="#/overview">
          <img src="/icon.svg" width="28" height="28" alt="" />
          <span>
            <strong>Headwater</strong>
            <small>{state.data?.gatewayId ?? " "}</small>
          </span>
        </a>
        <div class="side-health">
          <Health state={state.data} isReached={state.error === null} />
        </div>
        <Menu screen={screen} />
        <SideFoot version={state.data?.version ?? null} />
      </nav>
      <main ref={main} class="content" id="main" tabIndex={-1}>
        {state.error !== null && state.error.status === 0 && (
          <p class="banner bad" role="alert">
            The gateway does not answer. What is shown is older; it goes on by itself.
          </p>
        )}
        {children}
      </main>
    </div>
  );
}

/** Those that who is signed in may see, and that this gateway has. */
export function screensFor({ role, operations }: Pick<Session, "role" | "operations">): readonly Screen[] {
  return SCREENS.filter((screen) => {
    if (!includes(role, screen.role)) return false;
    return screen.operation === undefined || operations.has(screen.operation);
  });
}

function Menu({ screen }: { readonly screen: string }) {
  const screens = screensFor(useSession());
  const groups = [...new Set(screens.map(({ group }) => group))];
  return (
    <div class="menu">
      {groups.map((group) => (
        <div key={group} class="menu-group">
          {group && <p>{group}</p>}
          <ul>
            {screens
              .filter((one) => one.group === group)
              .map(({ id, title, icon }) => (
                <li key={id}>
                  <a href={`#/${id}`} aria-current={id === screen ? "page" : undefined}>
                    <Icon name={icon} />
                    {title}
                  </a>
                </li>
              ))}
          </ul>
        </div>
      ))}
    </div>
  );
}

function Health({ state, isReached }: { readonly state: GatewayState | null; readonly isReached: boolean }) {
  const [tone, word] = !isReached
    ? ["bad", "not reached"]
    : state === null
      ? ["plain", "…"]
      : state.ready
        ? ["good", "ready"]
        : ["warn", "not ready"];
  return (
    <a class={`health ${tone}`} href="#/overview" title={state?.reasons.join("\n") || undefined}>
      <span class="dot" aria-hidden="true" />
      {word}
    </a>
  );
}

const THEMES: readonly (readonly [Theme, string, IconName])[] = [
  ["system", "Colours of the system", "screen"],
  ["light", "Light", "sun"],
  ["dark", "Dark", "moon"],
];

function SideFoot({ version }: { readonly version: string | null }) {
  const { user, role, logins, signOut, signIn } = useSession();
  const [theme, setTheme] = useState(chosenTheme);
  const choose = (chosen: Theme) => {
    chooseTheme(chosen);
    setTheme(chosen);
  };
  return (
    <div class="side-foot">
      <fieldset class="segments themes">
        <legend class="hidden">Colours</legend>
        {THEMES.map(([name, label, icon]) => (
          <button
            key={name}
            type="button"
            aria-label={label}
            title={label}
            aria-pressed={theme === name}
            onClick={() => choose(name)}
          >
            <Icon name={icon} />
          </button>
        ))}
      </fieldset>
      <div class="who">
        <span>
          {user ?? "on this machine"}
          <small>{role ?? "no role"}</small>
        </span>
        {user !== null && (
          <button type="button" class="button bare" aria-label="Sign out" title="Sign out" onClick={signOut}>
            <Icon name="out" />
          </button>
        )}
        {user === null && logins && (
          <button type="button" class="button" onClick={signIn}>
            Sign in
          </button>
        )}
      </div>
      {version && <small class="version">{version}</small>}
    </div>
  );
}
