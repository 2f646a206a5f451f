// The page: theme, the file that the hash names, and what is drawn.
import { render } from "solid-js/web";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/frames.css";
import "./shell/shell.css";
import "./shell/over.css";
import { App } from "./app";
import { readRecent } from "./state/recent";
import { follow, route } from "./state/route";
import { openRouted } from "./state/session";
import { startTheme } from "./state/theme";
import { warm } from "./worker/client";

startTheme();
follow((next) => void openRouted(next));

const page = document.getElementById("page");
if (page) render(() => <App />, page);

warm();
void openRouted(route());
void readRecent();
if (import.meta.env.PROD && "serviceWorker" in navigator) {
  void navigator.serviceWorker.register(new URL("sw.js", document.baseURI)).then(keepRest, () => undefined);
}

/** Once the page has nothing to do, what only some views need is kept too, so that they work without a network. */
async function keepRest(): Promise<void> {
  const { active } = await navigator.serviceWorker.ready;
  const keep = (): void => active?.postMessage("rest");
  if ("requestIdleCallback" in window) requestIdleCallback(keep);
  else setTimeout(keep, 2000);
}
