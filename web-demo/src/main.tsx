// The page: theme, the file that the hash names, and what is drawn.
import { render } from "solid-js/web";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./shell/shell.css";
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
  void navigator.serviceWorker.register(new URL("sw.js", document.baseURI)).catch(() => undefined);
}
