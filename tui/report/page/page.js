"use strict";
(() => {
  const { document: charts, roots } = JSON.parse(document.getElementById("charts").textContent);
  const elements = Object.fromEntries(roots.map(({ id, element }) => [id, element]));
  const item = { docid: "report", roots: elements, root_ids: roots.map(({ id }) => id) };
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const models = new Set();

  // each model names in its tags which of the page's colours its properties have
  const colour = () => {
    const page = getComputedStyle(document.documentElement);
    for (const model of models) {
      const named = model.tags.filter((tag) => typeof tag === "string" && tag.includes("="));
      if (!named.length) continue;
      const pairs = named.map((tag) => tag.split("="));
      model.setv(Object.fromEntries(pairs.map(([name, key]) => [name, page.getPropertyValue(`--${key}`).trim()])));
    }
  };

  // paper has another width than the screen: each chart is printed as a picture of itself
  const printed = [];
  const picture = (view, element) => {
    const copy = document.createElement("canvas");
    const { canvas } = view.export("png", true);
    copy.width = canvas.width;
    copy.height = canvas.height;
    copy.getContext("2d").drawImage(canvas, 0, 0);
    copy.className = "on-paper";
    element.append(copy);
    printed.push(copy);
  };

  Bokeh.set_log_level("warn");
  Bokeh.embed.embed_items({ report: charts }, [item]).then(([found]) => {
    const views = [...found].filter((view) => view.model.id in elements); // beside them Bokeh has its own
    for (const view of views) for (const model of view.model.references()) models.add(model);
    colour();
    if (matchMedia("(pointer: coarse)").matches) {
      for (const view of views) view.model.toolbar.active_drag = null; // a finger scrolls the page
    }
    dark.addEventListener("change", colour);
    addEventListener("beforeprint", () => {
      for (const view of views) picture(view, document.getElementById(elements[view.model.id]));
    });
    addEventListener("afterprint", () => {
      for (const copy of printed.splice(0)) copy.remove();
    });
    document.documentElement.dataset.drawn = String(views.length);
  });
})();
