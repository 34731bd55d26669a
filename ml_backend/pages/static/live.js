// Keeps the parts of a page that change up to date: the page is fetched anew, and whatever differs is put in place.
(() => {
  const seconds = Number(document.body.dataset.poll);
  if (!seconds) return;
  let tag = null;

  const refresh = async () => {
    const headers = { Accept: "text/html", ...(tag ? { "If-None-Match": tag } : {}) };
    const answer = await fetch(location.href, { headers, credentials: "same-origin", cache: "no-store" });
    if (answer.status === 401) return location.reload();
    if (answer.status !== 200) return; // 304: nothing is new; anything else passes
    tag = answer.headers.get("ETag");
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const other = page.querySelector(`[data-live="${CSS.escape(part.dataset.live)}"]`);
      if (!other) continue;
      part.querySelectorAll("details").forEach((one, n) => {
        if (one.open) other.querySelectorAll("details")[n]?.setAttribute("open", "");
      });
      if (!part.isEqualNode(other)) part.replaceWith(document.adoptNode(other));
    }
  };

  const again = async () => {
    if (!document.hidden) await refresh().catch(() => {});
    setTimeout(again, 1000 * seconds);
  };
  setTimeout(again, 1000 * seconds);
})();
