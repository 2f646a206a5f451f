import { expect, test, vi } from "vitest";

vi.stubGlobal("location", { hash: "", pathname: "/", search: "" });
const { parse, print } = await import("./route");

test("a hash is read and written again", () => {
  const hash = "#url=https://a.org/i.faiss&side=https://a.org/i.ivfdata&expect=ab&view=vectors&row=17";
  expect(parse(hash)).toEqual({ url: "https://a.org/i.faiss", side: "https://a.org/i.ivfdata", sample: undefined, expect: "ab", view: "vectors", part: undefined, row: "17", colour: undefined });
  expect(print(parse(hash))).toBe(hash);
  expect(print(parse(""))).toBe("");
});

test("an address with a query of its own survives", () => {
  const url = "https://a.org/i.faiss?token=a&b=c#d";
  expect(parse(print({ url, view: "overview" })).url).toBe(url);
});

test("a view that is not known is the overview", () => {
  expect(parse("#view=nonsense").view).toBe("overview");
});

test("the address of a page about a file becomes that of the file", () => {
  expect(parse("#url=github.com/a/b/blob/main/i.faiss").url).toBe("https://raw.githubusercontent.com/a/b/main/i.faiss");
  expect(parse("#url=//").url).toBe("//");
  expect(parse("#url=").url).toBeUndefined();
});
