// The page of the models: one is chosen, tried with a row or a file, and watched.
import { Refused, askJson, byId, bytes, counted, el, forgetKey, hasKey, number, plot, prose, put, rate, say, seconds, whileVisible } from "./console.js";
import { tryFile } from "./file.js";
import { tryRow } from "./row.js";

// What is chosen stands behind the `#` of the address, so that it can be kept and sent: `#/NAME` or `#/NAME/VERSION`.
const chosen = () => location.hash.replace(/^#\/?/, "").split("/").filter(Boolean).map(decodeURIComponent);
const addressOf = (name, version) => `#/${encodeURIComponent(name)}${version === undefined ? "" : `/${encodeURIComponent(version)}`}`;
const SLOWLY = 500;

let models = [];
let shown;
let endWatch = () => {};

const trouble = (error) => el("p", { class: "note bad", role: "alert" }, error instanceof Refused ? error.message : String(error));

const list = () => {
  const [name] = chosen();
  const sought = byId("filter").value.toLowerCase();
  const found = models.filter((model) => model.name.toLowerCase().includes(sought));
  const item = ({ name: own, state }) =>
    el("li", {}, el("a", { href: addressOf(own), "aria-current": own === name && "page" },
      el("span", { class: `dot ${state}` }), el("span", { class: "name" }, own), state !== "ready" && el("span", { class: "small soft" }, state)));
  const most = 300;
  put(byId("models"), found.slice(0, most).map(item), found.length > most && el("li", { class: "soft small" }, `and ${found.length - most} more`), found.length === 0 && el("li", { class: "soft small" }, "No model has such a name."));
};

const head = (entry, model) => {
  const versions = model?.versions ?? entry.versions;
  const choose = el("select", { id: "version", onchange: () => (location.hash = addressOf(entry.name, choose.value)) }, versions.map((version) => el("option", { selected: version === model?.version }, version)));
  const facts = model && [
    ["Kind", model.flavor], ["Saved by", model.origin.join(", ")], ["Takes", takes(model)], ["Size", bytes(model.file_bytes)], ["Loaded in", seconds(model.load_ms / 1e3)],
    ["Since", new Date(model.loaded_at).toLocaleString()],
  ];
  return el("section", { class: "card stack", "aria-labelledby": "title" },
    el("div", { class: "row spread" },
      el("div", { class: "row" }, el("h2", { id: "title", tabindex: "-1" }, entry.name), el("span", { class: `badge ${entry.state}` }, entry.state)),
      versions.length > 1 && el("div", { class: "inline" }, el("label", { for: "version" }, "Version"), choose),
      versions.length === 1 && el("span", { class: "soft small" }, `version ${versions[0]}`)),
    entry.reason && el("p", { class: `note ${entry.state === "failed" ? "bad" : "warn"}` }, prose(entry.reason)),
    facts && el("dl", { class: "facts small" }, facts.filter(([, value]) => value && value !== "0 B").map(([fact, value]) => el("div", {}, el("dt", {}, fact), el("dd", {}, value)))));
};

const takes = ({ form, column_count: count }) => (form === "document" ? "a text" : form === "dict" ? "any columns by name" : count ? counted(count, "column") : "rows of any width");

const columns = ({ columns: all, column_count: count, form }) => {
  if (form === "document" || all.length === 0) return null;
  const known = ({ choices, typical }) => {
    const some = choices.slice(0, 8).map((choice) => (typeof choice === "string" ? choice : JSON.stringify(choice)));
    return choices.length ? `${some.join(", ")}${choices.length > some.length ? `, and ${choices.length - some.length} more` : ""}` : typical === null ? "" : `around ${number(typical)}`;
  };
  const row = (column, at) =>
    el("tr", {}, el("th", { scope: "row" }, column.name ?? `${at}`), el("td", {}, column.type), el("td", {}, column.required ? "yes" : "no"), el("td", {}, known(column)));
  return el("details", { class: "card" },
    el("summary", {}, el("h3", {}, `Columns (${count})`)),
    el("div", { class: "inside stack" }, el("div", { class: "scroll-x scroll-y", tabindex: "0", role: "group", "aria-label": "Columns" },
      el("table", {}, el("thead", {}, el("tr", {}, ["Column", "Type", "Required", "Known from training"].map((name) => el("th", { scope: "col" }, name)))), el("tbody", {}, all.map(row)))),
    count > all.length && el("p", { class: "soft small" }, `The first ${all.length} of ${count}.`)));
};

// Rate and latency, from the server's own statistics.
const watch = ({ name, version }) => {
  const requests = plot("Requests a second", rate);
  const latency = plot("Mean latency", seconds);
  const failures = plot("Failures a second", rate);
  const totals = el("p", { class: "soft small" }, "Counting begins.");
  let before;
  endWatch();
  endWatch = whileVisible(2000, async () => {
    const { model_stats: all } = await askJson(`v2/models/${encodeURIComponent(name)}/stats`, { quiet: true });
    const own = all.find((one) => one.version === version);
    if (!own) return;
    const { success, fail } = own.inference_stats;
    const now = { at: performance.now(), success, fail };
    if (before && now.at - before.at < 10_000) {
      const passed = (now.at - before.at) / 1e3;
      const answered = success.count - before.success.count;
      const failed = fail.count - before.fail.count;
      requests.add((answered + failed) / passed);
      failures.add(failed / passed);
      latency.add(answered > 0 ? (success.ns - before.success.ns) / answered / 1e9 : null);
    }
    before = now;
    const mean = success.count ? `, ${seconds(success.ns / success.count / 1e9)} in the mean` : "";
    totals.textContent = `Since the server started: ${success.count.toLocaleString("en")} answered${mean}, ${fail.count.toLocaleString("en")} refused or failed, ${counted(own.inference_count, "row")}.`;
  });
  return el("section", { class: "card stack", "aria-labelledby": "live-title" },
    el("h2", { id: "live-title" }, "Live"), el("div", { class: "plots" }, requests.node, latency.node, failures.node), totals);
};

const show = async (focus) => {
  const [name, version] = chosen();
  const place = byId("model");
  const entry = models.find((model) => model.name === name);
  list();
  endWatch();
  shown = entry && { name, version, loaded: entry.loaded_at };
  if (!entry) {
    const words = models.length === 0 ? "This server has no model yet." : name === undefined ? "Choose a model." : `There is no model “${name}” here.`;
    put(place, el("p", { class: "note" }, words));
    return;
  }
  place.setAttribute("aria-busy", "true");
  if (["failed", "unloaded", "loading"].includes(entry.state)) {
    put(place, head(entry));
  } else {
    if (entry.state === "idle") put(place, el("p", { class: "soft" }, `Loading ${name}…`));
    try {
      const model = await askJson(`console/models/${encodeURIComponent(name)}${version === undefined ? "" : `/versions/${encodeURIComponent(version)}`}`);
      if (chosen().join("/") !== [name, version].filter((part) => part !== undefined).join("/")) return;
      document.title = `${name} · Longshore`;
      const asked = { ...model, path: version };
      put(place, head({ ...entry, state: "ready" }, model), tryRow(asked), tryFile(asked), watch(model), columns(model));
    } catch (error) {
      put(place, head(entry), trouble(error));
    }
  }
  place.removeAttribute("aria-busy");
  if (focus) byId("title")?.focus();
};

const refresh = async (quiet) => {
  const answer = await askJson("console/models", { quiet });
  models = answer.models;
  const ready = models.filter((model) => model.state === "ready").length;
  put(byId("status"), el("span", {}, `${ready} of ${models.length} ready`), el("span", {}, `version ${answer.server}`),
    hasKey() && el("button", { class: "plain small", type: "button", onclick: forgetKey }, "Forget the key"));
  byId("filter").hidden = models.length < 12;
  byId("chooser").hidden = models.length === 1;
  byId("side").classList.toggle("single", models.length === 1);
  list();
};

const changed = () => {
  const entry = shown && models.find((model) => model.name === shown.name);
  if (!shown || entry?.loaded_at === shown.loaded || byId("changed")) return;
  const words = entry ? "This model has changed since it was shown." : "This model is gone.";
  byId("model").prepend(el("p", { id: "changed", class: "note warn row spread" }, words, el("button", { type: "button", onclick: () => show(true) }, "Show what is there now")));
  say(words);
};

const start = async () => {
  try {
    await refresh();
  } catch (error) {
    put(byId("model"), trouble(error));
    byId("model").removeAttribute("aria-busy");
    byId("chooser").hidden = true;
    return;
  }
  byId("filter").addEventListener("input", list);
  addEventListener("hashchange", () => show(true));
  const [first] = models.filter((model) => model.state === "ready");
  const only = models.length === 1 ? models[0] : first;
  if (chosen().length === 0 && only) history.replaceState(null, "", addressOf(only.name));
  await show();
  const period = models.length > SLOWLY ? 60_000 : 5_000;
  let begun = false;
  whileVisible(period, async () => {
    if (begun) {
      await refresh(true);
      changed();
    }
    begun = true;
  });
};

start();
