// A button that copies text and says that it did.
import { createSignal, type JSX } from "solid-js";
import { copied } from "./clipboard";
import { Icon } from "./icon";

export function Copy(props: { text: string | (() => string | Promise<string>); label: string; children?: JSX.Element; class?: string }): JSX.Element {
  const [isDone, setDone] = createSignal(false);
  const copy = async (): Promise<void> => {
    if (!(await copied(typeof props.text === "string" ? props.text : await props.text()))) return;
    setDone(true);
    setTimeout(() => setDone(false), 1400);
  };
  return (
    <button type="button" class={props.class ?? "button bare copy"} title={props.label} aria-label={props.label} onClick={() => void copy()}>
      <Icon name={isDone() ? "done" : "copy"} size={13} />
      {props.children}
      <span class="hidden-text" aria-live="polite">
        {isDone() ? "copied" : ""}
      </span>
    </button>
  );
}
