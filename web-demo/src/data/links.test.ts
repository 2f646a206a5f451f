import { expect, test } from "vitest";
import { nameOf, rewrite } from "./links";

test.each([
  ["https://github.com/a/b/blob/main/x/i.faiss", "https://raw.githubusercontent.com/a/b/main/x/i.faiss"],
  ["github.com/a/b/raw/v1/i.faiss?raw=true", "https://raw.githubusercontent.com/a/b/v1/i.faiss"],
  ["https://huggingface.co/a/b/blob/main/i.faiss", "https://huggingface.co/a/b/resolve/main/i.faiss"],
  ["https://hf.co/datasets/a/b/blob/main/i.faiss", "https://huggingface.co/datasets/a/b/resolve/main/i.faiss"],
])("%s leads to the raw file", (page, raw) => {
  expect(rewrite(page).url).toBe(raw);
  expect(rewrite(page).why).toBeDefined();
});

test.each(["https://example.org/i.faiss", "http://127.0.0.1:8000/i.faiss?token=1", "https://huggingface.co/a/b/resolve/main/i.faiss"])("%s stays", (url) => {
  expect(rewrite(url)).toEqual({ url });
});

test.each(["", "file:///etc/passwd", "javascript://x", "https://"])("%s is refused", (text) => {
  expect(() => rewrite(text)).toThrow();
});

test("the name of a file is the last part of its address", () => {
  expect(nameOf("https://a.org/x/my%20index.faiss?download=true")).toBe("my index.faiss");
  expect(nameOf("https://a.org/")).toBe("https://a.org/");
});
