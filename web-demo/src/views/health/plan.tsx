// What would be looked at, and what that reads, before it is read.
import { For, Show, type JSX } from "solid-js";
import type { HealthPlan } from "faissil";
import { size } from "../../data/format";
import { drawnBy, tagOf } from "../../data/health/panel";
import { PART_NAMES } from "../../data/health/panels";

export function PlanCard(props: { plan: HealthPlan; cost: number; isRemote: boolean; isSnapshot: boolean; onExamine: () => void }): JSX.Element {
  return (
    <section class="plan" aria-labelledby="plan-title">
      <h2 id="plan-title">What a look takes</h2>
      <p>
        It asks for {size(props.plan.bytes_most)}
        <Show when={props.cost > props.plan.bytes_most}>, in whole {props.isSnapshot ? "chunks, which are checked" : "pages"}: {size(props.cost)} at most</Show>
        {props.isRemote ? ", read from its server." : ", read from this machine."}
      </p>
      <Show when={props.plan.parts.length > 0} fallback={<p class="quiet">It has no part of a kind that is looked at.</p>}>
        <div class="health-table">
          <table>
            <thead>
              <tr>
                <th scope="col">part</th>
                <th scope="col">what of it</th>
                <th scope="col">bytes</th>
              </tr>
            </thead>
            <tbody>
              <For each={props.plan.parts}>
                {(part) => (
                  <tr>
                    <th scope="row">
                      {PART_NAMES[part.part]} <span class="faint mono">{part.path}</span>
                    </th>
                    <td>
                      {part.omitted ?? tagOf(part.coverage)}
                      <Show when={drawnBy(part.coverage)}>{(drawn) => <span class="faint"> in {drawn()}</span>}</Show>
                    </td>
                    <td>{part.omitted === null ? size(part.bytes_most) : "–"}</td>
                  </tr>
                )}
              </For>
            </tbody>
          </table>
        </div>
      </Show>
      <p>
        <button type="button" class="button strong" onClick={props.onExamine}>
          Look
        </button>
      </p>
    </section>
  );
}
