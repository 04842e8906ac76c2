// The API, read from the server's own description: each request can be sent, and copied.
import { Refused, ask, askJson, byId, code, download, el, forgetKey, hasKey, prose, put, root, seconds } from "./console.js";

const quoted = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
const base = new URL(root || ".", location.href).href.replace(/[#?].*$/, "");
let description;

const deref = (schema) => {
  const name = schema?.$ref?.split("/").pop();
  return name === undefined ? schema : deref(description.components[schema.$ref.includes("/responses/") ? "responses" : "schemas"][name]);
};

// A schema in a line, for people.
const kind = (schema) => {
  const own = deref(schema) ?? {};
  if (own.anyOf) return [...new Set(own.anyOf.map(kind))].join(" or ");
  if (own.enum) return own.enum.join(" | ");
  if (own.type === "array") return `list of ${kind(own.items)}`;
  return [own.type ?? "any"].flat().join(" or ");
};

const tableOf = (label, head, rows) =>
  rows.length > 0 && el("div", { class: "scroll-x scroll-y", tabindex: "0", role: "group", "aria-label": label },
    el("table", {}, el("thead", {}, el("tr", {}, head.map((name) => el("th", { scope: "col" }, name)))),
      el("tbody", {}, rows.map((cells) => el("tr", {}, cells.map((cell, at) => el(at ? "td" : "th", at ? {} : { scope: "row" }, cell)))))));

// The columns of the rows that a body holds.
const columns = (content) => {
  const body = deref(content?.["application/json"]?.schema);
  const row = deref(body?.properties?.instances?.items);
  const rows = Object.entries(row?.properties ?? {}).map(([name, schema]) => [name, kind(schema), row.required?.includes(name) ? "yes" : "no", prose(schema.description ?? "")]);
  return tableOf("Columns of a row", ["Column", "Type", "Required", "Known"], rows);
};

const examples = (content) => {
  const json = content?.["application/json"];
  if (!json) return [];
  if (json.example !== undefined) return [["", json.example]];
  return Object.values(json.examples ?? {}).map(({ summary, value }) => [summary, value]);
};

let count = 0;
const operation = (path, method, own, tag) => {
  const id = `op-${(count += 1)}`;
  const parameters = own.parameters ?? [];
  const bodies = examples(own.requestBody?.content);
  const chosen = bodies.find(([name]) => name === tag) ?? bodies[0];
  const body = own.requestBody && el("textarea", { id: `${id}-body`, rows: "7", spellcheck: "false" });
  if (body) body.value = chosen ? JSON.stringify(chosen[1], null, 1) : "{}";
  const inputs = parameters.map((parameter, at) => {
    const { schema } = parameter;
    const input = el(schema.enum ? "select" : "input", { id: `${id}-${at}`, autocomplete: schema.enum ? false : "off" },
      schema.enum && [!parameter.required && el("option", { value: "" }, "–"), ...schema.enum.map((value) => el("option", { value, selected: parameter.name === "model" && value === tag }, value))].filter(Boolean));
    return { parameter, input, node: el("div", { class: "field" }, el("div", { class: "head" }, el("label", { for: input.id }, parameter.name), el("span", { class: "kind" }, `${parameter.in}${parameter.required ? "" : ", optional"}`)), input, parameter.description && el("p", { class: "soft small" }, prose(parameter.description))) };
  });
  const asked = () => {
    let to = path.slice(1);
    const query = new URLSearchParams();
    for (const { parameter: { name, in: place }, input } of inputs) {
      if (place === "path") to = to.replace(`{${name}}`, encodeURIComponent(input.value || `{${name}}`));
      else if (input.value !== "") query.append(name, input.value);
    }
    return query.size ? `${to}?${query}` : to;
  };
  const curl = () => [`curl ${method === "post" && !body ? "-X POST " : ""}${quoted(base + asked())}`, hasKey() && '-H "authorization: Bearer $LONGSHORE_API_KEY"', body && "-H 'content-type: application/json'", body && `-d ${quoted(body.value)}`].filter(Boolean).join(" \\\n  ");
  const block = code("", `${own.summary} as curl`);
  const write = () => (block.querySelector("pre").textContent = curl());
  const out = el("div", { class: "stack", role: "status", "aria-live": "polite" });
  const send = async (event) => {
    event.preventDefault();
    put(out, el("p", { class: "soft" }, "Asking…"));
    try {
      const begun = performance.now();
      const response = await ask(asked(), { method: method.toUpperCase(), headers: { accept: "application/json, text/plain;q=0.9", ...(body ? { "content-type": "application/json" } : {}) }, body: body?.value });
      const text = await response.text();
      write();
      let shown = text;
      try {
        shown = JSON.stringify(JSON.parse(text), null, 1);
      } catch {
        // a text is shown as it is
      }
      put(out, el("p", {}, el("strong", {}, `${response.status} ${response.statusText}`), el("span", { class: "soft" }, `, ${response.headers.get("content-type") ?? "no type"}, ${seconds((performance.now() - begun) / 1e3)}`)),
        code(shown.length > 20_000 ? `${shown.slice(0, 20_000)}…` : shown, "the answer"));
    } catch (error) {
      put(out, el("p", { class: "note bad" }, error.message));
    }
  };
  const failures = Object.entries(own.responses).map(([status, response]) => [status, prose(deref(response).description)]);
  const inside = () => el("form", { class: "inside stack", onsubmit: send, oninput: write, onchange: write },
    own.description && el("p", {}, prose(own.description)),
    inputs.length > 0 && el("div", { class: "fields" }, inputs.map(({ node }) => node)),
    body && el("div", { class: "field" }, el("label", { for: body.id }, "Body"), body),
    el("div", { class: "row" }, el("button", { class: "primary", type: "submit" }, "Send")),
    out, block, columns(own.requestBody?.content), tableOf("Answers", ["Status", "When"], failures));
  const details = el("details", { class: "card", id: `${tag}/${own.operationId}` },
    el("summary", {}, el("span", { class: `method ${method}` }, method.toUpperCase()), el("code", {}, path), el("span", { class: "soft small" }, prose(own.summary))));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) {
      details.append(inside());
      write();
    }
  });
  return details;
};

const start = async () => {
  const place = byId("operations");
  try {
    description = await askJson("openapi.json");
  } catch (error) {
    put(place, el("p", { class: "note bad", role: "alert" }, error instanceof Refused ? error.message : String(error)));
    return;
  } finally {
    place.removeAttribute("aria-busy");
  }
  put(byId("about"), prose(description.info.description));
  byId("openapi").addEventListener("click", (event) => {
    if (!hasKey()) return;
    // a link cannot show a key
    event.preventDefault();
    download("openapi.json", "application/json", JSON.stringify(description, null, 1));
  });
  put(byId("status"), el("span", {}, `version ${description.info.version}`), hasKey() && el("button", { class: "plain small", type: "button", onclick: forgetKey }, "Forget the key"));
  const all = Object.entries(description.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, own]) => [path, method, own]));
  put(place, description.tags.map(({ name, description: about }) => {
    const own = all.filter(([, , { tags }]) => tags.includes(name));
    return el("section", { class: "stack", "aria-label": name }, el("div", {}, el("h2", {}, name), el("p", { class: "soft small" }, prose(about))), own.map(([path, method, one]) => operation(path, method, one, name)));
  }));
  if (description.tags.length > 0) place.querySelector("details")?.setAttribute("open", "");
};

start();
