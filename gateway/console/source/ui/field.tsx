import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface FieldProps {
  readonly label: string;
  readonly hint?: ComponentChildren;
  readonly children: (id: string) => ComponentChildren;
}

/** A control with its name and what to put there. */
export function Field({ label, hint, children }: FieldProps) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(id)}
      {hint && <p class="hint">{hint}</p>}
    </div>
  );
}

interface TextProps {
  readonly label: string;
  readonly value: string;
  readonly set: (value: string) => void;
  readonly hint?: ComponentChildren;
  readonly type?: "text" | "password" | "number" | "search" | "datetime-local";
  readonly placeholder?: string;
  readonly autocomplete?: string;
  readonly isRequired?: boolean;
  /** Lines of a larger one. */
  readonly lines?: number;
}

/** A line of text, or several. */
export function TextField(props: TextProps) {
  const {
    label,
    value,
    set,
    hint,
    type = "text",
    placeholder,
    autocomplete = "off",
    isRequired,
    lines,
  } = props;
  const shared = { value, placeholder, required: isRequired ?? false, spellcheck: false };
  return (
    <Field label={label} {...(hint === undefined ? {} : { hint })}>
      {(id) =>
        lines === undefined ? (
          <input
            {...shared}
            id={id}
            class="input"
            // The types of an input decide its other attributes; those that are here all of them have.
            type={type as "text"}
            autocomplete={autocomplete}
            autocapitalize="off"
            onInput={(event) => set(event.currentTarget.value)}
          />
        ) : (
          <textarea
            {...shared}
            id={id}
            class="input mono"
            rows={lines}
            onInput={(event) => set(event.currentTarget.value)}
          />
        )
      }
    </Field>
  );
}

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly value: T;
  readonly set: (value: T) => void;
  readonly options: readonly (readonly [T, string])[];
  readonly hint?: ComponentChildren;
}

/** One of several. */
export function Choice<T extends string>({ label, value, set, options, hint }: ChoiceProps<T>) {
  return (
    <Field label={label} {...(hint === undefined ? {} : { hint })}>
      {(id) => (
        <select
          id={id}
          class="input"
          value={value}
          onChange={(event) => {
            const chosen = options.find(([name]) => name === event.currentTarget.value);
            if (chosen !== undefined) set(chosen[0]);
          }}
        >
          {options.map(([name, text]) => (
            <option key={name} value={name}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** A few choices beside each other, as buttons. */
export function Segments<T extends string>({ label, value, set, options }: Omit<ChoiceProps<T>, "hint">) {
  return (
    <fieldset class="segments">
      <legend class="hidden">{label}</legend>
      {options.map(([name, text]) => (
        <button key={name} type="button" aria-pressed={name === value} onClick={() => set(name)}>
          {text}
        </button>
      ))}
    </fieldset>
  );
}
