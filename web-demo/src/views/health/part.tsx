// A part of the index: its panels, or why there are none.
import { createSignal, For, Show, type JSX } from "solid-js";
import type { HealthSection, Measure } from "faissil";
import { count } from "../../data/format";
import { drawnBy, tagOf, type Look, type Panel } from "../../data/health/panel";
import { panelsOf, PART_NAMES } from "../../data/health/panels";
import { go } from "../../state/route";
import { Chart } from "../../ui/chart";
import { StateSign } from "./state";

export function Part(props: { section: HealthSection }): JSX.Element {
  const title = (): string => PART_NAMES[props.section.part];
  return (
    <section class="part" aria-label={`${title()}${props.section.path === "" ? "" : ` of ${props.section.path}`}`}>
      <header>
        <h2>{title()}</h2>
        <span class="faint mono">
          {props.section.class}
          {props.section.path === "" ? "" : ` ${props.section.path}`}
        </span>
      </header>
      <Show when={props.section.omitted}>{(why) => <p class="part-omitted">Not looked at: {why()}</p>}</Show>
      <div class="part-panels">
        <For each={panelsOf(props.section)}>{(panel) => <PanelBox panel={panel} section={props.section} />}</For>
      </div>
    </section>
  );
}

function PanelBox(props: { panel: Panel; section: HealthSection }): JSX.Element {
  const [at, setAt] = createSignal(0);
  const look = (): Look | undefined => props.panel.looks[at()];
  const drawn = (): string => drawnBy(props.section.coverage);
  return (
    <section class="panel-box panel" aria-label={props.panel.title}>
      <header>
        <h3>{props.panel.title}</h3>
        <span class="tag" title={drawn()}>
          {tagOf(props.section.coverage)}
        </span>
      </header>
      <p class="quiet">
        {props.panel.what}
        <Show when={drawn()}> The sample: {drawn()}.</Show>
      </p>
      <Show when={props.panel.looks.length > 1}>
        <p class="looks" role="group" aria-label="What is shown">
          <For each={props.panel.looks}>
            {(each, index) => (
              <button type="button" aria-pressed={at() === index()} onClick={() => setAt(index())}>
                {each.name}
              </button>
            )}
          </For>
        </p>
      </Show>
      <Show when={look()?.chart}>{(chart) => <Chart chart={chart()} label={`${props.panel.title}, ${look()?.name ?? ""}`} />}</Show>
      <Show when={look()} keyed>
        {(now) => (
          <Show when={now.chart} fallback={<Figures look={now} title={props.panel.title} />}>
            <details class="as-table">
              <summary>View as table</summary>
              <Figures look={now} title={props.panel.title} />
            </details>
          </Show>
        )}
      </Show>
      <Show when={props.panel.rows && props.panel.rows.length > 0 ? props.panel.rows : undefined}>
        {(rows) => (
          <details class="as-table">
            <summary>The first {count(rows().length)} of these rows</summary>
            <ul class="odd-rows">
              <For each={rows()}>
                {({ row, why }) => (
                  <li>
                    <button type="button" class="text-button num" onClick={() => go({ view: "vectors", row: String(row) })}>
                      row {count(row)}
                    </button>{" "}
                    <span class="faint">{why}</span>
                  </li>
                )}
              </For>
            </ul>
          </details>
        )}
      </Show>
      <ul class="measures">
        <For each={props.panel.measures}>{(measure) => <MeasureLine measure={measure} />}</For>
      </ul>
    </section>
  );
}

function Figures(props: { look: Look; title: string }): JSX.Element {
  return (
    <div class="health-table" tabindex="0" role="region" aria-label={`${props.title}, ${props.look.name}, as a table`}>
      <table class="num">
        <thead>
          <tr>
            <For each={props.look.table.head}>{(each) => (each === "" ? <td /> : <th scope="col">{each}</th>)}</For>
          </tr>
        </thead>
        <tbody>
          <For each={props.look.table.rows}>
            {(cells) => (
              <tr>
                <For each={cells}>{(cell, index) => (index() === 0 ? <th scope="row">{cell}</th> : <td>{cell}</td>)}</For>
              </tr>
            )}
          </For>
        </tbody>
      </table>
    </div>
  );
}

function MeasureLine(props: { measure: Measure }): JSX.Element {
  return (
    <li>
      <StateSign state={props.measure.state} />
      <div>
        <p>{props.measure.says}</p>
        <details>
          <summary>
            <code>{props.measure.code}</code>
            <Show when={props.measure.threshold} fallback=": not judged">
              {(threshold) => <>: bad {threshold().split(/[:;,(]/)[0]?.trim()}</>}
            </Show>
          </summary>
          <dl>
            <dt>defined as</dt>
            <dd>{props.measure.definition}</dd>
            <dt>bad</dt>
            <dd>{props.measure.threshold ?? "not judged"}</dd>
            <dt>from</dt>
            <dd>{props.measure.source}</dd>
          </dl>
        </details>
      </div>
    </li>
  );
}
