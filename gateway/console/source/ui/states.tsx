import type { ComponentChildren } from "preact";
import type { ApiError } from "../api/client.ts";
import type { Loaded } from "../api/use-api.ts";
import { Icon } from "./icon.tsx";

/** Stands where an answer is waited for. It is seen after a moment only, so that quick answers don't flicker. */
export function Loading({ what = "figures" }: { readonly what?: string }) {
  return (
    <div class="state loading" role="status">
      <span class="spinner" aria-hidden="true" />
      <span>Loading {what}…</span>
    </div>
  );
}

/** Says that there is nothing, and what to do for there to be something. */
export function Empty({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ComponentChildren;
}) {
  return (
    <div class="state empty">
      <p class="state-title">{title}</p>
      {children && <p>{children}</p>}
    </div>
  );
}

/** Why something could not be shown or done. */
export function Failure({ error, retry }: { readonly error: ApiError; readonly retry?: () => void }) {
  return (
    <div class="state failure" role="alert">
      <Icon name="bad" />
      <div>
        <p class="state-title">{sentence(error.message)}</p>
        {error.remedy && <p>{sentence(error.remedy)}</p>}
        {error.value !== null && error.thing !== "" && (
          <p class="muted">
            {error.thing}: <code>{error.value}</code>
          </p>
        )}
      </div>
      {retry && (
        <button type="button" class="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** What was loaded; else that it is being, or why it could not be. Old figures stay while newer ones can't be had. */
export function Show<T>({
  loaded,
  what,
  children,
}: {
  readonly loaded: Loaded<T>;
  readonly what?: string;
  readonly children: (data: T) => ComponentChildren;
}) {
  const { data, error, refresh } = loaded;
  if (data === null && error === null) return what === undefined ? <Loading /> : <Loading what={what} />;
  if (error?.isMissingPage) {
    return <Empty title="This gateway does not offer it">Another version of Headwater may.</Empty>;
  }
  return (
    <>
      {error && <Failure error={error} retry={refresh} />}
      {data !== null && children(data)}
    </>
  );
}

/** With a capital and a full stop. */
export function sentence(text: string): string {
  const trimmed = text.trim();
  if (trimmed === "") return "";
  return `${trimmed.charAt(0).toUpperCase()}${trimmed.slice(1)}${/[.!?…]$/.test(trimmed) ? "" : "."}`;
}
