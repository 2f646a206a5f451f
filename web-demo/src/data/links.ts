// Addresses people copy from a page that shows a file, turned into the address of the file itself.

/** What to fetch for what was pasted, and why it was changed. */
export interface Rewritten {
  url: string;
  /** A sentence, where the address was changed. */
  why?: string;
}

/** Turns the pages of GitHub and Hugging Face into their raw files; others stay. Throws on what is no web address. */
export function rewrite(text: string): Rewritten {
  const pasted = text.trim();
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(pasted);
  const url = new URL(hasScheme ? pasted : `https://${pasted}`);
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new TypeError(`a page can read http and https addresses, and this is ${url.protocol}//`);
  }
  url.hash = "";
  const parts = url.pathname.split("/");
  if (url.hostname === "github.com" && (parts[3] === "blob" || parts[3] === "raw")) {
    const raw = new URL(`https://raw.githubusercontent.com/${[parts[1], parts[2], ...parts.slice(4)].join("/")}`);
    return { url: raw.href, why: "the raw file behind the GitHub page" };
  }
  if (url.hostname === "huggingface.co" || url.hostname === "hf.co") {
    const at = parts.findIndex((part) => part === "blob");
    if (at >= 2) {
      parts[at] = "resolve";
      url.pathname = parts.join("/");
      url.hostname = "huggingface.co";
      url.search = "";
      return { url: url.href, why: "the raw file behind the Hugging Face page" };
    }
  }
  return { url: url.href };
}

/** The last part of an address, as a file name. */
export function nameOf(url: string): string {
  const last = new URL(url, "https://localhost/").pathname.split("/").filter(Boolean).at(-1) ?? url;
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
