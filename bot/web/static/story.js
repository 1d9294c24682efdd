// Sends the story so far, and shows what the model goes on with, piece by piece. Nothing is ever read as HTML.
const form = document.getElementById("form");
const story = document.getElementById("story");
const complaint = document.getElementById("complaint");
const [write, again, stop, anew] = ["write", "again", "stop", "anew"].map((id) => document.getElementById(id));
const parts = [];  // {by: "yours" | "models", text, seed, element}
let writing = null;

function add(by, text) {
  const element = document.createElement(by === "models" ? "ins" : "span");
  element.className = by;
  element.textContent = text;
  story.append(element);
  parts.push({ by, text, element });
  return parts.at(-1);
}

function drop() {
  const part = parts.pop();
  if (part.label) part.label.remove();
  part.element.remove();
}

function refresh() {
  const busy = writing !== null;
  const begun = parts.length > 0;
  write.disabled = busy;
  stop.disabled = !busy;
  anew.disabled = busy || !begun;
  again.disabled = busy || !begun || parts.at(-1).by !== "models";
  write.textContent = begun ? "Go on" : "Write";
  story.hidden = !begun;
  document.getElementById("label").textContent = begun ? "Your next words, if you like" : "Your beginning";
  if (begun) form.text.placeholder = "";
}

function tell(sentence) {
  complaint.textContent = sentence;
  complaint.hidden = !sentence;
}

function take(part, line) {
  const said = JSON.parse(line);
  if ("seed" in said) {
    part.label = document.createElement("span");
    part.label.className = "seed";
    part.label.textContent = `seed ${said.seed}`;
    story.append(part.label);
  }
  if (said.error) tell(said.error);
  part.text += said.text || "";
  part.element.textContent = part.text;
}

async function follow(answer, part) {
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    lines.forEach((line) => take(part, line));
  }
}

async function ask() {
  const text = parts.map((part) => part.text).join("").slice(-form.text.maxLength);
  const seed = form.seed.value === "" ? null : Number(form.seed.value);
  const asked = { text, temperature: Number(form.temperature.value), length: Number(form.length.value), seed };
  const part = add("models", "");
  writing = new AbortController();
  tell("");
  refresh();
  try {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch("/write", { method: "POST", headers, body: JSON.stringify(asked), signal: writing.signal });
    if (answer.ok) await follow(answer, part);
    else tell((await answer.json()).error);
  } catch (error) {
    if (error.name !== "AbortError") tell("The model cannot be reached; is greenlit write --page still running?");
  }
  if (!part.text) drop();
  writing = null;
  refresh();
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (form.text.value) add("yours", form.text.value);
  form.text.value = "";
  ask();
});
again.addEventListener("click", () => {
  form.seed.value = "";  // the same seed would bring the same words
  drop();
  ask();
});
stop.addEventListener("click", () => writing && writing.abort());
anew.addEventListener("click", () => {
  while (parts.length) drop();
  refresh();
  form.text.focus();
});
form.temperature.addEventListener("input", () => {
  document.getElementById("shown").textContent = form.temperature.value;
});
refresh();
