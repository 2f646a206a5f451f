// A file can be dropped anywhere on the page.
import { createSignal, onCleanup, Show, type JSX } from "solid-js";
import { openLocal } from "../state/session";

export function DropZone(): JSX.Element {
  const [isOver, setOver] = createSignal(false);
  let depth = 0;
  const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
  const enter = (event: DragEvent): void => {
    if (!hasFiles(event)) return;
    depth += 1;
    setOver(true);
  };
  const leave = (): void => {
    depth = Math.max(0, depth - 1);
    if (depth === 0) setOver(false);
  };
  const over = (event: DragEvent): void => {
    if (hasFiles(event)) event.preventDefault();
  };
  const drop = (event: DragEvent): void => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    setOver(false);
    void take(event.dataTransfer);
  };
  const heard = { dragenter: enter, dragleave: leave, dragover: over, drop };
  for (const [name, hear] of Object.entries(heard)) addEventListener(name, hear as EventListener);
  onCleanup(() => {
    for (const [name, hear] of Object.entries(heard)) removeEventListener(name, hear as EventListener);
  });
  return (
    <Show when={isOver()}>
      <div class="drop-over" aria-hidden="true">
        <p>Drop it to look inside</p>
      </div>
    </Show>
  );
}

/** Opens what was dropped, and keeps a handle to it where the browser gives one. */
async function take(data: DataTransfer | null): Promise<void> {
  if (!data) return;
  const files = [...data.files];
  const item = data.items[0] as (DataTransferItem & { getAsFileSystemHandle?: () => Promise<FileSystemHandle | null> }) | undefined;
  const handle = files.length === 1 ? await item?.getAsFileSystemHandle?.().catch(() => null) : null;
  if (handle?.kind === "directory") return;
  await openLocal(files, handle ? (handle as FileSystemFileHandle) : undefined);
}
