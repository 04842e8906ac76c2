// What people do where there are users and workspaces.

const ANN = { username: "ann", password: "another password" };

export default ({ page, told, open, at, shows, component, answered, dialog }) => ({
  async "a workspace"() {
    await at("/");
    await component("mlflow.home.workspaces.create_button").click();
    await component("mlflow.home.create_workspace_modal.workspace_name_input").fill("yard");
    await answered("POST", /mlflow\/workspaces$/, () => dialog().getByRole("button", { name: "Create" }).click());
    await at("/?workspace=yard");
    await component("mlflow.home.experiments.create").first().click();
    await page.getByPlaceholder(/experiment name/i).fill("slipway");
    await answered("POST", /experiments\/create$/, () => dialog().getByRole("button", { name: /create/i }).click());
    await at("/experiments?workspace=yard");
    await shows("slipway");
    await component("workspace_selector").first().click();
    await page.getByRole("option", { name: "default" }).click();
    await at("/experiments?workspace=default");
    await shows("Default");
    await page.getByRole("row").filter({ hasText: "slipway" }).waitFor({ state: "hidden" });
  },
  async "a user"() {
    await at("/admin");
    await component("admin.users.create_button").click();
    await component("admin.create_user_modal.username").fill(ANN.username);
    await component("admin.create_user_modal.password").fill(ANN.password);
    await answered("POST", /users\/create$/, () => component("admin.create_user_modal.submit").click());
    await shows("ann");
  },
  async "a role"() {
    await page.getByRole("tab", { name: "Roles" }).click();
    await component("admin.roles.create_button").click();
    await component("admin.create_role_modal.name").fill("rigger");
    await page.getByText("Permissions", { exact: true }).last().click();
    await component("admin.role_permissions.add").click();
    await page.getByText("Assign users").click();
    await component("admin.role_users.users").click();
    await page.getByRole("option", { name: "ann" }).click();
    await page.keyboard.press("Escape");
    await answered("POST", /roles\/create$/, () => component("admin.create_role_modal.submit").click());
    await shows("rigger");
  },
  async "what a user may"() {
    const ann = await open(ANN);
    await ann.at("/experiments?workspace=default");
    await ann.shows("Default");
    await ann.at("/account");
    await ann.shows("rigger");
    await ann.page.context().close();
  },
  async "a user who signs up"() {
    await page.goto(`${told.base}/signup`);
    await page.getByLabel("Name").fill("bo");
    await page.getByLabel(/^Password/).fill("a third password");
    await page.getByRole("button", { name: "Make it" }).click();
    await at("/admin");
    await shows("bo");
  },
});
