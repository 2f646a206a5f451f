// The keys, as the table of commands has them.
import { createEffect, For, type JSX } from "solid-js";
import { COMMANDS, isHelpOpen, keyName, setHelpOpen } from "./commands";

const GROUPS = [...new Set(COMMANDS.map(({ group }) => group))];

export function Help(): JSX.Element {
  let dialog!: HTMLDialogElement;
  createEffect(() => {
    if (isHelpOpen()) dialog.showModal();
    else dialog.close();
  });
  return (
    <dialog ref={dialog} class="help" aria-label="Keys" onClose={() => setHelpOpen(false)} onClick={(event) => event.target === dialog && setHelpOpen(false)}>
      <div class="help-inner">
        <div class="help-head">
          <h2>Keys</h2>
          <button type="button" class="button bare" onClick={() => setHelpOpen(false)}>
            Close <kbd>Esc</kbd>
          </button>
        </div>
        <div class="help-groups">
          <For each={GROUPS}>
            {(group) => (
              <section>
                <h3>{group}</h3>
                <dl>
                  <For each={COMMANDS.filter((each) => each.group === group && each.key !== undefined)}>
                    {(command) => (
                      <div>
                        <dt>
                          <kbd>{keyName(command)}</kbd>
                        </dt>
                        <dd>{command.title}</dd>
                      </div>
                    )}
                  </For>
                </dl>
              </section>
            )}
          </For>
          <section>
            <h3>In lists</h3>
            <dl>
              <div>
                <dt>
                  <kbd>↑</kbd> <kbd>↓</kbd>
                </dt>
                <dd>One row</dd>
              </div>
              <div>
                <dt>
                  <kbd>PgUp</kbd> <kbd>PgDn</kbd>
                </dt>
                <dd>One page</dd>
              </div>
              <div>
                <dt>
                  <kbd>←</kbd> <kbd>→</kbd>
                </dt>
                <dd>Close and open a part</dd>
              </div>
            </dl>
          </section>
        </div>
        <p class="quiet">
          Index files are read in this tab, by a worker that sends them nowhere. There is no account, no counter and no third party; a file from the web is
          fetched from its own server, in pieces.
        </p>
      </div>
    </dialog>
  );
}
