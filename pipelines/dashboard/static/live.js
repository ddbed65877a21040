// Fetches the page that is shown every two seconds and replaces what has changed in it.
"use strict";

const EVERY_MS = 2000;
let tag = "";

function handle(element) {
  return element.id || element.getAttribute("href") || element.dataset.key || "";
}

function keepOpen(old, fresh) {
  const open = new Set([...old.querySelectorAll("details[open]")].map((d) => d.dataset.key));
  for (const details of fresh.querySelectorAll("details")) {
    details.open = open.has(details.dataset.key);
  }
}

function replace(old, fresh) {
  keepOpen(old, fresh);
  if (old.innerHTML === fresh.innerHTML) return;
  const focused = old.contains(document.activeElement) ? handle(document.activeElement) : "";
  old.replaceChildren(...fresh.childNodes);
  if (focused) {
    const again = [...old.querySelectorAll("a, button, summary, [tabindex]")];
    again.find((element) => handle(element) === focused)?.focus({ preventScroll: true });
  }
}

function show(text) {
  const page = new DOMParser().parseFromString(text, "text/html");
  for (const fresh of page.querySelectorAll("[data-live]")) {
    const old = document.getElementById(fresh.id);
    if (old) replace(old, fresh);
  }
}

function tellContact(lost) {
  const contact = document.getElementById("contact");
  const text = lost ? "No contact with the server; what is shown may be old." : "";
  if (contact.textContent !== text) contact.textContent = text;
}

async function refresh() {
  if (document.hidden) return;
  const headers = tag ? { "If-None-Match": tag } : {};
  const answer = await fetch(location.href, { headers, cache: "no-store" });
  if (answer.status === 401) location.reload(); // the token has changed: ask for it
  if (answer.ok) {
    tag = answer.headers.get("ETag") || "";
    show(await answer.text());
  }
  tellContact(!answer.ok && answer.status !== 304);
}

async function keepRefreshing() {
  try {
    await refresh();
  } catch {
    tellContact(true);
  }
  setTimeout(keepRefreshing, EVERY_MS);
}

if (document.querySelector("[data-live]")) setTimeout(keepRefreshing, EVERY_MS);
document.addEventListener("visibilitychange", () => refresh().catch(() => tellContact(true)));
