// A file of rows: it is read here, asked in blocks, and given back with the answers behind its columns.
import { askJson, counted, download, el, prose, put, say, seconds } from "./console.js";
import { labels } from "./row.js";

const LARGEST = 100 << 20;
const BLOCK_ROWS = 5000;
const BLOCK_CELLS = 200_000;

// The records of a table in text (RFC 4180): cells may be in quotes, and hold separators and line ends there.
export const records = (text, separator) => {
  const all = [];
  let record = [], cell = "", quoted = false, begun = false;
  for (let at = 0; at < text.length; at += 1) {
    const one = text[at];
    if (quoted) {
      if (one !== '"') cell += one;
      else if (text[at + 1] === '"') (cell += '"'), (at += 1);
      else quoted = false;
    } else if (one === '"' && cell === "") {
      [quoted, begun] = [true, true];
    } else if (one === separator) {
      record.push(cell);
      [cell, begun] = ["", true];
    } else if (one === "\n" || one === "\r") {
      if (one === "\r" && text[at + 1] === "\n") at += 1;
      if (begun || cell !== "") all.push([...record, cell]);
      [record, cell, begun] = [[], "", false];
    } else {
      cell += one;
    }
  }
  if (quoted) throw new Error("A quote that opens a cell is never closed.");
  if (begun || cell !== "") all.push([...record, cell]);
  return all;
};

const line = (cells) => cells.map((cell) => (/[",\r\n]/.test(cell) || cell === "" && cells.length === 1 ? `"${cell.replaceAll('"', '""')}"` : cell)).join(",");
const separatorOf = (text) => {
  const head = text.slice(0, text.search(/[\r\n]|$/));
  const counts = [",", ";", "\t"].map((one) => [head.split(one).length, one]);
  return counts.sort((a, b) => b[0] - a[0])[0][1];
};

const read = async (file) => {
  if (file.size > LARGEST) throw new Error(`The file has ${(file.size / (1 << 20)).toFixed(0)} MiB, and this page reads 100 MiB at most. “longshore predict MODEL --input FILE” answers files of any size.`);
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(await file.arrayBuffer());
  } catch {
    throw new Error("The file is no text in UTF-8. Save it as CSV in UTF-8.");
  }
  const [head, ...rows] = records(text, separatorOf(text));
  if (!head) throw new Error("The file is empty. The first line names the columns, each further one is a row.");
  if (rows.length === 0) throw new Error("The file has a first line, which names the columns, and no rows.");
  const ragged = rows.findIndex((row) => row.length !== head.length);
  if (ragged !== -1) throw new Error(`Row ${ragged + 1} has ${rows[ragged].length} cells, and the first line names ${head.length} columns.`);
  return { head, rows };
};

export const tryFile = (model) => {
  const input = el("input", { id: "file", type: "file", accept: ".csv,.tsv,.txt,text/csv", class: "hide" });
  const method = el("select", { id: "file-method" }, model.methods.map((name) => el("option", { value: name, selected: name === model.default }, name)));
  const out = el("div", { class: "stack", role: "status", "aria-live": "polite" });
  const drop = el("div", { class: "drop" },
    el("p", {}, "Drop a CSV file here, with the names of the columns in its first line."),
    el("div", { class: "row" }, el("button", { type: "button", onclick: () => input.click() }, "Choose a file"),
      el("div", { class: "inline" }, el("label", { for: "file-method" }, "Method"), method)),
    el("label", { class: "hide", for: "file" }, "CSV file"), input);
  input.tabIndex = -1;

  const run = async (file) => {
    put(out, el("p", { class: "soft" }, `Reading ${file.name}…`));
    const { head, rows } = await read(file);
    const query = new URLSearchParams({ model: model.name, version: model.version, method: method.value });
    const size = Math.max(1, Math.min(BLOCK_ROWS, Math.floor(BLOCK_CELLS / head.length)));
    const answers = [];
    const begun = performance.now();
    for (let at = 0; at < rows.length; at += size) {
      const body = [head, ...rows.slice(at, at + size)].map(line).join("\n");
      try {
        const { predictions } = await askJson(`invocations?${query}`, { method: "POST", headers: { "content-type": "text/csv" }, body });
        for (const one of predictions) answers.push([one].flat(Infinity));
      } catch (error) {
        // rows count from 0 in what the server says, and from 1 for who reads a file
        throw new Error(error.message.replace(/\brow (\d+)/g, (_, row) => `row ${Number(row) + at + 1}`));
      }
      put(out, el("p", { class: "soft" }, `${answers.length.toLocaleString("en")} of ${counted(rows.length, "row")}…`));
    }
    const took = (performance.now() - begun) / 1e3;
    const width = answers[0].length;
    const names = width === 1 ? [method.value === "predict" ? "prediction" : method.value] : labels(model, method.value, width).map((label) => `${method.value}_${label}`);
    const whole = () => [[...head, ...names], ...rows.map((row, at) => [...row, ...answers[at].map((value) => (value === null ? "" : String(value)))])].map(line).join("\n") + "\n";
    const name = file.name.replace(/\.[^.]*$/, "") + "-predictions.csv";
    const some = 10;
    const order = [...names.map((_, at) => head.length + at), ...head.map((_, at) => at)];
    const pick = (cells) => order.map((at) => cells[at]);
    put(out,
      el("div", { class: "row spread" },
        el("p", {}, `${counted(rows.length, "row")} answered in ${seconds(took)}.`),
        el("button", { class: "primary", type: "button", onclick: () => download(name, "text/csv", whole()) }, "Download with predictions")),
      el("div", { class: "scroll-x", tabindex: "0", role: "group", "aria-label": "The first rows with their answers" },
        el("table", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "Row"), pick([...head, ...names]).map((one) => el("th", { scope: "col" }, one)))),
          el("tbody", {}, rows.slice(0, some).map((row, at) => el("tr", {}, el("th", { scope: "row" }, String(at + 1)), pick([...row, ...answers[at]]).map((cell) => el("td", {}, cell === null ? "missing" : String(cell)))))))),
      rows.length > some && el("p", { class: "soft small" }, `The first ${some} of ${counted(rows.length, "row")}.`));
    say(`${counted(rows.length, "row")} answered`);
  };
  const take = async (file) => {
    if (!file) return;
    try {
      await run(file);
    } catch (error) {
      put(out, el("p", { class: "note bad" }, prose(error.message)));
    }
    input.value = "";
  };
  input.addEventListener("change", () => take(input.files[0]));
  const over = (on) => (event) => {
    event.preventDefault();
    drop.classList.toggle("over", on);
  };
  drop.addEventListener("dragover", over(true));
  drop.addEventListener("dragleave", over(false));
  drop.addEventListener("drop", (event) => {
    over(false)(event);
    take(event.dataTransfer.files[0]);
  });
  return el("section", { class: "card stack", "aria-labelledby": "file-title" }, el("h2", { id: "file-title" }, "Try a file"), drop, out);
};
