(() => {
  "use strict";
  const ownTimes = (root) => root.querySelectorAll("time[data-offset]").forEach((time) => {
    const at = new Date(time.dateTime);
    if (-at.getTimezoneOffset() !== Number(time.dataset.offset)) {
      const own = at.toLocaleTimeString([], { weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
      time.append(` (${own} for you)`);
    }
  });
  const filter = document.getElementById("filter");
  const sift = () => document.querySelectorAll("table.rows tbody tr").forEach((row) => {
    row.hidden = !row.textContent.toLowerCase().includes(filter.value.toLowerCase());
  });
  if (filter) {
    filter.closest("[hidden]").hidden = false;
    filter.addEventListener("input", sift);
  }
  ownTimes(document);
  if (!document.body.dataset.live) return;
  setInterval(async () => {
    if (document.hidden) return;
    const answer = await fetch(location.href, { credentials: "same-origin" }).catch(() => null);
    if (!answer || !answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
    const old = document.getElementById("live");
    if (!fresh || !old || old.contains(document.activeElement)) return;
    ownTimes(fresh);
    old.replaceWith(fresh);
    if (filter) sift();
  }, 30000);
})();
