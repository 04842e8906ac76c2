// Components that pages share. A text from a server is only ever put in as text, never as HTML.

export const root = document.body.dataset.root;

const SVG = "http://www.w3.org/2000/svg";

const fill = (node, attributes, children) => {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.flat().filter((child) => child != null && child !== false));
  return node;
};

// An element: `el("p", { class: "soft" }, "text", other)`.
export const el = (name, attributes, ...children) => fill(document.createElement(name), attributes, children);
export const svg = (name, attributes, ...children) => fill(document.createElementNS(SVG, name), attributes, children);
export const byId = (id) => document.getElementById(id);
export const put = (node, ...children) => node.replaceChildren(...children.flat().filter((child) => child != null && child !== false));

// The key is kept by this tab alone, until it is closed.
const KEY = "longshore-key";
const keyOf = () => sessionStorage.getItem(KEY);
let asking;

// Asks for the key of the server; one question for all requests that need it.
const askKey = (wrong) => {
  asking ??= new Promise((resolve) => {
    const input = el("input", { id: "key", type: "password", autocomplete: "off", required: true, "aria-describedby": "key-help" });
    const dialog = el("dialog", { "aria-labelledby": "key-title" });
    const done = (event) => {
      event.preventDefault();
      sessionStorage.setItem(KEY, input.value.trim());
      dialog.close();
    };
    dialog.append(
      el("form", { class: "stack", method: "dialog", onsubmit: done },
        el("h2", { id: "key-title" }, "This server asks for an API key"),
        wrong && el("p", { class: "note bad", role: "alert" }, wrong),
        el("div", { class: "field" }, el("label", { for: "key" }, "API key"), input),
        el("p", { id: "key-help", class: "soft small" }, "It is kept in this tab only and forgotten when the tab is closed."),
        el("div", { class: "row" }, el("button", { class: "primary", type: "submit" }, "Use the key"))));
    dialog.addEventListener("close", () => {
      dialog.remove();
      asking = undefined;
      resolve(keyOf() !== null);
    });
    document.body.append(dialog);
    dialog.showModal();
  });
  return asking;
};

export const hasKey = () => keyOf() !== null;
export const forgetKey = () => {
  sessionStorage.removeItem(KEY);
  location.reload();
};

// What a server said of a request that it did not answer.
export class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

// Numbers that a double cannot hold stay as they were written.
const exact = (_, value, context) =>
  typeof value === "number" && context?.source && Number.isInteger(value) && !Number.isSafeInteger(value) ? context.source : value;
export const parse = (text) => JSON.parse(text, exact);

// The response to a request of the server, with the key when there is one; asks for it when the server does.
export const ask = async (path, options = {}) => {
  for (let wrong; ; ) {
    const used = keyOf();
    const headers = { accept: "application/json", ...options.headers, ...(used === null ? {} : { authorization: `Bearer ${used}` }) };
    let response;
    try {
      response = await fetch(root + path, { ...options, headers });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Refused("The server does not answer. Is it still running?", 0);
    }
    if (response.status !== 401) return response;
    wrong = used === null ? undefined : (await told(response)).message;
    if (options.quiet) throw new Refused(wrong ?? "an API key is needed", 401);
    // another request may have been given a key meanwhile
    if (keyOf() === used) sessionStorage.removeItem(KEY);
    if (!hasKey() && !(await askKey(wrong))) throw new Refused("An API key is needed to see the models. Load the page again to give one.", 401);
  }
};

const told = async (response) => {
  const text = await response.text();
  try {
    const body = JSON.parse(text);
    return new Refused(body.error ?? body.message ?? text, response.status);
  } catch {
    return new Refused(text || `the server answered ${response.status}`, response.status);
  }
};

// The same as JSON.
export const askJson = async (path, options) => {
  const response = await ask(path, options);
  if (!response.ok) throw await told(response);
  return parse(await response.text());
};

// Says something to who does not see the page.
export const say = (text) => {
  let live = byId("live");
  if (!live) document.body.append((live = el("div", { id: "live", class: "hide", role: "status", "aria-live": "polite" })));
  live.textContent = "";
  setTimeout(() => (live.textContent = text), 30);
};

// A name that may be broken after what separates its words.
export const breakable = (name) => name.split(/(?<=[_./-])/).flatMap((part) => [part, el("wbr")]);

