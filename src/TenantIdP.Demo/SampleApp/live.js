// Shows what has come since, without a reload. What somebody has opened to read stays as it is: nothing is replaced until something is new.
const live = document.getElementById("live");
let shown = live.textContent;
setInterval(async () => {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
    const next = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
    if (!next || next.textContent === shown) return;
    shown = next.textContent;
    live.replaceChildren(...next.childNodes);
  } catch {
    // The demo was stopped, perhaps: the next look tries again.
  }
}, 2000);
