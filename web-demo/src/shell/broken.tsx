// In place of a view whose part of the file can no longer be read. Another view may still have what it shows.
import { createEffect, on, type JSX } from "solid-js";
import { explain } from "../data/faults";
import { route } from "../state/route";
import { openFile, openRouted } from "../state/session";
import { Sign } from "../ui/icon";
import { Prose } from "../ui/prose";
import { Fault } from "../worker/client";
import { pick } from "./pick";

export function Broken(props: { error: unknown; onView: () => void }): JSX.Element {
  createEffect(on(() => route().view, () => props.onView(), { defer: true }));
  const isRemote = (): boolean => route().url !== undefined || route().sample !== undefined;
  const said = () => (props.error instanceof Fault ? explain(props.error.kind, openFile()?.name ?? "", isRemote()).headline : "This view could not be drawn");
  return (
    <div class="failed" role="alert">
      <h1>
        <Sign tone="damaged" size={18} /> {said()}
      </h1>
      <p class="failed-message">
        <Prose text={props.error instanceof Fault ? props.error.message : String(props.error)} />
      </p>
      <p class="failed-do">
        <button type="button" class="button strong" onClick={() => void (isRemote() ? openRouted(route()) : pick())}>
          {isRemote() ? "Read it again" : "Choose it again…"}
        </button>
      </p>
    </div>
  );
}
