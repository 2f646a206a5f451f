import type { JSX } from "solid-js";
import type { OpenFile } from "../../state/session";
export default function Attached(props: { file: OpenFile }): JSX.Element { return <p>{props.file.name}</p>; }
