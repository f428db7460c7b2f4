/** Where the page's desktop is. */

/** The folder that everything of this desktop is in: a meta element's word, or the page's own address. */
export function baseUrl(page: Document): URL {
  const meta = page.querySelector<HTMLMetaElement>('meta[name="lunette-base"]')?.content;
  const here = new URL(".", page.baseURI);
  return meta === undefined ? here : new URL(meta.endsWith("/") ? meta : `${meta}/`, here);
}

/** Where its stream is. */
export function streamUrl(base: URL): string {
  const url = new URL("ws/stream", base);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
