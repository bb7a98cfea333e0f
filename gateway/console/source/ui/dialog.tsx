import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import type { ApiError } from "../api/client.ts";
import { Icon } from "./icon.tsx";
import { Failure } from "./states.tsx";

interface DialogProps {
  readonly title: string;
  readonly close: () => void;
  /** What the button that does it says. */
  readonly doing: string;
  readonly isDangerous?: boolean;
  readonly isBusy?: boolean;
  readonly isReady?: boolean;
  readonly error?: ApiError | null;
  readonly submit: () => void;
  readonly children: ComponentChildren;
}

/** A question in front of everything else. The browser keeps the focus in it, and Escape closes it. */
export function Dialog(props: DialogProps) {
  const {
    title,
    close,
    doing,
    isDangerous = false,
    isBusy = false,
    isReady = true,
    error,
    submit,
    children,
  } = props;
  const frame = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const before = document.activeElement;
    frame.current?.showModal();
    // Else it would be the button that closes.
    const first = frame.current?.querySelector<HTMLElement>(
      ".dialog-body :is(input, select, textarea), [type=submit]",
    );
    first?.focus();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog ref={frame} class="dialog" aria-label={title} onClose={close}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit();
        }}
      >
        <header>
          <h2>{title}</h2>
          <button type="button" class="button bare" aria-label="Close" onClick={close}>
            <Icon name="close" />
          </button>
        </header>
        <div class="dialog-body">{children}</div>
        {error && <Failure error={error} />}
        <footer>
          <button type="button" class="button" onClick={close}>
            Cancel
          </button>
          <button
            type="submit"
            class={isDangerous ? "button danger" : "button main"}
            disabled={isBusy || !isReady}
          >
            {doing}
          </button>
        </footer>
      </form>
    </dialog>
  );
}
