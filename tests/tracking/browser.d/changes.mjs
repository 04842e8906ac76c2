// What people compare, rename, tag, delete and restore, and what the page keeps for them.

const RUNS = "codegen_mlflow_app_src_experiment-tracking_components_experiment-page_components_runs_experimentviewruns";
const HEADER = "codegen_mlflow_app_src_shared_building_blocks_pageheader.tsx_54";

export default ({ page, told, at, shows, lacks, component, answered, dialog, forgive }) => {
  const { experiment, run, other, fitted, first, lookout, hook, restarts } = told;
  const inside = `/experiments/${experiment}`;
  const compared = `/compare-runs?runs=${encodeURIComponent(JSON.stringify([run, other, first]))}&experiments=${encodeURIComponent(JSON.stringify([experiment]))}`;
  const runs = async () => {
    await at("/");
    await at(`${inside}/runs?lifecycleFilter=Active`);
    await shows("crane-0");
  };
  const pick = (name) => page.locator("[role=row]").filter({ hasText: name }).locator("input[type=checkbox]").first().click({ force: true });
  const choose = async (name) => {
    await page.getByRole("menuitem", { name }).click();
  };

  return {
    async "runs, compared"() {
      await at(compared);
      await page.locator(".js-plotly-plot .parcoords").first().waitFor({ state: "attached" });
      const drawn = (kind) => page.waitForFunction((kind) => [...document.querySelectorAll(".js-plotly-plot")].some((it) => it.data?.some(({ type, x }) => type === kind && x.length === 3)), kind);
      await page.getByRole("tab", { name: "Scatter Plot" }).click();
      await drawn("scattergl");
      await page.getByRole("tab", { name: "Contour Plot" }).click();
      await page.locator("#yaxis-selector").click();
      await page.getByRole("option", { name: "loss" }).click();
      await drawn("contour");
    },
    async "what differs between runs"() {
      await shows("kind");
      await page.getByRole("switch", { name: /^Parameters/ }).click();
      await lacks("kind");
      await shows("depth");
    },
    async "tags for several runs"() {
      await runs();
      await pick("crane-0");
      await pick("crane-1");
      await component(`${RUNS}controlsactionsselecttags.tsx_162`).click();
      await component("mlflow.experiment_page.runs.add_new_tag").click();
      const form = `${RUNS}controlsactionsaddnewtagmodal.tsx_`;
      await component(`${form}51`).fill("season");
      await component(`${form}78`).fill("winter");
      await component(`${form}34.footer.ok`).click();
      await answered("POST", /runs\/(set-tag|log-batch)$/, () => component("mlflow.experiment_page.runs.add_tags").click());
    },
    async "another name of a run"() {
      await runs();
      await pick("crane-1");
      await component(`${RUNS}controlsactions.tsx_110`).click();
      await dialog().locator("input").fill("crane-one");
      await answered("POST", /runs\/update$/, () => dialog().getByRole("button", { name: "Save" }).click());
      await shows("crane-one");
    },
    async "runs deleted and restored"() {
      await runs();
      await pick("crane-one");
      await component(`${RUNS}controlsactions.tsx_117`).click();
      await answered("POST", /runs\/delete$/, () => dialog().getByRole("button", { name: "Delete selected" }).click());
      await lacks("crane-one");
      await component(`${RUNS}controlsfilters.tsx_248`).click();
      await page.getByText("Deleted", { exact: true }).last().click();
      await shows("crane-one");
      await pick("crane-one");
      await component(`${RUNS}controlsactions.tsx_126`).click();
      await answered("POST", /runs\/restore$/, () => dialog().getByRole("button", { name: "Restore" }).click());
      await runs();
      await shows("crane-one");
    },
    async "columns that stay"() {
      await runs();
      await component(`${RUNS}columnselector.tsx_315`).click();
      await component(`${RUNS}columnselector.tsx_300`).fill("Source");
      await page.locator("strong").getByText("Source", { exact: true }).click();
      await page.keyboard.press("Escape");
      const column = page.locator("[role=columnheader]").filter({ hasText: "Source" }).first();
      await column.waitFor({ state: "hidden" });
      await page.reload();
      await shows("crane-0");
      await column.waitFor({ state: "hidden" });
    },
    async "an experiment renamed and deleted"() {
      await at("/experiments");
      await page.getByRole("link", { name: "dry dock" }).first().click();
      await component(HEADER).first().click();
      await choose("Edit experiment");
      await dialog().locator("input").first().fill("wet dock");
      await answered("POST", /experiments\/update$/, () => dialog().getByRole("button", { name: "Save" }).click());
      await shows("wet dock");
      await at("/experiments");
      await page.getByRole("row").filter({ hasText: "wet dock" }).getByRole("checkbox").click();
      await component("mlflow.experiment_list_view.bulk_delete_button").click();
      await answered("POST", /experiments\/delete$/, () => dialog().getByRole("button", { name: "Delete" }).click());
      await page.getByRole("row").filter({ hasText: "wet dock" }).waitFor({ state: "hidden" });
    },
    async "versions, compared"() {
      await at(`/compare-model-versions?name=${encodeURIComponent('"lift"')}&runs=${encodeURIComponent(JSON.stringify({ 1: fitted, 2: first }))}`);
      for (const text of ["Comparing 2 Versions", "depth", "loss"]) await shows(text);
    },
    async "an alias and a tag of a version"() {
      await at("/models/lift/versions/2");
      await component("codegen_mlflow_app_src_model-registry_components_aliases_modelversionviewaliaseditor.tsx_29").first().click();
      await dialog().getByRole("combobox").fill("challenger");
      await page.keyboard.press("Enter");
      await answered("POST", /registered-models\/alias$/, () => component("mlflow.edit-aliases-modal.save-button").click());
      await shows("challenger");
      await page.getByText("Tags", { exact: true }).first().click();
      await component("codegen_mlflow_app_src_common_components_editabletagstableview.tsx_107").fill("hull");
      await component("codegen_mlflow_app_src_common_components_editabletagstableview.tsx_117").fill("steel");
      await answered("POST", /model-versions\/set-tag$/, () => component("codegen_mlflow_app_src_common_components_editabletagstableview.tsx_127").click());
      await shows("steel");
    },
    async "a stage of a version"() {
      await component("codegen_mlflow_app_src_model-registry_components_modelsnextuitoggleswitch.tsx_39").click();
      await dialog().getByRole("button", { name: /disable|confirm|ok/i }).last().click({ timeout: 2000 }).catch(() => {});
      await page.getByText("None", { exact: true }).first().click();
      await page.getByText("Staging", { exact: true }).last().click();
      await answered("POST", /model-versions\/transition-stage$/, () => dialog().getByRole("button", { name: /ok|confirm|transition/i }).last().click());
      await shows("Staging");
    },
    async "a webhook"() {
      await at("/settings/webhooks");
      await component("mlflow.settings.webhooks.create-button").click();
      await component("mlflow.settings.webhooks.name-input").fill("bell");
      await component("mlflow.settings.webhooks.url-input").fill(hook);
      await component("mlflow.settings.webhooks.event-checkbox").first().click();
      await answered("POST", /mlflow\/webhooks$/, () => dialog().getByRole("button", { name: "Create" }).click());
      await shows("bell");
      await answered("POST", /webhooks\/[^/]+\/test$/, () => component("mlflow.settings.webhooks.test-button").first().click());
      await component("mlflow.settings.webhooks.test-result-alert").first().waitFor();
      await component("mlflow.settings.webhooks.delete-button").first().click();
      await answered("DELETE", /webhooks\/[^/]+$/, () => dialog().getByRole("button", { name: "Delete" }).click());
      await lacks("bell");
    },
    async "an issue that is resolved"() {
      await at(`${inside}/evaluation-runs/${lookout}/issues`);
      for (const text of ["loose mooring", "Impacted traces"]) await shows(text);
      await component("mlflow.issues.edit-button").click();
      await component("mlflow.issues.description-textarea").fill("The ship drifts at night");
      await answered("PATCH", /issues\/iss-[^/]+$/, () => component("mlflow.issues.save-button").click());
      await answered("PATCH", /issues\/iss-[^/]+$/, () => component("mlflow.issues.resolve-button").click());
      await shows("Resolved (1)");
    },
    async "a page that is not there"() {
      await at("/quay/side");
      await shows("Page Not Found");
    },
    async "deep links, loaded again"() {
      for (const [path, text] of [
        [`${inside}/runs/${run}/artifacts/notes/hello.txt`, "a text of the run"],
        ["/models/lift/versions/1", "reviewed"],
        [compared, "Comparing 3 Runs"],
      ]) {
        await at(path);
        await page.reload();
        await shows(text);
      }
    },
    async "a server that goes away and comes back"() {
      if (!restarts) return;
      await at("/models");
      await shows("lift");
      await fetch(`${hook}/stop`, { method: "POST" });
      await at(`${inside}/runs?lifecycleFilter=Active`);
      await shows(/error|fail/i);
      // a page that is left asks nothing more, so that what was refused is known
      await page.goto("about:blank");
      await fetch(`${hook}/start`, { method: "POST" });
      forgive();
      await at(`${inside}/runs?lifecycleFilter=Active`);
      await shows("crane-0");
      await at("/models");
      await shows("lift");
    },
  };
};
