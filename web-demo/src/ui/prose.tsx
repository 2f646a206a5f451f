// A sentence in which backticks mark code.
import { For, type JSX } from "solid-js";

export function Prose(props: { text: string }): JSX.Element {
  return <For each={props.text.split("`")}>{(piece, at) => (at() % 2 === 1 ? <code>{piece}</code> : piece)}</For>;
}
