// What surrounds every view: top bar, views, the line, and what lies over them.
import { createEffect, ErrorBoundary, lazy, Match, Show, Suspense, Switch, type JSX } from "solid-js";
import { Broken } from "./shell/broken";
import { DropZone } from "./shell/dropzone";
import { Failed } from "./shell/failed";
import { Foot } from "./shell/foot";
import { Help } from "./shell/help";
import { startKeys } from "./shell/keys";
import { Nav } from "./shell/nav";
import { Palette } from "./shell/palette";
import { TopBar } from "./shell/topbar";
import { notice } from "./state/notice";
import { route } from "./state/route";
import { openFile, session } from "./state/session";
import { Open } from "./views/open/open";
import { Overview } from "./views/overview/overview";

const Structure = lazy(() => import("./views/structure/structure"));
const Integrity = lazy(() => import("./views/integrity/integrity"));
const Vectors = lazy(() => import("./views/vectors/vectors"));
const Health = lazy(() => import("./views/health/health"));
const MapView = lazy(() => import("./views/map/map"));
const Attached = lazy(() => import("./views/attached/attached"));
const Compare = lazy(() => import("./views/compare/compare"));

export function App(): JSX.Element {
  startKeys();
  createEffect(() => {
    const now = session();
    document.title = now.state === "empty" ? "Faissil: look into FAISS indexes" : `${now.state === "open" ? now.file.name : now.name} · Faissil`;
  });
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => (event.preventDefault(), document.getElementById("main")?.focus())}>
        Skip to content
      </a>
      <div class="app" classList={{ "has-file": openFile() !== undefined }}>
        <TopBar />
        <Show when={openFile()}>
          <Nav />
        </Show>
        <main id="main" tabindex="-1">
          <Switch>
            <Match when={session().state === "empty"}>
              <Open />
            </Match>
            <Match when={session().state === "opening"}>
              <p class="opening" role="status">
                Reading the outline…
              </p>
            </Match>
            <Match when={session().state === "failed"}>
              <Failed />
            </Match>
            <Match when={openFile()} keyed>
              {(file) => (
                <ErrorBoundary fallback={(error: unknown, reset) => <Broken error={error} onView={reset} />}>
                  <Suspense fallback={<p class="opening">…</p>}>
                    <Switch>
                      <Match when={route().view === "overview"}>
                        <Overview file={file} />
                      </Match>
                      <Match when={route().view === "structure"}>
                        <Structure file={file} />
                      </Match>
                      <Match when={route().view === "integrity"}>
                        <Integrity file={file} />
                      </Match>
                      <Match when={route().view === "health"}>
                        <Health file={file} />
                      </Match>
                      <Match when={route().view === "map"}>
                        <MapView file={file} />
                      </Match>
                      <Match when={route().view === "vectors"}>
                        <Vectors file={file} />
                      </Match>
                      <Match when={route().view === "attached"}>
                        <Attached file={file} />
                      </Match>
                      <Match when={route().view === "compare"}>
                        <Compare file={file} />
                      </Match>
                    </Switch>
                  </Suspense>
                </ErrorBoundary>
              )}
            </Match>
          </Switch>
        </main>
        <Show when={openFile()}>{(file) => <Foot file={file()} />}</Show>
      </div>
      <p class={notice().isHeard ? "hidden-text" : "notice"} role="status">
        {notice().text}
      </p>
      <DropZone />
      <Help />
      <Palette />
    </>
  );
}
