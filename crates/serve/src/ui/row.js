// One row, tried: a form of its columns, the answer, and the same request as code.
import { askJson, breakable, code, el, hasKey, prose, put, root, seconds, svg, tabs } from "./console.js";

const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const UNUSUAL = /^(NaN|-?Infinity)$/;
const TEXTS = ["string", "text", "binary", "datetime"];

// What a field holds, as JSON; `undefined` leaves the column out. What is no number goes as the text that it is: the
// server says what is wrong with it.
const token = (column, text) => {
  if (text.trim() === "" && column.type !== "string" && column.type !== "text") return column.required ? "null" : undefined;
  if (text === "") return column.required ? "null" : undefined;
  if (TEXTS.includes(column.type)) return JSON.stringify(text);
  const plain = text.trim();
  if (JSON_NUMBER.test(plain) || UNUSUAL.test(plain)) return plain;
  if (column.type === "boolean" && /^(true|false)$/i.test(plain)) return plain.toLowerCase();
  if (column.type === "nested") return plain;
  if (/^[+.\d][\d.]*([eE][+-]?\d+)?$/.test(plain) && Number.isFinite(Number(plain))) return String(Number(plain));
  return JSON.stringify(text);
};

const shownAs = (value) => (value === null || value === undefined ? "" : typeof value === "string" ? value : JSON.stringify(value));

const OTHER = "\u0000other";

// The input of a column, and what gives its value as JSON.
const field = (column, at, value) => {
  const id = `field-${at}`;
  const label = column.name ?? `Column ${at}`;
  const fault = el("p", { class: "fault", id: `${id}-fault`, hidden: true });
  const attributes = { id, "aria-describedby": `${id}-kind ${id}-fault` };
  let input, read;
  const typed = () => {
    const number = !TEXTS.includes(column.type) && column.type !== "nested";
    const entry = el("input", { ...attributes, autocomplete: "off", spellcheck: "false", inputmode: number && "decimal", placeholder: column.required ? false : "left out" });
    entry.value = shownAs(value);
    return entry;
  };
  const choices = column.type === "boolean" ? [true, false] : column.choices;
  if (choices.length > 0 && choices.length <= 200) {
    input = el("select", attributes,
      (!column.required || value == null) && el("option", { value: "" }, column.required ? "missing" : "left out"),
      choices.map((choice) => el("option", { value: JSON.stringify(choice) }, shownAs(choice))),
      column.type !== "boolean" && el("option", { value: OTHER }, "another value…"));
    const token = value == null ? "" : JSON.stringify(value);
    if ([...input.options].some((option) => option.value === token)) input.value = token;
    else input = typed();
  } else {
    input = typed();
  }
  const node = el("div", { class: "field" },
    el("div", { class: "head" }, el("label", { for: id }, breakable(label)), el("span", { class: "kind", id: `${id}-kind` }, `${column.type}${column.required ? "" : ", optional"}`)), input, fault);
  const chosen = () => {
    if (input.value !== OTHER) return;
    value = "";
    const entry = typed();
    input.replaceWith(entry);
    input = entry;
    input.focus();
  };
  node.addEventListener("change", chosen);
  read = () => (input.tagName === "SELECT" ? (input.value === "" ? (column.required ? "null" : undefined) : input.value) : token(column, input.value));
  return {
    node,
    label,
    name: column.name,
    read,
    mark(text) {
      fault.hidden = text === undefined;
      fault.textContent = text ?? "";
      if (text === undefined) input.removeAttribute("aria-invalid");
      else input.setAttribute("aria-invalid", "true");
    },
    focus: () => input.focus(),
  };
};

// A text in the quotes of a POSIX shell.
const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;

const TOKENS = /"(?:[^"\\]|\\.)*"|\b(?:true|false|null)\b/g;
const PYTHON = { true: "True", false: "False", null: "None" };
const python = (json) => json.replace(TOKENS, (found) => PYTHON[found] ?? JSON.stringify(JSON.parse(found)));

