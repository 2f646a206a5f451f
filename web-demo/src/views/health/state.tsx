// The state of a measure, by shape as well as hue, and in a word for those who hear the page.
import { Match, Show, Switch, type JSX } from "solid-js";
import type { HealthState } from "faissil";
import { Icon, Sign } from "../../ui/icon";

const WORDS: Readonly<Record<HealthState, string>> = { figure: "not judged", good: "good", unknown: "not known", warning: "bad", damage: "damage" };

export function StateSign(props: { state: HealthState; size?: number; isSaid?: boolean }): JSX.Element {
  const size = (): number => props.size ?? 13;
  return (
    <span class={`state ${props.state}`}>
      <Switch fallback={<Sign tone="plain" size={size()} />}>
        <Match when={props.state === "good"}>
          <Sign tone="intact" size={size()} />
        </Match>
        <Match when={props.state === "unknown"}>
          <Sign tone="unchecked" size={size()} />
        </Match>
        <Match when={props.state === "warning"}>
          <Icon name="warning" size={size() + 2} />
        </Match>
        <Match when={props.state === "damage"}>
          <Sign tone="damaged" size={size()} />
        </Match>
      </Switch>
      <Show when={props.isSaid !== false}>
        <span class="hidden-text">{WORDS[props.state]}: </span>
      </Show>
    </span>
  );
}
