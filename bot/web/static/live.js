// Follows one piece of work and shows its latest state; the page is loaded anew when it is done.
const box = document.getElementById("live");
const state = box.querySelector("[data-state]");
const texts = box.querySelector("[data-texts]");
const source = new EventSource(box.dataset.live);

function card(pitch) {
  const article = document.createElement("article");
  article.className = "card pitch";
  const title = document.createElement("h2");
  title.textContent = pitch.title;
  const summary = document.createElement("p");
  summary.textContent = pitch.summary || "…";
  article.append(title, summary);
  return article;
}

let heard = false;
source.addEventListener("progress", (event) => {
  heard = true;
  const now = JSON.parse(event.data);
  state.textContent = now.absent
    ? "The writer is away for a moment; this is kept and goes on when it is back."
    : now.place ? `Place ${now.place} in line.` : "The room is writing …";
  if (box.dataset.kind === "slate") texts.replaceChildren(...now.pitches.map(card));
  else texts.textContent = now.texts[0] || "";
});
source.addEventListener("end", () => {
  source.close();
  setTimeout(() => location.reload(), heard ? 0 : 3000);  // nobody was at it here: perhaps another process is
});