export const tryRow = (model) => {
  const base = new URL(root || ".", location.href).href.replace(/#.*$/, "");
  const named = model.form === "named" || model.form === "dict";
  const example = model.example?.row;
  const path = `v1/models/${encodeURIComponent(model.name)}${model.path === undefined ? "" : `/versions/${encodeURIComponent(model.path)}`}:predict`;

  const value = (column, at) => (named ? example?.[column.name] : Array.isArray(example) ? example[at] : undefined);
  const isText = model.form === "document";
  const few = model.columns.length > 0 && model.columns.length === model.column_count;
  const covered = model.form !== "dict" || Object.keys(example ?? {}).every((key) => model.columns.some(({ name }) => name === key));
  const hasForm = isText || (few && covered);
  const fields = hasForm && !isText ? model.columns.map((column, at) => field(column, at, value(column, at))) : [];
  const words = isText && el("textarea", { id: "field-text", rows: "4" });
  if (isText) words.value = shownAs(example) || "";

  const row = () => {
    if (isText) return JSON.stringify(words.value);
    const cells = fields.map((one) => [one, one.read()]);
    if (named) return `{${cells.filter(([, cell]) => cell !== undefined).map(([{ name }, cell]) => `${JSON.stringify(name)}: ${cell}`).join(", ")}}`;
    return `[${cells.map(([, cell]) => cell ?? "null").join(", ")}]`;
  };
  const ofForm = () => `{"instances": [${row()}]}`;
  const raw = el("textarea", { id: "body", rows: "12", spellcheck: "false", "aria-describedby": "body-help" });
  raw.value = hasForm ? ofForm() : JSON.stringify({ instances: example === undefined ? [] : [example] }, null, 1);
  let isRaw = !hasForm;
  const body = () => (isRaw ? raw.value.trim() : ofForm());

  const method = el("select", { id: "method" }, model.methods.map((name) => el("option", { value: name, selected: name === model.default }, name === model.default ? `${name} (default)` : name)));
  const asked = () => (method.value === model.default ? path : `${path}?method=${method.value}`);

  const answer = el("div", { class: "stack", id: "answer", role: "status", "aria-live": "polite" }, el("p", { class: "soft" }, "The answer appears here."));
  const request = el("div");
  const button = el("button", { class: "primary", type: "submit" }, "Ask the model");

  const codes = () => {
    const text = body();
    const key = hasKey();
    const curl = [`curl ${quoted(base + asked())}`, `-H 'content-type: application/json'`, key && '-H "authorization: Bearer $LONGSHORE_API_KEY"', `-d ${quoted(text)}`].filter(Boolean).join(" \\\n  ");
    const unusual = /(?<![\w"])(NaN|-?Infinity)(?![\w"])/.test(text.replace(TOKENS, "0"));
    const what = unusual ? `    data=${JSON.stringify(text)},\n    headers={"content-type": "application/json"${key ? ', "authorization": "Bearer " + os.environ["LONGSHORE_API_KEY"]' : ""}},` :
      `    json=${python(text)},${key ? '\n    headers={"authorization": "Bearer " + os.environ["LONGSHORE_API_KEY"]},' : ""}`;
    const script = `${key ? "import os\n\n" : ""}import requests\n\nresponse = requests.post(\n    ${JSON.stringify(base + asked())},\n${what}\n)\nresponse.raise_for_status()\nprint(response.json()["predictions"])\n`;
    return [curl, script];
  };
  const blocks = [code("", "the request as curl"), code("", "the request in Python")];
  const write = () => codes().forEach((text, at) => (blocks[at].querySelector("pre").textContent = text));
  put(request, tabs("The request as code", [["curl", blocks[0]], ["Python", blocks[1]]]));

  const clear = () => fields.forEach((one) => one.mark());
  // The server names the column that is wrong in backticks, or its place.
  const fail = (message) => {
    clear();
    const column = message.match(/column `([^`]*)`/)?.[1] ?? message.match(/`([^`]*)`/)?.[1];
    const place = message.match(/column (\d+)/)?.[1];
    const found = fields.find((one) => one.name != null && one.name === column) ?? (place !== undefined ? fields[Number(place)] : undefined);
    if (!isRaw && found) {
      // where it is stands beside it already
      const words = message.replace(/^[^:]*\b(row|column)\b[^:]*: /, "");
      found.mark(words.charAt(0).toUpperCase() + words.slice(1));
      found.focus();
    }
    put(answer, el("p", { class: "note bad" }, prose(message)));
  };

  const send = async (event) => {
    event.preventDefault();
    clear();
    write();
    button.disabled = true;
    const text = body();
    const post = (path) => askJson(path, { method: "POST", headers: { "content-type": "application/json" }, body: text });
    try {
      const begun = performance.now();
      const { predictions } = await post(asked());
      const took = (performance.now() - begun) / 1e3;
      const shares = method.value === "predict" && model.methods.includes("predict_proba") && predictions.length === 1 ? (await post(`${path}?method=predict_proba`)).predictions[0] : undefined;
      write();
      put(answer, result(model, method.value, predictions, shares), el("p", { class: "soft small" }, `${predictions.length === 1 ? "1 row" : `${predictions.length} rows`}, there and back in ${seconds(took)}`));
    } catch (error) {
      fail(error.message);
    } finally {
      button.disabled = false;
    }
  };

  const editor = el("div", { class: "field" }, el("label", { for: "body" }, "Body of the request"), raw, el("p", { class: "soft small", id: "body-help" }, "One or several rows in “instances”."));
  const form = el("form", { class: "stack", novalidate: true, onsubmit: send, oninput: write, onchange: write },
    !hasForm ? editor :
      tabs("How to write the row", [
        ["Form", isText ? el("div", { class: "field" }, el("label", { for: "field-text" }, "Text"), words) : el("div", { class: `fields${fields.length > 24 ? " scroll" : ""}`, ...(fields.length > 24 ? { tabindex: "0", role: "group", "aria-label": "Columns of the row" } : {}) }, fields.map(({ node }) => node))],
        ["JSON", editor],
      ], 0, (at) => {
        if (at === 1 && !isRaw) raw.value = ofForm();
        isRaw = at === 1;
      }),
    el("div", { class: "row spread" },
      el("div", { class: "inline" }, el("label", { for: "method" }, "Method"), method), button),
    model.example && el("p", { class: "soft small" }, `The row is ${model.example.from === "made up" ? "made up: nothing is known of the training data" : `from ${model.example.from}`}.`));
  write();

  return el("div", { class: "halves" },
    el("section", { class: "card stack", "aria-labelledby": "try-title" }, el("h2", { id: "try-title" }, "Try a row"), form),
    el("div", { class: "stack" },
      el("section", { class: "card stack", "aria-labelledby": "answer-title" }, el("h2", { id: "answer-title" }, "Answer"), answer),
      el("section", { class: "card stack", "aria-labelledby": "code-title" }, el("h2", { id: "code-title" }, "The same request"), request)));
};

const text = (value) => (value === null ? "missing" : String(value));

// The labels of the values of a row.
export const labels = (model, method, width) => {
  if (["predict_proba", "predict_log_proba", "decision_function", "margin"].includes(method) && model.classes.length === width) return model.classes.map(String);
  if (method === "predict_proba") return Array.from({ length: width }, (_, at) => `class ${at}`);
  if (method === "contributions" && model.columns.length + 1 === width) return [...model.columns.map(({ name }, at) => name ?? `column ${at}`), "expected"];
  return Array.from({ length: width }, (_, at) => String(at));
};

const bars = (names, shares) => {
  const most = Math.max(...shares);
  const order = shares.map((_, at) => at).sort((a, b) => shares[b] - shares[a]).slice(0, 50);
  return el("ul", { class: "bars", "aria-label": "Probability of each class" },
    order.map((at) => el("li", { class: shares[at] === most && "most" },
      el("span", { class: "name" }, names[at]),
      svg("svg", { viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" }, svg("rect", { class: "track", width: 100, height: 8 }), svg("rect", { class: "fill", width: Math.max(0, Math.min(100, shares[at] * 100)), height: 8 })),
      el("span", { class: "value" }, `${(shares[at] * 100).toFixed(1)} %`))));
};

const table = (head, rows) =>
  el("div", { class: "scroll-x scroll-y", tabindex: "0", role: "group", "aria-label": "Values" },
    el("table", {}, el("thead", {}, el("tr", {}, head.map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, rows.map((cells) => el("tr", {}, cells.map((cell, at) => el(at === 0 ? "th" : "td", at === 0 ? { scope: "row" } : { class: typeof cell === "number" && "number" }, text(cell))))))));

const result = (model, method, predictions, shares) => {
  const [first] = predictions;
  if (predictions.length !== 1) {
    const width = Array.isArray(first) ? first.length : 1;
    const names = Array.isArray(first) ? labels(model, method, width) : [method];
    const rows = predictions.slice(0, 200).map((one, at) => [at, ...[one].flat()]);
    return el("div", { class: "stack" }, table(["Row", ...names], rows), predictions.length > 200 && el("p", { class: "soft small" }, `The first 200 of ${predictions.length}.`));
  }
  if (!Array.isArray(first)) {
    return el("div", { class: "stack" }, el("p", { class: "answer" }, text(first)), shares && bars(labels(model, "predict_proba", shares.length), shares));
  }
  const flat = first.flat(Infinity);
  const names = labels(model, method, flat.length);
  return method === "predict_proba" ? bars(names, flat) : table([method === "contributions" ? "Column" : "Place", "Value"], flat.slice(0, 500).map((value, at) => [names[at], value]));
};
