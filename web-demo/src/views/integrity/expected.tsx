// The digest that someone says the file has, held against those it has.
import { Show, type JSX } from "solid-js";
import { match, said } from "../../data/expected";
import type { Inspection } from "../../data/json";
import { go, route } from "../../state/route";
import { Sign } from "../../ui/icon";

export function Expected(props: { inspection: Inspection; isVerified: boolean }): JSX.Element {
  const found = () => match(props.inspection, route().expect);
  const tone = () => (found() === "other" ? "damaged" : found() === "none recorded" || found() === "no digest" ? "plain" : props.isVerified ? "intact" : "unchecked");
  return (
    <section class="expected" aria-labelledby="expected-title">
      <h2 id="expected-title">Is it the one you mean?</h2>
      <p class="quiet">Verifying shows that a file is as it was made. Whether it is the right one shows when its snapshot digest, or the BLAKE3 of its index, is held against one from a source you trust.</p>
      <div class="expected-field">
        <input
          class="field mono"
          type="text"
          aria-label="The digest you expect"
          placeholder="paste the digest you expect"
          spellcheck={false}
          autocomplete="off"
          value={route().expect ?? ""}
          onInput={(event) => go({ expect: event.currentTarget.value.trim() || undefined })}
        />
      </div>
      <p class="expected-said" role="status">
        <Show when={found() !== "nothing"} fallback={<span class="faint mono">{props.inspection.snapshot_digest}</span>}>
          <Sign tone={tone()} /> {said(found(), props.isVerified)}
        </Show>
      </p>
    </section>
  );
}
