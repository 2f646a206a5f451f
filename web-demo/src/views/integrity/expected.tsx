// The digest that someone says the snapshot has, held against the one it has.
import { Show, type JSX } from "solid-js";
import { go, route } from "../../state/route";
import { Sign } from "../../ui/icon";

export function Expected(props: { digest: string; isVerified: boolean }): JSX.Element {
  const expected = (): string => (route().expect ?? "").trim().toLowerCase();
  const isSame = (): boolean => expected() === props.digest;
  return (
    <section class="expected" aria-labelledby="expected-title">
      <h2 id="expected-title">Is it the snapshot you mean?</h2>
      <p class="quiet">Digests show that a file is as it was made. That it is the right one shows its snapshot digest, if you have it from where you trust.</p>
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
        <Show when={expected() !== ""} fallback={<span class="faint mono">{props.digest}</span>}>
          <Sign tone={isSame() ? (props.isVerified ? "intact" : "unchecked") : "damaged"} />{" "}
          {isSame()
            ? props.isVerified
              ? "It is that snapshot, and every byte of it is intact."
              : "It says that it is that snapshot. Verify it to know."
            : `It is another one: ${props.digest}`}
        </Show>
      </p>
    </section>
  );
}