// A sentence, with what stands in backticks as code.
export const prose = (text) => text.split(/`([^`]*)`/).map((part, at) => (at % 2 ? el("code", {}, part) : part));

// A text to copy.
export const code = (text, label) => {
  const pre = el("pre", { tabindex: "0", role: "group", "aria-label": label }, text);
  const button = el("button", { type: "button" });
  const says = (word) => {
    button.textContent = word;
    button.setAttribute("aria-label", `${word}: ${label}`);
  };
  says("Copy");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(pre.textContent);
      says("Copied");
      say("Copied");
    } catch {
      // without HTTPS browsers let pages copy only what is selected
      getSelection().selectAllChildren(pre);
      says(document.execCommand("copy") ? "Copied" : "Press Ctrl+C");
    }
    setTimeout(() => says("Copy"), 1600);
  });
  return el("div", { class: "code" }, pre, button);
};

// Tabs: `tabs("As code", [["curl", node], ["Python", node]])`. Arrows go from one to the next.
let count = 0;
export const tabs = (label, panels, chosen = 0, onchoose = () => {}) => {
  const id = `tabs-${(count += 1)}`;
  const list = el("div", { class: "tabs", role: "tablist", "aria-label": label });
  const choose = (at, focus) => {
    [...list.children].forEach((tab, other) => {
      tab.setAttribute("aria-selected", other === at);
      tab.tabIndex = other === at ? 0 : -1;
      bodies[other].hidden = other !== at;
      if (other === at && focus) tab.focus();
    });
    onchoose(at);
  };
  const bodies = panels.map(([name, body], at) => {
    const tab = el("button", { type: "button", role: "tab", id: `${id}-${at}`, "aria-controls": `${id}-${at}-panel` }, name);
    tab.addEventListener("click", () => choose(at));
    tab.addEventListener("keydown", (event) => {
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: panels.length - 1 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      choose((to + panels.length) % panels.length, true);
    });
    list.append(tab);
    return el("div", { role: "tabpanel", id: `${id}-${at}-panel`, "aria-labelledby": `${id}-${at}` }, body);
  });
  choose(chosen);
  return el("div", { class: "stack" }, list, ...bodies);
};

// Numbers for people.
export const counted = (count, thing) => `${count.toLocaleString("en")} ${thing}${count === 1 ? "" : "s"}`;
const digits = new Intl.NumberFormat("en", { maximumSignificantDigits: 4 });
export const number = (value) => (typeof value === "number" && Number.isFinite(value) ? (Number.isInteger(value) ? String(value) : Math.abs(value) < 1e-4 || Math.abs(value) >= 1e9 ? value.toExponential(3) : digits.format(value)) : String(value));
export const rate = (value) => (value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(1));
export const seconds = (value) => (value < 1e-3 ? `${number(value * 1e6)} µs` : value < 1 ? `${number(value * 1e3)} ms` : `${number(value)} s`);
export const bytes = (value) => {
  const units = ["B", "KiB", "MiB", "GiB"];
  let at = 0;
  for (; value >= 1024 && at < units.length - 1; at += 1) value /= 1024;
  return `${at === 0 ? value : value.toFixed(1)} ${units[at]}`;
};

// A small plot of the last values of something.
export const plot = (name, show, length = 60) => {
  const values = [];
  const now = el("span", { class: "now" }, "–");
  const line = svg("path", { class: "line" });
  const area = svg("path", { class: "area" });
  const picture = svg("svg", { viewBox: "0 0 100 32", preserveAspectRatio: "none", role: "img", "aria-label": `${name}: nothing yet` },
    area, svg("path", { class: "base", d: "M0 31.5H100" }), line);
  const node = el("div", { class: "plot" }, el("div", { class: "head" }, el("span", { class: "soft small" }, name), now), picture);
  const draw = () => {
    const most = Math.max(...values.filter((value) => value !== null), 0) || 1;
    let path = "", shape = "", pen = false, last = 0;
    values.forEach((value, at) => {
      const x = 100 - (values.length - 1 - at) * (100 / (length - 1));
      if (value === null) {
        if (pen) shape += `L${last} 31.5Z`;
        pen = false;
        return;
      }
      const y = 30.5 - (value / most) * 28;
      path += `${pen ? "L" : "M"}${x.toFixed(2)} ${y.toFixed(2)}${pen ? "" : "h.01"}`;
      shape += pen ? `L${x.toFixed(2)} ${y.toFixed(2)}` : `M${x.toFixed(2)} 31.5L${x.toFixed(2)} ${y.toFixed(2)}`;
      [pen, last] = [true, x.toFixed(2)];
    });
    line.setAttribute("d", path);
    area.setAttribute("d", pen ? `${shape}L${last} 31.5Z` : shape);
    picture.setAttribute("aria-label", `${name}: ${now.textContent} now, at most ${show(most)} in the last ${values.length * 2} seconds`);
  };
  return {
    node,
    add(value) {
      values.push(value);
      if (values.length > length) values.shift();
      now.textContent = value === null ? "–" : show(value);
      draw();
    },
  };
};

// Runs `work` every `period` milliseconds while the page is visible, and never twice at once. Returns what ends it.
export const whileVisible = (period, work) => {
  let timer, ended = false;
  const next = async () => {
    clearTimeout(timer);
    if (ended || document.hidden) return;
    try {
      await work();
    } catch {
      // the next time may be better
    }
    if (!ended && !document.hidden) timer = setTimeout(next, period);
  };
  document.addEventListener("visibilitychange", next);
  next();
  return () => {
    ended = true;
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", next);
  };
};

// Hands a file to the reader.
export const download = (name, type, text) => {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = el("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
};
