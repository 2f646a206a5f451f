// Each damaged place: where it is, what lies there, and which ids are lost by it.
import { createSignal, For, Show, type JSX } from "solid-js";
import { count, hex, plural, size } from "../../data/format";
import { word } from "../../data/lines";
import type { Damage } from "../../data/json";
import { go } from "../../state/route";
import type { OpenFile } from "../../state/session";
import { Copy } from "../../ui/copy";
import { Sign } from "../../ui/icon";

const SHOWN = 24;

export function DamageList(props: { file: OpenFile; damage: readonly Damage[] }): JSX.Element {
  const salvage = (): string => `faissil load ${word(props.file.name)} rest.faissil --salvage`;
  return (
    <section class="damage" aria-labelledby="damage-title">
      <h2 id="damage-title">{plural(props.damage.length, "damaged place")}</h2>
      <ol>
        <For each={props.damage}>{(each) => <Place damage={each} />}</For>
      </ol>
      <p class="quiet">What is not damaged can still be had, as an index that says what it lacks:</p>
      <p class="command">
        <code>{salvage()}</code>
        <Copy text={salvage()} label="Copy the command" />
      </p>
    </section>
  );
}

function Place(props: { damage: Damage }): JSX.Element {
  const [isAll, setAll] = createSignal(false);
  const ids = () => props.damage.ids_lost.ids;
  const lost = (): number => Number(props.damage.ids_lost.count);
  return (
    <li>
      <Sign tone="damaged" size={14} />
      <div>
        <p>
          <button type="button" class="text-button" onClick={() => go({ view: "structure", part: props.damage.path })}>
            <code>{props.damage.path || "the outermost record"}</code>
          </button>{" "}
          <span class="num quiet">
            {size(props.damage.span.bytes)} at {hex(props.damage.span.offset)}, bytes {count(props.damage.span.offset)} to{" "}
            {count(BigInt(props.damage.span.offset) + BigInt(props.damage.span.bytes))}
          </span>
        </p>
        <p class="damage-reason">{props.damage.reason}</p>
        <Show when={lost() > 0} fallback={<p class="quiet">No id is lost by it.</p>}>
          <p>
            <strong class="num">{plural(lost(), "id")}</strong> {lost() === 1 ? "is" : "are"} lost
            <Show when={ids().length < lost()}>
              <span class="quiet">; the first {count(ids().length)} that can be read</span>
            </Show>
            <Copy text={() => ids().join("\n")} label="Copy these ids" />
          </p>
          <ul class="damage-ids num">
            <For each={isAll() ? ids() : ids().slice(0, SHOWN)}>{(id) => <li>{id.toString()}</li>}</For>
            <Show when={!isAll() && ids().length > SHOWN}>
              <li>
                <button type="button" class="text-button" onClick={() => setAll(true)}>
                  {count(ids().length - SHOWN)} more
                </button>
              </li>
            </Show>
          </ul>
        </Show>
      </div>
    </li>
  );
}
