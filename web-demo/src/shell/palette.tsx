// Every command by a few letters of its name.
import { createEffect, createMemo, createSignal, For, type JSX } from "solid-js";
import { available, isPaletteOpen, keyName, setPaletteOpen, type Command } from "./commands";
import { ranked } from "../data/matches";

export function Palette(): JSX.Element {
  let dialog!: HTMLDialogElement;
  const [typed, setTyped] = createSignal("");
  const [at, setAt] = createSignal(0);
  const found = createMemo(() => (isPaletteOpen() ? ranked(available(), ({ title }) => title, typed()) : []));
  createEffect(() => {
    if (isPaletteOpen()) {
      setTyped("");
      setAt(0);
      dialog.showModal();
    } else dialog.close();
  });
  const run = (command: Command | undefined): void => {
    setPaletteOpen(false);
    dialog.close();
    command?.run();
  };
  const press = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      setAt((before) => Math.max(0, Math.min(found().length - 1, before + step)));
      document.getElementById(`command-${at()}`)?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") {
      event.preventDefault();
      run(found()[at()]);
    }
  };
  return (
    <dialog ref={dialog} class="palette" aria-label="Commands" onClose={() => setPaletteOpen(false)} onClick={(event) => event.target === dialog && setPaletteOpen(false)}>
      <input
        class="palette-field"
        type="text"
        role="combobox"
        aria-expanded="true"
        aria-controls="commands"
        aria-activedescendant={found().length > 0 ? `command-${at()}` : undefined}
        aria-label="Find a command"
        placeholder="Find a command"
        autocomplete="off"
        spellcheck={false}
        value={typed()}
        onInput={(event) => {
          setTyped(event.currentTarget.value);
          setAt(0);
        }}
        onKeyDown={press}
      />
      <ul id="commands" role="listbox" aria-label="Commands">
        <For each={found()} fallback={<li class="palette-none quiet">No command has these letters.</li>}>
          {(command, index) => (
            <li
              id={`command-${index()}`}
              role="option"
              aria-selected={index() === at()}
              onMouseMove={() => setAt(index())}
              onClick={() => run(command)}
            >
              <span class="faint palette-group">{command.group}</span>
              <span>{command.title}</span>
              <span class="palette-key">{keyName(command) !== undefined && <kbd>{keyName(command)}</kbd>}</span>
            </li>
          )}
        </For>
      </ul>
    </dialog>
  );
}
